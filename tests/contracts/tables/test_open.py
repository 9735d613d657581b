"""Opening the tables of the app, and what its callers see when the service does not answer."""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from local.stack.azurite import Azurite, connection_at
from local.stack.processes import free_port
from shared.core.errors import AzureBusy, AzureForbidden, StaleRow
from shared.core.settings import BadSettings, Settings
from shared.tables.open import Tables, open_tables
from tests.contracts.tables.lossy_proxy import LossyProxy, lossy
from tests.fixtures.table_records import (
    account,
    answer,
    capture_task,
    image,
    image_state,
    kept_disk,
    pool,
    promotion,
    rollout,
    rollout_host,
)
from tests.fixtures.unreliable_proxy import NONE, Trouble, UnreliableProxy

THREADS = 32
"""As many as a worker has."""


def test_every_table_keeps_its_records_under_its_keys(tables: Tables) -> None:
    assert tables.pools.add(pool()) == tables.pools.find("pool", "office")
    assert tables.rollouts.add(rollout()) == tables.rollouts.find("rollout", "8234567890123-1f0c")
    assert tables.hosts.add(rollout_host()) == tables.hosts.find("8234567890123-1f0c", "avd-0")
    assert tables.answers.add(answer("any/key at all")) == tables.answers.find("any/key at all", "any/key at all")
    assert tables.accounts.add(account()) == tables.accounts.find("account", "contoso")
    assert tables.images.add(image()) == tables.images.find("image", "win11")
    assert tables.versions.add(image_state()) == tables.versions.find("win11", "image")
    assert tables.tasks.add(capture_task()) == tables.tasks.find("task", "8234567890123-1f0c")
    assert tables.promotions.add(promotion()) == tables.promotions.find("promotion", "8234567890123-1f0c")
    assert tables.disks.add(kept_disk()) == tables.disks.find("office", kept_disk().key)
    assert tables.audit.all("2026-11") == []


def test_several_workers_open_the_tables_at_once(table_settings: Settings) -> None:
    prefix = f"t{uuid.uuid4().hex[:12]}"
    with ThreadPoolExecutor(6) as workers:
        opened = list(workers.map(lambda _: open_tables(table_settings, prefix=prefix), range(6)))
    opened[0].pools.add(pool())
    assert opened[5].pools.find("pool", "office") is not None


def test_tables_of_tests_are_separate(tables: Tables, table_settings: Settings) -> None:
    tables.pools.add(pool())
    assert open_tables(table_settings, prefix=f"t{uuid.uuid4().hex[:12]}").pools.all("pool") == []


def test_an_unreachable_service_is_busy(azurite: Azurite, table_settings: Settings) -> None:
    away = table_settings.tables_connection.replace(str(azurite.port), str(free_port()))
    with pytest.raises(AzureBusy, match="Accounts"):
        open_tables(Settings(tables_connection=away))


def test_a_wrong_account_key_is_forbidden(table_settings: Settings) -> None:
    wrong = table_settings.tables_connection.replace("AccountKey=E", "AccountKey=F")
    with pytest.raises(AzureForbidden):
        open_tables(Settings(tables_connection=wrong))


def test_an_invalid_connection_string_is_not_quoted() -> None:
    with pytest.raises(BadSettings) as refused:
        open_tables(Settings(tables_connection="AccountKey=secret"))
    assert "secret" not in str(refused.value)


def test_a_write_with_a_lost_response_is_not_repeated(azurite: Azurite, table_settings: Settings) -> None:
    with lossy(azurite.port) as line:
        tables = open_tables(_through(line, table_settings), prefix=f"t{uuid.uuid4().hex[:12]}")
        written = tables.pools.add(pool())
        line.losing = True
        with pytest.raises(AzureBusy):
            tables.pools.replace(written)
        with pytest.raises(AzureBusy):
            tables.pools.add(pool(name="other"))
        with pytest.raises(AzureBusy):
            tables.pools.write_many([pool(name="third")])
        assert line.seen == ["PUT", "POST", "POST"]
        line.losing = False
        assert len(tables.pools.all("pool")) == 3
        with pytest.raises(StaleRow):
            tables.pools.replace(written)


def test_a_read_with_a_lost_response_is_repeated(azurite: Azurite, table_settings: Settings) -> None:
    with lossy(azurite.port) as line:
        tables = open_tables(_through(line, table_settings), prefix=f"t{uuid.uuid4().hex[:12]}")
        line.losing = True
        with pytest.raises(AzureBusy):
            tables.pools.find("pool", "office")
        assert len(line.seen) > 1


def test_an_answer_that_breaks_off_counts_as_lost(azurite: Azurite) -> None:
    with closing(UnreliableProxy(azurite.port)) as line:
        settings = Settings(tables_connection=connection_at(line.port))
        tables = open_tables(settings, prefix=f"t{uuid.uuid4().hex[:12]}")
        written = tables.pools.add(pool())
        line.set(Trouble(tear=1))
        for call in (
            lambda: tables.pools.add(pool(name="other")),
            lambda: tables.pools.replace(written),
            lambda: tables.pools.write_many([pool(name="third")]),
            lambda: tables.pools.find("pool", "office"),
            lambda: tables.pools.all("pool"),
        ):
            with pytest.raises(AzureBusy):
                call()
        line.set(NONE)
        assert len(tables.pools.all("pool")) == 3


def test_many_threads_keep_their_connections(tables: Tables, caplog: pytest.LogCaptureFixture) -> None:
    together = Barrier(THREADS)

    def read(_: int) -> None:
        together.wait(30)
        for _ in range(3):
            tables.pools.find("pool", "office")

    with ThreadPoolExecutor(THREADS) as workers, caplog.at_level(logging.WARNING, "urllib3"):
        list(workers.map(read, range(THREADS)))
    assert "pool is full" not in caplog.text


def _through(line: LossyProxy, settings: Settings) -> Settings:
    port = str(line.server_address[1])
    return Settings(tables_connection=settings.tables_connection.replace(str(line.target), port))
