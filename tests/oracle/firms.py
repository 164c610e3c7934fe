"""Which enterprise a name means and where it sits: all that the oracle takes from a release.

Names are printed in many ways, and who is who is decided by evidence and by declarations that no plain reading repeats;
tests of its own measure that resolution. Its tables are taken as they are: the enterprise of each name received
(bridge_enterprise_name), the credit code and seat of each enterprise through time (dim_enterprise), and the province
and city of a seat (dim_region).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from tests.oracle.files import plain

UNKNOWN = -1
_PROVINCE = re.compile(
    "^(北京|天津|上海|重庆)市|^([^省市区]{2,3})省|^(内蒙古|西藏|广西|宁夏|新疆)(?:壮族|回族|维吾尔)?自治区"
)


@dataclass(frozen=True)
class Seat:
    """The region in which an enterprise is in a half-open period."""

    region: int
    start: date
    end: date


class Firms:
    """Enterprises by name as received and by credit code, with their seats; regions with the codes around them."""

    def __init__(
        self,
        names: Iterable[tuple[str, int]],
        codes: Iterable[tuple[str, int]],
        seats: Iterable[tuple[int, int, date, date]],
        regions: Iterable[tuple[int, str]],
    ) -> None:
        self._names = {bare_name(name): enterprise for name, enterprise in names}
        self._codes = dict(codes)
        self._within: dict[str, set[int]] = defaultdict(set)
        for region, code in regions:
            self._within[code].add(region)
        self._seats: dict[int, list[Seat]] = defaultdict(list)
        for enterprise, region, start, end in sorted(seats, key=lambda seat: seat[:1] + seat[2:]):
            self._seats[enterprise].append(Seat(region, start, end))
        # Before its first record and after its last an enterprise is where these have it.
        for own in self._seats.values():
            own[0] = replace(own[0], start=date.min)
            own[-1] = replace(own[-1], end=date.max)

    def of(self, name: str, code: str = "") -> int:
        """The enterprise of a credit code, else of a name; UNKNOWN if there is none."""
        return self._codes.get(code) or self._names.get(bare_name(name), UNKNOWN)

    def of_owner(self, name: str) -> int:
        """The enterprise of a mark's owner, before whose name Taiwan's gazette prints its country (日商, 大陸商)."""
        found = self.of(name)
        return self.of(name.partition("商")[2]) if found == UNKNOWN and "商" in name[:12] else found

    def region(self, enterprise: int, when: date) -> int:
        """The region in which an enterprise was on a day."""
        return next((seat.region for seat in self._seats.get(enterprise, []) if when < seat.end), UNKNOWN)

    def periods_within(self, enterprise: int, code: str) -> list[tuple[date, date]]:
        """The periods in which an enterprise was in the province or city of a code."""
        within = self._within[code]
        return [(seat.start, seat.end) for seat in self._seats.get(enterprise, []) if seat.region in within]


@cache
def bare_name(name: str) -> str:
    """A name without width, script, case, punctuation, the variant of its legal form and the word of its province."""
    letters = re.sub(r"[\W_]", "", plain(name))
    letters = letters.replace("有限责任公司", "有限公司").replace("股份公司", "股份有限公司")
    return _PROVINCE.sub(lambda found: found[1] or found[2] or found[3], letters)
