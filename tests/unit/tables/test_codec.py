"""How records look as entities, as far as the service and other deployments see it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from azure.data.tables import EntityProperty
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.core.errors import TooLarge
from shared.models.accounts import Account
from shared.models.base import SCHEMA_VERSION, Record
from shared.models.host_parts import Told, Warnings
from shared.models.images import Image
from shared.models.kept_disks import KeptDisk
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.tasks import Task
from shared.tables import keys
from shared.tables.codec import Codec, Coding
from shared.tables.keys import escape_key
from shared.tables.limits import TEXT_UNITS, check_entity, split_text, transactions
from shared.tables.open import image_row_codec
from tests.fixtures.table_records import (
    NOON,
    Everything,
    Inner,
    account,
    capture_task,
    everything_keys,
    image,
    image_state,
    image_version,
    joined_entra,
    kept_disk,
    pool,
    promotion,
    rollout,
    rollout_host,
    row,
)

CODEC = Codec(Everything, everything_keys)


def test_writing_an_older_row_raises_its_schema_version() -> None:
    assert CODEC.encode(row("a", schema_version=SCHEMA_VERSION - 1))["schema_version"] == SCHEMA_VERSION


def test_plain_fields_are_native_properties_and_none_values_are_omitted() -> None:
    entity = Codec(Pool, keys.pool_keys).encode(pool(previous_version=None))
    assert entity["PartitionKey"] == "pool"
    assert entity["RowKey"] == "office"
    assert entity["ring"] == "pilot"
    assert entity["registered_at"] == f"{NOON:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert entity["schema_version"] == 1
    assert '"profile":"corp"' in entity["join"]
    assert "previous_version" not in entity
    assert "etag" not in entity


def test_usually_empty_fields_are_omitted_and_cannot_be_filtered_by() -> None:
    codec = Codec(RolloutHost, keys.rollout_host_keys)
    bare = RolloutHost(rollout="1-a", host="h", vm_id="/vm")
    entity = codec.encode(bare)

    assert set(entity) <= {
        "PartitionKey", "RowKey", "schema_version", "rollout", "host", "vm_id", "state", "attempt", "engine_run",
        "sessions",
    }  # fmt: skip
    assert codec.decode(entity, "e") == bare.model_copy(update={"etag": "e"})
    full = bare.replace(rolling_back=True, error="x", warnings=Warnings(told={"s": Told(step=5)}), signed_out=("s",))
    assert codec.decode(codec.encode(full), "e") == full.model_copy(update={"etag": "e"})
    for name, empty in (("rolling_back", False), ("error", "")):
        with pytest.raises(ValueError, match=name):
            codec.literal(name, empty)
    assert codec.literal("rolling_back", True) == "true"


def test_rows_that_contain_omitted_fields_can_be_read() -> None:
    codec = Codec(RolloutHost, keys.rollout_host_keys)
    bare = RolloutHost(rollout="1-a", host="h", vm_id="/vm")
    before = codec.encode(bare) | {"rolling_back": False, "error": "", "warnings": "{}", "signed_out": "[]"}
    assert codec.decode(before, "e") == bare.model_copy(update={"etag": "e"})


def test_times_in_the_native_type_of_the_service_can_be_read() -> None:
    codec = Codec(Pool, keys.pool_keys)
    written = codec.encode(pool())
    former = written | {"registered_at": NOON}

    read, before = codec.decode(written, "e"), codec.decode(former, "e")

    assert read == before
    assert read.registered_at.tzinfo is UTC and before.registered_at.tzinfo is UTC


def test_large_integers_are_64_bit_properties() -> None:
    assert isinstance(CODEC.encode(row("a", number=2**31))["number"], EntityProperty)


@pytest.mark.parametrize(
    ("codec", "record"),
    [
        (Codec(Pool, keys.pool_keys), pool()),
        (Codec(Pool, keys.pool_keys), joined_entra()),
        (Codec(Rollout, keys.rollout_keys), rollout()),
        (Codec(RolloutHost, keys.rollout_host_keys), rollout_host()),
        (Codec(KeptDisk, keys.disk_keys), kept_disk()),
        (Codec(Account, keys.account_keys), account()),
        (Codec(Image, keys.image_keys), image()),
        (Codec(Image, keys.image_keys), image(accounts=())),
        (Codec(Image, keys.image_keys), image(accounts=None)),
        (image_row_codec(), image_state()),
        (image_row_codec(), image_state(active=None, activated_at=None, waiting_pools=())),
        (image_row_codec(), image_version()),
        (image_row_codec(), image_version(verdict=None)),
        (Codec(Task, keys.task_keys), capture_task()),
        (Codec(Promotion, keys.promotion_keys), promotion()),
    ],
)
def test_every_record_type_survives_a_round_trip(codec: Coding[Record], record: Record) -> None:
    assert codec.decode(codec.encode(record), "e") == record.model_copy(update={"etag": "e"})


def test_rows_of_several_kinds_in_one_table_are_distinguished() -> None:
    codec = image_row_codec()
    assert codec.literal("active", "2.0.0") == "'2.0.0'"
    assert codec.literal("state", "staged") == "'staged'"
    with pytest.raises(ValueError, match="colour"):
        codec.literal("colour", "red")
    with pytest.raises(KeyError):
        codec.decode({**codec.encode(image_state()), "kind": "pool"}, "e")


def test_versions_are_sorted_by_number_and_not_as_text() -> None:
    codec = image_row_codec()
    rows = [image_version(version) for version in ("10.0.0", "9.10.0", "9.9.4294967295", "0.0.1")]
    assert [row.version for row in sorted(rows, key=codec.keys)] == ["0.0.1", "9.9.4294967295", "9.10.0", "10.0.0"]


def test_fields_of_a_newer_deployment_are_ignored_at_any_depth() -> None:
    entity = CODEC.encode(row("a", inner=Inner(at=NOON)))
    entity["inner"] = entity["inner"].replace("{", '{"new": {"deep": 1},', 1)
    assert CODEC.decode(entity | {"added": "later"}, "e") == row("a", inner=Inner(at=NOON), etag="e")


def test_a_field_unknown_to_an_older_deployment_gets_its_default() -> None:
    entity = CODEC.encode(row("a"))
    del entity["number"]
    assert "counts" not in entity
    assert CODEC.decode(entity, "e") == row("a", etag="e")


def test_a_field_that_could_lose_its_none_is_refused() -> None:
    class Forgetful(Record):
        number: int | None = 5

    with pytest.raises(TypeError, match="number"):
        Codec(Forgetful, lambda _: ("p", "r"))


def test_a_time_of_the_sdk_becomes_a_plain_datetime() -> None:
    class SdkMoment(datetime):
        tables_service_value = "2020-01-01T00:00:00Z"

    read = CODEC.decode(CODEC.encode(row("a")) | {"at": SdkMoment(2026, 1, 2, tzinfo=UTC)}, "e")
    assert type(read.at) is datetime


def test_a_secret_is_not_stored() -> None:
    class WithSecret(Record):
        secret: SecretStr

    entity = Codec(WithSecret, lambda _: ("p", "r")).encode(WithSecret(secret=SecretStr("hidden")))
    assert "hidden" not in str(entity)


@given(st.lists(st.tuples(st.sampled_from("aü😀"), st.integers(TEXT_UNITS // 2 - 2, TEXT_UNITS + 2)), max_size=4))
def test_parts_of_a_long_text_fit_and_join_to_the_whole(runs: list[tuple[str, int]]) -> None:
    whole = "".join(character * times for character, times in runs)
    parts = split_text(whole)
    assert "".join(parts) == whole
    assert all(len(part.encode("utf-16-le", "surrogatepass")) <= 2 * TEXT_UNITS for part in parts)


def test_more_than_252_properties_are_refused() -> None:
    entity = {"PartitionKey": "p", "RowKey": "r"} | {f"p{number}": 1 for number in range(252)}
    check_entity(entity)
    with pytest.raises(TooLarge, match="253 properties"):
        check_entity(entity | {"one": 1})


def test_a_transaction_stays_under_a_hundred_rows_and_four_mebibytes() -> None:
    small = [CODEC.encode(row(f"{number}")) for number in range(205)]
    assert [len(group) for group in transactions(small)] == [100, 100, 5]
    large = [CODEC.encode(row(f"{number}", text="ü" * 400_000)) for number in range(5)]  # six bytes each in JSON
    assert [len(group) for group in transactions(large)] == [1] * 5


@given(st.text(max_size=400))
def test_a_key_is_short_and_free_of_forbidden_characters(text: str) -> None:
    key = escape_key(text)
    assert len(key) <= 250
    assert not set(key) & set("/\\#?%")
    assert key.isascii()
    assert key.isprintable()


@given(st.text(max_size=300), st.text(max_size=300))
def test_different_texts_are_different_keys(one: str, other: str) -> None:
    assert (escape_key(one) == escape_key(other)) == (one == other)


def test_a_long_key_keeps_its_readable_start() -> None:
    assert escape_key("host-" * 100).startswith("host-host-host-")
