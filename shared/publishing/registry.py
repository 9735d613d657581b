"""The steps of one host of a rollout: what each does, and how long it may take in all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core import names
from shared.core.settings import Settings
from shared.publishing import host_image, host_prove, host_recheck, host_return
from shared.publishing.step import Step


@dataclass(frozen=True)
class HostStep:
    """A step, and its limit in seconds by the app's settings; None: it ends by itself."""

    run: Step
    limit: Callable[[Settings], float | None]


HOST_STEP_RUNS = {
    names.RECHECK_HOST: HostStep(host_recheck.recheck_host, lambda settings: settings.power_limit),
    names.REBUILD_HOST: HostStep(host_image.rebuild_host, lambda settings: settings.image_limit),
    names.JOIN_HOST: HostStep(host_return.join_host, lambda settings: settings.join_limit),
    names.REGISTER_HOST: HostStep(host_return.register_host, lambda settings: settings.register_limit),
    names.AWAIT_HEALTHY: HostStep(host_return.await_healthy, lambda settings: settings.healthy_limit),
    names.PROBE_HOST: HostStep(host_prove.probe_host, lambda settings: settings.probe_limit),
    names.BAKE_HOST: HostStep(host_prove.bake_host, lambda _: None),
    names.GIVE_BACK_HOST: HostStep(host_return.give_back_host, lambda settings: settings.power_limit),
}
"""By name; the order is that of `shared.core.steps.HOST_STEPS`."""
