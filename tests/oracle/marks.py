"""Marks and their events: the newest record of each mark at each office."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.oracle.files import day, is_no_day, plain, received, records, reference, sheets, told

_CN_COLUMNS = {
    "no": ["注册号", "申请/注册号", "注册号/申请号", "申请号/注册号", "商标注册号", "申请号"],
    "class": ["国际分类", "国际分类号", "类别", "类号", "商标类别"],
    "filed": ["申请日期", "申请日"],
    "preliminary": ["初审公告日期", "初审公告日", "初步审定公告日期"],
    "registered": ["注册公告日期", "注册公告日", "注册日期"],
    "status": ["法律状态", "商标状态", "状态", "当前状态"],
    "extracted": ["数据日期", "更新日期", "提取日期"],
}
_RANKS = {"live": 1, "pending": 2, "dead": 3}


@dataclass(frozen=True)
class Mark:
    """One mark at an office: how many events its newest record tells, and whether it is live."""

    n_events: int
    is_live: bool


def marks(home: Path, as_of: date) -> dict[str, dict[str, Mark]]:
    """Every mark by office (WIPO ST.3) and application number."""
    return {"US": _us(home), "TW": _tw(home, as_of), "EM": _em(home), "CN": _cn(home)}


def n_events(found: dict[str, dict[str, Mark]]) -> int:
    return sum(mark.n_events for of_office in found.values() for mark in of_office.values())


def live_per_office(found: dict[str, dict[str, Mark]]) -> dict[str, int]:
    counts = {office: sum(mark.is_live for mark in of_office.values()) for office, of_office in found.items()}
    return {office: count for office, count in counts.items() if count}


def _us(home: Path) -> dict[str, Mark]:
    live = {row["status_code"] for row in reference("uspto_status_codes") if row["status_group"] == "live"}
    newest: dict[str, tuple[tuple[str, str], Mark]] = {}
    for file in received(home, "uspto_trademark", ".xml"):
        created = ""
        for _, element in ET.iterparse(io.BytesIO(file.content)):
            if element.tag == "creation-datetime":
                created = (element.text or "").strip()
            if element.tag != "case-file":
                continue
            serial = (element.findtext("serial-number") or "").strip()
            changed = (element.findtext("transaction-date") or "").strip()
            status = (element.findtext("case-file-header/status-code") or "").strip()
            registration = (element.findtext("registration-number") or "").strip()
            if (
                re.fullmatch(r"\d{8}", serial)
                and day(changed)
                and re.fullmatch(r"\d{1,3}", status)
                and re.fullmatch(r"\d{7}|0?", registration)
            ):
                events = element.findall("case-file-event-statements/case-file-event-statement")
                version = (changed, created)
                if serial not in newest or newest[serial][0] < version:
                    newest[serial] = (version, Mark(len(events), status in live))
            element.clear()
    return {serial: mark for serial, (_, mark) in newest.items()}


def _tw(home: Path, as_of: date) -> dict[str, Mark]:
    newest: dict[str, tuple[date, date]] = {}
    for file in received(home, "tipo_gazette", ".xml"):
        for record in ET.fromstring(file.content).iter("RegContent"):
            number, registration = (
                (record.findtext("CaseNo") or "").strip(),
                (record.findtext("RegisterNo") or "").strip(),
            )
            start, end = day(record.findtext("SDate")), day(record.findtext("EDate"))
            filed = day(record.findtext("Filing_Date"))
            if not (
                re.fullmatch(r"\d{9}", number) and re.fullmatch(r"\d{8}", registration) and start and end and filed
            ):
                continue
            newest[number] = max(newest.get(number, (date.min, date.min)), (start, end))
    # A gazette tells one event of a mark, its registration; it is live until its term ends.
    return {number: Mark(1, as_of < end) for number, (_, end) in newest.items()}


def _em(home: Path) -> dict[str, Mark]:
    live = {
        row["status_code"]
        for row in reference("trademark_statuses")
        if row["office_code"] == "EM" and row["status_group"] == "live"
    }
    newest: dict[str, tuple[str, Mark]] = {}
    for file in received(home, "euipo_trademark", ".xml"):
        root = ET.fromstring(file.content)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        mark = root.find(".//TradeMarkDetails/TradeMark")
        produced = root.findtext(".//RequestProducerDateTime")
        number = mark.findtext("ApplicationNumber") if mark is not None else None
        if mark is None or not produced or not number or not re.fullmatch(r"\d{9}|W?\d{8,9}", number.strip()):
            continue
        n_events = len(mark.findall("PublicationDetails/Publication")) + len(
            mark.findall("OppositionDetails/Opposition")
        )
        is_live = (
            mark.get("operationCode") != "Delete" and (mark.findtext("MarkCurrentStatusCode") or "").strip() in live
        )
        if number not in newest or newest[number][0] < produced:
            newest[number] = (produced, Mark(n_events, is_live))
    return {number: mark for number, (_, mark) in newest.items()}


def _cn(home: Path) -> dict[str, Mark]:
    groups = {
        row["status_code"]: row["status_group"] for row in reference("trademark_statuses") if row["office_code"] == "CN"
    }
    newest: dict[tuple[str, int], tuple[date, dict[str, str]]] = {}
    whole: tuple[date, str] | None = None
    listed: dict[str, set[str]] = defaultdict(set)
    for sheet in sheets(home, "cnipa_trademark"):
        dated = re.search(r"(?<!\d)(?:19|20)\d{6}(?!\d)", sheet.file)
        of_file = day(dated[0]) if dated else None
        if of_file and re.search("全量|全库|full|snapshot", sheet.file.lower()):
            whole = max(whole or (date.min, ""), (of_file, sheet.delivery))
        for row in records(sheet, _CN_COLUMNS, ["no", "class"]):
            listed[sheet.delivery].add(row["no"])
            printed = re.search(r"\d+", row["class"])
            if not re.fullmatch(r"G?\d+[A-Z]?", row["no"]) or printed is None or not 1 <= int(printed[0]) <= 45:
                continue
            if any(is_no_day(row.get(name)) for name in ("filed", "preliminary", "registered")):
                continue
            known = of_file or day(row.get("extracted")) or date(1900, 1, 1)
            key = (row["no"], int(printed[0]))
            if key not in newest or newest[key][0] < known:
                newest[key] = (known, row)
    classes: dict[str, list[tuple[bool, int, int, dict[str, str]]]] = defaultdict(list)
    for (no, number), (known, row) in newest.items():
        is_closed = whole is not None and known < whole[0] and no not in listed[whole[1]]
        classes[no].append((is_closed, _RANKS.get(groups.get(plain(row.get("status", "")), ""), 4), number, row))
    found = {}
    for no, of_mark in classes.items():
        is_closed, rank, _, row = min(of_mark, key=lambda one: one[:3])
        events = [told(row.get("preliminary")), told(row.get("registered"))]
        found[no] = Mark(sum(day(one) is not None for one in events), rank == 1 and not is_closed)
    return found


def counts(found: dict[str, dict[str, Mark]]) -> Counter[str]:
    return Counter({office: len(of_office) for office, of_office in found.items() if of_office})
