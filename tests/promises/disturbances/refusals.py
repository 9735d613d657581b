"""Promise 6: a broken policy, image or permission stops a rollout before anything is touched, and says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.core.states import VersionState
from shared.models.azure import CoreQuota, Lock
from shared.models.pools import ProfileJoin, Ring
from shared.services import POOLS
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.picks import Picks
from tests.fixtures.profiles import keep_profile
from tests.fixtures.version_sets import version_row
from tests.fixtures.world.azure import GROUP, HOST_POOL_ID
from tests.promises.pool_setup import STAGED
from tests.promises.scenario import Stage

THROWN_AWAY = "2.5.0"
POLICIES: tuple[Mapping[str, Any], ...] = ({"max_unavailable": "0%"}, {"retries": 9}, {"size": 1}, {"canary_hosts": 11})


class Refusals:
    """Breaks one thing, asks for a rollout, and mends it again."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.world = stage, stage.app.world
        self._kept: list[tuple[Any, str, Any]] = []

    def ask(self, picks: Picks) -> str:
        """Ask for what cannot be; what was broken."""
        breaks = picks.one(
            (
                self._policy, self._no_version, self._not_ready, self._no_replica, self._no_right, self._locked,
                self._not_to_be_deleted, self._no_gallery, self._no_hosts, self._staged, self._older,
                self._thrown_away, self._no_password, self._no_quota, self._personal,
            )
        )  # fmt: skip
        pool = self.stage.watch.pool
        body = {"version": NEW, "allow_downgrade": True, "schedule": {"mode": "now"}} | breaks(picks)
        before = self._untouched()
        reply = self.stage.send("/api/pools/office/update-image", body)
        assert reply is not None
        assert reply.status in {400, 422}, (breaks.__name__, reply.text)
        assert reply.json["detail"]
        assert all(error["field"] and error["message"] for error in reply.json["errors"]), reply.text
        assert reply.json["errors"], reply.text
        assert self._untouched() == before
        self._mend(pool.model_dump(exclude={"etag"}))
        return breaks.__name__.lstrip("_")

    def _untouched(self) -> tuple[Any, ...]:
        watch = self.stage.watch
        return dict(watch.hosts), dict(self.world.machines), watch.rollouts(), watch.pool

    def _set(self, name: str, value: object) -> None:
        self._kept.append((self.world, name, getattr(self.world, name)))
        setattr(self.world, name, value)

    def _change_pool(self, **changes: object) -> None:
        self.stage.app.tables.pools.replace(self.stage.watch.pool.model_copy(update=changes))

    def _mend(self, pool: dict[str, Any]) -> None:
        for owner, name, value in self._kept:
            setattr(owner, name, value)
        self.world.faults.clear()
        self.world.locks.clear()
        self.world.add_version(NEW)
        if self.stage.watch.pool.model_dump(exclude={"etag"}) != pool:
            found = self.stage.app.tables.pools.find(POOLS, "office")
            assert found is not None
            self.stage.app.tables.pools.replace(type(found)(**pool).model_copy(update={"etag": found.etag}))

    def _policy(self, picks: Picks) -> dict[str, Any]:
        return {"policy": dict(picks.one(POLICIES))}

    def _no_version(self, picks: Picks) -> dict[str, Any]:
        return {"version": "9.0.0"}

    def _not_ready(self, picks: Picks) -> dict[str, Any]:
        self.world.add_version(NEW, ready=False)
        return {}

    def _no_replica(self, picks: Picks) -> dict[str, Any]:
        self.world.add_version(NEW, replicas=picks.one((0, 1)), region="northeurope")
        return {}

    def _no_right(self, picks: Picks) -> dict[str, Any]:
        self._set("permissions", self.world.permissions.model_copy(update={"granted": ()}))
        return {}

    def _locked(self, picks: Picks) -> dict[str, Any]:
        self.world.locks.append(Lock(name="keep", level="ReadOnly", scope=picks.one((GROUP, HOST_POOL_ID))))
        return {}

    def _not_to_be_deleted(self, picks: Picks) -> dict[str, Any]:
        self.world.locks.append(Lock(name="keep", level="CanNotDelete", scope=HOST_POOL_ID))
        return {}

    def _no_gallery(self, picks: Picks) -> dict[str, Any]:
        self.world.refuse("version")
        return {}

    def _no_hosts(self, picks: Picks) -> dict[str, Any]:
        self.world.refuse(picks.one(("session_hosts", "host_pool", "machines")))
        return {}

    def _staged(self, picks: Picks) -> dict[str, Any]:
        self._change_pool(ring=Ring.PRODUCTION)
        return {"version": STAGED}

    def _older(self, picks: Picks) -> dict[str, Any]:
        self._change_pool(version=NEW)
        return {"version": OLD, "allow_downgrade": False}

    def _thrown_away(self, picks: Picks) -> dict[str, Any]:
        state = picks.one((VersionState.DISCARDED, VersionState.FAILED, VersionState.DELETED))
        self.stage.app.tables.versions.add(version_row(THROWN_AWAY, state))
        self.world.add_version(THROWN_AWAY)
        return {"version": THROWN_AWAY}

    def _no_password(self, picks: Picks) -> dict[str, Any]:
        if self.stage.app.tables.join_profiles.find("default", "kept-nowhere") is None:
            keep_profile(self.stage.app.tables, "kept-nowhere", password_setting="JOIN_NONE")
        self._change_pool(join=ProfileJoin(kind="ad", profile="kept-nowhere"))
        return {}

    def _no_quota(self, picks: Picks) -> dict[str, Any]:
        self._set("cores", CoreQuota(used=1_001, limit=1_000))
        current = {machine.version for machine in self.world.machines.values()}
        return {"version": OLD if current == {NEW} else NEW, "policy": {"strategy": "replace"}}

    def _personal(self, picks: Picks) -> dict[str, Any]:
        key = HOST_POOL_ID.lower()
        personal = self.world.pools[key].model_copy(update={"kind": "Personal"})
        self._set("pools", self.world.pools | {key: personal})
        return {}
