"""What the values of a column of a sample look like."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.state.database import quoted

_VALUES_LOOKED_AT = 5000
_NULL_TOKENS = ["/", "-", "--", "---", "—", "——", "－", "*", "N/A", "n/a", "NULL", "null", "None", "none", "NaN", "无"]
# 无 is an answer where 有 is the other.
_NO_NULL_BESIDE = {"无": "有"}


@dataclass(frozen=True)
class Profile:
    """What the values of a column show."""

    n_rows: int
    n_filled: int
    n_distinct: int
    longest: int
    values: list[str]

    @property
    def is_filled(self) -> bool:
        return self.n_filled == self.n_rows > 0


def profile_column(connection: duckdb.DuckDBPyConnection, column: str) -> tuple[Profile, list[str]]:
    """What a column of the view `found` holds besides null tokens, and those tokens."""
    name = quoted(column)
    met = connection.execute(
        f"select distinct {name} from found where {name} in (select unnest($texts))",
        {"texts": [*_NULL_TOKENS, *_NO_NULL_BESIDE.values()]},
    ).fetchall()
    present = {str(row[0]) for row in met}
    tokens = [token for token in _NULL_TOKENS if token in present and _NO_NULL_BESIDE.get(token) not in present]
    counted = connection.execute(
        f"select {name} from found where {name} is not null and {name} not in (select unnest($tokens))"
        f" group by {name} order by count(*) desc, {name} limit $most",
        {"tokens": tokens, "most": _VALUES_LOOKED_AT},
    ).fetchall()
    totals = connection.execute(
        f"select count(*), count(v), count(distinct v), coalesce(max(length(v)), 0) from"
        f" (select case when {name} not in (select unnest($tokens)) then {name} end as v from found)",
        {"tokens": tokens},
    ).fetchall()
    n_rows, n_filled, n_distinct, longest = totals[0]
    return Profile(n_rows, n_filled, n_distinct, longest, [row[0] for row in counted]), tokens
