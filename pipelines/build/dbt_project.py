"""The project as dbt parsed it: tables and tests as Dagster, the dictionary and tracing need them, without dbt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

# What a test is about that refers to no model in particular.
WHOLE_PROJECT = "dbt_project"


@dataclass(frozen=True)
class DbtColumn:
    """A column as a model's yml describes it; `codes` are its accepted values, empty where any value may stand."""

    name: str
    data_type: str | None
    description: str
    source: str | None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DbtTrace:
    """Where a table's rows come from: rows `that` of the table `to` for which `condition` holds with a row `this`.

    Without a condition `to` is a file of the project from which rows come that no delivery has.
    """

    to: str
    condition: str | None


@dataclass(frozen=True)
class DbtReference:
    """A column whose every value a test finds in a column of another table of the project."""

    column: str
    table: str
    key: str


@dataclass(frozen=True)
class DbtTable:
    """A model or seed. `database` is the name that dbt gives to its file, `key` the columns of its grain.

    `optional_feeds` are sources whose records need not give the table any row, with the reason.
    """

    unique_id: str
    kind: str
    name: str
    database: str
    schema: str
    description: str
    materialized: str
    columns: tuple[DbtColumn, ...]
    upstream: tuple[str, ...]
    path: str
    key: tuple[str, ...] = ()
    traces: tuple[DbtTrace, ...] = ()
    references: tuple[DbtReference, ...] = ()
    optional_feeds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DbtTest:
    """A data test or a unit test, and the table whose check it is; None for one over the project as a whole."""

    unique_id: str
    kind: str
    name: str
    table: str | None
    severity: str
    description: str
    path: str


@dataclass(frozen=True)
class DbtSource:
    """A table of the work database that models read, and the (source, entity) it holds; None for tables of all."""

    unique_id: str
    entity: tuple[str, str] | None


@dataclass(frozen=True)
class DbtProject:
    """The parsed project: tables in the order of their dependencies, tests, sources."""

    tables: Mapping[str, DbtTable]
    tests: Mapping[str, DbtTest]
    sources: Mapping[str, DbtSource]
    folder: Path = field(compare=False)

    def relation(self, test: DbtTest) -> str:
        """What a test is about, as `schema.table`."""
        if test.table is None:
            return WHOLE_PROJECT
        table = self.tables[test.table]
        return f"{table.schema}.{table.name}"

    @cached_property
    def source_ids(self) -> dict[str, frozenset[str]]:
        """Per table (unique id) the feeds that it is made from."""
        feeds_by_table: dict[str, frozenset[str]] = {}
        for unique_id, table in self.tables.items():
            feeds: set[str] = set()
            for upstream in table.upstream:
                if upstream in feeds_by_table:
                    feeds |= feeds_by_table[upstream]
                elif upstream in self.sources and (entity := self.sources[upstream].entity) is not None:
                    feeds.add(entity[0])
            feeds_by_table[unique_id] = frozenset(feeds)
        return feeds_by_table
