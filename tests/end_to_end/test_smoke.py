"""`make smoke` against the running stack: all is well, a right is missing, and one host gets a version."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Freshcoat
from tests.end_to_end.test_preflight import REIMAGE, denied
from tools.smoke import canary, run
from tools.smoke.__main__ import main


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No profile and no key of whoever runs the tests."""
    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    for name in ("FRESHCOAT_KEY", "FRESHCOAT_PROFILE", "FRESHCOAT_URL"):
        monkeypatch.delenv(name, raising=False)


def smoke(freshcoat: Freshcoat, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = main(["--url", freshcoat.options.app_url, "--pool", "smoke", "--every", "0.5", *more])
    return code, capsys.readouterr().out


def test_the_checks_pass_name_a_missing_right_and_update_one_host(
    freshcoat: Freshcoat, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = freshcoat.add_pool("smoke", 2)[:2]
    freshcoat.sim("POST", "/logon", {"host": second, "user": "ann@contoso.com"})
    with denied(freshcoat, REIMAGE):
        code, said = smoke(freshcoat, capsys)
        assert code == 1
        assert f"fail  pool smoke: rights: the app's identity lacks the right {REIMAGE}" in said, said
    code, said = smoke(freshcoat, capsys)
    assert "fail  pool smoke" not in said, said
    assert "pass  tables: the app reads them" in said
    assert "rights, " in said
    assert freshcoat.get("/rollouts?pool=smoke")["items"] == []

    code, said = smoke(freshcoat, capsys, "--host", second, "--version", "2.0.0")
    assert f"fail  canary {second}: users are on it (sessions: 1), so it was left alone" in said, said
    code, said = smoke(freshcoat, capsys, "--host", first, "--version", "2.0.0")
    assert f"pass  canary {first}: it was updated to 2.0.0" in said, said
    versions = {name: host["version"] for name, host in freshcoat.azure("smoke").items()}
    assert versions == {first: "2.0.0", second: "1.0.0"}
    assert freshcoat.violations("smoke") == []


def test_nobody_is_signed_out_by_the_canary_and_an_interrupted_one_leaves_no_rollout(
    freshcoat: Freshcoat, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = freshcoat.add_pool("smoke-stopped", 2)[:2]
    freshcoat.sim("POST", "/logon", {"host": second, "user": "ann@contoso.com"})
    pool = ["--pool", "smoke-stopped", "--every", "0.5", "--version", "2.0.0"]

    with monkeypatch.context() as patched:
        patched.setattr(canary, "_unfit", lambda *_: "")  # she signed in after the look at the host
        assert main(["--url", freshcoat.options.app_url, *pool, "--host", second]) == 1
    said = capsys.readouterr().out
    assert f"fail  canary {second}: The plan has changed. 1 person would be signed out" in said, said
    assert freshcoat.get("/rollouts?pool=smoke-stopped")["items"] == []

    with monkeypatch.context() as patched:
        patched.setattr(run, "update_one", partial(canary.update_one, wait=interrupted))
        assert main(["--url", freshcoat.options.app_url, *pool, "--host", first]) == 130
    said = capsys.readouterr().out
    assert f"fail  canary {first}: it was interrupted, so its rollout was cancelled" in said, said
    (rollout,) = freshcoat.get("/rollouts?pool=smoke-stopped")["items"]
    assert rollout["state"] in {"cancelling", "cancelled"}, "a host in work is finished"
    assert freshcoat.violations("smoke-stopped") == []


def interrupted(_: float) -> None:
    raise KeyboardInterrupt
