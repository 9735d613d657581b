"""The custom roles as `python -m tools.roles` prints them, assigned in the simulated Azure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from local.sim.core import names
from local.stack.options import ROOT
from shared.rollouts.preflight.rights_table import Where
from tools.roles import NAMES

EVERYWHERE = {
    Where.HOST_POOL: names.GROUP_ID,
    Where.MACHINES: names.GROUP_ID,
    Where.IMAGE: names.GALLERY_ID,
    Where.BUILDING: names.GROUP_ID,
    Where.SUBNET: names.VNET_ID,
    Where.SUBSCRIPTION: names.SUB_ID,
}
"""Where each role is assigned when everything is in one resource group."""


@cache
def printed() -> dict[str, list[str]]:
    """The actions of each role by its name."""
    command = [sys.executable, "-m", "tools.roles", names.SUBSCRIPTION]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return {role["Name"]: role["Actions"] for role in json.loads(answer.stdout)}


def role(where: Where, without: str = "") -> list[str]:
    """The actions of the role for a kind of scope."""
    return [action for action in printed()[NAMES[where]] if action != without]


def assigned(scopes: Mapping[Where, str], without: str = "") -> dict[str, list[str]]:
    """The roles on these scopes, as `PUT /_sim/grants` takes them for one identity."""
    granted: dict[str, list[str]] = defaultdict(list)
    for where, scope in scopes.items():
        granted[scope] += role(where, without)
    return dict(granted)
