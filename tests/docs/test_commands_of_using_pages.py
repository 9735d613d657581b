"""The documented commands are run: other pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.running import LONGEST, OPERATING, pages_with_commands, run_page


@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize("page", [page for page in pages_with_commands() if page not in OPERATING])
def test_the_commands_of_a_page_answer_as_it_shows(page: str, tmp_path: Path) -> None:
    run_page(page, tmp_path)
