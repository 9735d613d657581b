"""In-process calls from the host to the engine."""

from typing import Never, cast

import grpc


class Refused(Exception):
    """The engine refused an in-process call. ``code`` is the gRPC status that a remote caller would receive."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code


class _InProcess:
    """The parts of a gRPC context that the engine uses."""

    def is_active(self) -> bool:
        return True

    def abort(self, code: grpc.StatusCode, details: str) -> Never:
        raise Refused(code, details)


IN_PROCESS = cast(grpc.ServicerContext, _InProcess())
"""The context of the host's own calls, which use no network."""
