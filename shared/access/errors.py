"""The two ways in which a caller is turned away."""

from __future__ import annotations

from shared.core.errors import FreshcoatError
from shared.models.access.roles import Need


class NotSignedIn(FreshcoatError):
    """The request does not prove who sent it."""

    status = 401
    title = "Not signed in"


class NotAllowed(FreshcoatError):
    """The caller is known, and may not do this. `need` is what it lacks; None: it lacks an account."""

    status = 403
    title = "Not allowed"

    def __init__(self, detail: str, need: Need | None = None) -> None:
        self.need = need
        super().__init__(detail)
