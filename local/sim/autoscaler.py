"""The autoscaler: adds hosts to full pools or on request, and asks the app which image version to use.

It never removes hosts, so it ignores the tag ScalingPlanExclusion, which protects a host from removal. It acts as a
service of the platform: its operations count against no ARM limit and appear in no call counter.
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
from local.sim.core.wire import ArmError, Call, Json, parse_path
from local.sim.core.world import Guest, HostPool, Vm, World
from local.sim.new_host_image import Image, ImageRequest, NoImage

CHECK_SECONDS = 60.0  # virtual seconds
GIVE_UP_SECONDS = 1800.0  # virtual seconds; a host that takes longer no longer counts as being added
FLAG_DELAY_SECONDS = 5.0  # real seconds; the app updates excludeFromLatest shortly after an activation
MAX_BURSTS = 1000
IN_PROGRESS = frozenset({"asking", "creating", "registering"})
FLAG_CALLS = frozenset({"put_version", "update_version"})


@dataclass(frozen=True)
class Rule:
    """Adds a host to a pool when the free share of its session capacity drops below `free_share`."""

    pool: str
    image_url: str
    max_hosts: int = 30
    free_share: float = 0.2


def rule(body: Any) -> Rule:
    """Parse the rule in a request body. Raises ValueError when it is invalid."""
    known = {f.name for f in fields(Rule)}
    if not isinstance(body, dict) or not {"pool", "image_url"} <= set(body) <= known:
        raise ValueError(f"an autoscaler needs pool and image_url; known fields: {', '.join(sorted(known))}")
    made = Rule(**body)
    if not str(made.image_url).startswith(("http://", "https://")):
        raise ValueError("image_url must be an http or https URL")
    if not 0 <= made.free_share <= 1 or made.max_hosts < 0:
        raise ValueError("free_share must be from 0 to 1, and max_hosts must not be negative")
    return made


@dataclass
class Burst:
    """One attempt to add a host. `trigger` is `load` or `request`; `reason` is the app's reason for the version."""

    host: str
    pool: str
    asked_at: str
    trigger: str
    version: str | None = None
    reason: str = ""
    result: str = "asking"


