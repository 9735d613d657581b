"""The roles of the templates are made from the app's own tables, and each counts where it is meant to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shared.models.access.roles import Role
from shared.rollouts.preflight.rights_table import Where, actions_by_scope
from tests.infra.templates import INFRA, Declared, Template, members, nodes, text
from tools.roles import KEYS, bicep_roles, generated

PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"
RIGHTS = Template("rights.bicep")
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
GRANTS = {
    "hostPools": ("modules/grant_group.bicep", "poolGroups"),
    "machines": ("modules/grant_group.bicep", "machineGroups"),
    "image": ("modules/grant_group.bicep", "imageGroups"),
    "building": ("modules/grant_group.bicep", "buildGroups"),
    "subnet": ("modules/grant_subnet.bicep", "cloneSubnets"),
    "subscription": ("modules/grant_subscription.bicep", "subscriptions"),
}
"""By role: the template that assigns it, and for which places."""

BUILT_IN = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
}
"""Azure's own roles that the templates assign, by the ids that it publishes
(https://learn.microsoft.com/azure/role-based-access-control/built-in-roles). A wrong one stops `azd up`."""

OF_WHO_DEPLOYS = {"Key Vault Secrets Officer"}
"""All others are the app's, and docs/permissions.md asks for them."""

API = json.loads((INFRA / "api.json").read_text())
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

APP_ROLES = {
    "reader": "70a2af57-7464-5d2e-8528-15b1755b8343",
    "operator": "ed88a0a2-cb5c-5004-bc12-0fa7ab5de26c",
}
"""Who has a role has its id. Another id would take the role away from everybody."""


@pytest.mark.parametrize("name", ["roles.json", "app_roles.json"])
def test_the_generated_files_are_up_to_date(name: str) -> None:
    assert (INFRA / "generated" / name).read_text() == generated()[name], "run: python -m tools.roles --bicep"


def test_the_custom_roles_hold_every_action_of_the_table() -> None:
    written = json.loads((INFRA / "generated" / "roles.json").read_text())
    assert {key: tuple(role["actions"]) for key, role in written.items()} == {
        KEYS[where]: actions for where, actions in actions_by_scope().items()
    }
    assert set(KEYS) == set(Where)


def test_every_role_is_assigned_at_its_kind_of_place_and_nowhere_else() -> None:
    found = {_role(module): (module.of, _loops_over(module)) for module in RIGHTS.declared("module")}
    assert found == GRANTS
    assert set(found) == set(bicep_roles())
    assert len(RIGHTS.declared("module")) == len(GRANTS)


def _role(module: Declared) -> str:
    role = re.fullmatch(r"guid\(subscription\(\)\.id, environmentName, '(\w+)'\)", text(module["params/role"]))
    assert role, module.symbol
    return role[1]


def _loops_over(module: Declared) -> str:
    loop = next(nodes(module.node, "for_statement"))
    children = [child.type for child in loop.children]
    return text(loop.children[children.index("in") + 1])


def test_the_roles_are_made_with_the_same_ids_as_they_are_assigned() -> None:
    made = next(found for found in RIGHTS.declared("resource") if found.symbol == "definitions")
    assert text(made["name"]) == "guid(subscription().id, environmentName, role.key)"
    assert text(made["properties/assignableScopes"]) == "union(subscriptions, [ subscription().id ])"


def test_every_place_counts_for_the_rights_on_subscriptions() -> None:
    places = text(RIGHTS.variable("places"))
    assert all(name in places for _, name in GRANTS.values() if name != "subscriptions")


@pytest.mark.parametrize("name", ["grant_group", "grant_subnet", "grant_subscription"])
def test_an_assignment_is_the_same_one_when_it_is_made_again(name: str) -> None:
    (grant,) = (found for found in Template(f"modules/{name}.bicep").declared("resource") if found.symbol == "grant")
    assert re.fullmatch(r"guid\(.+\.id, principalId, role\)", text(grant["name"]))
    assert text(grant["properties/principalType"]) == "ServicePrincipal"


def test_built_in_roles_have_the_ids_that_azure_publishes() -> None:
    """Of each role: a word of its name is what the template calls it."""
    found = {(Path(name).stem, role) for name in _all() for role in re.findall(rf"'({_ID})'", _source(name))}
    assert {role for _, role in found} == set(BUILT_IN)
    for name, role in re.findall(rf"(\w+): '({_ID})'", "".join(map(_source, _all()))):
        assert name.lower() in BUILT_IN[role].replace(" ", "").lower(), role


def test_built_in_roles_are_those_that_the_page_asks_for() -> None:
    asked = {name for name in BUILT_IN.values() if re.search(rf"role {name}[ ,;|]", PERMISSIONS.read_text())}
    assert asked == set(BUILT_IN.values()) - OF_WHO_DEPLOYS


def test_the_app_roles_are_those_of_the_app() -> None:
    written = json.loads((INFRA / "generated" / "app_roles.json").read_text())
    assert [role["value"] for role in written] == [str(role) for role in Role]
    assert {role["value"]: role["id"] for role in written}.items() >= APP_ROLES.items()
    (registration,) = (
        found for found in Template("modules/entra.bicep").declared("resource") if found.symbol == "registration"
    )
    assert text(registration["appRoles"]) == "loadJsonContent('../generated/app_roles.json')"


def test_tokens_are_of_the_version_that_the_app_takes() -> None:
    """With version 2.0 the `aud` of a token is the client id, which is the app setting."""
    (registration,) = (
        found for found in Template("modules/entra.bicep").declared("resource") if found.symbol == "registration"
    )
    assert text(registration["api"]) == "loadJsonContent('../api.json')"
    assert API["requestedAccessTokenVersion"] == 2
    assert text(members(Template("modules/app.bicep").variable("ours"))["FRESHCOAT_ENTRA_AUDIENCE"]) == "clientId"


def test_a_sign_in_with_az_is_one_for_the_command_line() -> None:
    """The Azure CLI and azd share a client id. Without this, Entra ID asks for a consent that az cannot show."""
    (scope,) = API["oauth2PermissionScopes"]
    assert API["preAuthorizedApplications"] == [{"appId": AZURE_CLI, "delegatedPermissionIds": [scope["id"]]}]


def test_no_key_and_no_password_opens_anything() -> None:
    (account,) = (
        found for found in Template("modules/storage.bicep").declared("resource") if found.symbol == "account"
    )
    assert text(account["properties/allowSharedKeyAccess"]) == "false"
    assert text(account["properties/allowBlobPublicAccess"]) == "false"
    (insights,) = (
        found for found in Template("modules/monitoring.bicep").declared("resource") if found.symbol == "insights"
    )
    assert text(insights["properties/DisableLocalAuth"]) == "true"
    app = Template("modules/app.bicep")
    assert [
        text(found["properties/allow"]) for found in app.declared("resource") if found.symbol in {"ftp", "scm"}
    ] == [
        "false",
        "false",
    ]
    assert not re.search(r"listKeys|listAccountSas|AccountKey", "".join(map(_source, _all())))


def test_requests_without_a_token_get_through_to_the_app() -> None:
    """App keys, signatures of hosts and the open routes are checked by the app itself."""
    (sign_in,) = (found for found in Template("modules/app.bicep").declared("resource") if found.symbol == "signIn")
    assert text(sign_in["properties/globalValidation/requireAuthentication"]) == "false"
    assert text(sign_in["properties/globalValidation/unauthenticatedClientAction"]) == "AllowAnonymous"


def _source(name: str) -> str:
    return (INFRA / name).read_text()


def _all() -> list[str]:
    return [path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicep")]
