"""Marks that were valid at the end of a month, by the region of their owner, class and office."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tests.oracle.firms import Firms
from tests.oracle.marks import NO_CLASS, Marks, Record

N_MONTHS = 36
_LONG_AGO = date(1900, 1, 1)


@dataclass(frozen=True)
class Term:
    """A half-open period in which a mark was valid, in the words of one of its records."""

    office: str
    number: str
    record: Record
    start: date
    end: date


def terms(found: Marks) -> Iterator[Term]:
    """The periods in which each mark was valid; several records may describe a mark, one after the other."""
    for office, of_office in found.items():
        for number, history in of_office.items():
            for place, record in enumerate(history):
                start, end = _reach(history, place)
                begins, ends = _validity(office, record)
                if record.is_listed and max(start, begins) < min(end, ends):
                    yield Term(office, number, record, max(start, begins), min(end, ends))


def _reach(history: list[Record], place: int) -> tuple[date, date]:
    """The days that a record describes: until the next one, and the first since the mark was filed."""
    record = history[place]
    end = history[place + 1].told if place + 1 < len(history) else date.max
    if place:
        return record.told, end
    return min(record.filed or record.registered or _LONG_AGO, record.told), end


def _validity(office: str, record: Record) -> tuple[date, date]:
    """From when to when a mark is valid by a record: a dead one was until it died, if it was registered."""
    if record.group == "live":
        # A gazette is never followed by another when the term ends.
        lapses = record.expires if office == "TW" else None
        return record.registered or record.changed or date.min, lapses or date.max
    if record.group == "dead" and record.registered:
        return record.registered, record.changed or min(record.expires or date.max, record.told)
    return date.max, date.max


def month_ends(first: date, until: date) -> list[date]:
    """The last days of the months from one day to another, and that day itself for its own month."""
    months = range(first.year * 12 + first.month - 1, until.year * 12 + until.month)
    ends = [date(one // 12, one % 12 + 1, monthrange(one // 12, one % 12 + 1)[1]) for one in months]
    return [min(end, until) for end in ends]


Cell = tuple[date, int, int, str]


@dataclass(frozen=True)
class Stock:
    """Valid marks by day, region, class and office: once each in the lowest class, and in every class."""

    marks: Counter[Cell]
    mark_classes: Counter[Cell]


def stock(found: Marks, firms: Firms, as_of: date) -> Stock:
    """The stock at the end of each of the last months, of the month of the as-of date on that day."""
    months = as_of.year * 12 + as_of.month - N_MONTHS
    days = month_ends(date(months // 12, months % 12 + 1, 1), as_of)
    counted = Stock(Counter(), Counter())
    for term in terms(found):
        owner = firms.of_owner(term.record.owner) if term.record.owner else -1
        lowest = min(term.record.classes - {NO_CLASS}, default=NO_CLASS)
        for when in days:
            if term.start <= when < term.end:
                region = firms.region(owner, when)
                for nice_class in term.record.classes:
                    counted.mark_classes[when, region, nice_class, term.office] += 1
                    counted.marks[when, region, nice_class, term.office] += nice_class == lowest
    return counted
