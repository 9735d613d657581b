"""The files of the built console: read when they are asked for, and kept in memory up to a bound.

The folder may be built anew while the app runs: its times are looked at for every request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cachetools import LRUCache

from shared.console.encodings import ENDS, PLAIN, choose_encoding
from shared.console.names import ASSETS, PAGE, named_file, type_of

MOST_BYTES = 8_000_000
"""Most bytes of files that are kept: the whole console in its three forms is about a quarter of it."""

type _Times = tuple[int, ...]


@dataclass(frozen=True)
class ConsoleFile:
    """A file in one encoding (PLAIN: as it is). `tag` names its content in this encoding, in quotes."""

    name: str
    content: bytes
    encoding: str
    tag: str
    varies: bool
    """Whether it exists in other encodings too."""


@dataclass(frozen=True)
class _Listing:
    times: _Times
    names: Mapping[str, frozenset[str]]
    """Name of a file -> the encodings there are of it."""


class ConsoleFiles:
    """The built console in a folder. Thread-safe; no lock is held while files are read."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._listing = _Listing((), {})
        self._kept: LRUCache[tuple[_Times, str, str], ConsoleFile] = LRUCache(
            most_bytes, getsizeof=lambda file: len(file.content)
        )
        self._lock = Lock()

    @property
    def is_built(self) -> bool:
        """Whether there is a first page."""
        return PAGE in self._listed().names

    def find(self, path: str, accepted: str | None) -> ConsoleFile | None:
        """The file that answers a path; None when nothing does. `accepted`: the header `Accept-Encoding`."""
        listing = self._listed()
        name = named_file(path, listing.names)
        if name is None:
            return None
        encoding = choose_encoding(accepted, listing.names[name])
        key = (listing.times, name, encoding)
        with self._lock:
            kept = self._kept.get(key)
        return kept or self._read(key, varies=bool(listing.names[name]))

    def _read(self, key: tuple[_Times, str, str], *, varies: bool) -> ConsoleFile | None:
        _, name, encoding = key
        try:
            content = (self._folder / f"{name}{ENDS.get(encoding, '')}").read_bytes()
        except OSError:  # it is being built anew
            return None
        digest = hashlib.sha256(content).hexdigest()[:20]
        tag = f'"{digest}"' if encoding == PLAIN else f'"{digest}-{encoding}"'
        file = ConsoleFile(name, content, encoding, tag, varies)
        with self._lock:
            if len(content) <= self._kept.maxsize:
                self._kept[key] = file
        return file

    def _listed(self) -> _Listing:
        times = self._times()
        found = self._listing
        if found.times != times:
            found = self._listing = _Listing(times, _names(self._folder))
        return found

    def _times(self) -> _Times:
        """When the folder, the one of the assets and the first page were changed last: 0 for what is not there."""
        return tuple(_changed_at(self._folder / part) for part in ("", ASSETS, PAGE))


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _names(folder: Path) -> dict[str, frozenset[str]]:
    """Every file that may be served, by its name below the folder, with its encodings. Links are not followed."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    served = {name for name in there if type_of(name) and not (folder / name).is_symlink()}
    return {name: frozenset(code for code, end in ENDS.items() if f"{name}{end}" in there) for name in served}
