"""The outcome benchmark on small pools: consistent sessions, Freshcoat's promises, and targets."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bench.outcome import workspot
from bench.outcome.cases import OURS, Case, Setting
from bench.outcome.copies import fill_pool
from bench.outcome.freshcoat import Freshcoat
from bench.outcome.hosts import Spread
from bench.outcome.measure import Found, Result, best, gentler, measure, measure_setting
from bench.outcome.people import DAY, HOUR, PATTERNS, START, ActionKind, trace
from bench.outcome.report import rows
from shared.core.states import HostState
from tests.bench.small_pools import ALL, HOSTS, MINUTE, actions, out, small, watched

# Users and the pool.


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: f"{setting.policy}: {setting.text}")
def test_every_session_is_on_exactly_one_host(setting: Setting) -> None:
    pool = small("mixed")
    for _ in watched(pool, setting.make(), every=30 * MINUTE):
        on_hosts = [person for host in pool.hosts for person in host.people]
        assert sorted(on_hosts) == sorted(pool.sessions)
        assert all(pool.sessions[person].host is host for host in pool.hosts for person in host.people)
        assert all(len(host.people) <= pool.limit and (host.there or not host.people) for host in pool.hosts)
        assert pool.wanting <= set(pool.sessions) | pool.trying
        assert pool.free == sum(pool.limit - len(host.people) for host in pool.hosts if host.accepting)
        assert pool.free >= pool.lowest_free >= 0


@pytest.mark.parametrize("pattern", PATTERNS)
def test_all_policies_see_the_same_user_actions(pattern: str) -> None:
    wanting = set()
    for setting in ALL:
        pool = small(pattern)
        setting.make().begin(pool)
        pool.run(START + 30 * HOUR)
        wanting.add(frozenset(pool.wanting))
    assert len(wanting) == 1


def test_only_the_same_seed_gives_the_same_results() -> None:
    assert trace("mixed", people=20, days=3, seed=7) == trace("mixed", people=20, days=3, seed=7)
    assert trace("mixed", people=20, days=3, seed=7) != trace("mixed", people=20, days=3, seed=8)
    results = [[measure_setting(small("shift", seed=seed), setting) for setting in ALL] for seed in (1, 1, 2)]
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_the_actions_of_one_person_do_not_depend_on_the_number_of_others() -> None:
    few, many = (trace("office", people=people, days=3).actions for people in (5, 50))
    assert list(few) == [wish for wish in many if wish.person < 5]


def test_a_shift_pool_is_never_empty_and_an_office_is_at_night() -> None:
    def least(pattern: str) -> int:
        pool = small(pattern)
        counts = []
        while pool.now < START + DAY:
            pool.run(pool.now + 15 * MINUTE)
            counts.append(len(pool.sessions))
        return min(counts)

    assert least("shift") > 2
    assert least("office") == 0


def test_changing_a_copy_does_not_change_the_pool() -> None:
    untouched, plain = small(), fill_pool(actions("office"), hosts=HOSTS, limit=8)
    workspot.OnLogOff(workspot.Chosen()).begin(small())
    for pool in (untouched, plain):
        pool.run(START + DAY)
    assert [len(host.people) for host in untouched.hosts] == [len(host.people) for host in plain.hosts]
    assert untouched.old == HOSTS


def test_a_user_who_is_signed_out_and_still_works_logs_on_again() -> None:
    pool = small()
    host = pool.hosts[0]
    people, at_work = set(host.people), set(host.people) & pool.wanting
    pool.accept(host, accepting=False)
    pool.sign_out(host)
    assert pool.forced == len(people) > 0
    assert {person for person in people if person in pool.sessions} == at_work
    assert host.idle


def test_a_refused_logon_is_counted_once_and_retried() -> None:
    pool = small()
    pool.close(pool.hosts)
    for host in pool.hosts:
        pool.sign_out(host)
    at_once = len(pool.turned_away)
    assert at_once == len(pool.wanting) > 0
    pool.run(START + 3 * HOUR)
    came = [wish for wish in pool.trace.actions if wish.what is ActionKind.COME and START < wish.at <= pool.now]
    assert len(pool.turned_away) == at_once + len(came)
    for host in pool.hosts:
        pool.accept(host, accepting=True)
    pool.run(pool.now + 6 * MINUTE)
    assert pool.wanting <= set(pool.sessions)


def test_a_user_reconnects_to_the_same_host_even_if_it_is_drained() -> None:
    pool = small()
    pool.close(pool.hosts)
    before = {person: session.number for person, session in pool.sessions.items()}
    pool.run(START + 4 * HOUR)
    assert all(before[person] == session.number for person, session in pool.sessions.items())


def test_breadth_first_spreads_and_depth_first_fills() -> None:
    counts = {spread: [len(host.people) for host in small("shift", spread).hosts] for spread in Spread}
    assert sum(map(bool, counts[Spread.BREADTH])) > sum(map(bool, counts[Spread.DEPTH]))
    assert max(counts[Spread.BREADTH]) < max(counts[Spread.DEPTH])


# Freshcoat.


@pytest.mark.parametrize("spread", Spread)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_freshcoat_ends_no_session_and_refuses_no_logon_before_the_deadline(pattern: str, spread: Spread) -> None:
    for seed in (1, 2):
        policy = Freshcoat(deadline=20 * HOUR)
        pool = small(pattern, spread, limit=12, seed=seed)
        policy.begin(pool)
        pool.run(policy.force_at - 1)
        assert (pool.forced, pool.turned_away) == (0, [])
        pool.run(policy.force_at + 2 * HOUR)
        assert pool.old == 0
        assert pool.first_forced >= policy.force_at
        assert {row.state for row in policy.rows.values()} == {HostState.DONE}


def test_a_freshcoat_deadline_that_comes_too_early_signs_out_and_warns_before() -> None:
    policy, pool = Freshcoat(deadline=2 * HOUR), small()
    policy.begin(pool)
    pool.run(policy.force_at - 1)
    assert pool.warned > 0
    assert pool.forced == 0
    pool.run(policy.force_at + 2 * HOUR)
    assert pool.old == 0
    assert pool.forced + pool.warned_in_vain >= pool.warned > pool.warned_in_vain


def test_freshcoat_updates_one_host_first_and_keeps_its_floor() -> None:
    pool = small("shift", limit=12)
    for _ in watched(pool, Freshcoat()):
        if pool.old == HOSTS:
            assert len(out(pool)) <= 1
        assert sum(host.accepting for host in pool.hosts) >= 2  # 20 % of 10


@pytest.mark.parametrize(
    ("pattern", "setting", "hours"),
    [("shift", ALL[0], 24), ("mixed", ALL[0], 22), ("mixed", ALL[1], 20)],
    ids=["shift", "mixed", "mixed with windows"],
)
def test_skipping_polls_without_changes_makes_no_difference(pattern: str, setting: Setting, hours: int) -> None:
    seen = []
    for thinned in (True, False):
        pool, default = small(pattern, limit=12), setting.make()
        assert isinstance(default, Freshcoat)
        policy = Freshcoat(default.policy, deadline=(hours - 2) * HOUR, thinned=thinned)
        policy.begin(pool)
        pool.run(START + hours * HOUR, stop_when_new=True)
        figures = (pool.now, pool.forced, pool.warned, pool.warned_in_vain, pool.lowest_free, pool.turned_away)
        seen.append((figures, policy.rows, policy.passes))
    assert seen[0][:2] == seen[1][:2]
    assert seen[0][2] < 0.8 * seen[1][2]


# Results.


def result(policy: str = "peer", **fields: object) -> Result:
    plain = Result(policy, "", 0, end=20.0, forced=5, warned_in_vain=0, lowest_free=0.5, turned_away=0,
                   turned_away_early=0, most_hosts=10)  # fmt: skip
    return replace(plain, **fields)  # type: ignore[arg-type]


def reaches(*results: Result) -> dict[str, object]:
    found = {Case("office", Spread.BREADTH): Found(list(results), past_deadline=0, lowest_free_anyway=0.5)}
    return {row["figure"]: row["met"] for row in rows(found) if row["reach"] is not None}


@pytest.mark.parametrize(
    ("peer", "met"),
    [
        (result(forced=4, end=20.0), False),
        (result(forced=4, end=20.05), False),
        (result(forced=4, end=21.0), True),
        (result(forced=4, end=math.inf), True),
        (result(forced=5, end=1.0), True),
        (result(forced=4, end=2.0, turned_away=900, most_hosts=20), False),
    ],
)
def test_a_peer_with_fewer_sign_outs_at_the_same_or_an_earlier_end_misses_the_target(peer: Result, met: bool) -> None:
    figure = "office, breadth-first: settings of peers with fewer forced sign-outs at the same or an earlier end"
    assert reaches(result(OURS), result(), peer)[figure] is met
    assert len(gentler([result(OURS), result(), peer])) == (0 if met else 1)


@pytest.mark.parametrize(("turned_away", "met"), [(0, True), (1, False)])
def test_a_logon_refused_before_the_deadline_misses_the_target(turned_away: int, met: bool) -> None:
    figure = f"office, breadth-first: logons turned away before sessions are ended, {OURS}"
    assert reaches(result(OURS, turned_away=9, turned_away_early=turned_away))[figure] is met


def test_the_best_setting_is_in_time_then_has_fewest_sign_outs_then_refusals_then_the_earliest_end() -> None:
    late, rough = result(forced=0, end=60.0), result(forced=9, end=1.0)
    closed, slow, good = result(turned_away=7), result(end=40.0), result()
    assert best([late, rough, closed, slow, good]) == [good]
    assert best([late, rough]) == [rough]
    assert best([late]) == [late]


def test_every_row_has_the_documented_fields() -> None:
    case = Case("shift", Spread.BREADTH)
    found = {case: measure(case, people=30, hosts=4, days=4)}
    made = list(rows(found))
    assert {frozenset(row) for row in made} == {frozenset({"name", "figure", "value", "unit", "reach", "met"})}
    assert len({row["figure"] for row in made}) == len(made)
    for policy in {setting.policy for setting in ALL}:
        assert any(row["figure"].endswith(f"forced sign-outs, {policy}") for row in made)
