"""Probes: somebody's script on a host, whose exit code decides."""

from __future__ import annotations

from typing import Any

import pytest

from local.sim.core import names as sim_names
from shared.azure.script_results import TAIL, script_end
from shared.core import names
from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden, AzureNotFound, OperationFailed
from shared.models.azure import Operation
from tests.contracts.azure.conftest import SLOW, Azure, vm
from tests.contracts.azure.scripted_arm import ENDPOINT, Scripted, said

SCRIPT = "if (-not (Get-Printer)) { Write-Output 'no printer found'; exit 1 }"
STATUS = f"{ENDPOINT}/status"
FAILS = {"kind": "probe_fails", "message": "no printer found", "exit_code": 3}


def probe(azure: Azure | Scripted, tag: str = "r-1", minutes: int = 10, number: int = 1) -> Operation:
    return azure.vms.start_probe(vm(number), "westeurope", SCRIPT, minutes, tag)


def view(**fields: Any) -> tuple[int, bytes, dict[str, str]]:
    """What GET of a run command says with its instance view."""
    return said(200, {"id": "/c", "name": "c", "properties": {"instanceView": fields}})


def test_a_successful_probe_is_done(azure: Azure) -> None:
    assert probe(azure).done
    sent = azure.sim.sim.world.of(f"{vm(1)}/runCommands")[names.PROBE_COMMAND.lower()]["properties"]

    assert sent["source"]["script"].startswith(SCRIPT)
    assert (sent["asyncExecution"], sent["treatFailureAsDeploymentFailure"]) == (False, True)
    assert sent["timeoutInSeconds"] == 600


def test_a_failed_probe_shows_exit_code_and_last_output(azure: Azure) -> None:
    azure.sim.faults(FAILS)

    with pytest.raises(OperationFailed) as failed:
        azure.vms.resume(probe(azure))
    assert failed.value.message.startswith("exit code 3; output: no printer found")
    assert failed.value.call == "run the probe on office-0001"


