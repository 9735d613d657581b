"""An image and a pool are registered by commands, and taken out again. On the real app."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.services import IMAGES, POOLS
from tests.cli.app import run_here as run
from tests.cli.real import serving_real
from tests.fixtures.app import App, office
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.world.images import SUBNET_ID, TEMPLATE_ID

POOL = ("register-pool", "office", "--host-pool", HOST_POOL_ID, "--image", "win11")


def with_image() -> App:
    """An app that knows the image, and no pool."""
    app = office()
    app.tables.pools.remove(app.pool())
    return app


def test_an_image_is_registered(tmp_path: Path) -> None:
    app = office()
    app.world.add_template()
    for image in app.tables.images.all(IMAGES):
        app.tables.images.remove(image)
    given = ["--definition", DEFINITION_ID, "--template-vm", TEMPLATE_ID, "--build-subnet", SUBNET_ID]
    with serving_real(app) as at:
        kept = ("--keep-backups", "5", "--active", "2.0.0", "--account", "default")
        ran = run(tmp_path, "register-image", "win11", *given, *kept, "--url", at.url)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("✔ Image win11 is registered\n\nwin11   active 2.0.0\n")
    (image,) = app.tables.images.all(IMAGES)
    assert (image.definition_id, image.template_vm_id) == (DEFINITION_ID, TEMPLATE_ID)
    assert (image.build_subnet_id, image.accounts, image.retention.backups) == (SUBNET_ID, ("default",), 5)


def test_a_pool_is_registered_with_all_that_a_registration_has(tmp_path: Path) -> None:
    app = with_image()
    more = ("--ring", "test", "--time-zone", "Europe/Amsterdam", "--refresh", "after_logoff", "--account", "default")
    with serving_real(app) as at:
        join = ("--join", "entra", "--intune", "--directory-cleanup", "entra_intune")
        ran = run(tmp_path, *POOL, *more, *join, "--policy", "max_unavailable=10%", "--url", at.url)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("✔ Pool office is registered\n\noffice   win11 1.0.0   ring test\n")
    assert "3 hosts: 3 on 1.0.0" in ran.out
    pool = app.pool()
    assert (pool.ring, pool.time_zone, pool.refresh) == ("test", "Europe/Amsterdam", "after_logoff")
    assert pool.join.model_dump() == {"kind": "entra", "intune": True}
    assert (pool.directory_cleanup, pool.policy.max_unavailable) == ("entra_intune", "10%")


def test_what_exists_is_neither_replaced_nor_reset(tmp_path: Path) -> None:
    app = office()
    before = app.pool()
    with serving_real(app) as at:
        pool = run(tmp_path, *POOL, "--join", "entra", "--url", at.url)
        image = run(tmp_path, "register-image", "win11", "--definition", DEFINITION_ID, "--url", at.url)
    assert (pool.code, image.code) == (6, 6)
    assert "✘ Pool office exists already\n  Its settings are changed in the console: freshcoat open" in pool.err
    assert "Image win11 exists already" in image.err
    assert app.pool() == before


def test_a_program_gets_the_name_and_a_repetition_the_same_answer(tmp_path: Path) -> None:
    with serving_real(with_image()) as at:
        again = (*POOL, "--join", "entra", "-q", "--idempotency-key", "k", "--url", at.url)
        assert [run(tmp_path, *again).out for _ in range(2)] == ["office\n"] * 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--join", "ad"], "--join ad needs --join-profile"),
        (["--join", "ad", "--join-profile", "corp", "--intune"], "--intune belongs to --join entra"),
        (["--join", "entra", "--join-profile", "corp"], "--join-profile belongs to --join ad"),
        ([], "--join"),
    ],
)
def test_how_hosts_join_has_to_be_said(tmp_path: Path, given: list[str], says: str) -> None:
    app = with_image()
    with serving_real(app) as at:
        ran = run(tmp_path, *POOL, *given, "--url", at.url)
    assert (ran.code, says in ran.err) == (2, True), ran
    assert app.tables.pools.all(POOLS) == []


def test_what_the_app_refuses_names_the_field(tmp_path: Path) -> None:
    with serving_real(with_image()) as at:
        wrong = ("register-pool", "lab", "--host-pool", "hp-lab", "--image", "win11", "--join", "entra")
        ran = run(tmp_path, *wrong, "--url", at.url)
        profile = run(tmp_path, *POOL, "--join", "ad", "--join-profile", "corp", "--url", at.url)
    assert (ran.code, "host_pool_id: " in ran.err) == (3, True), ran
    assert (profile.code, "corp" in profile.err) == (3, True), profile


def test_a_pool_is_unregistered_after_a_question(tmp_path: Path) -> None:
    app = office()
    with serving_real(app) as at:
        asked = run(tmp_path, "unregister-pool", "office", "--url", at.url)
        assert (asked.code, "Add --yes" in asked.err, app.tables.pools.all(POOLS) == []) == (2, True, False)
        ran = run(tmp_path, "unregister-pool", "office", "--yes", "--url", at.url)
        assert (ran.code, "Pool office is not registered any more" in ran.err) == (0, True), ran
        assert run(tmp_path, "unregister-pool", "office", "--yes", "--url", at.url).code == 5
    assert app.tables.pools.all(POOLS) == []
