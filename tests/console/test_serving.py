"""The console through the real host: files, encodings, caching, headers, and an app that goes on without it."""

from __future__ import annotations

import gzip
import http.client
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixtures.console import PAGE, SCRIPT, app_folder, build
from tests.tools.local_host.running import RunningHost, spawn

ENTRA = {
    "FRESHCOAT_DEV_IDENTITY": "",
    "FRESHCOAT_ENTRA_TENANTS": "00000000-0000-0000-0000-000000000001",
    "FRESHCOAT_ENTRA_AUDIENCE": "00000000-0000-0000-0000-000000000002",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return app_folder(tmp_path_factory.mktemp("console") / "app", {})


@pytest.fixture(scope="module")
def host(app: Path) -> Iterator[RunningHost]:
    running = RunningHost(spawn(app, app.parent / "host.log"), app.parent / "host.log")
    yield running
    running.stop()


@pytest.fixture
def built(app: Path) -> Iterator[Path]:
    yield build(app / "console/dist")
    shutil.rmtree(app / "console/dist")


def get(host: RunningHost, path: str, **headers: str) -> httpx.Response:
    return host.client.get(path, headers={"Accept-Encoding": "identity"} | headers)


def raw(host: RunningHost, method: str, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    """An answer without a client that decodes it, or that tidies the path."""
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def test_without_a_build_it_says_how_to_make_one_and_the_api_goes_on(host: RunningHost) -> None:
    for path in ("/console", "/console/", "/console/pools", f"/console/{SCRIPT}"):
        answer = get(host, path)
        assert (answer.status_code, answer.text) == (404, "The console is not built: run make console")
        assert answer.headers["Cache-Control"] == "no-store"
    assert get(host, "/api/about").status_code in {200, 503}


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "/console/pools/office/update-image", "/console/rollouts/82-a"]
)
@pytest.mark.usefixtures("built")
def test_a_page_is_the_first_page_and_is_asked_for_again_each_time(host: RunningHost, path: str) -> None:
    answer = get(host, path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = get(host, path, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]
    assert again.headers["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]


@pytest.mark.usefixtures("built")
def test_an_asset_is_kept_for_ever_and_a_missing_one_is_no_page(host: RunningHost) -> None:
    answer = get(host, f"/console/{SCRIPT}")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    missing = get(host, "/console/assets/gone-12345678.js")
    assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "no-store")


def test_the_encoding_is_the_one_that_the_browser_takes(host: RunningHost, built: Path) -> None:
    plain = (built / SCRIPT).read_bytes()
    tags = set()
    for accepted, encoding, body in (
        ("gzip, deflate, br", "br", b"br:" + plain),
        ("gzip", "gzip", gzip.compress(plain)),
        ("identity", None, plain),
    ):
        answer = raw(host, "GET", f"/console/{SCRIPT}", {"Accept-Encoding": accepted})
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (encoding, "Accept-Encoding")
        assert answer.headers["Content-Length"] == str(len((built / f"{SCRIPT}{_END[encoding]}").read_bytes()))
        sent = answer.read()
        assert sent == body if encoding != "gzip" else gzip.decompress(sent) == plain
        tags.add(answer.headers["ETag"])
    assert len(tags) == 3


_END = {"br": ".br", "gzip": ".gz", None: ""}


def test_head_has_the_headers_and_no_content(host: RunningHost, built: Path) -> None:
    answer = raw(host, "HEAD", f"/console/{SCRIPT}", {"Accept-Encoding": "br"})
    assert (answer.status, answer.read()) == (200, b"")
    assert answer.headers["Content-Length"] == str(len((built / f"{SCRIPT}.br").read_bytes()))
    assert answer.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    [
        "/console/../host.json",
        "/console/%2e%2e/host.json",
        "/console/..%2f..%2fhost.json",
        "/console/..%5chost.json",
        "/console//etc/passwd",
        "/console/assets/..%2f..%2f..%2flocal.settings.json",
        "/console/%00",
        "/console/.git/config",
        "/console/dist/../../local.settings.json",
    ],
)
@pytest.mark.usefixtures("built")
def test_no_path_leads_out_of_the_folder(host: RunningHost, path: str) -> None:
    answer = raw(host, "GET", path)
    assert answer.status == 404
    assert b"FRESHCOAT" not in answer.read()


@pytest.mark.usefixtures("built")
def test_every_answer_has_the_headers_of_protection(host: RunningHost) -> None:
    for path in ("/console/", f"/console/{SCRIPT}", "/console/assets/gone.js", "/"):
        headers = raw(host, "GET", path).headers
        assert "connect-src 'self';" in headers["Content-Security-Policy"], path
        assert "trusted-types 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_root_leads_to_the_console(host: RunningHost) -> None:
    answer = get(host, "/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    assert get(host, "/anything").status_code == 404


@pytest.mark.usefixtures("built")
def test_it_is_read_and_never_written(host: RunningHost) -> None:
    assert host.client.post("/console/pools", json={}).status_code in {404, 405}


def test_with_entra_its_pages_may_call_the_authority(tmp_path: Path) -> None:
    app = app_folder(tmp_path / "app", ENTRA)
    build(app / "console/dist")
    host = RunningHost(spawn(app, tmp_path / "host.log"), tmp_path / "host.log")
    try:
        policy = get(host, "/console/").headers["Content-Security-Policy"]
    finally:
        host.stop()
    assert "connect-src 'self' https://login.microsoftonline.com;" in policy


def test_it_is_no_part_of_the_api(host: RunningHost) -> None:
    from triggers.http.openapi import document  # noqa: PLC0415

    assert [path for path in document()["paths"] if not path.startswith("/api/")] == []
