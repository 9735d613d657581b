"""The headers of every answer of the console: what its pages may load, run and ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ORIGIN = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)(?:/.*)?")
_NO_TEXT = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of an empty text. Fluent's style elements are empty when they are put in (the rules come by script), so this
lets them in and no other style inside a page."""

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000",
}


def page_headers(authorities: Iterable[str] = ()) -> dict[str, str]:
    """The headers. `authorities`: addresses besides the app itself that its pages may call, to sign people in."""
    return {"Content-Security-Policy": content_policy(authorities), **_FIXED}


def content_policy(authorities: Iterable[str]) -> str:
    """The content security policy (https://www.w3.org/TR/CSP3/)."""
    origins = [found[1] for address in authorities if (found := _ORIGIN.fullmatch(address))]
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' {_NO_TEXT}",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": " ".join(["'self'", *origins]),
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
