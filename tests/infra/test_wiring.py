"""What one part of the templates calls a thing, the others and the app call it too: secrets, containers, addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.templates import INFRA, Declared, Template, members, templates, text

ROOT = Path(__file__).parents[2]
APP, MAIN = Template("modules/app.bicep"), Template("main.bicep")
ENTRA, SCHEDULER, STORAGE, VAULT = (
    Template(f"modules/{name}.bicep") for name in ("entra", "scheduler", "storage", "vault")
)


def resource(template: Template, symbol: str) -> Declared:
    return next(found for found in template.declared("resource") if found.symbol == symbol)


def module(symbol: str) -> Declared:
    return next(found for found in MAIN.declared("module") if found.symbol == symbol)


def source(template: Template) -> str:
    return (INFRA / template.name).read_text()


def test_the_secret_of_events_is_the_one_that_the_script_makes() -> None:
    (named,) = re.findall(
        r"secrets/([a-z-]+)\)'", text(members(APP.variable("events"))["FRESHCOAT_EVENT_SECRET"]) + "'"
    )
    assert f"--name {named} " in (INFRA / "scripts/after_provision.sh").read_text()


def test_the_key_and_the_container_of_the_record_are_those_that_are_made() -> None:
    key = text(resource(VAULT, "recordKey")["name"])
    assert f"output recordKey string = signRecord ? '${{vault.properties.vaultUri}}keys/{key}' : ''" in source(VAULT)
    assert text(resource(STORAGE, "recordContainer")["name"]) == "record"
    assert (
        "output recordBlob string = signRecord ? '${account.properties.primaryEndpoints.blob}${record}' : ''"
        in source(STORAGE)
    )
    assert text(module("app")["params/recordBlob"]) == "storage.outputs.recordBlob"
    assert text(module("app")["params/recordKey"]) == "vault.outputs.recordKey"


def test_the_package_is_read_from_the_container_that_is_made() -> None:
    where = text(resource(APP, "app")["properties/functionAppConfig/deployment/storage/value"])
    assert where.endswith("/${packageContainer}")
    assert text(module("app")["params/packageContainer"]) == "storage.outputs.packageContainer"
    assert "output packageContainer string = packageContainer.name" in source(STORAGE)


def test_the_app_uses_its_identity_for_everything() -> None:
    """Storage without keys, references to the vault, the package and telemetry that takes no key."""
    app = resource(APP, "app")
    assert text(app["properties/keyVaultReferenceIdentity"]) == "identityId"
    package = "properties/functionAppConfig/deployment/storage/authentication"
    assert text(app[f"{package}/type"]) == "UserAssignedIdentity"
    assert text(app[f"{package}/userAssignedIdentityResourceId"]) == "identityId"
    platform = {name: text(node) for name, node in members(APP.variable("platform")).items()}
    assert platform["AzureWebJobsStorage__credential"] == "managedidentity"
    assert platform["AzureWebJobsStorage__clientId"] == "identityClientId"
    assert platform["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "ClientId=${identityClientId};Authorization=AAD"
    assert text(resource(VAULT, "vault")["properties/enableRbacAuthorization"]) == "true"


def test_people_come_back_to_the_addresses_that_ask_them_to_sign_in() -> None:
    registration = resource(ENTRA, "registration")
    assert (
        "redirectUri: `${window.location.origin}/console/`" in (ROOT / "console/src/app/session/entra.ts").read_text()
    )
    assert text(registration["spa/redirectUris"]) == "[ 'https://${hostName}/console/' ]"
    assert text(registration["web/redirectUris"]) == "[ 'https://${hostName}/.auth/login/aad/callback' ]"
    assert text(registration["publicClient/redirectUris"]) == "[ 'http://localhost' ]"
    script = (INFRA / "scripts/app_registration.sh").read_text()
    assert "$FRESHCOAT_URL/console/" in script
    assert "$FRESHCOAT_URL/.auth/login/aad/callback" in script


def test_the_platform_takes_the_tokens_that_the_app_takes() -> None:
    """A token that only one of the two takes would be refused by the other: audience, issuer and version are one."""
    provider = "properties/identityProviders/azureActiveDirectory"
    sign_in = resource(APP, "signIn")
    assert text(sign_in[f"{provider}/validation/allowedAudiences"]) == "[ clientId ]"
    issuer = "${environment().authentication.loginEndpoint}${entraTenants[0]}/v2.0"
    assert text(sign_in[f"{provider}/registration/openIdIssuer"]) == issuer
    assert "defaultAuthorizationPolicy" not in source(APP), "programs with other client ids call the app too"
    assert text(module("app")["params/platformSignIn"]) == "platformSignIn && length(tenants) == 1"


def test_durable_functions_are_kept_warm() -> None:
    """The group of always ready instances that Flex Consumption has for them."""
    assert "{ name: 'durable', instanceCount: alwaysReady }" in source(APP)


def test_a_private_network_has_an_endpoint_for_each_service_that_the_app_calls() -> None:
    """With the DNS zones of https://learn.microsoft.com/azure/private-link/private-endpoint-dns."""
    found = dict(re.findall(r"group: '(\w+)'[\s,].*?zone: '([\w.${}]+)'", source(Template("modules/endpoints.bicep"))))
    assert found == {
        "blob": "privatelink.blob.${suffix}",
        "queue": "privatelink.queue.${suffix}",
        "table": "privatelink.table.${suffix}",
        "vault": "privatelink.vaultcore.azure.net",
        "scheduler": "privatelink.durabletask.io",
    }
    own = source(Template("modules/app_endpoint.bicep"))
    assert "group: 'sites'" in own
    assert "zone: 'privatelink.azurewebsites.net'" in own
    assert "concat(always, empty(schedulerId) ? [] : ofScheduler)" in source(Template("modules/endpoints.bicep"))
    assert text(module("app")["dependsOn"]) == "[ endpoints ]", "the app starts with them or not at all"


