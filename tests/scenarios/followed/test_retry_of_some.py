"""A retry of some of the failed hosts, while the rollout runs and after its end."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureRefused
from shared.core.states import HostState, RolloutState
from tests.fixtures.app import Reply
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, office

BROKEN = AzureRefused("re-image the VM", 400, "BadRequest", "the VM is broken")
POLICY = EAGER | {"retries": 0, "on_failure": "continue", "strategy": "reimage"}


def two_failed(*others: int, **policy: Any) -> RolloutEnvironment:
    """A rollout on whose first two hosts the re-image failed once."""
    env = office(0, 0, *others)
    for host in ("host-01", "host-02"):
        env.world.fail("start_reimage", BROKEN, times=1, target=host)
    env.publish(force=300, policy=POLICY | policy)
    env.run_to_minute(60)
    assert failed(env) == {"host-01", "host-02"}
    return env


def failed(env: RolloutEnvironment) -> set[str]:
    return {name for name, row in env.rows.items() if row.state is HostState.FAILED}


def retry(env: RolloutEnvironment, *hosts: str, **more: Any) -> Reply:
    return env.app.send("POST", f"/api/rollouts/{env.rollout_id}/retry", {"hosts": list(hosts), **more})


def test_only_the_named_host_is_tried_again() -> None:
    env = two_failed(1)
    assert retry(env, "HOST-02").status == 202
    env.run_to_minute(120)
    assert failed(env) == {"host-01"}
    assert env.rows["host-02"].state is HostState.DONE
    assert retry(env, "host-01").status == 202
    env.run_to_minute(200)
    assert failed(env) == set()


def test_another_host_is_written_down_beside_the_first_one() -> None:
    env = two_failed(1)
    retry(env, "host-02")
    before = env.rollout
    env.app.later(seconds=1)
    assert retry(env, "host-01").status == 202
    assert set(env.rollout.failures.retried) == {"host-01", "host-02"}
    assert env.rollout != before
    events = env.app.send("GET", f"/api/rollouts/{env.rollout_id}/events").json["items"]
    told = [(one["text"]["text"], one["data"]["hosts"]) for one in events if one["kind"] == "retried"]
    assert told == [("Tried again: host-01.", ["host-01"]), ("Tried again: host-02.", ["host-02"])]


def test_a_paused_rollout_goes_on_and_the_other_failures_do_not_pause_it() -> None:
    env = two_failed(1, max_failed=0, on_failure="pause")
    assert env.rollout.state is RolloutState.PAUSED
    assert retry(env, "host-02").status == 202
    env.run_to_minute(120)
    assert env.rollout.state is RolloutState.RUNNING and failed(env) == {"host-01"}


def test_a_host_that_has_not_failed_is_refused() -> None:
    env = two_failed(1)
    reply = retry(env, "host-02", "host-03")
    assert (reply.status, reply.json["errors"]) == (
        400,
        [{"field": "hosts", "message": "host-03 has not failed in this rollout"}],
    )
    assert retry(env).status == 400


@pytest.mark.parametrize("host", ["host-01", "host-02"])
def test_after_the_end_a_new_rollout_tries_the_named_host(host: str) -> None:
    env = two_failed(max_failed=9)
    env.run_to_minute(400)
    assert env.rollout.state is RolloutState.FAILED or env.rollout.state.ended
    reply = retry(env, host, reason="disk was mended")
    assert reply.status == 202, reply.text
    old, env.rollout_id = env.rollout_id, reply.json["id"]
    assert env.rollout_id != old
    env.run_to_minute(800)
    assert {name for name, row in env.rows.items() if row.state is HostState.DONE} == {host}
    assert env.rollout.state.ended
