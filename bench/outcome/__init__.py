"""How many users a new image disturbs: Freshcoat compared with models of other products on the same user behaviour."""

from bench.outcome.report import run

__all__ = ["run"]
