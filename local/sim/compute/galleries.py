"""Routes of galleries, image definitions and image versions."""

import copy
import re

from local.sim.avd.guests import violation
from local.sim.compute import references, replication
from local.sim.compute.gallery_sources import check_source
from local.sim.compute.references import DEFINITION, GALLERY, VERSION, public
from local.sim.compute.replication import region_key
from local.sim.core.clock import utc_now
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, not_found, required

KINDS = {1: GALLERY, 2: DEFINITION, 3: VERSION}


def _find(sim: Sim, call: Call) -> Json:
    kind = KINDS[len(call.names)]
    body = sim.world.of(kind).get(call.id_of(kind, *call.names).lower())
    if body is None:
        raise not_found(kind, "/".join(call.names), call.group)
    return body


@arm("GET", f"{GALLERY}/*", "get_gallery")
@arm("GET", "Microsoft.Compute/galleries/*/images/*", "get_definition")
def get(sim: Sim, call: Call) -> Answer:
    return Answer(200, public(_find(sim, call)))


@arm("GET", GALLERY, "list_galleries")
@arm("GET", "Microsoft.Compute/galleries/*/images", "list_definitions")
@arm("GET", "Microsoft.Compute/galleries/*/images/*/versions", "list_versions")
def list_children(sim: Sim, call: Call) -> Answer:
    if call.names:  # the parent must exist
        _find(sim, call)
    kind = KINDS[len(call.names) + 1]
    parent = f"{call.path.rstrip('/').lower()}/" if call.names else f"/subscriptions/{call.subscription}/".lower()
    rows = {key: body for key, body in sim.world.of(kind).items() if key.startswith(parent)}
    return page(sim, call, rows, public)


@arm("PUT", f"{GALLERY}/*", "put_gallery")
@arm("PUT", "Microsoft.Compute/galleries/*/images/*", "put_definition")
def put(sim: Sim, call: Call) -> Answer:
    kind = KINDS[len(call.names)]
    if kind == DEFINITION:
        _parent(sim, call, GALLERY, 1)
        for field in ("osType", "osState", "identifier"):
            required(call.body, "properties", field)
    body_id = call.id_of(kind, *call.names)
    existing = sim.world.of(kind).get(body_id.lower())
    properties = copy.deepcopy(call.body.get("properties") or {})
    if kind == DEFINITION:  # defaults since 2025: Trusted Launch, generation 2
        properties.setdefault("hyperVGeneration", "V2")
        properties.setdefault("features", [{"name": "SecurityType", "value": "TrustedLaunchSupported"}])
    body = _stored(call, kind, body_id, {**properties, "provisioningState": "Succeeded"})
    sim.world.of(kind)[body_id.lower()] = body
    return Answer(200 if existing else 201, public(body))


def _stored(call: Call, kind: str, body_id: str, properties: Json) -> Json:
    return {
        "id": body_id,
        "name": call.names[-1],
        "type": kind,
        "location": required(call.body, "location"),
        "tags": dict(call.body.get("tags") or {}),
        "properties": properties,
    }


def _parent(sim: Sim, call: Call, kind: str, depth: int) -> Json:
    body = sim.world.of(kind).get(call.id_of(kind, *call.names[:depth]).lower())
    if body is None:
        raise ArmError(404, "ParentResourceNotFound", f"The parent {kind} '{call.names[depth - 1]}' was not found.")
    return body


@arm("GET", "Microsoft.Compute/galleries/*/images/*/versions/*", "get_version")
def get_version(sim: Sim, call: Call) -> Answer:
    body = _find(sim, call)
    shown = public(body)
    if call.query.get("$expand", "").lower() == "replicationstatus":
        shown["properties"] = {**body["properties"], "replicationStatus": replication.status(sim, body)}
    return Answer(200, shown)


@arm("PUT", "Microsoft.Compute/galleries/*/images/*/versions/*", "put_version")
def put_version(sim: Sim, call: Call) -> Answer:
    if not re.fullmatch(r"\d{1,10}\.\d{1,10}\.\d{1,10}", call.names[2]):
        message = f"The version name '{call.names[2]}' must be Major.Minor.Patch, three integers."
        raise ArmError(400, "InvalidParameter", message, "galleryImageVersionName")
    existing = sim.world.of(VERSION).get(call.id_of(VERSION, *call.names).lower())
    if existing is not None:
        return _change(sim, call, existing)
    definition = _parent(sim, call, DEFINITION, 2)
    required(call.body, "location")
    required(call.body, "properties", "storageProfile")
    check_source(sim, definition, call.body["properties"]["storageProfile"])
    body = new_version(call)
    sim.world.of(VERSION)[body["id"].lower()] = body

    def finish() -> None:
        body["properties"]["provisioningState"] = "Succeeded"
        body["properties"]["publishingProfile"]["publishedDate"] = utc_now()
        replication.start(sim, body)

    def fail() -> None:
        body["properties"]["provisioningState"] = "Failed"

    op = begin(sim, call, "gallery_version", finish, fail)
    replication.track_home_region(body, op)
    return accepted(sim, call, op, 201, public(body))


