"""The files that offices really published, where they are next to the repository: every record accounted for."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from tests.worlds.commands import REAL
from tests.worlds.hand_made_deliveries import deliver, deliver_one, is_conserved, lake, quarantine

FILES = {
    "uspto_trademark": "uspto_trademark/apc180218.xml",
    "tipo_gazette": "tipo_gazette/gazette_2022-03-16_index.xml",
    "euipo_trademark": "euipo_trademark/EUTMS_20200807_0001.zip",
    "samr_food_sampling": "samr_food_sampling/notices_rows.csv",
    "rasff": "rasff/rasff_2020-01_2024-10.csv",
    "recognition_list": "award_list/china_recognitions.csv",
    "region_codes": "reference/gbt2260_areacodes_1981_2024.csv",
    "industry_codes": "reference/gbt4754_2017.csv",
    "eambrosia_gi": "eambrosia_gi/eambrosia_export.json",
}
HEADERLESS = "samr_food_sampling/scraped_unqualified_2019_noheader.csv"

pytestmark = pytest.mark.usefixtures("published_files")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def made(home: Home) -> dict[str, Manifest]:
    """The manifest of each delivery by source."""
    return {
        source_id: deliver_one(home, source_id, Path(path).name, (REAL / path).read_bytes())
        for source_id, path in FILES.items()
    }


@pytest.mark.parametrize(
    ("source_id", "n_records", "rows"),
    [
        ("uspto_trademark", 11, {"event": 168, "owner": 30, "statement": 34, "classification": 23, "madrid_filing": 4}),
        ("tipo_gazette", 2434, {"classification": 3245, "owner": 2474, "agent": 2888}),
        ("euipo_trademark", 220, {"classification": 321, "applicant": 188, "publication": 381, "opposition": 19}),
        ("samr_food_sampling", 39, {"finding": 36, "party": 2}),
        ("rasff", 21_871, {"hazard": 23_455}),
        ("recognition_list", 152, {}),
        ("region_codes", 6823, {}),
        ("industry_codes", 1772, {}),
        (
            "eambrosia_gi",
            641,
            {"protected_name": 922, "transcription": 66, "country": 647, "product_category": 641, "publication": 1367},
        ),
    ],
)
def test_every_record_is_loaded(
    made: dict[str, Manifest], source_id: str, n_records: int, rows: dict[str, int]
) -> None:
    manifest = made[source_id]
    assert (manifest.state, manifest.n_records, manifest.n_loaded) == ("loaded", n_records, n_records)
    assert manifest.findings == {}
    assert dict(list(manifest.rows.items())[1:]) == rows
    assert is_conserved(manifest)


def test_the_gazette_states_its_total(tmp_path: Path) -> None:
    content = (REAL / FILES["tipo_gazette"]).read_bytes()
    tampered = content.replace(b'total-count="2434"', b'total-count="2435"')
    fewer = re.sub(rb'<RegContent no="7">.*?</RegContent>\s*', b"", content, flags=re.S)
    made = deliver(Home(tmp_path), "tipo_gazette", {"tampered.xml": tampered, "fewer.xml": fewer})
    assert {name: m.reason for name, m in made.items()} == {
        "tampered.xml": "total-count states 2435 records, the file has 2434; fetch it again",
        "fewer.xml": "total-count states 2434 records, the file has 2433; fetch it again",
    }


def test_without_a_header_nothing_is_guessed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "samr_food_sampling", "scraped.csv", (REAL / HEADERLESS).read_bytes())
    assert (manifest.state, manifest.n_records, manifest.n_quarantined) == ("quarantined", 109, 109)
    assert quarantine(home, manifest)["rule"].unique().to_list() == ["header"]


SCRAPED = (
    b"id,title,publish_time,info_sources,company_name,company_address,sampled_unit,sampled_address,sample_name,"
    b"specification_type,trademark,production_date,factory_num,approval_num,unqualified,test_value,standard,"
    b"sampling_unit,inspection_institution\r\n"
)


def test_under_a_header_only_rows_whose_cells_stand_in_place_are_believed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "samr_food_sampling", "scraped.csv", SCRAPED + (REAL / HEADERLESS).read_bytes())
    assert (manifest.n_records, manifest.n_loaded, manifest.n_quarantined) == (109, 13, 96)
    rules = dict(quarantine(home, manifest).group_by("rule").len().rows())
    assert rules == {
        "shifted:product_name": 82,
        "shifted:finding.item_name": 8,
        "shifted:spec": 5,
        "required:product_name": 1,
    }
    columns = ["record_no", "item_name", "result_value", "result_values", "limit_comparator", "limit_value"]
    findings = lake(home, manifest, "finding")
    assert findings.filter(pl.col("is_exponent_restored")).select(columns).rows() == [
        (5, "菌落总数", None, "37000;46000;44000;37000;34000", "plan", None),
        (6, "大肠菌群", None, "180;370;320;270;310", "plan", None),
        (106, "菌落总数", 5800.0, None, "≤", 1000.0),
    ]
    # Every one of them is a failure, and so must its value be.
    bounded = findings.filter(pl.col("limit_comparator").is_in(["≤", "≥"]))
    broken = pl.col("result_max") > pl.col("limit_value")
    assert bounded.select(broken == (pl.col("limit_comparator") == "≤")).to_series().to_list() == [True] * 7
    rows = lake(home, manifest, "sample_row")
    assert rows.filter(pl.col("record_no") == 15).select("producer_name", "origin_country", "is_recheck").row(0) == (
        "广州市吉葡园商贸有限公司",
        "意大利",
        True,
    )
    assert rows.filter(pl.col("record_no") == 106).select("producer_name", "producer_address").row(0) == (
        "北京金凌蜂贸公司",
        "北京市密云县古北口镇河西村",
    )


def test_dates_of_the_republic_are_read(home: Home, made: dict[str, Manifest]) -> None:
    table = lake(home, made["tipo_gazette"], "registration")
    assert table["registration_date"].unique().to_list() == [date(2022, 3, 16)]
    assert table.row(0, named=True)["filing_date"] == date(2020, 12, 15)
    assert table.row(0, named=True)["registration_number"] == "02207609"


def test_dates_are_kept_to_the_precision_published(home: Home, made: dict[str, Manifest]) -> None:
    decided = lake(home, made["recognition_list"], "decision")
    assert decided["decided_date_text"].str.len_chars().value_counts().sort("decided_date_text").rows() == [
        (None, 20),
        (4, 8),
        (7, 18),
        (10, 106),
    ]
    partial = decided.filter(pl.col("decided_date_text").str.len_chars() < 10)
    assert partial["decided_date"].null_count() == len(partial)
    assert {"2023-11", "2019"} <= set(partial["decided_date_text"])
    classes = lake(home, made["uspto_trademark"], "classification")
    partial = classes.filter(pl.col("first_use_date").is_null() & pl.col("first_use_date_text").is_not_null())
    assert partial["first_use_date_text"].to_list() == ["1893", "1922-06", "1957", "1947-06", "1958"]


def test_samples_pass_or_fail(home: Home, made: dict[str, Manifest]) -> None:
    table = lake(home, made["samr_food_sampling"], "sample_row")
    assert dict(table.group_by("result").len().rows()) == {"pass": 8, "fail": 31}
    roles = table.filter(pl.col("commissioner_name").is_not_null()).select("producer_name", "commissioner_name")
    assert roles.rows() == [("马鞍山佳利食品有限公司", "芜湖市欣然食品有限公司")]


def test_failing_items_have_the_values_printed(home: Home, made: dict[str, Manifest]) -> None:
    findings = lake(home, made["samr_food_sampling"], "finding")
    results = ["record_no", "item_name_norm", "result_value", "result_unit", "result_values"]
    assert findings.filter(pl.col("n_results") > 0).select(results).rows() == [
        (1, "大肠菌群", None, "CFU/g", "540;90;10;10;25"),
        (2, "霉菌", 6100.0, "CFU/g", None),
        (3, "糖精钠(以糖精计)", 0.257, "g/kg", None),
        (12, "糖精钠", 0.006, "g/kg", None),
    ]
    limits = [
        "record_no",
        "limit_comparator",
        "limit_value",
        "limit_unit",
        "plan_n",
        "plan_c",
        "plan_m_low",
        "plan_m_high",
    ]
    assert findings.filter(pl.col("limit_text").is_not_null()).select(limits).rows() == [
        (1, "plan", None, None, 5, 2, 10.0, 100.0),
        (2, "≤", 150.0, "CFU/g", None, None, None, None),
        (3, "not_permitted", None, None, None, None, None, None),
    ]
    names = findings.filter(pl.col("n_results").is_null()).group_by("item_name").len().sort("item_name")
    assert dict(names.rows()) == {
        "微生物指标": 12,
        "馅料含量": 12,
        "氰化物": 3,
        "标识": 1,
        "纵向湿抗张强度": 1,
        "碎片状态": 1,
        "断裂荷载(纵向平均值)": 1,
        "断裂荷载(横向平均值)": 1,
    }
    assert not findings["is_exponent_restored"].any()


def test_days_of_production_are_those_printed(home: Home, made: dict[str, Manifest]) -> None:
    rows = lake(home, made["samr_food_sampling"], "sample_row")
    printed = rows.filter(pl.col("production_date_text").is_not_null())
    assert printed["production_date"].null_count() == 0
    by_text = dict(printed.select("production_date_text", "production_date").rows())
    assert by_text["2012年9月12日"] == date(2012, 9, 12)
    assert by_text["2010-6-2"] == date(2010, 6, 2)
    assert len(printed) == 16
    assert rows.filter(pl.col("record_no") == 2)["producer_address"].to_list() == [
        "安徽省马鞍山市当涂县姑孰镇五联村商业街"
    ]


def test_names_are_distinguished_from_what_is_printed_next_to_them(home: Home, made: dict[str, Manifest]) -> None:
    decided = lake(home, made["recognition_list"], "decision").filter(pl.col("former_name").is_not_null())
    assert decided.select("recipient_name", "former_name").rows() == [
        ("中能建建筑集团有限公司", "中国能源建设集团安徽电力建设第一工程有限公司")
    ]
    owners = lake(home, made["tipo_gazette"], "owner")
    assert owners.row(0, named=True)["owner_name"] == "費雪科學公司"
    assert owners.row(0, named=True)["owner_nationality"] == "美"
    assert owners.row(0, named=True)["owner_name_norm"] == "费雪科学公司"


def test_references_keep_their_zeros(home: Home, made: dict[str, Manifest]) -> None:
    references = lake(home, made["rasff"], "notification")["reference"]
    assert references.str.ends_with("0").any()
    assert references.str.contains(r"^[0-9]{4}\.[0-9]{1,5}$").all()
    assert references.n_unique() == len(references)


def test_an_eu_mark_is_distinguished_from_those_that_oppose_it(home: Home, made: dict[str, Manifest]) -> None:
    marks = lake(home, made["euipo_trademark"], "mark")
    assert marks["application_number"].is_sorted()
    assert marks["application_number"].n_unique() == 220
    # Its opponent's mark is 012079571, applied for on 2013-08-21.
    opposed = marks.row(8 - 1, named=True)
    opposition = lake(home, made["euipo_trademark"], "opposition").filter(pl.col("record_no") == 8)
    assert opposition.select("opposition_no", "opposed_date").rows() == [("003126074", date(2020, 7, 15))]
    assert (opposed["status_text"], opposed["filing_date"].year) == ("Application opposed", 2020)
    assert marks["filing_date"].dt.year().min() == 2020


def test_goods_are_kept_in_one_language_a_class(home: Home, made: dict[str, Manifest]) -> None:
    classes = lake(home, made["euipo_trademark"], "classification")
    assert dict(classes.group_by("goods_language").len().rows()) == {
        "en": 291, "de": 21, "pt": 4, "es": 3, "da": 1, "sv": 1,
    }  # fmt: skip
    first = classes.join(
        lake(home, made["euipo_trademark"], "mark").select("record_no", "first_language"), on="record_no"
    )
    others = first.filter((pl.col("goods_language") != "en") & (pl.col("goods_language") != pl.col("first_language")))
    assert len(others) == 0
    assert classes.select("record_no", "nice_class").is_unique().all()


def test_each_protected_name_is_kept_in_its_own_script(home: Home, made: dict[str, Manifest]) -> None:
    entries = lake(home, made["eambrosia_gi"], "gi")
    chinese = lake(home, made["eambrosia_gi"], "country").filter(pl.col("country_code") == "CN")
    names = lake(home, made["eambrosia_gi"], "protected_name")
    assert len(chinese) == 17
    assert names.join(entries.filter(pl.col("file_number") == "PGI-CN-2723"), on="record_no")[
        "protected_name"
    ].to_list() == ["高炉家酒（高炉酒）", "Gao Lu Jia Jiu", "Gao Lu Jiu"]
    assert dict(entries.group_by("status").len().rows()) == {"registered": 623, "applied": 18}


def test_a_recall_in_pieces_is_quarantined(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = REAL / "fda_enforcement" / "food_enforcement_2012-06-13.jsonl"
    manifest = deliver_one(home, "fda_enforcement", path.name, path.read_bytes())
    assert (manifest.n_records, manifest.n_loaded, manifest.n_quarantined) == (72, 71, 1)
    assert manifest.findings == {}
    assert manifest.rows["recall_number"] == 136
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [(15, "required:recall_reason")]
    recalls = lake(home, manifest, "recall")
    assert recalls["report_date"].unique().to_list() == [date(2012, 6, 13)]
    assert recalls["reference"].null_count() == 1


@pytest.mark.parametrize(
    ("name", "n_records", "n_values"),
    [
        ("madrid_applications_by_origin_2021_2022.csv", 49, 98),
        ("tm_applications_by_province_2024Q3_vs_Q2.csv", 35, 70),
        ("trademark_stats_by_province_2009.tsv", 17, 99),
    ],
)
def test_statistics_in_three_layouts(tmp_path: Path, name: str, n_records: int, n_values: int) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "indicator_report", name, (REAL / "statistics" / name).read_bytes())
    assert (manifest.n_records, manifest.n_loaded, manifest.findings) == (n_records, n_records, {})
    assert manifest.rows["reported_value"] == n_values


def test_folded_groups_of_industries_lie_under_their_division(home: Home, made: dict[str, Manifest]) -> None:
    industries = lake(home, made["industry_codes"], "industry")
    assert industries.filter(pl.col("industry_code") == "1530")["parent_code"].to_list() == ["15"]
    assert len(industries.filter(pl.col("parent_code").is_null())) == 20
