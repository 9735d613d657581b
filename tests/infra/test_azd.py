"""azure.yaml: what azd runs and deploys is there, under the names that it is called by."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.core.names import RELEASE
from tests.infra.templates import Template, text
from tools.package import main as package_main

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text())
OUTPUTS = Template("main.bicep").outputs


def test_the_template_is_where_azd_looks() -> None:
    infra = PROJECT["infra"]
    assert (ROOT / infra["path"] / f"{infra['module']}.bicep").exists()
    assert (ROOT / infra["path"] / f"{infra['module']}.bicepparam").exists()


def test_the_service_is_found_by_the_tag_of_its_app() -> None:
    (service,) = PROJECT["services"]
    app = next(found for found in Template("modules/app.bicep").declared("resource") if found.symbol == "app")
    assert f"'azd-service-name': '{service}'" in text(app["tags"])
    assert PROJECT["services"][service]["host"] == "function"


def test_the_package_is_deployed_as_it_was_made() -> None:
    """azd's own build in Azure takes an older Python."""
    assert PROJECT["services"]["api"]["remoteBuild"] is False
    steps = [step["azd"] for step in PROJECT["workflows"]["up"]["steps"]]
    assert steps == ["provision", f"deploy api --from-package dist/freshcoat-{RELEASE}.zip"]
    assert PROJECT["hooks"]["predeploy"]["posix"]["run"] == "sh infra/scripts/before_deploy.sh"


def test_az_is_told_not_to_build_the_package_anew() -> None:
    """For Python on Flex Consumption `az` builds in Azure unless told otherwise (`enable_zip_deploy_flex` of 2.91)."""
    said = [
        line for page in (ROOT / "docs").rglob("*.md") for line in page.read_text().splitlines() if "config-zip" in line
    ]
    assert said
    assert [line for line in said if "--build-remote false" not in line] == []


def test_azd_never_packs_the_folder_itself() -> None:
    """Without the packages of the app, what it deploys would not start."""
    refusal = PROJECT["services"]["api"]["hooks"]["prepackage"]["posix"]["run"]
    assert refusal.rstrip().endswith("exit 1")
    assert f"azd deploy api --from-package dist/freshcoat-{RELEASE}.zip" in refusal


def test_the_packager_knows_the_engine_that_the_script_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        package_main(["--help"])
    assert "--engine {storage,scheduler}" in capsys.readouterr().out
    assert 'make package ARGS="--engine scheduler"' in (ROOT / "infra/scripts/before_deploy.sh").read_text()


def test_each_hook_runs_the_script_that_is_called_like_it() -> None:
    """`preprovision` runs before_provision.sh, and no script that is meant for a moment is forgotten."""
    when = {"pre": "before", "post": "after"}
    hooks = {hook["posix"]["run"] for hook in PROJECT["hooks"].values()}
    named = [re.fullmatch(r"(pre|post)(\w+)", name) for name in PROJECT["hooks"]]
    assert hooks == {f"sh infra/scripts/{when[name[1]]}_{name[2]}.sh" for name in named if name}
    moments = {path.name for path in (ROOT / "infra/scripts").glob("*.sh") if path.name.startswith(("before", "after"))}
    assert hooks == {f"sh infra/scripts/{name}" for name in moments}


def test_scripts_read_only_what_azd_or_the_template_gives() -> None:
    scripts = "".join(path.read_text() for path in (ROOT / "infra/scripts").glob("*.sh"))
    assert {"FRESHCOAT_VAULT", "FRESHCOAT_IDENTITY_PRINCIPAL", "FRESHCOAT_CLIENT_ID", "FRESHCOAT_URL"} <= OUTPUTS
    read = set(re.findall(r"\$\{?(FRESHCOAT_\w+)", scripts))
    assert read <= OUTPUTS
