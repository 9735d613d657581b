"""What admins keep for an account under a name, and pools and requests only name: probes and join profiles."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.models.base import WHOLE, Name, Record, UtcTime
from shared.models.pools import DomainJoin, DomainText, OrgUnit, PasswordSetting

ProbeScript = Annotated[str, StringConstraints(min_length=1, max_length=16_000)]
ProbeMinutes = Annotated[int, Field(ge=1, le=90), WHOLE]


class Profile(Record):
    """Something of an account under a name. Only its admins change it; others name it."""

    account: Name
    name: Name
    changed_by: str = ""
    changed_by_id: str = ""
    """The id of the caller who changed it last."""
    changed_at: UtcTime


class Probe(Profile):
    """A PowerShell script that checks a canary host. Exit code 0 means success.

    A managed run command runs it on the host as SYSTEM, before users can sign in. It is stored and shown as it is, so
    it must contain no secrets.
    """

    script: ProbeScript
    timeout_minutes: ProbeMinutes = 10

    @property
    def digest(self) -> str:
        """The SHA-256 of the script, in hexadecimal."""
        return digest_of_script(self.script)


class JoinProfile(Profile):
    """How hosts of the account's pools join an AD domain. The password is in an app setting, and in no row."""

    domain: DomainText
    user: DomainText
    password_setting: PasswordSetting
    ou: OrgUnit | None = None

    @property
    def join(self) -> DomainJoin:
        """What a host's join needs of it."""
        return DomainJoin(
            kind="ad", domain=self.domain, user=self.user, password_setting=self.password_setting, ou=self.ou
        )


def digest_of_script(script: str) -> str:
    """The SHA-256 of a script in UTF-8, as `sha256sum` prints it for the file."""
    return hashlib.sha256(script.encode(errors="replace")).hexdigest()
