"""How the hosts of a pool would get a version: re-imaged in place, or replaced. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.models.azure import VirtualMachine
from shared.models.images import Image
from shared.models.policy import Strategy
from shared.models.pools import ReimageSupport


@dataclass(frozen=True)
class Strategies:
    """The VMs that are not on the version yet, by what would be done with them.

    `may_reimage` and `may_replace` say what the app has to be able to do: under `auto` on a pool where nobody knows
    yet whether re-imaging works, both. A pool without such VMs is taken by its strategy alone.
    """

    foreign: Sequence[VirtualMachine]
    """Made from another image definition, or from none: re-imaging cannot bring them the version (azure-facts 1.2)."""
    ephemeral: Sequence[VirtualMachine]
    """Re-imaging brings back the version they had (azure-facts 1.2)."""
    replaced: Sequence[VirtualMachine]
    """Those that are certainly replaced."""
    changing: Sequence[VirtualMachine]
    may_reimage: bool
    may_replace: bool


def strategies_of(
    machines: Sequence[VirtualMachine], image: Image, version: str, strategy: Strategy, known: ReimageSupport
) -> Strategies:
    """What would be done with these VMs. `known`: whether re-imaging works on their pool."""
    foreign: list[VirtualMachine] = []
    ephemeral: list[VirtualMachine] = []
    plain: list[VirtualMachine] = []
    for machine in machines:
        if (machine.definition_id or "").lower() != image.definition_id.lower():
            foreign.append(machine)
        elif machine.version != version:
            (ephemeral if machine.ephemeral else plain).append(machine)
    changing = [*foreign, *ephemeral, *plain]
    if strategy is not Strategy.AUTO:
        replaces = strategy is Strategy.REPLACE
        return Strategies(foreign, ephemeral, changing if replaces else (), changing, not replaces, replaces)
    fails = known is ReimageSupport.UNSUPPORTED
    replaced = changing if fails else [*foreign, *ephemeral]
    reimages = not fails and (len(replaced) < len(changing) or not changing)
    unsure = reimages and known is ReimageSupport.UNKNOWN
    return Strategies(foreign, ephemeral, replaced, changing, reimages, unsure or bool(replaced) or fails)
