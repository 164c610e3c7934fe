"""Industries through the editions of GB/T 4754: hand-made lists of three editions, in any order of arrival."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stdnum.cn.uscc import calc_check_digit

from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder
from tests.worlds.dbt_models import build_models, rows
from tests.worlds.hand_made_deliveries import csv_bytes, deliver

# Code, name and code above, in each edition. 2002 knows its day from the file's name, 2011 and 2017 came into force on
# 1 November and 1 October.
EDITIONS = {
    "GBT4754_2002.csv": """
C,制造业,
F,交通运输、仓储和邮政业,
36,专用设备制造业,C
37,交通运输设备制造业,C
3721,汽车整车制造,37
3759,航标器材及其他浮动装置的制造,37
15,饮料制造业,C
1539,精制茶加工,15
60,电信业,F
""",
    "行业分类_2011.csv": """
C,制造业,
I,信息传输、软件和信息技术服务业,
35,专用设备制造业,C
36,汽车制造业,C
3610,汽车整车制造,36
15,酒、饮料和精制茶制造业,C
1530,精制茶加工,15
63,电信、广播电视和卫星传输服务,I
65,软件和信息技术服务业,I
6510,软件开发,65
6550,集成电路设计,65
6591,数字内容服务,65
52,零售业,I
5294,互联网零售,52
5295,邮购及电视、电话零售,52
""",
    "gbt4754_industries_2017.csv": """
