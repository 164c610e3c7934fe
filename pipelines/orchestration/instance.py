"""Dagster's own storage under TOUCHSTONE_HOME/dagster, named by dagster.yaml; nothing else belongs here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, event

from pipelines.state.home import Home

# A run writes to its own database and to the index of all; the web server reads several runs in turn.
_KEPT_DATABASES = 4


class HomeEventLog(SqliteEventLogStorage):
    """The event log with its databases kept open.

    As it comes, every event opens a database and compiles its SQL anew: 26 ms for each of a refresh's more than
    thousand events, against 2 to 9 ms here.
    """

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine, for_index_shard=shard == "index")
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether there is such a table; one that was there once stays, and is asked for at each check's result."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(engine, "connect", _sync_at_checkpoints)
            self._engines[shard] = engine
            while len(self._engines) > _KEPT_DATABASES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def dispose(self) -> None:
        """Close the databases."""
        super().dispose()
        while self._engines:
            self._engines.popitem()[1].dispose()


def _sync_at_checkpoints(connection: Any, _: object) -> None:
    """With a write-ahead log this loses at most the last events when the power fails, and never breaks the file."""
    connection.execute("pragma synchronous = normal")


class HomeStorage(DagsterSqliteStorage):
    """SQLite storage whose folder follows TOUCHSTONE_HOME.

    dagster.yaml can only name a fixed folder or a variable that must be set, while TOUCHSTONE_HOME has a default.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = HomeEventLog(f"{base_dir}/history/runs/")

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> HomeStorage:
        return cls(str(Home.from_environment().dagster), inst_data)
