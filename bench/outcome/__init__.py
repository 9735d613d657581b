"""How few people a new image disturbs: Freshcoat beside models of what others do, on the same days."""

from bench.outcome.report import run

__all__ = ["run"]
