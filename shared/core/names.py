"""Names and ids used in more than one place.

Instance ids are functions of our own ids, so that a repeated step names the same instance.
"""

from __future__ import annotations

import hashlib

from pydantic import SecretStr

RELEASE = "0.1.0"
"""The release of this app, as in `pyproject.toml`."""
ORCHESTRATION_VERSION = "1"
"""The version that an orchestration gets when it begins or continues as new, as `defaultVersion` in `host.json`.

Raise both when an orchestrator changes so that a history of an older one cannot be replayed (docs/package.md).
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-orchestration-versioning
"""

PUBLISH_IMAGE = "publish_image"
REIMAGE_HOST = "reimage_host"
RUN_HOST_STEPS = "run_host_steps"
RECONCILE_POOL = "reconcile_pool"
CHECK_DEVICE = "check_device"
RECHECK_HOST = "recheck_host"
REBUILD_HOST = "rebuild_host"
PREPARE_JOIN = "prepare_join"
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
"""The only external event that a rollout waits for. Its payload says what happened."""

EXCLUSION_TAG = "ScalingPlanExclusion"
"""AVD autoscale ignores VMs with this tag."""
ROLLOUT_TAG = "FreshcoatRollout"
"""On a VM that we drained: the id of the rollout. Distinguishes our drain from an operator's."""
ORIGINAL_TAG = "FreshcoatOriginal"
"""On a VM that we drained: how it was before (`vm_marks`). Its host's row says so too, but storage may lose writes."""
OUT_TAG = "FreshcoatOutOf"
"""On a VM whose session host we removed, until it has joined again: `{pool} {host} {hash of the host pool's id}`."""
TEMPLATE_TAG = "FreshcoatTemplate"
"""On a template VM: the name of its image. A VM without it is never switched off for a set-as-image."""
TASK_TAG = "FreshcoatTask"
"""On temporary Azure resources of a task: the id of the task. Tasks delete no resource without this tag."""
SWAP = "swap"
"""The strategy that swaps a host's kept OS disk back in. A policy cannot choose it."""
SWAPPED_TAG = "FreshcoatSwapped"
"""On a VM with an older OS disk swapped in: `{version} {disk name}`. Its imageReference still names the version that
was rolled back, so this tag has the version as long as the VM has that disk."""
EXCLUDE_TAG = "FreshcoatExclude"
"""On a VM that Freshcoat must not rebuild, set by an operator; with any value, also an empty one."""
FAILED_TAG = "FreshcoatFailed"
"""On a VM whose update failed: the step and the reason."""

JOIN_EXTENSION_DOMAIN = "JsonADDomainExtension"
JOIN_EXTENSION_ENTRA = "AADLoginForWindows"
RESTORED_EXTENSIONS = frozenset({
    "AzureMonitorWindowsAgent", "DependencyAgentWindows", "NetworkWatcherAgentWindows", "GuestAttestation",
    "ConfigurationforWindows", "ChangeTracking-Windows", "IaaSAntimalware", "BGInfo", "ApplicationHealthWindows",
    "NvidiaGpuDriverWindows", "AmdGpuDriverWindows",
})  # fmt: skip
"""Types of extensions that need no protected settings, so that they can be put on a replaced VM again."""
REGISTER_COMMAND = "FreshcoatRegisterSessionHost"
PREPARE_COMMAND = "FreshcoatPrepareImage"
PROBE_COMMAND = "FreshcoatProbe"
INSPECT_COMMAND = "FreshcoatInspectJoin"


def short_hash(text: str) -> str:
    """A hash of 16 hex digits, case-insensitive like ARM ids."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:16]


def token_mark(token: SecretStr) -> str:
    """Tells two registration tokens apart without holding either: the start of a hash."""
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest()[:16]


def rollout_instance(rollout_id: str, run: int) -> str:
    """Engine instance id of a rollout's run."""
    return f"rollout:{rollout_id}:{run}"


def host_instance(rollout_id: str, host: str, run: int) -> str:
    """Engine instance id of a host's run: at most 100 ASCII characters, whatever the host's name."""
    return f"host:{rollout_id}:{short_hash(host)}:{run}"


def task_instance(task_id: str, run: int) -> str:
    """Engine instance id of a task's run."""
    return f"task:{task_id}:{run}"
