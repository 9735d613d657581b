"""What the demo registers first: one image, a production pool with users, and a test pool."""

from __future__ import annotations

from typing import Any

from local.demo.stage import Stage
from local.sim.core import names
from local.stack.app_client import IMAGE, POOL

LAB = "lab"
OFFICE_HOST_POOL, LAB_HOST_POOL = names.last(names.OFFICE_POOL_ID), "hp-lab"
LAB_HOSTS = 2
BURST_HOSTS = 2

SIM_FLAGS = ("--versions", "1.0.0", "--template", "running")

POLICY: dict[str, Any] = {"settle_seconds": 2, "poll_seconds": 15, "max_unavailable": "50%", "min_available": "20%"}
"""Short waits: with the default of 60 s between polls, the demo would be over before the second poll."""

LAB_POLICY: dict[str, Any] = {"settle_seconds": 2, "poll_seconds": 15, "strategy": "reimage"}
"""No canary: the test pool has no users to protect, so both hosts are updated at once."""


def register_image_and_pools(stage: Stage) -> None:
    """Register the image and both pools, and give the production pool an autoscaler."""
    client, azure = stage.client, stage.azure
    client.register_image()
    client.register_pool(POOL, names.OFFICE_POOL_ID, POLICY)
    client.register_pool(LAB, azure.add_host_pool(LAB_HOST_POOL, LAB_HOSTS), LAB_POLICY, ring="test")
    azure.set_autoscaler(POOL, OFFICE_HOST_POOL, stage.hosts + BURST_HOSTS)
    office = [host for host in azure.state()["hosts"] if host["pool"] == OFFICE_HOST_POOL]
    sessions = sum(len(host["sessions"]) for host in office)
    image = client.image()
    stage.print(
        f"Image {IMAGE}: version {image.current} is active. Pool {POOL}: {len(office)} hosts, {sessions} sessions. "
        f"Pool {LAB}: {LAB_HOSTS} test hosts."
    )


def expected_hosts(stage: Stage) -> dict[str, int]:
    """How many hosts each host pool must have at the end."""
    return {OFFICE_HOST_POOL: stage.hosts + BURST_HOSTS, LAB_HOST_POOL: LAB_HOSTS}
