"""What a shell gets to complete: commands, options and names, quickly and without errors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.app import ABOUT, Asked, Says, environment, run, serving


def complete(folder: Path, words: str, **more: str) -> list[str]:
    """What bash is offered behind these words."""
    count = len(words.split(" ")) - 1
    asked = {"_FRESHCOAT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    ran = run(folder, **asked, **more)
    assert ran.err == ""
    return ran.out.split()


def pools(asked: Asked) -> Says:
    if asked.path.endswith("/about"):
        return Says(body=ABOUT)
    return Says(body={"items": [{"name": "office"}, {"name": "lab"}], "continuation": None})


def test_commands_and_options_are_completed_without_an_app(tmp_path: Path) -> None:
    assert complete(tmp_path, "freshcoat up") == ["update-image", "update-pools"]
    assert complete(tmp_path, "freshcoat access keys ne") == ["new"]
    assert "--on-logoff" in complete(tmp_path, "freshcoat update-image --on")


def test_names_come_from_the_app_and_are_kept_for_a_minute(tmp_path: Path) -> None:
    with serving(pools) as app:
        assert complete(tmp_path, "freshcoat hosts o", FRESHCOAT_URL=app.url) == ["office"]
        assert complete(tmp_path, "freshcoat plan l", FRESHCOAT_URL=app.url) == ["lab"]
        assert len(app.of("GET", "/pools")) == 1


def test_nothing_is_completed_and_nothing_said_where_nobody_is_signed_in(tmp_path: Path) -> None:
    assert complete(tmp_path, "freshcoat hosts o") == []
    assert complete(tmp_path, "freshcoat hosts o", FRESHCOAT_URL="http://127.0.0.1:1") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh"])
def test_each_shell_has_a_script(tmp_path: Path, shell: str) -> None:
    ran = run(tmp_path, "completion", shell)
    assert ran.code == 0
    assert "_FRESHCOAT_COMPLETE" in ran.out
    if shutil.which(shell) and shell != "pwsh":
        checked = subprocess.run(  # noqa: S603 - a shell that only parses what we have printed
            [shell, "-n"], input=ran.out, env=environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
