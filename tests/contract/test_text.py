"""What text, names, dates and codes become: known answers, and properties over anything that can be typed."""

from __future__ import annotations

import calendar
import random
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from pipelines.contract.credit_codes import uscc_is_valid
from pipelines.contract.dates import iso_text, other_dates, whole_day
from pipelines.contract.names import name_keys, normalised, trimmed

settings.register_profile("touchstone", print_blob=True, deadline=None)
settings.load_profile("touchstone")

typed = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"]), max_size=12)


def norm(*values: str | None) -> list[str | None]:
    return normalised(pl.Series("v", values, dtype=pl.String)).to_list()


def key(value: str) -> str | None:
    (made,) = name_keys(normalised(pl.Series("v", [value])))
    return None if made is None else str(made)


def read(values: list[str | None], date_format: str) -> list[tuple[date | None, str | None, bool]]:
    """(day, ISO text, whether it is not a date) as the contract reads a date column."""
    column = pl.Series("v", values, dtype=pl.String)
    days = column.to_frame().select(whole_day("v", date_format)).to_series()
    if days.null_count() == column.null_count():
        return list(zip(days, iso_text(days), [False] * len(days), strict=True))
    return list(zip(*other_dates(column, days, date_format), strict=True))


def test_normalised_on_known_answers() -> None:
    assert norm("ＡＢＣ　１２", "馬鋼（集團）控股", "a \t b", "㈱", None, "ﬁne", "臺灣", "plain") == [
        "ABC 12",
        "马钢(集团)控股",
        "a b",
        "(株)",
        None,
        "fine",
        "台湾",
        "plain",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("馬鋼（集團）控股有限公司", "马钢(集团)控股有限公司"),
        ("人福医药集团股份公司", "人福医药集团股份有限公司"),
        ("湖北省赵李桥茶厂", "湖北赵李桥茶厂"),
        ("内蒙古自治区示例有限责任公司", "内蒙古示例有限公司"),
        ("Example Foods, Inc.", "EXAMPLE FOODS INC"),
        ("虚构·示例股份有限责任公司", "虚构示例股份有限公司"),
    ],
)
def test_ways_to_write_one_name_share_a_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("宁波舟山港集团有限公司", "宁波舟山港股份有限公司"),
        ("马钢（集团）控股有限公司", "马鞍山钢铁股份有限公司"),
        ("示例（安徽）有限公司", "示例（湖北）有限公司"),
        ("虚构食品一厂", "虚构食品二厂"),
    ],
)
def test_different_firms_have_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_a_name_of_marks_only_has_no_key() -> None:
    assert [key(value) for value in ("——", "（）", "、")] == [None, None, None]


@given(st.lists(typed, min_size=1, max_size=8))
def test_normalised_is_idempotent(values: list[str]) -> None:
    once = normalised(pl.Series("v", values).str.strip_chars())
    assert normalised(once).to_list() == once.to_list()


@given(st.lists(typed, min_size=2, max_size=8))
def test_a_value_is_read_the_same_in_any_company(values: list[str]) -> None:
    """Whole columns are worked on at once; a neighbour must not matter."""
    column = pl.Series("v", values).str.strip_chars()
    assert normalised(column).to_list() == [normalised(pl.Series("v", [value])).item() for value in column]
    norms = normalised(column)
    assert name_keys(norms).to_list() == [name_keys(pl.Series("v", [value], dtype=pl.String)).item() for value in norms]


def test_trimmed_takes_ideographic_space_and_null_tokens() -> None:
    frame = pl.DataFrame({"v": ["　a b ", " ", "0000000", " 0000000", None]})
    assert trimmed(frame, {"v": ["0000000"]})["v"].to_list() == ["a b", None, None, None, None]


