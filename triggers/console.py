"""The web console: its built files under `/console/`, and the way there from `/`.

Not part of the API: everybody gets these files, also without signing in, and they hold nothing about anybody. What the
console shows it asks the API for.
"""

from __future__ import annotations

from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

from shared.access.introduce import how_to_sign_in
from shared.caches.console_files import ConsoleFiles
from shared.console.encodings import is_known
from shared.console.headers import page_headers
from shared.console.names import cache_rule, type_of
from shared.core.settings import BadSettings
from shared.wiring import settings

bp = df.Blueprint()

BUILT = Path(__file__).parents[1] / "console" / "dist"
"""Where `make console` puts the built console."""
NOT_BUILT = "The console is not built: run make console"
_MISSING = "There is no such file"

_files = ConsoleFiles(BUILT)


@bp.route(route="console/{*path}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
def get_console(req: func.HttpRequest) -> func.HttpResponse:
    """A file of the console, or its first page."""
    return serve(req, _files)


@bp.route(route="{root:maxlength(0)?}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
def get_root(req: func.HttpRequest) -> func.HttpResponse:
    """The way to the console. An empty route would be the function's name."""
    return func.HttpResponse(status_code=302, headers={"Location": "/console/", **_headers("no-store")})


def serve(req: func.HttpRequest, files: ConsoleFiles) -> func.HttpResponse:
    """The answer to a request for a file. To HEAD, the host leaves the content out."""
    found = files.find(req.route_params.get("path") or "", req.headers.get("Accept-Encoding"))
    if found is None:
        text = _MISSING if files.is_built else NOT_BUILT
        return func.HttpResponse(text, status_code=404, headers=_headers("no-store"), mimetype="text/plain")
    headers = {**_headers(cache_rule(found.name)), "ETag": found.tag}
    if found.varies:
        headers["Vary"] = "Accept-Encoding"
    if is_known(found.tag, req.headers.get("If-None-Match")):
        return func.HttpResponse(status_code=304, headers=headers)
    if found.encoding:
        headers["Content-Encoding"] = found.encoding
    return func.HttpResponse(found.content, headers=headers, mimetype=type_of(found.name))


def _headers(caching: str) -> dict[str, str]:
    return {**page_headers(_authorities()), "Cache-Control": caching}


def _authorities() -> tuple[str, ...]:
    """Where the pages sign people in, besides the app."""
    try:
        sign_in = how_to_sign_in(settings())
    except BadSettings:  # the API says which; the console shows it
        return ()
    return (sign_in.authority,) if sign_in.kind == "entra" and sign_in.authority else ()
