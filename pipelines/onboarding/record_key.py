"""The columns that tell the records of a sample apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import duckdb

from pipelines.onboarding.column_types import IS_IDENTIFIER
from pipelines.onboarding.profile import Profile
from pipelines.state.database import quoted

_LONGEST_KEY = 64
_MOST_KEY_PAIRS = 28


def record_key(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Mapping[str, Any]], profiles: Mapping[str, Profile]
) -> list[str]:
    """The column, or else the pair of columns, that is filled and different in every record; the likeliest first."""

    def doubt(column: Mapping[str, Any]) -> tuple[int, bool, bool]:
        header = f"{column['name']} {column['from']}"
        order = ("text", "integer", "date", "name", "partial_date").index(column["type"])
        return order, not IS_IDENTIFIER.search(header), "." in str(column["from"])

    able = [
        column
        for column in columns
        if column["type"] not in ("number", "boolean")
        and profiles[column["name"]].is_filled
        and profiles[column["name"]].longest <= _LONGEST_KEY
    ]
    n_rows = max((profile.n_rows for profile in profiles.values()), default=0)
    if n_rows < 2:
        return []
    # A number that counts the lines of this file names nothing in the next one.
    able = [column for column in able if not _counts_records(connection, column["name"])]
    able.sort(key=lambda column: (not IS_IDENTIFIER.search(f"{column['name']} {column['from']}"), *doubt(column)))
    for column in able:
        profile = profiles[column["name"]]
        if profile.n_distinct == profile.n_rows:
            return [column["name"]]
    pairs = sorted(
        combinations(able, 2),
        key=lambda pair: -profiles[pair[0]["name"]].n_distinct * profiles[pair[1]["name"]].n_distinct,
    )
    for one, other in pairs[:_MOST_KEY_PAIRS]:
        if profiles[one["name"]].n_distinct * profiles[other["name"]].n_distinct < n_rows:
            break
        names = f"{quoted(one['name'])}, {quoted(other['name'])}"
        found = connection.execute(f"select count(*) from (select distinct {names} from found)").fetchall()
        if found[0][0] == n_rows:
            return [one["name"], other["name"]]
    return []


def _counts_records(connection: duckdb.DuckDBPyConnection, column: str) -> bool:
    query = f"select bool_and(coalesce(try_cast({quoted(column)} as bigint) = record_no, false)) from found"
    return bool(connection.execute(query).fetchall()[0][0])
