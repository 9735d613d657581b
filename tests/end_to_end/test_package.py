"""The package as it is deployed: it runs with no other file, and takes over a rollout that the last release began."""

from __future__ import annotations

# ruff: noqa: S603, S607 (our own commands)
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from local.stack.options import ROOT, StackOptions
from local.stack.processes import answers, free_port
from tests.end_to_end.conftest import Freshcoat, in_seconds
from tests.unit.tables import releases
from tools import package
from tools.package import Package

NEW_VERSION = "2.0.0"


def last_release() -> str:
    """The tag of the last release, or nothing where none is known. FRESHCOAT_LAST_RELEASE names another commit."""
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", "v*"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return os.environ.get("FRESHCOAT_LAST_RELEASE") or found.stdout.strip()


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package.make(out=tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="module")
def old(new: Package, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of the last release. Before the first one, the same package in another folder."""
    release = last_release()
    if not release:
        return new
    root = tmp_path_factory.mktemp("sources")
    archive = root / "sources.tar"
    subprocess.run(["git", "archive", "--output", archive, release], cwd=ROOT, check=True)
    shutil.unpack_archive(archive, root, filter="data")
    shutil.copytree(package.ROOT / "console" / "dist", root / "console" / "dist")
    return package.make(root, tmp_path_factory.mktemp("old"))


_READS = """
import json, sys
from types import SimpleNamespace
sys.path[:0] = sys.argv[1:]
from shared.tables import open as opening
opening.connect = lambda _: SimpleNamespace(create_table_if_not_exists=lambda name: SimpleNamespace(table_name=name))
rows = json.load(sys.stdin)
for table in vars(opening.open_tables(None)).values():
    for kind, codec in getattr(table._codec, "_codecs", {"": table._codec}).items():
        for row in rows[f"{table._name} {kind}".strip()]:
            codec.decode(row, "etag")
            print(table._name)
"""
"""Reads rows with the code of a package."""


def unpack(made: Package, folder: Path) -> None:
    with zipfile.ZipFile(made.zip) as zipped:
        zipped.extractall(folder)


def deploy(coming: Path, site: Path) -> None:
    """Put an unpacked package in the place of the one that is there, which is gone then."""
    former = site.with_name("former")
    site.rename(former)
    coming.rename(site)
    shutil.rmtree(former)


def await_answer(freshcoat: Freshcoat, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not answers(f"{freshcoat.options.app_url}/api/health"):
        assert time.monotonic() < end, freshcoat.host_log()
        time.sleep(0.1)


def test_the_package_takes_over_a_rollout_of_the_last_release(old: Package, new: Package, tmp_path: Path) -> None:
    site, coming = tmp_path / "site", tmp_path / "coming"
    unpack(old, site)
    unpack(new, coming)
    options = StackOptions(
        port=free_port(), sim_port=free_port(), hosts=1, speed=600, directory_override=tmp_path / "stack"
    )
    soon = {"FRESHCOAT_RESUME_AFTER": "4", "FRESHCOAT_RESUME_SCHEDULE": "*/2 * * * * *"}
    with Freshcoat(options, soon, app=site) as freshcoat:
        hosts = freshcoat.add_pool("deploys", 3, canary_hosts=1, max_in_flight=1, strategy="reimage")
        freshcoat.sim("POST", "/logon", {"host": hosts[2], "user": "ann@contoso.com"})  # so it cannot end meanwhile
        rollout = freshcoat.publish("deploys", {"mode": "on_logoff", "deadline": in_seconds(3600)})
        freshcoat.follow(rollout, lambda view: view["counts"].get("done", 0) >= 1)

        deploy(coming, site)  # as in Azure: the code is another, the engine has its histories still
        freshcoat.kill_workers(site)
        await_answer(freshcoat)
        freshcoat.follow(rollout, lambda view: view["counts"].get("done", 0) >= 2)
        engine = freshcoat.http.get(f"{options.app_url}/runtime/webhooks/durabletask/instances").json()
        mine = {found["instanceId"]: found["runtimeStatus"] for found in engine if rollout in found["instanceId"]}
        assert "Running" in mine.values()
        assert set(mine.values()) <= {"Running", "Completed"}, mine

        freshcoat.kill_host()  # and now the histories are lost too: the tables are enough
        freshcoat.sim("POST", "/logoff", {"host": hosts[2], "user": "ann@contoso.com"})
        freshcoat.await_host(freshcoat.start_host())
        assert freshcoat.finish(rollout)["state"] == "succeeded"
        assert {host["version"] for host in freshcoat.azure("deploys").values()} == {NEW_VERSION}
        assert freshcoat.violations("deploys") == []
        calls = freshcoat.sim("GET", "/calls")["by_host"]
        assert {host: calls[host]["reimage"] for host in hosts} == dict.fromkeys(hosts, 1)
        page = freshcoat.http.get(f"{options.app_url}/console/")
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_the_last_release_reads_rows_of_this_one(old: Package) -> None:
    """Both may run at once, and a deployment may be taken back."""
    rows = releases.today()["rows"]
    command = [sys.executable, "-I", "-S", "-c", _READS, old.folder, old.folder / package.PACKAGES]
    read = subprocess.run(command, input=json.dumps(rows), capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    assert len(set(read.stdout.split())) > 15


def test_nothing_is_deployed_that_only_people_on_their_machines_need(new: Package) -> None:
    with zipfile.ZipFile(new.zip) as zipped:
        names = zipped.namelist()
    tops = {name.partition("/")[0] for name in names}
    folders = {folder.partition("/")[0] for folder in package.FOLDERS}
    assert tops == {*package.FILES, *folders, ".python_packages", "__pycache__"}
    assert not [name for name in names if name.startswith("console/") and not name.startswith("console/dist/")]
    brought = {name.split("/")[3] for name in names if name.startswith(".python_packages")}
    assert "durabletask" in brought
    assert not {"pytest", "mypy", "uvicorn", "starlette", "rich", "typer"} & brought
    assert not [name for name in names if name.endswith((".dll", ".pyd", ".dylib"))]
    hidden = {name.partition(".")[0] for name in brought} & sys.stdlib_module_names
    assert not hidden, "these would hide Python's own"
    secret = re.compile(r"(^|/)(\.env|.*settings.*\.json|.*\.(pem|key|pfx))$")
    public = ("certifi/cacert.pem", "grpc/_cython/_credentials/roots.pem")
    found = {name for name in names if secret.search(name)}
    assert found == {f"{package.PACKAGES.as_posix()}/{name}" for name in public}


def test_compiled_code_is_for_linux_on_x86_64_and_python_3_13(new: Package) -> None:
    libraries = [path for path in new.folder.rglob("*") if re.search(r"\.so(\.|$)", path.name)]
    assert len(libraries) > 10
    for path in libraries:
        with path.open("rb") as library:
            start = library.read(20)
        assert (start[:6], start[18:20]) == (b"\x7fELF\x02\x01", b"\x3e\0"), f"{path} is no program for x86-64"
        of_python = re.search(r"\.cpython-(\d+)", path.name)
        assert of_python is None or of_python[1] == "313", path
