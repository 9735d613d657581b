"""Probes of accounts: kept by admins, named by pools and requests, and run as they were at the request."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from shared.access.two_people.rollouts import why_waits
from shared.access.two_people.tasks import for_rollout
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.rollouts.draft import RolloutSpec, draft_unchecked
from shared.services import ROLLOUTS
from shared.tables import keys
from shared.tables.codec import Codec
from tests.fixtures.app import App, Reply, findings, office, update
from tests.fixtures.audit import changes

PROBE, OTHERS = "/api/access/probes/default/printers", "/api/access/probes/contoso/theirs"
POOL, ROLLOUT = "/api/pools/office", "/api/pools/office/update-image"
SCRIPT = "if (-not (Get-Printer)) { exit 1 }"
HASH = sha256(SCRIPT.encode()).hexdigest()
LATER = {"mode": "at", "at": "2026-11-03T09:00:00Z"}


def with_probe(**settings: Any) -> App:
    app = office()
    assert app.send("PUT", "/api/accounts/contoso", {"title": "Contoso"}).status == 201
    assert app.send("PUT", OTHERS, {"script": "exit 0"}).status == 201
    assert app.send("PUT", PROBE, {"script": SCRIPT, **settings}).status == 201
    return app


def name_it(app: App, probe: str | None = "printers", **fields: Any) -> Reply:
    """Have the pool name the probe."""
    changed = {"policy": {"probe": probe}, **fields}
    return app.send("PATCH", POOL, changed, headers={"Content-Type": "application/merge-patch+json"})


def plan(app: App, **policy: Any) -> Reply:
    return app.send("POST", f"{ROLLOUT}?what_if=true", {"version": "2.0.0", "schedule": LATER, "policy": policy})


def publish(app: App, **headers: str) -> Reply:
    return update(app, {"schedule": LATER, "policy": {"probe": "printers"}}, **headers)


def approve(app: App, rollout: str, name: str) -> Reply:
    return app.send("POST", f"/api/rollouts/{rollout}/approve", headers={"x-dev-name": name, "x-dev-role": "approver"})


class TestKept:
    """An account's probes."""

    def test_a_probe_is_made_read_changed_and_removed(self) -> None:
        app = with_probe(timeout_minutes=5)
        made = app.send("GET", PROBE)
        assert (made.json["script"], made.json["timeout_minutes"], made.json["digest"]) == (SCRIPT, 5, HASH)
        changed = {"script": "exit 0", "timeout_minutes": 5}
        assert app.send("PUT", PROBE, changed, headers={"If-Match": '"other"'}).status == 412
        assert app.send("PUT", PROBE, {"script": "exit 0"}).bad_fields == {"timeout_minutes"}
        reply = app.send("PUT", PROBE, changed, headers={"If-Match": made.headers["ETag"]})
        assert (reply.status, reply.json["digest"]) == (200, sha256(b"exit 0").hexdigest())
        assert app.send("DELETE", PROBE).status == 204
        assert app.send("GET", PROBE).status == 404
        told = [(entry.action, entry.detail) for entry in reversed(changes(app.tables)) if "default" in entry.subject]
        new = f"SHA-256 {sha256(b'exit 0').hexdigest()}"
        assert told == [("set probe", f"SHA-256 {HASH}"), ("set probe", new), ("remove probe", new)]

    def test_the_record_has_the_script_before_and_after(self) -> None:
        app = with_probe()
        app.send("PUT", PROBE, {"script": "exit 0"})
        entry = changes(app.tables)[0]
        assert SCRIPT in entry.before
        assert "exit 0" in entry.after
        assert (entry.accounts, entry.subject) == (("default",), "default, probe printers")

    def test_what_changes_nothing_makes_nobody_its_last_editor(self) -> None:
        app = with_probe()
        reply = app.send("PUT", PROBE, {"script": SCRIPT}, headers={"x-dev-name": "bob"})
        assert (reply.status, reply.json["changed_by"]) == (200, "developer")

    def test_a_list_shows_the_probes_of_accounts_in_reach(self) -> None:
        app = with_probe()
        theirs = {"x-dev-role": "reader", "x-dev-accounts": "contoso"}
        listed = app.send("GET", "/api/access/probes", headers=theirs).json["items"]
        assert [(one["account"], one["name"]) for one in listed] == [("contoso", "theirs")]
        assert [one["name"] for one in app.send("GET", "/api/access/probes").json["items"]] == ["theirs", "printers"]

    @pytest.mark.parametrize("body", [{"script": ""}, {"script": "x" * 16_001}, {"script": "x", "timeout_minutes": 91}])
    def test_bad_settings_are_named(self, body: dict[str, Any]) -> None:
        assert office().send("PUT", PROBE, body).status == 400


