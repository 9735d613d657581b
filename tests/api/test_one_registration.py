"""One host pool is one pool, one gallery definition one image, however its id is written and however many ask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.services import IMAGES, POOLS
from tests.fixtures.app import App, Reply, office
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID

OTHER = HOST_POOL_ID.replace("hp-office", "hp-other")
OTHER_DEFINITION = DEFINITION_ID.replace("win11", "win12")
LONG_S, KELVIN = "\u017f", "\u212a"


def put(app: App, name: str, host_pool_id: str = HOST_POOL_ID) -> Reply:
    body = {"host_pool_id": host_pool_id, "image": "win11", "join": {"kind": "entra"}, "time_zone": "Europe/Berlin"}
    return app.send("PUT", f"/api/pools/{name}", body)


def put_image(app: App, name: str, definition_id: str = DEFINITION_ID) -> Reply:
    return app.send("PUT", f"/api/images/{name}", {"definition_id": definition_id, "active": "2.0.0"})


def without_pool() -> App:
    app = office()
    assert app.send("DELETE", "/api/pools/office").status == 204
    return app


def all_at_once(rows: Any, read: str) -> None:
    """Every request has read before the first one writes."""
    barrier, original = threading.Barrier(8), getattr(rows, read)

    def together(partition: str) -> Any:
        found = original(partition)
        barrier.wait(timeout=5)
        return found

    setattr(rows, read, together)


def test_eight_requests_at_once_register_one_pool() -> None:
    app = without_pool()
    all_at_once(app.tables.pools, "all")
    with ThreadPoolExecutor(8) as eight:
        replies = list(eight.map(lambda number: put(app, f"pool-{number}"), range(8)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 7
    assert len(list(app.tables.pools.each(POOLS))) == 1


def test_eight_requests_at_once_register_one_image() -> None:
    app = App()
    app.world.add_version("2.0.0")
    all_at_once(app.tables.images, "all")
    with ThreadPoolExecutor(8) as eight:
        replies = list(eight.map(lambda number: put_image(app, f"image-{number}"), range(8)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 7
    assert len(list(app.tables.images.each(IMAGES))) == 1


@pytest.mark.parametrize(
    "written",
    [
        HOST_POOL_ID.replace("hostPools", f"ho{LONG_S}tPools"),
        HOST_POOL_ID.replace("Microsoft", f"Micro{LONG_S}oft"),
        HOST_POOL_ID.replace("hp-office", f"{KELVIN}"),
        HOST_POOL_ID + "\n",
        HOST_POOL_ID.replace("hp-office", "."),
        HOST_POOL_ID.replace("hp-office", ".."),
        HOST_POOL_ID.replace("resourceGroups/", "resourceGroups/../"),
    ],
)
def test_an_id_of_another_alphabet_or_form_is_refused(written: str) -> None:
    app = office()
    for name in ("second", "office"):
        errors = put(app, name, written).json["errors"]
        assert errors[0]["message"].startswith("write the host pool's ARM id")


def test_the_group_of_an_id_is_a_name() -> None:
    parts = HOST_POOL_ID.split("/")
    for name in (".", ".."):
        assert put(office(), "second", "/".join([*parts[:4], name, *parts[5:]])).bad_fields == {"host_pool_id"}
    definition = DEFINITION_ID.replace("win11", "..")
    assert put_image(office(), "second", definition).bad_fields == {"definition_id"}


def test_the_case_of_an_id_does_not_matter() -> None:
    app = office()
    assert put(app, "second", HOST_POOL_ID.upper()).status == 409
    assert put(app, "office", HOST_POOL_ID.upper()).status == 200
    assert put_image(app, "second", DEFINITION_ID.upper()).status == 409


def test_a_host_pool_is_free_again_after_its_pool_was_unregistered() -> None:
    app = without_pool()
    assert put(app, "one").status == 201
    assert put(app, "two").status == 409
    assert app.send("DELETE", "/api/pools/one").status == 204
    assert put(app, "two").status == 201


def test_a_host_pool_is_free_again_after_its_pool_got_another_one() -> None:
    app = without_pool()
    app.world.add_pool(OTHER)
    assert put(app, "one").status == 201
    assert put(app, "one", OTHER).status == 200
    assert put(app, "two").status == 201
    assert put(app, "three", OTHER).status == 409


def test_a_failed_registration_leaves_nothing_claimed() -> None:
    app = without_pool()
    app.tables.pools.failures["add"] = [OSError("the tables are gone")]
    assert put(app, "one").status == 500
    assert put(app, "two").status == 409
    app.later(seconds=61)
    assert put(app, "two").status == 201
