"""What a person means: the id of a rollout, a task or a promotion, or a pool with an open rollout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from typer import Argument

from freshcoat_cli import completing
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.session import Session

_ID = re.compile(r"\d{13}-[0-9a-f]{4}")
KINDS = ("rollouts", "tasks", "promotions")

Subject = Annotated[
    str,
    Argument(
        metavar="ID|POOL",
        help="The id of a rollout, or the pool on which one is open.",
        autocompletion=completing.open_rollouts,
    ),
]
AnySubject = Annotated[
    str,
    Argument(
        metavar="ID|POOL",
        help="The id of a rollout, a task or a promotion; or a pool.",
        autocompletion=completing.open_rollouts,
    ),
]

Movable = Annotated[
    str,
    Argument(
        metavar="ID|POOL",
        help="The id of a rollout or a promotion, or the pool on which a rollout is open.",
        autocompletion=completing.open_rollouts,
    ),
]


@dataclass(frozen=True)
class Found:
    """A rollout, a task or a promotion, as it is now."""

    kind: str
    view: dict[str, Any]

    @property
    def path(self) -> str:
        """Where it is: `rollouts/{id}`."""
        return f"{self.kind}/{self.view['id']}"


def is_id(text: str) -> bool:
    """Whether this is an id, and not the name of a pool."""
    return _ID.fullmatch(text) is not None


def find(session: Session, text: str, kinds: tuple[str, ...] = KINDS) -> Found:
    """What is meant, of these kinds. Raises CliError when there is nothing."""
    if not is_id(text):
        return Found("rollouts", open_rollout(session, text))
    for kind in kinds:
        try:
            return Found(kind, session.get(f"{kind}/{text}"))
        except CliError as error:
            if error.code is not Exit.NOT_FOUND:
                raise
    names = " or ".join(kind.rstrip("s") for kind in kinds)
    raise CliError(Exit.NOT_FOUND, "Not found", f"There is no {names} {text}.")


def rollout_path(session: Session, text: str) -> str:
    """`rollouts/{id}`, without a read where an id is given. Raises CliError."""
    return f"rollouts/{text}" if is_id(text) else f"rollouts/{open_rollout(session, text)['id']}"


def open_rollout(session: Session, pool: str) -> dict[str, Any]:
    """The rollout that is open on a pool; an update rather than its refresh. Raises CliError."""
    try:
        items = list(session.client.pages("rollouts", 10, pool=pool, open=True))
    except CliError as error:
        if error.code is not Exit.REFUSED:
            raise
        raise CliError(Exit.NOT_FOUND, "Not found", f"There is no pool called {pool}.") from error
    if not items:
        last = list(session.client.pages("rollouts", 1, pool=pool))
        hint = f"The last one has ended: freshcoat watch {last[0]['id']}" if last else ""
        raise CliError(Exit.NOT_FOUND, "Not found", f"No rollout is open on pool {pool}.", hint)
    found = min(items, key=lambda one: one["kind"] == "refresh")
    whole: dict[str, Any] = session.get(f"rollouts/{found['id']}")
    return whole
