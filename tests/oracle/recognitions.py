"""Decisions on recognitions and the recognitions that they make, end or review; entries of the EU register of GIs."""

from __future__ import annotations

import json
import re
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
# 公示 -> 认定/授予 -> 复核 (通过, 附条件, 移出) -> 撤销/到期; the first word that an event holds says what it is.
# What is paid changes nothing.
_EVENTS = [
    ("(?<!拟)(?:发放|拨付|兑现)", "pay"),
    ("撤销", "revoke"), ("未通过|不通过|不予|未入选|移出|取消|除名", "remove"), ("到期|终止", "expire"),
    ("附条件|黄牌|暂停", "condition"), ("复核", "keep"), ("公示|推荐|候选|初选|提名", "nominate"),
    ("认定|授予|登记|批准|入选", "grant"), ("通过", "keep"),
]  # fmt: skip
_STATES = {
    "nominate": "nominated", "grant": "held", "keep": "held", "condition": "conditional", "expire": "expired",
    "remove": "removed", "revoke": "revoked",
}  # fmt: skip
_ORDER = ["nominate", "grant", "keep", "condition", "expire", "remove", "revoke", "pay"]
_NO_FIRM = re.compile("品牌|产品|地理标志|区域|地区|地方|个人|人物|团队|班组")
_FORMER = re.compile(r"^(.+?)\s*[(（]\s*(?:原名?|曾用名)[:：]?\s*(.+?)\s*[)）]\s*$")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


@dataclass(frozen=True)
class Event:
    """One decision on one recipient, or what the EU register shows of an entry."""

    scheme: str
    edition: str
    kind: str
    recipient: str
    object: str
    decided: date | None
    countries: tuple[str, ...] = ()
    is_whole_day: bool = True

    @property
    def order(self) -> tuple[date, int]:
        """Where it stands in a life cycle; an unknown day is before all for an opening, behind all for an end."""
        unknown = date.min if self.kind in ("nominate", "grant") else date.max
        return self.decided or unknown, _ORDER.index(self.kind)


@dataclass(frozen=True)
class Recognition:
    """One recognition as it stands: its scheme, state and, of a GI, the countries of the name."""

    scheme: str
    state: str
    countries: tuple[str, ...]


def events(home: Path) -> list[Event]:
    """Every decision once, and every event of a GI."""
    return [*_decisions(home), *_gi_events(home)]


def recognitions(found: Iterable[Event], as_of: date) -> list[Recognition]:
    """The recognitions that the events until the as-of date make."""
    until = [event for event in found if (event.decided or as_of) <= as_of]
    of_recipient: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in found:
        of_recipient[event.scheme, event.recipient].append(event)
    validity = {row["scheme_id"]: row["validity_years"] for row in reference("recognition_schemes")}
    lives: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in until:
        lives[_recognition(event, of_recipient[event.scheme, event.recipient])].append(event)
    return [_standing(life, validity, as_of) for life in lives.values()]


def _recognition(event: Event, of_recipient: list[Event]) -> tuple[str, ...]:
    """The recognition that an event bears on: an award's or nomination's own; a review's is that which it fits best."""
    if event.kind == "nominate":
        awarded = {one for one in map(_own, of_recipient) if one[4] == "grant"}
        if _own(event, "grant") in awarded:
            return _own(event, "")
        fitting = {
            one for one in awarded
            if one[1] == event.edition and (not event.object or not one[3])
        }  # fmt: skip
        return (*next(iter(fitting))[:4], "") if len(fitting) == 1 else _own(event, "")
    if event.kind == "grant":
        return _own(event, "")
    openings = [
        one
        for one in of_recipient
        if one.kind in ("nominate", "grant")
        and (one.object == event.object or not one.object or not event.object)
        and (one.decided or date.min) <= event.order[0]
    ]
    if not openings:
        return (event.scheme, "", event.recipient, event.object, "")
    best = max(
        openings,
        key=lambda one: (
            one.edition == event.edition,
            one.object == event.object,
            one.kind == "grant",
            one.decided or date.min,
        ),
    )
    return _recognition(best, of_recipient)


