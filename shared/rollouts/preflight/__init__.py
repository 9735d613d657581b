"""What is checked before a rollout: everything that would stop it half-way, found before the first host is touched."""

from shared.rollouts.preflight.checks import preflight
from shared.rollouts.preflight.results import Preflight, PreflightFailed

__all__ = ["Preflight", "PreflightFailed", "preflight"]
