"""What people see of a host that waits for Azure, and that nothing foretold lies in the past."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import HostState
from shared.models.host_parts import AzureWait, WaitKind
from shared.models.messages import Message
from shared.models.policy import ScheduleMode
from shared.planning.forecast import forecast
from shared.views.azure_waits import not_past, waiting_reason, waiting_view
from shared.views.rollout_progress import progress
from tests.fixtures.rollout_rows import MINUTE, START, host, hosts, rollout
from tests.fixtures.texts import check_texts

H = HostState
NOW = START + 10 * MINUTE
LONG = "TooManyRequests: " + "please slow down " * 30


def waits(kind: WaitKind, **fields: Any) -> AzureWait:
    given = {"call": "create the VM h1", "answer": LONG, "since": START, "until": NOW + 5 * MINUTE, "tries": 2}
    return AzureWait(kind=kind, **(given | fields))


@pytest.mark.parametrize("kind", WaitKind)
@pytest.mark.parametrize("over", [False, True])
def test_every_wait_can_be_shown_and_its_end_is_ahead(kind: WaitKind, over: bool) -> None:
    until = NOW - MINUTE if over else NOW + MINUTE
    row = host(H.REIMAGING, azure_wait=waits(kind, until=until, meaning="the core quota is used up: ask for more"))
    told, view = waiting_reason(row, NOW), waiting_view(row, NOW)
    assert told is not None and view is not None
    check_texts([told.model_dump(), view.model_dump()])
    assert (told.at, view.until) == ((None, None) if over else (until, until))
    assert (view.since, view.tries, view.call) == (START, 2, "create the VM h1")


@pytest.mark.parametrize("state", [H.PENDING, H.DRAINING, H.DONE, H.FAILED, H.SKIPPED])
def test_only_hosts_in_work_wait_for_azure(state: HostState) -> None:
    row = host(state, azure_wait=waits(WaitKind.HELD))
    assert waiting_reason(row, NOW) is waiting_view(row, NOW) is None


def test_a_moment_that_is_over_is_not_shown_as_upcoming() -> None:
    told = Message(code="waits_for_sign_out", text="waits for 2 sessions to end", at=NOW)
    assert not_past(told, NOW) == told
    assert not_past(told, NOW + MINUTE) == Message(code=told.code, text=told.text)
    assert not_past(None, NOW) is None


def test_the_expected_end_counts_the_wait_of_a_host() -> None:
    asked = rollout(ScheduleMode.NOW, first_guess=600.0)
    taken = {"taken_at": START}
    ends = {
        kind: forecast(asked, [host(H.REIMAGING, **taken, azure_wait=waits(kind, until=START + 60 * MINUTE))], NOW)
        for kind in WaitKind
    }
    assert ends[WaitKind.BUSY].expected == START + 60 * MINUTE
    assert ends[WaitKind.HELD].expected == ends[WaitKind.ATTEMPT].expected == START + 70 * MINUTE


def test_no_host_is_expected_to_begin_before_a_lost_one_is_back() -> None:
    asked = rollout(ScheduleMode.NOW, first_guess=600.0)
    lost = host(H.REIMAGING, "lost", taken_at=START, azure_wait=waits(WaitKind.HELD, until=START + 60 * MINUTE))
    rows = [lost, *hosts(H.PENDING, H.PENDING)]
    assert forecast(asked, rows, NOW).expected == START + 80 * MINUTE


def test_the_rollout_says_that_it_waits_for_a_lost_host() -> None:
    lost = host(H.REIMAGING, "lost", taken_at=START, azure_wait=waits(WaitKind.HELD))
    told = progress(rollout(), [lost, *hosts(H.PENDING)], NOW).next
    assert told is not None and (told.code, told.at) == ("waits_for_lost_host", NOW + 5 * MINUTE)
    check_texts(told.model_dump())
    quiet = progress(rollout(), hosts(H.REIMAGING, H.PENDING), NOW).next
    assert quiet is not None and quiet.code != "waits_for_lost_host"
