"""Looks up every locked package in a database of known vulnerabilities. `make audit` runs it: `python -m tools.audit`.

pip-audit asks the database of the package index, or that of OSV. Where neither can be reached it may still report "no
known vulnerabilities": a mirror of the index answers 404 for every package, and pip-audit skips what is not found. So
each database is first asked about a release that is known to be vulnerable; only one that says so is used.

Exit codes: 0 when nothing was found, or when no database could be reached (then the last line says that nothing was
checked); 1 when a vulnerability was found; 2 when a lock could not be read or a package could not be checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

LOCKS = ("requirements.txt", "requirements-dev.txt")
DATABASES = ("pypi", "osv")
VULNERABLE = "pyyaml==5.3"
"""CVE-2020-1747: a document can run code when it is loaded."""

FOUND, FAILED = 1, 2

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Package:
    """What the database answered about one package."""

    name: str
    version: str = ""
    vulnerabilities: tuple[str, ...] = ()
    not_checked: str = ""


class AuditFailed(Exception):
    """The auditor gave no report; the message is its last word."""


class Auditor(Protocol):
    """Reads files of requirements, and asks databases about the packages in them."""

    def read(self, requirements: Path) -> None:
        """Read the file and nothing else: this needs no database."""

    def ask(self, database: str, requirements: Path) -> list[Package]:
        """Ask a database about every package in the file."""


class PipAudit:
    """The auditor that is used. It only reads the files: it resolves nothing and installs nothing."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def read(self, requirements: Path) -> None:
        self._run(requirements, "--dry-run")

    def ask(self, database: str, requirements: Path) -> list[Package]:
        report = self._run(requirements, "--vulnerability-service", database, "--format", "json")
        return [_package(entry) for entry in json.loads(report)["dependencies"]]

    def _run(self, requirements: Path, *options: str) -> str:
        fixed = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--cache-dir", str(self._cache))
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), *fixed, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 or done.stdout.startswith("{"):  # it ends with 1 when it has found something, too
            return done.stdout
        raise AuditFailed((done.stderr.strip().splitlines() or ["no message"])[-1])


def _package(entry: dict[str, object]) -> Package:
    found = cast("list[dict[str, object]]", entry.get("vulns", []))
    ids = tuple(str(vulnerability["id"]) for vulnerability in found)
    return Package(str(entry["name"]), str(entry.get("version", "")), ids, str(entry.get("skip_reason", "")))


def audit(auditor: Auditor, root: Path = ROOT) -> int:
    """Check every lock against the first database that answers; the exit code is as the module says."""
    for lock in LOCKS:
        try:
            auditor.read(root / lock)
        except AuditFailed as error:
            print(f"audit: {lock} could not be read: {error}")
            return FAILED
    database = next((name for name in DATABASES if _answers(name, auditor)), None)
    if database is None:
        print("audit: the vulnerability database could not be reached. NOTHING WAS CHECKED.")
        return 0
    return max([_check(lock, database, auditor, root) for lock in LOCKS])


def _answers(database: str, auditor: Auditor) -> bool:
    """Whether the database can be reached and knows a vulnerability that is known since 2020."""
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "vulnerable.txt"
        known.write_text(f"{VULNERABLE}\n")
        try:
            answered = any(package.vulnerabilities for package in auditor.ask(database, known))
        except AuditFailed as error:
            print(f"audit: {database}: {error}")
            return False
    if not answered:
        print(f"audit: {database}: does not know that {VULNERABLE} is vulnerable, so it is not used")
    return answered


def _check(lock: str, database: str, auditor: Auditor, root: Path) -> int:
    try:
        packages = auditor.ask(database, root / lock)
    except AuditFailed as error:
        print(f"audit: {lock} could not be checked: {error}")
        return FAILED
    bad = [package for package in packages if package.vulnerabilities]
    unknown = [package for package in packages if package.not_checked]
    for package in bad:
        print(f"audit: {lock}: {package.name} {package.version}: {', '.join(package.vulnerabilities)}")
    for package in unknown:
        print(f"audit: {lock}: {package.name}: {package.not_checked}")
    print(f"audit: {lock}: {len(packages)} packages, {len(bad)} vulnerable, {len(unknown)} not checked ({database})")
    if unknown or not packages:
        return FAILED
    return FOUND if bad else 0


def main() -> int:
    """Every run begins with an empty cache, so that an old answer is not taken for the database."""
    with tempfile.TemporaryDirectory() as cache:
        return audit(PipAudit(Path(cache)))


if __name__ == "__main__":
    sys.exit(main())
