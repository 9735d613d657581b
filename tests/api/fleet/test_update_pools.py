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
from tests.fixtures.engine import Play
from tests.fixtures.scenarios.fleet import NOW, ask, crowd, in_hours, seen, send, tell
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, add_pool
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID

GAP = "2027-03-28T02:30"


def change(play: Play, name: str, **changes: Any) -> Pool:
    found = play.app.tables.pools.find(POOLS, name)
    assert found
    return play.app.tables.pools.replace(found.model_copy(update=changes))


def other_image(play: Play) -> None:
    """An image `other`, whose 2.0.0 is active too."""
    other = f"{DEFINITION_ID}-other"
    play.app.world.add_definition(other)
    play.app.world.add_version(NEW, other)
    play.app.tables.images.add(Image(name="other", definition_id=other, registered_at=play.app.now))
    record_family(play.app.tables.versions, version_set(NEW, backups=(), image="other"))


def nothing_written(play: Play) -> bool:
    tables = play.app.tables
    return not tables.tasks.all(TASKS) and not tables.rollouts.all(ROLLOUTS) and not play.app.engine.tasks


def rings_of(reply: Reply) -> dict[str, int]:
    return {pool["pool"]: pool["ring"] for pool in reply.json["pools"]}


class TestChoice:
    """Names or a filter, and the rings."""

    def test_pools_by_name_in_the_rings_they_are_registered_with(self) -> None:
        play = crowd()
        reply = send(play, pools=["pilot", "lab", "office", "lab"], reason="patch day")
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/tasks/{reply.json['id']}")
        assert rings_of(reply) == {"lab": 0, "pilot": 1, "office": 2}
        task = reply.json
        assert (task["kind"], task["image"], task["version"], task["state"]) == ("update_pools", IMAGE, NEW, "running")
        assert (task["gate"], task["ring"], task["reason"], task["percent"]) == ("auto", None, "patch day", 0)
        assert task["waits_for"]["text"] == "Ring 0 starts."
        assert set(play.app.engine.tasks.values()) == {TaskKind.UPDATE_POOLS}
        entry = play.app.tables.audit.all(f"{play.app.now:%Y-%m}")[0]
        assert (entry.action, entry.subject, entry.after) == ("update pools", IMAGE, NEW)

    def test_rings_that_the_request_gives_win(self) -> None:
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
    def test_pools_by_a_filter(self, chosen: dict[str, str], names: set[str]) -> None:
        play = crowd()
        add_pool(play, "hut")
        add_pool(play, "shop", account="contoso")
        assert rings_of(send(play, filter=chosen)).keys() == names

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
    def test_what_cannot_be_meant_is_refused_by_name(self, body: dict[str, Any], fields: set[str]) -> None:
        play = crowd()
        base: dict[str, Any] = {"version": NEW, **NOW}
        reply = play.app.send("POST", "/api/rollouts", {**base, **{k: v for k, v in body.items() if v is not None}})
        assert (reply.status, reply.bad_fields) == (400, fields)
        assert nothing_written(play)

    def test_pools_of_different_images_need_the_image_they_get(self) -> None:
        play = crowd()
        other_image(play)
        change(play, "lab", image="other")
        refused = send(play)
        assert (refused.status, refused.bad_fields) == (400, {"image"})
        assert f"different images (other, {IMAGE})" in refused.text
        given = send(play, image="other")
        assert (given.status, given.json["image"]) == (202, "other")

    def test_pools_in_different_zones_need_the_one_that_is_meant(self) -> None:
        play = crowd()
        change(play, "lab", time_zone="Asia/Tokyo")
        at = {"mode": "at", "at": "2026-11-03T01:00"}
        assert send(play, schedule=at).bad_fields == {"schedule.time_zone"}
        late = {"mode": "on_logoff", "begin_at": "2026-11-04T01:00"}
        assert send(play, schedule=late).bad_fields == {"schedule.time_zone", "schedule.deadline"}
        assert send(play, schedule={"mode": "now"}).status == 202
        reply = send(play, pools=["lab"], schedule=at)
        task = play.app.tables.tasks.find(TASKS, reply.json["id"])
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
        play = crowd()
        if field == "policy.strategy":
            (host,) = [machine for machine in play.app.world.machines.values() if machine.name.startswith("lab")]
            play.app.world.change_machine(host.id, ephemeral=True)
        refused = send(play, **body)
        assert (refused.status, field in refused.bad_fields) == (422, True)
        failed = [finding["detail"] for finding in refused.json["findings"] if finding["result"] == "fail"]
        assert failed and all(detail.startswith("pool lab: ") for detail in failed)
        assert nothing_written(play)

    def test_a_right_that_is_missing_is_a_422(self) -> None:
        play = crowd()
        play.app.world.fail("host_pool", AzureForbidden("host_pool", 403, "AuthorizationFailed", "no right"), times=9)
        assert send(play).status == 422
        assert nothing_written(play)

    def test_every_pool_of_the_first_ring_is_looked_at_and_no_other(self) -> None:
        play = crowd()
        add_pool(play, "den", Ring.TEST)
        del play.app.world.pools[change(play, "office").host_pool_id.lower()]
        assert send(play).status == 202
        del play.app.world.pools[change(play, "den").host_pool_id.lower()]
        refused = send(play)
        assert refused.status == 422
        assert "pool den" in refused.text

    def test_a_version_that_is_only_staged_is_for_test_pools(self) -> None:
        play = crowd()
        play.app.world.add_version("3.0.0", staged=True)
        record_family(play.app.tables.versions, version_set(NEW, backups=(OLD,), staged="3.0.0"))
        assert send(play, version="3.0.0", pools=["lab"]).status == 202
        assert send(play, version="3.0.0", pools=["office"]).status == 422

    def test_going_back_has_to_be_meant(self) -> None:
        play = crowd(version=NEW)
        assert send(play, version=OLD).status == 422
        assert send(play, version=OLD, allow_downgrade=True).status == 202

    def test_a_policy_that_breaks_on_a_pool_of_a_later_ring_is_named_with_it(self) -> None:
        play = crowd()
        change(play, "office", policy=PolicyOverrides(canary_hosts=0))
        refused = send(play, policy={"bake_minutes": 10})
        assert (refused.status, refused.bad_fields) == (400, {"policy.canary_hosts"})
        assert "pool office" in refused.text

    def test_a_pool_that_another_rollout_holds_is_no_hindrance(self) -> None:
        play = crowd()
        held = play.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, **NOW})
        assert held.status == 202
        assert send(play).status == 202

    def test_while_azure_is_busy_nothing_is_begun(self) -> None:
        play = crowd()
        play.app.world.fail("host_pool", AzureBusy("host_pool", 429, "TooManyRequests", "later", retry_after=7))
        reply = send(play)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "7")
        assert nothing_written(play)

    def test_sent_twice_with_a_key_it_is_one_job(self) -> None:
        play = crowd()
        body = {"filter": {"ring": "test"}, "version": NEW, **NOW}
        first, again = (
            play.app.send("POST", "/api/rollouts", body, headers={"Idempotency-Key": "patch-day"}) for _ in range(2)
        )
        assert (first.status, first.json["id"]) == (again.status, again.json["id"])
        assert len(play.app.tables.tasks.all(TASKS)) == 1

    def test_an_engine_that_is_away_is_no_hindrance(self) -> None:
        play = crowd()
        play.app.engine.down = AzureBusy("engine", 503, "Unavailable", "not there")
        assert send(play).status == 202


