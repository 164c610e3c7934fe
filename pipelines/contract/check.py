"""The contract of a source applied to what a reader took out of a delivery: typed columns, and what breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import polars as pl
import pyarrow as pa

from pipelines.contract.credit_codes import uscc_is_valid
from pipelines.contract.dates import iso_text, other_dates, whole_day
from pipelines.contract.declarations import Column, Entity, Source
from pipelines.contract.names import UNDECODABLE, name_keys, normalised, trimmed

# One row per broken record: where it is, the first rule it broke, and how.
Broken = pl.DataFrame
BROKEN_SCHEMA = {"record_no": pl.Int64, "rule": pl.String, "detail": pl.String}

_ARROW_TYPES: dict[str, pa.DataType] = {
    "VARCHAR": pa.large_string(),
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}
_DATES = ("date", "partial_date")
_NUMBERS = {"integer": pl.Int64, "number": pl.Float64}
_GROUPED = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$"
_TRUE = ["t", "true", "1", "y", "yes", "是"]
_FALSE = ["f", "false", "0", "n", "no", "否"]


@dataclass(frozen=True)
class Checked:
    """Typed tables by entity without the broken records, one row for each of those, and their texts by entity."""

    tables: dict[str, pl.DataFrame]
    broken: Broken
    broken_texts: dict[str, pl.DataFrame] = field(default_factory=dict)


def lake_schema(source: Source, entity: str) -> pa.Schema:
    """The Arrow schema of an entity's lake files."""
    return pa.schema([pa.field(name, _ARROW_TYPES[kind]) for name, kind in source.lake_columns(entity)])


def check(source: Source, texts: Mapping[str, pl.DataFrame], undecodable: bool) -> Checked:
    """Type every declared column and collect the records that break a rule.

    `texts` holds, per entity, text columns named as declared (a missing one is read as null) with `record_no` (and
    `item_no` below the record entity). `undecodable` means that the delivery had bytes that are not text in its
    encoding: records that hold such a place are broken.
    """
    typed: dict[str, pl.DataFrame] = {}
    frames: dict[str, pl.DataFrame] = {}
    broken: list[Broken] = []
    for name, entity in source.entities.items():
        where = "" if name == source.record_entity else f"{name}."
        frame = frames[name] = _trimmed(entity, texts[name])
        made, violations = _typed(entity, frame, undecodable)
        typed[name] = made
        if not violations:
            continue
        hits = frame.select(mask.any().alias(str(i)) for i, (_, _, mask) in enumerate(violations)).row(0)
        for (rule, column, mask), hit in zip(violations, hits, strict=True):
            if hit:
                rule = rule if rule == "undecodable" else f"{rule}:{where}{column}"
                broken.append(_rows(frame, frame.select(mask.fill_null(False)).to_series(), rule, column))
    all_broken = pl.concat(broken or [pl.DataFrame(schema=BROKEN_SCHEMA)])
    if len(all_broken):
        all_broken = all_broken.unique("record_no", keep="first", maintain_order=True).sort("record_no")
        broken_nos = all_broken["record_no"].implode()
        typed = {name: frame.filter(~pl.col("record_no").is_in(broken_nos)) for name, frame in typed.items()}
        broken_texts = {
            name: _as_text(frame.filter(pl.col("record_no").is_in(broken_nos))) for name, frame in frames.items()
        }
        return Checked(typed, all_broken, broken_texts)
    return Checked(typed, all_broken)


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.all().exclude("record_no", "item_no").cast(pl.String))


def typed_values(entity: Entity, texts: Mapping[str, str | None], rules: bool = True) -> dict[str, object]:
    """The lake columns that some declared columns become, for one row with these texts.

    Raises ValueError naming the column when a value is not of its type, or, with `rules`, breaks another rule of it.
    """
    chosen = entity.model_copy(update={"columns": [entity.by_name[name] for name in texts]})
    if not texts:
        return {}
    frame = _trimmed(chosen, pl.DataFrame({name: pl.Series([text], dtype=pl.String) for name, text in texts.items()}))
    made, violations = _typed(chosen, frame, undecodable=False)
    for rule, column, mask in violations:
        if (rules or rule == "type") and frame.select(mask.fill_null(False).any()).item():
            raise ValueError(f"{column} {texts[column]!r} breaks the rule {rule}")
    return made.row(0, named=True)


def _trimmed(entity: Entity, frame: pl.DataFrame) -> pl.DataFrame:
    """Addresses and every declared column, texts trimmed and null tokens null."""
    address = [pl.col(c).cast(pl.Int64) for c in ("record_no", "item_no") if c in frame.columns]
    columns = [
        pl.col(c.name) if c.name in frame.columns else pl.lit(None, pl.String).alias(c.name) for c in entity.columns
    ]
    texts = {c.name: c.null_values for c in entity.columns if frame.schema.get(c.name) == pl.String}
    return trimmed(frame.select(*address, *columns), texts)


