"""Active versions for all, staged ones for ring test, backups for those who ask to go back."""

from __future__ import annotations

import pytest

from shared.core.states import VersionState
from shared.models.pools import Ring
from tests.fixtures.app import App, Reply, change_pool, findings, office, update
from tests.fixtures.version_sets import record_family, version_row, version_set


def asked(app: App, version: str = "3.0.0", **body: object) -> Reply:
    return update(app, {"version": version, **body})


def said(reply: Reply) -> str:
    """Why the version may not be used."""
    assert (reply.status, findings(reply)["staged"], reply.bad_fields) == (422, "fail", {"version"})
    return next(str(f["detail"] + "; " + f["what_to_do"]) for f in reply.json["findings"] if f["check"] == "staged")


def test_a_staged_version_is_for_test_pools() -> None:
    app = office()
    app.world.add_version("3.0.0", staged=True)
    record_family(app.tables.versions, version_set(staged="3.0.0"))
    for ring in (Ring.PILOT, Ring.PRODUCTION):
        change_pool(app, ring=ring)
        assert "activate it first" in said(asked(app))
        assert said(asked(app, allow_downgrade=True))
    change_pool(app, ring=Ring.TEST)
    assert asked(app).status == 202


def test_a_version_recorded_as_staged_is_staged_whatever_the_gallery_says() -> None:
    app = office()
    app.world.add_version("3.0.0")
    record_family(app.tables.versions, version_set(staged="3.0.0"))
    assert "only staged" in said(asked(app))


@pytest.mark.parametrize("ring", list(Ring))
def test_a_backup_needs_allow_downgrade(ring: Ring) -> None:
    app = office()
    change_pool(app, version="2.0.0", ring=ring)
    assert "send allow_downgrade: true" in said(asked(app, "1.0.0"))
    assert asked(app, "1.0.0", allow_downgrade=True).status == 202


def test_a_backup_being_removed_is_refused() -> None:
    app = office()
    going = version_row("1.0.0", VersionState.BACKUP, deleting=True)
    record_family(app.tables.versions, version_set(backups=[], others=[going]))
    assert "being removed" in said(asked(app, "1.0.0", allow_downgrade=True))


def test_a_pool_may_be_updated_to_the_backup_it_is_on() -> None:
    app = office()
    assert asked(app, "1.0.0").status == 202


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (VersionState.CAPTURING, "still being made"),
        (VersionState.FAILED, "could not be created"),
        (VersionState.DISCARDED, "was discarded"),
        (VersionState.DELETED, "was deleted"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_version_in_an_unusable_state_is_refused(state: VersionState, words: str, there: bool) -> None:
    app = office()
    record_family(app.tables.versions, version_set(others=[version_row("3.0.0", state)]))
    if there:
        app.world.add_version("3.0.0")
    change_pool(app, ring=Ring.TEST)
    assert words in said(asked(app, allow_downgrade=True))


@pytest.mark.parametrize("ring", list(Ring))
@pytest.mark.parametrize("left_out", [True, False])
def test_an_unstaged_version_is_refused(left_out: bool, ring: Ring) -> None:
    app = office()
    app.world.add_version("3.0.0", staged=left_out)
    change_pool(app, ring=ring)
    assert said(asked(app)) == "version 3.0.0 is in the gallery, but was never staged; stage it first"
    record_family(app.tables.versions, version_set(None, backups=[]))
    assert "never staged" in said(asked(app, allow_downgrade=True))


@pytest.mark.parametrize("left_out", [True, False])
def test_an_unstaged_version_is_accepted_for_a_pool_that_is_on_it(left_out: bool) -> None:
    app = office()
    app.world.add_version("3.0.0", staged=left_out)
    change_pool(app, version="3.0.0")
    assert asked(app).status == 202


def test_another_image_is_another_version() -> None:
    app = office()
    app.world.add_version("3.0.0")
    change_pool(app, version="3.0.0", image="other")
    assert said(asked(app, image="win11"))


def test_an_older_unrecorded_version_needs_allow_downgrade() -> None:
    app = office()
    app.world.add_version("0.9.0")
    change_pool(app, version="0.8.0")
    assert "older than the active 2.0.0" in said(asked(app, "0.9.0"))
    assert asked(app, "0.9.0", allow_downgrade=True).status == 202


@pytest.mark.parametrize("ring", list(Ring))
def test_an_unrecorded_version_excluded_from_latest_was_never_in_use(ring: Ring) -> None:
    app = office()
    app.world.add_version("0.9.0", staged=True)
    change_pool(app, version="0.8.0", ring=ring)
    text = "version 0.9.0 was never staged, is excluded from latest, and is older than the active 2.0.0"
    assert said(asked(app, "0.9.0", allow_downgrade=True)) == f"{text}; choose another version"


class TestFailedVerdict:
    """A version that failed its test may be published, to see why or for want of a better one; the plan says so."""

    def judged(self, result: str) -> App:
        app = office()
        reply = app.send("POST", "/api/images/win11/versions/2.0.0/verdict", {"result": result})
        assert reply.status == 200, reply.text
        return app

    def test_the_plan_warns_of_it(self) -> None:
        app = self.judged("failed")
        asked = {"version": "2.0.0", "schedule": {"mode": "now"}}
        plan = app.send("POST", "/api/pools/office/update-image?what_if=true", asked)
        (found,) = [it for it in plan.json["preflight"] if it["check"] == "verdict"]
        assert (found["result"], "failed its test" in found["detail"]) == ("warn", True)
        assert app.send("POST", "/api/pools/office/update-image", asked).status == 202

    def test_the_plan_of_taking_a_pool_back_to_it_warns_too(self) -> None:
        app = self.judged("failed")
        change_pool(app, version="1.0.0", previous_version="2.0.0")
        plan = app.send("POST", "/api/pools/office/roll-back?what_if=true", {})
        assert findings(plan)["verdict"] == "warn"

    def test_a_version_that_passed_or_was_not_judged_has_no_such_finding(self) -> None:
        app = self.judged("passed")
        asked = {"version": "2.0.0", "schedule": {"mode": "now"}}
        plan = app.send("POST", "/api/pools/office/update-image?what_if=true", asked)
        assert "verdict" not in findings(plan)
