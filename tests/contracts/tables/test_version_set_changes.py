"""Changes of versions on the real table service: one transaction each, and one's own work is known as such."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from local.stack.azurite import Azurite
from shared.core.errors import AzureBusy, Conflict, StaleRow
from shared.core.settings import Settings
from shared.models.images import ImageRow, Verdict
from shared.records.versions import change_versions, read_versions
from shared.services import Services
from shared.tables.open import Tables, open_tables
from shared.versions import lifecycle, removal_rules
from shared.versions.version_set import VersionSet
from tests.contracts.tables.lossy_proxy import LossyProxy, lossy
from tests.fixtures.app import App
from tests.fixtures.builders import NOON
from tests.fixtures.version_sets import record_family, version_set

NUMBERS = [f"{major}.0.0" for major in range(3, 13)]


def staged(before: VersionSet, version: str, task: str = "t") -> VersionSet:
    return lifecycle.stage(before, version, task=task, now=NOON, who="ann", notes="")


@pytest.fixture
def services(tables: Tables) -> Services:
    """Services whose versions are in the real service: 2.0.0 is active, 1.0.0 a backup."""
    record_family(tables.versions, version_set())
    return replace(App().services, versions=tables.versions)


def test_of_ten_conflicting_changes_one_is_made_and_nine_are_refused(services: Services) -> None:
    def attempt(version: str) -> str:
        try:
            return change_versions(services, "win11", lambda before: staged(before, version))[1].state.staged or ""
        except Conflict as refused:
            return str(refused)

    with ThreadPoolExecutor(10) as people:
        outcomes = list(people.map(attempt, NUMBERS))
    found = read_versions(services, "win11")
    assert [outcome for outcome in outcomes if outcome in NUMBERS] == [found.state.staged]
    assert len(found.versions) == 3


def test_compatible_changes_are_all_made(services: Services) -> None:
    change_versions(services, "win11", lambda before: staged(before, "3.0.0"))
    verdict = Verdict(result="passed", by="bob", at=NOON)
    changes = [
        lambda before: lifecycle.record_verdict(before, "3.0.0", verdict, task="v"),
        lambda before: removal_rules.begin_removal(before, "1.0.0", who="ann", now=NOON),
        lambda before: before.changed(promotion="p-1"),
    ]
    with ThreadPoolExecutor(3) as people:
        list(people.map(lambda change: change_versions(services, "win11", change), changes))
    found = read_versions(services, "win11")
    assert found.versions["3.0.0"].verdict == verdict
    assert found.versions["1.0.0"].deleting
    assert found.state.promotion == "p-1"


def test_a_change_that_never_succeeds_is_a_conflict(services: Services) -> None:
    def overtaken(before: VersionSet) -> VersionSet:
        change_versions(services, "win11", lambda other: other.changed(promotion=uuid.uuid4().hex))
        return staged(before, "3.0.0")

    with pytest.raises(StaleRow):
        change_versions(services, "win11", overtaken)
    assert read_versions(services, "win11").state.staged is None


def test_a_change_without_effect_writes_nothing(services: Services) -> None:
    before, after = change_versions(services, "win11", lambda found: found)
    assert before is after
    assert read_versions(services, "win11") == before


def deaf(services: Services, line: LossyProxy, azurite: Azurite, *, arrives: bool) -> Services:
    """Services whose next write of versions is not answered; unless it `arrives`, nothing is written either."""
    connection = services.settings.tables_connection.replace(str(azurite.port), str(line.server_port))
    versions = open_tables(Settings(tables_connection=connection), prefix=f"t{uuid.uuid4().hex[:12]}").versions
    record_family(versions, version_set())
    write_many = versions.write_many

    def unanswered(records: Sequence[ImageRow]) -> list[ImageRow]:
        versions.write_many = write_many  # type: ignore[method-assign]
        if not arrives:
            raise AzureBusy("table", 503, "Busy", "later")
        line.losing = True
        try:
            return write_many(records)
        finally:
            line.losing = False

    versions.write_many = unanswered  # type: ignore[method-assign]
    return replace(services, versions=versions)


def test_a_write_with_a_lost_response_counts_as_made(
    services: Services, azurite: Azurite, table_settings: Settings
) -> None:
    with lossy(azurite.port) as line:
        heard = deaf(replace(services, settings=table_settings), line, azurite, arrives=True)
        before, after = change_versions(heard, "win11", lambda found: staged(found, "3.0.0"))
        assert line.seen == ["POST"]
        assert (before.state.staged, after.state.staged) == (None, "3.0.0")
        assert after == read_versions(heard, "win11")


def test_a_write_that_never_arrived_does_not_count_as_made(
    services: Services, azurite: Azurite, table_settings: Settings
) -> None:
    with lossy(azurite.port) as line:
        heard = deaf(replace(services, settings=table_settings), line, azurite, arrives=False)
        with pytest.raises(AzureBusy):
            change_versions(heard, "win11", lambda found: staged(found, "3.0.0"))
        assert read_versions(heard, "win11").state.staged is None