def _rows(frame: pl.DataFrame, mask: pl.Series, rule: str, column: str) -> Broken:
    value = pl.col(column).cast(pl.String).str.slice(0, 200)
    return frame.filter(mask).select(
        "record_no",
        rule=pl.lit(rule),
        detail=pl.lit(f"{column} is ") + (pl.lit("'") + value + "'").fill_null("missing"),
    )


Violation = tuple[str, str, pl.Expr]


def _typed(entity: Entity, frame: pl.DataFrame, undecodable: bool) -> tuple[pl.DataFrame, list[Violation]]:
    """The lake columns of an entity, and (rule, column, rows of `frame` that break it) for every rule it may break."""
    violations: list[Violation] = []
    made: dict[str, pl.Series] = {c: frame[c] for c in ("record_no", "item_no") if c in frame.columns}
    days = frame.select(whole_day(c.name, str(c.format)) for c in entity.columns if c.type in _DATES)
    booleans = frame.select(
        _boolean(c.name) for c in entity.columns if c.type == "boolean" and frame.schema[c.name] == pl.String
    )
    for column in entity.columns:
        values, value = frame[column.name], pl.col(column.name)
        is_text = values.dtype == pl.String
        if undecodable and is_text:
            violations.append(("undecodable", column.name, value.str.contains(UNDECODABLE, literal=True)))
        if column.required and values.null_count():
            violations.append(("required", column.name, value.is_null()))
        if is_text and column.pattern is not None:
            violations.append(("pattern", column.name, _unlike(column.name, column.pattern)))
        if is_text and column.shifted is not None:
            violations.append(("shifted", column.name, _like(column.name, column.shifted)))
        if is_text and column.format == "uscc":
            violations.append(("uscc", column.name, pl.lit(~uscc_is_valid(values))))
        if is_text and column.codes is not None:
            violations.append(("code", column.name, ~value.is_in(column.codes)))
        match column.type:
            case "text" | "name":
                made[column.name] = values
                if column.type == "name" or column.normalise:
                    norm = normalised(values)
                    made[f"{column.name}_norm"] = norm
                if column.type == "name":
                    made[f"{column.name}_key"] = name_keys(norm)
                continue
            case "date" | "partial_date":
                made[column.name], texts, bad = _dates(column, values, days[column.name])
                if texts is not None:
                    made[f"{column.name}_text"] = texts
            case "integer" | "number":
                made[column.name] = _numbers(values, column.type)
                bad = _lost(values, made[column.name])
            case "boolean":
                made[column.name] = booleans[column.name] if is_text else values
                bad = _lost(values, made[column.name])
        if bad is not None and column.on_error == "quarantine":
            violations.append(("type", column.name, pl.lit(bad)))
    return pl.DataFrame({name: series.alias(name) for name, series in made.items()}), violations


def _lost(values: pl.Series, read: pl.Series) -> pl.Series | None:
    """Where a value was given that could not be read; None where there is no such row."""
    return None if read.null_count() == values.null_count() else values.is_not_null() & read.is_null()


def _dates(column: Column, values: pl.Series, days: pl.Series) -> tuple[pl.Series, pl.Series | None, pl.Series | None]:
    """Days, the texts of a partial date, and the rows that are not a date, if there may be any."""
    is_partial = column.type == "partial_date"
    if days.null_count() == values.null_count():
        return days, iso_text(days) if is_partial else None, None
    days, texts, bad = other_dates(values, days, str(column.format))
    return (days, texts, bad) if is_partial else (days, None, bad | (days.is_null() & texts.is_not_null()))


# Expressions are made once: a file of small pieces would spend half its time on making them again.
@lru_cache(maxsize=1024)
def _unlike(column: str, pattern: str) -> pl.Expr:
    # \d would take the digits of every script.
    ascii_digits = pattern.replace(r"\d", "[0-9]")
    return ~pl.col(column).str.contains(f"^(?:{ascii_digits})$")


@lru_cache(maxsize=1024)
def _like(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).str.contains(pattern.replace(r"\d", "[0-9]"))


def _numbers(values: pl.Series, kind: Literal["integer", "number"]) -> pl.Series:
    """Finite numbers, with or without grouped thousands; a decimal comma is not guessed at. For integers also a
    decimal without a fraction (3.0)."""
    read = values.cast(_NUMBERS[kind], strict=False)
    if values.dtype != pl.String or (read.null_count() == values.null_count() and (read.is_finite().all())):
        return read
    value = pl.col(values.name)
    plain = pl.when(value.str.contains(_GROUPED)).then(value.str.replace_all(",", "", literal=True)).otherwise(value)
    number = plain.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    if kind == "integer":
        integer = pl.when(number == number.floor()).then(number.cast(pl.Int64, strict=False))
        number = pl.coalesce(value.cast(pl.Int64, strict=False), integer)
    return values.to_frame().select(number).to_series()


@lru_cache(maxsize=1024)
def _boolean(column: str) -> pl.Expr:
    lower = pl.col(column).str.to_lowercase()
    return pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False).alias(column)
