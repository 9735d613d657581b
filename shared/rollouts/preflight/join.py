"""The check of the password with which hosts join a domain. Pure; the password is never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.models.findings import Finding
from shared.models.pools import DomainJoin
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed

_REFERENCE = "@microsoft."
"""App Service leaves the text `@Microsoft.KeyVault(…)` in a setting when it cannot resolve the reference."""
_PLACEHOLDER = re.compile(r"<.*>|change[-_ ]?me!?|to[-_ ]?do|tbd|placeholder|your[-_ ]?password", re.IGNORECASE)


def join(facts: Facts) -> Iterator[Finding]:
    """For a domain join, a password is set and is not a placeholder."""
    join_settings = facts.request.pool.join
    if not isinstance(join_settings, DomainJoin):
        yield passed("join", "hosts join Entra ID, which needs no password")
        return
    setting, password = join_settings.password_setting, (facts.password or "").strip()
    if not password:
        yield failed("join", f"the app setting {setting} has no password", f"set {setting} to a Key Vault reference")
    elif password.lower().startswith(_REFERENCE):
        yield failed(
            "join",
            f"the Key Vault reference in the app setting {setting} could not be resolved",
            "check the secret's address, and give the app's identity the role Key Vault Secrets User on its vault",
        )
    elif _PLACEHOLDER.fullmatch(password):
        yield failed(
            "join",
            f"the app setting {setting} holds a placeholder",
            "set it to the password of the user that joins hosts",
        )
    else:
        yield passed("join", f"hosts join {join_settings.domain}, and the password is set")
