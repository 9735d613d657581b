"""The start is quick: nothing is loaded that the command does not need."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from tests.cli.app import environment, run

SECONDS = 0.6
"""Of the processor. It takes 0.2 on a quiet machine."""


def test_the_command_starts_quickly(tmp_path: Path) -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    runs = []
    for _ in range(5):
        before = spent()
        assert run(tmp_path, "--version").code == 0
        runs.append(spent() - before)
    assert min(runs) < SECONDS


def test_what_takes_long_to_load_is_loaded_only_when_it_is_needed(tmp_path: Path) -> None:
    script = (
        "import sys, freshcoat_cli.main; "
        "print(sorted({'azure', 'msal', 'keyring', 'cryptography', 'platformdirs'} & sys.modules.keys()))"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_help_names_every_command_and_needs_no_sign_in(tmp_path: Path) -> None:
    ran = run(tmp_path, "--help")
    assert ran.code == 0
    assert {"pools", "hosts", "login", "whoami"} <= set(ran.out.split())


def test_an_unknown_command_is_exit_code_2(tmp_path: Path) -> None:
    assert run(tmp_path, "polls").code == 2
    assert run(tmp_path, "pools", "--nonsense").code == 2
