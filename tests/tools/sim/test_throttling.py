"""ARM's token buckets, and Compute's for one VM."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from local.sim.core.names import GROUP
from local.sim.testing import Simulator, sdk_clients
from tests.tools.sim.conftest import Client

POOL = "hp-office"


def until_refused(call: Any, limit: int) -> tuple[int, Any]:
    for number in range(limit):
        try:
            call()
        except HttpResponseError as error:
            return number, error
    raise AssertionError(f"{limit} calls and none refused")


@pytest.fixture
def slow(sim: Simulator) -> Simulator:
    """A throttled simulator whose virtual time advances almost only on request."""
    sim.reset(throttle="virtual", speed=0.001)
    return sim


@pytest.fixture
def desktops(slow: Simulator) -> Client:
    """A client with an identity of its own, because an operation of another test may still be polled."""
    return sdk_clients(slow.base_url, identity="counted")[1]


def test_reads_are_250_then_25_a_second(slow: Simulator, desktops: Client) -> None:
    passed, error = until_refused(lambda: desktops.host_pools.get(GROUP, POOL), 300)
    assert passed == 250
    assert error.status_code == 429
    assert int(error.response.headers["Retry-After"]) >= 1
    assert error.response.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    slow.advance(2)
    passed, _ = until_refused(lambda: desktops.host_pools.get(GROUP, POOL), 100)
    assert passed == 50


def test_writes_and_deletes_are_200_each(slow: Simulator, desktops: Client) -> None:
    for call in (
        lambda: desktops.host_pools.list_registration_tokens(GROUP, POOL),
        lambda: desktops.session_hosts.delete(GROUP, POOL, "nobody.contoso.local"),
    ):
        passed, _ = until_refused(call, 250)
        assert passed == 200
    assert slow.state()["throttled"] == 2


def test_each_identity_has_its_own_quota(slow: Simulator, desktops: Client) -> None:
    until_refused(lambda: desktops.host_pools.get(GROUP, POOL), 300)
    _, other = sdk_clients(slow.base_url, identity="somebody-else")
    assert other.host_pools.get(GROUP, POOL).name == POOL


def test_one_vm_takes_twelve_updates_and_then_four_a_minute(slow: Simulator, compute: Client) -> None:
    def update() -> None:
        compute.virtual_machines.begin_update(GROUP, "office-0001", {"tags": {"a": "b"}})

    passed, error = until_refused(update, 20)
    assert passed == 12
    assert "UpdateVM" in str(error)
    compute.virtual_machines.begin_update(GROUP, "office-0002", {"tags": {"a": "b"}})
    slow.advance(60)
    assert until_refused(update, 20)[0] == 4


def test_every_answer_shows_the_remaining_quota(slow: Simulator, desktops: Client) -> None:
    seen: list[str] = []

    def look(response: Any) -> None:
        seen.append(response.http_response.headers["x-ms-ratelimit-remaining-subscription-reads"])

    for _ in range(3):
        desktops.host_pools.get(GROUP, POOL, raw_response_hook=look)
    assert seen == ["249", "248", "247"]


def test_real_time_refills_too(sim: Simulator, desktops: Client) -> None:
    sim.reset(throttle="real")
    passed, _ = until_refused(lambda: desktops.host_pools.get(GROUP, POOL), 2000)
    assert passed >= 250
