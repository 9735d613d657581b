"""Where one goes on from an answer: links from an operation to those that take what it made or named."""

from __future__ import annotations

from typing import Any

from triggers.http.contract import Endpoint

_OF_POOL = {"pool": "$request.path.pool"}
_OF_IMAGE = {"image": "$request.path.image"}
_OF_VERSION = {**_OF_IMAGE, "version": "$request.path.version"}
_OF_STAGED = {**_OF_IMAGE, "version": "$response.body#/version"}
_OF_ACCOUNT = {"account": "$request.path.account"}
_OF_RING = {**_OF_ACCOUNT, "ring": "$request.path.ring"}
_OF_PROBE = {**_OF_ACCOUNT, "probe": "$request.path.probe"}
_OF_PROFILE = {**_OF_ACCOUNT, "profile": "$request.path.profile"}
_OF_GRANT = {"principal": "$request.path.principal"}
_NEW = "$response.body#/id"
_FIRST = "$response.body#/items/0/"

_REGISTERED_POOL = (
    "get_pool",
    "patch_pool",
    "get_pool_hosts",
    "get_pool_image",
    "get_pool_versions",
    "post_update_image",
    "post_roll_back_pool",
    "delete_pool",
)
_REGISTERED_IMAGE = (
    "get_image",
    "patch_image",
    "get_image_versions",
    "post_stage",
    "post_set_as_image",
    "post_activate",
    "post_roll_back",
)
_BEGUN_ROLLOUT = (
    "get_rollout",
    "patch_rollout",
    "get_rollout_hosts",
    "get_rollout_events",
    "get_rollout_people",
    "post_pause",
    "post_resume",
    "post_approve",
    "post_reschedule",
    "post_retry",
    "post_cancel",
)
_BEGUN_TASK = ("get_task", "post_approve_task", "post_cancel_task")
_PROMOTION = (
    "get_promotion",
    "patch_promotion",
    "post_reschedule_promotion",
    "post_approve_promotion",
    "delete_promotion",
)
_STAGED_VERSION = ("get_image_version", "post_verdict", "delete_version")

LINKS: dict[str, tuple[tuple[tuple[str, ...], dict[str, str]], ...]] = {
    "put_account": ((("get_account", "patch_account", "put_caps"), _OF_ACCOUNT),),
    "put_caps": ((("get_caps_of_account", "post_caps_override", "delete_caps"), _OF_ACCOUNT),),
    "put_limits": ((("get_limits_of_ring", "delete_limits"), _OF_RING),),
    "put_probe": ((("get_probe", "delete_probe"), _OF_PROBE),),
    "put_join_profile": ((("get_join_profile", "delete_join_profile"), _OF_PROFILE),),
    "put_grant": ((("get_grant", "delete_grant"), _OF_GRANT),),
    "post_key": ((("delete_key",), {"key": "$response.body#/name"}),),
    "put_image": ((_REGISTERED_IMAGE, _OF_IMAGE),),
    "post_stage": ((("post_activate",), _OF_IMAGE), (_STAGED_VERSION, _OF_STAGED)),
    "post_verdict": ((("get_image_version", "delete_version"), _OF_VERSION),),
    "delete_version": ((("get_image_version",), _OF_VERSION),),
    "post_set_as_image": ((_BEGUN_TASK, {"task": _NEW}),),
    "post_activate": ((_BEGUN_TASK, {"task": _NEW}),),
    "post_roll_back": ((_BEGUN_TASK, {"task": _NEW}),),
    "put_pool": ((_REGISTERED_POOL, _OF_POOL),),
    "patch_pool": ((("get_pool",), _OF_POOL),),
    "post_update_image": ((_BEGUN_ROLLOUT, {"rollout": _NEW}),),
    "post_roll_back_pool": ((_BEGUN_ROLLOUT, {"rollout": _NEW}),),
    "post_rollouts": ((_BEGUN_TASK, {"task": _NEW}),),
    "post_promotion": ((_PROMOTION, {"promotion": _NEW}),),
    "post_retry": ((("get_rollout", "post_cancel"), {"rollout": _NEW}),),
    "get_pools": ((("get_pool", "get_pool_hosts", "post_update_image"), {"pool": f"{_FIRST}name"}),),
    "get_images": ((("get_image", "get_image_versions"), {"image": f"{_FIRST}name"}),),
    "get_rollouts": ((("get_rollout", "get_rollout_events", "post_cancel"), {"rollout": f"{_FIRST}id"}),),
    "get_tasks": ((("get_task",), {"task": f"{_FIRST}id"}),),
    "get_promotions": ((("get_promotion",), {"promotion": f"{_FIRST}id"}),),
}
"""Operation -> the operations that its answer leads to, and where each of their parameters is found."""


def links_of(one: Endpoint, status: int) -> dict[str, Any]:
    """The links of an answer. An answer that only says what would happen leads nowhere."""
    if one.answers_what_if and status != one.status:
        return {}
    return {
        target: {"operationId": target, "parameters": dict(parameters)}
        for targets, parameters in LINKS.get(one.name, ())
        for target in targets
    }
