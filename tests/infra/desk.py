"""A desk with programs in place of `az`, `azd` and `make`, which write down their calls and answer as they are told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "infra" / "scripts").glob("*.sh"))
IDENTITY = "99999999-0000-4000-8000-000000000001"
SUBSCRIPTION = "00000000-0000-4000-8000-00000000000a"
POOLS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-pools"

ENVIRONMENT = {
    "AZURE_ENV_NAME": "prod",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    "FRESHCOAT_IDENTITY_PRINCIPAL": IDENTITY,
    "FRESHCOAT_VAULT": "kv-freshcoat",
    "FRESHCOAT_CLIENT_ID": "client-1",
    "FRESHCOAT_SIGNED_EVENTS": "true",
}

AZ = r"""#!/bin/sh
echo "az $*" >> "$CALLS"
case "$*" in *"${FAIL:-nothing fails}"*)
  failed=$(cat "$CALLS.failed" 2>/dev/null || echo 0)
  if [ "$failed" -lt "${FAIL_TIMES:-99}" ]; then
    echo $((failed + 1)) > "$CALLS.failed"
    echo "${ERROR:-(AuthorizationFailed) The client does not have authorization to perform this.}" >&2
    exit 1
  fi ;;
esac
case "$*" in
  *"account show --subscription"*) echo "${THEIR_TENANT-tenant-1}" ;;
  *"account show"*) echo tenant-1 ;;
  *"account list-locations"*) printf 'northeurope\nwesteurope\n' ;;
  *"list-flexconsumption-locations"*) printf 'North Europe\nwesteurope\nwestus\n' ;;
  *"keyvault list-deleted"*) echo "$DELETED" ;;
  *"provider show"*) echo "${STATE:-Registered}" ;;
  *"keyvault secret list"*) echo "$SECRETS" ;;
  *"keyvault secret set"*) cat /dev/stdin > "$CALLS.secret" ;;
  *"--method GET"*) echo "$HELD" ;;
  *"ad sp show"*Device.ReadWrite.All*) echo role-device ;;
  *"ad sp show"*DeviceManagementManagedDevices*) echo role-intune ;;
  *"ad sp show"*"value=='admin'"*) echo role-admin ;;
  *"ad sp show"*"value=="*) ;;
  *"ad sp show"*"appRoles[].value"*) printf 'reader\nadmin\n' ;;
  *"ad sp show"*) echo graph-1 ;;
  *"ad sp list"*) echo "${PRINCIPAL-principal-1}" ;;
  *"ad signed-in-user show"*) echo me-1 ;;
  *"ad user show"*) echo user-1 ;;
  *"ad group show"*) echo group-1 ;;
  *"role assignment list"*) echo /assignments/1; echo /assignments/2 ;;
  *"role definition list"*) echo definition-1 ;;
  *"ad app list"*"appId eq"*) echo "${THERE-client-1}" ;;
  *"ad app list"*) grep -q "ad app create" "$CALLS" && echo client-new || echo "$REGISTERED" ;;
  *"ad app show"*) echo object-1 ;;
  *"federated-credential list"*) echo "$TRUST" ;;
esac
"""
"""Answers of `az`. `FAIL` is a part of the calls that end with `ERROR`, the first `FAIL_TIMES` of them."""

OTHER = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
"""


class Desk:
    """A folder with stand-ins for the programs."""

    def __init__(self, folder: Path) -> None:
        self.calls_file = folder / "calls"
        self.calls_file.touch()
        for name, text in (("az", AZ), ("azd", OTHER), ("make", OTHER)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self._path = f"{folder}{os.pathsep}{os.environ['PATH']}"

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script as azd does, in its environment."""
        return subprocess.run(  # noqa: S603
            ["/bin/sh", str(ROOT / "infra" / "scripts" / script), *arguments],
            env={"PATH": self._path, "CALLS": str(self.calls_file), "PAUSE": "0", **ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def changes(self) -> list[str]:
        """The calls so far that change something."""
        words = (
            " create ",
            " set ",
            " delete ",
            " purge ",
            " register ",
            " update ",
            "--method POST",
            "--method PATCH",
        )
        return [call for call in self.calls() if any(word in f"{call} " for word in words)]

    def calls(self, *words: str) -> list[str]:
        """The calls so far that hold all these words."""
        return [call for call in self.calls_file.read_text().splitlines() if all(word in call for word in words)]
