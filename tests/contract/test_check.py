"""The contract of a source on columns of text: what is typed how, and which rule quarantines a record."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.contract.check import Checked, check
from pipelines.contract.declarations import Source
from tests.worlds.hand_made_deliveries import USCC, source


def declared(*columns: dict[str, Any], child: tuple[dict[str, Any], ...] = ()) -> Source:
    """A source with one entity of the given columns, and a child entity where asked for."""
    meaning = {"zh": "一", "en": "one"}
    entities = {"thing": {"meaning": meaning, "columns": [{"zh": "列", "en": "column", **c} for c in columns]}}
    if child:
        entities["part"] = {"meaning": meaning, "columns": [{"zh": "列", "en": "column", **c} for c in child]}
    template = source("rasff").model_dump(by_alias=True)
    return Source(**{**template, "id": "made", "entities": entities, "checks": [], "folder": Path("made")})


def checked(values: list[str | None], *, undecodable: bool = False, **column: Any) -> Checked:
    frame = pl.DataFrame(
        {"record_no": range(1, len(values) + 1), "c": values}, schema={"record_no": pl.Int64, "c": pl.String}
    )
    return check(declared({"name": "c", **column}), {"thing": frame}, undecodable)


def typed(values: list[str | None], **column: Any) -> tuple[list[Any], list[tuple[int, str]]]:
    result = checked(values, **column)
    return result.tables["thing"]["c"].to_list(), result.broken.select("record_no", "rule").rows()


@pytest.mark.parametrize(
    ("column", "values", "loaded", "broken"),
    [
        ({"type": "text"}, [" a ", "", "　", None], ["a", None, None, None], []),
        ({"type": "text", "null_values": ["0"]}, ["0", "00", " 0 "], [None, "00", None], []),
        (
            {"type": "text", "required": True, "null_values": ["-"]},
            ["a", "-", " "],
            ["a"],
            [(2, "required:c"), (3, "required:c")],
        ),
        (
            {"type": "text", "pattern": r"\d{2}"},
            ["12", "123", "1２", "12\n", None],
            ["12", "12", None],
            [(2, "pattern:c"), (3, "pattern:c")],
        ),
        (
            {"type": "text", "pattern": "a|bc"},
            ["a", "bc", "ac", "abc"],
            ["a", "bc"],
            [(3, "pattern:c"), (4, "pattern:c")],
        ),
        ({"type": "text", "codes": ["pass", "fail"]}, ["pass", "Pass", None], ["pass", None], [(2, "code:c")]),
        ({"type": "text", "format": "uscc"}, [USCC, USCC[:-1] + "X", None], [USCC, None], [(2, "uscc:c")]),
        (
            {"type": "integer"},
            ["7", "+7", "1,234", "3.0", "12,34", "1.5", "x", "9007199254740993"],
            [7, 7, 1234, 3, 9007199254740993],
            [(5, "type:c"), (6, "type:c"), (7, "type:c")],
        ),
        (
            {"type": "number"},
            ["1.5", "1,234.5", "1e3", "1,5", "inf", "nan", "1e999"],
            [1.5, 1234.5, 1000.0],
            [(4, "type:c"), (5, "type:c"), (6, "type:c"), (7, "type:c")],
        ),
        (
            {"type": "boolean"},
            ["T", "否", "YES", "0", "maybe", None],
            [True, False, True, False, None],
            [(5, "type:c")],
        ),
        (
            {"type": "date", "format": "iso"},
            ["2024-05-10", "2024-05", "x", None],
            [date(2024, 5, 10), None],
            [(2, "type:c"), (3, "type:c")],
        ),
        (
            {"type": "date", "format": "any", "on_error": "keep"},
            ["2024-05", "x", "2024.5.1"],
            [None, None, date(2024, 5, 1)],
            [],
        ),
        (
            {"type": "partial_date", "format": "any"},
            ["2024-05", "x", "2024.5.1"],
            [None, date(2024, 5, 1)],
            [(2, "type:c")],
        ),
    ],
)
def test_columns_of_every_type(
    column: dict[str, Any], values: list[str | None], loaded: list[Any], broken: list[tuple[int, str]]
) -> None:
    assert typed(values, **column) == (loaded, broken)


def test_names_come_with_norm_and_key() -> None:
    table = checked(["示例（中国）有限责任公司", "Ａ b", None], type="name").tables["thing"]
    assert table.columns == ["record_no", "c", "c_norm", "c_key"]
    assert table.rows()[0] == (1, "示例（中国）有限责任公司", "示例(中国)有限责任公司", "示例中国有限公司")
    assert table.rows()[1:] == [(2, "Ａ b", "A b", "AB"), (3, None, None, None)]


def test_damaged_text_counts_only_where_the_delivery_was_damaged() -> None:
    values: list[str | None] = ["a\ufffd", "b"]
    assert checked(values, type="text", undecodable=True).broken.rows() == [(1, "undecodable", "c is 'a\ufffd'")]
    assert checked(values, type="text").broken.rows() == []


def test_the_first_rule_broken_is_reported_and_long_values_are_cut() -> None:
    result = checked(["x" * 500], type="text", pattern="y", codes=["z"])
    assert result.broken.rows() == [(1, "pattern:c", f"c is '{'x' * 200}'")]


def test_a_column_nobody_delivered_is_null() -> None:
    made = declared(
        {"name": "c", "type": "text"}, {"name": "n", "type": "integer"}, {"name": "d", "type": "date", "format": "iso"}
    )
    frame = pl.DataFrame({"record_no": [1], "c": ["a"]})
    assert check(made, {"thing": frame}, False).tables["thing"].rows() == [(1, "a", None, None)]


def test_a_broken_part_breaks_its_record() -> None:
    made = declared({"name": "c", "type": "text"}, child=({"name": "p", "type": "integer", "required": True},))
    things = pl.DataFrame({"record_no": [1, 2, 3], "c": ["a", "b", "c"]})
    parts = pl.DataFrame({"record_no": [1, 2, 2], "item_no": [1, 1, 2], "p": ["1", "2", "x"]})
    result = check(made, {"thing": things, "part": parts}, False)
    assert result.broken.rows() == [(2, "type:part.p", "p is 'x'")]
    assert result.tables["thing"]["record_no"].to_list() == [1, 3]
    assert result.tables["part"].rows() == [(1, 1, 1)]
