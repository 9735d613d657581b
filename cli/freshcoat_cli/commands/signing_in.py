"""`freshcoat login`, `logout`, `whoami`."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.text import Text
from typer import Argument, Option

from freshcoat_cli.client.http import Client
from freshcoat_cli.client.secrets import forget_key, keep_key
from freshcoat_cli.client.signing_in import Key, auth_of, checked_key
from freshcoat_cli.command import command
from freshcoat_cli.commands.facts import facts
from freshcoat_cli.commands.panels import SET_UP
from freshcoat_cli.config.profiles import Profile, check_name, check_url, read_config, write_config
from freshcoat_cli.errors import usage
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "login", panel=SET_UP)(login)
    command(app, "logout", panel=SET_UP)(logout)
    command(app, "whoami", panel=SET_UP)(whoami)


def login(
    session: Session,
    freshcoat: Annotated[
        str | None, Argument(metavar="URL", help="Its address. Left out: that of the profile.")
    ] = None,
    name: Annotated[
        str | None,
        Option("--name", help="Name of the profile. Default: the app's environment, such as production, or its host."),
    ] = None,
    key: Annotated[
        bool, Option("--key", help="Sign in with an app key; it is asked for, or read from a pipe.")
    ] = False,
    device_code: Annotated[bool, Option("--device-code", help="Sign in in a browser on another machine.")] = False,
    allow_plain_cache: Annotated[
        bool, Option("--allow-plain-cache", help="Without a keyring, keep the sign-in in a file of mode 0600.")
    ] = False,
) -> None:
    """Sign in to a Freshcoat, and remember it as a profile."""
    address = check_url(freshcoat) if freshcoat else session.profile.url
    about = session.about(address)
    auth = auth_of(about) | ({"auth": "key"} if key else {})
    profile = Profile(check_name(name or _name_of(about, address)), address, **auth)
    config = read_config()
    if (known := config.profiles.get(profile.name)) and known.url != address:
        raise usage(f"The profile {profile.name} is {known.url}.", "Choose another name: --name NAME")
    said = _sign_in(session, profile, device_code=device_code, plain_cache=allow_plain_cache)
    write_config(read_config().with_profile(profile))  # read again: somebody may have been asked for minutes
    who = session.out
    who.say(f"✔ Signed in to {address} as {said} (profile {profile.name})", "green")
    if read_config().default != profile.name:
        who.say(f"It is not the default: freshcoat profile use {profile.name}")


def _name_of(about: dict[str, Any], address: str) -> str:
    """The environment, or else the first part of the address."""
    text = str(about.get("environment") or "") or (urlsplit(address).hostname or "").partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:62] or "default"


def _sign_in(session: Session, profile: Profile, *, device_code: bool, plain_cache: bool) -> str:
    """Sign in; answers who somebody is then, with where the proof is kept. Raises CliError."""
    if profile.auth == "none":
        return "the local user"
    if profile.auth == "key":
        return _with_key(session, profile)
    from freshcoat_cli.client import entra  # noqa: PLC0415 - azure-identity takes 0.1 s to load

    session.out.say(f"Signing in to tenant {profile.tenant} for {profile.scope}")
    return entra.sign_in(profile, device_code=device_code, plain_cache=plain_cache, say=session.out.say)


def _with_key(session: Session, profile: Profile) -> str:
    key = (getpass.getpass("App key (fck_…): ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key.startswith("fck_"):
        raise usage("That is no app key.", "It begins with fck_. An admin makes one: freshcoat access keys new NAME")
    client = Client(profile.url, Key(checked_key(key, "What was typed")), limit=session.common.timeout)
    try:
        me = client.get("me")
    finally:
        client.close()
    return f"{plain(me['name'])}; the key is kept {keep_key(profile.url, key)}"


def logout(session: Session) -> None:
    """Forget the profile, its key and its sign-in."""
    profile = session.profile
    forget_key(profile.url)
    if profile.auth == "entra":
        from freshcoat_cli.client import entra  # noqa: PLC0415 - as above

        entra.forget(profile)
    if profile.name:
        write_config(read_config().without(profile.name))
    session.out.say(f"✔ Signed out of {profile.url}")


def whoami(session: Session) -> None:
    """Say who you are, and what you may do."""
    me = session.get("me")
    session.out.item(me, lambda: _lines(me, session.profile), me["name"])


def _lines(me: dict[str, Any], profile: Profile) -> Iterator[Text | str]:
    accounts = ["all accounts" if one == "*" else plain(one) for one in me["accounts"]]
    yield from facts(
        f"{plain(me['name'])} on {profile.url}",
        [
            ("signed in by", plain(me["signed_in_by"])),
            ("roles", ", ".join(map(plain, me["roles"])) or "none: an admin assigns one in Entra ID"),
            ("accounts", ", ".join(accounts) or "none: an admin gives you a grant"),
            ("may", ", ".join(map(plain, me["may"])) or "nothing"),
            ("id", plain(me["id"])),
            ("profile", profile.name or "none (by its address)"),
        ],
    )
