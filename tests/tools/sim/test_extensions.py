"""Extensions, run commands, registration, and the secrets they carry."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import POOL, REGION, Client, Operator, arm_error

VM = "office-0001"


def extension(kind: str, settings: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
    properties = {"publisher": "Microsoft", "type": kind, "typeHandlerVersion": "1.0"}
    return {"location": REGION, "properties": {**properties, "settings": settings, "protectedSettings": secrets}}


def entra_join() -> dict[str, Any]:
    properties = {"publisher": "Microsoft", "type": "AADLoginForWindows", "typeHandlerVersion": "1.0"}
    return {"location": REGION, "properties": properties}


def test_a_joined_and_registered_host_is_available_again(sim: Simulator, desktops: Client, operator: Operator) -> None:
    operator.renew(VM)
    host = desktops.session_hosts.get(GROUP, POOL, f"{VM}.contoso.local")
    assert (host.status, host.allow_new_session, host.sessions) == ("Available", True, 0)
    assert host.resource_id == sim.host(VM)["vm"]
    assert host.virtual_machine_id == sim.host(VM)["vm_id"]


def test_a_host_without_a_join_never_becomes_available(sim: Simulator, desktops: Client, operator: Operator) -> None:
    operator.unregister(VM)
    operator.reimage(VM)
    operator.register(VM)
    (host,) = [h for h in desktops.session_hosts.list(GROUP, POOL) if VM in h.name]
    assert host.status == "NotJoinedToDomain"
    operator.join(VM)
    assert sim.host(VM)["status"] == "Available"


def test_a_wrong_or_expired_token_fails_the_command(sim: Simulator, compute: Client, operator: Operator) -> None:
    operator.unregister(VM)
    operator.reimage(VM)
    old = operator.token()
    sim.control("POST", "expire_tokens", {})
    for token in (old, "made-up"):
        with pytest.raises(HttpResponseError) as caught:
            operator.register(VM, token)
        assert arm_error(caught).code == "VMRunCommandFailed"
        assert token not in str(caught.value)
    operator.register(VM, "made-up", treatFailureAsDeploymentFailure=False)
    commands = compute.virtual_machine_run_commands
    command = commands.get_by_virtual_machine(GROUP, VM, "register", expand="instanceView")
    assert command.provisioning_state == "Succeeded"
    assert (command.instance_view.execution_state, command.instance_view.exit_code) == ("Failed", 1)


def test_an_asynchronous_command_answers_before_it_is_done(sim: Simulator, compute: Client, operator: Operator) -> None:
    sim.reset(duration_scale=1.0, speed=1.0)
    command = operator.register(VM, asyncExecution=True)
    assert command.provisioning_state == "Succeeded"
    commands = compute.virtual_machine_run_commands
    view = commands.get_by_virtual_machine(GROUP, VM, "register", expand="instanceView").instance_view
    assert view.execution_state == "Running"
    sim.advance(300)
    view = commands.get_by_virtual_machine(GROUP, VM, "register", expand="instanceView").instance_view
    assert view.execution_state == "Succeeded"


def test_a_join_needs_its_settings_and_its_password(compute: Client) -> None:
    body = extension("JsonADDomainExtension", {"Name": "contoso.local", "User": "joiner"}, {})
    with pytest.raises(HttpResponseError, match="Password not given"):
        compute.virtual_machine_extensions.begin_create_or_update(GROUP, VM, "join", body).result()
    del body["properties"]["publisher"]
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machine_extensions.begin_create_or_update(GROUP, VM, "join", body)
    assert arm_error(caught).target == "publisher"


def test_an_entra_join_is_a_join_too(sim: Simulator, compute: Client, operator: Operator) -> None:
    operator.unregister(VM)
    operator.reimage(VM)
    compute.virtual_machine_extensions.begin_create_or_update(GROUP, VM, "entra", entra_join()).result()
    assert sim.host(VM)["join"] == "entra"


def test_an_entra_join_with_empty_settings_fails(compute: Client) -> None:
    body = entra_join()
    body["properties"]["settings"] = {}
    with pytest.raises(HttpResponseError, match="mdmId is missing"):
        compute.virtual_machine_extensions.begin_create_or_update(GROUP, VM, "entra", body).result()
    body["properties"]["settings"] = {"mdmId": "0000000a-0000-0000-c000-000000000000"}
    compute.virtual_machine_extensions.begin_create_or_update(GROUP, VM, "entra", body).result()


def test_an_entra_join_fails_while_a_device_of_that_name_exists(
    sim: Simulator, compute: Client, desktops: Client, operator: Operator
) -> None:
    operator.unregister(VM)
    operator.reimage(VM)
    join = compute.virtual_machine_extensions.begin_create_or_update
    join(GROUP, VM, "entra", entra_join()).result()
    operator.register(VM)
    assert [device["name"] for device in sim.state()["devices"]] == [VM]
    operator.unregister(VM)
    operator.reimage(VM, "3.0.0")
    with pytest.raises(HttpResponseError, match="property hostnames exists"):
        again = entra_join()
        again["properties"]["forceUpdateTag"] = "2"
        join(GROUP, VM, "entra", again).result()


def test_a_system_whose_device_was_deleted_is_trusted_no_more(
    sim: Simulator, compute: Client, operator: Operator
) -> None:
    operator.unregister(VM)
    operator.reimage(VM)
    compute.virtual_machine_extensions.begin_create_or_update(GROUP, VM, "entra", entra_join()).result()
    operator.register(VM)
    assert sim.host(VM)["status"] == "Available"
    sim.sim.world.devices.clear()
    assert sim.host(VM)["status"] == "DomainTrustRelationshipLost"


def test_joining_a_domain_over_a_trust_that_holds_breaks_it(sim: Simulator, operator: Operator) -> None:
    operator.renew(VM)
    operator.join(VM, tag="once more")
    assert sim.host(VM)["status"] == "DomainTrustRelationshipLost"
    operator.join(VM, tag="and again")
    assert sim.host(VM)["status"] == "Available"


def test_a_computer_object_of_another_account_is_not_reused(sim: Simulator, operator: Operator) -> None:
    sim.control("POST", "expect", {"foreign_accounts": [VM]})
    operator.unregister(VM)
    operator.reimage(VM)
    with pytest.raises(HttpResponseError, match="occurred while joining Domain"):
        operator.join(VM)
    assert not sim.host(VM)["joined"]


def test_an_entra_join_needs_a_system_assigned_identity(sim: Simulator, compute: Client) -> None:
    sim.control("POST", "pools", {"name": "hp-bare", "hosts": 1, "identity": False})
    with pytest.raises(HttpResponseError, match="system-assigned identity"):
        compute.virtual_machine_extensions.begin_create_or_update(GROUP, "bare-0001", "entra", entra_join()).result()


def test_an_extension_runs_again_only_with_a_new_force_update_tag(sim: Simulator, operator: Operator) -> None:
    operator.renew(VM, "2.0.0")
    operator.unregister(VM)
    operator.reimage(VM, "1.0.0")
    operator.join(VM, tag="2.0.0")
    assert not sim.host(VM)["joined"]
    operator.join(VM, tag="1.0.0")
    assert sim.host(VM)["joined"]


def test_a_stopped_vm_accepts_no_extensions(compute: Client, operator: Operator) -> None:
    operator.drain(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    for step in (operator.join, operator.register):
        with pytest.raises(ResourceExistsError) as caught:
            step(VM)
        assert arm_error(caught).code == "OperationNotAllowed"


def test_no_secret_is_returned(sim: Simulator, compute: Client, desktops: Client, operator: Operator) -> None:
    token = operator.token()
    operator.unregister(VM)
    operator.reimage(VM)
    shown = [operator.join(VM).as_dict(), operator.register(VM, token).as_dict()]
    shown.append(compute.virtual_machine_extensions.get(GROUP, VM, "join", expand="instanceView").as_dict())
    shown += [c.as_dict() for c in compute.virtual_machine_run_commands.list_by_virtual_machine(GROUP, VM)]
    shown.append(desktops.host_pools.get(GROUP, POOL).as_dict())
    shown += [sim.state(), sim.control("GET", "calls"), sim.control("GET", "faults")]
    everything = json.dumps(shown, default=str)
    assert token not in everything
    assert "join-secret" not in everything


def test_a_token_in_plain_parameters_is_a_violation(operator: Operator, violations: Callable[[], list[Any]]) -> None:
    plain = [{"name": "RegistrationToken", "value": operator.token()}]
    operator.register(VM, parameters=plain)
    assert violations() == [("secret_exposed", VM)]


def test_the_action_run_command_returns_its_output(compute: Client) -> None:
    body = {"commandId": "RunPowerShellScript", "script": ["hostname"]}
    result = compute.virtual_machines.begin_run_command(GROUP, VM, body).result()
    assert result.value[0].code == "ComponentStatus/StdOut/succeeded"
