"""A rollout is refused when the app's identity lacks a right it needs, before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.core.errors import AzureBusy, AzureForbidden
from shared.models.azure import Permissions
from shared.models.pools import ReimageSupport
from shared.rollouts.preflight.rights_table import RIGHTS, Right, When, Where, has
from tests.api.preflight.requests import planned, refused, said, untouched
from tests.fixtures.app import App, change_pool, findings, office, update
from tests.fixtures.profiles import PROBE, keep_probe
from tests.fixtures.world.azure import DEFINITION_ID, GROUP, HOST_POOL_ID, vm_id_of

SUBSCRIPTION = GROUP.partition("/resourceGroups/")[0]
SCOPES = {
    Where.HOST_POOL: HOST_POOL_ID,
    Where.MACHINES: GROUP,
    Where.IMAGE: DEFINITION_ID,
    Where.SUBSCRIPTION: SUBSCRIPTION,
}
TOLD = {
    Where.HOST_POOL: "host pool hp-office",
    Where.MACHINES: "resource group rg-desktops",
    Where.IMAGE: "image definition win11-office",
    Where.SUBSCRIPTION: f"subscription {SUBSCRIPTION.rpartition('/')[2]}",
}
POLICIES: dict[When, dict[str, Any]] = {
    When.ALWAYS: {},
    When.WARNING: {"warn_minutes": [5]},
    When.REIMAGING: {"strategy": "reimage"},
    When.REPLACING: {"strategy": "replace"},
    When.KEEPING: {"keep_old_disk_days": 1},
    When.PROBING: {"probe": PROBE},
}
REIMAGE, DELETE = "Microsoft.Compute/virtualMachines/reimage/action", "Microsoft.Compute/virtualMachines/delete"
FOLLOW = "Microsoft.Compute/locations/operations/read"
IMAGE_READ = "Microsoft.Compute/galleries/images/versions/read"
OTHER_GROUP = GROUP.replace("rg-desktops", "rg-more")


def without(app: App, action: str, scope: str = GROUP) -> App:
    """The identity has every right there but this one."""
    if app.tables.probes.find("default", PROBE) is None:
        keep_probe(app.tables)
    app.world.permissions_at[scope.lower()] = Permissions(granted=((("*",), (action,)),))
    return app


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.action)
def test_each_missing_right_is_named_with_scope_and_purpose(right: Right) -> None:
    app = without(office(), right.action, SCOPES[right.where])
    policy = POLICIES[right.when]
    if right.missing == "fail":
        reply = refused(app, "rights", "pool", policy=policy)
    else:
        reply = planned(app, **policy)
        assert (findings(reply)["rights"], reply.json["can_start"]) == ("warn", True)
    words = said(reply, "rights")
    assert f"lacks the right {right.action} on {TOLD[right.where]}, needed to {right.what_for}; give" in words
    assert "|" not in words


@pytest.mark.parametrize("right", [right for right in RIGHTS if right.when is not When.ALWAYS], ids=lambda r: r.action)
def test_a_right_is_asked_for_only_where_the_policy_needs_it(right: Right) -> None:
    app = without(office(), right.action, SCOPES[right.where])
    others = {"warn_minutes": [], "keep_old_disk_days": 0}
    others["strategy"] = "replace" if right.when is When.REIMAGING else "reimage"
    assert findings(planned(app, **others))["rights"] == "pass"


def test_an_identity_with_all_rights_passes_and_the_scopes_are_named() -> None:
    words = said(planned(office()), "rights")
    assert words.startswith("the app's identity has the rights it needs on host pool hp-office, ")
    assert all(scope in words for scope in TOLD.values())


def test_all_missing_rights_are_named() -> None:
    app = office()
    app.world.permissions = Permissions(granted=((("*/read",), ()),))
    reply = refused(app, "rights", "pool")
    assert len(reply.json["errors"]) == sum(
        right.missing == "fail" and right.when is not When.WARNING and not right.action.endswith("/read")
        for right in RIGHTS
    )


class TestAuto:
    """`auto` needs what the pool makes it do."""

    def test_auto_needs_the_rights_to_replace_while_reimaging_is_untested(self) -> None:
        assert "or use strategy reimage" in said(refused(without(office(), DELETE), "rights", "pool"), "rights")
        assert "or use strategy replace" in said(refused(without(office(), REIMAGE), "rights", "pool"), "rights")

    @pytest.mark.parametrize(
        ("known", "unneeded", "needed"),
        [(ReimageSupport.WORKS, DELETE, REIMAGE), (ReimageSupport.UNSUPPORTED, REIMAGE, DELETE)],
    )
    def test_auto_needs_only_the_rights_of_the_known_strategy(
        self, known: ReimageSupport, unneeded: str, needed: str
    ) -> None:
        app = without(office(), unneeded)
        change_pool(app, reimage=known)
        assert findings(planned(app))["rights"] == "pass"
        words = said(refused(without(app, needed), "rights", "pool"), "rights")
        assert "strategy" not in words

    def test_a_host_from_another_image_is_replaced_wherever_reimaging_works(self) -> None:
        app = without(office(), DELETE)
        change_pool(app, reimage=ReimageSupport.WORKS)
        key = vm_id_of("h1").lower()
        app.world.machines[key] = app.world.machines[key].model_copy(update={"definition_id": None})
        assert "strategy" not in said(refused(app, "rights", "pool"), "rights")

    def test_auto_needs_both_rights_for_hosts_that_appear_during_the_rollout(self) -> None:
        app = office()
        for key, machine in app.world.machines.items():
            app.world.machines[key] = machine.model_copy(update={"version": "2.0.0"})
        for needed in (REIMAGE, DELETE):
            refused(without(app, needed), "rights", "pool")

    def test_a_pool_without_hosts_needs_the_rights_of_both_strategies(self) -> None:
        app = office()
        app.world.hosts[HOST_POOL_ID.lower()].clear()
        assert findings(planned(without(app, "x", HOST_POOL_ID)))["rights"] == "pass"
        assert app.world.count("permissions") == 2


@pytest.mark.parametrize("place", [HOST_POOL_ID, GROUP, DEFINITION_ID, SUBSCRIPTION])
def test_rights_that_cannot_be_read_are_a_warning(place: str) -> None:
    app = office()
    app.world.refuse("permissions", place)
    reply = planned(app)
    assert (findings(reply)["rights"], reply.json["can_start"]) == ("warn", True)
    assert "Microsoft.Authorization/permissions/read" in said(reply, "rights")


def test_missing_rights_are_found_although_another_scope_is_unreadable() -> None:
    app = without(office(), REIMAGE)
    app.world.fail("permissions", AzureForbidden("permissions", 403, "No", "no"), target="hostpools")
    words = said(refused(app, "rights", "pool"), "rights")
    assert "could not be read" in words and REIMAGE in words


def test_a_throttled_read_of_rights_is_repeated() -> None:
    app = office()
    app.world.fail("permissions", AzureBusy("permissions", 429, "Busy", "later", retry_after=3), target="hostpools")
    reply = update(app)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "3")
    untouched(app)


def test_each_resource_group_is_read_once_regardless_of_case() -> None:
    app = office()
    moved = {"h0": OTHER_GROUP, "h1": OTHER_GROUP.upper()}
    for name, group in moved.items():
        vm_id = vm_id_of(name).replace(GROUP, group)
        app.world.recreate(f"{name}.contoso.local", "1.0.0", vm_id=vm_id)
    without(app, REIMAGE, OTHER_GROUP)
    words = said(refused(app, "rights", "pool"), "rights")
    assert "resource group rg-more" in words.lower() and "rg-desktops" not in words
    assert app.world.count("permissions") == 5


def test_the_identity_that_creates_vms_is_asked_for_its_rights_on_the_image() -> None:
    """Azure asks it for them when a VM is made of the image, on which the app's own identity works."""
    app, identity = office(), "11111111-1111-4111-8111-111111111111"
    app.world.recreate("h1.contoso.local", "1.0.0", vm_id=vm_id_of("h1").replace(GROUP, OTHER_GROUP))
    shared = {"scopes": [GROUP, OTHER_GROUP], "identity_client_id": identity}
    assert app.send("PUT", "/api/accounts/other", {"scopes": [GROUP]}).status == 201
    assert app.send("PATCH", "/api/accounts/default", shared).status == 200
    without(app, IMAGE_READ, OTHER_GROUP + DEFINITION_ID)
    words = said(refused(app, "rights", "pool"), "rights")
    assert f"the identity {identity} of account default lacks the right {IMAGE_READ} on image definition" in words


