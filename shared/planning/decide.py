"""Decides host by host, spending one budget. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.policy import Policy
from shared.models.rollouts import RolloutKind
from shared.planning.budget import Budget, budget_for
from shared.planning.canary import canary_of
from shared.planning.freshness import why_not_due
from shared.planning.observe import gone, ready
from shared.planning.timing import sign_out_wait, signing_out_since, time_to_drain_and_start
from shared.planning.values import Action, Decision, HostView, Snapshot
from shared.planning.windows import may_begin

LEFT_DRAINED = "was not updated, and stays drained, since an earlier attempt had failed on it"
NO_VM = "its VM does not exist: remove the session host from the host pool"


def wait(view: HostView, reason: str) -> Decision:
    """Nothing is done with this host now, and why."""
    return Decision(view.name, Action.WAIT, reason, view.sessions)


class HostDecider:
    """Decides host by host, in order, spending one budget."""

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
        self.canary = canary = canary_of(snapshot, policy, self.budget.spare)
        self.canary_slots = canary.open_slots
        # A canary that waits for its last user does not keep an idle host from being the canary instead.
        waiting = [view for view in snapshot.hosts if view.drained]
        self.canary_drains = canary.open_slots - sum(1 for view in waiting if self.forcing or view.sessions == 0)
        self.canary_busy_drains = canary.open_slots - len(waiting)
        ending = sum(1 for view in waiting if view.sessions and view.row.state is HostState.SIGNING_OUT)
        self.canary_sign_outs = canary.open_slots - ending - sum(1 for view in waiting if view.sessions == 0)

    def decide(self, view: HostView) -> Decision:
        """What to do with this host now."""
        if view.row.state.in_work:
            return wait(view, view.row.step or "is being rebuilt")
        if self.snapshot.rolling_back and not view.row.rolling_back:
            return self._untouched(view)
        if view.drained:
            return self._drained(view)
        if view.name in self.snapshot.held_by_refresh:
            return wait(view, "is being made fresh; its turn is after that")
        return self._pending(view)

    def _untouched(self, view: HostView) -> Decision:
        """While going back, a host that was not updated stays as it is."""
        if view.drained and view.row.drained_by_earlier_failure:
            return Decision(view.name, Action.FAIL, LEFT_DRAINED, view.sessions)
        if view.drained:
            return Decision(view.name, Action.UNDRAIN, "was not updated, so it stays as it is", view.sessions)
        reason = LEFT_DRAINED if view.row.drained_by_earlier_failure else "was not updated"
        return Decision(view.name, Action.SKIP, reason, view.sessions)

    def _drained(self, view: HostView) -> Decision:
        if view.seen is None:
            return self._missing(view)
        if not view.row.drained_by_earlier_failure and (against := self._not_due(view) or self._not_first(view)):
            return Decision(view.name, Action.UNDRAIN, against, view.sessions)
        if view.row.drain.drained_at is None:
            return self._drain_again(view)
        if ready(view.row, self.settle, self.now):
            return self._take(view)
        if self.forcing and view.sessions:
            return self._force(view)
        if view.sessions:
            until = f", until {self.snapshot.schedule.force_at.isoformat(timespec='seconds')}"
            return wait(view, f"waits for {_people(view.sessions)} to log off{'' if self.refreshes else until}")
        return wait(view, "is empty and settles")

    def _not_first(self, view: HostView) -> str:
        """While the first hosts are others: why this one is given back; empty when it may go on.

        It was drained to become one of them once its people had left. Others were quicker, and nobody knows how long
        they take.
        """
        beaten = not self.canary.passed and self.canary_slots <= 0 and view.row.state is not HostState.SIGNING_OUT
        return self._after_the_canary() if beaten else ""

    def _not_due(self, view: HostView) -> str:
        """Of a refresh: why the host is not to be made fresh now; empty when it is, and for every other rollout."""
        if not self.refreshes:
            return ""
        return why_not_due(view.row, view.sessions, self.snapshot.refresh, self.snapshot.zone, self.now)

    def _pending(self, view: HostView) -> Decision:
        if view.seen is None:
            return self._missing(view)
        if self.refreshes:
            return self._used(view)
        if view.row.vm_missing:
            return Decision(view.name, Action.SKIP, NO_VM)
        on_target = view.row.version == self.snapshot.target and not view.row.rolling_back
        if on_target and not view.row.drained_by_earlier_failure:
            return Decision(view.name, Action.SKIP, f"is already on {self.snapshot.target}", view.sessions)
        return self._drain(view, "is idle" if view.sessions == 0 else f"has {_people(view.sessions)}")

    def _used(self, view: HostView) -> Decision:
        """A refresh never ends, so nothing is settled for good: a host without a VM may get one."""
        if view.row.vm_missing:
            return wait(view, NO_VM)
        if view.row.found.prior_tags and not view.row.drained_by_earlier_failure:
            return Decision(view.name, Action.UNDRAIN, "could not be given back as it was before", view.sessions)
        if view.row.use.failed_in:
            return wait(view, f"rollout {view.row.use.failed_in} has failed on it: put it right and undrain it")
        if against := self._not_due(view):
            return wait(view, against)
        return self._drain(view, "was used" if view.sessions == 0 else f"was used and has {_people(view.sessions)}")

    def _missing(self, view: HostView) -> Decision:
        """Not in the list: never touched, since it may serve somebody else by now; unless we took it out."""
        if view.row.removed_from_pool:
            return self._take(view)
        if gone(view.row, self.now):
            return Decision(view.name, Action.SKIP, "is no longer in the host pool")
        return wait(view, "is missing from the host pool's list")

    def _take(self, view: HostView) -> Decision:
        if not self.canary.passed and self.canary_slots <= 0:
            return wait(view, self._after_the_canary())
        if not self.budget.one_more_in_work():
            self.short_of_writes |= self.budget.in_work < self.budget.allowed_in_work
            return wait(view, self._why_no_more_work())
        self.budget.in_work += 1
        self.budget.to_begin -= 1
        self.canary_slots -= 1
        reason = "is drained and empty" if view.seen else "is out of the host pool since an attempt that failed"
        return Decision(view.name, Action.REBUILD, reason, view.sessions)

    def _why_no_more_work(self) -> str:
        if self.budget.in_work < self.budget.allowed_in_work:
            return "waits: Azure's budget of calls is used up for the moment"
        binds = self.budget.allowed_in_work
        bound = next(
            b for b in self.budget.bounds if b.hosts == binds and b.name not in {"min_available", "arm_writes"}
        )
        return f"waits: {self.budget.allowed_in_work} may be rebuilt at once ({bound.name})"

    def _force(self, view: HostView) -> Decision:
        """End the sessions; while the canary is out only of what it can have: others must not be disturbed for it."""
        if not self.canary.passed:
            begun = view.row.state is HostState.SIGNING_OUT
            if self.canary_slots <= 0 or (self.canary_sign_outs <= 0 and not begun):
                return wait(view, self._after_the_canary())
            self.canary_slots -= 1
            self.canary_sign_outs -= 0 if begun else 1
        return self._sign_out(view)

    def _sign_out(self, view: HostView) -> Decision:
        since, last = signing_out_since(view.row, self.policy, self.now), view.row.drain.signed_out_last
        if since is None or last is None:
            return Decision(view.name, Action.SIGN_OUT, f"signs out {_people(view.sessions)}", view.sessions)
        if self.now < last + sign_out_wait(self.policy):
            return wait(view, f"{_people(view.sessions)} being signed out")
        if self.now >= since + self.sign_out_limit:
            return Decision(view.name, Action.FAIL, f"{_people(view.sessions)} could not be signed out", view.sessions)
        return Decision(view.name, Action.SIGN_OUT, f"signs out {_people(view.sessions)} again", view.sessions)

    def _drain(self, view: HostView, reason: str) -> Decision:
        idle = view.sessions == 0
        against = self._against_draining(view, idle=idle)
        if against:
            return wait(view, f"{reason}; {against}")
        if view.serving:
            self.budget.serving -= 1
        if idle or self.forcing:
            self.budget.unavailable += 1
            self.canary_drains -= 1
        self.canary_busy_drains -= 1
        return Decision(view.name, Action.DRAIN, reason, view.sessions)

    def _drain_again(self, view: HostView) -> Decision:
        """A host that was chosen already but is not drained: Azure was busy, or somebody undrained it."""
        stops_serving = view.serving and (view.sessions == 0 or self.forcing)
        if stops_serving and not self.budget.one_more_unavailable():
            text = f"{self.budget.allowed_unavailable} may be unavailable at once"
            return wait(view, f"accepts sessions again; {text}")
        if view.serving and not self.budget.floor_allows():
            return wait(view, f"accepts sessions again; {_hosts(self.budget.floor)} must")
        if view.serving:
            self.budget.serving -= 1
        if stops_serving:
            self.budget.unavailable += 1
        return Decision(view.name, Action.DRAIN, "is to be drained", view.sessions)

    def _against_draining(self, view: HostView, *, idle: bool) -> str:
        """What forbids draining this host now, in words; empty when nothing does."""
        stops_serving = idle or self.forcing
        if not self.time_to_drain:
            return "no host is begun that would not end before the window closes"
        if self.budget.allowed_in_work <= 0:
            return "nothing can be rebuilt: the version has no replica where the hosts are"
        if not self.canary.passed and (self.canary_drains if stops_serving else self.canary_busy_drains) <= 0:
            return self._after_the_canary()
        if stops_serving and not self.budget.one_more_unavailable():
            return f"{self.budget.allowed_unavailable} may be unavailable at once"
        if view.serving and not self.budget.floor_allows():
            return f"{_hosts(self.budget.floor)} must accept sessions and have room for those open now"
        return ""

    def _after_the_canary(self) -> str:
        first = "the first host has" if self.canary.hosts == 1 else f"the first {self.canary.hosts} hosts have"
        return f"waits until {first} proved good"

    def with_floor_restored(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        """Give drained hosts back, the busiest first, while too few hosts accept sessions (whatever the cause)."""
        if self.forcing:
            return decisions
        drained = {view.name: view for view in self.snapshot.hosts if view.drained and view.seen is not None}
        changed = list(decisions)
        for index in range(len(changed) - 1, -1, -1):
            if not self.budget.below_floor():
                break
            decision = changed[index]
            view = drained.get(decision.host)
            if view is None or decision.act is not Action.WAIT or not _for_users(view):
                continue
            reason = f"only {_hosts(self.budget.serving)} can take new sessions"
            changed[index] = Decision(decision.host, Action.UNDRAIN, reason, decision.sessions)
            self.budget.serving += 1
        return tuple(changed)


def _for_users(view: HostView) -> bool:
    """Whether a host that we drained was in rotation before; not one that an earlier attempt has failed on."""
    return not (view.row.found.operator_drained or view.row.found.was_off or view.row.drained_by_earlier_failure)


def _people(sessions: int) -> str:
    return counted(sessions, "session")


def _hosts(count: int) -> str:
    return counted(count, "host")
