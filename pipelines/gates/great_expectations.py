"""Great Expectations on a live DuckDB connection.

No published SQLAlchemy dialect lets Great Expectations run on DuckDB: it reads results after the pooled connection was
given back, and a pooled second connection makes later `duckdb.connect` calls fail. The dialect here opens nothing. It
lends the caller's one connection, buffers every result and reflects columns from `duckdb_columns()`.

Two expectations are added. Great Expectations has no regular expressions for this dialect, and its own
UnexpectedRowsExpectation runs a query twice, fetches every failing row and takes braces and colons in SQL for its own.

Importing this module imports Great Expectations (about ten seconds): import it inside the function that runs a gate.
"""

from __future__ import annotations

import os
import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import duckdb
import sqlalchemy as sa
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.data_context.context_factory import project_manager
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import ExpectCompoundColumnsToBeUnique
from great_expectations.expectations.expectation import BatchExpectation, ColumnMapExpectation, Expectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from sqlalchemy.engine import URL, Connection, default
from sqlalchemy.engine.interfaces import ConnectArgsType, ReflectedColumn, ReflectedPrimaryKeyConstraint
from sqlalchemy.pool import NullPool, Pool
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.types import TypeEngine

from pipelines.errors import TouchstoneError

# Read once, while great_expectations is imported; without it the first context posts to an analytics host.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

DIALECT = "touchstone_duckdb"


class CheckCannotRun(TouchstoneError):
    """A check ended in an exception instead of a verdict: a fault of the declaration or of the data's shape."""


@dataclass(frozen=True)
class Outcome:
    """What one expectation found: rows looked at, rows or values that failed, and the first failing row if known."""

    passed: bool
    n_rows: int | None = None
    n_failed: int | None = None
    example: dict[str, object] = field(default_factory=dict)


_lent: dict[str, duckdb.DuckDBPyConnection] = {}


class BufferedCursor:
    """A DB-API cursor whose rows are read to the end at once, as DuckDB asks before its next statement."""

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
    """A DB-API connection over the caller's; ending it, or a transaction, is the caller's business alone."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def cursor(self) -> BufferedCursor:
        return BufferedCursor(self._connection)

    def commit(self) -> None:
        """Nothing: a gate only reads."""

    def rollback(self) -> None:
        """Nothing: DuckDB refuses a rollback where no transaction was begun."""

    def close(self) -> None:
        """Nothing: the caller closes what the caller opened."""


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


class ColumnValuesMatchWhole(ColumnMapMetricProvider):
    """Counts the values that a regular expression does not match from end to end, fused into the batch's one scan."""

    condition_metric_name = "column_values.match_whole"
    condition_value_keys = ("pattern",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, pattern: str, **kwargs: Any) -> Any:
        return sa.func.regexp_full_match(column, pattern)


class ExpectColumnValuesToMatchWhole(ColumnMapExpectation):
    """Every value, null apart, is matched from end to end by an RE2 pattern."""

    pattern: str

    map_metric: ClassVar[str] = "column_values.match_whole"
    success_keys: ClassVar[tuple[str, ...]] = ("pattern", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "pattern")


class FailingRows(TableMetricProvider):
    """(number of rows that a query returns, the smallest of them): one pass, one row back, the text passed on as is."""

    metric_name = "query.failing_rows"
    value_keys = ("query", "parameters")

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[int, dict[str, object]]:
        statement = f"select count(*), min(failing) from (\n{metric_value_kwargs['query']}\n) as failing"
        with execution_engine.get_connection() as connection:
            parameters = tuple(metric_value_kwargs["parameters"])
            n_failed, example = connection.exec_driver_sql(statement, parameters).one()
        return int(n_failed), dict(example or {})


class ExpectFailingRowsAtMost(BatchExpectation):
    """A query, each of whose rows is a failure, returns at most `max_share` of the batch's rows.

    `query` may hold `?` for `parameters`. Nothing in it is substituted, so braces, colons and percent signs are SQL.
    """

    query: str
    parameters: tuple[Any, ...] = ()
    max_share: float = 0.0

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.failing_rows", "table.row_count")
    success_keys: ClassVar[tuple[str, ...]] = ("query", "parameters", "max_share")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        n_failed, example = metrics["query.failing_rows"]
        n_rows = metrics["table.row_count"]
        return {
            "success": n_failed <= self.max_share * n_rows,
            "result": {"element_count": n_rows, "unexpected_count": n_failed, "example": example},
        }


