"""Runs the checks against one app: `python -m tools.smoke --url https://…`. The exit code is 1 when one failed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from freshcoat_cli.config.profiles import check_url
from freshcoat_cli.errors import CliError
from tools.smoke import app_checks, pool_checks, telemetry
from tools.smoke.canary import Canary, update_one
from tools.smoke.checklist import PAGE, checklist, questions
from tools.smoke.results import Check, failed, summary
from tools.smoke.target import Target, ask, signed_in, strangers, words

USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each check as it ends, then how many there were of each grade."""
    given = _parser().parse_args(arguments)
    if bool(given.host) is not bool(given.version) or (given.host and len(_names(given.pool)) != 1):
        print("smoke: to update one host name all three: POOL=lab CANARY=lab-0 VERSION=2.0.0")
        return USAGE
    try:
        given.url = check_url(given.url)
    except CliError as error:
        print(f"smoke: {words(error)}")
        return USAGE
    found: list[Check] = []
    for check in _checks(given):
        print("\n".join(check.lines()), flush=True)
        found.append(check)
    _questions(given, {number for check in found for number in check.settles})
    print(summary(found))
    return 1 if any(check.grade == "fail" for check in found) else 0


def _checks(given: argparse.Namespace) -> Iterator[Check]:
    with strangers(given.url) as http:
        about = ask(http, "/api/about")
        now = datetime.now(UTC)
        reached = app_checks.reachable(about)
        yield reached
        if reached.grade == "fail":
            return
        try:
            with signed_in(given.url, about.data, http) as target:
                yield app_checks.clock(about.data, now)
                yield from app_checks.set_up(about.data, target.on_this_machine)
                yield from app_checks.closed(target)
                yield from _as_somebody(target, given)
        except CliError as error:
            yield failed("me", words(error), f"sign in with: freshcoat login {given.url}")


def _as_somebody(target: Target, given: argparse.Namespace) -> Iterator[Check]:
    """Raises CliError when the app does not know who asks; other refusals are checks that failed."""
    yield app_checks.myself(target)
    yield from _each("tables", app_checks.works(target))
    yield from _each("images", pool_checks.images(target))
    yield from _each("pools", pool_checks.pools(target, _names(given.pool)))
    if given.telemetry:
        yield telemetry.arrives(target, given.telemetry, given.telemetry_endpoint)
    else:
        yield telemetry.not_asked()
    if given.host:
        canary = Canary(_names(given.pool)[0], given.host, given.version)
        yield update_one(target.client, canary, print, every=given.every)


def _each(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """The checks; a refusal in the middle of them is one more that failed, and the next ones follow."""
    try:
        yield from checks
    except CliError as error:
        yield failed(name, words(error), "do what the text says, and check again")


def _questions(given: argparse.Namespace, settled: set[int]) -> None:
    listed = list(questions(PAGE.read_text(encoding="utf-8")))
    if given.checklist:
        print("\n".join(checklist(listed, settled)), end="\n\n")
    else:
        print(f"{len(listed)} questions only people can answer: CHECKLIST=1 lists them with what to expect.")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.smoke", description=__doc__, allow_abbrev=False)
    parser.add_argument("--url", required=True, help="address of the app")
    parser.add_argument("--pool", default="", help="only these pools, separated by commas; default: all")
    parser.add_argument("--telemetry", default="", help="id of the Log Analytics workspace to look into")
    parser.add_argument("--telemetry-endpoint", default=telemetry.ENDPOINT, help=argparse.SUPPRESS)
    parser.add_argument("--host", default="", help="CHANGES SOMETHING: update this host of the one pool")
    parser.add_argument("--version", default="", help="the version that it gets")
    parser.add_argument("--every", type=float, default=10.0, help=argparse.SUPPRESS)
    parser.add_argument("--checklist", action="store_true", help="print docs/unverified.md as a check-list")
    return parser


if __name__ == "__main__":
    sys.exit(main())
