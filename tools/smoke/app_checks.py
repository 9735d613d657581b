"""Whether the app answers, to whom, and how it is set up."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.names import RELEASE
from tools.smoke.results import Check, failed, passed, warned
from tools.smoke.target import Answer, Target, ask

SLOW = 5.0
"""Seconds for a first answer: a cold start takes less."""
CLOCKS_APART = timedelta(seconds=5)
TOKENS_FAIL = timedelta(minutes=1)
"""Tokens of Entra ID are refused when the clocks are further apart than this."""
WANTED = ("read", "plan")
_LIVE = {
    "ok": ("pass", ""),
    "busy": ("warn", "Azure throttles the app: try again in some minutes"),
    "refuses": ("fail", "give the app's identity its roles (docs/permissions.md)"),
}
"""What to think of Azure's answer to the app, and what to do."""


def reachable(answer: Answer) -> Check:
    """The open page about the app is there."""
    if answer.status == 200 and isinstance(answer.data, dict) and answer.data.get("name") == "Freshcoat":
        if answer.seconds > SLOW:
            text = f"the first answer took {answer.seconds:.0f} s"
            return warned("reachable", text, "keep an instance ready (docs/deploy.md), and check again")
        return passed("reachable", f"answered in {answer.seconds:.1f} s")
    if not answer.status:
        return failed(
            "reachable", answer.text, "check the address, that the app runs, and that you may reach its network"
        )
    if answer.status in {401, 403}:
        advice = "let App Service authentication pass unauthenticated requests: the app itself checks every call"
        return failed("reachable", f"a stranger is answered {answer.status}", advice)
    advice = "check the address; if it is right, look for errors at the start of the app in its log"
    return failed("reachable", f"answered {answer.status}, not like a Freshcoat", advice)


def set_up(about: Mapping[str, Any], local: bool) -> Iterator[Check]:
    """Version, environment and sign-in, as the app says them itself."""
    version = about.get("version")
    if version == RELEASE:
        yield passed("version", f"{version}, environment {about.get('environment') or 'without a name'}")
    else:
        advice = "deploy this folder, or check with the folder that was deployed"
        yield warned("version", f"the app is {version}, this folder is {RELEASE}", advice)
    if about.get("simulated") and not local:
        yield failed("azure", "the app works on a simulated Azure", "remove FRESHCOAT_ARM_ENDPOINT from its settings")
    kind = about.get("auth", {}).get("kind")
    if kind == "entra":
        yield passed("sign-in", "people and programs sign in with Entra ID")
    elif kind == "key":
        yield warned("sign-in", "only app keys are taken", "set FRESHCOAT_ENTRA_TENANTS and FRESHCOAT_ENTRA_AUDIENCE")
    elif local:
        yield passed("sign-in", "a local run: everybody is let in")
    else:
        yield failed("sign-in", "everybody is let in", "remove FRESHCOAT_DEV_IDENTITY from the app's settings at once")


def clock(about: Mapping[str, Any], now: datetime) -> Check:
    """The app's clock and this machine's show the same."""
    try:
        apart = abs(now - datetime.fromisoformat(str(about.get("now"))).astimezone(UTC))
    except ValueError:
        return warned("clock", "the app does not say its time", "check its version")
    text = f"{apart.total_seconds():.0f} s apart from this machine's"
    if apart >= TOKENS_FAIL:
        return failed("clock", text, "set this machine's clock; if it is right, report the app's host to Azure")
    if apart > CLOCKS_APART:
        return warned("clock", text, "set this machine's clock, and check again")
    return passed("clock", text)


def closed(target: Target) -> Iterator[Check]:
    """A stranger sees nothing, also not with a header that pretends to come from the platform."""
    if target.about.get("auth", {}).get("kind") == "development":
        return
    forged = {"x-ms-client-principal": _forged(), "x-ms-client-principal-id": "stranger"}
    for name, headers, settles in (("strangers", {}, ()), ("forged sign-in", forged, (77,))):
        answer = ask(target.strangers, "/api/pools", headers)
        if answer.status == 401:
            yield passed(name, "refused", settles)
        else:
            advice = "stop the app at once; remove WEBSITE_AUTH_ENABLED from its settings if somebody set it there"
            worse = answer.status == 200
            text = f"answered {answer.status or answer.text}, not 401"
            yield failed(name, text, advice) if worse else warned(name, text, "check again")


def _forged() -> str:
    """The platform's header, as somebody would write it who wants to be an admin."""
    role = {"typ": "roles", "val": "admin"}
    return base64.b64encode(json.dumps({"auth_typ": "aad", "role_typ": "roles", "claims": [role]}).encode()).decode()


def myself(target: Target) -> Check:
    """Whoever is signed in may do what the other checks need."""
    me = target.client.get("me")
    missing = [need for need in WANTED if need not in me["may"]]
    if missing:
        advice = "sign in as somebody with the app role operator, approver or admin (docs/access.md)"
        return warned("me", f"{me['name']} may not {' and '.join(missing)}, so less can be checked", advice)
    accounts = "all accounts" if "*" in me["accounts"] else f"accounts {', '.join(me['accounts']) or 'none'}"
    return passed("me", f"{me['name']} may {', '.join(me['may'])}; {accounts}")


def works(target: Target) -> Iterator[Check]:
    """The app reaches its tables and Azure now."""
    answer = ask(target.strangers, "/api/health/live", target.credential.headers())
    checks = answer.data.get("checks") if isinstance(answer.data, dict) else None
    if not isinstance(checks, dict):
        yield failed(
            "tables", f"the app's health is answered {answer.status or answer.text}", "look into the app's log"
        )
        return
    if checks.get("tables") == "ok":
        yield passed("tables", "the app reads them", () if target.simulated else (23,))
    else:
        advice = "check FRESHCOAT_TABLES_ENDPOINT, the role Storage Table Data Contributor, and the storage's network"
        yield failed("tables", f"the app's tables {checks.get('tables')}", advice)
    yield _azure(str(checks.get("azure")))
    if unreadable := checks.get("pools"):
        yield failed("pools", str(unreadable), "see the pools below; the log names each")


def _azure(said: str) -> Check:
    if said.startswith("not asked"):
        return warned("arm", said, "register a pool, and check again")
    grade, advice = _LIVE.get(said, ("fail", "check the app's outgoing network, and its log"))
    if grade == "pass":
        return passed("arm", "Azure answers the app")
    return Check("arm", "warn" if grade == "warn" else "fail", f"Azure {said}", advice)
