"""Drafting a feed from one of its files: the draft loads, reads the complete file, and reports what it lacks."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli import main as cli
from pipelines.cli import sources as cli_sources
from pipelines.contract.declarations import PLACEHOLDER, Source
from pipelines.contract.loading import load_source
from pipelines.errors import UsageError
from pipelines.onboarding.check import problems
from pipelines.onboarding.column_names import column_names
from pipelines.onboarding.draft import Draft, new_source
from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import USCC, csv_bytes, gazette, lake, registration, silent, workbook

LICENCES = [
    ["许可证编号", "企业名称", "统一社会信用代码", "发证日期", "有效期至", "食品类别", "日产量(吨)", "备注"]
] + [
    [
        f"SC1{number:05d}",
        f"虚构市第{number}食品有限公司",
        USCC,
        f"2024-0{1 + number % 9}-10",
        "长期" if number == 7 else f"2029年{1 + number % 9}月9日",
        ("糕点", "茶叶", "调味品")[number % 3],
        f"{number}.5",
        "/" if number % 2 else "",
    ]
    for number in range(1, 31)
]


def drafted(tmp_path: Path, name: str, content: bytes, source_id: str = "new_feed") -> tuple[Draft, Source]:
    path = tmp_path / name
    path.write_bytes(content)
    draft = new_source(source_id, path, tmp_path / "sources", tmp_path / "staging")
    return draft, load_source(tmp_path / "sources" / source_id / "source.yaml")


def delivered(tmp_path: Path, source: Source, name: str, content: bytes) -> tuple[Home, Manifest]:
    """What the written declaration makes of a delivery, received anew."""
    home = Home(tmp_path / "home")
    home.landing(source.id).mkdir(parents=True)
    (home.landing(source.id) / name).write_bytes(content)
    receive(home, source, silent)
    return home, parse_deliveries(home, source, silent)[0]


def is_read_whole(tmp_path: Path, source: Source, name: str, content: bytes, n_records: int) -> tuple[Home, Manifest]:
    home, manifest = delivered(tmp_path, source, name, content)
    assert (manifest.state, manifest.n_records, manifest.n_loaded) == ("loaded", n_records, n_records), manifest.reason
    assert (manifest.n_quarantined, manifest.n_skipped) == (0, 0)
    return home, manifest


def columns(source: Source, entity: str | None = None) -> dict[str, dict[str, Any]]:
    """What the draft states of each column in addition to its name, its place and its meaning."""
    return {
        column.name: column.model_dump(
            exclude_defaults=True, exclude={"name", "from_", "zh", "en", "codes"}, by_alias=True
        )
        for column in source.entities[entity or source.record_entity].columns
    }


def test_a_csv_shows_types_key_codes_and_nulls(tmp_path: Path) -> None:
    content = csv_bytes(LICENCES)
    draft, source = drafted(tmp_path, "许可证.csv", content)
    assert columns(source) == {
        "xu_ke_zheng_bian_hao": {"type": "text", "required": True},
        "qi_ye_ming_cheng": {"type": "name", "required": True},
        "tong_yi_she_hui_xin_yong_dai_ma": {"type": "text", "format": "uscc", "required": True},
        "fa_zheng_ri_qi": {"type": "date", "format": "iso", "required": True},
        "you_xiao_qi_zhi": {"type": "text", "required": True},
        "shi_pin_lei_bie": {"type": "text", "required": True},
        "ri_chan_liang_dun": {"type": "number", "required": True},
        "bei_zhu": {"type": "text", "null_values": ["/"]},
    }
    record = source.entities["record"]
    assert record.key == draft.key == ["xu_ke_zheng_bian_hao"]
    assert source.semantics == "replace_by_key"
    assert record.by_name["shi_pin_lei_bie"].codes == sorted(["糕点", "茶叶", "调味品"])
    assert record.by_name["qi_ye_ming_cheng"].zh == "企业名称"
    assert record.by_name["qi_ye_ming_cheng"].en == PLACEHOLDER
    assert [c.name for c in record.columns if c.codes] == ["shi_pin_lei_bie"]
    assert not list((tmp_path / "sources").rglob("*.py"))
    home, manifest = is_read_whole(tmp_path, source, "许可证.csv", content, 30)
    rows = lake(home, manifest, "record")
    assert rows["ri_chan_liang_dun"].sum() == sum(range(1, 31)) + 15
    assert rows["bei_zhu"].null_count() == 30


@pytest.mark.parametrize(("encoding", "delimiter"), [("gb18030", ";"), ("utf-8-sig", "\t"), ("big5", "|")])
def test_encodings_and_delimiters_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    header = ["編號", "名稱", "日期"] if encoding == "big5" else ["编号", "名称", "日期"]
    rows = [header, *([f"A{n}", "臺灣茶葉" if encoding == "big5" else "中国茶叶", "113.05.06"] for n in range(40))]
    content = csv_bytes(rows, encoding, delimiter)
    _, source = drafted(tmp_path, "list.csv", content)
    third = list(columns(source).values())[2]
    assert third == {"type": "date", "format": "roc", "required": True}
    assert source.entities["record"].columns[0].from_ == [header[0]]
    is_read_whole(tmp_path, source, "list.csv", content, 40)


def test_a_workbook_with_a_title_above_its_header(tmp_path: Path) -> None:
    rows = [["某市重点企业名单"], ["序号", "企业", "登记日期"]] + [
        [n, f"虚构{n}有限公司", "2024.5.6" if n % 2 else "2024-05"] for n in range(1, 13)
    ]
    content = workbook(tmp_path / "made.xlsx", {"名单": rows})
    _, source = drafted(tmp_path, "list.xlsx", content)
    assert source.table.header_rows == 2
    assert columns(source)["xu_hao"] == {"type": "text", "required": True}
    assert columns(source)["deng_ji_ri_qi"] == {"type": "partial_date", "format": "any", "required": True}
    # A running number of the lines does not distinguish a record from one of the next delivery.
    assert source.entities["record"].key == ["qi_ye"]
    is_read_whole(tmp_path, source, "list.xlsx", content, 12)


def json_records(n_records: int) -> list[dict[str, Any]]:
    return [
        {
            "recallNumber": f"F-{n:04d}",
            "firm": {"name": f"Example {n} Inc.", "zip": f"0{n:04d}"},
            "classified": n % 2 == 0,
            "products": [{"name": f"p{i}", "lots": ["x"]} for i in range(n % 3)],
            "states": ["CA", "NY"][: n % 3],
            "amount": None if n == 1 else n,
        }
        for n in range(n_records)
    ]


@pytest.mark.parametrize("shape", ["document", "array", "lines"])
def test_json_records_and_their_lists(tmp_path: Path, shape: str) -> None:
    records = json_records(12)
    content = {
        "document": json.dumps({"meta": {"tags": [{"a": 1}]}, "results": {"items": records}, "end": 1}),
        "array": json.dumps(records),
        "lines": "\n".join(map(json.dumps, records)),
    }[shape].encode()
    name = "recalls.jsonl" if shape == "lines" else "recalls.json"
    draft, source = drafted(tmp_path, name, content)
    assert source.delivery.format == ("jsonl" if shape == "lines" else "json")
    assert source.json_.records == ("results.items" if shape == "document" else "")
    assert columns(source) == {
        "recall_number": {"type": "text", "required": True},
        "name": {"type": "name", "required": True},
        "zip": {"type": "text", "required": True},
        "classified": {"type": "boolean", "required": True},
        "amount": {"type": "integer"},
    }
    assert list(source.entities)[1:] == ["products", "states"]
    assert any("products.lots: a list within a list" in note for note in draft.notes)
    home, manifest = is_read_whole(tmp_path, source, name, content, 12)
    assert dict(list(manifest.rows.items())[1:]) == {"products": 12, "states": 12}
    assert lake(home, manifest, "states")["states"].unique().sort().to_list() == ["CA", "NY"]


def test_xml_records_and_their_repeated_elements(tmp_path: Path) -> None:
    classes = "<RegContentClassification><Class>{}</Class></RegContentClassification>"
    content = gazette(
        *(registration(n, inside="".join(classes.format(c) for c in range(1, 1 + n % 3))) for n in range(1, 13))
    )
    _, source = drafted(tmp_path, "index.xml", content)
    assert source.xml is not None
    assert source.xml.record == "/RegContentList/RegContent"
    assert list(source.entities) == ["reg_content", "reg_content_classification"]
    assert source.entities["reg_content"].key == ["case_no"]
    assert columns(source)["filing_date"] == {"type": "date", "format": "roc", "required": True}
    _, manifest = is_read_whole(tmp_path, source, "index.xml", content, 12)
    assert manifest.rows["reg_content_classification"] == 12
    assert manifest.findings == {}


def test_xml_lists_in_elements_of_their_own(tmp_path: Path) -> None:
    records = "".join(
        f'<case kind="k{n}"><no>{n:04d}</no><owners>'
        + "".join(f'<owner type="{i}"><name>O{i}</name></owner>' for i in range(n % 3))
        + "</owners><codes>"
        + "".join(f'<code lang="en">{i}</code>' for i in range(1 + n % 2))
        + "</codes><head><filed>20240102</filed></head></case>"
        for n in range(1, 21)
    )
    content = f"<file><version><no>1</no></version><group>{records}</group></file>".encode()
    draft, source = drafted(tmp_path, "daily.xml", content)
    assert source.xml is not None
    assert source.xml.record == "/file/group/case"
    assert {name: (e.rows, e.repeated) for name, e in source.entities.items()} == {
        "case": (None, None),
        "owner": ("owners/owner", None),
        "code": ("codes/code", None),
    }
    home, manifest = is_read_whole(tmp_path, source, "daily.xml", content, 20)
    assert (manifest.rows["owner"], manifest.rows["code"], manifest.findings) == (21, 30, {})
    assert columns(source) == {
        "kind": {"type": "text", "required": True},
        "no": {"type": "text", "required": True},
        "filed": {"type": "date", "format": "yyyymmdd", "required": True},
    }
    assert lake(home, manifest, "code").row(0) == (1, 1, "0", "en")
    assert draft.notes == ["case.filed: dates of the shape 99999999"]


@pytest.mark.parametrize(
    ("values", "described"),
    [
        (["001", "002", "103"], {"type": "text"}),
        (["1", "-2", "1,003"], {"type": "integer"}),
        (["1.5", "2", "3e2"], {"type": "number"}),
        (["110000", "120000", "130100"], {"type": "text"}),
        (["20240102", "20231231", "19990505"], {"type": "date", "format": "yyyymmdd"}),
        (["20240102", "20230000", "20230500"], {"type": "partial_date", "format": "yyyymmdd"}),
        (["Jan 2, 2024", "Dec 31, 2023", "May 5, 1999"], {"type": "date", "format": "english"}),
        (["2024-01-02 10:15", "2024-01-03 00:00", "2024-01-04 08:00"], {"type": "text"}),
        (["01/02/2024", "12/31/2023", "05/05/1999"], {"type": "text"}),
        (["是", "否", "是"], {"type": "boolean"}),
        (["2019", "2020", "2021"], {"type": "integer"}),
        (["有", "无", "有"], {"type": "text"}),
    ],
)
def test_what_values_are_taken_for(tmp_path: Path, values: list[str], described: dict[str, Any]) -> None:
    content = csv_bytes([["ref", "amount"], *([f"r{n}", value] for n, value in enumerate(values))])
    _, source = drafted(tmp_path, "list.csv", content)
    assert columns(source)["amount"] == {**described, "required": True}
    is_read_whole(tmp_path, source, "list.csv", content, 3)


def test_a_value_met_late_takes_its_rule_back(tmp_path: Path) -> None:
    numbers = [str(n) for n in range(7000)]
    content = csv_bytes([["ref", "amount"], *([f"r{n}", n] for n in numbers), ["r7000", "zz none given"]])
    _, source = drafted(tmp_path, "list.csv", content)
    assert columns(source)["amount"] == {"type": "text", "required": True}
    is_read_whole(tmp_path, source, "list.csv", content, 7001)


def test_a_key_of_two_columns(tmp_path: Path) -> None:
    content = csv_bytes([["code", "year", "n"], *([f"c{n // 3}", str(2019 + n % 3), "5"] for n in range(30))])
    _, source = drafted(tmp_path, "list.csv", content)
    assert source.entities["record"].key == ["code", "year"]


def test_records_that_nothing_distinguishes_are_appended(tmp_path: Path) -> None:
    content = csv_bytes([["place", "amount"], *(["here", "5"] for _ in range(30))])
    draft, source = drafted(tmp_path, "list.csv", content)
    assert (draft.key, source.entities["record"].key, source.semantics) == ([], [], "append")


def test_records_that_no_declaration_reads_are_reported(tmp_path: Path) -> None:
    content = b"ref,amount\n" + b"".join(b"r%d,%d\n" % (n, n) for n in range(20)) + b"r20,1,2\n"
    draft, _ = drafted(tmp_path, "list.csv", content)
    assert (draft.manifest.n_records, draft.manifest.n_loaded, draft.manifest.n_quarantined) == (21, 20, 1)
    assert [note for note in draft.notes if "1 of 21 records cannot be read" in note and "columns" in note]


def test_names_are_ascii_different_and_no_keywords() -> None:
    texts = [
        "重庆企业名称",
        "applicationDate",
        "select",
        "2021",
        "Name",
        "name",
        "！",
        "record_no",
        "a/b/name",
        "x_key",
    ]
    assert column_names(texts) == [
        "chong_qing_qi_ye_ming_cheng", "application_date", "select_value", "c4", "name", "name_6", "c7",
        "record_no_value", "b_name", "x_key_value",
    ]  # fmt: skip


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(
    ["", "/", "0", "007", "1.5", "2024-01-02", "20240102", "是", "无", "n/a", "长期"]
)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS).filter(lambda r: any(c.strip() for c in r)), min_size=1, max_size=9)
)
def test_any_table_is_read_completely_by_its_draft(
    rows: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path = tmp_path_factory.mktemp("any")
    content = csv_bytes([["first", "second", "第三"], *rows])
    _, source = drafted(tmp_path, "list.csv", content)
    is_read_whole(tmp_path, source, "list.csv", content, len(rows))


@pytest.mark.parametrize(
    ("source_id", "name", "content", "told"),
    [
        ("Not-An-Id", "list.csv", b"a,b\n1,2\n", "'Not-An-Id' is no source id"),
        ("two__parts", "list.csv", b"a,b\n1,2\n", "is no source id"),
        ("../escape", "list.csv", b"a,b\n1,2\n", "is no source id"),
        ("feed", "list.csv", b"", "empty file"),
        ("feed", "list.csv", b" \n \n", "empty file"),
        ("feed", "list.csv", b"a,b\n", "has no records"),
        ("feed", "list.csv", b"1,2\n3,4\n", "is a header"),
        ("feed", "list.csv", b"one\ntwo\n", "no table of two columns"),
        ("feed", "list.bin", bytes(range(256)) * 9, "binary data"),
        ("feed", "list.xlsx", b"PK\x03\x04 no workbook", "not a readable workbook"),
        ("feed", "list.zip", b"PK\x03\x04", "is packed"),
        ("feed", "list.json", b'{"a": 1}', "no array of objects"),
        ("feed", "list.json", b'[{"a": 1}, {"a"', "truncated"),
        ("feed", "list.xml", b"<a><b>1</b><b>", "not well-formed or truncated"),
    ],
)
def test_what_cannot_be_drafted_from_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    source_id: str, name: str, content: bytes, told: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(cli_sources, "SOURCES_DIR", tmp_path / "sources")
    monkeypatch.setattr(cli_sources, "DBT_PROJECT_DIR", tmp_path / "dbt")
    (tmp_path / name).write_bytes(content)
    assert cli.main(["sources", "new", source_id, "--from", str(tmp_path / name)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert told in lines[0]
    assert not (tmp_path / "sources").exists()
    assert not (tmp_path / "dbt").exists()


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: cannot be read: No such file"):
        new_source("feed", tmp_path / "none.csv", tmp_path / "sources", tmp_path / "staging")


def test_an_existing_source_is_never_overwritten(tmp_path: Path) -> None:
    drafted(tmp_path, "list.csv", csv_bytes(LICENCES))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="exists already"):
        drafted(tmp_path, "list.csv", csv_bytes(LICENCES))
    (tmp_path / "sources" / "new_feed").rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"stg_new_feed__record\.sql: exists already"):
        drafted(tmp_path, "list.csv", csv_bytes(LICENCES))
    (tmp_path / "elsewhere").rename(tmp_path / "sources" / "new_feed")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_is_to_be_filled_in_is_reported_with_its_line(tmp_path: Path) -> None:
    drafted(tmp_path, "list.csv", csv_bytes(LICENCES))
    folder, staging = tmp_path / "sources" / "new_feed", tmp_path / "staging"
    found = problems(tmp_path / "sources", staging)
    assert f"{folder / 'source.yaml'}:4: publisher is still {PLACEHOLDER}" in found
    assert any(f"entities.record.qi_ye_ming_cheng.en is still {PLACEHOLDER}" in one for one in found)
    assert any(one.startswith(f"{folder / 'README.md'}:3: ") for one in found)
    assert any(one.startswith(f"{staging / 'new_feed' / 'stg_new_feed__record.yml'}:9: ") for one in found)
    for path in [*folder.iterdir(), *(staging / "new_feed").iterdir()]:
        path.write_text(path.read_text(encoding="utf-8").replace(PLACEHOLDER, "filled"), encoding="utf-8")
    assert problems(tmp_path / "sources", staging) == []


def test_drafts_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    shuffled = LICENCES[1:]
    random.Random(5).shuffle(shuffled)
    for name, rows in (("one", LICENCES), ("two", [LICENCES[0], *shuffled])):
        drafted(tmp_path, "list.csv", csv_bytes(rows), name)
    one, two = (yaml.safe_load((tmp_path / "sources" / n / "source.yaml").read_text("utf-8")) for n in ("one", "two"))
    assert {**one, "id": ""} == {**two, "id": ""}
