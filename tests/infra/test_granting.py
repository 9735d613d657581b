"""Rights and roles: given where they are meant to be, again without harm, and once Azure knows what it just made."""

from __future__ import annotations

import subprocess

import pytest

from tests.infra.desk import IDENTITY, POOLS, SUBSCRIPTION, Desk

NETWORK = f"{POOLS}/providers/Microsoft.Network/virtualNetworks/vnet"
FORBIDDEN = "(Forbidden) Caller is not authorized. Inner error: ForbiddenByRbac"


@pytest.mark.parametrize("name", ["a", "prod", "freshcoat", "rights", "fresh-1", "1".join("ab")])
def test_azd_down_cannot_take_the_deployment_of_rights_for_its_own(desk: Desk, name: str) -> None:
    """Without a deployment that has its tag, azd takes the newest whose name holds that of the environment: with it the
    resource groups of the pools, and all session hosts (`CompletedDeployments` in azd's deployment_manager.go)."""
    assert desk.run("grant_rights.sh", POOL_GROUPS=POOLS, AZURE_ENV_NAME=name).returncode == 0
    (call,) = desk.calls("deployment sub create")
    given = call.split("--name ")[1].split()[0]
    assert name not in given
    assert given == given.upper()


def test_two_environments_do_not_share_a_deployment(desk: Desk) -> None:
    for name in ("prod", "test"):
        desk.run("grant_rights.sh", POOL_GROUPS=POOLS, AZURE_ENV_NAME=name)
    first, second = desk.calls("deployment sub create")
    assert first != second


@pytest.mark.parametrize("name", ["Prod", "1prod", "my_env", "x.y"])
def test_no_rights_for_an_environment_whose_name_azd_could_find(desk: Desk, name: str) -> None:
    assert desk.run("grant_rights.sh", POOL_GROUPS=POOLS, AZURE_ENV_NAME=name).returncode == 1
    assert desk.changes() == []


@pytest.mark.parametrize(
    "places",
    [
        {"POOL_GROUPS": "rg-pools"},
        {"MACHINE_GROUPS": f"{POOLS},{NETWORK}"},
        {"IMAGE_GROUPS": "/subscriptions/x/resourceGroups/rg"},
        {"CLONE_SUBNETS": POOLS},
        {"CLONE_SUBNETS": NETWORK},
    ],
)
def test_what_is_not_the_id_of_a_place_is_named(desk: Desk, places: dict[str, str]) -> None:
    done = desk.run("grant_rights.sh", **places)
    assert done.returncode == 1
    ((name, value),) = places.items()
    assert name in done.stderr
    assert value.split(",")[-1] in done.stderr
    assert desk.changes() == []


def test_places_may_have_spaces_and_any_case(desk: Desk) -> None:
    places = {"POOL_GROUPS": f"{POOLS.upper()}, {POOLS}-b ,", "CLONE_SUBNETS": f" {NETWORK}/subnets/clones"}
    done = desk.run("grant_rights.sh", **places)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("error", ["(RoleDefinitionDoesNotExist) no such role", "(PrincipalNotFound) no such identity"])
def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(desk: Desk, error: str) -> None:
    done = desk.run("grant_rights.sh", POOL_GROUPS=POOLS, FAIL="deployment sub", FAIL_TIMES="2", ERROR=error)
    assert done.returncode == 0, done.stderr
    assert len(desk.calls("deployment sub create")) == 3
    assert "Trying again" in done.stderr


def test_a_missing_right_is_shown_at_once(desk: Desk) -> None:
    done = desk.run("grant_rights.sh", POOL_GROUPS=POOLS, FAIL="deployment sub")
    assert done.returncode == 1
    assert "AuthorizationFailed" in done.stderr
    assert len(desk.calls("deployment sub create")) == 1


def test_the_deployers_new_role_on_the_vault_is_waited_for(desk: Desk) -> None:
    done = desk.run("after_provision.sh", FAIL="secret list", FAIL_TIMES="3", ERROR=FORBIDDEN)
    assert done.returncode == 0, done.stderr
    assert len(desk.calls("keyvault secret set")) == 1


