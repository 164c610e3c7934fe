"""Decisions on recognitions as lists announce them, and entries of the EU register of GIs."""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tests.oracle.files import day, is_no_day, plain, received, records, reference, sheets, told

_COLUMNS = {
    "scheme": ["奖项", "称号", "认定项目", "名录", "scheme", "award"],
    "edition": ["届次", "批次", "年度", "edition"],
    "event": ["事项", "决定", "环节", "event"],
    "level": ["级别", "层级", "level"],
    "date": ["日期", "公布日期", "认定日期", "date"],
    "recipient": ["获奖单位", "企业名称", "单位名称", "名称", "recipient", "entity_name"],
    "kind": ["对象类别", "类别", "entity_kind", "recipient_kind"],
    "object": ["品牌或产品", "品牌", "商标", "产品", "object", "brand_or_product"],
    "uscc": ["统一社会信用代码", "uscc"],
    "region": ["地区", "所在地", "region"],
    "document": ["文号", "文件号", "document_no"],
}
_REGISTER = {
    "uscc": ["统一社会信用代码", "社会信用代码", "注册号", "uscc"],
    "name": ["企业名称", "名称", "单位名称", "name"],
    "former": ["曾用名", "曾用名称", "former_names"],
}
# 公示 -> 认定/授予 -> 复核 (通过, 附条件, 移出) -> 撤销/到期; the first word in an event decides what it is.
# What is paid, or only planned to be, changes nothing.
_EVENTS = [
    ("拟(?:发放|拨付|兑现)", "plan"), ("发放|拨付|兑现", "pay"),
    ("撤销", "revoke"), ("未通过|不通过|不予|未入选|移出|取消|除名", "remove"), ("到期|终止", "expire"),
    ("附条件|黄牌|暂停", "condition"), ("复核", "keep"), ("公示|推荐|候选|初选|提名", "nominate"),
    ("认定|授予|登记|批准|入选", "grant"), ("通过", "keep"),
]  # fmt: skip
_NO_FIRM = re.compile("品牌|产品|地理标志|区域|地区|地方|个人|人物|团队|班组")
_FORMER = re.compile(r"^(.+?)\s*[(（]\s*(?:原名?|曾用名)[:：]?\s*(.+?)\s*[)）]\s*$")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


@dataclass(frozen=True)
class Event:
    """One decision on one recipient, or what the EU register shows of an entry.

    A date may be known to the month or year only: `decided` is the first day that it can mean, `latest` the last.
    """

    scheme: str
    edition: str
    kind: str
    recipient: str
    object: str
    decided: date | None
    latest: date | None
    countries: tuple[str, ...] = ()
    # Of a firm only: its name as received, without a former name in brackets, and its credit code.
    firm_name: str = ""
    uscc: str = ""
    place: str = ""

    @property
    def is_whole_day(self) -> bool:
        return self.decided is not None and self.decided == self.latest

    @property
    def first_day(self) -> date:
        """The day from which it counts; an unknown day is first for an opening, last for an end."""
        return self.decided or (date.min if self.kind in ("nominate", "grant") else date.max)

    @property
    def last_day(self) -> date:
        return self.latest or date.max


def events(home: Path) -> list[Event]:
    """Every decision once, and every event of a GI."""
    return [*_decisions(home), *_gi_events(home)]


def _decisions(home: Path) -> list[Event]:
    once: dict[tuple[str, ...], int] = {}
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for sheet in sheets(home, "recognition_list"):
        here: Counter[tuple[str, ...]] = Counter()
        for row in records(sheet, _COLUMNS, ["scheme", "event", "recipient"]):
            if not (row["scheme"] and row["event"] and row["recipient"] and _is_sound(row.get("uscc") or "")):
                continue
            if is_no_day(row.get("date")):
                continue
            said = tuple(plain(row.get(name) or "") for name in _COLUMNS)
            here[said] += 1
            rows[said] = row
        for said, count in here.items():
            once[said] = max(once.get(said, 0), count)
    bearers = _bearers(home, rows.values())
    schemes = _schemes()
    return [_event(rows[said], bearers, schemes) for said, count in once.items() for _ in range(count)]


def _event(row: dict[str, str], bearers: dict[str, str], schemes: dict[tuple[str, str], str]) -> Event:
    name = bare(row["scheme"])
    scheme = schemes.get((name, row.get("level") or "")) or schemes.get((name, "")) or name
    first, last = _span(row.get("date") or "")
    is_firm = not _NO_FIRM.search(row.get("kind") or "")
    return Event(
        scheme,
        row.get("edition") or "",
        next((kind for words, kind in _EVENTS if re.search(words, row["event"])), "unknown"),
        _recipient(row, bearers),
        bare(row.get("object") or ""),
        first,
        last,
        firm_name=_bare_of_former(row["recipient"]) if is_firm else "",
        uscc=(row.get("uscc") or "").strip() if is_firm else "",
        place=row.get("region") or "",
    )


