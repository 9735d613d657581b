"""Staging, verdicts, discarding and removing over HTTP: statuses, fields, and words that say what to do."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import RolloutState
from shared.models.images import Source
from shared.services import POOLS
from tests.fixtures.app import Reply
from tests.fixtures.app_functions import functions
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.versions import ACTIVE, FIRST, NEXT, SECOND, add_pool, shelf, tasks
from triggers.http.openapi import document

AUTHOR = {"x-dev-name": "ann"}


def send(env: Environment, method: str, path: str, body: object = None, image: str = "win11", **headers: str) -> Reply:
    env.app.later(seconds=1)
    return env.app.send(method, f"/api/images/{image}{path}", body, headers=headers)


def stage(env: Environment, **body: Any) -> Reply:
    return send(env, "POST", "/stage", {"version": NEXT} | body)


def judge(env: Environment, **body: Any) -> Reply:
    return send(env, "POST", f"/versions/{NEXT}/verdict", {"result": "passed"} | body)


def delete(env: Environment, version: str, **headers: str) -> Reply:
    return send(env, "DELETE", f"/versions/{version}", **headers)


def test_a_gallery_version_is_staged_tested_and_discarded() -> None:
    """Stage, try on a test pool, judge, discard: each step is answered with the version as it is then."""
    env = shelf(ACTIVE)
    staged = stage(env, notes="from Packer")
    assert staged.status == 200
    assert {name: staged.json[name] for name in ("version", "state", "source", "notes", "excluded_from_latest")} == {
        "version": NEXT, "state": "staged", "source": "gallery", "notes": "from Packer", "excluded_from_latest": True,
    }  # fmt: skip
    assert env.app.send("GET", "/api/images/win11").json["staged"] == NEXT
    assert env.app.send("GET", "/api/pools/office/image").json["version"] == ACTIVE
    lab = add_pool(env.app, "lab", ACTIVE, ACTIVE, ring="test")
    update = {"version": NEXT, "schedule": {"mode": "now"}}
    assert env.app.send("POST", "/api/pools/office/update-image", update).status == 422
    accepted = env.app.send("POST", "/api/pools/lab/update-image", update)
    assert accepted.status == 202
    rollout = env.app.rollout(accepted.json["id"])
    begun = rollout.replace(state=RolloutState.RUNNING, started_at=env.app.now)
    env.app.tables.rollouts.replace(begun)
    in_use = delete(env, NEXT)
    assert (in_use.status, "of pool lab" in in_use.json["detail"]) == (409, True)
    judged = judge(env, result="failed", note="no sound")
    verdict = judged.json["verdict"]
    assert [one["rollout"] for one in judged.json["stopped_rollouts"]] == [rollout.id]
    assert (judged.status, verdict["result"], verdict["note"]) == (200, "failed", "no sound")
    assert env.app.send("GET", "/api/images/win11").json["verdict"]["result"] == "failed"
    found = env.app.tables.pools.find(POOLS, lab.name)
    assert found
    env.app.tables.pools.replace(found.model_copy(update={"running_rollout": ""}))
    discarded = delete(env, NEXT)
    assert (discarded.status, discarded.json["state"]) == (200, "discarded")
    assert discarded.json["detail"] == "was kept in the gallery, excluded from latest"
    listed = env.app.send("GET", "/api/tasks").json["items"]
    assert [task["kind"] for task in listed if task["kind"] != "rollout"] == ["discard", "verdict", "stage"]


def test_a_version_being_removed_is_answered_with_202_and_a_location() -> None:
    env = shelf(ACTIVE)
    reply = delete(env, FIRST)
    assert (reply.status, reply.headers["Location"]) == (202, f"/api/images/win11/versions/{FIRST}")
    assert (reply.json["state"], reply.json["detail"]) == ("backup", "is being removed from the gallery")
    going = env.app.send("GET", reply.headers["Location"]).json
    assert (going["deleting"], going["in_gallery"], going["state"]) == (True, True, "backup")
    env.run(hours=1)
    gone = env.app.send("GET", reply.headers["Location"]).json
    assert (gone["deleting"], gone["in_gallery"], gone["state"]) == (False, False, "deleted")
    env.app.world.resumes_needed = 0
    gone = delete(env, SECOND)
    assert (gone.status, gone.json["state"], gone.json["in_gallery"]) == (200, "deleted", False)
    assert "Location" not in gone.headers


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"version": "4.0"}, {"version"}),
        ({"version": "9.0.0"}, {"version"}),
        ({"version": None}, {"version"}),
        ({"notes": 5, "regions": []}, {"notes", "regions"}),
    ],
)
def test_invalid_fields_of_staging_are_named(body: dict[str, object], fields: set[str]) -> None:
    env = shelf()
    reply = stage(env, **body)
    assert (reply.status, reply.bad_fields) == (400, fields)
    assert tasks(env) == []


def test_invalid_fields_of_a_test_result_are_named() -> None:
    env = shelf(staged=Source.GALLERY)
    assert judge(env, result="perhaps", by="bob").bad_fields == {"result", "by"}
    assert judge(env, note="x" * 4_001).bad_fields == {"note"}
    assert send(env, "POST", f"/versions/{NEXT}/verdict").bad_fields == {"result"}


@pytest.mark.parametrize("version", ["1.0", "latest", "1.0.0.0", "1.0.x"])
def test_a_path_without_a_version_is_refused_with_its_name(version: str) -> None:
    env = shelf()
    assert delete(env, version).bad_fields == {"version"}
    assert send(env, "POST", f"/versions/{version}/verdict", {"result": "passed"}).bad_fields == {"version"}


def test_unknown_versions_are_404_and_conflicts_409() -> None:
    env = shelf(ACTIVE)
    for reply in (
        send(env, "POST", "/stage", {"version": NEXT}, image="other"),
        send(env, "POST", f"/versions/{NEXT}/verdict", {"result": "passed"}, image="other"),
        send(env, "DELETE", f"/versions/{NEXT}", image="other"),
        delete(env, "12.0.0"),
    ):
        assert (reply.status, reply.json["type"]) == (404, "urn:freshcoat:not-found")
    for reply in (stage(env, version=ACTIVE), judge(env), delete(env, ACTIVE), delete(env, NEXT)):
        assert (reply.status, reply.json["type"]) == (409, "urn:freshcoat:conflict")


def test_a_repeated_request_is_carried_out_once() -> None:
    env = shelf()
    key = {"Idempotency-Key": "k-1"}
    first = send(env, "POST", "/stage", {"version": NEXT}, **key)
    assert send(env, "POST", "/stage", {"version": NEXT}, **key).text == first.text
    assert len(tasks(env)) == 1
    again = {"Idempotency-Key": "k-2"}
    assert delete(env, NEXT, **again).text == delete(env, NEXT, **again).text
    assert len(tasks(env)) == 2


def test_the_author_comes_from_the_platform() -> None:
    env = shelf()
    assert send(env, "POST", "/stage", {"version": NEXT}, **AUTHOR).json["created_by"] == "ann"


def test_the_openapi_document_has_the_routes_with_their_responses() -> None:
    paths = document()["paths"]
    answers = {
        ("/api/images/{image}/stage", "post"): {"200", "400", "404", "409"},
        ("/api/images/{image}/versions/{version}/verdict", "post"): {"200", "400", "404", "409"},
        ("/api/images/{image}/versions/{version}", "delete"): {"200", "202", "400", "404", "409"},
    }
    for (path, method), statuses in answers.items():
        assert statuses <= set(paths[path][method]["responses"])


def test_the_timer_follows_its_setting_and_does_not_run_at_startup() -> None:
    trigger = functions()["tidy_versions"].get_trigger()
    assert trigger is not None
    limited_by = trigger.get_dict_repr()
    assert (limited_by["schedule"], limited_by["runOnStartup"]) == ("%FRESHCOAT_RETENTION_SCHEDULE%", False)


def test_a_version_that_never_was_is_not_found() -> None:
    env = shelf(ACTIVE)
    assert env.app.send("GET", "/api/images/win11/versions/99.0.0").status == 404
    assert env.app.send("GET", f"/api/images/win11/versions/{ACTIVE}").json["state"] == "active"


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_versions_are_paged_by_number(order: str) -> None:
    env = shelf(ACTIVE)
    whole = env.app.send("GET", f"/api/images/win11/versions?order={order}").json["items"]
    numbers = [[int(part) for part in one["version"].split(".")] for one in whole]
    assert numbers == sorted(numbers, reverse=order == "desc")
    paged, token = [], ""
    while True:
        page = env.app.send("GET", f"/api/images/win11/versions?order={order}&limit=1{token}").json
        paged += page["items"]
        if page["continuation"] is None:
            break
        token = f"&continuation={page['continuation']}"
    assert paged == whole
    assert env.app.send("GET", "/api/images/win11/versions?continuation=x").bad_fields == {"continuation"}
