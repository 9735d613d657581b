"""Registers the orchestrations with the Functions app; the generators themselves do not depend on it."""

from __future__ import annotations

import azure.durable_functions as df

from orchestrators.activate_image import activate_image
from orchestrators.publish_image import publish_image
from orchestrators.reimage_host import reimage_host
from orchestrators.set_as_image import set_as_image
from orchestrators.update_many_pools import update_many_pools
from shared.core.names import ACTIVATE_IMAGE, PUBLISH_IMAGE, REIMAGE_HOST, SET_AS_IMAGE, UPDATE_MANY_POOLS

bp = df.Blueprint()

for name, orchestrator in (
    (PUBLISH_IMAGE, publish_image),
    (REIMAGE_HOST, reimage_host),
    (SET_AS_IMAGE, set_as_image),
    (ACTIVATE_IMAGE, activate_image),
    (UPDATE_MANY_POOLS, update_many_pools),
):
    bp.function_name(name)(bp.orchestration_trigger(context_name="context")(orchestrator))
