"""Records for the tests of the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.core.states import HostState, RolloutState, VersionState
from shared.models.accounts import Account
from shared.models.answers import KeptAnswer
from shared.models.azure import Operation
from shared.models.base import Record, UtcTime, Value
from shared.models.images import Image, ImageState, ImageVersion, Retention, Source, TargetRegion, Verdict
from shared.models.kept_disks import KeptDisk
from shared.models.policy import PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.pools import DomainJoin, EntraJoin, Pool, Ring
from shared.models.promotions import Promotion
from shared.models.rollouts import Look, Rollout, RolloutHost, Schedule
from shared.models.tasks import (
    ActivationWork,
    Approval,
    CaptureWork,
    Gate,
    Made,
    PoolsUpdate,
    PoolsWork,
    Task,
    TaskKind,
    TaskStep,
)

NOON = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


class Inner(Value):
    at: UtcTime
    names: tuple[str, ...] = ()


class Everything(Record):
    """One field of every kind there may be."""

    group: str = "g"
    name: str
    text: str = ""
    number: int = 0
    share: float = 0.0
    flag: bool = False
    at: UtcTime | None = None
    colour: Colour | None = None
    mixed: int | str = 0
    inner: Inner | None = None
    counts: dict[str, int] = {}  # noqa: RUF012 (pydantic copies it)
    names: tuple[str, ...] = ()


def everything_keys(record: Everything) -> tuple[str, str]:
    return record.group, record.name


def row(name: str, **fields: Any) -> Everything:
    return Everything.model_validate({"name": name, **fields})


def pool(**fields: Any) -> Pool:
    given = {
        "name": "office",
        "account": "contoso",
        "host_pool_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.DesktopVirtualization/hostPools/office",
        "image": "win11",
        "version": "1.0.0",
        "ring": Ring.PILOT,
        "join": DomainJoin(kind="ad", domain="contoso.com", user="joiner", password_setting="JOIN_PASSWORD"),
        "policy": PolicyOverrides(max_unavailable="30%", warn_minutes=(15, 5)),
        "registered_at": NOON,
    }
    return Pool.model_validate(given | fields)


def rollout(**fields: Any) -> Rollout:
    given = {
        "id": "8234567890123-1f0c",
        "pool": "office",
        "state": RolloutState.RUNNING,
        "image": "win11",
        "definition_id": "/subscriptions/s/images/win11",
        "version": "2.0.0",
        "version_id": "/subscriptions/s/images/win11/versions/2.0.0",
        "replicas": 1,
        "from_version": None,
        "schedule": Schedule(mode=ScheduleMode.ON_LOGOFF, begin_at=NOON, force_at=NOON, time_zone="Europe/Berlin"),
        "policy": resolve_policy(ScheduleMode.ON_LOGOFF),
        "created_at": NOON,
        "look": Look(at=NOON, hosts=24, accepting=20, sessions=31, sessions_to_end=7),
        "counts": {"pending": 20, "done": 4},
    }
    return Rollout.model_validate(given | fields)


def rollout_host(name: str = "avd-0", **fields: Any) -> RolloutHost:
    given = {
        "rollout": "8234567890123-1f0c",
        "host": name,
        "vm_id": f"/subscriptions/s/virtualMachines/{name}",
        "state": HostState.DRAINING,
        "prior_tags": {"kept": "yes", "none": None},
        "warned": {"3": 15},
        "body": {"location": "westeurope", "deep": [{"a": 1.5, "b": None}]},
        "drained_at": NOON,
    }
    return RolloutHost.model_validate(given | fields)


def kept_disk(**fields: Any) -> KeptDisk:
    given = {
        "pool": "office",
        "host": "avd-0.contoso.com",
        "vm_id": "/subscriptions/s/virtualMachines/avd-0",
        "disk_id": "/subscriptions/s/disks/AVD-0_OsDisk",
        "version_id": "/subscriptions/s/images/win11/versions/1.0.0",
        "rollout": "8234567890123-1f0c",
        "kept_at": NOON,
        "keep_until": NOON + timedelta(days=7),
    }
    return KeptDisk.model_validate(given | fields)


def answer(key: str = "8f0e") -> KeptAnswer:
    return KeptAnswer(key=key, fingerprint="f", status=202, body='{"id": "ü"}', at=NOON + timedelta(seconds=1))


def joined_entra() -> Pool:
    return pool(name="entra", join=EntraJoin(kind="entra"), version=None)


def account() -> Account:
    return Account(name="contoso", title="Contoso Ltd", time_zone="Europe/Berlin", created_at=NOON)


def image(**fields: Any) -> Image:
    given = {
        "name": "win11",
        "definition_id": "/subscriptions/s/images/win11",
        "accounts": ("contoso", "fabrikam"),
        "retention": Retention(backups=1, days=7),
        "registered_at": NOON,
    }
    return Image.model_validate(given | fields)


def image_state(**fields: Any) -> ImageState:
    given = {"image": "win11", "active": "2.0.0", "activated_at": NOON, "waiting_pools": ("office",)}
    return ImageState.model_validate(given | fields)


def image_version(version: str = "2.0.0", **fields: Any) -> ImageVersion:
    given = {
        "image": "win11",
        "version": version,
        "state": VersionState.STAGED,
        "source": Source.CAPTURE,
        "notes": "Office 2024",
        "verdict": Verdict(result="passed", note="fine", by="ann", at=NOON),
        "created_at": NOON,
    }
    return ImageVersion.model_validate(given | fields)


def capture_task() -> Task:
    made = (Made(kind="snapshot", id="/subscriptions/s/snapshots/one"),)
    work = CaptureWork(template_vm_id="/vm", regions=(TargetRegion(name="West Europe", replicas=2),), made=made)
    return Task(
        id="8234567890123-1f0c",
        kind=TaskKind.SET_AS_IMAGE,
        image="win11",
        version=None,
        created_at=NOON,
        steps=(TaskStep(name="snapshot_template", begun_at=NOON),),
        operation=Operation(kind="snapshot", target="/snapshot", token="t", done=False, retry_after=1.5),
        capture=work,
        cancelled_at=NOON,
        pools=PoolsWork(update=pools_update(), approvals=(Approval(ring=1, by="ann", at=NOON),), ring=0),
    )


def pools_update() -> PoolsUpdate:
    schedule = Schedule(mode=ScheduleMode.NOW, begin_at=NOON, force_at=NOON, time_zone="UTC")
    return PoolsUpdate(
        pools=("office",), rings={"office": 9}, schedule=schedule, policy=PolicyOverrides(retries=2), gate=Gate.APPROVE
    )


def promotion() -> Promotion:
    return Promotion(
        id="8234567890123-1f0c",
        image="win11",
        version="2.0.0",
        due_at=NOON,
        time_zone="Europe/Berlin",
        activation=ActivationWork(backup=False),
        update=pools_update(),
        created_at=NOON,
    )
