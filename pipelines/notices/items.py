"""The tested items of a notice cell: name, result and limit of each."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from pipelines.notices.measurements import MEASURED, measured
from pipelines.notices.parties import NULL_TEXTS
from pipelines.notices.quantities import has_unit, is_value

_BARS = re.compile(r"‖|\|\||\||∥|┃|│|¦|丨|｜")
_ITEM_ENDS = re.compile(r"([;；\n])")
_PLAN_PIECE = re.compile(r"^\s*[ncmNCMｎｃｍ]\s*[=＝]")
_ENUMERATED = re.compile(r"^\s*[(（]?(\d{1,2})[.、)）．]\s*(?=\D)(.+)$", re.S)
# Several substances under one limit are one item.
_SUM = re.compile(r"之和|总和|合计|总量|比例|混合")
_GLUED = re.compile(r"^(?P<name>.*?[\u4e00-\u9fff)）])\s*[:：]?\s*(?P<value>[<≤≥>＜＞]?\s*\d.*)$", re.S)

Item = tuple[str, str | None, str | None]

NO_FINDINGS: dict[str, type[pl.DataType]] = {
    "record_no": pl.Int64,
    "item_no": pl.Int64,
    "item_name": pl.String,
    "result_text": pl.String,
    "limit_text": pl.String,
    **MEASURED,
}


def items_in(cell: str) -> list[Item]:
    """(item, result, limit) of each failing item in one cell: `项目║检验结果║标准值`, or names alone.

    Items are separated by semicolons, which also separate the results of one item and the parts of its sampling plan:
    a piece that is a value or a part of a plan continues the item before it.
    """
    text = _BARS.sub("║", cell)
    pieces = _ITEM_ENDS.split(text)
    if "║" not in text:
        return [item for name in _names(pieces[::2]) for item in [_item_of_words(name)]]
    items = [pieces[0]]
    for end, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        first = piece.split("║", 1)[0].strip()
        continues = _PLAN_PIECE.match(piece) or ("║" in items[-1] and is_value(first)) or _is_open(items[-1])
        if continues:
            items[-1] += end + piece
        else:
            items.append(piece)
    found = []
    for item in items:
        name, result, limit = (*item.split("║", 2), "", "")[:3]
        if name.strip() or result.strip():
            found.append((_without_number(name.strip()), _blank_to_none(result), _blank_to_none(limit)))
    return found


def _is_open(text: str) -> bool:
    """Whether a bracket is open at the end of a text."""
    name = text.replace("（", "(").replace("）", ")")
    return name.count("(") > name.count(")")


def _blank_to_none(text: str) -> str | None:
    stripped = text.strip()
    return None if stripped in NULL_TEXTS else stripped


def _without_number(name: str) -> str:
    match = _ENUMERATED.match(name)
    return match[2].strip() if match is not None and "、" not in match[1] else name


def _names(pieces: Iterable[str]) -> list[str]:
    """Item names, their numbering (1. 2. 3.) taken off where it runs on."""
    names: list[str] = []
    for piece in pieces:
        if names and _is_open(names[-1]):
            names[-1] += f"；{piece}"
        elif piece.strip() and piece.strip() not in NULL_TEXTS:
            names.append(piece.strip())
    numbered = [_ENUMERATED.match(name) for name in names]
    if [int(match[1]) for match in numbered if match] == list(range(1, len(names) + 1)):
        return [match[2].strip() for match in numbered if match]
    if len(names) == 1 and not _SUM.search(names[0]):
        parts = [part.strip() for part in re.split(r"、(?![^(（]*[)）])", names[0])]
        if all(len(part) > 1 and not part[0].isdigit() for part in parts):
            return parts
    return names


def _item_of_words(text: str) -> Item:
    """An item whose result follows its name: 糖精钠 0.006g/kg."""
    name, _, tail = text.rpartition(" ")
    if name and has_unit(tail):
        return name.strip(" :："), tail, None
    glued = _GLUED.match(text)
    if glued is not None and "/" in glued["value"] and has_unit(glued["value"]):
        return glued["name"], glued["value"], None
    return text, None, None


def _row_items(names: str, result: str | None, limit: str | None) -> list[Item]:
    """The items of a row whose result and limit may have cells of their own."""
    items = items_in(names)
    if len(items) == 1:
        name, own_result, own_limit = items[0]
        return [(name, own_result or result, own_limit or limit)]
    if result is None and limit is None:
        return items
    parts = [re.split("[;；\n]", text) if text else [None] * len(items) for text in (result, limit)]
    if any(len(part) != len(items) for part in parts) or any(own or of for _, own, of in items):
        return items if any(own for _, own, _ in items) else [(names.strip(), result, limit)]
    return [
        (name, part and part.strip(), bound and bound.strip())
        for (name, _, _), part, bound in zip(items, *parts, strict=True)
    ]


def findings_of_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per failing item of the rows that fail: item name, result and limit as printed."""
    failing = rows.filter((pl.col("result") == "fail").fill_null(True)).select(
        "record_no", names=pl.coalesce("item_name", "failed_items"), result="item_result", limit="item_limit"
    )
    cells = failing.filter(pl.col("names").is_not_null())
    distinct = cells.select("names", "result", "limit").unique(maintain_order=True)
    if not len(distinct):
        return pl.DataFrame(schema=NO_FINDINGS)
    item_rows = [(*row, *item) for row in distinct.rows() for item in _row_items(*row)]
    columns = ["names", "result", "limit", "item_name", "result_text", "limit_text"]
    items = pl.DataFrame(item_rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    findings = cells.join(items, on=["names", "result", "limit"], nulls_equal=True, maintain_order="left_right").select(
        "record_no", "item_name", "result_text", "limit_text"
    )
    return measured(findings).with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
