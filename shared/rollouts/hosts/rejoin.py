"""Bringing a rebuilt host back into service: join, register, wait until healthy, give back."""

from __future__ import annotations

from pydantic import SecretStr

from shared.core.names import SWAP
from shared.core.states import HostState
from shared.core.steps import Outcome, Then
from shared.models.azure import HEALTHY_STATUSES, SessionHost
from shared.models.pools import DomainJoin
from shared.models.rollouts import RolloutKind
from shared.planning.freshness import used_meanwhile
from shared.rollouts.hosts import actions
from shared.rollouts.hosts.canary_checks import keep_out, to_be_proved
from shared.rollouts.hosts.context import AT_ONCE, Work, carry_on
from shared.rollouts.hosts.recheck import look_again_if_back
from shared.workflow.waiting import StepFailed, found_through, still_awaited

LOOKS_OFTEN = 5.0
"""Seconds between two looks for a registration that must be drained before it is healthy."""


def join_host(work: Work) -> Outcome:
    """Join the new machine to its domain or to Entra ID, by VM extension."""
    if work.row.operation is not None:
        return carry_on(work) or Outcome(Then.NEXT)
    if again := look_again_if_back(work):
        return again
    join = work.pool.join
    password: SecretStr | None = None
    if isinstance(join, DomainJoin):
        secret = work.services.settings.secrets.get(join.password_setting)
        if not secret:
            raise StepFailed(f"the app setting {join.password_setting} is not set")
        password = SecretStr(secret)
    # The tag is the attempt's own: asked again within it, the extension does not run twice.
    machines, row = work.services.machines, work.row
    started = machines.start_join(row.vm_id, row.location, join, password, work.attempt_tag)
    return carry_on(work, started) or Outcome(Then.NEXT)


def register_host(work: Work) -> Outcome:
    """Install the AVD agent and register the host. The token is read here and goes nowhere else."""
    if work.row.operation is not None:
        if to_be_proved(work):
            keep_out(work)
        elif _is_back(work):
            found_through(work)
        elif work.row.strategy != SWAP:
            still_awaited(work)
        return carry_on(work) or _registered(work)
    token = work.services.desktops.registration_token(work.pool.host_pool_id)
    row = work.row
    started = work.services.machines.start_register(row.vm_id, row.location, token, work.attempt_tag)
    return carry_on(work, started) or _registered(work)


def _is_back(work: Work) -> bool:
    """Whether the broker sees the host as healthy: what the run command was for is done.

    Not on a disk from before, which may bring its old registration along; nor where a registration must be drained at
    once, which `await_healthy` does.
    """
    if work.closely or work.row.strategy == SWAP:
        return False
    seen = work.services.desktops.session_host(work.pool.host_pool_id, work.row.host)
    work.seen = seen
    work.looked_for = seen is None or seen.status not in HEALTHY_STATUSES
    return not work.looked_for


def _registered(work: Work) -> Outcome:
    work.move(HostState.VERIFYING)
    return Outcome(Then.NEXT)


def await_healthy(work: Work) -> Outcome:
    """Wait until the broker sees the host as healthy.

    A registration accepts sessions at once. A host that is to be proved first, or to be given back drained or
    switched off, is drained as soon as it is seen; others get nobody before they are healthy, and then may. Those are
    looked for as often as their registration is asked after: it is one wait.
    """
    kept_out, desktops = work.closely, work.services.desktops
    seen = work.seen
    if seen is None and not work.looked_for:
        seen = keep_out(work) if kept_out else desktops.session_host(work.pool.host_pool_id, work.row.host)
    if seen is not None and seen.status in HEALTHY_STATUSES:
        work.note(out_of_pool=False)
        work.seen = None if kept_out else seen
        return Outcome(Then.NEXT)
    status = seen.status if seen else "not registered yet"
    if status != work.row.reason:
        work.note(reason=status)
    poll = work.services.settings.operation_poll
    if kept_out:
        return Outcome(Then.WAIT, min(poll, LOOKS_OFTEN) if seen is None else poll)
    return Outcome(Then.WAIT, poll * work.services.first_asks.later("register"))


def give_back_host(work: Work) -> Outcome:
    """Give the host back as it was: its tags, its power, and last its drain if an operator had drained it."""
    services, pool, row = work.services, work.pool, work.row
    waiting = carry_on(work)
    if waiting:
        return waiting
    seen = work.seen or services.desktops.session_host(pool.host_pool_id, row.host)
    _note_use(work, seen)
    if work.noted:
        work.save()  # how far it has come: after a crash it would else be rebuilt on without our mark, which goes now
    actions.tidy(services, work.row)
    if row.was_off:
        waiting = _switch_off(work, seen)
        if waiting:
            return waiting
    wanted = not row.operator_drained
    if seen is not None and (row.was_off or seen.accepting != wanted):
        services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=wanted)
    work.move(HostState.DONE, ended_at=services.now(), reason="", error="", sessions=0)
    return Outcome(Then.STOP)


def _note_use(work: Work, seen: SessionHost | None) -> None:
    """Of a refresh, note who is on the host already: no look writes its row before it is through.

    While Azure is too busy to take it back, somebody may come and go.
    """
    used = seen is not None and seen.sessions > 0
    if used and work.rollout.kind is RolloutKind.REFRESH and not used_meanwhile(work.row):
        work.save(last_used_at=work.services.now())


def _switch_off(work: Work, seen: SessionHost | None) -> Outcome | None:
    """Switch the host off again, drained and empty only. None: it is off, or somebody works on it and it stays on, as
    does one that somebody else has taken out of the pool: it may serve others."""
    services, pool, row = work.services, work.pool, work.row
    machine = services.machines.machine(row.vm_id)
    if machine is None or not machine.running or seen is None:
        return None
    if seen.accepting:
        services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=False)
        return Outcome(Then.WAIT, max(AT_ONCE, work.rollout.policy.settle_seconds))
    if seen.sessions or services.desktops.host_sessions(pool.host_pool_id, row.host):
        return None
    return carry_on(work, services.machines.start_deallocate(row.vm_id))
