"""A visit to the console: pages in which nothing may go wrong unsaid, checks for everybody's use, and pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from local.stack.options import ROOT

WIDE, NARROW = (1440, 900), (360, 740)
LOOKS = (
    ("light-1440", False, WIDE),
    ("dark-1440", True, WIDE),
    ("light-360", False, NARROW),
    ("dark-360", True, NARROW),
)
"""Name, whether it is dark, and size of the window."""
PICTURES = bool(os.environ.get("PICTURES"))
"""Whether to keep pictures of the pages: drawing a whole page costs as much as looking at it with axe."""
SCREENSHOTS = ROOT / ".local" / "screenshots"
_AXE = ROOT / "console/node_modules/axe-core/axe.min.js"
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI || event.sample}`));
"""
_RUN_AXE = """(floating) => axe.run(
  { exclude: [["[data-tabster-dummy]"]] },
  { resultTypes: ["violations"], rules: { "target-size": { enabled: !floating }, region: { enabled: !floating } } })"""
"""Fluent's focus traps are hidden elements that take the focus for a moment: a known false finding of axe."""


expect.set_options(timeout=60_000)  # a busy machine is no fault of the page


class Visit:
    """Pages of one visitor. At its end it fails for every console message, error, foreign request and violation."""

    def __init__(self, browser: Browser, origin: str, *also: str) -> None:
        """`also`: other origins that pages may ask."""
        self._browser, self.origin = browser, origin
        self._known = (f"{origin}/", "data:", "blob:", *(f"{other}/" for other in also))
        self._pages: list[Page] = []
        self._troubles: list[str] = []

    def open(
        self,
        path: str,
        *,
        role: str = "",
        dark: bool = False,
        size: tuple[int, int] = WIDE,
        zone: str = "Europe/Amsterdam",
        prepare: Callable[[Page], None] = lambda _: None,
    ) -> Page:
        """Open a page by its address below /console, as somebody of this role (by default of all roles).

        `prepare` gets the page before it goes anywhere.
        """
        context = self._browser.new_context(
            base_url=self.origin,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            viewport={"width": size[0], "height": size[1]},
            locale="en-GB",
            timezone_id=zone,
        )
        context.add_init_script(_TELL_VIOLATIONS)
        if role:
            context.add_init_script(f"sessionStorage.setItem('freshcoat.dev-role', '{role}')")
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._troubles.append(f"error: {error}"))
        page.on("crash", lambda _: self._troubles.append("the page crashed"))
        page.on("request", self._asked)
        page.set_default_timeout(60_000)
        self._pages.append(page)
        prepare(page)
        page.goto(f"/console{path}")
        return page

    @contextmanager
    def expecting(self, pattern: str) -> Iterator[None]:
        """Within the block messages like this one are right; at least one has to come."""
        before = len(self._troubles)
        yield
        found = [text for text in self._troubles[before:] if re.search(pattern, text)]
        self._troubles[before:] = [text for text in self._troubles[before:] if text not in found]
        assert found, f"no message like {pattern!r}"

    def end(self) -> None:
        """Close the pages. Fails with all that went wrong in them."""
        for page in self._pages:
            page.context.close()
        assert not self._troubles, "\n".join(self._troubles)

    def _said(self, message: ConsoleMessage) -> None:
        where = urlsplit(message.location.get("url", "")).path
        self._troubles.append(f"{message.type}: {message.text} ({where})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._known):
            self._troubles.append(f"a request to another origin: {request.url}")


def check_for_all(page: Page, *, floating: bool = False) -> None:
    """Fails for everything that axe finds on the page, by WCAG 2.2 AA and by its best practices.

    `floating`: an open menu or a toast floats outside of the page's landmarks and over its buttons, as it should.
    Without it, toasts of what was done before are waited for.
    """
    if not floating:
        expect(page.get_by_role("region", name="Messages").get_by_role("listitem")).to_have_count(0)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate(_RUN_AXE, floating)["violations"]
    told = [
        f"{rule['id']}: {node['html'][:160]} -> {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]
    assert told == [], "\n".join(told)


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page in `.local/screenshots`, when `PICTURES` asks for it."""
    if not PICTURES:
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")


def look_at(visit: Visit, path: str, name: str, title: str) -> None:
    """Look at a page light and dark, wide and narrow: axe finds nothing, and nothing sticks out.

    It is loaded once. It follows the size of its window and the colours that the system asks for.
    """
    page = visit.open(path)
    for label, dark, size in LOOKS:
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_viewport_size({"width": size[0], "height": size[1]})
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark" if dark else "light")
        settle(page)
        check_look(page, f"{name}-{label}")
    page.context.close()


def check_look(page: Page, name: str) -> None:
    """Axe finds nothing, and the page does not scroll sideways. A picture is kept when `PICTURES` asks for it."""
    picture(page, name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    check_for_all(page)


def settle(page: Page) -> None:
    """Wait until the page shows data in place of its placeholders, and listens to keys."""
    page.wait_for_load_state("load")
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
