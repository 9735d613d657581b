"""A refusal of the app as an error of the command line: which exit code, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from freshcoat_cli.client.fields import read_json
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.output.words import as_option

_CODES = {
    400: Exit.REFUSED,
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.NOT_FOUND,
    409: Exit.NOT_NOW,
    412: Exit.NOT_NOW,
    413: Exit.REFUSED,
    415: Exit.REFUSED,
    422: Exit.REFUSED,
    429: Exit.UNREACHABLE,
    502: Exit.UNREACHABLE,
    503: Exit.UNREACHABLE,
    504: Exit.UNREACHABLE,
}


def error_of(status: int, text: str, url: str) -> CliError:
    """The error for an answer of 400 and more."""
    code = _CODES.get(status, Exit.UNEXPECTED)
    problem = _problem(text)
    if problem is None:
        error = CliError(code, *_words_without_problem(status, url))
        error.by_version = status == 404
        return error
    title = str(problem.get("title") or "It was refused")
    error = CliError(code, title, *_lines(status, problem), problem=problem)
    error.by_version = status == 400 and any(map(_is_unknown_here, problem.get("errors") or []))
    return error


def _is_unknown_here(problem: Mapping[str, Any]) -> bool:
    """Whether the app does not know a field of the request. Those of a policy are typed by people."""
    field, message = str(problem.get("field")), str(problem.get("message"))
    return message.startswith("unknown field") and not field.startswith("policy.")


def _problem(text: str) -> dict[str, Any] | None:
    try:
        found = read_json(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "title" in found else None


def _words_without_problem(status: int, url: str) -> tuple[str, str]:
    """What does not come from the app itself: a proxy, the Functions host, a page for people who are signed out."""
    if status == 404:
        return "Not found", f"{url} does not know this request. Is it a Freshcoat, and as new as this command?"
    if status in {401, 403}:
        return "Not signed in, or not allowed", f"{url} let nobody through. Sign in with: freshcoat login {url}"
    if status >= 500:
        return "No answer from the app", f"{url} answered {status}. Try again in a minute."
    return f"Refused with {status}", f"{url} gave no reason."


def _lines(status: int, problem: Mapping[str, Any]) -> Iterator[str]:
    errors, findings = problem.get("errors") or [], problem.get("findings") or []
    detail = str(problem.get("detail") or "")
    if detail and not (errors and status == 400):  # then the detail says the same once more
        yield as_option(detail)
    yield from (f"{one.get('field')}: {as_option(one.get('message'))}" for one in errors)
    for one in findings:
        if one.get("result") == "fail" and str(one.get("detail")) not in detail:
            yield f"{one.get('check')}: {one.get('detail')}"
            yield f"  {as_option(one.get('what_to_do'))}".rstrip()
    if status == 401:
        yield "Sign in with: freshcoat login"


def unreachable(url: str, why: str, tries: int) -> CliError:
    """No answer came, after all tries."""
    return CliError(Exit.UNREACHABLE, f"{url} cannot be reached", why, f"Tried {tries} times.")


def time_up(seconds: float) -> CliError:
    """The time that the caller gave is over."""
    return CliError(Exit.TIME_UP, f"No end within {seconds:g} s", "What was begun goes on.")
