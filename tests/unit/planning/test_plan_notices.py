"""What a plan tells the users of a pool, and whom it signs out: any pool, any policy, whatever each user was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import RolloutState
from shared.models.azure import UserSession
from shared.models.host_parts import Told, Warnings
from shared.models.policy import Policy
from shared.planning.people.notices import may_sign_out, told_to, user_digest
from shared.planning.values import Action, HostView, NoticeKind, Snapshot
from tests.fixtures.builders import NOON
from tests.fixtures.picks import Picks
from tests.unit.planning.pool_strategies import by_name, decide, many, policies, pools

MINUTE = timedelta(minutes=1)
HALTED = {RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL, RolloutState.CANCELLING}


def with_people(pool: Snapshot, drawn: bytes) -> Snapshot:
    """The pool with its sessions listed, and a record of what some of them were told."""
    picks = Picks(drawn)
    listed: list[UserSession] = []
    views: list[HostView] = []
    for view in pool.hosts:
        told: dict[str, Told] = {}
        for number in range(view.sessions):
            session = UserSession(id=f"{number}", host=view.name, user=f"{view.name}-{number}", state="Active")
            listed.append(session)
            if known := _known(picks, pool, session):
                told[session.id] = known
        views.append(HostView(view.row.replace(warnings=Warnings(told=told)), view.seen))
    others = pool.schedule.force_at + picks.one((20, 60)) * MINUTE if picks.chance(4) else None
    schedule = pool.schedule.replace(others_force_at=others)
    return replace(pool, hosts=tuple(views), sessions=tuple(listed), schedule=schedule)


def _known(picks: Picks, pool: Snapshot, session: UserSession) -> Told | None:
    deadline: datetime | None = picks.one(
        (pool.schedule.force_at, pool.schedule.force_at, NOON - MINUTE, NOON - 30 * MINUTE, NOON + 5 * MINUTE, None)
    )
    user = user_digest(session) if picks.chance(5) is False else "somebody"
    return None if picks.chance(3) else Told(deadline=deadline, step=picks.one((0, 60, 15, 1)), user=user)


def peopled(*states: RolloutState) -> st.SearchStrategy[Snapshot]:
    """Pools in which it is known who is on which host, and what they were told."""
    return st.builds(with_people, pools(*states), st.binary(min_size=400, max_size=400))


@many
@given(peopled(), policies())
def test_no_host_is_signed_out_on_which_nobody_was_told(pool: Snapshot, rules: Policy) -> None:
    for name in decide(pool, rules).chosen(Action.SIGN_OUT):
        row = by_name(pool)[name].row
        assert any(may_sign_out(row, session, NOON) for session in pool.sessions_by_host[name])


@many
@given(peopled(), policies())
def test_nobody_may_be_signed_out_before_the_time_that_they_were_told(pool: Snapshot, rules: Policy) -> None:
    for view in pool.hosts:
        for session in pool.sessions_by_host.get(view.name, ()):
            told = told_to(view.row, session)
            if may_sign_out(view.row, session, NOON):
                assert told
                assert told.deadline
                assert told.deadline <= NOON


@many
@given(peopled(), policies())
def test_users_are_warned_only_on_hosts_that_the_rollout_still_takes(pool: Snapshot, rules: Policy) -> None:
    for notice in decide(pool, rules).notices:
        row = by_name(pool)[notice.host].row
        if notice.kind is NoticeKind.OFF:
            assert notice.told.deadline is None
            continue
        assert pool.state not in HALTED
        assert not row.state.ended
        assert not row.state.in_work
        assert row.rolling_back or not pool.rolling_back
        fresh = row.version != pool.target or row.rolling_back or row.drained_by_earlier_failure
        assert fresh or by_name(pool)[notice.host].drained
        assert notice.told.deadline
        assert notice.told.deadline >= NOON


@many
@given(peopled(*HALTED), policies())
def test_whoever_was_warned_is_told_when_nobody_is_signed_out_any_more(pool: Snapshot, rules: Policy) -> None:
    notices = decide(pool, rules).notices
    told = {(notice.host, notice.session) for notice in notices}
    assert {notice.kind for notice in notices} <= {NoticeKind.OFF}
    for view in pool.hosts:
        for session in pool.sessions_by_host.get(view.name, ()):
            known = told_to(view.row, session)
            waiting = not (view.row.state.ended or view.row.state.in_work) and pool.kind.value != "refresh"
            if known and known.deadline and waiting:
                assert (view.name, session.id) in told


@many
@given(peopled(), policies())
def test_a_strict_deadline_never_moves_for_the_canary(pool: Snapshot, rules: Policy) -> None:
    strict = rules.replace(strict_deadline=True)
    alone = replace(pool, schedule=pool.schedule.replace(others_force_at=None))
    assert decide(alone, strict).others_force_at is None
