"""What tests of jobs over many pools share: an image whose 2.0.0 is active, pools on 1.0.0, and a job over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.models.pools import Ring
from shared.models.rollouts import Rollout
from shared.models.tasks import Task
from shared.services import ROLLOUTS, TASKS
from tests.fixtures.app import Reply
from tests.fixtures.play import Play
from tests.imaging.studio import NEW, activated, add_pool, studio

NOW: dict[str, Any] = {"schedule": {"mode": "now"}}
QUICK = {"settle_seconds": 0, "min_available": 0}
"""A pool of one host would wait for the deadline with it otherwise."""
FAILS = QUICK | {"retries": 0, "on_failure": "continue"}
THREE = (("lab", Ring.TEST), ("pilot", Ring.PILOT), ("office", Ring.PRODUCTION))


def crowd(*pools: tuple[str, Ring], **fields: Any) -> Play:
    """2.0.0 is active, 1.0.0 its backup, and these pools (else `lab`, `pilot`, `office`) are on 1.0.0."""
    play = activated(studio())
    for name, ring in pools or THREE:
        add_pool(play, name, ring, **fields)
    return play


def send(play: Play, query: str = "", **body: Any) -> Reply:
    """Ask for 2.0.0 on every pool of the account `default`, at once, unless the body says otherwise."""
    chosen = {} if {"pools", "filter"} & body.keys() else {"filter": {"account": "default"}}
    asked = {"version": NEW, "policy": QUICK, "soak_minutes": 0, **NOW, **chosen, **body}
    return play.app.send("POST", f"/api/rollouts{query}", {name: it for name, it in asked.items() if it is not None})


def ask(play: Play, **body: Any) -> str:
    """Begin the job; its id."""
    reply = send(play, **body)
    assert reply.status == 202, reply.text
    return str(reply.json["id"])


def tell(play: Play, task_id: str, what: str, **body: Any) -> Reply:
    """`approve` or `cancel` the job."""
    return play.app.send("POST", f"/api/tasks/{task_id}/{what}", body)


def seen(play: Play, task_id: str) -> Any:
    """The job as people see it."""
    return play.app.send("GET", f"/api/tasks/{task_id}").json


def notes(play: Play, task_id: str) -> dict[str, str]:
    """Pool -> what it waits for."""
    return {pool["pool"]: pool["note"] for pool in seen(play, task_id)["pools"]}


def begun(play: Play) -> dict[str, Rollout]:
    """Pool -> its newest rollout."""
    found: dict[str, Rollout] = {}
    for rollout in play.app.tables.rollouts.all(ROLLOUTS):
        found.setdefault(rollout.pool, rollout)
    return found


def jobs(play: Play) -> Sequence[Task]:
    """All tasks."""
    return play.app.tables.tasks.all(TASKS)


def audited(play: Play) -> list[tuple[str, str]]:
    """Who did what about the image, oldest first; of this month."""
    entries = reversed(play.app.tables.audit.all(f"{play.app.now:%Y-%m}"))
    return [(entry.action, entry.detail) for entry in entries]


def until_told(play: Play, task_id: str, words: str, hours: float = 48) -> None:
    """Let time pass until the job waits for this."""
    play.run(hours, until=lambda: words in play.task(task_id).note)
    assert words in play.task(task_id).note, play.task(task_id)


def in_hours(play: Play, hours: float) -> str:
    """A moment as people write it."""
    return (play.app.now + timedelta(hours=hours)).isoformat()
