"""The process dies before any call of whatever is done with a promotion; it is then up again, and its timers run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.states import PromotionState
from shared.services import PROMOTIONS
from tests.fixtures.app import App, Reply
from tests.fixtures.scenarios.images import NEW, OLD, assert_at_rest, post, recorded
from tests.fixtures.scenarios.promotions import (
    activations,
    active,
    ask,
    assert_not_promoted,
    cancel,
    discard,
    held_for,
    move,
    plan,
    quietly,
    row,
    run,
    text,
    with_staged,
)

S = PromotionState


class TestTheProcessDies:
    """Before any call of whatever is done; it is then up again, and its timers run."""

    def test_anywhere_until_the_activation_is_through(self) -> None:
        play = with_staged()
        plan(play.app, hours=0.1)
        begun = play.calls
        play.run(0.5)
        count = play.calls - begun
        assert count > 15
        for number in range(1, count + 1):
            play = with_staged()
            promotion_id = plan(play.app, hours=0.1)
            play.die_at_call(number)
            play.run(0.5)
            assert play.died == 1, number
            promotion = row(play.app, promotion_id)
            assert (promotion.state, activations(play.app)) == (S.PROMOTED, [promotion.task]), number
            assert active(play.app) == NEW
            assert_at_rest(play)

    def test_while_it_is_refused(self) -> None:
        number = 0
        while True:
            number += 1
            play = with_staged()
            promotion_id = plan(play.app)
            post(play, f"/versions/{NEW}/verdict", {"result": "failed"})
            play.app.later(hours=25)
            play.die_at_call(number)
            survived = play.survive(quietly(run, play.app))
            play.run(0.1)
            assert_not_promoted(play.app, promotion_id, S.FAILED)
            assert "has failed its test" in str(row(play.app, promotion_id).note)
            if survived:
                break
        assert number > 4

    def test_while_it_is_asked_for(self) -> None:
        number = 0
        while True:
            number += 1
            play = with_staged()
            play.die_at_call(number)
            survived = play.survive(quietly(ask, play.app, hours=0.2))
            play.run(0.1)
            rows = play.app.tables.promotions.all(PROMOTIONS)
            scheduled = [found for found in rows if found.state is S.SCHEDULED]
            assert [found.id for found in scheduled] == ([held_for(play.app)] if held_for(play.app) else [])
            if not scheduled:
                assert ask(play.app, hours=0.2).status == 201
            play.run(0.5)
            assert active(play.app) == NEW
            assert len(activations(play.app)) == 1
            assert_at_rest(play)
            if survived:
                break
        assert number > 3

    @pytest.mark.parametrize("act", [cancel, move, discard])
    def test_while_it_is_changed(self, act: Callable[[App, str], Reply]) -> None:
        number = 0
        while True:
            number += 1
            play = with_staged()
            promotion_id = plan(play.app)
            play.die_at_call(number)
            survived = play.survive(quietly(act, play.app, promotion_id))
            play.run(0.1)
            found = row(play.app, promotion_id)
            assert (found.state is S.SCHEDULED) == (held_for(play.app) == promotion_id)
            assert found.state in {S.SCHEDULED, S.CANCELLED}
            assert (found.ended_at is not None) == (found.state is S.CANCELLED)
            if survived:
                assert found.state is (S.SCHEDULED if act is move else S.CANCELLED)
                break
        assert number > 1
        assert recorded(play).state.active == OLD
        assert text(play.app)
