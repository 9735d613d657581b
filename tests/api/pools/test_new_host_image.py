"""`GET /api/pools/{pool}/image`: what new and burst hosts are made from, now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import AzureBusy
from shared.core.states import RolloutState
from shared.models.pools import Ring
from shared.models.rollout_parts import Progress
from tests.fixtures.app import App, Reply, change_pool, office, update
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID, version_id_of


def ask(app: App) -> Reply:
    return app.send("GET", "/api/pools/office/image")


def test_a_new_host_gets_the_version_of_its_pool() -> None:
    reply = ask(office())
    assert reply.json["version_id"] == version_id_of("1.0.0")
    assert reply.json["reason"]["text"] == "the pool is on this version"


def test_a_new_host_gets_the_target_only_after_the_canary() -> None:
    app = office()
    rollout_id = update(app).json["id"]
    assert ask(app).json["version"] == "1.0.0"
    row = app.rollout(rollout_id).model_copy(
        update={"progress": Progress(canary_passed_at=app.now), "state": RolloutState.RUNNING}
    )
    app.tables.rollouts.replace(row)
    assert ask(app).json["version"] == "2.0.0"


def test_a_new_host_may_get_a_target_of_another_image() -> None:
    app = office()
    other = DEFINITION_ID.replace("win11-office", "other")
    app.world.add_version("7.0.0", other)
    app.send("PUT", "/api/images/other", {"definition_id": other})
    rollout_id = update(app, {"image": "other", "version": "7.0.0"}).json["id"]
    app.tables.rollouts.replace(
        app.rollout(rollout_id).model_copy(update={"progress": Progress(canary_passed_at=app.now)})
    )
    reply = ask(app).json
    assert (reply["image"], reply["version_id"]) == ("other", version_id_of("7.0.0", other))


def test_an_activation_changes_the_version_of_new_hosts_at_once() -> None:
    app = office()
    app.world.add_version("3.0.0")
    activated = version_set("3.0.0", backups=["1.0.0", "2.0.0"], activated_at=app.now + timedelta(hours=1))
    record_family(app.tables.versions, activated)
    assert ask(app).json["version"] == "3.0.0"
    record_family(app.tables.versions, activated.changed(waiting_pools=("office",)))
    assert ask(app).json["version"] == "1.0.0"


def test_a_pool_registered_after_the_activation_keeps_its_version() -> None:
    app = office()
    row = app.pool()
    app.send("DELETE", "/api/pools/office")
    asked = {"host_pool_id": row.host_pool_id, "image": "win11", "join": {"kind": "entra"}}
    assert app.send("PUT", "/api/pools/office", asked).status == 201
    assert ask(app).json["version"] == "1.0.0"


@pytest.mark.parametrize("recorded", [True, False])
def test_a_test_pool_on_a_staged_version_gives_new_hosts_the_previous_one(recorded: bool) -> None:
    app = office()
    app.world.add_version("3.0.0", staged=True)
    if recorded:
        record_family(app.tables.versions, version_set(staged="3.0.0"))
    change_pool(app, version="3.0.0", previous_version="1.0.0", ring=Ring.TEST)
    assert ask(app).json["version"] == "1.0.0"


def test_a_pool_without_a_version_gets_the_active_one() -> None:
    app = office()
    change_pool(app, version=None)
    assert ask(app).json["version"] == "2.0.0"


def test_a_pool_without_any_known_version_is_reported() -> None:
    app = office()
    record_family(app.tables.versions, version_set(None, backups=[]))
    change_pool(app, version=None)
    assert ask(app).status == 409


def test_a_throttled_gallery_does_not_delay_new_hosts() -> None:
    app = office()
    app.world.refuse("versions")
    assert ask(app).json["version"] == "1.0.0"


def test_a_throttled_gallery_is_reported_when_only_it_knows_the_version() -> None:
    app = office()
    record_family(app.tables.versions, version_set(None, backups=[]))
    assert ask(app).json["version"] == "1.0.0"
    app.world.fail("versions", AzureBusy("versions", 429, "TooManyRequests", "later"), times=2)
    assert ask(app).status == 503
