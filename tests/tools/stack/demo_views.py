"""Builders for the API answers that the demo reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.api.images import GalleryView, ImageView, VersionView
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskView
from shared.core.codes import Code
from shared.core.states import RolloutState, TaskState, VersionState
from shared.models.images import Retention, Verdict
from shared.models.messages import message
from shared.models.policy import ScheduleMode, resolve_policy
from shared.models.rollouts import Schedule
from shared.models.tasks import TaskKind, TaskStep

NOW = datetime.now(UTC)


def rollout(state: RolloutState = RolloutState.RUNNING, **fields: Any) -> RolloutView:
    given = {
        "id": "8204695824719-c51a",
        "pool": "office",
        "image": "win11-office",
        "version": "2.0.0",
        "from_version": "1.0.0",
        "state": state,
        "percent": 41,
        "counts": {"pending": 1, "waiting_for_logoff": 2, "done": 3},
        "schedule": Schedule(mode=ScheduleMode.ON_LOGOFF, begin_at=NOW, force_at=NOW, time_zone="UTC"),
        "reason": "",
        "requested_by": "me",
        "created_at": NOW,
        "started_at": NOW,
        "ended_at": NOW if state.ended else None,
        "note": None,
        "policy": resolve_policy(ScheduleMode.ON_LOGOFF),
        "hosts": 6,
        "accepting": 4,
        "sessions_open": 5,
        "sessions_signed_out": 0,
        "minutes_per_host": 1.0,
        "next": message(Code.SESSIONS_END, "The remaining sessions are ended.", at=NOW + timedelta(seconds=30)),
        "expected_end": NOW + timedelta(seconds=60),
        "last_pass_at": NOW,
    }
    return RolloutView.model_validate(given | fields)


def task(*steps: str, state: TaskState = TaskState.RUNNING, **fields: Any) -> TaskView:
    """A task created three seconds ago whose steps took one second each."""
    created = NOW - timedelta(seconds=3)
    begun = [created + timedelta(seconds=number) for number in range(len(steps) + 1)]
    given = {
        "id": "8204695824719-aaaa",
        "kind": TaskKind.SET_AS_IMAGE,
        "image": "win11-office",
        "version": "2.0.0",
        "from_version": "1.0.0",
        "state": state,
        "percent": 37,
        "step": steps[-1] if steps else "",
        "note": None,
        "reason": "",
        "requested_by": "me",
        "created_at": created,
        "ended_at": NOW if state.ended else None,
        "href": "/api/tasks/8204695824719-aaaa",
        "steps": [
            TaskStep(name=name, begun_at=begun[number], ended_at=begun[number + 1] if name != steps[-1] else None)
            for number, name in enumerate(steps)
        ],
    }
    return TaskView.model_validate(given | fields)


def image(current: str, staged: str | None = None, backups: tuple[str, ...] = ()) -> ImageView:
    return ImageView(
        name="win11-office",
        definition_id="",
        template_vm_id="",
        build_subnet_id="",
        accounts=None,
        retention=Retention(),
        current=current,
        staged=staged,
        backups=list(backups),
        gallery=GalleryView(name="gallery", definition="win11-office", resource_group="rg-images", subscription=""),
        registered_at=NOW,
    )


def version(name: str, state: VersionState, *, latest: bool, verdict: str = "") -> VersionView:
    given = {"result": verdict, "note": "2 hosts work", "by": "me", "at": NOW}
    return VersionView(
        version=name,
        id="",
        state=state,
        in_gallery=True,
        ready=True,
        excluded_from_latest=not latest,
        replicas={},
        verdict=Verdict.model_validate(given) if verdict else None,
    )
