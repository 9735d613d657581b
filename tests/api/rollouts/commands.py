"""A rollout in any state, with what its row has by then, and commands to it over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from shared.core.states import HostState, RolloutState
from shared.models.base import Part, Value
from shared.models.messages import Message
from shared.models.rollout_parts import Approval, Failures, Rollback
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.services import ROLLOUTS
from tests.fixtures.app import START, App, Reply, change_pool, office, update
from tests.fixtures.messages import told
from tests.fixtures.world.azure import vm_id_of

DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-02T20:00:00Z"}
COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "pause": ("pause", {}),
    "resume": ("resume", {}),
    "cancel": ("cancel", {"how": "leave"}),
    "roll_back": ("cancel", {"how": "roll_back"}),
    "reschedule": ("reschedule", {"deadline": "2026-11-02T22:00:00Z"}),
    "approve": ("approve", {}),
    "retry": ("retry", {}),
    "change": ("", {"policy": {"max_in_flight": 7}}),
}
"""Command -> the last part of the path, and the body."""

_S = RolloutState
BEGUN: dict[str, Any] = {"started_at": START}
OF_STATE: dict[RolloutState, dict[str, Any]] = {
    _S.SCHEDULED: {},
    _S.RUNNING: BEGUN,
    _S.AWAITING_APPROVAL: BEGUN | {"approval": Approval(awaiting_since=START), "note": "Approve, roll back or cancel."},
    _S.PAUSED: BEGUN | {"resume_to": _S.RUNNING, "note": "1 host failed.", "failures": Failures(accepted=1)},
    _S.ROLLING_BACK: BEGUN | {"rollback": Rollback(since=START), "note": "Rolled back by bob."},
    _S.CANCELLING: BEGUN | {"note": "Cancelled by bob."},
    _S.SUCCEEDED: BEGUN | {"ended_at": START},
    _S.FAILED: BEGUN | {"ended_at": START, "note": "1 of 3 hosts failed."},
    _S.CANCELLED: BEGUN | {"ended_at": START, "note": "Cancelled by bob."},
    _S.ROLLED_BACK: BEGUN | {"rollback": Rollback(since=START), "ended_at": START, "note": "Rolled back by bob."},
}
"""What a rollout's row has in a state."""
BACK: dict[str, Any] = {"kind": RolloutKind.ROLL_BACK}
REFRESH: dict[str, Any] = {"kind": RolloutKind.REFRESH}
WENT_BACK: dict[str, Any] = {"rollback": Rollback(since=START)}
"""One to the previous version, one that refreshes hosts, one that goes back: what their rows have besides."""


def in_state(state: RolloutState, *, failed: int = 1, **changes: object) -> tuple[App, str]:
    """An app with one rollout in this state, so many of its hosts failed, a minute after its last change."""
    app, asked = office(), _asked_for()
    rollout_id = app.tables.rollouts.add(asked).id
    change_pool(app, running_rollout=rollout_id)
    set_row(app, rollout_id, state=state, **(OF_STATE[state] | changes))
    for number in range(failed):
        fail_host(app, rollout_id, f"h{number}.contoso.local")
    if state.ended:
        change_pool(app, running_rollout="", last_rollout=rollout_id)
    app.later(minutes=1)
    return app, rollout_id


@cache
def _asked_for() -> Rollout:
    """What update-image has written: asked once, since the checks before it take longer than all the rest."""
    app = office()
    return app.rollout(update(app, {"schedule": DEADLINE, "reason": "patch day"}).json["id"])


def set_row(app: App, rollout_id: str, **changes: Any) -> None:
    """Write over fields of a rollout's row."""
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update=as_messages(changes)))


def as_messages(changes: dict[str, Any]) -> dict[str, Any]:
    """Fields of a rollout's row, with a message for the text of its note."""
    return {
        name: told(value) if name == "note" and isinstance(value, str) else value for name, value in changes.items()
    }


def fail_host(app: App, rollout_id: str, name: str) -> None:
    """One of its hosts has failed, now."""
    vm_id = app.world.hosts[app.pool().host_pool_id.lower()][name].vm_id
    app.tables.hosts.add(
        RolloutHost(
            rollout=rollout_id,
            host=name,
            vm_id=vm_id,
            state=HostState.FAILED,
            error="while joining the VM: no",
            ended_at=app.now,
        )
    )


def tell(app: App, rollout_id: str, command: str, body: dict[str, Any] | None = None, **headers: str) -> Reply:
    """Send one of COMMANDS; `body` in place of the usual one."""
    path, usual = COMMANDS[command]
    method, path = ("POST", f"/{path}") if path else ("PATCH", "")
    return app.send(method, f"/api/rollouts/{rollout_id}{path}", usual if body is None else body, headers=headers)


def written(app: App, rollout_id: str, command: str, body: dict[str, Any] | None = None) -> dict[str, object]:
    """The fields of the rollout's row that a command has changed, which must have been done."""
    before = app.rollout(rollout_id)
    reply = tell(app, rollout_id, command, body)
    assert reply.status == 202, reply.json
    return changed(before, app.rollout(rollout_id))


def changed(before: Rollout, after: Rollout) -> dict[str, object]:
    """The fields in which two states of a row differ, as they are after; of a message its text.

    A field of a part is called `part.field`.
    """
    was, now = _flat(before), _flat(after)
    return {name: value for name, value in now.items() if name != "etag" and was[name] != value}


def _flat(value: Value) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, found in value:
        if isinstance(found, Part):
            fields |= {f"{name}.{field}": inner for field, inner in _flat(found).items()}
        else:
            fields[name] = found.text if isinstance(found, Message) else found
    return fields


def just_before_writing(app: App, action: Callable[[], object]) -> None:
    """Have something else happen once, after the next command has read the row and before it writes it."""
    replace = app.tables.rollouts.replace

    def replaced(record: Rollout) -> Rollout:
        app.tables.rollouts.replace = replace  # type: ignore[method-assign]
        action()
        return replace(record)

    app.tables.rollouts.replace = replaced  # type: ignore[method-assign]


def all_rollouts(app: App) -> list[Rollout]:
    """Every rollout, newest first."""
    return app.tables.rollouts.all(ROLLOUTS)


def minutes(number: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)


def updated_pool(**fields: Any) -> App:
    """An app whose pool went from 1.0.0 to 2.0.0 and is at rest."""
    app = office()
    change_pool(app, **({"version": "2.0.0", "previous_version": "1.0.0"} | fields))
    return app


def on_new_version(app: App, *hosts: str) -> None:
    """The VMs of these hosts were made from 2.0.0."""
    for host in hosts:
        app.world.change_machine(vm_id_of(f"{host}.contoso.local"), version="2.0.0")


def roll_back(app: App, body: dict[str, Any] | None = None, *, what_if: bool = False) -> Reply:
    """Ask for the pool to go back."""
    return app.send("POST", f"/api/pools/office/roll-back{'?what_if=true' if what_if else ''}", body)
