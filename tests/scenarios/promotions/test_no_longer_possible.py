"""Promotions that no longer stand: ended with the reason, never carried out, and the image is free again."""

from __future__ import annotations

from shared.core.errors import AzureBusy, AzureForbidden
from shared.core.names import SWITCH_VERSION
from shared.core.states import PromotionState, TaskState
from shared.images.activation.steps import switch_version
from shared.images.promotions.request import HOLD_GRACE
from shared.models.promotions import Promotion
from shared.records.versions import change_versions
from shared.services import PROMOTIONS
from shared.tasks.recovery import resume_lost_tasks
from shared.versions import promotion_hold
from shared.workflow.task_runner import run_task_step
from tests.fixtures.app import App
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, add_pool, post
from tests.fixtures.scenarios.promotions import (
    activations,
    active,
    ask,
    assert_not_promoted,
    assert_promoted_once,
    discard,
    held_for,
    plan,
    planned,
    quietly,
    record_staged,
    row,
    run,
    text,
    with_staged,
)
from tests.fixtures.world.azure import DEFINITION_ID

S = PromotionState
BUSY = AzureBusy("gallery_image_versions.get", 429, "TooManyRequests", "slow down")


def judge(app: App, result: str) -> None:
    reply = app.send("POST", f"/api/images/{IMAGE}/versions/{NEW}/verdict", {"result": result})
    assert reply.status == 200, reply.text


class TestRefused:
    """What no longer valid is ended with the reason, and leaves the image free."""

    def test_a_version_that_failed_its_test_meanwhile_is_not_promoted(self) -> None:
        app, promotion_id = planned()
        judge(app, "failed")
        app.later(hours=25)
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.FAILED)
        assert "has failed its test" in str(row(app, promotion_id).note)
        assert activations(app) == []
        assert text(app)[-1] == ("promotion failed", "", "")
        judge(app, "passed")
        assert run(app) == []
        assert active(app) == OLD
        assert ask(app).status == 201

    def test_a_forced_promotion_ignores_a_failed_test(self) -> None:
        app, promotion_id = planned(force=True)
        judge(app, "failed")
        app.later(hours=25)
        assert run(app) == [promotion_id]

    def test_a_version_missing_in_the_gallery_is_not_promoted(self) -> None:
        app, promotion_id = planned()
        del app.world.versions[DEFINITION_ID.lower()][NEW]
        app.later(hours=25)
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.FAILED)
        assert "no longer in the gallery" in str(row(app, promotion_id).note)

    def test_a_missing_host_pool_ends_the_promotion(self) -> None:
        env = with_staged()
        add_pool(env, "office")
        promotion_id = plan(env.app, update_pools="all", schedule={"mode": "now"})
        env.app.world.pools.clear()
        env.app.later(hours=25)
        assert run(env.app) == []
        assert_not_promoted(env.app, promotion_id, S.FAILED)
        assert "pool office" in str(row(env.app, promotion_id).note)

    def test_discarding_the_version_cancels_its_promotion(self) -> None:
        app, promotion_id = planned()
        discard(app)
        app.later(hours=25)
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.CANCELLED)

    def test_a_discard_cancels_the_promotion_even_when_the_process_dies_in_between(self) -> None:
        app, promotion_id = planned()
        before = row(app, promotion_id)
        discard(app)
        after = row(app, promotion_id)
        app.tables.promotions.replace(before.model_copy(update={"etag": after.etag}))
        app.later(minutes=2)
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.CANCELLED)
        assert "discarded" in str(row(app, promotion_id).note)

    def test_a_new_version_under_the_same_number_is_not_promoted(self) -> None:
        """It was taken up, Azure was busy, and meanwhile the version was discarded and another one staged."""
        app, promotion_id = planned()
        app.later(hours=25)
        app.world.fail("version", BUSY)
        assert run(app) == []
        record_staged(app)
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.FAILED)
        assert "no longer valid" in str(row(app, promotion_id).note)

    def test_the_task_of_a_cancelled_promotion_activates_nothing(self) -> None:
        """The task was written, the process died; what takes tasks up again must look as closely."""
        env = with_staged()
        app = env.app
        promotion_id = plan(app)
        app.later(hours=25)
        app.tables.versions.failures["write_many"] = [BUSY]
        assert run(app) == []
        task = row(app, promotion_id).task
        record_staged(app)
        env.timers.clear()
        app.later(minutes=2)
        assert resume_lost_tasks(app.services, app.engine) == [task]
        assert env.finish(task).state is TaskState.FAILED
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.FAILED)
        assert task in row(app, promotion_id).note.href

    def test_a_manual_activation_ends_the_promotion(self) -> None:
        env = with_staged()
        app = env.app
        promotion_id = plan(app)
        by_hand = post(env, "/activate").json["id"]
        app.later(minutes=2)
        assert run(app) == []
        assert (row(app, promotion_id).state, row(app, promotion_id).ended_at) == (S.CANCELLED, app.now)
        assert "active" in str(row(app, promotion_id).note)
        assert activations(app) == [by_hand]

    def test_the_reason_survives_a_crash_before_the_end_is_written(self) -> None:
        app, promotion_id = planned()
        judge(app, "failed")
        app.later(hours=25)
        original = app.tables.promotions.replace

        def dies_at_the_end(record: Promotion) -> Promotion:
            if record.state is S.FAILED:
                raise BUSY
            return original(record)

        app.tables.promotions.replace = dies_at_the_end  # type: ignore[method-assign]
        run(app)
        assert (row(app, promotion_id).state, held_for(app)) == (S.PROMOTING, "")
        del app.tables.promotions.replace
        run(app)
        assert_not_promoted(app, promotion_id, S.FAILED)
        assert "has failed its test" in str(row(app, promotion_id).note)

    def test_a_version_activated_during_the_refusal_counts_as_promoted(self) -> None:
        """Its task was written, and is taken up by the other timer while this one finds a reason not to go on."""
        app, promotion_id = planned()
        app.later(hours=25)
        app.tables.versions.failures["write_many"] = [BUSY]
        assert run(app) == []
        given: dict[str, object] = {"task": row(app, promotion_id).task, "run": 1}
        step = quietly(run_task_step, app.services, app.engine, given, SWITCH_VERSION, switch_version)
        app.world.meanwhile("version", step)
        app.world.fail("version", AzureForbidden("gallery_image_versions.get", 403, "AuthorizationFailed", "no right"))
        assert run(app) == []
        assert row(app, promotion_id).state is S.PROMOTING
        assert run(app) == [promotion_id]
        assert_promoted_once(app, promotion_id)