class Autoscaler:
    """Holds the rules, and the result of each attempt to add a host."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim
        self.reset()

    def reset(self) -> None:
        """Remove all rules and attempts, for example after the simulator has been reset."""
        self._rules: dict[str, Rule] = {}
        self._bursts: deque[tuple[float, Burst]] = deque(maxlen=MAX_BURSTS)
        self._numbers: Counter[str] = Counter()
        self._included_before: set[str] = set()
        self._checking = False
        self.image_requests: deque[ImageRequest] = deque()
        self.record_included_versions()

    def as_list(self) -> list[Json]:
        return [asdict(burst) for _, burst in self._bursts]

    def rules_as_list(self) -> list[Json]:
        return [asdict(rule) for rule in self._rules.values()]

    def set_rule(self, rule: Rule) -> None:
        if not self._pool(rule.pool).pooled:
            raise ValueError(f"host pool '{rule.pool}' is personal; only pooled host pools can have an autoscaler")
        self._rules[rule.pool] = rule
        if not self._checking:
            self._checking = True
            self._sim.clock.after(CHECK_SECONDS, self._check_load)

    def switch_off(self, pool: str = "") -> None:
        """Disable one pool's autoscaler, or all. Hosts that are being created are completed."""
        self._rules = {name: rule for name, rule in self._rules.items() if pool not in {"", name}}

    def burst(self, pool: str, count: int) -> list[Burst]:
        """Add hosts regardless of the load. Raises ValueError and adds none when the pool would exceed `max_hosts`."""
        if pool not in self._rules:
            raise ValueError(f"host pool '{pool}' has no autoscaler: send PUT /_sim/autoscaler first")
        rule, existing = self._rules[pool], self._hosts(pool)
        if count < 1 or existing + count > rule.max_hosts:
            raise ValueError(f"count: '{pool}' has {existing} hosts of at most {rule.max_hosts}")
        return [self._request_host(rule, "request") for _ in range(count)]

    def record_included_versions(self, call: Call | None = None) -> None:
        """Remember which versions "latest" has ever included. A backup was included once, a staged version never."""
        if call is None or call.op in FLAG_CALLS:
            versions = self._sim.world.of(references.VERSION)
            self._included_before |= {key for key, body in versions.items() if _included(body)}

    def _check_load(self) -> None:
        self._checking = bool(self._rules)
        if not self._checking:
            return
        for rule in self._rules.values():
            if self._free_share(rule.pool) < rule.free_share and self._hosts(rule.pool) < rule.max_hosts:
                self._request_host(rule, "load")
        self._sim.clock.after(CHECK_SECONDS, self._check_load)

    def _free_share(self, name: str) -> float:
        """The free share of the session capacity, including hosts being added; 0 when there is no capacity."""
        pool = self._pool(name)
        available = [h for h in pool.hosts.values() if h.allow_new and guests.status_of(self._sim, h) == "Available"]
        capacity = pool.limit * (len(available) + sum(1 for _ in self._in_progress(name)))
        used = sum(min(len(host.guest.sessions), pool.limit) for host in available)
        return (capacity - used) / capacity if capacity else 0.0

    def _in_progress(self, pool: str) -> Iterator[Burst]:
        since = self._sim.clock.now() - GIVE_UP_SECONDS
        return (b for at, b in self._bursts if b.pool == pool and b.result in IN_PROGRESS and at > since)

    def _hosts(self, name: str) -> int:
        """The number of the pool's VMs, registered or not, and of hosts whose version is being requested."""
        pool, world = self._pool(name), self._sim.world
        existing = sum(1 for key, (pool_id, _) in world.home.items() if pool_id == pool.id and key in world.vms)
        return existing + sum(1 for burst in self._in_progress(name) if burst.result == "asking")

    def _pool(self, name: str) -> HostPool:
        pool = next((pool for pool in self._sim.world.pools.values() if pool.name == name), None)
        if pool is None:
            raise ValueError(f"host pool '{name}' does not exist")
        return pool

    def _request_host(self, rule: Rule, trigger: str) -> Burst:
        burst = Burst(self._next_name(rule.pool), rule.pool, utc_now(), trigger)
        self._bursts.append((self._sim.clock.now(), burst))
        world = self._sim.world
        self.image_requests.append(ImageRequest(rule.image_url, lambda answer: self._on_answer(world, burst, answer)))
        return burst

    def _next_name(self, pool: str) -> str:
        spec = self._sim.specs[self._pool(pool).id.lower()]
        prefix, (_, group) = spec.host_prefix, spec.groups
        while True:
            self._numbers[prefix] += 1
            name = f"{prefix}-b{self._numbers[prefix]:03d}"
            if self._sim.world.vm(names.vm_id(name, group)) is None:
                return name

    def _on_answer(self, world: World, burst: Burst, answer: Image | NoImage) -> None:
        if self._sim.world is not world:
            return  # the simulator was reset after the question
        burst.reason = answer.reason
        if isinstance(answer, NoImage):
            burst.result = answer.result
            return
        burst.version = names.last(answer.version_id)
        try:
            self._create(burst, _exact_version(self._sim, answer.version_id))
        except ArmError as error:
            burst.result, burst.reason = "unknown_version", error.message

    def _create(self, burst: Burst, version_id: str) -> None:
        """Create a VM of exactly this version with the pool's configuration. Its agent registers it once it runs."""
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
            guests.register_with_pool(sim, vm, pool, lambda: self._in_service(burst, version_id))

        def fail() -> None:
            burst.result, burst.reason = "failed", "Azure could not create the VM"
            self._clean_up(vm)

        call = Call("PUT", vm.id, {}, {}, {}, "", *parse_path(vm.id), op="create_vm")
        vm.major = begin(sim, call, "create", finish, fail)

    def _clean_up(self, vm: Vm) -> None:
        virtual_machines.remove(self._sim, vm)
        self._sim.world.home.pop(vm.id.lower())
        for reference in vm.nic_refs:
            self._sim.world.of(NIC).pop(reference["id"].lower(), None)

    def _in_service(self, burst: Burst, version_id: str) -> None:
        burst.result = "available"
        self._sim.clock.after(
            FLAG_DELAY_SECONDS * self._sim.clock.speed, lambda: self._check_version(burst, version_id)
        )

    def _check_version(self, burst: Burst, version_id: str) -> None:
        if self._only_staged(version_id):
            detail = f"created from {burst.version}, which is only staged; the app's reason: {burst.reason}"
            guests.violation(self._sim, "staged_version_given", burst.host, detail)

    def _only_staged(self, version_id: str) -> bool:
        """Whether a version is staged and was never active: newer than every version that "latest" includes.

        A backup that was active before a roll-back can also be newer, so versions that "latest" included earlier do
        not count. The check runs a few seconds after the app's answer, because the app updates excludeFromLatest
        shortly after an activation.
        """
        key, siblings = version_id.lower(), f"{references.definition_of(version_id)}/versions/".lower()
        versions = self._sim.world.of(references.VERSION)
        included = [body["name"] for other, body in versions.items() if other.startswith(siblings) and _included(body)]
        newest = max(map(references.as_numbers, included), default=())
        return key not in self._included_before and references.as_numbers(names.last(key)) > newest


def _exact_version(sim: Sim, version_id: str) -> str:
    """Check that the id names an existing image version. The id of a definition ("latest") is refused."""
    if "/versions/" not in version_id.lower():
        raise ArmError(404, "GalleryImageNotFound", f"{version_id} is not the id of a gallery image version.")
    return str(references.gallery_version(sim, version_id)["id"])


def _included(body: Json) -> bool:
    return not body["properties"]["publishingProfile"].get("excludeFromLatest", False)
