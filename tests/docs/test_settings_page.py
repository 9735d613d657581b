"""docs/settings.md names every setting, with the default the app really has."""

from __future__ import annotations

import json
import re

from local.stack.options import ROOT
from shared.core.settings import Settings

ROW = re.compile(r"^\| (`[A-Z].*?) \| (.*?) ?\| (.*) \|$", re.MULTILINE)
HOST_READS = {"RESUME_SCHEDULE", "PROMOTION_SCHEDULE", "RETENTION_SCHEDULE"}
"""The Functions host reads them from the environment and knows no default."""
NOT_OURS = {"trust_principal", "secrets"}
"""Fields that come from settings of other names."""


def rows() -> dict[str, str]:
    """Each setting with its default; a row may have several of both."""
    found: dict[str, str] = {}
    for names, default, _ in ROW.findall((ROOT / "docs" / "settings.md").read_text()):
        several = re.findall(r"`([A-Za-z_…]+)`", names)
        defaults = default.split(", ") if "," in default else [default] * len(several)
        found |= dict(zip(several, defaults, strict=True))
    return found


def test_the_page_lists_exactly_the_settings_of_the_app() -> None:
    ours = {f"FRESHCOAT_{name.upper()}" for name in Settings.model_fields if name not in NOT_OURS}
    sample = set(json.loads((ROOT / "local.settings.sample.json").read_text())["Values"])
    documented = set(rows())
    assert {name for name in documented if name.startswith("FRESHCOAT_")} == ours
    assert {name for name in sample if not name.startswith("JOIN_")} <= documented


def test_defaults_are_those_of_the_app() -> None:
    for name, default in rows().items():
        field = Settings.model_fields.get(name.removeprefix("FRESHCOAT_").lower())
        if not name.startswith("FRESHCOAT_") or field is None:
            continue
        if name.removeprefix("FRESHCOAT_") in HOST_READS:
            assert "must be set" in default, name
        elif isinstance(field.default, float | int) and not isinstance(field.default, bool):
            assert float(default) == field.default, name
        elif not name.endswith("_URL"):
            assert default.strip("`") == (field.default or "none"), name
