"""The marts on a world of a dozen enterprises: every expected row follows from the rules by hand.

The world, as of 2024-05-16. Wuhan: 甲 with 武汉老字号 (its reward paid) and 湖北老字号; 乙 with 武汉老字号,
中华老字号, a well-known mark and a stated brand value; 丙 whose 中华老字号 was removed; 丁, nominee only, and in a list
of exporters as 甲, 乙 and 戊 are; 庚, deregistered, with 武汉名品; 子, contract-honouring; 丑, only sampled. 戊 moved
from Yichang to Wuhan in 2023 and 己 the other way; both were granted 湖北精品 in 2022. Jinan: 辛 with 山东老字号 on
conditions and 好品山东. Hefei: 壬 with 中国质量奖提名奖, nominee for the award itself; 癸, 安徽名牌 revoked. Without a
firm: 采石矶 with 马鞍山老字号. 洪山菜薹 is registered as a geographical indication twice; Comté is not of this country.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.state.home import DBT_PROJECT_DIR
from tests.worlds.commands import rows
from tests.worlds.hand_made_star import build_marts, key

AS_OF = "2024-05-16"
NATION, HUBEI, WUHAN, WUCHANG, YICHANG, ANHUI, HEFEI, SHANDONG, JINAN = range(1, 10)
TEA, GRAIN, GIVEN_UP, TEA_DIVISION = 1, 2, 3, 15
JIA, YI, BING, DING, WU, JI, GENG, XIN, REN, GUI, ZI, CHOU = range(101, 113)
FIRMS = {
    JIA: "武汉甲茶业有限公司", YI: "武汉乙食品有限公司", BING: "武汉丙茶业有限公司", DING: "湖北丁酒业有限公司",
    WU: "戊机床有限公司", JI: "己泵业有限公司", GENG: "武汉庚家具有限公司", XIN: "济南辛食品有限公司",
    REN: "合肥壬科技有限公司", GUI: "合肥癸电子有限公司", ZI: "武汉子纺织有限公司", CHOU: "武汉丑乳业有限公司",
}  # fmt: skip


def _regions() -> list[dict[str, Any]]:
    rows = [
        (NATION, "100000", "中华人民共和国", "国家", None, None),
        (HUBEI, "420000", "湖北省", "省级", "420000", None),
        (WUHAN, "420100", "武汉市", "地级", "420000", "420100"),
        (WUCHANG, "420106", "武昌区", "县级", "420000", "420100"),
        (YICHANG, "420500", "宜昌市", "地级", "420000", "420500"),
        (ANHUI, "340000", "安徽省", "省级", "340000", None),
        (HEFEI, "340100", "合肥市", "地级", "340000", "340100"),
        (SHANDONG, "370000", "山东省", "省级", "370000", None),
        (JINAN, "370100", "济南市", "地级", "370000", "370100"),
        (-1, "000000", "未知", "未知", None, None),
    ]
    names = ("region_key", "region_code", "name_zh", "level", "province_code", "city_code")
    return [{**dict(zip(names, row, strict=True)), "is_latest": True} for row in rows]


def _enterprises() -> list[dict[str, Any]]:
    always = (date(2000, 1, 1), date(9999, 12, 31), True)
    moved = date(2023, 1, 1)
    places: list[tuple[int, int, int, tuple[date, date, bool]]] = [
        (JIA, WUCHANG, TEA, always), (YI, WUCHANG, TEA, always), (BING, WUHAN, TEA, always),
        (DING, WUHAN, TEA, always),
        (WU, YICHANG, -1, (date(2000, 1, 1), moved, False)), (WU, WUHAN, -1, (moved, date(9999, 12, 31), True)),
        (JI, WUHAN, GRAIN, (date(2000, 1, 1), moved, False)), (JI, YICHANG, GRAIN, (moved, date(9999, 12, 31), True)),
        (GENG, WUHAN, GIVEN_UP, always), (XIN, JINAN, TEA, always), (REN, HEFEI, -1, always), (GUI, HEFEI, -1, always),
        (ZI, WUHAN, -1, always), (CHOU, WUCHANG, TEA, always),
    ]  # fmt: skip
    rows = [
        {
            # The newest version has the firm's own key, which facts hold.
            "enterprise_key": firm if end == date(9999, 12, 31) else firm * 10,
            "durable_enterprise_key": firm,
            "enterprise_id": f"E{firm}",
            "name_zh": FIRMS[firm],
            "region_key": region,
            "industry_key": industry,
            "valid_from": start,
            "valid_to": end,
            "is_current": is_current,
            "is_registered": True,
            "registration_state": "注销" if firm == GENG else "存续",
        }
        for firm, region, industry, (start, end, is_current) in places
    ]
    unknown = {"enterprise_key": -1, "enterprise_id": "unknown", "name_zh": "未知", "is_current": True}
    return [*rows, {**unknown, "valid_from": date(1900, 1, 1), "valid_to": date(9999, 12, 31)}]


def _recognition(
    recognition: int, scheme: str, firm: int, state: str, granted: str | None, region: int, **more: object
) -> dict[str, object]:
    level = {"wuhan": "市", "maanshan": "市", "china": "国家", "national": "国家", "agri": "国家"}
    return {
        "recognition_key": recognition,
        "scheme_key": key(scheme),
        "enterprise_key": firm,
        "recipient_name": FIRMS.get(firm, ""),
        "state": state,
        "level": level.get(scheme.split("_")[0], "省"),
        "granted_date": granted,
        "granted_date_text": granted,
        "granted_month": granted[:7] if granted else None,
        "is_granted": state != "nominated",
        "n_events": 1,
        "region_key": region,
        **more,
    }


def _recognitions() -> list[dict[str, object]]:
    ended = {"ended_date": "2023-11-10", "ended_month": "2023-11"}
    revoked = {"ended_date": "2023-05-01", "ended_month": "2023-05"}
    herb = {"recipient_name": "洪山菜薹", "object_name": "洪山菜薹"}
    herb_growers = {"recipient_name": "洪山菜薹产业协会", "object_name": "洪山菜薹 AGI2010-01-00001"}
    return [
        _recognition(1001, "wuhan_heritage", JIA, "held", "2020-01-01", WUHAN, object_name="甲记"),
        _recognition(1002, "hubei_heritage", JIA, "held", "2023-03-01", WUHAN, object_name="甲记"),
        _recognition(1003, "wuhan_heritage", YI, "held", "2021-01-01", WUHAN, object_name="乙记"),
        _recognition(1004, "china_heritage", YI, "held", "2023-06-01", WUHAN, object_name="乙 记"),
        _recognition(1005, "china_heritage", BING, "removed", "2011-03-01", WUHAN, object_name="丙记", **ended),
        _recognition(1006, "hubei_heritage", DING, "nominated", None, WUHAN, object_name="丁记"),
        _recognition(1007, "hubei_premium", WU, "held", "2022-05-01", -1, object_name="戊机床"),
        _recognition(1008, "hubei_premium", JI, "held", "2022-05-01", -1, object_name="己泵"),
        _recognition(1009, "wuhan_name_product", GENG, "held", "2021-06-01", WUHAN, object_name="庚椅"),
        _recognition(1010, "shandong_heritage", XIN, "conditional", "2021-03-01", JINAN, object_name="辛酱园"),
        _recognition(1011, "china_quality_award_nomination", REN, "held", "2023-09-01", HEFEI),
        _recognition(1012, "china_quality_award", REN, "nominated", None, HEFEI),
        _recognition(1013, "anhui_name_brand", GUI, "revoked", "2019-05-01", HEFEI, object_name="癸牌", **revoked),
        _recognition(1014, "contract_honouring_provincial", ZI, "held", "2022-01-01", WUHAN),
        _recognition(1015, "maanshan_heritage", -1, "held", "2018-01-01", ANHUI, recipient_name="采石矶"),
        _recognition(1016, "national_gi", -1, "held", None, WUHAN, **herb),
        _recognition(1017, "agri_product_gi", -1, "held", "2010-05-01", WUHAN, **herb_growers),
        _recognition(1018, "eu_pdo", -1, "held", "1996-06-12", -1, recipient_name="Comté", origin_country="FR"),
        _recognition(1019, "haopin_shandong", XIN, "held", "2023-01-01", JINAN, object_name="辛酱园"),
        _recognition(1020, "china_well_known_mark", YI, "held", "2015-01-01", WUHAN, object_name="乙记"),
        _recognition(1021, "china_500_brands", YI, "held", "2023-07-01", WUHAN),
        _recognition(1022, "china_well_known_mark", JI, "held", "2016-01-01", WUHAN, object_name="己泵"),
        _recognition(1023, "industrial_exporter", JIA, "held", "2023-01-01", WUHAN),
        _recognition(1024, "industrial_exporter", WU, "held", "2023-01-01", WUHAN),
        _recognition(1025, "industrial_exporter", YI, "held", "2023-01-01", WUHAN),
        _recognition(1026, "industrial_exporter", DING, "held", "2023-01-01", WUHAN),
    ]


def _events() -> list[dict[str, object]]:
    # Event, recognition, scheme, firm, type, wording, day, document, amount.
    rows: list[tuple[int, int, str, int, str, str, str, str, float | None]] = [
        (4001, 1001, "wuhan_heritage", JIA, "pay", "奖励发放", "2021-02-01", "武市监〔2021〕5号", 100_000),
        (4002, 1005, "china_heritage", BING, "remove", "移出名录", "2023-11-10", "商流通函〔2023〕1号", None),
        (4003, 1010, "shandong_heritage", XIN, "condition", "附条件通过", "2023-12-01", "鲁商字〔2023〕2号", None),
        (4004, 1013, "anhui_name_brand", GUI, "revoke", "撤销", "2023-05-01", "皖市监〔2023〕3号", None),
        (4005, 1021, "china_500_brands", YI, "grant", "入选", "2023-07-01", "榜单", 1_200_000_000),
        # Planned only: read as no payment.
        (4006, 1003, "wuhan_heritage", YI, "unknown", "奖励拟发放公示", "2022-02-01", "公示", 100_000),
    ]
    names = ("recognition_event_key", "recognition_key", "scheme_key", "enterprise_key", "event_type", "event_name")
    return [
        {
            **dict(zip(names, (event, recognition, key(scheme), firm, kind, wording), strict=True)),
            "decided_date": day,
            "decided_date_text": day,
            "document_no": document,
            "stated_amount_cny": amount,
        }
        for event, recognition, scheme, firm, kind, wording, day, document, amount in rows
    ]


def _inspections() -> list[dict[str, object]]:
    food = "samr_food_sampling"
    # Sample, source, notice, day, producer, category, result, region, whether the notice lists passing samples.
    rows: list[tuple[int, str, str, str, int, int, str, int, bool]] = [
        (3001, food, "N1", "2024-03-10", JIA, 1, "pass", WUCHANG, True),
        (3002, food, "N1", "2024-03-10", JIA, 1, "pass", WUCHANG, True),
        (3003, food, "N1", "2024-03-10", YI, 1, "pass", WUCHANG, True),
        (3004, food, "N1", "2024-03-10", YI, 1, "fail", WUCHANG, True),
        (3005, food, "N1", "2024-03-10", CHOU, 1, "pass", WUCHANG, True),
        (3006, food, "N1", "2024-03-10", CHOU, 1, "pass", WUCHANG, True),
        (3007, food, "N1", "2024-03-10", CHOU, 1, "pass", WUCHANG, True),
        (3008, food, "N1", "2024-03-10", CHOU, 1, "fail", WUCHANG, True),
        (3009, food, "N2", "2023-08-01", XIN, 2, "fail", JINAN, False),
        (3010, "rasff", "2024.1", "2024-02-01", -1, 3, "fail", -1, False),
        (3011, food, "N0", "2019-01-15", BING, 1, "fail", WUHAN, False),
    ]
    names = (
        "inspection_key", "source_id", "notice_no", "notice_date", "producer_enterprise_key", "product_category_key",
        "result", "region_key", "is_from_full_notice",
    )  # fmt: skip
    product = {1: "绿茶", 2: "黄豆酱", 3: "tea"}
    return [
        {**dict(zip(names, row, strict=True)), "sample_no": f"S{row[0]}", "product_name": product[row[5]]}
        for row in rows
    ]


def _marks() -> list[dict[str, object]]:
    # Mark, office, number, words, registered, expires, status, owner, Madrid number, well known.
    rows: list[tuple[int, str, str, str, str, str | None, str, int, str | None, bool | None]] = [
        (2001, "CN", "100", "乙记", "2005-01-01", "2024-12-31", "live", YI, None, True),
        (2002, "CN", "101", "甲记", "2014-03-01", "2034-02-28", "live", JIA, None, False),
        (2003, "US", "900", "甲记", "2018-03-01", "2028-03-01", "live", JIA, None, None),
        (2004, "EM", "901", "甲记", "2019-03-01", "2029-03-01", "live", JIA, "1234567", None),
        (2005, "CN", "102", "庚椅", "2010-03-01", "2020-02-28", "dead", GENG, None, False),
        (2006, "CN", "103", "辛酱园", "2016-03-01", "2026-02-28", "live", XIN, None, False),
    ]
    names = (
        "trademark_key", "office_code", "application_no", "mark_text", "registration_date", "expiry_date",
        "status_group", "owner_enterprise_key", "international_registration_no", "is_well_known",
    )  # fmt: skip
    return [{**dict(zip(names, row, strict=True)), "registration_no": row[2], "is_current": True} for row in rows]


def _industries() -> list[dict[str, object]]:
    # Industry, code, name, section, division, group, sector, level, industry of today. Tea has no group in its list;
    # 1539 became 1530.
    rows = [
        (TEA, "1530", "精制茶加工", "C", "15", None, "secondary", "class", TEA),
        (TEA_DIVISION, "15", "酒、饮料和精制茶制造业", "C", "15", None, "secondary", "division", TEA_DIVISION),
        (GRAIN, "0111", "稻谷种植", "A", "01", "011", "primary", "class", GRAIN),
        (GIVEN_UP, "1539", "精制茶加工", "C", "15", None, "secondary", "class", TEA),
        (-1, "unknown", "未知", "unknown", None, None, None, "unknown", -1),
    ]
    names = (
        "industry_key", "industry_code", "name_zh", "section_code", "division_code", "group_code", "sector", "level",
        "today_industry_key",
    )  # fmt: skip
    return [{**dict(zip(names, row, strict=True)), "is_current": row[0] != GIVEN_UP} for row in rows]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    world = {
        "dim_region": _regions(),
        "dim_industry": _industries(),
        "dim_enterprise": _enterprises(),
        "dim_trademark": _marks(),
        "dim_product_category": [
            {"product_category_key": category, "category_name": name, "source_id": "samr_food_sampling"}
            for category, name in ((1, "茶叶"), (2, "调味品"), (3, "tea"))
        ],
        "dim_indicator": [{"indicator_key": 1, "indicator_id": "madrid_applications"}],
        "fct_indicator_value": [
            {"indicator_value_key": 1, "indicator_key": 1, "region_key": WUHAN, "period": "2021",
             "period_end_date": "2021-12-31", "value": 49},
            {"indicator_value_key": 2, "indicator_key": 1, "region_key": WUHAN, "period": "2022",
             "period_end_date": "2022-12-31", "value": 62},
        ],
        "fct_recognition": _recognitions(),
        "fct_recognition_event": _events(),
        "fct_inspection": _inspections(),
    }  # fmt: skip
    # Decisions received on the schemes of culture; none was received on standards or innovation.
    with duckdb.connect(str(build_marts(tmp_path_factory.mktemp("marts"), world, AS_OF)), read_only=True) as opened:
        yield opened


def _rows(marts: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return marts.execute(sql).fetchall()


def test_rewards_are_owed_once_and_only_where_the_rule_holds(marts: duckdb.DuckDBPyConnection) -> None:
    """No row for 丁 (nominee), 丙 (ended unpaid), 庚 (武汉名品 is in no rule), 壬 (提名奖 is in no rule) and 戊,
    who was in Yichang on the day; 己 was in Wuhan. Anhui's rules state no amount."""
    found = _rows(
        marts,
        "select enterprise_key, scheme_id, level, rule_id, amount_cny, payer_level, state, paid_cny, owed_cny,"
        " evidence_keys, payment_evidence_keys from marts.reward_entitlement order by enterprise_key, scheme_id",
    )
    assert found == [
        (-1, "maanshan_heritage", "市", "anhui_municipal", None, "区县", "due", 0, None, [1015], []),
        # The municipal reward was paid; the provincial rung pays the difference to 300,000.
        (JIA, "hubei_heritage", "省", "wuhan_heritage_provincial", 300_000, "市", "due", 0, 200_000, [1002], []),
        (JIA, "wuhan_heritage", "市", "wuhan_heritage_municipal", 100_000, "市", "paid", 100_000, 0, [1001], [4001]),
        # Nothing was paid, so the highest rung is owed in full, and the municipal one no more.
        (YI, "china_heritage", "国家", "wuhan_heritage_national", 500_000, "市", "due", 0, 500_000, [1004], []),
        (YI, "wuhan_heritage", "市", "wuhan_heritage_municipal", 100_000, "市", "superseded", 0, 0, [1003], []),
        (JI, "hubei_premium", "省", "wuhan_premium_provincial", 300_000, "市", "due", 0, 300_000, [1008], []),
    ]


