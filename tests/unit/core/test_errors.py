"""The two kinds of Azure errors: busy (repeat the call) and refused (do not)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.core import errors
from shared.core.errors import (
    AzureBusy,
    AzureConflict,
    AzureError,
    AzureForbidden,
    AzureNotFound,
    AzureRefused,
    OperationFailed,
)

SHARED = Path(errors.__file__).parents[1]


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        yield below
        yield from subclasses(below)


def test_an_azure_error_is_busy_or_refused_and_never_both() -> None:
    assert set(AzureError.__subclasses__()) == {AzureBusy, AzureRefused}
    assert not [
        kind for kind in subclasses(AzureError) if issubclass(kind, AzureBusy) and issubclass(kind, AzureRefused)
    ]


@pytest.mark.parametrize("kind", [AzureNotFound, AzureForbidden, AzureConflict, OperationFailed])
def test_every_refusal_is_caught_as_refused(kind: type[AzureRefused]) -> None:
    with pytest.raises(AzureRefused):
        raise kind("read the host pool", 400, "Code", "message")


def test_a_busy_azure_is_not_caught_as_refused() -> None:
    def read() -> None:
        try:
            raise AzureBusy("read the host pool", 429, "TooManyRequests", "later", retry_after=3.0)
        except AzureRefused:
            pytest.fail("a throttled call was taken for a refusal")

    with pytest.raises(AzureBusy):
        read()


def test_the_code_raises_one_of_the_two_kinds_never_their_root() -> None:
    raised = re.compile(r"(?<![.\w])AzureError\((?!FreshcoatError)")
    assert [path.name for path in SHARED.rglob("*.py") if raised.search(path.read_text())] == []
