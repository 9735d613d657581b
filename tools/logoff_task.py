"""Prints one PowerShell script that sets up the log-off task on a host, for tools that deliver a single file.

`python -m tools.logoff_task --url https://freshcoat.contoso.com --audience ID` joins the two scripts of
docs/scripts. The result takes no arguments and holds no secret, because Intune and VM extensions write what they run to
logs: hosts that it sets up sign in with the managed identity of their VM. See docs/guides/hosts-report-logoff.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "docs" / "scripts"

_URL = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/-]*)?")
_ID = re.compile(r"[A-Za-z0-9:/._-]+")

_HEAD = """\
# Sets up the task that reports log-offs to Freshcoat. Made by `python -m tools.logoff_task`. No secret is in it.
# Run it as SYSTEM or as administrator. Running it again does no harm. Exit code 0: the task is there; 1: it is not.
$ErrorActionPreference = 'Stop'
trap {
    Write-Output "The task is not set up: $_"
    exit 1
}
$Programs = if ($env:ProgramW6432) { $env:ProgramW6432 } else { $env:ProgramFiles }
$Source = Join-Path -Path $Programs -ChildPath 'Freshcoat'
New-Item -ItemType Directory -Path $Source -Force | Out-Null
"""


def bundle(url: str, audience: str, client_id: str = "") -> str:
    """The script for hosts that report to `url` with a token for `audience`.

    `client_id` says which user-assigned identity of the VM signs in; empty: the one that the VM has. Raises ValueError
    for an address without https, and for characters that would end a quoted text in PowerShell or on a command line.
    """
    if not _URL.fullmatch(url):
        raise ValueError(f"the address must be like https://freshcoat.contoso.com, not {url}")
    if not _ID.fullmatch(audience):
        raise ValueError(f"the audience must be like 33333333-2222-4333-8444-555555555555, not {audience}")
    if client_id and not _ID.fullmatch(client_id):
        raise ValueError(f"the client id must be an id, not {client_id}")
    report, install = _script("report_logoff.ps1"), _script("install_logoff_task.ps1")
    arguments = f"-Url '{url}' -Audience '{audience}'" + (f" -ClientId '{client_id}'" if client_id else "")
    written = f"$report = @'\n{report}'@\nSet-Content -Path (Join-Path -Path $Source -ChildPath 'report_logoff.ps1')"
    return f"{_HEAD}{written} -Value $report -Encoding ASCII\n& {{\n{install}}} {arguments} -From $Source\n"


def _script(name: str) -> str:
    """A script as it is. Raises ValueError when it cannot be written into another one."""
    text = (SCRIPTS / name).read_text(encoding="ascii")
    if re.search(r"^'@", text, re.MULTILINE):
        raise ValueError(f"{name} has a line that would end the text in which it is written")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the script. The exit code is 2 when an argument cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m tools.logoff_task", description=__doc__)
    parser.add_argument("--url", required=True, help="address of Freshcoat, with https")
    parser.add_argument("--audience", required=True, help="FRESHCOAT_ENTRA_AUDIENCE of the app")
    parser.add_argument("--client-id", default="", help="which user-assigned identity of the VMs signs in")
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(bundle(given.url, given.audience, given.client_id))
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
