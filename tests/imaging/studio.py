"""What tests of images share: an image with its template, pools in every ring, and what must hold in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.core.states import VersionState
from shared.models.images import Image
from shared.models.pools import EntraJoin, Pool, Ring
from shared.records.versions import read_family
from shared.services import PROMOTIONS, TASKS
from shared.versions.version_set import Family
from tests.fixtures.app import App, Reply
from tests.fixtures.azure_world import DEFINITION_ID, HOST_POOL_ID, TEMPLATE_ID
from tests.fixtures.families import family, record_family
from tests.fixtures.play import Play

IMAGE = "win11"
OLD, NEW = "1.0.0", "2.0.0"


def studio(*, security_type: str = "TrustedLaunchSupported", power: str = "deallocated", staged: bool = False) -> Play:
    """The image `win11` with 1.0.0 active (and 2.0.0 staged), its template, and no pools."""
    app = App()
    app.world.add_definition(security_type=security_type)
    app.world.add_version(OLD)
    launch = {"securityType": "TrustedLaunch"} if security_type == "TrustedLaunch" else {}
    app.world.add_template(power=power, security=launch)
    image = Image(name=IMAGE, definition_id=DEFINITION_ID, template_vm_id=TEMPLATE_ID, registered_at=app.now)
    app.tables.images.add(image)
    if staged:
        app.world.add_version(NEW, staged=True)
    record_family(app.tables.versions, family(OLD, backups=(), staged=NEW if staged else None))
    return Play(app)


def activated(play: Play) -> Play:
    """2.0.0 has been activated long ago, and 1.0.0 is its backup."""
    play.app.world.add_version(NEW)
    play.app.world.add_version(OLD, staged=True)
    record_family(play.app.tables.versions, family(NEW, backups=(OLD,)))
    return play


def add_pool(
    play: Play,
    name: str,
    ring: Ring = Ring.PRODUCTION,
    *,
    hosts: int = 1,
    users: int = 0,
    version: str = OLD,
    **fields: Any,
) -> None:
    """A pool whose hosts are on this version, registered before anything else happens."""
    app = play.app
    host_pool_id = HOST_POOL_ID.replace("hp-office", f"hp-{name}")
    app.world.add_pool(host_pool_id)
    for number in range(hosts):
        app.world.add_host(f"{name}-{number}", users=users, version=version, host_pool_id=host_pool_id)
    given: dict[str, Any] = {
        "name": name, "account": "default", "host_pool_id": host_pool_id, "image": IMAGE, "version": version,
        "version_at": app.now - timedelta(days=1), "ring": ring, "join": EntraJoin(kind="entra"),
        "registered_at": app.now,
    }  # fmt: skip
    app.tables.pools.add(Pool(**(given | fields)))


def post(play: Play, path: str, body: object = None) -> Reply:
    """A request about the image."""
    return play.app.send("POST", f"/api/images/{IMAGE}{path}", body or {})


def get(play: Play, path: str) -> Any:
    """What a GET answers."""
    reply = play.app.send("GET", f"/api{path}")
    assert reply.status == 200, reply.text
    return reply.json


def recorded(play: Play) -> Family:
    """The versions of the image as they are recorded."""
    return read_family(play.app.services, IMAGE)


def states(play: Play) -> dict[str, VersionState]:
    """Version -> state."""
    return {name: row.state for name, row in recorded(play).versions.items()}


def given_out(play: Play, pool: str) -> str:
    """What a new host of the pool is made from."""
    return str(get(play, f"/pools/{pool}/image")["version"])


def on_versions(play: Play, pool: str) -> set[str | None]:
    """The versions the hosts of a pool are on."""
    return {host["version"] for host in get(play, f"/pools/{pool}/hosts")["items"]}


def excluded(play: Play) -> dict[str, bool]:
    """Version -> whether "latest" passes it over, as the gallery has it."""
    versions = play.app.world.versions[DEFINITION_ID.lower()]
    return {name: found.exclude_from_latest for name, found in versions.items()}


def assert_sound(play: Play) -> None:
    """At most one active, one staged, one that is being made; the pointers say which; nothing was violated."""
    found = recorded(play)
    by_state = {state: [v for v, row in found.versions.items() if row.state is state] for state in VersionState}
    assert by_state[VersionState.ACTIVE] == ([found.state.active] if found.state.active else [])
    assert by_state[VersionState.STAGED] == ([found.state.staged] if found.state.staged else [])
    assert len(by_state[VersionState.CAPTURING]) == bool(found.state.capture)
    assert play.app.world.violations == []


def assert_at_rest(play: Play) -> None:
    """Besides: no task or promotion is under way, nothing temporary is left, the gallery's flags are right."""
    assert_sound(play)
    assert recorded(play).state.capture == ""
    assert [task.id for task in play.app.tables.tasks.all(TASKS) if not task.state.ended] == []
    assert [p.id for p in play.app.tables.promotions.all(PROMOTIONS) if p.state == "promoting"] == []
    assert play.app.world.temporary() == []
    active = recorded(play).state.active
    flags = excluded(play)
    assert [name for name in recorded(play).versions if name in flags and flags[name] is (name == active)] == []
