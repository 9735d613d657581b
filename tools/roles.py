"""The roles that Freshcoat knows, for Azure and for Entra ID, made from the app's own tables.

`python -m tools.roles [subscription]` prints the custom roles of the app's identity, one for each kind of scope.
`python -m tools.roles --bicep` writes what the templates in infra/ read: the same roles, and the app roles of people.
"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path

from shared.models.access.roles import Role
from shared.rollouts.preflight.rights_table import Where, actions_by_scope

GENERATED = Path(__file__).parent.parent / "infra" / "generated"

NAMES = {
    Where.HOST_POOL: "Freshcoat host pools",
    Where.MACHINES: "Freshcoat session hosts",
    Where.IMAGE: "Freshcoat image definitions",
    Where.BUILDING: "Freshcoat image building",
    Where.SUBNET: "Freshcoat subnet of clones",
    Where.SUBSCRIPTION: "Freshcoat subscription",
}
KEYS = {
    Where.HOST_POOL: "hostPools",
    Where.MACHINES: "machines",
    Where.IMAGE: "image",
    Where.BUILDING: "building",
    Where.SUBNET: "subnet",
    Where.SUBSCRIPTION: "subscription",
}
"""What the templates call them. The ids of the roles in Azure come from these words, so they never change."""

_APP_ROLES = uuid.UUID("6f0f3c52-3a53-4f0e-9a3c-5d2b8f1c7e40")
"""The ids of the app roles come from this one and their names: the same in every tenant, whenever they are made."""

MEANINGS = {
    Role.READER: "See pools, images, rollouts and tasks.",
    Role.OPERATOR: "Publish images, and pause, resume and cancel rollouts.",
    Role.APPROVER: "Let rollouts of others go on.",
    Role.ADMIN: "Register pools and images, and say who may do what.",
    Role.AGENT: "Report that people have signed out. For programs.",
}


def roles(subscription: str) -> list[dict[str, object]]:
    """Role definitions as `az role definition create` takes them."""
    return [
        {
            "Name": NAMES[where],
            "IsCustom": True,
            "Description": _description(where),
            "Actions": list(actions),
            "NotActions": [],
            "AssignableScopes": [f"/subscriptions/{subscription}"],
        }
        for where, actions in actions_by_scope().items()
    ]


def bicep_roles() -> dict[str, dict[str, object]]:
    """The same roles as infra/rights.bicep reads them, by the word that it has for each."""
    return {
        KEYS[where]: {"name": NAMES[where], "description": _description(where), "actions": list(actions)}
        for where, actions in actions_by_scope().items()
    }


def app_roles() -> list[dict[str, object]]:
    """The app roles of the registration in Entra ID, as Microsoft Graph takes them.

    https://learn.microsoft.com/graph/api/resources/approle
    """
    return [
        {
            "id": str(uuid.uuid5(_APP_ROLES, role)),
            "value": str(role),
            "displayName": f"Freshcoat {role}",
            "description": MEANINGS[role],
            "allowedMemberTypes": ["Application"] if role is Role.AGENT else ["User", "Application"],
            "isEnabled": True,
        }
        for role in Role
    ]


def generated() -> dict[str, str]:
    """The files that the templates read, by name."""
    contents = {"roles.json": bicep_roles(), "app_roles.json": app_roles()}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in contents.items()}


def _description(where: Where) -> str:
    return f"Assign it on: {where}."


def main() -> None:
    """Write the files of the templates, or print the roles of a subscription."""
    arguments = sys.argv[1:]
    if arguments == ["--bicep"]:
        GENERATED.mkdir(exist_ok=True)
        for name, text in generated().items():
            (GENERATED / name).write_text(text)
        return
    print(json.dumps(roles(arguments[0] if arguments else str(uuid.UUID(int=0))), indent=2))


if __name__ == "__main__":
    main()
