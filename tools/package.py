"""Makes the package that is deployed to Azure Functions. `make package` runs it: `python -m tools.package`.

The package holds the app, the built console, and every package of requirements.txt for Linux on x86-64 and Python 3.13,
at the place where the worker looks for them. So nothing is built or downloaded in Azure: what was tested is what runs.
https://learn.microsoft.com/azure/azure-functions/python-build-options

The same sources make the same bytes: files are sorted, have one date and one mode, and what depends on the machine is
left out. Modules are compiled, because the folder is read-only in Azure and each cold start would compile them again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.core.names import RELEASE
from tools.host_json import Backend, host_json

ROOT = Path(__file__).parent.parent
OUT = ROOT / "dist"
FILES = ("function_app.py", "host.json", "requirements.txt", "LICENSE")
FOLDERS = ("activities", "orchestrators", "shared", "triggers", "console/dist")
"""All that is deployed. Everything else stays out: the local tools, the tests, the command line, the examples."""
PACKAGES = Path(".python_packages/lib/site-packages")
"""Where the worker looks for the packages of an app: before its own, and without an installation."""

PLATFORM, PYTHON = "x86_64-manylinux_2_28", "3.13"
"""What Azure Functions runs Python 3.13 on."""
_OF_THE_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
"""Files of an installation that say where and by what it was made."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file can hold."""


class PackageError(Exception):
    """The package could not be made; the message is for the person who asked for it."""


@dataclass(frozen=True)
class Package:
    """A package that was made: the folder, the same as a zip file, and what is in it."""

    folder: Path
    zip: Path
    files: int
    sha256: str

    def __str__(self) -> str:
        unpacked = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        megabytes = f"{self.zip.stat().st_size / 1e6:.1f} MB, {unpacked / 1e6:.1f} MB unpacked"
        return f"{self.zip}\n{self.files} files, {megabytes}\nsha256 {self.sha256}"


def make(
    root: Path = ROOT,
    out: Path = OUT,
    install: Callable[[Path, Path], None] | None = None,
    engine: Backend = Backend.STORAGE,
) -> Package:
    """Make the package of the sources in `root`, as a folder and as a zip file in `out`.

    `install` puts the packages of a list of requirements into a folder; `engine` chooses the `host.json`. Raises
    PackageError when the console is not built, or when a package cannot be installed or compiled.
    """
    folder = out / "package"
    shutil.rmtree(folder, ignore_errors=True)
    for name in sources(root):
        copied = folder / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, copied)
    if engine is not Backend.STORAGE:
        (folder / "host.json").write_text(json.dumps(host_json(engine), indent=2) + "\n")
    (install or install_locked)(root / "requirements.txt", folder / PACKAGES)
    _remove_traces(folder / PACKAGES)
    _compile(folder)
    zipped = out / f"freshcoat-{RELEASE}.zip"
    count = write_zip(folder, zipped)
    return Package(folder, zipped, count, hashlib.sha256(zipped.read_bytes()).hexdigest())


def sources(root: Path) -> list[Path]:
    """The files of the app that are deployed, relative to `root`. Raises PackageError when a part is missing."""
    missing = [name for name in (*FILES, *FOLDERS) if not (root / name).exists()]
    if missing:
        raise PackageError(f"{missing[0]} is missing. Run `make console` first if it is the console.")
    folders = [path for name in FOLDERS for path in (root / name).rglob("*") if path.is_file()]
    found = (path.relative_to(root) for path in (*(root / name for name in FILES), *folders))
    return sorted(path for path in found if not any(_is_private(part) for part in path.parts))


def _is_private(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"


def install_locked(requirements: Path, target: Path) -> None:
    """Install the locked packages for Azure, by their hashes and without building any. Raises PackageError."""
    uv = Path(sys.executable).with_name("uv")
    how = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy")
    where = ("--target", str(target), "--python-platform", PLATFORM, "--python-version", PYTHON)
    command = [str(uv), "pip", "install", "--quiet", *how, *where, "--requirement", str(requirements)]
    if subprocess.run(command, check=False).returncode:
        raise PackageError("The packages of requirements.txt could not be installed for Azure (see above).")


def _remove_traces(packages: Path) -> None:
    """Remove programs and files that name the machine, which would differ from one machine to the next."""
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for path in [*packages.glob("*.dist-info/*"), *packages.glob(".*")]:
        if path.is_file() and (path.name in _OF_THE_MACHINE or path.parent == packages):
            path.unlink()
    for path in packages.rglob("__pycache__"):
        shutil.rmtree(path)


def _compile(folder: Path) -> None:
    """Compile every module. The result does not depend on the date, the place, or the order of a set.

    It is not compared with its source when it is loaded: nobody changes a file of a deployed package.
    """
    how = ("-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder))
    command = [sys.executable, "-m", "compileall", *how, str(folder)]
    if subprocess.run(command, check=False, env={**os.environ, "PYTHONHASHSEED": "0"}).returncode:
        raise PackageError("A module of the package could not be compiled (see above).")


def write_zip(folder: Path, target: Path) -> int:
    """Write all files of a folder into a zip file, the same bytes each time. Returns their number."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as written:
        for name in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system, entry.external_attr, entry.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
            written.writestr(entry, (folder / name).read_bytes())
    return len(files)


def _parts(package: Package) -> Iterator[str]:
    """How much room the largest parts take, unpacked."""
    sizes: dict[str, int] = {}
    for path in package.folder.rglob("*"):
        if path.is_file():
            parts = path.relative_to(package.folder).parts
            part = "/".join(parts[3:5]) if parts[0] == PACKAGES.parts[0] else parts[0]
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    for part, size in sorted(sizes.items(), key=lambda item: -item[1])[:12]:
        yield f"{size / 1e6:8.1f} MB  {part}"


def main(arguments: list[str]) -> int:
    """Make the package and say what it is. Returns 1 when it could not be made."""
    parser = argparse.ArgumentParser(prog="python -m tools.package", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--engine",
        type=Backend,
        choices=list(Backend),
        default=Backend.STORAGE,
        help="where the durable engine keeps its state",
    )
    parser.add_argument("--parts", action="store_true", help="also list the largest parts")
    asked = parser.parse_args(arguments)
    try:
        package = make(engine=asked.engine)
    except PackageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(package)
    if asked.parts:
        print("\n".join(_parts(package)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
