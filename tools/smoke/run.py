"""The checks in their order. What goes wrong in one of them is a check that failed; the next ones follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from freshcoat_cli.errors import CliError, Exit
from tools.smoke import app_checks, pool_checks, telemetry
from tools.smoke.canary import Canary, update_one
from tools.smoke.results import Check, failed
from tools.smoke.target import Target, ask, signed_in, strangers, words

_NOT_UNDERSTOOD = (KeyError, IndexError, TypeError, AttributeError, ValueError)
"""What reading an answer of another form raises: that of another version, or of something between here and the app."""


@dataclass(frozen=True)
class Asked:
    """What is to be checked. `pools`: names and patterns, none: all. `workspace`: where to look for telemetry."""

    url: str
    pools: tuple[str, ...] = ()
    workspace: str = ""
    logs: str = telemetry.ENDPOINT
    host: str = ""
    """The host to update to `version`; empty: nothing is changed."""
    version: str = ""
    every: float = 10.0
    """Seconds between two looks at the rollout of that host."""


def names(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def checks(asked: Asked, say: Callable[[str], None]) -> Iterator[Check]:
    """All checks, each as it ends. `say` is told of what takes long. Raises Stopped, KeyboardInterrupt."""
    with strangers(asked.url) as http:
        about = ask(http, "/api/about")
        now = datetime.now(UTC)
        reached = app_checks.reachable(about)
        yield reached
        if reached.grade == "fail":
            return
        yield from _each("clock", app_checks.clock(about, now))
        try:
            with signed_in(asked.url, about.data, http) as target:
                yield from _each("about", app_checks.set_up(about.data, target.on_this_machine))
                yield from _each("strangers", app_checks.closed(target))
                yield from _as_somebody(target, asked, say)
        except CliError as error:
            login = f"sign in with: freshcoat login {asked.url}"
            advice = login if error.code is Exit.NOT_ALLOWED else "do what the text says, and check again"
            yield failed("me", words(error), advice)
        except _NOT_UNDERSTOOD as error:
            yield _other_form("about", error)


def _as_somebody(target: Target, asked: Asked, say: Callable[[str], None]) -> Iterator[Check]:
    """Raises CliError when the app does not know who asks."""
    may = set[str]()
    steps: tuple[tuple[str, str, Callable[[], Iterator[Check]]], ...] = (
        ("me", "", lambda: app_checks.myself(target, may)),
        ("tables", "read", lambda: app_checks.works(target)),
        ("images", "read", lambda: pool_checks.images(target)),
        ("pools", "plan", lambda: pool_checks.pools(target, asked.pools)),
    )
    for name, need, step in steps:
        if need and need not in may:
            continue
        yield from _each(name, step())
        if gone := _gone(target):
            yield gone
            return
    if asked.workspace:
        yield telemetry.arrives(target, asked.workspace, asked.logs, say=say)
    else:
        yield telemetry.not_asked()
    if asked.host:
        yield from _each(f"canary {asked.host}", _update(target, asked, say))


def _update(target: Target, asked: Asked, say: Callable[[str], None]) -> Iterator[Check]:
    canary = Canary(asked.pools[0], asked.host, asked.version)
    yield update_one(target.client, canary, say, every=asked.every)


def _gone(target: Target) -> Check | None:
    """The app went down meanwhile: each further check would wait for its three tries, a pool at a time."""
    answer = ask(target.strangers, "/api/about")
    if answer.status and answer.status not in {502, 503, 504}:
        return None
    text = f"the app does not answer any more: {answer.status or answer.text}; what follows was not checked"
    return failed("reachable", text, "see whether the app runs, and check again")


def _each(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """The checks; a refusal in the middle of them is one more that failed. Raises CliError when nobody is signed in."""
    try:
        yield from checks
    except CliError as error:
        if error.code is Exit.NOT_ALLOWED and name == "me":
            raise
        if error.code is Exit.UNREACHABLE:
            yield failed(name, words(error), "check again in some minutes")
        elif error.code is Exit.NOT_ALLOWED:
            yield failed(name, words(error), "sign in again, and check again")
        else:
            yield failed(name, words(error), "do what the text says, and check again")
    except _NOT_UNDERSTOOD as error:
        yield _other_form(name, error)


def _other_form(name: str, error: Exception) -> Check:
    text = f"the answer has not the form that this release expects ({type(error).__name__}: {error})"
    return failed(name, text, "check with the folder that was deployed, and look for a proxy that changes answers")
