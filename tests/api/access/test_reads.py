"""What a reading request names is read once, for the check of whose it is and the answer; a change reads for itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.app import NOW, App, office, update


def count_reads(app: App, table: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of rows that are read one by one from now on."""
    rows: Any = getattr(app.tables, table)
    find, names = rows.find, []

    def counted(partition: str, row: str) -> Any:
        names.append(row)
        return find(partition, row)

    monkeypatch.setattr(rows, "find", counted)
    return names


@pytest.mark.parametrize(
    ("table", "name", "path"),
    [
        ("pools", "office", "/api/pools/office/hosts"),
        ("pools", "office", "/api/pools/office"),
        ("rollouts", "", "/api/rollouts/{}"),
        ("images", "win11", "/api/images/win11"),
    ],
)
def test_a_named_row_is_read_once(table: str, name: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = office()
    name = name or update(app, {"schedule": NOW}).json["id"]
    names = count_reads(app, table, monkeypatch)
    for _ in range(2):
        names.clear()
        assert app.send("GET", path.format(name)).status == 200
        assert names.count(name) == 1


def test_a_change_reads_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    app = office()
    names = count_reads(app, "pools", monkeypatch)
    assert app.send("PATCH", "/api/pools/office", {"ring": "pilot"}).status == 200
    assert names.count("office") >= 2
