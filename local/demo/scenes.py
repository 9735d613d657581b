"""The scenes: each is what an operator types for one part of the job, and returns the result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.demo.burst import IN_PROGRESS, describe
from local.demo.outcome import Activated, BurstHost, Captured, Trial, Updated
from local.demo.setup import LAB, OFFICE_HOST_POOL
from local.demo.stage import Stage
from local.stack.app_client import IMAGE, NEW, OLD, POOL
from shared.models.tasks import TaskKind

MINUTES = 1
"""Time from the activation to the deadline, when remaining sessions are signed out."""
MOST_SIGNED_OUT = "100"
"""More than work in the pool at a time: how many have to be signed out is not known beforehand."""
REASON = "make demo"


def set_as_image(stage: Stage) -> Captured:
    """Capture a new version from the running template VM, which is powered off for that and started again."""
    before = stage.azure.template_power()
    with stage.scene("Set as image", f"{NEW} from the template VM, which is {before}"):
        stage.type("set-as-image", IMAGE, "--power-off", "--notes", REASON, "--yes", "--wait")
        task = stage.client.newest_task(TaskKind.SET_AS_IMAGE)
        image, after = stage.client.image(), stage.azure.template_power()
        stage.print(f"{image.staged} is staged, {image.current} is active; the template VM is {after}.")
    return Captured(task=task, image=image, power_before=before, power_after=after)


def add_burst_host(stage: Stage, moment: str) -> BurstHost:
    """Let the autoscaler add a host to the production pool, and read which version it was created from."""
    with stage.scene(f"A burst host {moment}", f"the autoscaler adds a host to pool {POOL}"):
        host = stage.azure.request_host(OFFICE_HOST_POOL)
        view = stage.wait(lambda: stage.azure.burst(host), lambda now: now["result"] not in IN_PROGRESS, describe)
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
        stage.type("update-image", LAB, NEW, "--now", "--reason", REASON, "--yes", "--wait")
        rollout = stage.client.rollout(stage.client.rollout_ids(LAB)[0])
        note = f"{rollout.hosts} hosts of {LAB} work"
        stage.type("verdict", IMAGE, NEW, "passed", "--note", note, "--yes")
        version = next(version for version in stage.client.versions() if version.version == NEW)
    return Trial(rollout=rollout, hosts=stage.client.rollout_hosts(rollout.id), version=version)


def activate(stage: Stage) -> Activated:
    """Activate the staged version, keep the old one as backup, and start the update of the production pool."""
    with stage.scene("Activate", f"{NEW}, with {OLD} as the backup, and update pool {POOL}"):
        deadline = (datetime.now(UTC) + timedelta(minutes=MINUTES)).replace(microsecond=0)
        stage.azure.expect_no_sign_out_before(deadline)
        when = ("--on-logoff", f"+{MINUTES}m", "--soak", "0", "--sign-out", MOST_SIGNED_OUT)
        stage.type("activate", IMAGE, "--update-pools", POOL, *when, "--reason", REASON, "--yes")
        image = stage.client.image()
        stage.print(f"Immediately: {image.current} is active, {', '.join(image.backups)} is a backup.")
        task = stage.client.newest_task(TaskKind.ACTIVATE)
        rollout = stage.wait(lambda: stage.client.open_rollout(POOL), lambda found: found is not None)
    return Activated(deadline=deadline, task=task, image=image, rollout=rollout or "")


def update_pool(stage: Stage, activated: Activated) -> Updated:
    """Watch the rollout that the activation started. The activation's task ends with the rollout."""
    with stage.scene("Update", f"pool {POOL}, as people sign out; the last ones at the deadline"):
        stage.type("watch", POOL)
        stage.type("watch", activated.task.id)
    rollout, task = stage.client.rollout(activated.rollout), stage.client.task(activated.task.id)
    return Updated(rollout=rollout, hosts=stage.client.rollout_hosts(rollout.id), task=task)


def look_back(stage: Stage) -> None:
    """What is there now, as an operator sees it."""
    for words in (("pools",), ("versions", IMAGE), ("tasks",)):
        stage.type(*words)
