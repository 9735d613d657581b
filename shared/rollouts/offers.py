"""Which commands a rollout takes now from one caller: by the table of commands, and by what the caller may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from shared.access.subjects import rollout_subject
from shared.access.two_people.approvers import approver_of, why_not_rollout
from shared.access.two_people.rollouts import why_will_wait
from shared.api.rollout_pages.commands import CommandOffer, RolloutCommands
from shared.api.rollouts import RolloutView
from shared.core.codes import Code
from shared.core.states import RolloutState
from shared.core.wording import ROLLOUT_WORDS
from shared.models.access.roles import Caller, Need, Reach
from shared.models.messages import Message, message
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.records.accounts import known_account
from shared.records.rollouts import find_rollout
from shared.rollouts.command_effects import Tally, effect_of
from shared.rollouts.command_rules import Command, Reply, failed_of, is_forcing, refusal_of, reply
from shared.services import POOLS, Services
from shared.views.approvals import rollout_for
from shared.views.hosts import ROWS_FOR, recent_seen
from shared.views.rollout_pages.timeline import page_fields
from shared.views.rollouts import show_rollout

NEEDS: dict[Command, Need] = dict.fromkeys(Command, Need.STEER) | {Command.APPROVE: Need.APPROVE}
"""What each command needs; its route asks for the same."""
_TITLE_FOR = 30.0
"""Seconds for which the title of an account is shown as it was read."""


def read_rollout(services: Services, rollout_id: str, caller: Caller | None, reach: Reach) -> RolloutView:
    """One rollout with its progress and the commands that this caller may give. Raises NotFound."""
    rollout = find_rollout(services, rollout_id)
    seen, pool = recent_seen(services, rollout), _pool_lately(services, rollout)
    # Readers that ask at the same time see the same: what grows with the pool is worked out once for all.
    key = ("rollout", rollout.id, rollout.etag, seen.mark, pool and pool.etag)
    shown = services.read_cache.get(key, ROWS_FOR, partial(show_rollout, services, rollout, seen, pool), grows=True)
    commands = _commands(services, rollout, seen.rows, pool, caller, reach)
    return rollout_for(services, caller, reach, shown.model_copy(update={"commands": commands}), rollout)


def _pool_lately(services: Services, rollout: Rollout) -> Pool | None:
    """The pool's row as it was a moment ago, and not before the rollout's row was written: the claim comes first."""
    key = ("pool of rollout", rollout.id, rollout.etag)
    return services.read_cache.get(key, ROWS_FOR, lambda: services.pools.find(POOLS, rollout.pool))


def with_commands(services: Services, shown: RolloutView, caller: Caller | None, reach: Reach) -> RolloutView:
    """A rollout as a command left it, with the commands that this caller may give now. Raises NotFound."""
    rollout = find_rollout(services, shown.id)
    seen, pool = recent_seen(services, rollout), services.pools.find(POOLS, rollout.pool)
    commands = _commands(services, rollout, seen.rows, pool, caller, reach)
    about = page_fields(rollout, seen) | {"commands": commands}
    return rollout_for(services, caller, reach, shown.model_copy(update=about), rollout)


def _commands(
    services: Services,
    rollout: Rollout,
    rows: Sequence[RolloutHost],
    pool: Pool | None,
    caller: Caller | None,
    reach: Reach,
) -> RolloutCommands:
    failed, tally = failed_of(rows), Tally.of(rows)
    lost = pool is not None and any(one.rollout == rollout.id for one in pool.lost_hosts)
    may = partial(_why_not_allowed, services, rollout, pool, caller, reach)

    def offer(command: Command) -> CommandOffer:
        will_wait = command is Command.APPROVE and _will_wait(services, rollout)
        found = reply(rollout, failed, command, lost=lost and command is Command.RETRY, will_wait=will_wait)
        why = may(NEEDS[command]) or _why_not_now(rollout, command, found)
        if why is None and command is Command.APPROVE:
            why = _why_not_second(services, rollout, pool, caller)
        if why is None and command is Command.RESCHEDULE and (fixed := _why_fixed(rollout, services.now())):
            why = message(Code.NOT_NOW, fixed)
        effect = effect_of(rollout, tally, command) if found is Reply.DO else None
        return CommandOffer(can=why is None, why=why, effect=effect)

    return RolloutCommands(**{command.value: offer(command) for command in Command})


def _will_wait(services: Services, rollout: Rollout) -> bool:
    """Whether a scheduled rollout will wait for approval when it is due, so that it can be approved now."""
    return rollout.state is RolloutState.SCHEDULED and why_will_wait(services, rollout) is not None


def _why_not_allowed(
    services: Services, rollout: Rollout, pool: Pool | None, caller: Caller | None, reach: Reach, need: Need
) -> Message | None:
    """Why the caller may not give commands that need this. They see the rollout, so it may be named."""
    if caller is None or need not in caller.may:
        roles = " and ".join(sorted(caller.roles)) if caller and caller.roles else "nobody"
        title = _title(services, rollout.account)
        return message(Code.NEEDS_RIGHT, f"You are {roles} on {title}: asking for this needs the right to {need}.")
    if not rollout_subject(rollout).changed_by(reach):
        return message(Code.NEEDS_RIGHT, "This rollout belongs to an account that you have no grant for.")
    return None


def _title(services: Services, account: str) -> str:
    found = services.read_cache.get(("account", account), _TITLE_FOR, partial(known_account, services, account))
    return (found.title if found else "") or account or "this account"


def _why_not_now(rollout: Rollout, command: Command, found: Reply) -> Message | None:
    """Why the rollout's state does not take the command, or that it changed nothing."""
    if found is Reply.DO:
        return None
    if found is Reply.REFUSE:
        return message(Code.NOT_NOW, refusal_of(rollout, command, "It"))
    return message(Code.SO_ALREADY, _so_already(rollout, command))


def _why_fixed(rollout: Rollout, now: datetime) -> str:
    """Why none of its moments can move any more; empty when one can."""
    match rollout.schedule.mode:
        case ScheduleMode.NOW:
            return "It began at once, so it has no moment that could move. Pause or cancel it."
        case ScheduleMode.AT if rollout.started_at:
            return "It has started. Pause or cancel it."
        case ScheduleMode.ON_LOGOFF if rollout.started_at and is_forcing(rollout, now):
            return "Users are already being signed out. Pause or cancel it."
        case _:
            return ""


def _so_already(rollout: Rollout, command: Command) -> str:
    match command:
        case Command.RETRY:
            return "Its failed hosts are about to be tried again."
        case Command.APPROVE:
            return "It is approved already."
        case Command.RESUME:
            return "It is not paused."
        case _ if rollout.state.ended or rollout.state is RolloutState.PAUSED:
            return f"It {ROLLOUT_WORDS[rollout.state]} already."
        case _:
            return f"It {ROLLOUT_WORDS[rollout.state]}."


def _why_not_second(services: Services, rollout: Rollout, pool: Pool | None, caller: Caller | None) -> Message | None:
    """Why the caller may not be the second person that the rollout waits for."""
    if pool is None or rollout.second.awaiting_since is None:
        return None
    why = why_not_rollout(services, approver_of(caller), rollout, pool)
    return message(Code.NEEDS_SECOND_PERSON, why) if why else None
