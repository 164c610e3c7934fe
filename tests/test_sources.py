"""What the code beside a declaration does to the shapes its offices print."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.home import Home
from tests.hand_made_deliveries import (
    ENTERPRISE_HEADER,
    ENTERPRISE_ROW,
    case_file,
    csv_bytes,
    deliver_one,
    gazette,
    lake,
    quarantine,
    registration,
    source,
    uspto,
)

SAMPLE = ["食品名称", "抽样编号", "标称生产企业名称", "不合格项目║检验结果║标准值", "备注", "生产日期/批号"]


def samples(home: Home, *rows: list[str], title: str = "不合格样品信息") -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows, findings) of a notice with the given rows."""
    content = csv_bytes([[title], SAMPLE, *(row + [""] * (len(SAMPLE) - len(row)) for row in rows)])
    manifest = deliver_one(home, "samr_food_sampling", "n.csv", content)
    assert manifest.n_quarantined == 0, quarantine(home, manifest).rows()
    return lake(home, manifest, "sample_row"), lake(home, manifest, "finding")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("菌落总数║3.7×10^4CFU/g║≤100", [("菌落总数", "3.7×10^4CFU/g", 37000.0, "CFU/g", "≤100", False)]),
        ("菌落总数║3.7×104║≤100", [("菌落总数", "3.7×104", 37000.0, None, "≤100", True)]),
        ("菌落总数║3.7 × 10 5 CFU/g║≤100", [("菌落总数", "3.7 × 10 5 CFU/g", None, None, "≤100", False)]),
        ("铅║5×100║1", [("铅", "5×100", None, None, "1", False)]),
        ("铅║<0.02mg/kg║1", [("铅", "<0.02mg/kg", 0.02, "mg/kg", "1", False)]),
        ("铅|0.9|0.5", [("铅", "0.9", 0.9, None, "0.5", False)]),
        ("铅‖0.9‖0.5", [("铅", "0.9", 0.9, None, "0.5", False)]),
        ("铅║0.9║0.5；镉║1║0.1", [("铅", "0.9", 0.9, None, "0.5", False), ("镉", "1", 1.0, None, "0.1", False)]),
        (
            "大肠菌群║540,90,10║n=5;c=2,m=10",
            [("大肠菌群", "540,90,10", None, None, "n=5;c=2,m=10", False)],
        ),
        ("铅;镉", [("铅", None, None, None, None, False), ("镉", None, None, None, None, False)]),
        ("/", []),
        ("—", []),
    ],
)
def test_failing_items_in_one_cell(tmp_path: Path, cell: str, found: list[tuple[Any, ...]]) -> None:
    rows, findings = samples(Home(tmp_path), ["豆干", "X1", "示例厂", cell])
    columns = ["item_name", "result_text", "result_value", "result_unit", "limit_text", "is_exponent_restored"]
    assert findings.select(columns).rows() == found
    assert findings["item_no"].to_list() == list(range(1, len(found) + 1))
    assert rows["result"].to_list() == ["fail"]


@pytest.mark.parametrize(
    ("title", "row", "result"),
    [
        ("合格样品信息", ["豆干", "X1"], "pass"),
        ("不合格样品信息", ["豆干", "X1"], "fail"),
        ("监督抽检信息", ["豆干", "X1"], "fail"),
        ("合格样品信息", ["豆干", "X1", "示例厂", "铅║1║0.5"], "fail"),
        ("不合格样品信息", ["豆干", "X1", "", "", "合格"], "pass"),
        ("合格样品信息", ["豆干", "X1", "", "", "不合格"], "pass"),
        ("合格样品信息", ["豆干", "X1", "", "/"], "pass"),
    ],
)
def test_pass_or_fail_is_which_table_the_row_is_in(tmp_path: Path, title: str, row: list[str], result: str) -> None:
    assert samples(Home(tmp_path), row, title=title)[0]["result"].to_list() == [result]


