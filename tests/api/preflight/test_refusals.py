"""What would stop a rollout half-way stops it before anything is written."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureForbidden
from shared.core.settings import Settings
from shared.models.azure import HostPool
from shared.models.policy import PolicyOverrides, Strategy
from shared.services import IMAGES
from tests.api.preflight.requests import refused
from tests.fixtures.app import NOW, WHAT_IF, App, change_pool, findings, office, update
from tests.fixtures.profiles import JOIN, keep_profile
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import HOST_POOL_ID, REGION, vm_id_of


def change_host(app: App, host: str, **changes: object) -> None:
    """Change what Azure says about a host's VM."""
    machines = app.world.machines
    key = vm_id_of(host).lower()
    machines[key] = machines[key].model_copy(update=changes)


class TestPreflight:
    """What would stop a rollout half-way stops it before."""

    def test_an_unknown_version_is_refused(self) -> None:
        refused(office(), "version", "version", version="9.0.0")

    def test_a_version_that_is_not_ready_is_refused(self) -> None:
        app = office()
        app.world.add_version("3.0.0", ready=False)
        assert "40 %" in refused(app, "version", "version", version="3.0.0").text

    def test_a_version_without_a_replica_in_the_hosts_region_is_refused(self) -> None:
        app = office()
        app.world.add_version("3.0.0", region="eastus")
        assert REGION in refused(app, "replication", "version", version="3.0.0").text

    def test_a_downgrade_must_be_requested_explicitly(self) -> None:
        app = office()
        change_pool(app, version="10.0.0")
        refused(app, "downgrade", "version")
        assert update(app, {"allow_downgrade": True}).status == 202

    def test_versions_are_compared_as_numbers(self) -> None:
        app = office()
        app.world.add_version("10.0.0")
        record_family(app.tables.versions, version_set("10.0.0"))
        change_pool(app, version="9.0.0")
        assert update(app, {"version": "10.0.0"}).status == 202

    def test_the_current_version_is_accepted(self) -> None:
        app = office()
        change_pool(app, version="2.0.0")
        assert update(app).status == 202

    def test_a_join_without_its_password_is_refused(self) -> None:
        app = office(settings=Settings(tables_connection="memory", dev_identity="developer"))
        keep_profile(app.tables)
        change_pool(app, join=JOIN)
        refused(app, "join", "pool.join")
        app.settings = Settings(tables_connection="memory", dev_identity="developer", secrets={"JOIN_PASSWORD": "x"})
        assert update(app).status == 202

    @pytest.mark.parametrize("call", ["host_pool", "session_hosts", "machines"])
    def test_a_pool_without_read_permission_is_refused(self, call: str) -> None:
        app = office()
        app.world.fail(call, AzureForbidden(call, 403, "AuthorizationFailed", "no right to read"))
        assert "no right to read" in refused(app, "host_pool", "pool").text

    def test_a_definition_without_read_permission_is_refused(self) -> None:
        app = office()
        app.world.fail("version", AzureForbidden("version", 403, "AuthorizationFailed", "no"))
        refused(app, "image", "image")

    def test_a_host_pool_that_gives_out_no_registration_token(self) -> None:
        app = office()
        app.world.automated.add(HOST_POOL_ID.lower())
        assert "gives out no registration token" in refused(app, "host_pool", "pool").text

    def test_a_host_pool_that_became_personal_is_refused(self) -> None:
        app = office()
        app.world.pools[HOST_POOL_ID.lower()] = HostPool(
            id=HOST_POOL_ID, kind="Personal", location=REGION, session_limit=1
        )
        refused(app, "host_pool", "pool")

    @pytest.mark.parametrize(("ephemeral", "words"), [(True, "1 with an ephemeral"), (False, "1 created from another")])
    def test_reimaging_ineligible_hosts_is_refused(self, ephemeral: bool, words: str) -> None:
        app = office()
        change_host(app, "h1", ephemeral=True) if ephemeral else change_host(app, "h1", definition_id=None)
        reply = refused(app, "strategy", "policy.strategy", policy={"strategy": "reimage"})
        assert "cannot bring 1 host to this version:" in reply.text
        assert words in reply.text
        assert "auto" in reply.text
        for strategy in ("auto", "replace"):
            fine = app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": NOW, "policy": {"strategy": strategy}})
            assert fine.json["can_start"]
            assert findings(fine).get("hosts") == ("pass" if ephemeral else "warn")

    def test_the_strategy_of_the_pool_counts_too(self) -> None:
        app = office()
        change_host(app, "h1", ephemeral=True)
        change_pool(app, policy=PolicyOverrides(strategy=Strategy.REIMAGE))
        refused(app, "strategy", "policy.strategy")
        assert update(app, {"policy": {"strategy": "auto"}}).status == 202

    def test_hosts_on_the_version_need_no_reimage(self) -> None:
        app = office()
        change_host(app, "h1", ephemeral=True, version="2.0.0")
        assert update(app, {"policy": {"strategy": "reimage"}}).status == 202

    def test_a_pool_without_hosts_is_a_warning(self) -> None:
        app = office()
        app.world.hosts[HOST_POOL_ID.lower()].clear()
        reply = app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": NOW, "policy": {"strategy": "reimage"}})
        assert (findings(reply)["hosts"], reply.json["can_start"]) == ("warn", True)
        assert "no hosts" in reply.text

    def test_ghost_hosts_are_a_warning(self) -> None:
        app = office()
        app.world.add_host("ghost.contoso.local")
        del app.world.machines[next(key for key in app.world.machines if "ghost" in key)]
        reply = app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": {"mode": "now"}})
        assert findings(reply)["hosts"] == "warn"
        assert "ghost" in reply.text


class TestAccount:
    """A pool can only use an image its account may have."""

    def test_an_image_of_another_account_is_refused(self) -> None:
        app = office()
        image = app.tables.images.all(IMAGES)[0]
        app.tables.images.replace(image.model_copy(update={"accounts": ("contoso",)}))
        reply = update(app)
        assert (reply.status, findings(reply)["account"], reply.bad_fields) == (422, "fail", {"image"})
        assert "image win11 is not available to account default" in reply.text
        change_pool(app, account="contoso")
        reply = update(app)
        assert reply.status == 202

    def test_an_image_for_all_accounts_is_accepted(self) -> None:
        reply = office().send("POST", WHAT_IF, {"version": "2.0.0", "schedule": NOW})
        assert findings(reply)["account"] == "pass"
