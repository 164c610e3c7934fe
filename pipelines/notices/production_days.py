"""Days out of cells that hold a production date, a batch number, both glued together, or several dates.

Only what is certain is read: a batch number is not a date, and where two readings are possible the cell stays text.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import polars as pl

# Where one statement of a cell ends and another may begin.
_STATEMENT = re.compile(
    r"[;；、,，\n和及至~～]|(?<=[\d日])\s+(?=(?:19|20)\d\d)|(?<=\d)/(?=(?:19|20)\d{2})"
    r"|(?<=[\d日])-(?=(?:19|20)\d\d[-./年]\d{1,2}[-./月])"
)
# Words before a day that is not the day of production.
_OTHER_DAY = re.compile(r"购进|进货|采购|检疫|抽样|到港|保质|有效|限用|失效|截止")
_WRITTEN = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2}|\d{2}(?=年))(?P<s>[-./年])(?P<m>\d{1,2})[-./月](?P<d>\d+)(?P<rest>.*)$"
)
_COMPACT = re.compile(r"(?<![\dA-Za-z])(?P<day>(?:19|20)\d{6})(?P<rest>.*)$")
_TWICE = re.compile(r"^(\d{2}) (\d{2}) (\d{2})\1 \2 \3$")
# Full-width digits too; what does not match holds no day.
_MAY_HOLD = r"[1１][9９]\d\d|[2２][0０]\d\d|\d\d\s*年|^\s*\d\d\s\d\d\s\d\d"
_BATCH = re.compile(r"批号|批次|lot", re.I)


def production_days(texts: pl.Series) -> pl.DataFrame:
    """First and last day of production of each cell, as ISO 8601 text: columns `first` and `last`.

    `last` differs from `first` where several days are printed; a second number in another notation is a batch. Both
    are null where no complete day is certain.
    """
    distinct = texts.drop_nulls().unique()
    distinct = distinct.filter(distinct.str.contains(_MAY_HOLD))
    days = [days_in(text) for text in distinct.to_list()]
    read = pl.DataFrame(
        {
            "text": distinct,
            "first": [days_of_cell[0].isoformat() if days_of_cell else None for days_of_cell in days],
            "last": [max(days_of_cell).isoformat() if days_of_cell else None for days_of_cell in days],
        },
        schema={"text": pl.String, "first": pl.String, "last": pl.String},
    )
    return (
        texts.alias("text").to_frame().join(read, on="text", how="left", maintain_order="left").select("first", "last")
    )


def days_in(text: str) -> list[date]:
    """The days of production that a cell prints, in its order; none where none is certain."""
    plain = unicodedata.normalize("NFKC", text).strip()
    twice = _TWICE.match(plain)
    if twice is not None:
        day = _day(2000 + int(twice[1]), int(twice[2]), int(twice[3]))
        return [day] if day else []
    plain = re.sub(r"\s*([-./年月])\s*", r"\1", plain)
    days: list[tuple[date, bool]] = []
    for statement in _STATEMENT.split(plain):
        if not statement or _OTHER_DAY.search(statement):
            continue
        written = _written_day(statement)
        day = written or _compact_day(statement)
        if day is not None and (not days or days[0][1] == (written is not None)):
            days.append((day, written is not None))
    return [day for day, _ in days]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _repeats(rest: str, day: date) -> bool:
    """Whether a batch number repeats the day, as 180528 in 2018.05.2818052803 does."""
    compact = rest.replace(" ", "")
    return f"{day:%y%m%d}" in compact or f"{day:%Y%m%d}" in compact


def _written_day(text: str) -> date | None:
    match = _WRITTEN.search(text)
    if match is None:
        return None
    year, month, digits = int(match["y"]), int(match["m"]), match["d"]
    if len(match["y"]) == 2:
        year += 2000
    if len(digits) <= 2:
        return _day(year, month, int(digits))
    # The batch number follows the day directly: how many digits belong to the day?
    readings = {length: day for length in (1, 2) if (day := _day(year, month, int(digits[:length]))) is not None}
    repeated = [day for length, day in readings.items() if _repeats(digits[length:] + match["rest"], day)]
    if len(repeated) == 1:
        return repeated[0]
    return readings.get(2) if match["m"].startswith("0") else None


def _compact_day(text: str) -> date | None:
    if _BATCH.search(text):
        return None
    match = _COMPACT.search(text)
    if match is None:
        return None
    digits = match["day"]
    day = _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    if day is None or not match["rest"].strip(" )）"):
        return day
    return day if _repeats(match["rest"], day) and match["rest"][0].isdigit() else None
