"""Great Expectations on a live DuckDB connection: a datasource over it, and the validation of one table.

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
from typing import Any

import duckdb
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
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import ExpectCompoundColumnsToBeUnique
from great_expectations.expectations.expectation import Expectation

from pipelines.errors import TouchstoneError, first_line
from pipelines.gates.duckdb_dialect import DIALECT, lent

# Read once, while great_expectations is imported; without it the first context posts to an analytics host.
os.environ["GX_ANALYTICS_ENABLED"] = "false"


class CheckCannotRun(TouchstoneError):
    """A check ended in an exception instead of a verdict: an error of the declaration or of the data's shape."""


@dataclass(frozen=True)
class ExpectationOutcome:
    """What one expectation found: rows looked at, rows or values that failed, and the first failing row if known."""

    passed: bool
    n_rows: int | None = None
    n_failed: int | None = None
    example: dict[str, object] = field(default_factory=dict)


class _UnsavedContext(EphemeralDataContext):
    """A context that does not save itself as YAML for each new table, which took a fifth of a gate's time."""

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
    """Lend a live connection to Great Expectations for the block; it stays open afterwards."""
    with lent(connection) as token:
        try:
            yield _context().data_sources.add_sql(
                name=token, connection_string=f"{DIALECT}://{token}", create_temp_table=False
            )
        finally:
            _context().data_sources.delete(token)


def validate(
    source: SQLDatasource,
    table: str,
    expectations: Sequence[Expectation],
    *,
    schema: str = "lake",
    names: Sequence[str] | None = None,
) -> list[ExpectationOutcome]:
    """Run expectations over one table or view as one batch; returns the outcomes in the order of the expectations.

    `schema` may include its database, such as `work.lake`; `names` are what errors call the expectations. Raises
    CheckCannotRun when the table cannot be read or an expectation gives no verdict.
    """
    try:
        with warnings.catch_warnings():
            # Its successor, a schema in the connection's configuration, exists for a few other databases only.
            warnings.filterwarnings("ignore", "`schema_name` is deprecated", DeprecationWarning)
            asset = source.add_table_asset(name=secrets.token_hex(8), table_name=table, schema_name=schema)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
    except Exception as error:
        raise CheckCannotRun(f"{schema}.{table}: not readable by the gate: {first_line(error)}") from error

    def run(indexes: list[int], result_format: str) -> dict[int, ExpectationValidationResult]:
        indexed = [expectations[index].copy(update={"meta": {"index": index}}) for index in indexes]
        if not indexed:
            return {}
        suite = ExpectationSuite(name=secrets.token_hex(8), expectations=indexed)
        validation = batch.validate(
            suite, result_format={"result_format": result_format, "partial_unexpected_count": 1}
        )
        return {_index(result): result for result in validation.results}

    # Counting the rows with a duplicated key groups the complete table again, so only failing keys are counted.
    keys = [n for n, expectation in enumerate(expectations) if isinstance(expectation, ExpectCompoundColumnsToBeUnique)]
    results = run([n for n in range(len(expectations)) if n not in keys], "BASIC") | run(keys, "BOOLEAN_ONLY")
    results |= run([n for n in keys if not results[n].success and not _exceptions(results[n])], "BASIC")
    labels = names or [type(expectation).__name__ for expectation in expectations]
    return [_outcome(results[n], f"{schema}.{table}: {labels[n]}") for n in range(len(expectations))]


def _index(result: ExpectationValidationResult) -> int:
    configuration = result.expectation_config
    if configuration is None or configuration.meta is None:
        raise CheckCannotRun(
            "great_expectations returned a result without its expectation; reinstall the locked version"
        )
    return int(configuration.meta["index"])


def _exceptions(result: ExpectationValidationResult) -> list[str]:
    """The messages of a result's exceptions; Great Expectations gives one mapping, or one mapping per metric."""
    info = result.exception_info or {}
    mappings = [info] if "raised_exception" in info else [item for item in info.values() if isinstance(item, dict)]
    return [str(mapping.get("exception_message")) for mapping in mappings if mapping.get("raised_exception")]


def _outcome(result: ExpectationValidationResult, check: str) -> ExpectationOutcome:
    messages = _exceptions(result)
    if messages:
        raise CheckCannotRun(f"{check} could not run: {first_line(messages[0])}")
    values = result.result or {}
    if "element_count" not in values:
        observed = values.get("observed_value")
        missing = values.get("details", {}).get("mismatched", {}).get("missing", [])
        details: dict[str, object] = {"missing": ", ".join(missing)} if missing else {}
        return ExpectationOutcome(bool(result.success), observed if isinstance(observed, int) else None, None, details)
    example = values.get("example") or _example(values.get("partial_unexpected_list"))
    return ExpectationOutcome(bool(result.success), values["element_count"], values.get("unexpected_count"), example)


def _example(values: list[Any] | None) -> dict[str, object]:
    if not values:
        return {}
    return dict(values[0]) if isinstance(values[0], dict) else {"value": values[0]}
