"""The Functions app: composition only. What it does is in the packages named below."""

import azure.durable_functions as df
import azure.functions as func

from activities import host as host_activities
from activities import rollout as rollout_activities
from orchestrators import registration as orchestrations
from triggers import events, health, images, pools, rollouts, timers

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

for part in (pools, images, rollouts, events, health, timers, orchestrations, rollout_activities, host_activities):
    app.register_functions(part.bp)
