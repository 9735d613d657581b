"""Managed run commands with custom scripts such as probes: faults choose their result."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import REGION, Client, Operator, arm_error

VM = "office-0001"


def command(script: str = "exit 0", **properties: Any) -> dict[str, Any]:
    given = {"source": {"script": script}, "treatFailureAsDeploymentFailure": True, **properties}
    return {"location": REGION, "properties": given}


def run(compute: Client, body: dict[str, Any], host: str = VM) -> Any:
    return compute.virtual_machine_run_commands.begin_create_or_update(GROUP, host, "probe", body).result()


def end_of(compute: Client, host: str = VM) -> tuple[str, int, str]:
    got = compute.virtual_machine_run_commands.get_by_virtual_machine(GROUP, host, "probe", expand="instanceView")
    return got.instance_view.execution_state, got.instance_view.exit_code, got.instance_view.output


def test_a_script_succeeds_unless_a_fault_is_set(compute: Client) -> None:
    assert run(compute, command()).provisioning_state == "Succeeded"
    assert end_of(compute) == ("Succeeded", 0, "done")


def test_a_script_ends_with_the_code_and_message_of_the_fault(sim: Simulator, compute: Client) -> None:
    sim.faults({"kind": "probe_fails", "message": "no printer found", "exit_code": 3})
    with pytest.raises(HttpResponseError) as caught:
        run(compute, command())
    assert arm_error(caught).code == "VMRunCommandFailed"
    assert end_of(compute) == ("Failed", 3, "no printer found")


@pytest.mark.parametrize("match", ["1.0.0", "office-0001"])
def test_a_script_fault_matches_a_host_or_a_version(sim: Simulator, compute: Client, match: str) -> None:
    sim.reset(versions=["1.0.0", "2.0.0"])
    sim.faults({"kind": "probe_fails", "match": match, "count": 1})
    sim.faults({"kind": "probe_fails", "match": "2.0.0"})
    with pytest.raises(HttpResponseError):
        run(compute, command())
    run(compute, command(), "office-0002")
    run(compute, command("exit 0 # again"))


def test_a_registration_script_is_not_a_probe(sim: Simulator, operator: Operator) -> None:
    sim.faults({"kind": "probe_fails"})
    operator.renew(VM)
    assert sim.host(VM)["status"] == "Available"


def test_a_failed_script_may_leave_the_deployment_successful(sim: Simulator, compute: Client) -> None:
    sim.faults({"kind": "probe_fails", "exit_code": 7})
    body = command(treatFailureAsDeploymentFailure=False)
    assert run(compute, body).provisioning_state == "Succeeded"
    assert end_of(compute)[:2] == ("Failed", 7)


def test_a_script_takes_the_time_of_the_fault_up_to_its_limit(sim: Simulator, compute: Client) -> None:
    sim.reset(speed=1.0)
    sim.faults({"kind": "probe_slow", "seconds": 500})
    commands = compute.virtual_machine_run_commands
    commands.begin_create_or_update(GROUP, VM, "probe", command(timeoutInSeconds=600), polling=False)
    commands.begin_create_or_update(GROUP, "office-0002", "probe", command(timeoutInSeconds=300), polling=False)
    sim.advance(290)
    assert (end_of(compute)[0], end_of(compute, "office-0002")[0]) == ("Running", "Running")
    sim.advance(20)
    assert (end_of(compute)[0], end_of(compute, "office-0002")[0]) == ("Running", "TimedOut")
    assert commands.get_by_virtual_machine(GROUP, "office-0002", "probe").provisioning_state == "Failed"
    sim.advance(200)
    assert end_of(compute)[0] == "Succeeded"


def test_an_unchanged_command_runs_again_only_after_a_failure(sim: Simulator, compute: Client) -> None:
    sim.faults({"kind": "probe_fails", "count": 1})
    with pytest.raises(HttpResponseError):
        run(compute, command())
    run(compute, command())
    sim.faults({"kind": "probe_fails"})
    run(compute, command())
    with pytest.raises(HttpResponseError):
        run(compute, command("exit 0 # r-2"))
