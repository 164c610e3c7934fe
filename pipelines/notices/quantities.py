"""One measured value as offices print it: comparator, number, power of ten, unit or range."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

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
_NOT_DETECTED = re.compile(r"^(?:未检出|未检测出|不得检出|不应检出|阴性|nd$|n\.d\.?$)(?P<rest>.*)$", re.I)
_NOT_PERMITTED = re.compile(r"^(?:不得|不应|不允许|禁止)(?:使用|添加|加入|含有)|^禁用")
_DETECTED = re.compile(r"^(?:检出|有检出|阳性)(?P<rest>.*)$")
# A plain mass, volume or length after a product is a pack or a size (2×105g), not a power of ten.
_SIZES = {"g", "kg", "mg", "L", "mL", "mm", "cm", "m", "μm", "dm", "m2", "cm2"}
_MOST_LOST = 12

_UNITS = {"cfu": "CFU", "mpn": "MPN", "ml": "mL", "l": "L", "kg": "kg", "g": "g", "mg": "mg", "ug": "μg", "μg": "μg"}
_UNITS |= {"ng": "ng", "kj": "kJ", "mm": "mm", "cm": "cm", "vol": "vol", "iu": "IU", "mpa": "MPa", "kpa": "kPa"}
_UNITS |= {"毫克": "mg", "微克": "μg", "千克": "kg", "公斤": "kg", "克": "g", "毫升": "mL", "升": "L", "毫米": "mm"}
_UNIT_WORD = re.compile(r"[A-Za-zμ]+|毫克|微克|千克|公斤|克|毫升|升|毫米")


@dataclass(frozen=True)
class Quantity:
    """One printed value. `value_to` is the upper bound of a range; `is_restored`: a lost superscript was restored."""

    comparator: str | None = None
    value: float | None = None
    value_to: float | None = None
    unit: str | None = None
    is_restored: bool = False


def is_value(text: str) -> bool:
    """Whether a cell's text is a measured value rather than a word, such as `<10CFU/g` or 未检出."""
    return read_quantity(_plain_text(text)) is not None


def has_unit(text: str) -> bool:
    """Whether a cell's text is a number with a comparator or a unit that a laboratory reports."""
    quantity = read_quantity(_plain_text(text))
    if quantity is None or quantity.value is None:
        return False
    return quantity.unit is not None or quantity.comparator is not None


@lru_cache(maxsize=65_536)
def _plain_text(text: str) -> str:
    marked = re.sub("[①-⑳]", ";", re.sub("10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"10^\1", text))
    return unicodedata.normalize("NFKC", marked).strip()


def unified_signs(text: str) -> str:
    """The text with one form of each sign, without separators at its ends."""
    text = text.translate(_SIGN)
    if "=" in text or "<" in text:
        for printed, sign in _SIGNS.items():
            text = text.replace(printed, sign)
    return text.strip(" ;,、。")


def read_quantity(text: str) -> Quantity | None:
    """One value with nothing else in the text, or None."""
    text = _LABEL.sub("", unified_signs(text), count=1)
    if not text:
        return None
    word = _word(text)
    if word is not None:
        return word
    without_note = _range_or_number(text)
    if without_note is not None:
        return without_note
    noted = _NOTE.match(text)
    if noted is None:
        return None
    before = read_quantity(noted["before"]) if noted["before"] else None
    if before is None or before.unit is not None:
        return before
    unit = _unit(noted["note"])
    return replace(before, unit=unit) if unit is not None and before.value is not None else before


def _word(text: str) -> Quantity | None:
    if _NOT_PERMITTED.match(text):
        return Quantity("not_permitted")
    for comparator, pattern in (("not_detected", _NOT_DETECTED), ("detected", _DETECTED)):
        match = pattern.match(text)
        if match is not None and not re.match(r"[限率]", match["rest"]):
            return Quantity(comparator, unit=_unit(match["rest"].strip()))
    return None


def _range_or_number(text: str) -> Quantity | None:
    bounds = _BOUNDS.match(text)
    if bounds is not None:
        return _range(bounds)
    match = _QUANTITY.match(text)
    if match is None:
        return _power_of_ten(text)
    if match["mantissa"] == "10" and text[match.end("mantissa") :].lstrip().startswith("^"):
        return _power_of_ten(text)
    unit = _unit(match["rest"])
    if match["rest"] and unit is None:
        return None
    comparator = _COMPARING.get(match["comparator"] or "", match["comparator"])
    mantissa = match["sign"] + match["mantissa"].replace(",", "")
    lost = match["lost"]
    if lost is not None or match["ten"] is not None:
        # A product of two plain numbers is a size; only 1 to 9.99 times a power of ten is scientific notation.
        if not 1 <= abs(float(mantissa)) < 10 or unit in _SIZES or abs(int(lost or 1)) > _MOST_LOST:
            return None
        return Quantity(comparator, float(f"{mantissa}e{lost or 1}"), None, unit, lost is not None)
    exponent = match["power"] or match["e"] or "0"
    return Quantity(comparator, float(f"{mantissa}e{exponent}"), None, unit)


def _power_of_ten(text: str) -> Quantity | None:
    """A bare power, such as ≤10^5CFU/g."""
    compared = re.match(rf"^({_COMPARATOR})?\s*(.*)$", text)
    if compared is None:
        return None
    power = _BARE_POWER.match(compared[2])
    if power is None:
        return None
    rest = compared[2][power.end() :].strip()
    unit = _unit(rest)
    if rest and unit is None:
        return None
    comparator = _COMPARING.get(compared[1] or "", compared[1])
    return Quantity(comparator, float(f"1e{power[1]}"), None, unit)


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
