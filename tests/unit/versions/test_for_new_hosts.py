"""What new and burst hosts are made from: never a version that is only staged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.codes import Code
from shared.core.states import ROLLOUT_ENDS, RolloutState, VersionState
from shared.models.images import GalleryVersion
from shared.models.messages import message
from shared.models.policy import ScheduleMode, resolve_policy
from shared.models.pools import EntraJoin, Pool
from shared.models.rollout_parts import Before, Progress
from shared.models.rollouts import Rollout
from shared.versions.for_new_hosts import Choice, Known, choose
from shared.versions.version_set import VersionSet
from tests.fixtures.builders import NEW, NOON, OLD, schedule
from tests.fixtures.version_sets import version_row, version_set

HOUR = timedelta(hours=1)


def pool(version: str | None = OLD, **fields: Any) -> Pool:
    """A pool that came to its version at noon."""
    given = {"name": "office", "account": "default", "host_pool_id": "/hp", "image": "win11", "version_at": NOON}
    return Pool.model_validate(
        given | {"version": version, "join": EntraJoin(kind="entra"), "registered_at": NOON} | fields
    )


def rollout(version: str = NEW, *, passed: bool = False, image: str = "win11", **fields: Any) -> Rollout:
    """A running rollout of the pool, whose first hosts have passed or not."""
    given = {"id": "r", "pool": "office", "state": RolloutState.RUNNING, "image": image, "definition_id": "/d"}
    return Rollout.model_validate(
        given
        | {"version": version, "version_id": "/v", "replicas": 1, "before": Before(version=OLD), "schedule": schedule()}
        | {"policy": resolve_policy(ScheduleMode.ON_LOGOFF), "created_at": NOON}
        | {"progress": Progress(canary_passed_at=NOON + HOUR if passed else None)}
        | fields
    )


def gallery(included: Iterable[str] = (), excluded: Iterable[str] = ()) -> dict[str, GalleryVersion]:
    """A gallery with these versions, some of them left out of "latest"."""
    flags = {**dict.fromkeys(included, False), **dict.fromkeys(excluded, True)}
    return {
        version: GalleryVersion(
            id=f"/{version}", version=version, ready=True, exclude_from_latest=flag, replicas={"westeurope": 1}
        )
        for version, flag in flags.items()
    }


def known(
    recorded: VersionSet | None = None, there: Mapping[str, GalleryVersion] | None = None, *, unread: bool = False
) -> Known:
    """An image whose recorded versions are all in the gallery, unless that is given."""
    rows = version_set() if recorded is None else recorded
    return Known(rows, None if unread else gallery(rows.versions) if there is None else there)


def chosen(pool: Pool, image: Known | None = None, running: Rollout | None = None) -> str | None:
    found = choose(pool, running, {"win11": image or known()})
    return found.version if found else None


class TestRules:
    """A rollout decides while there is one; then the last activation, if it came after the pool's own version."""

    def test_new_hosts_get_the_target_after_the_canary_passed(self) -> None:
        assert chosen(pool(), running=rollout(passed=True)) == NEW

    @pytest.mark.parametrize("state", [s for s in RolloutState if s not in ROLLOUT_ENDS])
    def test_before_that_new_hosts_get_the_pools_version_despite_activations(self, state: RolloutState) -> None:
        activated = known(version_set(activated_at=NOON + HOUR))
        assert chosen(pool(), activated, rollout(state=state)) == OLD
        assert chosen(pool(), activated) == NEW

    def test_new_hosts_get_an_active_version_newer_than_the_pools_own(self) -> None:
        assert chosen(pool(), known(version_set(activated_at=NOON + HOUR))) == NEW
        assert chosen(pool(), known(version_set(activated_at=NOON - HOUR))) == OLD
        assert chosen(pool(), known(version_set(activated_at=NOON))) == OLD

    def test_new_hosts_get_the_active_version_after_a_roll_back_too(self) -> None:
        rolled_back = known(version_set(OLD, backups=[NEW], activated_at=NOON + HOUR))
        assert chosen(pool(NEW), rolled_back) == OLD

    def test_new_hosts_keep_the_pools_version_when_the_activation_updates_the_pool(self) -> None:
        waiting = known(version_set(activated_at=NOON + HOUR, waiting_pools=("office",)))
        assert chosen(pool(), waiting) == OLD
        assert chosen(pool(name="other"), waiting) == NEW

    @pytest.mark.parametrize(("hours", "version"), [(-1, OLD), (1, NEW)])
    def test_a_pool_without_a_version_date_counts_from_its_registration(self, hours: int, version: str) -> None:
        assert chosen(pool(version_at=None), known(version_set(activated_at=NOON + hours * HOUR))) == version

    def test_the_target_may_be_of_another_image(self) -> None:
        images = {"win11": known(), "win12": known(version_set("7.0.0", backups=[], image="win12"))}
        found = choose(pool(), rollout("7.0.0", passed=True, image="win12"), images)
        reason = message(
            Code.ROLLOUT_PROVEN, "the canary hosts of its rollout passed their checks", href="/api/rollouts/r"
        )
        assert found == Choice("win12", "7.0.0", reason)


