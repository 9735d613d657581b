"""From an HTTP request to a handler and back: parsing, idempotency, error answers. Every function goes through it."""

from __future__ import annotations

import json
import logging
import math
import re
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import azure.functions as func
from pydantic import BaseModel

from shared.access.authenticate import caller_of
from shared.access.authorize import authorize
from shared.access.errors import NotAllowed, NotSignedIn
from shared.api.agreed_plans import MoreSignOuts, PlanChanged
from shared.api.common import Query
from shared.api.conditions import Condition, Marked, Tagged
from shared.api.merge_patch import MergePatch
from shared.api.validation import parse
from shared.core.asking import asker, asking, refine_asker
from shared.core.errors import AzureBusy, AzureError, Conflict, FieldProblem, FreshcoatError, InvalidRequest, WouldReset
from shared.core.plain_text import one_line
from shared.models.access.grants import PRINCIPAL_PATTERN
from shared.models.access.roles import Gate, Need, Reach
from shared.models.base import VERSION_PATTERN
from shared.ports.engine import Engine
from shared.records.just_read import reading_once
from shared.rollouts.logoff_listener import TooManyHints
from shared.rollouts.preflight import PreflightFailed
from shared.services import Services
from triggers.http import idempotency
from triggers.http.body import PATCH_TYPES, read_body
from triggers.http.conditions import CONDITIONS, read_condition
from triggers.http.contract import Answer, Call, Endpoint
from triggers.http.reads import as_read
from triggers.http.recorded import CORRELATION_HEADER, Trail, asker_of, is_recorded, note_write

log = logging.getLogger("freshcoat.http")

_NAME, _ID, _VERSION = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", r"[0-9a-z-]{1,64}", VERSION_PATTERN.strip("^$")
PATH_PATTERNS = {
    **{kind: re.compile(_NAME) for kind in ("account", "pool", "image", "key", "probe", "profile")},
    **{kind: re.compile(_ID) for kind in ("rollout", "task", "promotion")},
    "version": re.compile(_VERSION),
    "ring": re.compile("test|pilot|production"),
    "principal": re.compile(PRINCIPAL_PATTERN.strip("^$")),
}
_NAME_FORM = "not a valid name: use letters, digits, dot, dash, underscore"
_FORMS = {
    "ring": "not a ring: test, pilot or production",
    "version": "not a version: write major.minor.patch, three whole numbers",
    "principal": "not a principal: write {tenant id}.{object id}, both in lower case",
}
_SIGN_IN = {"WWW-Authenticate": "Bearer"}
MOST_PARAMETERS = 50
"""Maximum number of query parameters: more than any route has."""
ASK_AGAIN = 30
"""Seconds until a request may succeed of which nobody can say when it will."""
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEBAB = re.compile(r"(?<=[a-z])(?=[A-Z])")


def respond(
    endpoint: Endpoint, req: func.HttpRequest, services: Callable[[], Services], engine: Engine | None
) -> func.HttpResponse:
    """Answer one request. Never raises: an unexpected error becomes a 500 with an id that is also in the log."""
    with asking(asker_of(req.headers)), reading_once() if endpoint.method == "GET" else nullcontext():
        answer = _respond(endpoint, req, services, engine)
        correlation = asker().correlation
        if endpoint.method != "GET":
            note_write(endpoint, services, answer.status_code)
        answer.headers[CORRELATION_HEADER] = correlation
        return answer


def _respond(
    endpoint: Endpoint, req: func.HttpRequest, services: Callable[[], Services], engine: Engine | None
) -> func.HttpResponse:
    try:
        answer = _answer(endpoint, req, services(), engine)
        return _http(as_read(answer, req.headers.get("If-None-Match")) if endpoint.method == "GET" else answer)
    except FreshcoatError as error:
        if error.status == 500:
            return _unexpected(endpoint, error)
        return _http(_problem(error), _headers(error))
    except Exception as error:  # noqa: BLE001 - nothing above handles it
        return _unexpected(endpoint, error)


