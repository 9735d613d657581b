"""Follows what a command has begun, for its option `--wait`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from freshcoat_cli.errors import CliError
from freshcoat_cli.options import Waiting
from freshcoat_cli.session import Session


def follow(session: Session, view: Mapping[str, Any], given: Waiting, wanted: Collection[str] = ()) -> None:
    """Follow a rollout or a task until its end. Raises what ends the command unless it ends as wanted.

    By default that is to succeed, and for a rollout that goes back, to be rolled back.
    """
    from freshcoat_cli.watch.run import wait_for  # noqa: PLC0415 - other commands start quicker without it

    path = f"{'tasks' if 'steps' in view else 'rollouts'}/{view['id']}"
    ends = wanted or ("rolled_back" if view.get("rolling_back") else "succeeded",)
    try:
        wait_for(session, path, wanted=ends, stop_when_waiting=given.stop_when_waiting, named=session.out.quiet)
    except CliError as error:  # the work goes on: nobody should have to search for it
        error.begun = str(view["id"])
        raise
