"""Printed values and days: known answers, and whatever is printed in any accepted way is read back as it was."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.notices.measurements import MEASURED, measured
from pipelines.notices.production_days import days_in, production_days


def read(result: str | None, limit: str | None = None) -> dict[str, Any]:
    """What `measured` adds for one finding, nulls and the unset flag left out."""
    frame = pl.DataFrame({"result_text": [result], "limit_text": [limit]}, schema=dict.fromkeys(TEXTS, pl.String))
    row = measured(frame).select(list(MEASURED)).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None and value is not False}


TEXTS = ["result_text", "limit_text"]


def one(value: float, unit: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"result_value": value, "result_max": value, "n_results": 1, **more}
    return found if unit is None else {**found, "result_unit": unit}


@pytest.mark.parametrize(
    ("result", "limit", "found"),
    [
        ("6100CFU/g", "≤150CFU/g", one(6100, "CFU/g", limit_comparator="≤", limit_value=150, limit_unit="CFU/g")),
        (
            "5.96g/100mL",
            "≥9.62g/100ml",
            one(5.96, "g/100mL", limit_comparator="≥", limit_value=9.62, limit_unit="g/100mL"),
        ),
        ("1.3×103", "1000", one(1300, limit_value=1000, is_exponent_restored=True)),
        (
            "5.8×103CFU/g",
            "≤1000 CFU/g",
            one(5800, "CFU/g", limit_comparator="≤", limit_value=1000, limit_unit="CFU/g", is_exponent_restored=True),
        ),
        ("3.7×10^4", None, one(37000)),
        ("3.7×10⁴CFU/g", "≤10⁵CFU/g", one(37000, "CFU/g", limit_comparator="≤", limit_value=1e5, limit_unit="CFU/g")),
        ("3.7×10<sup>4</sup>", None, one(37000)),
        ("3.7E4", None, one(37000)),
        ("1.2×10-3mg/kg", None, one(0.0012, "mg/kg", is_exponent_restored=True)),
        ("1.5×10CFU/g", None, one(15, "CFU/g")),
        (
            "12,000CFU/g",
            "≤10,000CFU/g",
            one(12000, "CFU/g", limit_comparator="≤", limit_value=10000, limit_unit="CFU/g"),
        ),
        ("0.7μg/kg", "不得检出", one(0.7, "μg/kg", limit_comparator="not_detected")),
        ("0.257g/kg", "不得使用", one(0.257, "g/kg", limit_comparator="not_permitted")),
        (
            "未檢出",
            "不得檢出",
            {"result_comparator": "not_detected", "n_results": 1, "limit_comparator": "not_detected"},
        ),
        (
            "检出/25g",
            "n=5,c=0,m=0/25g",
            {
                "result_comparator": "detected",
                "result_unit": "/25g",
                "n_results": 1,
                "limit_comparator": "plan",
                "limit_unit": "/25g",
                "plan_n": 5,
                "plan_c": 0,
                "plan_m_low": 0,
            },
        ),
        (
            "＜0.02 mg/kg",
            "不大于0.5毫克/千克",
            one(0.02, "mg/kg", result_comparator="<", limit_comparator="≤", limit_value=0.5, limit_unit="mg/kg"),
        ),
        (
            "46.8%vol",
            "52±1%vol",
            one(46.8, "%vol", limit_comparator="range", limit_value=51, limit_value_to=53, limit_unit="%vol"),
        ),
        ("6.2", "6.5～8.5", one(6.2, limit_comparator="range", limit_value=6.5, limit_value_to=8.5)),
        ("-4.5％", "≥-3%", one(-4.5, "%", limit_comparator="≥", limit_value=-3, limit_unit="%")),
        (
            "实测值：0.5mg/kg（以Pb计）",
            "≤0.1(mg/kg)",
            one(0.5, "mg/kg", limit_comparator="≤", limit_value=0.1, limit_unit="mg/kg"),
        ),
        (
            "1.2×104",
            "≤105CFU/mL",
            one(12000, limit_comparator="≤", limit_value=1e5, limit_unit="CFU/mL", is_exponent_restored=True),
        ),
    ],
)
def test_results_and_limits(result: str, limit: str | None, found: dict[str, Any]) -> None:
    assert read(result, limit) == found


@pytest.mark.parametrize(
    ("printed", "plain"),
    [("103", 103), ("105CFU/g", 105), ("150", 150), ("1.03", 1.03), ("10", 10), ("1040mg/kg", 1040)],
)
def test_plain_numbers_are_not_taken_for_powers(printed: str, plain: float) -> None:
    found = read(printed, "1000")
    assert (found["result_value"], "is_exponent_restored" in found) == (plain, False)


@pytest.mark.parametrize(
    "printed", ["5×100", "2×105g", "4.0×25mm", "450×280×0.025", "10×103", "3.7 × 10 5 CFU/g", "3.7×1044"]
)
def test_sizes_and_packs_are_no_values(printed: str) -> None:
    assert read(printed) == {}


@pytest.mark.parametrize("printed", ["不合格", "符合要求", "详见报告", "1号", "2,4-滴", "0.5或1.0", "—", ""])
def test_what_is_not_a_value_stays_text(printed: str) -> None:
    assert read(printed) == {}


@pytest.mark.parametrize(
    ("result", "limit", "values", "plan"),
    [
        ("540CFU/g,90CFU/g,10CFU/g,10CFU/g,25CFU/g", "n=5,c=2,m=10,M=100", "540;90;10;10;25", (5, 2, 10, 100)),
        ("540,900,100,200,300", "n=5，c=2，m=10，M=100", "540;900;100;200;300", (5, 2, 10, 100)),
        (
            "3.7×104, 4.6×104, 4.4×104, 3.7×104, 3.4×104",
            "n=5, c=2, m=10000, M=100000",
            "37000;46000;44000;37000;34000",
            (5, 2, 1e4, 1e5),
        ),
        (
            "3.1×105, 6.2×105, 7.9×105, 1.2×106, 1.1×105 CFU/g",
            " n=5, c=2, m=2.5×104, M=105CFU/g",
            "310000;620000;790000;1200000;110000",
            (5, 2, 2.5e4, 1e5),
        ),
        (
            "270000CFU/g；＜10CFU/g；27000CFU/g；2800000CFU/g；25CFU/g",
            "n=5，c=2，m=104CFU/g，M=105CFU/g",
            "270000;<10;27000;2800000;25",
            (5, 2, 1e4, 1e5),
        ),
        ("540/90/10/<10/25", "n=5 c=2 m=10 M=100 CFU/g", "540;90;10;<10;25", (5, 2, 10, 100)),
        ("①540②90③10④10⑤25", "n=5;c=2;m=10;M=100", "540;90;10;10;25", (5, 2, 10, 100)),
        ("未检出,未检出,10,20,30", "n=5,c=2,m=10,M=100", "not_detected;not_detected;10;20;30", (5, 2, 10, 100)),
    ],
)
def test_five_values_under_a_sampling_plan(result: str, limit: str, values: str, plan: tuple[float, ...]) -> None:
    found = read(result, limit)
    assert (found["result_values"], found["n_results"]) == (values, 5)
    assert "result_value" not in found
    assert found["result_max"] == max(float(v) for v in values.replace("<", "").split(";") if v != "not_detected")
    assert tuple(found[name] for name in ("plan_n", "plan_c", "plan_m_low", "plan_m_high")) == plan
    assert found["limit_comparator"] == "plan"


UNITS = ["", "CFU/g", "mg/kg", "g/100mL", "μg/kg", "%", "%vol", "MPN/100g", "mg/100kJ", "g/100g"]
COMPARED = {
    "": [""],
    "<": ["<", "＜", "小于", "低于"],
    "≤": ["≤", "<=", "≦", "不大于", "不超过"],
    ">": [">", "＞", "大于"],
}
COMPARED |= {"≥": ["≥", ">=", "不小于", "不低于"]}
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
DECIMALS = st.decimals(min_value=0, max_value=99999, places=3).map(lambda number: f"{number.normalize():f}")


@given(DECIMALS, st.sampled_from(UNITS), st.sampled_from(sorted(COMPARED)), st.data())
def test_whatever_is_printed_is_read_back(number: str, unit: str, comparator: str, data: st.DataObject) -> None:
    sign = data.draw(st.sampled_from(COMPARED[comparator]))
    space = data.draw(st.sampled_from(["", " "]))
    digits = number.translate(FULL_WIDTH) if data.draw(st.booleans()) else number
    printed = f"{sign}{digits}{space}{unit}"
    found = read(printed, printed)
    assert found["result_value"] == found["limit_value"] or "is_exponent_restored" in found
    assert found["result_value"] == float(number)
    assert found.get("result_comparator", "") == comparator
    assert found.get("result_unit", "") == unit


@given(st.integers(10, 99), st.integers(1, 12), st.sampled_from(["^", "", "⁰"]), st.sampled_from(["×", "x", "X", "*"]))
def test_powers_are_read_back_however_they_are_printed(tenths: int, exponent: int, style: str, times: str) -> None:
    raised = (
        str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")) if style == "⁰" else f"{style}{exponent}"
    )
    found = read(f"{tenths / 10}{times}10{raised}CFU/g")
    assert found["result_value"] == float(f"{tenths / 10}e{exponent}")
    assert found.get("is_exponent_restored", False) == (style == "")


@given(
    st.lists(st.integers(0, 10**7), min_size=2, max_size=9),
    st.integers(0, 9),
    st.sampled_from([",", "，", "、", "；", ";", ", "]),
    st.sampled_from(["", "CFU/g", "MPN/g"]),
)
def test_results_of_a_plan_are_read_back(numbers: list[int], c: int, separator: str, unit: str) -> None:
    found = read(separator.join(f"{n}{unit}" for n in numbers), f"n={len(numbers)},c={c},m=10{unit},M=10^5{unit}")
    assert found["result_values"] == ";".join(str(n) for n in numbers)
    assert (found["plan_n"], found["plan_c"], found["plan_m_low"], found["plan_m_high"]) == (len(numbers), c, 10, 1e5)


def test_a_column_is_read_by_its_distinct_values() -> None:
    frame = pl.DataFrame(
        {"result_text": ["3.7×104CFU/g", "0.5mg/kg", None, "未检出"], "limit_text": ["≤1000CFU/g"] * 4}
    )
    many = pl.concat([frame] * 250_000)
    started = time.process_time()
    found = measured(many)
    assert time.process_time() - started < 10
    assert found["result_value"].to_list()[-4:] == [37000.0, 0.5, None, None]
    assert len(found) == len(many)


DAYS = [
    ("2022-02-12", ["2022-02-12"]),
    ("2012年9月12日", ["2012-09-12"]),
    ("2010-6-2", ["2010-06-02"]),
    ("2019/1/25", ["2019-01-25"]),
    ("20180412", ["2018-04-12"]),
    ("17年9月2日170902", ["2017-09-02"]),
    ("2018.05.2818052803", ["2018-05-28"]),
    ("2018-04-04180404", ["2018-04-04"]),
    ("2018/04/182018/04-1", ["2018-04-18"]),
    ("2018042018042001", ["2018-04-20"]),
    ("2018040218 04 02", ["2018-04-02"]),
    ("18 04 1018 04 10", ["2018-04-10"]),
    ("2017.3.10DRP17001", ["2017-03-10"]),
    ("2017.04. 25CDD025", ["2017-04-25"]),
    ("2017.10.174015171017", ["2017-10-17"]),
    ("2018年2月2日2018020120180201", ["2018-02-02"]),
    ("2018年4月2日20180328", ["2018-04-02"]),
    ("2024-05-10、2024-05-11", ["2024-05-10", "2024-05-11"]),
    ("2022/3/15 2022/3/16", ["2022-03-15", "2022-03-16"]),
    ("2024.5.10-2024.5.12", ["2024-05-10", "2024-05-12"]),
    ("2022-02-12/2022-02-13", ["2022-02-12", "2022-02-13"]),
    ("20240510；20240511", ["2024-05-10", "2024-05-11"]),
    ("2024-05-10/20240512", ["2024-05-10"]),
    ("生产日期：2022-02-12；批号：20220214", ["2022-02-12"]),
]
NO_DAYS = ["20240510A3", "18051710", "003171201", "20171226811-0000388", "KL60774", "18年3月", "2013-05", "2024-02-30"]
NO_DAYS += [
    "2018.51805030AA1",
    "2017.11.131711001",
    "CN 703AAGU0040",
    "购进日期：2022-03-01",
    "批号：20220214",
    "/",
    "",
]


@pytest.mark.parametrize(("cell", "days"), [*DAYS, *((cell, []) for cell in NO_DAYS)])
def test_days_of_production(cell: str, days: list[str]) -> None:
    assert [day.isoformat() for day in days_in(cell)] == days
    found = production_days(pl.Series([cell]))
    assert found.row(0) == ((days[0], max(days)) if days else (None, None))


FORMATS = ["{:%Y-%m-%d}", "{0.year}年{0.month}月{0.day}日", "{0.year}/{0.month}/{0.day}", "{:%Y.%m.%d}", "{:%Y%m%d}"]


@given(
    st.lists(st.dates(date(1990, 1, 1), date(2060, 12, 31)), min_size=1, max_size=3, unique=True),
    st.sampled_from(FORMATS),
    st.sampled_from("、；;,"),
)
def test_days_are_read_back(days: list[date], style: str, separator: str) -> None:
    assert days_in(separator.join(style.format(day) for day in days)) == days


@given(st.dates(date(2000, 1, 1), date(2059, 12, 31)), st.text("0123456789", max_size=4))
def test_a_batch_glued_to_its_day_never_changes_the_day(day: date, batch: str) -> None:
    for printed in (
        f"{day:%Y.%m.%d}{day:%y%m%d}{batch}",
        f"{day:%Y-%m-%d}A{batch}",
        f"{day:%Y%m%d}{day:%Y%m%d}{batch}",
    ):
        assert days_in(printed) in ([day], [])
