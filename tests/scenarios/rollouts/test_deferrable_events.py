"""How many hosts that are through call for a look at once: half of those in work, if others wait for their places."""

from __future__ import annotations

import pytest

from shared.models.policy import ScheduleMode
from shared.rollouts.reconcile.whole_pool import reconcile_whole_pool
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import EAGER, office

HOSTS = 5


def in_work(drive: Drive) -> int:
    return sum(row.state.in_work for row in drive.rows.values())


@pytest.mark.parametrize(("at_a_time", "enough"), [(1, 1), (3, 2), (4, 2), (HOSTS, 0)])
def test_half_of_those_in_work_are_enough_as_long_as_others_wait(at_a_time: int, enough: int) -> None:
    drive = office(*[0] * HOSTS)
    drive.publish(ScheduleMode.NOW, policy=EAGER | {"max_in_flight": at_a_time, "strategy": "reimage"})
    drive.run(60, until=lambda: in_work(drive) == at_a_time)
    assert in_work(drive) == at_a_time

    assert (
        reconcile_whole_pool(drive.services, drive.engine, drive.rollout_id, drive.rollout.engine_run).flush_after
        == enough
    )
