"""The Terraform example: what it would send is accepted by the app, as often as it is sent, and stays without drift."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.api.access import LimitsRequest
from shared.api.accounts import AccountRegistration
from shared.api.images import ImageRegistration
from shared.api.pools import PoolRegistration
from shared.models.policy import PolicyOverrides
from tests.examples.hcl import blocks, evaluated, load, parsed, typed
from tests.fixtures.app import App

FOLDER = Path(__file__).parents[2] / "examples/terraform"
ORDER = ("account", "limit", "image", "pool")
VALUES = parsed(load(FOLDER / "terraform.tfvars.example"))


@dataclass(frozen=True)
class Sent:
    """An object of the example: where it is, what is sent, and what is not watched."""

    name: str
    create: str
    read: str
    body: dict[str, Any]
    unwatched: frozenset[str]
    destroy: str


def objects(values: Mapping[str, Any]) -> list[Sent]:
    """All that the example makes, in the order of its dependencies."""
    types = {name: parsed(one["type"]) for name, one in blocks(FOLDER / "variables.tf", "variable").items()}
    resources = blocks(FOLDER / "main.tf", "resource", "restapi_object")
    found = []
    for kind in ORDER:
        resource = parsed({k: v for k, v in resources[kind].items() if k not in {"ignore_changes_to", "depends_on"}})
        variable = resource["for_each"].name.removeprefix("var.")
        for key, value in typed(types[variable], values[variable]).items():
            said = evaluated(
                {name: one for name, one in resource.items() if name != "for_each"},
                {"each": {"key": key, "value": value}},
            )
            unwatched = {name for name, one in value.items() if one is None}
            assert unwatched == set() or "ignore_changes_to" in resources[kind] or kind == "limit"
            found.append(
                Sent(
                    f"{kind} {key}",
                    said["create_path"],
                    f"{said['path']}/{said['object_id']}",
                    said["data"],
                    frozenset(unwatched) if kind != "limit" else frozenset(),
                    said.get("destroy_method", "DELETE"),
                )
            )
    return found


def contoso() -> App:
    """An Azure with what the example names."""
    app = App()
    for image in VALUES["images"].values():
        app.world.add_version("1.0.0", image["definition_id"].strip('"'))
    for pool in VALUES["pools"].values():
        app.world.add_pool(pool["host_pool_id"].strip('"'))
    return app


def send_all(app: App, values: Mapping[str, Any]) -> list[int]:
    answers = []
    for one in objects(values):
        reply = app.send("PUT", one.create, one.body)
        assert reply.status in {200, 201}, f"{one.name}: {reply.text}"
        answers.append(reply.status)
    return answers


def test_what_is_sent_creates_each_thing_once_and_changes_nothing_when_sent_again() -> None:
    app = contoso()
    assert set(send_all(app, VALUES)) == {201}
    assert set(send_all(app, VALUES)) == {200}


def test_what_is_read_back_is_what_was_sent_so_that_there_is_no_drift() -> None:
    app = contoso()
    send_all(app, VALUES)
    for one in objects(VALUES):
        shown = app.send("GET", one.read)
        assert shown.status == 200, shown.text
        assert not drift(one.body, shown.json, one.unwatched), one.name


def drift(sent: Mapping[str, Any], shown: Mapping[str, Any], unwatched: frozenset[str] = frozenset()) -> list[str]:
    """Fields that the provider would call changed: as `getDelta` in its internal/provider/delta_checker.go compares."""
    found = []
    for name, value in sent.items():
        if name in unwatched:
            continue
        if isinstance(value, dict):
            found += [f"{name}.{one}" for one in drift(value, shown.get(name) or {})]
        elif shown.get(name) != value:
            found.append(name)
    return found


def test_settings_that_are_taken_out_go_back_to_their_defaults() -> None:
    app = contoso()
    send_all(app, VALUES)
    before = app.send("GET", "/api/pools/contoso-office").json
    assert before["policy"]["canary_hosts"] == 2
    fewer = copy.deepcopy(VALUES)
    for name in ("policy", "time_zone"):
        del fewer["pools"]["contoso-office"][name]
    send_all(app, fewer)
    after = app.send("GET", "/api/pools/contoso-office").json
    assert after["policy"].get("canary_hosts") is None
    assert after["time_zone"] == "Europe/Amsterdam", "that of the account"


def test_every_setting_of_a_registration_can_be_given_or_is_named_as_left_out() -> None:
    left_out = {
        "account": {"scopes", "identity_client_id"},
        "limit": {"modes", "most_max_unavailable", "windows"},
        "image": {"active"},
        "pool": set[str](),
    }
    models = (AccountRegistration, LimitsRequest, ImageRegistration, PoolRegistration)
    sent = {one.name.partition(" ")[0]: one.body for one in objects(VALUES)}
    for kind, model in zip(ORDER, models, strict=True):
        assert set(model.model_fields) - set(sent[kind]) == left_out[kind], kind
    assert set(sent["pool"]["policy"]) == set(PolicyOverrides.model_fields)


def test_only_what_can_be_deleted_is_deleted() -> None:
    deleted = {one.name.partition(" ")[0] for one in objects(VALUES) if one.destroy == "DELETE"}
    assert deleted == {"limit", "pool"}


def test_versions_are_pinned_and_secrets_come_from_the_environment() -> None:
    versions = load(FOLDER / "versions.tf")
    provider = parsed(versions["terraform"][0]["required_providers"][0])["restapi"]
    assert re.fullmatch(r'"\d+\.\d+\.\d+"', provider["version"])
    secret = {name for name, one in blocks(FOLDER / "variables.tf", "variable").items() if one.get("sensitive")}
    assert secret == {"freshcoat_key", "freshcoat_token"}
    assert not secret & set(VALUES)
    assert "freshcoat.contoso.com" in VALUES["freshcoat_url"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.tf")), ids=lambda path: path.name)
def test_each_file_parses(path: Path) -> None:
    assert load(path)