class TestStandIns:
    """What may not be given out is stood in for: by the own version, the one before, the active one."""

    def test_a_test_pool_on_a_staged_version_gets_a_stand_in(self) -> None:
        image = known(version_set(staged="3.0.0"))
        assert chosen(pool("3.0.0", previous_version=OLD), image) == OLD
        assert chosen(pool("3.0.0"), image) == NEW

    def test_a_rollout_of_a_staged_version_gets_a_stand_in(self) -> None:
        image = known(version_set(staged="3.0.0"))
        assert chosen(pool(), image, rollout("3.0.0", passed=True)) == OLD
        assert chosen(pool("3.0.0", previous_version=OLD), image, rollout("3.0.0", passed=True)) == OLD

    def test_the_reason_names_the_replaced_version(self) -> None:
        found = choose(pool("3.0.0", previous_version=OLD), None, {"win11": known(version_set(staged="3.0.0"))})
        assert found
        assert found.reason.text == "version 3.0.0 is only staged; instead: the pool was on this version before"

    def test_a_pool_without_a_known_version_gets_a_stand_in(self) -> None:
        assert chosen(pool(None)) == NEW

    @pytest.mark.parametrize(
        "state",
        [
            VersionState.CAPTURING,
            VersionState.STAGED,
            VersionState.FAILED,
            VersionState.DISCARDED,
            VersionState.DELETED,
        ],
    )
    def test_a_version_in_an_unusable_state_gets_a_stand_in(self, state: VersionState) -> None:
        assert chosen(pool("3.0.0"), known(version_set(others=[version_row("3.0.0", state)]))) == NEW

    def test_a_backup_being_removed_gets_a_stand_in(self) -> None:
        going = version_row(OLD, VersionState.BACKUP, deleting=True)
        assert chosen(pool(), known(version_set(backups=[], others=[going]))) == NEW

    def test_a_version_missing_in_the_gallery_gets_a_stand_in(self) -> None:
        assert chosen(pool(), known(there=gallery([NEW]))) == NEW

    def test_without_any_version_there_is_no_answer(self) -> None:
        assert chosen(pool(None), known(version_set(None, backups=[]))) is None
        assert chosen(pool("3.0.0"), known(version_set(None, backups=[], staged="3.0.0"))) is None


class TestUnrecorded:
    """Versions that nobody recorded: what "latest" passes over was left out for a reason."""

    def test_an_unrecorded_version_in_latest_is_given_to_new_hosts(self) -> None:
        assert chosen(pool("0.9.0"), known(there=gallery(["0.9.0", OLD, NEW]))) == "0.9.0"

    def test_an_unrecorded_version_excluded_from_latest_is_not_given_to_new_hosts(self) -> None:
        assert chosen(pool("0.9.0"), known(there=gallery([OLD, NEW], ["0.9.0"]))) == NEW

    def test_an_unrecorded_version_missing_in_the_gallery_is_not_given_to_new_hosts(self) -> None:
        assert chosen(pool("0.9.0"), known()) == NEW


class TestUnreadGallery:
    """While Azure does not answer, what is recorded as released counts. Of the rest nothing is known, so nothing stands
    in for it: a pool must not be given another version because a gallery was away for a moment."""

    def test_a_backup_is_given_to_new_hosts_without_reading_the_gallery(self) -> None:
        assert chosen(pool(), known(unread=True)) == OLD

    def test_an_unrecorded_version_is_not_given_to_new_hosts_without_reading_the_gallery(self) -> None:
        assert chosen(pool("0.9.0"), known(unread=True)) is None
        assert chosen(pool("0.9.0"), known(version_set(None, backups=[]), unread=True)) is None


