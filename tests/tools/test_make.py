"""`make run` where the console cannot be built, and what `local/setup.sh chromium` does where there is no browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.stack.options import ROOT


class Machine:
    """A copy of the Makefile and of setup.sh, where every program that they call is played by a script."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        for name in ("Makefile", "local/setup.sh"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.calls = folder / "calls"
        self.calls.touch()
        self.bin.mkdir()
        for name in ("sh", "mkdir", "dirname", "tail", "touch", "find", "cat", "rm"):
            (self.bin / name).symlink_to(shutil.which(name) or pytest.skip(f"there is no {name}"))

    def plays(self, path: str, script: str = "") -> None:
        """A program that writes down how it was called, and then does this."""
        program = self.folder / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "{program.name} $*" >>{self.calls}\n{script}\n')
        program.chmod(0o755)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "HOME": str(self.folder), **variables}
        how = {"cwd": self.folder, "env": environment, "timeout": 60}
        return subprocess.run(command, check=False, capture_output=True, text=True, **how)  # noqa: S603

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


_STAMPS = re.findall(r"^(\S+(?:\.ready|package-lock\.json)): (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
"""What setup makes, and the files that it is made from."""


def set_up(machine: Machine) -> None:
    """What `make setup` leaves behind."""
    made = [*dict(_STAMPS)]
    files = [name for _, names in _STAMPS for name in names.split()]
    for name in [*files, *made]:
        (machine.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (machine.folder / name).touch()
    for age, names in ((60, files), (0, made)):
        for name in names:
            moment = (machine.folder / made[0]).stat().st_mtime - age
            os.utime(machine.folder / name, (moment, moment))


@pytest.mark.parametrize("command", ["run", "demo"])
def test_the_app_runs_where_its_console_cannot_be_built(machine: Machine, command: str) -> None:
    set_up(machine)
    machine.plays(".venv/bin/python")
    machine.plays("bin/npm", "echo 'npm: no such package' >&2; exit 1")
    answer = machine.run(shutil.which("make") or "make", command)
    assert answer.returncode == 0
    assert "no such package" in answer.stderr
    assert "The console could not be built (above); the API works without it." in answer.stdout
    assert machine.called()[-1].startswith(f"python -m local {command} --parent")


def test_a_console_that_is_built_is_not_built_again(machine: Machine) -> None:
    set_up(machine)
    machine.plays(".venv/bin/python")
    machine.plays("bin/npm", "exit 1")
    (machine.folder / "console/dist").mkdir()
    (machine.folder / "console/dist/index.html").touch()
    answer = machine.run(shutil.which("make") or "make", "run")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert [call.partition(" ")[0] for call in machine.called()] == ["python"]


def test_python_keeps_what_it_compiles_even_where_the_surroundings_forbid_it(machine: Machine) -> None:
    """Every worker of pytest and every process of every stack would compile the same files again."""
    set_up(machine)
    machine.plays(".venv/bin/python", f'echo "${{PYTHONDONTWRITEBYTECODE-unset}}" >>{machine.calls}')
    machine.plays("bin/npm")
    assert machine.run(shutil.which("make") or "make", "test", PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert [call for call in machine.called() if "pytest" in call]
    assert machine.called()[-1] == "unset"


def chromium(machine: Machine) -> subprocess.CompletedProcess[str]:
    return machine.run("sh", "local/setup.sh", "chromium")


NO_BROWSER = "exit 1"
ROOT_USER, SOMEBODY = "echo 0", "echo 1000"


def test_a_browser_that_is_there_is_enough(machine: Machine) -> None:
    machine.plays(".venv/bin/python")
    machine.plays("bin/apt-get")
    assert chromium(machine).returncode == 0
    assert machine.called() == ["python -m local.browser"]


def test_chromium_is_installed_without_asking(machine: Machine) -> None:
    machine.plays(".venv/bin/python", NO_BROWSER)
    machine.plays("bin/id", ROOT_USER)
    machine.plays("bin/apt-get", f'echo "$DEBIAN_FRONTEND" >>{machine.calls}')
    answer = chromium(machine)
    assert (answer.returncode, answer.stdout) == (0, "setup: installing Chromium\n")
    install = "apt-get install -y -q --no-install-recommends chromium"
    assert machine.called()[-2:] == [install, "noninteractive"]


def test_lists_of_packages_that_are_old_are_read_again(machine: Machine) -> None:
    machine.plays(".venv/bin/python", NO_BROWSER)
    machine.plays("bin/id", ROOT_USER)
    machine.plays("bin/apt-get", "[ $1 = update ] && touch updated; [ -e updated ]")
    assert chromium(machine).returncode == 0
    calls = [call.split()[1] for call in machine.called() if call.startswith("apt-get")]
    assert calls == ["install", "update", "install"]


def test_a_failed_installation_says_its_last_words_and_what_to_do(machine: Machine) -> None:
    machine.plays(".venv/bin/python", NO_BROWSER)
    machine.plays("bin/id", ROOT_USER)
    machine.plays("bin/apt-get", "echo 'E: Unable to locate package' >&2; exit 100")
    answer = chromium(machine)
    assert answer.returncode == 1
    assert "E: Unable to locate package" in answer.stderr
    assert "Install one, or set FRESHCOAT_CHROMIUM." in answer.stderr


@pytest.mark.parametrize(("has_apt", "words"), [(True, "as root"), (False, "Install one")])
def test_who_may_not_install_learns_what_to_do(machine: Machine, has_apt: bool, words: str) -> None:
    machine.plays(".venv/bin/python", NO_BROWSER)
    machine.plays("bin/id", SOMEBODY)
    if has_apt:
        machine.plays("bin/apt-get")
    answer = chromium(machine)
    assert answer.returncode == 1
    assert words in answer.stderr
    assert not [call for call in machine.called() if call.startswith("apt-get")]
