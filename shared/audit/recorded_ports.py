"""The ports to Azure, whose destructive calls are in the record before they leave, and again with what Azure answered.

A call that cannot be recorded is not made: NotRecorded is an AzureBusy, so that steps wait and try again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic import SecretStr

from shared.audit.record import Deed, record_intent, record_outcome
from shared.audit.stored import bounded_json
from shared.core.arm_ids import last
from shared.core.asking import asker
from shared.core.errors import AzureError
from shared.ports.avd import HostPools
from shared.ports.compute import Gallery, ImageBuilder, VirtualMachines
from shared.ports.directory import Directory
from shared.services import Services

DESTRUCTIVE: Mapping[str, Mapping[str, str]] = {
    "vms": {
        "start_reimage": "re-image VM",
        "start_swap": "swap OS disk",
        "start_delete": "delete VM",
        "start_disk_removal": "delete disk",
        "start_deallocate": "power off VM",
    },
    "host_pools": {"sign_out": "sign out session", "remove_session_host": "remove session host"},
    "gallery": {"start_removal": "delete version"},
    "image_builder": {"generalize": "generalize VM", "start_removal": "delete temporary resource"},
    "directory": {"remove_device": "delete device", "remove_managed_device": "delete managed device"},
}
"""Port -> its methods that destroy something or end somebody's work -> the action in the record."""


def with_recorded_calls(services: Services) -> Services:
    """The services with recorded ports."""
    return replace(
        services,
        vms=cast(VirtualMachines, _Recorded(services, "vms")),
        host_pools=cast(HostPools, _Recorded(services, "host_pools")),
        gallery=cast(Gallery, _Recorded(services, "gallery")),
        image_builder=cast(ImageBuilder, _Recorded(services, "image_builder")),
        directory=cast(Directory, _Recorded(services, "directory")),
    )


class _Recorded:
    """A port whose destructive methods are recorded; the others are its own."""

    def __init__(self, services: Services, port: str) -> None:
        self._services, self._port, self._actions = services, getattr(services, port), DESTRUCTIVE[port]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        action = self._actions.get(name)
        return method if action is None else _recorded(self._services, action, method)


def _recorded(services: Services, action: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        deed = _deed(action, given, named)
        record_intent(services, deed)
        try:
            answer = method(*given, **named)
        except AzureError as error:
            record_outcome(services, deed, detail=f"{error.code}: {error.message}", status=error.http_status)
            raise
        record_outcome(services, deed, detail="not there" if answer is False else "accepted")
        return answer

    return call


def _deed(action: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Deed:
    """The call as the record names it; secrets are left out."""
    asked = {"arguments": list(given), **{name: one for name, one in named.items() if not isinstance(one, SecretStr)}}
    subject = " ".join(last(one) if isinstance(one, str) else str(one) for one in given)
    return Deed(asker().name, action, subject, bounded_json(asked))