@pytest.mark.parametrize(
    ("template", "symbol"),
    [(STORAGE, "account"), (VAULT, "vault"), (SCHEDULER, "scheduler")],
    ids=["storage", "vault", "scheduler"],
)
def test_what_is_private_is_closed(template: Template, symbol: str) -> None:
    closed = resource(template, symbol)
    assert text(closed["properties/publicNetworkAccess"]) == "privateNetwork ? 'Disabled' : 'Enabled'"
    if symbol != "scheduler":
        assert text(closed["properties/networkAcls/defaultAction"]) == "privateNetwork ? 'Deny' : 'Allow'"


def test_the_app_is_closed_only_where_it_can_still_be_reached() -> None:
    assert text(module("app")["params/publicApp"]) == "publicApp || !privateNetwork"
    assert text(resource(APP, "app")["properties/publicNetworkAccess"]) == "publicApp ? 'Enabled' : 'Disabled'"
    assert "module appEndpoint 'modules/app_endpoint.bicep' = if (privateNetwork && !publicApp)" in source(MAIN)


@pytest.mark.parametrize("name", templates())
def test_a_second_deployment_changes_nothing_by_itself(name: str) -> None:
    """Names come from what stays the same, and a name that is random or of the day would make everything twice."""
    written = (INFRA / name).read_text()
    assert not re.search(r"\b(utcNow|newGuid|deployment)\(", written)
    for found in Template(name).declared("resource"):
        if found.of.startswith("Microsoft.Authorization/"):
            assert text(found["name"]).startswith("guid("), f"{name}: {found.symbol}"


@pytest.mark.parametrize("name", templates())
def test_who_gets_a_role_is_said_to_be_a_program(name: str) -> None:
    """Without it Azure looks an identity up that it may not know everywhere yet. Who deploys is known for long."""
    for found in Template(name).declared("resource"):
        if found.of.startswith("Microsoft.Authorization/roleAssignments") and found.symbol != "setting":
            assert text(found["properties/principalType"]) == "ServicePrincipal", f"{name}: {found.symbol}"


def test_names_stay_below_the_limits_of_azure() -> None:
    """With an environment of 20 characters and a token of 8: storage and vault 24, app 60, others 64."""
    longest = {"token": "x" * 8, "environmentName": "e" * 20}
    base = "freshcoat-" + longest["environmentName"]
    named = re.findall(r"name: '(\w*-?[^'/]*\$\{(?:token|base)\}[^']*)'", source(MAIN))
    named += re.findall(r"var appName = '([^']*)'", source(MAIN))
    assert len(named) > 5
    for name in named:
        length = len(name.replace("${base}", base).replace("${token}", longest["token"]))
        limit = 24 if name.startswith(("st", "kv-")) else 60
        assert length <= limit, name


def test_everything_is_tagged_for_azd_and_for_people() -> None:
    tags = text(MAIN.variable("tags"))
    assert "union(furtherTags, { 'azd-env-name': environmentName, application: 'freshcoat' })" in tags
    assert all(text(found["params/tags"]) == "tags" for found in MAIN.declared("module") if found.symbol != "entra")


def test_alerts_and_the_page_ask_the_telemetry_of_the_app() -> None:
    (rules,) = (found for found in Template("modules/alerts.bicep").declared("resource") if found.symbol == "rules")
    assert text(rules["properties/scopes"]) == "[ insightsId ]"
    assert text(module("app")["params/insightsConnection"]) == "monitoring.outputs.connectionString"
