"""The packages that a deployed app holds, from the locks: those of Python on Linux, and those in the console."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DEPLOYED_ON: dict[str, str] = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}
"""Markers of the lock are read as on Azure Functions, wherever this runs."""
UNKNOWN = "unknown"

_BY_TEXT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""SPDX names of what packages without a license expression write."""
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Part:
    """One package. `hashes` are those of its files in the lock, any of which may be installed."""

    kind: Literal["pypi", "npm"]
    name: str
    version: str
    licence: str
    algorithm: Literal["SHA-256", "SHA-512"]
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL. https://github.com/package-url/purl-spec"""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


def python_parts(lock: str) -> Iterator[Part]:
    """The packages of requirements.txt that are installed in Azure."""
    for line in lock.replace("\\\n", " ").splitlines():
        entry = line.split(" #")[0].strip()
        if not entry or entry.startswith(("#", "-")):
            continue
        wanted = Requirement(entry.split(" --hash")[0])
        if wanted.marker and not wanted.marker.evaluate(DEPLOYED_ON):
            continue
        (version,) = wanted.specifier
        name = canonicalize_name(wanted.name)
        yield Part("pypi", name, version.version, licence_of(name), "SHA-256", tuple(sorted(_HASH.findall(entry))))


def licence_of(name: str) -> str:
    """The licence that an installed package names, as an SPDX expression where it is known."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return UNKNOWN
    if expression := said.get("License-Expression"):
        return expression
    classes = [one.removeprefix(_CLASSIFIER) for one in said.get_all("Classifier", []) if one.startswith(_CLASSIFIER)]
    known = sorted({_BY_TEXT.get(one, one) for one in classes})
    text = (said.get("License") or "").strip()
    if _BY_TEXT.get(text, text) in known or (text and "\n" not in text and not known):
        return _BY_TEXT.get(text, text)
    return " OR ".join(known) or UNKNOWN


def console_parts(lock: Mapping[str, Any]) -> Iterator[Part]:
    """The packages of the console's lock that its build may take something from."""
    for path, package in sorted(lock["packages"].items()):
        if not path or package.get("dev"):
            continue
        name = package.get("name") or path.rpartition("node_modules/")[2]
        digest = base64.b64decode(str(package["integrity"]).partition("-")[2]).hex()
        yield Part("npm", name, package["version"], str(package.get("license", UNKNOWN)), "SHA-512", (digest,))


def parts(root: Path) -> list[Part]:
    """All of them, by kind and name."""
    python = python_parts((root / "requirements.txt").read_text(encoding="utf-8"))
    console = console_parts(json.loads((root / "console/package-lock.json").read_text(encoding="utf-8")))
    return sorted({*python, *console}, key=lambda part: (part.kind != "pypi", part.name, part.version))
