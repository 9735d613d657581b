"""Jobs over many pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import azure.durable_functions as df

from shared.api.common import WhatIfQuery
from shared.api.fleet import PoolsPlanView, UpdatePoolsRequest
from shared.api.tasks import TaskView
from shared.core.errors import FieldProblem
from shared.fleet.preview import plan_pools
from shared.fleet.request import foreseen_problems, update_pools
from shared.ports.engine import Engine
from triggers.contract import Answer, Call
from triggers.endpoint import endpoint

bp = df.Blueprint()


def _foresee(call: Call, body: Mapping[str, Any]) -> list[FieldProblem]:
    return foreseen_problems(call.services, body)


@endpoint(bp, "POST", "rollouts", status=202, also=(200,), refusals=(409, 422), foresee=_foresee)
def post_rollouts(
    call: Call, engine: Engine, query: WhatIfQuery, asked: UpdatePoolsRequest
) -> Answer[TaskView | PoolsPlanView]:
    """Publish an image version to many pools, ring by ring, as one task; with `what_if=true` only say what would happen
    (200)."""
    if query.what_if:
        return Answer(plan_pools(call.services, asked, call.who), status=200)
    task = update_pools(call.services, engine, asked, call.who)
    return Answer(task, location=task.href)
