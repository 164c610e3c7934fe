"""Random histories of marks and enterprises: what their versions are, in whatever order and cut their records come."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from stdnum.cn import uscc

from pipelines.lake.overrides import OVERRIDES
from pipelines.releases.fingerprint import fingerprint
from pipelines.state.home import Home
from tests.worlds.dbt_models import build_models
from tests.worlds.drawn_examples import drawn
from tests.worlds.hand_made_deliveries import csv_bytes, deliver, eu_mark, gazette, uspto, zipped

AS_OF = date(2024, 6, 1)
FIRST = date(2024, 1, 1)
OPEN = date(9999, 12, 31)
# Days on which the registers of China send an extract, and whether it is the complete register.
EXTRACTS = {FIRST + timedelta(n): n % 20 == 0 for n in range(0, 61, 10)}
STATES = {"uspto_trademark": ["630", "700", "710"], "cnipa_trademark": ["申请中", "已注册", "无效"]}
MODELS = (
    "dim_trademark", "dim_enterprise", "bridge_trademark_class", "bridge_trademark_owner", "bridge_enterprise_id",
    "fct_trademark_stock",
)  # fmt: skip
# Under which the histories' marks are owned; the last two are one firm's name.
OWNERS = (
    "History A Inc", "History B Inc", "历史甲公司", "历史乙公司", "武汉历史丙食品有限公司",
    "湖北武汉历史丙食品有限公司",
)  # fmt: skip
HISTORIES = 220
# How many of them must be sent in each way, and touched by what people decide; and how many must have each other trait.
IN_EACH_WAY, OF_EACH_TRAIT = 40, 5

# Stands in a history for its entity's number until it has one.
NUMBER = "№"
# On which of two nights a thing is sent; both is twice.
NIGHTS = st.sampled_from([frozenset({0}), frozenset({1}), frozenset({0, 1})])

# Valid from, valid to, whether listed, whether current, and the content.
Version = tuple[date, date, bool, bool, str]


@dataclass(frozen=True)
class Overrides:
    """What people have decided: which code or name is which, and which two are not one."""

    same: Mapping[str, str]
    different: tuple[tuple[str, str], ...]

    def lines(self) -> list[str]:
        """What people write, in any order."""
        same = [f"{one},same,{other}" for one, other in self.same.items()]
        return same + [f"{one},different,{other}" for one, other in self.different]

    def enterprise(self, party: str) -> str:
        """The code or name of the enterprise that a code or name means."""
        end = self.end(party)
        if self._is_parted(party):
            return f"{party} alone"
        return f"{end} alone" if self._is_parted(end) else _spelling(end)

    def end(self, party: str) -> str:
        """Where the chain of a code or name ends."""
        while party in self.same:
            party = self.same[party]
        return party

    def _is_parted(self, party: str) -> bool:
        return any(one == party and _spelling(self.end(one)) == _spelling(self.end(two)) for one, two in self.different)


def _spelling(party: str) -> str:
    """The first of the two names that are one firm's, whatever people decide."""
    return OWNERS[-1] if party == OWNERS[-2] else party


@st.composite
def overrides_of(draw: st.DrawFn, codes: Sequence[str]) -> Overrides:
    """Some codes merged, in chains too; some owners tied to a code or to each other; some of these parted again."""
    merged = draw(st.lists(st.sampled_from(codes), min_size=6, max_size=6, unique=True))
    same = {merged[0]: merged[1], merged[1]: merged[2], merged[3]: merged[4]}
    for number, name in enumerate(OWNERS):
        choices = [merged[0], merged[4], *OWNERS[number + 1 :], *OWNERS[max(number + 1, 4) :]]
        tied = draw(st.sampled_from([*choices, "a code", "a code", None, None, None]))
        if tied is not None:
            same[name] = draw(st.sampled_from(codes)) if tied == "a code" else tied
    made = Overrides(same, ())
    pairs = [(one, other) for one in OWNERS for other in (*OWNERS, *merged) if made.end(one) != made.end(other)]
    spelt_alike = (OWNERS[-2], OWNERS[-1])
    different = draw(st.lists(st.sampled_from(pairs), min_size=3, max_size=6, unique=True))
    if spelt_alike in pairs and draw(st.booleans()):
        different.append(spelt_alike)
    return Overrides(same, tuple(dict.fromkeys(different)))


