"""Names and ids that more than one part uses, in one leaf module.

Instance ids are functions of our own ids, so that a step that is run again names the same instance.
"""

from __future__ import annotations

import hashlib

PUBLISH_IMAGE = "publish_image"
REIMAGE_HOST = "reimage_host"
LOOK_AT_POOL = "look_at_pool"
RECHECK_HOST = "recheck_host"
REBUILD_HOST = "rebuild_host"
JOIN_HOST = "join_host"
REGISTER_HOST = "register_host"
AWAIT_HEALTHY = "await_healthy"
GIVE_BACK_HOST = "give_back_host"
INBOX = "inbox"
"""The one external event a rollout waits for; its payload says why."""

EXCLUSION_TAG = "ScalingPlanExclusion"
"""AVD autoscale leaves a VM with this tag alone."""
ROLLOUT_TAG = "FreshcoatRollout"
"""On a VM we drained: the rollout that did. Tells our own drain from an operator's."""
FAILED_TAG = "FreshcoatFailed"
"""On a VM whose update failed: step and reason."""

JOIN_EXTENSION_DOMAIN = "JsonADDomainExtension"
JOIN_EXTENSION_ENTRA = "AADLoginForWindows"
REGISTER_COMMAND = "FreshcoatRegisterSessionHost"


def short_hash(text: str) -> str:
    """16 hex digits that stand for a text of any length, case-insensitively (ARM ids are)."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:16]


def rollout_instance(rollout_id: str, run: int) -> str:
    """Engine instance id of a rollout's run."""
    return f"rollout:{rollout_id}:{run}"


def host_instance(rollout_id: str, host: str, run: int) -> str:
    """Engine instance id of a host's run; at most 100 ASCII characters, whatever the host is called."""
    return f"host:{rollout_id}:{short_hash(host)}:{run}"