@pytest.mark.parametrize(("without_it", "who"), [(GROUP, "the app's identity"), (OTHER_GROUP, "the identity {other}")])
def test_each_identity_that_works_on_vms_is_asked_for_its_rights_on_their_subscription(
    without_it: str, who: str
) -> None:
    """Without them a VM is deleted, and the step cannot follow that."""
    app, other = office(), "11111111-1111-4111-8111-111111111111"
    app.world.recreate("h1.contoso.local", "1.0.0", vm_id=vm_id_of("h1").replace(GROUP, OTHER_GROUP))
    shared = {"scopes": [GROUP, OTHER_GROUP], "identity_client_id": other}
    assert app.send("PUT", "/api/accounts/other", {"scopes": [GROUP]}).status == 201
    assert app.send("PATCH", "/api/accounts/default", shared).status == 200
    without(app, FOLLOW, without_it + SUBSCRIPTION)
    words = said(refused(app, "rights", "pool"), "rights")
    assert f"{who.format(other=other)}" in words
    assert f"lacks the right {FOLLOW} on {TOLD[Where.SUBSCRIPTION]}, needed to follow long operations" in words
    assert words.count(FOLLOW) == 1


def test_a_thousand_hosts_cost_no_more_calls_than_three() -> None:
    few, many = office(), office()
    for number in range(997):
        many.world.add_host(f"x{number}.contoso.local")
    for app in (few, many):
        refused(without(app, REIMAGE), "rights", "pool", policy={"strategy": "auto"})
    assert sorted(method for method, _ in many.world.calls) == sorted(method for method, _ in few.world.calls)
    lists = {"session_hosts", "machines"}
    assert len([method for method, _ in many.world.calls if method not in lists]) <= 12


