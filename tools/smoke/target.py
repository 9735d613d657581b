"""The Freshcoat that is checked: as whoever is signed in with the command line, and as a stranger."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from freshcoat_cli.client.http import LONGEST_ANSWER, Client
from freshcoat_cli.client.signing_in import Credential, auth_of, credential_of
from freshcoat_cli.config.profiles import is_this_machine, resolve
from freshcoat_cli.errors import CliError


@dataclass(frozen=True)
class Answer:
    """An answer to a stranger, with the seconds it took. Status 0: there was none, and `text` says why."""

    status: int
    data: Any
    text: str
    seconds: float
    location: str = ""
    """Where it sends on to; empty when it does not."""


@dataclass(frozen=True)
class Target:
    """One deployed app. `about`: what it says of itself to everybody."""

    url: str
    about: Mapping[str, Any]
    strangers: httpx.Client
    client: Client
    credential: Credential

    @property
    def simulated(self) -> bool:
        """Whether it works on the simulated Azure, so that nothing it shows is about Azure."""
        return bool(self.about.get("simulated"))

    @property
    def on_this_machine(self) -> bool:
        """Whether it is a local run."""
        return is_this_machine(self.url)


def ask(http: httpx.Client, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a GET, whatever it is. Raises nothing."""
    began = time.monotonic()
    try:
        got = http.get(path, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(0, None, str(error) or type(error).__name__, time.monotonic() - began)
    try:
        data = got.json()
    except ValueError:
        data = None
    location = got.headers.get("Location", "") if got.has_redirect_location else ""
    return Answer(got.status_code, data, got.text, time.monotonic() - began, location)


@contextmanager
def strangers(url: str) -> Iterator[httpx.Client]:
    """A client that proves nothing about who it is."""
    with httpx.Client(base_url=url, timeout=LONGEST_ANSWER, trust_env=not is_this_machine(url)) as http:
        yield http


@contextmanager
def signed_in(url: str, about: Mapping[str, Any], http: httpx.Client) -> Iterator[Target]:
    """The app as the command line's sign-in sees it. Raises CliError when nobody is signed in there."""
    profile = resolve(url=url, profile=None)
    credential = credential_of(profile if profile.auth else replace(profile, **auth_of(about)))
    client = Client(profile.url, credential)
    try:
        yield Target(url, about, http, client, credential)
    finally:
        client.close()


def words(error: CliError) -> str:
    """An error of the command line as one sentence."""
    return ". ".join([error.title.rstrip("."), *(line.rstrip(".") for line in error.lines)])
