"""The steps of a host: the words that people read for each of them."""

from __future__ import annotations

from shared.core.steps import HOST_STEP_WORDS, HOST_STEPS


def test_people_read_every_step_of_a_host_in_words_not_by_its_internal_name() -> None:
    assert tuple(HOST_STEP_WORDS) == HOST_STEPS
    for name, words in HOST_STEP_WORDS.items():
        assert name not in words and "_" not in words
