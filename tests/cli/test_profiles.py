"""Which Freshcoat is meant, and where its key is kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from freshcoat_cli.config.profiles import Config, Profile, check_url, read_config, resolve, write_config
from freshcoat_cli.errors import CliError
from tests.cli.app import ABOUT, ME, Asked, Says, problem, serving
from tests.cli.app import run_here as run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    for name in ("FRESHCOAT_URL", "FRESHCOAT_PROFILE", "FRESHCOAT_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


PROD = Profile("prod", "https://prod.example", "entra", "json", "t", "c", "c/.default")
TEST = Profile("test", "https://test.example", "key")


def test_what_is_kept_is_read_again(folder: Path) -> None:
    config = Config().with_profile(PROD).with_profile(TEST)
    write_config(config)
    assert read_config() == config == Config("prod", {"prod": PROD, "test": TEST})
    assert stat.S_IMODE((folder / "config.toml").stat().st_mode) == 0o600


def test_a_flag_counts_more_than_a_variable_and_that_more_than_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(Config().with_profile(PROD).with_profile(TEST))
    assert resolve(url=None, profile=None) == PROD
    monkeypatch.setenv("FRESHCOAT_PROFILE", "test")
    assert resolve(url=None, profile=None) == TEST
    monkeypatch.setenv("FRESHCOAT_URL", "https://third.example")
    assert resolve(url=None, profile=None) == Profile("", "https://third.example")
    assert resolve(url=None, profile="prod") == PROD
    assert resolve(url="https://test.example", profile="prod").auth == "key"


def test_a_sign_in_is_not_used_for_another_address(folder: Path) -> None:
    write_config(Config().with_profile(TEST))
    found = resolve(url="https://elsewhere.example", profile="test")
    assert (found.url, found.auth) == ("https://elsewhere.example", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://prod.example",
        "ftp://prod.example",
        "https://me:pw@prod.example",
        "https://prod.example/other",
        "https://",
    ],
)
def test_an_address_to_which_no_key_may_go_is_refused(url: str) -> None:
    with pytest.raises(CliError) as refused:
        check_url(url)
    assert refused.value.code == 2


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("prod.example", "https://prod.example"),
        ("https://prod.example/api/", "https://prod.example"),
        ("http://localhost:7071", "http://localhost:7071"),
    ],
)
def test_an_address_may_be_written_as_people_do(given: str, url: str) -> None:
    assert check_url(given) == url


def test_a_configuration_that_cannot_be_read_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("default = [")
    ran = run(tmp_path, "pools")
    assert ran.code == 2
    assert str(tmp_path / "config.toml") in ran.err


def test_without_any_freshcoat_the_first_step_is_told(tmp_path: Path) -> None:
    ran = run(tmp_path, "pools")
    assert (ran.code, ran.out) == (2, "")
    assert "freshcoat login https://" in ran.err


def by_key(asked: Asked) -> Says:
    if asked.path.endswith("/about"):
        return Says(body=ABOUT | {"environment": "Contoso prod", "auth": {"kind": "key", "tenants": []}})
    if asked.headers.get("x-freshcoat-key") != "fck_right":
        return problem(401, "not-signed-in", "Not signed in", "The key is not valid.")
    return Says(body=ME | {"name": "key pipeline"})


def test_a_key_is_read_from_a_pipe_tried_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    with serving(by_key) as app:
        wrong = run(tmp_path, "login", app.url, given="fck_wrong\n")
        assert wrong.code == 4
        assert not (tmp_path / "keys.json").exists()
        right = run(tmp_path, "login", app.url, given="fck_right\n")
        assert right.code == 0, right.err
        assert "profile Contoso-prod" in right.err
        assert "fck_right" not in right.out + right.err + (tmp_path / "config.toml").read_text()
        assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
        assert run(tmp_path, "whoami", "-q").out == "key pipeline\n"
        assert run(tmp_path, "profile", "list", "-q").out == "Contoso-prod\n"
        assert run(tmp_path, "logout").code == 0
        assert "fck_right" not in (tmp_path / "keys.json").read_text()
        assert run(tmp_path, "whoami").code == 2
        assert run(tmp_path, "whoami", "--url", app.url).code == 4


def test_a_key_in_the_environment_needs_no_sign_in(tmp_path: Path) -> None:
    with serving(by_key) as app:
        ran = run(tmp_path, "whoami", "-q", FRESHCOAT_URL=app.url, FRESHCOAT_KEY="fck_right")
        assert (ran.code, ran.out) == (0, "key pipeline\n")
        assert app.of("GET", "/about") == []


def test_a_local_run_needs_no_proof(tmp_path: Path) -> None:
    with serving(lambda asked: Says(body=ABOUT if asked.path.endswith("/about") else ME)) as app:
        ran = run(tmp_path, "login", app.url)
        assert ran.code == 0, ran.err
        assert run(tmp_path, "whoami", "-q", FRESHCOAT_DEV_NAME="ann").out == "ann\n"
        assert app.of("GET", "/me")[-1].headers["x-dev-name"] == "ann"
