"""Azure Virtual Desktop, as the use cases need it. `shared.azure` implements it.

Every method blocks and may raise AzureBusy and AzureRefused besides the errors it names.
Methods do not retry: the durable timer does the waiting.
"""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr

from shared.models.azure import (
    HostPool,
    SessionHost,
    UserSession,
)


class HostPools(Protocol):
    """Azure Virtual Desktop: host pools, session hosts, user sessions. Ids are ARM ids of host pools."""

    def host_pool(self, host_pool_id: str) -> HostPool:
        """One host pool. Raises AzureNotFound."""

    def session_hosts(self, host_pool_id: str) -> list[SessionHost]:
        """All session hosts of the pool, page by page."""

    def session_host(self, host_pool_id: str, host: str) -> SessionHost | None:
        """One session host, or None when it is not registered."""

    def registered_elsewhere(self, host_pool_id: str, vm_id: str) -> str:
        """The name of another host pool of the subscription in which the VM is registered. Empty without one.

        Lists the host pools and the hosts of each, so use it rarely. Raises AzureForbidden.
        """

    def user_sessions(self, host_pool_id: str) -> list[UserSession]:
        """All sessions of the pool, page by page."""

    def host_sessions(self, host_pool_id: str, host: str) -> list[UserSession]:
        """The sessions of one host; empty when the host is not registered."""

    def set_accepting(self, host_pool_id: str, host: str, *, accepting: bool) -> None:
        """Drain (False) or undrain (True). Raises AzureNotFound."""

    def sign_out(self, host_pool_id: str, host: str, session_id: str) -> bool:
        """End a session. False when it was gone already."""

    def send_message(self, host_pool_id: str, host: str, session_id: str, title: str, body: str) -> None:
        """Show a message in a session. Does nothing when the session is gone."""

    def remove_session_host(self, host_pool_id: str, host: str) -> None:
        """Remove the host's registration from the pool. Does nothing when it is gone.

        Raises AzureConflict while the host has sessions: AVD itself checks that.
        """

    def check_registration(self, host_pool_id: str) -> None:
        """Whether the pool gives out registration tokens; makes none. Raises AzureRefused if it does not.

        Host pools with a session host configuration ("Automated") never do (azure-facts 11).
        """

    def registration_token(self, host_pool_id: str, *, rejected: str = "") -> SecretStr:
        """A token that is valid for at least 30 more minutes; otherwise a new one for 2 hours.

        Never the one with the mark `rejected` (`names.token_mark`): an agent refused it, whatever its expiry says.
        """
