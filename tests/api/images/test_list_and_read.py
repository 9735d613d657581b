"""Listing and reading images and their versions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureBusy, AzureForbidden, FreshcoatError
from shared.core.states import VersionState
from shared.models.accounts import Account
from shared.models.images import Image, Verdict
from shared.models.promotions import Promotion
from shared.models.tasks import ActivationWork, TaskKind
from shared.records.tasks import new_task, note_done
from tests.fixtures.app import App, change_pool, office
from tests.fixtures.builders import NOON
from tests.fixtures.messages import told
from tests.fixtures.version_sets import record_family, version_row, version_set
from tests.fixtures.world.azure import DEFINITION_ID
from tests.fixtures.world.ids import TEMPLATE_ID, version_id_of

OTHER = DEFINITION_ID.replace("win11-office", "other")
OTHER_TEMPLATE = TEMPLATE_ID.replace("template-win11", "template-other")


def put(app: App, name: str = "win11", definition_id: str = DEFINITION_ID, **body: Any) -> None:
    assert app.send("PUT", f"/api/images/{name}", {"definition_id": definition_id} | body).status in {200, 201}


def get(app: App, name: str = "win11") -> Any:
    return app.send("GET", f"/api/images/{name}").json


def with_templates() -> App:
    """`office`, a definition that is not registered, and a template VM for each of the two."""
    app = office()
    app.world.add_definition(OTHER)
    app.world.add_template()
    app.world.add_template(OTHER_TEMPLATE, power="running", image="other")
    return app


def listed(app: App, query: str = "") -> list[str]:
    return [image["name"] for image in app.send("GET", f"/api/images{query}").json["items"]]


def add_images(app: App, *names: str) -> None:
    for name in names:
        app.tables.images.add(Image(name=name, definition_id=DEFINITION_ID, registered_at=app.now))


class TestList:
    """Searchable, a page at a time; one unreadable image spoils nothing."""

    def test_the_list_of_an_account_has_the_images_it_may_use(self) -> None:
        app = with_templates()
        app.tables.accounts.add(Account(name="contoso"))
        put(app, "other", OTHER, accounts=["contoso"])
        assert listed(app, "?account=contoso") == ["other", "win11"]
        assert listed(app, "?account=default") == ["win11"]
        assert listed(app) == ["other", "win11"]

    def test_search_finds_a_part_of_the_name_in_any_case(self) -> None:
        app = office()
        add_images(app, "Win10-Sales", "server", "mac")
        assert listed(app, "?search=WIN") == ["Win10-Sales", "win11"]
        assert listed(app, "?search=sales") == ["Win10-Sales"]
        assert listed(app, "?search=linux") == []

    def test_a_page_of_search_results_is_full_and_the_next_one_continues(self) -> None:
        app = office()
        add_images(app, *(f"a{number:02}" for number in range(30)), *(f"hit{number}" for number in range(5)))
        first = app.send("GET", "/api/images?search=hit&limit=2").json
        second = app.send("GET", f"/api/images?search=hit&limit=2&continuation={first['continuation']}").json
        third = app.send("GET", f"/api/images?search=hit&limit=2&continuation={second['continuation']}").json
        names = [[image["name"] for image in page["items"]] for page in (first, second, third)]
        assert names == [["hit0", "hit1"], ["hit2", "hit3"], ["hit4"]]
        assert third["continuation"] is None

    def test_an_image_shows_its_state(self) -> None:
        app = with_templates()
        put(app, template_vm_id=TEMPLATE_ID)
        app.world.add_version("3.0.0", staged=True)
        made = new_task(app.services, TaskKind.STAGE, "win11", "ann", version="3.0.0")
        task = note_done(app.services, made, told("done"))
        verdict = Verdict(result="passed", note="fine", by="ann", at=app.now)
        staged = version_row("3.0.0", VersionState.STAGED, verdict=verdict)
        known = version_set(backups=["1.0.0", "1.5.0"], others=[staged], promotion="p-1", last_task=task.id)
        record_family(app.tables.versions, known.changed(staged="3.0.0"))
        (view,) = app.send("GET", "/api/images").json["items"]
        assert (view["current"], view["staged"], view["backups"]) == ("2.0.0", "3.0.0", ["1.5.0", "1.0.0"])
        assert (view["verdict"]["result"], view["promotion"], view["power"]) == ("passed", "p-1", "deallocated")
        assert (view["last_task"]["id"], view["last_task"]["kind"]) == (task.id, "stage")
        assert (view["problem"], get(app)) == ("", view)

    def test_an_image_shows_where_it_is_who_uses_it_and_what_is_to_come(self) -> None:
        app = office()
        due = app.now + timedelta(days=2)
        app.tables.promotions.add(
            Promotion(
                id="p-1", image="win11", version="3.0.0", due_at=due, time_zone="UTC",
                activation=ActivationWork(), created_at=app.now,
            )
        )  # fmt: skip
        record_family(app.tables.versions, version_set(promotion="p-1"))
        pool = app.pool()
        app.tables.pools.add(pool.model_copy(update={"name": "lab", "version": None, "etag": None}))
        app.tables.pools.add(pool.model_copy(update={"name": "hr", "account": "contoso", "etag": None}))
        app.tables.pools.add(pool.model_copy(update={"name": "mac", "image": "other", "etag": None}))
        view = get(app)
        assert view["promotion_due_at"] == due.isoformat().replace("+00:00", "Z")
        assert view["pools"] == {"1.0.0": 2, "unknown": 1}
        assert view["gallery"]["definition"] == DEFINITION_ID.rpartition("/")[2]
        assert view["gallery"]["name"] == DEFINITION_ID.split("/")[-3]
        headers = {"x-dev-role": "reader", "x-dev-accounts": "contoso"}
        assert app.send("GET", "/api/images/win11", headers=headers).json["pools"] == {"1.0.0": 1}

    def test_all_templates_of_a_page_are_read_in_one_call(self) -> None:
        app = with_templates()
        put(app, template_vm_id=TEMPLATE_ID)
        put(app, "other", OTHER, template_vm_id=OTHER_TEMPLATE)
        app.world.calls.clear()
        powers = [image["power"] for image in app.send("GET", "/api/images").json["items"]]
        assert powers == ["running", "deallocated"]
        assert (app.world.count("machines"), app.world.count("machine")) == (1, 0)

    @pytest.mark.parametrize(
        ("error", "asked_again", "powers"),
        [
            (AzureForbidden("machines", 403, "AuthorizationFailed", "no"), 2, ["", "deallocated"]),
            (AzureBusy("machines", 429, "TooManyRequests", "later"), 0, ["", ""]),
        ],
        ids=["forbidden", "busy"],
    )
    def test_an_unreadable_template_is_reported(
        self, error: FreshcoatError, asked_again: int, powers: list[str]
    ) -> None:
        app = with_templates()
        put(app, template_vm_id=TEMPLATE_ID)
        put(app, "other", OTHER, template_vm_id=OTHER_TEMPLATE)
        app.world.calls.clear()
        app.world.fail("machines", error)
        app.world.refuse("machine", "template-other")
        other, win11 = app.send("GET", "/api/images").json["items"]
        assert [other["power"], win11["power"]] == powers
        assert "template VM" in other["problem"]
        assert ("template VM" in win11["problem"]) == (powers[1] == "")
        assert (app.world.count("machine"), win11["current"]) == (asked_again, "2.0.0")

    def test_a_missing_template_and_version_are_reported(self) -> None:
        app = with_templates()
        put(app, template_vm_id=TEMPLATE_ID)
        del app.world.machines[TEMPLATE_ID.lower()]
        del app.world.versions[DEFINITION_ID.lower()]["2.0.0"]
        view = get(app)
        assert (view["current"], view["power"]) == ("2.0.0", "")
        assert "no longer has version 2.0.0" in view["problem"]
        assert "no longer exists" in view["problem"]

    def test_an_unreadable_gallery_is_reported_in_the_list(self) -> None:
        app = with_templates()
        put(app, "other", OTHER)
        app.world.refuse("versions", "images/other")
        other, win11 = app.send("GET", "/api/images").json["items"]
        assert "may not read" in other["problem"]
        assert (win11["problem"], win11["current"]) == ("", "2.0.0")

    def test_an_unknown_image_is_404(self) -> None:
        assert office().send("GET", "/api/images/none").status == 404
        assert office().send("GET", "/api/images/none/versions").status == 404


class TestVersions:
    """Those of the gallery, and those that are recorded."""

    def test_recorded_and_gallery_versions_are_listed_by_number(self) -> None:
        app = office()
        app.world.add_version("10.0.0", staged=True)
        app.world.add_version("0.9.0")
        gone = version_row("1.5.0", VersionState.DELETED, ended_at=NOON, note="nobody used it")
        making = version_row("9.0.0", VersionState.CAPTURING)
        record_family(app.tables.versions, version_set(others=[gone, making]))
        highest_first = app.send("GET", "/api/images/win11/versions").json["items"]
        versions = app.send("GET", "/api/images/win11/versions?order=asc").json["items"]
        assert versions == highest_first[::-1]
        assert [(v["version"], v["state"], v["in_gallery"], v["excluded_from_latest"]) for v in versions] == [
            ("0.9.0", None, True, False),
            ("1.0.0", "backup", True, False),
            ("1.5.0", "deleted", False, False),
            ("2.0.0", "active", True, False),
            ("9.0.0", "capturing", False, False),
            ("10.0.0", None, True, True),
        ]
        assert [v["used_by"] for v in versions] == [[], ["office"], [], [], [], []]
        assert versions[2]["detail"] == "nobody used it"
        assert versions[2]["id"] == version_id_of("1.5.0")
        assert (versions[1]["created_by"], versions[0]["created_by"]) == ("ann", "")
        assert (versions[0]["ready"], versions[4]["ready"]) == (True, False)

    def test_a_pool_with_another_image_uses_no_version(self) -> None:
        app = office()
        change_pool(app, image="other")
        assert all(v["used_by"] == [] for v in app.send("GET", "/api/images/win11/versions").json["items"])

    def test_a_version_shows_its_outcome(self) -> None:
        app = office()
        verdict = Verdict(result="failed", note="no printer", by="ann", at=NOON)
        row = version_row("3.0.0", VersionState.STAGED, verdict=verdict, staged_at=NOON + timedelta(hours=1))
        record_family(app.tables.versions, version_set(others=[row]).changed(staged="3.0.0"))
        view = app.send("GET", "/api/images/win11/versions").json["items"][0]
        assert (view["verdict"]["note"], view["staged_at"]) == ("no printer", "2026-11-23T13:00:00Z")
