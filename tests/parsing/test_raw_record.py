"""A record's number leads back to its text, whatever the file is packed in and written in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pipelines.errors import TouchstoneError
from pipelines.parsing.raw_record import raw_records
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    case_file,
    csv_bytes,
    deliver_one,
    enterprises,
    eu_mark,
    gazette,
    registration,
    source,
    uspto,
    workbook,
    zipped,
)


def read(home: Home, manifest: Manifest, *numbers: int) -> dict[int, str]:
    assert manifest.state == "loaded", manifest.reason
    return raw_records(home, source(manifest.source_id), manifest, list(numbers))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_xml_elements_of_several_groups(home: Home) -> None:
    groups = [[case_file("97000001"), case_file("97000002", mark="A & B")], [case_file("97000003")]]
    manifest = deliver_one(home, "uspto_trademark", "apc240510.xml", uspto(*groups))
    assert read(home, manifest, 2, 3) == {2: case_file("97000002", mark="A & B"), 3: case_file("97000003")}


def test_xml_in_another_encoding_and_packed(home: Home) -> None:
    content = gazette(registration(1), registration(2, owner="虛構茶廠"), encoding="big5")
    manifest = deliver_one(home, "tipo_gazette", "gazette_2022-03-16_index.xml.gz", gzip.compress(content))
    assert read(home, manifest, 2) == {2: registration(2, owner="虛構茶廠")}


def test_a_comment_that_holds_a_record_is_none(home: Home) -> None:
    content = uspto([case_file("97000001"), f"<!-- {case_file('97000009')} -->", case_file("97000002")])
    manifest = deliver_one(home, "uspto_trademark", "apc240510.xml", content)
    assert manifest.n_records == 2
    assert read(home, manifest, 2) == {2: case_file("97000002")}


def test_records_run_on_through_the_files_of_an_archive(home: Home) -> None:
    files = {
        "b.xml": uspto([case_file("97000003")]),
        "a.xml": uspto([case_file("97000001"), case_file("97000002")]),
    }
    manifest = deliver_one(home, "uspto_trademark", "apc240510.zip", zipped(files))
    assert read(home, manifest, 1, 3) == {1: case_file("97000001"), 3: case_file("97000003")}


def test_one_document_per_record(home: Home) -> None:
    manifest = deliver_one(
        home,
        "euipo_trademark",
        "EUTMS_20240510_0001.zip",
        zipped({"b.xml": eu_mark("018000002"), "a.xml": eu_mark("018000001")}),
    )
    (text,) = read(home, manifest, 2).values()
    assert "<ApplicationNumber>018000002<" in text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_rows_of_a_csv_file(home: Home, encoding: str) -> None:
    rows = enterprises("甲示例厂", "乙，“示例”\n厂", "丙示例厂")
    rows.insert(2, ["缺列"])
    manifest = deliver_one(home, "enterprise_register", "e.csv", csv_bytes(rows, encoding))
    found = read(home, manifest, 1, 2, 3)
    assert json.loads(found[2]) == ["缺列"]
    assert json.loads(found[3]) == dict(zip(rows[0], rows[3], strict=True))


def test_cells_of_a_workbook_with_merged_ones(home: Home, tmp_path: Path) -> None:
    head = ["序号", "抽样编号", "标称生产企业名称", "食品名称", "不合格项目║检验结果║标准值"]
    body = [
        ["1", "SC1", "甲示例食品厂", "饼干", "菌落总数║3.7×10^4CFU/g║≤1000CFU/g"],
        ["", "", "", "", "霉菌║210CFU/g║≤50CFU/g"],
        ["2", "SC2", "乙示例食品厂", "茶叶", "铅║9mg/kg║≤5mg/kg"],
    ]
    merges = [("不合格", f"{column}2:{column}3", text) for column, text in zip("ABCD", body[0], strict=False)]
    book = workbook(tmp_path / "n.xlsx", {"不合格": [head, *body]}, merges)
    manifest = deliver_one(home, "samr_food_sampling", "安徽省市场监督管理局_20240510_不合格.xlsx", book)
    found = {number: json.loads(text) for number, text in read(home, manifest, 2, 3).items()}
    assert found[2]["抽样编号"] == "SC1"
    assert found[2]["不合格项目║检验结果║标准值"] == "霉菌║210CFU/g║≤50CFU/g"
    assert found[3]["抽样编号"] == "SC2"


def test_json_objects_as_they_are_written(home: Home) -> None:
    records = [
        '{"recall_number": "F-0001-2024",  "report_date": "20240515"}',
        '{"recall_number":"F-0002-2024","x":"\\u867e"}',
    ]
    manifest = deliver_one(home, "fda_enforcement", "r.jsonl", "\n\n".join(records).encode())
    assert raw_records(home, source("fda_enforcement"), manifest, [2, 1]) == {1: records[0], 2: records[1]}


def test_what_the_archive_no_longer_holds_is_an_error_in_one_line(home: Home) -> None:
    manifest = deliver_one(home, "uspto_trademark", "apc240510.xml", uspto([case_file("97000001")]))
    with pytest.raises(TouchstoneError, match="holds no record 2"):
        read(home, manifest, 2)
    manifest.path(home).unlink()
    with pytest.raises(TouchstoneError, match="archived bytes are missing"):
        read(home, manifest, 1)
