"""A page's commands in order against a new `make run`, each with what it answers compared with what the page shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from local.run import register
from local.stack.options import ROOT, StackOptions
from local.stack.processes import free_port
from local.stack.stack import Stack
from tests.docs.pages import Block, Command, commands, pages, shell_blocks
from tests.docs.shell import Ran, Shell
from tests.docs.shown import Comparison, NotAsShown, last_json, read

SPEED = 600
"""Virtual seconds per second of the simulated Azure: ten times as fast as `make run`."""

LONGEST = 240
"""Seconds that the commands of one page may take."""

OPERATING = ["docs/rollouts.md", "docs/refresh.md", "docs/policy.md"]
"""These pages take as long as all others: they run side by side with them, in a test file of their own."""


GUIDES = "docs/guides/"
"""Each of these pages makes pools of its own, so all of them run on the stack that tests/end_to_end has anyway."""


def pages_with_commands() -> list[str]:
    """The pages that have something to run here."""
    return [name for name in _with_commands() if not name.startswith(GUIDES)]


def guides_with_commands() -> list[str]:
    """The guides that have something to run."""
    return [name for name in _with_commands() if name.startswith(GUIDES)]


def _with_commands() -> list[str]:
    named = ((str(page.relative_to(ROOT)), page) for page in pages())
    return [name for name, page in named if any(not block.marker for block in shell_blocks(page))]


def run_page(name: str, directory: Path) -> None:
    """Run all commands of a page in one shell. Raises AssertionError at the first that does not do as it shows."""
    options = StackOptions(port=free_port(), sim_port=free_port(), speed=SPEED, directory_override=directory / "stack")
    ports = {"PORT": options.port, "SIM_PORT": options.sim_port, "HOST_PORT": free_port(), "AZURE_PORT": free_port()}
    with Stack(options) as stack, Shell(directory, {port: str(number) for port, number in ports.items()}) as shell:
        register(options)
        run_commands(name, stack, shell)


def run_commands(name: str, stack: Stack, shell: Shell) -> None:
    """Run all commands of a page against a running stack. Raises AssertionError as `run_page` does."""
    comparison = Comparison()
    for block, command in _runnable(ROOT / name):
        stack.check()
        check(comparison, block, command, shell.run(command.text))


def _runnable(page: Path) -> Iterator[tuple[Block, Command]]:
    for block in shell_blocks(page):
        if not block.marker:
            yield from ((block, command) for command in commands(block))


def check(comparison: Comparison, block: Block, command: Command, ran: Ran) -> None:
    """The command succeeds, and so does its last call, or it is answered as shown. Raises AssertionError."""
    at = f"{block.page}:{command.line}: {command.text}\n"
    assert ran.code == 0, f"{at}exit code {ran.code}:\n{ran.output}"
    if command.status is None:
        assert ran.status < 400, f"{at}is answered {ran.status}, and no answer is shown:\n{ran.output}"
        return
    assert ran.status == command.status, f"{at}is answered {ran.status}, not {command.status}:\n{ran.output}"
    if not command.answer:
        return
    try:
        comparison.compare(read(command.answer), last_json(ran.output))
    except NotAsShown as error:
        raise AssertionError(f"{at}{error}\n{ran.output}") from error
