"""What the app says of itself: a setting of a local run in Azure is found, and a local run is not blamed for it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shared.core.names import RELEASE
from tests.cli.app import App, Says, problem
from tests.tools.smoke.world import ENTRA, World, pool, run
from tools.smoke.app_checks import set_up
from tools.smoke.pool_checks import SILENT_POOLS

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


@pytest.mark.parametrize(("simulated", "answered"), [(False, {23, 33, 77}), (True, {77})])
def test_only_real_azure_answers_a_part_of_what_people_must_try(
    app: App, world: World, capsys: Any, simulated: bool, answered: set[int]
) -> None:
    world.about["simulated"] = simulated
    said = run(app, capsys, "--checklist")[1]
    assert {int(number) for number in re.findall(r"^\[~\] (\d+)\.", said, re.MULTILINE)} == answered


def test_a_pool_without_a_version_and_one_that_is_changing_are_no_failures(app: App, world: World, capsys: Any) -> None:
    unknown = problem(409, "conflict", "Conflict", "The image has no active version.")
    world.pools = [pool("new", version=None), pool("busy")]
    world.instead = lambda asked: unknown if asked.path.endswith("pools/new/image") else None
    world.plan = lambda _: problem(409, "conflict", "Conflict", "Others change the pool.")
    code, said = run(app, capsys)
    assert code == 0
    assert "warn  pool new: it has no version yet, so no plan was made. Conflict" in said
    assert "warn  pool busy: no plan can be made. Conflict. Others change the pool" in said


def test_a_pool_whose_version_nobody_answers_for_counts_as_silent(app: App, world: World, capsys: Any) -> None:
    world.pools = [pool(f"p-{number}", version=None) for number in range(9)]
    down = Says(503, {}, {"Retry-After": "0"})
    world.instead = lambda asked: down if asked.path.endswith("/image") else None
    code, said = run(app, capsys)
    assert (code, f"fail  pools: {9 - SILENT_POOLS} were not checked" in said) == (1, True), said
