"""How many writes ARM says are left, from the answers to whatever is asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.sim.core import names
from shared.azure.throttle import FRESH
from shared.core.errors import AzureBusy
from tests.contracts.azure.conftest import POOL, Azure, host, vm
from tests.contracts.azure.scripted_arm import Scripted, said

OTHER = POOL.replace(names.SUBSCRIPTION, "99999999-0000-4000-8000-000000000009")


def answers(*left: str | None) -> Scripted:
    """An Azure that says so many writes are left, answer by answer; None: it does not say."""
    headers: list[dict[str, Any]] = [
        {} if text is None else {"x_ms_ratelimit_remaining_subscription_writes": text} for text in left
    ]
    return Scripted(*(said(200, {}, **given) for given in headers))


def drain(azure: Scripted) -> None:
    """A write."""
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)


def test_the_quota_is_unknown_before_the_first_response_of_arm() -> None:
    azure = answers(None)
    drain(azure)
    assert azure.arm_budget.writes_left(POOL) is None


def test_the_newest_response_counts_and_one_without_a_quota_changes_nothing() -> None:
    azure = answers("180", "179", None, "many")
    for expected in (180, 179, 179, 179):
        drain(azure)
        assert azure.arm_budget.writes_left(POOL) == expected
    assert azure.arm_budget.writes_left(POOL.upper()) == 179
    assert azure.arm_budget.writes_left(OTHER) is None


def test_quota_reserved_by_one_rollout_is_not_given_to_the_next() -> None:
    azure = answers("180", "150")
    azure.arm_budget.reserve_writes(POOL, 8)
    drain(azure)
    for expected in (100, 20, 0):
        azure.arm_budget.reserve_writes(POOL.upper(), 80)
        assert azure.arm_budget.writes_left(POOL) == expected
    assert azure.arm_budget.writes_left(OTHER) is None
    drain(azure)
    assert azure.arm_budget.writes_left(POOL) == 150


def test_an_old_response_no_longer_counts() -> None:
    azure = answers("180", "90")
    drain(azure)
    azure.now += FRESH
    assert azure.arm_budget.writes_left(POOL) == 180
    azure.now += 1
    assert azure.arm_budget.writes_left(POOL) is None
    drain(azure)
    assert azure.arm_budget.writes_left(POOL) == 90


def test_responses_of_both_kinds_of_clients_are_counted() -> None:
    azure = answers("180", "170", "160")
    drain(azure)
    azure.vms.update(vm(1), tags={})
    assert azure.arm_budget.writes_left(POOL) == 170
    azure.governance.locks(POOL)
    assert azure.arm_budget.writes_left(POOL) == 160


def test_a_refusal_updates_the_quota_too() -> None:
    azure = Scripted(said(429, {}, Retry_After="5", x_ms_ratelimit_remaining_subscription_writes="0"))
    with pytest.raises(AzureBusy):
        drain(azure)
    assert azure.arm_budget.writes_left(POOL) == 0


def test_the_quota_matches_the_limits_of_the_simulated_azure(azure: Azure) -> None:
    azure.world(throttle="virtual", speed=0.0)
    azure.host_pools.session_hosts(POOL)
    assert azure.arm_budget.writes_left(POOL) is None

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: azure.host_pools.set_accepting(POOL, host(n), accepting=False), range(1, 5)))
    azure.host_pools.set_accepting(POOL, host(5), accepting=False)
    assert azure.arm_budget.writes_left(POOL) == 195