def test_each_recipient_stands_on_its_highest_rung(marts: duckdb.DuckDBPyConnection) -> None:
    found = _rows(
        marts,
        "select recipient_name, ladder, rung_scheme_id, rung_since, next_scheme_id, n_reached, n_holding, n_risen,"
        " evidence_keys from marts.brand_ladder order by enterprise_key, ladder",
    )
    assert found == [
        ("采石矶", "heritage", "maanshan_heritage", date(2018, 1, 1), "anhui_heritage", 1, 1, 0, [1015]),
        (FIRMS[JIA], "heritage", "hubei_heritage", date(2023, 3, 1), "china_heritage", 1, 1, 0, [1002]),
        # Two firms ever had 驰名商标, and both hold it.
        (FIRMS[YI], "anhui", "china_well_known_mark", date(2015, 1, 1), None, 2, 2, 0, [1020]),
        # 丙 reached 中华老字号 too, but holds it no more.
        (FIRMS[YI], "heritage", "china_heritage", date(2023, 6, 1), None, 2, 1, 0, [1004]),
        (FIRMS[WU], "premium", "hubei_premium", date(2022, 5, 1), "china_premium", 2, 2, 0, [1007]),
        (FIRMS[JI], "anhui", "china_well_known_mark", date(2016, 1, 1), None, 2, 2, 0, [1022]),
        (FIRMS[JI], "premium", "hubei_premium", date(2022, 5, 1), "china_premium", 2, 2, 0, [1008]),
        (FIRMS[GENG], "premium", "wuhan_name_product", date(2021, 6, 1), "hubei_premium", 1, 1, 0, [1009]),
        (FIRMS[XIN], "heritage", "shandong_heritage", date(2021, 3, 1), "china_heritage", 1, 1, 0, [1010]),
        # The nominee of the award holds the nomination award, half a rung below.
        (FIRMS[REN], "quality_award", "china_quality_award_nomination", date(2023, 9, 1), "china_quality_award",
         1, 1, 0, [1011]),
    ]  # fmt: skip


