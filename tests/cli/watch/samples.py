"""Answers of the API as it would give them: made by its own models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from freshcoat_cli.watch.sight import Json, Look, Sight
from shared.api.history.rollout_events import RolloutEventView
from shared.api.rollout_pages.hosts import RolloutHostView
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskView

NOW = datetime(2026, 11, 29, 22, 41, tzinfo=UTC)
"""Sunday 29 November 2026, 23:41 in Amsterdam."""
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOOK = Look(zone=AMSTERDAM, width=80, height=23)
ID = "8204001026537-f242"
COUNTS = {
    **{"done": 31, "verifying": 2, "joining": 3, "reimaging": 6, "waiting_for_logoff": 9},
    **{"draining": 1, "pending": 6, "failed": 1},
}


def at(minutes: float) -> str:
    """So many minutes from now, as the API writes it."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def rollout(**changes: Any) -> Json:
    """A rollout of 59 hosts in the middle of its work."""
    fields: Json = {
        "id": ID,
        "pool": "office",
        "image": "win11-office",
        "version": "2.0.0",
        "from_version": "1.0.0",
        "state": "running",
        "percent": 65,
        "counts": COUNTS,
        "schedule": {"mode": "on_logoff", "begin_at": at(-60), "force_at": at(79), "time_zone": "Europe/Amsterdam"},
        "reason": "",
        "requested_by": "dev",
        "created_at": at(-60),
        "started_at": at(-60),
        "ended_at": None,
        "note": None,
        "next": {"code": "users_warned", "text": "Users are asked to sign out.", "at": at(19)},
        "expected_end": at(95),
        "expected_end_bounds": (at(57), at(103)),
        "hosts": 59,
        "failed": 1,
        "sessions_open": 26,
        "policy": {"canary_hosts": 1, "max_unavailable": "25%"},
        "accepting": 37,
        "sessions_signed_out": 0,
        "minutes_per_host": 12,
        "last_pass_at": at(-1),
        "people_left": 26,
        "pool_time_zone": "Europe/Amsterdam",
        "mark": "m1",
    }
    return RolloutView.model_validate(fields | changes).model_dump(mode="json")


def host(name: str, state: str, **changes: Any) -> Json:
    """A host of that rollout."""
    fields: Json = {
        **{"host": f"{name}.contoso.local", "vm_id": "", "state": state, "step": "", "attempt": 1, "canary": False},
        **{"sessions": 0, "from_version": "1.0.0", "version": None, "target": "2.0.0", "strategy": "", "reason": None},
        **{"error": "", "old_disk_id": None, "taken_at": None, "ended_at": None, "state_since": at(-1)},
    }
    return RolloutHostView.model_validate(fields | changes).model_dump(mode="json", by_alias=True)


def event(name: str, text: str, minutes: float = 0) -> Json:
    """Something that has happened in it."""
    fields = {"id": name, "at": at(minutes), "kind": "host_done", "host": None, "who": None, "data": {}}
    shown = RolloutEventView.model_validate(fields | {"text": {"code": "host_done", "text": text}})
    return shown.model_dump(mode="json")


HOSTS = (
    host("office-0017", "failed", error="joining: AADLoginForWindows 1007", attempt=2),
    host("office-0012", "verifying"),
    *(host(f"office-{number:04d}", "reimaging", state_since=at(-4)) for number in range(20, 26)),
    host("office-0031", "waiting_for_logoff", sessions=3, state_since=at(-70)),
)
EVENTS = (event("e1", "office-0041 is on 2.0.0", -2), event("e2", "office-0042 is on 2.0.0", -0.2))


def sight(view: Json | None = None, **changes: Any) -> Sight:
    """That rollout as it was read two seconds ago."""
    fields: Json = {"read_at": NOW - timedelta(seconds=2), "hosts": HOSTS, "events": EVENTS}
    return Sight(view or rollout(), **fields | changes)


def task(**changes: Any) -> Json:
    """A set-as-image in the middle of its work."""
    fields: Json = {
        **{"id": "8204682217094-6bd4", "kind": "set_as_image", "image": "win11-office", "version": "4.0.0"},
        **{"from_version": "2.0.0", "state": "running", "percent": 45, "step": "preparing the clone", "note": None},
        **{"reason": "", "requested_by": "dev", "created_at": at(-9), "ended_at": None},
        "href": "/api/tasks/8204682217094-6bd4",
        "steps": [
            {"name": "reserving the image", "begun_at": at(-9), "ended_at": at(-8.95), "detail": ""},
            {"name": "preparing the clone", "begun_at": at(-4), "ended_at": None, "detail": ""},
        ],
    }
    return TaskView.model_validate(fields | changes).model_dump(mode="json")


def pool(name: str, ring: int, state: str | None, percent: int, note: str = "") -> Json:
    """One pool of an update of many pools."""
    told = {"code": "ring_waits", "text": note} if note else None
    fields = {"pool": name, "ring": ring, "state": state, "percent": percent, "note": told}
    return fields | {"rollout": ID if state else "", "href": "", "back": ""}


def pools_task(**changes: Any) -> Json:
    """An update over three pools that waits for the approval of its second ring."""
    fields: Json = {
        **{"kind": "update_pools", "version": "2.0.0", "step": "updating the pools", "percent": 33, "steps": []},
        "pools": [
            pool("lab", 0, "succeeded", 100),
            pool("office", 2, None, 0, "Ring 2 waits for approval."),
            pool("pilot", 1, "running", 40),
        ],
        "waits_for": {
            "code": "ring_waits_for_approval",
            "text": "Ring 2 waits for approval.",
            "ring": 2,
            "until": None,
        },
    }
    return task(**fields | changes)
