"""Content hashes of a release's tables: equal content gives an equal hash, however and whenever it was built.

Every row becomes one canonical text, every text an md5, and a table's hash is made from the count, the sums and the
exclusive or of those md5 numbers, none of which depends on the order of rows. The steps need no more of an engine
than text functions, md5 and sums, so that another engine can derive the same hash from the same rows:

- columns in alphabetical order, the run-time columns below left out;
- text, and anything written as text such as an ENUM or UUID, is `<length in characters>:<text>`, which keeps an empty
  text from NULL and one column's end from the next one's start; NULL is nothing;
- integers in decimal digits; decimals likewise without trailing zeros; binary floating point to 12 significant
  digits, because parallel sums differ in the last ones; dates and timestamps ISO 8601, zoned ones in UTC;
- lists, structs and maps as the text of their JSON, blobs as the text of their hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.errors import TouchstoneError, first_line
from pipelines.releases.release import release_tables
from pipelines.state.database import quoted

# Columns about when, from where or under which name something arrived or was built, not about its content.
# `original_name` and `url` are here because the same bytes may arrive under two names or ways and are one delivery.
RUN_TIME_COLUMNS = frozenset(
    {
        "received_at", "first_seen_at", "original_name", "url", "built_at", "checked_at", "published_at", "run_id",
        "release_id",
    }
)  # fmt: skip
# `recorded_*` is when the warehouse learnt a thing, which follows the nights on which deliveries came.
RUN_TIME_PREFIX = "recorded_"
# One row per check or release of the build itself; what was believed until a record that came later took its place.
RUN_TIME_TABLES = frozenset({"audit.checks", "audit.releases", "audit.enterprise_replaced", "audit.trademark_replaced"})

_WHOLE_NUMBERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
_MEMORY_LIMIT = "1GB"


def fingerprint(database: Path) -> dict[str, str]:
    """The content hash (32 hexadecimal digits) of each table of a warehouse file, by `schema.table`.

    The file is opened read-only and each table is read once, in bounded memory. Left out are the tables of
    RUN_TIME_TABLES and the columns of RUN_TIME_COLUMNS and RUN_TIME_PREFIX.

    Raises TouchstoneError when the file cannot be read.
    """
    try:
        with duckdb.connect(str(database.resolve()), read_only=True) as connection:
            connection.execute("set memory_limit = ?", [_MEMORY_LIMIT])
            connection.execute("set timezone = 'UTC'")
            return {
                f"{schema}.{table}": _table_hash(connection, schema, table)
                for schema, table in release_tables(connection)
                if f"{schema}.{table}" not in RUN_TIME_TABLES
            }
    except duckdb.Error as error:
        raise TouchstoneError(f"{database}: no fingerprint: {first_line(error)}") from error


def overall(tables: Mapping[str, str]) -> str:
    """One hash (32 hexadecimal digits) over the hashes of all tables."""
    return hashlib.md5(json.dumps(sorted(tables.items())).encode(), usedforsecurity=False).hexdigest()


def _table_hash(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    columns = [
        (str(name), str(type_))
        for name, type_ in connection.execute(
            "select column_name, data_type from information_schema.columns where table_catalog = current_database()"
            " and table_schema = ? and table_name = ? order by column_name",
            [schema, table],
        ).fetchall()
        if not is_run_time(name)
    ]
    texts = ", '|', ".join(canonical_text(quoted(name), type_) for name, type_ in columns) or "''"
    numbers = connection.execute(
        f"""
        select count(*), coalesce(sum((n >> 64)::ubigint), 0), coalesce(sum((n & {2**64 - 1}::uhugeint)::ubigint), 0),
               coalesce(bit_xor(n), 0)
        from (select md5_number(concat({texts})) as n from {quoted(schema)}.{quoted(table)})
        """
    ).fetchone()
    content = json.dumps([[name for name, _ in columns], [str(number) for number in numbers or ()]])
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


def is_run_time(column: str) -> bool:
    """Whether a column is about when or under which name something came, not about its content."""
    return column in RUN_TIME_COLUMNS or column.startswith(RUN_TIME_PREFIX)


def canonical_text(column: str, type_: str) -> str:
    """The SQL of a column's canonical text; NULL stays NULL, which concat writes as nothing."""
    if type_ in _WHOLE_NUMBERS or type_ in ("DATE", "BOOLEAN") or type_.startswith("TIMESTAMP"):
        return f"{column}::varchar"
    if type_.startswith("DECIMAL"):
        text = f"{column}::varchar"
        return f"case when contains({text}, '.') then rtrim(rtrim({text}, '0'), '.') else {text} end"
    if type_ in ("DOUBLE", "FLOAT"):
        # Adding zero turns -0.0, which equals 0.0, into it; the sign of a NaN means nothing.
        return f"case when isnan({column}) then 'nan' else printf('%.11e', {column}::double + 0.0) end"
    if type_ == "BLOB":
        text = f"hex({column})"
    elif type_.endswith("]") or type_.startswith(("STRUCT", "MAP", "UNION")):
        text = f"to_json({column})::varchar"
    else:
        text = f"{column}::varchar"
    return f"length({text}) || ':' || {text}"
