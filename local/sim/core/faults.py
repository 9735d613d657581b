"""What goes wrong on request: `POST /_sim/faults` with a list of `{match, kind, count|rate, ...}`.

`match` is a substring or a glob, held without case against "METHOD path", the operation's name and the host's
name; empty or `*` means everything. `count` lets a fault happen so many times, `rate` with that
probability, neither always.
"""

import fnmatch
import random
from dataclasses import asdict, dataclass, fields
from typing import Any

from local.sim.core.wire import ArmError, Call, Json

HTTP_KINDS = ("429", "500", "503", "disconnect", "slow")
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
    code: str = "InternalExecutionError"
    message: str = "Simulated failure."
    seconds: float = 1.0
    exit_code: int = 1
    when: str = "before"
    hits: int = 0

    def meets(self, texts: tuple[str, ...]) -> bool:
        wanted = self.match.lower()
        if wanted in {"", "*"}:
            return True
        return any(wanted in t or fnmatch.fnmatchcase(t, wanted) for t in (text.lower() for text in texts))

    @property
    def spent(self) -> bool:
        return self.count is not None and self.hits >= self.count


def parse(body: Any) -> list[Fault]:
    """The faults in a request body; a field or kind nobody knows is refused by name."""
    known = {f.name for f in fields(Fault)} - {"hits"}
    faults = []
    for item in body if isinstance(body, list) else [body]:
        if not isinstance(item, dict):
            raise ValueError("a fault is an object with match and kind")
        unknown = sorted(set(item) - known)
        if unknown:
            raise ValueError(f"unknown field(s) {', '.join(unknown)} in a fault; known: {', '.join(sorted(known))}")
        kind = str(item.get("kind", ""))
        if kind not in KINDS:
            raise ValueError(f"unknown fault kind '{kind}'; known: {', '.join(KINDS)}")
        faults.append(Fault(**{**item, "kind": kind}))
    return faults


def texts_of(call: Call) -> tuple[str, ...]:
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
        """The first fault of this kind that strikes now, counted as used."""
        for fault in self.active:
            if fault.kind != kind or fault.spent or not fault.meets(texts):
                continue
            if fault.rate is not None and self._rng.random() >= fault.rate:
                continue
            fault.hits += 1
            return fault
        return None

    def http(self, call: Call) -> list[Fault]:
        """What strikes this request on the wire, at most one of each kind."""
        if not self.active:
            return []
        found = (self.take(kind, *texts_of(call)) for kind in HTTP_KINDS)
        return [fault for fault in found if fault is not None]

    def operation_failure(self, call: Call) -> ArmError | None:
        """The error in which a long-running operation will end, if it is to fail."""
        if call.op in ALLOCATING and self.take("allocation_failed", *texts_of(call)):
            message = "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
            return ArmError(409, "AllocationFailed", message)
        fault = self.take("lro_fail", *texts_of(call))
        return ArmError(409, fault.code, fault.message) if fault else None

    def hangs(self, call: Call) -> bool:
        return self.take("lro_hang", *texts_of(call)) is not None

    def lag(self, host: str) -> float:
        """By how many virtual seconds this host's session count is behind."""
        return next((f.seconds for f in self.active if f.kind == "lag" and f.meets((host,))), 0.0)
