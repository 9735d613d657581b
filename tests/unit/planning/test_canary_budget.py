"""How many more hosts may become canary hosts in one pass."""

from __future__ import annotations

import pytest

from shared.core.states import HostState
from shared.planning.canary import Canary, CanaryBudget, CanaryUse, canary_budget
from tests.fixtures.builders import drained, host, snapshot

U = CanaryUse


def budget(slots: int = 2, empty: int = 2, busy: int = 2, sign_outs: int = 2) -> CanaryBudget:
    return CanaryBudget(slots=slots, empty_drains=empty, busy_drains=busy, sign_outs=sign_outs)


def left(spent: CanaryBudget) -> list[int]:
    return [spent.remaining(use) for use in U]


@pytest.mark.parametrize(
    ("use", "remains"),
    [
        (U.DRAIN_EMPTY, [1, 1, 2, 2, 2, 2]),
        (U.DRAIN_BUSY, [2, 1, 2, 2, 2, 2]),
        (U.SIGN_OUT, [2, 2, 1, 1, 1, 1]),
        (U.SIGN_OUT_AGAIN, [2, 2, 1, 1, 1, 1]),
        (U.REBUILD, [2, 2, 1, 1, 1, 1]),
        (U.REBUILD_UNLISTED, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_each_canary_slot_in_use_reduces_the_remaining_ones(use: CanaryUse, remains: list[int]) -> None:
    spent = budget()
    spent.take(use)
    assert left(spent) == remains


def test_a_host_being_signed_out_needs_no_further_slot() -> None:
    spent = budget(sign_outs=0)
    assert not spent.allows(U.SIGN_OUT)
    assert spent.allows(U.SIGN_OUT_AGAIN)


@pytest.mark.parametrize("use", list(U))
def test_nothing_is_limited_once_the_canary_has_passed(use: CanaryUse) -> None:
    spent = budget(0, 0, 0, 0)
    assert not spent.allows(use)
    spent.passed = True
    assert spent.allows(use)


def canary(slots: int) -> Canary:
    return Canary(hosts=slots, proved=0, open_slots=slots, held=False)


def test_a_drained_host_with_users_does_not_block_an_idle_canary_host() -> None:
    pool = snapshot(drained("busy", sessions=3), host("idle"))
    given = canary_budget(pool, canary(1), forcing=False)
    assert given.allows(U.DRAIN_EMPTY)
    assert not given.allows(U.DRAIN_BUSY)


def test_when_sessions_are_being_ended_every_drained_host_counts() -> None:
    pool = snapshot(drained("busy", sessions=3), host("idle"))
    assert not canary_budget(pool, canary(1), forcing=True).allows(U.DRAIN_EMPTY)


def test_hosts_that_are_empty_or_being_signed_out_leave_fewer_sign_outs() -> None:
    signing = drained("signing", sessions=1, state=HostState.SIGNING_OUT)
    pool = snapshot(drained("empty"), signing, drained("busy", sessions=2))
    assert canary_budget(pool, canary(3), forcing=True).remaining(U.SIGN_OUT) == 1
