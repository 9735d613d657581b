"""The chapters: each does one thing as a person would, shows how it goes, and says what it has found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.demo.outcome import Activated, BurstHost, Captured, Trial, Updated
from local.demo.setup import LAB, OFFICE_HOST_POOL
from local.demo.show_burst import BurstTelling
from local.demo.show_rollout import RolloutTelling
from local.demo.show_task import TaskTelling
from local.demo.stage import Stage
from local.stack.app_client import NEW, OLD, POOL, on_logoff
from local.stack.processes import StackError
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskView
from shared.core.states import RolloutState, TaskState

DEADLINE = timedelta(seconds=32)
"""From the activation to the moment at which sessions are ended."""
REASON = "make demo"

_ON_THE_WAY = frozenset({"asking", "creating", "registering"})
_STUCK = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


def set_as_image(stage: Stage) -> Captured:
    """Make a new version from the template VM, which runs: it is switched off for that, and started again."""
    before = stage.azure.template_power()
    with stage.chapter("Set as image", f"{NEW} from the template VM, which is {before}"):
        task = stage.client.set_as_image(power_off=True, notes=REASON)
        view = _task(stage, task)
        image, after = stage.client.image(), stage.azure.template_power()
        stage.say(f"{image.staged} is staged, {image.current} is active; the template VM is {after}.")
    return Captured(task=view, image=image, power_before=before, power_after=after)


def add_burst_host(stage: Stage, moment: str) -> BurstHost:
    """Have the autoscaler add a host to the production pool, and look what it was made from."""
    with stage.chapter(f"A burst host {moment}", f"the autoscaler adds one to pool {POOL}"):
        host = stage.azure.ask_for_host(OFFICE_HOST_POOL)
        view = stage.follow(
            lambda: stage.azure.burst(host), BurstTelling(), lambda now: now["result"] not in _ON_THE_WAY
        )
        found = (known["version"] for known in stage.azure.state()["hosts"] if known["host"] == host)
        version = next(found, None)
        stage.say(f"{host} is on {version}.")
    return BurstHost(
        host=host,
        asked_at=view["asked_at"],
        moment=moment,
        version=version,
        reason=view["reason"],
        result=view["result"],
    )


def try_out(stage: Stage) -> Trial:
    """Update the test pool to the staged version, and record that it has passed."""
    with stage.chapter("Test", f"pool {LAB}, of ring test, gets {NEW} now"):
        rollout = stage.client.publish(LAB, {"mode": "now"}, REASON)
        view = _rollout(stage, rollout)
        if view.state is not RolloutState.SUCCEEDED:
            raise StackError(f"The test of {NEW} came to nothing: the rollout is {view.state}. {view.note}")
        version = stage.client.give_verdict(NEW, "passed", f"{view.hosts} hosts of {LAB} work")
        verdict = version.verdict
        stage.say(f"Verdict: {verdict.result} ({verdict.note})." if verdict else "There is no verdict.")
    return Trial(rollout=view, hosts=stage.client.rollout_hosts(rollout), version=version)


def activate(stage: Stage) -> Activated:
    """Activate the staged version, the old one becoming a backup. It begins the update of the production pool."""
    deadline = (datetime.now(UTC) + DEADLINE).replace(microsecond=0)
    with stage.chapter("Activate", f"{NEW}, with {OLD} as the backup, and update pool {POOL} with it"):
        stage.azure.expect_no_sign_out_before(deadline)
        task = stage.client.activate(
            backup=True, update_pools=[POOL], schedule=on_logoff(deadline), soak_minutes=0, reason=REASON
        )
        image = stage.client.image()
        stage.say(f"At once: {image.current} is active, {', '.join(image.backups)} is a backup.")
        view = stage.follow(
            lambda: stage.client.task(task), TaskTelling(), lambda now: _begun(stage, now) or now.ended_at is not None
        )
        if POOL not in view.rollouts:
            raise StackError(f"The activation has begun no rollout: it is {view.state}. {view.note}")
    return Activated(deadline=deadline, task=view, image=image, rollout=view.rollouts[POOL])


def update_pool(stage: Stage, activated: Activated) -> Updated:
    """Follow the rollout the activation has begun; the task ends with it."""
    by = f"{activated.deadline.astimezone():%H:%M:%S}"
    with stage.chapter("Update", f"pool {POOL} on_logoff, deadline {by}: rollout {activated.rollout}"):
        view = _rollout(stage, activated.rollout)
        task = stage.client.task(activated.task.id)
        if view.state is RolloutState.SUCCEEDED:
            told = TaskTelling(len(activated.task.steps))
            task = stage.follow(lambda: stage.client.task(task.id), told, lambda now: now.ended_at is not None)
    return Updated(rollout=view, hosts=stage.client.rollout_hosts(view.id), task=task)


def _task(stage: Stage, task_id: str) -> TaskView:
    """The task at its end. Raises StackError when it has not succeeded: no chapter can follow."""
    view = stage.follow(lambda: stage.client.task(task_id), TaskTelling(), lambda now: now.ended_at is not None)
    if view.state is not TaskState.SUCCEEDED:
        raise StackError(f"{view.kind} has {view.state}. {view.note}")
    return view


def _rollout(stage: Stage, rollout_id: str) -> RolloutView:
    """The rollout at its end, or when it waits for a person."""
    return stage.follow(
        lambda: stage.client.rollout(rollout_id), RolloutTelling(), lambda now: now.state.ended or now.state in _STUCK
    )


def _begun(stage: Stage, view: TaskView) -> bool:
    """Whether the rollout is there. The task knows its id a moment before."""
    return view.rollouts.get(POOL) in stage.client.rollout_ids(POOL)
