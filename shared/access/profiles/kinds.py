"""The kinds of profile that an account keeps."""

from __future__ import annotations

from shared.access.profiles.manage import Kind
from shared.access.profiles.uses import uses_of_probe
from shared.api.profiles import ProbeRequest, ProbeView
from shared.models.access.profiles import Probe

PROBES = Kind(
    noun="probe",
    settings=ProbeRequest,
    row=Probe,
    view=ProbeView,
    rows=lambda services: services.probes,
    uses=uses_of_probe,
    told=lambda probe: f"SHA-256 {probe.digest}",
)
