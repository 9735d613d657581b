"""Injected faults: `POST /_sim/faults` with a list of `{match, kind, count|rate, ...}`.

`match` is a substring or a glob pattern. It is compared, ignoring case, with "METHOD path", the operation's name and
the host's name; empty or `*` matches everything. `count` limits how often a fault occurs, `rate` is its probability.
Without both it occurs always.
"""

import fnmatch
import random
from dataclasses import asdict, dataclass, fields
from typing import Any

from local.sim.core.wire import ArmError, Call, Json

HTTP_KINDS = ("429", "500", "503", "refuse", "disconnect", "slow")
GUEST_KINDS = (
    "session_stuck",
    "never_registers",
    "lag",
    "ghost",
    "reimage_ignores_version",
    "probe_fails",
    "probe_slow",
    "replication_fails",
    "lost_event",
    "duplicate_event",
)
KINDS = (*HTTP_KINDS, "lro_fail", "lro_hang", "allocation_failed", *GUEST_KINDS)
ALLOCATING = {"create_vm", "start"}


@dataclass
class Fault:
    kind: str
    match: str = "*"
    count: int | None = None
    rate: float | None = None
    retry_after: int = 1
    status: int = 409  # of `refuse`
    code: str = "InternalExecutionError"
    message: str = "Simulated failure."
    seconds: float = 1.0
    exit_code: int = 1
    when: str = "before"
    hits: int = 0

    def matches(self, texts: tuple[str, ...]) -> bool:
        wanted = self.match.lower()
        if wanted in {"", "*"}:
            return True
        return any(wanted in t or fnmatch.fnmatchcase(t, wanted) for t in (text.lower() for text in texts))

    @property
    def used_up(self) -> bool:
        return self.count is not None and self.hits >= self.count


def parse(body: Any) -> list[Fault]:
    """Parse the faults in a request body. Raises ValueError for an unknown field or kind."""
    known = {f.name for f in fields(Fault)} - {"hits"}
    faults = []
    for item in body if isinstance(body, list) else [body]:
        if not isinstance(item, dict):
            raise ValueError("a fault must be an object with match and kind")
        unknown = sorted(set(item) - known)
        if unknown:
            raise ValueError(f"unknown field(s) {', '.join(unknown)} in a fault; known: {', '.join(sorted(known))}")
        kind = str(item.get("kind", ""))
        if kind not in KINDS:
            raise ValueError(f"unknown fault kind '{kind}'; known: {', '.join(KINDS)}")
        faults.append(Fault(**{**item, "kind": kind}))
    return faults


def match_texts(call: Call) -> tuple[str, ...]:
    return (f"{call.method} {call.path}", call.op, call.host)


class Faults:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.active: list[Fault] = []

    def add(self, faults: list[Fault]) -> None:
        self.active.extend(faults)

    def clear(self) -> None:
        self.active.clear()

    def as_list(self) -> list[Json]:
        return [asdict(f) for f in self.active]

    def take(self, kind: str, *texts: str) -> Fault | None:
        """Return the first fault of this kind that applies now, and count its use."""
        for fault in self.active:
            if fault.kind != kind or fault.used_up or not fault.matches(texts):
                continue
            if fault.rate is not None and self._rng.random() >= fault.rate:
                continue
            fault.hits += 1
            return fault
        return None

    def http(self, call: Call) -> list[Fault]:
        """The HTTP faults that apply to this request, at most one of each kind."""
        if not self.active:
            return []
        found = (self.take(kind, *match_texts(call)) for kind in HTTP_KINDS)
        return [fault for fault in found if fault is not None]

    def operation_failure(self, call: Call) -> ArmError | None:
        """The error with which a long-running operation will end, or None."""
        if call.op in ALLOCATING and self.take("allocation_failed", *match_texts(call)):
            message = "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
            return ArmError(409, "AllocationFailed", message)
        fault = self.take("lro_fail", *match_texts(call))
        return ArmError(409, fault.code, fault.message) if fault else None

    def hangs(self, call: Call) -> bool:
        return self.take("lro_hang", *match_texts(call)) is not None

    def lag(self, host: str) -> float:
        """By how many virtual seconds this host's session count is delayed."""
        return next((f.seconds for f in self.active if f.kind == "lag" and f.matches((host,))), 0.0)