DATES = [
    ("yyyymmdd", "20180218", date(2018, 2, 18), "2018-02-18", False),
    ("yyyymmdd", "20130500", None, "2013-05", False),
    ("yyyymmdd", "18930000", None, "1893", False),
    ("yyyymmdd", "0", None, None, False),
    ("yyyymmdd", "00000000", None, None, False),
    ("yyyymmdd", "20181345", None, None, True),
    ("yyyymmdd", "20180230", None, None, True),
    ("yyyymmdd", "2018021", None, None, True),
    ("yyyymmdd", "201802 1", None, None, True),
    ("roc", "111.03.16", date(2022, 3, 16), "2022-03-16", False),
    ("roc", "99.1.2", date(2010, 1, 2), "2010-01-02", False),
    ("roc", "111.13.01", None, None, True),
    ("roc", "１１１.03.16", None, None, True),
    ("english", "Oct 30, 2024", date(2024, 10, 30), "2024-10-30", False),
    ("english", "Oct 30", None, None, True),
    ("iso", "2022-06-22", date(2022, 6, 22), "2022-06-22", False),
    ("iso", "2022-06-22T08:00:00Z", date(2022, 6, 22), "2022-06-22", False),
    ("iso", "2022-6-22", None, None, True),
    ("any", "2022.06.22", date(2022, 6, 22), "2022-06-22", False),
    ("any", "2019/1/25", date(2019, 1, 25), "2019-01-25", False),
    ("any", "2012 年 9 月 1 日", date(2012, 9, 1), "2012-09-01", False),
    ("any", "20180412", date(2018, 4, 12), "2018-04-12", False),
    ("any", "2019-07-15 20:26:58", date(2019, 7, 15), "2019-07-15", False),
    ("any", "2023-11", None, "2023-11", False),
    ("any", "２０１９年５月", None, "2019-05", False),
    ("any", "2019", None, "2019", False),
    ("any", "2023-13", None, None, True),
    ("any", "2020-02-30", None, None, True),
    ("any", "0000-01-01", None, None, True),
    ("any", "٢٠١٩", None, None, True),
    ("any", "2018-04-04180404", None, None, True),
]


@pytest.mark.parametrize(("date_format", "value", "day", "text", "is_bad"), DATES)
def test_dates_of_every_format(date_format: str, value: str, day: date | None, text: str | None, is_bad: bool) -> None:
    assert read([value, None], date_format) == [(day, text, is_bad), (None, None, False)]


@given(
    st.integers(1900, 2099),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from(
        ["{y:04d}{m:02d}{d:02d}", "{y}-{m}-{d}", "{y}年{m}月{d}日", "{y}.{m:02d}.{d:02d}", "{y}/{m}", "{y}"]
    ),
)
def test_no_day_is_invented(year: int, month: int, day: int, shape: str) -> None:
    """A day comes out only where year, month and day are written and are a day of the calendar."""
    text = shape.format(y=year, m=month, d=day)
    date_format = "yyyymmdd" if shape.startswith("{y:04d}") else "any"
    found, partial, _ = read([text, None], date_format)[0]
    is_whole = "{d" in shape and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    assert found == (date(year, month, day) if is_whole else None)
    if partial is not None and not is_whole:
        assert partial in (f"{year:04d}", f"{year:04d}-{month:02d}")
        assert len(partial) == 4 or 1 <= month <= 12


def valid_code(rng: random.Random) -> str:
    body = rng.choice("19AY") + rng.choice("1239") + "".join(rng.choices("0123456789", k=6))
    body += "".join(rng.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9))
    return body + uscc.calc_check_digit(body)


@given(st.randoms(use_true_random=False), st.integers(0, 17), st.sampled_from("0123456789ABCIOSVZabc ０٣中"))
def test_codes_are_judged_as_by_stdnum(rng: random.Random, at: int, letter: str) -> None:
    """python-stdnum also takes spaces, dashes and lower case, which are not the code as issued."""
    sound = valid_code(rng)
    codes = [sound, sound[:at] + letter + sound[at + 1 :], sound[:-1], sound + "0", ""]
    # The two departures have tests of their own.
    codes = [code for code in codes if code[:1] not in set("0ABCY") and code[1:2] != "0"]
    expected = [uscc.is_valid(code) and code == uscc.compact(code) and code.isascii() for code in codes]
    assert uscc_is_valid(pl.Series("v", [*codes, None])).to_list() == [*expected, None]


def test_codes_that_stdnum_judges_otherwise() -> None:
    """GB 32100 has registering departments with a letter (Y, N), and none numbered 0: eighteen zeros are not a firm."""
    rural = "N2110000600037341"
    rural += uscc.calc_check_digit(rural)
    assert uscc_is_valid(pl.Series("v", [rural, "0" * 18])).to_list() == [True, False]
    assert [uscc.is_valid(rural), uscc.is_valid("0" * 18)] == [False, True]


def test_old_registration_numbers_pass_and_other_scripts_do_not() -> None:
    codes = pl.Series("v", ["110000001234567", "１１００００００１２３４５６７", "1100000012345678"])
    assert uscc_is_valid(codes).to_list() == [True, False, False]
