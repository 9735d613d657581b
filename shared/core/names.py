"""Names and ids that more than one part uses, in one leaf module.

Instance ids are functions of our own ids, so that a step that is run again names the same instance.
"""

from __future__ import annotations

import hashlib

PUBLISH_IMAGE = "publish_image"
REIMAGE_HOST = "reimage_host"
RUN_HOST_STEPS = "run_host_steps"
RECONCILE_POOL = "reconcile_pool"
RECHECK_HOST = "recheck_host"
REBUILD_HOST = "rebuild_host"
JOIN_HOST = "join_host"
REGISTER_HOST = "register_host"
AWAIT_HEALTHY = "await_healthy"
PROBE_HOST = "probe_host"
BAKE_HOST = "bake_host"
RETURN_HOST_TO_SERVICE = "return_host_to_service"
SET_AS_IMAGE = "set_as_image"
RESTART_TEMPLATE = "restart_template"
REPLICATE_VERSION = "replicate_version"
ACTIVATE_IMAGE = "activate_image"
SWITCH_VERSION = "switch_version"
UPDATE_POOLS = "update_pools"
UPDATE_MANY_POOLS = "update_many_pools"
"""The orchestration of a fleet update; `update_pools` is its step, and a step of an activation."""
INBOX = "inbox"
"""The one external event a rollout waits for; its payload says why."""

EXCLUSION_TAG = "ScalingPlanExclusion"
"""AVD autoscale leaves a VM with this tag alone."""
ROLLOUT_TAG = "FreshcoatRollout"
"""On a VM we drained: the rollout that did. Tells our own drain from an operator's."""
TASK_TAG = "FreshcoatTask"
"""On whatever is made in Azure for the time of a task: its id. Nothing without it is ever removed by one."""
SWAP = "swap"
"""The strategy that gives a host its kept OS disk back; no policy can ask for it."""
SWAPPED_TAG = "FreshcoatSwapped"
"""On a VM that got an older OS disk back: `{version} {disk name}`. Its imageReference still names the version that
was rolled back, so while the VM is on that disk this tag counts."""
FAILED_TAG = "FreshcoatFailed"
"""On a VM whose update failed: step and reason."""

JOIN_EXTENSION_DOMAIN = "JsonADDomainExtension"
JOIN_EXTENSION_ENTRA = "AADLoginForWindows"
REGISTER_COMMAND = "FreshcoatRegisterSessionHost"
PREPARE_COMMAND = "FreshcoatPrepareImage"
PROBE_COMMAND = "FreshcoatProbe"


def short_hash(text: str) -> str:
    """16 hex digits that stand for a text of any length, case-insensitively (ARM ids are)."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:16]


def rollout_instance(rollout_id: str, run: int) -> str:
    """Engine instance id of a rollout's run."""
    return f"rollout:{rollout_id}:{run}"


def host_instance(rollout_id: str, host: str, run: int) -> str:
    """Engine instance id of a host's run; at most 100 ASCII characters, whatever the host is called."""
    return f"host:{rollout_id}:{short_hash(host)}:{run}"


def task_instance(task_id: str, run: int) -> str:
    """Engine instance id of a task's run."""
    return f"task:{task_id}:{run}"
