"""The ports onto the Azure in memory, watched: what is about to be done is judged before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from shared.core.errors import AzureBusy, AzureError
from shared.models.azure import Operation, SessionHost, VirtualMachineBody
from shared.models.pools import Join
from tests.fixtures.fakes.engine import FakeHostPools, FakeVirtualMachines
from tests.promises.checks.actions import Acts


@dataclass
class WatchedHostPools(FakeHostPools):
    """Azure Virtual Desktop, watched."""

    judge: Acts

    def session_hosts(self, host_pool_id: str) -> list[SessionHost]:
        found = super().session_hosts(host_pool_id)
        self.judge.reads_all()
        return found

    def session_host(self, host_pool_id: str, host: str) -> SessionHost | None:
        found = super().session_host(host_pool_id, host)
        self.judge.reads(host, found=found is not None)
        return found

    def set_accepting(self, host_pool_id: str, host: str, *, accepting: bool) -> None:
        if not accepting:
            self.judge.drains(host)
        super().set_accepting(host_pool_id, host, accepting=accepting)

    def sign_out(self, host_pool_id: str, host: str, session_id: str) -> bool:
        self.judge.signs_out(host)
        self.judge.ends_session(host, session_id)
        return super().sign_out(host_pool_id, host, session_id)

    def send_message(self, host_pool_id: str, host: str, session_id: str, title: str, body: str) -> None:
        try:
            super().send_message(host_pool_id, host, session_id, title, body)
        except AzureError as error:
            busy = isinstance(error, AzureBusy)
            self.judge.cannot_tell(session_id, busy=busy)
            if not busy or session_id in self.judge.untellable:
                self.judge.text.add(session_id)
            raise
        self.judge.text.add(session_id)
        self.judge.tells(host, session_id, body)

    def remove_session_host(self, host_pool_id: str, host: str) -> None:
        self.judge.removes(host)
        super().remove_session_host(host_pool_id, host)

    def registration_token(self, host_pool_id: str, *, rejected: str = "") -> SecretStr:
        token = super().registration_token(host_pool_id, rejected=rejected)
        self.judge.keeps_secret(token)
        return token


@dataclass
class WatchedVirtualMachines(FakeVirtualMachines):
    """VMs, watched."""

    judge: Acts

    def start_reimage(self, vm_id: str, *, version: str, admin_password: SecretStr) -> Operation:
        self.judge.keeps_secret(admin_password)
        self.judge.rebuilds(vm_id, "re-imaged")
        return super().start_reimage(vm_id, version=version, admin_password=admin_password)

    def start_swap(self, vm_id: str, disk_id: str, *, create_option: str = "FromImage") -> Operation:
        self.judge.rebuilds(vm_id, "swapped")
        self.judge.used.add(disk_id)
        return super().start_swap(vm_id, disk_id, create_option=create_option)

    def start_delete(self, vm_id: str) -> Operation:
        if vm_id.lower() in self.world.machines:
            self.judge.rebuilds(vm_id, "deleted")
        return super().start_delete(vm_id)

    def start_create(
        self, vm_id: str, body: VirtualMachineBody, *, image_version_id: str, admin_password: SecretStr
    ) -> Operation:
        self.judge.keeps_secret(admin_password)
        self.judge.works_on(vm_id, "created")
        return super().start_create(vm_id, body, image_version_id=image_version_id, admin_password=admin_password)

    def start_power_on(self, vm_id: str) -> Operation:
        self.judge.works_on(vm_id, "switched on")
        return super().start_power_on(vm_id)

    def start_deallocate(self, vm_id: str) -> Operation:
        self.judge.works_on(vm_id, "switched off")
        return super().start_deallocate(vm_id)

    def start_join(
        self, vm_id: str, location: str, join: Join, password: SecretStr | None, change_tag: str
    ) -> Operation:
        self.judge.keeps_secret(password)
        self.judge.works_on(vm_id, "joined", change_tag)
        return super().start_join(vm_id, location, join, password, change_tag)

    def start_register(self, vm_id: str, location: str, token: SecretStr, attempt: str = "") -> Operation:
        self.judge.works_on(vm_id, "registered", attempt)
        return super().start_register(vm_id, location, token, attempt)

    def start_probe(self, vm_id: str, location: str, script: str, timeout_minutes: int, change_tag: str) -> Operation:
        self.judge.probes(vm_id)
        return super().start_probe(vm_id, location, script, timeout_minutes, change_tag)

    def start_disk_removal(self, disk_id: str) -> Operation:
        self.judge.removes_disk(disk_id)
        return super().start_disk_removal(disk_id)
