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
"""Seconds for a first answer: chosen, a cold start in Azure is not measured."""
CLOCKS_APART = timedelta(seconds=5)
TOKENS_FAIL = timedelta(minutes=1)
"""Tokens of Entra ID are refused when the clocks are further apart than this."""
WANTED = ("read", "plan")
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_LOGIN_PAGE = "login.microsoftonline."
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
    return failed("reachable", *_not_reached(answer))


def _not_reached(answer: Answer) -> tuple[str, str]:
    """Why nothing that looks like a Freshcoat has answered, and what to do."""
    sign_in = "let App Service authentication pass unauthenticated requests: the app itself checks every call"
    if not answer.status:
        if _UNTRUSTED in answer.text:
            trust = "name the root certificate of your proxy or of the app: SSL_CERT_FILE=root.pem make smoke …"
            return f"its certificate is not trusted on this machine: {answer.text}", trust
        return answer.text, "check the address, that the app runs, and that you may reach its network"
    if answer.status == 401 or _LOGIN_PAGE in answer.location:
        return f"a stranger is answered {answer.status}", sign_in
    if answer.status == 403:
        advice = f"start the app if it is stopped; see its access restrictions; {sign_in}"
        return "a stranger is answered 403", advice
    if answer.location:
        text = f"it sends everybody on to {answer.location.partition('?')[0]}"
        return text, "use that address if it is the app; a network's own sign-in page does the same"
    if answer.status == 200:
        text = "something answered that is not a Freshcoat" + (", with a web page" if "<" in answer.text[:200] else "")
        return text, "check the address; a proxy, or your network's own sign-in page, may have answered instead"
    if answer.status in {502, 503, 504}:
        return f"answered {answer.status}", "check again in a minute; if it stays so, look for errors in the app's log"
    advice = "check the address; if it is right, look for errors at the start of the app in its log"
    return f"answered {answer.status}, not like a Freshcoat", advice


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


def clock(about: Answer, now: datetime) -> Iterator[Check]:
    """The app's clock and this machine's show the same. `now`: when the answer was there.

    The app looked at its clock at some time after it was asked, so what the answer took is not counted.
    """
    said = about.data.get("now")
    try:
        app = datetime.fromisoformat(str(said))
    except ValueError:
        yield warned("clock", "the app does not say its time", "check its version")
        return
    behind = now - (app if app.tzinfo else app.replace(tzinfo=UTC))
    apart = max(timedelta(), -behind, behind - timedelta(seconds=about.seconds))
    text = f"{apart.total_seconds():.0f} s apart from this machine's"
    if apart >= TOKENS_FAIL:
        yield failed("clock", text, "set this machine's clock; if it is right, report the app's host to Azure")
    elif apart > CLOCKS_APART:
        yield warned("clock", text, "set this machine's clock, and check again")
    else:
        yield passed("clock", text)


def closed(target: Target) -> Iterator[Check]:
    """A stranger sees nothing, also not with a header that pretends to come from the platform."""
    if target.about.get("auth", {}).get("kind") == "development":
        return
    forged = {"x-ms-client-principal": _forged(), "x-ms-client-principal-id": "stranger"}
    for name, headers, settles in (("strangers", {}, ()), ("forged sign-in", forged, (77,))):
        answer = ask(target.strangers, "/api/pools", headers)
        text = f"answered {answer.status or answer.text}, not 401"
        if answer.status == 401:
            yield passed(name, "refused", settles)
        elif answer.status == 200 and answer.data is not None:
            advice = "stop the app at once; remove WEBSITE_AUTH_ENABLED from its settings if somebody set it there"
            yield failed(name, text, advice)
        elif answer.status in {200, 403} or answer.location:
            yield warned(
                name, text, "something in front of the app answers; command line and hosts may not get through"
            )
        else:
            yield warned(name, text, "check again")


def _forged() -> str:
    """The platform's header, as somebody would write it who wants to be an admin."""
    role = {"typ": "roles", "val": "admin"}
    return base64.b64encode(json.dumps({"auth_typ": "aad", "role_typ": "roles", "claims": [role]}).encode()).decode()


def myself(target: Target, may: set[str]) -> Iterator[Check]:
    """Whoever is signed in may do what the other checks need. `may` gets what they may do."""
    me = target.client.get("me")
    may |= set(me["may"])
    missing = [need for need in WANTED if need not in may]
    if missing:
        left = "tables, images and pools" if "read" in missing else "pools"
        advice = "sign in as somebody with the app role operator, approver or admin (docs/access.md)"
        yield failed("me", f"{me['name']} may not {' or '.join(missing)}, so {left} were not checked", advice)
        return
    accounts = "all accounts" if "*" in me["accounts"] else f"accounts {', '.join(me['accounts']) or 'none'}"
    yield passed("me", f"{me['name']} may {', '.join(me['may'])}; {accounts}")


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
