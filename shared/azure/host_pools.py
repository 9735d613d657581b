"""The `HostPools` port over azure-mgmt-desktopvirtualization 2.0.0 (API 2024-04-03).

Host names are lower case here: AVD varies the case of a name, and we use names as keys.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from azure.mgmt.desktopvirtualization import DesktopVirtualizationMgmtClient, models
from pydantic import SecretStr

from shared.azure import parse, rest
from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call
from shared.azure.registration_tokens import RegistrationTokens
from shared.core import arm_ids
from shared.core.errors import AzureNotFound
from shared.models.azure import HostPool, SessionHost, UserSession
from shared.models.base import region_key


class AzureHostPools:
    """Host pools, session hosts, users. Raises AzureBusy and AzureRefused besides what the port names."""

    def __init__(self, clients: ArmClients, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self._tokens = RegistrationTokens(clients, now)

    def host_pool(self, host_pool_id: str) -> HostPool:
        """One host pool. Raises AzureNotFound."""
        at = arm_ids.parse(host_pool_id)
        with azure_call(f"read the host pool {at.name}"):
            pool = self._client(at).host_pools.get(at.group, at.name)
        return HostPool(
            id=pool.id or host_pool_id,
            kind=_text(pool.host_pool_type),
            location=region_key(pool.location or ""),
            session_limit=int(pool.max_session_limit or 0),
            load_balancing=_text(pool.load_balancer_type),
        )

    def session_hosts(self, host_pool_id: str) -> list[SessionHost]:
        """All session hosts, one read per page."""
        at = arm_ids.parse(host_pool_id)
        call = f"list the session hosts of {at.name}"
        found = rest.listed(self._clients, call, rest.HOST_POOLS, at, "sessionHosts")
        return [parse.session_host(one) for one in found]

    def session_host(self, host_pool_id: str, host: str) -> SessionHost | None:
        """One session host, or None when it is not registered."""
        at = arm_ids.parse(host_pool_id)
        try:
            call = f"read the session host {host}"
            return parse.session_host(rest.read(self._clients, call, rest.HOST_POOLS, at, "sessionHosts", host))
        except AzureNotFound:
            return None

    def registered_elsewhere(self, host_pool_id: str, vm_id: str) -> str:
        """The name of another host pool of the subscription in which the VM is registered. Empty without one."""
        at = arm_ids.parse(host_pool_id)
        with azure_call("list the host pools of the subscription"):
            pools = [pool.id or "" for pool in self._client(at).host_pools.list()]
        for pool_id in pools:
            if pool_id.lower() == host_pool_id.lower():
                continue
            if any(host.vm_id.lower() == vm_id.lower() for host in self.session_hosts(pool_id)):
                return arm_ids.last(pool_id)
        return ""

    def user_sessions(self, host_pool_id: str) -> list[UserSession]:
        """All sessions of the pool, one read per page."""
        at = arm_ids.parse(host_pool_id)
        call = f"list the sessions of {at.name}"
        found = rest.listed(self._clients, call, rest.HOST_POOLS, at, "userSessions")
        return [parse.user_session(one) for one in found]

    def host_sessions(self, host_pool_id: str, host: str) -> list[UserSession]:
        """The sessions of one host; empty when the host is not registered."""
        at = arm_ids.parse(host_pool_id)
        try:
            call, below = f"list the sessions on {host}", ("sessionHosts", host, "userSessions")
            found = rest.listed(self._clients, call, rest.HOST_POOLS, at, *below)
            return [parse.user_session(one) for one in found]
        except AzureNotFound:
            return []

    def set_accepting(self, host_pool_id: str, host: str, *, accepting: bool) -> None:
        """Drain or undrain. Raises AzureNotFound."""
        at = arm_ids.parse(host_pool_id)
        patch = models.SessionHostPatch(allow_new_session=accepting)
        with azure_call(f"{'undrain' if accepting else 'drain'} {host}"):
            self._client(at).session_hosts.update(at.group, at.name, host, session_host=patch)

    def sign_out(self, host_pool_id: str, host: str, session_id: str) -> bool:
        """End a session with `force`: the user was warned before. False when the session was gone already."""
        at = arm_ids.parse(host_pool_id)
        return self._fine_when_gone(
            f"sign out session {session_id} on {host}",
            lambda: self._client(at).user_sessions.delete(at.group, at.name, host, session_id, force=True),
        )

    def send_message(self, host_pool_id: str, host: str, session_id: str, title: str, body: str) -> None:
        """Show a message in a session. Does nothing when the session is gone already."""
        at = arm_ids.parse(host_pool_id)
        message = models.SendMessage(message_title=title, message_body=body)
        sessions = self._client(at).user_sessions
        self._fine_when_gone(
            f"send a message to session {session_id} on {host}",
            lambda: sessions.send_message(at.group, at.name, host, session_id, send_message=message),
        )

    def remove_session_host(self, host_pool_id: str, host: str) -> None:
        """Remove the host's registration from the pool, without `force`: Azure refuses while it has sessions."""
        at = arm_ids.parse(host_pool_id)
        self._fine_when_gone(
            f"remove the session host {host}",
            lambda: self._client(at).session_hosts.delete(at.group, at.name, host, force=False),
        )

    def check_registration(self, host_pool_id: str) -> None:
        """One read. Raises AzureRefused when Azure refuses to show a token; that there is none yet is fine."""
        self._tokens.check(host_pool_id)

    def registration_token(self, host_pool_id: str, *, rejected: str = "") -> SecretStr:
        """A token with at least 30 minutes left, not the `rejected` one. Raises AzureNotFound without the pool."""
        return self._tokens.token(host_pool_id, rejected)

    def _client(self, at: arm_ids.ArmId) -> DesktopVirtualizationMgmtClient:
        return self._clients.desktops(at.subscription, at.group)

    @staticmethod
    def _fine_when_gone(call: str, send: Callable[[], object]) -> bool:
        """Send, and return whether the target existed."""
        try:
            with azure_call(call):
                send()
        except AzureNotFound:
            return False
        return True


def _text(value: Any) -> str:
    """An SDK enum or text as text. Empty for None."""
    return str(getattr(value, "value", value) or "")
