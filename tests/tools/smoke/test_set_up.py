"""What the app says of itself: a setting of a local run in Azure is found, and a local run is not blamed for it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.names import RELEASE
from tests.cli.app import App
from tests.tools.smoke.world import ENTRA, World, run
from tools.smoke.app_checks import set_up

DEVELOPMENT = {"kind": "development", "tenants": []}


@pytest.mark.parametrize(
    ("simulated", "auth", "local", "grades"),
    [
        (False, ENTRA, False, {"version": "pass", "sign-in": "pass"}),
        (True, ENTRA, False, {"version": "pass", "azure": "fail", "sign-in": "pass"}),
        (True, DEVELOPMENT, True, {"version": "pass", "sign-in": "pass"}),
        (False, DEVELOPMENT, False, {"version": "pass", "sign-in": "fail"}),
        (False, {"kind": "key"}, False, {"version": "pass", "sign-in": "warn"}),
    ],
)
def test_each_setting_is_judged_by_where_the_app_runs(
    simulated: bool, auth: dict[str, Any], local: bool, grades: dict[str, str]
) -> None:
    about = {"version": RELEASE, "simulated": simulated, "auth": auth}
    assert {check.name: check.grade for check in set_up(about, local)} == grades


@pytest.mark.parametrize(
    ("accounts", "told"), [(["*"], "all accounts"), (["contoso"], "accounts contoso"), ([], "accounts none")]
)
def test_whose_pools_were_checked_is_said(app: App, world: World, capsys: Any, accounts: list[str], told: str) -> None:
    world.me["accounts"] = accounts
    assert f"pass  me: ann may read, plan; {told}\n" in run(app, capsys)[1]
