"""The data that is measured: simulated deliveries, and homes with them in landing folders or archive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from pipelines.contract.loading import load_sources
from pipelines.lake.aliases import ALIASES
from pipelines.parsing.encoding import detect, to_utf8
from pipelines.receiving.landing import receive
from pipelines.simulation.nights import night_date
from pipelines.simulation.simulate import simulate
from pipelines.state.home import Home

# How often the records of a delivery are repeated, to test whether memory grows with the size of a file.
ENLARGED = 8
# A smaller CSV file would be read in less time than a run needs to start.
CSV_BYTES = 80_000_000
_BLOCK = 8 << 20


@dataclass(frozen=True)
class BenchmarkWorld:
    """Simulated deliveries of `scale` thousand marks in `data`; everything made from them is in `scratch`."""

    scale: float
    data: Path
    scratch: Path

    @property
    def as_of(self) -> date:
        """The business date of the deliveries."""
        return night_date(1)

    @property
    def deliveries(self) -> Path:
        """The folder with a folder of files per source."""
        return self.data / "night_0001"

    @property
    def n_marks(self) -> int:
        """How many trademarks the deliveries contain."""
        return round(self.scale * 1000)

    def environment(self, home: Path) -> dict[str, str]:
        """Environment variables for a command on that home."""
        return {**os.environ, "TOUCHSTONE_HOME": str(home)}

    def log(self, name: str) -> Path:
        """The file for the output of a command."""
        return self.scratch / f"{name}.log"

    def landed(self, name: str) -> Path:
        """A new home with every delivery in its landing folders."""
        home = self.scratch / name
        if home.exists():
            shutil.rmtree(home)
        for path in self.deliveries.rglob("*"):
            if path.is_file():
                _link(path, home / "landing" / path.relative_to(self.deliveries))
        _link(self.data / ALIASES, home / ALIASES)
        return home

    def received(self, source_id: str, delivery: Path) -> Path:
        """A home whose archive contains only that delivery."""
        home = self.scratch / f"home-{source_id}-{delivery.stem}"
        if not home.exists():
            _link(delivery, home / "landing" / source_id / delivery.name)
            receive(Home(home), load_sources()[source_id], lambda _, __: None)
        return home

    @cached_property
    def uspto_file(self) -> Path:
        """The largest USPTO delivery."""
        return max((self.deliveries / "uspto_trademark").iterdir(), key=lambda path: path.stat().st_size)

    @cached_property
    def enterprise_file(self) -> Path:
        """The enterprise register's delivery in UTF-8, the only encoding that DuckDB reads without extensions."""
        (received,) = (self.deliveries / "enterprise_register").iterdir()
        encoding = detect(received, ["utf-8", "gb18030"])
        target = self.scratch / "enterprises.csv"
        if encoding == "utf-8":
            _link(received, target)
        else:
            to_utf8(received, encoding, target)
        return target

    @cached_property
    def large_uspto_file(self) -> Path:
        """One file with the records of the largest USPTO delivery, ENLARGED times."""
        return _enlarged(self.uspto_file, b"<case-file>", b"</case-file>", self.scratch / "large.xml", ENLARGED)

    @cached_property
    def large_enterprise_file(self) -> Path:
        """One file with the records of the enterprise register, ENLARGED times."""
        return _enlarged(self.enterprise_file, b"\n", b"\n", self.scratch / "large.csv", ENLARGED)

    @cached_property
    def long_enterprise_file(self) -> Path:
        """One file with the records of the enterprise register, repeated until it has about CSV_BYTES."""
        times = CSV_BYTES // self.enterprise_file.stat().st_size + 1
        return _enlarged(self.enterprise_file, b"\n", b"\n", self.scratch / "long.csv", times)


def simulated(scale: float, data: Path, scratch: Path) -> BenchmarkWorld:
    """The world of that scale; it is simulated into a folder of `data` unless that exists."""
    folder = data / f"world-{scale:g}"
    if not folder.exists():
        unfinished = data / f"world-{scale:g}.partial"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        simulate(unfinished, scale)
        unfinished.rename(folder)
    return BenchmarkWorld(scale, folder, scratch)


def _link(source: Path, target: Path) -> None:
    """Link the file under another name, or copy it where that is on another file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _enlarged(path: Path, opening: bytes, closing: bytes, target: Path, times: int) -> Path:
    """Write the file with the part from the first `opening` to the last `closing` repeated so many times."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        start = head.index(opening) + (len(opening) if opening == closing else 0)
        file.seek(max(0, size - _BLOCK))
        tail = file.read()
        end = size - len(tail) + tail.rindex(closing) + len(closing)
        with target.open("wb") as enlarged:
            enlarged.write(head[:start])
            for _ in range(times):
                for block in _blocks(path, start, end):
                    enlarged.write(block)
            file.seek(end)
            enlarged.write(file.read())
    return target


def _blocks(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a file from `start` to `end`."""
    with path.open("rb") as file:
        file.seek(start)
        while (remaining := end - file.tell()) > 0:
            yield file.read(min(remaining, _BLOCK))
