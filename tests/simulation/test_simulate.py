"""The simulated world: reproducible, in the offices' formats, and as its truth tables state.

Deliveries are read here with other readers than the pipeline's (lxml, csv, python-calamine).
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import os
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import opencc
import polars as pl
import pytest
from lxml import etree
from python_calamine import CalamineWorkbook
from stdnum.cn import uscc

from pipelines.contract.loading import load_sources
from pipelines.errors import UsageError
from pipelines.lake.aliases import ALIASES, load_aliases
from pipelines.simulation.divisions import divisions
from pipelines.simulation.misprints import ALIAS_SHARE, CORRUPTIONS, NO_COUNTERPART_SHARE
from pipelines.simulation.nights import MAX_NIGHTS, night_date
from pipelines.simulation.offices import samr_food_sampling
from pipelines.simulation.simulate import DEFAULT_SEED, simulate
from pipelines.simulation.world import World
from pipelines.state.home import PROJECT_ROOT

SCALE, NIGHTS = 1.0, 4
DEAD = {"602", "606", "710", "900"}
Row = dict[str, str]


def contents(root: Path) -> dict[str, str]:
    """SHA-256 of every file by its path under the root."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world") / "out"
    # Its first line is the seed.
    simulate(out, SCALE, NIGHTS, DEFAULT_SEED, progress=print)
    return out