def test_the_heritage_directory_holds_what_is_in_force(marts: duckdb.DuckDBPyConnection) -> None:
    """丙 was removed and 丁 only nominated."""
    found = _rows(
        marts,
        "select recipient_name, object_name, scheme_id, level, state, since, region_code from marts.heritage_directory"
        " order by evidence_keys[1]",
    )
    assert found == [
        (FIRMS[JIA], "甲记", "wuhan_heritage", "市", "held", date(2020, 1, 1), "420100"),
        (FIRMS[JIA], "甲记", "hubei_heritage", "省", "held", date(2023, 3, 1), "420100"),
        (FIRMS[YI], "乙记", "wuhan_heritage", "市", "held", date(2021, 1, 1), "420100"),
        (FIRMS[YI], "乙 记", "china_heritage", "国家", "held", date(2023, 6, 1), "420100"),
        (FIRMS[XIN], "辛酱园", "shandong_heritage", "省", "conditional", date(2021, 3, 1), "370100"),
        ("采石矶", None, "maanshan_heritage", "市", "held", date(2018, 1, 1), "340000"),
    ]


def test_the_exit_watch_names_reason_and_document(marts: duckdb.DuckDBPyConnection) -> None:
    """乙 failed in 2024, after each of its grants, but an exporter has nothing to leave; 辛 in 2023, after both of its;
    丙 failed in 2019 and holds nothing."""
    found = _rows(
        marts,
        "select recipient_name, scheme_id, reason, evidence, reason_date, evidence_keys, inspection_evidence_keys"
        " from marts.brand_exit_watch order by evidence_keys[1], reason",
    )
    yi_failed = ("failing_inspection", "N1 2024-03-10 S3004 绿茶", date(2024, 3, 10))
    xin_failed = ("failing_inspection", "N2 2023-08-01 S3009 黄豆酱", date(2023, 8, 1))
    removed = ("removed", "移出名录 2023-11-10 商流通函〔2023〕1号", date(2023, 11, 10))
    assert found == [
        (FIRMS[YI], "wuhan_heritage", *yi_failed, [1003], [3004]),
        (FIRMS[YI], "china_heritage", *yi_failed, [1004], [3004]),
        (FIRMS[BING], "china_heritage", *removed, [1005], []),
        (FIRMS[GENG], "wuhan_name_product", "deregistered", "登记状态 | registration state: 注销", None, [1009], []),
        (FIRMS[XIN], "shandong_heritage", "conditional", "附条件通过 2023-12-01 鲁商字〔2023〕2号", None, [1010], []),
        (FIRMS[XIN], "shandong_heritage", *xin_failed, [1010], [3009]),
        (FIRMS[GUI], "anhui_name_brand", "revoked", "撤销 2023-05-01 皖市监〔2023〕3号", date(2023, 5, 1), [1013], []),
        (FIRMS[XIN], "haopin_shandong", *xin_failed, [1019], [3009]),
        (FIRMS[YI], "china_well_known_mark", *yi_failed, [1020], [3004]),
        (FIRMS[YI], "china_500_brands", *yi_failed, [1021], [3004]),
    ]


