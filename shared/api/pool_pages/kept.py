"""What an update keeps of a pool's hosts: VM size, network and region."""

from __future__ import annotations

from shared.models.base import UtcTime, Value
from shared.models.messages import Message


class KeptNetwork(Value):
    """A subnet, and how many of the pool's hosts are in it."""

    vnet: str
    subnet: str
    subnet_id: str
    """ARM id."""
    hosts: int


class KeptView(Value):
    """What stays as it is whatever a pool is updated to."""

    as_of: UtcTime
    """When it was read."""
    hosts: int
    """Hosts with a VM."""
    vm_sizes: dict[str, int]
    """Hosts per VM size; `unknown` where the list does not say."""
    networks: list[KeptNetwork] | None
    """Null: the network cards cannot be read."""
    networks_problem: Message | None = None
    """Why not."""
    regions: list[str]
