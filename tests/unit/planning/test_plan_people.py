"""What every plan owes the people on the pool: none signed out too early, room for all of them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given

from shared.core.states import HostState, RolloutState
from shared.models.policy import AfterForce, Policy, share_up
from shared.models.rollouts import RolloutKind
from shared.planning.values import Action, HostView, Snapshot
from tests.fixtures.builders import NOON
from tests.unit.planning.pool_strategies import by_name, decide, many, policies, pools


def was_in_service(view: HostView) -> bool:
    """Whether people could be on the host before we came, and it is still there."""
    row = view.row
    missing = row.missing_since is not None and row.missing_since + timedelta(minutes=2) <= NOON
    left = view.seen is None and not row.removed_from_pool and not row.state.in_work
    gone = left and (row.state is HostState.SKIPPED or missing)
    return not (
        row.found.was_off or row.found.operator_drained or row.drained_by_earlier_failure or row.vm_missing or gone
    )


def floor_of(pool: Snapshot, rules: Policy) -> int:
    """Hosts that must accept sessions: a share of those in service, as SPEC 2 says.

    Once sessions are ended, in waves, one of those in service may always be taken.
    """
    in_service = sum(was_in_service(view) for view in pool.hosts)
    floor = share_up(rules.min_available, in_service)
    return min(floor, max(0, in_service - 1)) if pool.forcing(NOON) else floor


def first_of_a_wave(pool: Snapshot, lost: int) -> bool:
    """Whether it is the one host that may be drained once sessions are ended, because none is out."""
    return pool.forcing(NOON) and lost == 1 and not any(v.drained or v.row.state.in_work for v in pool.hosts)


def lifted(pool: Snapshot, rules: Policy) -> bool:
    """Whether the floor no longer binds."""
    return pool.schedule.force_at <= NOON and rules.after_force is AfterForce.ALL


def kept_empty(view: HostView, rules: Policy) -> bool:
    """Whether the host was drained, and was seen without a session at two looks `settle_seconds` apart."""
    since = view.row.drain.empty_since
    settled = since is not None and since + timedelta(seconds=rules.settle_seconds) <= NOON
    return view.drained and view.row.drain.drained_at is not None and settled and view.sessions == 0


@many
@given(pools(), policies())
def test_only_drained_and_empty_hosts_or_hosts_we_took_out_of_the_pool_are_rebuilt(
    pool: Snapshot, rules: Policy
) -> None:
    for name in decide(pool, rules).chosen(Action.REBUILD):
        view = by_name(pool)[name]
        assert kept_empty(view, rules) or (view.row.removed_from_pool and view.seen is None)


@many
@given(pools(), policies())
def test_nobody_is_signed_out_before_force_at_and_no_host_starts_before_begin_at(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    if pool.schedule.force_at > NOON:
        assert not decided.chosen(Action.SIGN_OUT)
        rows = [by_name(pool)[name].row for name in decided.chosen(Action.FAIL)]
        # An earlier attempt had failed on it.
        assert all(row.removed_from_pool or row.drained_by_earlier_failure for row in rows)
    if pool.schedule.begin_at > NOON and not pool.rolling_back and pool.state is not RolloutState.CANCELLING:
        acts = {d.act for d in decided.decisions if not by_name(pool)[d.host].row.drained_by_earlier_failure}
        assert acts <= {Action.WAIT, Action.UNDRAIN}


@many
@given(pools(), policies())
def test_only_hosts_we_drained_with_sessions_are_signed_out(pool: Snapshot, rules: Policy) -> None:
    for name in decide(pool, rules).chosen(Action.SIGN_OUT):
        view = by_name(pool)[name]
        assert view.drained
        assert view.row.drain.drained_at is not None
        assert view.sessions


@many
@given(pools(), policies())
def test_a_drain_keeps_min_available_and_session_capacity(pool: Snapshot, rules: Policy) -> None:
    served = sum(1 for view in pool.hosts if view.serving)
    lost = sum(1 for name in decide(pool, rules).chosen(Action.DRAIN) if by_name(pool)[name].serving)
    if lost and not lifted(pool, rules) and not first_of_a_wave(pool, lost):
        floor = floor_of(pool, rules)
        assert served - lost >= floor
        roomy = (served - lost) * pool.session_limit >= pool.open_sessions
        assert roomy or floor == 0 or pool.forcing(NOON)


@many
@given(pools(), policies())
def test_too_few_serving_hosts_are_undrained_before_force_at(pool: Snapshot, rules: Policy) -> None:
    """While fewer accept sessions than must, no waiting host of ours stays drained: it is given back."""
    decided = decide(pool, rules)
    quiet = pool.state.ended or decided.becomes is not None or pool.schedule.force_at <= NOON
    served = sum(1 for view in pool.hosts if view.serving)
    more = [name for name in decided.chosen(Action.UNDRAIN) if not by_name(pool)[name].serving]
    if quiet or served + len(more) >= floor_of(pool, rules):
        return
    kept = [by_name(pool)[d.host] for d in decided.decisions if d.act is Action.WAIT and by_name(pool)[d.host].drained]
    rows = [view.row for view in kept if view.seen is not None and not view.serving]
    assert all(row.found.operator_drained or row.found.was_off or row.drained_by_earlier_failure for row in rows)


@many
@given(pools(), policies())
def test_a_host_that_is_not_in_the_pool_is_never_touched_unless_we_took_it_out(pool: Snapshot, rules: Policy) -> None:
    touching = {Action.DRAIN, Action.REBUILD, Action.SIGN_OUT}
    absent = {view.name for view in pool.hosts if view.seen is None and not view.row.removed_from_pool}
    assert not absent & {d.host for d in decide(pool, rules).decisions if d.act in touching}


@many
@given(pools(), policies())
def test_a_host_already_on_the_target_is_not_touched(pool: Snapshot, rules: Policy) -> None:
    for name in decide(pool, rules).chosen(Action.DRAIN):
        row = by_name(pool)[name].row
        fresh = row.version != pool.target or row.rolling_back or row.drained_by_earlier_failure
        used = pool.kind is RolloutKind.REFRESH  # brings the version that the host has
        assert fresh or used or by_name(pool)[name].drained  # chosen before, and undrained by somebody
