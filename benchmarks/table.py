"""The table that a run prints: one row per comparison, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_HEADS = ("what", "measured", "baseline", "ratio", "target", "met")


@dataclass(frozen=True)
class Row:
    """One comparison; `is_met` is None where there is no target."""

    what: str
    measured: str
    baseline: str = "-"
    ratio: str = "-"
    target: str = "-"
    is_met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells in the table's order."""
        verdict = {True: "yes", False: "no", None: "-"}[self.is_met]
        return (self.what, self.measured, self.baseline, self.ratio, self.target, verdict)


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [_HEADS, tuple("---" for _ in _HEADS), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def megabytes(n_bytes: float) -> str:
    """Bytes as decimal megabytes."""
    return f"{n_bytes / 1e6:,.0f} MB"


def seconds(value: float) -> str:
    """Seconds with two digits after the point below 10, one below 100, else none."""
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s" if value < 100 else f"{value:,.0f} s"