def test_credit_grades_follow_from_their_points(marts: duckdb.DuckDBPyConnection) -> None:
    """From 100: a failing sample or a condition -10, a removal -20, a revocation -50, a trust recognition +5 but never
    above 100. A from 90, B from 75, C from 60. 丁, a nominee whom a list of exporters names, is not graded."""
    found = _rows(
        marts,
        "select enterprise_key, grade, score, n_samples, n_fail, point_rule_ids, evidence_keys,"
        " inspection_evidence_keys from marts.quality_credit order by enterprise_key",
    )
    failed = ["credit_failing_sample"]
    assert found == [
        (JIA, "A", 100, 2, 0, [], [], []),
        (YI, "A", 90, 2, 1, failed, [], [3004]),
        # Its sample failed in 2019, more than three years ago.
        (BING, "B", 80, 0, 0, ["credit_removed"], [1005], []),
        (WU, "A", 100, 0, 0, [], [], []),
        (JI, "A", 100, 0, 0, [], [], []),
        (GENG, "A", 100, 0, 0, [], [], []),
        (XIN, "B", 80, 1, 1, ["credit_conditional", "credit_failing_sample"], [1010], [3009]),
        (REN, "A", 100, 0, 0, [], [], []),
        (GUI, "D", 50, 0, 0, ["credit_revoked"], [1013], []),
        (ZI, "A", 100, 0, 0, ["credit_trusted"], [1014], []),
        (CHOU, "A", 90, 4, 1, failed, [], [3008]),
    ]


def test_red_needs_a_trust_recognition_and_black_a_low_score(marts: duckdb.DuckDBPyConnection) -> None:
    found = _rows(
        marts,
        "select enterprise_key, list, score, rule_id, evidence_keys from marts.red_black_list order by enterprise_key",
    )
    assert found == [(GUI, "black", 50, "list_black", [1013]), (ZI, "red", 100, "list_red", [1014])]


def test_an_indication_counts_once_in_each_group(marts: duckdb.DuckDBPyConnection) -> None:
    found = _rows(
        marts,
        "select group_id, gi_name, scheme_ids, since, region_code, n_recognitions, evidence_keys"
        " from marts.gi_directory order by group_id",
    )
    both = ["agri_product_gi", "national_gi"]
    assert found == [
        ("geographical_indications", "洪山菜薹", both, date(2010, 5, 1), "420100", 2, [1016, 1017]),
        ("three_products_one_mark", "洪山菜薹", ["agri_product_gi"], date(2010, 5, 1), "420100", 1, [1017]),
    ]


def test_a_predecessor_counts_under_the_succession_definition_alone(marts: duckdb.DuckDBPyConnection) -> None:
    found = _rows(
        marts,
        "select group_id, recipient_name, scheme_ids, evidence_keys from marts.brand_systems"
        " where group_kind <> 'gi' order by group_id",
    )
    assert found == [
        ("contract_honouring", FIRMS[ZI], ["contract_honouring_provincial"], [1014]),
        # Two recognitions of one brand are one member.
        ("haopin_shandong_system", FIRMS[XIN], ["haopin_shandong", "shandong_heritage"], [1010, 1019]),
        ("wuhan_premium_with_predecessor", FIRMS[GENG], ["wuhan_name_product"], [1009]),
    ]
    own = "select count(*) from marts.brand_monitor where scheme_id = 'wuhan_premium'"
    assert _rows(marts, own) == [(0,)]


def test_the_ledger_dates_renewals(marts: duckdb.DuckDBPyConnection) -> None:
    """乙记 expires on 2024-12-31: renewal has been open since 2023-12-31 and grace ends on 2025-06-30."""
    found = _rows(
        marts,
        "select owner_name, mark_text, registration_no, recognised_date, expiry_date, renewal_opens_date,"
        " grace_ends_date, renewal_state, evidence_keys, trademark_evidence_keys"
        " from marts.well_known_mark_ledger order by enterprise_key",
    )
    assert found == [
        (FIRMS[YI], "乙记", "100", date(2015, 1, 1), date(2024, 12, 31), date(2023, 12, 31), date(2025, 6, 30), "due",
         [1020], [2001]),
        (FIRMS[JI], "己泵", None, date(2016, 1, 1), None, None, None, "unknown", [1022], []),
    ]  # fmt: skip


