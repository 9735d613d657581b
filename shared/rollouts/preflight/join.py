"""The check of how hosts join: what would stop a rebuilt host from joining. Pure; a password is never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.core.settings import UNRESOLVED
from shared.core.wording import counted, names_text
from shared.models.findings import Finding
from shared.models.pools import DomainJoin, EntraJoin, Pool, ProfileJoin
from shared.records.profiles import no_such_join_profile
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed

_REUSE = (
    "The domain lets a rebuilt host take over its computer object in three cases (KB5020276). The joining user created "
    "it, a domain administrator created it, or the policy for re-use names its creator"
)
_PLACEHOLDER = re.compile(r"<.*>|change[-_ ]?me!?|to[-_ ]?do|tbd|placeholder|your[-_ ]?password", re.IGNORECASE)


def join(facts: Facts) -> Iterator[Finding]:
    """Entra ID: each VM has the identity it needs. A domain: a password is set and is not a placeholder."""
    match facts.join:
        case DomainJoin():
            yield _domain(facts, facts.join)
        case EntraJoin():
            yield _entra(facts)
        case None:
            yield _unknown(facts.request.pool)


def _unknown(pool: Pool) -> Finding:
    name = pool.join.profile if isinstance(pool.join, ProfileJoin) else ""
    text = no_such_join_profile(pool.account, name)
    return failed("join", text, "let an admin of the account add it, or name another one in the pool")


def _entra(facts: Facts) -> Finding:
    bare = sorted(vm.name for vm in facts.strategies.changing if not vm.system_identity)
    if not bare:
        return passed(
            "join",
            "hosts join Entra ID, which needs no password. For a roll-back a host is re-imaged, because the device of "
            "its kept disk was deleted",
        )
    return failed(
        "join",
        f"{counted(len(bare), 'host')} without a system-assigned identity cannot join Entra ID: {names_text(bare)}",
        f"switch it on for the {'VM' if len(bare) == 1 else 'VMs'}",
    )


def _domain(facts: Facts, join_settings: DomainJoin) -> Finding:
    setting, password = join_settings.password_setting, (facts.password or "").strip()
    if not password:
        return failed("join", f"the app setting {setting} has no password", f"set {setting} to a Key Vault reference")
    if password.lower().startswith(UNRESOLVED):
        return failed(
            "join",
            f"the Key Vault reference in the app setting {setting} could not be resolved",
            "check the secret's address, and give the app's identity the role Key Vault Secrets User on its vault",
        )
    if _PLACEHOLDER.fullmatch(password):
        return failed(
            "join",
            f"the app setting {setting} holds a placeholder",
            "set it to the password of the user that joins hosts",
        )
    return passed("join", f"hosts join {join_settings.domain}, and the password is set. {_REUSE}")
