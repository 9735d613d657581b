"""The answer to whatever begins or commands a rollout."""

from __future__ import annotations

from shared.api.rollouts import RolloutView
from shared.rollouts.offers import with_commands
from triggers.http.contract import Answer, Call


def accepted(call: Call, rollout: RolloutView) -> Answer[RolloutView]:
    """The rollout, with what the caller may tell it next."""
    shown = with_commands(call.services, rollout, call.caller, call.reach)
    return Answer(shown, location=f"/api/rollouts/{rollout.id}")
