"""Jobs over many pools over HTTP: which pools are meant, what is refused before anything is begun, the plan."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureBusy, AzureForbidden
from shared.models.images import Image
from shared.models.policy import PolicyOverrides
from shared.models.pools import Pool, Ring
from shared.models.tasks import TaskKind
from shared.models.windows import Window
from shared.services import POOLS, ROLLOUTS, TASKS
from tests.fixtures.app import Reply
from tests.fixtures.audit import changes
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.fleet import NOW, ask, crowd, in_hours, seen, send, tell
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, add_pool
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID

GAP = "2027-03-28T02:30"


def change(env: Environment, name: str, **changes: Any) -> Pool:
    found = env.app.tables.pools.find(POOLS, name)
    assert found
    return env.app.tables.pools.replace(found.model_copy(update=changes))


def other_image(env: Environment) -> None:
    """An image `other`, whose 2.0.0 is active too."""
    other = f"{DEFINITION_ID}-other"
    env.app.world.add_definition(other)
    env.app.world.add_version(NEW, other)
    env.app.tables.images.add(Image(name="other", definition_id=other, registered_at=env.app.now))
    record_family(env.app.tables.versions, version_set(NEW, backups=(), image="other"))


def nothing_written(env: Environment) -> bool:
    tables = env.app.tables
    return not tables.tasks.all(TASKS) and not tables.rollouts.all(ROLLOUTS) and not env.app.engine.tasks


def rings_of(reply: Reply) -> dict[str, int]:
    return {pool["pool"]: pool["ring"] for pool in reply.json["pools"]}


class TestChoice:
    """Names or a filter, and the rings."""

    def test_named_pools_keep_their_registered_rings(self) -> None:
        env = crowd()
        reply = send(env, pools=["pilot", "lab", "office", "lab"], reason="patch day")
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/tasks/{reply.json['id']}")
        assert rings_of(reply) == {"lab": 0, "pilot": 1, "office": 2}
        task = reply.json
        assert (task["kind"], task["image"], task["version"], task["state"]) == ("update_pools", IMAGE, NEW, "running")
        assert (task["gate"], task["ring"], task["reason"], task["percent"]) == ("auto", None, "patch day", 0)
        assert task["waits_for"]["text"] == "Ring 0 starts."
        assert set(env.app.engine.tasks.values()) == {TaskKind.UPDATE_POOLS}
        entry = changes(env.app.tables, f"{env.app.now:%Y-%m}")[0]
        assert (entry.action, entry.subject, entry.after) == ("update pools", IMAGE, NEW)

    def test_rings_of_the_request_take_precedence(self) -> None:
        assert rings_of(send(crowd(), rings={"office": 0, "lab": 9})) == {"office": 0, "pilot": 1, "lab": 9}

    @pytest.mark.parametrize(
        ("chosen", "names"),
        [
            ({"account": "default"}, {"lab", "pilot", "office", "hut"}),
            ({"account": "contoso"}, {"shop"}),
            ({"ring": "production"}, {"office", "hut", "shop"}),
            ({"account": "default", "ring": "production"}, {"office", "hut"}),
            ({"image": IMAGE, "ring": "test"}, {"lab"}),
        ],
    )
    def test_a_filter_selects_pools(self, chosen: dict[str, str], names: set[str]) -> None:
        env = crowd()
        add_pool(env, "hut")
        add_pool(env, "shop", account="contoso")
        assert rings_of(send(env, filter=chosen)).keys() == names

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"pools": None}, {"pools"}),
            ({"pools": []}, {"pools"}),
            ({"pools": ["lab"], "filter": {"ring": "test"}}, {"filter"}),
            ({"pools": ["lab", "nope"]}, {"pools"}),
            ({"filter": {}}, {"filter"}),
            ({"filter": {"account": "nobody"}}, {"filter.account"}),
            ({"filter": {"image": "nope"}}, {"filter.image"}),
            ({"filter": {"ring": "3"}}, {"filter.ring"}),
            ({"filter": {"name": "lab"}}, {"filter.name"}),
            ({"pools": ["lab"], "rings": {"office": 1}}, {"rings.office"}),
            ({"pools": ["lab"], "rings": {"lab": 10}}, {"rings.lab"}),
            ({"pools": ["lab"], "image": "nope"}, {"image"}),
            ({"pools": ["lab"], "soak_minutes": -1}, {"soak_minutes"}),
            ({"pools": ["lab"], "gate": "maybe"}, {"gate"}),
            ({"pools": ["lab"], "vm_size": "big"}, {"vm_size"}),
            ({"pools": ["lab"], "schedule": {"mode": "at", "at": GAP, "time_zone": "Europe/Berlin"}}, {"schedule.at"}),
            ({"pools": ["lab"], "schedule": {"mode": "at", "at": "2020-01-01T00:00"}}, {"schedule.at"}),
            ({"pools": ["lab"], "schedule": {"mode": "on_logoff"}}, {"schedule.deadline"}),
            ({"pools": ["lab"], "policy": {"bake_minutes": 5, "canary_hosts": 0}}, {"policy.canary_hosts"}),
            (
                {"pools": ["nope"], "rings": {"lab": 1}, "image": "nope", "schedule": {"mode": "at"}},
                {"pools", "rings.lab", "image", "schedule.at"},
            ),
            (
                {"version": "2", "pools": ["nope"], "image": "nope", "schedule": {"mode": "at"}},
                {"version"},
            ),
            (
                {"schedule": {"mode": "at", "at": "2020-01-01T00:00"}, "image": "nope",
                 "policy": {"bake_minutes": 5, "canary_hosts": 0}, "pools": ["lab"]},
                {"schedule.at", "image", "policy.canary_hosts"},
            ),
            ({"version": "2", "pools": "nope", "rings": {"lab": 99}}, {"version", "pools", "rings.lab"}),  # form only
        ],
    )  # fmt: skip
    def test_contradictory_selections_are_refused_with_the_field(self, body: dict[str, Any], fields: set[str]) -> None:
        env = crowd()
        base: dict[str, Any] = {"version": NEW, **NOW}
        reply = env.app.send("POST", "/api/rollouts", {**base, **{k: v for k, v in body.items() if v is not None}})
        assert (reply.status, reply.bad_fields) == (400, fields)
        assert nothing_written(env)

    def test_pools_of_different_images_need_an_explicit_image(self) -> None:
        env = crowd()
        other_image(env)
        change(env, "lab", image="other")
        refused = send(env)
        assert (refused.status, refused.bad_fields) == (400, {"image"})
        assert f"different images (other, {IMAGE})" in refused.text
        given = send(env, image="other")
        assert (given.status, given.json["image"]) == (202, "other")

    def test_pools_in_different_time_zones_need_an_explicit_zone(self) -> None:
        env = crowd()
        change(env, "lab", time_zone="Asia/Tokyo")
        at = {"mode": "at", "at": "2026-11-03T01:00"}
        assert send(env, schedule=at).bad_fields == {"schedule.time_zone"}
        late = {"mode": "on_logoff", "begin_at": "2026-11-04T01:00"}
        assert send(env, schedule=late).bad_fields == {"schedule.time_zone", "schedule.deadline"}
        assert send(env, schedule={"mode": "now"}).status == 202
        reply = send(env, pools=["lab"], schedule=at)
        task = env.app.tables.tasks.find(TASKS, reply.json["id"])
        assert task and task.pools
        assert task.pools.update.schedule.begin_at.isoformat() == "2026-11-02T16:00:00+00:00"


class TestChecks:
    """Nothing is begun that could not go well."""

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"version": "9.0.0"}, "version"),
            ({"version": "0.9.0"}, "version"),
            ({"policy": {"strategy": "reimage"}}, "policy.strategy"),
        ],
    )  # fmt: skip
    def test_a_first_ring_that_cannot_be_updated_is_refused_with_every_finding(
        self, body: dict[str, Any], field: str
    ) -> None:
        env = crowd()
        if field == "policy.strategy":
            (host,) = [machine for machine in env.app.world.machines.values() if machine.name.startswith("lab")]
            env.app.world.change_machine(host.id, ephemeral=True)
        refused = send(env, **body)
        assert (refused.status, field in refused.bad_fields) == (422, True)
        failed = [finding["detail"] for finding in refused.json["findings"] if finding["result"] == "fail"]
        assert failed and all(detail.startswith("pool lab: ") for detail in failed)
        assert nothing_written(env)

    def test_a_missing_right_is_a_422(self) -> None:
        env = crowd()
        env.app.world.fail("host_pool", AzureForbidden("host_pool", 403, "AuthorizationFailed", "no right"), times=9)
        assert send(env).status == 422
        assert nothing_written(env)

    def test_every_pool_of_the_first_ring_is_checked_and_no_other(self) -> None:
        env = crowd()
        add_pool(env, "den", Ring.TEST)
        del env.app.world.pools[change(env, "office").host_pool_id.lower()]
        assert send(env).status == 202
        del env.app.world.pools[change(env, "den").host_pool_id.lower()]
        refused = send(env)
        assert refused.status == 422
        assert "pool den" in refused.text

    def test_a_staged_version_is_only_for_test_pools(self) -> None:
        env = crowd()
        env.app.world.add_version("3.0.0", staged=True)
        record_family(env.app.tables.versions, version_set(NEW, backups=(OLD,), staged="3.0.0"))
        assert send(env, version="3.0.0", pools=["lab"]).status == 202
        assert send(env, version="3.0.0", pools=["office"]).status == 422

    def test_a_downgrade_must_be_requested_explicitly(self) -> None:
        env = crowd(version=NEW)
        assert send(env, version=OLD).status == 422
        assert send(env, version=OLD, allow_downgrade=True).status == 202

    def test_an_invalid_policy_for_a_pool_of_a_later_ring_is_named_with_the_pool(self) -> None:
        env = crowd()
        change(env, "office", policy=PolicyOverrides(canary_hosts=0))
        refused = send(env, policy={"bake_minutes": 10})
        assert (refused.status, refused.bad_fields) == (400, {"policy.canary_hosts"})
        assert "pool office" in refused.text

    def test_a_pool_held_by_another_rollout_does_not_block_the_request(self) -> None:
        env = crowd()
        held = env.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, **NOW})
        assert held.status == 202
        assert send(env).status == 202

    def test_while_azure_throttles_no_update_starts(self) -> None:
        env = crowd()
        env.app.world.fail("host_pool", AzureBusy("host_pool", 429, "TooManyRequests", "later", retry_after=7))
        reply = send(env)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "7")
        assert nothing_written(env)

    def test_two_requests_with_one_key_start_one_update(self) -> None:
        env = crowd()
        body = {"filter": {"ring": "test"}, "version": NEW, **NOW}
        first, again = (
            env.app.send("POST", "/api/rollouts", body, headers={"Idempotency-Key": "patch-day"}) for _ in range(2)
        )
        assert (first.status, first.json["id"]) == (again.status, again.json["id"])
        assert len(env.app.tables.tasks.all(TASKS)) == 1

    def test_an_unreachable_engine_does_not_block_the_request(self) -> None:
        env = crowd()
        env.app.engine.down = AzureBusy("engine", 503, "Unavailable", "not there")
        assert send(env).status == 202


class TestPlan:
    """`what_if=true`: every pool's plan, ring by ring."""

    def plan(self, env: Environment, **body: Any) -> Any:
        reply = send(env, "?what_if=true", **body)
        assert reply.status == 200, reply.text
        assert nothing_written(env)
        return reply.json

    def test_the_preview_shows_each_ring_with_pools_and_start(self) -> None:
        env = crowd(hosts=2, users=1)
        plan = self.plan(env, soak_minutes=90, gate="approve")
        assert [ring["ring"] for ring in plan["rings"]] == [0, 1, 2]
        assert [[pool["pool"] for pool in ring["pools"]] for ring in plan["rings"]] == [["lab"], ["pilot"], ["office"]]
        assert [ring["approval"] for ring in plan["rings"]] == [False, True, True]
        assert (plan["can_start"], plan["problems"]) == (True, [])
        assert (plan["to_update"], plan["users_now"], plan["users_at_force"]) == (6, 6, 6)
        assert (plan["soak_minutes"], plan["gate"], plan["image"], plan["version"]) == (90, "approve", IMAGE, NEW)
        moments = [moment for ring in plan["rings"] for moment in (ring["begins_at"], ring["expected_end"])]
        assert moments == sorted(moments)
        assert plan["expected_end"] == moments[-1]
        assert plan["rings"][2]["pools"][0]["schedule"]["begin_at"] == plan["rings"][2]["begins_at"]

    def test_pools_scheduled_at_a_time_of_day_start_on_later_days(self) -> None:
        at = {"mode": "at", "at": "2026-11-03T01:00"}
        plan = self.plan(crowd(), schedule=at)
        begins = [ring["pools"][0]["schedule"]["begin_at"][:13] for ring in plan["rings"]]
        assert begins == ["2026-11-03T01", "2026-11-04T01", "2026-11-05T01"]

    def test_the_preview_uses_the_windows_of_each_pool(self) -> None:
        env = crowd()
        night = Window.model_validate({"from": "22:00", "to": "05:00"})
        change(env, "lab", policy=PolicyOverrides(windows=(night,)))
        lab = self.plan(env)["rings"][0]["pools"][0]
        assert (lab["schedule"]["mode"], lab["schedule"]["force_at"]) == ("at", "2026-11-02T22:00:00Z")

    def test_later_obstacles_are_shown_with_ring_and_pool(self) -> None:
        env = crowd()
        del env.app.world.pools[change(env, "office").host_pool_id.lower()]
        plan = self.plan(env)
        assert plan["can_start"]
        assert plan["problems"][0]["text"].startswith("Pool office (ring 2): ")
        assert plan["problems"][0]["href"] == "/api/pools/office"
        assert plan["rings"][2]["expected_end"] is None
        assert plan["expected_end"] is None

    def test_the_preview_shows_a_first_ring_that_cannot_start(self) -> None:
        plan = self.plan(crowd(), version="9.0.0")
        assert (plan["can_start"], len(plan["problems"]) >= 3) == (False, True)

    def test_the_preview_waits_for_a_pool_held_by_another_rollout(self) -> None:
        env = crowd()
        held = env.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, **NOW}).json["id"]
        env.app.engine.tasks.clear()
        reply = send(env, "?what_if=true")
        lab = reply.json["rings"][0]["pools"][0]
        assert (reply.json["can_start"], lab["can_start"]) == (True, True)
        (finding,) = [one for one in lab["preflight"] if one["check"] == "rollout"]
        assert (finding["result"], held in finding["detail"]) == ("warn", True)

    def test_the_preview_refuses_what_the_request_refuses(self) -> None:
        assert send(crowd(), "?what_if=true", pools=["nope"]).bad_fields == {"pools"}
        assert send(crowd(), "?what_if=perhaps").bad_fields == {"what_if"}


