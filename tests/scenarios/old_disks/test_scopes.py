"""A kept disk outside its account's scopes by now is neither read, deleted nor put under a host."""

from __future__ import annotations

import pytest

from shared.models.accounts import Account
from shared.rollouts.old_disks.cleanup import RETRY_AFTER
from shared.services import ACCOUNTS
from tests.fixtures.scenarios.kept_disks import Shelf
from tests.fixtures.world.azure import GROUP

ELSEWHERE = GROUP.replace("rg-desktops", "rg-other")


def with_scopes(shelf: Shelf, *scopes: str, name: str = "default") -> None:
    accounts = shelf.app.tables.accounts
    if known := accounts.find(ACCOUNTS, name):
        accounts.replace(known.replace(scopes=scopes))
    else:
        accounts.add(Account(name=name, scopes=scopes))
    shelf.app.later(minutes=1)


def expired() -> tuple[Shelf, str]:
    """A kept disk of the account `default` whose time is over."""
    shelf = Shelf()
    disk = shelf.keep()
    (row,) = shelf.rows
    shelf.app.tables.disks.replace(row.replace(account="default"))
    shelf.run_out()
    return shelf, disk


def test_it_is_kept_and_looked_at_again_a_day_later(caplog: pytest.LogCaptureFixture) -> None:
    shelf, disk = expired()
    with_scopes(shelf, ELSEWHERE)
    assert shelf.tidy() == []
    assert shelf.tidy() == []
    assert shelf.app.world.count("disk") == shelf.app.world.count("start_disk_removal") == 0
    assert caplog.text.count("is outside the scopes of account default") == 1
    with_scopes(shelf, GROUP)
    assert shelf.tidy() == []
    shelf.app.later(seconds=RETRY_AFTER.total_seconds())
    assert shelf.tidy() == [disk.rpartition("/")[2]]


@pytest.mark.parametrize("noted", ["default", ""])
def test_one_in_a_scope_of_another_account_is_kept_although_its_pool_is_gone(noted: str) -> None:
    shelf, _ = expired()
    shelf.app.tables.disks.replace(shelf.row_of_it.replace(account=noted))
    shelf.unregister()
    with_scopes(shelf, GROUP, name="contoso")
    assert shelf.tidy() == []
    assert shelf.app.world.count("start_disk_removal") == 0


def test_one_of_a_pool_that_moved_to_another_account_is_deleted_if_it_is_within_the_scopes_of_either() -> None:
    for old, new in ((GROUP, ELSEWHERE), (ELSEWHERE, GROUP)):
        shelf, _ = expired()
        with_scopes(shelf, old)
        with_scopes(shelf, new, name="contoso")
        shelf.app.tables.pools.replace(shelf.app.pool().replace(account="contoso"))
        assert len(shelf.tidy()) == 1


def test_a_roll_back_does_not_put_it_under_a_host() -> None:
    shelf = Shelf()
    disk = shelf.keep()
    shelf.rollout("r-2")
    assert shelf.found() == disk
    with_scopes(shelf, ELSEWHERE)
    shelf.app.world.calls.clear()
    assert shelf.found() is None
    assert shelf.app.world.count("disk") == 0
