"""Measured values of a notice's items: results, limits and sampling plans, column by column.

The values are added next to the texts as received. A column is read by its distinct values: `measured` does this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import polars as pl

from pipelines.contract.names import normalised
from pipelines.notices.quantities import Quantity, read_quantity, unified_signs

# Columns that `measured` adds, with their types.
MEASURED: dict[str, type[pl.DataType]] = {
    "result_comparator": pl.String,
    "result_value": pl.Float64,
    "result_unit": pl.String,
    "result_max": pl.Float64,
    "n_results": pl.Int64,
    "result_values": pl.String,
    "limit_comparator": pl.String,
    "limit_value": pl.Float64,
    "limit_value_to": pl.Float64,
    "limit_unit": pl.String,
    "plan_n": pl.Int64,
    "plan_c": pl.Int64,
    "plan_m_low": pl.Float64,
    "plan_m_high": pl.Float64,
    "is_exponent_restored": pl.Boolean,
}
COMPARATORS = ("<", "≤", ">", "≥", "≈", "range", "detected", "not_detected", "not_permitted", "plan")

_PLAN_FIELD = re.compile(r"(?<![A-Za-z])([ncmNCM])\s*[=:]\s*(.*?)(?=[,;、\s]*(?<![A-Za-z])[ncmNCM]\s*[=:]|$)")
_PLAIN_POWER = re.compile(r"^10([1-9])(?![\d.])")
_SEPARATORS = r"\s*[,;、]\s*"
_COUNTED = re.compile(r"CFU|MPN|个")


@dataclass(frozen=True)
class Plan:
    """A microbiological sampling plan: of n units at most c may be between m and M, none above M (GB 4789.1)."""

    n: int | None
    c: int | None
    m_low: float | None
    m_high: float | None
    unit: str | None
    is_restored: bool


def measured(findings: pl.DataFrame) -> pl.DataFrame:
    """The frame with the columns of MEASURED read from its `result_text` and `limit_text`, pair by distinct pair.

    Comparators are those of COMPARATORS. `result_value` is null where several results are printed; they are then in
    `result_values`, separated by semicolons, and the largest in `result_max`. Units are unified in spelling, never
    converted. What cannot be read is null.
    """
    texts = ["result_text", "limit_text"]
    pairs = findings.select(texts).unique(maintain_order=True)
    plain = [_plain_texts(pairs[name]).to_list() for name in texts]
    read = [_measured(result, limit) for result, limit in zip(*plain, strict=True)]
    columns = pl.DataFrame(read, schema=MEASURED, orient="row")
    return findings.join(pl.concat([pairs, columns], how="horizontal"), on=texts, how="left", nulls_equal=True,
                         maintain_order="left")  # fmt: skip


def _plain_texts(texts: pl.Series) -> pl.Series:
    distinct = texts.drop_nulls().unique()
    plain = normalised(_without_superscripts(distinct))
    return texts.replace_strict(distinct, plain, default=None, return_dtype=pl.String)


def _without_superscripts(texts: pl.Series) -> pl.Series:
    """Superscripts after a ten and circled numbers, which NFKC would turn into plain digits, as ^ and ;."""
    return texts.str.replace_all(r"10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", "10^${1}").str.replace_all("[①-⑳]", ";")


def _measured(result_text: str | None, limit_text: str | None) -> tuple[object, ...]:
    limit_plain = unified_signs(limit_text or "")
    plan = _plan(limit_plain)
    limit = Quantity("plan", unit=plan.unit, is_restored=plan.is_restored) if plan else _limit(limit_plain)
    results = _results(unified_signs(result_text or ""), plan.n if plan else None)
    result = results[0] if len(results) == 1 else Quantity()
    values = [bound for q in results for bound in (q.value, q.value_to) if bound is not None]
    return (
        result.comparator,
        result.value,
        _common_unit(results),
        max(values, default=None),
        len(results) or None,
        ";".join(_printed(quantity) for quantity in results) if len(results) > 1 else None,
        limit.comparator,
        limit.value,
        limit.value_to,
        limit.unit,
        plan.n if plan else None,
        plan.c if plan else None,
        plan.m_low if plan else None,
        plan.m_high if plan else None,
        limit.is_restored or any(quantity.is_restored for quantity in results),
    )


def _printed(quantity: Quantity) -> str:
    if quantity.value is None:
        return str(quantity.comparator)
    return f"{quantity.comparator or ''}{quantity.value:.15g}"


def _common_unit(results: list[Quantity]) -> str | None:
    units = {quantity.unit for quantity in results if quantity.unit is not None}
    return units.pop() if len(units) == 1 else None


def _limit(text: str) -> Quantity:
    """A limit; one that counts germs and is printed as 10 with one more digit has lost its superscript (105CFU/mL)."""
    limit = read_quantity(text)
    if limit is None:
        return Quantity()
    return _power_restored(limit) if _COUNTED.search(limit.unit or "") else limit


def _power_restored(quantity: Quantity) -> Quantity:
    if quantity.value is None or quantity.is_restored:
        return quantity
    power = _PLAIN_POWER.match(f"{quantity.value:.15g}")
    if power is None:
        return quantity
    return replace(quantity, value=float(f"1e{power[1]}"), is_restored=True)


def _plan(text: str) -> Plan | None:
    fields: dict[str, str] = {}
    for key, value in _PLAN_FIELD.findall(text):
        fields.setdefault(key if key in "mM" else key.lower(), value)
    if len(fields.keys() & {"n", "c", "m"}) < 2:
        return None
    limits = {key: read_quantity(fields[key]) for key in "mM" if key in fields}
    read = {key: _power_restored(limit) for key, limit in limits.items() if limit is not None}
    units = [limit.unit for limit in read.values() if limit.unit is not None]
    return Plan(
        _integer(fields.get("n")),
        _integer(fields.get("c")),
        read["m"].value if "m" in read else None,
        read["M"].value if "M" in read else None,
        units[-1] if units else None,
        any(limit.is_restored for limit in read.values()),
    )


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isascii() and text.strip().isdigit() else None


def _results(text: str, n_planned: int | None) -> list[Quantity]:
    """The values of a result: one, or as many as are separated; none where any of them cannot be read."""
    if not text:
        return []
    ways: list[Callable[[], list[str]]] = [
        lambda: [text],
        lambda: re.split(_SEPARATORS, text),
        lambda: re.split(r"\s+", text),
        lambda: re.split(r"\s*/\s*(?=[<≤]?\d)", text),
    ]
    if n_planned is not None and n_planned > 1:
        # With a plan of five, 540,900,100 cannot be one number.
        for way in ways[1:]:
            parts = way()
            if len(parts) == n_planned and (results := _all_read(parts)):
                return results
    for way in ways[:2]:
        if results := _all_read(way()):
            return results
    return []


def _all_read(parts: Iterable[str]) -> list[Quantity]:
    quantities = [read_quantity(part) for part in parts if part]
    read = [quantity for quantity in quantities if quantity is not None]
    if len(read) < len(quantities) or len({q.unit for q in read if q.unit is not None}) > 1:
        return []
    return read
