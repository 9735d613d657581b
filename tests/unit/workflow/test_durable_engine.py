"""Deleting the history of orchestrations: one run need not be enough for all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.workflow.durable_engine import DurableEngine

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Failure(grpc.RpcError, grpc.Call):  # type: ignore[misc] # both are abstract, and only the code is read
    """What gRPC raises."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


class Client:
    """The part of the client that is used."""

    def __init__(self, trouble: grpc.StatusCode | None = None) -> None:
        self.trouble = trouble

    def purge_orchestrations_by(self, **_: Any) -> SimpleNamespace:
        if self.trouble:
            raise Failure(self.trouble)
        return SimpleNamespace(deleted_instance_count=7)


def engine(trouble: grpc.StatusCode | None = None) -> DurableEngine:
    return DurableEngine(cast(SyncDurableFunctionsClient, Client(trouble)))


def test_it_says_how_many_are_gone() -> None:
    assert engine().forget_ended(LONG_AGO) == 7


def test_more_than_one_run_can_delete_is_no_error() -> None:
    assert engine(grpc.StatusCode.DEADLINE_EXCEEDED).forget_ended(LONG_AGO) == 0


def test_other_errors_are_raised() -> None:
    with pytest.raises(grpc.RpcError):
        engine(grpc.StatusCode.UNAVAILABLE).forget_ended(LONG_AGO)
