"""The keys with which Entra ID signs its tokens, as the check of tokens needs them. `shared.azure` implements it."""

from __future__ import annotations

from typing import Any, Protocol


class SigningKeySource(Protocol):
    """Where signing keys are read."""

    def read(self) -> list[dict[str, Any]]:
        """The published JSON Web Keys. Raises AzureBusy or AzureRefused."""
