"""The help texts of the local tools."""

from __future__ import annotations

# ruff: noqa: S603 (our own processes)
import subprocess
import sys

import pytest

from local.sim.__main__ import parser
from local.stack.options import ROOT


def help_of(module: str) -> str:
    text = subprocess.check_output([sys.executable, "-m", module, "--help"], cwd=ROOT, text=True)
    return " ".join(text.split())


def test_the_help_of_the_stack_names_the_folder_for_files() -> None:
    assert "(.local, or .local/port-N)" in help_of("local")


def test_the_help_of_the_host_explains_the_log_level() -> None:
    assert "lowest severity logged (default: INFO)" in help_of("local.host")


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ("seed", "1"),
        ("duration_scale", "1.0"),
        ("powered_off", "0"),
        ("drained", "0"),
        ("vmss", "off"),
        ("users", "on"),
    ],
)
def test_the_help_of_the_simulated_azure_shows_defaults(option: str, default: str) -> None:
    texts = {action.dest: action.help or "" for action in parser()._actions}
    assert texts[option].endswith(f"({default})")
