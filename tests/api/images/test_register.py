"""Registering and changing images."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureBusy
from shared.core.states import VersionState
from shared.models.accounts import Account
from shared.models.images import Image
from shared.records.versions import read_versions
from shared.services import IMAGES
from shared.versions.version_set import VersionSet
from tests.fixtures.app import App, Reply, change_pool, office, update
from tests.fixtures.audit import changes
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.world.ids import SUBNET_ID, TEMPLATE_ID

OTHER = DEFINITION_ID.replace("win11-office", "other")
OTHER_TEMPLATE = TEMPLATE_ID.replace("template-win11", "template-other")


def put(app: App, name: str = "win11", definition_id: str = DEFINITION_ID, **body: Any) -> Reply:
    return app.send("PUT", f"/api/images/{name}", {"definition_id": definition_id} | body)


def get(app: App, name: str = "win11") -> Any:
    return app.send("GET", f"/api/images/{name}").json


def image(app: App, name: str = "win11") -> Image:
    found = app.tables.images.find(IMAGES, name)
    assert found
    return found


def recorded(app: App, name: str = "other") -> VersionSet:
    return read_versions(app.services, name)


def with_other(*versions: str) -> App:
    """`office`, and a definition that is not registered, with these versions."""
    app = office()
    app.world.add_definition(OTHER)
    for version in versions:
        app.world.add_version(version, OTHER)
    app.world.add_template(image="other" if versions else "win11")
    return app


class TestRegister:
    """The first time."""

    def test_the_latest_version_of_the_gallery_becomes_the_active_one(self) -> None:
        app = with_other("9.0.0", "10.0.0")
        app.world.add_version("11.0.0", OTHER, staged=True)
        app.world.add_version("12.0.0", OTHER, ready=False)
        given_up = app.world.versions[OTHER.lower()]["12.0.0"].model_copy(update={"failed": True})
        app.world.versions[OTHER.lower()]["12.0.0"] = given_up
        reply = put(app, "other", OTHER, template_vm_id=TEMPLATE_ID, build_subnet_id=SUBNET_ID, retention={"days": 7})
        assert (reply.status, reply.headers["Location"]) == (201, "/api/images/other")
        shown = ("current", "staged", "backups", "power", "build_subnet_id", "problem")
        assert [reply.json[name] for name in shown] == ["10.0.0", None, [], "deallocated", SUBNET_ID, ""]
        assert reply.json["retention"] == {"backups": 3, "days": 7}
        assert recorded(app).state_of("10.0.0") is VersionState.ACTIVE
        assert recorded(app).versions["10.0.0"].activated_at == app.now
        assert recorded(app).state.activated_at is None  # nobody has activated it: no pool is to follow
        (entry,) = changes(app.tables, f"{app.now:%Y-%m}")
        assert (entry.action, entry.subject, entry.after) == ("register image", "other", "10.0.0")

    def test_the_request_may_name_the_active_version(self) -> None:
        app = with_other("1.0.0", "2.0.0")
        assert put(app, "other", OTHER, active="1.0.0").json["current"] == "1.0.0"
        assert list(recorded(app).versions) == ["1.0.0"]

    def test_a_gallery_without_a_version_in_use_is_accepted(self) -> None:
        app = with_other()
        app.world.add_version("1.0.0", OTHER, staged=True)
        reply = put(app, "other", OTHER)
        assert (reply.status, reply.json["current"]) == (201, None)
        assert recorded(app).versions == {}

    @pytest.mark.parametrize("given", ["x", HOST_POOL_ID, DEFINITION_ID + "/versions/1.0.0", DEFINITION_ID + "x"])
    def test_an_id_that_is_no_definition_is_refused(self, given: str) -> None:
        assert put(office(), "other", given).bad_fields == {"definition_id"}

    def test_every_invalid_field_is_named_at_once(self) -> None:
        reply = put(
            with_other("1.0.0"),
            "other",
            OTHER,
            template_vm_id=OTHER_TEMPLATE,
            build_subnet_id=TEMPLATE_ID,
            accounts=["default", "contoso"],
            active="2.0.0",
        )
        assert reply.status == 400
        assert reply.bad_fields == {"template_vm_id", "build_subnet_id", "accounts", "active"}
        assert "contoso" in reply.text
        assert "default" not in reply.text

    def test_a_conflict_does_not_hide_errors_of_the_body(self) -> None:
        reply = put(with_other(), accounts=["contoso"], active="1.0.0", template_vm_id=OTHER_TEMPLATE)
        assert (reply.status, reply.bad_fields) == (400, {"accounts", "template_vm_id"})
        assert put(office(), active="1.0.0").status == 409

    @pytest.mark.parametrize(
        ("call", "field"), [("versions", "definition_id"), ("machine", "template_vm_id")], ids=["gallery", "template"]
    )
    def test_a_definition_without_read_permission_is_refused(self, call: str, field: str) -> None:
        app = with_other("1.0.0")
        app.world.refuse(call)
        reply = put(app, "other", OTHER, template_vm_id=TEMPLATE_ID)
        assert (reply.status, reply.bad_fields) == (400, {field})
        assert app.tables.images.find(IMAGES, "other") is None

    def test_throttling_by_azure_is_not_a_client_error(self) -> None:
        app = with_other("1.0.0")
        app.world.fail("machine", AzureBusy("machine", 429, "TooManyRequests", "later", retry_after=17))
        reply = put(app, "other", OTHER, template_vm_id=TEMPLATE_ID)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "17")

    def test_a_newest_version_still_being_created_is_refused(self) -> None:
        app = with_other("1.0.0")
        app.world.add_version("2.0.0", OTHER, ready=False)
        reply = put(app, "other", OTHER)
        assert reply.bad_fields == {"active"}
        assert "2.0.0 is not ready" in reply.text
        assert put(app, "other", OTHER, active="2.0.0").bad_fields == {"active"}
        assert put(app, "other", OTHER, active="1.0.0").json["current"] == "1.0.0"

    def test_a_definition_has_one_image(self) -> None:
        reply = put(office(), "second", DEFINITION_ID.replace("win11-office", "WIN11-Office"))
        assert reply.status == 409
        assert "win11" in reply.json["detail"]

    def test_repeating_an_interrupted_registration_completes_it(self) -> None:
        app = with_other("1.0.0")
        app.tables.versions.failures["write_many"] = [AzureBusy("tables", None, "ConnectionError", "gone")]
        assert put(app, "other", OTHER).status == 503
        assert get(app, "other")["current"] is None
        reply = put(app, "other", OTHER)
        assert (reply.status, reply.json["current"]) == (200, "1.0.0")


class TestChange:
    """PUT again, with every setting that is stored."""

    def test_template_subnet_accounts_and_retention_can_change(self) -> None:
        app = with_other()
        app.world.add_template(OTHER_TEMPLATE, power="running", image="win11")
        put(app, template_vm_id=TEMPLATE_ID, build_subnet_id=SUBNET_ID)
        app.later(seconds=1)
        reply = put(
            app, template_vm_id=OTHER_TEMPLATE, build_subnet_id=None, accounts=["default"] * 2,
            retention={"backups": 1},
        )  # fmt: skip
        assert (reply.status, reply.json["power"], reply.json["accounts"]) == (200, "running", ["default"])
        assert (image(app).build_subnet_id, image(app).retention.backups) == ("", 1)
        entry = changes(app.tables, f"{app.now:%Y-%m}")[0]
        assert (entry.action, entry.before, entry.after) == ("change image", "", "")
        assert set(entry.detail.split(", ")) == {"template_vm_id", "build_subnet_id", "accounts", "retention"}

    def test_an_identical_request_writes_nothing(self) -> None:
        app = office()
        before = image(app), recorded(app, "win11")
        assert put(app, definition_id=DEFINITION_ID.replace("win11-office", "WIN11-OFFICE")).status == 200
        assert (image(app), recorded(app, "win11")) == before
        assert changes(app.tables, f"{app.now:%Y-%m}") == []

    def test_the_active_version_cannot_be_changed_by_registering(self) -> None:
        app = office()
        assert put(app, active="2.0.0").status == 200
        refused = put(app, active="1.0.0")
        assert refused.status == 409
        assert "roll" in refused.json["detail"]
        assert recorded(app, "win11").state.active == "2.0.0"

    def test_an_image_without_versions_records_the_first_one_later(self) -> None:
        app = with_other()
        put(app, "other", OTHER)
        app.world.add_version("1.0.0", OTHER)
        assert put(app, "other", OTHER).json["current"] == "1.0.0"

    def test_an_image_whose_first_version_is_staged_records_the_version_in_use_too(self) -> None:
        app = with_other("1.0.0")
        put(app, "other", OTHER)
        record_family(app.tables.versions, version_set(None, backups=[], staged="2.0.0", image="other"))
        shown = put(app, "other", OTHER).json
        assert (shown["current"], shown["staged"]) == ("1.0.0", "2.0.0")


class TestDefinitionStays:
    """What is recorded of versions is of one definition."""

    def test_the_definition_cannot_change_while_a_rollout_runs(self) -> None:
        app = with_other("1.0.0")
        running = update(app).json["id"]
        assert put(app, definition_id=OTHER).json["rollout"] == running

    def test_the_definition_cannot_change_while_another_pool_is_updated_to_it(self) -> None:
        app = with_other()
        put(app, "other", OTHER)
        app.world.add_version("1.0.0", OTHER)
        record_family(app.tables.versions, version_set("1.0.0", backups=[], image="other"))
        running = update(app, {"image": "other", "version": "1.0.0", "allow_downgrade": True}).json["id"]
        assert put(app, "other", OTHER.replace("other", "third")).status == 400
        app.world.add_definition(OTHER.replace("other", "third"))
        assert put(app, "other", OTHER.replace("other", "third")).json["rollout"] == running

    def test_the_definition_cannot_change_once_versions_are_recorded(self) -> None:
        app = with_other()
        reply = put(app, definition_id=OTHER)
        assert reply.status == 409
        assert "image of its own" in reply.json["detail"]

    def test_the_definition_cannot_change_during_a_capture_and_the_task_is_named(self) -> None:
        app = with_other()
        record_family(app.tables.versions, version_set(capture="t-1"))
        assert put(app, definition_id=OTHER).json["task"] == "t-1"

    def test_the_definition_can_change_before_that(self) -> None:
        app = with_other()
        put(app, "other", OTHER)
        third = OTHER.replace("other", "third")
        app.world.add_version("1.0.0", third)
        assert put(app, "other", third).json["current"] == "1.0.0"
        assert image(app, "other").definition_id == third


class TestAccounts:
    """An image is for every account, or for named ones."""

    def test_an_account_does_not_lose_the_image_of_its_pool(self) -> None:
        app = office()
        app.tables.accounts.add(Account(name="contoso"))
        refused = put(app, accounts=["contoso"])
        assert (refused.status, image(app).accounts) == (409, None)
        assert "office" in refused.json["detail"]
        change_pool(app, account="contoso")
        assert put(app, accounts=["contoso"]).status == 200

    def test_an_account_does_not_lose_the_image_of_its_running_rollout(self) -> None:
        app = with_other("1.0.0")
        put(app, "other", OTHER)
        update(app, {"image": "other", "version": "1.0.0"})
        assert put(app, "other", OTHER, accounts=[]).status == 409
