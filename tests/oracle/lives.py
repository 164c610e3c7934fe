"""Recognitions as life cycles: what the decisions make, review and end, and the state on every day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from tests.oracle.files import reference
from tests.oracle.recognitions import Event

OPEN = date.max
_LONG_AGO = date(1900, 1, 1)
# In the order in which decisions of one day follow each other; what is paid or planned is none of a life.
_STATES = {
    "nominate": "nominated", "grant": "held", "keep": "held", "condition": "conditional", "remove": "removed",
    "revoke": "revoked", "expire": "expired",
}  # fmt: skip
_KINDS = list(_STATES)
_OPENINGS, _ENDS = ("nominate", "grant"), ("remove", "revoke", "expire")
HELD, ENDED = ("held", "conditional"), ("removed", "revoked", "expired")
_Award = tuple[str, str, str, str]


@dataclass(frozen=True)
class Period:
    """One state and the days, half-open, on which it stood; whether its first day is known, or a month or year only."""

    state: str
    start: date
    end: date
    is_whole_day: bool


@dataclass
class Recognition:
    """One recognition: the decisions on it, in their order with the day from which each counts, and its states."""

    scheme: str
    events: list[tuple[date, Event]] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)

    @property
    def state(self) -> str:
        return self.periods[-1].state

    @property
    def countries(self) -> tuple[str, ...]:
        return self.events[0][1].countries

    @property
    def naming(self) -> Event:
        """What names it: its first grant, else its first nomination, else its first review."""
        return min(self.events, key=lambda one: {"grant": 0, "nominate": 1}.get(one[1].kind, 2))[1]

    @property
    def ended(self) -> Period | None:
        """The first end that no award or review followed."""
        last_open = max((n for n, one in enumerate(self.periods) if one.state not in ENDED), default=-1)
        return self.periods[last_open + 1] if last_open + 1 < len(self.periods) else None


def recognitions(found: Iterable[Event], as_of: date) -> list[Recognition]:
    """The recognitions that the events make, with the states that the events until the as-of date give them."""
    of_recipient: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in found:
        if event.kind in _KINDS:
            of_recipient[event.scheme, event.recipient].append(event)
    terms = {row["scheme_id"]: int(row["validity_years"] or 0) for row in reference("recognition_schemes")}
    made: list[Recognition] = []
    for (scheme, _), events in of_recipient.items():
        awards: dict[_Award, list[tuple[date, Event]]] = defaultdict(list)
        for event in events:
            award, counts_from = _award(event, events)
            awards[award].append((counts_from, event))
        for life in awards.values():
            life.sort(key=lambda one: (one[0], _KINDS.index(one[1].kind), one[1].last_day))
            made += _lives(scheme, life, terms.get(scheme, 0))
    known = [_until(life, terms.get(life.scheme, 0), as_of) for life in made]
    return [life for life in known if life.events]


def _award(event: Event, of_recipient: list[Event]) -> tuple[_Award, date]:
    """What an event is about, with the day from which it counts: a review is about the opening that it fits best."""
    if event.kind in _OPENINGS:
        return _won(event, of_recipient), event.first_day
    openings = [
        one
        for one in of_recipient
        if one.kind in _OPENINGS
        and (one.object == event.object or "" in (one.object, event.object))
        and one.first_day <= event.last_day
    ]
    if not openings:
        return (event.scheme, "", event.recipient, event.object), event.first_day
    best = max(
        openings,
        key=lambda one: (
            one.edition == event.edition,
            one.object == event.object,
            one.kind == "grant",
            one.first_day,
        ),
    )
    return _won(best, of_recipient), max(event.first_day, best.first_day)


def _won(opening: Event, of_recipient: list[Event]) -> _Award:
    """The award of a nomination or grant; a nominee with no object, or with one, is the winner if one alone fits."""
    own = _own(opening)
    granted = {_own(one) for one in of_recipient if one.kind == "grant"}
    fitting = [one for one in granted if one[1] == opening.edition and "" in (one[3], opening.object)]
    return fitting[0] if own not in granted and len(fitting) == 1 else own


def _own(event: Event) -> _Award:
    return (event.scheme, event.edition, event.recipient, event.object)


def _lives(scheme: str, events: list[tuple[date, Event]], years: int) -> list[Recognition]:
    """An award made again after its end, or after its term has run out, is another recognition."""
    lives = [Recognition(scheme)]
    has_ended, term = False, OPEN
    for day, event in events:
        if event.kind in _OPENINGS and (has_ended or term <= day):
            lives.append(Recognition(scheme))
            has_ended, term = False, OPEN
        has_ended |= event.kind in _ENDS
        if event.kind == "grant":
            ends = _term(event, years)
            term = ends if term == OPEN else max(term, ends)
        lives[-1].events.append((day, event))
    return lives


def _until(life: Recognition, years: int, as_of: date) -> Recognition:
    """A recognition as the as-of date knows it: the decisions taken until then, and the states that they give it."""
    known = Recognition(life.scheme, [(day, one) for day, one in life.events if (one.decided or as_of) <= as_of])
    has_ended = has_been_awarded = False
    granted_until = runs_until = OPEN
    for day, event in known.events:
        has_changed = event.kind in _ENDS or not (has_ended or (event.kind == "nominate" and has_been_awarded))
        has_ended |= event.kind in _ENDS
        has_been_awarded |= event.kind != "nominate"
        if not has_changed:
            continue
        since = as_of if day == date.max else max(day, _LONG_AGO)
        _run_out(known, runs_until, since)
        _enter(known, Period(_STATES[event.kind], since, OPEN, event.is_whole_day))
        if event.kind == "grant" and (ends := _term(event, years)) < OPEN:
            granted_until = ends if granted_until == OPEN else max(granted_until, ends)
        runs_until = granted_until
        if event.kind in (*_ENDS, "nominate"):
            runs_until = OPEN
        elif granted_until <= since:
            # A review after the term of the grant starts the term anew.
            runs_until = _later(since, years)
    _run_out(known, runs_until, as_of)
    return known


def _enter(life: Recognition, entered: Period) -> None:
    """Be in a state from a day on; what stood on no day at all has not been."""
    if life.periods:
        before = life.periods.pop()
        if before.start < entered.start:
            life.periods.append(Period(before.state, before.start, entered.start, before.is_whole_day))
    life.periods.append(entered)


def _run_out(life: Recognition, until: date, day: date) -> None:
    if until <= day:
        is_whole_day = life.periods[-1].is_whole_day
        _enter(life, Period("expired", until, OPEN, is_whole_day))


def _term(grant: Event, years: int) -> date:
    """When a grant has certainly run out: the last day that its date can mean, and the scheme's years."""
    return _later(grant.latest, years) if years and grant.latest else OPEN


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def periods(found: Iterable[Recognition]) -> Counter[tuple[str, str, date, date]]:
    """Every period of every recognition, by scheme, state, first day and day after the last."""
    return Counter((life.scheme, one.state, one.start, one.end) for life in found for one in life.periods)


def held_per_scheme(found: Iterable[Recognition]) -> dict[str, int]:
    return dict(Counter(one.scheme for one in found if one.state in HELD))


def movements(found: Iterable[Recognition]) -> int:
    """How often something of this country was gained or lost: nominations gain nothing."""
    moved = [one for one in found if one.state != "nominated" and one.countries in ((), ("CN",))]
    return len(moved) + sum(one.state in ENDED for one in moved)


def gi_held_per_country(found: Iterable[Recognition]) -> dict[str, int]:
    """Names held by country; one of several countries counts in each."""
    return dict(Counter(country for one in found if one.state == "held" for country in one.countries))
