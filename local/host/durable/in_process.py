"""Calls from the host to the engine, which lives in the same process."""

from typing import Never, cast

import grpc


class Refused(Exception):
    """The engine refused an in-process call; ``code`` is the gRPC status it would have answered."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code


class _InProcess:
    """The parts of a call context the engine asks for."""

    def is_active(self) -> bool:
        return True

    def abort(self, code: grpc.StatusCode, details: str) -> Never:
        raise Refused(code, details)


IN_PROCESS = cast(grpc.ServicerContext, _InProcess())
"""The context of the host's own calls, which need no network."""
