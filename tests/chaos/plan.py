"""What a seed stands for: a pool, a request, what people do, and which kinds of chaos come when."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Any

from tests.fixtures.unreliable_proxy import NONE, Trouble

KINDS = ("killed host", "failing tables", "ten operators", "slow tables", "everything")
"""Each seed has one, in turn. Two function hosts work on the same tables in all of them."""
SECONDS = 2.0
"""How long the chaos lasts. Then the rollout is brought to its end in peace."""
OPERATORS = 10


@dataclass(frozen=True)
class Plan:
    """One run. Times are in seconds from the request on."""

    seed: int
    kind: str
    hosts: int
    sessions: tuple[int, ...]
    """The host of each session at the start, by number."""
    log_offs: tuple[tuple[float, int], ...]
    log_ons: tuple[tuple[float, int], ...]
    """When somebody comes to which host, also to a drained one: the broker had decided before the drain."""
    slips_in: int
    """How many people come in the moment that a host was drained: only the last look before its rebuild sees them."""
    mode: str
    due: float
    """When sessions are ended, in modes `at` and `on_logoff`."""
    policy: dict[str, Any]
    kills: tuple[tuple[float, int], ...]
    """When which function host is killed."""
    troubles: tuple[Trouble, Trouble]
    commands: tuple[tuple[float, ...], ...]
    """When each operator after the first sends commands. What they are depends on the rollout's state then."""
    duration_scale: float
    """0: operations in Azure are immediate. 1: they take their simulated time."""


def plan_of(seed: int) -> Plan:
    """The run of this seed, always the same."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    everything = kind == "everything"
    hosts = rng.choice((2, 3, 3))
    sessions = tuple(rng.randrange(hosts) for _ in range(rng.randint(0, 3)))
    mode = rng.choice(("on_logoff", "on_logoff", "now", "at"))
    policy: dict[str, Any] = {
        "settle_seconds": 0,
        "poll_seconds": 15,
        "min_available": rng.choice((0, 1, 1)),
        "max_unavailable": rng.choice(("50%", "100%")),
        "strategy": rng.choice(("auto", "reimage", "replace")),
        "canary_hosts": rng.choice((0, 1)),
        "canary_hold": "approve" if rng.random() < 0.1 else "auto",
        "proof": rng.choice(("none", "none", "auto")),
        "strict_deadline": rng.choice((True, True, False)),
        "warn_minutes": rng.choice(([], [1])),
    }
    return Plan(
        seed=seed,
        kind=kind,
        hosts=hosts,
        sessions=sessions,
        log_offs=tuple((rng.uniform(0.5, SECONDS), n) for n in range(len(sessions)) if rng.random() < 0.5),
        log_ons=tuple((rng.uniform(0.0, SECONDS), rng.randrange(hosts)) for _ in range(rng.randint(0, 4))),
        slips_in=seed % 4,
        mode=mode,
        due=rng.uniform(1.5, 4.0),
        policy=policy,
        kills=tuple(_kills(rng)) if everything or kind == "killed host" else (),
        troubles=_troubles(rng, kind),
        commands=tuple(_moments(rng) for _ in range(OPERATORS)) if everything or kind == "ten operators" else (),
        duration_scale=rng.choice((0.0, 0.0, 1.0)),
    )


def _kills(rng: random.Random) -> list[tuple[float, int]]:
    first = rng.randrange(2)
    moments = sorted(rng.uniform(0.3, SECONDS) for _ in range(rng.choice((1, 1, 2))))
    return list(zip(moments, (first, 1 - first), strict=False))


def _troubles(rng: random.Random, kind: str) -> tuple[Trouble, Trouble]:
    def one() -> Trouble:
        seed = rng.randrange(10**6)
        if kind == "slow tables":
            return Trouble(slow=rng.uniform(0.3, 0.9), slow_seconds=rng.uniform(0.2, 0.6), seed=seed)
        share = rng.uniform(0.01, 0.06)
        return Trouble(cut=share, lose=share, tear=share / 2, slow=0.1, slow_seconds=0.2, seed=seed)

    return (one(), one()) if kind in {"failing tables", "slow tables", "everything"} else (NONE, NONE)


def _moments(rng: random.Random) -> tuple[float, ...]:
    return tuple(sorted(rng.uniform(0.2, SECONDS) for _ in range(rng.randint(1, 3))))


def seeds() -> list[int]:
    """The seeds to run: twenty, or `CHAOS_SEEDS` of them, or only the one of `CHAOS_SEED`."""
    single = os.environ.get("CHAOS_SEED")
    return [int(single)] if single else list(range(int(os.environ.get("CHAOS_SEEDS") or 20)))
