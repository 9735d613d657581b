"""Durations of operations in virtual seconds: a table of ranges and one scaling factor.

Azure publishes no numbers for most of them. The ranges are estimates, wide enough to be realistic in a demo.
"""

import random
from dataclasses import dataclass

TABLE: dict[str, tuple[float, float]] = {
    "deallocate": (60, 180),
    "start": (60, 120),
    "power_off": (30, 60),
    "restart": (60, 120),
    "reimage": (180, 480),
    "create": (180, 480),
    "delete": (30, 90),
    "update": (5, 15),
    "extension": (60, 180),
    "run_command": (60, 120),
    "sysprep": (300, 900),
    "register": (60, 300),  # from the agent's installation to a session host that is Available
    "device_delete": (5, 60),  # from a deletion in Entra ID until the device is no longer found
    "boot": (20, 60),  # from a running VM to the agent's first heartbeat
    "sign_out": (5, 30),
    "disk": (10, 30),
    "disk_delete": (5, 20),
    "snapshot": (10, 40),
    "image": (60, 180),
    "gallery_version": (300, 900),
    "replication": (300, 1200),  # per further region
    "gallery_delete": (20, 60),
}

LRO_RETRY_AFTER = 10.0


@dataclass
class Durations:
    rng: random.Random
    scale: float = 1.0

    def pick(self, name: str) -> float:
        low, high = TABLE[name]
        return self.rng.uniform(low, high) * self.scale
