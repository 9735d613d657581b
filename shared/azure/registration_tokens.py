"""Registration tokens of host pools. They are secret, created when needed and kept in memory only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from azure.mgmt.desktopvirtualization import models
from pydantic import SecretStr

from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call
from shared.core import arm_ids
from shared.core.errors import AzureNotFound, AzureRefused
from shared.core.names import token_mark
from shared.core.single_flight import SingleFlight

LEAST_LEFT = timedelta(minutes=30)
LIFETIME = timedelta(hours=2)
"""Azure allows 1 hour to 30 days; 2 hours is common (azure-facts 3)."""

_Known = tuple[SecretStr, datetime]


class RegistrationTokens:
    """One token per host pool, shared by all hosts that register meanwhile. `now` returns the time in UTC."""

    def __init__(self, clients: ArmClients, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self._now = now
        self._flights = SingleFlight()
        self._known: dict[str, _Known] = {}

    def token(self, host_pool_id: str, rejected: str = "") -> SecretStr:
        """A token that is valid for at least 30 more minutes. A new one costs up to three calls to Azure.

        Never the one with the mark `rejected`: all hosts that were refused with it share the next one.
        """
        key = host_pool_id.lower()
        known = self._known.get(key)
        if known is None or not self._usable(known, rejected):  # many hosts register at once: one of them asks Azure
            known = self._flights.run((key, rejected), lambda: self._ask(key, host_pool_id, rejected))
        return known[0]

    def _ask(self, key: str, host_pool_id: str, rejected: str) -> _Known:
        known = self._known.get(key)
        if known is None or not self._usable(known, rejected):
            known = self._known[key] = self._from_azure(host_pool_id, rejected)
        return known

    def check(self, host_pool_id: str) -> None:
        """Read the pool's token, and make none. Raises AzureRefused when the pool gives out no tokens."""
        self._retrieve(host_pool_id)

    def _usable(self, known: _Known, rejected: str) -> bool:
        return known[1] - self._now() >= LEAST_LEFT and token_mark(known[0]) != rejected

    def _from_azure(self, host_pool_id: str, rejected: str) -> _Known:
        known = self._retrieve(host_pool_id)  # another worker may have made a new one
        if known is None or not self._usable(known, rejected):
            self._renew(host_pool_id)
            known = self._retrieve(host_pool_id)
        if known is None:
            raise AzureRefused("create a registration token", None, "NoToken", "Azure returned no registration token")
        return known

    def _retrieve(self, host_pool_id: str) -> _Known | None:
        at = arm_ids.parse(host_pool_id)
        try:
            with azure_call(f"read the registration token of {at.name}"):
                info = self._clients.desktops(at.subscription, at.group).host_pools.retrieve_registration_token(
                    at.group, at.name
                )
        except AzureNotFound:  # no token, or no pool: then `_renew` raises
            return None
        if not info.token or info.expiration_time is None:
            return None
        return SecretStr(info.token), info.expiration_time

    def _renew(self, host_pool_id: str) -> None:
        at = arm_ids.parse(host_pool_id)
        wish = models.RegistrationInfoPatch(
            expiration_time=self._now() + LIFETIME,
            registration_token_operation=models.RegistrationTokenOperation.UPDATE,
        )
        patch = models.HostPoolPatch(registration_info=wish)
        with azure_call(f"create a registration token for {at.name}"):
            self._clients.desktops(at.subscription, at.group).host_pools.update(at.group, at.name, host_pool=patch)
