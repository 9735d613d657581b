"""The commands of the guides, each page in a shell of its own against the shared stack, on pools of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.running import LONGEST, guides_with_commands, run_commands
from tests.docs.shell import Shell
from tests.end_to_end.conftest import Freshcoat


@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize("page", guides_with_commands())
def test_the_commands_of_a_guide_answer_as_it_shows(freshcoat: Freshcoat, tmp_path: Path, page: str) -> None:
    ports = {"PORT": str(freshcoat.options.port), "SIM_PORT": str(freshcoat.options.sim_port)}
    config = {"FRESHCOAT_CONFIG_DIR": str(tmp_path / "config"), "FRESHCOAT_NO_KEYRING": "1"}
    with Shell(tmp_path, ports | config) as shell:
        run_commands(page, freshcoat, shell)
