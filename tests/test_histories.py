"""Random histories of marks and enterprises: what their versions are, in whatever order and cut their records come."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
from stdnum.cn import uscc

from pipelines.fingerprint import fingerprint
from pipelines.home import Home
from pipelines.identity import OVERRIDES
from tests.dbt_models import build_models
from tests.hand_made_deliveries import csv_bytes, deliver, eu_mark, gazette, uspto, zipped

AS_OF = date(2024, 6, 1)
FIRST = date(2024, 1, 1)
OPEN = date(9999, 12, 31)
# Days on which the registers of China send an extract, and whether it is the whole register.
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
HISTORIES = 210

# Valid from, valid to, whether listed, whether current, and what it says.
Version = tuple[date, date, bool, bool, str]


@dataclass(frozen=True)
class Overrides:
    """What people have decided: which code or name is which, and which two are not one."""

    same: Mapping[str, str]
    different: tuple[tuple[str, str], ...]

    def declare(self, home: Home, rng: random.Random) -> None:
        """Write them for a home, in an order of its own."""
        lines = [f"{one},same,{other}" for one, other in self.same.items()]
        lines += [f"{one},different,{other}" for one, other in self.different]
        rng.shuffle(lines)
        said = "".join(f"{line},查过登记,登记科,2024-05-16\n" for line in lines)
        (home.root / OVERRIDES).write_text(f"subject,decision,object,reason,author,date\n{said}", encoding="utf-8")

    def enterprise(self, party: str) -> str:
        """The code or name that stands for the enterprise of a code or name."""
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


def overrides_of(codes: list[str], rng: random.Random) -> Overrides:
    """Some codes merged, in chains too; some owners tied to a code or to each other; some of these parted again."""
    merged = rng.sample(codes, 6)
    same = {merged[0]: merged[1], merged[1]: merged[2], merged[3]: merged[4]}
    for number, name in enumerate(OWNERS):
        choices = [*rng.sample(codes, 2), merged[0], merged[4], *OWNERS[number + 1 :], *OWNERS[max(number + 1, 4) :]]
        if rng.random() < 0.75:
            same[name] = rng.choice(choices)
    made = Overrides(same, ())
    pairs = [(one, other) for one in OWNERS for other in (*OWNERS, *merged) if made.end(one) != made.end(other)]
    different = [OWNERS[-2:]] if rng.random() < 0.5 and made.end(OWNERS[-2]) != made.end(OWNERS[-1]) else []
    different += rng.sample(pairs, 5)
    return Overrides(same, tuple(dict.fromkeys(different)))


@dataclass(frozen=True)
class File:
    """A file of a source: its records, and how they are put together."""

    source_id: str
    name: str
    records: tuple[str, ...]


@dataclass
class History:
    """One entity's life: what each file tells of it, and the versions that follow from that.

    A version is (valid_from, valid_to, is_listed, is_current, what it says). It is found here day by day, from what
    the last record up to that day says, which shares nothing with the models.
    """

    seed: int
    source_id: str
    entity_no: str
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    versions: list[Version] = field(default_factory=list)

    @property
    def name(self) -> tuple[str, str]:
        return self.source_id, self.entity_no


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


def us_history(seed: int) -> History:
    rng = random.Random(seed)
    history = History(seed, "uspto_trademark", f"{70000000 + seed % 20000000:08d}")
    filed = day_of(rng.randint(-400, -1))
    newest: dict[date, tuple[int, str]] = {}
    for _ in range(rng.randint(1, 6)):
        transaction, made = rng.randint(0, 40), rng.randint(0, 12) * 5
        if any(day_of(transaction) == day and made == when for day, (when, _) in newest.items()):
            continue
        status, owner = rng.choice(STATES["uspto_trademark"]), rng.choice("AB")
        classes = sorted(rng.sample(["005", "030", "035"], rng.randint(0, 3)))
        if newest.get(day_of(transaction), (-1, ""))[0] < made:
            newest[day_of(transaction)] = (made, f"{status} History {owner} Inc {','.join(classes)}")
        history.told[f"apc{made:03d}"].append(
            f"<case-file><serial-number>{history.entity_no}</serial-number><registration-number>0000000"
            f"</registration-number><transaction-date>{day_of(transaction):%Y%m%d}</transaction-date><case-file-header>"
            f"<filing-date>{filed:%Y%m%d}</filing-date><status-code>{status}</status-code><status-date>"
            f"{day_of(transaction):%Y%m%d}</status-date><mark-identification>HISTORY</mark-identification>"
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
            f"History {owner} Inc</party-name></case-file-owner></case-file-owners></case-file>"
        )
    history.versions = periods({day: said for day, (_, said) in newest.items()}, filed, joined=False)
    return history


def em_history(seed: int) -> History:
    rng = random.Random(seed)
    history = History(seed, "euipo_trademark", f"01{seed % 10000000:07d}")
    days: dict[date, tuple[int, str | None]] = {}
    for moment in sorted(rng.sample(range(400), rng.randint(1, 5))):
        # Ten moments a day: the last of a day holds.
        day, hour = day_of(moment // 10), moment % 10
        operation = rng.choice(["Insert", "Update", "Update", "Delete"])
        classes = sorted(rng.sample(["5", "30"], rng.randint(0, 2)))
        goods = "".join(f"<ClassDescription><ClassNumber>{one}</ClassNumber></ClassDescription>" for one in classes)
        inside = (
            "<GoodsServicesDetails><GoodsServices><ClassificationVersion/><ClassDescriptionDetails>"
            f"{goods}</ClassDescriptionDetails></GoodsServices></GoodsServicesDetails>"
            if classes
            else ""
        )
        said = f"Application published  {','.join(classes)}"
        days[day] = (hour, None if operation == "Delete" else said)
        history.told[f"em{moment // 100}"].append(
            eu_mark(history.entity_no, inside=inside, produced=f"{day}T0{hour}:00:00", operation=operation)
        )
    begun = date(2023, 2, 1)
    versions = periods({day: said for day, (_, said) in days.items()}, begun, joined=False)
    if days[max(days)][1] is None:
        # The last document tells of the deletion, and of the mark as it was until then.
        deleted = f"Deleted  {said.split('  ')[-1]}"
        history.versions = [*versions[:-1], (*versions[-1][:4], deleted)] if versions else []
        # Nothing but deletions: the mark was there until the last of them.
        history.versions = history.versions or [(begun, max(days), True, False, deleted)]
    else:
        history.versions = versions
    return history


def tw_history(seed: int) -> History:
    rng = random.Random(seed)
    history = History(seed, "tipo_gazette", f"{100000000 + seed % 90000000}")
    registered = day_of(rng.choice([-3660, -3620, -3500, -400, 20]))
    filed = registered - timedelta(rng.randint(1, 400))
    owner = rng.choice(["历史甲公司", *OWNERS[-2:]])
    expiry = registered.replace(year=registered.year + 10, day=min(registered.day, 28))
    history.told[f"gazette{registered:%Y%m%d}"].append(
        f'<RegContent no="1"><CaseNo>{history.entity_no}</CaseNo><RegisterNo>{seed % 100000000:08d}</RegisterNo>'
        f"<Trademark_Name>史</Trademark_Name><Filing_Date>{roc_day(filed)}</Filing_Date><SDate>{roc_day(registered)}</SDate>"
        f"<EDate>{roc_day(expiry)}</EDate><Mark_Type>0</Mark_Type><ServiceMark>false</ServiceMark><RegContentOwner>"
        f"<AChinese>{owner}</AChinese></RegContentOwner></RegContent>"
    )
    if expiry <= AS_OF:
        history.versions = [
            (filed, expiry, True, False, f"registered {owner} "),
            (expiry, OPEN, True, True, f"expired {owner} "),
        ]
    else:
        history.versions = [(filed, OPEN, True, True, f"registered {owner} ")]
    return history


def cn_history(seed: int) -> History:
    rng = random.Random(seed)
    history = History(seed, "cnipa_trademark", str(10000000 + seed % 80000000))
    filed = day_of(rng.randint(-400, -1))
    rows: dict[str, tuple[str, str]] = {}
    days: dict[date, str | None] = {}
    while not history.told:
        rows.clear()
        days.clear()
        for day, is_whole in EXTRACTS.items():
            sent = {
                one: (rng.choice(STATES["cnipa_trademark"]), rng.choice("甲乙"))
                for one in ("9", "35")
                if rng.random() < (0.6 if is_whole else 0.3)
            }
            rows = {**({} if is_whole else rows), **sent}
            for one, (status, owner) in sent.items():
                history.told[extract("商标", day)].append(
                    f"{history.entity_no},{one},史,历史{owner}公司,{filed},2023-12-01,{status}"
                )
            if rows:
                order = ["已注册", "申请中", "无效"]
                best = min(rows, key=lambda one: (order.index(rows[one][0]), int(one)))
                full = ";".join(f"{one}{''.join(rows[one])}" for one in sorted(rows))
                days[day] = f"{rows[best][0]} 历史{rows[best][1]}公司 {','.join(sorted(rows))}|{full}"
            elif days:
                days[day] = None
    history.versions = [(*version[:4], version[4].split("|")[0]) for version in periods(days, filed, joined=True)]
    return history


def er_history(seed: int) -> History:
    rng = random.Random(seed)
    base = f"91420100{seed % 1000000000:09d}"
    history = History(seed, "enterprise_register", base + uscc.calc_check_digit(base))
    registered = day_of(rng.randint(-400, -1))
    days: dict[date, str | None] = {}
    while not history.told:
        for day, is_whole in EXTRACTS.items():
            if rng.random() < (0.7 if is_whole else 0.4):
                name, region = (
                    rng.choice(["历史甲食品有限公司", "历史乙食品有限公司"]),
                    rng.choice(["420102", "420103"]),
                )
                state = rng.choice(["存续", "注销"])
                days[day] = f"{name} {state} {region}"
                history.told[extract("企业", day)].append(
                    f"{history.entity_no},{name},{registered},{region},{state},{day}"
                )
            elif is_whole and days:
                days[day] = None
    history.versions = periods(days, registered, joined=True)
    return history


KINDS: tuple[Callable[[int], History], ...] = (us_history, em_history, tw_history, cn_history, er_history)


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


def files_of(histories: Iterable[History]) -> list[File]:
    """The files in which the offices send what they tell of these."""
    records: dict[tuple[str, str], list[str]] = defaultdict(list)
    for history in histories:
        for name, told in history.told.items():
            records[history.source_id, name] += told
    return [File(source_id, name, tuple(told)) for (source_id, name), told in sorted(records.items())]


def split(files: Iterable[File], rng: random.Random) -> list[File]:
    """The same records in other files of the same days, some of them twice."""
    parts = []
    for file in files:
        shuffled = rng.sample(file.records, len(file.records))
        cut = rng.randint(0, len(shuffled))
        twice = rng.sample(shuffled, rng.randint(0, min(3, len(shuffled))))
        for number, records in enumerate((shuffled[:cut] + twice, shuffled[cut:])):
            if records:
                parts.append(File(file.source_id, f"{file.name}_{number}", tuple(dict.fromkeys(records))))
    return parts


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
    return build_models(home, *MODELS, "dim_region", "fct_recognition", as_of=AS_OF).candidate


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


def test_versions_follow_from_what_is_told_in_any_order_and_cut(tmp_path: Path) -> None:
    """Each history has a seed of its own; a failure names those whose histories came out otherwise."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"histories and their order of arrival: seed {seed}")
    rng = random.Random(seed)
    seeds = rng.sample(range(10_000_000), HISTORIES)
    histories = [KINDS[number % len(KINDS)](one) for number, one in enumerate(seeds)]
    files = files_of(histories)
    homes = [Home(tmp_path / name) for name in ("at_once", "shuffled", "split")]
    overrides = overrides_of([one.entity_no for one in histories if one.source_id == "enterprise_register"], rng)
    for home in homes:
        home.root.mkdir()
        overrides.declare(home, rng)
    received(homes[0], [files])
    again = rng.sample(files, len(files))
    half = len(files) // 2
    received(homes[1], [again[:half], rng.sample(files, 5), again[half:]])
    cut = split(files, rng)
    rng.shuffle(cut)
    received(homes[2], [cut[: len(cut) // 2], cut[len(cut) // 2 :]])
    at_once, shuffled, parts = (built(home) for home in homes)

    # A code that is another's has no versions of its own.
    histories = [one for one in histories if one.entity_no not in overrides.same]
    expected = {history.name: history.versions for history in histories}
    assert set(released_versions(at_once)) == set(expected)
    for candidate in (at_once, parts):
        found = released_versions(candidate)
        wrong = {h.seed: (h.name, expected[h.name], found[h.name]) for h in histories if found[h.name] != h.versions}
        assert not wrong, f"{len(wrong)} of {len(histories)} histories: {wrong}"
    for candidate in (at_once, shuffled, parts):
        owners = owners_of(candidate)
        assert set(owners) == set(OWNERS)
        for one in OWNERS:
            party = overrides.enterprise(one)
            if party.isalnum() and party.isascii():
                assert owners[one] == f"USCC:{party}", (one, overrides)
            alike = {other for other in OWNERS if overrides.enterprise(other) == party}
            assert {other for other in OWNERS if owners[other] == owners[one]} == alike, (one, overrides)
        leads = merged_ids(candidate)
        for code in overrides.same.keys() - set(OWNERS):
            assert leads[f"USCC:{code}"] == f"USCC:{overrides.enterprise(code)}", overrides
    assert fingerprint(at_once) == fingerprint(shuffled)
    assert rows_besides_records(at_once) == rows_besides_records(parts)


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
        # Before its death a mark lived: the record of the death tells of its registration.
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
