"""Replicates image versions to their regions, with progress per region."""

from local.sim.core.simulator import Sim
from local.sim.core.wire import Json
from local.sim.core.world import Operation


def region_key(region: str) -> str:
    return region.replace(" ", "").lower()


def initial_state() -> Json:
    """The private fields for replication: completed and failed regions, and begin and end of each copy."""
    return {"_replicated": set(), "_failed": set(), "_pace": {}}


def track_home_region(body: Json, op: Operation) -> None:
    """Let the home region show progress while the version is being created."""
    first = body["properties"]["publishingProfile"]["targetRegions"][0]
    body["_pace"].setdefault(region_key(first["name"]), (op.begun, op.due))


def start(sim: Sim, body: Json) -> None:
    """Complete the home region at once, and each further region after its own delay."""
    for index, region in enumerate(body["properties"]["publishingProfile"]["targetRegions"]):
        name = region_key(region["name"])
        in_progress = index > 0 and name in body.setdefault("_pace", {}) and name not in body["_failed"]
        if name in body["_replicated"] or in_progress:
            continue
        wait = sim.durations.pick("replication") if index else 0.0
        body["_pace"][name] = (sim.clock.now(), sim.clock.now() + wait)
        body.setdefault("_failed", set()).discard(name)
        sim.clock.after(wait, lambda name=name: _arrive(sim, body, name))  # type: ignore[misc]


def _arrive(sim: Sim, body: Json, name: str) -> None:
    failed = sim.faults.take("replication_fails", name, f"{body['name']}/{name}")
    body["_failed" if failed else "_replicated"].add(name)


def status(sim: Sim, body: Json) -> Json:
    """The `replicationStatus` that `$expand=ReplicationStatus` adds."""
    regions = [region["name"] for region in body["properties"]["publishingProfile"]["targetRegions"]]
    summary = [_summary(sim, body, region) for region in regions]
    states = {part["state"] for part in summary}
    if "Failed" in states or body["properties"]["provisioningState"] == "Failed":
        return {"aggregatedState": "Failed", "summary": summary}
    return {"aggregatedState": "Completed" if states == {"Completed"} else "InProgress", "summary": summary}


def _summary(sim: Sim, body: Json, region: str) -> Json:
    name = region_key(region)
    state = "Replicating"
    if name in body["_replicated"]:
        state = "Completed"
    elif name in body.get("_failed", ()):
        state = "Failed"
    progress = 100 if state == "Completed" else _progress(sim, body, name)
    return {"region": region, "state": state, "details": "", "progress": progress}


def _progress(sim: Sim, body: Json, name: str) -> int:
    begun, due = body.get("_pace", {}).get(name, (0.0, 0.0))
    if due <= begun:
        return 0
    return max(0, min(99, int(100 * (sim.clock.now() - begun) / (due - begun))))