class TestApprove:
    """Only what waits for it can be approved."""

    def test_tasks_without_approvals_cannot_be_approved(self) -> None:
        env = crowd()
        auto = tell(env, ask(env), "approve")
        assert (auto.status, "goes on by itself" in auto.json["detail"]) == (409, True)
        staged = env.app.send("POST", f"/api/images/{IMAGE}/roll-back", {})
        assert "updates no pools" in tell(env, staged.json["id"], "approve").json["detail"]

    def test_a_rollout_is_approved_under_its_own_route(self) -> None:
        env = crowd()
        rollout = env.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, **NOW}).json["id"]
        reply = tell(env, rollout, "approve")
        assert (reply.status, reply.json["rollout"]) == (409, rollout)
        assert reply.json["href"] == f"/api/rollouts/{rollout}"

    def test_approving_an_unknown_task_is_404(self) -> None:
        env = crowd()
        assert tell(env, "8204680874795-4bd9", "approve").status == 404
        assert tell(env, "8204680874795-4bd9", "approve", ring=10).status == 404

    def test_a_ring_that_does_not_wait_cannot_be_approved(self) -> None:
        env = crowd()
        task_id = ask(env, gate="approve")
        for body in ({}, {"ring": 0}, {"ring": 1}, {"ring": 5}):
            assert tell(env, task_id, "approve", **body).status == 409
        assert "waits for no approval now" in tell(env, task_id, "approve").json["detail"]
        assert seen(env, task_id)["approvals"] == []


