"""What a check demands of a table or a column, and the Great Expectations expectation of each demand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.state.database import quoted

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


@dataclass(frozen=True)
class Filled:
    column: str
    floor: float = 1.0


@dataclass(frozen=True)
class InCodes:
    column: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class DatesWithin:
    column: str
    first: date
    last: date
    failing_max: float


@dataclass(frozen=True)
class NumberWithin:
    column: str
    lowest: float
    highest: float


@dataclass(frozen=True)
class MatchesWhole:
    column: str
    pattern: str


@dataclass(frozen=True)
class Unique:
    columns: tuple[str, ...]


@dataclass(frozen=True)
class RowsAtLeast:
    n_rows: int


@dataclass(frozen=True)
class HasColumns:
    columns: frozenset[str]


@dataclass(frozen=True)
class FailingRowsAtMost:
    query: str
    parameters: tuple[object, ...] = ()
    max_share: float = 0.0


Demand = (
    Filled | InCodes | DatesWithin | NumberWithin | MatchesWhole | Unique | RowsAtLeast | HasColumns | FailingRowsAtMost
)


def expectation_of(demand: Demand) -> Expectation:
    """The Great Expectations expectation of one demand."""
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
    from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
    from great_expectations.expectations.core.expect_column_values_to_be_unique import ExpectColumnValuesToBeUnique
    from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
    from great_expectations.expectations.core.expect_compound_columns_to_be_unique import (
        ExpectCompoundColumnsToBeUnique,
    )
    from great_expectations.expectations.core.expect_table_columns_to_match_set import ExpectTableColumnsToMatchSet
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import (
        ExpectTableRowCountToBeBetween,
    )

    from pipelines.gates.custom_expectations import ExpectColumnValuesToMatchWhole, ExpectFailingRowsAtMost

    match demand:
        case Filled(column, floor):
            return ExpectColumnValuesToNotBeNull(column=column, mostly=floor)
        case InCodes(column, codes):
            return ExpectColumnValuesToBeInSet(column=column, value_set=list(codes))
        case DatesWithin(column, first, last, failing_max):
            return ExpectColumnValuesToBeBetween(column=column, min_value=first, max_value=last, mostly=1 - failing_max)
        case NumberWithin(column, lowest, highest):
            return ExpectColumnValuesToBeBetween(column=column, min_value=lowest, max_value=highest)
        case MatchesWhole(column, pattern):
            return ExpectColumnValuesToMatchWhole(column=column, pattern=pattern)
        case Unique(columns):
            if len(columns) == 1:
                return ExpectColumnValuesToBeUnique(column=columns[0])
            return ExpectCompoundColumnsToBeUnique(column_list=list(columns))
        case RowsAtLeast(n_rows):
            return ExpectTableRowCountToBeBetween(min_value=n_rows)
        case HasColumns(columns):
            return ExpectTableColumnsToMatchSet(column_set=sorted(columns), exact_match=False)
        case FailingRowsAtMost(query, parameters, max_share):
            return ExpectFailingRowsAtMost(query=query, parameters=parameters, max_share=max_share)


def failing_condition(demand: Demand) -> tuple[str, tuple[object, ...]] | None:
    """The SQL condition under which a row fails a demand on one column, with its parameters; None for other demands."""
    match demand:
        case Filled(column):
            return f"t.{quoted(column)} is null", ()
        case InCodes(column, codes):
            return f"not list_contains(?::varchar[], t.{quoted(column)})", (list(codes),)
        case DatesWithin(column, first, last, _):
            return f"t.{quoted(column)} not between ? and ?", (first, last)
        case MatchesWhole(column, pattern):
            return f"not regexp_full_match(t.{quoted(column)}, ?)", (pattern,)
    return None