class TestNamed:
    """Pools and requests name a probe; a script of their own is refused."""

    @pytest.mark.parametrize("probe", [{"name": "a", "script": "exit 0"}, {"script": "exit 0"}, {}, "no good name", 7])
    def test_a_script_in_a_request_or_a_pool_is_refused_naming_the_field(self, probe: Any) -> None:
        app = with_probe()
        asked = {"version": "2.0.0", "schedule": LATER, "policy": {"probe": probe}}
        many = {"image": "win11", "version": "2.0.0", "schedule": LATER, "pools": ["office"]}
        bodies = [(ROLLOUT, asked), ("/api/pools/office/roll-back", {"policy": {"probe": probe}})]
        bodies += [("/api/rollouts", many | {"policy": {"probe": probe}})]
        for path, body in bodies:
            reply = app.send("POST", path, body)
            assert (reply.status, "policy.probe" in reply.bad_fields) == (400, True), (path, reply.text)
        assert "policy.probe" in name_it(app, probe).bad_fields
        assert app.tables.rollouts.all(ROLLOUTS) == []

    def test_a_plan_shows_which_script_would_run(self) -> None:
        app = with_probe(timeout_minutes=7)
        shown = plan(app, probe="printers")
        assert shown.json["probe"] == {"name": "printers", "script": SCRIPT, "timeout_minutes": 7, "digest": HASH}
        assert findings(shown)["probe"] == "pass"
        assert HASH in shown.text
        assert plan(app).json["probe"] is None

    @pytest.mark.parametrize("name", ["nobody", "theirs"])
    def test_a_name_that_the_account_of_the_pool_lacks_is_refused(self, name: str) -> None:
        app = with_probe()
        shown = plan(app, probe=name)
        assert (shown.json["can_start"], findings(shown)["probe"], shown.json["probe"]) == (False, "fail", None)
        assert f"account default has no probe called {name}" in shown.text
        refused = update(app, {"schedule": LATER, "policy": {"probe": name}})
        assert (refused.status, refused.bad_fields) == (422, {"policy.probe"})
        assert name_it(app, name).bad_fields == {"policy.probe"}

    def test_a_pool_does_not_move_to_an_account_that_lacks_its_probe(self) -> None:
        app = with_probe()
        assert name_it(app).status == 200
        moved = name_it(app, account="contoso")
        assert (moved.status, moved.bad_fields) == (400, {"policy.probe"})
        assert "account contoso has no probe called printers; add it there first" in moved.text
        assert app.pool().account == "default"
        assert app.send("PUT", "/api/access/probes/contoso/printers", {"script": "exit 2"}).status == 201
        assert name_it(app, account="contoso").status == 200

    def test_a_plan_does_not_hold_once_the_script_is_another(self) -> None:
        app = with_probe()
        agreed = plan(app, probe="printers").json["id"]
        app.send("PUT", PROBE, {"script": "exit 0"})
        body = {"version": "2.0.0", "schedule": LATER, "policy": {"probe": "printers"}, "plan": agreed}
        assert app.send("POST", ROLLOUT, body).status == 409


class TestRun:
    """What was requested and approved is what runs."""

    def test_a_rollout_keeps_the_script_that_the_probe_had(self) -> None:
        app = with_probe()
        rollout = publish(app).json["id"]
        app.send("PUT", PROBE, {"script": "exit 0"})
        kept, shown = app.rollout(rollout), app.send("GET", f"/api/rollouts/{rollout}").json
        assert (kept.probe.script, kept.probe.digest) == (SCRIPT, HASH)
        assert (shown["policy"]["probe"], shown["probe"]["digest"]) == ("printers", HASH)

    def test_the_record_of_a_rollout_has_the_hash(self) -> None:
        app = with_probe()
        publish(app)
        (entry,) = [entry for entry in changes(app.tables) if entry.action == "update image"]
        assert HASH in entry.detail

    def test_a_retry_runs_the_script_that_the_probe_has_now(self) -> None:
        app = with_probe()
        row = app.rollout(publish(app).json["id"])
        app.send("PUT", PROBE, {"script": "exit 0"})
        image = app.tables.images.find("image", "win11")
        assert image is not None
        spec = RolloutSpec(image, row.version, row.schedule, row.policy, retry_of=row.id)
        assert draft_unchecked(app.services, app.pool(), spec, "ann").probe.script == "exit 0"


