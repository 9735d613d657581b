"""Least privilege on the real stack: the custom roles are enough for everything, and no action in them is superfluous.

Host pools, VMs and template have resource groups of their own, so that a role is used only where it is assigned.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from local.sim.core import names
from local.stack.options import StackOptions
from local.stack.processes import free_port
from shared.rollouts.preflight.rights_table import Where
from tests.end_to_end.conftest import DOMAIN, QUICK, Freshcoat, in_seconds
from tests.end_to_end.image_requests import activate, add_image, begin, end_of, ended, rollout_of, stage, wait_until
from tests.end_to_end.roles import assigned, role

pytestmark = pytest.mark.timeout(300)
POOLS, HOSTS = "rg-pools", "rg-hosts"
SCOPES = {
    Where.HOST_POOL: names.group_id(POOLS),
    Where.MACHINES: names.group_id(HOSTS),
    Where.IMAGE: names.GALLERY_ID,
    Where.BUILDING: names.GROUP_ID,
    Where.SUBNET: names.VNET_ID,
    Where.SUBSCRIPTION: names.SUB_ID,
}
BOTH = SCOPES | {Where.HOST_POOL: names.group_id(POOLS), Where.MACHINES: names.group_id(POOLS)}
"""The same with the VMs in the host pools' resource group."""


def own_rights() -> dict[str, list[str]]:
    """What the app's own identity has while there are pools of both kinds: timers look at all of them at any time."""
    return assigned(BOTH) | {names.group_id(HOSTS): role(Where.MACHINES)}


COMPUTE = "Microsoft.Compute"
FABRIKAM, OTHER = "22222222-2222-4222-8222-222222222222", "rg-fabrikam"
IMAGE = "win11-office"
_LOST = ("hostPools/read", "hostPools/sessionHosts/read")
UNUSED = {
    names.GROUP: {"Microsoft.Network/networkInterfaces/join/action"},
    names.SUBSCRIPTION: {f"Microsoft.DesktopVirtualization/{action}" for action in _LOST},
}
"""Not asked for by the simulated Azure (see docs/permissions.md); and the search for a host that is out of its pool,
which the contracts with Azure use."""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Freshcoat]:
    """A stack of its own: what is used is counted from its start."""
    options = StackOptions(
        port=free_port(), sim_port=free_port(), hosts=1, speed=600, directory_override=tmp_path_factory.mktemp("apart")
    )
    with Freshcoat(options) as stack:
        account = {"scopes": [names.group_id(OTHER)], "identity_client_id": FABRIKAM}
        assert stack.send("PUT", "/accounts/fabrikam", account).is_success  # counts within half a minute
        yield stack


def add_pool(stack: Freshcoat, name: str, join: dict[str, str], hosts: int = 2, **registration: Any) -> list[str]:
    """A host pool whose VMs are in a resource group of their own, registered with the app; its hosts."""
    where = {"group": POOLS, "vm_group": HOSTS}
    stack.sim("POST", "/pools", {"name": f"hp-{name}", "hosts": hosts, "powered_off": 1, **where})
    join_profile(stack, "contoso")
    body = {"host_pool_id": names.host_pool_id(f"hp-{name}", POOLS), "image": IMAGE, "join": join, "account": "contoso"}
    answer = stack.send("PUT", f"/pools/{name}", body | registration)
    assert answer.status_code == 201, answer.text
    return sorted(stack.azure(name))


def join_profile(stack: Freshcoat, account: str) -> None:
    """The profile that `DOMAIN` names."""
    profile = {"domain": "contoso.local", "user": "joiner", "password_setting": "JOIN_PASSWORD"}
    answer = stack.send("PUT", f"/access/join-profiles/{account}/corp", profile)
    assert answer.is_success, answer.text


def versions(stack: Freshcoat, pool: str) -> set[str]:
    return {host["version"] for host in stack.azure(pool).values()}


