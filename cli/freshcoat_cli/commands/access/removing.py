"""What all groups of `access` do alike."""

from __future__ import annotations

from freshcoat_cli.options import Change
from freshcoat_cli.session import Session


def remove(session: Session, path: str, what: str, given: Change) -> None:
    """Remove something, after a question."""
    session.ask(f"Remove {what}?", given)
    session.send("DELETE", path, None, given)
    session.out.say(f"✔ Removed {what}", "green")
