"""Targets of the brand plans: what each has reached at the end of every month of its plan, and where it leads."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from math import sqrt

from tests.oracle.files import reference
from tests.oracle.firms import Firms
from tests.oracle.inspections import Sample
from tests.oracle.lives import HELD, Recognition
from tests.oracle.marks import Marks
from tests.oracle.places import Provinces
from tests.oracle.stock import Term, month_ends, terms

_DAYS_A_MONTH = 365.2425 / 12
_Z = 1.959963984540054


@dataclass(frozen=True)
class Target:
    """One target: what is measured how, where, since when and until when."""

    plan: str
    indicator: str
    since: date
    due: date
    region: str
    measure: str
    method: str
    office: str
    # Days after which a feed without anything new states nothing about today.
    stale_after: int
    model: str

    def days(self, as_of: date) -> list[date]:
        """The ends of the months of the plan's term that are past, and the as-of date."""
        return sorted({end for end in month_ends(self.since, as_of) if end <= self.due} | {as_of})

    def counted(self, when: date) -> tuple[date, date]:
        """From when and until when things count that are there on a day: what is counted since a day ends when due."""
        if self.measure == "cumulative":
            return self.since, min(when, self.due)
        if self.measure == "annual_flow":
            return date(min(when, self.due).year, 1, 1), min(when, self.due)
        return date.min, when


@dataclass(frozen=True)
class Measured:
    """A value with its bounds, if it has any, and the value that counts predecessors of a scheme too."""

    value: float
    low: float | None = None
    high: float | None = None
    with_predecessors: float | None = None


@dataclass(frozen=True)
class Forecast:
    """Where a target's changes lead by its day: the number of changes, the value and its interval."""

    n_steps: int
    value: float
    low: float
    high: float


def targets() -> list[Target]:
    """The targets of the plans, as they are published."""
    plans = {row["plan_id"]: date.fromisoformat(row["valid_from"]) for row in reference("policy_plans")}
    indicators = {row["indicator_id"]: row for row in reference("indicators")}
    return [
        Target(
            row["plan_id"],
            row["indicator_id"],
            plans[row["plan_id"]],
            date(int(row["due"]), 12, 31),
            row["region_code"],
            (indicator := indicators[row["indicator_id"]])["measure"],
            indicator["actual_method"],
            indicator["office_code"],
            int(indicator["stale_after_days"]),
            indicator["forecast_model"],
        )
        for row in reference("policy_targets")
    ]


