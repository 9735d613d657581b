"""Requests as an attacker, a browser of somebody else, or another version of the host may send them."""

from __future__ import annotations

import azure.functions as func
import pytest

from tests.api.access.test_reach import CONTOSO, FABRIKAM
from tests.api.access.test_who_asks import as_bearer, entra, me
from tests.api.access.world import two_customers
from tests.fixtures.app import App
from tests.fixtures.tokens import OTHER_TENANT
from triggers.http.contract import ENDPOINTS
from triggers.http.respond import respond


def send_turned(app: App, method: str, path: str, params: dict[str, str], headers: dict[str, str]) -> int:
    """The status of a request whose path parameters come in another order: the host gives them as a map."""
    endpoint = next(one for one in ENDPOINTS if (one.method, one.path) == (method, path))
    turned = dict(reversed(list(params.items())))
    address = f"http://test/api/{path.format(**params)}"
    request = func.HttpRequest(method=method, url=address, headers=headers, route_params=turned, body=b"")
    return respond(endpoint, request, lambda: app.services, app.engine).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "access/limits/{account}/{ring}"), ("DELETE", "images/{image}/versions/{version}")],
)
def test_the_order_of_path_parameters_does_not_matter(method: str, path: str) -> None:
    app, names = two_customers()
    params = {name: names[name] for name in ("account", "ring", "image", "version") if f"{{{name}}}" in path}
    assert send_turned(app, method, path, params, FABRIKAM) == 404
    assert send_turned(app, method, path, params, CONTOSO) in {200, 409}


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 202)])
def test_a_page_of_another_site_does_not_write_to_a_local_run(site: str, status: int) -> None:
    app, names = two_customers()
    path = f"/api/rollouts/{names['rollout']}/pause"
    assert app.send("POST", path, headers={"Sec-Fetch-Site": site}).status == status
    assert app.send("GET", "/api/pools", headers={"Sec-Fetch-Site": site}).status == 200


@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "Authorization"])
def test_the_case_of_a_header_does_not_matter(name: str) -> None:
    assert me(entra(), {name: as_bearer()["Authorization"]}).status == 200


def test_a_bad_proof_is_not_made_good_by_another_one() -> None:
    app = entra()
    bad = as_bearer(tid=OTHER_TENANT)
    assert me(app, bad | {"x-freshcoat-key": "fck_x"}).status == 401
    assert me(app, {"x-freshcoat-key": "fck_x", "x-freshcoat-signature": "v1=" + "0" * 64}).status == 401
    two = {"Authorization": f"{as_bearer()['Authorization']},{as_bearer()['Authorization']}"}
    assert me(app, two).status == 401


@pytest.mark.parametrize("missing", ["entra_tenants", "entra_audience"])
def test_without_tenants_and_audience_no_token_counts(missing: str) -> None:
    app = entra(**{missing: () if missing == "entra_tenants" else ""})
    assert me(app, as_bearer()).status == 401


def test_an_id_token_is_no_access_token() -> None:
    """It is for the console alone, which shows who is signed in; Entra ID names its client in access tokens only."""
    assert me(entra(), as_bearer(nonce="n-1")).status == 401
    assert me(entra(), as_bearer(nonce="n-1", azp="11111111-0000-4000-8000-000000000000")).status == 200


def test_a_stranger_is_not_told_how_many_pools_there_are() -> None:
    app, _ = two_customers()
    app.tables.pools.replace(app.pool().model_copy(update={"unreadable_since": app.now}))
    told = app.send("GET", "/api/health/live").json["checks"]["pools"]
    assert told == "1 of 1 cannot be read"
    app = entra()
    app.tables.pools.replace(app.pool().model_copy(update={"unreadable_since": app.now}))
    app.send("GET", "/api/health")
    assert app.send("GET", "/api/health").json["checks"]["pools"] == "some cannot be read"
