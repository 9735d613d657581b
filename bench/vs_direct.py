"""Compares Freshcoat with a plain asyncio program that makes the same ARM calls without orchestration and records.

The program uses the SDK's asynchronous clients in the usual way. It makes one call for each of Freshcoat's calls. The
call counts of both are shown, because the comparison is valid only when they are about the same.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.desktopvirtualization import models as avd
from azure.mgmt.desktopvirtualization.aio import DesktopVirtualizationMgmtClient

from bench.arm_calls import counted
from bench.engine import measured
from bench.rows import Part, Row
from bench.stack import AT_ONCE, BenchStack, bench_stack
from local.sim.core import names
from shared.azure import vm_bodies
from shared.azure.scripts import registration_script
from shared.core import arm_ids
from shared.models.azure import DeleteOption
from shared.models.pools import EntraJoin
from shared.rollouts.hosts.rebuild import fresh_password

HOSTS, WINDOW = 1_000, 200
REACH = 0.5
NEW = "2.0.0"


def run() -> list[Row]:
    """Run both over 1,000 idle hosts, one after the other."""
    part = Part("vs_direct")
    with bench_stack(HOSTS, sim_flags=AT_ONCE) as up:
        before = counted(up)
        began = time.monotonic()
        asyncio.run(_all_hosts(up))
        direct = HOSTS / (time.monotonic() - began)
        after = counted(up)
        up.check_violations()
    calls = sum(after.values()) - sum(before.values())
    found = measured(HOSTS)
    ours, our_calls = found.rate, found.calls
    part.shown("the plain program", direct, "hosts/s")
    part.shown("Freshcoat", ours, "hosts/s")
    part.shown("calls per host, the plain program", calls / HOSTS, "calls")
    part.shown("calls per host, Freshcoat", our_calls, "calls")
    part.at_least("Freshcoat, of the plain program", ours / direct, "", REACH)
    return part.rows


class _NoCredential:
    """A credential with a fixed token, because the simulated Azure checks none."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("simulated", 2**31)

    async def close(self) -> None:
        return None


@dataclass
class _Program:
    """The plain program: the two SDK clients, and what all hosts share."""

    compute: ComputeManagementClient
    desktops: DesktopVirtualizationMgmtClient
    pool: arm_ids.ArmId
    token: str
    window: asyncio.Semaphore

    async def update_host(self, host: str, vm_id: str) -> None:
        """Update one host, from its drain to its return to service."""
        async with self.window:
            vm, at = await self._machine(vm_id), arm_ids.parse(vm_id)
            tags = dict(vm.tags or {}) | {"ScalingPlanExclusion": "direct"}
            patch: Any = vm_bodies.patch(tags, DeleteOption.DETACH, None)
            await self._through(self.compute.virtual_machines.begin_update(at.group, at.name, patch))
            await self._accept(host, accepting=False)
            await self._recheck(host, vm_id)
            await self.desktops.session_hosts.delete(self.pool.group, self.pool.name, host, force=False)
            body: Any = vm_bodies.reimage(NEW, fresh_password().get_secret_value())
            await self._through(self.compute.virtual_machines.begin_reimage(at.group, at.name, body))
            vm = await self._machine(vm_id)
            await self._disk(vm)
            await self._software(at, str(vm.location), f"{host}-1")
            while (await self._host(host)).status != "Available":
                await asyncio.sleep(1)
            vm = await self._machine(vm_id)
            del tags["ScalingPlanExclusion"]
            untagged: Any = {"tags": tags}
            await self._through(self.compute.virtual_machines.begin_update(at.group, at.name, untagged))

    async def _recheck(self, host: str, vm_id: str) -> None:
        vm, seen = await self._machine(vm_id), await self._host(host)
        sessions = [s async for s in self.desktops.user_sessions.list(self.pool.group, self.pool.name, host)]
        await self._disk(vm)
        if seen.allow_new_session or seen.sessions or sessions:
            raise RuntimeError(f"{host} is in use")

    async def _software(self, at: arm_ids.ArmId, location: str, tag: str) -> None:
        join: Any = vm_bodies.join_extension(location, EntraJoin(kind="entra"), None, tag)
        extensions, commands = self.compute.virtual_machine_extensions, self.compute.virtual_machine_run_commands
        await self._through(extensions.begin_create_or_update(at.group, at.name, "AADLoginForWindows", join))
        command: Any = vm_bodies.register_command(location, registration_script(), {}, self.token)
        await self._through(commands.begin_create_or_update(at.group, at.name, "Register", command))

    async def _machine(self, vm_id: str) -> Any:
        at = arm_ids.parse(vm_id)
        return await self.compute.virtual_machines.get(at.group, at.name, expand="instanceView")

    async def _disk(self, vm: Any) -> Any:
        at = arm_ids.parse(vm.storage_profile.os_disk.managed_disk.id)
        return await self.compute.disks.get(at.group, at.name)

    async def _host(self, host: str) -> avd.SessionHost:
        return await self.desktops.session_hosts.get(self.pool.group, self.pool.name, host)

    async def _accept(self, host: str, *, accepting: bool) -> None:
        patch = avd.SessionHostPatch(allow_new_session=accepting)
        await self.desktops.session_hosts.update(self.pool.group, self.pool.name, host, session_host=patch)

    @staticmethod
    async def _through(begun: Any) -> None:
        await (await begun).result()


async def _all_hosts(up: BenchStack) -> None:
    settings: dict[str, Any] = {
        "base_url": up.options.sim_url,
        "authentication_policy": SansIOHTTPPolicy(),
        "retry_total": 0,
        "polling_interval": 0,
    }
    credential: Any = _NoCredential()
    at = arm_ids.parse(names.OFFICE_POOL_ID)
    async with (
        ComputeManagementClient(credential, names.SUBSCRIPTION, **settings) as compute,
        DesktopVirtualizationMgmtClient(credential, names.SUBSCRIPTION, **settings) as desktops,
    ):
        expiry = avd.RegistrationInfoPatch(expiration_time=_in_two_hours())
        expiry.registration_token_operation = "Update"  # noqa: S105 - what is to be done with the token
        await desktops.host_pools.update(at.group, at.name, host_pool=avd.HostPoolPatch(registration_info=expiry))
        token = (await desktops.host_pools.retrieve_registration_token(at.group, at.name)).token
        program = _Program(compute, desktops, at, str(token), asyncio.Semaphore(WINDOW))
        hosts = [host async for host in desktops.session_hosts.list(at.group, at.name)]
        found = [(arm_ids.last(str(host.name)), str(host.resource_id)) for host in hosts]
        await asyncio.gather(*(program.update_host(host, vm_id) for host, vm_id in found))


def _in_two_hours() -> datetime:
    return datetime.now(UTC) + timedelta(hours=2)
