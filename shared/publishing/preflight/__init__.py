"""What is checked before a rollout: everything that would stop it half-way, found before the first host is touched."""

from shared.publishing.preflight.checks import preflight
from shared.publishing.preflight.findings import Preflight, PreflightFailed

__all__ = ["Preflight", "PreflightFailed", "preflight"]
