"""The world the story is told in: one image, a pool people work in, and one to test with."""

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
"""Hours made seconds: the default would look again after a minute, and the demo is over by then."""

LAB_POLICY: dict[str, Any] = {"settle_seconds": 2, "poll_seconds": 15, "strategy": "reimage"}
"""Both hosts at once: nobody works on them whom trying one first would spare."""


def set_the_stage(stage: Stage) -> None:
    """Register the image and both pools, and give the production pool an autoscaler."""
    client, azure = stage.client, stage.azure
    client.register_image()
    client.register_pool(POOL, names.OFFICE_POOL_ID, POLICY)
    client.register_pool(LAB, azure.add_host_pool(LAB_HOST_POOL, LAB_HOSTS), LAB_POLICY, ring="test")
    azure.scale(POOL, OFFICE_HOST_POOL, stage.hosts + BURST_HOSTS)
    office = [host for host in azure.state()["hosts"] if host["pool"] == OFFICE_HOST_POOL]
    people = sum(len(host["sessions"]) for host in office)
    image = client.image()
    stage.say(
        f"Image {IMAGE}: {image.current} is active. Pool {POOL}: {len(office)} hosts, {people} people working on them. "
        f"Pool {LAB}: {LAB_HOSTS} hosts to test with."
    )


def expected_hosts(stage: Stage) -> dict[str, int]:
    """Hosts that each host pool must have at the end."""
    return {OFFICE_HOST_POOL: stage.hosts + BURST_HOSTS, LAB_HOST_POOL: LAB_HOSTS}