def used(stack: Freshcoat, identity: str = "") -> dict[str, set[str]]:
    """The actions that an identity used, by resource group; those of the whole subscription under its id."""
    found = defaultdict(set)
    for use in stack.sim("GET", "/grants")["used"]:
        if use["identity"] == identity:
            found[use["place"]].add(use["action"])
    return found


def test_the_custom_roles_are_enough_for_a_whole_story_and_it_uses_all_of_them(apart: Freshcoat) -> None:
    apart.sim("PUT", "/grants", {"": assigned(SCOPES)})
    lab, live = set_up(apart)
    assert apart.get("/pools/lab/kept")["networks"]
    make_a_version(apart)
    prove_it(apart, lab[1])
    publish_it(apart, live[0])
    take_it_back(apart)
    make_fresh(apart, live[0])
    found = apart.sim("GET", "/grants")
    assert found["refused"] == []
    assert apart.sim("GET", "/state")["violations"] == []
    needed = {
        POOLS: set(role(Where.HOST_POOL)),
        HOSTS: set(role(Where.MACHINES)),
        names.GROUP: {*role(Where.IMAGE), *role(Where.BUILDING), *role(Where.SUBNET)},
        names.SUBSCRIPTION: set(role(Where.SUBSCRIPTION)),
    }
    seen = used(apart)
    assert not {place: more for place, actions in needed.items() if (more := seen[place] - actions)}
    assert {place: less for place, actions in needed.items() if (less := actions - seen[place])} == UNUSED


def set_up(stack: Freshcoat) -> tuple[list[str], list[str]]:
    """An account with an image and two pools; the hosts of each."""
    assert stack.send("PUT", "/accounts/contoso", {"title": "Contoso"}).status_code == 201
    image = {"definition_id": names.DEFINITION_ID, "template_vm_id": names.TEMPLATE_VM_ID, "active": "1.0.0"}
    assert stack.send("PUT", f"/images/{IMAGE}", image).status_code == 201
    policy = QUICK | {"canary_hosts": 1, "min_available": 0, "warn_minutes": [5]}
    assert stack.send("PUT", "/access/probes/contoso/printers", {"script": "Get-Printer"}).status_code == 201
    of_lab = policy | {"strategy": "reimage", "probe": "printers"}
    lab = add_pool(stack, "lab", DOMAIN, hosts=3, ring="test", policy=of_lab)
    live = add_pool(stack, "live", {"kind": "entra"}, ring="production", policy=policy | {"strategy": "replace"})
    return lab, live


def make_a_version(stack: Freshcoat) -> None:
    """Of a template VM that runs; the first clone cannot be created and leaves its disk, which is removed."""
    stack.http.post(f"{stack.options.sim_url}{names.TEMPLATE_VM_ID}/start", params={"api-version": "2025-04-01"})
    refusal = {"status": 400, "code": "SkuNotAvailable", "message": "No capacity."}
    stack.sim("POST", "/faults", {"match": "create_vm", "kind": "refuse", "count": 1} | refusal)
    failed = ended(stack, begin(stack, IMAGE, "set-as-image", power_off=True), seconds=120)
    assert (failed["state"], failed["left_over"]) == ("failed", []), failed
    done = ended(stack, begin(stack, IMAGE, "set-as-image", power_off=True), seconds=120)
    assert done["state"] == "succeeded", done
    assert stack.get(f"/images/{IMAGE}")["staged"] == "4.0.0"


def prove_it(stack: Freshcoat, host: str) -> None:
    """In the pool of ring test, with a canary host. Its probe fails once; then a user is warned and signed out."""
    stack.sim("POST", "/logon", {"host": host, "user": "ann@contoso.com"})
    stack.sim("POST", "/faults", {"kind": "probe_fails", "match": "lab-0", "count": 1})
    schedule = {"mode": "on_logoff", "deadline": in_seconds(3600)}
    asked = {"version": "4.0.0", "schedule": schedule, "policy": {"retries": 0}}
    answer = stack.send("POST", "/pools/lab/update-image", asked)
    assert answer.status_code == 202, answer.text
    first = answer.json()["id"]
    assert stack.finish(first)["state"] == "failed"
    again = stack.send("POST", f"/rollouts/{first}/retry")
    assert again.status_code == 202, again.text
    rollout = again.json()["id"]
    stack.follow(rollout, lambda view: view["counts"].get("waiting_for_logoff") == 1)
    stack.force_in(rollout, 8)
    view = stack.finish(rollout)
    assert (view["state"], view["sessions_signed_out"], versions(stack, "lab")) == ("succeeded", 1, {"4.0.0"}), view
    verdict = stack.send("POST", f"/images/{IMAGE}/versions/4.0.0/verdict", {"result": "passed"})
    assert verdict.status_code == 200, verdict.text