class TestPlan:
    """`what_if=true`: every pool's plan, ring by ring."""

    def plan(self, play: Play, **body: Any) -> Any:
        reply = send(play, "?what_if=true", **body)
        assert reply.status == 200, reply.text
        assert nothing_written(play)
        return reply.json

    def test_each_ring_with_its_pools_and_when_it_would_begin(self) -> None:
        play = crowd(hosts=2, users=1)
        plan = self.plan(play, soak_minutes=90, gate="approve")
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

    def test_pools_at_a_time_of_day_have_theirs_on_the_next_days(self) -> None:
        at = {"mode": "at", "at": "2026-11-03T01:00"}
        plan = self.plan(crowd(), schedule=at)
        begins = [ring["pools"][0]["schedule"]["begin_at"][:13] for ring in plan["rings"]]
        assert begins == ["2026-11-03T01", "2026-11-04T01", "2026-11-05T01"]

    def test_each_pools_own_windows(self) -> None:
        play = crowd()
        night = Window.model_validate({"from": "22:00", "to": "05:00"})
        change(play, "lab", policy=PolicyOverrides(windows=(night,)))
        lab = self.plan(play)["rings"][0]["pools"][0]
        assert (lab["schedule"]["mode"], lab["schedule"]["force_at"]) == ("at", "2026-11-02T22:00:00Z")

    def test_what_would_stop_it_later_is_told_with_ring_and_pool(self) -> None:
        play = crowd()
        del play.app.world.pools[change(play, "office").host_pool_id.lower()]
        plan = self.plan(play)
        assert plan["can_start"]
        assert plan["problems"][0]["text"].startswith("Pool office (ring 2): ")
        assert plan["problems"][0]["href"] == "/api/pools/office"
        assert plan["rings"][2]["expected_end"] is None
        assert plan["expected_end"] is None

    def test_a_first_ring_that_cannot_start(self) -> None:
        plan = self.plan(crowd(), version="9.0.0")
        assert (plan["can_start"], len(plan["problems"]) >= 3) == (False, True)

    def test_a_pool_that_another_rollout_holds_is_waited_for(self) -> None:
        play = crowd()
        held = play.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, **NOW}).json["id"]
        play.app.engine.tasks.clear()
        reply = send(play, "?what_if=true")
        lab = reply.json["rings"][0]["pools"][0]
        assert (reply.json["can_start"], lab["can_start"]) == (True, True)
        (finding,) = [one for one in lab["preflight"] if one["check"] == "rollout"]
        assert (finding["result"], held in finding["detail"]) == ("warn", True)

    def test_what_is_refused_is_refused_here_too(self) -> None:
        assert send(crowd(), "?what_if=true", pools=["nope"]).bad_fields == {"pools"}
        assert send(crowd(), "?what_if=perhaps").bad_fields == {"what_if"}