@pytest.mark.parametrize(
    ("granted", "granted_so"),
    [
        ((), False),
        (((("*",), ()),), True),
        (((("Microsoft.Compute/*",), ()),), True),
        (((("MICROSOFT.COMPUTE/VIRTUALMACHINES/REIMAGE/ACTION",), ()),), True),
        (((("Microsoft.Compute/virtualMachines/*/action",), ()),), True),
        (((("*/action",), ()),), True),
        (((("*/read", "Microsoft.Compute/virtualMachines/write"), ()),), False),
        (((("Microsoft.Compute/virtualMachines",), ()),), False),
        (((("Microsoft.Compute/virtualMachines/reimage/actio.",), ()),), False),
        (((("Microsoft.Compute/virtualMachines/?eimage/action",), ()),), False),
        (((("xMicrosoft.Compute/*",), ()),), False),
        (((("*",), ("Microsoft.Compute/virtualMachines/reimage/action",)),), False),
        (((("*",), ("microsoft.compute/*/ACTION",)),), False),
        (((("*",), ("Microsoft.Compute/virtualMachines/delete",)),), True),
        (((("*",), ("*/action",)), (("Microsoft.Compute/virtualMachines/*",), ())), True),
        (((("*",), ("*/action",)), (("*",), ("Microsoft.Compute/*",))), False),
    ],
)
def test_wildcards_exclusions_and_several_roles_are_read_as_azure_reads_them(granted: Any, granted_so: bool) -> None:
    assert has(Permissions(granted=granted), REIMAGE) is granted_so


def test_the_permissions_page_shows_exactly_these_rights() -> None:
    page = (Path(__file__).parents[3] / "docs" / "permissions.md").read_text()
    section = page.partition("## Checked before every rollout")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith(tuple(f"| {where} |" for where in Where))]
    assert rows == [f"| {right.where} | `{right.action}` | {right.what_for} | {right.when} |" for right in RIGHTS]
