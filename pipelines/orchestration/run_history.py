"""Dagster's history of runs under TOUCHSTONE_HOME/dagster: opening it, and removing what is no longer needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from pipelines.state.home import PROJECT_ROOT, Home

RUN_TAG = "touchstone/refresh"
KEPT_HISTORY = 60


@contextmanager
def home_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance as dagster.yaml sets it up: the one that `dg dev` shows."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home.dagster), config_dir=str(PROJECT_ROOT))) as instance:
        yield instance


def forget_killed_runs(instance: dg.DagsterInstance) -> None:
    """End the runs of killed refreshes, whose claim on the warehouse's slot would keep this one waiting for ever.

    While this process holds the home's lock, no other refresh can be alive.
    """
    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished, tags={RUN_TAG: "command line"})):
        instance.report_run_failed(run, "The process of this refresh was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def prune_history(instance: dg.DagsterInstance) -> None:
    """Keep the newest runs in Dagster's history, which takes some megabytes a run and is never pruned by itself."""
    for run in instance.get_runs(limit=2 * KEPT_HISTORY)[KEPT_HISTORY:]:
        if run.is_finished:
            instance.delete_run(run.run_id)
