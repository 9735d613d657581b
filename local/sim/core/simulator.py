"""The simulator: its state, clock, faults and call counters."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable

from local.sim.core.clock import Clock
from local.sim.core.durations import Durations
from local.sim.core.faults import Faults
from local.sim.core.grants import Grants
from local.sim.core.names import GROUP
from local.sim.core.options import Options, PoolSpec
from local.sim.core.throttle import Throttle
from local.sim.core.wire import Call, Json
from local.sim.core.world import Operation, World


class Sim:
    """The state of one simulator. Route handlers, guests and users receive it as their only context."""

    def __init__(self, options: Options) -> None:
        self.grants = Grants()  # survives a reset, as role assignments survive
        self.reset(options)

    def reset(self, options: Options) -> None:
        self.options = options
        self.rng = random.Random(options.seed)
        self.clock = Clock(options.speed)
        self.durations = Durations(random.Random(options.seed + 1), options.duration_scale)
        self.faults = Faults(random.Random(options.seed + 2))
        self.throttle = Throttle(options.throttle, self.clock)
        self.world = World()
        self.operations: dict[str, Operation] = {}
        self.hung: list[Callable[[], None]] = []
        self.outbox: deque[Json] = deque()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.calls_per_host: dict[str, Counter[str]] = {}
        self.writes_per_host: dict[str, list[float]] = {}  # seconds since the epoch, real time
        self.answers: Counter[int] = Counter()
        self.groups = {GROUP}  # names of resource groups, lower case
        self.specs: dict[str, PoolSpec] = {}  # by pool id: the configuration of the pool's hosts

    def count_call(self, call: Call) -> None:
        self.calls[(call.method, call.op)] += 1
        if call.host:
            self.calls_per_host.setdefault(call.host.lower(), Counter())[call.op] += 1
        if call.host and call.method != "GET":
            self.writes_per_host.setdefault(call.host.lower(), []).append(time.time())

    def recount_as(self, call: Call, op: str) -> None:
        """Count a call under another operation, because its body shows what it does."""
        old, call.op = call.op, op
        self.calls[(call.method, old)] -= 1
        self.calls[(call.method, op)] += 1
        self.calls_per_host[call.host.lower()][old] -= 1
        self.calls_per_host[call.host.lower()][op] += 1

    def release_hung(self) -> None:
        """Finish the operations that an `lro_hang` fault has stopped."""
        hung, self.hung = self.hung, []
        for end in hung:
            end()