def _span(printed: str) -> tuple[date, date] | tuple[None, None]:
    """The first and the last day that a date known to the year, month or day can mean."""
    if whole := day(printed):
        return whole, whole
    part = re.match(r"(\d{4})(?:\D(\d{1,2}))?", printed)
    if part is None:
        return None, None
    year, first_month, last_month = int(part[1]), int(part[2] or 1), int(part[2] or 12)
    return date(year, first_month, 1), date(year, last_month, monthrange(year, last_month)[1])


def _bare_of_former(recipient: str) -> str:
    former = _FORMER.match(recipient)
    return former[1] if former else recipient


def _recipient(row: dict[str, str], bearers: dict[str, str]) -> str:
    name = firm(_bare_of_former(row["recipient"]))
    if _NO_FIRM.search(row.get("kind") or ""):
        return f"name {name}"
    code = (row.get("uscc") or "").strip()
    return code if _USCC.fullmatch(code) else bearers.get(name, f"firm {name}")


def _bearers(home: Path, decisions: Iterable[dict[str, str]]) -> dict[str, str]:
    """The credit code of each name that exactly one enterprise has or had."""
    codes: dict[str, set[str]] = defaultdict(set)
    for sheet in sheets(home, "enterprise_register"):
        for row in records(sheet, _REGISTER, ["uscc", "name"]):
            if told(row["uscc"]) and _is_sound(row["uscc"]):
                for name in (row["name"], *re.split("[；;、，,]", row.get("former") or "")):
                    codes[firm(name)].add(row["uscc"])
    for row in decisions:
        if _USCC.fullmatch((row.get("uscc") or "").strip()) and not _NO_FIRM.search(row.get("kind") or ""):
            codes[firm(_bare_of_former(row["recipient"]))].add(row["uscc"].strip())
    return {name: next(iter(bearing)) for name, bearing in codes.items() if name and len(bearing) == 1}


def _is_sound(code: str) -> bool:
    """Whether a cell has no credit code or one with the right check digit; a wrong one quarantines its row."""
    return not told(code) or bool(_USCC.fullmatch(code.strip()) and _check_digit(code.strip()))


def _check_digit(code: str) -> bool:
    """Whether it fits GB 32100: the last character makes the weighted sum a multiple of 31."""
    digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(digits.index(one) * pow(3, place, 31) for place, one in enumerate(code[:17]))
    return digits[(31 - total % 31) % 31] == code[17]


def firm(name: str) -> str:
    """A firm's name without brackets, spaces and the variant of its legal form."""
    return re.sub(r"[()\[\]〔〕【】·,，.。'\"“”]", "", plain(name)).replace("有限责任公司", "有限公司")


def bare(text: str) -> str:
    """A scheme's or object's name without spaces and quotation marks."""
    return re.sub("[\\s“”\"'‘’《》「」]", "", plain(text))


def _schemes() -> dict[tuple[str, str], str]:
    """The scheme of a name at a level, or at any ('')."""
    found = {(bare(row["name_zh"]), ""): row["scheme_id"] for row in reference("recognition_schemes")}
    for row in reference("recognition_scheme_aliases"):
        found.setdefault((bare(row["alias_zh"]), row["level"]), row["scheme_id"])
    return found


def _gi_events(home: Path) -> list[Event]:
    schemes = {row["gi_type"]: row["scheme_id"] for row in reference("eu_gi_schemes")}
    entries: dict[str, list[dict[str, object]]] = defaultdict(list)
    for file in received(home, "eambrosia_gi", ".json"):
        for entry in json.loads(file.text()):
            if entry.get("giIdentifier") and entry.get("protectedNames") and entry.get("giType") in schemes:
                entries[entry["giIdentifier"]].append(entry)
    found = []
    for identifier, versions in entries.items():
        newest = max(versions, key=lambda one: str(one["modificationDate"]))
        applied = [
            day(str(one.get("euProtectionDate") or "")) for one in versions if one["status"] in ("applied", "published")
        ]
        countries = newest.get("countries")
        protected = day(str(newest.get("euProtectionDate") or ""))
        base = Event(
            schemes[str(newest["giType"])], "", "grant", identifier, "", protected, protected,
            tuple(sorted(set(map(str, countries)))) if isinstance(countries, list) else (),
        )  # fmt: skip
        if applied:
            since = min((one for one in applied if one), default=None)
            found.append(replace(base, kind="nominate", decided=since, latest=since))
        if newest["status"] in ("registered", "cancelled"):
            found.append(base)
        if newest["status"] == "cancelled":
            found.append(replace(base, kind="revoke", decided=None, latest=None))
        elif newest.get("removedFlag"):
            found.append(replace(base, kind="remove", decided=None, latest=None))
    return found