VERSIONS = [OLD, NEW, "3.0.0", "10.0.0"]
IMAGES = ["win11", "win12"]
moments = st.none() | st.integers(-3, 3).map(lambda hours: NOON + hours * HOUR)
some_version = st.none() | st.sampled_from(VERSIONS)
rollouts = st.builds(rollout, st.sampled_from(VERSIONS), passed=st.booleans(), image=st.sampled_from(IMAGES))


@st.composite
def version_sets(draw: st.DrawFn, image: str) -> VersionSet:
    """Any rows at all, also those that no rule of ours would write."""
    states = draw(st.dictionaries(st.sampled_from(VERSIONS), st.sampled_from(VersionState)))
    rows = [version_row(v, state, image=image, deleting=draw(st.booleans())) for v, state in states.items()]
    empty = version_set(None, backups=[], image=image, others=rows)
    waiting = draw(st.sampled_from([(), ("office",)]))
    return empty.changed(active=draw(some_version), activated_at=draw(moments), waiting_pools=waiting)


@st.composite
def images(draw: st.DrawFn) -> dict[str, Known]:
    """Any two images, whose galleries say anything or nothing."""
    flags = st.dictionaries(st.sampled_from(VERSIONS), st.booleans())
    found = {image: draw(st.none() | flags) for image in IMAGES}
    return {
        image: Known(draw(version_sets(image)), None if flags is None else gallery(*_by_flag(flags)))
        for image, flags in found.items()
    }


def _by_flag(flags: Mapping[str, bool]) -> tuple[list[str], list[str]]:
    return [v for v in flags if not flags[v]], [v for v in flags if flags[v]]


pools = st.builds(pool, some_version, previous_version=some_version, version_at=moments)
pools_on_old = st.builds(pool, st.just(OLD), previous_version=some_version, version_at=moments)


def with_released(found: dict[str, Known], version: str) -> dict[str, Known]:
    """The images, this version of `win11` being a backup and in the gallery."""
    image = found["win11"]
    there = None if image.gallery is None else {**image.gallery, **gallery([version])}
    return found | {"win11": Known(image.version_set.changed(version_row(version, VersionState.BACKUP)), there)}


def unread(found: dict[str, Known]) -> bool:
    """Whether a gallery would have to say something."""
    return any(image.gallery is None for image in found.values())


class TestAnything:
    """Whatever the rows and the gallery say."""

    @given(pools, st.none() | rollouts, images())
    def test_new_hosts_never_get_an_unreleased_version(
        self, of_pool: Pool, running: Rollout | None, found: dict[str, Known]
    ) -> None:
        given_out = choose(of_pool, running, found)
        if given_out is None:
            return
        image = found[given_out.image]
        row = image.version_set.versions.get(given_out.version)
        assert row is not None or image.gallery is not None
        if row is not None:
            assert row.state in {VersionState.ACTIVE, VersionState.BACKUP, VersionState.REPLACED}
            assert not row.deleting
        if image.gallery is not None:
            assert given_out.version in image.gallery
            assert row is not None or not image.gallery[given_out.version].exclude_from_latest

    @given(pools_on_old, st.none() | rollouts, images())
    def test_a_pool_leaves_a_released_version_only_for_its_rollout_or_an_activation(
        self, of_pool: Pool, running: Rollout | None, found: dict[str, Known]
    ) -> None:
        found = with_released(found, OLD)
        given_out = choose(of_pool, running, found)
        if given_out is None:
            assert unread(found)
            return
        if running is not None:
            assert running.progress.canary_passed_at or given_out.version == OLD
            assert (given_out.image, given_out.version) in {("win11", OLD), (running.image, running.version)}
        else:
            assert (given_out.image, given_out.version) in {
                ("win11", OLD),
                ("win11", found["win11"].version_set.state.active),
            }

    @given(st.builds(pool, st.none(), version_at=moments), st.none() | rollouts, images())
    def test_with_a_released_active_version_there_is_always_an_answer(
        self, of_pool: Pool, running: Rollout | None, found: dict[str, Known]
    ) -> None:
        found = with_released(found, NEW)
        image = found["win11"]
        found["win11"] = Known(image.version_set.changed(active=NEW), image.gallery)
        assert choose(of_pool, running, found) is not None or unread(found)