class TestApprove:
    """Only what waits for it can be approved."""

    def test_tasks_that_have_no_gate(self) -> None:
        play = crowd()
        auto = tell(play, ask(play), "approve")
        assert (auto.status, "goes on by itself" in auto.json["detail"]) == (409, True)
        staged = play.app.send("POST", f"/api/images/{IMAGE}/roll-back", {})
        assert "updates no pools" in tell(play, staged.json["id"], "approve").json["detail"]

    def test_a_rollout_is_approved_at_its_own_address(self) -> None:
        play = crowd()
        rollout = play.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, **NOW}).json["id"]
        reply = tell(play, rollout, "approve")
        assert (reply.status, reply.json["rollout"]) == (409, rollout)
        assert reply.json["href"] == f"/api/rollouts/{rollout}"

    def test_what_is_not_there(self) -> None:
        play = crowd()
        assert tell(play, "8204680874795-4bd9", "approve").status == 404
        assert tell(play, "8204680874795-4bd9", "approve", ring=10).bad_fields == {"ring"}

    def test_a_ring_that_does_not_wait(self) -> None:
        play = crowd()
        task_id = ask(play, gate="approve")
        for body in ({}, {"ring": 0}, {"ring": 1}, {"ring": 5}):
            assert tell(play, task_id, "approve", **body).status == 409
        assert "waits for no approval now" in tell(play, task_id, "approve").json["detail"]
        assert seen(play, task_id)["approvals"] == []


class TestCancel:
    """How a job is cancelled."""

    @pytest.mark.parametrize("how", ["leave", "roll_back"])
    def test_before_anything_is_begun(self, how: str) -> None:
        play = crowd()
        task_id = ask(play)
        reply = tell(play, task_id, "cancel", how=how)
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/tasks/{task_id}")
        task = play.finish(task_id)
        assert (task.state, task.cancel_how) == ("cancelled", how)
        assert play.app.tables.rollouts.all(ROLLOUTS) == []
        assert str(task.note) == (
            "Cancelled by function key. 2.0.0 is on 0 of 3 pools. Pools that were not started: lab, office, pilot."
        )

    def test_only_a_job_can_be_taken_back(self) -> None:
        play = crowd()
        activation = play.app.send("POST", f"/api/images/{IMAGE}/roll-back", {}).json["id"]
        reply = tell(play, activation, "cancel", how="roll_back")
        assert (reply.status, reply.bad_fields) == (400, {"how"})
        assert "roll the image back instead" in reply.text
        assert tell(play, activation, "cancel", how="sideways").bad_fields == {"how"}

    def test_asked_again_it_changes_nothing_and_can_still_be_taken_back(self) -> None:
        play = crowd(users=1)
        task_id = ask(play, schedule={"mode": "on_logoff", "deadline": in_hours(play, 5)})
        play.run(0.2)
        tell(play, task_id, "cancel")
        before = play.task(task_id)
        assert tell(play, task_id, "cancel", how="leave").status == 202
        assert play.task(task_id) == before
        assert tell(play, task_id, "cancel", how="roll_back").status == 202
        assert tell(play, task_id, "cancel", how="leave").status == 409
        assert play.finish(task_id).cancel_how == "roll_back"

    def test_it_is_too_late_after_the_end(self) -> None:
        play = crowd()
        task_id = ask(play, pools=["lab"])
        play.finish(task_id)
        assert tell(play, task_id, "cancel").status == 409
        assert "Roll back each pool instead." in tell(play, task_id, "cancel", how="roll_back").json["detail"]
