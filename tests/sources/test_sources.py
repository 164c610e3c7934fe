"""What the code next to a declaration does to the shapes its offices print."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    ENTERPRISE_HEADER,
    ENTERPRISE_ROW,
    case_file,
    csv_bytes,
    deliver_one,
    eu_mark,
    gazette,
    lake,
    quarantine,
    registration,
    source,
    uspto,
    zipped,
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


def test_rechecks_are_reported_by_title_or_remark(tmp_path: Path) -> None:
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


def test_hazards_stand_next_to_their_categories_where_the_counts_agree(tmp_path: Path) -> None:
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
    table = module.fallback()
    assert isinstance(table, pl.DataFrame)
    assert table.columns == [name for name, _ in declared.lake_columns("region") if name != "record_no"]
    current = table.filter(pl.col("state") == "在用")
    assert current.filter(pl.col("level_name") == "省级").height >= 31
    assert current.filter(pl.col("region_code") == "340100")["name_zh"].to_list() == ["合肥市"]
    assert table["region_code"].str.contains("^[0-9]{6}$").all()
    assert files("stdnum.cn").joinpath("loc.dat").is_file()


def test_a_mark_takes_its_own_number_not_its_opponents(tmp_path: Path) -> None:
    home = Home(tmp_path)
    opposition = (
        "<OppositionDetails><Opposition><OppositionIdentifier>003000001</OppositionIdentifier><OppositionDate>2023-05-06"
        "</OppositionDate><OppositionGroundText>\nLikelihood of confusion</OppositionGroundText><EarlierMarkDetails>"
        "<EarlierMark><ApplicationNumber>009999999</ApplicationNumber><ApplicationDate>2011-03-04</ApplicationDate>"
        "<RegistrationDate>2012-03-04</RegistrationDate><MarkFeature>Word</MarkFeature><WordMarkSpecification>"
        "<MarkVerbalElementText>THEIRS</MarkVerbalElementText></WordMarkSpecification></EarlierMark></EarlierMarkDetails>"
        "<RepresentativeDetails><RepresentativeKey><Identifier>15039</Identifier></RepresentativeKey>"
        "</RepresentativeDetails></Opposition></OppositionDetails>"
    )
    applicants = "<ApplicantDetails><ApplicantKey><Identifier>343794</Identifier></ApplicantKey></ApplicantDetails>"
    members = {
        "1.xml": eu_mark("018000001", inside=opposition + applicants),
        "2.xml": eu_mark("018000002", operation="Delete"),
        "3.xml": eu_mark("018000003", operation="Rename"),
        "4.xml": eu_mark("W01234567"),
    }
    manifest = deliver_one(home, "euipo_trademark", "a.zip", zipped(members))
    assert manifest.findings == {}
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [(3, "code:operation_code")]
    marks = lake(home, manifest, "mark")
    assert marks.select("application_number", "operation_code").rows() == [
        ("018000001", "Insert"),
        ("018000002", "Delete"),
        ("W01234567", "Insert"),
    ]
    own = marks.row(0, named=True)
    assert (str(own["filing_date"]), own["registration_date"], own["mark_feature"]) == ("2023-02-01", None, None)
    assert (own["mark_text"], own["status_text"], own["status_milestone"]) == (None, "Application published", "22")
    assert lake(home, manifest, "applicant")["applicant_identifier"].to_list() == ["343794"]
    assert lake(home, manifest, "opposition").select("opposition_no", "grounds").rows() == [
        ("003000001", "Likelihood of confusion")
    ]


# fmt: off
REGISTER = [
    "注册号", "国际分类", "商标名称", "申请人名称(中)", "申请人名称(英)", "申请人地址", "申请日期", "初审公告日期",
    "注册公告日期", "专用期起", "专用期止", "商标类型", "法律状态", "是否驰名", "国际注册号",
]
REGISTERED = [
    "12345678", "9", "示例", "虚构县示例食品有限公司", "EXAMPLE FOOD CO.", "虚构县示例路1号", "2012-01-02",
    "2013-03-04", "2013-06-07", "2013-06-07", "2023-06-06", "一般", "已注册", "是", "",
]
# fmt: on


def register(
    home: Home, header: list[str], *rows: list[str], name: str = "商标注册簿_全量_20240516.csv"
) -> pl.DataFrame:
    manifest = deliver_one(home, "cnipa_trademark", name, csv_bytes([header, *rows], "gb18030"))
    assert (manifest.state, manifest.n_quarantined, manifest.findings) == ("loaded", 0, {}), manifest.reason
    assert str(manifest.snapshot_date) == "2024-05-16"
    return lake(home, manifest, "registration_class")


def test_a_register_row_is_read_whatever_its_headers(tmp_path: Path) -> None:
    plain = register(Home(tmp_path / "plain"), REGISTER, REGISTERED).drop("record_no")
    renamed = {
        "注册号": "申请/注册号", "国际分类": "类别", "申请人名称(中)": "申请人名称（中文）", "法律状态": "商标状态",
        "初审公告日期": "初审公告日", "是否驰名": "驰名商标",
    }  # fmt: skip
    other = [*REGISTERED]
    other[1], other[6], other[13] = "第09类", "2012年1月2日", "1"
    reversed_header = [renamed.get(text, text) for text in REGISTER][::-1]
    assert register(Home(tmp_path / "other"), reversed_header, other[::-1]).drop("record_no").equals(plain)
    # Two columns of the office in one of the bureau, twice.
    joint = [*REGISTER[:3], "申请人名称(中/英)", *REGISTER[5:9], "专用期起/止", *REGISTER[11:]]
    row = [*REGISTERED[:3], "虚构县示例食品有限公司/EXAMPLE FOOD CO.", *REGISTERED[5:9], "2013-06-07至2023-06-06"]
    assert register(Home(tmp_path / "joint"), joint, [*row, *REGISTERED[11:]]).drop("record_no").equals(plain)
    assert plain.select("registration_no", "nice_class", "is_well_known", "applicant_name_en").rows() == [
        ("12345678", "9", True, "EXAMPLE FOOD CO.")
    ]


def test_one_mark_in_several_classes_is_several_rows(tmp_path: Path) -> None:
    pending = [*REGISTERED[:6], "2024-01-02", "/", "", "—", "--", "一般", "申请中", "否", ""]
    rows = [
        [*number, *row[2:]]
        for number, row in [(["1A", "01"], REGISTERED), (["1A", "35"], REGISTERED), (["G2", "5"], pending)]
    ]
    found = register(Home(tmp_path), REGISTER, *rows)
    assert found.select("registration_no", "nice_class").rows() == [("1A", "1"), ("1A", "35"), ("G2", "5")]
    last = found.row(2, named=True)
    assert (last["preliminary_date"], last["term_start_date"], last["expiry_date"], last["is_well_known"]) == (
        None, None, None, False,
    )  # fmt: skip


def test_register_rows_that_break_the_contract_are_quarantined(tmp_path: Path) -> None:
    home = Home(tmp_path)

    def changed(position: int, value: str) -> list[str]:
        return [*REGISTERED[:position], value, *REGISTERED[position + 1 :]]

    rows = [changed(0, ""), changed(1, "46"), changed(1, "9;35"), changed(6, "2012-13-41"), changed(13, "或许")]
    content = csv_bytes([REGISTER, REGISTERED, *rows])
    manifest = deliver_one(home, "cnipa_trademark", "商标注册簿_增量_20240523.csv", content)
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [
        (2, "required:registration_no"),
        (3, "pattern:nice_class"),
        (4, "pattern:nice_class"),
        (5, "type:filing_date"),
        (6, "type:is_well_known"),
    ]


LONG = ["指标", "地区", "时期", "数值", "单位"]


def statistics(home: Home, name: str, rows: list[list[str]], delimiter: str = ",") -> pl.DataFrame:
    """The values of a table: region, of-which, indicator, period, value, unit."""
    manifest = deliver_one(home, "indicator_report", name, csv_bytes(rows, delimiter=delimiter))
    assert (manifest.state, manifest.n_quarantined, manifest.findings) == ("loaded", 0, {}), manifest.reason
    return (
        lake(home, manifest, "reported_value")
        .join(lake(home, manifest, "region_row"), on="record_no", maintain_order="left")
        .select("region_name", "is_of_which", "indicator_name", "period", "value", "unit")
    )


@pytest.mark.parametrize(
    ("value", "unit", "read"),
    [
        ("12345", "件", (12345.0, "件")),
        ("12,345", "件", (12345.0, "件")),
        ("12,345件", "", (12345.0, "件")),
        ("1.2万", "", (12000.0, None)),
        ("1.13万件", "件", (11300.0, "件")),
        ("1.2", "万件", (12000.0, "件")),
        ("3.4亿元", "", (340_000_000.0, "元")),
        ("60.5%", "", (60.5, "%")),
        ("６０．５％", "%", (60.5, "%")),
        ("-4.2", "个百分点", (-4.2, "个百分点")),
    ],
)
def test_numbers_of_statistics_and_their_units(
    tmp_path: Path, value: str, unit: str, read: tuple[float, str | None]
) -> None:
    table = statistics(Home(tmp_path), "s.csv", [LONG, ["指标甲", "湖北省", "2024年", value, unit]])
    assert table.rows() == [("湖北省", False, "指标甲", "2024", *read)]


@pytest.mark.parametrize(
    ("value", "unit", "rule"),
    [
        ("约5万", "件", "type:reported_value.value"),
        ("5万", "万件", "type:reported_value.value"),
        ("60%", "件", "type:reported_value.value"),
        ("一百", "件", "type:reported_value.value"),
    ],
)
def test_numbers_that_are_not_guessed_at(tmp_path: Path, value: str, unit: str, rule: str) -> None:
    home = Home(tmp_path)
    rows = [LONG, ["指标甲", "湖北省", "2024", "1", "件"], ["指标甲", "湖北省", "2024", value, unit]]
    manifest = deliver_one(home, "indicator_report", "s.csv", csv_bytes(rows))
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [(2, rule)]
    assert lake(home, manifest, "reported_value")["record_no"].to_list() == [1]


@pytest.mark.parametrize(
    ("printed", "period"),
    [
        ("2024", "2024"),
        ("2024年度", "2024"),
        ("截至2024年底", "2024"),
        ("2024年第三季度", "2024Q3"),
        ("2024年3季度", "2024Q3"),
        ("2024Q3", "2024Q3"),
        ("2024年上半年", "2024H1"),
        ("2024年6月", "2024-06"),
        ("2024-06", "2024-06"),
    ],
)
def test_periods_of_statistics(tmp_path: Path, printed: str, period: str) -> None:
    table = statistics(Home(tmp_path), "s.csv", [LONG, ["指标甲", "湖北省", printed, "1", "件"]])
    assert table["period"].to_list() == [period]


def test_a_period_that_cannot_be_read_is_quarantined(tmp_path: Path) -> None:
    home = Home(tmp_path)
    rows = [LONG, ["指标甲", "湖北省", "近年", "1", "件"], ["指标甲", "湖北省", "", "1", "件"]]
    manifest = deliver_one(home, "indicator_report", "s.csv", csv_bytes(rows))
    assert quarantine(home, manifest)["rule"].to_list() == [
        "pattern:reported_value.period",
        "required:reported_value.period",
    ]


def test_statistics_in_columns_of_years_quarters_and_indicators(tmp_path: Path) -> None:
    years = statistics(
        Home(tmp_path / "a"),
        "madrid_applications_by_origin_2021_2022.csv",
        [["region", "2021", "2022"], ["Hubei", "80", "87"], ["Wuhan", "49", "/"]],
    )
    assert years.drop("is_of_which", "unit").rows() == [
        ("Hubei", "madrid_applications_by_origin", "2021", 80.0),
        ("Hubei", "madrid_applications_by_origin", "2022", 87.0),
        ("Wuhan", "madrid_applications_by_origin", "2021", 49.0),
    ]
    quarters = statistics(
        Home(tmp_path / "b"),
        "tm_applications_by_province_2024Q1_vs_Q4.csv",
        [
            ["地区", "本季度申请件数", "上季度申请件数", "较上季度增长量", "排名"],
            ["湖北省", "55,262", "57,596", "-2334", "13"],
        ],
    )
    assert quarters.drop("is_of_which", "unit").rows() == [
        ("湖北省", "申请件数", "2024Q1", 55262.0),
        ("湖北省", "申请件数", "2023Q4", 57596.0),
    ]
    indicators = statistics(
        Home(tmp_path / "c"),
        "trademark_stats_2009.tsv",
        [["province", "applications", "registrations"], ["Hubei", "16840", ""]],
        delimiter="\t",
    )
    assert indicators.drop("is_of_which", "unit").rows() == [("Hubei", "applications", "2009", 16840.0)]


def test_rows_that_state_of_which_and_titles(tmp_path: Path) -> None:
    rows = [
        ["2023年有效注册商标量", "", "", ""],
        ["地区", "有效注册量", "单位", "其中"],
        ["湖北省", "90.1", "万件", ""],
        ["其中：武汉市", "40", "万件", ""],
        ["宜昌市", "5", "万件", "是"],
        ["注：数据来自年报", "", "", ""],
    ]
    home = Home(tmp_path)
    table = statistics(home, "s.csv", rows)
    assert table.rows() == [
        ("湖北省", False, "有效注册量", "2023", 901000.0, "件"),
        ("武汉市", True, "有效注册量", "2023", 400000.0, "件"),
        ("宜昌市", True, "有效注册量", "2023", 50000.0, "件"),
    ]


def test_code_lists_are_distinguished(tmp_path: Path) -> None:
    industries = csv_bytes(
        [["code", "name", "parentId"], ["C", "制造业 ", "NULL"], ["15", "茶", "C"], ["1530", "精制茶", "15"]]
    )
    home = Home(tmp_path)
    manifest = deliver_one(home, "industry_codes", "gbt4754_2017.csv", industries)
    assert lake(home, manifest, "industry").select("industry_code", "name_zh", "parent_code").rows() == [
        ("C", "制造业", None),
        ("15", "茶", "C"),
        ("1530", "精制茶", "15"),
    ]
    assert manifest.snapshot_date is not None
    assert manifest.snapshot_date.year == 2017
    refused = deliver_one(home, "region_codes", "gbt4754_2017.csv", industries)
    assert (refused.reason or "").startswith("no header names region_code")
    regions = csv_bytes([["代码", "名称", "级别", "状态", "启用时间"], ["110000", "北京市", "省级", "在用", "1981"]])
    refused = deliver_one(home, "industry_codes", "gbt2260_2024.csv", regions)
    assert (refused.reason or "").startswith("its name matches none of")
    refused = deliver_one(home, "industry_codes", "行业分类.csv", csv_bytes([["名称", "级别"], ["北京市", "省级"]]))
    assert (refused.reason or "").startswith("no header names industry_code")
