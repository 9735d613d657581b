"""The tables of moves of versions, tasks and promotions, each against itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import pytest

from shared.core.errors import InvalidTransition
from shared.core.states import (
    PROMOTION_TRANSITIONS,
    TASK_TRANSITIONS,
    VERSION_TRANSITIONS,
    PromotionState,
    TaskState,
    VersionState,
    transition_promotion,
    transition_task,
    transition_version,
)

V, T, P = VersionState, TaskState, PromotionState

type Moves = Mapping[Any, frozenset[Any]]
TABLES: dict[str, tuple[type[StrEnum], Moves, set[Any], set[Any]]] = {
    "version": (V, VERSION_TRANSITIONS, {V.CAPTURING, V.STAGED, V.ACTIVE}, {V.FAILED, V.DISCARDED, V.DELETED}),
    "task": (T, TASK_TRANSITIONS, {T.RUNNING}, {T.SUCCEEDED, T.FAILED, T.CANCELLED}),
    "promotion": (P, PROMOTION_TRANSITIONS, {P.SCHEDULED}, {P.PROMOTED, P.FAILED, P.CANCELLED}),
}
"""Name -> states, moves, the states things begin in, the ends."""
AGAIN = {V.CAPTURING, V.STAGED}
"""What a number may be used for again once its version has ended."""


@pytest.mark.parametrize(("states", "moves", "first", "ends"), TABLES.values(), ids=TABLES)
class TestMoves:
    """Each table of moves against itself."""

    def test_every_state_has_a_row_and_no_state_moves_to_itself(
        self, states: type[StrEnum], moves: Moves, first: set[Any], ends: set[Any]
    ) -> None:
        assert set(moves) == set(states)
        assert all(to in set(states) and to is not now for now, row in moves.items() for to in row)

    def test_end_states_are_the_states_without_transitions(
        self, states: type[StrEnum], moves: Moves, first: set[Any], ends: set[Any]
    ) -> None:
        ways_out = {state: row - (AGAIN if states is V else set()) for state, row in moves.items()}
        assert {state for state, row in ways_out.items() if not row} == ends
        if states is not V:
            assert {state for state in states if state.ended} == ends  # type: ignore[attr-defined]

    def test_every_state_can_be_reached_and_can_reach_an_end(
        self, states: type[StrEnum], moves: Moves, first: set[Any], ends: set[Any]
    ) -> None:
        def reached(begun: set[Any]) -> set[Any]:
            found = set(begun)
            while more := {to for now in found for to in moves[now]} - found:
                found |= more
            return found

        assert reached(first) == set(states)
        assert all(reached({state}) & ends for state in states)


@pytest.mark.parametrize(
    ("move", "now", "to"),
    [
        (transition_version, V.STAGED, V.BACKUP),
        (transition_task, T.FAILED, T.RUNNING),
        (transition_promotion, P.PROMOTED, P.SCHEDULED),
    ],
)
def test_an_unknown_transition_is_refused_with_its_facts(move: Callable[..., object], now: Any, to: Any) -> None:
    with pytest.raises(InvalidTransition, match=f"x is {now} and cannot become {to}"):
        move("x", now, to)
    assert move("x", now, now) is now
