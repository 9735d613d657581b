"""Routes of the record: who did what, and whether the record is whole."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.audit import AuditEntryView, AuditQuery, RefusalsQuery, RefusalView, VerifiedView, VerifyQuery
from shared.api.common import Listed
from shared.models.access.roles import Need
from shared.views import audit
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "audit", needs=Need.AUDIT)
def get_audit(call: Call, query: AuditQuery) -> Answer[Listed[AuditEntryView]]:
    """Read the record of who did what, newest first; also as CSV, by `format=csv` or the header `Accept: text/csv`."""
    found = audit.list_entries(call.services, call.reach, query)
    return Answer(found, csv=audit.csv_of(found) if query.format == "csv" else None)


@endpoint(bp, "GET", "audit/verify", needs=Need.AUDIT)
def get_audit_verify(call: Call, query: VerifyQuery) -> Answer[VerifiedView]:
    """Check that no entry of the record was changed, removed or put in since it was written."""
    return Answer(audit.verify_record(call.services, query.month))


@endpoint(bp, "GET", "audit/refusals", needs=Need.AUDIT)
def get_audit_refusals(call: Call, query: RefusalsQuery) -> Answer[Listed[RefusalView]]:
    """Count the refused writes of a month by caller, route, status and hour. Needs all accounts; otherwise empty."""
    return Answer(
        audit.list_refusals(
            call.services, call.reach, month=query.month, limit=query.limit, continuation=query.continuation
        )
    )
