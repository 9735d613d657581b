"""`make screenshots`: the pictures of the README, made anew from the running console into `docs/pictures`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from local.browser import NoBrowser, open_browser
from local.demo.setup import POLICY
from local.sim.core import names
from local.stack.app_client import NEW, POOL, AppClient, on_logoff
from local.stack.azure_client import SimulatedAzureClient
from local.stack.options import ROOT, StackOptions
from local.stack.processes import StackError, bypass_proxies, free_port
from local.stack.stack import Stack, stop_on_signals

PICTURES = ROOT / "docs" / "pictures"
_OTHERS = {"finance": (12, 0.7), "helpdesk": (6, 0.5), "sales": (18, 0.6), "warehouse": (4, 0.2)}
"""Pool -> number of hosts, share of them with users."""
_SIZE = {"width": 1280, "height": 800}
_SPEED = 120.0
_LONGEST = 120.0
"""Seconds to wait for a state that is worth a picture."""


def main() -> int:
    """Make all pictures. Returns 1 when that is not possible, with the reason in one line."""
    bypass_proxies()
    stop_on_signals()
    try:
        with tempfile.TemporaryDirectory() as logs:
            _make(StackOptions(port=free_port(), sim_port=free_port(), speed=_SPEED, directory_override=Path(logs)))
    except (NoBrowser, StackError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _make(options: StackOptions) -> None:
    with (
        Stack(options),
        AppClient(options) as client,
        SimulatedAzureClient(options) as azure,
        open_browser() as browser,
    ):
        _register(client, azure)
        rollout = client.publish(POOL, on_logoff(datetime.now(UTC) + timedelta(days=6)), "November patches")
        _wait(lambda: client.rollout(rollout).percent >= 40)
        PICTURES.mkdir(parents=True, exist_ok=True)
        context = browser.new_context(
            base_url=options.app_url,
            viewport=_SIZE,  # type: ignore[arg-type]  # a dict of two numbers
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Amsterdam",
        )
        page = context.new_page()
        _take(page, "rollout", f"/console/rollouts/{rollout}", f"{POOL} to {NEW}", "Hosts by name")
        _take(
            page,
            "update-image",
            "/console/pools/sales/update-image",
            "Update image of sales",
            "Publish 2.0.0 to 18 hosts",
        )


def _register(client: AppClient, azure: SimulatedAzureClient) -> None:
    client.register_image()
    client.register_pool(POOL, names.OFFICE_POOL_ID, POLICY)
    for name, (hosts, busy) in _OTHERS.items():
        ring = "test" if name == "helpdesk" else "production"
        client.register_pool(name, azure.add_host_pool(f"hp-{name}", hosts, busy), POLICY, ring=ring)


def _take(page: Page, name: str, path: str, title: str, shown: str) -> None:
    """A picture of a page, once it shows a text (or has it as the name of something)."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    expect(page.get_by_text(shown).or_(page.get_by_label(shown)).first).to_be_visible(timeout=_LONGEST * 1_000)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    print(f"docs/pictures/{name}.png")


def _wait(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + _LONGEST
    while not reached():
        if time.monotonic() > end:
            raise StackError(f"The rollout did not get far enough for a picture within {_LONGEST:.0f} s.")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
