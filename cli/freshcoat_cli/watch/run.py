"""Follows something for a command: with the command's options, until its end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, tzinfo
from types import FrameType

import typer

from freshcoat_cli.client.http import Client
from freshcoat_cli.client.signing_in import credential_of
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.output.moments import now, zone_of
from freshcoat_cli.output.printer import Format
from freshcoat_cli.session import Session
from freshcoat_cli.watch.ends import SUCCESS
from freshcoat_cli.watch.follow import Ask, Clock, NoAnswer, TimeUp, follow
from freshcoat_cli.watch.reads import Fetch, Params, Reader
from freshcoat_cli.watch.show import Ids, Lines, Objects, Screen, Shower
from freshcoat_cli.watch.sight import Json, Look, Sight

_LATER = {Exit.UNREACHABLE, Exit.UNEXPECTED}
"""While the app is deployed, something else may answer in its place."""
_TERMINATED = 128 + signal.SIGTERM


def wait_for(
    session: Session,
    path: str,
    *,
    wanted: Collection[str] = SUCCESS,
    stop_when_waiting: bool = False,
    named: bool = False,
) -> None:
    """Follow `rollouts/{id}` or `tasks/{id}`, and show it as the command's options say. `named`: its id is printed.

    Raises typer.Exit unless it ends as `wanted`, and CliError if it cannot be read.
    """
    client = _client(session)
    reader = _reader(session, client, path)
    first = reader.read()
    reads = _Reads(reader, first)
    try:
        with _terminable():
            ask = Ask(wanted, stop_when_waiting, client.seconds_left())
            code = follow(reads.read, _shower(session, first, named=named), ask, Clock())
    except NoAnswer as lost:
        raise reads.error or CliError(Exit.UNREACHABLE, str(lost)) from lost
    if code:
        raise typer.Exit(code)


def fetch_with(client: Client) -> Fetch:
    """GETs of this client, with ETags."""

    def fetch(path: str, params: Params, etag: str) -> tuple[Json | None, str]:
        headers = {"If-None-Match": etag} if etag else {}
        reply = client.request("GET", path.lstrip("/"), query=params, headers=headers)
        return (None if reply.status == 304 else reply.data), str(reply.headers.get("ETag", etag))

    return fetch


class _Reads:
    """The first sight, which is known already, then new ones. Errors that may pass become NoAnswer."""

    def __init__(self, reader: Reader, first: Sight) -> None:
        self._reader, self._first = reader, [first]
        self.error: CliError | None = None

    def read(self) -> Sight:
        """The next sight."""
        if self._first:
            return self._first.pop()
        try:
            return self._reader.read()
        except CliError as error:
            self.error = error
            if error.code is Exit.TIME_UP:
                raise TimeUp from error
            if error.code in _LATER:
                raise NoAnswer(" ".join((error.title, *error.lines[:1]))) from error
            raise


def _client(session: Session) -> Client:
    """A client of its own: what the session's says of a try that failed would tear the screen."""
    return Client(session.profile.url, credential_of(session.profile), limit=session.client.seconds_left())


def _on_screen(session: Session) -> bool:
    return session.out.for_people and session.out.out.is_terminal and not session.out.out.is_dumb_terminal


def _reader(session: Session, client: Client, path: str) -> Reader:
    for_programs = session.out.form is Format.JSONL and not session.out.quiet
    lines = session.out.out.height if _on_screen(session) else 0
    return Reader(fetch_with(client), f"/{path}", now, all_hosts=for_programs, lines=lines)


def _shower(session: Session, first: Sight, *, named: bool) -> Shower:
    out = session.out
    if out.quiet:
        return Ids(out.line if not named else lambda _: None)
    if out.form is not Format.TABLE:
        return Objects(out.line, out.err, now, only_last=out.form is Format.JSON)
    look = Look(zone=_zone(session, first), ascii=out.only_ascii(out.out))
    return (Screen if _on_screen(session) else Lines)(out.out, look, now)


def _zone(session: Session, first: Sight) -> tzinfo | None:
    """That of the pool; of a task this machine's."""
    if session.out.utc:
        return UTC
    return zone_of(first.view["pool_time_zone"]) if first.is_rollout else None


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM leaves the terminal as it was, like Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
