"""Host pools, session hosts and user sessions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import ControlRefusedError, Simulator, sdk_clients
from tests.tools.sim.conftest import POOL, Client, Operator, arm_error

HOST = "office-0001.contoso.local"
Violations = Callable[[], list[Any]]


def test_the_two_pools_show_their_types(desktops: Client) -> None:
    kinds = {p.name: p.host_pool_type for p in desktops.host_pools.list()}
    assert kinds == {"hp-office": "Pooled", "hp-personal": "Personal"}
    pool = desktops.host_pools.get(GROUP, POOL)
    assert (pool.max_session_limit, pool.load_balancer_type) == (10, "BreadthFirst")
    with pytest.raises(ResourceNotFoundError):
        desktops.host_pools.get(GROUP, "hp-none")


def test_a_session_host_is_named_after_its_pool_and_points_at_its_vm(desktops: Client) -> None:
    host = desktops.session_hosts.get(GROUP, POOL, HOST)
    assert host.name == f"{POOL}/{HOST}"
    assert host.resource_id == names.vm_id("office-0001")
    assert abs((datetime.now(UTC) - host.last_heart_beat).total_seconds()) < 60  # real time, whatever the speed
    (personal,) = desktops.session_hosts.list(GROUP, "hp-personal")
    assert personal.assigned_user == "owner@contoso.com"


def test_pages_neither_repeat_nor_miss_a_host_while_hosts_change(
    sim: Simulator, desktops: Client, operator: Operator
) -> None:
    sim.reset(hosts=23, page_size=5)
    pages = desktops.session_hosts.list(GROUP, POOL).by_page()
    seen = [h.name for h in next(pages)]
    operator.renew("office-0002")  # leaves and comes back behind the reader
    seen += [h.name for page in pages for h in page]
    assert len(seen) == len(set(seen)) == 23
    backwards = [h.name for h in desktops.session_hosts.list(GROUP, POOL, page_size=4, is_descending=True)]
    assert backwards == sorted(seen, reverse=True)
    assert len(list(desktops.session_hosts.list(GROUP, POOL, initial_skip=20))) == 3


def test_drain_is_kept(desktops: Client, operator: Operator) -> None:
    operator.drain("office-0001")
    assert desktops.session_hosts.get(GROUP, POOL, HOST).allow_new_session is False
    operator.drain("office-0001", accept=True)
    assert desktops.session_hosts.get(GROUP, POOL, HOST).allow_new_session is True


def test_hosts_can_be_off_or_drained_at_the_start(sim: Simulator, desktops: Client) -> None:
    sim.reset(hosts=6, powered_off=2, drained=1)
    hosts = list(desktops.session_hosts.list(GROUP, POOL))
    assert [h.status for h in hosts] == ["Available"] * 4 + ["Shutdown"] * 2
    assert [h.allow_new_session for h in hosts] == [True, True, True, False, True, True]


def test_a_session_is_listed_messaged_disconnected_and_signed_out(
    sim: Simulator, desktops: Client, violations: Violations
) -> None:
    number = sim.log_on("office-0001", "ann@contoso.com")
    (session,) = desktops.user_sessions.list_by_host_pool(GROUP, POOL)
    assert session.id.rsplit("/", 1)[-1] == number
    assert session.name == f"{POOL}/{HOST}/{number}"
    assert (session.user_principal_name, session.session_state) == ("ann@contoso.com", "Active")
    message = {"messageTitle": "Update", "messageBody": "in 5 minutes"}
    sim_message = _model("SendMessage", message_title=message["messageTitle"], message_body=message["messageBody"])
    desktops.user_sessions.send_message(GROUP, POOL, HOST, number, sim_message)
    desktops.user_sessions.disconnect(GROUP, POOL, HOST, number)
    assert desktops.user_sessions.get(GROUP, POOL, HOST, number).session_state == "Disconnected"
    assert desktops.session_hosts.get(GROUP, POOL, HOST).sessions == 1
    (kept,) = sim.host("office-0001")["sessions"]
    assert kept["messages"][0]["body"] == "in 5 minutes"
    desktops.user_sessions.delete(GROUP, POOL, HOST, number, force=True)
    assert list(desktops.user_sessions.list(GROUP, POOL, HOST)) == []
    assert desktops.session_hosts.get(GROUP, POOL, HOST).sessions == 0
    assert sim.state()["counters"]["signed_out_forced"] == 1
    assert violations() == []
    with pytest.raises(ResourceNotFoundError):
        desktops.user_sessions.get(GROUP, POOL, HOST, number)


def _model(name: str, **fields: Any) -> Any:
    from azure.mgmt.desktopvirtualization import models  # noqa: PLC0415

    return getattr(models, name)(**fields)


def test_sessions_page_and_filter(sim: Simulator, desktops: Client) -> None:
    sim.reset(page_size=3)
    for number in range(8):
        sim.log_on(f"office-000{number % 4 + 1}", f"user{number}@contoso.com")
    sessions = list(desktops.user_sessions.list_by_host_pool(GROUP, POOL))
    assert len({s.id for s in sessions}) == 8
    (one,) = desktops.user_sessions.list_by_host_pool(GROUP, POOL, filter="userprincipalname eq 'user3@contoso.com'")
    assert one.name.startswith(f"{POOL}/office-0004")
    assert list(desktops.user_sessions.list_by_host_pool(GROUP, POOL, filter="sessionstate eq 'Disconnected'")) == []


def test_a_sign_out_takes_some_seconds(sim: Simulator, desktops: Client) -> None:
    sim.reset(duration_scale=1.0, speed=1.0)
    number = sim.log_on("office-0001", "ann@contoso.com")
    desktops.user_sessions.delete(GROUP, POOL, HOST, number)
    assert sim.host("office-0001")["sessions"][0]["ending"] is True
    sim.advance(60)
    assert sim.host("office-0001")["sessions"] == []


def test_a_sign_out_before_force_at_is_a_violation(sim: Simulator, desktops: Client, violations: Violations) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    sim.control("POST", "expect", {"force_at": later})
    number = sim.log_on("office-0001", "ann@contoso.com")
    desktops.user_sessions.delete(GROUP, POOL, HOST, number)
    assert violations() == [("signed_out_early", HOST)]


def test_a_host_with_sessions_is_unregistered_only_by_force(
    sim: Simulator, desktops: Client, operator: Operator, violations: Violations
) -> None:
    sim.log_on("office-0001", "ann@contoso.com")
    operator.drain("office-0001")
    with pytest.raises(ResourceExistsError):
        desktops.session_hosts.delete(GROUP, POOL, HOST)
    desktops.session_hosts.delete(GROUP, POOL, HOST, force=True)
    assert violations() == [("sessions_present", HOST)]
    desktops.session_hosts.delete(GROUP, POOL, HOST)  # 204


def test_a_registration_token_has_limits_and_can_be_deleted(desktops: Client, operator: Operator) -> None:
    assert desktops.host_pools.retrieve_registration_token(GROUP, POOL).token is None
    token = operator.token()
    assert len(token) > 40
    for hours in (-1, 0.5, 24 * 40):
        info = _model(
            "RegistrationInfoPatch",
            expiration_time=datetime.now(UTC) + timedelta(hours=hours),
            registration_token_operation="Update",
        )
        with pytest.raises(HttpResponseError, match="between one hour and 30 days"):
            desktops.host_pools.update(GROUP, POOL, _model("HostPoolPatch", registration_info=info))
    taken_back = _model("RegistrationInfoPatch", registration_token_operation="Delete")
    desktops.host_pools.update(GROUP, POOL, _model("HostPoolPatch", registration_info=taken_back))
    assert desktops.host_pools.retrieve_registration_token(GROUP, POOL).token is None


def test_users_log_on_and_off_on_request_and_errors_are_reported(sim: Simulator) -> None:
    sim.log_on(HOST, "ann@contoso.com")
    sim.log_off("office-0001", "ANN@contoso.com")
    for call, status in (
        (lambda: sim.log_on("office-9999", "a"), 404),
        (lambda: sim.log_off("office-0001", "nobody"), 404),
        (lambda: sim.control("POST", "logon", {"host": "office-0001"}), 400),
    ):
        with pytest.raises(ControlRefusedError) as caught:
            call()
        assert caught.value.status == status


def test_a_drained_host_accepts_no_logon_unless_forced(sim: Simulator, operator: Operator) -> None:
    operator.drain("office-0001")
    with pytest.raises(ControlRefusedError, match="does not accept"):
        sim.log_on("office-0001", "ann@contoso.com")
    sim.log_on("office-0001", "ann@contoso.com", force=True)


def test_pools_can_be_added(sim: Simulator, desktops: Client) -> None:
    spec = {"name": "hp-call", "hosts": 3, "version": "2.0.0", "max_session_limit": 2, "drained": 1}
    sim.control("POST", "pools", spec)
    assert len(list(desktops.session_hosts.list(GROUP, "hp-call"))) == 3
    assert {h["version"] for h in sim.state("hp-call")["hosts"]} == {"2.0.0"}
    with pytest.raises(ControlRefusedError, match="exists"):
        sim.control("POST", "pools", spec)
    with pytest.raises(ControlRefusedError, match="not in the gallery"):
        sim.control("POST", "pools", {"name": "hp-x", "version": "7.0.0"})


def test_the_other_subscription_is_forbidden(sim: Simulator) -> None:
    compute, desktops = sdk_clients(sim.base_url, names.FORBIDDEN_SUBSCRIPTION)
    for call in (lambda: desktops.host_pools.get(GROUP, POOL), lambda: compute.virtual_machines.get(GROUP, "x")):
        with pytest.raises(HttpResponseError) as caught:
            call()
        assert caught.value.status_code == 403
        assert arm_error(caught).code == "AuthorizationFailed"


def test_a_pool_with_a_session_host_configuration_gives_out_no_tokens(sim: Simulator, desktops: Client) -> None:
    sim.control("POST", "pools", {"name": "hp-managed", "hosts": 1, "automated": True})
    with pytest.raises(HttpResponseError, match="can't retrieve a registration token"):
        desktops.host_pools.retrieve_registration_token(GROUP, "hp-managed")
    expiry = datetime.now(UTC) + timedelta(hours=2)
    info = _model("RegistrationInfoPatch", expiration_time=expiry, registration_token_operation="Update")
    with pytest.raises(HttpResponseError, match="can't retrieve a registration token"):
        desktops.host_pools.update(GROUP, "hp-managed", _model("HostPoolPatch", registration_info=info))


def in_minutes(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def expect(sim: Simulator, **fields: Any) -> None:
    sim.control("POST", "expect", {"pools": {POOL: fields}})


def test_a_drain_that_leaves_too_few_hosts_is_a_violation(
    sim: Simulator, operator: Operator, violations: Violations
) -> None:
    expect(sim, min_accepting=2, force_at=in_minutes(60))
    operator.drain("office-0001")
    operator.drain("office-0002")
    operator.drain("office-0002")
    assert violations() == []
    operator.drain("office-0003")
    assert violations() == [("too_few_accept", "office-0003.contoso.local")]


def test_from_force_at_on_every_host_may_be_drained(sim: Simulator, operator: Operator, violations: Violations) -> None:
    expect(sim, min_accepting=4, force_at=in_minutes(-1))
    operator.drain("office-0001")
    assert violations() == []


def test_a_host_that_came_back_a_moment_ago_may_be_drained_to_be_checked(
    sim: Simulator, operator: Operator, violations: Violations
) -> None:
    operator.renew("office-0001")
    expect(sim, min_accepting=4, force_at=in_minutes(60))
    operator.drain("office-0001")
    assert violations() == []
    operator.drain("office-0001", accept=True)
    operator.drain("office-0001")
    assert violations() == [("too_few_accept", "office-0001.contoso.local")]


def test_a_sign_out_before_the_force_at_of_its_pool_is_a_violation(
    sim: Simulator, desktops: Client, violations: Violations
) -> None:
    session = sim.control("POST", "logon", {"host": "office-0001", "user": "ann@contoso.com"})["session_id"]
    expect(sim, force_at=in_minutes(60))
    sim.control("POST", "expect", {"pools": {"hp-other": {"force_at": in_minutes(-1)}}})
    desktops.user_sessions.delete(GROUP, POOL, "office-0001.contoso.local", session)
    assert violations() == [("signed_out_early", "office-0001.contoso.local")]


def test_an_unknown_expectation_of_a_pool_is_refused(sim: Simulator) -> None:
    with pytest.raises(ControlRefusedError, match="min_hosts"):
        expect(sim, min_hosts=1)


def test_every_rebuild_is_recorded_with_the_versions_before_and_after(sim: Simulator, operator: Operator) -> None:
    operator.renew("office-0001")
    (rebuild,) = sim.state()["rebuilds"]
    assert {**rebuild, "at": ""} == {
        "host": "office-0001",
        "at": "",
        "from": "1.0.0",
        "to": "2.0.0",
        "was_registered": True,
    }


def test_unregistering_a_host_that_accepts_sessions_is_a_violation(
    desktops: Client, operator: Operator, violations: Violations
) -> None:
    operator.unregister("office-0002")
    assert violations() == []
    desktops.session_hosts.delete(GROUP, POOL, HOST)
    assert violations() == [("accepting_sessions", HOST)]
