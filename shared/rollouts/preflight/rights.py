"""The check of the rights of the app's identity. Pure; the needed rights are listed in `rights_table`."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.arm_ids import describe_scope, subscription_above
from shared.core.errors import AzureError
from shared.models.azure import Permissions
from shared.models.findings import Finding
from shared.models.policy import Strategy
from shared.rollouts.preflight import identities
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned
from shared.rollouts.preflight.rights_table import RIGHTS, Right, When, Where, has

_REPLACE = next(right for right in RIGHTS if right.when is When.REPLACING and right.missing == "fail")
"""What it stands for is another right to replace VMs: there are the same other ways."""


def rights(facts: Facts) -> Iterator[Finding]:
    """The identity has every needed right on the host pool, VMs' resource groups and subscriptions, and the image."""
    needed = [right for right in RIGHTS if _needed(right.when, facts)]
    found = [finding for scope, read in facts.permissions.items() for finding in _at(facts, scope, read, needed)]
    image = facts.request.image.definition_id
    for group, read in facts.image_permissions.items():
        found += _at(facts, image, read, needed, by=group)
    for group, read in facts.subscription_permissions.items():
        found += _at(facts, subscription_above(group), read, needed, by=group)
    for (identity, group), read in facts.identity_permissions.items():
        found += identities.check(identity, read, _who(facts, group), _alternative(facts, _REPLACE))
    yield from found or [passed("rights", f"the app's identity has the rights it needs on {_everywhere(facts)}")]


def _needed(when: When, facts: Facts) -> bool:
    policy = facts.request.policy
    match when:
        case When.WARNING:
            return bool(policy.warn_minutes)
        case When.REIMAGING:
            return facts.strategies.may_reimage
        case When.REPLACING:
            return facts.strategies.may_replace
        case When.KEEPING:
            return policy.keep_old_disk_days > 0
        case When.PROBING:
            return policy.probe is not None
        case When.ALWAYS | When.BUILDING | When.OPTIONAL:
            return True


def _at(
    facts: Facts, scope: str, read: Permissions | AzureError, needed: list[Right], by: str = ""
) -> Iterator[Finding]:
    """A finding for each right that is missing at one scope, of the identity that works on `by`."""
    who = _who(facts, by or scope)
    if isinstance(read, AzureError):
        what_to_do = f"give {who} Microsoft.Authorization/permissions/read there, or check the rights yourself"
        yield warned(
            "rights",
            f"the rights of {who} on {describe_scope(scope)} could not be read: {read}",
            what_to_do,
        )
        return
    where = _where(facts, scope)
    for right in needed:
        if right.where is where and not has(read, right.action):
            yield _missing(facts, right, scope, who)


def _who(facts: Facts, scope: str) -> str:
    """The identity that works there."""
    identity = facts.scopes.identity(scope)
    return f"the identity {identity} of account {facts.request.pool.account}" if identity else "the app's identity"


def _where(facts: Facts, scope: str) -> Where:
    known = {facts.request.pool.host_pool_id: Where.HOST_POOL, facts.request.image.definition_id: Where.IMAGE}
    known |= {subscription_above(group): Where.SUBSCRIPTION for group in facts.subscription_permissions}
    return known.get(scope, Where.MACHINES)


def _missing(facts: Facts, right: Right, scope: str, who: str) -> Finding:
    detail = f"{who} lacks the right {right.action} on {describe_scope(scope)}, needed to {right.what_for}"
    what_to_do = f"give {who} a role with this right there{_alternative(facts, right)}"
    return (failed if right.missing == "fail" else warned)("rights", detail, what_to_do)


def _alternative(facts: Facts, right: Right) -> str:
    """Another way to mend it, as the end of a sentence; empty when there is none."""
    if right.missing == "warn" and right.when is When.REPLACING:
        return ", or on the group of the network cards"
    if right.when is When.KEEPING:
        return ", or delete kept disks yourself"
    both_possible = (
        facts.request.policy.strategy is Strategy.AUTO and facts.strategies.may_reimage and facts.strategies.may_replace
    )
    if both_possible and right.when is When.REPLACING and not facts.strategies.replaced:
        return ", or use strategy reimage"
    if both_possible and right.when is When.REIMAGING:
        return ", or use strategy replace"
    return ""


def _everywhere(facts: Facts) -> str:
    subscriptions = dict.fromkeys(map(subscription_above, facts.subscription_permissions))
    return ", ".join(describe_scope(scope) for scope in (*facts.permissions, *subscriptions))
