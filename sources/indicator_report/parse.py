"""Statistics come long (one value a row) or wide (a column per year, quarter or indicator): both become values."""

from __future__ import annotations

import re

import polars as pl

_NULLS = ["", "/", "-", "--", "---", "—", "——", "…", "...", "无", "N/A", "n/a"]
_NUMBER = r"[+-]?(?:\d{1,3}(?:[,， ]\d{3})+|\d+)(?:\.\d+)?"
_SCALES = {"万亿": 1e12, "亿": 1e8, "万": 1e4}
_SCALE = "万亿|亿|万"
_QUARTERS = {"一": "1", "二": "2", "三": "3", "四": "4"}
_QUARTER = re.compile(r"((?:19|20)\d{2})(?:年?第?([一二三四1-4])季度|[ _-]?[Qq]([1-4]))")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_PERIOD_WORDS = re.compile(
    r"(?:[_\s]*(?:vs)?[_\s]*(?:(?:19|20)\d{2})?(?:年?第?[一二三四1-4]季度|[Qq][1-4])|(?:19|20)\d{2}年?度?)"
)
_OF_WHICH = r"^(?:其中|of which)\s*[:：,，]?\s*"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows with document and of-which flag, and one `reported_value` per value, with period and unit read."""
    rows = tables["region_row"]
    declared = set(rows.columns)
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in _OPTIONAL if name not in declared)
    file = pl.col("_sheet").str.strip_suffix(".utf8")
    title = pl.when(pl.col("_title").str.strip_chars() != "").then(pl.col("_title").str.strip_chars())
    region = pl.col("region_name").str.strip_chars()
    rows = rows.with_columns(
        document_name=pl.coalesce(_filled("document_name"), title, file),
        region_name=region.str.replace(f"(?i){_OF_WHICH}", ""),
        is_of_which=(region.str.contains(f"(?i){_OF_WHICH}") | _filled("of_which_text").is_not_null())
        .fill_null(False)
        .cast(pl.String),
    )
    return {"region_row": rows, "reported_value": _values(rows)}


_OPTIONAL = ["indicator_text", "period_text", "value_text", "unit_text", "of_which_text", "document_name"]


def _filled(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars()
    return pl.when(~text.is_in([*_NULLS, "否", "0"])).then(text)


def _values(rows: pl.DataFrame) -> pl.DataFrame:
    columns = ["value_text", *(name for name in rows.columns if name.startswith("value:"))]
    parts = [
        rows.select(
            "record_no",
            "document_name",
            _filled("indicator_text").alias("indicator_text"),
            _filled("period_text").alias("period_text"),
            "unit_text",
            header=pl.lit(name.removeprefix("value:") if name != "value_text" else None, pl.String),
            printed_value=pl.col(name).str.strip_chars(),
        )
        for name in columns
    ]
    values = pl.concat(parts).filter(~pl.col("printed_value").is_in(_NULLS))
    values = values.sort("record_no", maintain_order=True).with_columns(
        item_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record_no")
    )
    stated = values.select("document_name", "header", "indicator_text", "period_text").unique(maintain_order=True)
    read = [_read(*row) for row in stated.iter_rows()]
    stated = stated.with_columns(
        pl.Series("indicator_name", [name for name, _ in read], dtype=pl.String),
        pl.Series("period", [period for _, period in read], dtype=pl.String),
    )
    values = values.join(
        stated, on=["document_name", "header", "indicator_text", "period_text"], nulls_equal=True, maintain_order="left"
    )
    return values.with_columns(_numbers()).select(
        "record_no", "item_no", "indicator_name", "period", "value", "unit", "printed_value"
    )


def _numbers() -> list[pl.Expr]:
    """`value` as text of a number, or as printed where it is none (the contract quarantines it), and its `unit`."""
    printed = pl.col("printed_value").str.normalize("NFKC").str.strip_chars()
    parts = printed.str.extract_groups(rf"^(?P<number>{_NUMBER})\s*(?P<scale>{_SCALE})?\s*(?P<unit>[^\d\s]*)$")
    unit = pl.col("unit_text").str.normalize("NFKC").str.strip_chars()
    of_unit = unit.str.extract_groups(rf"^(?P<scale>{_SCALE})?(?P<unit>.*)$")
    own_unit = pl.when(parts.struct.field("unit") != "").then(parts.struct.field("unit"))
    stated_unit = pl.when(of_unit.struct.field("unit") != "").then(of_unit.struct.field("unit"))
    both_scaled = parts.struct.field("scale").is_not_null() & of_unit.struct.field("scale").is_not_null()
    # A value in another unit than its column states is not guessed.
    contradicts = (own_unit != stated_unit).fill_null(False) | both_scaled
    scale = pl.coalesce(parts.struct.field("scale"), of_unit.struct.field("scale"))
    number = parts.struct.field("number").str.replace_all(r"[,， ]", "").cast(pl.Float64, strict=False)
    value = (number * scale.replace_strict(_SCALES, default=1.0, return_dtype=pl.Float64)).round(6)
    return [
        pl.when(value.is_not_null() & ~contradicts).then(value.cast(pl.String)).otherwise(printed).alias("value"),
        pl.coalesce(own_unit, stated_unit).alias("unit"),
    ]


def _read(
    document: str | None, header: str | None, indicator: str | None, period: str | None
) -> tuple[str | None, str | None]:
    """Indicator and period (2024, 2024Q3, 2024H1, 2024-06, or the text where it is none of these) of a column."""
    document = document or ""
    is_year = header is not None and _YEAR.match(header) is not None
    words = re.sub("^[本上]季度", "", header) if header and not is_year else None
    topic = _PERIOD_WORDS.sub("", document).strip("_- ") or document
    name = indicator or words or topic or None
    if is_year and header is not None:
        return name, header[:4]
    if period is not None:
        return name, _period(period)
    quarter = _QUARTER.search(document)
    if quarter is not None:
        year, number = int(quarter[1]), int(_QUARTERS.get(quarter[2], quarter[2]) if quarter[2] else quarter[3])
        if header is not None and header.startswith("上季度"):
            year, number = (year, number - 1) if number > 1 else (year - 1, 4)
        return name, f"{year}Q{number}"
    years = set(_YEAR.findall(document))
    return name, years.pop() if len(years) == 1 else None


def _period(text: str) -> str:
    plain = re.sub(r"\s+|^截至|[底末]$|年度$", "", text)
    quarter = _QUARTER.fullmatch(plain)
    if quarter is not None:
        return f"{quarter[1]}Q{_QUARTERS.get(quarter[2], quarter[2]) if quarter[2] else quarter[3]}"
    half = re.fullmatch(r"(\d{4})(?:年?([上下])半年|[Hh]([12]))", plain)
    if half is not None:
        return f"{half[1]}H{half[3] or ('1' if half[2] == '上' else '2')}"
    month = re.fullmatch(r"(\d{4})[-./年](\d{1,2})月?", plain)
    if month is not None and 1 <= int(month[2]) <= 12:
        return f"{month[1]}-{int(month[2]):02d}"
    return plain.removesuffix("年")
