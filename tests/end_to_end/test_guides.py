"""The commands of the guides, each page in a shell of its own against the shared stack, on pools of its own.

All pages run side by side: what takes time is waiting for rollouts.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docs.running import LONGEST, guides_with_commands, run_commands
from tests.docs.shell import Shell
from tests.end_to_end.conftest import Freshcoat

PAGES = guides_with_commands()


@pytest.fixture(scope="module")
def running(freshcoat: Freshcoat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[None]]]:
    """Every page, on its way or through."""
    folders = {page: tmp_path_factory.mktemp("guide") for page in PAGES}
    with ThreadPoolExecutor(len(PAGES)) as together:
        yield {page: together.submit(run, freshcoat, folder, page) for page, folder in folders.items()}


def run(freshcoat: Freshcoat, folder: Path, page: str) -> None:
    """The commands of one page. Raises AssertionError at the first that does not do as it shows."""
    ports = {"PORT": str(freshcoat.options.port), "SIM_PORT": str(freshcoat.options.sim_port)}
    config = {"FRESHCOAT_CONFIG_DIR": str(folder / "config"), "FRESHCOAT_NO_KEYRING": "1"}
    with Shell(folder, ports | config) as shell:
        run_commands(page, freshcoat, shell)


@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_guide_answer_as_it_shows(running: dict[str, Future[None]], page: str) -> None:
    running[page].result()
