"""The app's settings: one frozen object built from a mapping. Every problem is reported at once.

Nothing else reads `os.environ`. `local.settings.sample.json` names the same settings (tested).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.core.errors import FreshcoatError

Seconds = Annotated[float, Field(gt=0, le=86_400)]

_TENANT = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

_KEY = r"^(https://[^/\s]+/keys/[0-9A-Za-z-]+(/[0-9A-Za-z]+)?)?$"
_CONTAINER = r"^(https://[^/\s]+/[a-z0-9-]{3,63})?$"

_LONG = r"^(\S.{30,}\S)?$"
"""Nothing, or at least 32 characters."""

UNRESOLVED = "@microsoft."
"""App Service leaves the text `@Microsoft.KeyVault(…)` in a setting when it cannot resolve the reference."""


def _listed(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _resolved(text: object) -> object:
    """Nothing for a reference that was not resolved: its text is no secret, as everybody can guess it."""
    return "" if isinstance(text, str) and text.lower().startswith(UNRESOLVED) else text


IN_AZURE = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "WEBSITE_POD_NAME")
"""Variables that the platform sets in Azure, at least one in every plan."""


class BadSettings(FreshcoatError):
    """Invalid settings. The text names every bad one."""

    title = "The app's settings are not valid"


class Settings(BaseModel):
    """Settings by their environment names without the prefix `FRESHCOAT_`, in lower case. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tables_connection: str = ""
    """Connection string of the storage account with our tables; or give `tables_endpoint`."""
    tables_endpoint: str = ""
    """`https://{account}.table.core.windows.net`, used with the app's managed identity."""
    identity_client_id: str = ""
    """Client id of a user-assigned managed identity; empty for the system-assigned one."""
    arm_endpoint: str = "https://management.azure.com"
    """Azure Resource Manager. A plain http endpoint is the simulated Azure and gets no Entra token."""

    graph_endpoint: str = "https://graph.microsoft.com"
    """Microsoft Graph, for the devices of hosts in Entra ID. A plain http endpoint gets no Entra token."""

    environment: str = ""
    """How the people who run the app call it, such as `production`. Anybody may see it."""
    entra_tenants: Annotated[tuple[Annotated[str, Field(pattern=_TENANT)], ...], BeforeValidator(_listed)] = ()
    """Ids of the tenants whose people and programs may sign in, separated by commas."""
    entra_audience: str = ""
    """The `aud` of the tokens for this app: its client id, or its application id URI for tokens of version 1.0."""
    entra_endpoint: str = "https://login.microsoftonline.com"
    """The authority that issues the tokens. Its signing keys are read there."""
    dev_identity: str = ""
    """Name of the caller of a local run, who may do everything. Refused in Azure."""

    event_secret: Annotated[str, BeforeValidator(_resolved), Field(pattern=_LONG, repr=False)] = ""
    """From which the keys are derived with which hosts sign log-off events; empty: no signature counts."""
    event_secret_before: Annotated[str, BeforeValidator(_resolved), Field(pattern=_LONG, repr=False)] = ""
    """The one before, while hosts still have keys that come from it."""

    agent_url: str = "https://go.microsoft.com/fwlink/?linkid=2310011"
    boot_loader_url: str = "https://go.microsoft.com/fwlink/?linkid=2311028"

    reconcile_gap: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Minimum time between two reconcile passes of a pool, however many events arrive."""
    operation_poll: Seconds = 30.0
    """How long to wait before polling an ARM operation without Retry-After."""
    azure_pause: Seconds = 30.0
    """How long to wait after a transient Azure error without Retry-After."""
    resume_after: Seconds = 60.0
    """How long a rollout must be silent before the resume timer checks its orchestration."""

    resume_schedule: str = "*/30 * * * * *"
    """NCRONTAB of the resume timer; the Functions host reads it from the environment, not from here."""

    sign_out_limit: Seconds = 300.0
    image_limit: Seconds = 2_700.0
    power_limit: Seconds = 900.0
    directory_limit: Seconds = 900.0
    join_limit: Seconds = 900.0
    register_limit: Seconds = 900.0
    healthy_limit: Seconds = 2_700.0
    probe_limit: Seconds = 6_000.0
    """Time limits of a host's steps. Defaults from azure-facts 1.9."""
    approval_limit: Annotated[float, Field(gt=0, le=31 * 86_400)] = 7 * 86_400.0
    """How long a rollout waits for approval before it fails."""
    snapshot_limit: Seconds = 1_800.0
    clone_limit: Seconds = 2_700.0
    prepare_limit: Seconds = 5_400.0
    capture_limit: Seconds = 7_200.0
    replication_limit: Seconds = 43_200.0
    removal_limit: Seconds = 1_800.0
    """Time limits of a set-as-image. Replication may take "a few hours in some cases" (azure-facts 1.9)."""
    promotion_schedule: str = "*/30 * * * * *"
    """NCRONTAB of the timer that runs due promotions, read by the Functions host."""
    retention_schedule: str = "0 20 * * * *"
    """NCRONTAB of the timers that delete unneeded versions and old disks, read by the Functions host."""
    audit_keep_months: Annotated[int, Field(ge=1, le=1_200)] = 24
    """How many whole months of the audit are kept besides the current one."""
    record_key: Annotated[str, Field(pattern=_KEY)] = ""
    """`https://{vault}.vault.azure.net/keys/{name}`: the key that signs the record; empty: it is not signed."""
    record_blob: Annotated[str, Field(pattern=_CONTAINER)] = ""
    """`https://{account}.blob.core.windows.net/{container}`: where its signatures are kept."""
    history_keep_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """How long the engine keeps the history of orchestrations that have ended, counted from their start."""
    rollout_keep_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    """How long a rollout with its hosts and its history, a task and a promotion are kept after their end."""
    busy_limit: Seconds = 43_200.0
    """How long a host is held while Azure throttles us or refuses to create its deleted VM, how long Azure may throttle
    without a break before a task on an image fails, and how long a pool may be unreadable before it is taken for gone.
    This time does not count against the limits above."""

    trust_principal: bool = False
    """Whether App Service authentication is on (`WEBSITE_AUTH_ENABLED`). Only then does the platform set the header
    with the caller's name, and remove one that a client sent."""

    secrets: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """The `JOIN_…` settings: passwords of joining users, usually Key Vault references."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from `environment`. Raises BadSettings naming every bad one."""
        prefix = "FRESHCOAT_"
        given: dict[str, object] = {
            name.removeprefix(prefix).lower(): value
            for name, value in environment.items()
            if name.startswith(prefix) and value != ""
        }
        given["trust_principal"] = environment.get("WEBSITE_AUTH_ENABLED", "").strip().lower() == "true"
        given["secrets"] = {name: value for name, value in environment.items() if name.startswith("JOIN_")}
        refuse_in_azure(environment)
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            problems = [f"{prefix}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
            raise BadSettings("; ".join(problems)) from error
        if not (settings.tables_connection or settings.tables_endpoint):
            raise BadSettings("Set FRESHCOAT_TABLES_CONNECTION or FRESHCOAT_TABLES_ENDPOINT.")
        if bool(settings.record_key) is not bool(settings.record_blob):
            raise BadSettings("Set FRESHCOAT_RECORD_KEY and FRESHCOAT_RECORD_BLOB, or neither.")
        return settings


def refuse_in_azure(environment: Mapping[str, str]) -> None:
    """Raises BadSettings for the identity of a local run where the platform says that this is Azure."""
    if environment.get("FRESHCOAT_DEV_IDENTITY") and any(environment.get(name) for name in IN_AZURE):
        raise BadSettings("Remove FRESHCOAT_DEV_IDENTITY: it is for local runs only and lets everybody in.")
