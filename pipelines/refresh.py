"""The refresh as the command line runs it: Dagster's own job in this process, unless there is nothing to do.

What costs seconds to import (Dagster, dbt, Great Expectations) is imported only once it is known that something is new.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.build.dbt_runner import import_dbt
from pipelines.build.inputs import inputs_hash
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.errors import GateRefused, TouchstoneError, UsageError
from pipelines.gates.process import GatesApart
from pipelines.orchestration.progress import Progress, SilentProgress
from pipelines.parsing.parse import pending
from pipelines.receiving import addresses
from pipelines.receiving import fetch as fetching
from pipelines.receiving.fetch import Fetched
from pipelines.receiving.landing import has_landed
from pipelines.receiving.manifest import accepted, manifests
from pipelines.releases.release import Release, current_release
from pipelines.state.database import memory_limit, threads
from pipelines.state.home import PROJECT_ROOT, Home, business_today
from pipelines.state.lock import exclusive

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult

RUN_TAG = "touchstone/refresh"


@dataclass(frozen=True)
class Outcome:
    """How a refresh ended: the release now current (None before the first), and whether this refresh published it."""

    release: Release | None
    published: bool


def refresh(
    home: Home,
    as_of: date | None = None,
    sources: list[str] | None = None,
    full: bool = False,
    progress: Progress | None = None,
    backfill: tuple[date, date] | None = None,
) -> Outcome:
    """Fetch, receive, parse, gate, build, gate and publish, where anything is new.

    `as_of` is the business date, by default today in Asia/Shanghai; `sources` restricts what is received and parsed,
    while the build uses the whole lake; `full` parses and builds everything again; `backfill` names the first and last
    day to be fetched from dated addresses in place of the last days.

    Raises GateRefused when a check refused, or when every delivery was refused and nothing could be released;
    UsageError for an unknown source or an unusable declaration; TouchstoneError for a fault or while another refresh
    is running. The current release is untouched by all of these. An address that could not be fetched is told, and no
    reason to stop; with `backfill`, or where nothing could be released for want of it, TouchstoneError says so at the
    end.
    """
    progress = progress or SilentProgress()
    declared = load_sources()
    unknown = sorted(set(sources or ()) - declared.keys())
    if unknown:
        raise UsageError(f"no source {unknown[0]}; declared are {', '.join(declared)}")
    as_of = as_of or business_today()
    os.environ["TOUCHSTONE_HOME"] = str(home.root)
    with exclusive(home):
        fetched = _fetch(home, declared, sources, as_of, backfill, progress)
        current = current_release(home)
        if not full and _nothing_to_do(home, declared, sources, as_of, current):
            outcome = _ended(home, current, current, progress, [])
        else:
            outcome = _run(home, declared, as_of, sources or [], full, current, progress, fetched)
        n_failed = sum(one.outcome == "failed" for one in fetched)
        if n_failed and (backfill is not None or outcome.release is None):
            what = "days could not be backfilled" if backfill is not None else "addresses could not be fetched"
            raise TouchstoneError(f"{n_failed} of {len(fetched)} {what}; see the lines above, and try again")
        return outcome


def _fetch(
    home: Home,
    declared: Mapping[str, Source],
    selected: list[str] | None,
    as_of: date,
    backfill: tuple[date, date] | None,
    progress: Progress,
) -> list[Fetched]:
    """Fetch from the addresses of the sources asked for, if any has one; tell of each that failed."""
    addresses.refuse_unknown_sources(home, declared)
    of_source = {
        source_id: addresses.backfill(found, *backfill) if backfill else addresses.nightly(found, as_of)
        for source_id, source in declared.items()
        if not selected or source_id in selected
        for found in [addresses.remotes(home, source)]
    }
    if backfill is not None and not any(of_source.values()):
        raise UsageError(
            f"no address has a file by the day from {backfill[0]} to {backfill[1]}; declare one with {{date:...}} and"
            f" `since` in {home.remotes} (see sources/README.md)"
        )
    outcomes: list[Fetched] = []
    for source_id, due in of_source.items():
        if not due:
            continue
        with progress.step("fetch", source_id) as step:
            found = fetching.fetch(home, declared[source_id], due, step.report)
            counts = Counter(one.outcome for one in found)
            step.report(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
        for one in found:
            if one.outcome == "failed":
                progress.refused(one.line)
        outcomes += found
    return outcomes


def _nothing_to_do(
    home: Home, declared: Mapping[str, Source], selected: list[str] | None, as_of: date, current: Release | None
) -> bool:
    """Whether nothing has landed, nothing is to be parsed, and there is nothing to build, or it is released already."""
    asked = [source for source_id, source in declared.items() if not selected or source_id in selected]
    if any(has_landed(home, source) for source in asked) or any(pending(home, source) for source in asked):
        return False
    every = {source_id: manifests(home, source_id) for source_id in declared}
    if not any(accepted(of_source) for of_source in every.values()):
        return True
    return current is not None and current.inputs_hash == inputs_hash(home, as_of, declared, every)


def _ended(
    home: Home, before: Release | None, current: Release | None, progress: Progress, refused: list[str]
) -> Outcome:
    """The outcome of a refresh in which no check and no step failed."""
    if current is None:
        if refused:
            raise GateRefused(
                f"{len(refused)} deliveries were refused and no other was accepted: nothing can be released;"
                f" mend the files and put them into {home.root / 'landing'} again"
            )
        progress.say(f"Nothing to release: no delivery yet; put files into {home.root / 'landing'}/<source>/")
        return Outcome(None, published=False)
    if before is not None and current.release_id == before.release_id:
        progress.say(f"Nothing new: release {current.release_id} is current")
        return Outcome(current, published=False)
    n_rows = sum(current.tables.values())
    progress.say(f"Released {current.release_id}: {len(current.tables)} tables, {n_rows:,} rows, as of {current.as_of}")
    return Outcome(current, published=True)


class _Told:
    """Progress that also remembers what was refused."""

    def __init__(self, progress: Progress) -> None:
        self.step = progress.step
        self.say = progress.say
        self._refused = progress.refused
        self.lines: list[str] = []

    def refused(self, line: str) -> None:
        """Tell of a refusal once, also where receiving and parsing both met it."""
        if line not in self.lines:
            self.lines.append(line)
            self._refused(line)


def _run(
    home: Home,
    declared: Mapping[str, Source],
    as_of: date,
    selected: list[str],
    full: bool,
    before: Release | None,
    progress: Progress,
    fetched: list[Fetched],
) -> Outcome:
    """Run the job `nightly_refresh` in this process and tell how it ended."""
    told = _Told(progress)
    with _logged_to_file(home) as logger, GatesApart(home) as gates, _instance(home) as instance, _dbt_imported():
        with progress.step("start", "dagster") as step:
            step.report(f"DuckDB may use {memory_limit()}, {threads()} threads")
            from dagster import LoggerDefinition, RunConfig

            from pipelines.definitions import assemble
            from pipelines.orchestration.assets.receiving import remote_events
            from pipelines.orchestration.jobs import NIGHTLY_REFRESH
            from pipelines.orchestration.resources import RefreshSettings

            loggers = {"console": LoggerDefinition(lambda _: logger)}
            definitions = assemble(home, told, gates, declared, loggers=loggers)
            job = definitions.resolve_job_def(NIGHTLY_REFRESH)
            _forget_killed_runs(instance)
            for source_id in sorted({one.source_id for one in fetched}):
                received = [one for one in fetched if one.source_id == source_id and one.outcome == "received"]
                for event in remote_events(declared[source_id], received):
                    instance.report_runless_asset_event(event)
        settings = RefreshSettings(as_of=as_of.isoformat(), sources=selected, full=full, fetch=False)
        result = job.execute_in_process(
            run_config=RunConfig(resources={"settings": settings}, loggers={"console": {}}),
            instance=instance,
            raise_on_error=False,
            tags={RUN_TAG: "command line"},
        )
    if result.success:
        return _ended(home, before, current_release(home), progress, told.lines)
    raise _failure(home, result, before, told)


def _failure(home: Home, result: ExecuteInProcessResult, before: Release | None, told: Progress) -> TouchstoneError:
    """What stopped the run, told in one line; each failed check of a gate is told in a line of its own."""
    from pipelines.orchestration.checks import lines

    failed_checks: list[str] = []
    faults: list[tuple[type[TouchstoneError], str]] = []
    details: list[str] = []
    for event in result.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed and evaluation.severity.value == "ERROR":
                failed_checks += lines(evaluation)
        elif event.event_type_value == "STEP_FAILURE":
            error = event.step_failure_data.error
            if error is None:
                continue
            details.append(error.to_string())
            while error.cause is not None and error.cls_name not in _OWN_ERRORS:
                error = error.cause
            if error.cls_name in _GATES_OWN:
                continue
            text = " ".join(error.message.split()).split(": ", 1)[-1]
            kind = _OWN_ERRORS.get(error.cls_name or "", TouchstoneError)
            named = error.cls_name in _OWN_ERRORS
            faults.append((kind, text if named else f"{event.step_key}: {error.cls_name}: {text}"))
    stays = f"release {before.release_id} stays current" if before else "nothing is released"
    left = f"see {home.runs / result.run_id}"
    for line in failed_checks:
        told.refused(line)
    failure: TouchstoneError
    if faults:
        kind, text = faults[0]
        failure = kind(f"{text}; {stays}; {left} and {_log_path(home)}")
    else:
        count = "1 check" if len(failed_checks) == 1 else f"{len(failed_checks)} checks"
        failure = GateRefused(f"{count} failed and nothing was published; {stays}; {left}")
    for detail in details:
        failure.add_note(detail)
    return failure


# These end a step whose failed checks have been told already.
_GATES_OWN = ("GateRefused", "DagsterAssetCheckFailedError")
_OWN_ERRORS: Mapping[str, type[TouchstoneError]] = {
    "TouchstoneError": TouchstoneError,
    "UsageError": UsageError,
    "CheckCannotRun": TouchstoneError,
    "GateRefused": GateRefused,
    "CorrectionOutdated": GateRefused,
}


@contextmanager
def _instance(home: Home) -> Iterator[DagsterInstance]:
    """Dagster's instance as dagster.yaml sets it up: the one that `dg dev` shows."""
    os.environ.update(DO_NOT_TRACK="1", DBT_SEND_ANONYMOUS_USAGE_STATS="false", GX_ANALYTICS_ENABLED="false")
    from dagster import DagsterInstance
    from dagster._core.instance.ref import InstanceRef

    home.dagster.mkdir(parents=True, exist_ok=True)
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(home.dagster), config_dir=str(PROJECT_ROOT))) as instance:
        yield instance


