"""Reading, setting and removing what an account keeps under a name: one way for every kind of profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.api.common import Listed
from shared.api.conditions import entity_tag
from shared.api.edits import Put
from shared.api.profiles import ProfileView
from shared.audit.record import audit
from shared.core.asking import About, asker
from shared.core.errors import Conflict, NotFound
from shared.core.wording import names_text
from shared.models.access.profiles import Profile
from shared.models.access.roles import Reach
from shared.models.base import Value
from shared.ports.paging import page_of
from shared.ports.storage import Rows
from shared.records.accounts import find_account
from shared.records.change import register
from shared.services import Services


@dataclass(frozen=True)
class Kind[S: Value, R: Profile, V: ProfileView]:
    """A kind of profile: how it is called, its settings, its rows, what is shown of it, and where it is used."""

    noun: str
    settings: type[S]
    row: type[R]
    view: type[V]
    rows: Callable[[Services], Rows[R]]
    uses: Callable[[Services, R, Reach], Iterable[str]]
    told: Callable[[R], str]
    """What the record says of it besides its settings."""
    guard: Callable[[Reach, S | None, S], None]
    """Raises NotAllowed for settings that this caller may not change from what is stored (None: nothing)."""

    def settings_of(self, row: R) -> S:
        """Its settings as they are stored."""
        return self.settings.model_validate({name: getattr(row, name) for name in self.settings.model_fields})

    def view_of(self, row: R) -> V:
        """The profile as people see it."""
        shown = {name: getattr(row, name) for name in self.view.model_fields if name != "etag"}
        return self.view.model_validate(shown | {"etag": entity_tag(self.settings_of(row))})


def list_profiles[S: Value, R: Profile, V: ProfileView](
    services: Services, kind: Kind[S, R, V], reach: Reach, *, limit: int, continuation: str | None
) -> Listed[V]:
    """A page of the profiles of accounts in reach, by account and name."""
    seen = [row for row in kind.rows(services).every() if reach.sees((row.account,))]
    page = page_of(seen, lambda row: f"{row.account} {row.name}", limit=limit, continuation=continuation)
    return Listed(items=[kind.view_of(row) for row in page.rows], continuation=page.continuation)


def read_profile[S: Value, R: Profile, V: ProfileView](
    services: Services, kind: Kind[S, R, V], account: str, name: str
) -> V:
    """One profile of an account. Raises NotFound."""
    return kind.view_of(_find(services, kind, account, name))


def set_profile[S: Value, R: Profile, V: ProfileView](
    services: Services, kind: Kind[S, R, V], account: str, name: str, edit: Put[S], who: str, reach: Reach
) -> tuple[V, bool]:
    """Make or change a profile of an account; the flag says whether it is new.

    Raises NotFound for an unknown account, NotAllowed, PreconditionFailed, WouldReset, Conflict.
    """
    find_account(services, account)
    rows = kind.rows(services)

    def decide(old: R | None) -> R:
        stored = None if old is None else kind.settings_of(old)
        asked = edit.applied_to(stored, kind.noun, name)
        edit.check_resets(stored, asked)
        kind.guard(reach, stored, asked)
        if old is not None and stored == asked:
            return old
        who_and_when = {"changed_by": who, "changed_by_id": asker().id, "changed_at": services.now()}
        return kind.row(account=account, name=name, **dict(asked), **who_and_when).written_over(old)

    def write(_: R | None, row: R) -> R:
        return rows.add(row) if row.etag is None else rows.replace(row)

    old, kept = register(lambda: rows.find(account, name), decide, write, describe=kind.noun)
    if kept is not old:
        before = kind.settings_of(old).model_dump_json() if old else ""
        after = kind.settings_of(kept).model_dump_json()
        _record(services, who, f"set {kind.noun}", kind, kept, before=before, after=after)
    return kind.view_of(kept), old is None


def remove_profile[S: Value, R: Profile, V: ProfileView](
    services: Services, kind: Kind[S, R, V], account: str, name: str, who: str, reach: Reach
) -> None:
    """Remove a profile. Raises NotFound, Conflict naming what uses it, StaleRow."""
    row = _find(services, kind, account, name)
    if used := [*kind.uses(services, row, reach)]:
        raise Conflict(f"The {kind.noun} {name} is used by {names_text(used)}. Take it out there first.")
    kind.rows(services).remove(row)
    before = kind.settings_of(row).model_dump_json()
    _record(services, who, f"remove {kind.noun}", kind, row, before=before)


def _find[S: Value, R: Profile, V: ProfileView](services: Services, kind: Kind[S, R, V], account: str, name: str) -> R:
    found = kind.rows(services).find(account, name)
    if found is None:
        raise NotFound(kind.noun, name)
    return found


def _record[S: Value, R: Profile, V: ProfileView](
    services: Services, who: str, action: str, kind: Kind[S, R, V], row: R, *, before: str, after: str = ""
) -> None:
    subject, about = f"{row.account}, {kind.noun} {row.name}", About((row.account,))
    audit(services, who, action, subject, kind.told(row), before=before, after=after, about=about)