def _answer(endpoint: Endpoint, req: func.HttpRequest, services: Services, engine: Engine | None) -> idempotency.Answer:
    query, problems = _read_query(endpoint, req)
    call = _call(endpoint, req, services, what_if=getattr(query, "what_if", False))
    given = _read(endpoint, req, engine, query, problems)
    what_if = getattr(query, "what_if", False)
    trail = Trail(endpoint, call, given) if is_recorded(endpoint, what_if=what_if) else None

    def handle() -> idempotency.Answer:
        try:
            return _kept_form(endpoint, endpoint.handler(trail.call if trail else call, **given))
        except FreshcoatError as error:
            if error.status >= 500 or _retry_after(error):
                raise
            return _problem(error)

    def work() -> idempotency.Answer:
        return trail.run(handle) if trail else handle()

    writes = endpoint.writes and not what_if
    key = req.headers.get("Idempotency-Key") if writes else None
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        raise InvalidRequest.one("Idempotency-Key", "use 1 to 200 printable ASCII characters without spaces")
    conditions = [f"{name}: {text}" for name in CONDITIONS if (text := req.headers.get(name)) is not None]
    same = idempotency.fingerprint(req.method, _address(req.url), req.get_body(), *conditions)
    return idempotency.run_once(services, idempotency.key_of(call.caller.id if call.caller else "", key), same, work)


def _call(endpoint: Endpoint, req: func.HttpRequest, services: Services, *, what_if: bool) -> Call:
    """The request, after it was found out who sent it and that they may. Raises NotSignedIn, NotAllowed, NotFound."""
    path = {name: req.route_params[name] for name in endpoint.parameters}
    if endpoint.needs is Gate.OPEN:
        return Call(services, path, None, Reach())
    caller = caller_of(services, req.headers, req.get_body, writes=req.method != "GET")
    refine_asker(name=caller.name, id=caller.id)
    if bad := [FieldProblem(name, _FORMS.get(name, _NAME_FORM)) for name in path if not _is_formed(name, path[name])]:
        raise InvalidRequest(bad)
    subject = next(iter(path.items()), None)
    need = Need.PLAN if what_if else endpoint.needs
    reach = authorize(services, caller, need, subject, creates=endpoint.creates)
    return Call(services, path, caller, reach)


def _is_formed(name: str, text: str) -> bool:
    return PATH_PATTERNS[name].fullmatch(text) is not None


def _read_query(endpoint: Endpoint, req: func.HttpRequest) -> tuple[BaseModel | None, list[FieldProblem]]:
    """The query parameters as a model, and what is wrong with them."""
    try:
        model = endpoint.query or Query
        return parse(model, _parameters(req, model.model_fields)), []
    except InvalidRequest as error:
        return None, list(error.problems)


def _read(
    endpoint: Endpoint,
    req: func.HttpRequest,
    engine: Engine | None,
    query: BaseModel | None,
    problems: list[FieldProblem],
) -> dict[str, Any]:
    """The handler's other arguments. Raises InvalidRequest naming every bad field of query and body."""
    given: dict[str, Any] = {"engine": engine} if endpoint.needs_engine else {}
    if endpoint.query:
        given["query"] = query
    if endpoint.takes:
        try:
            given["asked"] = parse(endpoint.takes, read_body(req))
        except InvalidRequest as error:
            problems += error.problems
    if endpoint.patches:
        given["patch"] = MergePatch(read_body(req, needed=True, types=PATCH_TYPES))
    if endpoint.conditional:
        given["condition"] = _condition(req, problems)
    if endpoint.takes_any:
        given["body"] = read_body(req, needed=True)
    if problems:
        raise InvalidRequest(problems)
    return given


def _condition(req: func.HttpRequest, problems: list[FieldProblem]) -> Condition:
    try:
        return read_condition(req.headers)
    except InvalidRequest as error:
        problems += error.problems
        return Condition()


def _parameters(req: func.HttpRequest, taken: Collection[str]) -> dict[str, str]:
    """The query parameters. Raises InvalidRequest for more than any request needs."""
    found = dict(req.params)
    if "format" in taken and "text/csv" in req.headers.get("Accept", ""):
        found.setdefault("format", "csv")
    if len(found) > MOST_PARAMETERS:
        raise InvalidRequest.one("query", f"at most {MOST_PARAMETERS} parameters; there are {len(found)}")
    return found


