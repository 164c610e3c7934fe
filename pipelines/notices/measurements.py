"""Measured values as offices print them: comparators, numbers, powers of ten, units, ranges and sampling plans.

What is read is beside the text, never instead of it. A column is read by its distinct values: `measured` is the way in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

import polars as pl

from pipelines.contract.names import normalised

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

_SIGN = str.maketrans("〈﹤≦⩽≧⩾〉≒−–—〜∼＝╳✕✖", "<<≤≤≥≥>≈---~~=×××")
_SIGNS = {"<=": "≤", ">=": "≥", "<sup>": "^", "</sup>": ""}
_COMPARING = {
    "小于等于": "≤", "小于或等于": "≤", "不大于": "≤", "不高于": "≤", "不超过": "≤", "不多于": "≤", "不得超过": "≤",
    "大于等于": "≥", "大于或等于": "≥", "不小于": "≥", "不低于": "≥", "不少于": "≥", "不得低于": "≥", "不得少于": "≥",
    "小于": "<", "低于": "<", "少于": "<", "大于": ">", "高于": ">", "多于": ">", "超过": ">", "约": "≈",
}  # fmt: skip
_COMPARATOR = "|".join(["[<≤>≥≈]", *sorted(_COMPARING, key=len, reverse=True)])
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
# 3.7×10^4, 3.7×104 (its superscript lost), 3.7E4, and a bare 10^4.
_NUMBER = (
    rf"(?P<sign>[+-]?)\s*(?:(?P<mantissa>{_DIGITS})"
    r"(?:\s*[×xX*·]\s*10(?:\s*\^\s*\(?\s*(?P<power>[+-]?\d{1,2})\s*\)?|(?P<lost>-?[1-9]\d?)(?![\d.])|(?P<ten>(?![\d.])))"
    r"|[eE](?P<e>[+-]?\d{1,2})(?![\d.]))?)"
)
_BARE_POWER = re.compile(r"^10\s*\^\s*\(?([+-]?\d{1,2})\)?(?!\d)")
_PLAIN_POWER = re.compile(r"^10([1-9])(?![\d.])")
_UNIT = re.compile(
    r"^(?:/\s*(?=[\dA-Za-z])|(?=[A-Za-zμΩ°%‰个克千毫微升公斤米级倍次分度天时小秒]))"
    r"[A-Za-z0-9μΩ°%‰个克千毫微升公斤米级倍次分度天时小秒/·.^² ()-]*$"
)
_QUANTITY = re.compile(rf"^(?P<comparator>{_COMPARATOR})?\s*=?\s*{_NUMBER}\s*(?P<rest>.*)$")
_BOUNDS = re.compile(rf"^[(\[]?({_DIGITS})\s*([^\d~±至到-]*?)\s*(~|±|-|至|到)\s*({_DIGITS})[)\]]?\s*(.*)$")
_LABEL = re.compile(
    r"^(?:实测值|实测|测定值|检验值|检测值|检验结果|检测结果|标准值|标准要求|结果|标准|限值)\s*[:：]?\s*(?=.)"
)
_NOTE = re.compile(r"^(?P<before>.*?)\s*[(\[](?P<note>[^()\[\]]*)[)\]]$")
_PLAN_FIELD = re.compile(r"(?<![A-Za-z])([ncmNCM])\s*[=:]\s*(.*?)(?=[,;、\s]*(?<![A-Za-z])[ncmNCM]\s*[=:]|$)")
_SEPARATORS = r"\s*[,;、]\s*"
_NOT_DETECTED = re.compile(r"^(?:未检出|未检测出|不得检出|不应检出|阴性|nd$|n\.d\.?$)(?P<rest>.*)$", re.I)
_NOT_PERMITTED = re.compile(r"^(?:不得|不应|不允许|禁止)(?:使用|添加|加入|含有)|^禁用")
_DETECTED = re.compile(r"^(?:检出|有检出|阳性)(?P<rest>.*)$")
# A plain mass, volume or length after a product is a pack or a size (2×105g), not a power of ten.
_SIZES = {"g", "kg", "mg", "L", "mL", "mm", "cm", "m", "μm", "dm", "m2", "cm2"}
_COUNTED = re.compile(r"CFU|MPN|个")
_MOST_LOST = 12

_UNITS = {"cfu": "CFU", "mpn": "MPN", "ml": "mL", "l": "L", "kg": "kg", "g": "g", "mg": "mg", "ug": "μg", "μg": "μg"}
_UNITS |= {"ng": "ng", "kj": "kJ", "mm": "mm", "cm": "cm", "vol": "vol", "iu": "IU", "mpa": "MPa", "kpa": "kPa"}
_UNITS |= {"毫克": "mg", "微克": "μg", "千克": "kg", "公斤": "kg", "克": "g", "毫升": "mL", "升": "L", "毫米": "mm"}
_UNIT_WORD = re.compile(r"[A-Za-zμ]+|毫克|微克|千克|公斤|克|毫升|升|毫米")


@dataclass(frozen=True)
class Quantity:
    """One printed value. `value_to` is the upper bound of a range; `is_restored` says that a superscript was lost."""

    comparator: str | None = None
    value: float | None = None
    value_to: float | None = None
    unit: str | None = None
    is_restored: bool = False


@dataclass(frozen=True)
class Plan:
    """A microbiological sampling plan: of n units at most c may lie between m and M, none above M (GB 4789.1)."""

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


def is_value(text: str) -> bool:
    """Whether a cell's text is a measured value rather than a word, such as `<10CFU/g` or 未检出."""
    return _quantity(_plain_text(text)) is not None


