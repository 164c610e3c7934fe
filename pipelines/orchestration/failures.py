"""What stopped a run, as the error that the command line reports."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from pipelines.errors import GateRefused, TouchstoneError, UsageError
from pipelines.orchestration.checks import lines
from pipelines.orchestration.progress import Progress
from pipelines.orchestration.run_log import log_path
from pipelines.releases.release import Release
from pipelines.state.home import Home

# These end a step whose failed checks have been reported already.
_GATES_OWN = ("GateRefused", "DagsterAssetCheckFailedError")
_OWN_ERRORS: Mapping[str, type[TouchstoneError]] = {
    "TouchstoneError": TouchstoneError,
    "UsageError": UsageError,
    "CheckCannotRun": TouchstoneError,
    "GateRefused": GateRefused,
    "CorrectionOutdated": GateRefused,
}


def failure(
    home: Home, result: dg.ExecuteInProcessResult, before: Release | None, progress: Progress
) -> TouchstoneError:
    """What stopped the run, in one line; each failed check of a gate is reported in a line of its own."""
    failed_checks: list[str] = []
    errors: list[tuple[type[TouchstoneError], str]] = []
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
            errors.append((kind, text if named else f"{event.step_key}: {error.cls_name}: {text}"))
    stays = f"release {before.release_id} stays current" if before else "nothing is released"
    left = f"see {home.runs / result.run_id}"
    for line in failed_checks:
        progress.refused(line)
    ended: TouchstoneError
    if errors:
        kind, text = errors[0]
        ended = kind(f"{text}; {stays}; {left} and {log_path(home)}")
    else:
        count = "1 check" if len(failed_checks) == 1 else f"{len(failed_checks)} checks"
        ended = GateRefused(f"{count} failed and nothing was published; {stays}; {left}")
    for detail in details:
        ended.add_note(detail)
    return ended
