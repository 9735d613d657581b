"""One host gets a version: nobody is signed out by it, and no rollout is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from freshcoat_cli.client.http import Client, Reply
from freshcoat_cli.errors import CliError, Exit
from tools.smoke.canary import LONGEST, Canary, Stopped, update_one
from tools.smoke.results import Check

HOST = {"host": "lab-0.contoso.com", "sessions": 0, "version": "1.0.0"}
AWAY = CliError(Exit.UNREACHABLE, "https://a.example cannot be reached", "Tried 3 times.")
SIGNED_OUT = CliError(Exit.NOT_ALLOWED, "Not signed in", problem={"status": 401, "title": "Not signed in"})
PLAN_CHANGED = CliError(
    Exit.NOT_NOW, "The plan has changed", "1 person would be signed out.", problem={"status": 409, "title": "x"}
)
ENDED_ALREADY = CliError(Exit.NOT_NOW, "Rollout r-1 has ended", problem={"status": 409, "title": "x"})


class App:
    """A pool with hosts, and a rollout that goes through these states. An error among them is raised."""

    def __init__(self, *states: str | CliError, hosts: tuple[Mapping[str, Any], ...] = (HOST,)) -> None:
        self.states, self.hosts = [*states], hosts
        self.ends = ["done"]
        self.note: dict[str, str] | None = None
        self.sent = list[tuple[str, Any]]()
        self.begins: Callable[[], None] = lambda: None
        self.cancels: Callable[[], None] = lambda: None

    def pages(self, path: str, **_: Any) -> Iterator[Mapping[str, Any]]:
        assert path == "pools/lab/hosts"
        return iter(self.hosts)

    def send(self, method: str, path: str, body: Any) -> Reply:
        assert method == "POST"
        self.sent.append((path, body))
        (self.begins if path.endswith("update-image") else self.cancels)()
        return Reply(202, self._rollout("running"))

    def get(self, path: str) -> Any:
        if path == "rollouts/r-1/hosts":
            return {"items": [{"state": state} for state in self.ends]}
        assert path == "rollouts/r-1"
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, CliError):
            raise state
        return self._rollout(state)

    def _rollout(self, state: str) -> dict[str, Any]:
        return {"id": "r-1", "state": state, "counts": {"reimaging": 1, "done": 0}, "note": self.note}

    @property
    def cancelled(self) -> list[Any]:
        return [body["how"] for path, body in self.sent if path == "rollouts/r-1/cancel"]


def update(app: App, wait: Callable[[float], None] = lambda _: None, said: list[str] | None = None) -> Check:
    heard = list[str]() if said is None else said
    return update_one(cast(Client, app), Canary("lab", "lab-0", "2.0.0"), heard.append, wait)


def interrupted(_: float = 0) -> None:
    raise KeyboardInterrupt


def stopped(app: App, wait: Callable[[float], None] = lambda _: None) -> Check:
    with pytest.raises(Stopped) as raised:
        update(app, wait)
    assert raised.value.check.grade == "fail"
    return raised.value.check


def test_an_empty_host_is_updated_and_nobody_may_be_signed_out_by_it() -> None:
    app, said = App("running", "succeeded"), list[str]()
    assert update(app, said=said).grade == "pass"
    ((path, body),) = app.sent
    assert path == "pools/lab/update-image"
    assert (body["only"], body["sign_outs"], body["schedule"]["mode"]) == (["lab-0.contoso.com"], 0, "on_logoff")
    assert said == ["rollout r-1 begins; this takes some minutes, and Ctrl-C ends it", "1 reimaging"]


@pytest.mark.parametrize(
    ("hosts", "why"),
    [
        ((HOST | {"sessions": 2},), "users are on it (sessions: 2)"),
        ((HOST | {"version": "2.0.0"},), "it is on version 2.0.0 already"),
        ((), "pool lab has no host of this name"),
        ((HOST | {"host": "lab-01"},), "pool lab has no host of this name"),
        ((HOST, HOST | {"host": "lab-0.fabrikam.com"}), "pool lab has no host of this name"),
    ],
)
def test_a_host_that_does_not_fit_is_left_alone(hosts: tuple[Mapping[str, Any], ...], why: str) -> None:
    app = App("running", hosts=hosts)
    found = update(app)
    assert (found.grade, why in found.detail, app.sent) == ("fail", True, [])


def test_a_pool_that_cannot_be_read_is_told() -> None:
    class Unknown(App):
        def pages(self, path: str, **_: Any) -> Iterator[Mapping[str, Any]]:
            raise CliError(Exit.NOT_FOUND, "Not found", f"{path} is not known.")

    app = Unknown("running")
    found = update(app)
    assert (found.grade, "Not found" in found.detail, app.sent) == ("fail", True, [])


def test_somebody_who_signs_in_before_the_request_makes_the_app_refuse_it() -> None:
    def refuse() -> None:
        raise PLAN_CHANGED

    app = App("running")
    app.begins = refuse
    found = update(app)
    assert (found.grade, "1 person would be signed out" in found.detail, app.cancelled) == ("fail", True, [])


@pytest.mark.parametrize(
    ("state", "grade", "advice"),
    [
        ("failed", "fail", "freshcoat watch r-1"),
        ("cancelled", "fail", "freshcoat watch r-1"),
        ("paused", "fail", "freshcoat resume r-1"),
        ("awaiting_approval", "warn", "freshcoat approve r-1"),
    ],
)
def test_a_rollout_that_waits_or_ends_otherwise_is_left_to_people(state: str, grade: str, advice: str) -> None:
    app = App("running", state)
    app.note = {"text": "The canary host failed."}
    found = update(app)
    assert (found.grade, advice in found.what_to_do, app.cancelled) == (grade, True, [])
    assert "The canary host failed." in found.detail


def test_a_rollout_that_ends_without_the_host_is_no_success() -> None:
    app = App("succeeded")
    app.ends = ["skipped"]
    assert update(app).grade == "fail"


def test_an_interruption_cancels_the_rollout() -> None:
    app = App("running")
    found = stopped(app, interrupted)
    assert app.cancelled == ["leave"]
    assert "its rollout was cancelled" in found.detail
    assert "freshcoat watch r-1" in found.what_to_do


def test_an_interruption_cancels_the_rollout_also_when_nobody_reads_any_more() -> None:
    def say(text: str) -> None:
        if text.startswith("cancelling"):
            raise BrokenPipeError

    app = App("running")
    with pytest.raises(Stopped):
        update_one(cast(Client, app), Canary("lab", "lab-0", "2.0.0"), say, interrupted)
    assert app.cancelled == ["leave"]


@pytest.mark.parametrize("trouble", [AWAY, SIGNED_OUT, KeyboardInterrupt()])
def test_a_rollout_that_cannot_be_cancelled_comes_with_the_command(trouble: BaseException) -> None:
    def fail() -> None:
        raise trouble

    app = App("running")
    app.cancels = fail
    found = stopped(app, interrupted)
    assert "the rollout goes on" in found.detail
    assert "freshcoat cancel r-1 --leave" in found.what_to_do


def test_one_that_has_just_ended_is_not_said_to_go_on() -> None:
    def fail() -> None:
        raise ENDED_ALREADY

    app = App("running")
    app.cancels = fail
    found = stopped(app, interrupted)
    assert "goes on" not in found.detail
    assert "Rollout r-1 has ended" in found.detail


def test_whatever_else_ends_the_check_cancels_the_rollout() -> None:
    def broken(_: float) -> None:
        raise BrokenPipeError

    app = App("running")
    with pytest.raises(BrokenPipeError):
        update(app, broken)
    assert app.cancelled == ["leave"]


@pytest.mark.parametrize("code", [Exit.INTERRUPTED, Exit.UNREACHABLE])
def test_a_request_without_an_answer_may_have_begun(code: Exit) -> None:
    def lost() -> None:
        raise CliError(code, "No answer", "The same words with --idempotency-key 1 do it once.")

    app = App("running")
    app.begins = lost
    found = stopped(app) if code is Exit.INTERRUPTED else update(app)
    assert found.grade == "fail"
    assert "nobody knows whether its rollout has begun" in found.detail
    assert "freshcoat rollouts --open" in found.what_to_do
    assert "idempotency" not in found.detail


def test_an_app_that_is_away_for_a_moment_is_waited_for() -> None:
    said = list[str]()
    app = App("running", AWAY, AWAY, AWAY, "running", "succeeded")
    assert update(app, said=said).grade == "pass"
    assert sum("does not answer" in line for line in said) == 1
    assert app.cancelled == []


def test_a_sign_in_that_expires_meanwhile_is_told() -> None:
    app = App("running", SIGNED_OUT)
    found = update(app)
    assert (found.grade, "Not signed in" in found.detail) == ("fail", True)
    assert app.cancelled == ["leave"]


@pytest.mark.parametrize("state", ["running", AWAY])
def test_it_is_not_followed_for_ever(state: str | CliError) -> None:
    waited = list[float]()
    app = App(state)
    found = update(app, waited.append)
    assert (sum(waited), found.grade) == (LONGEST, "fail")
    assert "not ended within 2 hours" in found.detail
    assert app.cancelled == ["leave"]


def test_an_end_that_cannot_be_read_is_told() -> None:
    class Half(App):
        def get(self, path: str) -> Any:
            if path.endswith("/hosts"):
                raise AWAY
            return super().get(path)

    found = update(Half("succeeded"))
    assert (found.grade, "freshcoat watch r-1" in found.what_to_do) == ("fail", True)
