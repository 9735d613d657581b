"""Long-running ARM operations, polled once per call.

This uses the SDK's rules (which header to follow, which status counts) but not its loop: `LROPoller` would start a
thread that polls and sleeps until the end. azure-core's `polling=False` does not help: its poller reports "succeeded"
at once and cannot write a token (azure-core 1.41: the pipeline response is not JSON).
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
from shared.core.errors import (
    AzureBusy,
    AzureError,
    AzureForbidden,
    AzureNotFound,
    OperationFailed,
    UnreadableOperation,
)
from shared.models.azure import Operation, OperationKind

_SUCCEEDED, _FAILED = {"succeeded"}, {"failed", "canceled", "cancelled"}
_ASKED_WRONGLY = (AzureBusy, AzureForbidden, AzureNotFound)

_CALLS = {
    OperationKind.REIMAGE: "re-image {}",
    OperationKind.DELETE: "delete the VM {}",
    OperationKind.CREATE: "create the VM {}",
    OperationKind.POWER_ON: "switch on {}",
    OperationKind.DEALLOCATE: "switch off {}",
    OperationKind.EXTENSION: "install an extension on {}",
    OperationKind.JOIN: "join {}",
    OperationKind.REGISTER: "register {} as a session host",
    OperationKind.SWAP: "swap the OS disk of {}",
    OperationKind.PROBE: "run the probe on {}",
    OperationKind.INSPECT: "read how {} is joined",
    OperationKind.SNAPSHOT: "take the snapshot {}",
    OperationKind.DISK: "create the disk {}",
    OperationKind.CLONE: "create the clone {}",
    OperationKind.PREPARE: "prepare the clone {}",
    OperationKind.IMAGE: "create the managed image {}",
    OperationKind.REMOVE: "delete {}",
    OperationKind.VERSION: "create the image version {}",
    OperationKind.EXCLUDE: "change the image version {}",
    OperationKind.REMOVE_VERSION: "delete the image version {}",
}
"""Every kind of operation, in words."""


class SinglePoll(ARMPolling):
    """ARM's polling method without the loop. Pass it to a `begin_…` as `polling`."""

    def finished(self) -> bool:
        """Always True, so that `LROPoller` starts no thread. See `state` for the real state."""
        return True

    @property
    def state(self) -> str:
        """ARM's status in lower case, `inprogress` or `succeeded` for instance."""
        return str(getattr(self._status, "value", self._status)).lower()

    @property
    def answer(self) -> Any:
        """The last HTTP answer."""
        return self._pipeline_response.http_response

    def poll(self, call: str) -> None:
        """Poll with one GET. Raises AzureNotFound when ARM has forgotten the operation, OperationFailed, AzureBusy."""
        with azure_call(call):
            asked = self.request_status(self._operation.get_polling_url())
        if asked.http_response.status_code >= 400:
            raise _refused(call, asked.http_response)
        self._pipeline_response = asked
        try:
            with azure_call(call):
                self._status = self._operation.get_status(asked)
        except BadResponse as error:  # not an AzureError of the SDK
            raise AzureBusy(call, asked.http_response.status_code, "UnreadableAnswer", str(error)) from None

    def get_continuation_token(self) -> str:
        """The SDK's token, reduced to method, URL, correlation id and the URL to poll.

        The SDK's own token also contains the first answer's body, twice, and some answers repeat the request.
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


def start(
    kind: OperationKind, target: str, begin: Callable[[SinglePoll], object], *secrets: SecretStr | None
) -> Operation:
    """Begin an operation. If Azure finishes it at once, it is returned as done. Raises what `azure_call` raises."""
    polling, call = SinglePoll(), words(kind, target)
    with azure_call(call, *secrets):
        begin(polling)
    return _operation(kind, target, polling, call)


def removed(kind: OperationKind, target: str, begin: Callable[[SinglePoll], object]) -> Operation:
    """Begin a deletion. If the resource is gone already, the operation is finished."""
    try:
        return start(kind, target, begin)
    except AzureNotFound:
        return finished(kind, target)


def finished(kind: OperationKind, target: str) -> Operation:
    """An operation for which nothing has to be done."""
    return Operation(kind=kind, target=target, token=None, done=True)


def resume(clients: ArmClients, operation: Operation) -> Operation:
    """Poll once: one read. Raises OperationFailed, or AzureNotFound when ARM has forgotten the operation.

    Raises UnreadableOperation when another version of the SDK wrote the token: it reads only its own.

    Any `begin_…` of the subscription's compute client works: with a token it sends nothing, and the token holds all it
    needs. No final GET is made: callers read the resource, not the operation's result.
    """
    if operation.done or operation.token is None:
        return operation
    polling, call = SinglePoll(), words(operation.kind, operation.target)
    compute_vms = clients.compute(*arm_ids.place_of_scope(operation.target)).virtual_machines
    try:
        with azure_call(call):
            compute_vms.begin_start("any", "any", polling=polling, continuation_token=operation.token)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableOperation(call) from None
    polling.poll(call)
    return _operation(operation.kind, operation.target, polling, call)


def words(kind: OperationKind, target: str) -> str:
    """An operation of this kind on its target, in words."""
    return _CALLS[kind].format(arm_ids.last(target))


def _operation(kind: OperationKind, target: str, polling: SinglePoll, call: str) -> Operation:
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
    """An error status of the operation's own URL. With `Location` polling, a failed operation answers like this."""
    error = refusal(call, response)
    if isinstance(error, _ASKED_WRONGLY):
        return error
    return OperationFailed(call, error.http_status, error.code, error.message)
