"""docs/unverified.md as a check-list: every row is read and has its own number; what is partly answered is marked."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tools.smoke.checklist import PAGE, Question, checklist, questions

ROOT = Path(__file__).parents[3]
FOUND = list(questions(PAGE.read_text()))


def test_every_row_of_the_page_is_a_question_with_what_to_expect() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \d", line)]
    assert len(FOUND) == len(rows) > 60
    assert all(one.section and one.asked and one.expected for one in FOUND)


def test_every_number_is_given_once() -> None:
    counted = Counter(one.number for one in FOUND)
    assert [number for number, times in counted.items() if times > 1] == []


def test_every_number_that_a_check_answers_is_a_question() -> None:
    numbers = {one.number for one in FOUND}
    checks = "".join(path.read_text() for path in (ROOT / "tools/smoke").glob("*_checks.py"))
    named = {int(number) for number in re.findall(r"[(:] ?(\d\d)[,})]", checks)}
    assert {23, 33, 59, 77} <= named
    assert named <= numbers


def test_partly_answered_questions_are_marked_and_text_is_plain() -> None:
    text = (
        "## A\n\n| # | question | assumed | wrong |\n|---|---|---|---|\n| 7 | Is `a` [so](b.md)? | yes | **stop** |\n"
    )
    (one,) = questions(text)
    assert one == Question(7, "A", "Is a so?", "yes", "stop")
    assert list(checklist([one], {7})) == ["\nA", "[~] 7. Is a so?", "      expected: yes", "      otherwise: stop"]
    assert list(checklist([one], set()))[1].startswith("[ ] 7.")