def new_version(call: Call) -> Json:
    properties = copy.deepcopy(call.body["properties"])
    publishing = properties.setdefault("publishingProfile", {})
    publishing.setdefault("excludeFromLatest", False)
    publishing.setdefault("replicaCount", 1)
    publishing.setdefault("targetRegions", [{"name": call.body["location"]}])
    for region in publishing["targetRegions"]:
        region.setdefault("regionalReplicaCount", publishing["replicaCount"])
    if region_key(call.body["location"]) not in {region_key(region["name"]) for region in publishing["targetRegions"]}:
        message = f"The target regions must contain the source's region, {call.body['location']}."
        raise ArmError(400, "InvalidParameter", message, "publishingProfile.targetRegions")
    body = _stored(call, VERSION, call.id_of(VERSION, *call.names), {**properties, "provisioningState": "Creating"})
    return {**body, **replication.initial_state()}


@arm("PATCH", "Microsoft.Compute/galleries/*/images/*/versions/*", "update_version")
def patch_version(sim: Sim, call: Call) -> Answer:
    return _change(sim, call, _find(sim, call))


def _change(sim: Sim, call: Call, body: Json) -> Answer:
    """Change what Azure allows to change on a version: replicas, regions, excludeFromLatest, end of life, tags."""
    if body["properties"]["provisioningState"] == "Creating":
        raise ArmError(409, "Conflict", f"The version {body['name']} is being created.")
    requested = call.body.get("properties") or {}
    if "source" in (requested.get("storageProfile") or {}):
        have = body["properties"].get("storageProfile", {}).get("source")
        if requested["storageProfile"]["source"] != have:
            message = "Changing property 'storageProfile.source' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, "storageProfile.source")
    publishing = body["properties"]["publishingProfile"]
    for key in ("excludeFromLatest", "endOfLifeDate", "targetRegions", "replicaCount"):
        if (requested.get("publishingProfile") or {}).get(key) is not None:
            publishing[key] = copy.deepcopy(requested["publishingProfile"][key])
    if requested.get("safetyProfile"):
        body["properties"].setdefault("safetyProfile", {}).update(requested["safetyProfile"])
    if call.body.get("tags") is not None:
        body["tags"] = dict(call.body["tags"])
    replication.start(sim, body)
    return Answer(200, public(body))


@arm("DELETE", "Microsoft.Compute/galleries/*/images/*/versions/*", "delete_version")
def delete_version(sim: Sim, call: Call) -> Answer:
    key = call.id_of(VERSION, *call.names).lower()
    body = sim.world.of(VERSION).get(key)
    if body is None:
        return Answer(204)
    safety = body["properties"].get("safetyProfile") or {}
    end = body["properties"]["publishingProfile"].get("endOfLifeDate", "")
    if safety.get("blockDeletionBeforeEndOfLife") and end > utc_now():
        raise ArmError(409, "OperationNotAllowed", f"The version is protected until its end of life, {end}.")
    _check_in_use(sim, body)
    body["properties"]["provisioningState"] = "Deleting"

    def finish() -> None:
        sim.world.of(VERSION).pop(key, None)

    return accepted(sim, call, begin(sim, call, "gallery_delete", finish))


def _check_in_use(sim: Sim, body: Json) -> None:
    """Record a violation when VMs use the version. Azure allows the deletion; the app's retention must not do it."""
    users = [
        vm.name
        for vm in sim.world.vms.values()
        if (disk := sim.world.disk(vm.os_disk_id)) is not None
        and str(disk.creation.get("galleryImageReference", {}).get("id", "")).lower() == body["id"].lower()
    ]
    if users:
        violation(sim, "version_in_use_deleted", users[0], f"{body['name']} deleted while {len(users)} VM(s) use it")


@arm("DELETE", "Microsoft.Compute/galleries/*/images/*", "delete_definition")
def delete_definition(sim: Sim, call: Call) -> Answer:
    key = call.id_of(references.DEFINITION, *call.names).lower()
    if any(k.startswith(f"{key}/") for k in sim.world.of(VERSION)):
        raise ArmError(409, "CannotDeleteResource", "Nested resources exist: delete the versions first.")
    return Answer(200 if sim.world.of(DEFINITION).pop(key, None) else 204)
