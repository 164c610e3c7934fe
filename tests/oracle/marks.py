"""Marks of four offices: every record of each mark, by the day that it describes."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tests.oracle.files import day, is_no_day, plain, received, records, reference, sheets, told

_CN_COLUMNS = {
    "no": ["注册号", "申请/注册号", "注册号/申请号", "申请号/注册号", "商标注册号", "申请号"],
    "class": ["国际分类", "国际分类号", "类别", "类号", "商标类别"],
    "owner": [
        "申请人名称(中)", "申请人名称(中文)", "申请人中文名称", "申请人名称(中/英)", "申请人名称", "申请人",
        "注册人名称", "注册人", "商标注册人", "权利人名称",
    ],
    "filed": ["申请日期", "申请日"],
    "preliminary": ["初审公告日期", "初审公告日", "初步审定公告日期"],
    "registered": ["注册公告日期", "注册公告日", "注册日期"],
    "expires": ["专用期止", "专用权期限止", "专用期结束日期", "专用期限止", "有效期止", "专用期起/止", "专用期起止"],
    "status": ["法律状态", "商标状态", "状态", "当前状态"],
    "international": ["国际注册号", "马德里国际注册号"],
    "extracted": ["数据日期", "更新日期", "提取日期"],
}  # fmt: skip
_RANKS = {"live": 1, "pending": 2, "dead": 3}
# Classes 1 to 45; a mark without any, or of letters only, is of none.
NO_CLASS = -1


@dataclass(frozen=True)
class Record:
    """What an office states about a mark, and from which day on; a register without the mark is a statement too."""

    told: date
    group: str
    n_events: int = 0
    is_listed: bool = True
    filed: date | None = None
    registered: date | None = None
    changed: date | None = None
    expires: date | None = None
    owner: str = ""
    international: str = ""
    classes: frozenset[int] = frozenset({NO_CLASS})


Marks = dict[str, dict[str, list[Record]]]


def marks(home: Path) -> Marks:
    """The records of every mark, oldest first, by office (WIPO ST.3) and application number."""
    return {"US": _us(home), "TW": _tw(home), "EM": _em(home), "CN": _cn(home)}


def n_events(found: Marks) -> int:
    """Events that the newest record of each mark lists."""
    return sum(_newest(mark).n_events for of_office in found.values() for mark in of_office.values())


def counts(found: Marks) -> Counter[str]:
    return Counter({office: len(of_office) for office, of_office in found.items() if of_office})


def live_per_office(found: Marks, as_of: date) -> dict[str, int]:
    """Marks that are live in their newest record; a term ends without a record."""
    live: Counter[str] = Counter()
    for office, of_office in found.items():
        live[office] += sum(is_live(office, mark, as_of) for mark in of_office.values())
    return {office: count for office, count in live.items() if count}


def is_live(office: str, mark: list[Record], as_of: date) -> bool:
    newest = mark[-1]
    has_lapsed = office == "TW" and newest.expires is not None and newest.expires <= as_of
    return newest.is_listed and newest.group == "live" and not has_lapsed


def _newest(mark: list[Record]) -> Record:
    return max((record for record in mark if record.is_listed), key=lambda record: record.told)


def _in_order(found: Mapping[str, Mapping[date, tuple[str, Record]]]) -> dict[str, list[Record]]:
    return {number: [days[told_of][1] for told_of in sorted(days)] for number, days in found.items()}


def _classes(printed: Iterable[str | None]) -> frozenset[int]:
    found = {text.strip() for text in printed if text and text.strip()}
    numbers = {int(text) if re.fullmatch(r"\d{1,3}", text) else 0 for text in found}
    return frozenset(number if 1 <= number <= 45 else NO_CLASS for number in numbers) or frozenset({NO_CLASS})


def _us(home: Path) -> dict[str, list[Record]]:
    groups = {row["status_code"]: row["status_group"] for row in reference("uspto_status_codes")}
    found: dict[str, dict[date, tuple[str, Record]]] = defaultdict(dict)
    for file in received(home, "uspto_trademark", ".xml"):
        created = ""
        for _, element in ET.iterparse(io.BytesIO(file.content)):
            if element.tag == "creation-datetime":
                created = (element.text or "").strip()
            if element.tag != "case-file":
                continue
            serial = _text(element, "serial-number")
            changed = day(_text(element, "transaction-date"))
            status = _text(element, "case-file-header/status-code")
            is_sound = (
                re.fullmatch(r"\d{8}", serial)
                and re.fullmatch(r"\d{1,3}", status)
                and re.fullmatch(r"\d{7}|0?", _text(element, "registration-number"))
            )
            if is_sound and changed and (changed not in found[serial] or found[serial][changed][0] < created):
                found[serial][changed] = (created, _case(element, changed, groups.get(status, "unknown")))
            element.clear()
    return _in_order(found)


def _case(case: ET.Element, changed: date, group: str) -> Record:
    international = _text(case, "international-registration/international-registration-number")
    return Record(
        changed,
        group,
        len(case.findall("case-file-event-statements/case-file-event-statement")),
        filed=day(_text(case, "case-file-header/filing-date")),
        registered=day(_text(case, "case-file-header/registration-date")),
        changed=day(_text(case, "case-file-header/status-date")),
        owner=_us_owner(case),
        international="" if international == "0000000" else international,
        classes=_classes(one.text for one in case.iterfind("classifications/classification/international-code")),
    )


def _us_owner(case: ET.Element) -> str:
    """The first owner of the newest party type: types rise with each change of owner, 70 is a correspondent."""
    owners = [
        (-int(party or -1), int(_text(owner, "entry-number") or place), place, _text(owner, "party-name"))
        for place, owner in enumerate(case.iterfind("case-file-owners/case-file-owner"), 1)
        if (party := _text(owner, "party-type")) < "70"
    ]
    return min(owners)[3] if owners else ""


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _tw(home: Path) -> dict[str, list[Record]]:
    found: dict[str, dict[date, tuple[str, Record]]] = defaultdict(dict)
    for file in received(home, "tipo_gazette", ".xml"):
        for record in ET.fromstring(file.content).iter("RegContent"):
            number = _text(record, "CaseNo")
            start, end = day(record.findtext("SDate")), day(record.findtext("EDate"))
            filed = day(record.findtext("Filing_Date"))
            is_sound = re.fullmatch(r"\d{9}", number) and re.fullmatch(r"\d{8}", _text(record, "RegisterNo"))
            if not (is_sound and start and end and filed):
                continue
            # A gazette states one event of a mark, its registration.
            said = Record(
                start, "live", 1, filed=filed, registered=start, expires=end,
                owner=_text(record, "RegContentOwner/AChinese"),
                classes=_classes(one.text for one in record.iterfind("RegContentClassification/Class")),
            )  # fmt: skip
            if start not in found[number] or found[number][start][0] < end.isoformat():
                found[number][start] = (end.isoformat(), said)
    return _in_order(found)


def _em(home: Path) -> dict[str, list[Record]]:
    groups = {
        row["status_code"]: row["status_group"] for row in reference("trademark_statuses") if row["office_code"] == "EM"
    }
    found: dict[str, dict[date, tuple[str, Record]]] = defaultdict(dict)
    for file in received(home, "euipo_trademark", ".xml"):
        root = ET.fromstring(file.content)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        mark = root.find(".//TradeMarkDetails/TradeMark")
        produced = root.findtext(".//RequestProducerDateTime") or ""
        made = day(produced[:10])
        if mark is None or made is None or not re.fullmatch(r"\d{9}|W?\d{8,9}", _text(mark, "ApplicationNumber")):
            continue
        # The EUIPO names applicants by identifier only, so their places are not known.
        said = Record(
            made,
            groups.get(_text(mark, "MarkCurrentStatusCode"), "unknown"),
            len(mark.findall("PublicationDetails/Publication")) + len(mark.findall("OppositionDetails/Opposition")),
            is_listed=mark.get("operationCode") != "Delete",
            filed=day(mark.findtext("ApplicationDate")),
            registered=day(mark.findtext("RegistrationDate")),
            changed=day(mark.findtext("MarkCurrentStatusDate")),
            expires=day(mark.findtext("ExpiryDate")),
            classes=_classes(
                one.text for one in mark.iterfind("GoodsServicesDetails//ClassDescription/ClassNumber")
            ),
        )  # fmt: skip
        number = _text(mark, "ApplicationNumber")
        if made not in found[number] or found[number][made][0] < produced:
            found[number][made] = (produced, said)
    return _in_order(found)


@dataclass
class _Register:
    """China's register as its extracts state it: rows by number, class and day, and the days of complete registers."""

    rows: dict[str, dict[int, dict[date, dict[str, str]]]]
    # Of a complete register, the numbers whose rows could not be read: they have not left it.
    unread: dict[date, set[str]]

    def on(self, number: str, when: date) -> dict[int, dict[str, str]]:
        """The classes that a mark had on a day: its newest rows, except those that a later complete register lacks."""
        found = {}
        for nice_class, of_class in self.rows[number].items():
            known = max((one for one in of_class if one <= when), default=None)
            if known and not any(known < whole <= when and number not in self.unread[whole] for whole in self.unread):
                found[nice_class] = of_class[known]
        return found


