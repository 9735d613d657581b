"""Whether every image and every pool is as an update needs it: the checks of a plan, which writes nothing."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from freshcoat_cli.errors import CliError, Exit
from tools.smoke.results import Check, Grade, failed, passed, warned
from tools.smoke.target import Target, words

LIVE_PAGE = 50
"""Images are read from Azure for each page, so the app allows no larger one."""
AHEAD = timedelta(days=7)
LOOKED_AT_WITHIN = timedelta(minutes=30)
"""The timer looks at each pool every 10 minutes; of 2,000 pools, 40 at a time, every 25 minutes."""
SILENT_POOLS = 3
"""Pools in a row without an answer after which the others are left: each would wait for three tries."""
NOT_ABOUT_THE_POOL = {"downgrade"}
"""The plan asks for the version that the pool has, so this finding says nothing."""
_SETTLES = {"rights": 33, "directory": 59}
"""Questions of docs/unverified.md of which a passed finding answers a part, where Azure is real."""


def images(target: Target) -> Iterator[Check]:
    """Each image's definition and template VM can be read."""
    found = list(target.client.pages("images", page=LIVE_PAGE))
    if not found:
        yield warned("images", "there are none", "register an image (docs/images.md), and check again")
    for image in found:
        name = f"image {image['name']}"
        if image["problem"]:
            advice = "check the definition's id and the role “Freshcoat image definitions” (docs/permissions.md)"
            yield failed(name, image["problem"], advice)
        elif not image["current"]:
            yield warned(name, "it has no active version", "activate one before pools can get it (docs/images.md)")
        else:
            yield passed(name, f"version {image['current']} is active and in the gallery")


def pools(target: Target, only: Sequence[str] = ()) -> Iterator[Check]:
    """The preflight of each pool, for the version that it has. `only`: names, or patterns like `lab-*`."""
    known = {pool["name"]: pool for pool in target.client.pages("pools", live=False)}
    wanted = {one: fnmatch.filter(known, one) for one in only}
    for one, fitting in wanted.items():
        if not fitting:
            yield failed(f"pool {one}", "there is none of this name, or it is not yours", "check how it is spelt")
    found = [known[name] for name in dict.fromkeys(chain.from_iterable(wanted.values()))] if only else [*known.values()]
    if known:
        yield timers(list(known.values()), datetime.now(UTC))
    if not found and not only:
        yield warned("pools", "there are none", "register a pool (docs/api.md), and check again")
    silent = 0
    for number, pool in enumerate(found, 1):
        try:
            yield from _pool(target, pool)
            silent = 0
        except CliError as error:
            if error.code is not Exit.UNREACHABLE:
                raise
            silent += 1
            yield warned(f"pool {pool['name']}", f"no plan can be made. {words(error)}", "check again in some minutes")
        if silent >= SILENT_POOLS and number < len(found):
            text = f"{len(found) - number} were not checked, because the app or Azure does not answer"
            yield failed("pools", text, "check again in some minutes")
            return


def timers(found: Sequence[Mapping[str, Any]], now: datetime) -> Check:
    """The app's timers run, and what they find is written: a timer looks at every pool that no rollout looks at."""
    looks = [datetime.fromisoformat(pool["seen_at"]) for pool in found if pool.get("seen_at")]
    since = max(looks, default=None) or min(datetime.fromisoformat(pool["registered_at"]) for pool in found)
    minutes = (now - since).total_seconds() / 60
    if looks and now - since <= LOOKED_AT_WITHIN:
        return passed("timers", f"a pool was looked at {max(0, minutes):.0f} minutes ago")
    if now - since <= LOOKED_AT_WITHIN:
        advice = "check again a quarter of an hour after the first pool was registered"
        return warned("timers", "no pool was looked at yet", advice)
    advice = (
        "look for errors of look_at_idle_pools in the log; check FRESHCOAT_RESUME_SCHEDULE, and the roles of the app's "
        "identity on its storage account: blobs, queues and tables (docs/permissions.md)"
    )
    return failed("timers", f"no pool was looked at for {minutes:.0f} minutes", advice)


def _pool(target: Target, pool: Mapping[str, Any]) -> Iterator[Check]:
    """Raises CliError when the app, or Azure behind it, does not answer, and when nobody is signed in any more."""
    name = f"pool {pool['name']}"
    try:
        version = pool.get("version") or target.client.get(f"pools/{pool['name']}/image")["version"]
    except CliError as error:
        if _of_all_pools(error):
            raise
        yield warned(name, f"it has no version yet, so no plan was made. {words(error)}", "activate a version first")
        return
    try:
        plan = _plan(target, pool["name"], version)
    except CliError as error:
        if _of_all_pools(error):
            raise
        text = f"no plan can be made. {words(error)}"
        if error.code is Exit.NOT_NOW:
            yield warned(name, text, "check again in some minutes")
        else:
            yield failed(name, text, "do what the text says, and check again")
        return
    yield from graded(name, plan["preflight"], target.simulated)


def _of_all_pools(error: CliError) -> bool:
    """Whether the next pool would fare the same: nobody answers, or the sign-in has expired."""
    return error.code is Exit.UNREACHABLE or (error.problem or {}).get("status") == 401


def _plan(target: Target, pool: str, version: str) -> Any:
    """The plan of an update to this version. A pool whose limits forbid one mode is asked with another."""
    deadline = (datetime.now(UTC) + AHEAD).isoformat()
    schedules = ({"mode": "on_logoff", "deadline": deadline}, {"mode": "now"}, {"mode": "at", "at": deadline})
    for schedule in schedules:
        try:
            return target.client.request(
                "POST",
                f"pools/{pool}/update-image",
                query={"what_if": True, "hosts_limit": 0},
                body={"version": version, "schedule": schedule, "allow_downgrade": True},
            ).data
        except CliError as error:
            if error.code is not Exit.REFUSED or schedule is schedules[-1]:
                raise
    raise AssertionError("one of the schedules was the last")


def graded(name: str, findings: Sequence[Mapping[str, str]], simulated: bool) -> Iterator[Check]:
    """Those findings that somebody must look at, the worst first, and one line for all others."""
    told = [one for one in findings if one["check"] not in NOT_ABOUT_THE_POOL]
    grades: tuple[Grade, ...] = ("fail", "warn")
    for grade in grades:
        for one in told:
            if one["result"] == grade:
                yield Check(name, grade, f"{one['check']}: {one['detail']}", one.get("what_to_do", ""))
    fine = [one["check"] for one in told if one["result"] == "pass"]
    if fine:
        settled = () if simulated else tuple(number for check, number in _SETTLES.items() if check in fine)
        yield passed(name, ", ".join(fine), settled)
