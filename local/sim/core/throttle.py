"""Throttling with the documented token buckets of ARM and of Compute.

Per identity, subscription and region: 250 reads (refill 25/s), 200 writes (10/s), 200 deletes (10/s).
Per VM: 12 updates, 12 puts and 12 deletions (4/min each), 36 reads (12/min).
"""

import hashlib
import math
import time
from dataclasses import dataclass

from local.sim.core.clock import Clock
from local.sim.core.names import REGION
from local.sim.core.wire import ArmError, Call

SUBSCRIPTION_BUCKETS = {"reads": (250.0, 25.0), "writes": (200.0, 10.0), "deletes": (200.0, 10.0)}
VM_BUCKETS = {
    "PutVM": (12.0, 4 / 60),
    "UpdateVM": (12.0, 4 / 60),
    "DeleteVM": (12.0, 4 / 60),
    "LowCostGet": (36.0, 12 / 60),
}
VM_OPS = {
    "create_vm": "PutVM",
    "update_vm": "UpdateVM",
    "reimage": "UpdateVM",
    "start": "UpdateVM",
    "power_off": "UpdateVM",
    "restart": "UpdateVM",
    "generalize": "UpdateVM",
    "run_command": "UpdateVM",
    "put_extension": "UpdateVM",
    "put_run_command": "UpdateVM",
    "delete_vm": "DeleteVM",
    "deallocate": "DeleteVM",
    "get_vm": "LowCostGet",
    "instance_view": "LowCostGet",
}


@dataclass
class Bucket:
    tokens: float
    at: float


class Throttle:
    def __init__(self, mode: str, clock: Clock) -> None:
        self.mode = mode
        self._clock = clock
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self.refused = 0

    def check(self, call: Call) -> dict[str, str]:
        """Take a token from every bucket of this call. Returns the headers with the remaining tokens."""
        if self.mode == "off":
            return {}
        headers = {}
        who = hashlib.sha256(call.headers.get("authorization", "anonymous").encode()).hexdigest()
        kind = {"GET": "reads", "DELETE": "deletes"}.get(call.method, "writes")
        left = self._take((who, call.subscription, REGION, kind), *SUBSCRIPTION_BUCKETS[kind])
        headers[f"x-ms-ratelimit-remaining-subscription-{kind}"] = str(left)
        policy = VM_OPS.get(call.op)
        if policy:
            key = (call.subscription, call.group.lower(), call.names[0].lower(), policy)
            left = self._take(key, *VM_BUCKETS[policy])
            headers["x-ms-ratelimit-remaining-resource"] = f"Microsoft.Compute/{policy};{left}"
        return headers

    def _take(self, key: tuple[str, ...], size: float, per_second: float) -> int:
        now = self._clock.now() if self.mode == "virtual" else time.monotonic()
        bucket = self._buckets.setdefault(key, Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.tokens < 1:
            self._refuse(key[-1], (1 - bucket.tokens) / per_second)
        bucket.tokens -= 1
        return int(bucket.tokens)

    def _refuse(self, what: str, seconds: float) -> None:
        self.refused += 1
        if self.mode == "virtual" and self._clock.speed > 0:
            seconds /= self._clock.speed
        wait = str(max(1, math.ceil(seconds)))
        message = f"Number of requests for '{what}' exceeded the limit. Please try again after '{wait}' seconds."
        headers = {"Retry-After": wait}
        if what in SUBSCRIPTION_BUCKETS:
            headers[f"x-ms-ratelimit-remaining-subscription-{what}"] = "0"
            raise ArmError(429, "SubscriptionRequestsThrottled", message, headers=headers)
        raise ArmError(429, "OperationNotAllowed", message, what, headers)