def _cn(home: Path) -> dict[str, list[Record]]:
    register = _Register(defaultdict(lambda: defaultdict(dict)), {})
    for sheet in sheets(home, "cnipa_trademark"):
        dated = re.search(r"(?<!\d)(?:19|20)\d{6}(?!\d)", sheet.file)
        of_file = day(dated[0]) if dated else None
        unread: set[str] = set()
        if of_file and re.search("全量|全库|full|snapshot", sheet.file.lower()):
            unread = register.unread.setdefault(of_file, set())
        for row in records(sheet, _CN_COLUMNS, ["no", "class"]):
            printed = re.search(r"\d+", row["class"])
            is_sound = re.fullmatch(r"G?\d+[A-Z]?", row["no"]) and printed and 1 <= int(printed[0]) <= 45
            if not is_sound or any(is_no_day(row.get(name)) for name in ("filed", "preliminary", "registered")):
                unread.add(row["no"])
            elif printed:
                known = of_file or day(row.get("extracted")) or date(1900, 1, 1)
                register.rows[row["no"]][int(printed[0])].setdefault(known, row)
    groups = {
        row["status_code"]: row["status_group"] for row in reference("trademark_statuses") if row["office_code"] == "CN"
    }
    return {number: _history(register, number, groups) for number in register.rows}


