"""A lock that blocks a step of the rollout fails the preflight; one that only blocks deleting old disks warns."""

from __future__ import annotations

import pytest

from shared.models.azure import Lock
from shared.models.pools import ReimageSupport
from tests.api.preflight.requests import planned, refused, said
from tests.fixtures.app import App, change_pool, findings, office
from tests.fixtures.world.azure import GROUP, HOST_POOL_ID, vm_id_of

SUBSCRIPTION = GROUP.partition("/resourceGroups")[0]
VM_GROUP = GROUP.replace("rg-desktops", "rg-vms")
VM = vm_id_of("h1").replace(GROUP, VM_GROUP)
READ_ONLY, NO_DELETE = "ReadOnly", "CanNotDelete"


def locked(scope: str, level: str, app: App | None = None) -> App:
    """The pool `office`, its VMs in a group of their own, with a lock named `keep`."""
    app = app or office()
    for name in ("h0", "h1", "h2"):
        app.world.recreate(f"{name}.contoso.local", "1.0.0", vm_id=vm_id_of(name).replace(GROUP, VM_GROUP))
    app.world.locks.append(Lock(name="keep", level=level, scope=scope))
    return app


def disk_of(app: App, vm_id: str) -> str:
    """The OS disk of a VM."""
    return app.world.machines[vm_id.lower()].os_disk_id or ""


def test_without_a_lock_the_check_passes() -> None:
    assert said(planned(office()), "locks") == "no lock blocks the rollout; "


@pytest.mark.parametrize("strategy", ["auto", "reimage", "replace"])
@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (SUBSCRIPTION, "subscription 00000000-0000-4000-8000-000000000001"),
        (GROUP, "resource group rg-desktops"),
        (HOST_POOL_ID, "host pool hp-office"),
        (f"{HOST_POOL_ID}/sessionHosts/h1.contoso.local", "session host h1.contoso.local"),
        (VM_GROUP.upper(), "resource group RG-VMS"),
        (VM, "VM h1"),
    ],
)
def test_a_read_only_lock_blocks_everything(scope: str, text: str, strategy: str) -> None:
    reply = refused(locked(scope, READ_ONLY), "locks", "pool", policy={"strategy": strategy})
    assert said(reply, "locks") == (
        f"the lock keep (ReadOnly) on {text} blocks every change; remove the lock until the rollout has ended"
    )


@pytest.mark.parametrize("strategy", ["auto", "reimage", "replace"])
@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, HOST_POOL_ID])
def test_a_delete_lock_over_the_host_pool_blocks_removing_hosts(scope: str, strategy: str) -> None:
    reply = refused(locked(scope, NO_DELETE), "locks", "pool", policy={"strategy": strategy})
    assert "blocks removing hosts from their host pool; remove the lock" in said(reply, "locks")


@pytest.mark.parametrize("scope", [VM_GROUP, VM])
class TestDeleteLockOnVms:
    """It stands in the way of replacing, and only there."""

    def test_a_delete_lock_on_vms_blocks_replacing(self, scope: str) -> None:
        words = said(refused(locked(scope, NO_DELETE), "locks", "pool", policy={"strategy": "replace"}), "locks")
        assert "blocks replacing VMs; remove the lock until the rollout has ended, or use strategy reimage" in words

    def test_a_delete_lock_on_vms_blocks_auto_where_reimaging_may_not_work(self, scope: str) -> None:
        app = locked(scope, NO_DELETE)
        assert "if re-imaging does not work on this pool" in said(refused(app, "locks", "pool"), "locks")
        change_pool(app, reimage=ReimageSupport.WORKS)
        assert findings(planned(app))["locks"] == "warn"

    def test_a_delete_lock_on_vms_leaves_old_disks_when_reimaging(self, scope: str) -> None:
        reply = planned(locked(scope, NO_DELETE), strategy="reimage")
        assert (findings(reply)["locks"], reply.json["can_start"]) == ("warn", True)
        assert "blocks deleting old OS disks; delete them yourself later" in said(reply, "locks")


@pytest.mark.parametrize("strategy", ["reimage", "replace"])
def test_a_delete_lock_on_a_disk_keeps_the_disk(strategy: str) -> None:
    app = locked("nowhere", NO_DELETE)
    app.world.locks = [Lock(name="keep", level=NO_DELETE, scope=disk_of(app, VM))]
    reply = planned(app, strategy=strategy)
    assert (findings(reply)["locks"], reply.json["can_start"]) == ("warn", True)


def test_a_lock_on_an_untouched_resource_is_not_reported() -> None:
    app = locked(f"{VM_GROUP}/providers/Microsoft.Compute/virtualMachines/h", READ_ONLY)  # a name h1 begins with
    app.world.locks.append(Lock(name="other", level=READ_ONLY, scope=f"{VM}0"))
    app.world.locks.append(Lock(name="odd", level="NotSpecified", scope=VM_GROUP))
    app.world.recreate("h2.contoso.local", "2.0.0")
    app.world.locks.append(Lock(name="done", level=READ_ONLY, scope=vm_id_of("h2").replace(GROUP, VM_GROUP)))
    assert findings(planned(app))["locks"] == "pass"


def test_each_lock_is_reported_once() -> None:
    app = locked(SUBSCRIPTION, READ_ONLY)
    app.world.locks.append(Lock(name="keep", level=READ_ONLY, scope=VM_GROUP))
    words = said(refused(app, "locks", "pool"), "locks")
    assert (words.count("on subscription"), words.count("on resource group rg-vms")) == (1, 1)


def test_locks_that_cannot_be_read_are_a_warning() -> None:
    app = office()
    app.world.refuse("locks", "hostpools")
    reply = planned(app)
    assert (findings(reply)["locks"], reply.json["can_start"]) == ("warn", True)
    assert "Microsoft.Authorization/locks/read" in said(reply, "locks")