def _own(event: Event, kind: str | None = None) -> tuple[str, ...]:
    return (event.scheme, event.edition, event.recipient, event.object, event.kind if kind is None else kind)


def _standing(life: list[Event], validity: dict[str, str], as_of: date) -> Recognition:
    last = max((event for event in life if event.kind != "pay"), key=lambda event: event.order)
    state = _STATES[last.kind]
    granted = min((event for event in life if event.kind == "grant"), key=lambda event: event.order, default=None)
    years = validity.get(last.scheme)
    if state in ("held", "conditional") and years and granted and granted.decided and granted.is_whole_day:
        ends = granted.decided.replace(year=granted.decided.year + int(years))
        state = "expired" if ends <= as_of else state
    return Recognition(last.scheme, state, last.countries)


def held_per_scheme(found: Iterable[Recognition]) -> dict[str, int]:
    return dict(Counter(one.scheme for one in found if one.state in ("held", "conditional")))


def movements(found: Iterable[Recognition]) -> int:
    """How often something of this country was gained or lost: nominations gain nothing."""
    moved = [one for one in found if one.state != "nominated" and one.countries in ((), ("CN",))]
    return len(moved) + sum(one.state in ("removed", "revoked", "expired") for one in moved)


def gi_held_per_country(found: Iterable[Recognition]) -> dict[str, int]:
    """Names held by country; one of several countries counts in each."""
    return dict(Counter(country for one in found if one.state == "held" for country in one.countries))


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
    kind = next(kind for words, kind in _EVENTS if re.search(words, row["event"]))
    printed = row.get("date") or ""
    decided = day(printed)
    is_whole_day = decided is not None
    if decided is None and (part := re.match(r"(\d{4})(?:\D(\d{1,2}))?", printed)):
        decided = date(int(part[1]), int(part[2] or 1), 1)
    return Event(
        scheme,
        row.get("edition") or "",
        kind,
        _recipient(row, bearers),
        bare(row.get("object") or ""),
        decided,
        is_whole_day=is_whole_day,
    )


def _recipient(row: dict[str, str], bearers: dict[str, str]) -> str:
    former = _FORMER.match(row["recipient"])
    name = firm(former[1] if former else row["recipient"])
    if _NO_FIRM.search(row.get("kind") or ""):
        return f"name {name}"
    code = (row.get("uscc") or "").strip()
    return code if _USCC.fullmatch(code) else bearers.get(name, f"firm {name}")


def _bearers(home: Path, decisions: Iterable[dict[str, str]]) -> dict[str, str]:
    """The credit code of each name that exactly one enterprise bears or bore."""
    codes: dict[str, set[str]] = defaultdict(set)
    for sheet in sheets(home, "enterprise_register"):
        for row in records(sheet, _REGISTER, ["uscc", "name"]):
            if told(row["uscc"]) and _is_sound(row["uscc"]):
                for name in (row["name"], *re.split("[；;、，,]", row.get("former") or "")):
                    codes[firm(name)].add(row["uscc"])
    for row in decisions:
        if _USCC.fullmatch((row.get("uscc") or "").strip()) and not _NO_FIRM.search(row.get("kind") or ""):
            former = _FORMER.match(row["recipient"])
            codes[firm(former[1] if former else row["recipient"])].add(row["uscc"].strip())
    return {name: next(iter(bearing)) for name, bearing in codes.items() if name and len(bearing) == 1}


def _is_sound(code: str) -> bool:
    """Whether a cell has no credit code or one with the right check digit; a wrong one sets its row apart."""
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
        base = Event(
            schemes[str(newest["giType"])], "", "grant", identifier, "",
            day(str(newest.get("euProtectionDate") or "")),
            tuple(sorted(set(map(str, countries)))) if isinstance(countries, list) else (),
        )  # fmt: skip
        if applied:
            found.append(replace(base, kind="nominate", decided=min((one for one in applied if one), default=None)))
        if newest["status"] in ("registered", "cancelled"):
            found.append(base)
        if newest["status"] == "cancelled":
            found.append(replace(base, kind="revoke", decided=None))
        elif newest.get("removedFlag"):
            found.append(replace(base, kind="remove", decided=None))
    return found
