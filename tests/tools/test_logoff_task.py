"""The scripts for hosts: what they leave on an image outlives sysprep, and one file of both does the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.azure import scripts
from tools.logoff_task import LARGEST, SCRIPTS, bundle, main
from tools.powershell import syntax_tree

URL, AUDIENCE = "https://freshcoat.contoso.com", "api://33333333-2222-4333-8444-555555555555"
INSTALL = (SCRIPTS / "install_logoff_task.ps1").read_text()
REPORT = (SCRIPTS / "report_logoff.ps1").read_text()


def variables_of_the_machine(script: str) -> set[str]:
    return set(re.findall(r"\$env:(\w+)", script))


def test_what_is_installed_names_neither_the_machine_nor_an_account_of_it() -> None:
    """Sysprep gives the machine another name and other accounts, so that a task or a right of theirs would be void."""
    assert variables_of_the_machine(INSTALL) == {"ProgramFiles", "ProgramW6432", "SystemRoot"}
    assert set(re.findall(r"S-1-[\d-]+", INSTALL)) == {"S-1-5-18", "S-1-5-32-544"}
    assert not re.search(r"-User\b|-Password|whoami|WindowsIdentity|ConvertTo-SecureString|ProtectedData", INSTALL)


def test_the_name_of_the_host_is_read_when_somebody_signs_out() -> None:
    assert variables_of_the_machine(REPORT) == {"COMPUTERNAME"}


def test_preparing_an_image_leaves_the_task_alone() -> None:
    (name,) = re.findall(r"TaskName = '([^']+)' }", INSTALL)
    prepared = scripts.preparation_script()
    assert name not in prepared
    assert "-TaskPath" not in prepared
    assert set(re.findall(r"Unregister-ScheduledTask (\S+ \S+)", prepared)) == {"-TaskName $TaskName"}


def test_installing_again_and_from_the_target_folder_is_possible() -> None:
    assert "Register-ScheduledTask @Task" in INSTALL
    assert INSTALL.count("-Force") >= 3
    assert "if ($source -ne $Script) { Copy-Item" in INSTALL


def test_the_log_of_the_event_is_switched_on() -> None:
    (log,) = re.findall(r"^\$Log = '([^']+)'", INSTALL, re.MULTILINE)
    assert log == "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
    assert "wevtutil.exe set-log $Log /enabled:true" in INSTALL


def test_one_file_holds_both_scripts_and_parses() -> None:
    made = bundle(URL, AUDIENCE)
    tree = syntax_tree(made.encode())
    assert not tree.has_error
    assert REPORT in made
    assert INSTALL in made
    assert made.endswith(f"}} -Url '{URL}' -Audience '{AUDIENCE}' -From $Source\n")


def test_a_user_assigned_identity_is_named() -> None:
    assert " -ClientId '44444444-2222-4333-8444-555555555555' " in bundle(
        URL, AUDIENCE, "44444444-2222-4333-8444-555555555555"
    )


def test_it_is_small_enough_for_intune_and_plain_ascii() -> None:
    assert len(bundle(URL, AUDIENCE).encode("ascii")) < LARGEST / 4


@pytest.mark.parametrize(
    ("url", "audience", "client_id"),
    [
        ("http://freshcoat.contoso.com", AUDIENCE, ""),
        ("https://freshcoat.contoso.com'; exit", AUDIENCE, ""),
        ('https://freshcoat.contoso.com" -Pool "x', AUDIENCE, ""),
        (URL, "", ""),
        (URL, "api://x' -Remove '", ""),
        (URL, AUDIENCE, "x y"),
    ],
)
def test_what_would_end_a_quoted_text_is_refused(url: str, audience: str, client_id: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        bundle(url, audience, client_id)


def test_a_script_that_cannot_be_written_into_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report_logoff.ps1").write_text("$a = @'\nx\n'@\n")
    monkeypatch.setattr("tools.logoff_task.SCRIPTS", tmp_path)
    with pytest.raises(ValueError, match="report_logoff"):
        bundle(URL, AUDIENCE)


def test_the_command_prints_it_or_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", URL, "--audience", AUDIENCE]) == 0
    assert capsys.readouterr().out == bundle(URL, AUDIENCE)
    with pytest.raises(SystemExit) as ended:
        main(["--url", "freshcoat", "--audience", AUDIENCE])
    assert ended.value.code == 2
    assert "https://freshcoat.contoso.com" in capsys.readouterr().err