class TestUnheld:
    """A row whose image is not held for it is never carried out."""

    def cut_off(self) -> tuple[App, str]:
        """A request that died between the row and the image."""
        app, promotion_id = planned(hours=0.001)
        change_versions(app.services, IMAGE, lambda version_set: promotion_hold.let_go(version_set, promotion_id))
        return app, promotion_id

    def test_a_promotion_without_reservation_is_ended_after_a_minute(self) -> None:
        app, promotion_id = self.cut_off()
        app.later(seconds=HOLD_GRACE.total_seconds() - 1)
        assert run(app) == []
        assert (row(app, promotion_id).state, active(app)) == (S.SCHEDULED, OLD)
        app.later(seconds=1)
        assert run(app) == []
        assert_not_promoted(app, promotion_id, S.CANCELLED)
        assert "was interrupted" in str(row(app, promotion_id).note)

    def test_another_promotion_can_be_scheduled_at_once(self) -> None:
        app, first = self.cut_off()
        second = plan(app)
        app.later(minutes=2)
        assert run(app) == []
        assert (row(app, first).state, row(app, second).state) == (S.CANCELLED, S.SCHEDULED)
        assert held_for(app) == second

    def test_more_promotions_than_a_page_holds_are_all_ended(self) -> None:
        app, first = self.cut_off()
        for number in range(105):
            app.tables.promotions.add(row(app, first).model_copy(update={"id": f"1-{number:03d}"}))
        app.later(minutes=2)
        run(app)
        assert {found.state for found in app.tables.promotions.all(PROMOTIONS)} == {S.CANCELLED}
