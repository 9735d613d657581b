"""Adds hosts to pools that run full, or on request, and asks the app what to make them from.

It only ever adds. A scaling plan would also take hosts away, sparing those tagged ScalingPlanExclusion; no host is
taken away here, so there is nothing for the tag to spare. It acts as a service of the platform: its calls count
against nobody's ARM limits, and no call counter shows them.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from local.sim.avd import guests
from local.sim.compute import pool_vms, references, virtual_machines
from local.sim.compute.network import NIC
from local.sim.core import names
from local.sim.core.clock import utc_now
from local.sim.core.operations import begin
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Call, Json, take_apart
from local.sim.core.world import Guest, HostPool, Vm, World
from local.sim.new_host_image import Given, NotGiven, Question

CHECK_SECONDS = 60.0  # virtual, as all that follow
COMING_SECONDS = 1800.0  # a host that takes longer is no longer reckoned with
FLAGS_FOLLOW = 5.0  # real seconds, in which the app's flags in the gallery follow what it has decided
KEPT = 1000
COMING = frozenset({"asking", "creating", "registering"})
FLAG_CALLS = frozenset({"put_version", "update_version"})


@dataclass(frozen=True)
class Rule:
    """When a pool gets one more host: its hosts that accept sessions have less than this share of their room free."""

    pool: str
    image_url: str
    max_hosts: int = 30
    free_share: float = 0.2


def rule(body: Any) -> Rule:
    """The rule in a request body; ValueError says what is wrong with it."""
    known = {f.name for f in fields(Rule)}
    if not isinstance(body, dict) or not {"pool", "image_url"} <= set(body) <= known:
        raise ValueError(f"an autoscaler takes pool and image_url, and any of {', '.join(sorted(known))}")
    made = Rule(**body)
    if not str(made.image_url).startswith(("http://", "https://")):
        raise ValueError("image_url: an http address is needed")
    if not 0 <= made.free_share <= 1 or made.max_hosts < 0:
        raise ValueError("free_share is from 0 to 1, max_hosts not below 0")
    return made


@dataclass
class Burst:
    """One attempt to add a host. `trigger`: the load, or a request. `reason`: what the app said, if anything."""

    host: str
    pool: str
    asked_at: str
    trigger: str
    version: str | None = None
    reason: str = ""
    result: str = "asking"


class Autoscaler:
    """The rules, and what came of each attempt."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim
        self.reset()

    def reset(self) -> None:
        """Start without rules and attempts, as the world of the simulator is now."""
        self._rules: dict[str, Rule] = {}
        self._bursts: deque[tuple[float, Burst]] = deque(maxlen=KEPT)
        self._numbers: Counter[str] = Counter()
        self._offered: set[str] = set()
        self._watching = False
        self.questions: deque[Question] = deque()
        self.note_offers()

    def as_list(self) -> list[Json]:
        return [asdict(burst) for _, burst in self._bursts]

    def rules_as_list(self) -> list[Json]:
        return [asdict(rule) for rule in self._rules.values()]

    def set_rule(self, rule: Rule) -> None:
        if not self._pool(rule.pool).pooled:
            raise ValueError(f"host pool '{rule.pool}' is personal: nobody else could use a further host")
        self._rules[rule.pool] = rule
        if not self._watching:
            self._watching = True
            self._sim.clock.after(CHECK_SECONDS, self._watch)

    def switch_off(self, pool: str = "") -> None:
        """For one pool, or for all. What is being made already comes nevertheless."""
        self._rules = {name: rule for name, rule in self._rules.items() if pool not in {"", name}}

    def burst(self, pool: str, count: int) -> list[Burst]:
        """Add hosts whatever the load; ValueError, and none at all, when the pool would have too many."""
        if pool not in self._rules:
            raise ValueError(f"host pool '{pool}' has no autoscaler: PUT /_sim/autoscaler first")
        rule, there = self._rules[pool], self._hosts(pool)
        if count < 1 or there + count > rule.max_hosts:
            raise ValueError(f"count: '{pool}' has {there} hosts of at most {rule.max_hosts}")
        return [self._ask(rule, "request") for _ in range(count)]

    def note_offers(self, call: Call | None = None) -> None:
        """Remember what "latest" has included at some time: a back-up was, a version that is only staged never."""
        if call is None or call.op in FLAG_CALLS:
            self._offered |= {key for key, body in self._sim.world.of(references.VERSION).items() if _included(body)}

    def _watch(self) -> None:
        self._watching = bool(self._rules)
        if not self._watching:
            return
        for rule in self._rules.values():
            if self._free_share(rule.pool) < rule.free_share and self._hosts(rule.pool) < rule.max_hosts:
                self._ask(rule, "load")
        self._sim.clock.after(CHECK_SECONDS, self._watch)

    def _free_share(self, name: str) -> float:
        """The free part of the session room, that of the hosts on their way included; 0 where there is no room."""
        pool = self._pool(name)
        available = [h for h in pool.hosts.values() if h.allow_new and guests.status_of(self._sim, h) == "Available"]
        room = pool.limit * (len(available) + sum(1 for _ in self._coming(name)))
        used = sum(min(len(host.guest.sessions), pool.limit) for host in available)
        return (room - used) / room if room else 0.0

    def _coming(self, pool: str) -> Iterator[Burst]:
        since = self._sim.clock.now() - COMING_SECONDS
        return (b for at, b in self._bursts if b.pool == pool and b.result in COMING and at > since)

    def _hosts(self, name: str) -> int:
        """The pool's VMs, registered or not, and those still being asked for."""
        pool, world = self._pool(name), self._sim.world
        there = sum(1 for key, (pool_id, _) in world.home.items() if pool_id == pool.id and key in world.vms)
        return there + sum(1 for burst in self._coming(name) if burst.result == "asking")

    def _pool(self, name: str) -> HostPool:
        pool = self._sim.world.pools.get(f"{names.AVD}/hostPools/{name}".lower())
        if pool is None:
            raise ValueError(f"host pool '{name}' does not exist")
        return pool

    def _ask(self, rule: Rule, trigger: str) -> Burst:
        burst = Burst(self._next_name(rule.pool), rule.pool, utc_now(), trigger)
        self._bursts.append((self._sim.clock.now(), burst))
        world = self._sim.world
        self.questions.append(Question(rule.image_url, lambda answer: self._answered(world, burst, answer)))
        return burst

    def _next_name(self, pool: str) -> str:
        prefix = self._sim.specs[self._pool(pool).id.lower()].host_prefix
        while True:
            self._numbers[prefix] += 1
            name = f"{prefix}-b{self._numbers[prefix]:03d}"
            if self._sim.world.vm(names.vm_id(name)) is None:
                return name

    def _answered(self, world: World, burst: Burst, answer: Given | NotGiven) -> None:
        if self._sim.world is not world:
            return  # the simulator was reset after the question
        burst.reason = answer.reason
        if isinstance(answer, NotGiven):
            burst.result = answer.result
            return
        burst.version = names.last(answer.version_id)
        try:
            self._create(burst, _exact_version(self._sim, answer.version_id))
        except ArmError as error:
            burst.result, burst.reason = "unknown_version", error.message

    def _create(self, burst: Burst, version_id: str) -> None:
        """A VM like the pool's others, of exactly this version; the agent registers it once it runs."""
        sim, pool = self._sim, self._pool(burst.pool)
        spec = replace(sim.specs[pool.id.lower()], pinned=True)
        vm = pool_vms.new_pool_vm(sim, burst.host, spec, version_id)
        vm.power, vm.provisioning, burst.result = "", "Creating", "creating"
        sim.world.home[vm.id.lower()] = (pool.id, names.DOMAIN)

        def finish() -> None:
            vm.provisioning, vm.guest = "Succeeded", Guest("ad", names.DOMAIN)
            guests.boot(sim, vm)
            sim.world.count("created")
            burst.result = "registering"
            guests.enlist(sim, vm, pool, lambda: self._in_service(burst, version_id))

        def fail() -> None:
            burst.result, burst.reason = "failed", "Azure could not create the VM"
            self._clean_up(vm)

        call = Call("PUT", vm.id, {}, {}, {}, "", *take_apart(vm.id), op="create_vm")
        vm.major = begin(sim, call, "create", finish, fail)

    def _clean_up(self, vm: Vm) -> None:
        virtual_machines.remove(self._sim, vm)
        self._sim.world.home.pop(vm.id.lower())
        for reference in vm.nic_refs:
            self._sim.world.of(NIC).pop(reference["id"].lower(), None)

    def _in_service(self, burst: Burst, version_id: str) -> None:
        burst.result = "available"
        self._sim.clock.after(FLAGS_FOLLOW * self._sim.clock.speed, lambda: self._judge(burst, version_id))

    def _judge(self, burst: Burst, version_id: str) -> None:
        if self._only_staged(version_id):
            detail = f"made from {burst.version}, which has only been staged; the app said: {burst.reason}"
            guests.violation(self._sim, "staged_version_given", burst.host, detail)

    def _only_staged(self, version_id: str) -> bool:
        """Whether a version waits to be used for the first time: newer than all that "latest" includes.

        The flags alone do not tell it from a back-up that was newer than what it was rolled back to, so their past
        counts too. This is asked some time after the version was given: an activation counts at once, and the flags
        follow.
        """
        key, siblings = version_id.lower(), f"{references.definition_of(version_id)}/versions/".lower()
        versions = self._sim.world.of(references.VERSION)
        included = [body["name"] for other, body in versions.items() if other.startswith(siblings) and _included(body)]
        newest = max(map(references.as_numbers, included), default=())
        return key not in self._offered and references.as_numbers(names.last(key)) > newest


def _exact_version(sim: Sim, version_id: str) -> str:
    """The id of a version that machines can be made from; a definition's id, which means "latest", is none."""
    if "/versions/" not in version_id.lower():
        raise ArmError(404, "GalleryImageNotFound", f"{version_id} is not the id of a gallery image version.")
    return str(references.gallery_version(sim, version_id)["id"])


def _included(body: Json) -> bool:
    return not body["properties"]["publishingProfile"].get("excludeFromLatest", False)
