"""Regions through time and places read from texts: hand-made lists and addresses, and the published ones."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from stdnum.cn.uscc import calc_check_digit

from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder
from tests.worlds.dbt_models import build_models, rows
from tests.worlds.hand_made_deliveries import csv_bytes, deliver

# Facts of GB/T 2260: code, province, prefecture, name, level, state, first year, last year, successors.
REGIONS = """
340000,安徽省,,安徽省,省级,在用,1981,,
340100,安徽省,合肥市,合肥市,地级,在用,1981,,
340111,安徽省,合肥市,包河区,县级,在用,2002,,
340124,安徽省,合肥市,庐江县,县级,在用,2011,,
340181,安徽省,合肥市,巢湖市,县级,在用,2011,,
340200,安徽省,芜湖市,芜湖市,地级,在用,1981,,
340281,安徽省,芜湖市,无为市,县级,在用,2019,,
340225,安徽省,芜湖市,无为县,县级,弃用,2011,2019,340281
340400,安徽省,淮南市,淮南市,地级,在用,1981,,
340422,安徽省,淮南市,寿县,县级,在用,2015,,
340700,安徽省,铜陵市,铜陵市,地级,在用,1981,,
340722,安徽省,铜陵市,枞阳县,县级,在用,2015,,340711[2018]
340711,安徽省,铜陵市,郊区,县级,在用,1983,,
340800,安徽省,安庆市,安庆市,地级,在用,1981,,
340823,安徽省,安庆市,枞阳县,县级,弃用,1988,2015,340722
341400,安徽省,巢湖市,巢湖市,地级,弃用,1999,2011,
341402,安徽省,巢湖市,居巢区,县级,弃用,1999,2011,340181
341421,安徽省,巢湖市,庐江县,县级,弃用,1999,2011,340124
341422,安徽省,巢湖市,无为县,县级,弃用,1999,2011,340225
341500,安徽省,六安市,六安市,地级,在用,1999,,
341521,安徽省,六安市,寿县,县级,弃用,1999,2015,340422
342400,安徽省,六安地区,六安地区,地级,弃用,1981,1999,
342422,安徽省,六安地区,寿县,县级,弃用,1981,1999,341521
342823,安徽省,安庆地区,枞阳县,县级,弃用,1981,1988,340823
370000,山东省,,山东省,省级,在用,1981,,
370100,山东省,济南市,济南市,地级,在用,1981,,
370116,山东省,济南市,莱芜区,县级,在用,2018,,
370117,山东省,济南市,钢城区,县级,在用,2018,,
370400,山东省,枣庄市,枣庄市,地级,在用,1981,,
370402,山东省,枣庄市,市中区,县级,在用,1981,,
370103,山东省,济南市,市中区,县级,在用,1987,,
371200,山东省,莱芜市,莱芜市,地级,弃用,1992,2018,
371202,山东省,莱芜市,莱城区,县级,弃用,1992,2018,371203[2006];370116
371203,山东省,莱芜市,钢城区,县级,弃用,1992,2018,370117
320000,江苏省,,江苏省,省级,在用,1981,,
320100,江苏省,南京市,南京市,地级,在用,1981,,
320106,江苏省,南京市,鼓楼区,县级,在用,1983,,
320300,江苏省,徐州市,徐州市,地级,在用,1981,,
320302,江苏省,徐州市,鼓楼区,县级,在用,1983,,
220000,吉林省,,吉林省,省级,在用,1981,,
220200,吉林省,吉林市,吉林市,地级,在用,1981,,
220204,吉林省,吉林市,船营区,县级,在用,1981,,
420000,湖北省,,湖北省,省级,在用,1981,,
420500,湖北省,宜昌市,宜昌市,地级,在用,1992,,
420528,湖北省,宜昌市,长阳土家族自治县,县级,在用,1992,,
420521,湖北省,宜昌市,宜昌县,县级,弃用,1992,2001,420506
420506,湖北省,宜昌市,夷陵区,县级,在用,2001,,
310000,上海市,,上海市,省级,在用,1981,,
310115,上海市,直辖,浦东新区,县级,在用,1992,,
532900,云南省,大理白族自治州,大理白族自治州,地级,在用,1981,,
532901,云南省,大理白族自治州,大理市,县级,在用,1983,,
530000,云南省,,云南省,省级,在用,1981,,
"""
REGION_HEADER = ["代码", "一级行政区", "二级行政区", "名称", "级别", "状态", "启用时间", "变更/弃用时间", "新代码"]

# Text, code of the region read from it, how.
ADDRESSES = [
    ("安徽省合肥市包河区示例路1号", "340111", "full"),
    ("安徽省合肥市经开区示例路2号", "340100", "full"),
    ("安徽合肥包河经济开发区示例路", "340111", "short"),
    ("安徽六安", "341500", "short"),
    ("安徽省安庆市枞阳县示例镇", "340823", "full"),
    ("安徽省枞阳县示例镇", "340722", "full"),
    ("安徽省巢湖市庐江县示例镇", "341421", "full"),
    ("安徽省巢湖市示例路3号", "340181", "contradicted"),
    ("安徽省合肥市枞阳县示例镇", "340722", "contradicted"),
    ("委托方:山东省枣庄市市中区示例路;受委托方:安徽省淮南市寿县示例镇", "340422", "full"),
    ("生产商地址:上海市浦东新区示例路9号", "310115", "full"),
    ("上海浦东示例路9号", "310115", "short"),
    ("南京市鼓楼区示例路4号", "320106", "unique"),
    ("鼓楼区示例路4号", None, "ambiguous"),
    ("江苏省鼓楼区示例路4号", "320000", "full"),
    ("市中区示例街5号", None, "ambiguous"),
    ("山东省枣庄市市中区示例街5号", "370402", "full"),
    ("合肥高新区示例路6号", "340100", "zone"),
    ("合肥路88号", None, "none"),
    ("山东路12号", None, "none"),
    ("吉林市船营区示例街", "220204", "short"),
    ("吉林省", "220000", "full"),
    ("湖北宜昌", "420500", "short"),
    ("湖北长阳示例乡", "420528", "short"),
    ("云南省大理市示例镇", "532901", "short"),
    ("莱芜市莱城区示例路7号", "371202", "unique"),
    ("枞阳县示例路8号", "340722", "unique"),
    ("https://example.org/item?id=1", None, "none"),
]

# Place as printed, day of the decision, its code on that day.
DATED = [
    ("安徽省枞阳县", "1985-06-01", "342823"),
    ("安徽省枞阳县", "2010-06-01", "340823"),
    ("安徽省安庆市枞阳县", "2020-06-01", "340722"),
    ("安徽省寿县", "1990", "342422"),
    ("安徽省六安市寿县", "2016-01-01", "340422"),
    ("安徽省寿县", "2014-12-31", "341521"),
    ("莱芜市", "2017-12-31", "371200"),
    ("莱芜市", "2021-01-01", "370100"),
    ("莱芜市莱城区", "2021-01", "370116"),
    ("山东省济南市莱芜区", "2010-01-01", "371202"),
    ("安徽省枞阳县", "", "340722"),
]


# Digits 3-8 of a credit code, and their region: a retired one, one of a zone, one of the nation's office.
OFFICES = [("340823", "340823"), ("340194", "340100"), ("349999", "340000"), ("100000", "000000")]


def _uscc(office: str) -> str:
    code = f"91{office}MA2TEXT00"
    return code + calc_check_digit(code)


def _addresses(texts: list[str]) -> bytes:
    """A notice whose samples were drawn at the given addresses."""
    header = ["序号", "样品名称", "标称生产企业名称", "被抽样单位名称", "被抽样单位地址", "不合格项目", "公告日期"]
    return csv_bytes(
        [header, *([str(i), "花生", "甲厂", "乙店", text, "菌落总数", "2019-07-15"] for i, text in enumerate(texts))]
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    home = Home(tmp_path_factory.mktemp("places"))
    regions = [line.split(",") for line in REGIONS.strip().splitlines()]
    deliver(home, "region_codes", {"regions_2024.csv": csv_bytes([REGION_HEADER, *regions])})
    deliver(home, "samr_food_sampling", {"notice.csv": _addresses([text for text, _, _ in ADDRESSES])})
    decisions = [
        ["湖北老字号", "", "认定", day, f"甲{number}", "品牌", f"物{number}", place]
        for number, (place, day, _) in enumerate(DATED)
    ]
    header = ["奖项", "届次", "事项", "日期", "获奖单位", "对象类别", "品牌或产品", "地区"]
    coded = [["湖北老字号", "认定", f"虚构{code}有限公司", "企业", _uscc(code)] for code, _ in OFFICES]
    coded_header = ["奖项", "事项", "获奖单位", "对象类别", "统一社会信用代码"]
    lists = {"decisions.csv": csv_bytes([header, *decisions]), "coded.csv": csv_bytes([coded_header, *coded])}
    deliver(home, "recognition_list", lists)
    return build_models(home, "place_match", "dim_region", "fct_recognition_event", "fct_recognition", "dim_enterprise")


def test_addresses_reach_the_region_they_name(built: RunFolder) -> None:
    read = {
        text: (code, method)
        for text, code, method in rows(built, "select place_text, region_code, method from audit.place_match")
    }
    expected = {text: (code, method) for text, code, method in ADDRESSES}
    assert {text: read.get(text) for text in expected} == expected


def test_what_was_not_read_has_no_confidence_and_the_unknown_region(built: RunFolder) -> None:
    assert rows(
        built,
        "select count(*) from audit.place_match"
        " where (region_key = -1) <> (confidence = 0) or (region_key = -1) <> (level::varchar = '未知')",
    ) == [(0,)]


def test_a_place_is_the_code_of_the_day(built: RunFolder) -> None:
    for fact in ("fct_recognition_event", "fct_recognition"):
        found = rows(
            built,
            f"select cast(substr(recipient_name, 2) as integer), region_code from star.{fact}"
            " join star.dim_region using (region_key) where recipient_name like '甲%' order by 1",
        )
        assert [(*DATED[int(str(number))][:2], code) for number, code in found] == DATED


def test_a_firm_in_no_register_is_where_its_code_was_given(built: RunFolder) -> None:
    found = rows(
        built,
        "select substr(uscc, 3, 6), region_code, region_method::varchar from star.dim_enterprise"
        " join star.dim_region using (region_key) where uscc is not null order by 1",
    )
    assert found == sorted((office, code, None if code == "000000" else "uscc") for office, code in OFFICES)


def test_regions_are_restated_to_todays_map(built: RunFolder) -> None:
    restated = rows(
        built,
        "select before.region_code, today.region_code, before.today_method, before.n_today_regions"
        " from star.dim_region as before join star.dim_region as today on today.region_key = before.today_region_key"
        " where before.valid_to < date '9999-12-31' order by 1",
    )
    assert restated == [
        ("340225", "340281", "successor", 1),
        ("340823", "340722", "successor", 1),
        ("341400", "340000", "split", 2),
        ("341402", "340181", "successor", 1),
        ("341421", "340124", "successor", 1),
        ("341422", "340281", "successor", 1),
        ("341521", "340422", "successor", 1),
        ("342400", "341500", "name", 1),
        ("342422", "340422", "successor", 1),
        ("342823", "340722", "successor", 1),
        ("371200", "370100", "counties", 1),
        ("371202", "370116", "successor", 1),
        ("371203", "370117", "successor", 1),
        ("420521", "420506", "successor", 1),
    ]
    parts = rows(
        built,
        "select today.region_code from star.bridge_region_restatement as b"
        " join star.dim_region as before on before.region_key = b.region_key"
        " join star.dim_region as today on today.region_key = b.today_region_key"
        " where before.region_code = '341400' order by 1",
    )
    assert parts == [("340100",), ("340200",)]


def test_every_day_has_one_code_for_a_region(built: RunFolder) -> None:
    uneven = rows(
        built,
        "select anchor_key from work.staging.int_region_timeline group by anchor_key"
        " having min(valid_from) <> date '0001-01-01' or max(valid_to) <> date '9999-12-31'"
        " or sum(valid_to - valid_from) <> date '9999-12-31' - date '0001-01-01' or min(valid_to - valid_from) <= 0",
    )
    assert uneven == []


@pytest.fixture(scope="module")
def published(published_files: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Addresses as offices printed them; read by hand, every region that is read from them is right."""
    home = Home(tmp_path_factory.mktemp("published"))
    codes = published_files / "reference" / "gbt2260_areacodes_1981_2024.csv"
    deliver(home, "region_codes", {codes.name: codes.read_bytes()})
    awards = published_files / "award_list" / "china_recognitions.csv"
    deliver(home, "recognition_list", {awards.name: awards.read_bytes()})
    deliver(home, "samr_food_sampling", {"addresses.csv": _addresses(sorted(_printed_addresses(published_files)))})
    return build_models(home, "place_match", "dim_region")


