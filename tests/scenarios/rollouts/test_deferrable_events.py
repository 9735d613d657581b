"""How many hosts that are through call for a look at once: half of those in work, if others wait for their places."""

from __future__ import annotations

import pytest

from shared.models.policy import ScheduleMode
from shared.rollouts.reconcile.whole_pool import reconcile_whole_pool
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, office

HOSTS = 5


def in_work(env: RolloutEnvironment) -> int:
    return sum(row.state.in_work for row in env.rows.values())


@pytest.mark.parametrize(("at_a_time", "enough"), [(1, 1), (3, 2), (4, 2), (HOSTS, 0)])
def test_half_of_the_hosts_in_work_start_the_next_batch_while_others_wait(at_a_time: int, enough: int) -> None:
    env = office(*[0] * HOSTS)
    env.publish(ScheduleMode.NOW, policy=EAGER | {"max_in_flight": at_a_time, "strategy": "reimage"})
    env.run_to_minute(60, until=lambda: in_work(env) == at_a_time)
    assert in_work(env) == at_a_time

    assert reconcile_whole_pool(env.services, env.engine, env.rollout_id, env.rollout.engine_run).flush_after == enough
