"""The scenes: each performs one operator action, shows its progress, and returns the result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.demo.outcome import Activated, BurstHost, Captured, Trial, Updated
from local.demo.setup import LAB, OFFICE_HOST_POOL
from local.demo.show_burst import BurstDisplay
from local.demo.show_rollout import RolloutDisplay
from local.demo.show_task import TaskDisplay
from local.demo.stage import Stage
from local.stack.app_client import NEW, OLD, POOL, on_logoff
from local.stack.processes import StackError
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskView
from shared.core.states import RolloutState, TaskState
from shared.models.messages import text_of

DEADLINE = timedelta(seconds=32)
"""Time from the activation to the deadline, when remaining sessions are signed out."""
REASON = "make demo"

_IN_PROGRESS = frozenset({"asking", "creating", "registering"})
_WAITING_FOR_A_PERSON = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


def set_as_image(stage: Stage) -> Captured:
    """Capture a new version from the running template VM, which is powered off for that and started again."""
    before = stage.azure.template_power()
    with stage.scene("Set as image", f"{NEW} from the template VM, which is {before}"):
        task = stage.client.set_as_image(power_off=True, notes=REASON)
        view = _task(stage, task)
        image, after = stage.client.image(), stage.azure.template_power()
        stage.print(f"{image.staged} is staged, {image.current} is active; the template VM is {after}.")
    return Captured(task=view, image=image, power_before=before, power_after=after)


def add_burst_host(stage: Stage, moment: str) -> BurstHost:
    """Let the autoscaler add a host to the production pool, and read which version it was created from."""
    with stage.scene(f"A burst host {moment}", f"the autoscaler adds a host to pool {POOL}"):
        host = stage.azure.request_host(OFFICE_HOST_POOL)
        view = stage.follow(
            lambda: stage.azure.burst(host), BurstDisplay(), lambda now: now["result"] not in _IN_PROGRESS
        )
        found = (known["version"] for known in stage.azure.state()["hosts"] if known["host"] == host)
        version = next(found, None)
        stage.print(f"{host} is on {version}.")
    return BurstHost(
        host=host,
        asked_at=view["asked_at"],
        moment=moment,
        version=version,
        reason=view["reason"],
        result=view["result"],
    )


def update_test_pool(stage: Stage) -> Trial:
    """Update the test pool to the staged version, and record the verdict `passed`."""
    with stage.scene("Test", f"update pool {LAB} (ring test) to {NEW} now"):
        rollout = stage.client.publish(LAB, {"mode": "now"}, REASON)
        view = _rollout(stage, rollout)
        if view.state is not RolloutState.SUCCEEDED:
            raise StackError(f"Version {NEW} could not be tested: the rollout is {view.state}. {text_of(view.note)}")
        version = stage.client.record_verdict(NEW, "passed", f"{view.hosts} hosts of {LAB} work")
        verdict = version.verdict
        stage.print(f"Verdict: {verdict.result} ({verdict.note})." if verdict else "No verdict was recorded.")
    return Trial(rollout=view, hosts=stage.client.rollout_hosts(rollout), version=version)


def activate(stage: Stage) -> Activated:
    """Activate the staged version, keep the old one as backup, and start the update of the production pool."""
    deadline = (datetime.now(UTC) + DEADLINE).replace(microsecond=0)
    with stage.scene("Activate", f"{NEW}, with {OLD} as the backup, and update pool {POOL}"):
        stage.azure.expect_no_sign_out_before(deadline)
        task = stage.client.activate(
            backup=True, update_pools=[POOL], schedule=on_logoff(deadline), soak_minutes=0, reason=REASON
        )
        image = stage.client.image()
        stage.print(f"Immediately: {image.current} is active, {', '.join(image.backups)} is a backup.")
        view = stage.follow(
            lambda: stage.client.task(task),
            TaskDisplay(),
            lambda now: _rollout_is_listed(stage, now) or now.ended_at is not None,
        )
        if POOL not in view.rollouts:
            raise StackError(f"The activation started no rollout: it is {view.state}. {text_of(view.note)}")
    return Activated(deadline=deadline, task=view, image=image, rollout=view.rollouts[POOL])


def update_pool(stage: Stage, activated: Activated) -> Updated:
    """Follow the rollout that the activation started. The activation's task ends with the rollout."""
    by = f"{activated.deadline.astimezone():%H:%M:%S}"
    with stage.scene("Update", f"pool {POOL} on_logoff, deadline {by}: rollout {activated.rollout}"):
        view = _rollout(stage, activated.rollout)
        task = stage.client.task(activated.task.id)
        if view.state is RolloutState.SUCCEEDED:
            display = TaskDisplay(len(activated.task.steps))
            task = stage.follow(lambda: stage.client.task(task.id), display, lambda now: now.ended_at is not None)
    return Updated(rollout=view, hosts=stage.client.rollout_hosts(view.id), task=task)


def _task(stage: Stage, task_id: str) -> TaskView:
    """Follow a task to its end. Raises StackError when it did not succeed, because the later scenes depend on it."""
    view = stage.follow(lambda: stage.client.task(task_id), TaskDisplay(), lambda now: now.ended_at is not None)
    if view.state is not TaskState.SUCCEEDED:
        raise StackError(f"Task {view.kind} is {view.state}. {text_of(view.note)}")
    return view


def _rollout(stage: Stage, rollout_id: str) -> RolloutView:
    """Follow a rollout until it ends or waits for a person."""
    return stage.follow(
        lambda: stage.client.rollout(rollout_id),
        RolloutDisplay(),
        lambda now: now.state.ended or now.state in _WAITING_FOR_A_PERSON,
    )


def _rollout_is_listed(stage: Stage, view: TaskView) -> bool:
    """Whether the rollout can be read. Its task knows the id a moment before the rollout is stored."""
    return view.rollouts.get(POOL) in stage.client.rollout_ids(POOL)
