"""The province or city of an address or an office's name, by the received list of GB/T 2260 codes."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from tests.oracle.files import plain, records, sheets

_COLUMNS = {
    "code": ["代码", "code"],
    "name": ["名称", "name"],
}
_KINDS = re.compile("(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$")


class Provinces:
    """Provinces by the names that addresses open with: their own, else that of a city or county of one province."""

    def __init__(self, home: Path) -> None:
        self._names: dict[str, set[str]] = defaultdict(set)
        self._cities: dict[str, set[str]] = defaultdict(set)
        for code, name in _codes(home):
            self._names[name].add(code[:2])
            if code.endswith("0000"):
                self._names[_KINDS.sub("", name)].add(code[:2])
                continue
            if code.endswith("00"):
                self._cities[code].add(re.sub("市$|地区$", "", name))
        self._longest = max(map(len, self._names), default=0)

    def of(self, text: str) -> str:
        """The province's code; an empty text where none is known."""
        place = re.sub(r"^.*受委托[^::]*[::]|^中国|^[^::]*[地住]址[::]", "", plain(text))
        for length in range(min(self._longest, len(place)), 1, -1):
            provinces = self._names.get(place[:length], set())
            if len(provinces) == 1:
                return f"{next(iter(provinces))}0000"
        return ""

    def is_within(self, text: str, code: str) -> bool:
        """Whether a place is in the province or city of a code; a city is named after its province."""
        if code.endswith("0000"):
            return self.of(text) == code
        return self.of(text)[:2] == code[:2] and any(city in plain(text) for city in self._cities[code])


def _codes(home: Path) -> list[tuple[str, str]]:
    return [
        (row["code"], plain(row["name"]))
        for sheet in sheets(home, "region_codes")
        for row in records(sheet, _COLUMNS, ["code"])
        if re.fullmatch(r"\d{6}", row["code"]) and len(row.get("name", "")) > 1
    ]
