"""Reads the host pool of a registration: it must be pooled, readable, and with all its VMs the account's own."""

from __future__ import annotations

from shared.access.registrations import MEND, check_pool_scopes, vms_outside
from shared.core.arm_ids import describe_azure_error, describe_no_token
from shared.core.errors import AzureRefused, InvalidRequest
from shared.records.accounts import read_scopes
from shared.records.session_hosts import SeenHost, with_vms
from shared.services import Services


def read_own_host_pool(services: Services, account: str, host_pool_id: str) -> list[SeenHost]:
    """Read what a rollout will read, so that a missing right is found at registration. Raises InvalidRequest.

    What is not the account's is not read: neither the host pool nor the VMs behind its hosts.
    """
    scopes = read_scopes(services)
    check_pool_scopes(scopes, account, host_pool_id)
    try:
        host_pool = services.host_pools.host_pool(host_pool_id)
        if host_pool.kind != "Pooled":
            raise InvalidRequest.one(
                "host_pool_id",
                f"this host pool is {host_pool.kind}: its desktops belong to single users and keep their changes; "
                "register a pooled host pool",
            )
        _check_registration(services, host_pool_id)
        hosts = services.host_pools.session_hosts(host_pool_id)
        if outside := vms_outside(scopes, account, (host.vm_id for host in hosts)):
            raise InvalidRequest.one("host_pool_id", f"{outside[0]}; {MEND}")
        return with_vms(services, hosts)
    except AzureRefused as error:
        raise InvalidRequest.one("host_pool_id", describe_azure_error("host pool", error)) from error


def _check_registration(services: Services, host_pool_id: str) -> None:
    """Raises InvalidRequest when rebuilt hosts could not register with the host pool again."""
    try:
        services.host_pools.check_registration(host_pool_id)
    except AzureRefused as error:
        raise InvalidRequest.one(
            "host_pool_id",
            f"{describe_no_token(error)}; use a host pool without one, or add the right",
        ) from error