def _address(url: str) -> str:
    """Path and query, whatever the order of the parameters."""
    parts = urlsplit(url)
    return f"{parts.path}?{urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))}"


def _kept_form(endpoint: Endpoint, answer: Answer[Any]) -> idempotency.Answer:
    value = answer.value
    status = answer.status or endpoint.status
    if value is None:
        return idempotency.Answer(status, "", answer.location)
    if answer.csv is not None:
        return idempotency.Answer(status, answer.csv, csv=True, continuation=getattr(value, "continuation", None) or "")
    body = json.dumps(value) if isinstance(value, Mapping) else value.model_dump_json()
    etag = value.etag if isinstance(value, Tagged) else ""
    moments = value.own_moments() if isinstance(value, Marked) else ()
    return idempotency.Answer(status, body, answer.location, answer.retry_after, etag, moments=moments)


def _problem(error: FreshcoatError) -> idempotency.Answer:
    """The error as RFC 9457 problem JSON: `type` is for programs, `detail` for people."""
    kind = _KEBAB.sub("-", type(error).__name__).lower()
    problem: dict[str, Any] = {
        "type": f"urn:freshcoat:{kind}",
        "title": error.title,
        "status": error.status,
        "detail": one_line(str(error)),
    }
    if isinstance(error, InvalidRequest | WouldReset):
        problem["errors"] = [{"field": one_line(p.field), "message": one_line(p.message)} for p in error.problems]
    if isinstance(error, PreflightFailed):
        problem["findings"] = [finding.model_dump() for finding in error.findings]
    if isinstance(error, Conflict) and error.rollout:
        problem["rollout"] = error.rollout
    if isinstance(error, Conflict) and error.task:
        problem["task"] = error.task
    if isinstance(error, Conflict) and error.promotion:
        problem["promotion"] = error.promotion
    if isinstance(error, Conflict) and error.href:
        problem["href"] = error.href
    if isinstance(error, PlanChanged):
        problem["plan"] = error.plan.model_dump(mode="json")
    if isinstance(error, MoreSignOuts):
        problem["sign_outs"] = error.people
    if isinstance(error, NotAllowed) and error.need:
        problem["need"] = error.need
    if isinstance(error, AzureError):
        problem["code"] = error.code
    return idempotency.Answer(error.status, json.dumps(problem))


def _headers(error: FreshcoatError) -> dict[str, str]:
    return _SIGN_IN if isinstance(error, NotSignedIn) else _retry_after(error)


def _retry_after(error: FreshcoatError) -> dict[str, str]:
    if isinstance(error, Conflict) and error.retry_after is None:
        return {}
    if isinstance(error, AzureBusy | TooManyHints | Conflict):
        return {"Retry-After": str(math.ceil(error.retry_after or ASK_AGAIN))}
    return {}


def _unexpected(endpoint: Endpoint, error: Exception) -> func.HttpResponse:
    trace = uuid.uuid4().hex[:12]
    log.error("error %s at %s %s", trace, endpoint.method, endpoint.path, exc_info=error)
    problem = {
        "type": "urn:freshcoat:unexpected",
        "title": "Something went wrong",
        "status": 500,
        "detail": f"An unexpected error occurred. Quote id {trace} when you look in the logs.",
        "id": trace,
    }
    return _http(idempotency.Answer(500, json.dumps(problem)))


def _http(answer: idempotency.Answer, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    kind = (
        "application/problem+json" if answer.status >= 400 and '"urn:freshcoat:' in answer.body else "application/json"
    )
    all_headers = {"Cache-Control": answer.caching or "no-store", **(headers or {})}
    if answer.status == 503:
        all_headers.setdefault("Retry-After", str(ASK_AGAIN))
    if answer.location:
        all_headers["Location"] = answer.location
    if answer.csv:
        kind = "text/csv"
        all_headers |= {"X-Continuation": answer.continuation} if answer.continuation else {}
    if answer.etag:
        all_headers["ETag"] = answer.etag
    if answer.retry_after:
        all_headers["Retry-After"] = str(answer.retry_after)
    return func.HttpResponse(answer.body, status_code=answer.status, headers=all_headers, mimetype=kind)