class TestCancel:
    """How a job is cancelled."""

    @pytest.mark.parametrize("how", ["leave", "roll_back"])
    def test_an_update_can_be_cancelled_before_it_starts(self, how: str) -> None:
        env = crowd()
        task_id = ask(env)
        reply = tell(env, task_id, "cancel", how=how)
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/tasks/{task_id}")
        task = env.finish(task_id)
        assert (task.state, task.cancel_how) == ("cancelled", how)
        assert env.app.tables.rollouts.all(ROLLOUTS) == []
        assert str(task.note) == (
            "Cancelled by developer. 2.0.0 is on 0 of 3 pools. Pools that were not started: lab, office, pilot."
        )

    def test_only_a_fleet_update_can_be_undone(self) -> None:
        env = crowd()
        activation = env.app.send("POST", f"/api/images/{IMAGE}/roll-back", {}).json["id"]
        reply = tell(env, activation, "cancel", how="roll_back")
        assert (reply.status, reply.bad_fields) == (400, {"how"})
        assert "roll the image back instead" in reply.text
        assert tell(env, activation, "cancel", how="sideways").bad_fields == {"how"}

    def test_a_repeated_cancellation_changes_nothing_and_may_still_ask_for_the_undo(self) -> None:
        env = crowd(users=1)
        task_id = ask(env, schedule={"mode": "on_logoff", "deadline": in_hours(env, 5)})
        env.run(0.2)
        tell(env, task_id, "cancel")
        before = env.task(task_id)
        assert tell(env, task_id, "cancel", how="leave").status == 202
        assert env.task(task_id) == before
        assert tell(env, task_id, "cancel", how="roll_back").status == 202
        assert tell(env, task_id, "cancel", how="leave").status == 409
        assert env.finish(task_id).cancel_how == "roll_back"

    def test_an_ended_update_cannot_be_cancelled(self) -> None:
        env = crowd()
        task_id = ask(env, pools=["lab"])
        env.finish(task_id)
        assert tell(env, task_id, "cancel").status == 409
        assert "Roll back each pool instead." in tell(env, task_id, "cancel", how="roll_back").json["detail"]
