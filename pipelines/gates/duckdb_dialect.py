"""SQLAlchemy over a live DuckDB connection, for Great Expectations.

Great Expectations does not run on DuckDB with any published SQLAlchemy dialect: it reads results after the pooled
connection was given back, and a second connection in the pool makes later `duckdb.connect` calls fail. This dialect
opens no connection. It lends the caller's, buffers every result and reflects columns from `duckdb_columns()`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, default
from sqlalchemy.engine.interfaces import ConnectArgsType, ReflectedColumn, ReflectedPrimaryKeyConstraint
from sqlalchemy.pool import NullPool, Pool
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.types import TypeEngine

from pipelines.errors import TouchstoneError

DIALECT = "touchstone_duckdb"

_lent: dict[str, duckdb.DuckDBPyConnection] = {}


class BufferedCursor:
    """A DB-API cursor that fetches all rows at once, since DuckDB's next statement would drop them."""

    arraysize = 1
    rowcount = -1
    lastrowid = None

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0
        self.description: Sequence[Any] | None = None

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        result = self._connection.execute(statement, list(parameters))
        self.description = result.description
        self._rows = result.fetchall() if self.description else []
        self._next = 0

    def fetchone(self) -> tuple[Any, ...] | None:
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        start, self._next = self._next, self._next + (size or self.arraysize)
        return self._rows[start : self._next]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows) + 1)

    def close(self) -> None:
        self._rows = []


class LentConnection:
    """A DB-API connection over the caller's, who alone closes it and ends its transactions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def cursor(self) -> BufferedCursor:
        return BufferedCursor(self._connection)

    def commit(self) -> None:
        """Nothing: a gate only reads."""

    def rollback(self) -> None:
        """Nothing: DuckDB refuses a rollback without a transaction."""

    def close(self) -> None:
        """Nothing: the caller closes it."""


class _Preparer(IdentifierPreparer):
    """Quotes a schema given with its database, such as `work.lake`, part by part."""

    def quote_schema(self, schema: str, force: Any = None) -> str:
        return ".".join(self.quote(part) for part in schema.split("."))


def column_type(duckdb_type: str) -> TypeEngine[Any]:
    """The SQLAlchemy type of a DuckDB column type; types that no expectation compares by value are NullType."""
    name = duckdb_type.split("(", 1)[0].upper()
    if duckdb_type.endswith("]"):
        return sa.types.NullType()
    types: dict[str, TypeEngine[Any]] = {
        "VARCHAR": sa.String(),
        "ENUM": sa.String(),
        "UUID": sa.String(),
        "BOOLEAN": sa.Boolean(),
        "DATE": sa.Date(),
        "TIME": sa.Time(),
        "TIMESTAMP": sa.DateTime(),
        "TIMESTAMP WITH TIME ZONE": sa.DateTime(timezone=True),
        "FLOAT": sa.Float(),
        "DOUBLE": sa.Double(),
        "DECIMAL": sa.Numeric(),
        "BLOB": sa.LargeBinary(),
    }
    integers = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
    if name in integers or name.removeprefix("U") in integers:
        return sa.BigInteger()
    return types.get(name, sa.types.NullType())


class LiveDuckDBDialect(default.DefaultDialect):
    """SQLAlchemy over a connection lent under a token: `touchstone_duckdb://<token>`."""

    name = DIALECT
    driver = "live"
    default_paramstyle = "qmark"
    preparer = _Preparer
    supports_statement_cache = True
    supports_native_boolean = True
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False

    @classmethod
    def import_dbapi(cls) -> Any:
        return duckdb

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return NullPool

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        return (), {"token": url.host}

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        try:
            return LentConnection(_lent[cparams["token"]])
        except KeyError:
            raise TouchstoneError(
                "the DuckDB connection was lent to a gate that has ended; run the gate again"
            ) from None

    def do_rollback(self, dbapi_connection: Any) -> None:
        dbapi_connection.rollback()

    def _get_default_schema_name(self, connection: Connection) -> str:
        return str(connection.exec_driver_sql("select current_schema()").scalar_one())

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:
        return tuple(int(part) for part in duckdb.__version__.split(".")[:2])

    def _columns(self, connection: Connection, table_name: str, schema: str | None) -> list[tuple[str, str, bool]]:
        database, _, name = (schema or self.default_schema_name or "main").rpartition(".")
        rows = connection.exec_driver_sql(
            "select column_name, data_type, is_nullable from duckdb_columns()"
            " where database_name = coalesce(nullif(?, ''), current_database())"
            " and schema_name = ? and table_name = ? order by column_index",
            (database, name, table_name),
        )
        return [(str(row[0]), str(row[1]), bool(row[2])) for row in rows]

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedColumn]:
        columns = self._columns(connection, table_name, schema)
        if not columns:
            raise sa.exc.NoSuchTableError(f"{schema}.{table_name}" if schema else table_name)
        return [
            {"name": name, "type": column_type(type_), "nullable": nullable, "default": None}
            for name, type_, nullable in columns
        ]

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        return bool(self._columns(connection, table_name, schema))

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> ReflectedPrimaryKeyConstraint:
        return {"constrained_columns": [], "name": None}


sa.dialects.registry.register(DIALECT, __name__, LiveDuckDBDialect.__name__)


@contextmanager
def lent(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Lend a live connection for the block; yields the token under which the dialect finds it."""
    token = f"c{secrets.token_hex(8)}"
    _lent[token] = connection
    try:
        yield token
    finally:
        del _lent[token]
