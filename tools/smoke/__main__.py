"""Runs the checks against one app: `python -m tools.smoke --url https://…`. It is safe to stop at any time.

Exit codes: 0 nothing failed, 1 a check failed, 2 it was called wrongly, 130 it was interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence

from freshcoat_cli.config.profiles import check_url
from freshcoat_cli.errors import CliError
from shared.models.base import NAME_PATTERN
from tools.smoke import telemetry
from tools.smoke.canary import Stopped
from tools.smoke.checklist import PAGE, checklist, questions
from tools.smoke.report import Report
from tools.smoke.run import Asked, checks, names
from tools.smoke.target import words

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each check as it ends, then how many there were of each grade."""
    given = _parser().parse_args(arguments)
    try:
        asked = _asked(given)
    except CliError as error:
        print(f"smoke: {words(error)}", file=sys.stderr)
        return USAGE
    except ValueError as error:
        print(f"smoke: {error}", file=sys.stderr)
        return USAGE
    try:
        return _run(asked, Report(asked.url, as_json=given.json), in_full=given.checklist)
    except BrokenPipeError:  # whoever reads has seen enough; nothing more can be printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _run(asked: Asked, report: Report, *, in_full: bool) -> int:
    interrupted = False
    try:
        for check in checks(asked, report.say):
            report.add(check)
    except Stopped as stopped:
        report.add(stopped.check)
        interrupted = True
    except KeyboardInterrupt:
        interrupted = True
    settled = {number for check in report.found for number in check.settles}
    report.end(_questions(settled, in_full=in_full), interrupted=interrupted)
    if interrupted:
        return INTERRUPTED
    return FAILED if any(check.grade == "fail" for check in report.found) else 0


def _questions(settled: set[int], *, in_full: bool) -> list[str]:
    listed = list(questions(PAGE.read_text(encoding="utf-8")))
    if in_full:
        return [*checklist(listed, settled), ""]
    return [f"{len(listed)} questions only people can answer: CHECKLIST=1 lists them with what to expect."]


def _asked(given: argparse.Namespace) -> Asked:
    """What to check. Raises CliError, ValueError."""
    if not given.url:
        raise ValueError("name the address of the app: URL=https://freshcoat.example")
    pools = names(given.pool)
    one = len(pools) == 1 and re.fullmatch(NAME_PATTERN, pools[0])
    if bool(given.host) is not bool(given.version) or (given.host and not one):
        raise ValueError("to update one host name all three: POOL=lab CANARY=lab-0 VERSION=2.0.0")
    return Asked(
        url=check_url(given.url),
        pools=pools,
        workspace=given.telemetry,
        logs=given.telemetry_endpoint,
        host=given.host,
        version=given.version,
        every=given.every,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.smoke", description=__doc__, allow_abbrev=False)
    parser.add_argument("--url", required=True, help="address of the app")
    parser.add_argument("--pool", default="", help="only these pools, separated by commas, or “lab-*”; default: all")
    parser.add_argument("--telemetry", default="", help="id of the Log Analytics workspace to look into")
    parser.add_argument("--telemetry-endpoint", default=telemetry.ENDPOINT, help=argparse.SUPPRESS)
    parser.add_argument("--host", default="", help="CHANGES SOMETHING: update this host of the one pool")
    parser.add_argument("--version", default="", help="the version that it gets")
    parser.add_argument("--every", type=float, default=10.0, help=argparse.SUPPRESS)
    parser.add_argument("--checklist", action="store_true", help="print docs/unverified.md as a check-list")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, for a pipeline")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a pipeline that is cancelled
    sys.exit(main())
