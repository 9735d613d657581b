"""Selects the pools of a request, their rings and their schedule. Shared by activations and fleet updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.api.common import ScheduleRequest
from shared.api.fleet import PoolsChoice
from shared.api.schedules import parse_schedule
from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.access.roles import Reach
from shared.models.images import Image
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool
from shared.models.rollouts import Schedule
from shared.planning.rings import RING_NUMBERS
from shared.records.accounts import known_account
from shared.services import IMAGES, POOLS, Services

MOST = 500
"""Most pools of one fleet update."""


def names_of(pools: Iterable[Pool]) -> tuple[str, ...]:
    """The pools' names, in order."""
    return tuple(sorted(pool.name for pool in pools))


def rings_of(pools: Iterable[Pool]) -> dict[str, int]:
    """Pool -> the ring in which it is updated, by the ring it is registered with."""
    return {pool.name: RING_NUMBERS[pool.ring] for pool in pools}


def schedule_of(asked: ScheduleRequest, pools: Sequence[Pool], now: datetime, *, after: str = "") -> Schedule:
    """The moments asked for, in the zone that is given or else that of all the pools. Raises InvalidRequest."""
    zones = sorted({pool.time_zone for pool in pools}) or ["UTC"]
    problems: list[FieldProblem] = []
    if len(zones) > 1 and asked.time_zone is None and asked.mode is not ScheduleMode.NOW:
        text = f"these pools are in different zones ({', '.join(zones)}): give one"
        problems.append(FieldProblem("schedule.time_zone", text))
    try:
        schedule = parse_schedule(asked, now=now, pool_zone=zones[0], after=after)
    except InvalidRequest as error:
        raise InvalidRequest([*problems, *error.problems]) from error
    if problems:
        raise InvalidRequest(problems)
    return schedule


@dataclass(frozen=True)
class SelectedPools:
    """The pools of a fleet update, by name, and the image they get; None when it is unknown."""

    pools: tuple[Pool, ...]
    rings: dict[str, int]
    image: Image | None


def choose_pools(services: Services, asked: PoolsChoice, reach: Reach, problems: list[FieldProblem]) -> SelectedPools:
    """Select the pools of a fleet update, among those in reach. Problems of the choice are added to `problems`."""
    registered = {pool.name: pool for pool in services.pools.all(POOLS) if reach.sees((pool.account,))}
    if asked.pools is None or asked.filter is not None:
        pools = _filtered(services, asked, registered, reach, problems)
    else:
        problems += [FieldProblem("pools", f"there is no pool called {n}") for n in asked.pools if n not in registered]
        pools = [registered[name] for name in dict.fromkeys(asked.pools) if name in registered]
    pools = sorted(pools, key=lambda pool: pool.name)
    names = {pool.name for pool in pools}
    problems += [
        FieldProblem(f"rings.{name}", "this pool is not among those that are updated; leave it out")
        for name in asked.rings
        if name not in names
    ]
    rings = rings_of(pools) | {name: ring for name, ring in asked.rings.items() if name in names}
    return SelectedPools(tuple(pools), rings, _image(services, asked, pools, reach, problems))


def _filtered(
    services: Services,
    asked: PoolsChoice,
    registered: Mapping[str, Pool],
    reach: Reach,
    problems: list[FieldProblem],
) -> list[Pool]:
    if asked.filter is None:
        problems.append(FieldProblem("pools", "say which: names here, or a filter"))
        return []
    if asked.pools is not None:
        problems.append(FieldProblem("filter", "this does not go with pools; give one of the two"))
        return []
    wanted = asked.filter.model_dump(exclude_none=True)
    if not wanted:
        problems.append(FieldProblem("filter", "give account, ring or image, or several of them"))
        return []
    found = [pool for pool in registered.values() if all(getattr(pool, name) == it for name, it in wanted.items())]
    if not found:
        problems += _why_none(services, wanted, registered.values(), reach)
    elif len(found) > MOST:
        problems.append(FieldProblem("filter", f"these are {len(found)} pools: a fleet update takes at most {MOST}"))
    return found


def _why_none(services: Services, wanted: Mapping[str, str], pools: Iterable[Pool], reach: Reach) -> list[FieldProblem]:
    """Which part of a filter matches no pool; the filter itself when each part matches some."""
    pools = list(pools)
    alone = [name for name, it in wanted.items() if not any(getattr(pool, name) == it for pool in pools)]
    if not alone:
        text = f"no pool has this {' and this '.join(wanted)}: list the pools to see what they have"
        return [FieldProblem("filter", text)]
    return [FieldProblem(f"filter.{name}", _no_pool_with(services, name, wanted[name], reach)) for name in alone]


def _no_pool_with(services: Services, name: str, value: str, reach: Reach) -> str:
    image = services.images.find(IMAGES, value) if name == "image" else None
    known = {
        "account": name == "account" and reach.sees((value,)) and known_account(services, value) is not None,
        "image": image is not None and reach.sees(image.owners),
    }
    if not known.get(name, True):
        return f"there is no {name} called {value}"
    return f"no pool has the {name} {value}: list the pools to see what they have"


def _image(
    services: Services, asked: PoolsChoice, pools: Sequence[Pool], reach: Reach, problems: list[FieldProblem]
) -> Image | None:
    """The image that is named, or else the one that all the pools have."""
    names = [asked.image] if asked.image else sorted({pool.image for pool in pools})
    if len(names) > 1:
        text = ", ".join(names)
        problems.append(FieldProblem("image", f"these pools have different images ({text}): name the one they get"))
        return None
    image = services.images.find(IMAGES, names[0]) if names else None
    if image is not None and asked.image and not reach.sees(image.owners):
        image = None
    if names and image is None:
        problems.append(FieldProblem("image", f"there is no image called {names[0]}"))
    return image
