"""Profiles: which Freshcoat is meant, and how to sign in there. Kept in `config.toml`."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from freshcoat_cli.config.files import config_folder, write_private
from freshcoat_cli.errors import usage

URL_VARIABLE = "FRESHCOAT_URL"
PROFILE_VARIABLE = "FRESHCOAT_PROFILE"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Profile:
    """One Freshcoat. `name` is empty for one that is only named by its address."""

    name: str
    url: str
    auth: str = ""
    """`entra`, `key` or `none`; empty: the app is asked."""
    output: str = ""
    tenant: str = ""
    client_id: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Config:
    """What `config.toml` holds."""

    default: str = ""
    profiles: dict[str, Profile] = field(default_factory=dict)

    def with_profile(self, profile: Profile) -> Config:
        """It with this profile, which becomes the default when it is the first."""
        return Config(self.default or profile.name, {**self.profiles, profile.name: profile})

    def without(self, name: str) -> Config:
        """It without the profile of this name."""
        left = {key: value for key, value in self.profiles.items() if key != name}
        return Config(self.default if self.default in left else next(iter(left), ""), left)

    def named(self, name: str) -> Profile:
        """The profile of this name. Raises a usage error."""
        if name not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none yet"
            raise usage(f"There is no profile called {name}.", f"Profiles: {known}. Add one with: freshcoat login URL")
        return self.profiles[name]


_KEPT = [one.name for one in fields(Profile) if one.name != "name"]


def read_config() -> Config:
    """The configuration; an empty one when there is none. Raises a usage error for one that cannot be read."""
    path = config_folder() / "config.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError) as error:
        raise usage(f"The configuration cannot be read: {error}", f"Correct or remove {path}") from error
    found = data.get("profile", {})
    if not isinstance(found, dict):
        raise usage("The configuration cannot be read: “profile” is no table.", f"Correct or remove {path}")
    profiles = {name: _profile(name, table) for name, table in found.items() if isinstance(table, dict)}
    return Config(str(data.get("default", "")), profiles)


def _profile(name: str, table: dict[str, Any]) -> Profile:
    return Profile(name, **{"url": ""} | {key: str(table[key]) for key in _KEPT if key in table})


def write_config(config: Config) -> None:
    """Keep the configuration."""
    lines = [f"default = {_quoted(config.default)}"] if config.default else []
    for name, profile in sorted(config.profiles.items()):
        lines += ["", f"[profile.{name if _NAME.fullmatch(name) else _quoted(name)}]"]
        lines += [f"{key} = {_quoted(value)}" for key in _KEPT if (value := getattr(profile, key))]
    write_private(config_folder() / "config.toml", "\n".join([*lines, ""]))


def _quoted(text: str) -> str:
    """A string of TOML. Unlike JSON, it knows no halves of characters, and DEL has to be escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_name(name: str) -> str:
    """The name, if a profile may be called so. Raises a usage error."""
    if not _NAME.fullmatch(name):
        raise usage(f"{name!r} is no name for a profile.", "Use letters, digits, dash and underscore.")
    return name


def check_url(given: str) -> str:
    """The address of a Freshcoat, without a path. Raises a usage error.

    Only this machine may be spoken to without encryption: keys and tokens would be readable on the way.
    """
    text = given if "://" in given else f"https://{given}"
    parts = urlsplit(text.strip())
    path = parts.path.rstrip("/")
    try:
        _ = parts.port
    except ValueError as error:
        raise usage(f"{given} is not an address: {error}.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or path not in {"", "/api"}:
        raise usage(f"{given} is not the address of a Freshcoat.", "Write it like https://freshcoat.example")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise usage(f"{given} is not encrypted.", "Use https: keys and tokens would be readable on the way.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_this_machine(url: str) -> bool:
    """Whether an address is one of this machine alone."""
    return urlsplit(url).hostname in _LOCAL


def resolve(*, url: str | None, profile: str | None) -> Profile:
    """The profile that is meant: flag over variable over default. Raises a usage error when nothing says so."""
    config = read_config()
    by_name = config.named(profile) if profile else None
    if url:
        return _by_url(config, url, by_name)
    if by_name:
        return _checked(by_name)
    if given := os.environ.get(URL_VARIABLE):
        return _by_url(config, given, None)
    name = os.environ.get(PROFILE_VARIABLE) or config.default
    if not name:
        raise usage(
            "Which Freshcoat is meant?",
            f"Sign in with: freshcoat login https://freshcoat.example (or set {URL_VARIABLE})",
        )
    return _checked(config.named(name))


def _checked(profile: Profile) -> Profile:
    """It, if its address is one to which a key may go: people write the file, too. Raises a usage error."""
    return replace(profile, url=check_url(profile.url))


def _by_url(config: Config, given: str, named: Profile | None) -> Profile:
    """What is known of this address: a sign-in belongs to an address and is used for no other."""
    url = check_url(given)
    known = [one for one in config.profiles.values() if one.url == url]
    if named and named.url == url:
        return named
    found = known[0] if known else Profile("", url)
    return replace(found, output=named.output) if named else found
