"""Rows that a release wrote are read by today's code, and rows of today by the release: both may run at once."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from local.stack.options import ROOT
from shared.core.names import RELEASE
from tests.unit.tables import releases
from tests.unit.tables.releases import Kept, recorded, today
from tests.unit.tables.row_changes import incompatible, unread

HELP = "See docs/package.md#changing-a-row."
AGAIN = f"{releases.__doc__}".partition("\n\n")[2]
SECTIONS = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
ACCEPTED: dict[str, str] = {}
"""Differences that do no harm, as they are found, and why: `{"0.1.0 Pool.title: is lost": "nothing has read it"}`."""

if os.environ.get("RECORD_ROWS"):
    releases.record(RELEASE)
KEPT = recorded()


def not_accepted(release: str, found: Iterable[str]) -> list[str]:
    return [one for one in found if f"{release} {one}" not in ACCEPTED]


@pytest.mark.parametrize("release", KEPT)
def test_todays_code_reads_the_rows_of_a_release_and_loses_nothing_of_them(release: str) -> None:
    advice = HELP if release in SECTIONS else f"{release} is not released yet, so its rows may be others. {AGAIN}"
    assert not_accepted(release, unread(KEPT[release])) == [], advice


@pytest.mark.parametrize("release", [release for release in KEPT if release in SECTIONS])
def test_a_release_and_todays_code_may_use_the_same_tables(release: str) -> None:
    assert not_accepted(release, incompatible(KEPT[release], today())) == [], HELP


def test_every_release_has_its_rows() -> None:
    assert KEPT
    assert {*SECTIONS, "Unreleased"} <= {*KEPT, "Unreleased"}, AGAIN
    if SECTIONS[0] == RELEASE:
        assert KEPT[RELEASE] == today(), f"This is the release, and its rows are others than those kept. {AGAIN}"


def test_what_is_accepted_is_still_found() -> None:
    now = today()
    found = {f"{release} {one}" for release, kept in KEPT.items() for one in (*unread(kept), *incompatible(kept, now))}
    assert ACCEPTED.keys() <= found


def test_the_samples_have_every_column_and_today_is_compatible_with_itself() -> None:
    kept = today()
    assert [*incompatible(kept, kept), *unread(kept)] == []
    for table, model in kept["tables"].items():
        written = {name for row in kept["rows"][table] for name in row}
        assert written >= kept["schemas"][model]["properties"].keys() - {"etag"}, table


def test_another_digest_of_the_same_row_is_found() -> None:
    kept = today()
    kept["digests"]["Audit"][1] = "0"
    assert [one.partition(":")[0] for one in unread(kept)] == ["Audit"]


def test_settings_that_an_update_would_ignore_or_refuse_are_found() -> None:
    kept = today()
    kept["settings"]["look_gap"] = {"type": "number"}
    kept["settings"]["resume_after"]["maximum"] = 1_000_000
    kept["settings"]["dev_identity"] = {"type": "integer"}
    assert set(unread(kept)) == {
        "FRESHCOAT_RESUME_AFTER: a value that was good would stop the app: maximum is 86400 instead of 1000000",
        "FRESHCOAT_DEV_IDENTITY: a value that was good would stop the app: is string instead of integer",
        "FRESHCOAT_LOOK_GAP: is set in Azure, and would be ignored from now on",
    }


def required_column(now: Kept) -> None:
    now["schemas"]["Pool"]["properties"]["floor"] = {"type": "string"}
    now["schemas"]["Pool"]["required"].append("floor")
    now["schema_version"] += 1


def column_of_the_same_layout(now: Kept) -> None:
    now["schemas"]["Found"]["properties"]["was_locked"] = {"type": "boolean", "default": False}


def column_gone(now: Kept) -> None:
    del now["schemas"]["Rollout"]["properties"]["definition_id"]
    now["schemas"]["Rollout"]["required"].remove("definition_id")


def state_added(now: Kept) -> None:
    now["schemas"]["HostState"]["enum"].append("sleeping")


def state_gone(now: Kept) -> None:
    now["schemas"]["HostState"]["enum"].remove("joining")


def other_type(now: Kept) -> None:
    now["schemas"]["Rollout"]["properties"]["engine_run"]["type"] = "string"


def may_be_none(now: Kept) -> None:
    replicas = now["schemas"]["Rollout"]["properties"]["replicas"]
    now["schemas"]["Rollout"]["properties"]["replicas"] = {"anyOf": [replicas, {"type": "null"}]}


def other_default(now: Kept) -> None:
    now["schemas"]["RolloutProbe"]["properties"]["timeout_minutes"]["default"] = 20


def other_table(now: Kept) -> None:
    now["tables"]["DesktopPools"] = now["tables"].pop("Pools")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (required_column, "Pool.floor: new code cannot read it"),
        (column_of_the_same_layout, "Found.was_locked: old code drops it when it writes the row: raise SCHEMA_VERSION"),
        (column_gone, "Rollout.definition_id: old code cannot read it"),
        (state_added, "HostState: old code cannot read it: has no value sleeping any more"),
        (state_gone, "HostState: new code cannot read it: has no value joining any more"),
        (other_type, "Rollout.engine_run: new code cannot read it: is string instead of integer"),
        (may_be_none, "Rollout.replicas: old code cannot read it: takes no null any more"),
        (other_default, "RolloutProbe.timeout_minutes: rows that leave it out mean 10, and would be read as 20"),
        (other_table, "Pools: the table is gone"),
    ],
)
def test_a_change_that_two_versions_could_not_share_is_found(change: Callable[[Kept], None], found: str) -> None:
    before = today()
    now = copy.deepcopy(before)
    change(now)
    assert any(one.startswith(found) for one in incompatible(before, now)), list(incompatible(before, now))


def test_a_column_that_older_code_must_not_drop_is_fine_with_a_new_layout() -> None:
    before = today()
    now = copy.deepcopy(before)
    column_of_the_same_layout(now)
    now["schemas"]["RolloutHost"]["properties"]["found"]["default"]["was_locked"] = False
    now["schema_version"] += 1
    assert list(incompatible(before, now)) == []


def test_rows_that_todays_code_cannot_read_or_would_shorten_are_found() -> None:
    kept = today()
    kept["rows"]["Pools"][0]["floor"] = "third"
    kept["rows"]["Pools"][1]["policy"] = '{"floors":[3]}'
    kept["rows"]["Pools"][2]["RowKey"] = "another"
    kept["rows"]["RolloutHosts"][0]["state"] = "sleeping"
    kept["rows"]["Lifts"] = []
    kept["steps"]["host"].insert(3, "wash_host")
    kept["steps"]["activate"].reverse()
    kept["names"]["ROLLOUT_TAG"] = "FreshcoatUpdate"
    kept["names"]["host_instance"] = "host:avd-0"
    found: Iterator[str] = unread(kept)
    assert [re.sub(r" validation error.*|(?<=: )(was .*|\S+, .*)", "", one, flags=re.DOTALL) for one in found] == [
        "steps of activate: ",
        "steps of host: ",
        "ROLLOUT_TAG: ",
        "host_instance: ",
        "Pools.floor: is lost",
        "Pools.policy.floors: is lost",
        "Pools.RowKey: another becomes win11",
        "RolloutHosts: cannot be read: 1",
        "Lifts: the table is gone",
    ]