def _forget_killed_runs(instance: DagsterInstance) -> None:
    """End the runs of killed refreshes, whose claim on the warehouse's slot would keep this one waiting for ever.

    While this process holds the home's lock, no other refresh can be alive.
    """
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    for run in instance.get_runs(RunsFilter(statuses=unfinished, tags={RUN_TAG: "command line"})):
        instance.report_run_failed(run, "The process of this refresh was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


@contextmanager
def _dbt_imported() -> Iterator[None]:
    """Import dbt while files are parsed, which is mostly done outside Python, and the gates judge in their process."""
    with ThreadPoolExecutor(1, thread_name_prefix="import") as pool:
        # A module that cannot be imported says so where it is used.
        pool.submit(import_dbt)
        yield


def _log_path(home: Home) -> Path:
    return home.dagster / "refresh.log"


@contextmanager
def _logged_to_file(home: Home) -> Iterator[logging.Logger]:
    """A logger for Dagster; what libraries log and warn of goes to the same file, not to the terminal."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(_log_path(home), maxBytes=5_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    logging.captureWarnings(True)
    logger = logging.getLogger("touchstone.refresh")
    logger.setLevel(logging.INFO)
    try:
        yield logger
    finally:
        logging.captureWarnings(False)
        root.handlers = before
        handler.close()
