"""Images on the real stack: what is made of a template, what many ask for at once, and what outlives a kill."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from local.sim.core import names
from tests.end_to_end.conftest import Freshcoat, in_seconds
from tests.end_to_end.image_requests import activate, add_image, add_pool, begin, end_of, ended, stage, wait_until

API = {"api-version": "2025-04-01"}
TEMPLATE = {"template_vm_id": names.TEMPLATE_VM_ID}
NOW = {"mode": "now"}


@pytest.fixture(autouse=True)
def no_fault_outlives_its_test(freshcoat: Freshcoat) -> Iterator[None]:
    freshcoat.sim("DELETE", "/faults")  # those of tests in other files, on the same stack
    yield
    freshcoat.sim("DELETE", "/faults")


def template_power(freshcoat: Freshcoat) -> str:
    """The power state of the template VM in Azure."""
    view = freshcoat.http.get(f"{freshcoat.options.sim_url}{names.TEMPLATE_VM_ID}/instanceView", params=API)
    (power,) = [status["code"] for status in view.json()["statuses"] if status["code"].startswith("PowerState/")]
    return str(power).removeprefix("PowerState/")


def start_template(freshcoat: Freshcoat) -> None:
    """Switch the template VM on, as somebody who works on it does."""
    freshcoat.http.post(f"{freshcoat.options.sim_url}{names.TEMPLATE_VM_ID}/start", params=API)
    wait_until(lambda: template_power(freshcoat) == "running")


def gallery(freshcoat: Freshcoat, image: str) -> dict[str, bool]:
    """The image's versions in Azure's gallery, and whether "latest" includes each."""
    found = freshcoat.http.get(f"{freshcoat.options.sim_url}{names.definition_id(image)}/versions", params=API).json()
    profiles = {version["name"]: version["properties"]["publishingProfile"] for version in found["value"]}
    return {name: not profile["excludeFromLatest"] for name, profile in profiles.items()}


def assert_nothing_left(freshcoat: Freshcoat) -> None:
    """Nothing that was made for a task is in Azure any more, and nothing was done there that must not be."""
    state = freshcoat.sim("GET", "/state")
    assert state["temporary"] == []
    assert state["violations"] == []


def tasks_of(freshcoat: Freshcoat, image: str) -> list[tuple[str, str, str]]:
    """Kind, version and state of all that was done to an image, oldest first."""
    found = freshcoat.get(f"/tasks?image={image}")["items"]
    return [(task["kind"], task["version"], task["state"]) for task in reversed(found)]


def states_of(freshcoat: Freshcoat, image: str) -> dict[str, str]:
    """The state of each version of an image."""
    return {version["version"]: version["state"] for version in freshcoat.get(f"/images/{image}/versions")["items"]}


def versions_on(freshcoat: Freshcoat, pool: str) -> set[str]:
    """What is really on the disks of a pool's hosts."""
    return {host["version"] for host in freshcoat.azure(pool).values()}


