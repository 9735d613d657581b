"""The check of what hosts need to join. Pure; the password itself is never said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.models.findings import Finding
from shared.models.pools import DomainJoin
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed

_REFERENCE = "@microsoft."
"""What App Service leaves in a setting whose reference it could not resolve: `@Microsoft.KeyVault(…)` itself."""
_PLACEHOLDER = re.compile(r"<.*>|change[-_ ]?me!?|to[-_ ]?do|tbd|placeholder|your[-_ ]?password", re.IGNORECASE)


def join(facts: Facts) -> Iterator[Finding]:
    """A domain join has a password that can be one."""
    wanted = facts.asked.pool.join
    if not isinstance(wanted, DomainJoin):
        yield passed("join", "hosts join Entra ID, which needs no password")
        return
    setting, password = wanted.password_setting, (facts.password or "").strip()
    if not password:
        yield failed("join", f"the app setting {setting} has no password", f"set {setting} to a Key Vault reference")
    elif password.lower().startswith(_REFERENCE):
        yield failed(
            "join",
            f"the Key Vault reference in the app setting {setting} could not be resolved",
            "check the secret's address, and give the app's identity the role Key Vault Secrets User on its vault",
        )
    elif _PLACEHOLDER.fullmatch(password):
        yield failed("join", f"the app setting {setting} holds a placeholder", "put the joining user's password there")
    else:
        yield passed("join", f"hosts join {wanted.domain}, and the password is set")
