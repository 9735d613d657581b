"""Records that nobody needs any more are removed by a timer, and keys of requests lapse."""

from __future__ import annotations

from datetime import timedelta

from shared.audit.record import audit
from shared.caches.audit_writer import AuditWriter
from shared.core.errors import StaleRow
from shared.models.answers import KEPT_FOR, KeptAnswer
from shared.models.audit import AuditEntry
from shared.records.tidying.lapsed import MOST_AT_ONCE, MOST_OF_MONTHS, tidy_records
from tests.fixtures.app import App, office, update

KEY = {"Idempotency-Key": "k-1"}


def by(name: str) -> dict[str, str]:
    return KEY | {"x-dev-name": name}


def test_a_key_belongs_to_its_caller() -> None:
    app = office()
    first = update(app, None, **by("ann"))
    other = update(app, {"reason": "another"}, **by("bob"))
    assert (first.status, other.status) == (202, 409)
    assert other.json["type"] == "urn:freshcoat:conflict"
    assert update(app, None, **by("ann")).text == first.text


def test_a_key_lapses_after_a_day() -> None:
    app = office()
    first = update(app, None, **KEY)
    app.later(hours=23, minutes=59)
    assert update(app, None, **KEY).text == first.text
    app.later(minutes=1)
    assert update(app, {"reason": "another request"}, **KEY).json["type"] == "urn:freshcoat:conflict"


def test_lapsed_answers_are_removed() -> None:
    app = office()
    update(app, None, **KEY)
    app.later(hours=23)
    update(app, None, **{"Idempotency-Key": "k-2"})
    tidy_records(app.services)
    assert len(app.tables.answers.every()) == 1
    app.now += KEPT_FOR
    tidy_records(app.services)
    assert app.tables.answers.every() == []


def test_old_months_of_the_audit_are_removed_whole() -> None:
    app = App()
    months = app.settings.audit_keep_months
    for days in (0, 31 * (months - 1), 31 * (months + 2), 31 * (months + 6)):
        app.now -= timedelta(days=days)
        app.audit_writer = AuditWriter()
        audit(app.services, "ann", "register pool", str(days))
        app.now += timedelta(days=days)
    tidy_records(app.services)
    assert {entry.subject for entry in app.tables.audit.every()} == {"0", str(31 * (months - 1))}


def test_one_run_removes_a_bounded_number() -> None:
    app = App()
    for number in range(MOST_AT_ONCE + 5):
        app.tables.answers.add(KeptAnswer(key=str(number), fingerprint="f", at=app.now))
    app.later(hours=24, seconds=1)
    assert tidy_records(app.services) == MOST_AT_ONCE
    assert tidy_records(app.services) == 5


def test_a_day_of_many_hosts_is_tidied_within_the_runs_of_a_day() -> None:
    app = App()
    made = [entry_of(app, number) for number in range(2_500)]
    app.tables.audit.write_many(made)
    app.later(days=31 * (app.settings.audit_keep_months + 2))
    before = app.tables.audit.writes
    stale = app.tables.audit.page(made[0].month, limit=1).rows[0]
    app.tables.audit.failures["remove_many"] = [StaleRow("Audit", stale.id)]
    assert tidy_records(app.services) == 2_500
    assert app.tables.audit.every() == []
    assert app.tables.audit.writes == before + 2_500
    assert MOST_OF_MONTHS * 24 > 2 * 160_000


def entry_of(app: App, number: int) -> AuditEntry:
    return AuditEntry(id=f"{number:06d}", at=app.now, who="ann", action="re-image VM", subject=f"vm-{number}")
