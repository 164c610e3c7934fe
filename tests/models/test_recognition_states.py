"""Life cycles of recognitions against a plain-Python reading of the same decisions, one after the other."""

from __future__ import annotations

import calendar
import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from hypothesis import strategies as st

from pipelines.state.home import Home
from tests.worlds.dbt_models import AS_OF, build_models, rows
from tests.worlds.drawn_examples import drawn
from tests.worlds.hand_made_deliveries import csv_bytes, deliver

TODAY = AS_OF
LONG_AGO, OPEN = date(1, 1, 1), date(9999, 12, 31)
HEADER = ["奖项", "届次", "事项", "日期", "获奖单位", "对象类别", "品牌或产品"]
# Name of the scheme, its id, its term in years.
SCHEMES = [("山东老字号", "shandong_heritage", 5), ("湖北老字号", "hubei_heritage", None)]
# Wording, its place in the life cycle, the state it leads to.
EVENTS = [
    ("公示", 1, "nominated"),
    ("认定", 2, "held"),
    ("复核通过", 3, "held"),
    ("附条件保留", 4, "conditional"),
    ("移出名录", 5, "removed"),
    ("撤销", 6, "revoked"),
    ("到期", 7, "expired"),
]
Period = tuple[str, date, date]


@dataclass(frozen=True)
class Decision:
    scheme: int
    edition: str
    event: int
    text: str
    recipient: str
    thing: str

    @property
    def rank(self) -> int:
        return EVENTS[self.event][1]

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day that the printed date can mean."""
        parts = [int(part) for part in self.text.split("-")] if self.text else []
        match parts:
            case [year, month, day]:
                return date(year, month, day), date(year, month, day)
            case [year, month]:
                return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
            case [year]:
                return date(year, 1, 1), date(year, 12, 31)
        return None

    @property
    def first_day(self) -> date:
        return self.span[0] if self.span else LONG_AGO if self.rank <= 2 else OPEN

    @property
    def last_day(self) -> date:
        return self.span[1] if self.span else OPEN

    @property
    def award(self) -> tuple[str, str]:
        return self.edition, self.thing

    @property
    def row(self) -> list[str]:
        return [
            SCHEMES[self.scheme][0],
            self.edition,
            EVENTS[self.event][0],
            self.text,
            self.recipient,
            "品牌",
            self.thing,
        ]


@dataclass
class Life:
    """One recognition as far as its decisions have been read."""

    granted_text: str | None = None
    n_taken: int = 0
    highest: int = 1
    periods: list[Period] = field(default_factory=list)
    granted_until: date | None = None
    runs_until: date | None = None
    # Of all decisions, those after the as-of date too.
    term: date | None = None
    opened: date | None = None
    is_ended: bool = False

    def enter(self, state: str, day: date) -> None:
        """Be in a state from a day on; what was in force for no day at all has not been."""
        if self.periods:
            was, since, _ = self.periods.pop()
            if since < day:
                self.periods.append((was, since, day))
        self.periods.append((state, day, OPEN))

    def run_out(self, day: date) -> None:
        """Expire if the term has ended by a day."""
        if self.runs_until is not None and self.runs_until <= day:
            self.enter("expired", self.runs_until)
            self.runs_until = None

    def take(self, decision: Decision, day: date, years: int | None) -> None:
        """A decision taken by the as-of date."""
        self.n_taken += 1
        changes = decision.rank >= 5 or (self.highest < 5 and (decision.rank > 1 or self.highest == 1))
        if decision.rank == 2:
            self.granted_text = self.granted_text if self.highest >= 2 and self.granted_text else decision.text or None
        self.highest = max(self.highest, decision.rank)
        if not changes:
            return
        self.run_out(day)
        self.enter(EVENTS[decision.event][2], day)
        self.runs_until = None
        if decision.rank == 2 and years and decision.span:
            self.granted_until = max(self.granted_until or LONG_AGO, years_later(decision.last_day, years))
        if years and self.granted_until and 2 <= decision.rank <= 4:
            self.runs_until = years_later(day, years) if self.granted_until <= day else self.granted_until


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _stable(decision: Decision) -> int:
    scheme = SCHEMES[decision.scheme][1]
    text = f"{scheme}|{decision.edition}|N{decision.recipient}|{decision.thing}"
    return int(hashlib.md5(text.encode()).hexdigest()[:15], 16)


def lives_of(decisions: Sequence[Decision]) -> list[Life]:
    """What one recipient's decisions in one scheme come to, read one after the other."""
    openings = [d for d in decisions if d.rank <= 2]
    won = {d.award for d in openings if d.rank == 2}

    def award_of(award: tuple[str, str]) -> tuple[str, str]:
        if award in won:
            return award
        fitting = [w for w in won if w[0] == award[0] and "" in (w[1], award[1])]
        return fitting[0] if len(fitting) == 1 else award

    dated: dict[tuple[str, str], list[tuple[date, Decision]]] = defaultdict(list)
    for decision in decisions:
        if decision.rank <= 2:
            dated[award_of(decision.award)].append((decision.first_day, decision))
            continue
        open_then = [
            o
            for o in openings
            if (o.thing == decision.thing or "" in (o.thing, decision.thing)) and o.first_day <= decision.last_day
        ]
        best = min(open_then, key=partial(_distance, decision), default=None)
        award = award_of(best.award) if best else ("", decision.thing)
        dated[award].append((max(decision.first_day, best.first_day if best else LONG_AGO), decision))

    found: list[Life] = []
    for events in dated.values():
        found += _read(sorted(events, key=lambda e: (e[0], e[1].rank, e[1].last_day)))
    return [life for life in found if life.n_taken]


