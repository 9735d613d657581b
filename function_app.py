"""The Functions app: composition only. What it does is in the packages named below."""

import azure.durable_functions as df
import azure.functions as func

from activities import host as host_activities
from activities import rollout as rollout_activities
from activities import task as task_activities
from orchestrators import registration as orchestrations
from shared.wiring import check_start
from triggers import (
    access,
    accounts,
    audit,
    caps,
    console,
    events,
    health,
    images,
    overview,
    pools,
    profiles,
    promotions,
    rollouts,
    tasks,
    timers,
    warmup,
)

check_start()

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for part in (
    *(access, caps, profiles, audit, accounts, pools, images, promotions, rollouts, tasks, events, health, timers),
    *(console, overview, warmup),
    *(orchestrations, rollout_activities, host_activities, task_activities),
):
    app.register_functions(part.bp)
