"""Secrets in settings: the text of a Key Vault reference that was not resolved is none."""

from __future__ import annotations

import pytest

from shared.core.settings import BadSettings, Settings

REFERENCE = "@Microsoft.KeyVault(SecretUri=https://kv-freshcoat.vault.azure.net/secrets/event-secret)"
TABLES = {"FRESHCOAT_TABLES_CONNECTION": "x"}


@pytest.mark.parametrize("name", ["event_secret", "event_secret_before"])
@pytest.mark.parametrize("reference", [REFERENCE, REFERENCE.lower(), "@Microsoft.KeyVault(VaultName=kv;SecretName=e)"])
def test_a_reference_that_was_not_resolved_signs_no_events(name: str, reference: str) -> None:
    """Everybody who knows the name of the vault could make the keys of all hosts from it."""
    settings = Settings.read({**TABLES, f"FRESHCOAT_{name.upper()}": reference})
    assert getattr(settings, name) == ""


def test_a_secret_of_its_own_counts() -> None:
    assert Settings.read({**TABLES, "FRESHCOAT_EVENT_SECRET": "s" * 40}).event_secret == "s" * 40
    with pytest.raises(BadSettings, match="FRESHCOAT_EVENT_SECRET"):
        Settings.read({**TABLES, "FRESHCOAT_EVENT_SECRET": "short"})
