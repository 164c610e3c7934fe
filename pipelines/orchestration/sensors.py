"""Sensors: a refresh when files have landed and no longer change."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from pipelines.contract.declarations import Source
from pipelines.orchestration.jobs import nightly_refresh
from pipelines.state.home import Home

INTERVAL_SECONDS = 60


def landing_sensor(home: Home, sources: Mapping[str, Source]) -> dg.SensorDefinition:
    """A sensor that asks for one refresh per set of landed files, once two looks in a row saw the same files."""

    @dg.sensor(
        name="landing_sensor",
        job=nightly_refresh,
        minimum_interval_seconds=INTERVAL_SECONDS,
        description="Refreshes when files are in landing/ and did not change between two looks; the schedule does"
        " without it, so it is off until switched on",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return evaluate(context.cursor, landed(home, sources))

    return look


def landed(home: Home, sources: Mapping[str, Source]) -> dict[str, tuple[int, int]]:
    """Size in bytes and time of change (ns) of every file in the landing folders."""
    landed: dict[str, tuple[int, int]] = {}
    for source_id in sources:
        for path in home.landing(source_id).rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                status = path.stat()
                landed[str(Path(source_id) / path.relative_to(home.landing(source_id)))] = (
                    status.st_size,
                    status.st_mtime_ns,
                )
    return landed


def evaluate(cursor: str | None, files: Mapping[str, tuple[int, int]]) -> dg.SensorResult | dg.SkipReason:
    """What to do on seeing these files, given what the cursor remembers of the look before."""
    before = json.loads(cursor) if cursor else {}
    if not files:
        return dg.SkipReason("Nothing has landed")
    seen = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
    if seen == before.get("requested"):
        return dg.SkipReason("A refresh of these files has been asked for already")
    if seen != before.get("seen"):
        return dg.SensorResult(skip_reason="Files are still arriving", cursor=json.dumps({**before, "seen": seen}))
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=seen)], cursor=json.dumps({"seen": seen, "requested": seen})
    )