C,制造业,
I,信息传输、软件和信息技术服务业,
35,专用设备制造业,C
36,汽车制造业,C
361,汽车整车制造,36
3611,汽柴油车整车制造,361
15,酒、饮料和精制茶制造业,C
1530,精制茶加工,15
63,电信、广播电视和卫星传输服务,I
65,软件和信息技术服务业,I
651,软件开发,65
6511,基础软件开发,651
6513,应用软件开发,651
6520,集成电路设计,65
6572,动漫、游戏数字内容服务,65
6579,其他数字内容服务,65
52,零售业,I
5292,互联网零售,52
5294,邮购及电视、电话零售,52
""",
}
DAYS = {"2002": "2002-12-31", "2011": "2011-11-01", "2017": "2017-10-01"}
# Code stated, day of the extract, code and first day of what it meant then.
STATED = [
    ("5294", "2015-06-01", "5294", DAYS["2011"]),
    ("5294", "2020-06-01", "5294", DAYS["2017"]),
    ("C3721", "2005-06-01", "3721", DAYS["2002"]),
    # Still stated after it was retired.
    ("3721", "2020-06-01", "3721", DAYS["2002"]),
    # Stated before the first list.
    ("3759", "2001-06-01", "3759", DAYS["2002"]),
    ("1530", "2020-06-01", "1530", DAYS["2011"]),
    # No list names it.
    ("6519", "2020-06-01", "6519", "1900-01-01"),
]


def _uscc(number: int) -> str:
    code = f"91420100MA2TEXT{number:02d}"
    return code + calc_check_digit(code)


def _lists() -> dict[str, bytes]:
    header = ["代码", "名称", "上级代码"]
    return {
        name: csv_bytes([header, *(line.split(",") for line in text.strip().splitlines())])
        for name, text in EDITIONS.items()
    }


def _built(home: Home, order: list[str], *models: str) -> RunFolder:
    lists = _lists()
    for name in order:
        deliver(home, "industry_codes", {name: lists[name]})
    header = ["统一社会信用代码", "企业名称", "行政区划代码", "行业代码", "成立日期", "数据日期"]
    firms = [
        [_uscc(number), f"虚构{number}有限公司", "420100", code, "1999-01-01", day]
        for number, (code, day, *_) in enumerate(STATED)
    ]
    deliver(home, "enterprise_register", {"extract.csv": csv_bytes([header, *firms])})
    return build_models(home, *models)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return _built(Home(tmp_path_factory.mktemp("industries")), sorted(EDITIONS), "dim_enterprise", "dim_industry")


def _periods(built: RunFolder, where: str) -> list[tuple[Any, ...]]:
    return rows(
        built,
        "select i.industry_code, i.name_zh, p.industry_code, i.section_code, i.valid_from::varchar,"
        " i.valid_to::varchar, i.is_current from star.dim_industry as i join star.dim_industry as p"
        f" on i.parent_industry_key = p.industry_key where {where} order by i.industry_code, i.valid_from",
    )


def test_a_code_has_a_period_for_each_name_and_place(built: RunFolder) -> None:
    """1539 ends with its edition, 1530 goes through two unchanged, 5294 takes over 5295's name; what came above 1530
    was renamed, and it is known by the name of today."""
    assert _periods(built, "i.industry_code in ('15', '1530', '1539', '5294', '5295')") == [
        ("15", "饮料制造业", "C", "C", DAYS["2002"], DAYS["2011"], False),
        ("15", "酒、饮料和精制茶制造业", "C", "C", DAYS["2011"], "9999-12-31", True),
        ("1530", "精制茶加工", "15", "C", DAYS["2011"], "9999-12-31", True),
        ("1539", "精制茶加工", "15", "C", DAYS["2002"], DAYS["2011"], False),
        ("5294", "互联网零售", "52", "I", DAYS["2011"], DAYS["2017"], False),
        ("5294", "邮购及电视、电话零售", "52", "I", DAYS["2017"], "9999-12-31", True),
        ("5295", "邮购及电视、电话零售", "52", "I", DAYS["2011"], DAYS["2017"], False),
    ]
    above = "i.industry_code = '1539' and p.name_zh = '饮料制造业'"
    assert len(_periods(built, above)) == 1


def test_an_enterprise_has_the_industry_that_its_code_meant_on_the_day(built: RunFolder) -> None:
    found = rows(
        built,
        "select industry_code, i.valid_from::varchar from star.dim_enterprise as e join star.dim_industry as i"
        " using (industry_key) where e.uscc is not null order by e.name_zh",
    )
    assert found == [(code, start) for _, _, code, start in STATED]


def test_retired_industries_are_restated_where_that_is_justified(built: RunFolder) -> None:
    """A name counts at its own level alone: 3721 is not a group, nor is 6510. Any other industry is restated by the
    nearest industry above that is restated; the packaged sections are next to the lists."""
    restated = rows(
        built,
        "select before.industry_code, before.valid_from::varchar, today.industry_code, before.today_method"
        " from star.dim_industry as before join star.dim_industry as today"
        " on before.today_industry_key = today.industry_key where not before.is_current order by 1, 2",
    )
    assert restated == [
        # The same code and place, under another name.
        ("15", DAYS["2002"], "15", "code"),
        ("1539", DAYS["2002"], "1530", "name"),
        # 专用设备制造业 moved to 35, and 36 was given anew.
        ("36", DAYS["2002"], "35", "name"),
        ("3610", DAYS["2011"], "36", "container"),
        ("37", DAYS["2002"], "C", "container"),
        ("3721", DAYS["2002"], "C", "container"),
        ("3759", DAYS["2002"], "C", "container"),
        ("5294", DAYS["2011"], "5292", "name"),
        ("5295", DAYS["2011"], "5294", "name"),
        # No longer in any list of today: it counts to the industry of its parent.
        ("60", DAYS["2002"], "G", "container"),
        ("6510", DAYS["2011"], "65", "container"),
        ("6550", DAYS["2011"], "6520", "name"),
        ("6591", DAYS["2011"], "65", "container"),
        ("F", DAYS["2002"], "G", "name"),
    ]
    current = rows(built, "select distinct today_method from star.dim_industry where is_current")
    assert current == [("same",)]


def test_the_order_in_which_editions_came_does_not_matter(built: RunFolder, tmp_path: Path) -> None:
    first, second, third = sorted(EDITIONS)
    other = _built(Home(tmp_path), [third, first, second], "dim_industry")
    for table in ("dim_industry", "bridge_industry_restatement"):
        content = f"select * from star.{table} order by all"
        assert rows(other, content) == rows(built, content)
