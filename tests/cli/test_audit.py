"""`audit verify` says of which months the record was checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.app import ABOUT, Says, run_here, serving


@pytest.mark.parametrize(
    ("months", "says"),
    [
        (["2026-11", "2026-10", "2026-09"], "entries 120 from 2026-09 to 2026-11"),
        (["2026-11"], "entries 120 in 2026-11"),
        ([], "entries 120 of no whole month"),
    ],
)
def test_the_months_that_were_checked_are_named(tmp_path: Path, months: list[str], says: str) -> None:
    found: dict[str, Any] = {"whole": True, "complete": True, "months": months, "entries": 120, "unchained": 0}
    found |= {"signed": [], "signatures_read": True, "broken": 0, "first": None}
    with serving(lambda asked: Says(body=ABOUT if asked.path.endswith("/about") else found)) as at:
        ran = run_here(tmp_path, "audit", "verify", "--url", at.url)
    assert says in [" ".join(line.split()) for line in ran.out.splitlines()]