def _history(register: _Register, number: str, groups: dict[str, str]) -> list[Record]:
    """A mark on each day on which the register states something new about it; its best class counts."""
    days = {one for of_class in register.rows[number].values() for one in of_class}
    first = min(days)
    history: list[Record] = []
    for when in sorted(days | {whole for whole in register.unread if whole > first}):
        classes = register.on(number, when)
        if classes:
            ranked = [
                (_RANKS.get(groups.get(plain(row.get("status", "")), ""), 4), nice_class)
                for nice_class, row in classes.items()
            ]
            said = _entry(when, classes[min(ranked)[1]], groups, frozenset(classes))
        else:
            said = replace(history[-1], told=when, is_listed=False)
        if not history or replace(said, told=history[-1].told) != history[-1]:
            history.append(said)
    return history


def _entry(when: date, row: dict[str, str], groups: dict[str, str], classes: frozenset[int]) -> Record:
    registered = day(told(row.get("registered")))
    return Record(
        when,
        groups.get(plain(row.get("status", "")), "unknown"),
        (day(told(row.get("preliminary"))) is not None) + (registered is not None),
        filed=day(told(row.get("filed"))),
        registered=registered,
        expires=day(re.split("至|~|～", row.get("expires") or "")[-1].strip() or None),
        owner=(row.get("owner") or "").split("/")[0],
        international=told(row.get("international")) or "",
        classes=classes,
    )
