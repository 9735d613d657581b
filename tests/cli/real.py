"""The real app, on tables and an Azure in memory, behind the address that the command line is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.app import App as Served
from tests.cli.app import Asked, Says, serving
from tests.fixtures.app import App

_NOT_COPIED = {"content-length", "content-type", "host", "connection", "accept-encoding"}


@contextmanager
def serving_real(app: App) -> Iterator[Served]:
    """The app, on a free port of this machine."""

    def answer(asked: Asked) -> Says:
        headers = {name: text for name, text in asked.headers.items() if name not in _NOT_COPIED}
        reply = app.send(asked.method, asked.path, asked.body, headers=headers)
        return Says(reply.status, reply.text, reply.headers)

    with serving(answer) as served:
        yield served
