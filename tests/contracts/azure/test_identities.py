"""ARM clients per identity: where an account has its own, its resources are worked on with that, and nothing else."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

from local.sim.core import names
from shared.azure.clients import ArmClients
from shared.core.settings import Settings
from shared.models.accounts import Account, ScopeMap
from tests.contracts.azure.conftest import POOL, host, vm
from tests.contracts.azure.scripted_arm import Scripted, said

CONTOSO, OWN = "11111111-1111-4111-8111-111111111111", "99999999-9999-4999-8999-999999999999"
OTHER_POOL = POOL.replace(names.GROUP, "rg-nobody")
SCOPES = ScopeMap((Account(name="contoso", scopes=(names.GROUP_ID,), identity_client_id=CONTOSO),))


def who_asked(azure: Scripted) -> list[str | None]:
    return [request.headers.get("Authorization") for request in azure.requests]


def test_each_resource_is_worked_on_by_the_identity_of_its_account() -> None:
    body = {"value": [], "nextLink": "http://scripted.invalid/next?page=2"}
    azure = Scripted(
        said(200, body), said(200, {"value": []}), said(200, {"value": []}), said(200, {}), said(200, {"value": []}),
        said(200, {"value": []}), said(200, {"value": []}), identity_of=SCOPES.identity,
    )  # fmt: skip
    azure.host_pools.session_hosts(POOL)
    azure.host_pools.session_hosts(OTHER_POOL)
    azure.vms.update(vm(1).upper(), tags={})
    azure.governance.permissions(names.GROUP_ID)
    azure.governance.locks(OTHER_POOL)
    azure.governance.permissions(names.SUB_ID, by=names.GROUP_ID)
    own = f"Simulated {CONTOSO}"
    assert who_asked(azure) == [own, own, None, own, own, None, own]


def test_an_operation_is_followed_by_the_identity_that_began_it() -> None:
    url = "http://scripted.invalid/subscriptions/x/operations/1"
    azure = Scripted(
        said(202, **{"Azure_AsyncOperation": url}), said(200, {"status": "Succeeded"}), identity_of=SCOPES.identity
    )
    assert azure.vms.resume(azure.vms.start_deallocate(vm(1))).done
    assert who_asked(azure) == [f"Simulated {CONTOSO}"] * 2


def test_each_identity_has_its_own_write_budget() -> None:
    left = "x_ms_ratelimit_remaining_subscription_writes"
    azure = Scripted(said(200, {}, **{left: "3"}), said(200, {}, **{left: "190"}), identity_of=SCOPES.identity)
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    assert (azure.arm_budget.writes_left(POOL), azure.arm_budget.writes_left(OTHER_POOL)) == (3, None)
    azure.host_pools.set_accepting(OTHER_POOL, host(1), accepting=False)
    azure.arm_budget.reserve_writes(POOL, 2)
    assert (azure.arm_budget.writes_left(POOL), azure.arm_budget.writes_left(OTHER_POOL)) == (1, 190)


def test_each_identity_has_its_own_credential_and_clients_are_kept() -> None:
    clients = ArmClients(Settings(), identity_of=SCOPES.identity)
    theirs, own = (clients.compute(names.SUBSCRIPTION, group) for group in (names.GROUP, "rg-nobody"))
    assert theirs is not own
    assert clients.compute(names.SUBSCRIPTION.upper(), names.GROUP.upper()) is theirs
    assert clients.compute(names.SUBSCRIPTION) is own
    assert isinstance(clients._credentials[CONTOSO], ManagedIdentityCredential)
    assert isinstance(clients._credentials[""], DefaultAzureCredential)


def test_a_changed_identity_counts_at_the_next_call() -> None:
    now: dict[str, str] = {}
    azure = Scripted(*[said(200, {"value": []})] * 2, identity_of=lambda _: now.get("identity", ""))
    azure.host_pools.session_hosts(POOL)
    now["identity"] = CONTOSO
    azure.host_pools.session_hosts(POOL)
    assert who_asked(azure) == [None, f"Simulated {CONTOSO}"]


@pytest.mark.parametrize(("pool", "told"), [(POOL, f"identity {CONTOSO}"), (OTHER_POOL, f"identity {OWN}")])
def test_the_log_names_the_identity_that_was_refused(pool: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    refusal: Any = {"error": {"code": "AuthorizationFailed", "message": "no"}}
    azure = Scripted(said(403, refusal), identity_of=SCOPES.identity, settings={"identity_client_id": OWN})
    caplog.set_level(logging.WARNING)
    with pytest.raises(Exception, match="AuthorizationFailed"):
        azure.host_pools.session_hosts(pool)
    assert f"Azure refused {told} to GET: http://scripted.invalid/subscriptions/" in caplog.text
    assert "api-version" not in caplog.text


def test_without_identities_nothing_is_named() -> None:
    azure = Scripted(said(200, {"value": []}))
    azure.host_pools.session_hosts(POOL)
    assert who_asked(azure) == [None]
