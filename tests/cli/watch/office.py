"""An app with one pool, whose rollout goes on as a test says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.app import ABOUT, Asked, Says, problem
from tests.cli.watch.samples import event, host, pools_task, rollout


def soon(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


class Office:
    """An app with the pool `office` and its rollout, which goes on as the test says."""

    def __init__(self, **view: Any) -> None:
        self.view: dict[str, Any] = rollout(**view)
        self.hosts = [
            host("office-0017", "failed", error="joining: AADLoginForWindows 1007"),
            host("office-0012", "joining"),
        ]
        self.events = [event("e1", "office-0042 is on 2.0.0")]
        self.instead: Says | None = None
        self.after: dict[str, Any] | None = None
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, asked: Asked) -> Says:
        path, _, query = asked.path.partition("?")
        if path.endswith("/about"):
            return Says(body=ABOUT)
        if self.instead or asked.method == "POST":
            return self.instead or self.told(path, asked)
        match path.removeprefix("/api/").split("/"):
            case ["rollouts"]:
                items = (
                    [self.view]
                    if "pool=office" in query and not ("open=true" in query and self.view["ended_at"])
                    else []
                )
                return Says(body={"items": items, "continuation": None})
            case ["rollouts", rollout_id] if rollout_id == self.view["id"]:
                return tagged(asked, self.view)
            case ["rollouts", _, "hosts"]:
                return Says(body={"items": self.hosts, "mark": self.view["mark"], "continuation": None})
            case ["rollouts", _, "events"]:
                return Says(body={"items": self.events, "continuation": None})
            case ["tasks", "8204682217094-6bd4"]:
                return tagged(asked, pools_task())
            case _:
                return problem(404, "not-found", "Not found")

    def told(self, path: str, asked: Asked) -> Says:
        """A write, which leads to `after`."""
        self.asked.append((path.removeprefix("/api/"), asked.body))
        before, self.view = self.view, self.view | (self.after or {})
        return Says(202, before)

    def end(self, state: str = "succeeded") -> None:
        """The rollout has ended."""
        self.view = self.view | {
            "state": state,
            "ended_at": soon(0),
            "next": None,
            "percent": 100,
            "counts": {"done": 59},
        }


def tagged(asked: Asked, view: dict[str, Any]) -> Says:
    tag = f'"{hash(json.dumps(view))}"'
    return (
        Says(304, "", {"ETag": tag})
        if asked.headers.get("if-none-match") == tag
        else Says(body=view, headers={"ETag": tag})
    )
