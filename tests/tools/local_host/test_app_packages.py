"""Packages of the app have the same names as packages of this project, and are imported all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.local_host.running import RunningHost, spawn

FOLDERS = ("shared", "activities", "triggers", "orchestrators", "local", "tests", "tools", "bench")
_APP = """
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import azure.functions as func
{imports}

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="who")
def who(req: func.HttpRequest) -> str:
    import local.host
    return " ".join([{names}, local.host.WHOSE])


@app.route(route="child")
def child(req: func.HttpRequest) -> str:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(os.path.basename, "in/a/child").result()


@app.route(route="fails")
def fails(req: func.HttpRequest) -> str:
    raise LookupError("of the app")
"""


def _app(folder: Path, init: bool) -> Path:
    for name in FOLDERS:
        package = folder / name
        package.mkdir(parents=True)
        (package / "own.py").write_text(f"WHOSE = 'app.{name}'\n")
        if init:
            (package / "__init__.py").touch()
    (folder / "local" / "host").mkdir()
    (folder / "local" / "host" / "__init__.py").write_text("WHOSE = 'app.local.host'\n")
    imports = "\n".join(f"import {name}.own" for name in FOLDERS)
    names = ", ".join(f"{name}.own.WHOSE" for name in FOLDERS)
    (folder / "function_app.py").write_text(_APP.format(imports=imports, names=names))
    return folder


@pytest.fixture(scope="module", params=[True, False], ids=["with __init__.py", "without __init__.py"])
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    folder = tmp_path_factory.mktemp("own")
    host = RunningHost(spawn(_app(folder / "app", request.param), folder / "log"), folder / "log")
    yield host
    host.stop()


def test_an_app_loads_its_own_packages(own: RunningHost) -> None:
    answer = own.client.get("/api/who")
    assert answer.text.split() == [*(f"app.{name}" for name in FOLDERS), "app.local.host"]


def test_a_child_process_of_the_app_does_not_load_the_host(own: RunningHost) -> None:
    assert own.client.get("/api/child").text == "child"


def test_a_failure_of_the_app_is_answered_after_its_packages_took_the_names(own: RunningHost) -> None:
    assert own.client.get("/api/fails").status_code == 500
    assert own.client.get("/api/who").status_code == 200
