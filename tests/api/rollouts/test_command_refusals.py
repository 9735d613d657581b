"""A command that is refused says in words why, and what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import RolloutState
from shared.core.wording import ROLLOUT_WORDS
from shared.models.rollout_parts import Approval, Before, Progress
from tests.api.rollouts.commands import BACK, REFRESH, WENT_BACK, in_state, roll_back, tell
from tests.fixtures.app import START, update

S = RolloutState
TOO_LATE = "it is too late to roll it back"
PUBLISH_IT = "Publish that version for the hosts that changed"
PUBLISH_ANY = "publish the version you want instead"
STANDING = 'it refreshes hosts until the pool switches that off; set "refresh": "off" on the pool.'
REFUSALS: list[tuple[RolloutState, dict[str, Any], str, str]] = [
    (S.CANCELLING, {}, "resume", "only a paused rollout can be resumed."),
    (S.AWAITING_APPROVAL, {}, "resume", "it is not paused; approve it to continue."),
    (S.SUCCEEDED, {}, "pause", "it is too late to pause it."),
    (S.CANCELLING, {}, "reschedule", "it is too late to reschedule it."),
    (S.RUNNING, {}, "approve", "nothing waits for approval."),
    (
        S.PAUSED,
        {"approval": Approval(awaiting_since=START)},
        "approve",
        "nothing waits for approval; resume it, then it will ask again.",
    ),
    (S.SUCCEEDED, {}, "roll_back", f"{TOO_LATE}. Roll back pool office instead."),
    (
        S.CANCELLED,
        {"progress": Progress(canary_passed_at=START)},
        "roll_back",
        f"{TOO_LATE}. Roll back pool office instead.",
    ),
    (S.FAILED, {}, "roll_back", f"{TOO_LATE}. Pool office still has version 1.0.0. {PUBLISH_IT}."),
    (
        S.CANCELLED,
        {"before": Before(version="1.0.0", image="win10")},
        "roll_back",
        f"{TOO_LATE}. Pool office still has version 1.0.0 of image win10. {PUBLISH_IT}.",
    ),
    (S.FAILED, {"before": Before(image="win11")}, "roll_back", f"{TOO_LATE}. Publish the version you want instead."),
    (S.SUCCEEDED, {"retry_of": "1-a"}, "roll_back", f"{TOO_LATE}. Publish the version you want instead."),
    (S.FAILED, BACK, "roll_back", f"it was a roll-back itself; {PUBLISH_ANY}."),
    (S.RUNNING, BACK, "roll_back", 'it is a roll-back already; to stop it, cancel it with "how": "leave".'),
    (
        S.CANCELLING,
        WENT_BACK,
        "roll_back",
        "it is being cancelled during a roll-back; when it has ended, publish version 1.0.0 to finish rolling back.",
    ),
    (S.RUNNING, {"failed": 0}, "retry", "none of its hosts failed."),
    (S.AWAITING_APPROVAL, {}, "retry", "approve or cancel it first."),
    (S.CANCELLING, {}, "retry", "wait for its end, then retry."),
    (S.RUNNING, REFRESH, "cancel", STANDING),
    (S.RUNNING, REFRESH, "roll_back", STANDING),
    (S.RUNNING, REFRESH, "reschedule", STANDING),
    (
        S.CANCELLED,
        REFRESH,
        "retry",
        "it was a refresh; the pool starts a new one as long as its refresh is switched on.",
    ),
]


@pytest.mark.parametrize(("state", "fields", "command", "words"), REFUSALS)
def test_a_refusal_says_why_and_what_to_do(
    state: RolloutState, fields: dict[str, Any], command: str, words: str
) -> None:
    app, rollout_id = in_state(state, **fields)
    assert tell(app, rollout_id, command).json["detail"] == f"Rollout {rollout_id} {ROLLOUT_WORDS[state]}: {words}"


def test_no_refusal_uses_the_internal_name_of_a_state() -> None:
    app, rollout_id = in_state(S.ROLLING_BACK, failed=0)
    assert tell(app, rollout_id, "approve").json["detail"].startswith(f"Rollout {rollout_id} is rolling back: ")
    app, rollout_id = in_state(S.AWAITING_APPROVAL)
    assert tell(app, rollout_id, "retry").json["detail"].startswith(f"Rollout {rollout_id} waits for approval: ")


def test_after_a_failed_canary_host_the_version_is_published_as_the_refusal_says() -> None:
    app, rollout_id = in_state(S.FAILED)
    assert "Publish that version" in tell(app, rollout_id, "roll_back").json["detail"]
    assert roll_back(app).status == 409  # to the pool there is nothing before
    assert update(app, {"version": "1.0.0"}).status == 202
