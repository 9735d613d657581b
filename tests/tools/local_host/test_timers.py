"""Timer functions, and the admin API that runs functions on request."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from local.host.timers import parse_schedule
from tests.tools.local_host.running import RunningHost, eventually

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/5 * * * * *", datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)),
        ("0 30 9-17 * * 1-5", datetime(2026, 1, 1, 9, 30, tzinfo=UTC)),
        ("0 0 12 * * Mon", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("0 0 0 1 * 1", datetime(2026, 6, 1, tzinfo=UTC)),
        ("15 3 * * *", datetime(2026, 1, 1, 3, 15, tzinfo=UTC)),
        ("00:02:30", datetime(2026, 1, 1, 0, 2, 30, tzinfo=UTC)),
        ("1.00:00:00", datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_schedule_finds_the_next_time(text: str, expected: datetime) -> None:
    assert parse_schedule(text).next_after(NEW_YEAR) == expected


@pytest.mark.parametrize("text", ["", "* * * *", "61 * * * * *", "00:00:00", "every day", "* * * * * * *"])
def test_an_invalid_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_schedule(text)


def test_a_timer_runs_on_every_whole_second(host: RunningHost) -> None:
    ticks = eventually(lambda: host.client.get("/v1/ticks/tick").json(), lambda ticks: len(ticks) >= 3)
    seconds = [tick["at"] for tick in ticks]
    assert all(later - earlier > 0.5 for earlier, later in pairwise(seconds))
    assert all(second % 1 < 0.9 for second in seconds)
    assert not any(tick["past_due"] for tick in ticks)


def test_run_on_startup_runs_once_and_may_use_a_durable_client(host: RunningHost) -> None:
    ticks = eventually(lambda: host.client.get("/v1/ticks/yearly").json())
    assert ticks[0]["existing"] is None


def test_a_timer_can_be_run_on_request(host: RunningHost) -> None:
    before = len(eventually(lambda: host.client.get("/v1/ticks/yearly").json()))
    assert host.client.post("/admin/functions/yearly", json={"input": ""}).status_code == 202
    eventually(lambda: host.client.get("/v1/ticks/yearly").json(), lambda ticks: len(ticks) == before + 1)


def test_an_activity_run_on_request_receives_the_input(host: RunningHost) -> None:
    assert host.client.post("/admin/functions/explode", json={"input": {"why": "by hand"}}).status_code == 202
    eventually(lambda: "explode failed: LookupError: no luck: by hand" in host.log)


def test_the_admin_api_answers_for_unknown_functions_and_bad_bodies(host: RunningHost) -> None:
    assert host.client.post("/admin/functions/nobody", json={}).status_code == 404
    assert host.client.get("/admin/functions/nobody").status_code == 404
    assert host.client.post("/admin/functions/yearly", content="no json").status_code == 400


def test_the_admin_api_describes_the_host(host: RunningHost) -> None:
    assert host.client.get("/admin/host/status").json()["state"] == "Running"
    names = {function["name"] for function in host.client.get("/admin/functions").json()}
    assert {"echo", "tick", "everything", "greet", "counter"} <= names
    bindings = host.client.get("/admin/functions/tick").json()["config"]["bindings"]
    assert bindings[0]["schedule"] == "* * * * * *"
