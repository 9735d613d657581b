"""Probes and join profiles of accounts: requests and answers."""

from __future__ import annotations

from typing import Self

from shared.api.conditions import Tagged
from shared.models.access.profiles import ProbeMinutes, ProbeScript
from shared.models.base import UtcTime, Value
from shared.models.pools import DomainText, OrgUnit, PasswordSetting
from shared.models.rollout_parts import RolloutProbe


class ProbeRequest(Value):
    """A PowerShell script that checks a canary host. Exit code 0 means success. It must contain no secrets."""

    script: ProbeScript
    """Runs on the canary host as SYSTEM, before anybody can sign in there."""
    timeout_minutes: ProbeMinutes = 10


class ProfileView(Tagged):
    """What every profile of an account has."""

    account: str
    name: str
    changed_by: str
    changed_at: UtcTime


class ProbeView(ProbeRequest, ProfileView):
    """A probe of an account."""

    digest: str
    """The SHA-256 of the script. Rollouts and the record have it too."""


class JoinProfileRequest(Value):
    """How hosts join an AD domain. The joining user's password stays in an app setting."""

    domain: DomainText
    user: DomainText
    password_setting: PasswordSetting
    """The app setting with the password. Only who has all accounts names or changes it."""
    ou: OrgUnit | None = None


class JoinProfileView(JoinProfileRequest, ProfileView):
    """A join profile of an account."""


class UsedProbe(Value):
    """The probe of a rollout, as it was when that was requested. A later change of the probe does not count for it."""

    name: str
    script: str
    timeout_minutes: int
    digest: str
    """The SHA-256 of the script."""

    @classmethod
    def of(cls, probe: RolloutProbe) -> Self | None:
        """What is shown of it; None without one."""
        return cls(**{name: getattr(probe, name) for name in cls.model_fields}) if probe.name else None
