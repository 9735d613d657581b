"""What a set-as-image and a promotion would do is shown before, and nothing is written for it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.pools import Ring
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, add_pool, studio

SET, PROMOTE = f"/api/images/{IMAGE}/set-as-image", "/api/promotions"
TOMORROW = {"image": IMAGE, "at": "2026-11-03T20:00", "time_zone": "Europe/Berlin"}


def what_if(env: Environment, path: str, body: dict[str, Any]) -> Reply:
    """Ask; nothing may be written, nor begun in Azure or in the engine."""
    rows = [table for name, table in vars(env.app.tables).items() if name != "refusals"]
    before = [dict(table._stored) for table in rows if hasattr(table, "_stored")]
    reply = env.app.send("POST", f"{path}?what_if=true", body)
    assert [dict(table._stored) for table in rows if hasattr(table, "_stored")] == before
    assert not env.app.engine.tasks
    assert not [call for call in env.app.world.calls if call[0].startswith("start_")]
    return reply


def becomes(plan: dict[str, Any]) -> dict[str, tuple[str | None, str]]:
    return {it["version"]: (it["state"], it["becomes"]) for it in plan["versions"]}


class TestSetAsImage:
    """POST images/{image}/set-as-image?what_if=true."""

    def test_it_shows_the_number_the_regions_and_what_becomes_of_the_versions(self) -> None:
        env = studio()
        reply = what_if(env, SET, {})
        assert reply.status == 200, reply.text
        plan = reply.json
        assert (plan["image"], plan["version"], plan["from_version"]) == (IMAGE, NEW, OLD)
        assert becomes(plan) == {NEW: (None, "staged")}
        assert (plan["running"], plan["switched_off"]) == (False, False)
        assert [region["name"] for region in plan["regions"]]

    @pytest.mark.parametrize(("backup", "old"), [(True, "backup"), (False, "replaced")])
    def test_without_staging_it_becomes_active(self, backup: bool, old: str) -> None:
        plan = what_if(studio(), SET, {"stage": False, "backup": backup, "step": "minor"}).json
        assert becomes(plan) == {OLD: ("active", old), "1.1.0": (None, "active")}

    def test_the_task_gets_what_was_shown(self) -> None:
        env = studio()
        plan = what_if(env, SET, {"step": "patch"}).json
        task = env.app.send("POST", SET, {"step": "patch"}).json
        assert (task["version"], task["from_version"]) == (plan["version"], plan["from_version"])

    def test_a_running_template_would_be_switched_off(self) -> None:
        env = studio(power="running")
        assert what_if(env, SET, {}).status == 409
        plan = what_if(env, SET, {"power_off": True}).json
        assert (plan["running"], plan["switched_off"]) == (True, True)

    @pytest.mark.parametrize(
        ("body", "status"), [({"version": OLD}, 400), ({"stage": True, "backup": False}, 400), ({"regions": []}, 400)]
    )
    def test_what_would_be_refused_is_refused_here_too(self, body: dict[str, Any], status: int) -> None:
        assert what_if(studio(), SET, body).status == status

    def test_a_version_that_is_staged_is_in_the_way_here_too(self) -> None:
        env = studio(staged=True)
        assert what_if(env, SET, {}).status == env.app.send("POST", SET, {}).status == 409


class TestPromotion:
    """POST promotions?what_if=true."""

    def test_it_shows_the_moment_and_what_would_be_done_then(self) -> None:
        env = studio(staged=True)
        add_pool(env, "lab", Ring.TEST, users=2)
        add_pool(env, "east")
        schedule = {"mode": "on_logoff", "deadline": "2026-11-04T20:00:00Z"}
        reply = what_if(env, PROMOTE, TOMORROW | {"update_pools": ["lab"], "schedule": schedule})
        assert reply.status == 200, reply.text
        plan = reply.json
        assert (plan["due_at"], plan["due_local"]) == ("2026-11-03T19:00:00Z", "2026-11-03T20:00:00+01:00")
        activation = plan["activation"]
        assert (activation["version"], activation["from_version"], activation["can_start"]) == (NEW, OLD, True)
        assert becomes(activation) == {OLD: ("active", "backup"), NEW: ("staged", "active")}
        assert {pool["pool"]: pool["updated"] for pool in activation["pools"]} == {"lab": True, "east": False}
        assert (activation["to_update"], activation["users_at_force"]) == (1, 2)
        assert activation["schedule"]["force_at"] == "2026-11-04T20:00:00Z"

    def test_the_promotion_gets_what_was_shown(self) -> None:
        env = studio(staged=True)
        plan = what_if(env, PROMOTE, TOMORROW).json
        made = env.app.send("POST", PROMOTE, TOMORROW).json
        assert (made["due_at"], made["version"]) == (plan["due_at"], plan["activation"]["version"])

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (TOMORROW | {"at": "2026-11-01T20:00"}, 400),
            (TOMORROW | {"image": "nothing"}, 400),
            (TOMORROW | {"version": OLD}, 409),
            ({"image": IMAGE}, 400),
        ],
    )
    def test_what_would_be_refused_is_refused_here_too(self, body: dict[str, Any], status: int) -> None:
        env = studio(staged=True)
        assert what_if(env, PROMOTE, body).status == status == env.app.send("POST", PROMOTE, body).status

    def test_another_promotion_is_in_the_way_here_too(self) -> None:
        env = studio(staged=True)
        assert env.app.send("POST", PROMOTE, TOMORROW).status == 201
        assert what_if(env, PROMOTE, TOMORROW).status == 409
