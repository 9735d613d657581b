"""Prints the custom roles that the app's identity needs, from the table of rights: one for each kind of scope."""

from __future__ import annotations

import json
import sys

from shared.rollouts.preflight.rights_table import Where, actions_by_scope

NAMES = {
    Where.HOST_POOL: "Freshcoat host pools",
    Where.MACHINES: "Freshcoat session hosts",
    Where.IMAGE: "Freshcoat image definitions",
    Where.BUILDING: "Freshcoat image building",
    Where.SUBNET: "Freshcoat subnet of clones",
    Where.SUBSCRIPTION: "Freshcoat subscription",
}


def roles(subscription: str) -> list[dict[str, object]]:
    """Role definitions as `az role definition create` takes them."""
    return [
        {
            "Name": NAMES[where],
            "IsCustom": True,
            "Description": f"Assign it on: {where}.",
            "Actions": list(actions),
            "NotActions": [],
            "AssignableScopes": [f"/subscriptions/{subscription}"],
        }
        for where, actions in actions_by_scope().items()
    ]


if __name__ == "__main__":
    subscription = sys.argv[1] if len(sys.argv) > 1 else "00000000-0000-0000-0000-000000000000"
    print(json.dumps(roles(subscription), indent=2))
