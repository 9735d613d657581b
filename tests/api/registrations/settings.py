"""A pool, an image and an account with all settings, registered over HTTP, and requests that change them."""

from __future__ import annotations

from typing import Any

from tests.fixtures.app import App, Reply
from tests.fixtures.app import office as app_with_office
from tests.fixtures.profiles import DOMAIN
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.world.ids import SUBNET_ID, TEMPLATE_ID

POOL, IMAGE, ACCOUNT = "/api/pools/office", "/api/images/win11", "/api/accounts/contoso"
PATHS = (POOL, IMAGE, ACCOUNT)
WINDOW = {"days": ["mon", "tue"], "from": "08:00", "to": "20:00"}

BODIES: dict[str, dict[str, Any]] = {
    POOL: {
        "account": "contoso",
        "host_pool_id": HOST_POOL_ID,
        "image": "win11",
        "ring": "pilot",
        "time_zone": "Europe/Berlin",
        "join": {"kind": "entra", "intune": True},
        "directory_cleanup": "entra_intune",
        "policy": {
            "canary_hosts": 2,
            "windows": [WINDOW],
            "probe": "apps",
        },
        "refresh": "daily",
    },
    IMAGE: {
        "definition_id": DEFINITION_ID,
        "template_vm_id": TEMPLATE_ID,
        "build_subnet_id": SUBNET_ID,
        "accounts": ["contoso", "default"],
        "retention": {"backups": 5, "days": 60},
    },
    ACCOUNT: {"title": "Contoso Ltd", "time_zone": "Asia/Tokyo"},
}
"""The whole registration of each, with no setting at its default."""


def office() -> App:
    """An app with all three registered."""
    app = app_with_office()
    app.world.add_template(image="win11")
    for path in (ACCOUNT, IMAGE):
        assert app.send("PUT", path, BODIES[path]).status in {200, 201}
    assert app.send("PUT", "/api/access/join-profiles/contoso/corp", DOMAIN).status == 201
    for probe in ("contoso/apps", "contoso/printers", "default/apps"):
        assert app.send("PUT", f"/api/access/probes/{probe}", {"script": "exit 0"}).status == 201
    app.send("DELETE", POOL)
    reply = app.send("PUT", POOL, BODIES[POOL])
    assert reply.status == 201, reply.text
    return app


def settings(app: App, path: str) -> Any:
    """The settings of a registration as they are shown now."""
    shown = app.send("GET", path).json
    return {name: shown[name] for name in BODIES[path]}


def put(app: App, path: str, body: object, **headers: str) -> Reply:
    """Replace a whole registration."""
    return app.send("PUT", path, body, headers=_headers(headers))


def patch(app: App, path: str, changes: object, **headers: str) -> Reply:
    """Change single settings."""
    return app.send(
        "PATCH", path, changes, headers={"Content-Type": "application/merge-patch+json"} | _headers(headers)
    )


def etag(app: App, path: str) -> str:
    """The tag of a registration as it is now: the part of a read's tag that is about its settings."""
    settings_tag, dot, _ = app.send("GET", path).headers["ETag"].partition(".")
    assert dot
    return f'{settings_tag}"'


def _headers(named: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}
