"""A plan says that the request would wait for a second person, and what is said comes true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.access.two_people.rule import approval_awaited
from shared.core.codes import Code
from shared.models.access.grants import Grant
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.pools import Ring
from tests.fixtures.app import App, office
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import OLD, activated, add_pool, studio
from tests.fixtures.tokens import ANN, BOB, TENANT

NOW = {"schedule": {"mode": "now"}}
TEXT = "It would wait for approval. Ring production asks for two people, because its limits say so."


def asking(app: App, *rings: Ring) -> App:
    for ring in rings or (Ring.PRODUCTION,):
        rule = Limits(account="default", ring=ring, two_people=TwoPeople.ALWAYS, changed_at=app.now)
        app.tables.limits.add(rule)
    return app


def plan(app: App, path: str, **body: Any) -> Any:
    reply = app.send("POST", f"/api/{path}?what_if=true", body)
    assert reply.status == 200, reply.text
    return reply.json


def images(env: Environment, *rings: Ring) -> App:
    asking(env.app, *rings)
    for ring in Ring:
        add_pool(env, f"pool-{ring}", ring)
    return env.app


def test_a_plan_of_a_pool_says_it_and_its_request_waits() -> None:
    app = office()
    assert plan(app, "pools/office/update-image", version="2.0.0", **NOW)["approval"] is None
    asking(app)
    told = plan(app, "pools/office/update-image", version="2.0.0", **NOW)["approval"]
    assert told == {"code": Code.WAITS_FOR_SECOND_PERSON, "text": TEXT}
    asked = app.send("POST", "/api/pools/office/update-image", {"version": "2.0.0", **NOW})
    assert asked.json["state"] == "awaiting_approval"


def test_a_plan_of_many_pools_says_it_for_the_whole_and_for_each() -> None:
    app = asking(office())
    body = {"pools": ["office"], "version": "2.0.0", **NOW}
    shown = plan(app, "rollouts", **body)
    assert shown["approval"]["text"] == TEXT
    assert [it["approval"]["text"] for it in shown["rings"][0]["pools"]] == [TEXT]
    assert app.send("POST", "/api/rollouts", body).json["awaiting_since"]


@pytest.mark.parametrize(
    ("rings", "names"),
    [((Ring.PILOT,), "Ring pilot asks"), ((Ring.TEST, Ring.PRODUCTION), "Rings test and production ask")],
)
def test_a_plan_of_an_activation_names_the_rings(rings: tuple[Ring, ...], names: str) -> None:
    app = images(studio(staged=True), *rings)
    shown = plan(app, "images/win11/activate")
    assert names in shown["approval"]["text"]
    assert app.send("POST", "/api/images/win11/activate", {}).json["awaiting_since"]


def test_a_plan_of_a_promotion_says_it() -> None:
    app = images(studio(staged=True))
    moment = (app.now + timedelta(days=1)).isoformat()
    body = {"image": "win11", "at": moment}
    assert plan(app, "promotions", **body)["activation"]["approval"]["text"] == TEXT
    assert app.send("POST", "/api/promotions", body).json["waits_for"]["code"] == Code.WAITS_FOR_SECOND_PERSON


def test_a_roll_back_to_the_version_before_does_not_wait_and_its_plan_does_not_say_so() -> None:
    app = images(activated(studio()))
    for body in ({}, {"version": OLD}):
        assert plan(app, "images/win11/roll-back", **body)["approval"] is None
    assert app.send("POST", "/api/images/win11/roll-back", {}).json["awaiting_since"] is None


@pytest.mark.parametrize("stage", [True, False])
def test_a_set_as_image_says_it_of_its_activation_at_once(stage: bool) -> None:
    app = images(studio())
    told = plan(app, "images/win11/set-as-image", stage=stage)["approval"]
    assert told is None if stage else told["text"] == TEXT


def test_it_says_when_the_grants_are_why() -> None:
    app = office()
    app.settings = app.settings.model_copy(update={"dev_identity": ""})
    for person in (ANN, BOB):
        app.tables.grants.add(Grant(principal=f"{TENANT}.{person}", accounts=("*",), changed_at=app.now))
    told = approval_awaited(app.services, [app.pool()])
    assert told
    assert "because more than one person has a grant" in told.text
