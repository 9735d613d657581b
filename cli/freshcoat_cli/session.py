"""What one run of a command has: its options, the Freshcoat that is meant, and where it prints."""

from __future__ import annotations

import os
import sys
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

from freshcoat_cli import __version__
from freshcoat_cli.client.http import Client, Reply
from freshcoat_cli.client.signing_in import KEY_VARIABLE, Nothing, auth_of, credential_of
from freshcoat_cli.config.profiles import Profile, resolve
from freshcoat_cli.errors import CliError, Exit, usage
from freshcoat_cli.options import Change, Common
from freshcoat_cli.output.printer import Format, Printer

OUTPUT_VARIABLE = "FRESHCOAT_OUTPUT"


class Session:
    """One run. Nothing is read or asked before it is needed."""

    def __init__(self, common: Common) -> None:
        self.common = common
        self.out = Printer(
            self._form(), quiet=common.quiet, color=not common.no_color, utc=common.utc, ascii_only=common.ascii
        )

    def _form(self) -> Format:
        if self.common.output:
            return self.common.output
        given = os.environ.get(OUTPUT_VARIABLE, "")
        if given and given not in set(Format):
            raise usage(f"{OUTPUT_VARIABLE} is {given!r}.", f"It may be {', '.join(Format)}.")
        return Format(given) if given else Format.TABLE

    @cached_property
    def profile(self) -> Profile:
        """The Freshcoat that is meant, and how to sign in there. Raises CliError."""
        found = resolve(url=self.common.url, profile=self.common.profile)
        if found.output and not self.common.output and OUTPUT_VARIABLE not in os.environ:
            self.out.form = Format(found.output) if found.output in set(Format) else Format.TABLE
        known = found.auth or os.environ.get(KEY_VARIABLE)
        return found if known else replace(found, **auth_of(self.about(found.url)))

    @cached_property
    def client(self) -> Client:
        """Speaks with it as whoever is signed in. Raises CliError."""
        profile = self.profile
        return self._client(profile.url, credential_of(profile))

    def about(self, url: str) -> dict[str, Any]:
        """What the app at this address says of itself to everybody. Raises CliError."""
        client = self._client(url, Nothing())
        try:
            found = client.get("about")
        finally:
            client.close()
        if not isinstance(found, dict) or not isinstance(found.get("auth"), dict):
            raise CliError(Exit.UNEXPECTED, f"{url} did not answer like a Freshcoat", "Check the address.")
        return found

    def versions(self) -> list[str]:
        """Both versions in words, and what to do, for an error that may come from them. Nothing if it is silent."""
        try:
            url = resolve(url=self.common.url, profile=self.common.profile).url
            there = self.about(url).get("version")
        except CliError:
            return []
        said = f"The app at {url} is version {there or 'unknown'}, this command is version {__version__}."
        return [said, "Use the command of the app's release."]

    def _client(self, url: str, credential: Any) -> Client:
        return Client(url, credential, limit=self.common.timeout, say=lambda text: self.out.say(text, "dim"))

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path. Raises CliError."""
        return self.client.get(path, **query)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        change: Change | None = None,
        *,
        only_new: bool = False,
        **query: Any,
    ) -> Reply:
        """A write, done once. `only_new`: not if something of this name is there. Raises CliError."""
        key = change.idempotency_key if change else None
        headers = {"If-None-Match": "*"} if only_new else None
        return self.client.send(method, path, body, key=key, headers=headers, query=query)

    def ask(self, question: str, change: Change) -> None:
        """Go on only with a yes. Raises CliError for a no, and where nobody can be asked."""
        if change.yes:
            return
        self.need_somebody()
        sys.stderr.write(f"{question} [y/N]: ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise CliError(Exit.REFUSED, "Nothing was done.")

    def ask_for(self, question: str, word: str) -> None:
        """Go on only when this word is typed: for what cannot be undone, or what many people would notice."""
        self.need_somebody()
        sys.stderr.write(f"{question} Type {word} to go on: ")
        sys.stderr.flush()
        if sys.stdin.readline().strip() != word:
            raise CliError(Exit.REFUSED, "Nothing was done.")

    def need_somebody(self) -> None:
        """Raises a usage error where nobody can answer a question."""
        if not sys.stdin.isatty():
            raise usage(
                "This asks before it goes on, and there is no terminal.", "Add --yes to go on without a question."
            )


def merged(before: Common, after: Common) -> Common:
    """Options given before the name of a command, and those after it, which count more."""
    given = {one.name: value for one in fields(after) if (value := getattr(after, one.name)) != one.default}
    return replace(before, **given)
