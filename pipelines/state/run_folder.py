"""runs/<run>: what a run builds and what its gates decide."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.errors import TouchstoneError
from pipelines.state.home import Home

KEPT_FAILED_RUNS = 3


@dataclass(frozen=True)
class CheckRecord:
    """The result of one check of a gate.

    For a failure, `line` gives what, where and the remedy in one line. `override_reason` is why a failure does not
    stop this release; None where it does.
    """

    gate: str
    source_id: str | None
    table: str
    name: str
    severity: str
    passed: bool
    observed: str | None = None
    expected: str | None = None
    line: str | None = None
    override_reason: str | None = None
    checked_at: str = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None).isoformat())

    @property
    def full_name(self) -> str:
        """The name that `--override` takes: `source/check` for the load gate."""
        return f"{self.source_id}/{self.name}" if self.source_id else self.name

    @property
    def stops_release(self) -> bool:
        """Whether nothing may be published: a failure of severity error that nobody overrode."""
        return not self.passed and self.severity == "error" and self.override_reason is None


@dataclass(frozen=True)
class BuildInputs:
    """What a run builds from, fixed once, so that every later step uses the same, also across midnight."""

    as_of: date
    inputs_hash: str
    deliveries: Mapping[str, list[str]]


@dataclass(frozen=True)
class RunFolder:
    """runs/<run>: the work database, the candidate and the checks of every gate, until the release or a refusal."""

    root: Path

    @classmethod
    def of(cls, home: Home, run_id: str) -> RunFolder:
        """The folder of a run, created where it is missing."""
        folder = cls(home.runs / run_id)
        folder.root.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def work(self) -> Path:
        return self.root / "work.duckdb"

    @property
    def candidate(self) -> Path:
        return self.root / "candidate.duckdb"

    @property
    def spill(self) -> Path:
        return self.root / "spill"

    def save_checks(self, gate: str, checks: Iterable[CheckRecord], deliveries: Iterable[str] = ()) -> None:
        """Save the checks of a gate, and the deliveries (SHA-256) that it judged."""
        path = self.root / "gates" / f"{gate}.json"
        path.parent.mkdir(exist_ok=True)
        content = {"deliveries": sorted(deliveries), "checks": [asdict(check) for check in checks]}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    def checks(self) -> list[CheckRecord]:
        """Every check saved so far."""
        return [
            CheckRecord(**check)
            for path in sorted((self.root / "gates").glob("*.json"))
            for check in json.loads(path.read_text(encoding="utf-8"))["checks"]
        ]

    def judged_deliveries(self, gate: str) -> list[str] | None:
        """The deliveries that a gate judged in this run; None when it did not run."""
        path = self.root / "gates" / f"{gate}.json"
        if not path.exists():
            return None
        deliveries: list[str] = json.loads(path.read_text(encoding="utf-8"))["deliveries"]
        return deliveries

    def save_inputs(self, inputs: BuildInputs) -> None:
        """Fix the inputs of this run's build."""
        content = {**asdict(inputs), "as_of": inputs.as_of.isoformat()}
        (self.root / "inputs.json").write_text(json.dumps(content, indent=1), encoding="utf-8")

    def inputs(self) -> BuildInputs:
        """The inputs fixed for this run.

        Raises TouchstoneError when this run prepared none, as when one asset is materialised by itself.
        """
        path = self.root / "inputs.json"
        if not path.exists():
            raise TouchstoneError(
                f"{self.root}: this run prepared no build; a candidate is built and released within one run:"
                " materialise all assets, or run `touchstone refresh`"
            )
        raw = json.loads(path.read_text(encoding="utf-8"))
        return BuildInputs(date.fromisoformat(raw["as_of"]), raw["inputs_hash"], raw["deliveries"])

    def remove(self) -> None:
        """Remove the folder, for a run that succeeded leaves nothing to inspect."""
        shutil.rmtree(self.root, ignore_errors=True)


def prune_runs(home: Home) -> None:
    """Keep the newest failed runs for inspection and remove the rest. Call it only while the home's lock is held."""
    if not home.runs.is_dir():
        return
    folders = [path for path in home.runs.iterdir() if path.is_dir() and not path.name.startswith(".")]
    unfinished = [path for path in folders if path.name.startswith("parse-")]
    runs = sorted((path for path in folders if path not in unfinished), key=lambda path: path.stat().st_mtime)
    for path in [*unfinished, *runs[: -KEPT_FAILED_RUNS or None]]:
        shutil.rmtree(path)
