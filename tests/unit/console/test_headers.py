"""The headers of the console's pages."""

from __future__ import annotations

import pytest

from shared.console.headers import content_policy, page_headers


def rules(*authorities: str) -> dict[str, str]:
    return dict(rule.split(" ", 1) for rule in content_policy(authorities).split("; "))


def test_nothing_is_allowed_but_what_the_app_itself_serves() -> None:
    assert rules() == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_pages_may_call_who_signs_people_in() -> None:
    assert rules("https://login.microsoftonline.com/")["connect-src"] == "'self' https://login.microsoftonline.com"
    assert rules("http://127.0.0.1:7072/x")["connect-src"] == "'self' http://127.0.0.1:7072"


@pytest.mark.parametrize("address", ["https://a.example; script-src *", "data:", "*", "https://", "javascript:x", ""])
def test_what_is_no_address_is_left_out(address: str) -> None:
    assert rules(address) == rules()


def test_the_other_headers_are_there() -> None:
    found = page_headers()
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["Cross-Origin-Opener-Policy"] == found["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Permissions-Policy" in found
    assert "Strict-Transport-Security" in found
