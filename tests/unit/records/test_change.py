"""Changing a row that others change at the same time: decided anew for every version of the row, never over theirs."""

from __future__ import annotations

import pytest

from shared.core.errors import AlreadyExists, Conflict, NotFound, StaleRow
from shared.models.accounts import Account
from shared.records.change import ATTEMPTS, add_or_change, change
from shared.services import ACCOUNTS
from shared.tables.keys import account_keys
from tests.fixtures.fakes.tables import MemoryRows, memory_rows

KEY = (ACCOUNTS, "office")
PLAIN = "Somebody else changed this account at the same time. Try again."
STALE = StaleRow("Accounts", "account/office")


def rows_with(*, title: str = "old") -> MemoryRows[Account]:
    rows = memory_rows(Account, account_keys)
    rows.add(account(title))
    return rows


def account(title: str) -> Account:
    return Account(name="office", title=title)


def stored(rows: MemoryRows[Account]) -> Account:
    found = rows.find(*KEY)
    assert found is not None
    return found


class TestChange:
    def test_a_change_is_written_and_returned_with_its_new_etag(self) -> None:
        rows = rows_with()
        before = stored(rows)
        changed = change(rows, KEY, lambda row: row.model_copy(update={"title": "new"}), describe="account")
        assert changed == (before, stored(rows))
        assert stored(rows).title == "new"

    def test_a_stale_row_is_read_decided_again_and_written(self) -> None:
        rows = rows_with()
        rows.failures["replace"] = [STALE, STALE]
        seen: list[str] = []

        def decide(row: Account) -> Account:
            seen.append(row.title)
            if len(seen) == 2:  # what somebody else writes before the last attempt is what that attempt goes by
                rows._write("other", [stored(rows).model_copy(update={"title": "theirs"})])
            return row.model_copy(update={"title": f"{row.title}+"})

        before, after = change(rows, KEY, decide, describe="account")
        assert (before.title, after.title) == ("theirs", "theirs+")
        assert seen == ["old", "old", "theirs"]

    @pytest.mark.parametrize(("retried", "error"), [(False, Conflict), (True, StaleRow)])
    def test_a_constantly_changing_row_is_a_conflict_in_plain_words(
        self, retried: bool, error: type[Exception]
    ) -> None:
        rows = rows_with()
        rows.failures["replace"] = [STALE] * 99
        with pytest.raises(error) as raised:
            change(rows, KEY, lambda row: row.model_copy(), describe="account", retried=retried)
        assert type(raised.value) is error
        assert str(raised.value) == PLAIN
        assert len(rows.failures["replace"]) == 99 - ATTEMPTS
        assert stored(rows).title == "old"

    @pytest.mark.parametrize("same", [True, False])
    def test_nothing_is_written_when_there_is_nothing_to_change(self, same: bool) -> None:
        rows = rows_with()
        rows.failures["replace"] = [AssertionError("was written")]
        before, after = change(rows, KEY, lambda row: row if same else None, describe="account")
        assert before is after
        assert after == stored(rows)

    def test_an_error_of_the_decision_is_raised_at_once(self) -> None:
        rows, asked = rows_with(), []

        def refuse(row: Account) -> Account:
            asked.append(row)
            raise StaleRow("Accounts", "another run drives it")

        with pytest.raises(StaleRow, match="at the same time"):
            change(rows, KEY, refuse, describe="account")
        assert len(asked) == 1

    def test_a_missing_row_cannot_be_changed(self) -> None:
        with pytest.raises(NotFound, match="There is no account called office"):
            change(memory_rows(Account, account_keys), KEY, lambda row: row.model_copy(), describe="account")

    def test_a_given_row_is_not_read_again_unless_it_is_stale(self) -> None:
        rows = rows_with()
        known = stored(rows)
        rows.failures["find"] = [AssertionError("was read")]

        def decide(row: Account) -> Account:
            return row.model_copy(update={"title": f"{row.title}+"})

        _, known = change(rows, KEY, decide, describe="account", known=known)
        rows.failures.clear()
        rows.replace(stored(rows).model_copy(update={"title": "theirs"}))
        assert change(rows, KEY, decide, describe="account", known=known)[1].title == "theirs+"


class TestAddOrChange:
    def test_a_missing_row_is_added_without_a_read(self) -> None:
        rows = memory_rows(Account, account_keys)
        rows.failures["find"] = [AssertionError("was read")]
        added = add_or_change(rows, KEY, account("new"), lambda there: None, describe="account")
        rows.failures.clear()
        assert added == stored(rows)

    def test_an_existing_row_is_changed(self) -> None:
        rows = rows_with(title="old")

        def decide(there: Account) -> Account:
            return there.model_copy(update={"title": f"{there.title}+"})

        changed = add_or_change(rows, KEY, account("new"), decide, describe="account")
        assert changed.title == stored(rows).title == "old+"

    def test_a_row_removed_meanwhile_is_added(self) -> None:
        rows = rows_with(title="old")

        def remove(there: Account) -> Account:
            rows.remove(there)
            return there.model_copy(update={"title": "changed"})

        assert add_or_change(rows, KEY, account("new"), remove, describe="account").title == "new"

    def test_a_row_that_keeps_appearing_and_disappearing_is_a_conflict(self) -> None:
        rows = memory_rows(Account, account_keys)
        rows.failures["add"] = [AlreadyExists("Accounts", "account/office")] * 99
        with pytest.raises(StaleRow, match=PLAIN):
            add_or_change(rows, KEY, account("new"), lambda there: None, describe="account", retried=True)
        assert len(rows.failures["add"]) == 99 - ATTEMPTS