def test_nine_in_ten_addresses_reach_the_county_or_its_city(published: RunFolder) -> None:
    levels = dict(
        rows(
            published,
            "select level::varchar, count(*) from audit.place_match where place_text <> '某市场监管局'"
            " and place_text not in (select region_name_norm from work.staging.stg_recognition_list__decision"
            " where region_name_norm is not null) and not starts_with(place_text, 'http') group by 1",
        )
    )
    n = sum(int(str(count)) for count in levels.values())
    assert n >= 35
    assert int(str(levels["县级"])) / n >= 0.75
    assert int(str(levels["县级"])) + int(str(levels["地级"])) == n


def test_every_region_of_the_decisions_is_read(published: RunFolder) -> None:
    unread = rows(
        published,
        "select d.region_name_norm, m.region_code from work.staging.stg_recognition_list__decision as d"
        " left join audit.place_match as m on m.place_text = d.region_name_norm"
        " where d.region_name_norm is not null and (m.region_code is null"
        " or (length(d.region_name_norm) > 3 and m.level::varchar <> '地级'))",
    )
    assert unread == []


def test_every_retired_code_has_its_region_of_today(published: RunFolder) -> None:
    by_method = dict(rows(published, "select today_method::varchar, count(*) from star.dim_region group by 1"))
    assert "container" not in by_method
    n_retired = rows(published, "select count(*) from star.dim_region where valid_to < date '9999-12-31'")[0][0]
    assert n_retired == 3610
    assert int(str(by_method["split"])) <= 376
    wrong = rows(
        published,
        "select a.region_code from star.dim_region as a"
        " join star.dim_region as b on a.today_region_key = b.region_key"
        " where b.valid_to < date '9999-12-31'",
    )
    assert wrong == []


def _printed_addresses(published_files: Path) -> set[str]:
    found: set[str] = set()
    samples = published_files / "samr_food_sampling"
    with (samples / "scraped_unqualified_2019_noheader.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            # Rows of devices have their cells shifted; an address is recognised by its words.
            found |= {
                cell.strip()
                for cell in (row[5], row[7])
                if re.search("[省市县区]", cell) and re.search("[路街镇乡村号楼区]", cell)
            }
    with (samples / "notices_rows.csv").open(encoding="utf-8-sig", newline="") as file:
        for record in csv.DictReader(file):
            found |= {record[column] for column in ("producer_address", "sampled_address") if len(record[column]) > 3}
    return {address for address in found if not Path(address).suffix and len(address) > 3}