@pytest.mark.parametrize(
    ("cell", "maker", "commissioner"),
    [
        ("示例食品厂", "示例食品厂", None),
        ("委托商:甲示例厂;受委托商:乙示例厂", "乙示例厂", "甲示例厂"),
        ("受委托方：乙示例厂；委托方：甲示例厂", "乙示例厂", "甲示例厂"),
        ("标称委托单位名称：甲示例厂；标称生产企业名称：乙示例厂", "乙示例厂", "甲示例厂"),
        ("经销商：甲示例商行", "甲示例商行", None),
        ("生产商：甲示例厂；经销商：乙示例商行", "甲示例厂", None),
        ("进口商：甲示例商行（原产国：意大利）", "甲示例商行", None),
        ("出品商：甲示例公司；生产商：乙示例厂", "乙示例厂", None),
        ("监制商：甲示例超市 ；制造商：乙示例厂", "乙示例厂", None),
        ("甲示例食品（广州）有限公司（中国经销商）原产国：法国", "甲示例食品（广州）有限公司", None),
        ("标称委托方：甲示例厂 受托方：乙示例厂", "乙示例厂", "甲示例厂"),
        ("委托方：甲示例厂", "甲示例厂", None),
        ("甲委托加工示例厂", "甲委托加工示例厂", None),
        ("——", None, None),
    ],
)
def test_producers_with_several_roles(tmp_path: Path, cell: str, maker: str | None, commissioner: str | None) -> None:
    rows, _ = samples(Home(tmp_path), ["豆干", "X1", cell])
    assert rows.select("producer_name", "commissioner_name").row(0) == (maker, commissioner)


def test_days_of_production_are_read_where_they_are_certain(tmp_path: Path) -> None:
    rows, _ = samples(
        Home(tmp_path),
        ["豆干", "X1", "", "", "", "2024-05-10、2024-05-11"],
        ["豆干", "X2", "", "", "", "2024年5月10日"],
        ["豆干", "X3", "", "", "", "20240510A3"],
    )
    assert rows["production_date"].cast(pl.String).to_list() == ["2024-05-10", "2024-05-10", None]
    assert rows["last_production_date"].cast(pl.String).to_list() == ["2024-05-11", "2024-05-10", None]
    assert rows["production_date_text"].to_list() == ["2024-05-10、2024-05-11", "2024年5月10日", "20240510A3"]


def test_rechecks_are_told_by_title_or_remark(tmp_path: Path) -> None:
    rows, _ = samples(Home(tmp_path / "a"), ["豆干", "X1", "", "", "复检结果"], ["豆干", "X2"])
    assert rows["is_recheck"].to_list() == [True, False]
    rows, _ = samples(Home(tmp_path / "b"), ["豆干", "X1"], title="复检不合格样品信息")
    assert rows["is_recheck"].to_list() == [True]


def test_totals_and_footnotes_are_skipped_and_counted(tmp_path: Path) -> None:
    header = ["序号", *SAMPLE]
    rows = [header, ["1", "豆干", "X1"], ["", "合计"], ["备注：以上为不合格", ""], ["注", ""]]
    content = csv_bytes([row + [""] * (len(header) - len(row)) for row in rows])
    manifest = deliver_one(Home(tmp_path), "samr_food_sampling", "n.csv", content)
    assert (manifest.n_records, manifest.n_loaded, manifest.n_skipped) == (4, 1, 3)


@pytest.mark.parametrize(
    ("printed", "name", "nationality"),
    [
        ("美商費雪科學公司", "費雪科學公司", "美"),
        ("香港商示例有限公司", "示例有限公司", "香港"),
        ("英屬維京群島商示例有限公司", "示例有限公司", "英屬維京群島"),
        ("歐贏商務有限公司", "歐贏商務有限公司", None),
        ("示例食品股份有限公司", "示例食品股份有限公司", None),
        ("泰商行", "泰商行", None),
    ],
)
def test_nationality_glued_to_the_owner(tmp_path: Path, printed: str, name: str, nationality: str | None) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "tipo_gazette", "g.xml", gazette(registration(1, owner=printed)))
    columns = ["owner_name_as_printed", "owner_name", "owner_nationality"]
    assert lake(home, manifest, "owner").select(columns).rows() == [(printed, name, nationality)]


