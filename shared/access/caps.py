"""What the caps of an account still allow within the hour: looked at by plans, reserved before anything is begun.

Use is counted in one row per account, under its ETag, so that it is never counted too low. After a crash between a
reservation and the act, the same hosts and sign-outs are reserved again, and are counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.core.codes import Code
from shared.core.errors import NotFound, StaleRow
from shared.core.wording import counted
from shared.models.access.caps import MOST_POOLS, Caps, CapUse
from shared.models.messages import Message, message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.records.access import known_caps
from shared.records.change import change
from shared.services import CAPS, Services

HOUR = timedelta(hours=1)
PART = timedelta(minutes=5)
"""Use is counted per part of an hour, and counts until an hour after the end of its part."""


@dataclass(frozen=True)
class Allowed:
    """What may begin now, and why it is no more and when that changes; without a reason there is no cap.

    `asked_in_vain`: others wrote the row again and again, so nothing is allowed until it is asked again, at once.
    """

    hosts: int
    sign_outs: int
    why_no_more_hosts: Message | None = None
    why_no_more_sign_outs: Message | None = None
    asked_in_vain: bool = False


def capped(services: Services, pool: Pool) -> bool:
    """Whether the pool's account has caps, as known for at most half a minute. Costs no write, and seldom a read."""
    caps = known_caps(services).get(pool.account)
    return caps is not None and _has_caps(caps)


def may_begin(services: Services, rollout: Rollout, pool: Pool) -> Allowed | None:
    """What the rollout may begin, as of now; reserves nothing. None: no cap holds it up."""
    row = services.caps.find(CAPS, pool.account) if capped(services, pool) else None
    if row is None or is_overridden(row, services.now()):
        return None
    now = services.now()
    return _allowed(row, _use_of(row, rollout), pool.name, now)


def reserve(services: Services, rollout: Rollout, pool: Pool, *, hosts: int = 0, sign_outs: int = 0) -> Allowed:
    """Count as much of this as the caps allow, in one conditional write. Without caps, everything, without a write."""
    everything = Allowed(hosts, sign_outs)
    if not (hosts or sign_outs) or not capped(services, pool):
        return everything
    granted = everything

    def decide(row: Caps) -> Caps | None:
        nonlocal granted
        now, use = services.now(), _use_of(row, rollout)
        granted = everything
        if not is_overridden(row, now):
            may = _allowed(row, use, pool.name, now)
            granted = replace(may, hosts=min(hosts, may.hosts), sign_outs=min(sign_outs, may.sign_outs))
        if not (granted.hosts or granted.sign_outs) or not _has_caps(row):
            return None
        return row.replace(**{_name_of(rollout): _counted(use, granted, pool.name, now)})

    try:
        change(services.caps, (CAPS, pool.account), decide, describe="caps", retried=True)
    except NotFound:  # removed since
        return everything
    except StaleRow:
        return Allowed(0, 0, asked_in_vain=True)
    return granted


def is_overridden(row: Caps, now: datetime) -> bool:
    """Whether an admin has lifted the caps for now."""
    return row.override.until is not None and now < row.override.until


def used_hosts(use: CapUse, now: datetime) -> int:
    """Hosts that count in this hour."""
    return sum(_live(use.hosts, now).values())


def used_sign_outs(use: CapUse, now: datetime) -> int:
    """Sign-outs that count in this hour."""
    return sum(_live(use.sign_outs, now).values())


def used_pools(use: CapUse, now: datetime) -> list[str]:
    """Pools that count in this hour, by name."""
    return sorted(name for name, at in use.pools.items() if now < at + HOUR)


def _has_caps(row: Caps) -> bool:
    return not (row.hosts_per_hour is None and row.sign_outs_per_hour is None and row.pools_per_hour is None)


def _name_of(rollout: Rollout) -> str:
    back = rollout.rolling_back or rollout.kind is RolloutKind.ROLL_BACK
    return "used_back" if back else "used"


def _use_of(row: Caps, rollout: Rollout) -> CapUse:
    use: CapUse = getattr(row, _name_of(rollout))
    return use


def _allowed(row: Caps, use: CapUse, pool: str, now: datetime) -> Allowed:
    taken = used_pools(use, now)
    if row.pools_per_hour is not None and pool not in taken and len(taken) >= row.pools_per_hour:
        free_at = sorted(use.pools[name] + HOUR for name in taken)[len(taken) - row.pools_per_hour]
        what = f"work in {counted(row.pools_per_hour, 'pool')}"
        reason = _reason(row, what, row.pools_per_hour, free_at)
        return Allowed(0, 0, reason, reason)
    hosts, why_hosts = _left(row, row.hosts_per_hour, "begin", "host", use.hosts, now)
    sign_outs, why_sign_outs = _left(row, row.sign_outs_per_hour, "sign out", "session", use.sign_outs, now)
    return Allowed(hosts, sign_outs, why_hosts, why_sign_outs)


_NO_CAP = 1_000_000


def _left(
    row: Caps, cap: int | None, verb: str, noun: str, parts: Mapping[int, int], now: datetime
) -> tuple[int, Message | None]:
    """How many are left of a cap, and what is said when there are no more."""
    if cap is None:
        return _NO_CAP, None
    reason = _reason(row, f"{verb} {counted(cap, noun)}", cap, _free_at(cap, parts, now))
    return max(0, cap - sum(_live(parts, now).values())), reason


def _reason(row: Caps, what: str, cap: int, at: datetime) -> Message:
    text = f"waits: account {row.account} may {what} an hour; an admin may lift the cap"
    return message(Code.WAITS_FOR_CAP, text, at=at, count=cap)


def _free_at(cap: int, parts: Mapping[int, int], now: datetime) -> datetime:
    """When the use drops below the cap."""
    live = _live(parts, now)
    left = sum(live.values())
    for start in sorted(live):
        left -= live[start]
        if left < cap:
            return datetime.fromtimestamp(start, UTC) + PART + HOUR
    return now + HOUR


def _live(parts: Mapping[int, int], now: datetime) -> dict[int, int]:
    since = (now - HOUR - PART).timestamp()
    return {start: number for start, number in parts.items() if start > since}


def _counted(use: CapUse, granted: Allowed, pool: str, now: datetime) -> CapUse:
    part = int(now.timestamp() // PART.total_seconds() * PART.total_seconds())
    pools = {name: use.pools[name] for name in used_pools(use, now)} | {pool: now}
    newest = sorted(pools, key=pools.__getitem__)[-MOST_POOLS:]
    return CapUse(
        hosts=_with(_live(use.hosts, now), part, granted.hosts),
        sign_outs=_with(_live(use.sign_outs, now), part, granted.sign_outs),
        pools={name: pools[name] for name in newest},
    )


def _with(parts: dict[int, int], part: int, more: int) -> dict[int, int]:
    return {**parts, part: parts.get(part, 0) + more} if more else parts
