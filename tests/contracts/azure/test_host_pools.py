"""Host pools, session hosts and user sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from local.sim.core import names
from shared.core.errors import AzureConflict, AzureNotFound, OperationFailed
from shared.core.names import token_mark
from tests.contracts.azure.conftest import LONG, POOL, SLOW, Azure, host, vm

UNKNOWN_POOL = f"{names.AVD}/hostPools/hp-nowhere"


def test_a_host_pool_says_its_kind_and_session_limit(azure: Azure) -> None:
    pool = azure.host_pools.host_pool(POOL)

    assert (pool.kind, pool.location, pool.session_limit) == ("Pooled", "westeurope", 10)
    assert azure.host_pools.host_pool(names.PERSONAL_POOL_ID).kind == "Personal"


def test_an_unknown_host_pool_is_not_found(azure: Azure) -> None:
    with pytest.raises(AzureNotFound):
        azure.host_pools.host_pool(UNKNOWN_POOL)
    with pytest.raises(AzureNotFound):
        azure.host_pools.session_hosts(UNKNOWN_POOL)
    with pytest.raises(AzureNotFound):
        azure.host_pools.host_pool("not-an-id")


def test_session_hosts_come_from_all_pages_with_their_vm_and_sessions(azure: Azure) -> None:
    azure.world(hosts=7, page_size=3)
    azure.sim.log_on("office-0002", "ann@contoso.com")

    hosts = {found.name: found for found in azure.host_pools.session_hosts(POOL)}

    assert sorted(hosts) == [host(number) for number in range(1, 8)]
    assert hosts[host(2)].vm_id == vm(2)
    assert (hosts[host(2)].sessions, hosts[host(1)].sessions) == (1, 0)
    assert hosts[host(2)].serving
    assert azure.calls()["list_session_hosts"] == 3


def test_one_session_host_is_read_or_is_none(azure: Azure) -> None:
    found = azure.host_pools.session_host(POOL, host(1))

    assert found is not None and found.name == host(1)
    assert azure.host_pools.session_host(POOL, "nobody.contoso.local") is None


def test_a_vm_is_found_in_another_host_pool_of_the_subscription(azure: Azure) -> None:
    assert azure.host_pools.registered_elsewhere(names.PERSONAL_POOL_ID, vm(2)) == "hp-office"
    assert azure.host_pools.registered_elsewhere(POOL, vm(2)) == ""


def test_draining_and_undraining_take_effect(azure: Azure) -> None:
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    drained = azure.host_pools.session_host(POOL, host(1))
    azure.host_pools.set_accepting(POOL, host(1), accepting=True)
    undrained = azure.host_pools.session_host(POOL, host(1))

    assert drained is not None and not drained.accepting and not drained.serving
    assert undrained is not None and undrained.accepting
    with pytest.raises(AzureNotFound):
        azure.host_pools.set_accepting(POOL, "nobody.contoso.local", accepting=False)


def test_sessions_name_their_host_user_and_state(azure: Azure) -> None:
    ann = azure.sim.log_on("office-0001", "ann@contoso.com")
    azure.sim.log_on("office-0002", "bob@contoso.com")

    everybody = azure.host_pools.user_sessions(POOL)
    first = azure.host_pools.host_sessions(POOL, host(1))

    assert {(session.host, session.user) for session in everybody} == {
        (host(1), "ann@contoso.com"),
        (host(2), "bob@contoso.com"),
    }
    assert [(session.id, session.host, session.state) for session in first] == [(ann, host(1), "Active")]
    assert azure.host_pools.host_sessions(POOL, "nobody.contoso.local") == []


def test_a_message_is_sent_and_a_signed_out_session_is_removed(azure: Azure) -> None:
    session = azure.sim.log_on("office-0001", "ann@contoso.com")

    azure.host_pools.send_message(POOL, host(1), session, "Update", "In 5 minutes")
    shown = azure.sim.host("office-0001")["sessions"][0]["messages"]
    azure.host_pools.sign_out(POOL, host(1), session)

    assert [(message["title"], message["body"]) for message in shown] == [("Update", "In 5 minutes")]
    assert azure.host_pools.host_sessions(POOL, host(1)) == []


def test_ending_a_missing_session_is_done(azure: Azure) -> None:
    azure.host_pools.sign_out(POOL, host(1), "99")
    assert not azure.host_pools.sign_out(POOL, "nobody.contoso.local", "99")
    azure.host_pools.send_message(POOL, host(1), "99", "Update", "In 5 minutes")
    azure.host_pools.remove_session_host(POOL, "nobody.contoso.local")


def test_a_session_host_with_a_session_is_not_removed(azure: Azure) -> None:
    azure.sim.log_on("office-0001", "ann@contoso.com")

    with pytest.raises(AzureConflict):
        azure.host_pools.remove_session_host(POOL, host(1))
    assert azure.host_pools.session_host(POOL, host(1)) is not None


def test_a_removed_session_host_is_no_longer_registered(azure: Azure) -> None:
    azure.host_pools.remove_session_host(POOL, host(1))

    assert azure.host_pools.session_host(POOL, host(1)) is None
    assert not azure.sim.host("office-0001")["registered"]


def test_a_ghost_is_still_a_session_host_while_its_machine_is_gone(azure: Azure) -> None:
    azure.sim.faults({"kind": "ghost", "match": "office-0003*", "count": 1})

    assert azure.host_pools.session_host(POOL, host(3)) is not None
    assert azure.vms.find(vm(3)) is None
    assert vm(3).lower() not in azure.vms.find_many(vm(number) for number in range(1, 6))


def test_a_registration_token_is_created_once_and_kept_until_it_nearly_expires(azure: Azure) -> None:
    first = azure.host_pools.registration_token(POOL)
    again = azure.host_pools.registration_token(POOL.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
    after_first = azure.calls()
    azure.later = timedelta(minutes=91)
    renewed = azure.host_pools.registration_token(POOL)

    assert first == again
    assert (after_first["retrieve_token"], after_first["update_pool"]) == (2, 1)
    assert renewed != first
    assert first.get_secret_value() not in repr(first)


def test_a_valid_existing_token_is_used(azure: Azure) -> None:
    made = azure.host_pools.registration_token(POOL)
    other_worker = Azure(azure.sim, azure.settings)

    assert other_worker.host_pools.registration_token(POOL) == made
    assert azure.calls()["update_pool"] == 1


def test_concurrent_hosts_share_one_token(azure: Azure) -> None:
    with ThreadPoolExecutor(16) as threads:
        tokens = list(threads.map(lambda _: azure.host_pools.registration_token(POOL), range(16)))

    assert len({token.get_secret_value() for token in tokens}) == 1
    assert azure.calls()["update_pool"] == 1


def test_a_rejected_token_is_replaced_at_once_and_only_once(azure: Azure) -> None:
    rejected = azure.host_pools.registration_token(POOL)
    other_worker = Azure(azure.sim, azure.settings)
    assert other_worker.host_pools.registration_token(POOL) == rejected
    made = azure.calls()["update_pool"]

    mark = token_mark(rejected)
    renewed = azure.host_pools.registration_token(POOL, rejected=mark)
    assert renewed != rejected
    assert azure.host_pools.registration_token(POOL, rejected=mark) == renewed
    assert azure.host_pools.registration_token(POOL) == renewed
    assert other_worker.host_pools.registration_token(POOL, rejected=mark) == renewed
    assert azure.calls()["update_pool"] == made + 1
    assert rejected.get_secret_value() not in mark


def test_no_token_is_created_for_an_unknown_pool(azure: Azure) -> None:
    with pytest.raises(AzureNotFound):
        azure.host_pools.registration_token(UNKNOWN_POOL)


def test_a_failed_registration_shows_the_message_of_its_script(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.advance(LONG)
    token = azure.host_pools.registration_token(POOL)
    started = azure.vms.start_register(vm(1), "westeurope", token, "a-1")
    azure.sim.control("POST", "expire_tokens", {})

    with pytest.raises(OperationFailed, match=r"exit code 1; output: .*INVALID_REGISTRATION_TOKEN") as failed:
        azure.finish(started)
    assert token.get_secret_value() not in str(failed.value)