def truth(world: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(world / "truth" / f"{table}.parquet")


def named(world: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What is true of each mention of a firm, by its reference and role."""
    return {(row["reference"], row["role"]): row for row in truth(world, "mentions").iter_rows(named=True)}


def delivered(world: Path, source_id: str) -> Iterator[tuple[int, Path]]:
    for folder in sorted(world.glob("night_*")):
        for path in sorted((folder / source_id).glob("*")):
            yield int(folder.name.removeprefix("night_")), path


def broken_at(world: Path, night: int, path: Path) -> dict[int, str]:
    """Record number to rule of a delivery's broken records."""
    rows = truth(world, "defects").filter((pl.col("night") == night) & (pl.col("file") == path.name))
    return dict(rows.select("record_no", "rule").iter_rows())


def read_csv(world: Path, path: Path) -> list[Row]:
    encodings = truth(world, "deliveries").filter(pl.col("file") == path.name)["encoding"].to_list()
    with path.open(encoding=encodings[0], newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_same_arguments_give_the_same_bytes_in_another_process(world: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipelines.simulation.simulate import simulate;"
        f"simulate(Path(sys.argv[1]), {SCALE}, {NIGHTS}, {DEFAULT_SEED})"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "America/New_York", "POLARS_MAX_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=True, cwd=PROJECT_ROOT, env=environment)
    assert contents(tmp_path / "out") == contents(world)


def test_first_nights_do_not_depend_on_how_many_follow(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "out", SCALE, 2, DEFAULT_SEED)
    shorter = {name: digest for name, digest in contents(tmp_path / "out").items() if name < "night_0003"}
    longer = {name: digest for name, digest in contents(world).items() if name < "night_0003"}
    assert shorter == longer


def test_another_seed_gives_another_world(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "out", SCALE, 1, DEFAULT_SEED + 1, progress=print)
    other, here = contents(tmp_path / "out"), contents(world)
    same = {name for name in other if here.get(name) == other[name]}
    # The lists of divisions and of industries are facts, not part of the invented world.
    assert {name for name in same if name.startswith("night_")} == {
        "night_0001/region_codes/gbt2260_regions_2024.csv",
        "night_0001/industry_codes/gbt4754_industries_2011.csv",
        "night_0001/industry_codes/gbt4754_industries_2017.csv",
    }


@pytest.mark.parametrize("scale", [0.01, 0.05, 0.3])
def test_small_worlds_are_complete(tmp_path: Path, scale: float) -> None:
    simulate(tmp_path / "out", scale, 3, 5, progress=print)
    for source_id in load_sources():
        assert {night for night, _ in delivered(tmp_path / "out", source_id)} >= {1}, source_id


def test_every_source_delivers_every_night(world: Path) -> None:
    for source_id in load_sources():
        nights = {night for night, _ in delivered(world, source_id)}
        is_code_list = source_id in ("region_codes", "industry_codes")
        assert nights == ({1} if is_code_list else set(range(1, NIGHTS + 1))), source_id


def test_every_delivery_is_in_the_truth_and_matches_its_declaration(world: Path) -> None:
    told = truth(world, "deliveries")
    listed = {(night, source, file) for night, source, file in told.select("night", "source_id", "file").iter_rows()}
    sources = load_sources()
    found = {(night, source, path.name) for source in sources for night, path in delivered(world, source)}
    assert listed == found
    for source_id, share in (
        told.group_by("source_id").agg(pl.col("n_bad").sum() / pl.col("n_records").sum()).iter_rows()
    ):
        assert share <= sources[source_id].tolerances.quarantined_share_max
    for n_bad, n_records, source_id in told.select("n_bad", "n_records", "source_id").iter_rows():
        assert n_bad <= n_records * sources[source_id].tolerances.quarantined_share_max
    assert {s for _, s, f in found if any(Path(f).match(p) for p in sources[s].delivery.patterns)} == set(sources)
    broken = truth(world, "defects")
    assert len(broken) == told["n_bad"].sum() > 0
    for source_id, rule in broken.select("source_id", "rule").unique().iter_rows():
        kind, column = rule.split(":")
        declared = sources[source_id].entities[sources[source_id].record_entity].by_name[column]
        assert {
            "required": declared.required,
            "type": declared.type in ("date", "partial_date"),
            "uscc": declared.format == "uscc",
            "pattern": declared.pattern is not None,
            "shifted": declared.shifted is not None,
        }[kind]


def test_enterprises_carry_valid_codes_and_distinct_names(world: Path) -> None:
    enterprises = truth(world, "enterprises")
    assert all(uscc.is_valid(code) for code in enterprises["uscc"])
    assert enterprises["uscc"].is_unique().all()
    assert enterprises["name"].is_unique().all()
    assert enterprises["name_en"].is_unique().all()
    in_use = set(divisions().filter(pl.col("valid_to_year").is_null())["region_code"])
    assert set(enterprises["region_code"]) <= in_use
    to_traditional, to_simplified = opencc.OpenCC("s2t"), opencc.OpenCC("t2s")
    for name in enterprises["name"]:
        assert to_simplified.convert(to_traditional.convert(name)) == name


def test_enterprise_register_is_as_the_truth_states(world: Path) -> None:
    latest: dict[str, Row] = {}
    n_renamed = 0
    encodings = set()
    for night, path in delivered(world, "enterprise_register"):
        broken = broken_at(world, night, path)
        rows = read_csv(world, path)
        encodings |= set(truth(world, "deliveries").filter(pl.col("file") == path.name)["encoding"])
        for number, row in enumerate(rows, 1):
            rule = broken.get(number)
            assert uscc.is_valid(row["统一社会信用代码"]) == (rule != "uscc:uscc")
            assert bool(row["企业名称"]) == (rule != "required:enterprise_name")
            if rule is None:
                date.fromisoformat(row["成立日期"])
                before = latest.get(row["统一社会信用代码"])
                if before is not None and before["企业名称"] != row["企业名称"]:
                    n_renamed += 1
                    assert before["企业名称"] in row["曾用名"].split("；")
                latest[row["统一社会信用代码"]] = row
    assert n_renamed == NIGHTS - 1
    assert encodings == {"gb18030", "utf-8", "utf-8-sig"}
    told = {row["uscc"]: row for row in truth(world, "enterprises").iter_rows(named=True)}
    assert told.keys() == latest.keys()
    for code, row in latest.items():
        assert row["企业名称"] == told[code]["name"]
        assert row["曾用名"] == (told[code]["former_names"] or "")
        assert row["行政区划代码"] == told[code]["region_code"]
        assert row["登记状态"] == told[code]["state"]
        assert row["成立日期"] == told[code]["registered_date"].isoformat()


def case_files(path: Path) -> list[etree._Element]:
    parser = etree.XMLParser(dtd_validation=True, no_network=True)
    return list(etree.parse(str(path), parser).getroot().iter("case-file"))


def test_case_files_are_valid_and_as_the_truth_states(world: Path) -> None:
    latest: dict[str, etree._Element] = {}
    states: dict[str, list[str]] = {}
    for night, path in delivered(world, "uspto_trademark"):
        records = case_files(path)
        broken = broken_at(world, night, path)
        told = truth(world, "deliveries").filter((pl.col("file") == path.name) & (pl.col("night") == night))
        assert told["n_records"].to_list() == [len(records)]
        for number, record in enumerate(records, 1):
            serial = record.findtext("serial-number", "")
            transacted = record.findtext("transaction-date", "")
            status = record.findtext("case-file-header/status-code")
            rule = broken.get(number)
            assert (len(serial) != 8) == (rule == "pattern:serial_number")
            assert (status is None) == (rule == "required:status_code")
            assert (transacted == "20241341") == (rule == "type:transaction_date")
            if rule is None and status is not None:
                assert datetime.strptime(transacted, "%Y%m%d").date() <= night_date(night), serial
                if serial in latest:
                    assert transacted > latest[serial].findtext("transaction-date", "")
                latest[serial] = record
                states.setdefault(serial, []).append(status)
    marks = {
        m["application_no"]: m for m in truth(world, "trademarks").iter_rows(named=True) if m["office_code"] == "US"
    }
    assert marks.keys() == latest.keys()
    assert any(old in DEAD and new not in DEAD for seen in states.values() for old, new in itertools.pairwise(seen))
    english = dict(truth(world, "enterprises").select("uscc", "name_en").iter_rows())
    for serial, record in latest.items():
        mark = marks[serial]
        header = record.find("case-file-header")
        assert header is not None
        assert header.findtext("mark-identification") == mark["mark_text"]
        assert header.findtext("status-code") == mark["status_code"]
        assert record.findtext("registration-number") == (mark["registration_no"] or "0000000")
        assert as_iso(header.findtext("filing-date")) == mark["filing_date_text"]
        assert (mark["filing_date"] is None) == (len(mark["filing_date_text"]) < 10)
        registered = mark["registration_date"]
        assert as_iso(header.findtext("registration-date")) == (registered and registered.isoformat())
        assert len(record.findall("classifications/classification/international-code")) == mark["n_classes"]
        events = record.findall("case-file-event-statements/case-file-event-statement")
        assert [int(e.findtext("number", "")) for e in events] == list(range(mark["n_events"], 0, -1))
        dates = [e.findtext("date", "") for e in events]
        assert dates == sorted(dates, reverse=True)
        owners = record.findall("case-file-owners/case-file-owner")
        assert len(owners) == mark["n_owner_entries"]
        newest = max((o for o in owners if o.findtext("entry-number") == "1"), key=party_type)
        assert newest.findtext("party-name") == english.get(mark["owner_uscc"], mark["owner_name"])
    texts = [record.findtext(".//first-use-anywhere-date") or "" for record in latest.values()]
    assert any(text == "0" for text in texts)
    assert any(text.endswith("00") for text in texts)


def party_type(owner: etree._Element) -> int:
    return int(owner.findtext("party-type", "0"))


def as_iso(text: str | None) -> str | None:
    """YYYYMMDD as 2022-03-16, YYYYMM00 as 2022-03."""
    if text is None:
        return None
    parts = [text[:4], text[4:6], text[6:]]
    return "-".join(part for part in parts if part != "00")


def roc(text: str) -> date:
    year, month, day = text.split(".")
    return date(int(year) + 1911, int(month), int(day))


def test_gazettes_are_as_the_truth_states(world: Path) -> None:
    marks = {
        m["registration_no"]: m for m in truth(world, "trademarks").iter_rows(named=True) if m["office_code"] == "TW"
    }
    to_simplified = opencc.OpenCC("t2s")
    seen: Counter[str] = Counter()
    for night, path in delivered(world, "tipo_gazette"):
        root = etree.parse(str(path)).getroot()
        records = root.findall("RegContent")
        assert int(root.get("total-count", "")) == len(records)
        broken = broken_at(world, night, path)
        for number, record in enumerate(records, 1):
            rule = broken.get(number)
            assert record.get("no") == str(number)
            assert (record.find("CaseNo") is None) == (rule == "required:application_number")
            assert (len(record.findtext("RegisterNo", "")) != 8) == (rule == "pattern:registration_number")
            if rule is not None:
                continue
            mark = marks[record.findtext("RegisterNo", "")]
            seen[mark["registration_no"]] += 1
            assert record.findtext("CaseNo") == mark["application_no"]
            assert record.findtext("Trademark_Name") == mark["mark_text"]
            assert roc(record.findtext("Filing_Date", "")) == mark["filing_date"]
            assert roc(record.findtext("SDate", "")) == mark["registration_date"] <= night_date(night)
            expiry = roc(record.findtext("EDate", ""))
            assert (
                expiry
                == mark["expiry_date"]
                == mark["registration_date"].replace(year=mark["registration_date"].year + 10) - timedelta(days=1)
            )
            classes = [c.text for c in record.findall("RegContentClassification/Class") if (c.text or "").strip()]
            assert len(set(classes)) == len(classes) == mark["n_classes"]
            owner = record.findtext("RegContentOwner/AChinese", "")
            if mark["owner_uscc"]:
                assert to_simplified.convert(owner) == f"大陆商{mark['owner_name']}"
            else:
                assert owner.endswith(mark["owner_name"])
    assert set(seen) == set(marks)
    assert set(seen.values()) == {1}
    assert pl.Series([m["application_no"] for m in marks.values()]).is_unique().all()


def test_register_extracts_are_as_the_truth_states(tmp_path: Path) -> None:
    nights = 5
    simulate(tmp_path / "out", SCALE, nights, DEFAULT_SEED, progress=print)
    world = tmp_path / "out"
    headers = {
        "申请/注册号": "注册号",
        "类别": "国际分类",
        "商标状态": "法律状态",
        "申请人名称（中文）": "申请人名称(中)",
    }
    listed: dict[str, list[Row]] = {}
    names = dict(truth(world, "enterprises").select("uscc", "name").iter_rows())
    left: set[str] = set()
    for night, path in delivered(world, "cnipa_trademark"):
        rows = [{headers.get(key, key): cell for key, cell in row.items()} for row in read_csv(world, path)]
        broken = broken_at(world, night, path)
        assert len(rows) == truth(world, "deliveries").filter(pl.col("file") == path.name)["n_records"].item()
        sound = [row for number, row in enumerate(rows, 1) if number not in broken]
        assert [number for number, row in enumerate(rows, 1) if row["国际分类"] in ("46", "第46类")] == [
            number for number, rule in broken.items() if rule == "pattern:nice_class"
        ]
        grouped: dict[str, list[Row]] = {}
        for row in sound:
            grouped.setdefault(row["注册号"], []).append(row)
        assert ("全量" in path.name) == (night in (1, 5))
        if "全量" in path.name:
            left |= set(listed) - set(grouped)
            listed = {}
        listed.update(grouped)
    marks = {
        m["registration_no"] or m["application_no"]: m
        for m in truth(world, "trademarks").iter_rows(named=True)
        if m["office_code"] == "CN"
    }
    assert set(listed) == set(marks)
    assert left
    assert not left & set(marks)
    for number, rows in listed.items():
        mark = marks[number]
        assert {row["法律状态"] for row in rows} == {mark["status_code"]}
        assert {row["申请人名称(中)"] for row in rows} == {mark["owner_name"]} == {names[mark["owner_uscc"]]}
        classes = [row["国际分类"] for row in rows]
        assert len(set(classes)) == len(classes) == mark["n_classes"]
    assert {m["status_code"] for m in marks.values()} >= {"申请中", "初审公告", "已注册", "期满未续展", "驳回"}


def test_eu_marks_are_as_the_truth_states(world: Path) -> None:
    marks = {
        m["application_no"]: m for m in truth(world, "trademarks").iter_rows(named=True) if m["office_code"] == "EM"
    }
    space = {"": "http://euipo.europa.eu/trademark/data"}
    last: dict[str, etree._Element] = {}
    for night, path in delivered(world, "euipo_trademark"):
        assert broken_at(world, night, path) == {}
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == sorted(archive.namelist())
            for name in archive.namelist():
                (mark,) = etree.fromstring(archive.read(name)).findall(".//TradeMark", space)
                assert mark.findtext("ApplicationNumber", "", space) == name.removesuffix(".xml")
                last[name.removesuffix(".xml")] = mark
    assert set(last) == set(marks)
    for number, mark in last.items():
        told = marks[number]
        assert mark.findtext("MarkCurrentStatusCode", "", space) == told["status_code"]
        assert mark.findtext("WordMarkSpecification/MarkVerbalElementText", "", space) == told["mark_text"]
        assert mark.findtext("ApplicationDate", "", space) == told["filing_date_text"]
        assert len(mark.findall(".//ClassNumber", space)) == told["n_classes"]
        assert len(mark.findall("ApplicantDetails/ApplicantKey", space)) == told["n_owner_entries"]
        events = [*mark.findall(".//Publication", space), *mark.findall(".//Opposition", space)]
        assert len(events) == told["n_events"]


def tables(path: Path) -> Iterator[tuple[str, list[Row]]]:
    """Titles and rows of each table of a workbook, merged cells filled and blank ones of a continued sample too."""
    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        worksheet = book.get_sheet_by_name(name)
        cells = [[str(value) for value in row] for row in worksheet.to_python(skip_empty_area=False)]
        tops = [line for line, row in enumerate(cells) if "序号" in row]
        for (top, left), (bottom, right) in worksheet.merged_cell_ranges or []:
            if top > tops[0] and top < bottom:
                for line, column in itertools.product(range(top, bottom + 1), range(left, right + 1)):
                    cells[line][column] = cells[top][left]
        for top, following in zip(tops, [*tops[1:], None], strict=True):
            titles = " ".join(cell for row in cells[max(0, top - 2) : top] for cell in row if len(cell) < 60)
            header = [cell for cell in cells[top] if cell]
            first = top + 1
            if "不合格项目" in header and cells[first][0] == "" and "检验项目" in cells[first]:
                header = [low or up for up, low in zip(cells[top], cells[first], strict=True)]
                first += 1
            rows: list[Row] = []
            for cells_of_row in cells[first : following - 2 if following else None]:
                row = dict(zip(header, cells_of_row, strict=False))
                if not row["序号"] and "检验项目" in row:
                    items = {name: row[name] for name in ("检验项目", "检验结果", "标准值")}
                    row = {**rows[-1], **items}
                rows.append(row)
            yield titles, rows


def value(row: Row, *headers: str) -> str:
    return next(row[header] for header in headers if header in row)


def test_sampling_notices_are_as_the_truth_states(world: Path) -> None:
    samples = {s["sample_no"]: s for s in truth(world, "inspections").iter_rows(named=True)}
    mentions = named(world)
    names = {
        row["uscc"]: (row["name"], row["former_names"]) for row in truth(world, "enterprises").iter_rows(named=True)
    }
    found: Counter[str] = Counter()
    n_findings: Counter[str] = Counter()
    n_merged = n_joined = 0
    for night, path in delivered(world, "samr_food_sampling"):
        broken, number, n_skipped = broken_at(world, night, path), 0, 0
        found_tables = list(tables(path))
        assert len(found_tables) == (1 if "样品信息" in path.name else 2)
        for title, rows in found_tables:
            result = "fail" if "不合格" in title + path.name else "pass"
            for row in rows:
                number += 1
                if row["序号"].startswith("备注"):
                    n_skipped += 1
                    continue
                product = value(row, "食品名称", "样品名称", "产品名称")
                assert (product == "") == (broken.get(number) == "required:product_name")
                if not product:
                    continue
                sample_no = value(row, "抽样编号", "抽样单编号", "样品编号")
                sample = samples[sample_no]
                assert (sample["result"], sample["product_name"]) == (result, product)
                producer = value(row, "标称生产企业名称", "标称生产单位名称", "生产企业名称").split("受委托方：")[-1]
                sampled = value(row, "被抽样单位名称", "被抽样单位", "被抽检单位")
                for role, printed in (("producer", producer), ("sampled", sampled)):
                    mention = mentions[sample_no, role]
                    name, code = sample[f"{role}_name"], sample[f"{role}_uscc"]
                    assert (mention["printed_name"], mention["uscc"], mention["printed_uscc"]) == (printed, code, None)
                    assert (mention["corruption"] != "clean") or printed == name
                    assert mention["is_registered"] == (code in names)
                    assert code not in names or name in ";".join(str(one) for one in names[code])
                assert value(row, "商标", "标称商标", "商标名称") in (sample["brand_text"], "/", "—")
                assert value(row, "公告号", "通告号", "期号") == sample["notice_no"]
                noted = value(row, "公告日期", "通告日期", "发布日期").replace(".", "-")
                assert date.fromisoformat(noted) == sample["notice_date"]
                found[sample_no] += 1
                if result == "fail":
                    if "检验项目" in row:
                        n_findings[sample_no] += 1
                        n_merged += found[sample_no] > 1
                    else:
                        items = value(
                            row, "不合格项目║检验结果║标准值", "不合格项目", "不合格项目/检验结果/标准值"
                        ).split("；")
                        assert all(item.count("║") == 2 for item in items)
                        n_findings[sample_no] += len(items)
                        n_joined += len(items) > 1
        told = truth(world, "deliveries").filter((pl.col("file") == path.name) & (pl.col("night") == night))
        assert told.select("n_records", "n_skipped", "n_bad").row(0) == (number, n_skipped, len(broken))
    assert found.keys() == samples.keys()
    assert dict(n_findings) == {s["sample_no"]: s["n_findings"] for s in samples.values() if s["result"] == "fail"}
    assert n_merged
    assert n_joined


def test_many_samples_overflow_into_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load_sources()["samr_food_sampling"]
    assert [size for size, _ in samr_food_sampling._notice_sizes(500)] == [125] * 4
    sizes = samr_food_sampling._notice_sizes(260_001)
    assert sum(size for size, _ in sizes) == 260_001
    assert sum(size for size, is_workbook in sizes if is_workbook) == 50_000
    assert all(size <= 5_000 for size, is_workbook in sizes if is_workbook)
    monkeypatch.setattr("pipelines.simulation.simulate.load_sources", lambda: {source.id: source})
    monkeypatch.setattr(samr_food_sampling, "WORKBOOK_SAMPLES", 100)
    simulate(tmp_path / "out", 1, 1, DEFAULT_SEED)
    inspections = {s["sample_no"]: s for s in truth(tmp_path / "out", "inspections").iter_rows(named=True)}
    results: Counter[str] = Counter()
    for _, path in delivered(tmp_path / "out", source.id):
        if path.suffix != ".csv":
            continue
        for row in read_csv(tmp_path / "out", path):
            is_pass = row["备注"] == "合格"
            items = value(row, "不合格项目║检验结果║标准值", "不合格项目")
            assert is_pass == (items == "") == ("_合格" in path.name)
            if row["食品名称" if "食品名称" in row else "样品名称"]:
                sample = inspections[value(row, "抽样编号", "抽样单编号")]
                assert sample["result"] == ("pass" if is_pass else "fail")
                results[sample["result"]] += 1
    assert sum(results.values()) > 390
    assert set(results) == {"pass", "fail"}


def test_recognitions_are_as_the_truth_states(world: Path) -> None:
    states = {"认定": "held", "授予": "held", "入选": "held", "复核通过": "held", "附条件通过": "conditional"}
    states |= {"移出名录": "removed", "撤销": "revoked"}
    told = {
        (r["scheme_name"], r["recipient_uscc"] or r["recipient_name"]): r
        for r in truth(world, "recognitions").iter_rows(named=True)
    }
    codes: dict[str, str] = {}
    for row in truth(world, "enterprises").iter_rows(named=True):
        for name in [row["name"], *(row["former_names"] or "").split("；")]:
            codes[name] = row["uscc"]
    mentions = named(world)
    latest: dict[tuple[str, str], tuple[str, str]] = {}
    kinds: Counter[str] = Counter()
    for night, path in delivered(world, "recognition_list"):
        if not path.name.startswith("认定决定"):
            continue
        broken = broken_at(world, night, path)
        for number, row in enumerate(read_csv(world, path), 1):
            rule = broken.get(number)
            code = row["统一社会信用代码"]
            assert (bool(code) and not uscc.is_valid(code)) == (rule == "uscc:uscc")
            recipient = value(row, "获奖单位", "企业名称")
            assert (recipient == "") == (rule == "required:recipient_name")
            decided = value(row, "日期", "公布日期")
            assert (decided == "2024-13-41") == (rule == "type:decided_date")
            if rule is not None:
                continue
            name, _, former = recipient.partition("（原")
            kinds["former"] += bool(former)
            is_firm = value(row, "对象类别", "类别") == "企业"
            kinds["brand"] += not is_firm
            mention = mentions.get((f"{path.name}:{number}", "recipient"))
            assert is_firm == (mention is not None)
            holder = mention["uscc"] if mention else name
            if mention:
                assert (mention["printed_name"], mention["printed_uscc"] or "") == (recipient, code)
                assert mention["is_registered"] == (holder in codes.values())
                if mention["is_registered"] and mention["corruption"] == "clean":
                    assert codes[name] == holder
            assert not former or codes[former.removesuffix("）")] == holder
            assert not code or code == holder
            key = (value(row, "奖项", "称号"), holder)
            latest[key] = max(latest.get(key, ("", "")), (decided, value(row, "事项", "决定")))
    assert latest.keys() == told.keys()
    for key, (decided, event) in latest.items():
        assert told[key]["state"] == states.get(event, "nominated"), key
        assert told[key]["last_decided_text"] == decided
    assert kinds["former"]
    assert kinds["brand"]
    assert set(truth(world, "recognitions")["state"]) == {"nominated", "held", "conditional", "removed", "revoked"}
    encodings = truth(world, "deliveries").filter(pl.col("source_id") == "recognition_list")["encoding"]
    assert set(encodings) == {"utf-8", "gb18030"}


def test_the_lists_next_to_decisions_are_as_the_truth_states(world: Path) -> None:
    files = {
        path.name.split("_")[0]: read_csv(world, path)
        for _, path in delivered(world, "recognition_list")
        if not path.name.startswith("认定决定")
    }
    paid = truth(world, "reward_payments")
    assert [(r["奖项"], r["统一社会信用代码"], r["发放金额(元)"]) for r in files["奖励发放"]] == [
        (scheme, code, f"{amount:.0f}" if amount else "")
        for scheme, code, amount in paid.select("scheme_name", "recipient_uscc", "paid_cny").iter_rows()
    ]
    held = truth(world, "recognitions").filter(pl.col("last_decided_text") < "2024-05-16")
    keys = ["scheme_name", "recipient_uscc"]
    assert set(paid.join(held, on=keys)["state"]) == {"held"}
    assert {r["事项"] for r in files["奖励发放"]} == {"奖励发放"}
    registered = truth(world, "enterprises")
    listed = [(r["统一社会信用代码"], r["企业名称"]) for r in files["工业出口企业名录"]]
    assert listed == truth(world, "exporters").select("recipient_uscc", "recipient_name").rows()
    assert {code for code, _ in listed} < set(registered["uscc"])
    values = truth(world, "brand_values")
    stated = [(r["统一社会信用代码"], float(r["品牌价值(元)"])) for r in files["中国500最具价值品牌"]]
    assert stated == values.select("recipient_uscc", "value_cny").rows()
    assert set(values["recipient_uscc"]) <= set(truth(world, "recognitions")["recipient_uscc"])


def test_notifications_are_as_the_truth_states(world: Path) -> None:
    told = {r["reference"]: r for r in truth(world, "notifications").iter_rows(named=True)}
    seen: Counter[str] = Counter()
    for night, path in delivered(world, "rasff"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        broken = broken_at(world, night, path)
        for number, row in enumerate(read_csv(world, path), 1):
            if number in broken:
                continue
            notification = told[row["Reference"]]
            seen[row["Reference"]] += 1
            noted = datetime.strptime(row["Date of Case"], "%b %d, %Y").date()
            assert noted == notification["notified_date"] < night_date(night)
            assert row["Country Origin"] == (notification["origin_country"] or "")
            hazards = [part for part in row["Hazard Substance"].split("; ") if part]
            assert len(hazards) == notification["n_hazards"]
            assert len([part for part in row["Hazard Category"].split("; ") if part]) == len(hazards)
    assert seen.keys() == told.keys()
    assert set(seen.values()) == {1}


def test_region_codes_hold_every_province(world: Path) -> None:
    (path,) = [path for _, path in delivered(world, "region_codes")]
    rows = read_csv(world, path)
    assert len(rows) == len(truth(world, "regions"))
    assert sum(row["级别"] == "省级" and row["状态"] == "在用" for row in rows) == 34
    keys = [(row["代码"], row["名称"], row["启用时间"], row["状态"]) for row in rows]
    assert len(set(keys)) == len(keys)
    by_code = {row["代码"]: row for row in rows if row["状态"] == "在用"}
    assert by_code["420106"]["名称"] == "武昌区"
    assert by_code["420106"]["二级行政区"] == "武汉市"
    assert by_code["110101"]["二级行政区"] == "直辖"
    assert all(bool(row["变更/弃用时间"]) == (row["状态"] != "在用") for row in rows)


def test_one_world_in_every_source(world: Path) -> None:
    marks = truth(world, "trademarks")
    inspections = truth(world, "inspections")
    recognitions = truth(world, "recognitions")
    registered = set(truth(world, "enterprises")["uscc"])
    owners = set(marks["owner_uscc"].drop_nulls())
    producers = set(inspections["producer_uscc"])
    recipients = set(recognitions["recipient_uscc"].drop_nulls())
    outside = set(truth(world, "mentions").filter(~pl.col("is_registered"))["uscc"])
    assert outside
    assert owners.isdisjoint(outside)
    assert registered.isdisjoint(outside)
    assert owners | producers | recipients | set(inspections["sampled_uscc"]) <= registered | outside
    assert owners & producers & recipients
    offices = Counter(marks["office_code"])
    assert offices["US"] / (offices["US"] + offices["TW"]) == pytest.approx(0.38, abs=0.06)
    assert offices["CN"] / offices["US"] == pytest.approx(0.375, abs=0.06)
    assert offices["EM"] / offices["US"] == pytest.approx(0.05, abs=0.02)


def test_mentions_print_names_in_the_stated_shares() -> None:
    """Of 60,000 mentions, each share within half a point, and each class as stated."""
    world = World(20.0, 1, 3, load_sources())
    firms = world.firms_at(1)
    found = world.named(world.random("shares"), firms, 60_000)
    shares = dict(found.group_by("corruption").agg(pl.len() / len(found)).iter_rows())
    assert shares == pytest.approx(CORRUPTIONS, abs=0.005)
    assert (~found["is_registered"]).mean() == pytest.approx(NO_COUNTERPART_SHARE, abs=0.005)
    registered = found.filter("is_registered")
    for kind in ("former name", "English name"):
        of_kind = registered.filter(pl.col("corruption") == kind)
        assert of_kind["is_declared"].mean() == pytest.approx(ALIAS_SHARE, abs=0.05)
    by_class = {str(kind): rows for (kind,), rows in found.group_by("corruption")}
    simplified = opencc.OpenCC("t2s")
    undo: dict[str, Callable[[str], str]] = {
        "clean": str,
        "spacing": lambda printed: printed.replace(" ", ""),
        "width": lambda printed: printed.replace("\u3000", "").replace("(", "（").replace(")", "）"),
        "traditional script": simplified.convert,
    }
    for kind, undone in undo.items():
        rows = by_class[kind]
        assert [undone(printed) for printed in rows["printed"]] == rows["name_then"].to_list(), kind
        assert kind == "clean" or (rows["printed"] == rows["name_then"]).sum() < len(rows) / 10
    for kind, n_dropped in (("typo", 0), ("dropped character", 1)):
        rows = by_class[kind]
        assert (rows["name_then"].str.len_chars() - rows["printed"].str.len_chars() == n_dropped).all()
        assert (rows["printed"].str.tail(1) == rows["name_then"].str.tail(1)).all()
    assert (by_class["former name"]["printed"] == by_class["former name"]["former_name"]).all()
    assert (by_class["English name"]["printed"] == by_class["English name"]["name_en"]).all()
    # A region prefix or legal form written otherwise leaves the firm's own word and trade as they are.
    for kind in ("region prefix", "legal form"):
        rows = by_class[kind]
        assert rows.filter(~pl.col("printed").str.contains(pl.col("word_then"), literal=True)).is_empty()
        assert rows.filter(~pl.col("printed").str.contains(pl.col("industry"), literal=True)).is_empty()


def test_a_fifth_of_the_firms_have_a_neighbour_one_character_away() -> None:
    world = World(20.0, 1, 3, load_sources())
    firms = world.firms_at(1)
    assert firms["name"].is_unique().all()
    others: dict[str, set[str]] = defaultdict(set)
    for name, word in firms.select("name", "word_then").iter_rows():
        others[name.replace(word, word[:-1] + "*")].add(name)
    registered = set(firms.filter("is_registered")["name"])
    beside = [group & registered for group in others.values()]
    assert sum(len(group) for group in beside if len(group) > 1) / len(registered) == pytest.approx(0.2, abs=0.04)
    assert any(group - registered and group & registered for group in others.values())


def test_aliases_are_the_english_names_that_the_truth_calls_declared(world: Path) -> None:
    declared = {alias.alias.name for alias in load_aliases(world / ALIASES)}
    english = truth(world, "mentions").filter(pl.col("corruption") == "English name")
    assert set(english["is_declared"]) == {True, False}
    for printed, is_declared in english.select("printed_name", "is_declared").iter_rows():
        assert (printed in declared) == is_declared, printed


def test_nights_fall_on_gazette_days() -> None:
    nights = [night_date(night) for night in range(1, MAX_NIGHTS + 1)]
    assert nights[:3] == [date(2024, 5, 16), date(2024, 6, 1), date(2024, 6, 16)]
    assert nights[15] == date(2025, 1, 1)
    assert nights == sorted(set(nights))


@pytest.mark.parametrize(
    ("scale", "nights", "seed"), [(0.0, 1, 1), (-1.0, 1, 1), (1.0, 0, 1), (1.0, MAX_NIGHTS + 1, 1), (1.0, 1, -1)]
)
def test_arguments_that_make_no_world_are_refused(tmp_path: Path, scale: float, nights: int, seed: int) -> None:
    with pytest.raises(UsageError):
        simulate(tmp_path / "out", scale, nights, seed)


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    simulate(tmp_path / "out", 0.05, 3, 2)
    simulate(tmp_path / "out", 0.05, 1, 1)
    simulate(tmp_path / "new", 0.05, 1, 1)
    assert contents(tmp_path / "out") == contents(tmp_path / "new")


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(UsageError, match="not an empty folder"):
        simulate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_spot_checks_are_as_the_truth_states(world: Path) -> None:
    told = {s["sample_no"]: s for s in truth(world, "spot_checks").iter_rows(named=True)}
    mentions = named(world)
    assert {s["result"] for s in told.values()} == {"pass", "fail", "refused"}
    assert any(s["is_recheck"] for s in told.values())
    results = {"合格": "pass", "不合格": "fail", "拒检": "refused"}
    found: Counter[str] = Counter()
    for night, path in delivered(world, "product_spot_check"):
        if path.suffix == ".csv":
            rows = read_csv(world, path)
        else:
            cells = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
            top = next(i for i, row in enumerate(cells) if "序号" in row)
            n_upper = 2 if "检验项目" in cells[top + 1] else 1
            header = [str(low if n_upper == 2 and low else up) for up, low in zip(*cells[top : top + 2], strict=True)]
            rows = [dict(zip(header, map(str, row), strict=True)) for row in cells[top + n_upper :]]
        broken = broken_at(world, night, path)
        n_skipped = 0
        for number, row in enumerate(rows, 1):
            if row["序号"].startswith("注"):
                n_skipped += 1
                continue
            if row["序号"] == "":
                assert (row["检验项目"], number in broken) == ("标识", False)
                continue
            product = value(row, "产品名称", "样品名称")
            assert (product == "") == (broken.get(number) == "required:product_name")
            assert ("g/kg" in value(row, "规格型号", "型号规格")) == (broken.get(number) == "shifted:spec")
            if number in broken:
                continue
            sample = told[value(row, "抽样编号", "抽样单编号")]
            result = results[row["抽查结果"]] if "抽查结果" in row else "fail" if "不合格" in path.name else "pass"
            assert (sample["result"], sample["product_name"]) == (result, product)
            printed = value(row, "标称生产企业", "生产企业名称")
            assert printed.split("标称生产单位：")[-1] == mentions[sample["sample_no"], "producer"]["printed_name"]
            assert value(row, "受检单位", "被抽查单位") == mentions[sample["sample_no"], "sampled"]["printed_name"]
            assert (row.get("复检结果") == "不合格") == sample["is_recheck"]
            found[sample["sample_no"]] += 1
        listed = truth(world, "deliveries").filter((pl.col("file") == path.name) & (pl.col("night") == night))
        assert listed.select("n_records", "n_skipped", "n_bad").row(0) == (len(rows), n_skipped, len(broken))
    assert found.keys() == told.keys()
    assert set(found.values()) == {1}
