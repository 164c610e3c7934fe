"""Notices of inspection in the layouts of several offices: what each rule makes of a hand-made table."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.notices.items import items_in
from pipelines.notices.parties import parties_in
from pipelines.parsing.readers import csv_reader
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import csv_bytes, deliver_one, is_conserved, lake, quarantine, workbook

FOOD, GOODS = "samr_food_sampling", "product_spot_check"


def taken(home: Home, source_id: str, name: str, content: bytes) -> tuple[Manifest, pl.DataFrame, pl.DataFrame]:
    """Manifest, rows and findings of one delivery."""
    manifest = deliver_one(home, source_id, name, content)
    assert manifest.state == "loaded", manifest.reason
    assert is_conserved(manifest)
    return manifest, lake(home, manifest, "sample_row"), lake(home, manifest, "finding")


def broken(home: Home, manifest: Manifest) -> list[tuple[int, str]]:
    return quarantine(home, manifest).select("record_no", "rule").rows()


# --- layouts ---------------------------------------------------------------------------------------------------------


def test_titles_a_header_in_two_rows_and_merged_cells(tmp_path: Path) -> None:
    header = ["序号", "抽样编号", "样品名称", "标称生产单位名称", "不合格项目", "", ""]
    rows = [
        ["某省市场监督管理局食品安全监督抽检信息通告（2024年第7期）"],
        ["附件1 不合格样品信息"],
        header,
        ["", "", "", "", "检验项目", "检验结果", "标准值"],
        ["1", "X1", "豆干", "示例厂", "铅", "0.9mg/kg", "≤0.5mg/kg"],
        ["", "", "", "", "镉", "0.2mg/kg", "≤0.1mg/kg"],
        ["2", "X2", "卤味", "示例二厂", "铅", "1.0mg/kg", "≤0.5mg/kg"],
    ]
    merged = [("表1", f"{c}3:{c}4", text) for c, text in zip("ABCD", header, strict=False)]
    merged += [("表1", "A1:G1", rows[0][0]), ("表1", "E3:G3", "不合格项目")]
    merged += [("表1", f"{c}5:{c}6", text) for c, text in zip("ABCD", rows[4], strict=False)]
    home = Home(tmp_path / "home")
    content = workbook(tmp_path / "n.xlsx", {"表1": rows}, merged)
    manifest, samples, findings = taken(home, FOOD, "n.xlsx", content)
    assert (manifest.n_records, manifest.findings) == (3, {})
    assert samples["sample_no"].to_list() == ["X1", "X1", "X2"]
    assert samples.select("agency", "notice_no").unique().rows() == [("某省市场监督管理局", "2024年第7期")]
    assert findings.select("record_no", "item_name", "result_value", "limit_value").rows() == [
        (1, "铅", 0.9, 0.5),
        (2, "镉", 0.2, 0.1),
        (3, "铅", 1.0, 0.5),
    ]


CONTINUED = [
    ["序号", "抽样编号", "食品名称", "标称生产企业名称", "不合格项目", "检验结果", "标准值", "检验机构"],
    ["1", "X1", "豆干", "示例厂", "铅", "0.9", "≤0.5", "示例院"],
    ["", "", "", "", "镉", "0.2", "≤0.1", ""],
    [" ", "", "", "", "菌落总数", "3.7×104", "≤1000", ""],
    ["2", "X2", "卤味", "/", "铅", "1.0", "≤0.5", "示例院"],
]


def test_rows_that_fill_only_an_items_cells_continue_the_sample(tmp_path: Path) -> None:
    for name, content in {
        "n.csv": csv_bytes(CONTINUED),
        "n.xlsx": workbook(tmp_path / "n.xlsx", {"不合格": CONTINUED}),
    }.items():
        manifest, samples, findings = taken(Home(tmp_path / f"home of {name}"), FOOD, name, content)
        assert (manifest.n_records, manifest.n_loaded) == (4, 4)
        assert samples["sample_no"].to_list() == ["X1", "X1", "X1", "X2"]
        assert samples["producer_name"].to_list() == ["示例厂", "示例厂", "示例厂", None]
        assert findings.select("record_no", "item_name", "result_value").rows() == [
            (1, "铅", 0.9),
            (2, "镉", 0.2),
            (3, "菌落总数", 37000.0),
            (4, "铅", 1.0),
        ]


@pytest.mark.slow
def test_continued_samples_do_not_depend_on_where_a_file_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [CONTINUED[0], *CONTINUED[1:] * 20]
    whole = taken(Home(tmp_path / "whole"), FOOD, "n.csv", csv_bytes(rows))
    for size in (40, 97, 300):
        monkeypatch.setattr(csv_reader, "PIECE_BYTES", size)
        cut = taken(Home(tmp_path / str(size)), FOOD, "n.csv", csv_bytes(rows))
        assert cut[1].equals(whole[1])
        assert cut[2].equals(whole[2])


def test_a_row_that_continues_nothing_or_a_broken_record_is_quarantined(tmp_path: Path) -> None:
    rows = [CONTINUED[0], CONTINUED[2], ["1", "X1", "", "示例厂", "铅", "1", "2", ""], CONTINUED[2], CONTINUED[1]]
    home = Home(tmp_path)
    manifest, samples, _ = taken(home, FOOD, "n.csv", csv_bytes(rows))
    assert samples["record_no"].to_list() == [4]
    assert broken(home, manifest) == [(n, "required:product_name") for n in (1, 2, 3)]
    assert json.loads(quarantine(home, manifest)["raw"][2])["抽样编号"] in (None, "")


def test_pass_and_fail_tables_in_one_sheet_in_two_sheets_and_in_two_files(tmp_path: Path) -> None:
    failing = [
        ["序号", "抽样编号", "食品名称", "不合格项目"],
        ["1", "X1", "豆干", "铅║0.9║≤0.5"],
        ["2", "X2", "卤味", "铅║1║≤0.5"],
    ]
    passing = [["抽样编号", "食品名称"], ["X3", "面条"], ["X4", "米粉"]]
    expected = {"X1": "fail", "X2": "fail", "X3": "pass", "X4": "pass"}
    one = workbook(
        tmp_path / "1.xlsx", {"Sheet1": [["不合格样品信息"], *failing, [], ["附件2"], ["合格样品信息"], *passing]}
    )
    two = workbook(tmp_path / "2.xlsx", {"合格": passing, "不合格": failing})
    manifest, samples, findings = taken(Home(tmp_path / "one"), FOOD, "n.xlsx", one)
    assert (manifest.n_records, dict(samples.select("sample_no", "result").rows())) == (4, expected)
    assert findings["record_no"].to_list() == [1, 2]
    assert dict(taken(Home(tmp_path / "two"), FOOD, "n.xlsx", two)[1].select("sample_no", "result").rows()) == expected
    home = Home(tmp_path / "files")
    found: dict[str, str] = {}
    for name, rows in {"第3期不合格样品.xlsx": failing, "第3期合格样品.xlsx": passing}.items():
        _, samples, _ = taken(home, FOOD, name, workbook(tmp_path / "f.xlsx", {"Sheet1": rows}))
        found |= dict(samples.select("sample_no", "result").rows())
        assert samples["notice_no"].unique().to_list() == ["第3期"]
    assert found == expected


def test_a_header_repeated_at_a_page_break_keeps_the_title(tmp_path: Path) -> None:
    rows = [["合格样品信息"], ["抽样编号", "食品名称"], ["X1", "豆干"], ["抽样编号", "食品名称"], ["X2", "卤味"]]
    content = workbook(tmp_path / "n.xlsx", {"Sheet1": rows})
    _, samples, _ = taken(Home(tmp_path / "home"), FOOD, "n.xlsx", content)
    assert samples.select("sample_no", "result").rows() == [("X1", "pass"), ("X2", "pass")]


# --- items and roles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("霉菌║6100CFU/g║≤150CFU/g", [("霉菌", "6100CFU/g", "≤150CFU/g")]),
        ("铅‖0.9‖0.5；镉||1||0.1", [("铅", "0.9", "0.5"), ("镉", "1", "0.1")]),
        (
            "菌落总数║270000CFU/g；＜10CFU/g；25CFU/g║n=5；c=2；m=104CFU/g；M=105CFU/g；铅║1║≤0.5",
            [
                ("菌落总数", "270000CFU/g；＜10CFU/g；25CFU/g", "n=5；c=2；m=104CFU/g；M=105CFU/g"),
                ("铅", "1", "≤0.5"),
            ],
        ),
        (
            "2,4-滴║0.5║≤0.1；4-氯苯氧乙酸钠║1║不得使用",
            [("2,4-滴", "0.5", "≤0.1"), ("4-氯苯氧乙酸钠", "1", "不得使用")],
        ),
        ("酸价(以脂肪计；KOH)║13║≤5", [("酸价(以脂肪计；KOH)", "13", "≤5")]),
        (
            "1.外观；2.配合性能；3.密封性和阻气性",
            [("外观", None, None), ("配合性能", None, None), ("密封性和阻气性", None, None)],
        ),
        (
            "断裂荷载(纵向平均值);断裂荷载(横向平均值)",
            [("断裂荷载(纵向平均值)", None, None), ("断裂荷载(横向平均值)", None, None)],
        ),
        ("微生物指标、馅料含量", [("微生物指标", None, None), ("馅料含量", None, None)]),
        ("恩诺沙星、环丙沙星之和", [("恩诺沙星、环丙沙星之和", None, None)]),
        ("尺寸（螺纹顶径、底径）", [("尺寸（螺纹顶径、底径）", None, None)]),
        ("糖精钠 0.006g/kg", [("糖精钠", "0.006g/kg", None)]),
        ("甜蜜素1.2g/kg；山梨酸：0.6g/kg", [("甜蜜素", "1.2g/kg", None), ("山梨酸", "0.6g/kg", None)]),
        ("苏丹红1号", [("苏丹红1号", None, None)]),
        ("维生素B12", [("维生素B12", None, None)]),
        ("/", []),
    ],
)
def test_items_in_one_cell(cell: str, items: list[tuple[str, str | None, str | None]]) -> None:
    assert items_in(cell) == items


def test_items_with_result_and_limit_in_cells_of_their_own(tmp_path: Path) -> None:
    header = ["食品名称", "不合格项目", "检验结果", "标准值"]
    rows = [header, ["豆干", "铅", "0.9mg/kg", "≤0.5mg/kg"], ["卤味", "铅；镉", "0.9；0.2", "≤0.5；≤0.1"]]
    _, _, findings = taken(Home(tmp_path), FOOD, "n.csv", csv_bytes(rows))
    assert findings.select(
        "record_no", "item_no", "item_name", "result_value", "limit_comparator", "limit_value"
    ).rows() == [
        (1, 1, "铅", 0.9, "≤", 0.5),
        (2, 1, "铅", 0.9, "≤", 0.5),
        (2, 2, "镉", 0.2, "≤", 0.1),
    ]


@pytest.mark.parametrize(
    ("cell", "parties", "origin"),
    [
        ("委托商厂名:甲厂;受委托商:乙厂", [("commissioner", "甲厂"), ("producer", "乙厂")], None),
        ("生产商：甲厂；经销商：乙公司", [("producer", "甲厂"), ("distributor", "乙公司")], None),
        ("进口商：甲公司（原产国：意大利）", [("importer", "甲公司")], "意大利"),
        ("出品商：甲公司；生产商：乙公司", [("issuer", "甲公司"), ("producer", "乙公司")], None),
        ("监制商：甲公司 ；制造商：乙公司", [("supervisor", "甲公司"), ("producer", "乙公司")], None),
        ("甲（广州）公司（中国经销商）原产国：法国", [("distributor", "甲（广州）公司")], "法国"),
        ("标称委托方：甲厂 标称受托方：乙厂", [("commissioner", "甲厂"), ("producer", "乙厂")], None),
        (
            "总经销：甲公司\n分装商：乙公司\n进口商：丙公司",
            [("distributor", "甲公司"), ("packer", "乙公司"), ("importer", "丙公司")],
            None,
        ),
        ("委托方：/；受委托方：乙厂", [("producer", "乙厂")], None),
        ("甲进口食品有限公司", [], None),
    ],
)
def test_roles_of_a_composite_producer(cell: str, parties: list[tuple[str, str]], origin: str | None) -> None:
    assert parties_in(cell) == (parties, origin)


def test_parties_are_kept_and_the_makers_own_address_is_used(tmp_path: Path) -> None:
    header = ["食品名称", "标称生产企业名称", "标称生产企业地址", "进口商"]
    rows = [
        header,
        ["豆干", "委托方：甲厂；受委托方：乙厂", "委托方：甲省甲市1号；受委托方：乙省乙市2号", ""],
        ["卤味", "丙厂", "丙省丙市3号", "丁公司"],
        ["米粉", "委托方：/；受委托方：——", "/", ""],
        ["面条", "出品商：戊公司；生产商：己公司", "出品商地址：戊市5号；生产商地址：己市6号", ""],
    ]
    home = Home(tmp_path)
    manifest, samples, _ = taken(home, FOOD, "n.csv", csv_bytes(rows))
    assert samples.select("producer_name", "commissioner_name", "producer_address").rows() == [
        ("乙厂", "甲厂", "乙省乙市2号"),
        ("丙厂", None, "丙省丙市3号"),
        (None, None, None),
        ("己公司", None, "己市6号"),
    ]
    assert lake(home, manifest, "party").select("record_no", "item_no", "role", "party_name").rows() == [
        (1, 1, "commissioner", "甲厂"),
        (1, 2, "producer", "乙厂"),
        (2, 1, "importer", "丁公司"),
        (4, 1, "issuer", "戊公司"),
        (4, 2, "producer", "己公司"),
    ]


# --- shifted columns ---------------------------------------------------------------------------------------------

SCRAPED = [
    "company_name",
    "company_address",
    "sampled_unit",
    "sampled_address",
    "sample_name",
    "specification_type",
    "trademark",
    "production_date",
    "factory_num",
    "approval_num",
    "unqualified",
    "test_value",
    "standard",
    "sampling_unit",
    "inspection_institution",
]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ("甲厂,甲市,乙店,乙市,豆干,200克/袋,甲牌,2019/1/25,,,铅,0.9mg/kg,≤0.5mg/kg,,示例院", None),
        ("甲厂,甲市,乙店,乙市,豆干,散装,/,土霉素,,,369μg/kg,≤100μg/kg,示例研究院,,/", "shifted:finding.item_name"),
        ("甲厂,甲市,乙店,乙市,果干,5.64g/kg,甲牌,二氧化硫残留量,2018/9/30,208g/袋,≤0.35g/kg,示例院,,,", "shifted:spec"),
        ("甲厂,,甲厂,,江苏省食品药品监督管理局　,KYNCB-12,,,2018.05.28,,配合性能,,,,示例所", "shifted:product_name"),
        ("甲厂,甲市,乙店,乙市,米粉,225g/盒,2018-6-21,,,,铅,1mg/kg,≤0.5mg/kg,,示例院", "shifted:brand_text"),
        ("甲厂,甲市,乙店,乙市,米粉,225g/盒,甲牌,70克/袋,,,铅,1mg/kg,≤0.5mg/kg,,示例院", "shifted:production_date_text"),
        ("甲厂,甲市,乙店,乙市,米粉,225g/盒,甲牌,/,,,铅,1mg/kg,示例检验所,,", "shifted:finding.limit_text"),
        (",,,,,,,,,,,,,,", "required:product_name"),
    ],
)
def test_cells_that_moved_are_quarantined_under_their_rule(tmp_path: Path, cells: str, rule: str | None) -> None:
    home = Home(tmp_path)
    sound = "丙厂,丙市,丁店,丁市,面条,500克/袋,丙牌,2019/1/26,,,镉,0.2mg/kg,≤0.1mg/kg,,示例院"
    rows = [["id", *SCRAPED], ["1", *sound.split(",")], ["2", *cells.split(",")]]
    manifest, samples, _ = taken(home, FOOD, "s.csv", csv_bytes(rows))
    assert broken(home, manifest) == ([] if rule is None else [(2, rule)])
    assert samples["record_no"].to_list() == ([1, 2] if rule is None else [1])


@pytest.mark.parametrize(
    "product", ["大豆油5L", "牛肉干50g/袋", "500克爽露爽米酒", "1573国窖", "7度米酒", "某监督管理局专供茶"]
)
def test_products_with_numbers_are_not_taken_for_shifted_cells(tmp_path: Path, product: str) -> None:
    rows = [["食品名称", "规格型号", "商标"], [product, "450ml/瓶,42%vol", "1573"]]
    assert taken(Home(tmp_path), FOOD, "n.csv", csv_bytes(rows))[1]["product_name"].to_list() == [product]


# --- product spot checks -----------------------------------------------------------------------------------------

LIST = [
    "序号",
    "产品名称",
    "标称生产企业",
    "受检单位",
    "规格型号",
    "商标",
    "生产日期/批号",
    "抽查结果",
    "主要不合格项目",
    "承检机构",
    "备注",
]


def spot_checked(home: Home, *rows: list[str], name: str = "l.csv") -> tuple[Manifest, pl.DataFrame, pl.DataFrame]:
    return taken(home, GOODS, name, csv_bytes([LIST, *(row + [""] * (len(LIST) - len(row)) for row in rows)]))


def test_a_full_list_with_refusals_and_contradictions(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest, samples, findings = spot_checked(
        home,
        ["1", "塑料购物袋", "甲示例厂", "乙店", "450×280", "甲", "2010-6-2", "不合格", "厚度偏差；落镖冲击"],
        ["2", "塑料购物袋", "丙示例厂", "乙店", "450×280", "丙", "/", "合格", "/"],
        ["3", "塑料购物袋", "丁示例厂", "", "", "", "", "拒检"],
        ["4", "塑料购物袋", "戊示例厂", "", "", "", "", "", "", "", "该企业拒绝监督抽查"],
        ["5", "塑料购物袋", "己示例厂", "", "", "", "", "合格", "标识"],
        ["6", "塑料购物袋", "庚示例厂", "", "", "", "", "所检项目符合标准要求"],
    )
    results = {"1": "fail", "2": "pass", "3": "refused", "4": "refused", "6": "pass"}
    assert dict(samples.select("row_no", "result").rows()) == results
    assert broken(home, manifest) == [(5, "required:result")]
    assert findings.select("record_no", "item_name").rows() == [(1, "厚度偏差"), (1, "落镖冲击")]


def test_the_conclusion_may_stand_under_the_result(tmp_path: Path) -> None:
    rows = [
        ["产品名称", "检验项目", "检验结果"],
        ["甲", "厚度", "合格"],
        ["乙", "厚度", "不合格"],
        ["丙", "厚度", "0.02mm"],
    ]
    _, samples, findings = taken(Home(tmp_path), GOODS, "l.csv", csv_bytes(rows))
    assert samples["result"].to_list() == ["pass", "fail", "fail"]
    assert findings.select("record_no", "item_name", "result_text").rows() == [(2, "厚度", None), (3, "厚度", "0.02mm")]


def test_re_inspection_decides_where_it_is_given(tmp_path: Path) -> None:
    rows = [
        ["产品名称", "抽查结果", "复检结果", "主要不合格项目", "备注", "承检机构"],
        ["甲", "不合格", "合格", "厚度", "", ""],
        ["乙", "不合格", "不合格", "厚度", "", ""],
        ["丙", "不合格", "", "厚度", "未申请复检", ""],
        ["丁", "不合格", "", "厚度", "", "初检机构：甲院；复检机构：乙院"],
    ]
    _, samples, findings = taken(Home(tmp_path), GOODS, "l.csv", csv_bytes(rows))
    assert samples.select("result", "is_recheck").rows() == [
        ("pass", True),
        ("fail", True),
        ("fail", False),
        ("fail", True),
    ]
    assert findings["record_no"].to_list() == [2, 3, 4]


def test_a_list_of_failures_and_the_names_it_is_given(tmp_path: Path) -> None:
    rows = [["产品名称", "企业名称", "所在地", "不合格项目"], ["女式服装", "甲示例厂", "山东省济南市", "纤维含量"]]
    name = "山东省市场监督管理局2024年第2批产品质量监督抽查不合格产品及企业名单.csv"
    _, samples, _ = taken(Home(tmp_path), GOODS, name, csv_bytes(rows))
    columns = ["producer_name", "producer_address", "agency", "notice_no", "result"]
    assert samples.select(columns).row(0) == ("甲示例厂", "山东省济南市", "山东省市场监督管理局", "2024年第2批", "fail")
