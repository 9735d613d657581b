"""Reads that are repeated: each GET has a tag, and a repetition that finds nothing new is answered without a body."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest

from shared.core.states import RolloutState
from shared.models.rollout_parts import LastPass, Progress
from shared.models.rollouts import RolloutHost
from tests.api.access.world import two_customers
from tests.fixtures.app import START, App, Reply, change_pool, office, update
from triggers.http.contract import ENDPOINTS
from triggers.http.openapi import document

ADMIN = {"x-dev-role": "admin", "x-dev-accounts": "*"}
READS = [one.path for one in ENDPOINTS if one.method == "GET"]
TAG = re.compile(r'"[0-9a-f]{32}(\.[0-9a-f]{32})?"')


def again(app: App, path: str, tag: str) -> Reply:
    return app.send("GET", path, headers={"If-None-Match": tag})


def filled(path: str, names: dict[str, str]) -> str:
    return "/api/" + re.sub(r"{(\w+)}", lambda found: names[found[1]], path)


@pytest.mark.parametrize("path", READS)
def test_every_read_has_a_tag_and_is_kept_only_by_its_reader(path: str) -> None:
    app, names = two_customers()
    first = app.send("GET", filled(path, names), headers=ADMIN)
    assert first.status == 200, first.text
    assert TAG.fullmatch(first.headers["ETag"])
    assert first.headers["Cache-Control"] == "private, no-cache"
    second = app.send("GET", filled(path, names), headers=ADMIN | {"If-None-Match": first.headers["ETag"]})
    assert (second.status, second.text, second.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert second.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["/api/pools", "/api/pools/office", "/api/rollouts", "/api/images/win11"])
def test_a_change_is_answered_in_full(path: str) -> None:
    app = office()
    first = app.send("GET", path)
    assert again(app, path, first.headers["ETag"]).status == 304
    update(app)
    change_pool(app, version="2.0.0")
    app.send("PATCH", "/api/images/win11", {"retention": {"backups": 7}})
    second = again(app, path, first.headers["ETag"])
    assert (second.status, second.text != first.text) == (200, True)
    assert second.headers["ETag"] != first.headers["ETag"]


def test_what_a_rollout_does_to_a_pool_is_new_to_a_reader_and_does_not_stop_who_edits_it() -> None:
    """The tag names settings and content; a condition on a change compares the settings alone."""
    app = office()
    read = app.send("GET", "/api/pools/office").headers["ETag"]
    update(app)
    change_pool(app, version="2.0.0")
    assert again(app, "/api/pools/office", read).status == 200
    changed = app.send("PATCH", "/api/pools/office", {"policy": {"retries": 2}}, headers={"If-Match": read})
    assert changed.status == 200
    late = app.send("PATCH", "/api/pools/office", {"policy": {"retries": 3}}, headers={"If-Match": read})
    assert late.status == 412


def test_the_tag_of_a_change_is_that_of_the_settings_in_a_later_read() -> None:
    app = office()
    changed = app.send("PATCH", "/api/pools/office", {"policy": {"retries": 2}}).headers["ETag"]
    read = app.send("GET", "/api/pools/office").headers["ETag"]
    assert read.startswith(changed[:-1] + ".")
    assert again(app, "/api/pools/office", changed).status == 200  # it names no content


@pytest.mark.parametrize(
    "form", ["{tag}", "W/{tag}", '"x", {tag}', '"x",W/{tag} ', "*"], ids=["same", "weak", "among", "weak among", "any"]
)
def test_forms_of_the_condition(form: str) -> None:
    app = office()
    tag = app.send("GET", "/api/pools").headers["ETag"]
    assert again(app, "/api/pools", form.format(tag=tag)).status == 304


@pytest.mark.parametrize("text", ['"x"', "x", "", '"' + "a" * 5_000 + '"', "W/", '""'])
def test_a_condition_that_names_nothing_known_is_answered_in_full(text: str) -> None:
    assert again(office(), "/api/pools", text).status == 200


def test_errors_and_csv_have_no_tag_and_are_not_kept() -> None:
    app = office()
    for reply in (
        app.send("GET", "/api/pools/nobody", headers={"If-None-Match": "*"}),
        app.send("GET", "/api/audit?format=csv", headers=ADMIN | {"If-None-Match": "*"}),
        app.send(
            "POST", "/api/pools/office/update-image?what_if=true", {"version": "2.0.0", "schedule": {"mode": "now"}}
        ),
    ):
        assert reply.text
        assert "ETag" not in reply.headers
        assert reply.headers["Cache-Control"] == "no-store"


def test_who_sees_less_gets_another_tag() -> None:
    app, _ = two_customers()
    all_of_it = app.send("GET", "/api/pools", headers=ADMIN).headers["ETag"]
    theirs = app.send(
        "GET", "/api/pools", headers={"x-dev-role": "reader", "x-dev-accounts": "fabrikam", "If-None-Match": all_of_it}
    )
    assert theirs.status == 200


def test_who_may_not_read_is_refused_whatever_tag_they_send() -> None:
    app, _ = two_customers()
    tag = app.send("GET", "/api/pools", headers=ADMIN).headers["ETag"]
    assert app.send("GET", "/api/pools", headers={"x-dev-role": "agent", "If-None-Match": tag}).status == 403


def test_the_contract_describes_it() -> None:
    for path in READS:
        operation = document()["paths"][f"/api/{path}"]["get"]
        assert "If-None-Match" in [one["name"] for one in operation["parameters"]], path
        assert {"ETag", "Cache-Control"} <= set(operation["responses"]["200"]["headers"]), path
        assert "content" not in operation["responses"]["304"], path


def test_a_poll_with_nothing_new_takes_less_than_5_ms_of_the_processor() -> None:
    app = office()
    tag = app.send("GET", "/api/promotions").headers["ETag"]
    again(app, "/api/promotions", tag)
    began = time.process_time()
    for _ in range(100):
        assert again(app, "/api/promotions", tag).status == 304
    assert (time.process_time() - began) / 100 < 0.005


def test_a_running_rollout_in_which_nothing_happens_has_nothing_new_within_a_minute() -> None:
    """Its expected end moves with the clock: shown to the second, no poll of its page would ever be empty."""
    app = office()
    rollout_id = update(app, {"schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}}).json["id"]
    row = app.rollout(rollout_id)
    app.tables.rollouts.replace(row.replace(state=RolloutState.RUNNING, started_at=app.now))
    for number in range(3):
        host = RolloutHost(rollout=rollout_id, host=f"h{number}.contoso.local", vm_id=f"/vm{number}", version="1.0.0")
        app.tables.hosts.add(host)
    app.later(seconds=20)
    first = app.send("GET", f"/api/rollouts/{rollout_id}")
    assert first.json["expected_end"].endswith(":00Z")
    app.later(seconds=5)
    assert again(app, f"/api/rollouts/{rollout_id}", first.headers["ETag"]).status == 304
    app.later(minutes=2)
    assert again(app, f"/api/rollouts/{rollout_id}", first.headers["ETag"]).status == 200


def two_workers() -> tuple[App, App, str]:
    """Two workers of one app: the second one looks 5 seconds later at a rollout that runs."""
    app = office()
    rollout_id = update(app, {"schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}}).json["id"]
    row = app.rollout(rollout_id)
    look = LastPass(at=app.now, hosts=3, accepting=3, sessions=3, sessions_to_end=3, expected_end=app.now)
    running = row.replace(state=RolloutState.RUNNING, started_at=app.now, progress=Progress(last_pass=look))
    app.tables.rollouts.replace(running)
    for number in range(3):
        host = RolloutHost(rollout=rollout_id, host=f"h{number}.contoso.local", vm_id=f"/vm{number}", version="1.0.0")
        app.tables.hosts.add(host)
    app.later(seconds=20)
    return app, App(now=app.now + timedelta(seconds=5), world=app.world, tables=app.tables), rollout_id


PAGES = ["", "/hosts?fields=grid", "/hosts?fields=grid&limit=2&sort=state"]


@pytest.mark.parametrize("page", PAGES)
def test_what_one_worker_has_answered_is_not_new_from_another(page: str) -> None:
    """Each has found the same state, at a moment of its own."""
    first, second, rollout_id = two_workers()
    path = f"/api/rollouts/{rollout_id}{page}"
    mine, theirs = first.send("GET", path), second.send("GET", path)
    assert mine.json["as_of"] != theirs.json["as_of"]
    assert mine.json["mark"] != theirs.json["mark"]
    assert mine.headers["ETag"] == theirs.headers["ETag"]
    assert again(second, path, mine.headers["ETag"]).status == 304


HOST_CHANGES: list[dict[str, object]] = [{"sessions": 1}, {"state": "draining"}, {"canary": True}, {"attempt": 2}]


@pytest.mark.parametrize("change", HOST_CHANGES, ids=str)
@pytest.mark.parametrize("page", PAGES)
def test_what_has_changed_since_one_worker_answered_is_new_from_another(page: str, change: dict[str, object]) -> None:
    first, second, rollout_id = two_workers()
    path = f"/api/rollouts/{rollout_id}{page}"
    tag = first.send("GET", path).headers["ETag"]
    assert again(second, path, tag).status == 304
    host = next(iter(first.tables.hosts.all(rollout_id)))
    first.tables.hosts.replace(host.model_copy(update=change))
    for app in (first, second):
        answer = again(app, path, tag)
        assert (answer.status, answer.headers["ETag"] != tag) == (200, True)


def test_the_mark_of_one_worker_still_tells_what_changes_after_a_304_of_another() -> None:
    first, second, rollout_id = two_workers()
    path = f"/api/rollouts/{rollout_id}/hosts?fields=grid"
    read = first.send("GET", path)
    assert again(second, path, read.headers["ETag"]).status == 304
    host = next(iter(first.tables.hosts.all(rollout_id)))
    first.tables.hosts.replace(host.replace(sessions=1))
    second.later(minutes=10)
    for app in (first, second):
        changed = app.send("GET", f"{path}&since={read.json['mark']}").json
        assert changed["items"], "the host that has changed is among them"
        assert not changed["removed"]


def test_the_expected_end_in_lists_is_a_full_minute_until_it_has_come() -> None:
    """Each pass of a rollout foresees it anew, to the second."""
    app, _, rollout_id = two_workers()
    tags = []
    for seconds in (5, 20):
        row = app.rollout(rollout_id)
        assert row.progress.last_pass
        foreseen = row.progress.last_pass.model_copy(
            update={"expected_end": START + timedelta(hours=1, seconds=seconds)}
        )
        app.tables.rollouts.replace(row.replace(progress=row.progress.replace(last_pass=foreseen)))
        listed = app.send("GET", "/api/rollouts")
        assert listed.json["items"][0]["expected_end"] == "2026-11-02T10:01:00Z"
        tags.append(listed.headers["ETag"])
    assert tags[0] == tags[1]
