"""The pool, its rollout and the version for new hosts say the same, whatever the rollout does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.rollout_parts import Progress, Rollback
from tests.fixtures.app import App, office

UPDATE = {"version": "2.0.0", "schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}}


def changed(app: App, rollout: str, **fields: Any) -> None:
    row = app.rollout(rollout)
    app.tables.rollouts.replace(row.replace(**fields))


def begun(app: App, rollout: str) -> None:
    changed(app, rollout, state=RolloutState.RUNNING, started_at=app.now)


def passed(app: App, rollout: str) -> None:
    changed(app, rollout, state=RolloutState.RUNNING, started_at=app.now, progress=Progress(canary_passed_at=app.now))


def rolling_back(app: App, rollout: str) -> None:
    passed(app, rollout)
    since = app.now + timedelta(seconds=1)
    changed(app, rollout, state=RolloutState.ROLLING_BACK, rollback=Rollback(since=since))


@pytest.mark.parametrize(
    ("state", "version"),
    [(None, "1.0.0"), (begun, "1.0.0"), (passed, "2.0.0"), (rolling_back, "1.0.0")],
)
def test_all_pages_name_the_same_version_for_new_hosts(state: Any, version: str) -> None:
    app = office()
    rollout = app.send("POST", "/api/pools/office/update-image", UPDATE).json["id"]
    if state:
        state(app, rollout)
    image = app.send("GET", "/api/pools/office/image").json
    assert image["version"] == version
    expected = {name: image[name] for name in ("image", "version", "reason")}
    assert app.send("GET", "/api/pools/office").json["new_hosts"] == expected
    assert app.send("GET", f"/api/rollouts/{rollout}").json["new_hosts"] == expected


def test_a_rollout_that_has_ended_says_nothing_about_new_hosts() -> None:
    app = office()
    rollout = app.send("POST", "/api/pools/office/update-image", UPDATE).json["id"]
    changed(app, rollout, state=RolloutState.CANCELLED, ended_at=app.now)
    assert app.send("GET", f"/api/rollouts/{rollout}").json["new_hosts"] is None


def test_a_retry_promises_its_version_only_to_its_own_hosts() -> None:
    app = office()
    rollout = app.send("POST", "/api/pools/office/update-image", UPDATE).json["id"]
    changed(app, rollout, state=RolloutState.RUNNING, started_at=app.now, retry_of="r-0")
    listed = app.send("GET", "/api/pools/office/hosts").json["items"]
    assert {host["target"] for host in listed if host["state"] != HostState.DONE} == {"1.0.0"}
