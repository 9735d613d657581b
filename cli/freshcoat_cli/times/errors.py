"""A moment that was typed and cannot be taken."""

from __future__ import annotations


class BadTime(ValueError):
    """The text names no moment, a past one, or several. `candidates`: texts to write instead, each names one moment."""

    def __init__(self, text: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(f"{text} Write {' or '.join(candidates)}." if candidates else text)
        self.candidates = candidates
