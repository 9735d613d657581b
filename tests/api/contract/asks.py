"""A request of every operation that succeeds, and what there must be before it: the examples of the contract.

A GET of something in the busy world needs no line here. An operation with several good answers has several lines; the
body of the first one is the example of its request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.api.contract import worlds
from tests.api.contract.worlds import APPROVER, OTHER_DEFINITION, OTHER_HOST_POOL, World
from tests.fixtures.app import START
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.world.images import SUBNET_ID, TEMPLATE_ID


@dataclass(frozen=True)
class Ask:
    """One request. `names` replace those of the world; `headers` say who asks, when it is not the developer."""

    body: dict[str, Any] | None = None
    world: Callable[[], World] = worlds.busy
    names: dict[str, str] = field(default_factory=dict)
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)


ON_LOGOFF = {"mode": "on_logoff", "deadline": "2026-11-03T01:00", "time_zone": "Europe/Berlin"}
WHAT_IF = "what_if=true"
SOMEBODY = "11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222"

_ACCOUNT = {"title": "Contoso", "time_zone": "Europe/Berlin"}
_LIMITS = {
    "least_min_available": "30%",
    "most_max_unavailable": "25%",
    "modes": ["at", "on_logoff"],
    "least_canary_hosts": 1,
    "notice_minutes": 60,
    "two_people": "always",
}
_CAPS = {"hosts_per_hour": 40, "sign_outs_per_hour": 200, "pools_per_hour": 5}
_PROBE = {"script": "if (-not (Get-Printer)) { exit 1 }", "timeout_minutes": 10}
_PROFILE = {
    "domain": "corp.example",
    "user": "join@corp.example",
    "password_setting": "JOIN_PASSWORD",
    "ou": "OU=AVD,DC=corp,DC=example",
}
_GRANT = {"accounts": ["contoso"], "name": "Ann"}
_IMAGE = {
    "definition_id": DEFINITION_ID,
    "template_vm_id": TEMPLATE_ID,
    "build_subnet_id": SUBNET_ID,
    "retention": {"backups": 5, "days": 60},
}
_POOL = {
    "host_pool_id": HOST_POOL_ID,
    "image": "win11",
    "ring": "production",
    "time_zone": "Europe/Berlin",
    "join": {"kind": "entra"},
    "policy": {"canary_hosts": 1, "max_unavailable": "25%"},
}
_UPDATE = {"version": "2.0.0", "schedule": ON_LOGOFF, "reason": "November patches"}
_MANY = {
    "filter": {"account": "default", "image": "win11"},
    "version": "2.0.0",
    "schedule": ON_LOGOFF,
    "gate": "approve",
    "soak_minutes": 60,
    "reason": "November patches",
}
_ACTIVATE = {"version": "3.0.0", "update_pools": "all", "schedule": ON_LOGOFF, "reason": "November patches"}
_BACK = {"version": "1.0.0", "reason": "Printing fails"}
_PROMOTE = {
    "image": "win11",
    "at": "2026-11-03T22:00",
    "time_zone": "Europe/Berlin",
    "update_pools": "all",
    "schedule": {"mode": "on_logoff", "deadline": "2026-11-04T04:00"},
}
_CAPTURE = {"power_off": True, "stage": True, "step": "minor", "notes": "November patches"}
_REASON = {"reason": "Exams until noon"}

ASKS: dict[str, tuple[Ask, ...]] = {
    "get_image_version": (Ask(names={"version": "2.0.0"}),),
    "put_account": (Ask(_ACCOUNT), Ask(_ACCOUNT, names={"account": "adatum"})),
    "patch_account": (Ask({"title": "Contoso AG"}),),
    "put_grant": (Ask(_GRANT), Ask(_GRANT, names={"principal": SOMEBODY})),
    "post_key": (Ask({"role": "operator", "accounts": ["contoso"], "days": 90}, names={"key": "release"}),),
    "put_limits": (Ask(_LIMITS), Ask(_LIMITS, names={"ring": "pilot"})),
    "put_caps": (Ask(_CAPS), Ask(_CAPS, names={"account": "fabrikam"})),
    "post_caps_override": (Ask({"hours": 2, "reason": "Security fix"}),),
    "put_probe": (Ask(_PROBE), Ask(_PROBE, names={"probe": "scanners"})),
    "put_join_profile": (Ask(_PROFILE), Ask(_PROFILE, names={"profile": "branch"})),
    "post_logoff": (Ask({"host": "h1", "utc": START.isoformat().replace("+00:00", "Z")}),),
    "post_event_key": (Ask({"rotate": True}),),
    "put_image": (
        Ask(_IMAGE, world=worlds.quiet),
        Ask({"definition_id": OTHER_DEFINITION}, world=worlds.quiet, names={"image": "win11-lab"}),
    ),
    "patch_image": (Ask({"retention": {"backups": 5}}, world=worlds.quiet),),
    "post_stage": (Ask({"version": "3.0.0", "notes": "Built by Packer"}, world=worlds.quiet),),
    "post_verdict": (Ask({"result": "passed", "note": "Office and VPN work"}, world=worlds.staged),),
    "delete_version": (Ask(world=worlds.staged), Ask(world=worlds.with_old_backup)),
    "post_set_as_image": (Ask(_CAPTURE, world=worlds.quiet), Ask(_CAPTURE, world=worlds.quiet, query=WHAT_IF)),
    "post_power": (Ask({"action": "start"}, world=worlds.quiet),),
    "post_activate": (Ask(_ACTIVATE, world=worlds.staged), Ask(_ACTIVATE, world=worlds.staged, query=WHAT_IF)),
    "post_roll_back": (Ask(_BACK, world=worlds.quiet), Ask(_BACK, world=worlds.quiet, query=WHAT_IF)),
    "put_pool": (
        Ask(_POOL, world=worlds.quiet),
        Ask({**_POOL, "host_pool_id": OTHER_HOST_POOL}, world=worlds.quiet, names={"pool": "lab"}),
    ),
    "patch_pool": (Ask({"ring": "pilot", "policy": {"retries": 2}}, world=worlds.quiet),),
    "delete_pool": (Ask(world=worlds.quiet),),
    "post_update_image": (Ask(_UPDATE, world=worlds.quiet), Ask(_UPDATE, world=worlds.quiet, query=WHAT_IF)),
    "post_roll_back_pool": (
        Ask({"reason": "Printing fails"}, world=worlds.updated),
        Ask({"reason": "Printing fails"}, world=worlds.updated, query=WHAT_IF),
    ),
    "post_rollouts": (Ask(_MANY, world=worlds.quiet), Ask(_MANY, world=worlds.quiet, query=WHAT_IF)),
    "patch_rollout": (Ask({"policy": {"max_in_flight": 10}}, world=worlds.waiting_for_logoff),),
    "post_pause": (Ask(_REASON, world=worlds.waiting_for_logoff),),
    "post_resume": (Ask({"reason": "The driver is fixed"}, world=worlds.paused),),
    "post_cancel": (Ask({"how": "leave", "reason": "Wrong version"}, world=worlds.waiting_for_logoff),),
    "post_approve": (Ask({"reason": "The canary works"}, world=worlds.awaiting),),
    "post_retry": (Ask({"hosts": ["h0.contoso.local"]}, world=worlds.paused),),
    "post_reschedule": (Ask({"deadline": "2026-11-04T01:00", **_REASON}, world=worlds.waiting_for_logoff),),
    "post_cancel_task": (Ask({"how": "leave"}, world=worlds.running_task),),
    "post_approve_task": (Ask({}, world=worlds.task_of_two, headers=APPROVER),),
    "post_promotion": (Ask(_PROMOTE, world=worlds.staged), Ask(_PROMOTE, world=worlds.staged, query=WHAT_IF)),
    "patch_promotion": (Ask({"reason": "After the exams"}, world=worlds.promoted),),
    "post_reschedule_promotion": (Ask({"at": "2026-11-05T22:00"}, world=worlds.promoted),),
    "delete_promotion": (Ask(world=worlds.promoted),),
    "post_approve_promotion": (Ask({}, world=worlds.promotion_of_two, headers=APPROVER),),
}
"""Operation -> its requests."""
