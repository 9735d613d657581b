"""Starting the function host again after it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack.options import StackOptions
from local.stack.processes import StackError, free_port
from local.stack.stack import Stack
from tests.tools.stack.running import wait_until


class Sleeping(Stack):
    """A stack with a sleeping process in place of the function host."""

    def _host_arguments(self) -> list[str]:
        return ["-c", "import time; time.sleep(600)"]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Sleeping(StackOptions(port=free_port(), sim_port=free_port(), directory_override=tmp_path))
    yield made
    made.stop()


def test_a_restarted_host_replaces_the_dead_one(stack: Stack) -> None:
    first = stack.start_host()
    stack.check()
    first.request_stop()
    wait_until(lambda: not first.running, 20)
    with pytest.raises(StackError, match="Function host has ended"):
        stack.check()
    second = stack.start_host()
    stack.check()
    assert second.running


def test_there_is_never_a_second_host(stack: Stack) -> None:
    first, second = stack.start_host(), stack.start_host()
    assert (first.running, second.running) == (False, True)
