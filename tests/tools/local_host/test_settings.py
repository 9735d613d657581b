"""host.json and local.settings.json: comments, overrides by settings, and refusals in one line."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from local.host.json_files import SettingsError
from local.host.settings import load_host_settings, load_local_settings
from tests.tools.local_host.running import spawn

_DURABLE = "extensions.durableTask"
BAD_HOST_FILES = {
    "{": "host.json is not valid JSON",
    "[]": "host.json must contain a JSON object",
    '{"extensions": {}}': 'host.json needs "version": "2.0"',
    '{"version": "1.0"}': 'host.json needs "version": "2.0"',
    '{"version": "2.0", "extensions": []}': "host.json: extensions must be an object",
    '{"version": "2.0", "extensions": {"http": 3}}': "host.json: extensions.http must be an object",
    '{"version": "2.0", "extensions": {"durableTask": "x"}}': f"host.json: {_DURABLE} must be an object",
    '{"version": "2.0", "extensions": {"http": {"routePrefix": {}}}}': "extensions.http.routePrefix must be a text",
    '{"version": "2.0", "extensions": {"durableTask": {"maxConcurrentActivityFunctions": "ten"}}}': (
        f"host.json: {_DURABLE}.maxConcurrentActivityFunctions is 'ten'; use a whole number from 1"
    ),
    '{"version": "2.0", "extensions": {"durableTask": {"maxConcurrentOrchestratorFunctions": 0}}}': (
        f"host.json: {_DURABLE}.maxConcurrentOrchestratorFunctions is '0'; use a whole number from 1"
    ),
}
BAD_LOCAL_FILES = {
    "[1]": "local.settings.json must contain a JSON object",
    '{"Values": []}': "local.settings.json: Values must be an object",
    '{"Values": {"A": {"b": 1}}}': "local.settings.json: Values.A must be a text",
    '{"Values": {"A=B": "1"}}': "local.settings.json: 'A=B' cannot be the name of a setting",
    '{"IsEncrypted": true, "Values": {}}': "local.settings.json is encrypted; run 'func settings decrypt' first",
}
_COMMENTED = """{
  // the version of the file, not of the runtime
  "version": "2.0", /* "version": "1.0", */
  "extensions": {
    "http": {"routePrefix": "v1 // no comment",},
    "durableTask": {"hubName": "a/*b*/", "maxConcurrentActivityFunctions": 7},
  },
}
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a settings file adds to the environment is taken away again."""
    with monkeypatch.context() as patch:
        for name in ("FROM_COMMENTED", "GIVEN", "NUMBER", "NOTHING"):
            patch.setenv(name, "")
            patch.delenv(name)
        yield


def test_comments_and_trailing_commas_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "host.json").write_text(_COMMENTED)
    (tmp_path / "local.settings.json").write_text('{"Values": {\n// mine\n"FROM_COMMENTED": "http://a/b" /* c */,}}')
    settings = load_host_settings(tmp_path)
    assert (settings.route_prefix, settings.hub_name, settings.max_activities) == ("v1 // no comment", "a/*b*/", 7)
    load_local_settings(tmp_path)
    assert os.environ["FROM_COMMENTED"] == "http://a/b"


@pytest.mark.parametrize("name", ["AzureFunctionsJobHost__{}", "AzureFunctionsJobHost:{}", "azurefunctionsjobhost__{}"])
def test_settings_override_host_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "host.json").write_text(_COMMENTED)
    monkeypatch.setenv(name.format("extensions__http__routePrefix"), "v2")
    monkeypatch.setenv(name.format("Extensions__DurableTask__MaxConcurrentActivityFunctions"), "3")
    monkeypatch.setenv(name.format("extensions__durableTask__hubName"), "Other")
    settings = load_host_settings(tmp_path)
    assert (settings.route_prefix, settings.hub_name, settings.max_activities) == ("v2", "Other", 3)


@pytest.mark.parametrize("content", BAD_HOST_FILES)
def test_a_bad_host_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "host.json").write_text(content)
    with pytest.raises(SettingsError) as refused:
        load_host_settings(tmp_path)
    assert BAD_HOST_FILES[content] in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bad_override_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions"
    monkeypatch.setenv(name, "many")
    with pytest.raises(SettingsError, match=f"{name} is 'many'; use a whole number from 1"):
        load_host_settings(tmp_path)


@pytest.mark.parametrize("content", BAD_LOCAL_FILES)
def test_a_bad_local_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "local.settings.json").write_text(content)
    with pytest.raises(SettingsError) as refused:
        load_local_settings(tmp_path)
    assert BAD_LOCAL_FILES[content] in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"host\.json is not valid JSON"):
        load_host_settings(tmp_path)
    (tmp_path / "local.settings.json").mkdir()
    with pytest.raises(SettingsError, match=r"local\.settings\.json cannot be read"):
        load_local_settings(tmp_path)


def test_values_are_texts_numbers_and_flags(tmp_path: Path) -> None:
    values = {"GIVEN": True, "NUMBER": 7, "NOTHING": None}
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}))
    load_local_settings(tmp_path)
    assert (os.environ["GIVEN"], os.environ["NUMBER"], os.environ.get("NOTHING")) == ("true", "7", None)


@pytest.mark.parametrize(("folder", "reason"), [("nowhere", "does not exist"), ("file", "is not a folder")])
def test_a_missing_folder_is_one_line(tmp_path: Path, folder: str, reason: str) -> None:
    (tmp_path / "file").touch()
    process = spawn(tmp_path / folder, tmp_path / "log")
    assert process.wait(timeout=20) == 1
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line == f"error: the app folder {tmp_path / folder} {reason}"


def test_ended_instances_are_kept_for_a_day_or_as_long_as_a_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_host_settings(tmp_path).keep_ended == timedelta(days=1)
    monkeypatch.setenv("LOCAL_HOST_KEEP_ENDED_HOURS", "72")
    assert load_host_settings(tmp_path).keep_ended == timedelta(days=3)


@pytest.mark.parametrize("hours", ["0", "23", "1.5", "never"])
def test_ended_instances_are_kept_at_least_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: str) -> None:
    monkeypatch.setenv("LOCAL_HOST_KEEP_ENDED_HOURS", hours)
    with pytest.raises(SettingsError, match=f"LOCAL_HOST_KEEP_ENDED_HOURS is '{hours}'; use a number from 24"):
        load_host_settings(tmp_path)
