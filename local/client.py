"""The app and the simulated Azure over HTTP, as a person with `curl` would use them."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from local.children import StackError
from local.sim import names
from local.stack_options import StackOptions
from shared.models.views import Listed, RolloutHostView, RolloutView

IMAGE = "win11-office"
POOL = "office"
OLD, NEW = "1.0.0", "2.0.0"

_JSON_LIMIT = 300


class Client:
    """Calls to both. Every method raises StackError with the answer when it is none of success."""

    def __init__(self, options: StackOptions) -> None:
        self._app = httpx.Client(base_url=f"http://127.0.0.1:{options.port}/api", timeout=60)
        self._sim = httpx.Client(base_url=f"{options.sim_url}/_sim", timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._app.close()
        self._sim.close()

    def register(self, policy: dict[str, Any]) -> None:
        """Make the image and the pool known to Freshcoat."""
        _json(self._app.put(f"/images/{IMAGE}", json={"definition_id": names.DEFINITION_ID}))
        pool = {
            "host_pool_id": names.OFFICE_POOL_ID,
            "image": IMAGE,
            "ring": "production",
            "time_zone": "Europe/Amsterdam",
            "join": {"kind": "entra"},
            "policy": policy,
        }
        _json(self._app.put(f"/pools/{POOL}", json=pool))

    def publish(self, deadline: datetime, reason: str) -> str:
        """Start Update Image with the option "on logoff"; the answer is the rollout's id."""
        body = {
            "image": IMAGE,
            "version": NEW,
            "schedule": {"mode": "on_logoff", "deadline": deadline.isoformat(timespec="seconds")},
            "reason": reason,
        }
        return str(_json(self._app.post(f"/pools/{POOL}/update-image", json=body))["id"])

    def rollout(self, rollout_id: str) -> RolloutView:
        """The rollout with its progress."""
        return RolloutView.model_validate(_json(self._app.get(f"/rollouts/{rollout_id}")))

    def rollout_hosts(self, rollout_id: str) -> list[RolloutHostView]:
        """Every host of the rollout."""
        hosts: list[RolloutHostView] = []
        query: dict[str, str] = {"limit": "100"}
        while True:
            answer = _json(self._app.get(f"/rollouts/{rollout_id}/hosts", params=query))
            page = Listed[RolloutHostView].model_validate(answer)
            hosts += page.items
            if page.continuation is None:
                return hosts
            query["continuation"] = page.continuation

    def expect_no_sign_out_before(self, moment: datetime) -> None:
        """Let the simulated Azure count every earlier sign-out as a violation."""
        _json(self._sim.post("/expect", json={"force_at": moment.isoformat()}))

    def azure(self) -> dict[str, Any]:
        """What is really there, as the simulated Azure has it; hosts of our pool only."""
        return _json(self._sim.get("/state", params={"pool": names.last(names.OFFICE_POOL_ID)}))


def _json(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise StackError(f"{asked} was answered {answer.status_code}: {answer.text[:_JSON_LIMIT]}")
    found: dict[str, Any] = answer.json()
    return found
