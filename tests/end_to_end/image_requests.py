"""Images and pools of a test's own, and the requests that change them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from local.sim.core import names
from shared.core.names import TEMPLATE_TAG
from tests.end_to_end.conftest import QUICK, Freshcoat


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return once it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it has not come about"
        time.sleep(0.1)


def add_image(
    freshcoat: Freshcoat, name: str, versions: Sequence[str] = ("1.0.0", "2.0.0"), **registration: Any
) -> None:
    """A definition in the simulated Azure, registered with the app under the same name.

    The first version is active, the others are in the gallery, left out of "latest".
    """
    definition = {"name": name, "versions": list(versions), "excluded": list(versions[1:])}
    definition_id = freshcoat.sim("POST", "/definitions", definition)["id"]
    if template := registration.get("template_vm_id"):
        _mark_template(freshcoat, template, name)
    body = {"definition_id": definition_id, "active": versions[0], **registration}
    answer = freshcoat.send("PUT", f"/images/{name}", body)
    assert answer.status_code == 201, answer.text


def _mark_template(freshcoat: Freshcoat, vm_id: str, image: str) -> None:
    url, tags = f"{freshcoat.options.sim_url}{vm_id}", {"tags": {TEMPLATE_TAG: image}}
    answer = freshcoat.http.patch(url, params={"api-version": "2025-04-01"}, json=tags)
    assert answer.status_code == 200, answer.text


def add_pool(freshcoat: Freshcoat, name: str, image: str, *, hosts: int = 2, **registration: Any) -> None:
    """A host pool on which nobody works, on version 1.0.0 of the image, registered with the app."""
    freshcoat.sim("POST", "/pools", {"name": f"hp-{name}", "hosts": hosts, "definition": image})
    pool = {
        "host_pool_id": names.OFFICE_POOL_ID.replace("hp-office", f"hp-{name}"),
        "image": image,
        "join": {"kind": "entra"},
        "policy": QUICK | {"canary_hosts": 1, "min_available": 0},
    }
    answer = freshcoat.send("PUT", f"/pools/{name}", pool | registration)
    assert answer.status_code == 201, answer.text


def stage(freshcoat: Freshcoat, image: str) -> None:
    """Make 2.0.0 the staged version."""
    answer = freshcoat.send("POST", f"/images/{image}/stage", {"version": "2.0.0"})
    assert answer.status_code < 300, answer.text
    assert freshcoat.get(f"/images/{image}")["staged"] == "2.0.0"


def begin(freshcoat: Freshcoat, image: str, what: str, **asked: Any) -> str:
    """Have long work on an image begun (`set-as-image`, `activate`, `roll-back`); the task's id."""
    answer = freshcoat.send("POST", f"/images/{image}/{what}", asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def activate(freshcoat: Freshcoat, image: str, **asked: Any) -> str:
    """Activate what is staged; the task's id."""
    return begin(freshcoat, image, "activate", **asked)


def rollout_of(freshcoat: Freshcoat, task: str, pool: str) -> str:
    """The rollout an activation has begun on a pool. The task knows its id a moment before there is one."""
    wait_until(lambda: bool(freshcoat.get(f"/pools/{pool}")["running_rollout"]))
    return str(freshcoat.get(f"/tasks/{task}")["rollouts"][pool])


def ended(freshcoat: Freshcoat, task: str, seconds: float = 120) -> dict[str, Any]:
    """A task at its end."""
    wait_until(lambda: freshcoat.get(f"/tasks/{task}")["ended_at"] is not None, seconds)
    found: dict[str, Any] = freshcoat.get(f"/tasks/{task}")
    return found


def end_of(freshcoat: Freshcoat, task: str) -> str:
    """The state in which a task ends."""
    return str(ended(freshcoat, task)["state"])