@pytest.mark.parametrize(
    ("printed", "name", "former"),
    [
        ("新示例有限公司(原旧示例有限公司)", "新示例有限公司", "旧示例有限公司"),
        ("新示例有限公司（曾用名：旧示例厂）", "新示例有限公司", "旧示例厂"),
        ("示例（安徽）有限公司", "示例（安徽）有限公司", None),
        ("示例（中原）有限公司", "示例（中原）有限公司", None),
    ],
)
def test_former_name_in_brackets(tmp_path: Path, printed: str, name: str, former: str | None) -> None:
    rows = [["称号", "事项", "获奖单位"], ["示例老字号", "认定", printed]]
    home = Home(tmp_path)
    manifest = deliver_one(home, "recognition_list", "r.csv", csv_bytes(rows))
    columns = ["recipient_name_as_printed", "recipient_name", "former_name"]
    assert lake(home, manifest, "decision").select(columns).rows() == [(printed, name, former)]


def test_hazards_stand_beside_their_categories_where_the_counts_agree(tmp_path: Path) -> None:
    header = ["Date of Case", "Reference", "Product", "Hazard Substance", "Hazard Category"]
    rows = [
        header,
        ["Oct 30, 2024", "2024.8040", "nuts", "Aflatoxins; Lead", "mycotoxins; heavy metals"],
        ["Oct 3, 2024", "2024.804", "rice", "Lead;Cadmium", "heavy metals"],
        ["Oct 3, 2024", "2024.805", "fish", "", ""],
    ]
    home = Home(tmp_path)
    manifest = deliver_one(home, "rasff", "r.csv", csv_bytes(rows))
    assert lake(home, manifest, "notification")["reference"].to_list() == ["2024.8040", "2024.804", "2024.805"]
    assert lake(home, manifest, "hazard").rows() == [
        (1, 1, "Aflatoxins", "mycotoxins"),
        (1, 2, "Lead", "heavy metals"),
        (2, 1, "Lead", "heavy metals"),
        (2, 2, "Cadmium", "heavy metals"),
    ]


def test_former_names_in_one_cell(tmp_path: Path) -> None:
    rows = [[*ENTERPRISE_HEADER, "曾用名"], [*ENTERPRISE_ROW, "旧一厂；旧二厂、旧三厂"], [*ENTERPRISE_ROW, " "]]
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", csv_bytes(rows))
    assert lake(home, manifest, "former_name").select("record_no", "item_no", "former_name").rows() == [
        (1, 1, "旧一厂"),
        (1, 2, "旧二厂"),
        (1, 3, "旧三厂"),
    ]


def test_registration_number_of_zeros_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto([case_file("88000001")]))
    assert lake(home, manifest, "case_file")["registration_number"].to_list() == [None]


def test_regions_without_a_delivery_come_from_the_packaged_table() -> None:
    declared = source("region_codes")
    module = declared.module("parse")
    assert module is not None
    table = pl.from_arrow(module.fallback())
    assert isinstance(table, pl.DataFrame)
    assert table.columns == [name for name, _ in declared.lake_columns("region") if name != "record_no"]
    current = table.filter(pl.col("state") == "在用")
    assert current.filter(pl.col("level_name") == "省级").height >= 31
    assert current.filter(pl.col("region_code") == "340100")["name_zh"].to_list() == ["合肥市"]
    assert table["region_code"].str.contains("^[0-9]{6}$").all()
    assert files("stdnum.cn").joinpath("loc.dat").is_file()
