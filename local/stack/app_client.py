"""An HTTP client for the app's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from local.sim.core import names
from local.stack.options import StackOptions
from local.stack.processes import StackError
from shared.api.common import Listed
from shared.api.images import ImageView, VersionView
from shared.api.rollout_pages.hosts import RolloutHosts, RolloutHostView
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskBrief, TaskView
from shared.models.base import Value
from shared.models.tasks import TaskKind

IMAGE = "win11-office"
POOL = "office"
OLD, NEW = "1.0.0", "2.0.0"

_JSON_LIMIT = 300


class AppClient:
    """Calls to the app. Every method raises StackError with the response when the status is an error."""

    def __init__(self, options: StackOptions) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{options.port}/api", timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def register_image(self) -> None:
        """Register the image with its template VM."""
        body = {"definition_id": names.DEFINITION_ID, "template_vm_id": names.TEMPLATE_VM_ID}
        answered(self._http.put(f"/images/{IMAGE}", json=body))

    def register_pool(self, name: str, host_pool_id: str, policy: dict[str, Any], ring: str = "production") -> None:
        """Register a pool that uses the image."""
        pool = {
            "host_pool_id": host_pool_id,
            "image": IMAGE,
            "ring": ring,
            "time_zone": "Europe/Amsterdam",
            "join": {"kind": "entra"},
            "policy": policy,
        }
        answered(self._http.put(f"/pools/{name}", json=pool))

    def image(self) -> ImageView:
        """Read the image with its current and its staged version."""
        return ImageView.model_validate(answered(self._http.get(f"/images/{IMAGE}")))

    def versions(self) -> list[VersionView]:
        """List the image's versions, the highest number first."""
        return list(self._listed(VersionView, f"/images/{IMAGE}/versions"))

    def task(self, task_id: str) -> TaskView:
        """Read a task with its steps."""
        return TaskView.model_validate(answered(self._http.get(f"/tasks/{task_id}")))

    def tasks(self) -> list[TaskBrief]:
        """List all tasks, newest first."""
        return list(self._listed(TaskBrief, "/tasks"))

    def newest_task(self, kind: TaskKind) -> TaskView:
        """Read the newest task of a kind. Raises StackError when there is none."""
        found = next((task for task in self.tasks() if task.kind is kind), None)
        if found is None:
            raise StackError(f"There is no task {kind}.")
        return self.task(found.id)

    def publish(self, pool: str, schedule: dict[str, Any], reason: str) -> str:
        """Start Update Image on a pool. Returns the rollout's id."""
        body = {"image": IMAGE, "version": NEW, "schedule": schedule, "reason": reason}
        return str(answered(self._http.post(f"/pools/{pool}/update-image", json=body))["id"])

    def rollout(self, rollout_id: str) -> RolloutView:
        """Read a rollout with its progress."""
        return RolloutView.model_validate(answered(self._http.get(f"/rollouts/{rollout_id}")))

    def rollout_ids(self, pool: str) -> list[str]:
        """The ids of the pool's ten newest rollouts, newest first."""
        found = answered(self._http.get("/rollouts", params={"pool": pool, "limit": "10"}))
        return [str(rollout["id"]) for rollout in found["items"]]

    def open_rollout(self, pool: str) -> str | None:
        """The id of the pool's open rollout."""
        found = answered(self._http.get("/rollouts", params={"pool": pool, "open": "true"}))["items"]
        return str(found[0]["id"]) if found else None

    def rollout_hosts(self, rollout_id: str) -> list[RolloutHostView]:
        """List the hosts of a rollout."""
        query: dict[str, str] = {}
        found: list[RolloutHostView] = []
        while True:
            answer = answered(self._http.get(f"/rollouts/{rollout_id}/hosts", params=query))
            page = RolloutHosts.model_validate(answer)
            found += page.items
            if page.continuation is None:
                return found
            query["continuation"] = page.continuation

    def _listed[V: Value](self, view: type[V], path: str) -> Iterator[V]:
        query: dict[str, str] = {}
        while True:
            page = Listed[view].model_validate(answered(self._http.get(path, params=query)))  # type: ignore[valid-type]
            yield from page.items
            if page.continuation is None:
                return
            query["continuation"] = page.continuation


def answered(answer: httpx.Response) -> dict[str, Any]:
    """The JSON body of a response. Raises StackError when the status is an error."""
    if not answer.is_success:
        request = f"{answer.request.method} {answer.request.url.path}"
        raise StackError(f"{request} returned {answer.status_code}: {answer.text[:_JSON_LIMIT]}")
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


def on_logoff(deadline: datetime) -> dict[str, str]:
    """An `on_logoff` schedule with this deadline, without fractions of a second."""
    return {"mode": "on_logoff", "deadline": deadline.isoformat(timespec="seconds")}
