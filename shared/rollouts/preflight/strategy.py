"""Whether each VM of a pool would be re-imaged in place or replaced. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.models.azure import VirtualMachine
from shared.models.images import Image
from shared.models.policy import Strategy
from shared.models.pools import ReimageSupport


@dataclass(frozen=True)
class Strategies:
    """The VMs that are not on the version yet, grouped by how they would be updated.

    `may_reimage` and `may_replace` say which actions the app must be able to do: both under `auto` while it is unknown
    whether re-imaging works on the pool. When no VM needs the version, the strategy alone decides.
    """

    foreign: Sequence[VirtualMachine]
    """Created from another image definition, or from none: re-imaging cannot update them (azure-facts 1.2)."""
    ephemeral: Sequence[VirtualMachine]
    """VMs with an ephemeral OS disk: re-imaging restores the version they had (azure-facts 1.2)."""
    replaced: Sequence[VirtualMachine]
    """VMs that are replaced in any case."""
    changing: Sequence[VirtualMachine]
    """All VMs that are not on the version yet."""
    may_reimage: bool
    may_replace: bool


def strategies_of(
    vms: Sequence[VirtualMachine], image: Image, version: str, strategy: Strategy, support: ReimageSupport
) -> Strategies:
    """How these VMs would be updated. `support`: whether re-imaging works on their pool, as far as it is known."""
    foreign: list[VirtualMachine] = []
    ephemeral: list[VirtualMachine] = []
    plain: list[VirtualMachine] = []
    for vm in vms:
        if (vm.definition_id or "").lower() != image.definition_id.lower():
            foreign.append(vm)
        elif vm.version != version:
            (ephemeral if vm.ephemeral else plain).append(vm)
    changing = [*foreign, *ephemeral, *plain]
    if strategy is not Strategy.AUTO:
        replaces = strategy is Strategy.REPLACE
        return Strategies(foreign, ephemeral, changing if replaces else (), changing, not replaces, replaces)
    unsupported = support is ReimageSupport.UNSUPPORTED
    replaced = changing if unsupported else [*foreign, *ephemeral]
    reimages = not unsupported and (len(replaced) < len(changing) or not changing)
    unknown = reimages and support is ReimageSupport.UNKNOWN
    return Strategies(foreign, ephemeral, replaced, changing, reimages, unknown or bool(replaced) or unsupported)
