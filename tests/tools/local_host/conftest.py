"""One host process for all tests that only send requests to it."""

from collections.abc import Iterator

import pytest

from tests.tools.local_host.running import RunningHost, app_copy, spawn


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A running host with the test app. Environment variables override its settings file."""
    folder = tmp_path_factory.mktemp("host")
    values = {
        "TICK_SCHEDULE": "* * * * * *",
        "PYTHON_THREADPOOL_THREAD_COUNT": "16",
        "FROM_FILE": "file",
        "FROM_BOTH": "file",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROM_BOTH", "environment")
        process = spawn(app_copy(folder / "app", values), folder / "log")
    running = RunningHost(process, folder / "log")
    yield running
    running.stop()
