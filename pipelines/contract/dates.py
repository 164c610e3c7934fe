"""Dates as offices write them, read as ISO 8601."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

# What a complete day looks like. The parser alone would read 2018021 as 1 February, and years of any length.
_WHOLE_DAY = {
    "yyyymmdd": ("^[12][0-9]{7}$", "%Y%m%d"),
    "iso": ("^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"),
    "any": ("^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"),
    "english": ("^[A-Z][a-z]{2} [0-9]{1,2}, [12][0-9]{3}$", "%b %d, %Y"),
}


@lru_cache(maxsize=1024)
def whole_day(column: str, date_format: str) -> pl.Expr:
    """The values that are plainly a day in `date_format` (see declarations.DateFormat), as dates."""
    values = pl.col(column)
    if date_format == "roc":
        parts = values.str.extract_groups(r"^(?P<y>[0-9]{1,3})\.(?P<m>[0-9]{1,2})\.(?P<d>[0-9]{1,2})$")
        year = (parts.struct.field("y").cast(pl.Int32) + 1911).cast(pl.String)
        iso = year + "-" + parts.struct.field("m").str.zfill(2) + "-" + parts.struct.field("d").str.zfill(2)
        return iso.str.to_date("%Y-%m-%d", strict=False).alias(column)
    shape, parsed = _WHOLE_DAY[date_format]
    return pl.when(values.str.contains(shape)).then(values.str.to_date(parsed, strict=False, exact=True))


def other_dates(values: pl.Series, days: pl.Series, date_format: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """For values of which some are not plainly a day: (days, texts, bad), never inventing a month or a day.

    `texts` is ISO 8601 to the precision received (2013-05, 2019), `bad` marks what is not a date in the format.
    yyyymmdd: 20130500 (month known), 20130000 (year known), 0 and 00000000 (none). any: 2022.06.22, 2022/6/22,
    2022年6月22日, 20220622, a time of day after the date, 2023-11, 2023年11月, 2019.
    """
    read = pl.DataFrame({"v": values, "day": days})
    distinct = read.filter(pl.col("day").is_null() & pl.col("v").is_not_null())["v"].unique()
    if not len(distinct):
        return days, iso_text(days), values.is_null() & False
    other = read.join(_other_shapes(distinct, date_format), on="v", how="left", maintain_order="left").select(
        day=pl.coalesce("day", "other_day"),
        text=pl.coalesce(pl.coalesce("day", "other_day").dt.to_string("iso:strict"), "other_text"),
        bad=pl.col("other_bad").fill_null(False),
    )
    return other["day"], other["text"], other["bad"]


def iso_text(days: pl.Series) -> pl.Series:
    """Days as ISO 8601 text."""
    return days.dt.to_string("iso:strict")


def _other_shapes(distinct: pl.Series, date_format: str) -> pl.DataFrame:
    """For values that are not plainly a day: `other_day`, `other_text` (partial) and `other_bad` by `v`."""
    v = pl.col("v")
    frame = distinct.alias("v").to_frame()
    none = pl.lit(None, pl.String)
    if date_format == "yyyymmdd":
        made = frame.select(
            v,
            other_day=pl.lit(None, pl.Date),
            other_text=pl.when(v.str.contains(r"^(?:1[0-9]|20)[0-9]{2}(?:0[1-9]|1[0-2])00$"))
            .then(v.str.slice(0, 4) + "-" + v.str.slice(4, 2))
            .when(v.str.contains(r"^(?:1[0-9]|20)[0-9]{2}0000$"))
            .then(v.str.slice(0, 4)),
            is_none=v.str.contains(r"^0+$"),
        )
    elif date_format in ("iso", "any"):
        made = frame.select(v, *_written_dates(v, date_format), is_none=pl.lit(False))
    else:
        made = frame.select(v, other_day=pl.lit(None, pl.Date), other_text=none, is_none=pl.lit(False))
    bad = pl.col("other_day").is_null() & pl.col("other_text").is_null() & ~pl.col("is_none")
    return made.with_columns(other_bad=bad).drop("is_none")


def _written_dates(v: pl.Expr, shapes: str) -> list[pl.Expr]:
    plain = v.str.normalize("NFKC").str.replace_all(r"\s*([-./年月日])\s*", "$1").str.strip_chars()
    if shapes == "iso":
        parts = plain.str.extract_groups(r"^(?P<y>[12][0-9]{3})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})[T ].*$")
    else:
        parts = plain.str.extract_groups(
            r"^(?P<y>[12][0-9]{3})[-./年]?(?P<m>[0-9]{1,2})[-./月]?(?P<d>[0-9]{1,2})日?(?:[T ]?[0-9]{1,2}:[0-9]{2}.*)?$"
        )
    part = plain.str.extract_groups(r"^(?P<y>[12][0-9]{3})(?:[-./年](?P<m>[0-9]{1,2})?月?)?$")
    spaced = plain.str.contains(r"^[12][0-9]{3}[-./年][0-9]{1,2}[-./月][0-9]{1,2}") | plain.str.contains(
        r"^[0-9]{8}(?:[^0-9]|$)"
    )

    def field(groups: pl.Expr, name: str, width: int) -> pl.Expr:
        return groups.struct.field(name).str.zfill(width)

    iso = field(parts, "y", 4) + "-" + field(parts, "m", 2) + "-" + field(parts, "d", 2)
    month = part.struct.field("m").cast(pl.Int32, strict=False)
    return [
        pl.when(spaced).then(iso).otherwise(None).str.to_date("%Y-%m-%d", strict=False).alias("other_day"),
        pl.when(month.is_between(1, 12))
        .then(field(part, "y", 4) + "-" + field(part, "m", 2))
        .when(part.struct.field("m").is_null())
        .then(part.struct.field("y"))
        .alias("other_text"),
    ]
