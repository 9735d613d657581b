"""One browser and one running stack for each file, one visit for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from local.browser import open_browser
from local.stack.options import ROOT, StackOptions
from local.stack.processes import free_port
from tests.browser.visit import Visit
from tests.end_to_end.conftest import Freshcoat


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one file: while it is open its event loop counts as running, and other files of the worker need their own."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def freshcoat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Freshcoat]:
    """Everything up, at 600 times the speed of the clock on the wall in Azure."""
    assert (ROOT / "console/dist/index.html").exists(), "run make console first"
    options = StackOptions(
        port=free_port(), sim_port=free_port(), hosts=2, speed=600, directory_override=tmp_path_factory.mktemp("stack")
    )
    with Freshcoat(options) as stack:
        yield stack


@pytest.fixture
def visit(browser: Browser, freshcoat: Freshcoat) -> Iterator[Visit]:
    made = Visit(browser, freshcoat.options.app_url)
    yield made
    made.end()
