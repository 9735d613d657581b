"""Decides for one host after another, from one shared budget. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.hrefs import rollout_href
from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.messages import Message, message
from shared.models.policy import Policy
from shared.models.rollouts import RolloutKind
from shared.planning.budget import Budget, budget_for
from shared.planning.canary import CanaryUse, canary_budget, canary_of
from shared.planning.freshness import why_not_due
from shared.planning.lost_hosts import waits_for_lost_host
from shared.planning.observe import gone, ready
from shared.planning.people.deadlines import canary_candidates, deadline_of
from shared.planning.people.notices import WARNING_FIRST, anybody_to_sign_out
from shared.planning.people.sign_outs import not_signed_out
from shared.planning.people.undrained import question
from shared.planning.timing import sign_out_wait, signing_out_since, time_to_drain_and_start
from shared.planning.values import Action, Decision, HostView, Snapshot
from shared.planning.windows import may_begin

LEFT_DRAINED = message(Code.LEFT_DRAINED, "not updated; stays drained because an earlier attempt failed on it")
NOT_UPDATED = message(Code.NOT_UPDATED, "not updated, so it stays as it is")
NO_VM = message(Code.NO_VM, "its VM does not exist: remove the session host from the host pool")
IN_WORK = message(Code.IN_WORK, "is being rebuilt")
OUT_OF_POOL = message(Code.OUT_OF_POOL, "out of the host pool since a failed attempt")


def wait(view: HostView, reason: Message) -> Decision:
    """Do nothing with this host now, for this reason."""
    return Decision(view.name, Action.WAIT, reason, view.sessions)


class HostDecider:
    """Decides for one host after another, in order, from one shared budget."""

    def __init__(self, snapshot: Snapshot, policy: Policy, now: datetime, sign_out_limit: timedelta) -> None:
        self.snapshot, self.policy, self.now = snapshot, policy, now
        self.settle = timedelta(seconds=policy.settle_seconds)
        self.sign_out_limit = sign_out_limit
        self.forcing = snapshot.forcing(now)
        self.refreshes = snapshot.kind is RolloutKind.REFRESH
        self.budget: Budget = budget_for(snapshot, policy, now)
        self.short_of_writes = False
        need = time_to_drain_and_start(snapshot, policy)
        self.time_to_drain = snapshot.rolling_back or may_begin(policy.windows, snapshot.zone, now, need)
        self.canary = canary_of(snapshot, policy, self.budget.spare)
        self.lost_host = waits_for_lost_host(snapshot)
        self.canary_budget = canary_budget(snapshot, self.canary, forcing=self.forcing, strict=policy.strict_deadline)
        self.candidates = canary_candidates(snapshot, self.canary)

    def decide(self, view: HostView) -> Decision:
        """What to do with this host now."""
        if view.row.state.in_work:
            return wait(view, view.row.reason or IN_WORK)
        if self.snapshot.rolling_back and not view.row.rolling_back:
            return self._untouched(view)
        if view.left_out and view.name not in self.snapshot.held_by_refresh:
            return self._left_out(view, view.left_out)
        if view.drained:
            return self._drained(view)
        if view.name in self.snapshot.held_by_refresh:
            return wait(view, message(Code.WAITS_FOR_REFRESH, "waits until the pool's refresh has finished with it"))
        return self._pending(view)

    def _left_out(self, view: HostView, reason: Message) -> Decision:
        """A host that is left out ends here. A refresh never ends, so its host waits until it is taken in again."""
        if not self.refreshes:
            return Decision(view.name, Action.SKIP, reason, view.sessions)
        return Decision(view.name, Action.UNDRAIN if view.drained else Action.WAIT, reason, view.sessions)

    def _untouched(self, view: HostView) -> Decision:
        """During a roll-back, a host that was not updated stays as it is."""
        if view.drained and view.row.drained_by_earlier_failure:
            return Decision(view.name, Action.FAIL, LEFT_DRAINED, view.sessions)
        if view.drained:
            return Decision(view.name, Action.UNDRAIN, NOT_UPDATED, view.sessions)
        reason = LEFT_DRAINED if view.row.drained_by_earlier_failure else NOT_UPDATED
        return Decision(view.name, Action.SKIP, reason, view.sessions)

    def _drained(self, view: HostView) -> Decision:
        if view.seen is None:
            return self._missing(view)
        if asked := question(self.snapshot, self.candidates, view, self.now):
            return Decision(view.name, Action.UNDRAIN, asked, view.sessions)
        if not view.row.drained_by_earlier_failure and (against := self._not_due(view) or self._not_canary(view)):
            return Decision(view.name, Action.UNDRAIN, against, view.sessions)
        if view.row.drain.drained_at is None:
            return self._drain_again(view)
        if ready(view.row, self.settle, self.now):
            return self._rebuild(view)
        if self.forcing and view.sessions and self.now >= deadline_of(self.snapshot, self.candidates, view):
            return self._end_sessions(view)
        if view.sessions:
            return wait(view, self._waits_for_sign_out(view))
        return wait(view, message(Code.SETTLING, "is empty and settles"))

    def _waits_for_sign_out(self, view: HostView) -> Message:
        text = f"waits for {_sessions(view.sessions)} to end"
        until = None if self.refreshes else deadline_of(self.snapshot, self.candidates, view)
        return message(Code.WAITS_FOR_SIGN_OUT, text, at=until, count=view.sessions)

    def _not_canary(self, view: HostView) -> Message | None:
        """Why this drained host returns to service while other hosts are the canary; None when it may continue.

        It was drained to become a canary host once its users had signed out. Other hosts were faster, and nobody knows
        how long their checks take.
        """
        stays = view.row.state is HostState.SIGNING_OUT or self.canary_budget.rebuilds_only
        return None if stays or self.canary_budget.allows(CanaryUse.REBUILD) else self._after_the_canary()

    def _not_due(self, view: HostView) -> Message | None:
        """Why a refresh does not rebuild the host now; None when it does, and always for other kinds of rollout."""
        if not self.refreshes:
            return None
        return why_not_due(view.row, view.sessions, self.snapshot.refresh, self.snapshot.zone, self.now)

    def _pending(self, view: HostView) -> Decision:
        if view.seen is None:
            return self._missing(view)
        if self.refreshes:
            return self._pending_refresh(view)
        if view.row.vm_missing:
            return Decision(view.name, Action.SKIP, NO_VM)
        on_target = view.row.version == self.snapshot.target and not view.row.rolling_back
        if on_target and not view.row.drained_by_earlier_failure:
            reason = message(Code.ON_TARGET, f"already on {self.snapshot.target}")
            return Decision(view.name, Action.SKIP, reason, view.sessions)
        if asked := question(self.snapshot, self.candidates, view, self.now):
            return wait(view, asked)
        return self._drain(view, _has_sessions(view.sessions) if view.sessions else message(Code.IDLE, "is idle"))

    def _pending_refresh(self, view: HostView) -> Decision:
        """Decide on a host of a refresh. A refresh never ends, so a host without a VM waits: it may get one later."""
        if view.row.vm_missing:
            return wait(view, NO_VM)
        if view.row.found.prior_tags and not view.row.drained_by_earlier_failure:
            reason = message(Code.NOT_RESTORED, "could not be returned to service as it was before")
            return Decision(view.name, Action.UNDRAIN, reason, view.sessions)
        if view.row.use.failed_in:
            return wait(view, _failed_in(view.row.use.failed_in))
        if against := self._not_due(view):
            return wait(view, against)
        return self._drain(view, _has_sessions(view.sessions) if view.sessions else message(Code.USED, "was used"))

    def _missing(self, view: HostView) -> Decision:
        """Decide on a host that the pool does not list. It may serve another pool, so act only if we removed it."""
        if view.row.removed_from_pool:
            return self._rebuild(view)
        if gone(view.row, self.now):
            return Decision(view.name, Action.SKIP, message(Code.LEFT_POOL, "no longer in the host pool"))
        return wait(view, message(Code.MISSING, "missing from the host pool's list"))

    def _rebuild(self, view: HostView) -> Decision:
        if self.lost_host:
            return wait(view, self.lost_host)
        if not self.canary_budget.allows(CanaryUse.REBUILD):
            return wait(view, self._after_the_canary())
        if not self.budget.one_more_in_work():
            no_quota = self.budget.in_work < self.budget.allowed_in_work and not self.budget.at_cap()
            self.short_of_writes |= no_quota
            return wait(view, self._why_no_more_work())
        self.budget.begin_one()
        self.canary_budget.take(CanaryUse.REBUILD if view.drained else CanaryUse.REBUILD_UNLISTED)
        reason = message(Code.DRAINED, "is drained and empty") if view.seen else OUT_OF_POOL
        return Decision(view.name, Action.REBUILD, reason, view.sessions)

    def _why_no_more_work(self) -> Message:
        if self.budget.in_work < self.budget.allowed_in_work and (cap := self.budget.at_cap()):
            return cap.reason
        if self.budget.in_work < self.budget.allowed_in_work:
            return message(Code.WAITS_FOR_ARM_QUOTA, "waits: Azure's quota of calls is used up for the moment")
        binds = self.budget.allowed_in_work
        bound = next(
            b for b in self.budget.bounds if b.hosts == binds and b.name not in {"min_available", "arm_writes", "cap"}
        )
        text = f"waits: {_hosts(binds)} may be rebuilt at once ({bound.name})"
        return message(Code.WAITS_FOR_CAPACITY, text, count=binds)

    def _end_sessions(self, view: HostView) -> Decision:
        """Sign users out; until the canary has passed, only on hosts that can still become canary hosts."""
        started = view.row.state is HostState.SIGNING_OUT
        use = CanaryUse.SIGN_OUT_AGAIN if started else CanaryUse.SIGN_OUT
        if self.lost_host and not started:
            return wait(view, self.lost_host)
        if not self.canary_budget.allows(use):
            return wait(view, self._after_the_canary())
        self.canary_budget.take(use)
        if not anybody_to_sign_out(self.snapshot, view, self.now):
            return wait(view, WARNING_FIRST)
        return self._sign_out(view)

    def _sign_out(self, view: HostView) -> Decision:
        since, last = signing_out_since(view.row, self.policy, self.now), view.row.drain.signed_out_last
        if since is None or last is None:
            return Decision(view.name, Action.SIGN_OUT, _signing_out(view.sessions), view.sessions)
        if self.now < last + sign_out_wait(self.policy):
            return wait(view, _signing_out(view.sessions))
        if self.now >= since + self.sign_out_limit:
            return Decision(view.name, Action.FAIL, self._why_not_signed_out(view), view.sessions)
        return Decision(view.name, Action.SIGN_OUT, _signing_out(view.sessions), view.sessions)

    def _why_not_signed_out(self, view: HostView) -> Message:
        assert view.seen is not None  # noqa: S101 - it has sessions
        listed = self.snapshot.sessions_by_host.get(view.name, ())
        return not_signed_out(view.seen, listed, view.row.drain.sign_out_answers)

    def _drain(self, view: HostView, reason: Message) -> Decision:
        idle = view.sessions == 0
        against = self._against_draining(view, idle=idle)
        if against:
            return wait(view, against)
        if view.serving:
            self.budget.serving -= 1
        if idle or self.forcing:
            self.budget.unavailable += 1
        self.canary_budget.take(self._drain_use(idle=idle))
        return Decision(view.name, Action.DRAIN, reason, view.sessions)

    def _drain_again(self, view: HostView) -> Decision:
        """Drain a host that was chosen before but is not drained: Azure was busy, or somebody undrained it."""
        stops_serving = view.serving and (view.sessions == 0 or self.forcing)
        if stops_serving and not self.budget.one_more_unavailable():
            return wait(view, self._enough_unavailable())
        if view.serving and not self.budget.floor_allows():
            return wait(view, self._too_few_available())
        if view.serving:
            self.budget.serving -= 1
        if stops_serving:
            self.budget.unavailable += 1
        return Decision(view.name, Action.DRAIN, message(Code.DRAINS_AGAIN, "has to be drained"), view.sessions)

    def _against_draining(self, view: HostView, *, idle: bool) -> Message | None:
        """Why this host may not be drained now; None when it may."""
        stops_serving = idle or self.forcing
        if self.lost_host:
            return self.lost_host
        if not self.time_to_drain:
            return message(Code.TOO_LATE_FOR_WINDOW, "not enough time left before the window closes")
        if self.budget.allowed_in_work <= 0:
            return message(Code.NO_REPLICA, "cannot rebuild: the image version is not replicated to the hosts' region")
        if not self.canary_budget.allows(self._drain_use(idle=idle)):
            return self._after_the_canary()
        if stops_serving and not self.budget.one_more_unavailable():
            return self._enough_unavailable()
        if view.serving and not self.budget.floor_allows():
            return self._too_few_available()
        return None

    def _enough_unavailable(self) -> Message:
        if cap := self.budget.at_cap():
            return cap.reason
        limit = self.budget.allowed_unavailable
        return message(Code.UNAVAILABLE_LIMIT, f"waits: {_hosts(limit)} may be unavailable at once", count=limit)

    def _too_few_available(self) -> Message:
        floor = self.budget.floor
        text = f"waits: {_hosts(floor)} must accept sessions, with room for the open ones"
        return message(Code.AVAILABLE_LIMIT, text, count=floor)

    def _after_the_canary(self) -> Message:
        hosts = self.canary.hosts
        canaries = "the canary host to pass its" if hosts == 1 else f"the {hosts} canary hosts to pass their"
        return message(Code.WAITS_FOR_CANARY, f"waits for {canaries} checks", count=hosts)

    def _drain_use(self, *, idle: bool) -> CanaryUse:
        return CanaryUse.DRAIN_EMPTY if idle or self.forcing else CanaryUse.DRAIN_BUSY


def _sessions(number: int) -> str:
    return counted(number, "session")


def _has_sessions(number: int) -> Message:
    return message(Code.HAS_SESSIONS, f"has {_sessions(number)}", count=number)


def _signing_out(number: int) -> Message:
    return message(Code.SIGNING_OUT, f"{_sessions(number)} being signed out", count=number)


def _failed_in(rollout_id: str) -> Message:
    text = "a rollout failed on it: fix it, then undrain it"
    return message(Code.FAILED_EARLIER, text, href=rollout_href(rollout_id))


def _hosts(count: int) -> str:
    return counted(count, "host")