def written(order: Iterable[str], home: Home) -> None:
    """Let a home have what people decided, in this order."""
    said = "".join(f"{line},查过登记,登记科,2024-05-16\n" for line in order)
    (home.root / OVERRIDES).write_text(f"subject,decision,object,reason,author,date\n{said}", encoding="utf-8")


@dataclass(frozen=True)
class File:
    """A file of a source: its records, and how they are put together."""

    source_id: str
    name: str
    records: tuple[str, ...]


class Record(NamedTuple):
    """What a file states about an entity, and how it is sent where files are split: its nights, its place in it."""

    day: date
    text: str
    nights: frozenset[int]
    place: int


@dataclass
class History:
    """One entity's life: what each file states about it, and the versions that follow from that.

    A version is (valid_from, valid_to, is_listed, is_current, what it says). It is found here day by day, from what
    the last record up to that day states, which shares nothing with the models.
    """

    source_id: str
    entity_no: str
    told: dict[str, list[Record]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)

    @property
    def name(self) -> tuple[str, str]:
        return self.source_id, self.entity_no

    def tell(self, draw: st.DrawFn, file: str, day: date, text: str) -> None:
        """Have a file state something for a business day."""
        self.told.setdefault(file, []).append(Record(day, text, draw(NIGHTS), draw(st.integers(0, 99))))

    def numbered(self, number: int) -> History:
        """The same life of an entity of its own."""
        base = f"9142010000{number:07d}"
        own = {
            "uspto_trademark": f"7{number:07d}",
            "euipo_trademark": f"01{number:07d}",
            "cnipa_trademark": f"1{number:07d}",
            "enterprise_register": base + uscc.calc_check_digit(base),
        }.get(self.source_id, f"{number:08d}")
        told = {
            file: [record._replace(text=record.text.replace(NUMBER, own)) for record in records]
            for file, records in self.told.items()
        }
        return History(self.source_id, self.entity_no.replace(NUMBER, own), told, self.versions)

    def traits(self) -> list[str]:
        """What is special about the statements, and about how they are sent where files are split."""
        records = [record for told in self.told.values() for record in told]
        spans = [(day, min(nights), nights) for day, _, nights, _ in records]
        found = {
            "late": any(one < other and then > now for one, then, _ in spans for other, now, _ in spans),
            "split": len({nights for *_, nights in spans}) > 1,
            "doubled": any(len(nights) > 1 for *_, nights in spans),
            "told once": len(records) == 1,
            "told often": len(records) > 3,
            "of several versions": len(self.versions) > 1,
            "missing, and back": any(not is_listed for _, _, is_listed, *_ in self.versions),
            "closed": not self.versions[-1][3],
            "one day told twice": len({day for day, *_ in records}) < len(records),
        }
        return [trait for trait, holds in found.items() if holds]

    def account(self, found: list[Version]) -> str:
        """What to read when the versions found are not those expected."""
        told = "".join(
            f"\n  {file}, night {sorted(nights)}: {text}"
            for file, records in sorted(self.told.items())
            for _, text, nights, _ in records
        )
        lists = {"expected": self.versions, "found": found}
        told += "".join(
            f"\n  {name}: {since} to {until}, {'there' if is_listed else 'missing'}, {is_current=}: {said}"
            for name, versions in lists.items()
            for since, until, is_listed, is_current, said in versions
        )
        return f"\n{self.source_id} {self.entity_no}{told}"


def day_of(offset: int) -> date:
    return FIRST + timedelta(offset)


def periods(days: Mapping[date, str | None], begun: date, *, joined: bool) -> list[Version]:
    """Versions from what holds from each day on, None being that the register has it no more; equal neighbours are one
    where `joined`."""
    found: list[tuple[date, str | None]] = []
    for day, said in sorted(days.items()):
        if (said is None and not found) or (found and found[-1][1] == said and (joined or said is None)):
            continue
        found.append((day, said))
    ends = [*(day for day, _ in found[1:]), OPEN][: len(found)]
    versions: list[Version] = []
    for number, ((day, said), end) in enumerate(zip(found, ends, strict=True)):
        if said is None and end == OPEN:
            break
        start = min(begun, day) if number == 0 else day
        versions.append((start, end, said is not None, end == OPEN, said or ""))
    return versions


def roc_day(day: date) -> str:
    return f"{day.year - 1911}.{day:%m.%d}"


