"""Every route with every kind of caller, cell by cell: who is let in, who is refused, and who sees nothing there.

The two tables below are written by hand and say what is meant; the routes' own `needs` are compared with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.api.access.world import two_customers
from tests.fixtures.app import SETTINGS, Reply
from triggers.http.contract import ENDPOINTS

OPEN, SIGNED_IN = "open", "signed_in"

NEEDS = {
    "GET about": OPEN,
    "GET health": OPEN,
    "GET me": SIGNED_IN,
    "GET access/grants": "configure",
    "GET access/grants/{principal}": "configure",
    "PUT access/grants/{principal}": "configure",
    "DELETE access/grants/{principal}": "configure",
    "GET access/keys": "configure",
    "POST access/keys/{key}": "configure",
    "DELETE access/keys/{key}": "configure",
    "GET access/limits": "read",
    "GET access/limits/{account}/{ring}": "read",
    "PUT access/limits/{account}/{ring}": "configure",
    "DELETE access/limits/{account}/{ring}": "configure",
    "GET audit": "audit",
    "GET audit/refusals": "audit",
    "GET audit/verify": "audit",
    "GET access/caps": "read",
    "GET access/caps/{account}": "read",
    "PUT access/caps/{account}": "configure",
    "DELETE access/caps/{account}": "configure",
    "POST access/caps/{account}/override": "configure",
    "GET access/probes": "read",
    "GET access/probes/{account}/{probe}": "read",
    "PUT access/probes/{account}/{probe}": "configure",
    "DELETE access/probes/{account}/{probe}": "configure",
    "GET access/join-profiles": "read",
    "GET access/join-profiles/{account}/{profile}": "read",
    "PUT access/join-profiles/{account}/{profile}": "configure",
    "DELETE access/join-profiles/{account}/{profile}": "configure",
    "GET accounts": "read",
    "GET accounts/{account}": "read",
    "PUT accounts/{account}": "configure",
    "PATCH accounts/{account}": "configure",
    "POST events/logoff": "hint",
    "POST pools/{pool}/event-key": "configure",
    "GET health/live": "read",
    "GET images": "read",
    "GET images/{image}": "read",
    "PUT images/{image}": "configure",
    "PATCH images/{image}": "configure",
    "GET images/{image}/versions": "read",
    "GET images/{image}/versions/{version}": "read",
    "DELETE images/{image}/versions/{version}": "publish",
    "POST images/{image}/versions/{version}/verdict": "publish",
    "POST images/{image}/activate": "publish",
    "POST images/{image}/power": "publish",
    "POST images/{image}/roll-back": "publish",
    "POST images/{image}/set-as-image": "publish",
    "POST images/{image}/stage": "publish",
    "GET openapi.json": "read",
    "GET overview": "read",
    "GET pools": "read",
    "GET pools/{pool}": "read",
    "PUT pools/{pool}": "configure",
    "PATCH pools/{pool}": "configure",
    "DELETE pools/{pool}": "configure",
    "GET pools/{pool}/hosts": "read",
    "GET pools/{pool}/image": "read",
    "GET pools/{pool}/kept": "read",
    "GET pools/{pool}/versions": "read",
    "POST pools/{pool}/roll-back": "publish",
    "POST pools/{pool}/update-image": "publish",
    "GET promotions": "read",
    "POST promotions": "publish",
    "GET promotions/{promotion}": "read",
    "DELETE promotions/{promotion}": "steer",
    "PATCH promotions/{promotion}": "publish",
    "POST promotions/{promotion}/approve": "approve",
    "POST promotions/{promotion}/reschedule": "steer",
    "GET rollouts": "read",
    "POST rollouts": "publish",
    "GET rollouts/{rollout}": "read",
    "PATCH rollouts/{rollout}": "steer",
    "GET rollouts/{rollout}/events": "read",
    "GET rollouts/{rollout}/hosts": "read",
    "GET rollouts/{rollout}/people": "steer",
    "POST rollouts/{rollout}/approve": "approve",
    "POST rollouts/{rollout}/cancel": "steer",
    "POST rollouts/{rollout}/pause": "steer",
    "POST rollouts/{rollout}/reschedule": "steer",
    "POST rollouts/{rollout}/resume": "steer",
    "POST rollouts/{rollout}/retry": "steer",
    "GET tasks": "read",
    "GET tasks/{task}": "read",
    "POST tasks/{task}/approve": "approve",
    "POST tasks/{task}/cancel": "steer",
}
"""Route -> what it needs."""

MEETS = {
    "reader": {"read"},
    "operator": {"read", "plan", "publish", "steer"},
    "approver": {"read", "plan", "approve"},
    "admin": {"read", "plan", "publish", "steer", "configure", "audit"},
    "agent": {"hint"},
}
"""Role -> the needs it meets."""

WHAT_IF = {
    "POST images/{image}/activate",
    "POST images/{image}/roll-back",
    "POST pools/{pool}/update-image",
    "POST pools/{pool}/roll-back",
    "POST images/{image}/set-as-image",
    "POST promotions",
    "POST rollouts",
}
"""Routes that also answer what would happen, which needs `plan`."""

CREATES = {
    "PUT access/grants/{principal}",
    "POST access/keys/{key}",
    "PUT accounts/{account}",
    "PUT images/{image}",
    "PUT pools/{pool}",
}
"""Routes that make what they name: a name that somebody else has is taken."""

NOBODYS = {
    "access/caps",
    "access/grants",
    "access/keys",
    "access/join-profiles",
    "access/limits",
    "access/probes",
    "accounts",
    "audit",
    "audit/refusals",
    "audit/verify",
    "events/logoff",
    "health/live",
    "images",
    "me",
    "openapi.json",
    "overview",
    "pools",
    "promotions",
    "rollouts",
    "tasks",
}
"""Paths that name nothing: lists show what the caller may see, and bodies are checked by what they name."""


@dataclass(frozen=True)
class Who:
    """A caller: role and accounts; without a role, nobody."""

    role: str
    accounts: str = "contoso"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the development identity for it."""
        return {"x-dev-role": self.role, "x-dev-accounts": self.accounts}

    def __str__(self) -> str:
        return f"{self.role or 'nobody'} of {self.accounts}"


