"""A VM that is replaced gets its user-assigned identities again, so somebody must be allowed to give it them."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureForbidden, AzureRefused
from shared.models.azure import Permissions
from shared.models.pools import ReimageSupport
from shared.rollouts.preflight.identities import ASSIGN
from tests.api.preflight.requests import planned, refused, said
from tests.fixtures.app import App, change_pool, findings, office
from tests.fixtures.world.azure import GROUP, vm_id_of

AGENT = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-desktops"
MONITOR = AGENT.replace("id-desktops", "Built-In-Identity-westeurope")
LACKS = f"lacks the right {ASSIGN} on the user-assigned identity id-desktops, which hosts have"


def having(*identities: str, host: str = "h1", may: str = "*/read") -> App:
    """A host has these identities, with which the app may do that."""
    app = office()
    key = vm_id_of(f"{host}.contoso.local").lower()
    app.world.machines[key] = app.world.machines[key].model_copy(update={"user_identities": identities})
    for identity in identities:
        app.world.permissions_at[identity.lower()] = Permissions(granted=(((may,), ()),))
    return app


def test_a_rollout_that_would_delete_a_vm_and_not_create_it_is_refused() -> None:
    words = said(refused(having(AGENT), "rights", "pool", policy={"strategy": "replace"}), "rights")
    assert f"the app's identity {LACKS}" in words
    assert "give the app's identity the role Managed Identity Operator there" in words


@pytest.mark.parametrize(
    "granted",
    [ASSIGN, "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action", "*"],
    ids=["action", "as Managed Identity Operator writes it", "everything"],
)
def test_the_right_counts_however_it_is_written(granted: str) -> None:
    assert findings(planned(having(AGENT, may=granted), strategy="replace"))["rights"] == "pass"


def test_while_it_is_unknown_whether_reimaging_works_the_right_is_needed_and_there_is_another_way() -> None:
    assert "or use strategy reimage" in said(refused(having(AGENT), "rights", "pool"), "rights")


def test_reimaged_hosts_keep_their_identities() -> None:
    assert findings(planned(having(AGENT), strategy="reimage"))["rights"] == "pass"
    app = having(AGENT)
    change_pool(app, reimage=ReimageSupport.WORKS)
    assert findings(planned(app))["rights"] == "pass"


def test_a_host_that_is_on_the_version_is_not_replaced() -> None:
    app = having(AGENT)
    key = vm_id_of("h1.contoso.local").lower()
    app.world.machines[key] = app.world.machines[key].model_copy(update={"version": "2.0.0"})
    assert findings(planned(app, strategy="replace"))["rights"] == "pass"


def test_who_has_no_role_there_may_not_even_read_it() -> None:
    app = having(AGENT)
    app.world.fail("permissions", AzureForbidden("permissions", 403, "No", "no"), target="id-desktops", times=9)
    assert LACKS in said(refused(app, "rights", "pool", policy={"strategy": "replace"}), "rights")


def test_an_identity_that_cannot_be_read_otherwise_is_a_warning() -> None:
    app = having(AGENT)
    app.world.fail("permissions", AzureRefused("permissions", 404, "Gone", "gone"), target="id-desktops", times=9)
    reply = planned(app, strategy="replace")
    assert (findings(reply)["rights"], reply.json["can_start"]) == ("warn", True)


def test_each_identity_is_named_and_read_once() -> None:
    app = having(AGENT, MONITOR)
    for host, named in (("h0", AGENT.upper()), ("h2", AGENT)):
        key = vm_id_of(f"{host}.contoso.local").lower()
        app.world.machines[key] = app.world.machines[key].model_copy(update={"user_identities": (named,)})
    words = said(refused(app, "rights", "pool", policy={"strategy": "replace"}), "rights")
    assert words.count(ASSIGN) == 2
    assert "Built-In-Identity-westeurope" in words
    assert app.world.count("permissions") == 6