def _distance(decision: Decision, opening: Decision) -> tuple[bool, bool, int, int, int]:
    """How far an opening is from being what a later decision is about: the least of these is."""
    is_other_edition, is_other_thing = opening.edition != decision.edition, opening.thing != decision.thing
    return is_other_edition, is_other_thing, -opening.rank, -opening.first_day.toordinal(), _stable(opening)


def _read(events: Sequence[tuple[date, Decision]]) -> list[Life]:
    lives = [Life()]
    for day, decision in events:
        life = lives[-1]
        years = SCHEMES[decision.scheme][2]
        if decision.rank <= 2:
            ran_out = life.term is not None and life.opened is not None and life.opened < life.term <= day
            if life.is_ended or ran_out:
                life = Life()
                lives.append(life)
            life.opened = day
            if decision.rank == 2 and years and decision.span:
                life.term = max(life.term or LONG_AGO, years_later(decision.last_day, years))
        life.is_ended = life.is_ended or decision.rank >= 5
        if decision.span is None or decision.span[0] <= TODAY:
            life.take(decision, TODAY if day == OPEN else max(day, date(1900, 1, 1)), years)
    for life in lives:
        life.run_out(TODAY)
    return lives


# Few days, so that many decisions fall on one; texts of every precision and none.
DAYS = [f"{year}-{month:02}-{day:02}" for year in range(2003, 2027, 3) for month, day in ((1, 1), (5, 16), (12, 31))]
DATES = [*DAYS, *DAYS, *(day[:7] for day in DAYS), *(day[:4] for day in DAYS), ""]
# How often each event is decided.
WEIGHTS = [3, 4, 2, 2, 2, 1, 1]
RECIPIENTS = 400


@dataclass(frozen=True)
class Told:
    """A decision, the files of three that contain it, and its place in them."""

    decision: Decision
    files: frozenset[int]
    place: int


@st.composite
def recipients(draw: st.DrawFn) -> list[Told]:
    """The decisions on one recipient in one scheme, and how they are delivered."""
    scheme = draw(st.integers(0, len(SCHEMES) - 1))
    editions = draw(st.sampled_from([[""], ["", "第一批"], ["第一批", "第二批", "复核2023"]]))
    things = draw(st.sampled_from([[""], ["茶"], ["", "茶", "酒"]]))
    decisions = st.builds(
        Decision,
        st.just(scheme),
        st.sampled_from(editions),
        st.sampled_from([event for event, weight in enumerate(WEIGHTS) for _ in range(weight)]),
        st.sampled_from(DATES),
        st.just(""),
        st.sampled_from(things),
    )
    files = st.sampled_from([frozenset(one) for one in ({0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2})])
    return draw(
        st.lists(
            st.builds(Told, decisions, files, st.integers(0, 99)),
            min_size=1,
            max_size=9,
            unique_by=lambda told: told.decision,
        )
    )


def test_states_are_those_of_the_decisions_one_after_the_other(tmp_path: Path, example_seed: int) -> None:
    lives = drawn(recipients(), RECIPIENTS, example_seed)
    told = [
        replace(one, decision=replace(one.decision, recipient=f"R{number:05}"))
        for number, life in enumerate(lives)
        for one in life
    ]
    decisions = [one.decision for one in told]
    occur = Counter(EVENTS[decision.event][2] for decision in decisions)
    assert len(occur) == 6, occur
    assert min(occur.values()) >= RECIPIENTS // 20, occur
    assert sum(len(one.files) > 1 for one in told) >= RECIPIENTS // 2
    # In the order of their places, which is none of theirs.
    told.sort(key=lambda one: one.place)
    files = [[one.decision.row for one in told if number in one.files] for number in range(3)]
    home = Home(tmp_path / "lives")
    deliver(home, "recognition_list", {f"{i}.csv": csv_bytes([HEADER, *file]) for i, file in enumerate(files)})
    folder = build_models(home, "fct_recognition", "fct_recognition_state")

    built: dict[str, dict[object, tuple[object, ...]]] = defaultdict(dict)
    for name, key, granted, n_events, state, ended in rows(
        folder,
        "select recipient_name, recognition_key, granted_date_text, n_events, state, ended_month"
        " from star.fct_recognition where recognition_key <> -1",
    ):
        built[str(name)][key] = (granted, n_events, state, ended)
    periods: dict[object, list[Period]] = defaultdict(list)
    for key, state, since, until in rows(
        folder,
        "select recognition_key, state, valid_from, valid_to from star.fct_recognition_state order by valid_from",
    ):
        periods[key].append((str(state), since, until))

    by_recipient: dict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        by_recipient[decision.recipient].append(decision)
    wrong: list[str] = []
    for name, own in by_recipient.items():
        expected = sorted(
            (str(life.granted_text), life.n_taken, life.periods[-1][0], str(life.periods)) for life in lives_of(own)
        )
        got = sorted(
            (str(granted), n_events, state, str(periods[key]))
            for key, (granted, n_events, state, _) in built[name].items()
        )
        if got != expected:
            wrong.append("\n".join(map(str, [*own, "expected:", *expected, "found:", *got])))
    again = f"to draw the same again: --hypothesis-seed={example_seed}"
    assert not wrong, f"{len(wrong)} of {len(by_recipient)} differ ({again}); the shortest:\n{min(wrong, key=len)}"
