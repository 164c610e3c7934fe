"""What the release gate reads about a candidate before it judges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from pipelines.build.dbt_project import DbtProject
from pipelines.build.feeds import Feeds, feeds_of_star
from pipelines.state.database import quoted


@dataclass(frozen=True)
class Candidate:
    """What the rules of the release gate need to know about a candidate.

    `columns` are the columns of each star table; `record_views` and `item_views` are the views of the lake with a row
    per record and a row per item of a record; `previous_rows` are the row counts of the star tables in the release
    before (None where there is none); `feeds` are the views that feed each star table, by source.
    """

    columns: dict[str, list[str]]
    record_views: frozenset[str]
    item_views: frozenset[str]
    previous_rows: dict[str, int] | None
    feeds: Mapping[str, Feeds]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, project: DbtProject) -> Candidate:
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where database_name = current_database() and schema_name = 'star' order by table_name, column_index"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        views = connection.execute(
            "select table_name, bool_or(column_name = 'item_no') from duckdb_columns()"
            " where database_name = 'work' and schema_name = 'lake' group by table_name"
        ).fetchall()
        record_views = frozenset(str(view) for view, has_items in views if not has_items)
        item_views = frozenset(str(view) for view, has_items in views if has_items)
        feeds = feeds_of_star(project)
        attached = connection.execute("select 1 from duckdb_databases() where database_name = 'previous'").fetchall()
        if not attached:
            return cls(columns, record_views, item_views, None, feeds)
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'previous' and schema_name = 'star'"
        ).fetchall()
        rows = {
            table: connection.execute(f"select count(*) from previous.star.{quoted(table)}").fetchall()[0][0]
            for (table,) in sorted(tables)
        }
        return cls(columns, record_views, item_views, rows, feeds)

    def tables(self, *prefixes: str) -> Iterable[str]:
        """The star tables whose names start with one of the prefixes."""
        return (table for table in self.columns if table.startswith(prefixes))

    def own_key(self, table: str) -> str | None:
        """The surrogate key of a table: `<noun>_key`, or `<last word>_key` as in dim_recognition_scheme."""
        noun = table.partition("_")[2]
        names = (f"{noun}_key", f"{noun.rpartition('_')[2]}_key")
        return next((name for name in names if name in self.columns.get(table, ())), None)
