"""Quality credit: points for failing samples, recognitions lost or conditional, and trust; the scores they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from tests.oracle.files import reference
from tests.oracle.firms import UNKNOWN, Firms
from tests.oracle.inspections import Sample
from tests.oracle.lives import ENDED, HELD, Recognition
from tests.oracle.targets import months_before


@dataclass(frozen=True)
class Point:
    """What a rule gives or takes an enterprise for one thing; the day of it, where it is one that can pass."""

    enterprise: int
    rule: str
    points: float
    happened: date | None = None


def points(samples: Iterable[Sample], recognised: Iterable[Recognition], firms: Firms, as_of: date) -> list[Point]:
    """Every point in force on the as-of date."""
    samples, recognised = list(samples), list(recognised)
    given: list[Point] = []
    for rule in reference("rules"):
        if rule["rule_kind"] != "credit_point":
            continue
        if rule["subject"] == "failing_sample":
            happened = _failures(samples, firms)
        elif rule["subject"] == "trusted":
            happened = _trusted(recognised, firms, schemes_of(rule["rule_id"]))
        else:
            happened = _standing(recognised, firms, rule["subject"])
        since = months_before(as_of, int(rule["window_months"])) if rule["window_months"] else date.min
        given += [
            Point(enterprise, rule["rule_id"], float(rule["value"]), when)
            for enterprise, when in happened
            # What has no day cannot be shown to be long past.
            if enterprise != UNKNOWN and since < (when or as_of) <= as_of
        ]
    return given


def scores(
    samples: Iterable[Sample], recognised: Iterable[Recognition], given: Iterable[Point], firms: Firms, as_of: date
) -> dict[int, tuple[float, int, int]]:
    """Of each enterprise of which something is known its score, its recent samples, and those of them that failed."""
    start, cap = (float(_the_rule("rule_kind", kind)["value"]) for kind in ("credit_start", "credit_cap"))
    since = months_before(as_of, int(_the_rule("rule_id", "credit_failing_sample")["window_months"]))
    recent = [sample for sample in samples if sample.producer and sample.notified and since < sample.notified <= as_of]
    sampled = Counter(firms.of(sample.producer) for sample in recent)
    failed = Counter(firms.of(sample.producer) for sample in recent if sample.has_failed)
    points_of: Counter[int] = Counter()
    for point in given:
        points_of[point.enterprise] += round(point.points)
    lists = {scheme for rule in _rules("rule_kind", "exporter_list") for scheme in schemes_of(rule["rule_id"])}
    decided = {holder(one, firms) for one in recognised if one.state != "nominated" and one.scheme not in lists}
    return {
        firm: (min(cap, start + points_of[firm]), sampled[firm], failed[firm])
        for firm in sampled.keys() | points_of.keys() | decided
        if firm != UNKNOWN
    }


def _rules(column: str, value: str) -> list[dict[str, str]]:
    return [rule for rule in reference("rules") if rule[column] == value]


def _the_rule(column: str, value: str) -> dict[str, str]:
    (rule,) = _rules(column, value)
    return rule


def schemes_of(rule: str) -> set[str]:
    """The recognition schemes that a rule is about."""
    return {row["scheme_id"] for row in reference("rule_schemes") if row["rule_id"] == rule}


def holder(recognition: Recognition, firms: Firms) -> int:
    """The enterprise that a recognition is of; UNKNOWN of a place, product or person."""
    naming = recognition.naming
    return firms.of(naming.firm_name, naming.uscc) if naming.firm_name else UNKNOWN


def _failures(samples: Iterable[Sample], firms: Firms) -> Iterator[tuple[int, date | None]]:
    for sample in samples:
        if sample.has_failed and sample.notified and sample.producer:
            yield firms.of(sample.producer), sample.notified


def _standing(recognised: Iterable[Recognition], firms: Firms, state: str) -> Iterator[tuple[int, date | None]]:
    for one in recognised:
        if one.state == state:
            ended = one.ended if state in ENDED else None
            yield holder(one, firms), ended.start if ended and ended.is_whole_day else None


def _trusted(recognised: Iterable[Recognition], firms: Firms, schemes: set[str]) -> Iterator[tuple[int, date | None]]:
    """Of several editions of one scheme, one counts."""
    held = {(holder(one, firms), one.scheme) for one in recognised if one.state in HELD and one.scheme in schemes}
    yield from ((enterprise, None) for enterprise, _ in held)
