"""Finds a Chromium browser for the browser tests and the pictures: `python -m local.browser` prints it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

SETTING = "FRESHCOAT_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
"""Commands, the first one found is used: Debian's, Ubuntu's, Google's, Microsoft's."""
_OF_PLAYWRIGHT = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium")
FLAGS = (
    "--no-sandbox",  # as root, and in a container, there is none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
"""How it is started: nothing in it asks anything of the network by itself."""
MISSING = f"No Chromium was found. Install it (`sh local/setup.sh chromium` does so on Debian), or set {SETTING}."


class NoBrowser(RuntimeError):
    """No browser was found. The text says what to do."""


def find_chromium(environment: Mapping[str, str]) -> Path:
    """The browser: the one in FRESHCOAT_CHROMIUM, an installed one, or one that Playwright has downloaded.

    Raises NoBrowser.
    """
    chosen = environment.get(SETTING)
    if chosen:
        if not os.access(chosen, os.X_OK):
            raise NoBrowser(f"{SETTING} names {chosen}, which cannot be run.")
        return Path(chosen)
    for name in NAMES:
        if found := shutil.which(name, path=environment.get("PATH")):
            return Path(found)
    downloads = Path(environment.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    kept = sorted(path for pattern in _OF_PLAYWRIGHT for path in downloads.glob(pattern))
    if not kept:
        raise NoBrowser(MISSING)
    return kept[-1]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser, without a window. Raises NoBrowser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def main() -> int:
    """Print the path. The exit code is 1 without one."""
    try:
        print(find_chromium(os.environ))
    except NoBrowser as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
