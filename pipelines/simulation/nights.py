"""The calendar of a simulation: its nights, from 1, and the days before them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

# With more nights the calendar would run into the future.
MAX_NIGHTS = 60

# The day number where there is no day.
NO_DAY = -1
_EPOCH = date(1970, 1, 1)
_FIRST_NIGHT = (2024, 5, 16)


def night_date(night: int) -> date:
    """The day of a night (from 1): the 16th and the 1st, when gazettes appear, starting on 2024-05-16."""
    year, month, _ = _FIRST_NIGHT
    months, is_first = divmod(night - 1, 2)
    months += is_first
    year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    return date(year, month, 1 if is_first else 16)


def days_before(night: int, days: int) -> date:
    """The day that is `days` days before a night."""
    return night_date(night) - timedelta(days=days)


def day_number(day: date) -> int:
    """Days since 1970-01-01, as Polars dates count."""
    return (day - _EPOCH).days


def dates(days: npt.NDArray[np.int64]) -> pl.Series:
    """Day numbers as dates; NO_DAY as null."""
    return pl.Series(days).cast(pl.Int32).replace(NO_DAY, None).cast(pl.Date)
