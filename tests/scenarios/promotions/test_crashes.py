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

    def test_the_process_may_die_at_any_call_until_the_activation_completes(self) -> None:
        env = with_staged()
        plan(env.app, hours=0.1)
        begun = env.calls
        env.run(0.5)
        count = env.calls - begun
        assert count > 15
        for number in range(1, count + 1):
            env = with_staged()
            promotion_id = plan(env.app, hours=0.1)
            env.die_at_call(number)
            env.run(0.5)
            assert env.died == 1, number
            promotion = row(env.app, promotion_id)
            assert (promotion.state, activations(env.app)) == (S.PROMOTED, [promotion.task]), number
            assert active(env.app) == NEW
            assert_at_rest(env)

    def test_the_process_may_die_while_the_promotion_is_refused(self) -> None:
        number = 0
        while True:
            number += 1
            env = with_staged()
            promotion_id = plan(env.app)
            post(env, f"/versions/{NEW}/verdict", {"result": "failed"})
            env.app.later(hours=25)
            env.die_at_call(number)
            survived = env.survive(quietly(run, env.app))
            env.run(0.1)
            assert_not_promoted(env.app, promotion_id, S.FAILED)
            assert "has failed its test" in str(row(env.app, promotion_id).note)
            if survived:
                break
        assert number > 4

    def test_the_process_may_die_while_the_promotion_is_requested(self) -> None:
        number = 0
        while True:
            number += 1
            env = with_staged()
            env.die_at_call(number)
            survived = env.survive(quietly(ask, env.app, hours=0.2))
            env.run(0.1)
            rows = env.app.tables.promotions.all(PROMOTIONS)
            scheduled = [found for found in rows if found.state is S.SCHEDULED]
            assert [found.id for found in scheduled] == ([held_for(env.app)] if held_for(env.app) else [])
            if not scheduled:
                assert ask(env.app, hours=0.2).status == 201
            env.run(0.5)
            assert active(env.app) == NEW
            assert len(activations(env.app)) == 1
            assert_at_rest(env)
            if survived:
                break
        assert number > 3

    @pytest.mark.parametrize("act", [cancel, move, discard])
    def test_the_process_may_die_while_the_promotion_is_changed(self, act: Callable[[App, str], Reply]) -> None:
        number = 0
        while True:
            number += 1
            env = with_staged()
            promotion_id = plan(env.app)
            env.die_at_call(number)
            survived = env.survive(quietly(act, env.app, promotion_id))
            env.run(0.1)
            found = row(env.app, promotion_id)
            assert (found.state is S.SCHEDULED) == (held_for(env.app) == promotion_id)
            assert found.state in {S.SCHEDULED, S.CANCELLED}
            assert (found.ended_at is not None) == (found.state is S.CANCELLED)
            if survived:
                assert found.state is (S.SCHEDULED if act is move else S.CANCELLED)
                break
        assert number > 1
        assert recorded(env).state.active == OLD
        assert text(env.app)
