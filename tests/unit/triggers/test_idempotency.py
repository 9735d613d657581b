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


def test_the_work_runs_once() -> None:
    app = App()
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE
    assert run_once(app.services, "k", "f", never) == DONE


def test_a_second_request_during_the_first_is_told_to_wait() -> None:
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
def test_a_server_error_is_not_stored(status: int) -> None:
    app = App()
    run_once(app.services, "k", "f", lambda: Answer(status))
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


def test_an_error_of_the_work_releases_the_key() -> None:
    app = App()

    def busy() -> Answer:
        raise AzureBusy("x", 429, "Busy", "later")

    with pytest.raises(AzureBusy):
        run_once(app.services, "k", "f", busy)
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


def test_a_response_that_cannot_be_stored_is_still_returned() -> None:
    app = App()
    app.tables.answers.failures["replace"] = [Conflict("gone")]
    assert run_once(app.services, "k", "f", lambda: DONE) == DONE


def test_another_request_with_the_key_is_refused_even_during_the_first() -> None:
    app = App()
    app.tables.answers.add(KeptAnswer(key="k", fingerprint="f", at=app.now))
    with pytest.raises(KeyReused):
        run_once(app.services, "k", "other", never)


def test_method_path_and_body_make_the_fingerprint() -> None:
    ways = {("POST", "/a", b"x"), ("PUT", "/a", b"x"), ("POST", "/b", b"x"), ("POST", "/a", b"y"), ("POST", "/ax", b"")}
    assert len({fingerprint(*way) for way in ways}) == len(ways)
    assert fingerprint("post", "/a", b"x") == fingerprint("POST", "/a", b"x")
