"""Governance routes, control routes, and the command line."""

import signal
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from local.sim.__main__ import HELP, main, parser
from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.core.options import Options
from local.sim.core.routes import ROUTES
from local.sim.core.wire import parse_path
from local.sim.listener import listen
from local.sim.testing import ControlRefusedError, Simulator
from tests.tools.sim.conftest import POOL, Client


def send(client: Client, method: str, path: str, body: Any = None, version: str = "2022-04-01") -> Any:
    """Send a call that no SDK client has an operation for, through the client's pipeline."""
    return client.send_request(HttpRequest(method, f"{path}?api-version={version}", json=body))


def test_paths_are_parsed_regardless_of_case() -> None:
    taken = parse_path("/Subscriptions/S/resourcegroups/G/providers/MICROSOFT.Compute/VirtualMachines/Vm1/Reimage")
    assert taken[:4] == ("S", "G", "microsoft.compute/virtualmachines/*/reimage", ("Vm1",))
    assert ("POST", taken[2]) in ROUTES


def test_the_subscription_and_its_group_can_be_read(compute: Client) -> None:
    assert send(compute, "GET", names.SUB_ID).json()["state"] == "Enabled"
    assert send(compute, "GET", names.GROUP_ID).json()["location"] == names.REGION
    assert send(compute, "GET", "/subscriptions/none").status_code == 404
    assert send(compute, "GET", f"{names.GROUP_ID}/providers/Microsoft.Sql/servers").status_code == 404


def test_permissions_can_be_read_and_narrowed(sim: Simulator, compute: Client) -> None:
    path = f"{names.GROUP_ID}/providers/Microsoft.Authorization/permissions"
    assert send(compute, "GET", path).json()["value"][0]["actions"] == ["*"]
    sim.control("POST", "expect", {"permissions": ["Microsoft.Compute/*/read"]})
    assert send(compute, "GET", path).json()["value"][0]["actions"] == ["Microsoft.Compute/*/read"]
    sim.control("POST", "expect", {"permissions": None, "denied": ["Microsoft.Compute/disks/delete"]})
    (role,) = send(compute, "GET", path).json()["value"]
    assert (role["actions"], role["notActions"]) == (["*"], ["Microsoft.Compute/disks/delete"])


def test_a_lock_is_listed_at_and_below_its_scope(compute: Client) -> None:
    lock = "providers/Microsoft.Authorization/locks"
    body = {"properties": {"level": "CanNotDelete"}}
    assert send(compute, "PUT", f"{names.GROUP_ID}/{lock}/keep", body).status_code == 201
    below = send(compute, "GET", f"{names.vm_id('office-0001')}/{lock}").json()["value"]
    assert [(k["name"], k["properties"]["level"]) for k in below] == [("keep", "CanNotDelete")]
    for scope, seen in ((names.SUB_ID, []), (names.GROUP_ID, ["keep"]), (names.vm_id("office-0001"), ["keep"])):
        at_scope = {"api-version": "2020-05-01", "$filter": "atScope()"}
        listed = compute.send_request(HttpRequest("GET", f"{scope}/{lock}", params=at_scope)).json()["value"]
        assert [k["name"] for k in listed] == seen
    assert send(compute, "DELETE", f"{names.GROUP_ID}/{lock}/keep").status_code == 200


def test_a_lock_on_a_vm_is_listed_for_its_group_and_not_for_another_vm(compute: Client) -> None:
    lock = "providers/Microsoft.Authorization/locks"
    send(compute, "PUT", f"{names.vm_id('office-000')}/{lock}/one", {"properties": {"level": "ReadOnly"}})
    assert [k["name"] for k in send(compute, "GET", f"{names.GROUP_ID}/{lock}").json()["value"]] == ["one"]
    assert send(compute, "GET", f"{names.vm_id('office-0001')}/{lock}").json()["value"] == []


def test_tags_can_be_merged_without_the_rest_of_the_vm(sim: Simulator, compute: Client) -> None:
    path = f"{names.vm_id('office-0001')}/providers/Microsoft.Resources/tags/default"
    for operation, tags, left in (
        ("Merge", {"a": "1"}, {"a": "1"}),
        ("Merge", {"b": "2"}, {"a": "1", "b": "2"}),
        ("Delete", {"a": "1"}, {"b": "2"}),
        ("Replace", {"c": "3"}, {"c": "3"}),
    ):
        answer = send(compute, "PATCH", path, {"operation": operation, "properties": {"tags": tags}})
        assert answer.json()["properties"]["tags"] == left
    assert sim.host("office-0001")["tags"] == {"c": "3"}


def test_usages_show_the_used_cores(sim: Simulator, compute: Client) -> None:
    cores = next(iter(compute.usage.list(names.REGION)))
    assert (cores.current_value, cores.limit) == (20, 100_000)  # four hosts and the personal one
    sim.control("POST", "expect", {"core_quota": 24})
    assert next(iter(compute.usage.list(names.REGION))).limit == 24
    assert next(iter(compute.usage.list("eastus"))).current_value == 0
    for quota, limit in ((0, 0), (None, 100_000)):
        sim.control("POST", "expect", {"core_quota": quota})
        assert next(iter(compute.usage.list(names.REGION))).limit == limit


