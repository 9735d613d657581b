"""The ramp: as many clean results as were dared double it, a failure halves it, whoever is asked in whatever order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import HostState
from shared.planning.budget import budget_for
from shared.planning.waves import batch_size, results
from tests.fixtures.builders import NOON, host, policy, snapshot
from tests.unit.planning.pool_strategies import many, pools

HISTORY = st.lists(st.booleans(), max_size=40)
LIMIT = st.integers(1, 60)


@many
@given(HISTORY, LIMIT, LIMIT)
def test_the_batch_size_stays_between_one_and_the_limit(history: list[bool], start: int, limit: int) -> None:
    assert 1 <= batch_size(history, start, limit) <= limit


@many
@given(HISTORY, LIMIT, LIMIT)
def test_a_failure_halves_the_batch_size(history: list[bool], start: int, limit: int) -> None:
    assert batch_size([*history, False], start, limit) == max(1, batch_size(history, start, limit) // 2)


@many
@given(HISTORY, LIMIT, LIMIT, st.integers(0, 60))
def test_only_a_whole_successful_batch_doubles_the_batch_size(
    history: list[bool], start: int, limit: int, clean: int
) -> None:
    after_failure = [*history, False]
    dared = batch_size(after_failure, start, limit)
    grown = batch_size([*after_failure, *[True] * clean], start, limit)
    if clean < dared:
        assert grown == dared
    elif clean == dared:
        assert grown == min(2 * dared, limit)
    else:
        assert grown >= min(2 * dared, limit)


@many
@given(HISTORY, LIMIT, LIMIT)
def test_a_success_never_lowers_the_batch_size(history: list[bool], start: int, limit: int) -> None:
    assert batch_size([*history, True], start, limit) >= batch_size(history, start, limit)


ENDED = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=8)


@many
@given(ENDED, st.randoms(), st.booleans())
def test_results_are_ordered_by_the_end_of_the_hosts(
    ended: list[tuple[int, bool, bool]], random: Any, back: bool
) -> None:
    rows = []
    for number, (minute, good, was_back) in enumerate(ended):
        moment = NOON + timedelta(minutes=minute)
        state = HostState.DONE if good else HostState.FAILED
        fields: dict[str, Any] = {"state": state, "taken_at": NOON, "ended_at": moment, "rolling_back": was_back}
        rows.append(host(f"h{number}", **fields).row)
    expected = [good for _, _, good in sorted((m, n, g) for n, (m, g, b) in enumerate(ended) if b is back)]
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert results(shuffled, back=back) == expected


def test_hosts_that_were_not_rebuilt_are_no_result() -> None:
    skipped = host("a", state=HostState.SKIPPED, ended_at=NOON).row
    refused = host("b", state=HostState.FAILED, ended_at=NOON).row  # it could not be drained: it was never taken
    assert results([skipped, refused], back=False) == []


@many
@given(pools(), st.integers(1, 3))
def test_the_first_batch_has_the_size_of_the_canary(pool: Any, first: int) -> None:
    views = tuple(view for view in pool.hosts if not view.row.state.ended)
    young = snapshot(*views, replicas=3)
    bounds = {bound.name: bound.hosts for bound in budget_for(young, policy(canary_hosts=first), NOON).bounds}
    assert bounds["ramp"] <= first
