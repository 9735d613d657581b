"""Runs every setting on the same pool, counts, and finds out what reaches are met. Nothing here is written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.outcome.cases import OURS, OURS_AT_NIGHT, Case, Setting, settings
from bench.outcome.copies import copied, filled, hours, kept
from bench.outcome.freshcoat import Freshcoat
from bench.outcome.people import DAY, DEADLINE, HOUR, START, trace
from bench.outcome.pool import Pool

WEEK = 7 * DAY
"""So long a policy is watched."""
IN_TIME = DEADLINE / HOUR + 1
"""A policy is through in time an hour after the deadline: what is ended then has to be rebuilt."""
SAME_END = 0.1
"""Ends that are not so many hours apart are the same."""


@dataclass(frozen=True)
class Result:
    """What one setting came to. `end` is in hours from START, infinite when it was not through within the week."""

    policy: str
    text: str
    starts: float
    end: float
    forced: int
    warned_in_vain: int
    lowest_free: float
    """The least share of the pool's session places that was free on hosts that accepted sessions."""
    turned_away: int
    turned_away_early: int
    """Of them, before Freshcoat ends sessions; for the others the same as `turned_away`."""
    most_hosts: int


@dataclass(frozen=True)
class Found:
    """What one case came to."""

    results: list[Result]
    past_deadline: int
    """Sessions open at START and still open at the deadline, if nothing is published: who ends sessions then and has
    an old host below them cannot do with fewer."""
    lowest_free_anyway: float
    """The lowest free capacity until then, if nothing is published."""


def measured(pool: Pool, setting: Setting) -> Result:
    """Run one setting on this pool, which is at START."""
    policy = setting.make()
    policy.begin(pool)
    pool.run(START + WEEK, stop_when_new=True)
    until = policy.force_at if isinstance(policy, Freshcoat) else math.inf
    return Result(
        policy=setting.policy,
        text=setting.text,
        starts=setting.starts,
        end=math.inf if pool.old else hours(pool.now),
        forced=pool.forced,
        warned_in_vain=pool.warned_in_vain,
        lowest_free=pool.lowest_free / pool.places,
        turned_away=len(pool.turned_away),
        turned_away_early=sum(when < until for when in pool.turned_away),
        most_hosts=pool.most_hosts,
    )


def measure(case: Case, *, people: int = 2_000, hosts: int = 200, seed: int = 1, days: int = 9) -> Found:
    """All settings on one case, and what happens without any."""
    wishes = trace(case.pattern, people=people, days=days, seed=seed)
    pool = filled(wishes, hosts=hosts, spread=case.spread, seed=seed)
    start = kept(pool)
    at_start = set(pool.sessions.values())
    pool.run(START + DEADLINE)
    return Found(
        results=[measured(copied(start, wishes), setting) for setting in settings(hosts)],
        past_deadline=len(at_start & set(pool.sessions.values())),
        lowest_free_anyway=pool.lowest_free / pool.places,
    )


def rank(result: Result) -> tuple[bool, int, int, float]:
    """The smaller, the better: in time, then forced sign-outs, then logons turned away, then the end."""
    return result.end > IN_TIME, result.forced, result.turned_away, result.end


def best(results: Sequence[Result]) -> list[Result]:
    """Of each policy its best setting, in the order in which the policies come."""
    policies = dict.fromkeys(result.policy for result in results)
    return [min((r for r in results if r.policy == policy), key=rank) for policy in policies]


def ours(results: Iterable[Result]) -> Result:
    """Freshcoat's default policy."""
    return next(result for result in results if result.policy == OURS)


def gentler(results: Iterable[Result]) -> list[Result]:
    """The peers' settings with fewer forced sign-outs than Freshcoat at the same or an earlier end; all are asked."""
    results = list(results)
    mine = ours(results)
    return [
        result
        for result in results
        if result.policy not in {OURS, OURS_AT_NIGHT}
        and result.forced < mine.forced
        and result.end < mine.end + SAME_END
    ]