def test_superior_marks_state_by_which_rule(marts: duckdb.DuckDBPyConnection) -> None:
    """武汉老字号 (1003) and a list without a brand (1021) make no mark superior; a mark abroad is not a reason for
    itself."""
    found = _rows(
        marts,
        "select trademark_evidence_keys, office_code, region_code, sector, is_superior, rule_ids, evidence_keys"
        " from marts.trademark_directory order by 1",
    )
    recognised = ["directory_live_mark", "superior_recognised"]
    assert found == [
        ([2001], "CN", "420106", "secondary", True, [*recognised, "superior_well_known"], [1004, 1020]),
        ([2002], "CN", "420106", "secondary", True, ["directory_live_mark", "superior_abroad", recognised[1]], [1002]),
        ([2003], "US", "420106", "secondary", True, recognised, [1002]),
        ([2004], "EM", "420106", "secondary", True, recognised, [1002]),
        ([2006], "CN", "370100", "secondary", True, recognised, [1010, 1019]),
    ]


def test_exporters_with_an_international_mark(marts: duckdb.DuckDBPyConnection) -> None:
    """Four exporters in Wuhan: 甲 (with marks abroad) and 乙 (without) in 武昌, 丁 and 戊 (without), where it is today.
    By Wilson one of four is (0.730182 -+ 0.640816) / 1.960365, one of two 0.0945 to 0.9055. The evidence are their
    listings, 甲's marks abroad (2003 and, under Madrid, 2004), and the value reported for 2022."""
    found = _rows(
        marts,
        "select region_code, n_owners, n_international_owners, n_domestic_marks, n_madrid_marks, n_direct_marks,"
        " madrid_applications, n_exporters, n_exporters_international, exporter_rate,"
        " round(exporter_rate_low, 4), round(exporter_rate_high, 4), evidence_keys, trademark_evidence_keys,"
        " indicator_value_key from marts.internationalisation order by 1",
    )
    wuhan, rate = (2, 1, 2, 1, 1), (0.25, 0.0456, 0.6994)
    listed, abroad = [1023, 1024, 1025, 1026], [2003, 2004]
    assert found == [
        ("100000", 3, 1, 3, 1, 1, None, 4, 1, *rate, listed, abroad, -1),
        ("370000", 1, 0, 1, 0, 0, None, 0, 0, None, None, None, [], [], -1),
        ("370100", 1, 0, 1, 0, 0, None, 0, 0, None, None, None, [], [], -1),
        ("420000", *wuhan, None, 4, 1, *rate, listed, abroad, -1),
        ("420100", *wuhan, 62, 4, 1, *rate, listed, abroad, 2),
        ("420106", *wuhan, None, 2, 1, 0.5, 0.0945, 0.9055, [1023, 1025], abroad, -1),
    ]
    rules = _rows(marts, "select distinct rule_ids from marts.internationalisation")
    assert rules == [(["industrial_exporters", "international_mark"],)]


def test_a_list_of_failures_has_no_pass_rate(marts: duckdb.DuckDBPyConnection) -> None:
    """Six of eight by Wilson with z = 1.959964: (0.990091 -+ 0.384289) / 1.480182."""
    found = _rows(
        marts,
        "select category_name, period, n_samples, n_fail, pass_rate, round(ci_low, 4), round(ci_high, 4), n_fail_only,"
        " is_small_cell, sampling_basis, inspection_evidence_keys from marts.quality_bulletin"
        " where region_code = '100000'"
        " order by period",
    )
    assert found == [
        ("茶叶", "2019-01", 0, 0, None, None, None, 1, True, "targeted", [3011]),
        ("调味品", "2023-08", 0, 0, None, None, None, 1, True, "targeted", [3009]),
        ("茶叶", "2024-03", 8, 2, 0.75, 0.4093, 0.9285, 0, True, "targeted", [3004, 3008]),
    ]
    rules = _rows(marts, "select distinct rule_ids from marts.quality_bulletin")
    assert rules == [(["bulletin_pass_rate", "sampling_food", "small_cell"],)]


def test_the_echelon_has_its_three_batches(marts: duckdb.DuckDBPyConnection) -> None:
    """甲 leads by marks at two offices abroad and is not growing as well. 辛 grew by 好品山东 alone: its 老字号 is
    older than three years. The cluster is 甲, 乙 and 庚, whose code is one of that division today;
    丙 holds nothing any more, 丁 nothing yet."""
    found = _rows(
        marts,
        "select batch, enterprise_key, region_code, industry_code, n_enterprises, rule_ids, evidence_keys,"
        " trademark_evidence_keys from marts.brand_echelon order by batch desc, enterprise_key",
    )
    new = ["growing_newly_recognised"]
    cluster = [1001, 1002, 1003, 1004, 1009, 1020, 1021]
    assert found == [
        ("leading", JIA, "420106", "1530", 1, ["leading_international"], [], [2003, 2004]),
        ("leading", YI, "420106", "1530", 1, ["leading_national"], [1004, 1020, 1021], []),
        ("leading", JI, "420500", "0111", 1, ["leading_national"], [1022], []),
        ("growing", WU, "420100", "unknown", 1, new, [1007], []),
        ("growing", GENG, "420100", "1539", 1, new, [1009], []),
        ("growing", XIN, "370100", "1530", 1, new, [1019], []),
        ("cluster", -1, "420100", "15", 3, ["cluster_city_division"], cluster, []),
    ]