@st.composite
def us_histories(draw: st.DrawFn) -> History:
    history = History("uspto_trademark", NUMBER)
    filed = day_of(draw(st.integers(-400, -1)))
    newest: dict[date, tuple[int, str]] = {}
    moments = st.tuples(st.integers(0, 40), st.integers(0, 12))
    for transaction, fifth in draw(st.lists(moments, min_size=1, max_size=6, unique=True)):
        day, made = day_of(transaction), fifth * 5
        status, owner = draw(st.sampled_from(STATES["uspto_trademark"])), draw(st.sampled_from("AB"))
        classes = sorted(draw(st.sets(st.sampled_from(["005", "030", "035"]))))
        if newest.get(day, (-1, ""))[0] < made:
            newest[day] = (made, f"{status} History {owner} Inc {','.join(classes)}")
        history.tell(
            draw,
            f"apc{made:03d}",
            day,
            f"<case-file><serial-number>{history.entity_no}</serial-number><registration-number>0000000"
            f"</registration-number><transaction-date>{day:%Y%m%d}</transaction-date><case-file-header>"
            f"<filing-date>{filed:%Y%m%d}</filing-date><status-code>{status}</status-code><status-date>"
            f"{day:%Y%m%d}</status-date><mark-identification>HISTORY</mark-identification>"
            "</case-file-header>"
            + (
                "<classifications>"
                + "".join(
                    f"<classification><international-code>{one}</international-code></classification>"
                    for one in classes
                )
                + "</classifications>"
                if classes
                else ""
            )
            + "<case-file-owners><case-file-owner><entry-number>1</entry-number><party-type>10</party-type><party-name>"
            f"History {owner} Inc</party-name></case-file-owner></case-file-owners></case-file>",
        )
    history.versions = periods({day: said for day, (_, said) in newest.items()}, filed, joined=False)
    return history


