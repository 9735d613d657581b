"""Every command in every state: what is done, what is so already, what is too late."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import ROLLOUT_TRANSITIONS, RolloutState
from shared.core.wording import ROLLOUT_WORDS
from shared.models.rollout_parts import Approval, Failures
from shared.rollouts.command_rules import REPLIES, Command
from tests.api.rollouts.commands import BACK, COMMANDS, REFRESH, WENT_BACK, all_rollouts, in_state, minutes, tell
from tests.fixtures.app import START, App, office
from tests.fixtures.audit import changes

S = RolloutState
EXPECTED: dict[RolloutState, tuple[str, ...]] = {
    # Status and the state afterwards, of a rollout with a failed host. "same": it is so already, nothing is written.
    # "new": another rollout is begun and answered.
    S.SCHEDULED: (
        "pause: 202 paused",
        "resume: 202 scheduled same",
        "cancel: 202 cancelling",
        "roll_back: 202 cancelling",
        "reschedule: 202 scheduled",
        "approve: 409 scheduled",
        "retry: 409 scheduled",
        "change: 202 scheduled",
    ),
    S.RUNNING: (
        "pause: 202 paused",
        "resume: 202 running same",
        "cancel: 202 cancelling",
        "roll_back: 202 rolling_back",
        "reschedule: 202 running",
        "approve: 409 running",
        "retry: 202 running",
        "change: 202 running",
    ),
    S.AWAITING_APPROVAL: (
        "pause: 202 paused",
        "resume: 409 awaiting_approval",
        "cancel: 202 cancelling",
        "roll_back: 202 rolling_back",
        "reschedule: 202 awaiting_approval",
        "approve: 202 running",
        "retry: 409 awaiting_approval",
        "change: 202 awaiting_approval",
    ),
    S.PAUSED: (
        "pause: 202 paused same",
        "resume: 202 running",
        "cancel: 202 cancelling",
        "roll_back: 202 rolling_back",
        "reschedule: 202 paused",
        "approve: 409 paused",
        "retry: 202 running",
        "change: 202 paused",
    ),
    S.ROLLING_BACK: (
        "pause: 202 paused",
        "resume: 202 rolling_back same",
        "cancel: 202 cancelling",
        "roll_back: 202 rolling_back same",
        "reschedule: 202 rolling_back",
        "approve: 409 rolling_back",
        "retry: 202 rolling_back",
        "change: 202 rolling_back",
    ),
    S.CANCELLING: (
        "pause: 409 cancelling",
        "resume: 409 cancelling",
        "cancel: 202 cancelling same",
        "roll_back: 202 rolling_back",
        "reschedule: 409 cancelling",
        "approve: 409 cancelling",
        "retry: 409 cancelling",
        "change: 409 cancelling",
    ),
    S.SUCCEEDED: (
        "pause: 409 succeeded",
        "resume: 409 succeeded",
        "cancel: 409 succeeded",
        "roll_back: 409 succeeded",
        "reschedule: 409 succeeded",
        "approve: 409 succeeded",
        "retry: 409 succeeded",
        "change: 409 succeeded",
    ),
    S.FAILED: (
        "pause: 409 failed",
        "resume: 409 failed",
        "cancel: 409 failed",
        "roll_back: 409 failed",
        "reschedule: 409 failed",
        "approve: 409 failed",
        "retry: 202 failed new",
        "change: 409 failed",
    ),
    S.CANCELLED: (
        "pause: 409 cancelled",
        "resume: 409 cancelled",
        "cancel: 202 cancelled same",
        "roll_back: 409 cancelled",
        "reschedule: 409 cancelled",
        "approve: 409 cancelled",
        "retry: 202 cancelled new",
        "change: 409 cancelled",
    ),
    S.ROLLED_BACK: (
        "pause: 409 rolled_back",
        "resume: 409 rolled_back",
        "cancel: 409 rolled_back",
        "roll_back: 202 rolled_back same",
        "reschedule: 409 rolled_back",
        "approve: 409 rolled_back",
        "retry: 409 rolled_back",
        "change: 409 rolled_back",
    ),
}
CELLS = [(state, cell) for state, row in EXPECTED.items() for cell in row]
UNBEGUN: dict[str, Any] = {"started_at": None}
APPROVED: dict[str, Any] = {"approval": Approval(at=START, by="ann")}

OTHERWISE: list[tuple[RolloutState, dict[str, Any], str]] = [
    # Approved before: answered as done, in whatever state it is by now.
    (S.RUNNING, APPROVED, "approve: 202 running same"),
    (S.PAUSED, APPROVED, "approve: 202 paused same"),
    (S.ROLLING_BACK, APPROVED, "approve: 202 rolling_back same"),
    (S.CANCELLING, APPROVED, "approve: 202 cancelling same"),
    (S.SUCCEEDED, APPROVED, "approve: 202 succeeded same"),
    (S.FAILED, APPROVED, "approve: 202 failed same"),
    # Nothing was begun: to take back is to leave.
    (S.PAUSED, UNBEGUN | {"resume_to": S.SCHEDULED}, "resume: 202 scheduled"),
    (S.PAUSED, UNBEGUN | {"resume_to": S.SCHEDULED}, "roll_back: 202 cancelling"),
    (S.CANCELLING, UNBEGUN, "roll_back: 202 cancelling same"),
    (S.CANCELLED, UNBEGUN, "roll_back: 202 cancelled same"),
    # Paused on its way back, it goes on going back; told to leave the rest, it cannot any more.
    (S.PAUSED, WENT_BACK, "resume: 202 rolling_back"),
    (S.PAUSED, WENT_BACK, "roll_back: 202 rolling_back"),
    (S.PAUSED, WENT_BACK, "retry: 202 rolling_back"),
    (S.PAUSED, WENT_BACK, "cancel: 202 cancelling"),
    (S.CANCELLING, WENT_BACK, "roll_back: 409 cancelling"),
    # A rollout to the previous version goes back already.
    (S.SCHEDULED, BACK, "roll_back: 409 scheduled"),
    (S.RUNNING, BACK, "roll_back: 409 running"),
    (S.RUNNING, BACK, "cancel: 202 cancelling"),
    (S.RUNNING, BACK, "retry: 202 running"),
    (S.PAUSED, BACK, "roll_back: 409 paused"),
    (S.AWAITING_APPROVAL, BACK, "roll_back: 409 awaiting_approval"),
    (S.CANCELLING, BACK, "roll_back: 409 cancelling"),
    (S.FAILED, BACK, "retry: 202 failed new"),
    # Hosts are refreshed as long as the pool says so.
    (S.RUNNING, REFRESH, "pause: 202 paused"),
    (S.RUNNING, REFRESH, "resume: 202 running same"),
    (S.PAUSED, REFRESH, "resume: 202 running"),
    (S.RUNNING, REFRESH, "retry: 202 running"),
    (S.PAUSED, REFRESH, "retry: 202 running"),
    (S.RUNNING, REFRESH, "cancel: 409 running"),
    (S.RUNNING, REFRESH, "roll_back: 409 running"),
    (S.RUNNING, REFRESH, "reschedule: 409 running"),
    (S.RUNNING, REFRESH, "change: 409 running"),
    (S.CANCELLED, REFRESH, "retry: 409 cancelled"),
    # Without failed hosts there is nothing to try again.
    (S.RUNNING, {"failed": 0}, "retry: 409 running"),
    (S.PAUSED, {"failed": 0}, "retry: 409 paused"),
    (S.ROLLING_BACK, {"failed": 0}, "retry: 409 rolling_back"),
    (S.FAILED, {"failed": 0}, "retry: 409 failed"),
    (S.CANCELLED, {"failed": 0}, "retry: 409 cancelled"),
    # Those that have failed are to be tried again already.
    (S.RUNNING, {"failures": Failures(retried_at=START + minutes(0.5))}, "retry: 202 running same"),
    (S.ROLLING_BACK, {"failures": Failures(retried_at=START)}, "retry: 202 rolling_back same"),
    (S.PAUSED, {"failures": Failures(accepted=1, retried_at=START + minutes(0.5))}, "retry: 202 running"),
    (S.RUNNING, {"failures": Failures(retried_at=START - minutes(0.5))}, "retry: 202 running"),
]


@pytest.mark.parametrize(("state", "cell"), CELLS)
def test_each_command_in_each_state(state: RolloutState, cell: str) -> None:
    assert_answered(*in_state(state), cell)


@pytest.mark.parametrize(("state", "fields", "cell"), OTHERWISE)
def test_commands_depend_on_more_than_the_state(state: RolloutState, fields: dict[str, Any], cell: str) -> None:
    assert_answered(*in_state(state, **fields), cell)


def assert_answered(app: App, rollout_id: str, cell: str) -> None:
    """One command is answered as written, and written down, recorded and passed on once, or not at all."""
    command, _, expected = cell.partition(": ")
    status, state, *more = expected.split()
    before, records = app.rollout(rollout_id), len(changes(app.tables, "2026-11"))
    reply = tell(app, rollout_id, command)
    after = app.rollout(rollout_id)
    assert (str(reply.status), after.state.value) == (status, state), reply.json
    if status == "409":
        assert f"Rollout {rollout_id} {ROLLOUT_WORDS[after.state]}: " in reply.json["detail"]
    done = status == "202" and not more
    assert (after.etag != before.etag) == done
    assert [signal[2] for signal in app.engine.signals] == [command] * done
    if more == ["new"]:
        assert [one.id for one in all_rollouts(app)] == [reply.json["id"], rollout_id]
    else:
        assert len(all_rollouts(app)) == 1
    assert len(changes(app.tables, "2026-11")) == records + (done or more == ["new"])
    if status == "202":
        assert reply.headers["Location"] == f"/api/rollouts/{reply.json['id']}"
        assert (reply.json["id"] == rollout_id) == (more != ["new"])


def test_the_tables_cover_every_command_and_state() -> None:
    assert set(REPLIES) == set(EXPECTED) == set(RolloutState)
    assert all(set(row) == set(Command) == set(COMMANDS) for row in REPLIES.values())
    assert all([cell.partition(":")[0] for cell in row] == list(COMMANDS) for row in EXPECTED.values())


def test_only_allowed_transitions_are_expected() -> None:
    for state, _, cell in [(state, {}, cell) for state, cell in CELLS] + OTHERWISE:
        to = RolloutState(cell.split()[2])
        assert to is state or to in ROLLOUT_TRANSITIONS[state], cell


def test_an_unknown_rollout_is_404() -> None:
    for command in COMMANDS:
        assert tell(office(), "123-ab", command).status == 404