def test_brand_strength_names_what_is_missing(marts: duckdb.DuckDBPyConnection) -> None:
    """Holders: 甲 乙 戊 己 庚 辛 壬 子. No decision on standards or innovation was received.

    Culture (rungs): 2, 3, 2 above zero, so winsorised to 2 and 2.9, from 0: 甲 and 辛 68.9655, 乙 100, others 0.
    Credit: 80, 90 and six times 100; winsorised to 83.5 and 100: 乙 39.3939, 辛 0, others 100.
    Quality: the lower Wilson bounds of 2 of 2 (甲) and 1 of 2 (乙), the only two: 100 and 0. 辛 is on a fail-only list.
    """
    found = _rows(
        marts,
        "select enterprise_key, round(quality_score, 3), round(credit_score, 3), round(culture_score, 3),"
        " missing_pillars, round(strength_score, 3), round(score_if_missing_worst, 3),"
        " round(score_if_missing_best, 3), strength_rank, rank_best, rank_worst, n_ranked, n_overlapping, n_scenarios,"
        " valuation_cny from marts.brand_strength order by strength_score desc, enterprise_key",
    )
    three = ["innovation", "quality", "standards"]
    other = (None, 100, 0, three, 50, 20, 80, None, None, None, 2, None, 36, None)
    two = ["innovation", "standards"]
    assert found == [
        (JIA, 100, 100, 68.966, two, 89.655, 53.793, 93.793, 1, 1, 1, 2, 0, 36, None),
        (WU, *other), (JI, *other), (GENG, *other), (REN, *other), (ZI, *other),
        (YI, 0, 39.394, 100, two, 46.465, 27.879, 67.879, 2, 2, 2, 2, 0, 36, 1_200_000_000),
        # Two of five pillars are too few for a rank.
        (XIN, None, 0, 68.966, three, 34.483, 13.793, 73.793, None, None, None, 2, None, 36, None),
    ]  # fmt: skip


def test_brand_strength_rests_on_what_is_held_and_on_every_point(marts: duckdb.DuckDBPyConnection) -> None:
    """What a firm holds puts it among the others, except lists of exporters; its pass rate rests on each sample of a
    full notice, its credit on what cost it points: 辛's failing sample of a fail-only list."""
    found = _rows(
        marts,
        "select enterprise_key, len(rule_ids), evidence_keys, inspection_evidence_keys from marts.brand_strength"
        " order by 1",
    )
    assert found == [
        (JIA, 3, [1001, 1002], [3001, 3002]), (YI, 3, [1003, 1004, 1020, 1021], [3003, 3004]), (WU, 2, [1007], []),
        (JI, 2, [1008, 1022], []), (GENG, 2, [1009], []), (XIN, 2, [1010, 1019], [3009]), (REN, 2, [1011], []),
        (ZI, 2, [1014], []),
    ]  # fmt: skip


def test_peers_that_tie_share_their_places(marts: duckdb.DuckDBPyConnection) -> None:
    """Section C: 甲 2, 乙 3, 庚 0, 辛 2. Provinces: 13 recognitions in Hubei (戊's too, which it was granted
    there), 2 in Anhui and Shandong each; exporters' lists count to none."""
    columns = "subject_id, value, n_peers, peer_median, peer_best, rank_best, rank_worst, is_small_cell"
    culture = f"select {columns} from marts.benchmark where measure_id = 'measure_culture' and peer_group = 'C'"
    assert _rows(marts, f"{culture} order by subject_id") == [
        ("E101", 2, 4, 2, 3, 2, 3, True),
        ("E102", 3, 4, 2, 3, 1, 1, True),
        ("E107", 0, 4, 2, 3, 4, 4, True),
        ("E108", 2, 4, 2, 3, 2, 3, True),
    ]
    honours = f"select {columns} from marts.benchmark where measure_id = 'region_honours' and peer_group = '100000'"
    assert _rows(marts, f"{honours} order by subject_id") == [
        ("340000", 2, 3, 2, 13, 2, 3, True),
        ("370000", 2, 3, 2, 13, 2, 3, True),
        ("420000", 13, 3, 2, 13, 1, 1, True),
    ]


def test_enterprise_360_sums_up(marts: duckdb.DuckDBPyConnection) -> None:
    """甲, 乙, 丁 and 戊 are in a list of exporters, which is not a recognition held; 丁 has nothing to be scored by."""
    found = _rows(
        marts,
        "select enterprise_key, region_code, n_live_marks, n_live_marks_abroad, n_recognitions_held, n_nominations,"
        " n_recognitions_ended, n_samples, n_fail, credit_score, is_listed_exporter from marts.enterprise_360"
        " order by enterprise_key",
    )
    assert found == [
        (JIA, "420106", 3, 2, 2, 0, 0, 2, 0, 100, True),
        (YI, "420106", 1, 0, 4, 0, 0, 2, 1, 90, True),
        (BING, "420100", 0, 0, 0, 0, 1, 1, 1, 80, False),
        (DING, "420100", 0, 0, 0, 1, 0, 0, 0, None, True),
        (WU, "420100", 0, 0, 1, 0, 0, 0, 0, 100, True),
        (JI, "420500", 0, 0, 2, 0, 0, 0, 0, 100, False),
        (GENG, "420100", 0, 0, 1, 0, 0, 0, 0, 100, False),
        (XIN, "370100", 1, 0, 2, 0, 0, 1, 1, 80, False),
        (REN, "340100", 0, 0, 1, 1, 0, 0, 0, 100, False),
        (GUI, "340100", 0, 0, 0, 0, 1, 0, 0, 50, False),
        (ZI, "420100", 0, 0, 1, 0, 0, 0, 0, 100, False),
        (CHOU, "420106", 0, 0, 0, 0, 0, 4, 1, 90, False),
    ]
    schemes = "select scheme_ids from marts.enterprise_360 where enterprise_key = ?"
    assert marts.execute(schemes, [WU]).fetchall() == [(["hubei_premium"],)]


def test_enterprise_360_states_its_rules_and_evidence(marts: duckdb.DuckDBPyConnection) -> None:
    """Everything decided on the firm, its failing samples of any time, and its marks but the dead one of 庚."""
    found = _rows(
        marts,
        "select enterprise_key, evidence_keys, inspection_evidence_keys, trademark_evidence_keys, rule_ids"
        " from marts.enterprise_360 order by enterprise_key",
    )
    counted = ["industrial_exporters", "international_mark", "measure_honours", "measure_live_marks"]

    def scored(*points: str) -> list[str]:
        return sorted([*counted, "credit_cap", "credit_start", *(f"credit_{point}" for point in points)])

    assert found == [
        (JIA, [1001, 1002, 1023], [], [2002, 2003, 2004], scored()),
        (YI, [1003, 1004, 1020, 1021, 1025], [3004], [2001], scored("failing_sample")),
        (BING, [1005], [3011], [], scored("removed")),
        (DING, [1006, 1026], [], [], counted),
        (WU, [1007, 1024], [], [], scored()),
        (JI, [1008, 1022], [], [], scored()),
        (GENG, [1009], [], [], scored()),
        (XIN, [1010, 1019], [3009], [2006], scored("conditional", "failing_sample")),
        (REN, [1011, 1012], [], [], scored()),
        (GUI, [1013], [], [], scored("revoked")),
        (ZI, [1014], [], [], scored("trusted")),
        (CHOU, [], [3008], [], scored("failing_sample")),
    ]


