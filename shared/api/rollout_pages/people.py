"""Who is still signed in on hosts that a rollout has to update."""

from __future__ import annotations

from shared.api.common import PageQuery
from shared.api.lists.common import Search
from shared.models.base import UtcTime, Value


class PeopleQuery(PageQuery):
    """A page of the people, by host and name."""

    search: Search | None = None
    """Part of the user's name or of the host's."""


class PersonView(Value):
    """One session on a host that is still to be updated."""

    user: str
    """As Azure has it: the user principal name, or else the Active Directory name."""
    host: str
    state: str
    """As Azure says: `Active`, `Disconnected`, …"""
    since: UtcTime | None = None
    """When they signed in. Null: Azure does not say."""
    warned: bool = False
    """Whether they were told of the deadline that holds for them."""
    ends_at: UtcTime | None = None
    """When their session is ended if they stay. Null: nobody has said so yet, or it stands still."""


class PeopleView(Value):
    """The people that are left."""

    as_of: UtcTime
    """When the sessions were read: one list for all who ask."""
    count: int
    """All of them, whatever the page."""
    items: list[PersonView]
    continuation: str | None = None