@st.composite
def em_histories(draw: st.DrawFn) -> History:
    history = History("euipo_trademark", NUMBER)
    days: dict[date, str | None] = {}
    classes: list[str] = []
    for moment in sorted(draw(st.sets(st.integers(0, 399), min_size=1, max_size=5))):
        # Ten moments a day: the last of a day holds.
        day, hour = day_of(moment // 10), moment % 10
        operation = draw(st.sampled_from(["Insert", "Update", "Update", "Delete"]))
        classes = sorted(draw(st.sets(st.sampled_from(["5", "30"]))))
        goods = "".join(f"<ClassDescription><ClassNumber>{one}</ClassNumber></ClassDescription>" for one in classes)
        inside = (
            "<GoodsServicesDetails><GoodsServices><ClassificationVersion/><ClassDescriptionDetails>"
            f"{goods}</ClassDescriptionDetails></GoodsServices></GoodsServicesDetails>"
            if classes
            else ""
        )
        days[day] = None if operation == "Delete" else f"Application published  {','.join(classes)}"
        produced = f"{day}T0{hour}:00:00"
        text = eu_mark(history.entity_no, inside=inside, produced=produced, operation=operation)
        history.tell(draw, f"em{moment // 100}", day, text)
    begun = date(2023, 2, 1)
    versions = periods(days, begun, joined=False)
    if days[max(days)] is None:
        # The last document states the deletion, and the mark as it was until then.
        deleted = f"Deleted  {','.join(classes)}"
        history.versions = [*versions[:-1], (*versions[-1][:4], deleted)] if versions else []
        # Nothing but deletions: the mark was there until the last of them.
        history.versions = history.versions or [(begun, max(days), True, False, deleted)]
    else:
        history.versions = versions
    return history


@st.composite
def tw_histories(draw: st.DrawFn) -> History:
    history = History("tipo_gazette", f"1{NUMBER}")
    registered = day_of(draw(st.sampled_from([-3660, -3620, -3500, -400, 20])))
    filed = registered - timedelta(draw(st.integers(1, 400)))
    owner = draw(st.sampled_from(["历史甲公司", *OWNERS[-2:]]))
    expiry = registered.replace(year=registered.year + 10, day=min(registered.day, 28))
    history.tell(
        draw,
        f"gazette{registered:%Y%m%d}",
        registered,
        f'<RegContent no="1"><CaseNo>{history.entity_no}</CaseNo><RegisterNo>{NUMBER}</RegisterNo>'
        f"<Trademark_Name>史</Trademark_Name><Filing_Date>{roc_day(filed)}</Filing_Date><SDate>{roc_day(registered)}</SDate>"
        f"<EDate>{roc_day(expiry)}</EDate><Mark_Type>0</Mark_Type><ServiceMark>false</ServiceMark><RegContentOwner>"
        f"<AChinese>{owner}</AChinese></RegContentOwner></RegContent>",
    )
    if expiry <= AS_OF:
        history.versions = [
            (filed, expiry, True, False, f"registered {owner} "),
            (expiry, OPEN, True, True, f"expired {owner} "),
        ]
    else:
        history.versions = [(filed, OPEN, True, True, f"registered {owner} ")]
    return history


@st.composite
def cn_histories(draw: st.DrawFn) -> History:
    history = History("cnipa_trademark", NUMBER)
    filed = day_of(draw(st.integers(-400, -1)))
    rows: dict[str, tuple[str, str]] = {}
    days: dict[date, str | None] = {}
    for day, is_whole in EXTRACTS.items():
        sent = {
            one: (draw(st.sampled_from(STATES["cnipa_trademark"])), draw(st.sampled_from("甲乙")))
            for one in ("9", "35")
            if draw(st.integers(1, 10)) <= (5 if is_whole else 3)
        }
        rows = {**({} if is_whole else rows), **sent}
        for one, (status, owner) in sent.items():
            text = f"{history.entity_no},{one},史,历史{owner}公司,{filed},2023-12-01,{status}"
            history.tell(draw, extract("商标", day), day, text)
        if rows:
            order = ["已注册", "申请中", "无效"]
            best = min(rows, key=lambda one: (order.index(rows[one][0]), int(one)))
            full = ";".join(f"{one}{''.join(rows[one])}" for one in sorted(rows))
            days[day] = f"{rows[best][0]} 历史{rows[best][1]}公司 {','.join(sorted(rows))}|{full}"
        elif days:
            days[day] = None
    assume(history.told)
    history.versions = [(*version[:4], version[4].split("|")[0]) for version in periods(days, filed, joined=True)]
    return history


@st.composite
def er_histories(draw: st.DrawFn) -> History:
    history = History("enterprise_register", NUMBER)
    registered = day_of(draw(st.integers(-400, -1)))
    days: dict[date, str | None] = {}
    for day, is_whole in EXTRACTS.items():
        if draw(st.integers(1, 10)) <= (6 if is_whole else 4):
            name = draw(st.sampled_from(["历史甲食品有限公司", "历史乙食品有限公司"]))
            region, state = draw(st.sampled_from(["420102", "420103"])), draw(st.sampled_from(["存续", "注销"]))
            days[day] = f"{name} {state} {region}"
            text = f"{history.entity_no},{name},{registered},{region},{state},{day}"
            history.tell(draw, extract("企业", day), day, text)
        elif is_whole and days:
            days[day] = None
    assume(history.told)
    history.versions = periods(days, registered, joined=True)
    return history


KINDS = (us_histories, em_histories, tw_histories, cn_histories, er_histories)


def histories_drawn(from_seed: int) -> list[History]:
    """Histories of every kind as hypothesis draws them, each of an entity of its own."""
    lives = [one for kind in KINDS for one in drawn(kind(), HISTORIES // len(KINDS), from_seed)]
    histories = [life.numbered(number) for number, life in enumerate(lives)]
    traits = Counter(trait for history in histories for trait in history.traits())
    print(f"{len(histories)} histories: {dict(traits)}")
    assert len({str(history.versions) for history in histories}) > HISTORIES // 2
    assert min(traits[way] for way in ("late", "split", "doubled")) >= IN_EACH_WAY, traits
    assert len(traits) == 9, traits
    assert min(traits.values()) >= OF_EACH_TRAIT, traits
    return histories


def extract(name: str, day: date) -> str:
    return f"{name}_{'全量' if EXTRACTS[day] else '增量'}_{day:%Y%m%d}"


CN_HEADER = ["注册号", "国际分类", "商标名称", "申请人名称(中)", "申请日期", "注册公告日期", "法律状态"]
ER_HEADER = ["统一社会信用代码", "企业名称", "成立日期", "行政区划代码", "登记状态", "数据日期"]


@cache
def content(source_id: str, name: str, records: tuple[str, ...]) -> bytes:
    """The bytes of a file with these records, as its office writes it; the same ones each time it is sent."""
    if source_id == "uspto_trademark":
        return uspto(records, creation=f"{day_of(int(name[3:6])):%Y%m%d}0100")
    if source_id == "tipo_gazette":
        return gazette(*records)
    if source_id == "euipo_trademark":
        return zipped({f"{number:06d}.xml": record for number, record in enumerate(records)})
    header = CN_HEADER if source_id == "cnipa_trademark" else ER_HEADER
    return csv_bytes([header, *(record.split(",") for record in records)])


def suffix(source_id: str) -> str:
    return {"euipo_trademark": ".zip", "uspto_trademark": ".xml", "tipo_gazette": ".xml"}.get(source_id, ".csv")


def files_of(histories: Iterable[History], night: int | None = None) -> list[File]:
    """The files in which the offices send their statements about these: unsplit, or split, those of a night."""
    records: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for history in histories:
        for name, told in history.told.items():
            sent = [record for record in told if night is None or night in record.nights]
            if sent:
                records[history.source_id, name] += sent
    if night is not None:
        for told in records.values():
            told.sort(key=lambda record: record.place)
    return [
        File(source_id, name, tuple(record.text for record in told))
        for (source_id, name), told in sorted(records.items())
    ]


def received(home: Home, rounds: Iterable[Iterable[File]]) -> None:
    """Receive and parse the files, round by round as nights bring them."""
    for number, files in enumerate(rounds):
        sent: dict[str, dict[str, bytes]] = defaultdict(dict)
        for file in files:
            name = f"{number}_{file.name}{suffix(file.source_id)}" if file.source_id == "uspto_trademark" else None
            name = name or f"{file.name}_r{number}{suffix(file.source_id)}"
            sent[file.source_id][name] = content(file.source_id, file.name, file.records)
        for source_id, contents in sent.items():
            for manifest in deliver(home, source_id, contents).values():
                assert (manifest.state, manifest.n_quarantined) == ("loaded", 0), manifest


def built(home: Home) -> Path:
    """The candidate with the dimensions of what the home has received."""
    return build_models(home, *MODELS, "trademark_replaced", "dim_region", "fct_recognition", as_of=AS_OF).candidate


def released_versions(candidate: Path) -> dict[tuple[str, str], list[Version]]:
    """The versions that the dimensions and the lists of marks have of each entity."""
    found: dict[tuple[str, str], list[Version]] = defaultdict(list)
    offices = {"US": "uspto_trademark", "EM": "euipo_trademark", "TW": "tipo_gazette", "CN": "cnipa_trademark"}
    with duckdb.connect(str(candidate), read_only=True) as connection:
        for office, number, *version in connection.execute(
            """
            select office_code, application_no, valid_from, valid_to, is_listed, is_current,
                case when is_listed then concat_ws(' ', status_code,
                    coalesce((select min(owner_name) from star.bridge_trademark_owner as o
                        where o.trademark_key = t.trademark_key), ''),
                    coalesce((select string_agg(class_code, ',' order by class_code)
                        from star.bridge_trademark_class as c where c.trademark_key = t.trademark_key), '')) else '' end
            from star.dim_trademark as t where trademark_key <> -1 order by valid_from
            """
        ).fetchall():
            found[offices[office], number].append(tuple(version))
        for number, *version in connection.execute(
            """
            select uscc, e.valid_from, e.valid_to, is_listed, is_current,
                case when is_listed then concat_ws(' ', e.name_zh, registration_state, region_code) else '' end
            from star.dim_enterprise as e join star.dim_region as r using (region_key)
            where is_registered order by e.valid_from
            """
        ).fetchall():
            found["enterprise_register", number].append(tuple(version))
    return found


def owners_of(candidate: Path) -> dict[str, str]:
    """The enterprise that each name of an owner is."""
    with duckdb.connect(str(candidate), read_only=True) as connection:
        found = connection.execute(
            "select distinct owner_name, enterprise_id from star.bridge_trademark_owner"
            " join star.dim_enterprise using (enterprise_key)"
        ).fetchall()
    assert len(dict(found)) == len(found), found
    return dict(found)


def merged_ids(candidate: Path) -> dict[str, str]:
    """The enterprise of now that each id of one that is none any more leads to."""
    with duckdb.connect(str(candidate), read_only=True) as connection:
        return dict(
            connection.execute(
                "select b.enterprise_id, current_enterprise_id from star.bridge_enterprise_id as b where id_state ="
                " 'merged' and exists (from star.dim_enterprise as e where e.enterprise_id = current_enterprise_id)"
            ).fetchall()
        )


def rows_besides_records(candidate: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the tables hold but for where each row was read and when it came."""
    found = {}
    with duckdb.connect(str(candidate), read_only=True) as connection:
        for table in MODELS:
            found[table] = connection.execute(
                "select columns(lambda c: c not in ('delivery_key', 'record_no') and not starts_with(c, 'recorded_'))"
                f" from star.{table} order by all"
            ).fetchall()
    return found


@pytest.mark.long
def test_versions_follow_from_what_is_reported_in_any_order_and_cut(tmp_path: Path, example_seed: int) -> None:
    """All at once; complete files in two nights, some in both; each history cut, shuffled and doubled on its own."""
    again = f"to draw the same again: --hypothesis-seed={example_seed}"
    histories = histories_drawn(example_seed)
    files = files_of(histories)
    codes = [one.entity_no for one in histories if one.source_id == "enterprise_register"]
    *_, overrides = drawn(overrides_of(codes), 12, example_seed)
    *_, nights = drawn(st.lists(NIGHTS, min_size=len(files), max_size=len(files)), 12, example_seed)
    orders = drawn(st.permutations(overrides.lines()), 3, example_seed)
    decided = overrides.same.keys() | {party for pair in overrides.different for party in pair}
    touched = [one for one in histories if one.entity_no in decided or any(name in str(one.told) for name in decided)]
    assert len(touched) >= IN_EACH_WAY, (overrides, again)
    assert len(set(nights)) == 3, (nights, again)

    homes = [Home(tmp_path / name) for name in ("at_once", "shuffled", "split")]
    for home, order in zip(homes, orders, strict=True):
        home.root.mkdir()
        written(order, home)
    received(homes[0], [files])
    sent = [[file for file, on in zip(files, nights, strict=True) if night in on] for night in (0, 1)]
    received(homes[1], sent)
    received(homes[2], [files_of(histories, night) for night in (0, 1)])
    at_once, shuffled, parts = (built(home) for home in homes)

    # A code that is another's has no versions of its own.
    histories = [one for one in histories if one.entity_no not in overrides.same]
    assert len(histories) >= 200
    for candidate in (at_once, parts):
        found = released_versions(candidate)
        assert set(found) == {history.name for history in histories}, again
        wrong = [
            history.account(found[history.name]) for history in histories if found[history.name] != history.versions
        ]
        shortest = "".join(sorted(wrong, key=len)[:3])
        assert not wrong, f"{len(wrong)} of {len(histories)} histories differ ({again}); the shortest: {shortest}"
    for candidate in (at_once, shuffled, parts):
        owners = owners_of(candidate)
        assert set(owners) == set(OWNERS), again
        for one in OWNERS:
            party = overrides.enterprise(one)
            if party.isalnum() and party.isascii():
                assert owners[one] == f"USCC:{party}", (one, overrides, again)
            alike = {other for other in OWNERS if overrides.enterprise(other) == party}
            assert {other for other in OWNERS if owners[other] == owners[one]} == alike, (one, overrides, again)
        leads = merged_ids(candidate)
        for code in overrides.same.keys() - set(OWNERS):
            assert leads[f"USCC:{code}"] == f"USCC:{overrides.enterprise(code)}", (overrides, again)
    assert fingerprint(at_once) == fingerprint(shuffled), again
    assert rows_besides_records(at_once) == rows_besides_records(parts), again


def case(transaction: str, status: str, registered: str = "") -> str:
    """A case file of a mark filed on 2 January 2023."""
    registration = f"<registration-date>{registered}</registration-date>" if registered else ""
    return (
        "<case-file><serial-number>70000001</serial-number><registration-number>0000000</registration-number>"
        f"<transaction-date>{transaction}</transaction-date><case-file-header><filing-date>20230102</filing-date>"
        f"{registration}<status-code>{status}</status-code><status-date>{transaction}</status-date></case-file-header>"
        "<classifications><classification><international-code>030</international-code></classification>"
        "</classifications></case-file>"
    )


def register(day: str, region: str) -> File:
    code = "91420100000000001" + uscc.calc_check_digit("91420100000000001")
    return File(
        "enterprise_register", f"企业_增量_{day.replace('-', '')}", (f"{code},史甲公司,2020-01-01,{region},存续,{day}",)
    )


def test_a_firm_of_one_extract_of_changes_closes_with_the_first_list_that_lacks_it(tmp_path: Path) -> None:
    code = "91420100000000002" + uscc.calc_check_digit("91420100000000002")
    listed = f"{code},子壬公司,2020-01-01,420100,存续,"
    home = Home(tmp_path / "home")
    files = [
        register("2024-01-31", "420100"),
        *(
            File("enterprise_register", f"企业_全量_{day.replace('-', '')}", (f"{listed}{day}",))
            for day in ("2024-02-10", "2024-03-01")
        ),
    ]
    received(home, [files])
    versions = released_versions(built(home))
    gone = "91420100000000001" + uscc.calc_check_digit("91420100000000001")
    assert [(str(since), str(until), there) for since, until, there, *_ in versions["enterprise_register", gone]] == [
        ("2020-01-01", "2024-02-10", True)
    ]
    assert [version[2] for version in versions["enterprise_register", code]] == [True]


def test_the_star_as_of_a_day_and_as_known_at_a_moment(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    decisions = [["称号", "事项", "日期", "企业名称", "级别"]]
    decisions += [
        ["湖北精品", "公示", "2023-01-05", "史甲公司", "省"],
        ["湖北精品", "认定", "2023-03-01", "史甲公司", "省"],
    ]
    decisions += [["湖北精品", "撤销", "2024-01-15", "史甲公司", "省"]]
    deliver(home, "recognition_list", {"decisions.csv": csv_bytes(decisions)})
    early = File("uspto_trademark", "apc010", (case("20240110", "630"),))
    newest = File("uspto_trademark", "apc060", (case("20240301", "700", "20240220"),))
    received(home, [[early, newest, register("2024-01-11", "420102")]])
    before = datetime.now(UTC).replace(tzinfo=None)
    # What happened between the two comes after them.
    late = File("uspto_trademark", "apc035", (case("20240201", "710", "20230901"),))
    received(home, [[late, register("2024-02-10", "420103")]])
    with duckdb.connect(str(built(home)), read_only=True) as connection:

        def ask(sql: str, *values: object) -> list[tuple[object, ...]]:
            return connection.execute(sql, values).fetchall()

        marks = "select status_code, status_group from star.trademark_as_of(?) where office_code = 'US'"
        for day, expected in {
            "2022-12-31": [],
            "2024-01-20": [("630", "pending")],
            "2024-02-10": [("710", "dead")],
            "2024-03-05": [("700", "live")],
        }.items():
            assert ask(marks, date.fromisoformat(day)) == expected, day
        # Before its death a mark lived: the record of the death states its registration.
        known = "select status_code, status_group from star.trademark_known_at(?, ?) where office_code = 'US'"
        now = datetime.now(UTC).replace(tzinfo=None)
        assert ask(known, date(2024, 2, 10), before) == [("630", "pending")]
        assert ask(known, date(2024, 2, 10), now) == [("710", "dead")]
        assert ask(known, date(2024, 3, 5), before) == ask(known, date(2024, 3, 5), now) == [("700", "live")]
        assert ask(known, date(2024, 3, 5), datetime(2020, 1, 1)) == []

        region = "select region_code from star.{} join star.dim_region using (region_key) where is_registered"
        assert ask(region.format("enterprise_as_of(?)"), date(2024, 2, 1)) == [("420102",)]
        assert ask(region.format("enterprise_as_of(?)"), date(2024, 2, 20)) == [("420103",)]
        assert ask(region.format("enterprise_known_at(?, ?)"), date(2024, 2, 20), before) == [("420102",)]
        keys = "select entity, count(*) from star.known_at(?, ?) where entity_key <> -1 group by 1 order by 1"
        assert ask(keys, date(2024, 2, 20), now) == [("enterprise", 1), ("trademark", 1)]

        states = "select state::varchar from star.recognition_as_of(?)"
        for day, state in {"2023-01-01": [], "2023-02-01": [("nominated",)], "2024-01-15": [("revoked",)]}.items():
            assert ask(states, date.fromisoformat(day)) == state, day
        # A fact joins one row by its key, and the version of its day by the durable key.
        for join in (
            "e.enterprise_key",
            "e.durable_enterprise_key and e.valid_from <= '2024-02-01' and e.valid_to > '2024-02-01'",
        ):
            assert ask(
                "select count(*) from star.fct_recognition as f"
                f" join star.dim_enterprise as e on f.enterprise_key = {join}"
            ) == [(1,)]
        assert ask("select period, n_marks, n_mark_classes from star.fct_trademark_stock order by 1") == [
            ("2024-03", 1, 1), ("2024-04", 1, 1), ("2024-05", 1, 1), ("2024-06", 1, 1),
        ]  # fmt: skip


@pytest.mark.long
def test_what_another_record_of_the_day_replaced_was_known_until_then(tmp_path: Path) -> None:
    """Case files of one transaction date outrank each other by the date of their file, lists of one day by what they
    say: here 420103 outranks the other regions, and 无效 the other states."""
    home = Home(tmp_path / "home")
    code = "91420100000000001" + uscc.calc_check_digit("91420100000000001")

    def us(made: int, status: str) -> File:
        return File("uspto_trademark", f"apc{made:03d}", (case("20240110", status),))

    def firms(region: str, day: str) -> File:
        said = f"{code},史甲公司,2020-01-01,{region},存续,{day}"
        return File("enterprise_register", f"企业_全量_{day.replace('-', '')}", (said,))

    def marks(*states: str) -> File:
        rows = [
            f"12345678,{nice_class},史,历史甲公司,2023-05-01,2023-12-01,{state}"
            for nice_class, state in zip(("9", "35"), states, strict=False)
        ]
        return File("cnipa_trademark", "商标_全量_20240501", tuple(rows))

    nights = [
        [us(10, "630"), firms("420105", "2024-04-01"), firms("420102", "2024-05-01"), marks("申请中")],
        [us(20, "700"), firms("420103", "2024-05-20"), marks("申请中", "无效")],
        # It comes after what outranks it, so that it was never known.
        [us(15, "602"), firms("420103", "2024-05-01"), marks("无效", "无效")],
        [us(30, "710"), firms("420102", "2024-05-01"), marks("已注册", "无效")],
    ]
    moments = [datetime(2020, 1, 1)]
    for night in nights:
        received(home, [night])
        moments.append(datetime.now(UTC).replace(tzinfo=None))
    office = "select status_code::varchar from star.trademark_{} where office_code = '{}'"
    region = "select region_code from star.enterprise_{} join star.dim_region using (region_key) where is_registered"
    # What is known after each night, the first of them before all.
    expected = {
        (office.format("known_at(?, ?)", "US"), "2024-02-01"): [None, "630", "700", "700", "710"],
        (office.format("known_at(?, ?)", "US"), "2023-02-01"): [None, "630", "700", "700", "710"],
        (office.format("known_at(?, ?)", "CN"), "2024-05-10"): [None, "申请中", "申请中", "无效", "无效"],
        (region.format("known_at(?, ?)"), "2024-04-10"): [None, "420105", "420105", "420105", "420105"],
        (region.format("known_at(?, ?)"), "2024-05-10"): [None, "420102", "420102", "420103", "420103"],
        # A later list ended what the one before it stated, which another then corrected.
        (region.format("known_at(?, ?)"), "2024-05-25"): [None, "420102", "420103", "420103", "420103"],
    }
    with duckdb.connect(str(built(home)), read_only=True) as connection:
        for (sql, day), states in expected.items():
            found = [connection.execute(sql, [day, moment]).fetchall() for moment in moments]
            assert found == [[] if state is None else [(state,)] for state in states], (sql, day)
        # No day but the last shows what was replaced; every fact and dimension is without it.
        for sql, state in {office.format("as_of(?)", "US"): "710", region.format("as_of(?)"): "420103"}.items():
            assert connection.execute(sql, ["2024-05-10"]).fetchall() == [(state,)]
        counted = "select office_code::varchar, count(*) from star.dim_trademark where trademark_key <> -1 group by 1"
        assert connection.execute(f"{counted} order by 1").fetchall() == [("CN", 1), ("US", 1)]
        replaced = "select status_code::varchar, recorded_from < recorded_to from audit.trademark_replaced"
        assert connection.execute(f"{replaced} where office_code = 'US' order by 1").fetchall() == [
            ("630", True),
            ("700", True),
        ]
        keys = "select count(*) from star.known_at(?, ?) where entity_key <> -1 and version_key in ("
        keys += "select trademark_key from audit.trademark_replaced union select enterprise_key from"
        keys += " audit.enterprise_replaced)"
        assert connection.execute(keys, ["2024-05-10", moments[1]]).fetchall() == [(3,)]
        assert connection.execute(keys, ["2024-05-10", moments[4]]).fetchall() == [(0,)]
    other_way = Home(tmp_path / "other_way")
    received(other_way, reversed(nights))
    assert fingerprint(built(other_way)) == fingerprint(built(home))
