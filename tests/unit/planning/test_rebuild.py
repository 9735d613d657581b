"""The next rebuild action, and what the recheck before it leads to: a table of cases for each."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.azure import Disk, SessionHost, VirtualMachine
from shared.models.policy import Strategy
from shared.models.rollouts import Goal, RolloutHost, RolloutKind
from shared.planning.rebuild import (
    Create,
    Delete,
    Fail,
    Finished,
    PowerOn,
    RebuildAction,
    RecheckResult,
    Reimage,
    RestoreExtension,
    Swap,
    SwitchOff,
    SwitchToReplace,
    Wait,
    action_for_provisioning,
    has_version,
    may_be_on_target,
    must_return_to_rollout,
    next_rebuild_action,
    recheck,
)
from tests.fixtures.rollout_rows import in_parts

GOAL = Goal("2.0.0", "/images/win11/versions/2.0.0", "/images/win11")
BODY = {"location": "westeurope"}
KEPT = Disk(id="/kept", name="kept", attached_to=None, version_id=GOAL.version_id)
FREE = RolloutHost(rollout="r", host="h", vm_id="/vm")


def vm(**fields: Any) -> VirtualMachine:
    """A running VM on the old version and the disk `/old`."""
    given = {
        "id": "/vm", "name": "vm", "location": "westeurope", "unique_id": "u-1", "provisioning": "Succeeded",
        "power": "running", "tags": {}, "definition_id": GOAL.definition_id, "version": "1.0.0", "os_disk_id": "/old",
        "os_disk_delete_option": "Detach", "ephemeral": False,
    }  # fmt: skip
    return VirtualMachine(**(given | fields))


def row(**fields: Any) -> RolloutHost:
    """A host that is re-imaged."""
    return FREE.replace(**in_parts({"strategy": "reimage", "old_id": "/old"} | fields))


def seen(**fields: Any) -> SessionHost:
    """A drained host without sessions."""
    given = {"name": "h", "vm_id": "/vm", "accepting": False, "sessions": 0, "status": "Available"}
    return SessionHost(**(given | fields))


REPLACED, SWAPPED = {"strategy": "replace", "vm_body": BODY}, {"strategy": "swap", "kept_id": "/kept"}
NEW_DISK = vm(os_disk_id="/new")


@pytest.mark.parametrize(
    ("machine", "given", "facts", "action"),
    [
        (vm(), row(), {"on_target": True}, Finished()),
        (vm(power="stopped"), row(), {"on_target": True}, PowerOn()),
        (vm(), row(rebuilt=True), {"on_target": True}, Finished()),
        (vm(), row(), {}, Reimage("2.0.0")),
        (vm(ephemeral=True), row(old_id=None), {}, Reimage("2.0.0", record_first=True)),
        (vm(ephemeral=True), row(old_id=None, reimage_requested=True), {}, Reimage("2.0.0")),
        (vm(), row(**REPLACED), {}, Delete()),
        (vm(), row(strategy="replace", vm_body={"extensions": [{"name": "a"}, {"name": "b"}]}), {"on_target": True},
         RestoreExtension({"name": "a"})),
        (vm(), row(strategy="replace", extensions_restored=2, vm_body={"extensions": [{"name": "a"}, {"name": "b"}]}),
         {"on_target": True}, Finished()),
        (vm(power="stopped"), row(strategy="replace", vm_body={"extensions": [{"name": "a"}]}), {"on_target": True},
         PowerOn()),
        (NEW_DISK, row(**REPLACED), {}, Delete()),
        (vm(), row(strategy="replace"), {}, Fail("the VM cannot be recreated: its configuration was not recorded")),
        (None, row(**REPLACED), {}, Create(BODY, GOAL.version_id)),
        (None, row(vm_body={}), {}, Create({}, GOAL.version_id)),
        (None, row(), {}, Fail("the VM no longer exists")),
        (vm(), row(**SWAPPED), {"kept_disk": KEPT}, SwitchOff()),
        (vm(power="deallocated"), row(**SWAPPED), {"kept_disk": KEPT}, Swap(vm(power="deallocated"), KEPT)),
        (vm(power="stopped"), row(**SWAPPED), {"kept_disk": KEPT}, SwitchOff()),
        (vm(), row(**SWAPPED), {}, Fail("its kept OS disk does not exist or is attached elsewhere")),
        (vm(), row(**SWAPPED), {"kept_disk": KEPT.replace(attached_to="/other")},
         Fail("its kept OS disk does not exist or is attached elsewhere")),
        (vm(), row(rebuilt=True), {}, SwitchToReplace(vm(), discard_disk=False)),
        (NEW_DISK, row(), {}, SwitchToReplace(NEW_DISK, discard_disk=True)),
    ],
)  # fmt: skip
def test_the_next_action_of_a_rebuild_follows_from_vm_and_row(
    machine: VirtualMachine | None, given: RolloutHost, facts: dict[str, Any], action: RebuildAction
) -> None:
    facts = {"on_target": False, "strategy": Strategy.AUTO} | facts
    assert next_rebuild_action(machine, given, GOAL, **facts) == action


@pytest.mark.parametrize(
    ("machine", "given", "strategy"),
    [
        (vm(), row(rebuilt=True), Strategy.REIMAGE),
        (vm(), row(rebuilt=True, **REPLACED), Strategy.AUTO),
        (None, row(rebuilt=True), Strategy.AUTO),
        (NEW_DISK, row(), Strategy.REIMAGE),
    ],
)
def test_a_rebuild_that_brought_another_version_fails_unless_replacing_may_help(
    machine: VirtualMachine | None, given: RolloutHost, strategy: Strategy
) -> None:
    action = next_rebuild_action(machine, given, GOAL, on_target=False, strategy=strategy)
    assert isinstance(action, Fail) and "does not run 2.0.0" in action.reason


@pytest.mark.parametrize(
    ("provisioning", "given", "action"),
    [
        ("Updating", row(), Wait()),
        ("Deleting", row(), Wait()),
        ("Succeeded", row(), None),
        ("Failed", row(), None),
        ("Failed", row(rebuilt=True), None),
        ("Failed", row(reimage_requested=True), None),
        ("Failed", row(reimage_requested=True, rebuilt=True), Fail("re-imaging failed")),
    ],
)
def test_the_provisioning_state_decides_the_next_action(provisioning: str, given: RolloutHost, action: object) -> None:
    assert action_for_provisioning(vm(provisioning=provisioning), given) == action


@pytest.mark.parametrize(
    ("machine", "given", "kind", "counts"),
    [
        (vm(), row(), RolloutKind.UPDATE, True),
        (vm(), row(stale_id="/old"), RolloutKind.UPDATE, False),
        (NEW_DISK, row(stale_id="/old"), RolloutKind.UPDATE, True),
        (vm(), row(), RolloutKind.REFRESH, False),
        (vm(), row(rebuilt=True), RolloutKind.REFRESH, True),
        (NEW_DISK, row(stale_id="/old"), RolloutKind.REFRESH, True),
        (vm(ephemeral=True), row(stale_id="u-1"), RolloutKind.REFRESH, False),
    ],
)
def test_the_version_of_a_stale_disk_does_not_count(
    machine: VirtualMachine, given: RolloutHost, kind: RolloutKind, counts: bool
) -> None:
    assert may_be_on_target(machine, given, kind) is counts


def test_the_version_of_the_disk_counts_more_than_that_of_the_vm() -> None:
    assert not has_version(vm(), GOAL, None)
    assert has_version(vm(version="2.0.0"), GOAL, None)
    assert has_version(vm(), GOAL, GOAL.version_id.upper())
    assert not has_version(vm(version="2.0.0"), GOAL, "/images/win11/versions/1.0.0")


@pytest.mark.parametrize(
    ("given", "there", "facts", "returns"),
    [
        (row(), seen(), {}, False),
        (row(), None, {}, True),
        (row(removed_from_pool=True), None, {}, False),
        (row(removed_from_pool=True), None, {"elsewhere": True}, True),
        (row(strategy=""), seen(), {"rolling_back": True}, True),
        (row(strategy="", rolling_back=True), seen(), {"rolling_back": True}, False),
        (row(), seen(), {"rolling_back": True}, False),
        (row(strategy="", removed_from_pool=True), None, {"rolling_back": True}, False),
    ],
)
def test_the_rollout_decides_again_after_these_changes(
    given: RolloutHost, there: SessionHost | None, facts: dict[str, bool], returns: bool
) -> None:
    facts = {"elsewhere": False, "rolling_back": False} | facts
    assert must_return_to_rollout(given, there, **facts) is returns


GONE = RecheckResult.NO_VM


@pytest.mark.parametrize(
    ("machine", "given", "there", "facts", "result"),
    [
        (vm(), row(), seen(), {}, RecheckResult.REBUILD),
        (vm(), row(), seen(), {"in_use": True}, RecheckResult.RETURN_TO_ROLLOUT),
        (vm(), row(), seen(), {"on_target": True}, RecheckResult.KEEP_SERVING),
        (vm(), row(), seen(status="Unavailable"), {"on_target": True}, RecheckResult.ALREADY_REBUILT),
        (vm(), row(), seen(status="Unavailable", sessions=1), {"on_target": True}, RecheckResult.KEEP_SERVING),
        (vm(), row(), None, {"on_target": True}, RecheckResult.ALREADY_REBUILT),
        (None, row(), seen(), {}, GONE),
        (None, row(), None, {}, GONE),
        (None, row(), None, {"kind": RolloutKind.REFRESH}, RecheckResult.RETURN_TO_ROLLOUT),
        (None, row(), seen(), {"kind": RolloutKind.REFRESH}, GONE),
        (None, row(vm_body=BODY), None, {}, RecheckResult.REBUILD),
    ],
)
def test_the_recheck_leads_to_the_expected_action(
    machine: VirtualMachine | None, given: RolloutHost, there: SessionHost | None, facts: dict[str, Any],
    result: RecheckResult,
) -> None:  # fmt: skip
    facts = {"kind": RolloutKind.UPDATE, "on_target": False, "in_use": False} | facts
    assert recheck(machine, given, there, facts.pop("kind"), **facts) is result
