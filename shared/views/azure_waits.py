"""What a host in work waits for, for people. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.api.rollout_pages.hosts import AzureWaitView
from shared.core.codes import Code
from shared.models.host_parts import WaitKind
from shared.models.messages import Message, message, quote, sentence
from shared.models.rollouts import RolloutHost
from shared.views import suspension


def waiting_view(host: RolloutHost, now: datetime) -> AzureWaitView | None:
    """The wait with its facts; None when the host does not wait for Azure."""
    wait = host.azure_wait
    if wait.kind is None or wait.since is None or not host.state.in_work:
        return None
    return AzureWaitView(
        call=wait.call, answer=wait.answer, since=wait.since, until=_ahead(wait.until, now), tries=wait.tries
    )


def waiting_reason(host: RolloutHost, now: datetime) -> Message | None:
    """The wait as one text; None when the host waits neither for Azure nor for the one who suspended it."""
    wait, until = host.azure_wait, _ahead(host.azure_wait.until, now)
    if not host.state.in_work:
        return None
    if suspended := suspension.of_host(host):
        return suspended
    match wait.kind:
        case None:
            return None
        case WaitKind.HELD:
            text = (
                f"waits until Azure can provide its VM; until then no other host is started. {sentence(wait.meaning)}"
            )
            return message(Code.WAITS_FOR_AZURE, f"{text} Azure said {quote(wait.answer)}", at=until)
        case WaitKind.ATTEMPT:
            return message(Code.TRIED_AGAIN, f"is tried again after a failure: {quote(wait.answer)}", at=until)
        case WaitKind.BUSY:
            return message(Code.WAITS_FOR_AZURE, f"waits for Azure to {wait.call}: {quote(wait.answer)}", at=until)


def not_past(told: Message | None, now: datetime) -> Message | None:
    """A message without its moment once that is over: nothing that is foretold lies in the past."""
    if told is None or told.at is None or told.at >= now:
        return told
    return told.model_copy(update={"at": None})


def _ahead(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment >= now else None