def test_the_monitor_follows_a_scheme_month_by_month(marts: duckdb.DuckDBPyConnection) -> None:
    """湖北精品 of 戊 counts in Yichang and that of 己 in Wuhan, where each was; 丁's nomination nowhere."""
    monitor = "select period, n_held, n_gained, n_lost, n_change_month, n_change_year from marts.brand_monitor"
    of_hubei = "region_code = '420100' and scheme_id = 'hubei_heritage' and industry_code = 'C'"
    first_years = "period in ('2023-03', '2023-04', '2024-02', '2024-03')"
    assert _rows(marts, f"{monitor} where {of_hubei} and {first_years} order by 1") == [
        ("2023-03", 1, 1, 0, 1, 1),
        ("2023-04", 1, 0, 0, 0, 1),
        ("2024-02", 1, 0, 0, 0, 1),
        ("2024-03", 1, 0, 0, 0, 0),
    ]
    premium = (
        "select region_code, industry_code, n_held, brand_type from marts.brand_monitor"
        " where scheme_id = 'hubei_premium' and period = '2024-05' and region_level = '地级'"
        " and industry_level = 'section' order by 1"
    )
    assert _rows(marts, premium) == [("420100", "A", 1, "product"), ("420500", "unknown", 1, "product")]
    removed = "select sum(n_lost) from marts.brand_monitor where scheme_id = 'china_heritage' and period = '2023-11'"
    assert _rows(marts, f"{removed} and region_code = '420100' and industry_level = 'section'") == [(1,)]


def test_the_monitor_has_each_level_of_regions_and_industries_once(marts: duckdb.DuckDBPyConnection) -> None:
    """湖北精品: 己, growing rice, in Wuhan, and 戊, of no known industry, in Yichang. 武汉名品: 庚, whose code is 1530
    today and in no group. Nothing else occurs."""
    monitor = (
        "select region_code, industry_level, industry_code, n_held from marts.brand_monitor where period = '2024-05'"
    )
    rice = [("section", "A"), ("division", "01"), ("group", "011"), ("class", "0111")]
    both = [*((level, code, 1) for level, code in rice), ("section", "unknown", 1)]
    expected = [(region, *row) for region in ("100000", "420000") for row in both]
    expected += [("420100", level, code, 1) for level, code in rice]
    expected += [("420500", "section", "unknown", 1)]
    assert sorted(_rows(marts, f"{monitor} and scheme_id = 'hubei_premium'")) == sorted(expected)
    tea = [("section", "C", 1), ("division", "15", 1), ("class", "1530", 1)]
    expected = [(region, *row) for region in ("100000", "420000", "420100") for row in tea]
    assert sorted(_rows(marts, f"{monitor} and scheme_id = 'wuhan_name_product'")) == sorted(expected)


def test_every_level_of_the_monitor_adds_up_to_what_it_knows(marts: duckdb.DuckDBPyConnection) -> None:
    """Of 26 one is abroad, two are nominations and two were lost. Of the 21 held 14 are of firms of a known industry:
    1001 to 1004, 1008 to 1010, 1019 to 1023, 1025 and 1026; two of them, of 己, are in a group."""
    held = (
        "select industry_level, sum(n_held) from marts.brand_monitor where region_code = '100000'"
        " and period = '2024-05' group by 1 order by 1"
    )
    assert _rows(marts, held) == [("class", 14), ("division", 14), ("group", 2), ("section", 21)]


def test_what_is_held_is_recounted_from_the_keys_of_a_series(marts: duckdb.DuckDBPyConnection) -> None:
    """甲's 湖北老字号 came in 2023-03, 丙's 中华老字号 left in 2023-11; the undated 洪山菜薹 (1016) is there from the
    start, which is two years ago, and was gained in no month."""
    moved = (
        "select period, n_held, n_gained, n_lost, evidence_keys, lost_evidence_keys from marts.brand_monitor"
        " where region_code = '420100' and industry_level = 'section'"
        " and (evidence_keys <> [] or lost_evidence_keys <> []) and scheme_id = "
    )
    assert _rows(marts, f"{moved} 'hubei_heritage' order by 1") == [("2023-03", 1, 1, 0, [1002], [])]
    assert _rows(marts, f"{moved} 'china_heritage' order by 1") == [
        ("2011-03", 1, 1, 0, [1005], []), ("2023-06", 2, 1, 0, [1004], []), ("2023-11", 1, 0, 1, [], [1005]),
    ]  # fmt: skip
    assert _rows(marts, f"{moved} 'national_gi' order by 1") == [("2022-05", 1, 0, 0, [1016], [])]
    wrong = (
        "select count(*) from (select *, sum(len(evidence_keys) - len(lost_evidence_keys)) over (partition by"
        " region_code, industry_code, scheme_id order by period) as n_by_key from marts.brand_monitor)"
        " where n_held <> n_by_key or n_lost <> len(lost_evidence_keys)"
    )
    assert _rows(marts, wrong) == [(0,)]
    rules = "select distinct rule_ids from marts.brand_monitor where scheme_id = 'hubei_premium'"
    assert _rows(marts, rules) == [(["brand_type_product", "monitor_held"],)]


# Where a mart lists keys, and the tables of the star that they are keys of.
LISTED_IN = {
    "evidence_keys": "fct_recognition", "lost_evidence_keys": "fct_recognition",
    "trademark_evidence_keys": "dim_trademark", "inspection_evidence_keys": "fct_inspection",
    "payment_evidence_keys": "fct_recognition_event",
}  # fmt: skip
KEY_OF = {
    "fct_recognition": "recognition_key", "dim_trademark": "trademark_key", "fct_inspection": "inspection_key",
    "fct_recognition_event": "recognition_event_key", "fct_credit_point": "evidence_key",
    "fct_target_month": "target_month_key", "fct_indicator_value": "indicator_value_key",
}  # fmt: skip
# Rows without evidence, and why they can have none.
NO_EVIDENCE = {
    # Who has nothing of what is measured.
    "benchmark": "n_evidence = 0",
    # Nothing moved in the month; what is held came in earlier ones.
    "brand_monitor": "n_gained = 0 and n_lost = 0",
    # Only the register names the firm, whose key the row has.
    "enterprise_360": "n_recognitions_held + n_nominations + n_recognitions_ended + n_fail + n_live_marks"
    " + n_pending_marks = 0 and not is_listed_exporter",
    # Domestic marks alone, which marts.trademark_directory lists.
    "internationalisation": "n_madrid_marks + n_direct_marks + n_exporters = 0",
    # No sample failed.
    "quality_bulletin": "n_fail + n_fail_only = 0",
    # No point was given or lost.
    "quality_credit": "point_rule_ids = []",
    # Neither computed nor reported, or nothing counts.
    "target_progress": "coalesce(computed_value, reported_value, 0) = 0",
}


