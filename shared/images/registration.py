"""Registering an image, and changing its registration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from shared.access.registrations import check_image_reach, check_still_reached, scope_problems, sees_image
from shared.api.edits import Edit, changed_fields
from shared.api.images import ImageRegistration, ImageView
from shared.audit.record import audit
from shared.core.arm_ids import definition_problem, describe_azure_error, same, subnet_problem, vm_problem
from shared.core.errors import AzureRefused, Conflict, FieldProblem, InvalidRequest
from shared.core.names import TEMPLATE_TAG
from shared.images.adoption import adopt_once, being_made, in_use
from shared.images.template_rules import template_problem
from shared.models.access.roles import Reach
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool
from shared.models.resource_claims import ClaimedKind
from shared.pools.claim import open_rollout
from shared.records.accounts import read_scopes, unknown_accounts
from shared.records.change import register
from shared.records.images import available
from shared.records.resource_claims import claimed, give_back, refused
from shared.records.versions import change_versions, read_versions
from shared.services import IMAGES, POOLS, ROLLOUTS, Services
from shared.versions.version_set import VersionSet
from shared.views.images import view_images

_CLAIMED = ClaimedKind.DEFINITION


def register_image(
    services: Services, name: str, edit: Edit[ImageRegistration], who: str, reach: Reach
) -> tuple[ImageView, bool]:
    """Register or change an image; the answer says whether it is new.

    While the image has no active version, one is recorded: `active` of the request, or the one that "latest" gives. So
    repeating the request repairs a registration that was interrupted, or was made before the first version. Raises
    InvalidRequest naming every wrong field, Conflict when pools or versions depend on the old registration, NotFound,
    PreconditionFailed, WouldReset.
    """
    active: str | None = None

    def decide(old: Image | None) -> Image:
        nonlocal active
        stored = None if old is None else ImageRegistration.of(old)
        if old:
            check_still_reached(reach, "image", old.owners)
        asked, version_set = edit.applied_to(stored, "image", name), read_versions(services, name)
        check_image_reach(reach, asked.accounts)
        active = _check(services, name, asked, version_set)
        wanted = _wanted(services, name, asked, old)
        edit.check_resets(stored, ImageRegistration.of(wanted))
        _refuse_taken(services, wanted, reach)
        if old:
            _refuse_conflicts(services, old, wanted, version_set)
        return wanted

    old, kept = register(
        lambda: services.images.find(IMAGES, name),
        decide,
        lambda old, wanted: _write_claimed(services, old, wanted, reach),
        describe="image",
    )
    if active:
        change_versions(services, name, lambda now: adopt_once(now, active, services, who))
    if kept != old or active:
        audit(services, who, "change image" if old else "register image", name, _told(old, kept), after=active or "")
    return view_images(services, [kept], reach)[0], old is None


def _write_claimed(services: Services, old: Image | None, wanted: Image, reach: Reach) -> Image:
    has_it, sees = partial(_has, services, wanted), partial(sees_image, services, reach)
    with claimed(services, _CLAIMED, wanted.definition_id, wanted.name, has_it, sees):
        kept = _write(services, old, wanted)
    if old and not same(old.definition_id, wanted.definition_id):
        give_back(services, _CLAIMED, old.definition_id, wanted.name)
    return kept


def _has(services: Services, wanted: Image, name: str) -> bool:
    image = services.images.find(IMAGES, name)
    return image is not None and same(image.definition_id, wanted.definition_id)


def _write(services: Services, old: Image | None, wanted: Image) -> Image:
    if old is None:
        return services.images.add(wanted)
    return old if wanted == old else services.images.replace(wanted)


def _check(services: Services, name: str, asked: ImageRegistration, version_set: VersionSet) -> str | None:
    """Check the whole request and report all problems at once; answers the version to record as active, if any."""
    problems = _form_problems(asked)
    if unknown := unknown_accounts(services, tuple(asked.accounts or ())):
        problems.append(FieldProblem("accounts", f"there is no account called {', '.join(unknown)}; register it first"))
    problems += _outside(services, asked)
    wrong = {problem.field for problem in problems}
    active, conflict = None, None
    if "definition_id" not in wrong:
        try:
            active = _active(asked, services.gallery.versions(asked.definition_id), version_set)
        except AzureRefused as error:
            problems.append(FieldProblem("definition_id", describe_azure_error("image definition", error)))
        except InvalidRequest as error:
            problems += error.problems
        except Conflict as error:
            conflict = error
    if asked.template_vm_id and "template_vm_id" not in wrong:
        problems += _template_problems(services, name, asked.template_vm_id)
    if problems:
        raise InvalidRequest(problems)
    if conflict:
        raise conflict
    return active


def _outside(services: Services, asked: ImageRegistration) -> list[FieldProblem]:
    """What is not of every account of the image. It is not read."""
    ids = {
        "definition_id": asked.definition_id,
        "template_vm_id": asked.template_vm_id or "",
        "build_subnet_id": asked.build_subnet_id or "",
    }
    return scope_problems(read_scopes(services), asked.accounts or (), ids)


def _form_problems(asked: ImageRegistration) -> list[FieldProblem]:
    found = {
        "definition_id": definition_problem(asked.definition_id),
        "template_vm_id": vm_problem(asked.template_vm_id) if asked.template_vm_id else "",
        "build_subnet_id": subnet_problem(asked.build_subnet_id) if asked.build_subnet_id else "",
    }
    return [FieldProblem(field, problem) for field, problem in found.items() if problem]


def _template_problems(services: Services, image: str, vm_id: str) -> list[FieldProblem]:
    try:
        found = services.vms.find(vm_id)
    except AzureRefused as error:
        return [FieldProblem("template_vm_id", describe_azure_error("virtual machine", error))]
    if found is None:
        return [FieldProblem("template_vm_id", "no such virtual machine exists in Azure; check the id")]
    problem = template_problem(services, image, vm_id, found.tags.get(TEMPLATE_TAG, ""), running=False)
    return [FieldProblem("template_vm_id", problem)] if problem else []


def _active(asked: ImageRegistration, versions: Sequence[GalleryVersion], version_set: VersionSet) -> str | None:
    """The version to record as active; None when the image has an active version, or the gallery is empty.

    Raises InvalidRequest for a version that is not in the gallery, Conflict when another version is active.
    """
    if version_set.state.active is not None:
        if asked.active not in {None, version_set.state.active}:
            raise Conflict(
                f"The active version of this image is {version_set.state.active}. To change it, activate a staged "
                "version or roll the image back."
            )
        return None
    if asked.active is None:
        return _latest(versions, version_set)
    found = next((version for version in versions if version.version == asked.active), None)
    if found is None:
        raise InvalidRequest.one("active", f"the gallery has no version {asked.active} of this image")
    if not found.ready:
        raise InvalidRequest.one("active", f"version {asked.active} is not ready: {found.detail or 'it is being made'}")
    return asked.active


def _latest(versions: Sequence[GalleryVersion], version_set: VersionSet) -> str | None:
    """The version that "latest" gives. Raises InvalidRequest when it is not ready, since it may be new."""
    newest = in_use(versions, version_set)
    if newest and not newest.ready:
        raise InvalidRequest.one("active", being_made(newest))
    return newest.version if newest else None


def _unrecorded(version_set: VersionSet) -> bool:
    """Whether the image has no versions yet."""
    return version_set.state.active is None and not version_set.versions


def _wanted(services: Services, name: str, asked: ImageRegistration, old: Image | None) -> Image:
    """The image's row as requested. ARM ids that differ only in case are the same."""
    unchanged = old is not None and same(old.definition_id, asked.definition_id)
    first = old or Image(name=name, definition_id=asked.definition_id, registered_at=services.now())
    changes = {
        "definition_id": first.definition_id if unchanged else asked.definition_id,
        "template_vm_id": asked.template_vm_id or "",
        "build_subnet_id": asked.build_subnet_id or "",
        "accounts": None if asked.accounts is None else tuple(sorted(set(asked.accounts))),
        "retention": asked.retention,
    }
    return first.model_copy(update=changes)


