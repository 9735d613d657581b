"""Long ARM operations, asked once at a time.

The SDK's rules (which header to follow, which status counts) are used, its loop is not: `LROPoller` would
start a thread that polls and sleeps until the end. azure-core's `polling=False` is no way either: its
poller says "succeeded" at once and cannot write a token (azure-core 1.41: the pipeline response is not JSON).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from azure.core.polling.base_polling import BadResponse, LocationPolling
from azure.mgmt.core.polling.arm_polling import ARMPolling
from pydantic import SecretStr

from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call, error_of, json_of, refusal, retry_after
from shared.core import arm_ids
from shared.core.errors import AzureBusy, AzureError, AzureForbidden, AzureNotFound, OperationFailed
from shared.models.azure import Operation

_SUCCEEDED, _FAILED = {"succeeded"}, {"failed", "canceled", "cancelled"}
_ASKED_WRONGLY = (AzureBusy, AzureForbidden, AzureNotFound)

_CALLS = {
    "reimage": "re-image {}",
    "delete": "delete the machine {}",
    "create": "create the machine {}",
    "power_on": "switch on {}",
    "deallocate": "switch off {}",
    "join": "join {}",
    "register": "register {} as a session host",
    "swap": "put another OS disk under {}",
    "probe": "probe {}",
    "snapshot": "take the snapshot {}",
    "disk": "make the disk {}",
    "clone": "make the copy {}",
    "prepare": "prepare the copy {}",
    "image": "make the managed image {}",
    "remove": "delete {}",
    "version": "create the image version {}",
    "exclude": "change the image version {}",
    "remove_version": "delete the image version {}",
}
"""Every kind of operation, and what it does in words."""


class SinglePoll(ARMPolling):
    """ARM's polling method that looks only when told to. Give it to a `begin_…` as `polling`."""

    def finished(self) -> bool:
        """True, so that `LROPoller` starts no thread. Ask `state` for the truth."""
        return True

    @property
    def state(self) -> str:
        """ARM's status in lower case, `inprogress` or `succeeded` for instance."""
        return str(getattr(self._status, "value", self._status)).lower()

    @property
    def answer(self) -> Any:
        """The last HTTP answer."""
        return self._pipeline_response.http_response

    def look(self, call: str) -> None:
        """One GET. Raises AzureNotFound when ARM has forgotten the operation, OperationFailed, AzureBusy."""
        with azure_call(call):
            asked = self.request_status(self._operation.get_polling_url())
        if asked.http_response.status_code >= 400:
            raise _refused(call, asked.http_response)
        self._pipeline_response = asked
        try:
            with azure_call(call):
                self._status = self._operation.get_status(asked)
        except BadResponse as error:  # no AzureError of the SDK
            raise AzureBusy(call, asked.http_response.status_code, "UnreadableAnswer", str(error)) from None

    def get_continuation_token(self) -> str:
        """The SDK's token with nothing in it but method, URL, correlation id and the one URL to ask.

        The SDK puts the first answer's body in as well, twice: some answers repeat what was sent.
        """
        token = json.loads(base64.b64decode(super().get_continuation_token()))
        data = token["data"]
        headers = {name.lower(): value for name, value in data["response"]["headers"].items()}
        kept = {name: headers[name] for name in ("azure-asyncoperation",) if name in headers}
        if isinstance(self._operation, LocationPolling):  # it may have moved since the first answer
            kept = {"location": self._operation.get_polling_url()}
        data["response"] |= {"headers": kept, "content": ""}
        data["context"] = {}
        return base64.b64encode(json.dumps(token, separators=(",", ":")).encode()).decode()


def start(kind: str, target: str, begin: Callable[[SinglePoll], object], *secrets: SecretStr | None) -> Operation:
    """Begin an operation; one that Azure finishes at once comes back done. Raises what `azure_call` raises."""
    polling, call = SinglePoll(), words(kind, target)
    with azure_call(call, *secrets):
        begin(polling)
    return _operation(kind, target, polling, call)


def removed(kind: str, target: str, begin: Callable[[SinglePoll], object]) -> Operation:
    """Begin a deletion; what is gone already is a finished one."""
    try:
        return start(kind, target, begin)
    except AzureNotFound:
        return finished(kind, target)


def finished(kind: str, target: str) -> Operation:
    """An operation that need not be begun."""
    return Operation(kind=kind, target=target, token=None, done=True)


def resume(clients: ArmClients, operation: Operation) -> Operation:
    """Ask once how it goes: one read. Raises OperationFailed, or AzureNotFound when ARM has forgotten the operation.

    Any `begin_…` of the subscription's compute client does: given a token it sends nothing, and all it needs is in
    the token. No final GET is made: nobody reads the operation's result, the thing itself is looked at instead.
    """
    if operation.done or operation.token is None:
        return operation
    polling, call = SinglePoll(), words(operation.kind, operation.target)
    machines = clients.compute(arm_ids.subscription_of(operation.target)).virtual_machines
    with azure_call(call):
        machines.begin_start("any", "any", polling=polling, continuation_token=operation.token)
    polling.look(call)
    return _operation(operation.kind, operation.target, polling, call)


def words(kind: str, target: str) -> str:
    """What an operation of this kind does to its target, for a person."""
    return _CALLS.get(kind, f"{kind} {{}}").format(arm_ids.last(target))


def _operation(kind: str, target: str, polling: SinglePoll, call: str) -> Operation:
    if polling.state in _FAILED:
        raise _failed(call, polling)
    if polling.state in _SUCCEEDED:
        return Operation(kind=kind, target=target, token=None, done=True)
    token = polling.get_continuation_token()
    wait = retry_after(polling.answer.headers)
    return Operation(kind=kind, target=target, token=token, done=False, retry_after=wait)


def _failed(call: str, polling: SinglePoll) -> OperationFailed:
    body = json_of(polling.answer)
    code, message = error_of(body.get("error") if isinstance(body, dict) else None)
    return OperationFailed(call, polling.answer.status_code, code or polling.state, message or "Azure gave no reason")


def _refused(call: str, response: Any) -> AzureError:
    """A refusal on the operation's own URL. With `Location` alone, that is how a failed operation answers."""
    error = refusal(call, response)
    if isinstance(error, _ASKED_WRONGLY):
        return error
    return OperationFailed(call, error.http_status, error.code, error.message)