def test_a_slow_probe_is_followed_to_its_result(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.advance(3_600)
    azure.sim.faults(FAILS)
    started = probe(azure)

    assert (started.kind, started.done) == ("probe", False)
    assert not azure.vms.resume(started).done
    with pytest.raises(OperationFailed, match="no printer found"):
        azure.finish(started)


def test_only_the_faulty_version_fails_its_probe(azure: Azure) -> None:
    azure.sim.faults({**FAILS, "match": "2.0.0"})

    assert probe(azure).done


def test_a_probe_is_stopped_when_its_time_is_over(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.advance(3_600)
    azure.sim.faults({"kind": "probe_slow", "seconds": 1_200})
    started = probe(azure, minutes=10)
    azure.sim.advance(590)
    assert not azure.vms.resume(started).done

    azure.sim.advance(20)
    with pytest.raises(OperationFailed, match="timed out"):
        azure.vms.resume(started)


def test_a_new_tag_runs_a_probe_again_and_the_same_tag_returns_its_result(azure: Azure) -> None:
    assert probe(azure, "r-1").done
    azure.sim.faults(FAILS)

    assert probe(azure, "r-1").done
    with pytest.raises(OperationFailed, match="exit code 3"):
        azure.vms.resume(probe(azure, "r-2"))


def test_a_tag_of_several_lines_cannot_become_part_of_the_script(azure: Azure) -> None:
    assert probe(azure, "r-1\nexit 1").done
    sent = azure.sim.sim.world.of(f"{vm(1)}/runCommands")[names.PROBE_COMMAND.lower()]["properties"]

    assert sent["source"]["script"].splitlines() == [SCRIPT, "# run r-1 exit 1"]


def test_a_running_probe_is_not_started_twice(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.advance(3_600)
    azure.host_pools.set_accepting(sim_names.OFFICE_POOL_ID, "office-0001.contoso.local", accepting=False)
    azure.vms.start_deallocate(vm(1))

    with pytest.raises(AzureConflict):
        probe(azure)
    with pytest.raises(AzureNotFound):
        azure.vms.start_probe(sim_names.vm_id("nobody"), "westeurope", SCRIPT, 10, "r-1")


def test_an_exit_code_counts_although_the_operation_succeeded() -> None:
    azure = Scripted(
        said(201, {}, Azure_AsyncOperation=STATUS),
        said(200, {"status": "Succeeded"}),
        view(executionState="Succeeded", exitCode=5, output="half of it", error="the other half"),
    )

    with pytest.raises(OperationFailed) as failed:
        azure.vms.resume(probe(azure))
    assert failed.value.message == "exit code 5; output: half of it the other half"
    assert failed.value.code == "ScriptFailed"
    assert azure.asked[-1] == ("GET", f"{vm(1)}/runCommands/{names.PROBE_COMMAND}")


def test_the_result_of_an_immediate_operation_is_checked_too() -> None:
    azure = Scripted(said(200, {"properties": {"provisioningState": "Succeeded"}}), view(exitCode=1))

    with pytest.raises(OperationFailed, match="exit code 1; no output"):
        probe(azure)


@pytest.mark.parametrize("seen", [{}, {"executionState": "Succeeded", "exitCode": 0}, {"executionState": "Running"}])
def test_without_an_exit_code_the_state_of_the_operation_counts(seen: dict[str, Any]) -> None:
    azure = Scripted(said(201, {}, Azure_AsyncOperation=STATUS), said(200, {"status": "Succeeded"}), view(**seen))

    assert azure.vms.resume(probe(azure)).done


FAILURE = {"status": "Failed", "error": {"code": "VMExtensionProvisioningError", "message": "The agent is away."}}


@pytest.mark.parametrize(
    "answer", [view(), view(exitCode=0, output="all is well"), said(404, {}), said(429, {}), said(403, {})]
)
def test_a_failure_outside_the_script_keeps_azures_message(answer: tuple[int, bytes, dict[str, str]]) -> None:
    azure = Scripted(said(201, {}, Azure_AsyncOperation=STATUS), said(200, FAILURE), answer)

    with pytest.raises(OperationFailed) as failed:
        azure.vms.resume(probe(azure))
    assert (failed.value.code, failed.value.message) == ("VMExtensionProvisioningError", "The agent is away.")
    assert len(azure.asked) == 3  # it is read once


@pytest.mark.parametrize(("status", "error"), [(429, AzureBusy), (403, AzureForbidden), (404, AzureNotFound)])
def test_a_probe_with_an_unreadable_outcome_does_not_pass(status: int, error: type[Exception]) -> None:
    azure = Scripted(
        said(201, {}, Azure_AsyncOperation=STATUS),
        said(200, {"status": "Succeeded"}),
        said(status, {"error": {"code": "No", "message": "no"}}),
        said(200, {"status": "Succeeded"}),
        view(exitCode=0),
    )
    started = probe(azure)

    with pytest.raises(error):
        azure.vms.resume(started)
    assert azure.vms.resume(started).done


def test_of_a_long_output_the_end_is_shown() -> None:
    text = script_end({"properties": {"instanceView": {"exitCode": 1, "output": "ä" * TAIL, "error": "the end"}}})

    assert text.said.endswith("ä the end")
    assert len(text.said.encode()) <= TAIL


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        ({"executionState": "Failed"}, "failed; no output"),
        ({"executionState": "Canceled", "exitCode": 0}, "cancelled; no output"),
        (
            {"executionState": "TimedOut", "exitCode": -1},
            "timed out; no output",
        ),
        (
            {"executionState": "Failed", "exitCode": -1, "executionMessage": "bad script"},
            "exit code -1; output: bad script",
        ),
    ],
)
def test_a_failure_message_starts_with_the_result(seen: dict[str, Any], text: str) -> None:
    end = script_end({"properties": {"instanceView": seen}})

    assert (end.failed, str(end)) == (True, text)
