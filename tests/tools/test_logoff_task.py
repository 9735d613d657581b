"""The scripts for hosts: what they leave on an image outlives sysprep, and one file of both does the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.azure import scripts
from tools.logoff_task import SCRIPTS, bundle, main
from tools.powershell import syntax_tree

URL, AUDIENCE = "https://freshcoat.contoso.com", "33333333-2222-4333-8444-555555555555"
INSTALL = (SCRIPTS / "install_logoff_task.ps1").read_text()
REPORT = (SCRIPTS / "report_logoff.ps1").read_text()
LARGEST = 200_000
"""Bytes of a script that Intune delivers, says Microsoft's page on PowerShell scripts in Intune."""


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


def test_reports_follow_one_another_and_each_ends_before_its_task_is_stopped() -> None:
    """At a deadline everybody on a host signs out at once, and each report starts a PowerShell."""
    assert "-MultipleInstances Queue" in INSTALL
    (limit,) = re.findall(r"New-TimeSpan -Minutes (\d+)", INSTALL)
    tries, pause = (_number(name) for name in ("Attempts", "PauseSeconds"))
    each = sum(map(int, re.findall(r"-TimeoutSec (\d+)", REPORT)))
    assert tries * each + (tries - 1) * pause < 60 * int(limit)


def _number(name: str) -> int:
    return int(re.findall(rf"^\${name} = (\d+)", REPORT, re.MULTILINE)[0])


def test_the_metadata_service_is_called_without_the_proxy_of_the_machine() -> None:
    (call,) = re.findall(r"Invoke-RestMethod .*Metadata.*", REPORT)
    assert "-WebSession $direct" in call
    assert "$direct.Proxy = New-Object -TypeName System.Net.WebProxy" in REPORT


def test_a_key_does_not_stay_where_nothing_reads_it() -> None:
    assert "if ($Pool -eq '') { Remove-Item -Path $Key" in INSTALL
    removing = INSTALL.partition("if ($Remove) {")[2].partition("return")[0]
    assert "Remove-Item -Path $Script, $Key" in removing


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
        (URL, "x' -Remove '", ""),
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
