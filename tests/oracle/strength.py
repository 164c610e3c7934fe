"""Measures of the enterprises that hold a recognition, and the pillars of brand strength that they make."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor
from statistics import fmean, pstdev

from tests.oracle.credit import Point, holder, schemes_of
from tests.oracle.files import reference
from tests.oracle.firms import UNKNOWN, Firms
from tests.oracle.inspections import Sample
from tests.oracle.lives import HELD, Recognition
from tests.oracle.marks import Marks, is_live
from tests.oracle.targets import months_before, wilson

# A rule and an enterprise, or an enterprise, a pillar and how it is put on a scale.
Measures = dict[tuple[str, int], float]
Scores = dict[tuple[int, str, str], float]


@dataclass(frozen=True)
class Evidence:
    """What the measures are taken from."""

    as_of: date
    firms: Firms
    recognised: Sequence[Recognition]
    # Schemes of which any decision was received.
    decided: set[str]
    samples: Sequence[Sample]
    points: Sequence[Point]
    marks: Marks


def measures(told: Evidence) -> Measures:
    """Every measure known of an enterprise that holds a recognition; a list of exporters is none."""
    exporters = {scheme for rule in _rules("exporter_list") for scheme in schemes_of(rule["rule_id"])}
    held: dict[int, list[str]] = defaultdict(list)
    for one in told.recognised:
        if one.state in HELD and one.scheme not in exporters and (firm := holder(one, told.firms)) != UNKNOWN:
            held[firm].append(one.scheme)
    return {
        (rule["rule_id"], firm): value
        for rule in _rules("strength_measure", "benchmark_measure")
        for firm, value in _measured(rule, told, held).items()
        if firm in held
    }


def _measured(rule: dict[str, str], told: Evidence, held: dict[int, list[str]]) -> Mapping[int, float]:
    match rule["variant"]:
        case "count_all":
            return {firm: len(own) for firm, own in held.items()}
        case "pass_rate_low":
            return _pass_rates(told, int(rule["window_months"]))
        case "credit_score":
            return _credit_scores(held, told.points)
        case "live_marks":
            marks = _live_marks(told)
            return {firm: len(marks[firm]) for firm in held}
        case "offices_abroad":
            marks = _live_marks(told)
            return {firm: len(set(marks[firm]) - {"CN"}) for firm in held}
    schemes = schemes_of(rule["rule_id"])
    if not schemes & told.decided:
        # Without any decision nobody knows; with one, who holds none has none.
        return {}
    counted = {firm: [scheme for scheme in own if scheme in schemes] for firm, own in held.items()}
    if rule["variant"] == "count_held":
        return {firm: len(own) for firm, own in counted.items()}
    assert rule["variant"] == "highest_rung", rule
    rungs = {row["scheme_id"]: float(row["rung"] or 0) for row in reference("recognition_schemes")}
    return {firm: max((rungs[scheme] for scheme in own), default=0.0) for firm, own in counted.items()}


def _rules(*kinds: str) -> list[dict[str, str]]:
    return [row for row in reference("rules") if row["rule_kind"] in kinds]


def _pass_rates(told: Evidence, window: int) -> dict[int, float]:
    """The lower Wilson bound of the share that passes, of samples in notices that list what passed too."""
    results: dict[int, list[bool]] = defaultdict(list)
    for sample in told.samples:
        is_recent = sample.notified and months_before(told.as_of, window) < sample.notified <= told.as_of
        if is_recent and sample.is_from_full_notice and sample.producer:
            results[told.firms.of(sample.producer)].append(not sample.has_failed)
    return {firm: wilson(sum(own), len(own))[0] for firm, own in results.items()}


def _credit_scores(held: Iterable[int], points: Iterable[Point]) -> dict[int, float]:
    """What everyone starts from and the points of the enterprise, up to the highest score."""
    start, cap = (float(_rules(kind)[0]["value"]) for kind in ("credit_start", "credit_cap"))
    given: Counter[int] = Counter()
    for point in points:
        given[point.enterprise] += round(point.points)
    return {firm: min(cap, start + given[firm]) for firm in held}


def _live_marks(told: Evidence) -> dict[int, list[str]]:
    """The offices of the marks that stand live in their newest record, one for each mark, by the first owner."""
    found: dict[int, list[str]] = defaultdict(list)
    for office, of_office in told.marks.items():
        for mark in of_office.values():
            if mark[-1].owner and is_live(office, mark, told.as_of):
                found[told.firms.of_owner(mark[-1].owner)].append(office)
    return found


def pillars(found: Measures) -> Scores:
    """Pillars on a scale of 0 to 100, in each of the ways that the rules name."""
    ways = {row["subject"]: float(row["value"] or 0) for row in _rules("strength_normalisation")}
    shares = {row["subject"]: float(row["value"]) for row in _rules("strength_winsor")}
    scores: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    for rule in _rules("strength_measure"):
        own = {firm: value for (name, firm), value in found.items() if name == rule["rule_id"]}
        # Most hold nothing of a pillar, so that only values above zero show what is extreme.
        amounts = sorted(value for value in own.values() if value > 0)
        if amounts:
            low, high = quantile(amounts, shares["low"]), quantile(amounts, shares["high"])
            own = {firm: min(max(value, low), high) if value > 0 else value for firm, value in own.items()}
        own = {firm: float(rule["value"]) * value for firm, value in own.items()}
        for way, scale in ways.items():
            for firm, score in _scaled(own, way, scale).items():
                scores[firm, rule["subject"], way].append(score)
    return {key: fmean(of_pillar) for key, of_pillar in scores.items()}


def quantile(amounts: Sequence[float], share: float) -> float:
    """The quantile of sorted values, interpolated between the two nearest."""
    place = (len(amounts) - 1) * share
    below, above = amounts[floor(place)], amounts[ceil(place)]
    return below + (place - floor(place)) * (above - below)


def _scaled(values: dict[int, float], way: str, scale: float) -> dict[int, float]:
    ordered = sorted(values.values())
    if not ordered or ordered[0] == ordered[-1]:
        # A measure that is the same for all distinguishes nobody.
        return dict.fromkeys(values, 50.0)
    if way == "min_max":
        return {firm: (value - ordered[0]) / (ordered[-1] - ordered[0]) * 100 for firm, value in values.items()}
    if way == "z_score":
        mean, spread = fmean(ordered), pstdev(ordered)
        return {firm: min(100.0, max(0.0, 50 + scale * (value - mean) / spread)) for firm, value in values.items()}
    assert way == "rank", way
    # The share of the others that are below; of those that are equal, half.
    return {
        firm: (bisect_left(ordered, value) + bisect_right(ordered, value) - 1) / 2 / (len(ordered) - 1) * 100
        for firm, value in values.items()
    }
