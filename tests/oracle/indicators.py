"""Values of reported statistics, from tables with a value a row or a column per year, quarter or indicator."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.files import Sheet, plain, records, sheets, told

_COLUMNS = {
    "region": ["地区", "区域", "省份", "地区名称", "region", "province", "area"],
    "code": ["行政区划代码", "地区代码", "region_code"],
    "indicator": ["指标", "指标名称", "indicator"],
    "period": ["时期", "统计期", "年份", "年度", "period", "year"],
    "value": ["数值", "指标值", "数据", "value"],
    "unit": ["单位", "计量单位", "unit"],
    "document": ["文件", "文件名称", "资料来源", "document"],
}
_VALUE_HEADER = re.compile(
    "(?:19|20)\\d{2}年?|[本上]季度申请件数|(?:商标)?(?:申请|注册)件数|有效注册(?:商标)?(?:量|件数)|applications"
    "|registrations|valid_registrations|well_known_trademarks|geographical_indications|madrid_applicants"
)
_NUMBER = re.compile(r"([+-]?[\d,]+(?:\.\d+)?)\s*(万亿|亿|万)?\s*([^\d\s]*)")
_SCALES = {"万亿": 1e12, "亿": 1e8, "万": 1e4}


@dataclass(frozen=True)
class Reported:
    """One value: the document, what it counts (its column or the indicator named), region, period words and number."""

    document: str
    what: str
    region: str
    period: str
    value: float


def reported(home: Path) -> dict[tuple[str, str, str, str], Reported]:
    """Every value once per document, indicator, region and period."""
    found: dict[tuple[str, str, str, str], Reported] = {}
    for sheet in sheets(home, "indicator_report"):
        for row in records(sheet, _COLUMNS, ["region"]):
            for one in _values(row, sheet):
                found[one.document, one.what, one.region, one.period] = one
    return found


def _values(row: dict[str, str], sheet: Sheet) -> list[Reported]:
    region = re.sub("^其中[:: ,，]*", "", plain(row["region"]))
    if (
        not region
        or re.match("注|备注|说明|数据来源", region)
        or not re.fullmatch(r"(?:\d{6})?", row.get("code") or "")
    ):
        return []
    document = told(row.get("document")) or row["_title"] or sheet.file
    columns = ["value"] if "value" in row else [name for name in row if _VALUE_HEADER.fullmatch(name)]
    found = []
    for name in columns:
        if told(row[name]) is None:
            continue
        value = _number(row[name], row.get("unit") or "")
        if value is None:
            # What is not a number is not guessed, and its row is quarantined.
            return []
        what, period = (row.get("indicator") or "", row.get("period") or "") if name == "value" else (name, "")
        if re.match(r"\d{4}", name):
            what, period = document, name[:4]
        found.append(Reported(document, plain(what), region, plain(period), value))
    return found


def _number(text: str, unit: str) -> float | None:
    parts = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    stated = re.match("(万亿|亿|万)?(.*)", unicodedata.normalize("NFKC", unit).strip())
    assert stated is not None
    if parts is None or (parts[2] and stated[1]) or (parts[3] and stated[2] and parts[3] != stated[2]):
        return None
    return round(float(parts[1].replace(",", "")) * _SCALES.get(parts[2] or stated[1] or "", 1.0), 6)


def madrid_per_region(found: dict[tuple[str, str, str, str], Reported]) -> dict[tuple[str, str], float]:
    """International applications through Madrid by region as named and year."""
    return {
        (one.region, one.period): one.value
        for one in found.values()
        if re.search("madrid_applications|马德里商标国际注册申请量", one.document)
        and re.fullmatch(r"\d{4}", one.period)
    }
