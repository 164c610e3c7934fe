"""The refresh as the command line runs it: Dagster's own job in this process, unless there is nothing to do.

What costs seconds to import (Dagster, dbt, Great Expectations) is imported only once it is known that something is new.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from pipelines.build.dbt_runner import import_dbt
from pipelines.build.inputs import inputs_hash
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.errors import GateRefused, TouchstoneError, UsageError
from pipelines.gates.overrides import Overrides, overridable_checks, read_overrides
from pipelines.gates.process import SubprocessGates
from pipelines.orchestration.progress import Progress, SilentProgress
from pipelines.orchestration.run_log import logged_to_file
from pipelines.parsing.parse import pending
from pipelines.receiving import addresses
from pipelines.receiving import fetch as fetching
from pipelines.receiving.fetch import Fetched
from pipelines.receiving.landing import has_landed
from pipelines.receiving.manifest import accepted, manifests
from pipelines.releases.release import Release, current_release
from pipelines.state.database import memory_limit, threads
from pipelines.state.home import Home, business_today
from pipelines.state.lock import refresh_lock


@dataclass(frozen=True)
class RefreshResult:
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
    override: Sequence[str] = (),
    reason: str = "",
) -> RefreshResult:
    """Fetch, receive, parse, gate, build, gate and publish, where anything is new.

    `as_of` is the business date, by default today in Asia/Shanghai; `sources` restricts what is received and parsed,
    while the build uses the complete lake; `full` parses and builds everything again; `backfill` names the first and
    last day to be fetched from dated addresses in place of the last days; `override` names checks whose failure does
    not stop this release, for `reason`.

    Raises GateRefused when a check refused, or when every delivery was refused and nothing could be released;
    UsageError for an unknown source, an override that is not possible or an unusable declaration; TouchstoneError for
    an error or while another refresh is running. The current release is untouched by all of these. An address that
    could not be fetched is reported and stops nothing; with `backfill`, or where nothing could be released without it,
    TouchstoneError reports it at the end.
    """
    progress = progress or SilentProgress()
    declared = load_sources()
    unknown = sorted(set(sources or ()) - declared.keys())
    if unknown:
        raise UsageError(f"no source {unknown[0]}; declared are {', '.join(declared)}")
    overrides = read_overrides(override, reason, overridable_checks(declared.values()) if override else ())
    as_of = as_of or business_today()
    os.environ["TOUCHSTONE_HOME"] = str(home.root)
    with refresh_lock(home):
        fetched = _fetch(home, declared, sources, as_of, backfill, progress)
        current = current_release(home)
        if not full and _nothing_to_do(home, declared, sources, as_of, current):
            outcome = _ended(home, current, current, progress, [])
        else:
            outcome = _run(home, declared, as_of, sources or [], full, current, progress, fetched, overrides)
        _report_overrides(outcome, overrides, progress)
        n_failed = sum(address.outcome == "failed" for address in fetched)
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
    """Fetch from the addresses of the sources asked for, if any has one; report each that failed."""
    addresses.refuse_unknown_sources(home, declared)
    of_source = {
        source_id: addresses.backfill(declared_addresses, *backfill)
        if backfill
        else addresses.nightly(declared_addresses, as_of)
        for source_id, source in declared.items()
        if not selected or source_id in selected
        for declared_addresses in [addresses.remotes(home, source)]
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
            results = fetching.fetch(home, declared[source_id], due, step.report)
            counts = Counter(result.outcome for result in results)
            step.report(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
        for result in results:
            if result.outcome == "failed":
                progress.refused(result.line)
        outcomes += results
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
) -> RefreshResult:
    """The outcome of a refresh in which no check and no step failed."""
    if current is None:
        if refused:
            raise GateRefused(
                f"{len(refused)} deliveries were refused and no other was accepted: nothing can be released;"
                f" correct the files and put them into {home.root / 'landing'} again"
            )
        progress.say(f"Nothing to release: no delivery yet; put files into {home.root / 'landing'}/<source>/")
        return RefreshResult(None, published=False)
    if before is not None and current.release_id == before.release_id:
        progress.say(f"Nothing new: release {current.release_id} is current")
        return RefreshResult(current, published=False)
    n_rows = sum(current.tables.values())
    progress.say(f"Released {current.release_id}: {len(current.tables)} tables, {n_rows:,} rows, as of {current.as_of}")
    return RefreshResult(current, published=True)


def _report_overrides(outcome: RefreshResult, overrides: Overrides, progress: Progress) -> None:
    """A line for each override: what the check found, or that the override was not needed."""
    applied = outcome.release.overrides if outcome.release is not None and outcome.published else ()
    for override in applied:
        progress.say(
            f"Overridden: {override.check}: found {override.observed}, expected {override.expected};"
            f" reason: {override.reason}"
        )
    for check in sorted(overrides.checks - {override.check for override in applied}):
        why = "the check passed" if outcome.published else "nothing was published"
        progress.say(f"Override not needed: {check}: {why}; it is not recorded")


class _CollectedRefusals:
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
    overrides: Overrides,
) -> RefreshResult:
    """Run the job `nightly_refresh` in this process; returns or raises how it ended."""
    refusals = _CollectedRefusals(progress)
    os.environ.update(DO_NOT_TRACK="1", DBT_SEND_ANONYMOUS_USAGE_STATS="false", GX_ANALYTICS_ENABLED="false")
    with logged_to_file(home) as logger, SubprocessGates(home) as gates:
        from pipelines.orchestration.run_history import RUN_TAG, forget_killed_runs, home_instance

        with home_instance(home) as instance, _dbt_imported():
            with progress.step("start", "dagster") as step:
                step.report(f"DuckDB may use {memory_limit()}, {threads()} threads")
                from dagster import LoggerDefinition, RunConfig

                from pipelines.definitions import assemble
                from pipelines.orchestration.assets.receiving import remote_events
                from pipelines.orchestration.jobs import NIGHTLY_REFRESH
                from pipelines.orchestration.resources import RefreshSettings

                loggers = {"console": LoggerDefinition(lambda _: logger)}
                definitions = assemble(home, refusals, gates, declared, loggers=loggers)
                job = definitions.resolve_job_def(NIGHTLY_REFRESH)
                forget_killed_runs(instance)
                for source_id in sorted({one.source_id for one in fetched}):
                    received = [one for one in fetched if one.source_id == source_id and one.outcome == "received"]
                    for event in remote_events(declared[source_id], received):
                        instance.report_runless_asset_event(event)
            settings = RefreshSettings(
                as_of=as_of.isoformat(),
                sources=selected,
                full=full,
                fetch=False,
                overrides=sorted(overrides.checks),
                override_reason=overrides.reason,
            )
            result = job.execute_in_process(
                run_config=RunConfig(resources={"settings": settings}, loggers={"console": {}}),
                instance=instance,
                raise_on_error=False,
                tags={RUN_TAG: "command line"},
            )
    if result.success:
        return _ended(home, before, current_release(home), progress, refusals.lines)
    from pipelines.orchestration.failures import failure

    raise failure(home, result, before, refusals)


@contextmanager
def _dbt_imported() -> Iterator[None]:
    """Import dbt while files are parsed, which is mostly done outside Python, and the gates judge in their process."""
    with ThreadPoolExecutor(1, thread_name_prefix="import") as pool:
        # A module that cannot be imported is reported where it is used.
        pool.submit(import_dbt)
        yield
