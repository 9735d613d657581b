"""The three options of Update Image through HTTP, on the real stack: host, engine, SDKs, tables, simulated Azure."""

from __future__ import annotations

from typing import Any

from tests.end_to_end.conftest import Freshcoat, in_seconds


def assert_updated(freshcoat: Freshcoat, pool: str, view: dict[str, Any]) -> None:
    """Every host of the pool is on 2.0.0 in Azure's own state, accepts sessions, and carries no mark of ours."""
    assert view["state"] == "succeeded", view
    assert view["percent"] == 100
    for host in freshcoat.azure(pool).values():
        assert host["version"] == "2.0.0"
        assert host["accepting"]
        assert host["status"] == "Available"
        assert not {"ScalingPlanExclusion", "FreshcoatRollout", "FreshcoatFailed"} & set(host["tags"])
    assert freshcoat.violations(pool) == []
    assert freshcoat.get(f"/pools/{pool}")["running_rollout"] in (None, "")
    assert freshcoat.get(f"/pools/{pool}/image")["version"] == "2.0.0"


def work_goes_on(hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What people on these hosts would notice: whether they accept sessions, and who has one."""
    return {
        name: (host["accepting"], host["tags"], [session["id"] for session in host["sessions"]])
        for name, host in hosts.items()
    }


def test_mode_now_signs_everybody_out_and_updates(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("now", 3)
    freshcoat.sim("POST", "/logon", {"host": hosts[0], "user": "ann@contoso.com"})
    rollout = freshcoat.publish("now", {"mode": "now"})
    view = freshcoat.finish(rollout)
    assert_updated(freshcoat, "now", view)
    assert view["sessions_signed_out"] == 1


def test_mode_at_changes_nothing_before_its_time(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("at", 2)
    freshcoat.sim("POST", "/logon", {"host": hosts[0], "user": "bob@contoso.com"})
    before = freshcoat.azure("at")
    rollout = freshcoat.publish("at", {"mode": "at", "at": in_seconds(7200)})
    view = freshcoat.follow(rollout, lambda view: view["last_pass_at"] is not None)
    assert view["state"] == "scheduled"
    assert work_goes_on(freshcoat.azure("at")) == work_goes_on(before)
    moved = freshcoat.send("POST", f"/rollouts/{rollout}/reschedule", {"at": in_seconds(2)})
    assert moved.status_code == 202, moved.text
    assert_updated(freshcoat, "at", freshcoat.finish(rollout))


def test_on_logoff_updates_a_host_after_its_last_user_and_the_rest_at_the_deadline(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("logoff", 4, canary_hosts=1, min_available=0, poll_seconds=600)
    for host, user in zip(hosts[1:], ("ann", "bob", "cleo"), strict=True):
        freshcoat.sim("POST", "/logon", {"host": host, "user": f"{user}@contoso.com"})
    rollout = freshcoat.publish("logoff", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.follow(rollout, lambda view: view["counts"].get("done") == 1)
    assert freshcoat.azure("logoff")[hosts[0]]["version"] == "2.0.0"

    freshcoat.follow(rollout, lambda view: view["counts"].get("waiting_for_logoff") == 3)
    freshcoat.sim("POST", "/logoff", {"host": hosts[1], "user": "ann@contoso.com"})
    view = freshcoat.follow(rollout, lambda view: view["counts"].get("done") == 2)  # by event: no poll yet
    assert view["sessions_signed_out"] == 0
    assert freshcoat.azure("logoff")[hosts[2]]["sessions"]

    second = freshcoat.send("POST", "/pools/logoff/update-image", {"version": "2.0.0", "schedule": {"mode": "now"}})
    assert second.status_code == 409
    assert rollout in second.text
    freshcoat.force_in(rollout, 2)
    view = freshcoat.finish(rollout)
    assert_updated(freshcoat, "logoff", view)
    assert view["sessions_signed_out"] == 2
    kept = [host for host in freshcoat.get(f"/rollouts/{rollout}/hosts")["items"] if host["old_disk_id"]]
    assert len(kept) == 4


def test_without_events_the_poll_finds_a_logoff(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("poll", 1, canary_hosts=0, min_available=0)
    freshcoat.sim("POST", "/logon", {"host": hosts[0], "user": "dan@contoso.com"})
    rollout = freshcoat.publish("poll", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.follow(rollout, lambda view: view["counts"].get("waiting_for_logoff") == 1)
    freshcoat.sim("POST", "/faults", [{"match": hosts[0], "kind": "lost_event", "count": 5}])
    freshcoat.sim("POST", "/logoff", {"host": hosts[0], "user": "dan@contoso.com"})
    assert_updated(freshcoat, "poll", freshcoat.finish(rollout))


def test_replace_and_auto_fall_back_where_reimaging_ignores_the_version(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("fallback", 2)
    freshcoat.sim("POST", "/faults", [{"match": host, "kind": "reimage_ignores_version", "count": 1} for host in hosts])
    rollout = freshcoat.publish("fallback", {"mode": "now"})
    assert_updated(freshcoat, "fallback", freshcoat.finish(rollout))
    strategies = {host["strategy"] for host in freshcoat.get(f"/rollouts/{rollout}/hosts")["items"]}
    assert strategies == {"replace"}


def test_throttling_fails_no_host(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("busy", 2)
    storm = [{"match": host, "kind": "429", "rate": 0.3, "retry_after": 1} for host in hosts]
    rollout = freshcoat.publish("busy", {"mode": "now"})
    freshcoat.sim("POST", "/faults", storm)
    try:
        view = freshcoat.finish(rollout)
    finally:
        freshcoat.http.delete(f"{freshcoat.options.sim_url}/_sim/faults")
    assert_updated(freshcoat, "busy", view)


def test_a_rollout_is_paused_resumed_and_cancelled(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("steer", 3, canary_hosts=0, min_available=0)
    for host in hosts:
        freshcoat.sim("POST", "/logon", {"host": host, "user": f"user@{host}"})
    rollout = freshcoat.publish("steer", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.follow(rollout, lambda view: view["counts"].get("waiting_for_logoff") == 3)
    assert freshcoat.send("POST", f"/rollouts/{rollout}/pause").json()["state"] == "paused"
    freshcoat.sim("POST", "/logoff", {"host": hosts[0], "user": f"user@{hosts[0]}"})
    freshcoat.follow(rollout, lambda view: view["sessions_open"] == 2)
    assert freshcoat.azure("steer")[hosts[0]]["version"] == "1.0.0"
    assert freshcoat.send("POST", f"/rollouts/{rollout}/resume").json()["state"] == "running"
    freshcoat.follow(rollout, lambda view: view["counts"].get("done") == 1)
    freshcoat.send("POST", f"/rollouts/{rollout}/cancel", {"how": "leave"})
    view = freshcoat.finish(rollout)
    assert view["state"] == "cancelled"
    assert view["counts"] == {"done": 1, "skipped": 2}
    assert all(
        host["accepting"] and not host["tags"].get("ScalingPlanExclusion") for host in freshcoat.azure("steer").values()
    )


def test_what_if_writes_nothing_and_gives_every_host_a_reason(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("plan", 3)
    freshcoat.sim("POST", "/logon", {"host": hosts[2], "user": "eve@contoso.com"})
    body = {"version": "2.0.0", "schedule": {"mode": "on_logoff", "deadline": in_seconds(3600)}}
    plan = freshcoat.send("POST", "/pools/plan/update-image?what_if=true", body)
    assert plan.status_code == 200, plan.text
    assert {host["host"] for host in plan.json()["hosts"]} == {f"{host}.contoso.local" for host in hosts}
    assert all(host["reason"] for host in plan.json()["hosts"])
    assert plan.json()["users_now"] == 1
    assert not freshcoat.get("/pools/plan")["running_rollout"]
    assert freshcoat.get("/rollouts?pool=plan")["items"] == []
