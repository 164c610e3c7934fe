"""dbt in this process: it builds the project, or some of its models, with a result for each node."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.build.dbt_project import DbtProject
from pipelines.build.dbt_runner import import_dbt, invoke
from pipelines.build.parsed_project import packed_manifest
from pipelines.errors import TouchstoneError, first_paragraph
from pipelines.state.home import DBT_PROJECT_DIR, Home
from pipelines.state.run_folder import RunFolder

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

_PROVEN = "unit_tests_passed"
# DuckDB's words for it.
_OUT_OF_MEMORY = "Out of Memory Error"


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test: status is dbt's (success, pass, warn, fail, error, skipped)."""

    unique_id: str
    status: str
    seconds: float
    message: str
    failures: int | None


def build(
    project: DbtProject,
    home: Home,
    folder: RunFolder,
    as_of: date,
    report: Callable[[str, int, int], None],
    project_dir: Path = DBT_PROJECT_DIR,
) -> list[NodeResult]:
    """Build every model into the run's candidate and run every test; returns a result per node, in order of finish.

    Unit tests judge the code on rows of their own: once all have passed they are not run again until the project, dbt
    or DuckDB changes, and their results show that. As nodes finish, `report` gets (table or test, how many are done,
    how many there are). Failing nodes are results, not exceptions; what did not fit in memory next to another is built
    again by itself. Raises TouchstoneError when dbt could not run at all.
    """
    import_dbt()
    manifest = packed_manifest(project)
    total = len(project.tables) + len(project.tests)
    done = 0

    def on_event(event: EventMsg) -> None:
        nonlocal done
        if event.info.name == "NodeFinished":
            done += 1
            report(str(event.data.node_info.node_name), done, total)

    proven = project.folder / _PROVEN
    unit_tests = {unique_id for unique_id, test in project.tests.items() if test.kind == "unit_test"}
    earlier = [
        NodeResult(one, "pass", 0.0, "passed before on this code", 0) for one in sorted(unit_tests) if proven.exists()
    ]
    arguments = ["build", "--no-write-json", "--target-path", str(folder.root / "dbt"), "--vars", _variables(as_of)]
    # Exposures name the readers of the models; there is nothing to build of them.
    arguments += ["--exclude-resource-type", "exposure"]
    if earlier:
        arguments += ["--exclude-resource-type", "unit_test"]
        done = len(earlier)

    def run(arguments: list[str]) -> dict[str, NodeResult]:
        outcome = invoke(home, project_dir, folder, arguments, manifest, on_event)
        if outcome.exception is not None:
            raise TouchstoneError(
                f"{project_dir}: dbt cannot build: {first_paragraph(outcome.exception)}"
            ) from outcome.exception
        return {result.node.unique_id: _result(result) for result in outcome.result.results}

    built = run(arguments)
    failed = [result for result in built.values() if result.status in ("error", "fail")]
    if failed and all(_OUT_OF_MEMORY in result.message for result in failed):
        done -= len(failed) + sum(result.status == "skipped" for result in built.values())
        again = [f"{result.unique_id.split('.')[2]}+" for result in failed]
        built |= run([*arguments, "--threads", "1", "--select", *again])
    results = [*earlier, *built.values()]
    missing = (project.tables.keys() | project.tests.keys()) - {result.unique_id for result in results}
    if missing:
        raise TouchstoneError(
            f"{project_dir}: dbt left out {len(missing)} of {total} nodes, first {min(missing)}; nothing is published"
        )
    if not earlier and all(result.status == "pass" for result in results if result.unique_id in unit_tests):
        proven.touch()
    return results


def _result(result: Any) -> NodeResult:
    return NodeResult(
        result.node.unique_id, str(result.status), result.execution_time, result.message or "", result.failures
    )


def run_models(
    project: DbtProject,
    home: Home,
    folder: RunFolder,
    as_of: date,
    selection: Sequence[str],
    without: Sequence[str] = (),
) -> list[NodeResult]:
    """Build some models (dbt's own selection) into the run's candidate and work database, without tests; a result each.

    Raises TouchstoneError when dbt could not run, or a model failed.
    """
    import_dbt()
    arguments = ["build", "--no-write-json", "--target-path", str(folder.root / "dbt"), "--vars", _variables(as_of)]
    arguments += ["--select", *selection]
    arguments += [*(["--exclude", *without] if without else []), "--resource-type", "model", "--resource-type", "seed"]
    outcome = invoke(home, DBT_PROJECT_DIR, folder, arguments, packed_manifest(project))
    if outcome.exception is not None:
        raise TouchstoneError(f"{DBT_PROJECT_DIR}: dbt cannot build: {first_paragraph(outcome.exception)}")
    results = [_result(result) for result in outcome.result.results]
    failed = [result for result in results if result.status != "success"]
    if failed:
        raise TouchstoneError(f"{failed[0].unique_id}: {first_paragraph(failed[0].message)}")
    return results


def compiled(project: DbtProject, home: Home, folder: RunFolder, as_of: date) -> dict[str, str]:
    """The SQL of every model and data test (unique id) for that business date; of a model in Python its text.

    Raises TouchstoneError when dbt could not compile them.
    """
    import_dbt()
    arguments = ["compile", "--no-write-json", "--target-path", str(folder.root / "dbt"), "--vars", _variables(as_of)]
    outcome = invoke(home, DBT_PROJECT_DIR, folder, arguments, packed_manifest(project))
    if outcome.exception is not None:
        raise TouchstoneError(f"{DBT_PROJECT_DIR}: dbt cannot compile: {first_paragraph(outcome.exception)}")
    return {
        result.node.unique_id: str(result.node.compiled_code)
        for result in outcome.result.results
        if result.node.unique_id in project.tables or result.node.unique_id in project.tests
    }


def _variables(as_of: date) -> str:
    return json.dumps({"as_of": as_of.isoformat()})