class TestInUse:
    """A probe stays while something names it."""

    def test_of_a_pool(self) -> None:
        app = with_probe()
        name_it(app)
        reply = app.send("DELETE", PROBE)
        assert (reply.status, "pool office" in reply.text) == (409, True)
        name_it(app, None)
        assert app.send("DELETE", PROBE).status == 204

    def test_of_an_open_rollout(self) -> None:
        app = with_probe()
        rollout = publish(app).json["id"]
        reply = app.send("DELETE", PROBE)
        assert (reply.status, f"rollout {rollout}" in reply.text) == (409, True)

    def test_of_a_task_and_a_promotion(self) -> None:
        app = with_probe()
        body = {"image": "win11", "version": "2.0.0", "schedule": LATER, "pools": ["office"]}
        task = app.send("POST", "/api/rollouts", {**body, "policy": {"probe": "printers"}})
        assert task.status == 202, task.text
        assert f"task {task.json['id']}" in app.send("DELETE", PROBE).text

    def test_one_of_the_same_name_elsewhere_is_another(self) -> None:
        app = with_probe()
        name_it(app)
        assert app.send("PUT", "/api/access/probes/contoso/printers", {"script": "exit 0"}).status == 201
        assert app.send("DELETE", "/api/access/probes/contoso/printers").status == 204


class TestTwoPeople:
    """Who changed the probe is not the second person, and an approval is for one script."""

    def asked(self) -> App:
        app = office()
        app.send("PUT", PROBE, {"script": SCRIPT}, headers={"x-dev-name": "carl"})
        limits = "/api/access/limits/default/production"
        assert app.send("PUT", limits, {"two_people": "always"}, headers={"x-dev-name": "lisa"}).status == 201
        return app

    def test_who_changed_the_probe_last_does_not_approve_what_runs_it(self) -> None:
        app = self.asked()
        rollout = publish(app, **{"x-dev-name": "oscar"}).json["id"]
        refused = approve(app, rollout, "carl")
        assert (refused.status, "You changed its probe last" in refused.text) == (403, True)
        assert approve(app, rollout, "ann").json["state"] == "scheduled"

    def test_who_changes_it_afterwards_changes_nothing_of_the_rollout(self) -> None:
        app = self.asked()
        rollout = publish(app, **{"x-dev-name": "oscar"}).json["id"]
        app.send("PUT", PROBE, {"script": "exit 0"}, headers={"x-dev-name": "ann"})
        assert approve(app, rollout, "ann").status == 202
        assert app.rollout(rollout).probe.script == SCRIPT

    def test_an_approval_is_bound_to_the_script(self) -> None:
        app = self.asked()
        rollout = publish(app, **{"x-dev-name": "oscar"}).json["id"]
        assert approve(app, rollout, "ann").status == 202
        row = app.rollout(rollout)
        other = row.replace(probe=row.probe.replace(script="exit 0"))
        assert why_waits(app.services, row, app.pool()) is None
        assert why_waits(app.services, other, app.pool()) is not None

    def test_of_a_task_too(self) -> None:
        app = self.asked()
        body = {"image": "win11", "version": "2.0.0", "schedule": LATER, "pools": ["office"]}
        headers = {"x-dev-name": "oscar"}
        task = app.send("POST", "/api/rollouts", {**body, "policy": {"probe": "printers"}}, headers=headers).json["id"]
        path = f"/api/tasks/{task}/approve"
        assert "the probe of pool office" in app.send("POST", path, headers={"x-dev-name": "carl"}).text
        assert app.send("POST", path, headers={"x-dev-name": "ann", "x-dev-role": "approver"}).status == 202
        row = app.tables.tasks.find("task", task)
        assert row is not None
        assert for_rollout(app.services, row, app.pool()).at
        app.send("PUT", PROBE, {"script": "exit 0"})
        assert for_rollout(app.services, row, app.pool()).at is None


def test_rows_from_before_probes_were_named_can_be_read() -> None:
    app = with_probe()
    rollout = app.rollout(publish(app).json["id"])
    pools, rollouts = Codec(Pool, keys.pool_keys), Codec(Rollout, keys.rollout_keys)
    old = '{"name":"old printers","script":"exit 3","timeout_minutes":9}'
    kept = pools.decode({**pools.encode(app.pool()), "policy": f'{{"probe":{old},"retries":2}}'}, "1")
    assert (kept.policy.probe, kept.policy.retries) == ("old-printers", 2)
    entity = rollouts.encode(rollout)
    entity["policy"] = entity["policy"].replace('"probe":"printers"', f'"probe":{old}')
    del entity["probe"]
    read = rollouts.decode(entity, "1")
    assert (read.policy.probe, read.probe.name, read.probe.timeout_minutes) == ("old-printers", "old-printers", 9)
    assert (read.probe.script, read.probe.digest) == ("exit 3", sha256(b"exit 3").hexdigest())
