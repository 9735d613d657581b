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
import platform
import shutil
import subprocess
import sys
import tempfile
import time
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

KINDS = frozenset({".py", ".ps1", ".json"})
"""Files of the app. Another one in its folders is somebody's own, such as notes or a key: the package is not made."""

PLATFORM, PYTHON = "x86_64-manylinux_2_28", "3.13"
"""What Azure Functions runs Python 3.13 on."""
INTERRUPTED = 130
_MAKING, _HOUR = "making-", 3600
_OF_THE_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
"""Files of an installation that say where and by what it was made."""
_ALONE = "import sys; sys.path[:0] = sys.argv[1:]; sys.dont_write_bytecode = True\n"
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
    sources: str
    """From which commit, and which files are others than there; empty when git does not know."""

    def __str__(self) -> str:
        unpacked = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        megabytes = f"{self.zip.stat().st_size / 1e6:.1f} MB, {unpacked / 1e6:.1f} MB unpacked"
        lines = (str(self.zip), f"{self.files} files, {megabytes}", self.sources, f"sha256 {self.sha256}")
        return "\n".join(filter(None, lines))


def make(
    root: Path = ROOT,
    out: Path = OUT,
    install: Callable[[Path, Path], None] | None = None,
    engine: Backend = Backend.STORAGE,
) -> Package:
    """Make the package of the sources in `root`, as a folder and as a zip file in `out`.

    `install` puts the packages of a list of requirements into a folder; `engine` chooses the `host.json`. The former
    package is removed first, and the new one appears once it is complete: what is there may be deployed. Raises
    PackageError when a part is missing, when a package cannot be installed or compiled, or when the app does not load.
    """
    names = sources(root)
    out.mkdir(parents=True, exist_ok=True)
    zipped, folder = out / f"freshcoat-{RELEASE}.zip", out / "package"
    zipped.unlink(missing_ok=True)
    _remove_left_over(out)
    with tempfile.TemporaryDirectory(prefix=_MAKING, dir=out) as place:
        made = Path(place, "package")
        _copy(root, names, made, engine)
        (install or install_locked)(root / "requirements.txt", made / PACKAGES)
        _remove_traces(made / PACKAGES)
        _compile(made)
        _check_loads(made)
        count = write_zip(made, Path(place, "zip"))
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
        Path(place, "zip").rename(zipped)
    return Package(folder, zipped, count, hashlib.sha256(zipped.read_bytes()).hexdigest(), commit(root))


def _remove_left_over(out: Path) -> None:
    """Remove what killed ones have left. Another one may be at work in what is younger."""
    for left in out.glob(f"{_MAKING}*"):
        if time.time() - left.stat().st_mtime > _HOUR:
            shutil.rmtree(left, ignore_errors=True)


def _copy(root: Path, names: list[Path], made: Path, engine: Backend) -> None:
    for name in names:
        copied = made / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, copied)
    if engine is not Backend.STORAGE:
        (made / "host.json").write_text(json.dumps(host_json(engine), indent=2) + "\n")


def sources(root: Path) -> list[Path]:
    """The files of the app that are deployed, relative to `root`.

    Raises PackageError when a part is missing, or when there is a file that is not the app's.
    """
    missing = [name for name in (*FILES, *FOLDERS) if not (root / name).exists()]
    if missing:
        raise PackageError(f"{missing[0]} is missing. Run `make console` first if it is the console.")
    folders = [path for name in FOLDERS for path in (root / name).rglob("*") if path.is_file()]
    found = (path.relative_to(root) for path in (*(root / name for name in FILES), *folders))
    names = sorted(path for path in found if not any(_is_private(part) for part in path.parts))
    for name in names:
        if name.parts[0] in FOLDERS and name.suffix not in KINDS:
            raise PackageError(
                f"{name} is no file of the app. Move it to another place, or add its kind to tools/package.py."
            )
    return names


def commit(root: Path) -> str:
    """From which commit the sources are, and what of them is not committed. Empty when git does not know."""
    git = ("git", "-C", str(root))
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        status = [*git, "status", "--porcelain", "--untracked-files=all", "--", *FILES, *FOLDERS]
        changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = f"from commit {head.stdout.strip()}"
    if not changed:
        return found
    some = ", ".join(line[3:] for line in changed[:5]) + (", …" if len(changed) > 5 else "")
    return f"{found}, with {len(changed)} changed files that are not committed: {some}"


def _is_private(part: str) -> bool:
    return part.startswith(".") or part in {"__pycache__", "local.settings.json"}


def install_locked(requirements: Path, target: Path) -> None:
    """Install the locked packages for Azure, by their hashes and without building any. Raises PackageError."""
    uv = Path(sys.executable).with_name("uv")
    how = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy")
    where = ("--target", str(target), "--python-platform", PLATFORM, "--python-version", PYTHON)
    command = [str(uv), "pip", "install", "--quiet", *how, *where, "--requirement", str(requirements)]
    if not uv.exists():
        raise PackageError(f"{uv} is missing. Run `make setup`.")
    if subprocess.run(command, check=False).returncode:
        raise PackageError(
            "The packages of requirements.txt could not be installed for Azure (see above). Each needs a wheel for "
            f"Linux on x86-64 and Python {PYTHON}: choose another version in requirements.in, and run `make lock`."
        )


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
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise PackageError(f"Python {PYTHON} is needed, because Azure loads nothing that another one compiled.")
    how = ("-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder))
    command = [sys.executable, "-m", "compileall", *how, str(folder)]
    if subprocess.run(command, check=False, env=_plain_environment()).returncode:
        raise PackageError("A module of the package could not be compiled (see above).")


def alone(folder: Path, script: str) -> list[str]:
    """The command that runs a script with the packages of this folder and no others."""
    return [sys.executable, "-I", "-S", "-c", _ALONE + script, str(folder), str(folder / PACKAGES)]


def _check_loads(folder: Path) -> None:
    """Load the app from the package alone, where this machine is of the kind that it is for. Raises PackageError."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return
    if subprocess.run(
        alone(folder, "import function_app"), check=False, env=_plain_environment(), cwd=folder
    ).returncode:
        raise PackageError("The app does not load from the package alone (see above): something is missing.")


def _plain_environment() -> dict[str, str]:
    """The environment without what would make Python compile otherwise, or to another place."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**plain, "PYTHONHASHSEED": "0"}


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
    except KeyboardInterrupt:
        print("error: interrupted, so there is no package. Run `make package` again.", file=sys.stderr)
        return INTERRUPTED
    print(package)
    if asked.parts:
        print("\n".join(_parts(package)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
