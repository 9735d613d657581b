"""What there is before a request of an example: everything quiet, or a rollout in work, with what it needs besides."""

from __future__ import annotations

from typing import Any

from shared.core.states import RolloutState
from shared.models.access.grants import Grant
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.pools import Ring
from shared.models.rollouts import RolloutHost
from shared.models.tasks import TaskKind
from tests.api.access.world import two_customers
from tests.api.rollouts.commands import DEADLINE, in_state
from tests.api.test_tasks import add
from tests.fixtures.app import SETTINGS, App, change_pool, office, update
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.world.images import SUBNET_ID, TEMPLATE_ID

type World = tuple[App, dict[str, str]]
"""An app, and a name for each parameter of a path."""

OTHER_DEFINITION = DEFINITION_ID.replace("win11-office", "win11-lab")
OTHER_HOST_POOL = HOST_POOL_ID.replace("hp-office", "hp-lab")
OPERATOR = {"x-dev-role": "operator", "x-dev-name": "oscar"}
APPROVER = {"x-dev-role": "approver", "x-dev-name": "ann"}


def busy() -> World:
    """Pool `office` of `contoso`, in work on version 2.0.0; and one of everything else that has a name."""
    app, names = two_customers()
    app.settings = SETTINGS.model_copy(update={"event_secret": "a made-up secret of the app, number 1"})
    app.tables.hosts.add(RolloutHost(rollout=names["rollout"], host="h1.contoso.local", vm_id="/h1"))
    _add_things(app)
    return app, names


def quiet() -> World:
    """Pool `office` of account `default` on version 1.0.0 of `win11`. Active is 2.0.0; 3.0.0 is in the gallery."""
    app = office()
    _add_things(app)
    return app, {"pool": "office", "image": "win11", "account": "default"}


def _add_things(app: App) -> None:
    app.world.add_version("3.0.0")
    app.world.add_template()
    app.world.add_definition(OTHER_DEFINITION)
    app.world.add_version("1.0.0", OTHER_DEFINITION)
    app.world.add_pool(OTHER_HOST_POOL)
    app.world.add_host("lab-0.contoso.local", host_pool_id=OTHER_HOST_POOL)
    template = {"template_vm_id": TEMPLATE_ID, "build_subnet_id": SUBNET_ID}
    _done(app, "PATCH", "images/win11", template)


def known() -> App:
    """The busy world, in which the names of the document's examples are those of something."""
    app, names = busy()
    rollout = app.rollout(names["rollout"])
    app.tables.rollouts.add(rollout.model_copy(update={"id": "8204680874794-4bd9", "etag": None}))
    somebody = "11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222"
    app.tables.grants.add(Grant(principal=somebody, accounts=("contoso",), changed_at=app.now))
    return app


def staged() -> World:
    """Version 3.0.0 is staged."""
    app, names = quiet()
    _done(app, "POST", "images/win11/stage", {"version": "3.0.0"})
    return app, names | {"version": "3.0.0"}


def promoted() -> World:
    """Its activation is scheduled."""
    app, names = staged()
    asked = {"image": "win11", "at": "2026-11-03T22:00", "time_zone": "Europe/Berlin"}
    return app, names | {"promotion": _done(app, "POST", "promotions", asked)["id"]}


def promotion_of_two() -> World:
    """It updates pools, and waits for a second person."""
    app, names = staged()
    _two_people(app)
    asked = {
        "image": "win11",
        "at": "2026-11-03T22:00",
        "time_zone": "Europe/Berlin",
        "update_pools": "all",
        "schedule": {"mode": "now"},
    }
    return app, names | {"promotion": _done(app, "POST", "promotions", asked, OPERATOR)["id"]}


def task_of_two() -> World:
    """An update of many pools waits for a second person."""
    app, names = quiet()
    _two_people(app)
    asked = {"pools": ["office"], "version": "2.0.0", "schedule": DEADLINE}
    return app, names | {"task": _done(app, "POST", "rollouts", asked, OPERATOR)["id"]}


def running_task() -> World:
    """A version is being made."""
    app, names = quiet()
    return app, names | {"task": add(app, TaskKind.SET_AS_IMAGE).id}


def waiting_for_logoff() -> World:
    """A rollout with a deadline that is still ahead."""
    app, names = quiet()
    return app, names | {"rollout": update(app, {"schedule": DEADLINE, "reason": "patch day"}).json["id"]}


def paused() -> World:
    """A rollout that somebody paused, with a failed host."""
    return _of_state(RolloutState.PAUSED)


def awaiting() -> World:
    """A rollout whose canary hosts wait for approval."""
    return _of_state(RolloutState.AWAITING_APPROVAL)


def updated() -> World:
    """Pool `office` was updated from 1.0.0 to 2.0.0."""
    app, names = quiet()
    change_pool(app, version="2.0.0", previous_version="1.0.0")
    return app, names


def with_old_backup() -> World:
    """Version 0.9.0 was active once, and nobody has it any more."""
    app, names = quiet()
    app.world.add_version("0.9.0")
    record_family(app.tables.versions, version_set(backups=("1.0.0", "0.9.0")))
    return app, names | {"version": "0.9.0"}


def _of_state(state: RolloutState) -> World:
    app, rollout = in_state(state)
    return app, {"rollout": rollout}


def _two_people(app: App) -> None:
    limits: dict[str, Any] = {"changed_by_id": "development:carl", "changed_at": app.now}
    app.tables.limits.add(Limits(account="default", ring=Ring.PRODUCTION, two_people=TwoPeople.ALWAYS, **limits))


def _done(app: App, method: str, path: str, body: object, headers: dict[str, str] | None = None) -> Any:
    reply = app.send(method, f"/api/{path}", body, headers=headers or {})
    assert reply.status < 300, reply.text
    return reply.json
