"""What every API test holds of the texts in answers, and what a message looks like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.core.codes import Code
from shared.models.messages import Message, message, quote, sentence
from tests.fixtures.texts import check_texts


@pytest.mark.parametrize(
    "text",
    [
        "begins at 2026-11-02T09:00:00+00:00",
        "Approve it: POST /api/tasks/1-a/approve.",
        "look at GET /pools",
        "read more at /api/pools",
        "a word " * 13,
    ],
)
@pytest.mark.parametrize("shown", ["message", "detail", "finding"])
def test_timestamps_routes_and_long_sentences_are_found_in_any_text(text: str, shown: str) -> None:
    bodies: dict[str, Any] = {
        "message": {"items": [{"reason": {"code": "paused", "text": text}}]},
        "detail": {"type": "urn:freshcoat:conflict", "detail": text},
        "finding": {"findings": [{"check": "pool", "detail": text, "what_to_do": ""}], "detail": ""},
    }
    with pytest.raises(AssertionError):
        check_texts(bodies[shown])


def test_quoted_text_of_others_is_not_checked() -> None:
    check_texts({"code": "host_failed", "text": f"failed: {quote('a word ' * 30)}", "at": "2026-11-02T09:00:00Z"})


def test_a_message_has_only_the_fields_it_needs() -> None:
    at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert message(Code.PAUSED, "paused").model_dump(mode="json") == {"code": "paused", "text": "paused"}
    told = message(Code.SESSIONS_END, "Sessions end.", at=at, count=0, href="/api/pools/a")
    assert Message.model_validate_json(told.model_dump_json()) == told
    assert told.model_dump(mode="json")["count"] == 0


def test_a_code_of_a_newer_deployment_can_be_read() -> None:
    assert Message(code="unheard_of", text="well").code == "unheard_of"


def test_a_clause_becomes_a_sentence_once() -> None:
    assert sentence("it is paused") == sentence("It is paused.") == "It is paused."
