"""Following until the end: when it looks, what it writes, with which code it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from freshcoat_cli.watch.follow import Ask, Clock, NoAnswer, follow
from freshcoat_cli.watch.show import Ids, Lines, Objects, Screen, Shower
from freshcoat_cli.watch.sight import Json, Sight
from tests.cli.watch.samples import LOOK, NOW, at, event, host, pool, pools_task, rollout, task


@dataclass
class Timer:
    """Time that passes only in sleeps."""

    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    @property
    def clock(self) -> Clock:
        return Clock(self.now, lambda: self.passed, self.sleep)


class Silent:
    """Shows nothing, and remembers how it ended."""

    def __init__(self) -> None:
        self.shown: list[Sight] = []
        self.code: int | None = None

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, sight: Sight) -> None:
        self.shown.append(sight)

    def end(self, sight: Sight, code: int) -> None:
        self.code = code


def ended(state: str = "succeeded") -> Json:
    return rollout(state=state, ended_at=at(0), next=None, percent=100, counts={"done": 59}, failed=0)


def run(
    answers: list[Any], ask: Ask | None = None, show: Shower | None = None, timer: Timer | None = None
) -> tuple[int, Timer]:
    """Follow through these answers: views, sights, errors; the last one is repeated."""
    timer = timer or Timer()
    coming: Iterator[Any] = iter([*answers, *([answers[-1]] * 1_000)])

    def read() -> Sight:
        answer = next(coming)
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Sight) else Sight(answer, timer.now())

    return follow(read, show or Silent(), ask or Ask(), timer.clock), timer


@pytest.mark.parametrize(
    ("state", "wanted", "code"),
    [
        ("succeeded", {"succeeded"}, 0),
        ("failed", {"succeeded"}, 8),
        ("cancelled", {"succeeded"}, 8),
        ("rolled_back", {"succeeded"}, 8),
        ("cancelled", {"cancelled"}, 0),
        ("rolled_back", {"rolled_back"}, 0),
        ("succeeded", {"cancelled"}, 8),
    ],
)
def test_the_end_becomes_an_exit_code(state: str, wanted: set[str], code: int) -> None:
    assert run([rollout(), ended(state)], Ask(wanted))[0] == code


@pytest.mark.parametrize(
    "waiting",
    [
        rollout(state="paused"),
        rollout(state="awaiting_approval"),
        pools_task(),
        task(awaiting_since=at(-1)),
        pools_task(waits_for=None, pools=[pool("lab", 0, "paused", 10), pool("office", 2, None, 0)]),
    ],
)
def test_it_stops_for_a_person_if_asked_to(waiting: Json) -> None:
    assert run([waiting], Ask(stop_when_waiting=True))[0] == 9
    assert run([waiting], Ask(limit=100))[0] == 124


@pytest.mark.parametrize("going_on", [rollout(), task(), pools_task(waits_for=None)])
def test_it_does_not_stop_while_something_goes_on(going_on: Json) -> None:
    assert run([going_on], Ask(stop_when_waiting=True, limit=30))[0] == 124


def test_the_time_limit_is_kept_and_not_passed_by_a_pause() -> None:
    code, timer = run([rollout(state="paused")], Ask(limit=20))
    assert (code, timer.passed) == (124, 20)


def test_it_looks_often_while_hosts_are_in_work_and_seldom_while_nothing_moves() -> None:
    assert set(run([rollout()], Ask(limit=60))[1].slept) == {2.0}
    assert set(run([rollout(state="paused")], Ask(limit=60))[1].slept) == {15.0}


@pytest.mark.parametrize(("begins", "pause"), [(600, 15.0), (0.5, 2.0), (-60, 2.0)])
def test_what_is_scheduled_is_looked_at_often_once_it_is_about_to_begin(begins: float, pause: float) -> None:
    """Whatever comes next in it: people may be warned only hours later."""
    schedule = {"mode": "on_logoff", "begin_at": at(begins), "force_at": at(700), "time_zone": "Europe/Amsterdam"}
    assert set(run([rollout(state="scheduled", schedule=schedule)], Ask(limit=30))[1].slept) == {pause}


def test_an_outage_is_borne_with_longer_and_longer_pauses() -> None:
    lost = NoAnswer("connection refused")
    silent = Silent()
    code, timer = run([rollout(), lost, lost, NoAnswer("busy", 30), rollout(), ended()], show=silent)
    assert code == 0
    assert timer.slept == [2.0, 2.0, 4.0, 30, 2.0]
    assert [sight.problem for sight in silent.shown] == ["", "connection refused", "connection refused", "busy", "", ""]
    assert silent.shown[3].read_at == NOW


def test_an_outage_of_ten_minutes_is_the_end() -> None:
    with pytest.raises(NoAnswer):
        run([rollout(), NoAnswer("connection refused")])


def test_a_laptop_that_slept_for_hours_goes_on_watching() -> None:
    """Its network comes back a little later than it does."""
    timer = Timer()
    coming = iter([Sight(rollout(), NOW), NoAnswer("no network"), NoAnswer("no network"), Sight(ended(), NOW)])

    def read() -> Sight:
        answer = next(coming)
        if isinstance(answer, NoAnswer):
            raise answer
        return answer

    clock = Clock(lambda: timer.now() + timedelta(hours=8), lambda: timer.passed, timer.sleep)
    assert follow(read, Silent(), Ask(), clock) == 0


def test_what_the_first_look_meets_is_raised_at_once() -> None:
    with pytest.raises(NoAnswer):
        run([NoAnswer("connection refused")])


def text_of(
    make: Callable[[Console], Shower], answers: list[Any], ask: Ask | None = None, timer: Timer | None = None
) -> str:
    written = io.StringIO()
    console = Console(file=written, width=80, height=24, force_terminal=False)
    run(answers, ask, make(console), timer)
    return written.getvalue()


def test_a_log_has_a_line_at_each_change_and_one_a_minute() -> None:
    timer = Timer()
    news = Sight(rollout(percent=70), NOW, events=(event("e1", "office-0042 is on 2.0.0"),))
    same = [rollout(percent=70)] * 40
    text = text_of(lambda console: Lines(console, LOOK, timer.now), [rollout(), news, *same, ended()], timer=timer)
    counts = "31 done, 2 verifying, 3 joining, 6 re-imaging, 9 waiting for log off, 1 draining, 6 pending, 1 failed"
    assert text.splitlines() == [
        "Rollout 8204001026537-f242: office  win11-office 1.0.0 → 2.0.0 (times: Europe/Amsterdam)",
        f"23:41:00 running 65 %, {counts}; next: 00:00, in 19 min: Users are asked to sign out.",
        "23:41:00 office-0042 is on 2.0.0",
        f"23:41:02 running 70 %, {counts}",
        f"23:42:02 running 70 %, {counts}",
        "23:42:24 succeeded 100 %, 59 done",
        "✔ office  win11-office 1.0.0 → 2.0.0: succeeded, 59 of 59 hosts.",
    ]


def test_a_log_says_a_warning_once_and_again_when_it_changes_or_ends() -> None:
    def says(percent: int, note: str, coming: str = "", minutes: float = 19) -> Json:
        told = {"code": "paused", "text": note} if note else None
        after = {"code": "users_warned", "text": coming, "at": at(minutes)} if coming else None
        return rollout(percent=percent, note=told, next=after, counts={"pending": 6})

    looks = [
        says(10, "1 host failed.", "Users are asked to sign out."),
        says(11, "1 host failed.", "Users are asked to sign out."),
        says(12, "2 hosts failed.", "Users are asked to sign out."),
        says(13, "2 hosts failed.", "Users are asked to sign out.", minutes=30),
        says(14, "", "Users are signed out."),
        says(15, ""),
        ended(),
    ]
    said = text_of(lambda console: Lines(console, LOOK, lambda: NOW), looks).splitlines()
    assert [line.partition(", 6 pending")[2] for line in said[1:-2]] == [
        "; 1 host failed.; next: 00:00, in 19 min: Users are asked to sign out.",
        "",
        "; 2 hosts failed.",
        "; next: 00:11, in 30 min: Users are asked to sign out.",
        "; no longer: 2 hosts failed.; next: 00:00, in 19 min: Users are signed out.",
        "",
    ]


def test_a_log_says_once_why_there_is_no_answer() -> None:
    timer = Timer()
    lost = [NoAnswer("connection refused")] * 7
    answers = [rollout(), *lost, NoAnswer("busy"), rollout(), ended()]
    said = text_of(lambda console: Lines(console, LOOK, timer.now), answers, timer=timer).splitlines()
    outage = [line.partition(" ")[2] for line in said if "no answer" in line]
    assert outage[0] == "no answer: connection refused"
    assert outage[-1] == "no answer: busy"
    assert set(outage[1:-1]) == {"still no answer"}
    assert len(outage) > 3


def test_lines_name_the_steps_that_begin_and_end_between_two_looks() -> None:
    steps = task()["steps"]
    cloned = {"name": "generalizing the clone", "begun_at": at(-2), "ended_at": at(-1), "detail": ""}
    last = {"name": "cleaning up", "begun_at": at(-0.5), "ended_at": at(0), "detail": ""}
    prepared = steps[1] | {"ended_at": at(-2)}
    done = task(state="succeeded", percent=100, step="", ended_at=at(0), steps=[steps[0], prepared, cloned, last])
    said = text_of(lambda console: Lines(console, LOOK, lambda: NOW), [task(), done]).splitlines()
    assert said[1:-1] == [
        "23:32:00 reserving the image, for 3 s",
        "23:41:00 running 45 %, preparing the clone",
        "23:39:00 generalizing the clone, for 60 s",
        "23:40:30 cleaning up, for 30 s",
        "23:41:00 succeeded 100 %",
    ]


def test_a_log_of_many_pools_names_each_that_has_begun() -> None:
    text = text_of(lambda console: Lines(console, LOOK, lambda: NOW), [pools_task()], Ask(stop_when_waiting=True))
    assert text.splitlines() == [
        "Task 8204682217094-6bd4: Update pools: win11-office 2.0.0 (times: Europe/Amsterdam)",
        "23:41:00 running 33 %, updating the pools, lab succeeded 100 %, pilot running 40 %;"
        " waits: Ring 2 waits for approval.",
        "Update pools: win11-office 2.0.0 waits for a person. To go on: freshcoat approve 8204682217094-6bd4",
    ]


def objects(answers: list[Any], ask: Ask | None = None, *, only_last: bool = False) -> list[Json]:
    written: list[str] = []
    run(answers, ask, Objects(written.append, Console(file=io.StringIO()), lambda: NOW, only_last=only_last))
    return [json.loads(line) for line in written]


def test_a_program_gets_an_object_per_change_and_the_whole_at_the_end() -> None:
    first = Sight(rollout(), NOW, hosts=(host("a", "reimaging"), host("b", "pending")))
    second = replace(first, hosts=(host("a", "done"),), events=(event("e1", "a is on 2.0.0"),))
    nothing = replace(first, hosts=())
    shown = objects([first, second, nothing, nothing, NoAnswer("gone"), nothing, ended("failed")])
    assert [sorted(one["host"] for one in change.get("changed_hosts", [])) for change in shown] == [
        *(["a.contoso.local", "b.contoso.local"], ["a.contoso.local"], [], [], [], [])
    ]
    assert [change.get("problem") for change in shown] == [None, None, "gone", None, None, None]
    assert [change["complete"] for change in shown] == [False] * 5 + [True]
    assert shown[1]["events"][0]["text"]["text"] == "a is on 2.0.0"
    assert shown[-1]["exit_code"] == 8
    assert ended("failed").items() <= shown[-1].items()


def test_json_is_the_whole_at_the_end_and_nothing_before() -> None:
    assert objects([rollout(), ended()], only_last=True) == [ended()]


def test_quietly_only_the_id_is_written() -> None:
    written: list[str] = []
    run([rollout(), ended()], show=Ids(written.append))
    assert written == [ended()["id"]]


def screen(answers: list[Any], ask: Ask | None = None) -> str:
    written = io.StringIO()
    console = Console(file=written, width=80, height=24, force_terminal=True, color_system=None, legacy_windows=False)
    timer = Timer()
    run(answers, ask, Screen(console, LOOK, timer.now), timer)
    return written.getvalue()


def test_the_last_screen_stays_and_says_how_it_ended() -> None:
    text = screen([rollout(), ended("cancelled")])
    assert text.endswith("✘ office  win11-office 1.0.0 → 2.0.0: cancelled.\n")
    assert "\x1b[?25h" in text, "the cursor is shown again"
    last = text.rpartition("office  win11-office 1.0.0 → 2.0.0   cancelled")[2]
    assert "Ctrl-C" not in last


def test_ctrl_c_leaves_it_running_and_says_so() -> None:
    text = screen([rollout(), KeyboardInterrupt()])
    assert text.endswith("Rollout 8204001026537-f242 goes on: freshcoat watch office\n")
    assert "Ctrl-C" not in text.rpartition("office  win11-office")[2]
    assert run([rollout(), KeyboardInterrupt()])[0] == 130
    assert text_of(lambda c: Lines(c, LOOK, lambda: NOW), [task(), KeyboardInterrupt()]).endswith(
        "Task 8204682217094-6bd4 goes on: freshcoat watch 8204682217094-6bd4\n"
    )