def _faults(connection: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    """What a mart's rows lack: a rule that star.dim_rule has with its document and words, or keys of star rows."""
    columns = [row[0] for row in _rows(connection, f"select column_name from (describe marts.{mart})")]
    faults = []
    if not {"rule_id", "rule_ids"} & set(columns):
        faults.append(f"marts.{mart} has neither rule_id nor rule_ids")
    for column in {"rule_id", "rule_ids"} & set(columns):
        rules = f"[{column}]" if column == "rule_id" else column
        named = f"select unnest({rules}) as rule_id from marts.{mart}"
        unknown = (
            f"select distinct rule_id from ({named}) anti join (select rule_id from star.dim_rule"
            " where source_document <> '' and source_quote <> '' and basis in ('document', 'default'))"
            " using (rule_id)"
        )
        faults += [f"marts.{mart}: no rule {rule} with its words" for (rule,) in _rows(connection, unknown)]
        without = f"select count(*) from marts.{mart} where len({rules}) = 0 or {column} is null"
        faults += [f"marts.{mart}: {n} rows without a rule" for (n,) in _rows(connection, without) if n]
    listed = [column for column in columns if column.endswith("evidence_keys")]
    if not listed:
        return [*faults, f"marts.{mart} lists no keys of evidence"]
    for column in listed:
        if "evidence_table" in columns:
            of_tables = f"select distinct evidence_table from marts.{mart} where evidence_table is not null"
            tables = {str(table): f"evidence_table = '{table}'" for (table,) in _rows(connection, of_tables)}
        else:
            tables = {LISTED_IN[column]: "true"}
        for table, condition in tables.items():
            keys = f"select distinct unnest({column}) as key from marts.{mart} where {condition}"
            lost = f"select count(*) from ({keys}) where key not in (select {KEY_OF[table]} from star.{table})"
            faults += [f"marts.{mart}.{column}: {n} not in {table}" for (n,) in _rows(connection, lost) if n]
    empty = " and ".join(f"len({column}) = 0" for column in listed)
    silent = (
        f"select count(*) from marts.{mart} where {empty} and not coalesce({NO_EVIDENCE.get(mart, 'false')}, false)"
    )
    return faults + [f"marts.{mart}: {n} rows without evidence" for (n,) in _rows(connection, silent) if n]


def _marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in _rows(connection, "select table_name from duckdb_tables() where schema_name = 'marts'")]


def test_every_row_states_its_rule_and_evidence(marts: duckdb.DuckDBPyConnection) -> None:
    """Each rule is in dim_rule with document and words, each key in the table that the column is of; a row without
    evidence has a reason."""
    assert [fault for mart in _marts(marts) for fault in _faults(marts, mart)] == []


def test_every_row_of_a_release_states_its_rule_and_evidence(simulated_home: Path) -> None:
    with duckdb.connect(os.path.realpath(simulated_home / "touchstone.duckdb"), read_only=True) as release:
        found = _marts(release)
        assert len(found) == len(list((DBT_PROJECT_DIR / "models" / "marts").glob("*.sql")))
        assert [fault for mart in found for fault in _faults(release, mart)] == []


def test_a_mart_without_rule_or_evidence_is_found() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema star")
        connection.execute("create schema marts")
        connection.execute(
            "create table star.dim_rule as select 'one' as rule_id, 'document' as basis, 'a plan' as source_document,"
            " 'its words' as source_quote"
        )
        connection.execute("create table star.fct_recognition as select 1 as recognition_key")
        connection.execute("create table marts.bare as select 1 as n")
        connection.execute(
            "create table marts.wrong as select * from (values ('one', [1]), ('two', [2]), ('one', [])) as rows"
            " (rule_id, evidence_keys)"
        )
        assert _faults(connection, "bare") == [
            "marts.bare has neither rule_id nor rule_ids", "marts.bare lists no keys of evidence",
        ]  # fmt: skip
        assert _faults(connection, "wrong") == [
            "marts.wrong: no rule two with its words", "marts.wrong.evidence_keys: 1 not in fct_recognition",
            "marts.wrong: 1 rows without evidence",
        ]  # fmt: skip


def test_the_marts_of_a_release_agree_with_its_star(simulated_home: Path) -> None:
    """The same rules on what a refresh made of simulated deliveries."""
    heritage = (
        "select count(*) from star.fct_recognition join star.dim_recognition_scheme using (scheme_key)"
        " where ladder = 'heritage' and state in ('held', 'conditional')"
    )
    assert rows(simulated_home, "select count(*) from marts.heritage_directory") == rows(simulated_home, heritage)
    assert rows(simulated_home, heritage) > [(0,)]
    ended = (
        "select count(*) from marts.heritage_directory as directory join star.fct_recognition as held"
        " using (recognition_key) where held.state not in ('held', 'conditional')"
    )
    assert rows(simulated_home, ended) == [(0,)]
    nominees = (
        "select count(*) from marts.reward_entitlement as owed, star.fct_recognition as held"
        " where list_contains(owed.evidence_keys, held.recognition_key) and held.state = 'nominated'"
    )
    assert rows(simulated_home, nominees) == [(0,)]
    ungraded = (
        "select count(*) from marts.quality_credit as credit join"
        " (select enterprise_key, sum(points) as points from star.fct_credit_point group by all)"
        " using (enterprise_key) where credit.score <> least(100, 100 + points)"
    )
    assert rows(simulated_home, ungraded) == [(0,)]
    # Domestic marks are not listed one by one in the row of a region: the directory has them.
    domestic = (
        "select n_domestic_marks - (select count(*) from marts.trademark_directory where office_code = 'CN')"
        " from marts.internationalisation where region_code = '100000'"
    )
    assert rows(simulated_home, domestic) == [(0,)]
    # A target counts as many as it lists.
    listed = "from marts.target_progress where evidence_table in ('fct_recognition', 'dim_trademark')"
    assert rows(simulated_home, f"select count(*) {listed}") > [(0,)]
    assert rows(simulated_home, f"select count(*) {listed} and computed_value <> len(evidence_keys)") == [(0,)]
    # Live marks of a target are recounted from the stock of the day.
    stock = (
        "select sum(n_marks) from star.fct_trademark_stock join star.dim_region using (region_key)"
        " where snapshot_date = (select max(as_of_date) from marts.target_progress) and office_code = 'CN'"
        " and city_code = '420100'"
    )
    marks = "select computed_value from marts.target_progress where indicator_id = 'valid_marks'"
    assert rows(simulated_home, stock) == rows(simulated_home, marks)
    ranks = "select count(*) from marts.brand_strength where strength_rank not between rank_best and rank_worst"
    assert rows(simulated_home, ranks) == [(0,)]
