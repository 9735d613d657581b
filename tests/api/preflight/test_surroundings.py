"""What lies around a pool and can stop a rollout half-way: replicas, quota, network, autoscale."""

from __future__ import annotations

import pytest

from shared.models.azure import CoreQuota, ScalingPlan
from shared.models.pools import ReimageSupport
from tests.api.preflight.requests import planned, refused, said
from tests.fixtures.app import App, change_pool, findings, office
from tests.fixtures.world.azure import HOST_POOL_ID, REGION, vm_id_of


def with_hosts(number: int, version: str = "1.0.0") -> App:
    """The pool `office` with so many hosts."""
    app = office()
    app.world.hosts[HOST_POOL_ID.lower()].clear()
    for each in range(number):
        app.world.add_host(f"x{each}.contoso.local", version=version)
    return app


class TestReplicas:
    """50 hosts per replica at once (azure-facts 2.8)."""

    @pytest.mark.parametrize(("hosts", "max_in_flight"), [(50, 200), (51, 50), (3, 200)])
    def test_enough_replicas_for_all_concurrent_rebuilds_pass(self, hosts: int, max_in_flight: int) -> None:
        reply = planned(with_hosts(hosts), max_in_flight=max_in_flight)
        assert said(reply, "replication") == "1 replica in the hosts' regions; "
        assert findings(reply)["replication"] == "pass"

    def test_too_few_replicas_are_a_warning_with_the_number_needed(self) -> None:
        reply = planned(with_hosts(101), max_in_flight=200)
        assert (findings(reply)["replication"], reply.json["can_start"]) == ("warn", True)
        assert said(reply, "replication") == (
            "1 replica in the hosts' regions is enough for 50 parallel rebuilds, but the policy allows 101; "
            f"to rebuild more hosts in parallel, give the version 3 replicas in {REGION}"
        )

    def test_hosts_on_the_version_need_no_replicas(self) -> None:
        assert findings(planned(with_hosts(60, version="2.0.0"), max_in_flight=200))["replication"] == "pass"


class TestQuota:
    """Cores are needed where a VM is deleted and made again."""

    @pytest.mark.parametrize(("used", "result"), [(99, "pass"), (100, "warn")])
    def test_a_region_at_its_quota_is_a_warning(self, used: int, result: str) -> None:
        app = office()
        app.world.cores = CoreQuota(used=used, limit=100)
        reply = planned(app, strategy="replace")
        assert (findings(reply)["quota"], reply.json["can_start"]) == (result, True)
        assert f"{used} of 100 cores of {REGION} are in use" in said(reply, "quota")

    def test_a_region_over_its_quota_is_refused(self) -> None:
        app = office()
        app.world.cores = CoreQuota(used=101, limit=100)
        words = said(refused(app, "quota", "policy.strategy", policy={"strategy": "replace"}), "quota")
        assert "could not be created again; ask Azure for a higher quota, or use strategy reimage" in words

    @pytest.mark.parametrize("strategy", ["auto", "reimage"])
    def test_reimaging_needs_no_quota(self, strategy: str) -> None:
        app = office()
        app.world.cores = CoreQuota(used=101, limit=100)
        assert findings(planned(app, strategy=strategy))["quota"] == "pass"
        assert app.world.count("cores") == 0

    def test_auto_needs_quota_for_hosts_that_must_be_replaced(self) -> None:
        app = office()
        app.world.cores = CoreQuota(used=101, limit=100)
        change_pool(app, reimage=ReimageSupport.UNSUPPORTED)
        refused(app, "quota", "policy.strategy")
        change_pool(app, reimage=ReimageSupport.WORKS)
        assert findings(planned(app))["quota"] == "pass"
        key = vm_id_of("h1").lower()
        app.world.machines[key] = app.world.machines[key].model_copy(update={"ephemeral": True})
        assert findings(planned(app))["quota"] == "fail"

    def test_each_region_is_read_once(self) -> None:
        app = office()
        key = vm_id_of("h1").lower()
        app.world.machines[key] = app.world.machines[key].model_copy(update={"location": "northeurope"})
        said_of = said(planned(app, strategy="replace"), "quota")
        assert REGION in said_of and "northeurope" in said_of
        assert app.world.count("cores") == 2

    def test_a_quota_that_cannot_be_read_is_a_warning(self) -> None:
        app = office()
        app.world.refuse("cores")
        reply = planned(app, strategy="replace")
        assert (findings(reply)["quota"], reply.json["can_start"]) == ("warn", True)
        assert "Microsoft.Compute/locations/usages/read" in said(reply, "quota")


def test_replaced_hosts_keep_their_network_interfaces_and_addresses() -> None:
    reply = planned(office(), strategy="replace")
    assert findings(reply)["network"] == "pass"
    assert "keep their network cards, so the subnet needs no free addresses" in said(reply, "network")
    assert "in place" in said(planned(office(), strategy="reimage"), "network")


class TestScalingPlan:
    """Autoscale must leave alone what is in work."""

    def plans(self, *plans: ScalingPlan) -> App:
        app = office()
        app.world.scaling_plans = list(plans)
        return app

    def test_without_a_scaling_plan_the_check_passes(self) -> None:
        assert "no scaling plan is enabled" in said(planned(self.plans()), "scaling_plan")

    @pytest.mark.parametrize(
        ("plan", "result"),
        [
            (ScalingPlan(name="day", enabled=True, exclusion_tag="ScalingPlanExclusion"), "pass"),
            (ScalingPlan(name="day", enabled=True, exclusion_tag="scalingplanexclusion"), "pass"),
            (ScalingPlan(name="day", enabled=False, exclusion_tag=""), "pass"),
            (ScalingPlan(name="day", enabled=True, exclusion_tag=""), "warn"),
            (ScalingPlan(name="day", enabled=True, exclusion_tag="Keep"), "warn"),
        ],
    )
    def test_an_enabled_scaling_plan_must_honour_our_exclusion_tag(self, plan: ScalingPlan, result: str) -> None:
        reply = planned(self.plans(plan))
        assert (findings(reply)["scaling_plan"], reply.json["can_start"]) == (result, True)

    def test_the_warning_names_the_present_and_the_expected_tag(self) -> None:
        words = said(planned(self.plans(ScalingPlan(name="day", enabled=True, exclusion_tag="Keep"))), "scaling_plan")
        assert "the scaling plan day has the exclusion tag Keep" in words
        assert "set the plan's exclusion tag to ScalingPlanExclusion" in words
        none = said(planned(self.plans(ScalingPlan(name="day", enabled=True, exclusion_tag=""))), "scaling_plan")
        assert "has no exclusion tag" in none

    def test_plans_that_cannot_be_read_are_a_warning(self) -> None:
        app = office()
        app.world.refuse("scaling_plans")
        reply = planned(app)
        assert (findings(reply)["scaling_plan"], reply.json["can_start"]) == ("warn", True)
        assert "scalingPlans/read" in said(reply, "scaling_plan")
