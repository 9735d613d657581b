"""What an activation or a roll-back of an image would do is shown before, and nothing is written for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureForbidden
from shared.core.states import RolloutState
from shared.models.pools import Ring
from shared.services import TASKS
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, activated, add_pool, given_out, post, recorded, studio
from tests.fixtures.version_sets import record_family, version_set

NOW = {"schedule": {"mode": "now"}}


def with_pools(env: Environment) -> Environment:
    """A test pool and two of ring production, on 1.0.0."""
    add_pool(env, "lab", Ring.TEST)
    add_pool(env, "east")
    add_pool(env, "west")
    return env


def what_if(env: Environment, path: str, **body: Any) -> Reply:
    """Ask; nothing may be written, nor Azure be asked to change anything."""
    tables = [table for name, table in vars(env.app.tables).items() if name != "refusals"]  # counts refused requests
    before = [dict(table._stored) for table in tables if hasattr(table, "_stored")]
    calls = env.app.world.count("start_exclude")
    reply = post(env, f"/{path}?what_if=true", body)
    assert [dict(table._stored) for table in tables if hasattr(table, "_stored")] == before
    assert (env.app.world.count("start_exclude"), len(env.app.engine.tasks)) == (calls, 0)
    return reply


def becomes(reply: Reply) -> dict[str, tuple[str | None, str]]:
    return {it["version"]: (it["state"], it["becomes"]) for it in reply.json["versions"]}


def pools_of(reply: Reply) -> dict[str, dict[str, Any]]:
    return {it["pool"]: it for it in reply.json["pools"]}


def test_an_activation_shows_the_versions_and_the_pools_that_follow() -> None:
    env = with_pools(studio(staged=True))
    reply = what_if(env, "activate", update_pools=["east"], **NOW)
    assert (reply.status, reply.json["can_start"]) == (200, True)
    assert (reply.json["version"], reply.json["from_version"]) == (NEW, OLD)
    assert becomes(reply) == {OLD: ("active", "backup"), NEW: ("staged", "active")}
    east, west = pools_of(reply)["east"], pools_of(reply)["west"]
    assert (east["updated"], east["update_ring"], east["new_hosts_then"]["version"]) == (True, 2, OLD)
    assert east["new_hosts_then"]["reason"]["code"] == "rollout_to_come"
    assert (west["updated"], west["follows"]) == (False, True)
    assert (west["new_hosts_now"]["version"], west["new_hosts_then"]["version"]) == (OLD, NEW)
    assert reply.json["schedule"]["mode"] == "now"
    assert {it["result"] for it in reply.json["preflight"]} <= {"pass", "warn"}


def test_what_is_shown_comes_true() -> None:
    env = with_pools(studio(staged=True))
    shown = pools_of(what_if(env, "activate", backup=False))
    assert post(env, "/activate", {"backup": False}).status == 202
    assert {name: given_out(env, name) for name in shown} == {
        name: it["new_hosts_then"]["version"] for name, it in shown.items()
    }


def test_without_a_backup_the_former_version_is_shown_as_replaced() -> None:
    env = studio(staged=True)
    assert becomes(what_if(env, "activate", backup=False))[OLD] == ("active", "replaced")


def test_a_version_that_is_not_recorded_yet_is_shown_and_not_recorded() -> None:
    env = studio(staged=True)
    record_family(env.app.tables.versions, version_set(None, backups=(), staged=NEW))
    assert becomes(what_if(env, "activate")) == {OLD: ("active", "backup"), NEW: ("staged", "active")}
    assert recorded(env).state.active is None


def test_a_roll_back_shows_which_rollouts_it_stops() -> None:
    env = with_pools(activated(studio()))
    env.app.later(minutes=1)
    at = (env.app.now + timedelta(hours=1)).isoformat()
    ids = {}
    for pool in ("east", "west"):
        asked = {"version": NEW, "schedule": {"mode": "at", "at": at}}
        ids[pool] = env.app.send("POST", f"/api/pools/{pool}/update-image", asked).json["id"]
    env.app.engine.rollouts.clear()
    reply = what_if(env, "roll-back", update_pools=["west"], **NOW)
    assert (reply.status, reply.json["version"], reply.json["from_version"]) == (200, OLD, NEW)
    assert becomes(reply) == {NEW: ("active", "backup"), OLD: ("backup", "active")}
    stopped = {it["pool"]: (it["rollout"], it["state"]) for it in reply.json["stopped_rollouts"]}
    assert stopped == {"east": (ids["east"], "paused"), "west": (ids["west"], "cancelling")}
    assert env.app.rollout(ids["east"]).state is RolloutState.SCHEDULED
    cancelled = what_if(env, "roll-back", rollouts="cancel")
    assert {it["state"] for it in cancelled.json["stopped_rollouts"]} == {"cancelling"}


@pytest.mark.parametrize("path", ["activate", "roll-back"])
def test_what_stops_it_is_a_finding_and_no_refusal(path: str) -> None:
    env = with_pools(studio(staged=True) if path == "activate" else activated(studio()))
    env.app.world.fail("host_pool", AzureForbidden("host_pool", 403, "AuthorizationFailed", "no right"), times=9)
    reply = what_if(env, path, update_pools=["west"], **NOW)
    assert (reply.status, reply.json["can_start"]) == (200, False)
    failed = [it for it in reply.json["preflight"] if it["result"] == "fail"]
    assert failed and failed[0]["detail"].startswith("pool west: ")
    env.app.world.fail("host_pool", AzureForbidden("host_pool", 403, "AuthorizationFailed", "no right"), times=9)
    assert post(env, f"/{path}", {"update_pools": ["west"], **NOW}).status == 422


def test_a_request_that_the_rules_refuse_is_refused_here_too() -> None:
    env = studio()
    assert what_if(env, "activate").status == 409
    assert what_if(env, "roll-back").status == 409
    assert what_if(env, "activate", update_pools=["nowhere"], **NOW).bad_fields == {"update_pools"}
    assert env.app.send("POST", "/api/images/other/activate?what_if=true", {}).status == 404


def test_a_failed_verdict_needs_force_here_too() -> None:
    env = activated(studio())
    assert post(env, f"/versions/{OLD}/verdict", {"result": "failed"}).status == 200
    assert what_if(env, "roll-back").status == 409
    assert what_if(env, "roll-back", force=True).json["version"] == OLD


def test_new_hosts_do_not_get_a_version_that_was_rolled_back_although_its_rollout_stands() -> None:
    env = with_pools(activated(studio()))
    env.app.later(minutes=1)
    schedule = {"mode": "on_logoff", "deadline": (env.app.now + timedelta(hours=8)).isoformat()}
    add_pool(env, "north", hosts=3)
    policy = {"min_available": 0, "settle_seconds": 0}
    asked = {"version": NEW, "schedule": schedule, "policy": policy}
    rollout = env.app.send("POST", "/api/pools/north/update-image", asked).json["id"]
    env.run(3, until=lambda: env.app.rollout(rollout).progress.canary_passed_at is not None)
    assert given_out(env, "north") == NEW
    env.app.later(minutes=1)
    shown = pools_of(what_if_running(env))["north"]
    assert post(env, "/roll-back").status == 202
    assert env.app.rollout(rollout).state is RolloutState.PAUSED
    assert given_out(env, "north") == shown["new_hosts_then"]["version"] == OLD
    assert env.app.tables.tasks.all(TASKS)
    assert env.app.send("GET", f"/api/images/{IMAGE}").json["current"] == OLD


def what_if_running(env: Environment) -> Reply:
    return post(env, "/roll-back?what_if=true")
