"""Runs every setting on the same pool, and compares the results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.outcome.cases import OURS, OURS_AT_NIGHT, Case, Setting, settings
from bench.outcome.copies import fill_pool, hours, pickle_pool, unpickle_pool
from bench.outcome.freshcoat import Freshcoat
from bench.outcome.people import DAY, DEADLINE, HOUR, START, trace
from bench.outcome.pool import Pool

WEEK = 7 * DAY
"""How long each policy is simulated."""
IN_TIME = DEADLINE / HOUR + 1
"""The latest end in hours that counts as in time: an hour after the deadline, for rebuilding the last hosts."""
SAME_END = 0.1
"""Ends that differ by less than this many hours count as the same."""


@dataclass(frozen=True)
class Result:
    """The result of one setting. `end` is in hours after START, infinite when it did not end within the week."""

    policy: str
    text: str
    starts: float
    end: float
    forced: int
    warned_in_vain: int
    lowest_free: float
    """The lowest share of the pool's session capacity that was free on hosts accepting sessions."""
    turned_away: int
    turned_away_early: int
    """The logons refused before Freshcoat's deadline; for other policies the same as `turned_away`."""
    most_hosts: int


@dataclass(frozen=True)
class Found:
    """The results of one case."""

    results: list[Result]
    past_deadline: int
    """Sessions open from START to the deadline when nothing is published. A policy that ends the sessions on old hosts
    at the deadline cannot have fewer forced sign-outs."""
    lowest_free_anyway: float
    """The lowest free capacity until the deadline when nothing is published."""


def measure_setting(pool: Pool, setting: Setting) -> Result:
    """Run one setting on a pool at START."""
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
    """Run all settings on one case, and the case without an update."""
    actions = trace(case.pattern, people=people, days=days, seed=seed)
    pool = fill_pool(actions, hosts=hosts, spread=case.spread, seed=seed)
    start = pickle_pool(pool)
    at_start = set(pool.sessions.values())
    pool.run(START + DEADLINE)
    return Found(
        results=[measure_setting(unpickle_pool(start, actions), setting) for setting in settings(hosts)],
        past_deadline=len(at_start & set(pool.sessions.values())),
        lowest_free_anyway=pool.lowest_free / pool.places,
    )


def rank(result: Result) -> tuple[bool, int, int, float]:
    """The sort key, best first: in time, then forced sign-outs, then refused logons, then the end."""
    return result.end > IN_TIME, result.forced, result.turned_away, result.end


def best(results: Sequence[Result]) -> list[Result]:
    """The best setting of each policy, in the order of the policies."""
    policies = dict.fromkeys(result.policy for result in results)
    return [min((r for r in results if r.policy == policy), key=rank) for policy in policies]


def ours(results: Iterable[Result]) -> Result:
    """The result of Freshcoat's default policy."""
    return next(result for result in results if result.policy == OURS)


def gentler(results: Iterable[Result]) -> list[Result]:
    """All settings of other policies with fewer forced sign-outs than Freshcoat at the same or an earlier end."""
    results = list(results)
    mine = ours(results)
    return [
        result
        for result in results
        if result.policy not in {OURS, OURS_AT_NIGHT}
        and result.forced < mine.forced
        and result.end < mine.end + SAME_END
    ]
