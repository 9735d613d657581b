"""Work that is done beside its caller."""

from __future__ import annotations

import threading
from collections.abc import Callable

type Beside = Callable[[Callable[[], None]], None]
"""Does the given work without letting the caller wait for it."""


def in_a_thread(name: str) -> Beside:
    """Each time in a thread of its own with this name, which does not keep the process alive."""

    def begin(work: Callable[[], None]) -> None:
        threading.Thread(target=work, name=name, daemon=True).start()

    return begin