def test_subnet_network_interface_and_scale_set_can_be_read(sim: Simulator, compute: Client) -> None:
    nic = send(compute, "GET", names.nic_id("office-0001-nic")).json()
    assert nic["properties"]["virtualMachine"]["id"] == names.vm_id("office-0001")
    subnet = nic["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"]
    assert send(compute, "GET", subnet).json()["properties"]["addressPrefix"] == "10.0.0.0/16"
    assert send(compute, "DELETE", names.nic_id("office-0001-nic")).status_code == 400
    sim.reset(vmss=True)
    assert compute.virtual_machine_scale_sets.get(GROUP, "vmss-office").orchestration_mode == "Flexible"


def test_a_scaling_plan_is_listed_for_its_pool(compute: Client, desktops: Client) -> None:
    assert list(desktops.scaling_plans.list_by_host_pool(GROUP, POOL)) == []
    reference = {"hostPoolArmPath": names.OFFICE_POOL_ID, "scalingPlanEnabled": True}
    properties = {"timeZone": "UTC", "exclusionTag": "ScalingPlanExclusion", "hostPoolReferences": [reference]}
    send(compute, "PUT", f"{names.AVD}/scalingPlans/plan", {"location": names.REGION, "properties": properties})
    (plan,) = desktops.scaling_plans.list_by_host_pool(GROUP, POOL)
    assert plan.exclusion_tag == "ScalingPlanExclusion"
    assert list(desktops.scaling_plans.list_by_host_pool(GROUP, "hp-personal")) == []
    desktops.scaling_plans.delete(GROUP, "plan")
    assert list(desktops.scaling_plans.list_by_host_pool(GROUP, POOL)) == []


def test_a_call_without_api_version_or_with_a_broken_body_is_400(compute: Client) -> None:
    missing = compute.send_request(HttpRequest("GET", names.vm_id("office-0001")))
    assert missing.json()["error"]["code"] == "MissingApiVersionParameter"
    broken = HttpRequest("PATCH", f"{names.vm_id('office-0001')}?api-version=1", content=b"{")
    assert compute.send_request(broken).json()["error"]["code"] == "InvalidRequestContent"
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_update(GROUP, "office-0001", {"properties": {"networkProfile": 5}})
    assert caught.value.status_code == 400


def test_calls_are_counted_by_operation_and_by_host(sim: Simulator, compute: Client) -> None:
    compute.virtual_machines.get(GROUP, "office-0001")
    compute.virtual_machines.get(GROUP, "office-0001")
    counted = sim.control("GET", "calls")
    assert counted["by_method"] == {"GET": 2}
    assert counted["by_host"] == {"office-0001": {"get_vm": 2}}
    assert counted["by_status"] == {"200": 2}


def test_a_summary_has_no_hosts_and_disks(sim: Simulator) -> None:
    everything = sim.state()
    summary = sim.control("GET", "state?summary=true")
    assert set(everything) - set(summary) == {"hosts", "disks", "rebuilds", "temporary"}
    assert summary["counters"] == everything["counters"]


def test_a_reset_accepts_options_and_refuses_unknown_ones(sim: Simulator) -> None:
    sim.reset(hosts=7)
    assert len(sim.state(POOL)["hosts"]) == 7
    assert sim.control("GET", "options")["hosts"] == 7
    assert sim.control("GET", "health")["vms"] == 9
    with pytest.raises(ControlRefusedError, match=r"unknown option.*hots"):
        sim.reset(hots=3)


def test_every_option_is_a_flag_with_a_help_text() -> None:
    assert set(HELP) == set(Options().as_dict())
    text = parser().format_help()
    assert all(f"--{name.replace('_', '-')}" in text for name in HELP)
    given = vars(parser().parse_args(["--users", "off", "--vmss", "--arrivals-per-minute", "2.5", "--hosts", "3"]))
    assert (given["users"], given["vmss"], given["arrivals_per_minute"], given["hosts"]) == ("off", True, 2.5, 3)


def test_a_port_in_use_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    taken = listen(0)
    port = taken.getsockname()[1]
    try:
        assert main(["--port", str(port)]) == 1
    finally:
        taken.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"port {port} is not available" in lines[0]


def test_the_server_starts_answers_and_stops_immediately() -> None:
    free = listen(0)
    port = free.getsockname()[1]
    free.close()
    command = [sys.executable, "-m", "local.sim", "--port", str(port), "--hosts", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        assert process.stdout is not None
        assert f"127.0.0.1:{port}" in process.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sim/health", timeout=5) as answer:
            assert answer.status == 200
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert time.monotonic() - start < 2
