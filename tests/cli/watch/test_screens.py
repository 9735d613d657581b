"""What a terminal shows of a rollout and of a task: the lines, and that they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from freshcoat_cli.watch.ends import closing
from freshcoat_cli.watch.rollout_screen import rollout_lines
from freshcoat_cli.watch.sight import Sight
from freshcoat_cli.watch.task_screen import task_lines
from tests.cli.watch.samples import COUNTS, LOOK, NOW, at, host, pool, pools_task, rollout, sight, task


def plain(lines: Sequence[Text]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


def test_a_rollout_on_one_screen() -> None:
    assert plain(rollout_lines(sight(), LOOK, NOW)) == [
        "office  win11-office 1.0.0 → 2.0.0   running   65 %                      2 s ago",
        "━" * 52 + "─" * 28,
        "✔ done 31  ◑ verifying 2  ◔ joining 3  ⟳ re-imaging 6  … waiting for log off 9",
        "↓ draining 1  · pending 6  ✘ failed 1",
        "",
        "next      00:00, in 19 min: Users are asked to sign out.",
        "deadline  Mon 30 Nov 01:00 Europe/Amsterdam, in 1 h 19 min",
        "ends      about 01:16 (00:38 to 01:24)",
        "people    26 still on 1.0.0, 0 signed out; 37 of 59 hosts accept people",
        "",
        "✘ office-0017     failed       joining: AADLoginForWindows 1007, attempt 2",
        "◑ office-0012     verifying    60 s",
        *(f"⟳ office-00{number}     re-imaging   4 min" for number in range(20, 26)),
        "… office-0031     waits        1 h 10 min, 3 people",
        "  and 4 more failed or in work",
        "23:39:00 office-0041 is on 2.0.0",
        "23:40:48 office-0042 is on 2.0.0",
        "Ctrl-C leaves it running.",
    ]


def test_an_age_and_an_outage_stand_at_the_right_end() -> None:
    shown = plain(rollout_lines(sight(problem="refused", read_at=NOW - timedelta(minutes=3)), LOOK, NOW))
    assert shown[0].startswith("office  win11-office 1.0.0 → 2.0.0   running   65 %  ")
    assert shown[0].endswith("  no answer for 3 min")
    assert len(shown[0]) == 80


def test_a_rollout_that_has_ended_is_followed_no_longer() -> None:
    ended = rollout(state="succeeded", percent=100, counts={"done": 59}, ended_at=at(0), next=None, failed=0)
    assert plain(rollout_lines(sight(ended, hosts=(), events=()), LOOK, NOW)) == [
        "office  win11-office 1.0.0 → 2.0.0   succeeded   100 %",
        "━" * 80,
        "✔ done 59",
    ]


def test_with_ascii_alone_no_other_sign_is_needed() -> None:
    for lines in (
        rollout_lines(sight(), replace(LOOK, ascii=True), NOW),
        task_lines(Sight(pools_task(), NOW), replace(LOOK, ascii=True), NOW),
    ):
        assert all(line.isascii() for line in plain(lines)), plain(lines)


def test_texts_of_the_api_cannot_steer_the_terminal() -> None:
    bad = rollout(note={"code": "paused_by_user", "text": "Paused\x1b[2J by\n you\x07."})
    assert "note      Paused [2J by  you ." in plain(rollout_lines(sight(bad), LOOK, NOW))


def offers(**can: bool) -> dict[str, object]:
    names = ("pause", "resume", "cancel", "roll_back", "reschedule", "approve", "retry", "change")
    return {name: {"can": can.get(name, False)} for name in names}


@pytest.mark.parametrize(("state", "command"), [("paused", "resume"), ("awaiting_approval", "approve")])
def test_who_may_let_it_go_on_is_told_how(state: str, command: str) -> None:
    may = sight(rollout(state=state, commands=offers(**{command: True})))
    assert f"go on     freshcoat {command} office" in plain(rollout_lines(may, LOOK, NOW))
    may_not = sight(rollout(state=state, commands=offers()))
    assert not any("freshcoat" in line for line in plain(rollout_lines(may_not, LOOK, NOW)))


def test_who_may_approve_the_next_ring_is_told_how() -> None:
    may = Sight(pools_task(may_approve={"can": True}), NOW)
    assert "go on     freshcoat approve 8204682217094-6bd4" in plain(task_lines(may, LOOK, NOW))
    may_not = Sight(pools_task(may_approve={"can": False}), NOW)
    assert not any("freshcoat" in line for line in plain(task_lines(may_not, LOOK, NOW)))


def test_the_end_says_how_failed_hosts_are_tried_again() -> None:
    failed = sight(rollout(state="failed", ended_at=at(0), commands=offers(retry=True)))
    assert closing(failed, 8, only_ascii=False).endswith("failed. Try again: freshcoat retry 8204001026537-f242")
    others = sight(rollout(state="failed", ended_at=at(0), commands=offers()))
    assert closing(others, 8, only_ascii=False).endswith(": failed.")


def test_a_set_as_image_shows_its_steps() -> None:
    assert plain(task_lines(Sight(task(), NOW - timedelta(seconds=1)), LOOK, NOW)) == [
        "Set as image: win11-office 2.0.0 → 4.0.0   running   45 %                1 s ago",
        "━" * 36 + "─" * 44,
        "",
        "step      preparing the clone",
        "",
        "✔ reserving the image  3 s",
        "⟳ preparing the clone  4 min",
        "Ctrl-C leaves it running.",
    ]


def test_an_update_of_many_pools_has_a_bar_for_each_and_those_that_ended_last() -> None:
    shown = plain(task_lines(Sight(pools_task(), NOW), LOOK, NOW))
    assert shown[3:] == [
        "step      updating the pools",
        "waits     Ring 2 waits for approval.",
        "",
        "ring 1  pilot   ━━━━━━─────────  40 %  running",
        "ring 2  office  ───────────────   0 %  Ring 2 waits for approval.",
        "ring 0  lab     ━━━━━━━━━━━━━━━ 100 %  succeeded",
        "Ctrl-C leaves it running.",
    ]
    few = plain(task_lines(Sight(pools_task(), NOW), replace(LOOK, height=9), NOW))
    assert few[-3:-1] == ["ring 1  pilot   ━━━━━━─────────  40 %  running", "  and 2 more pools"]


STATES = ("pending", "draining", "waiting_for_logoff", "signing_out", "reimaging", "joining", "verifying", "failed")


@given(
    width=st.integers(1, 250),
    height=st.integers(1, 80),
    hosts=st.lists(st.sampled_from(STATES), max_size=60),
    events=st.integers(0, 3),
    plain_signs=st.booleans(),
)
def test_a_screen_always_fits(width: int, height: int, hosts: list[str], events: int, *, plain_signs: bool) -> None:
    look = replace(LOOK, width=width, height=height, ascii=plain_signs)
    listed = tuple(host(f"office-{number:04d}", state, error="x" * 300) for number, state in enumerate(hosts))
    counts = {state: hosts.count(state) for state in hosts} or COUNTS
    seen = sight(rollout(counts=counts), hosts=listed)
    many = pools_task(pools=[pool(f"pool-{number}", 0, "running", 50) for number in range(len(hosts))])
    for lines in (
        rollout_lines(replace(seen, events=seen.events[:events]), look, NOW),
        task_lines(Sight(many, NOW), look, NOW),
    ):
        assert 1 <= len(lines) <= height
        assert all(line.cell_len <= width for line in lines)
        assert height < 2 or lines[-1].plain.startswith("Ctrl-C"[: max(width - 1, 0)])


@pytest.mark.parametrize("height", [24, 50])
def test_a_screen_that_has_room_uses_it(height: int) -> None:
    hosts = tuple(host(f"office-{number:04d}", "joining") for number in range(60))
    shown = rollout_lines(sight(rollout(counts={"joining": 60}), hosts=hosts), replace(LOOK, height=height), NOW)
    assert len(shown) == height
