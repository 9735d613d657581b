"""Which function is behind each step of a task, and how long the step may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core import names
from shared.core.settings import Settings
from shared.imaging import activation_steps, capture_steps, clean_up, job_end, pool_updates
from shared.workflow.task_runner import TaskStepRun


@dataclass(frozen=True)
class TaskStepKind:
    """One step; `limit` is in seconds, None when it waits for people."""

    run: TaskStepRun
    limit: Callable[[Settings], float | None]


TASK_STEPS: dict[str, TaskStepKind] = {
    names.CLAIM_IMAGE: TaskStepKind(capture_steps.claim_image, lambda s: s.power_limit),
    names.SWITCH_OFF_TEMPLATE: TaskStepKind(capture_steps.switch_off_template, lambda s: s.power_limit),
    names.SNAPSHOT_TEMPLATE: TaskStepKind(capture_steps.snapshot_template, lambda s: s.snapshot_limit),
    names.RESTART_TEMPLATE: TaskStepKind(capture_steps.restart_template, lambda s: s.power_limit),
    names.COPY_DISK: TaskStepKind(capture_steps.copy_disk, lambda s: s.clone_limit),
    names.CREATE_COPY: TaskStepKind(capture_steps.create_copy, lambda s: s.clone_limit),
    names.PREPARE_COPY: TaskStepKind(capture_steps.prepare_copy, lambda s: s.prepare_limit),
    names.GENERALIZE_COPY: TaskStepKind(capture_steps.generalize_copy, lambda s: s.power_limit),
    names.CAPTURE_IMAGE: TaskStepKind(capture_steps.capture_image, lambda s: s.capture_limit),
    names.CAPTURE_VERSION: TaskStepKind(capture_steps.capture_version, lambda s: s.capture_limit),
    names.REPLICATE_VERSION: TaskStepKind(capture_steps.replicate_version, lambda s: s.replication_limit),
    names.RECORD_VERSION: TaskStepKind(capture_steps.record_version, lambda s: s.power_limit),
    # Its own limit holds for each thing it removes: this step must come to its end.
    names.CLEAN_UP: TaskStepKind(clean_up.clean_up, lambda _: None),
    names.SWITCH_VERSION: TaskStepKind(activation_steps.switch_version, lambda s: s.power_limit),
    names.FLIP_FLAGS: TaskStepKind(activation_steps.flip_flags, lambda s: s.capture_limit),
    names.UPDATE_POOLS: TaskStepKind(pool_updates.update_pools, lambda _: None),
    names.END_ACTIVATION: TaskStepKind(activation_steps.end_activation, lambda _: None),
    names.END_JOB: TaskStepKind(job_end.end_job, lambda _: None),
}
