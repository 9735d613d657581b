"""`make audit`: which answers pass, and which fail. The databases are fakes; the real pip-audit reads the locks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tools.audit import LOCKS, ROOT, AuditFailed, Package, PipAudit, audit

GOOD = Package("pydantic", "2.14.4")
BAD = Package("pyyaml", "5.3", ("PYSEC-2020-96",))
MISSING = Package("pydantic", not_checked="Dependency not found")


class Databases:
    """Answers about the vulnerable release and about the locks, per database; an exception is raised."""

    def __init__(self, *, pypi: object, osv: object, locks: object = (GOOD,), read: object = None) -> None:
        self._known = {"pypi": pypi, "osv": osv}
        self._locks = locks
        self._read = read
        self.asked: list[tuple[str, str]] = []

    def read(self, requirements: Path) -> None:
        if isinstance(self._read, AuditFailed):
            raise self._read

    def ask(self, database: str, requirements: Path) -> list[Package]:
        self.asked.append((database, requirements.name))
        answer = self._locks if requirements.name in LOCKS else self._known[database]
        if isinstance(answer, AuditFailed):
            raise answer
        assert isinstance(answer, tuple)
        return list(answer)


UNREACHED = AuditFailed("Failed to resolve the name")


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_nothing_found_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(Databases(pypi=(BAD,), osv=UNREACHED)) == 0
    assert last_line(capsys) == "audit: requirements-dev.txt: 1 packages, 0 vulnerable, 0 not checked (pypi)"


def test_a_vulnerability_fails_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(Databases(pypi=(BAD,), osv=UNREACHED, locks=(GOOD, BAD))) == 1
    assert "audit: requirements.txt: pyyaml 5.3: PYSEC-2020-96" in capsys.readouterr().out


def test_the_second_database_is_asked_when_the_first_one_cannot_be_reached() -> None:
    databases = Databases(pypi=UNREACHED, osv=(BAD,), locks=(BAD,))
    assert audit(databases) == 1
    assert databases.asked[1:] == [("osv", "vulnerable.txt"), ("osv", LOCKS[0]), ("osv", LOCKS[1])]


@pytest.mark.parametrize("first", [UNREACHED, (MISSING,), (GOOD,), ()])
def test_no_database_at_all_passes_and_says_that_nothing_was_checked(
    first: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mirror that knows no vulnerability of the known release counts as none, whatever it says of the locks."""
    databases = Databases(pypi=first, osv=UNREACHED, locks=(GOOD,))
    assert audit(databases) == 0
    assert last_line(capsys) == "audit: the vulnerability database could not be reached. NOTHING WAS CHECKED."
    assert [name for _, name in databases.asked] == ["vulnerable.txt", "vulnerable.txt"]


@pytest.mark.parametrize("locks", [UNREACHED, (GOOD, MISSING), ()])
def test_a_lock_that_is_not_wholly_checked_fails(locks: object) -> None:
    assert audit(Databases(pypi=(BAD,), osv=UNREACHED, locks=locks)) == 2


def test_a_lock_that_cannot_be_read_fails_without_any_database() -> None:
    assert audit(Databases(pypi=UNREACHED, osv=UNREACHED, read=AuditFailed("not pinned"))) == 2


@pytest.mark.parametrize("lock", LOCKS)
def test_pip_audit_reads_the_locks(lock: str, tmp_path: Path) -> None:
    PipAudit(tmp_path).read(ROOT / lock)


def test_pip_audit_refuses_a_package_without_a_version(tmp_path: Path) -> None:
    loose = tmp_path / "loose.txt"
    loose.write_text("pydantic\n")
    with pytest.raises(AuditFailed, match="not pinned"):
        PipAudit(tmp_path).read(loose)


def test_pip_audits_report_is_read_also_when_it_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        {"name": "pyyaml", "version": "5.3", "vulns": [{"id": "PYSEC-2020-96", "fix_versions": ["5.3.1"]}]},
        {"name": "pydantic", "version": "2.14.4", "vulns": []},
        {"name": "ours", "skip_reason": "Dependency not found"},
    ]
    done = subprocess.CompletedProcess([], 1, stdout=json.dumps({"dependencies": entries}), stderr="Found 1")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    packages = PipAudit(tmp_path).ask("pypi", tmp_path / "requirements.txt")
    assert packages == [BAD, GOOD, Package("ours", not_checked="Dependency not found")]


def test_the_last_line_of_pip_audits_errors_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback ...\nConnectionError: no such host\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(AuditFailed, match=r"^ConnectionError: no such host$"):
        PipAudit(tmp_path).ask("pypi", tmp_path / "requirements.txt")