class _UnsavedContext(EphemeralDataContext):
    """A context that is not written out as YAML each time it learns of a table, a fifth of what a gate cost."""

    def _save_project_config(self) -> None:
        """Nothing reads what would be saved: the context ends with its process."""


@lru_cache(maxsize=1)
def _context() -> EphemeralDataContext:
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = _UnsavedContext(project_config=DataContextConfig(store_backend_defaults=stores))
    project_manager.set_project(context)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


@contextmanager
def datasource(connection: duckdb.DuckDBPyConnection) -> Iterator[SQLDatasource]:
    """Lend a live connection to Great Expectations for the block; it stays open, and the caller's, afterwards."""
    token = f"c{secrets.token_hex(8)}"
    _lent[token] = connection
    try:
        yield _context().data_sources.add_sql(
            name=token, connection_string=f"{DIALECT}://{token}", create_temp_table=False
        )
    finally:
        _context().data_sources.delete(token)
        del _lent[token]


def validate(
    source: SQLDatasource,
    table: str,
    expectations: Sequence[Expectation],
    *,
    schema: str = "lake",
    names: Sequence[str] | None = None,
) -> list[Outcome]:
    """Run expectations over one table or view as one batch; the outcomes come in the order of the expectations.

    `schema` may name its database too, such as `work.lake`; `names` are told in errors. Raises CheckCannotRun where an
    expectation, or the table, gives no verdict.
    """
    try:
        with warnings.catch_warnings():
            # Its successor, a schema in the connection's configuration, exists for a few other databases only.
            warnings.filterwarnings("ignore", "`schema_name` is deprecated", DeprecationWarning)
            asset = source.add_table_asset(name=secrets.token_hex(8), table_name=table, schema_name=schema)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
    except Exception as error:
        raise CheckCannotRun(f"{schema}.{table}: not readable by the gate: {_first_line(error)}") from error

    def run(chosen: list[int], result_format: str) -> dict[int, ExpectationValidationResult]:
        marked = [expectations[index].copy(update={"meta": {"index": index}}) for index in chosen]
        if not marked:
            return {}
        suite = ExpectationSuite(name=secrets.token_hex(8), expectations=marked)
        found = batch.validate(suite, result_format={"result_format": result_format, "partial_unexpected_count": 1})
        return {_index(result): result for result in found.results}

    # Counting the rows of duplicated keys groups the whole table once more: only for those that do fail.
    keys = [n for n, expectation in enumerate(expectations) if isinstance(expectation, ExpectCompoundColumnsToBeUnique)]
    results = run([n for n in range(len(expectations)) if n not in keys], "BASIC") | run(keys, "BOOLEAN_ONLY")
    results |= run([n for n in keys if not results[n].success and not _exceptions(results[n])], "BASIC")
    told = names or [type(expectation).__name__ for expectation in expectations]
    return [_outcome(results[n], f"{schema}.{table}: {told[n]}") for n in range(len(expectations))]


def _index(result: ExpectationValidationResult) -> int:
    configuration = result.expectation_config
    if configuration is None or configuration.meta is None:
        raise CheckCannotRun(
            "great_expectations returned a result without its expectation; reinstall the locked version"
        )
    return int(configuration.meta["index"])


def _exceptions(result: ExpectationValidationResult) -> list[str]:
    """Messages of the exceptions that a result carries, which is one mapping or one mapping per metric."""
    info = result.exception_info or {}
    several = [info] if "raised_exception" in info else [item for item in info.values() if isinstance(item, dict)]
    return [str(item.get("exception_message")) for item in several if item.get("raised_exception")]


def _outcome(result: ExpectationValidationResult, check: str) -> Outcome:
    raised = _exceptions(result)
    if raised:
        raise CheckCannotRun(f"{check} could not run: {_first_line(raised[0])}")
    found = result.result or {}
    if "element_count" not in found:
        observed = found.get("observed_value")
        missing = found.get("details", {}).get("mismatched", {}).get("missing", [])
        details: dict[str, object] = {"missing": ", ".join(missing)} if missing else {}
        return Outcome(bool(result.success), observed if isinstance(observed, int) else None, None, details)
    example = found.get("example") or _example(found.get("partial_unexpected_list"))
    return Outcome(bool(result.success), found["element_count"], found.get("unexpected_count"), example)


def _example(values: list[Any] | None) -> dict[str, object]:
    if not values:
        return {}
    return dict(values[0]) if isinstance(values[0], dict) else {"value": values[0]}


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
