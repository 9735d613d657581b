"""Registers the orchestrations with the Functions app; their bodies know nothing of it."""

from __future__ import annotations

import azure.durable_functions as df

from orchestrators.publish_image import publish_image
from orchestrators.reimage_host import reimage_host
from shared.names import PUBLISH_IMAGE, REIMAGE_HOST

bp = df.Blueprint()

bp.function_name(PUBLISH_IMAGE)(bp.orchestration_trigger(context_name="context")(publish_image))
bp.function_name(REIMAGE_HOST)(bp.orchestration_trigger(context_name="context")(reimage_host))
