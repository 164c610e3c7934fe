"""What differs between two releases: rows added, removed and changed per table, by each table's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import TouchstoneError, UsageError, first_line
from pipelines.releases.fingerprint import RUN_TIME_TABLES, canonical_text, is_run_time
from pipelines.releases.release import RELEASE_SCHEMAS, Release, list_releases
from pipelines.state.database import quoted
from pipelines.state.home import Home

_MEMORY_LIMIT = "1GB"


@dataclass(frozen=True)
class TableDiff:
    """How a table's rows differ from an older release to a newer one; a table that only one has is all added or
    removed.

    `n_changed` rows have the same key and other values, in `changed_columns`. A table without a key, or with rows that
    share one, has no changed rows: the old is removed, the new is added. Columns only about when or under which name
    something came does not count.
    """

    table: str
    n_added: int
    n_removed: int
    n_changed: int
    changed_columns: list[str]
    columns_added: list[str]
    columns_removed: list[str]

    @property
    def has_changed(self) -> bool:
        """Whether anything differs."""
        return any((self.n_added, self.n_removed, self.n_changed, len(self.columns_added), len(self.columns_removed)))


def earlier_release(home: Home, release: Release) -> Release:
    """The newest release before the given one. Raises UsageError when there is none."""
    earlier = [other for other in list_releases(home) if other.release_id < release.release_id]
    if not earlier:
        raise UsageError(f"no release before {release.release_id} to compare with; see `touchstone releases`")
    return earlier[0]


def table_diffs(old: Path, new: Path) -> list[TableDiff]:
    """A difference per table of two warehouse files, in alphabetical order; keys are those that the newer one states.

    Raises TouchstoneError when a file cannot be read.
    """
    try:
        with duckdb.connect() as connection:
            connection.execute("set memory_limit = ?", [_MEMORY_LIMIT])
            for name, path in (("old", old), ("new", new)):
                connection.execute(f"attach ? as {name} (read_only)", [str(path.resolve())])
            columns = {name: _columns(connection, name) for name in ("old", "new")}
            keys = _keys(connection, columns["new"])
            names = sorted(columns["old"].keys() | columns["new"].keys())
            return [_diff(connection, name, columns, keys.get(name, [])) for name in names]
    except duckdb.Error as error:
        raise TouchstoneError(f"{new}: not compared with {old}: {first_line(error)}") from error


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    """Per table (`schema.table`) its columns with content, with their types."""
    columns: dict[str, dict[str, str]] = {}
    for schema, table, column, data_type in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and list_contains(?, schema_name) order by column_index",
        [database, list(RELEASE_SCHEMAS)],
    ).fetchall():
        if f"{schema}.{table}" not in RUN_TIME_TABLES:
            of_table = columns.setdefault(f"{schema}.{table}", {})
            if not is_run_time(column):
                of_table[column] = data_type
    return columns


def _keys(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    if "key_columns" not in columns.get("meta.tables", {}):
        raise UsageError("the newer release does not state the keys of its tables; run `touchstone refresh`")
    return {
        f"{schema}.{table}": key.split(", ")
        for schema, table, key in connection.execute(
            "select schema_name, table_name, key_columns from new.meta.tables where key_columns is not null"
        ).fetchall()
    }


def _diff(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Mapping[str, Mapping[str, str]]],
    key: list[str],
) -> TableDiff:
    old, new = columns["old"].get(name), columns["new"].get(name)
    if old is None or new is None:
        n_rows = _one(connection, f"select count(*) from {_place('old' if new is None else 'new', name)}")[0]
        return TableDiff(name, 0 if old else n_rows, n_rows if old else 0, 0, [], [], [])
    added, removed = [c for c in new if c not in old], [c for c in old if c not in new]
    common = [column for column in new if column in old]
    if not set(key) <= set(common) or any(_repeats(connection, side, name, key) for side in ("old", "new")):
        key = []
    keys = key or common
    values = [column for column in common if column not in keys]
    sides = {
        side: "select "
        + ", ".join(f"{_comparable(column, columns[side][name][column])} as {quoted(column)}" for column in common)
        + f" from {_place(side, name)}"
        for side in ("old", "new")
    }
    if not key:
        gained = _one(connection, f"select count(*) from ({sides['new']} except all {sides['old']})")[0]
        lost = _one(connection, f"select count(*) from ({sides['old']} except all {sides['new']})")[0]
        return TableDiff(name, gained, lost, 0, [], added, removed)
    same_key = " and ".join(f"o.{quoted(column)} is not distinct from n.{quoted(column)}" for column in keys)
    differs = [f"o.{quoted(column)} is distinct from n.{quoted(column)}" for column in values]
    gained, lost, changed, *of_columns = _one(
        connection,
        f"""
        select
            count_if(o.is_there is null), count_if(n.is_there is null),
            count_if(o.is_there and n.is_there and ({" or ".join(differs) or "false"}))
            {"".join(f", count_if(o.is_there and n.is_there and {column_differs})" for column_differs in differs)}
        from (select true as is_there, * from ({sides["old"]})) as o
        full join (select true as is_there, * from ({sides["new"]})) as n on {same_key}
        """,
    )
    changed_columns = [column for column, count in zip(values, of_columns, strict=True) if count]
    return TableDiff(name, gained, lost, changed, changed_columns, added, removed)


def _repeats(connection: duckdb.DuckDBPyConnection, database: str, name: str, key: list[str]) -> bool:
    """Whether rows share a key, which then identifies none of them."""
    columns = ", ".join(map(quoted, key))
    repeated = f"select 1 from {_place(database, name)} group by {columns} having count(*) > 1 limit 1"
    return bool(key) and bool(connection.execute(repeated).fetchall())


def _place(database: str, table: str) -> str:
    schema, name = table.split(".", 1)
    return f"{database}.{quoted(schema)}.{quoted(name)}"


def _comparable(column: str, data_type: str) -> str:
    """Codes as text, for two releases have two lists of them; floating point without its last digits."""
    if data_type.startswith("ENUM"):
        return f"{quoted(column)}::varchar"
    return canonical_text(quoted(column), data_type) if data_type in ("DOUBLE", "FLOAT") else quoted(column)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    (row,) = connection.execute(query).fetchall()
    return tuple(int(value or 0) for value in row)
