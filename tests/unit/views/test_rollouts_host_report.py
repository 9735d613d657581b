"""After any end a rollout says, per host, which version it is on and why."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.rollout_parts import Rollback
from shared.models.rollouts import RolloutKind
from shared.views.rollout_pages.host_report import view_host
from tests.fixtures.app import START, office, update
from tests.fixtures.messages import told
from tests.fixtures.rollout_rows import host, rollout

H = HostState
BACK = {"rolling_back": True, "goal_id": "/d/versions/1.0.0", "version": "1.0.0"}


@pytest.mark.parametrize(
    ("state", "fields", "reason"),
    [
        (H.DONE, {"version": "2.0.0", "strategy": "reimage"}, "updated to 2.0.0"),
        (H.DONE, {"version": "2.0.0", "was_off": True}, "updated to 2.0.0; switched off, as it was before"),
        (
            H.DONE,
            {"version": "2.0.0", "was_off": True, "stays_on": True},
            "updated to 2.0.0; stays on because it was in use, though it was off before",
        ),
        (H.DONE, {"version": "2.0.0", "operator_drained": True}, "updated to 2.0.0; drained, as it was before"),
        (H.DONE, BACK | {"strategy": "swap"}, "rolled back to 1.0.0 on its kept disk"),
        (H.DONE, BACK | {"strategy": "reimage"}, "rolled back to 1.0.0 by re-imaging"),
        (H.DONE, BACK | {"strategy": "replace"}, "rolled back to 1.0.0 by replacement"),
        (H.SKIPPED, {"reason": told("is already on 2.0.0")}, "is already on 2.0.0"),
        (H.SKIPPED, {}, "nothing was done with it"),
        (H.FAILED, {"error": "while joining the VM: took too long"}, "failed: “while joining the VM: took too long”"),
        (H.FAILED, {"step": "join_host"}, "failed: “while joining the VM to its domain or to Entra ID”"),
        (H.FAILED, BACK | {"error": "busy"}, "failed during its roll-back: “busy”"),
        (H.PENDING, {}, "the rollout ended before it was its turn"),
    ],
)
def test_each_host_of_an_ended_rollout_has_a_reason(state: HostState, fields: dict[str, Any], reason: str) -> None:
    ended = rollout(state=RolloutState.FAILED, ended_at=START)
    assert view_host(host(state, **fields), ended, START).reason.text == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (RolloutKind.UPDATE, "updated to 1.0.0"),
        (RolloutKind.ROLL_BACK, "rolled back to 1.0.0 on its kept disk"),
        (RolloutKind.REFRESH, "refreshed on 1.0.0"),
    ],
)
def test_the_report_names_the_kind_of_the_rollout(kind: RolloutKind, reason: str) -> None:
    done = host(H.DONE, version="1.0.0", strategy="swap")
    assert view_host(done, rollout(kind=kind, version="1.0.0"), START).reason.text == reason


def test_a_host_being_rolled_back_has_its_own_target() -> None:
    back = rollout(state=RolloutState.ROLLING_BACK, rollback=Rollback(since=START))
    assert view_host(host(H.REIMAGING, **BACK), back, START).target == "1.0.0"
    assert view_host(host(H.DONE, version="2.0.0"), back, START).target == "2.0.0"


def test_an_open_host_shows_why_it_waits() -> None:
    assert view_host(host(H.PENDING, reason=told("waits")), rollout(), START).reason == told("waits")


def test_the_http_report_shows_version_and_reason_of_each_host() -> None:
    app = office()
    rollout_id = update(app).json["id"]
    done = {"version": "2.0.0", "ended_at": app.now}
    app.tables.hosts.add(host(H.DONE, "h0.contoso.local", **done).model_copy(update={"rollout": rollout_id}))
    failed = {"version": "1.0.0", "error": "while joining the VM: refused"}
    app.tables.hosts.add(host(H.FAILED, "h1.contoso.local", **failed).model_copy(update={"rollout": rollout_id}))
    ended = {"state": RolloutState.FAILED, "ended_at": app.now}
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update=ended))
    listed = app.send("GET", f"/api/rollouts/{rollout_id}/hosts").json["items"]
    assert [(text["version"], text["reason"]["text"]) for text in listed] == [
        ("2.0.0", "updated to 2.0.0"),
        ("1.0.0", "failed: “while joining the VM: refused”"),
    ]
    view = app.send("GET", f"/api/rollouts/{rollout_id}").json
    assert (view["versions"], view["kind"]) == ({"1.0.0": 1, "2.0.0": 1}, "update")