CALLERS = (
    Who(""),
    *(Who(role) for role in MEETS),
    *(Who(role, "fabrikam") for role in MEETS),
    *(Who(role, "*") for role in ("reader", "admin")),
)

CELLS = [
    pytest.param(route, who, what_if, id=f"{route}{'?what_if' if what_if else ''} as {who}")
    for route in NEEDS
    for who in CALLERS
    for what_if in ((False, True) if route in WHAT_IF else (False,))
]


def send(route: str, who: Who, *, what_if: bool) -> Reply:
    app, names = two_customers()
    if not who.role:
        app.settings = SETTINGS.model_copy(update={"dev_identity": ""})
    method, _, path = route.partition(" ")
    filled = re.sub(r"{(\w+)}", lambda found: names[found[1]], path)
    body = None if method in {"GET", "DELETE"} else {}
    query = "?what_if=true" if what_if else ""
    return app.send(method, f"/api/{filled}{query}", body, headers=who.headers)


def expected(route: str, who: Who, *, what_if: bool) -> set[int] | None:
    """The statuses that the check of access must answer; None: the request is let in."""
    need = "plan" if what_if else NEEDS[route]
    if need == OPEN:
        return None
    if not who.role:
        return {401}
    if need == SIGNED_IN:
        return None
    path = route.partition(" ")[2]
    meets = need in MEETS[who.role]
    if "{" in path and who.accounts == "fabrikam":
        creates = route in CREATES
        told = 403 if "{account}" in path else 409  # only who has all accounts makes one, so the name need not be told
        return ({told} if meets else {403}) if creates else {404}
    return None if meets else {403}


@pytest.mark.parametrize(("route", "who", "what_if"), CELLS)
def test_a_caller_gets_what_its_role_and_accounts_allow(route: str, who: Who, what_if: bool) -> None:
    reply, wanted = send(route, who, what_if=what_if), expected(route, who, what_if=what_if)
    if wanted is None:
        assert reply.status not in {401, 403, 404}, reply.text
        return
    assert reply.status in wanted, reply.text
    if reply.status == 401:
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    if reply.status == 403:
        assert reply.json["need"] == ("plan" if what_if else NEEDS[route])
    if reply.status == 404:
        assert "contoso" not in reply.text.replace("called contoso.", "")


def test_there_are_enough_cells() -> None:
    assert len(CELLS) >= 473


def test_the_table_has_every_route_with_its_need() -> None:
    assert {f"{one.method} {one.path}": str(one.needs) for one in ENDPOINTS} == NEEDS


def test_every_path_says_whose_it_is_or_is_known_to_name_nothing() -> None:
    silent = {one.path for one in ENDPOINTS if "{" not in one.path and not one.open}
    assert silent == NOBODYS


@pytest.mark.parametrize("route", [route for route in NEEDS if "{" in route and route not in CREATES])
def test_what_is_invisible_is_answered_like_what_does_not_exist(route: str) -> None:
    app, names = two_customers()
    method, _, path = route.partition(" ")
    first = re.findall(r"{(\w+)}", path)[0]
    absent = {**names, first: names[first][:-1] + ("0" if names[first][-1] != "0" else "1")}
    replies = [
        app.send(
            method,
            "/api/" + re.sub(r"{(\w+)}", lambda found, given=given: given[found[1]], path),  # type: ignore[misc]
            None if method in {"GET", "DELETE"} else {},
            headers=Who("admin", "fabrikam").headers,
        )
        for given in (names, absent)
    ]
    assert [reply.status for reply in replies] == [404, 404]
    told = [reply.text.replace(given[first], "NAME") for reply, given in zip(replies, (names, absent), strict=True)]
    assert told[0] == told[1]
