"""Claims under an Idempotency-Key, when things go wrong in between."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureBusy, Conflict
from shared.models.answers import KeptAnswer
from tests.fixtures.app import App
from triggers.http.idempotency import CLAIM_LASTS, Answer, KeyReused, StillWorking, fingerprint, run_once

DONE = Answer(202, '{"id": 1}', "/api/rollouts/1")


def never() -> Answer:
    raise AssertionError("the work was done again")


def test_the_work_is_done_once() -> None:
    app = App()
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE
    assert run_once(app.services, "k", "f", never) == DONE


def test_while_the_first_works_the_second_is_told_to_wait() -> None:
    app = App()

    def second_comes_meanwhile() -> Answer:
        with pytest.raises(StillWorking):
            run_once(app.services, "k", "f", never)
        return DONE

    assert run_once(app.services, "k", "f", second_comes_meanwhile) == DONE


def test_a_claim_left_by_a_crash_is_taken_over_after_five_minutes() -> None:
    app = App()
    app.tables.answers.add(KeptAnswer(key="k", fingerprint="f", at=app.now))
    app.now += CLAIM_LASTS - CLAIM_LASTS / 100
    with pytest.raises(StillWorking):
        run_once(app.services, "k", "f", never)
    app.now += CLAIM_LASTS / 50
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_ours_is_not_kept(status: int) -> None:
    app = App()
    run_once(app.services, "k", "f", lambda: Answer(status))
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


def test_what_the_work_raises_frees_the_key() -> None:
    app = App()

    def busy() -> Answer:
        raise AzureBusy("x", 429, "Busy", "later")

    with pytest.raises(AzureBusy):
        run_once(app.services, "k", "f", busy)
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


def test_an_answer_that_cannot_be_kept_is_still_given() -> None:
    app = App()
    app.tables.answers.failures["replace"] = [Conflict("gone")]
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


def test_another_request_under_the_key_is_refused_even_while_the_first_works() -> None:
    app = App()
    app.tables.answers.add(KeptAnswer(key="k", fingerprint="f", at=app.now))
    with pytest.raises(KeyReused):
        run_once(app.services, "k", "other", never)


def test_method_path_and_body_make_the_fingerprint() -> None:
    ways = {("POST", "/a", b"x"), ("PUT", "/a", b"x"), ("POST", "/b", b"x"), ("POST", "/a", b"y"), ("POST", "/ax", b"")}
    assert len({fingerprint(*way) for way in ways}) == len(ways)
    assert fingerprint("post", "/a", b"x") == fingerprint("POST", "/a", b"x")