def test_a_vault_that_stays_closed_ends_the_wait_with_what_to_do(desk: Desk) -> None:
    done = desk.run("after_provision.sh", FAIL="secret list", ERROR=FORBIDDEN)
    assert done.returncode == 1
    assert len(desk.calls("secret list")) == 10
    assert "ForbiddenByRbac" in done.stderr
    assert "azd env set SIGNED_EVENTS false" in done.stderr


def test_a_private_vault_is_not_waited_for(desk: Desk) -> None:
    error = "(Forbidden) Public network access is disabled. Inner error: ForbiddenByConnection"
    assert desk.run("after_provision.sh", FAIL="secret list", ERROR=error).returncode == 1
    assert len(desk.calls("secret list")) == 1


def test_whoever_deploys_is_told_how_to_become_an_administrator(desk: Desk) -> None:
    assert "sh infra/scripts/give_role.sh admin" in desk.run("after_provision.sh", POOL_GROUPS=POOLS).stdout


@pytest.mark.parametrize(
    ("who", "principal"),
    [((), "me-1"), (("ann@contoso.com",), "user-1"), (("AVD admins",), "group-1"), ((IDENTITY,), IDENTITY)],
)
def test_a_role_is_given_to_a_person_a_group_or_a_program(desk: Desk, who: tuple[str, ...], principal: str) -> None:
    done = desk.run("give_role.sh", "admin", *who)
    assert done.returncode == 0, done.stderr
    (call,) = desk.calls("--method POST")
    assert f'{{"principalId": "{principal}", "resourceId": "graph-1", "appRoleId": "role-admin"}}' in call
    assert call in done.stderr


def test_a_role_that_somebody_has_is_no_error(desk: Desk) -> None:
    done = desk.run(
        "give_role.sh", "admin", FAIL="POST", ERROR="Permission being assigned already exists on the object"
    )
    assert done.returncode == 0
    assert "You had it already" in done.stdout


def test_who_may_not_give_roles_is_told_who_may(desk: Desk) -> None:
    done = desk.run("give_role.sh", "admin", FAIL="POST", ERROR="Authorization_RequestDenied")
    assert done.returncode == 1
    assert "Authorization_RequestDenied" in done.stderr
    assert "Cloud Application Administrator" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["boss"]])
def test_an_unknown_role_is_refused_with_those_there_are(desk: Desk, arguments: list[str]) -> None:
    done = desk.run("give_role.sh", *arguments)
    assert done.returncode == 1
    assert "reader\nadmin" in done.stderr
    assert desk.changes() == []


def test_who_may_not_grant_rights_on_devices_is_told_who_may(desk: Desk) -> None:
    done = desk.run("graph_rights.sh", "intune", FAIL="POST", ERROR="Authorization_RequestDenied")
    assert done.returncode == 1
    assert "Privileged Role Administrator" in done.stderr
    assert len(desk.calls("--method POST")) == 1


def test_scripts_name_no_subscription_of_their_own(desk: Desk) -> None:
    assert desk.run("grant_rights.sh", POOL_GROUPS=POOLS).returncode == 0
    assert f"--subscription {SUBSCRIPTION}" in desk.calls("deployment sub create")[0]


def ended(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode != 0 and "AuthorizationFailed" in done.stderr


@pytest.mark.parametrize("call", ["role assignment list", "role definition list"])
def test_what_cannot_be_listed_ends_the_removal_and_is_shown(desk: Desk, call: str) -> None:
    """In a loop over what az lists, its error would go unseen, and the rights would stay."""
    assert ended(desk.run("after_down.sh", POOL_GROUPS=POOLS, FAIL=call))
    assert desk.calls("ad app delete") == []


def test_the_removal_may_be_repeated(desk: Desk) -> None:
    assert desk.run("after_down.sh", POOL_GROUPS=POOLS, THERE="").returncode == 0
    assert desk.calls("ad app delete") == []


def test_a_second_azd_down_keeps_what_the_first_one_kept(desk: Desk) -> None:
    assert desk.run("before_down.sh", FRESHCOAT_IDENTITY_PRINCIPAL="", FRESHCOAT_CLIENT_ID="").returncode == 0
    assert desk.calls() == []
