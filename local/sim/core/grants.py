"""Rights: which action each operation needs, who has been granted which, and which were used.

Without grants everybody may do everything. Source of the names: the actions that Azure publishes for each resource
provider; reads, writes and deletes are named by the type, a POST by its last segment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local.sim.core.wire import ArmError, Call

VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
NAMED_OTHERWISE = {
    "Microsoft.DesktopVirtualization/hostPools/userSessions/read": (
        "Microsoft.DesktopVirtualization/hostPools/sessionHosts/userSessions/read"
    ),
    "Microsoft.DesktopVirtualization/hostPools/scalingPlans/read": "Microsoft.DesktopVirtualization/scalingPlans/read",
    "subscriptions/read": "Microsoft.Resources/subscriptions/read",
    "subscriptions/resourcegroups/read": "Microsoft.Resources/subscriptions/resourceGroups/read",
}
_SCHEME, _APP = "Simulated ", "freshcoat"
JOIN_NIC = "Microsoft.Network/networkInterfaces/join/action"
JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"


def action_of(method: str, pattern: str) -> str:
    """The action of a route, such as `Microsoft.Compute/virtualMachines/reimage/action`."""
    types = "/".join(part for part in pattern.split("/") if part != "*")
    action = f"{types}/action" if method == "POST" else f"{types}/{VERBS[method]}"
    return NAMED_OTHERWISE.get(action, action)


@dataclass
class Grants:
    """Actions by identity and scope; `*` stands for any text. The app's own identity is the empty text."""

    granted: dict[str, dict[str, list[str]]] | None = None
    used: dict[str, set[str]] = field(default_factory=lambda: {"": set()})

    def check(self, call: Call, action: str) -> None:
        """Raises 403 naming the first action that the caller lacks, and its scope."""
        identity = who(call)
        if identity is None:
            return
        for needed, scope in ((action, call.path), *linked(call)):
            self.used.setdefault(identity, set()).add(needed)
            if self.granted is not None and not self._has(identity, needed, scope):
                code = "AuthorizationFailed" if needed == action else "LinkedAuthorizationFailed"
                message = (
                    f"The client '{identity or 'own'}' does not have authorization to perform action '{needed}' over "
                    f"scope '{scope}' or the scope is invalid."
                )
                raise ArmError(403, code, message)

    def actions(self, identity: str, scope: str) -> list[str] | None:
        """What the identity may do at a scope. None: everything."""
        if self.granted is None:
            return None
        found = self.granted.get(identity, {})
        return [action for at, actions in found.items() if _within(at, scope) for action in actions]

    def _has(self, identity: str, action: str, scope: str) -> bool:
        patterns = self.actions(identity, scope) or ()
        return any(re.fullmatch(re.escape(p).replace(r"\*", ".*"), action, re.IGNORECASE) for p in patterns)


def who(call: Call) -> str | None:
    """The identity that a call names; the empty text for the app's own. None for anybody else, who is not checked."""
    given = call.headers.get("authorization", "")
    if given.startswith(_SCHEME):
        return given.removeprefix(_SCHEME)
    return "" if _APP in call.headers.get("user-agent", "") else None


def linked(call: Call) -> list[tuple[str, str]]:
    """Rights on other resources that the body of a call needs."""
    if call.method != "PUT":
        return []
    properties = call.body.get("properties") or {}
    nics = (properties.get("networkProfile") or {}).get("networkInterfaces") or ()
    made = (properties.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ()
    addresses = [address for one in made for address in (one.get("properties") or {}).get("ipConfigurations") or ()]
    subnets = [((address.get("properties") or {}).get("subnet") or {}).get("id") for address in addresses]
    found = [(JOIN_NIC, str(nic.get("id"))) for nic in nics if nic.get("id")]
    if made:
        found.append(("Microsoft.Network/networkInterfaces/write", call.path.partition("/providers/")[0]))
    return found + [(JOIN_SUBNET, str(subnet)) for subnet in subnets if subnet]


def _within(scope: str, resource_id: str) -> bool:
    return f"{resource_id.lower().rstrip('/')}/".startswith(f"{scope.lower().rstrip('/')}/")
