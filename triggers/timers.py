"""Timers: resume lost rollouts and tasks, run due promotions, delete what is no longer needed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.audit.seal import seal_months
from shared.images.promotions.due import run_due
from shared.images.retention import tidy
from shared.pools.watch import watch_pools
from shared.ports.engine import Engine
from shared.records.pool_looks import look_at_pools
from shared.records.tidying.lapsed import tidy_records
from shared.records.tidying.rollouts import tidy_rollouts
from shared.records.tidying.work import tidy_work
from shared.rollouts.old_disks.cleanup import tidy_disks
from shared.rollouts.recovery import resume_lost, search_pools
from shared.services import Services
from shared.tasks.recovery import resume_lost_tasks
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine

bp = df.Blueprint()
log = logging.getLogger("freshcoat.timers")


@bp.durable_client_input(client_name="client")
@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RESUME_SCHEDULE%", run_on_startup=True)
def resume_rollouts(timer: func.TimerRequest, client: SyncDurableFunctionsClient) -> None:
    """Runs at the start of the app and by `FRESHCOAT_RESUME_SCHEDULE`."""
    resumed = take_up(services(), DurableEngine(client))
    if resumed:
        log.warning("resumed: %s%s", ", ".join(resumed), " (late)" if timer.past_due else "")


@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RESUME_SCHEDULE%", run_on_startup=False)
def look_at_idle_pools(timer: func.TimerRequest) -> None:
    """Runs by `FRESHCOAT_RESUME_SCHEDULE`: so lists of pools can do without reading Azure."""
    look_at_pools(services())


@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RETENTION_SCHEDULE%", run_on_startup=False)
def tidy_old_disks(timer: func.TimerRequest) -> None:
    """Runs by `FRESHCOAT_RETENTION_SCHEDULE`."""
    removed = tidy_disks(services())
    if removed:
        log.info("old disks removed: %s%s", ", ".join(removed), " (late)" if timer.past_due else "")


@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RETENTION_SCHEDULE%", run_on_startup=False)
def find_lost_hosts(timer: func.TimerRequest) -> None:
    """Runs by `FRESHCOAT_RETENTION_SCHEDULE`."""
    lost = search_pools(services())
    if lost:
        log.warning(
            "out of their host pools, unknown to any rollout: %s%s",
            ", ".join(lost),
            " (late)" if timer.past_due else "",
        )


@bp.durable_client_input(client_name="client")
@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RETENTION_SCHEDULE%", run_on_startup=False)
def tidy_old_records(timer: func.TimerRequest, client: SyncDurableFunctionsClient) -> None:
    """Runs by `FRESHCOAT_RETENTION_SCHEDULE`."""
    removed = forget_old(services(), DurableEngine(client))
    if removed:
        log.info("removed: %s old records and histories%s", removed, " (late)" if timer.past_due else "")


@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RETENTION_SCHEDULE%", run_on_startup=False)
def sign_record(timer: func.TimerRequest) -> None:
    """Runs by `FRESHCOAT_RETENTION_SCHEDULE`. Signs the record of months that are over."""
    signed = seal_months(services())
    if signed:
        log.info("the record is signed: %s%s", ", ".join(signed), " (late)" if timer.past_due else "")


def take_up(found: Services, engine: Engine) -> list[str]:
    """Restart rollouts and tasks that have no running orchestration, and return their ids. Raises an ExceptionGroup."""
    resume = (lambda: resume_lost(found, engine), lambda: resume_lost_tasks(found, engine))
    return [name for resumed in _each("lost orchestrations", *resume) for name in resumed]


def forget_old(found: Services, engine: Engine) -> int:
    """Remove rows and histories that nobody needs any more, and return how many. Raises an ExceptionGroup."""
    before = found.now() - timedelta(days=found.settings.history_keep_days)
    return sum(
        _each(
            "what is old",
            lambda: tidy_records(found),
            lambda: tidy_work(found),
            lambda: tidy_rollouts(found),
            lambda: engine.forget_ended(before),
        )
    )


def _each[T](what: str, *steps: Callable[[], T]) -> list[T]:
    """The results of all steps. An error in one does not stop the others: errors are raised after the last."""
    done: list[T] = []
    troubles: list[Exception] = []
    for step in steps:
        try:
            done.append(step())
        except Exception as trouble:  # noqa: BLE001 - raised below, after all have run
            troubles.append(trouble)
    if troubles:
        raise ExceptionGroup(f"not everything was done about {what}; done: {done}", troubles)
    return done


@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RETENTION_SCHEDULE%", run_on_startup=False)
def tidy_versions(timer: func.TimerRequest) -> None:
    """Runs by `FRESHCOAT_RETENTION_SCHEDULE`. Looks for pools that are gone first: they hold no version."""
    found = services()
    watch_pools(found)
    gone = tidy(found)
    if gone:
        log.info("deleted from their galleries: %s%s", ", ".join(gone), " (late)" if timer.past_due else "")


@bp.durable_client_input(client_name="client")
@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_PROMOTION_SCHEDULE%", run_on_startup=True)
def promote_due(timer: func.TimerRequest, client: SyncDurableFunctionsClient) -> None:
    """Runs at the start of the app and by `FRESHCOAT_PROMOTION_SCHEDULE`."""
    promoted = run_due(services(), DurableEngine(client))
    if promoted:
        log.info("promoted: %s%s", ", ".join(promoted), " (late)" if timer.past_due else "")