def test_a_killed_host_resumes_set_as_image_and_repeats_nothing(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-killed", ["1.0.0"], **TEMPLATE)
    start_template(freshcoat)
    refused = freshcoat.send("POST", "/images/win11-killed/set-as-image", {})
    assert refused.status_code == 409
    assert "power_off: true" in refused.json()["detail"]

    freshcoat.sim("POST", "/faults", {"match": "put_run_command", "kind": "lro_hang", "count": 1})
    task = begin(freshcoat, "win11-killed", "set-as-image", power_off=True)
    wait_until(lambda: any(fault["hits"] for fault in freshcoat.sim("GET", "/faults")["faults"]))
    freshcoat.kill_host()
    freshcoat.await_host(freshcoat.start_host())
    view = freshcoat.get(f"/tasks/{task}")
    assert (view["state"], view["step"]) == ("running", "preparing the clone (sysprep)")
    freshcoat.sim("DELETE", "/faults")

    view = ended(freshcoat, task)
    assert (view["state"], view["percent"], view["left_over"]) == ("succeeded", 100, [])
    image = freshcoat.get("/images/win11-killed")
    assert (image["current"], image["staged"], image["power"]) == ("1.0.0", "2.0.0", "running")
    assert gallery(freshcoat, "win11-killed") == {"1.0.0": True, "2.0.0": False}
    assert template_power(freshcoat) == "running"
    assert_nothing_left(freshcoat)
    copy = freshcoat.sim("GET", "/calls")["by_host"][f"freshcoat-{task}"]
    once = ("create_vm", "put_run_command", "deallocate", "generalize", "delete_vm")
    assert {call: copy.get(call) for call in once} == dict.fromkeys(once, 1)


@pytest.mark.timeout(240)
def test_a_failed_set_as_image_is_cleaned_up_and_succeeds_later(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-fault", ["1.0.0"], **TEMPLATE)
    before = template_power(freshcoat)
    for call in ("put_image", "put_version"):
        freshcoat.sim("POST", "/faults", {"match": call, "kind": "lro_fail", "count": 1, "message": f"No {call}."})
        failed = ended(freshcoat, begin(freshcoat, "win11-fault", "set-as-image", power_off=True))
        assert (failed["state"], failed["left_over"]) == ("failed", [])
        assert f"No {call}" in failed["note"]["text"]
        assert states_of(freshcoat, "win11-fault") == {"1.0.0": "active", "2.0.0": "failed"}
        assert gallery(freshcoat, "win11-fault") == {"1.0.0": True}
        assert template_power(freshcoat) == before
        assert_nothing_left(freshcoat)

    assert end_of(freshcoat, begin(freshcoat, "win11-fault", "set-as-image", power_off=True)) == "succeeded"
    assert states_of(freshcoat, "win11-fault") == {"1.0.0": "active", "2.0.0": "staged"}
    assert gallery(freshcoat, "win11-fault") == {"1.0.0": True, "2.0.0": False}
    assert template_power(freshcoat) == before
    assert_nothing_left(freshcoat)


@pytest.mark.parametrize("round_number", range(4))  # were they not kept apart, two rounds of three would show it
def test_of_ten_concurrent_activations_one_succeeds(freshcoat: Freshcoat, round_number: int) -> None:
    name = f"win11-ten-{round_number}"
    add_image(freshcoat, name)
    stage(freshcoat, name)
    url = f"{freshcoat.options.app_url}/api/images/{name}/activate"

    def ask(number: int) -> httpx.Response:
        return httpx.post(url, json={"reason": f"number {number}"}, timeout=60)

    with ThreadPoolExecutor(10) as people:
        answers = list(people.map(ask, range(10)))
    assert sorted(answer.status_code for answer in answers) == [202, *[409] * 9], [answer.text for answer in answers]
    (task,) = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert end_of(freshcoat, task) == "succeeded"
    assert states_of(freshcoat, name) == {"1.0.0": "backup", "2.0.0": "active"}
    assert gallery(freshcoat, name) == {"1.0.0": False, "2.0.0": True}
    assert tasks_of(freshcoat, name) == [("stage", "2.0.0", "succeeded"), ("activate", "2.0.0", "succeeded")]


def test_an_activation_updates_ring_by_ring_and_one_roll_back_undoes_it(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-rings")
    add_pool(freshcoat, "rings-live", "win11-rings", ring="production", hosts=1)
    add_pool(freshcoat, "rings-test", "win11-rings", ring="test", hosts=1)
    stage(freshcoat, "win11-rings")

    moved = ended(
        freshcoat, activate(freshcoat, "win11-rings", update_pools="all", schedule=NOW, soak_minutes=0), seconds=90
    )
    assert moved["state"] == "succeeded", moved
    tested, live = (freshcoat.get(f"/rollouts/{moved['rollouts'][pool]}") for pool in ("rings-test", "rings-live"))
    assert (tested["state"], live["state"]) == ("succeeded", "succeeded")
    assert datetime.fromisoformat(tested["ended_at"]) <= datetime.fromisoformat(live["created_at"])
    assert_on(freshcoat, "2.0.0", backup="1.0.0")

    asked = {"update_pools": ["rings-live", "rings-test"], "schedule": NOW, "soak_minutes": 0}
    back = ended(freshcoat, begin(freshcoat, "win11-rings", "roll-back", **asked), seconds=120)
    assert (back["state"], back["version"], back["from_version"]) == ("succeeded", "1.0.0", "2.0.0"), back
    assert_on(freshcoat, "1.0.0", backup="2.0.0")
    done = [task for task in tasks_of(freshcoat, "win11-rings") if task[0] != "rollout"]
    assert [kind for kind, _, _ in done] == ["stage", "activate", "roll_back"]


def assert_on(freshcoat: Freshcoat, version: str, *, backup: str) -> None:
    """This version is the active one, and on every host of both pools; new hosts get it."""
    assert states_of(freshcoat, "win11-rings") == {version: "active", backup: "backup"}
    assert gallery(freshcoat, "win11-rings") == {version: True, backup: False}
    for pool in ("rings-live", "rings-test"):
        assert versions_on(freshcoat, pool) == {version}
        assert freshcoat.get(f"/pools/{pool}/image")["version"] == version
        assert freshcoat.violations(pool) == []


def test_a_promotion_due_while_the_host_was_dead_runs_once_afterwards(freshcoat: Freshcoat) -> None:
    due = in_seconds(3)
    late = promote(freshcoat, "win11-late", due)
    assert freshcoat.get("/images/win11-late")["current"] == "1.0.0"
    freshcoat.kill_host()
    wait_until(lambda: datetime.now(UTC) > datetime.fromisoformat(due))
    freshcoat.await_host(freshcoat.start_host())
    task = promoted_by(freshcoat, late)
    assert end_of(freshcoat, task) == "succeeded"
    view = freshcoat.get(f"/tasks/{task}")
    assert (view["promotion"], view["reason"]) == (late, "patch day")
    assert datetime.fromisoformat(view["created_at"]) > datetime.fromisoformat(due)

    promoted_by(freshcoat, promote(freshcoat, "win11-next", in_seconds(1)))  # so the timer has run again
    assert tasks_of(freshcoat, "win11-late") == [("stage", "2.0.0", "succeeded"), ("activate", "2.0.0", "succeeded")]
    assert states_of(freshcoat, "win11-late") == {"1.0.0": "backup", "2.0.0": "active"}
    assert gallery(freshcoat, "win11-late") == {"1.0.0": False, "2.0.0": True}


def promote(freshcoat: Freshcoat, image: str, at: str) -> str:
    """Have 2.0.0 of a new image activated at a time; the promotion's id."""
    add_image(freshcoat, image)
    stage(freshcoat, image)
    answer = freshcoat.send("POST", "/promotions", {"image": image, "at": at, "reason": "patch day"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def promoted_by(freshcoat: Freshcoat, promotion: str) -> str:
    """The activation that has carried a promotion out."""
    wait_until(lambda: freshcoat.get(f"/promotions/{promotion}")["state"] == "promoted")
    return str(freshcoat.get(f"/promotions/{promotion}")["task"])
