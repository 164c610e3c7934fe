"""All that the oracle counts of a home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from tests.oracle import credit, indicators, inspections, lives, marks, recognitions, stock, strength, targets
from tests.oracle.firms import Firms
from tests.oracle.places import Provinces


@dataclass(frozen=True)
class Oracle:
    """What the files that a home received state, as of a day, about the enterprises that a release distinguishes."""

    home: Path
    as_of: date
    firms: Firms

    @cached_property
    def marks(self) -> marks.Marks:
        return marks.marks(self.home)

    @cached_property
    def stock(self) -> stock.Stock:
        return stock.stock(self.marks, self.firms, self.as_of)

    @cached_property
    def provinces(self) -> Provinces:
        return Provinces(self.home)

    @cached_property
    def progress(self) -> targets.Progress:
        samples = self.food + self.products
        return targets.Progress(self.as_of, self.recognitions, self.marks, samples, self.firms, self.provinces)

    @cached_property
    def months(self) -> dict[targets.Target, dict[date, targets.Measured | None]]:
        return {target: self.progress.months(target) for target in targets.targets()}

    @cached_property
    def food(self) -> list[inspections.Sample]:
        return list(inspections.samples(self.home, "samr_food_sampling").values())

    @cached_property
    def products(self) -> list[inspections.Sample]:
        return list(inspections.samples(self.home, "product_spot_check").values())

    @cached_property
    def notifications(self) -> dict[str, tuple[date, str, int]]:
        return inspections.notifications(self.home)

    @cached_property
    def recalls(self) -> dict[str, date]:
        return inspections.recalls(self.home)

    @cached_property
    def events(self) -> list[recognitions.Event]:
        return recognitions.events(self.home)

    @cached_property
    def recognitions(self) -> list[lives.Recognition]:
        return lives.recognitions(self.events, self.as_of)

    @cached_property
    def reported(self) -> dict[tuple[str, str, str, str], indicators.Reported]:
        return indicators.reported(self.home)

    @cached_property
    def points(self) -> list[credit.Point]:
        return credit.points(self.food + self.products, self.recognitions, self.firms, self.as_of)

    @cached_property
    def credit_scores(self) -> dict[int, tuple[float, int, int]]:
        return credit.scores(self.food + self.products, self.recognitions, self.points, self.firms, self.as_of)

    @cached_property
    def measures(self) -> strength.Measures:
        return strength.measures(
            strength.Evidence(
                self.as_of,
                self.firms,
                self.recognitions,
                {event.scheme for event in self.events},
                self.food + self.products,
                self.points,
                self.marks,
            )
        )

    @cached_property
    def pillars(self) -> strength.Scores:
        return strength.pillars(self.measures)