def publish_it(stack: Freshcoat, host: str) -> None:
    """To the production pool, whose VMs are replaced; an event tells of a sign-out."""
    stack.sim("POST", "/logon", {"host": host, "user": "bob@contoso.com"})
    schedule = {"mode": "on_logoff", "deadline": in_seconds(3600)}
    task = activate(stack, IMAGE, update_pools=["live"], schedule=schedule, backup=True)
    rollout = rollout_of(stack, task, "live")
    stack.follow(rollout, lambda view: view["counts"].get("waiting_for_logoff") == 1)
    stack.sim("POST", "/logoff", {"host": host, "user": "bob@contoso.com"})
    done = ended(stack, task, seconds=120)
    assert (done["state"], versions(stack, "live")) == ("succeeded", {"4.0.0"}), done


def take_it_back(stack: Freshcoat) -> None:
    """The test pool's hosts go back onto their kept disks, those of production are replaced. Leftovers are deleted."""
    asked = {"update_pools": ["lab", "live"], "schedule": {"mode": "now"}, "soak_minutes": 0}
    back = ended(stack, begin(stack, IMAGE, "roll-back", **asked), seconds=120)
    assert back["state"] == "succeeded", back
    assert (versions(stack, "lab"), versions(stack, "live")) == ({"1.0.0"}, {"1.0.0"})
    assert stack.sim("GET", "/calls")["by_operation"]["swap_os_disk"] >= 2
    wait_until(lambda: is_tidied(stack))
    another = ended(stack, begin(stack, IMAGE, "set-as-image", power_off=True), seconds=120)
    removed = stack.send("DELETE", f"/images/{IMAGE}/versions/{another['version']}")
    assert removed.is_success, removed.text
    wait_until(lambda: stack.sim("GET", "/calls")["by_operation"].get("delete_version", 0) == 1)


def is_tidied(stack: Freshcoat) -> bool:
    """Whether a disk of a host is deleted a moment after the timer that does so a few times a day."""
    url = f"{stack.options.app_url}/admin/functions/tidy_old_disks"
    stack.http.post(url, json={"input": None}).raise_for_status()
    time.sleep(1)
    return f"{COMPUTE}/disks/delete" in used(stack)[HOSTS]


def make_fresh(stack: Freshcoat, host: str) -> None:
    """A host that was used is made fresh."""
    stack.sim("POST", "/expect", {"allow_same_version": True})
    answer = stack.send("PATCH", "/pools/live", {"refresh": "after_logoff"})
    assert answer.status_code == 200, answer.text
    stack.sim("POST", "/logon", {"host": host, "user": "cleo@contoso.com"})
    wait_until(lambda: stack.get("/pools/live")["freshness"]["used"] == 1, seconds=60)
    stack.sim("POST", "/logoff", {"host": host, "user": "cleo@contoso.com"})
    wait_until(lambda: stack.get("/pools/live")["freshness"]["fresh"] == 2, seconds=60)
    assert stack.send("PATCH", "/pools/live", {"refresh": "off"}).status_code == 200
    stack.finish(answer.json()["freshness"]["rollout"])


FOLLOW = f"{COMPUTE}/locations/operations/read"
THEIRS = {Where.HOST_POOL: names.group_id(OTHER), Where.MACHINES: names.group_id(OTHER)}


