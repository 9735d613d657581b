"""What is quickly taken for small enough is so by the count of its bytes, too."""

from __future__ import annotations

import pytest

from shared.core.errors import TooLarge
from shared.tables import limits

AROUND = 4 + 16 * 4 + 4 * len("PartitionKeyRowKeytextnumber" + "pr")


@pytest.mark.parametrize("character", ["a", "😀"])
@pytest.mark.parametrize("beyond", [-1, 0, 1, 40, 1_000])
def test_the_quick_look_takes_nothing_for_small_that_is_too_large(
    character: str, beyond: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = character * ((limits.ENTITY_BYTES - AROUND) // 4 + beyond)
    entity = {"PartitionKey": "p", "RowKey": "r", "text": text, "number": 1}
    small = limits._is_small(entity)
    assert small is (beyond <= 0)
    monkeypatch.setattr(limits, "_is_small", lambda _: False)
    try:
        limits.check_entity(entity)
    except TooLarge:
        assert not small


def test_a_value_that_cannot_be_stored_is_never_small() -> None:
    with pytest.raises(TypeError):
        limits.check_entity({"PartitionKey": "p", "RowKey": "r", "text": object()})