def has_unit(text: str) -> bool:
    """Whether a cell's text is a number with a comparator or a unit that a laboratory reports."""
    found = _quantity(_plain_text(text))
    return found is not None and found.value is not None and (found.unit is not None or found.comparator is not None)


def _plain_texts(texts: pl.Series) -> pl.Series:
    distinct = texts.drop_nulls().unique()
    plain = normalised(_without_superscripts(distinct))
    return texts.replace_strict(distinct, plain, default=None, return_dtype=pl.String)


def _without_superscripts(texts: pl.Series) -> pl.Series:
    """Superscripts behind a ten and circled numbers, which NFKC would turn into plain digits, as ^ and ;."""
    return texts.str.replace_all(r"10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", "10^${1}").str.replace_all("[①-⑳]", ";")


@lru_cache(maxsize=65_536)
def _plain_text(text: str) -> str:
    marked = re.sub("[①-⑳]", ";", re.sub("10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"10^\1", text))
    return unicodedata.normalize("NFKC", marked).strip()


def _measured(result_text: str | None, limit_text: str | None) -> tuple[object, ...]:
    limit_plain = _signs(limit_text or "")
    plan = _plan(limit_plain)
    limit = Quantity("plan", unit=plan.unit, is_restored=plan.is_restored) if plan else _limit(limit_plain)
    results = _results(_signs(result_text or ""), plan.n if plan else None)
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


def _signs(text: str) -> str:
    text = text.translate(_SIGN)
    if "=" in text or "<" in text:
        for printed, sign in _SIGNS.items():
            text = text.replace(printed, sign)
    return text.strip(" ;,、。")


def _printed(quantity: Quantity) -> str:
    if quantity.value is None:
        return str(quantity.comparator)
    return f"{quantity.comparator or ''}{quantity.value:.15g}"


def _common_unit(results: list[Quantity]) -> str | None:
    units = {quantity.unit for quantity in results if quantity.unit is not None}
    return units.pop() if len(units) == 1 else None


def _quantity(text: str) -> Quantity | None:
    """One value with nothing else in the text, or None."""
    text = _LABEL.sub("", _signs(text), count=1)
    if not text:
        return None
    word = _word(text)
    if word is not None:
        return word
    whole = _read_whole(text)
    if whole is not None:
        return whole
    noted = _NOTE.match(text)
    if noted is None:
        return None
    before = _quantity(noted["before"]) if noted["before"] else None
    if before is None or before.unit is not None:
        return before
    unit = _unit(noted["note"])
    return replace(before, unit=unit) if unit is not None and before.value is not None else before


def _word(text: str) -> Quantity | None:
    if _NOT_PERMITTED.match(text):
        return Quantity("not_permitted")
    for comparator, pattern in (("not_detected", _NOT_DETECTED), ("detected", _DETECTED)):
        found = pattern.match(text)
        if found is not None and not re.match(r"[限率]", found["rest"]):
            return Quantity(comparator, unit=_unit(found["rest"].strip()))
    return None


def _read_whole(text: str) -> Quantity | None:
    bounds = _BOUNDS.match(text)
    if bounds is not None:
        return _range(bounds)
    found = _QUANTITY.match(text)
    if found is None:
        return _power_of_ten(text)
    if found["mantissa"] == "10" and text[found.end("mantissa") :].lstrip().startswith("^"):
        return _power_of_ten(text)
    unit = _unit(found["rest"])
    if found["rest"] and unit is None:
        return None
    comparator = _COMPARING.get(found["comparator"] or "", found["comparator"])
    mantissa = found["sign"] + found["mantissa"].replace(",", "")
    lost = found["lost"]
    if lost is not None or found["ten"] is not None:
        # A product of two plain numbers is a size; only 1 to 9.99 times a power of ten is scientific notation.
        if not 1 <= abs(float(mantissa)) < 10 or unit in _SIZES or abs(int(lost or 1)) > _MOST_LOST:
            return None
        return Quantity(comparator, float(f"{mantissa}e{lost or 1}"), None, unit, lost is not None)
    exponent = found["power"] or found["e"] or "0"
    return Quantity(comparator, float(f"{mantissa}e{exponent}"), None, unit)


def _power_of_ten(text: str) -> Quantity | None:
    """A bare power, such as ≤10^5CFU/g."""
    compared = re.match(rf"^({_COMPARATOR})?\s*(.*)$", text)
    if compared is None:
        return None
    found = _BARE_POWER.match(compared[2])
    if found is None:
        return None
    rest = compared[2][found.end() :].strip()
    unit = _unit(rest)
    if rest and unit is None:
        return None
    comparator = _COMPARING.get(compared[1] or "", compared[1])
    return Quantity(comparator, float(f"1e{found[1]}"), None, unit)


def _range(bounds: re.Match[str]) -> Quantity | None:
    low, low_unit, sign, high, rest = bounds.groups()
    unit = _unit(rest)
    first, second = Decimal(low.replace(",", "")), Decimal(high.replace(",", ""))
    if (rest and unit is None) or (low_unit and _unit(low_unit) is None):
        return None
    if sign == "±":
        first, second = first - second, first + second
    elif first >= second:
        return None
    return Quantity("range", float(first), float(second), unit or _unit(low_unit))


def _unit(text: str) -> str | None:
    """A unit in one spelling, or None where the text is none."""
    stripped = text.strip()
    if stripped.startswith("(") and stripped.endswith(")"):
        stripped = stripped[1:-1].strip()
    if not stripped or not _UNIT.match(stripped):
        return None
    compact = re.sub(r"\(([A-Za-z]+)\)$", r"\1" if stripped.startswith("%") else "", stripped.replace(" ", ""))
    return _UNIT_WORD.sub(lambda word: _UNITS.get(word[0].lower(), word[0]), compact)


def _limit(text: str) -> Quantity:
    """A limit; one that counts germs and is printed as 10 with one more digit has lost its superscript (105CFU/mL)."""
    found = _quantity(text)
    if found is None:
        return Quantity()
    return _power_restored(found) if _COUNTED.search(found.unit or "") else found


def _power_restored(quantity: Quantity) -> Quantity:
    if quantity.value is None or quantity.is_restored:
        return quantity
    found = _PLAIN_POWER.match(f"{quantity.value:.15g}")
    if found is None:
        return quantity
    return replace(quantity, value=float(f"1e{found[1]}"), is_restored=True)


def _plan(text: str) -> Plan | None:
    fields: dict[str, str] = {}
    for key, value in _PLAN_FIELD.findall(text):
        fields.setdefault(key if key in "mM" else key.lower(), value)
    if len(fields.keys() & {"n", "c", "m"}) < 2:
        return None
    limits = {key: _quantity(fields[key]) for key in "mM" if key in fields}
    read = {key: _power_restored(found) for key, found in limits.items() if found is not None}
    units = [found.unit for found in read.values() if found.unit is not None]
    return Plan(
        _whole(fields.get("n")),
        _whole(fields.get("c")),
        read["m"].value if "m" in read else None,
        read["M"].value if "M" in read else None,
        units[-1] if units else None,
        any(found.is_restored for found in read.values()),
    )


def _whole(text: str | None) -> int | None:
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
            if len(parts) == n_planned and (found := _all_read(parts)):
                return found
    for way in ways[:2]:
        if found := _all_read(way()):
            return found
    return []


def _all_read(parts: Iterable[str]) -> list[Quantity]:
    found = [_quantity(part) for part in parts if part]
    read = [quantity for quantity in found if quantity is not None]
    if len(read) < len(found) or len({q.unit for q in read if q.unit is not None}) > 1:
        return []
    return read
