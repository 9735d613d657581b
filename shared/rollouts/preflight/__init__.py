"""The checks before a rollout: they find what would stop it half-way before the first host is touched."""

from shared.rollouts.preflight.checks import preflight
from shared.rollouts.preflight.facts import PreflightInput
from shared.rollouts.preflight.results import Preflight, PreflightFailed

__all__ = ["Preflight", "PreflightFailed", "PreflightInput", "preflight"]