class Progress:
    """Values of the targets, counted from recognitions, marks and samples."""

    def __init__(
        self,
        as_of: date,
        recognised: Iterable[Recognition],
        marks: Marks,
        samples: Sequence[Sample],
        firms: Firms,
        provinces: Provinces,
    ) -> None:
        self._as_of = as_of
        self._of_scheme: dict[str, list[Recognition]] = defaultdict(list)
        for one in recognised:
            self._of_scheme[one.scheme].append(one)
        self._terms = list(terms(marks))
        self._firms = firms
        self._provinces = provinces
        self._samples = [
            (sample.notified, sample.province(provinces), not sample.has_failed)
            for sample in samples
            if sample.is_from_full_notice and sample.notified
        ]
        self._zones = {row["province_code"]: row["zone"] for row in reference("province_zones")}
        self._schemes: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        for row in reference("indicator_schemes"):
            self._schemes[row["indicator_id"]].append((row["scheme_id"], row["definition"] == "own"))

    def months(self, target: Target) -> dict[date, Measured | None]:
        """A target's value on each day on which it is measured; None where nothing is known of it."""
        measure = self._measure(target)
        return {when: measure(when) for when in target.days(self._as_of)}

    def _measure(self, target: Target) -> Callable[[date], Measured | None]:
        if target.method.startswith("recognitions"):
            return self._recognitions(target)
        if target.method in ("live_marks", "international_marks"):
            return self._marks(target)
        if target.method == "pass_rate_vs_nation":
            return partial(self._pass_rate, target)
        return partial(self._rank, target) if target.method == "pass_rate_rank_in_zone" else lambda _: None

    def is_fresh(self, target: Target) -> bool:
        """Whether the feed that a target is counted from has had something new lately."""
        if target.method.startswith("recognitions"):
            days = [event.decided for ones in self._of_scheme.values() for one in ones for _, event in one.events]
        elif target.method.startswith("pass_rate"):
            days = [notified for notified, *_ in self._samples]
        else:
            records = [term.record for term in self._terms if (term.office == "CN") == (target.office == "CN")]
            days = [min(one.told, self._as_of) for one in records]
        past = [one for one in days if one and one <= self._as_of]
        return bool(past) and max(past) + timedelta(days=target.stale_after) >= self._as_of

    def _recognitions(self, target: Target) -> Callable[[date], Measured | None]:
        held = [
            (is_own, [(period.start, period.end) for period in one.periods if period.state in HELD])
            for scheme, is_own in self._schemes[target.indicator]
            for one in self._of_scheme[scheme]
            if self._provinces.is_within(one.naming.place, target.region)
        ]

        def count(when: date) -> Measured | None:
            since, until = target.counted(when)
            begun = [(is_own, periods) for is_own, periods in held if periods and periods[0][0] <= until]
            if target.method == "recognitions_held":
                counting = [is_own for is_own, periods in begun if any(a <= until < b for a, b in periods)]
            else:
                counting = [is_own for is_own, periods in begun if since <= periods[0][0]]
            return Measured(sum(counting), with_predecessors=len(counting)) if begun else None

        return count

    def _marks(self, target: Target) -> Callable[[date], Measured | None]:
        """Marks valid on a day whose owner is in the region then; an international registration counts once."""
        is_abroad = target.method == "international_marks"
        held = [
            (
                term.record.international
                if is_abroad and term.record.international
                else f"{term.office} {term.number}",
                *when,
            )
            for term in self._terms
            if (term.office != "CN" if is_abroad else term.office == target.office)
            for when in self._seated(term, target.region)
        ]

        def count(when: date) -> Measured | None:
            begun = [one for one in held if one[1] <= when]
            n_valid = len({number for number, start, end in begun if start <= when < end})
            return Measured(n_valid, with_predecessors=n_valid) if begun else None

        return count

    def _seated(self, term: Term, region: str) -> list[tuple[date, date]]:
        owner = self._firms.of_owner(term.record.owner) if term.record.owner else -1
        periods = [
            (max(term.start, start), min(term.end, end)) for start, end in self._firms.periods_within(owner, region)
        ]
        return [(start, end) for start, end in periods if start < end]

    def _rates(self, when: date) -> dict[str, tuple[int, int]]:
        """Passing samples and all of the twelve months until a day, by province."""
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for notified, province, has_passed in self._samples:
            if months_before(when, 12) < notified <= when:
                counts[province][0] += has_passed
                counts[province][1] += 1
        return {province: (n_pass, n) for province, (n_pass, n) in counts.items()}

    def _pass_rate(self, target: Target, when: date) -> Measured | None:
        """Percentage points above the nation's rate, with Newcombe's interval."""
        rates = self._rates(when)
        if target.region not in rates:
            return None
        n_pass, n = rates[target.region]
        all_pass, total = sum(one[0] for one in rates.values()), sum(one[1] for one in rates.values())
        (low, high), (all_low, all_high) = wilson(n_pass, n), wilson(all_pass, total)
        rate, nation = n_pass / n, all_pass / total
        below = sqrt((rate - low) ** 2 + (all_high - nation) ** 2)
        above = sqrt((high - rate) ** 2 + (nation - all_low) ** 2)
        return Measured(100 * (rate - nation), 100 * (rate - nation - below), 100 * (rate - nation + above))

    def _rank(self, target: Target, when: date) -> Measured | None:
        """The place among the provinces of the zone, at best and at worst, given what cannot be ranked."""
        zone = {
            province: counts
            for province, counts in self._rates(when).items()
            if self._zones.get(province) == self._zones[target.region]
        }
        if target.region not in zone or len(zone) < 2:
            return None
        n_pass, n = zone.pop(target.region)
        low, high = wilson(n_pass, n)
        return Measured(
            1 + sum(one[0] / one[1] > n_pass / n for one in zone.values()),
            1 + sum(wilson(*one)[0] > high for one in zone.values()),
            1 + sum(wilson(*one)[1] >= low for one in zone.values()),
        )


def forecast(target: Target, months: dict[date, Measured | None], as_of: date) -> Forecast | None:
    """A random walk with drift over the window's changes; None where nothing is known or too little has changed."""
    model = next((row for row in reference("forecast_models") if row["forecast_model"] == target.model), None)
    if model is None or months[as_of] is None:
        return None
    first = months_before(as_of, int(model["window_months"]))
    points = [(when, one.value) for when, one in months.items() if one and when >= first]
    steps = [
        # An annual measure begins anew each year.
        (
            (when - before).days / _DAYS_A_MONTH,
            value - (was if target.measure != "annual_flow" or when.year == before.year else 0),
        )
        for (before, was), (when, value) in pairwise(points)
    ]
    if len(steps) < int(model["min_steps"]):
        return None
    n_months = sum(months for months, _ in steps)
    drift = sum(change for _, change in steps) / n_months
    variance = sum((change - drift * months) ** 2 / months for months, change in steps) / (len(steps) - 1)
    last, value = points[-1]
    ahead = (forecast_day(target, as_of) - last).days / _DAYS_A_MONTH
    half = float(model["interval_z"]) * sqrt(variance * ahead * (1 + ahead / n_months))
    value += drift * ahead
    return Forecast(len(steps), value, value - half, value + half)


def forecast_day(target: Target, as_of: date) -> date:
    """The day that is forecast: the due date, of an annual measure the end of the year."""
    return min(target.due, date(as_of.year, 12, 31)) if target.measure == "annual_flow" else target.due


def wilson(n_success: int, n: int) -> tuple[float, float]:
    """The Wilson score interval at 95 %; a share of none or all has its own end."""
    share, slack = n_success / n, _Z * _Z / n
    middle = share + slack / 2
    spread = _Z * sqrt(share * (1 - share) / n + slack / (4 * n))
    low, high = (middle - spread) / (1 + slack), (middle + spread) / (1 + slack)
    return 0.0 if n_success == 0 else low, 1.0 if n_success == n else high


def months_before(day: date, months: int) -> date:
    """The same day so many months before, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