def _refuse_taken(services: Services, wanted: Image, reach: Reach) -> None:
    """Refuse a definition that another image has: both would decide which of its versions is active."""
    for other in services.images.all(IMAGES):
        if other.name != wanted.name and same(other.definition_id, wanted.definition_id):
            raise refused(_CLAIMED, other.name, seen=reach.sees(other.owners))


def _refuse_conflicts(services: Services, old: Image, wanted: Image, version_set: VersionSet) -> None:
    pools = [pool for pool in services.pools.all(POOLS) if _uses(services, pool, old.name)]
    if wanted.definition_id != old.definition_id:
        _refuse_other_definition(services, old, pools, version_set)
    shut_out = sorted(pool.name for pool in pools if not available(wanted, pool.account))
    if shut_out:
        raise Conflict(
            f"Pools of accounts that are to lose this image use it: {', '.join(shut_out)}. Update them with another "
            "image first, or keep their accounts."
        )


def _refuse_other_definition(services: Services, old: Image, pools: Sequence[Pool], version_set: VersionSet) -> None:
    for pool in pools:
        if running := open_rollout(services, pool):
            text = f"Pool {pool.name} is being updated with this image; wait for the end or cancel it."
            raise Conflict(text, rollout=running.id)
    if not _unrecorded(version_set):
        raise Conflict(
            f"Versions of image {old.name} are recorded, and they are of its definition. Register the other definition "
            "as an image of its own, and update the pools with that.",
            task=version_set.state.capture or None,
        )


def _uses(services: Services, pool: Pool, image: str) -> bool:
    """Whether the pool is on the image, or is being updated with it."""
    if pool.image == image or not pool.running_rollout:
        return pool.image == image
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
    return rollout is not None and rollout.image == image and not rollout.state.ended


def _told(old: Image | None, kept: Image) -> str:
    """The text of the audit entry: the definition of a new image, otherwise the fields that changed."""
    if old is None:
        return kept.definition_id
    return ", ".join(changed_fields(ImageRegistration.of(old), ImageRegistration.of(kept)))
