"""Whose a device is, whether a trust holds, and what netsetup.log says."""

from __future__ import annotations

import pytest

from shared.azure.script_results import join_facts
from shared.models.directory import Device, JoinFacts
from shared.models.host_parts import Rebuild
from shared.models.pools import DomainJoin, EntraJoin
from shared.models.rollouts import RolloutHost
from shared.planning.join.devices import AskVm, ForeignDevice, NoDevice, OwnDevice, answer_of_vm, match_device
from shared.planning.join.trust import join_failure, may_be_joined, trust_holds

VM, OTHER_VM = "/subscriptions/S/vm/Host-1", "/subscriptions/s/vm/host-2"
ENTRA = EntraJoin(kind="entra")
AD = DomainJoin(kind="ad", domain="Corp.example", user="joiner", password_setting="JOIN_OFFICE")


def device(number: int = 1, vm_id: str = "", trust: str = "AzureAd") -> Device:
    return Device(id=f"o{number}", device_id=f"d{number}", name="host-1", trust=trust, vm_id=vm_id.lower())


def test_no_device_is_in_nobodys_way() -> None:
    assert match_device([], VM) == NoDevice()


def test_a_device_that_names_the_vm_or_was_proved_before_is_its_own() -> None:
    assert match_device([device(vm_id=VM)], VM) == OwnDevice(device(vm_id=VM))
    assert match_device([device()], VM, known="o1") == OwnDevice(device())


@pytest.mark.parametrize("found", [device(vm_id=OTHER_VM), device(trust="Workplace"), device(trust="ServerAd")])
def test_a_device_of_another_computer_is_left_alone(found: Device) -> None:
    assert isinstance(match_device([found], VM), ForeignDevice)


@pytest.mark.parametrize("second", [device(2), device(2, vm_id=OTHER_VM), device(2, vm_id=VM)])
def test_of_several_devices_none_is_touched(second: Device) -> None:
    match = match_device([device(vm_id=VM), second], VM, known="o1")
    assert isinstance(match, ForeignDevice)
    assert "2 devices called host-1" in match.reason


def test_a_device_that_does_not_say_whose_it_is_is_asked_about_in_the_vm() -> None:
    assert match_device([device()], VM) == AskVm(device())
    assert answer_of_vm(device(), JoinFacts(entra_joined=True, device_id="d1")) == OwnDevice(device())
    assert isinstance(answer_of_vm(device(), JoinFacts(entra_joined=True, device_id="d2")), ForeignDevice)
    assert isinstance(answer_of_vm(device(), JoinFacts()), ForeignDevice)


def test_a_trust_holds_only_with_the_directory_that_is_wanted() -> None:
    in_entra = JoinFacts(entra_joined=True, device_id="d1", device_valid=True)
    in_domain = JoinFacts(domain="CORP.example", domain_trusted=True)
    assert trust_holds(in_entra, ENTRA) and not trust_holds(in_entra, AD)
    assert trust_holds(in_domain, AD) and not trust_holds(in_domain, ENTRA)
    assert not trust_holds(in_entra.model_copy(update={"device_valid": False}), ENTRA)
    assert not trust_holds(in_domain.model_copy(update={"domain_trusted": False}), AD)
    assert not trust_holds(in_domain.model_copy(update={"domain": "other.example"}), AD)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("NetpProvisionComputerAccount: status: 0xaac", "KB5020276"),
        ("NetpModifyComputerObjectInDs: Account exists. Error 2732.", "KB5020276"),
        ("NetpDoDomainJoin: status: 0x52e", "refused the user or the password"),
        ("NetpDsGetDcName: status of finding DC: 0x54b, last error", "DNS servers"),
    ],
)
def test_the_cause_of_a_failed_join_is_named(line: str, words: str) -> None:
    told = join_failure("the extension failed", JoinFacts(log=("0x0 before", line, "NetpDoDomainJoin: done")))
    assert words in told and told.endswith("the extension failed")


def test_a_log_that_names_no_known_cause_is_quoted() -> None:
    assert join_failure("it failed", JoinFacts(log=("one", "two"))) == "it failed; netsetup.log ends: one | two"
    assert join_failure("it failed", None) == join_failure("it failed", JoinFacts()) == "it failed"


def test_what_the_script_printed_is_read_line_by_line() -> None:
    output = (
        "ntra_joined=cut off\nentra_joined=NO\ndevice_id=AB-1\r\ndevice_auth=SUCCESS\ndomain=corp.example\n"
        "domain_trust=False\nlog=a=b c\n"
    )
    assert join_facts({"properties": {"instanceView": {"output": output}}}) == JoinFacts(
        device_id="ab-1", device_valid=True, domain="corp.example", log=("a=b c",)
    )
    assert join_facts({}) == JoinFacts()


@pytest.mark.parametrize(("rebuilt", "attempt", "expected"), [(False, 1, True), (True, 1, False), (True, 2, True)])
def test_a_disk_may_be_joined_unless_this_first_attempt_made_it(rebuilt: bool, attempt: int, expected: bool) -> None:
    row = RolloutHost(rollout="r", host="h", vm_id=VM, rebuild=Rebuild(rebuilt=rebuilt), attempt=attempt)
    assert may_be_joined(row) is expected
