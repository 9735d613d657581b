"""The function host is killed in the middle of a rollout, and started again; and what must never be recorded."""

from __future__ import annotations

import json
import re

from local.sim.core import names
from local.sim.testing import sdk_clients
from local.stack.options import ROOT
from shared.core.steps import HOST_STEPS
from tests.end_to_end.conftest import DOMAIN, ENDED, Freshcoat, in_seconds

PASSWORD = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]["JOIN_PASSWORD"]
CARRIES_A_SECRET = re.compile(r"RegistrationToken|adminPassword|protectedSettings|protectedParameters", re.IGNORECASE)


SEEN_FOR_SURE = {"rebuild_host", "join_host", "register_host"}
"""Steps that wait for Azure, so that they are met; the others are through in the same call as a rule."""


def test_a_rollout_killed_after_each_recorded_step_continues_and_repeats_nothing(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("kills", 3, canary_hosts=1, max_in_flight=1, strategy="reimage")
    freshcoat.sim("POST", "/logon", {"host": hosts[2], "user": "ann@contoso.com"})
    rollout = freshcoat.publish("kills", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    killed_at: set[str] = set()
    while view := freshcoat.get(f"/rollouts/{rollout}"):
        if view["state"] in ENDED or view["counts"].get("done", 0) >= 2:
            break
        rows = freshcoat.get(f"/rollouts/{rollout}/hosts")["items"]
        new = {row["step"] for row in rows if row["step"] in HOST_STEPS and not row["ended_at"]} - killed_at
        if new:
            killed_at |= new
            freshcoat.kill_host()
            freshcoat.await_host(freshcoat.start_host())
    freshcoat.force_in(rollout, 2)
    view = freshcoat.finish(rollout)
    assert view["state"] == "succeeded", view
    assert killed_at >= SEEN_FOR_SURE
    assert {host["version"] for host in freshcoat.azure("kills").values()} == {"2.0.0"}
    assert freshcoat.violations("kills") == []
    calls = freshcoat.sim("GET", "/calls")["by_host"]
    assert {host: calls[host]["reimage"] for host in hosts} == dict.fromkeys(hosts, 1)


def test_a_rollout_that_somebody_suspends_in_the_engine_says_so_until_it_is_resumed(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("holds", 2)
    rollout = freshcoat.publish(
        "holds", {"mode": "on_logoff", "begin_at": in_seconds(3600), "deadline": in_seconds(7200)}
    )
    freshcoat.follow(rollout, lambda view: view["last_pass_at"] is not None)
    engine = f"{freshcoat.options.app_url}/runtime/webhooks/durabletask/instances"
    listed = freshcoat.http.get(engine).json()
    (instance,) = [found["instanceId"] for found in listed if rollout in found["instanceId"]]
    assert freshcoat.http.post(f"{engine}/{instance}/suspend").status_code == 202
    view = freshcoat.follow(rollout, lambda view: view["next"]["code"] == "suspended")
    assert view["note"]["code"] == "suspended"
    assert freshcoat.http.post(f"{engine}/{instance}/resume").status_code == 202
    freshcoat.follow(rollout, lambda view: view["next"]["code"] != "suspended")
    assert freshcoat.send("POST", f"/rollouts/{rollout}/cancel").status_code == 202
    assert freshcoat.finish(rollout)["state"] == "cancelled"


def test_no_secret_is_logged_or_in_an_orchestrations_history(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("secrets", 2, join=DOMAIN, strategy="replace")
    rollout = freshcoat.publish("secrets", {"mode": "now"})
    assert freshcoat.finish(rollout)["state"] == "succeeded"
    secrets = [PASSWORD, registration_token(freshcoat, "hp-secrets")]
    engine = f"{freshcoat.options.app_url}/runtime/webhooks/durabletask/instances"
    listed = freshcoat.http.get(engine, params={"showInput": "true"}).json()
    mine = [instance["instanceId"] for instance in listed if rollout in instance["instanceId"]]
    assert len(mine) == 3
    for instance in mine:
        asked = {"showHistory": "true", "showHistoryOutput": "true"}
        history = freshcoat.http.get(f"{engine}/{instance}", params=asked)
        assert history.json()["historyEvents"]
        assert_none_of(secrets, history.text)
    assert_none_of(secrets, freshcoat.host_log())
    tables = b"".join(path.read_bytes() for path in freshcoat.tables.rglob("*") if path.is_file()).decode(
        errors="replace"
    )
    assert "hp-secrets" in tables
    assert_none_of(secrets, tables)


def registration_token(freshcoat: Freshcoat, host_pool: str) -> str:
    """The token its hosts registered with, read as the app reads it."""
    _, desktops = sdk_clients(freshcoat.options.sim_url)
    token = desktops.host_pools.retrieve_registration_token(names.GROUP, host_pool).token
    assert token
    return str(token)


def assert_none_of(secrets: list[str], text: str) -> None:
    """Neither a secret itself nor the field of a request that carries one."""
    assert not any(secret in text for secret in secrets)
    assert not CARRIES_A_SECRET.search(text)