@pytest.fixture(scope="module")
def shared_image(apart: Freshcoat) -> None:
    """Two accounts with a pool each of one image, whose version 2.0.0 is active."""
    add_image(apart, "win11-shared")
    for account, pool, group, strategy in (
        ("fabrikam", "fabrikam", OTHER, "replace"), ("default", "neighbour", POOLS, "reimage")
    ):  # fmt: skip
        apart.sim("POST", "/pools", {"name": f"hp-{pool}", "hosts": 2, "definition": "win11-shared", "group": group})
        apart.sim("PUT", "/grants", {"": own_rights(), FABRIKAM: assigned(THEIRS)})
        join_profile(apart, account)
        body = {
            "host_pool_id": names.host_pool_id(f"hp-{pool}", group), "image": "win11-shared", "join": DOMAIN,
            "account": account, "policy": QUICK | {"strategy": strategy},
        }  # fmt: skip
        answer = apart.send("PUT", f"/pools/{pool}", body)
        assert answer.status_code == 201, answer.text
    stage(apart, "win11-shared")
    assert end_of(apart, activate(apart, "win11-shared")) == "succeeded"


@pytest.mark.usefixtures("shared_image")
def test_an_account_with_an_identity_of_its_own_is_served_with_that_and_nobody_else_is(apart: Freshcoat) -> None:
    all_theirs = THEIRS | {Where.IMAGE: names.GALLERY_ID, Where.SUBSCRIPTION: names.SUB_ID}
    before = apart.azure("fabrikam")
    for right in (f"{COMPUTE}/galleries/images/versions/read", FOLLOW):
        apart.sim("PUT", "/grants", {"": own_rights(), FABRIKAM: assigned(all_theirs, without=right)})
        failed = refused(apart, "fabrikam")
        assert f"the identity {FABRIKAM} of account fabrikam lacks the right {right}" in failed
    assert apart.azure("fabrikam") == before

    apart.sim("PUT", "/grants", {"": own_rights(), FABRIKAM: assigned(all_theirs)})
    for pool in ("fabrikam", "neighbour"):
        rollout = apart.publish(pool, {"mode": "now"})
        assert apart.finish(rollout)["state"] == "succeeded"
        assert versions(apart, pool) == {"2.0.0"}
    assert apart.sim("GET", "/grants")["refused"] == []
    own, others = used(apart), used(apart, FABRIKAM)
    assert OTHER not in own, "the app's own identity did something there"
    assert others.keys() <= {OTHER, names.GROUP, names.SUBSCRIPTION}
    assert others[names.GROUP] <= set(role(Where.IMAGE))
    assert f"{COMPUTE}/virtualMachines/write" in others[OTHER]
    assert f"{COMPUTE}/virtualMachines/reimage/action" in own[POOLS]


def refused(stack: Freshcoat, pool: str) -> str:
    """Why version 2.0.0 cannot be published now."""
    answer = stack.send("POST", f"/pools/{pool}/update-image", {"version": "2.0.0", "schedule": {"mode": "now"}})
    assert answer.status_code == 422, answer.text
    return " ".join(one["detail"] for one in answer.json()["findings"] if one["result"] == "fail")


@pytest.mark.usefixtures("shared_image")
@pytest.mark.parametrize(
    ("action", "on"),
    [
        ("Microsoft.DesktopVirtualization/hostPools/sessionHosts/delete", "host pool hp-neighbour"),
        (f"{COMPUTE}/virtualMachines/extensions/write", f"resource group {POOLS}"),
        (f"{COMPUTE}/galleries/images/versions/read", "image definition win11-shared"),
        (FOLLOW, f"subscription {names.SUBSCRIPTION}"),
    ],
)
def test_a_missing_right_is_named_before_anything_is_begun(apart: Freshcoat, action: str, on: str) -> None:
    without = {scope: [one for one in actions if one != action] for scope, actions in assigned(BOTH).items()}
    apart.sim("PUT", "/grants", {"": without})
    before = apart.azure("neighbour")
    failed = refused(apart, "neighbour")
    assert f"lacks the right {action} on {on}" in failed
    assert apart.azure("neighbour") == before
    assert not apart.get("/pools/neighbour")["running_rollout"]
