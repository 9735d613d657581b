"""The kinds of profile that an account keeps."""

from __future__ import annotations

from shared.access.errors import NotAllowed
from shared.access.profiles.manage import Kind
from shared.access.profiles.uses import uses_of_join_profile, uses_of_probe
from shared.api.profiles import JoinProfileRequest, JoinProfileView, ProbeRequest, ProbeView
from shared.models.access.profiles import JoinProfile, Probe
from shared.models.access.roles import EVERY_ACCOUNT, Need, Reach

PROBES = Kind(
    noun="probe",
    settings=ProbeRequest,
    row=Probe,
    view=ProbeView,
    rows=lambda services: services.probes,
    uses=uses_of_probe,
    told=lambda probe: f"SHA-256 {probe.digest}",
    guard=lambda reach, stored, asked: None,
)


def _check_secret(reach: Reach, stored: JoinProfileRequest | None, asked: JoinProfileRequest) -> None:
    """An admin of one account must not reach the password of another one."""
    if not reach.everything and (stored is None or stored.password_setting != asked.password_setting):
        text = f"The password_setting of a join profile is set with a grant for all accounts ({EVERY_ACCOUNT})."
        raise NotAllowed(text, Need.CONFIGURE)


JOIN_PROFILES = Kind(
    noun="join profile",
    settings=JoinProfileRequest,
    row=JoinProfile,
    view=JoinProfileView,
    rows=lambda services: services.join_profiles,
    uses=uses_of_join_profile,
    told=lambda profile: f"{profile.domain}, password in {profile.password_setting}",
    guard=_check_secret,
)
