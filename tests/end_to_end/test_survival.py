"""The function host is killed in the middle of a rollout, and started again; and what must never be recorded."""

from __future__ import annotations

import re

import pytest

from tests.end_to_end.conftest import Freshcoat, in_seconds

SECRET = re.compile(r"RegistrationToken|adminPassword|only-for-the-simulated-azure", re.IGNORECASE)


@pytest.mark.parametrize("moment", ["reimaging", "joining", "verifying"])
def test_a_killed_host_takes_the_rollout_up_again_and_repeats_nothing(freshcoat: Freshcoat, moment: str) -> None:
    pool = f"kill-{moment}"
    hosts = freshcoat.add_pool(pool, 6, canary_hosts=0, strategy="reimage")
    freshcoat.sim("POST", "/logon", {"host": hosts[5], "user": "ann@contoso.com"})
    rollout = freshcoat.publish(pool, {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.follow(rollout, lambda view: view["counts"].get(moment, 0) >= 1)
    freshcoat.kill_host()
    freshcoat.await_host(freshcoat.start_host())
    freshcoat.force_in(rollout, 2)
    view = freshcoat.finish(rollout)
    assert view["state"] == "succeeded", view
    assert {host["version"] for host in freshcoat.azure(pool).values()} == {"2.0.0"}
    assert freshcoat.violations(pool) == []
    calls = freshcoat.sim("GET", "/calls")["by_host"]
    assert {host: calls[host]["reimage"] for host in hosts} == dict.fromkeys(hosts, 1)


def test_no_secret_is_logged_or_in_an_orchestrations_history(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("secrets", 2, strategy="replace")
    rollout = freshcoat.publish("secrets", {"mode": "now"})
    assert freshcoat.finish(rollout)["state"] == "succeeded"
    engine = f"{freshcoat.options.app_url}/runtime/webhooks/durabletask/instances"
    listed = freshcoat.http.get(engine, params={"showInput": "true"}).json()
    mine = [instance["instanceId"] for instance in listed if rollout in instance["instanceId"]]
    assert len(mine) == 3
    for instance in mine:
        history = freshcoat.http.get(
            f"{engine}/{instance}", params={"showHistory": "true", "showHistoryOutput": "true"}
        )
        assert history.json()["historyEvents"]
        assert not SECRET.search(history.text)
    assert not SECRET.search(freshcoat.host_log())
    tables = b"".join(path.read_bytes() for path in freshcoat.tables.rglob("*") if path.is_file())
    assert b"secrets" in tables
    assert not SECRET.search(tables.decode(errors="replace"))
