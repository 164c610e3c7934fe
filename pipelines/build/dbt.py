"""dbt in this process: it parses the project, and builds it with its results.

dbt itself takes seconds to import and is imported only to parse a changed project and to build. Opening the
definitions of an unchanged project reads one JSON file under TOUCHSTONE_HOME/dbt.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.build import dbt_project as dbt_manifest
from pipelines.build.dbt_project import DbtProject
from pipelines.build.inputs import tree_hash
from pipelines.errors import TouchstoneError, UsageError, first_paragraph
from pipelines.state.database import memory_limit, threads
from pipelines.state.home import DBT_PROJECT_DIR, Home
from pipelines.state.run_folder import RunFolder

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg


_KEPT_PROJECTS = 3
_MANIFEST = "manifest.json"
_PACKED = "manifest.msgpack"
_PROVEN = "unit_tests_passed"
# How DuckDB says so.
_OUT_OF_MEMORY = "Out of Memory Error"


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test: status is dbt's (success, pass, warn, fail, error, skipped)."""

    unique_id: str
    status: str
    seconds: float
    message: str
    failures: int | None


def load_project(home: Home, project_dir: Path = DBT_PROJECT_DIR) -> DbtProject:
    """The project's tables and tests, parsed anew only when a file of the project or dbt itself changed.

    Raises UsageError when dbt cannot parse the project or two tests of one table have one name.
    """
    folder = home.dbt / _project_hash(project_dir)
    if not (folder / _MANIFEST).exists():
        _parse(home, project_dir, folder)
    raw = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    return dbt_manifest.read(raw, folder, project_dir)


def import_dbt() -> None:
    """Import dbt, its DuckDB adapter and nothing else; for a thread that does so while others read files."""
    _switch_telemetry_off()
    for module in ("dbt.adapters.duckdb", "dbt.cli.main", "dbt.task.build"):
        import_module(module)


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
    or DuckDB changes, and their results say so. `report` is told (table or test, how many are done, how many there are)
    as nodes finish. Failing nodes are results, not exceptions; what did not fit in memory beside another is built again
    by itself. Raises TouchstoneError when dbt could not run at all.
    """
    import_dbt()
    manifest = _parsed(project)
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
    # Exposures say who reads the models; there is nothing to build of them.
    arguments += ["--exclude-resource-type", "exposure"]
    if earlier:
        arguments += ["--exclude-resource-type", "unit_test"]
        done = len(earlier)

    def run(arguments: list[str]) -> dict[str, NodeResult]:
        outcome = _invoke(home, project_dir, folder, arguments, manifest, on_event)
        if outcome.exception is not None:
            raise TouchstoneError(
                f"{project_dir}: dbt cannot build: {first_paragraph(outcome.exception)}"
            ) from outcome.exception
        return {result.node.unique_id: _result(result) for result in outcome.result.results}

    built = run(arguments)
    faults = [one for one in built.values() if one.status in ("error", "fail")]
    if faults and all(_OUT_OF_MEMORY in one.message for one in faults):
        done -= len(faults) + sum(one.status == "skipped" for one in built.values())
        again = [f"{one.unique_id.split('.')[2]}+" for one in faults]
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
    outcome = _invoke(home, DBT_PROJECT_DIR, folder, arguments, _parsed(project))
    if outcome.exception is not None:
        raise TouchstoneError(f"{DBT_PROJECT_DIR}: dbt cannot build: {first_paragraph(outcome.exception)}")
    results = [_result(one) for one in outcome.result.results]
    failed = [one for one in results if one.status != "success"]
    if failed:
        raise TouchstoneError(f"{failed[0].unique_id}: {first_paragraph(failed[0].message)}")
    return results


def compiled(project: DbtProject, home: Home, folder: RunFolder, as_of: date) -> dict[str, str]:
    """The SQL of every model and data test (unique id) for that business date; of a model in Python its text.

    Raises TouchstoneError when dbt could not compile them.
    """
    import_dbt()
    arguments = ["compile", "--no-write-json", "--target-path", str(folder.root / "dbt"), "--vars", _variables(as_of)]
    outcome = _invoke(home, DBT_PROJECT_DIR, folder, arguments, _parsed(project))
    if outcome.exception is not None:
        raise TouchstoneError(f"{DBT_PROJECT_DIR}: dbt cannot compile: {first_paragraph(outcome.exception)}")
    return {
        result.node.unique_id: str(result.node.compiled_code)
        for result in outcome.result.results
        if result.node.unique_id in project.tables or result.node.unique_id in project.tests
    }


def _variables(as_of: date) -> str:
    return json.dumps({"as_of": as_of.isoformat()})


def _parsed(project: DbtProject) -> Manifest:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    return Manifest.from_msgpack((project.folder / _PACKED).read_bytes(), decoder=extended_mashumuro_decoder)


def _project_hash(project_dir: Path) -> str:
    versions = "-".join(version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb"))
    return f"{tree_hash(project_dir)[:16]}-{versions}"


def _parse(home: Home, project_dir: Path, folder: Path) -> None:
    """Parse the project into `folder`, whole or not at all."""
    import_dbt()
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder

    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    # The names of both database files are baked into a parsed project, so they are those of every run's folder.
    outcome = _invoke(home, project_dir, RunFolder(partial), ["parse", "--target-path", str(partial / "target")])
    if outcome.exception is not None or not isinstance(outcome.result, Manifest):
        shutil.rmtree(partial)
        raise UsageError(
            f"{project_dir}: dbt cannot parse the project: {first_paragraph(outcome.exception or 'no manifest')}"
        )
    (partial / _PACKED).write_bytes(outcome.result.to_msgpack(extended_mashumaro_encoder))
    shutil.move(partial / "target" / _MANIFEST, partial / _MANIFEST)
    shutil.rmtree(partial / "target")
    if folder.exists():
        # Another process parsed the same project meanwhile; what it made is the same.
        shutil.rmtree(partial)
    else:
        partial.rename(folder)
    earlier = sorted((p for p in home.dbt.glob("*-*") if p != folder), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in earlier[_KEPT_PROJECTS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _invoke(
    home: Home,
    project_dir: Path,
    folder: RunFolder,
    arguments: list[str],
    manifest: Manifest | None = None,
    on_event: Callable[[EventMsg], None] | None = None,
) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    command, *rest = arguments
    options = ["--project-dir", str(project_dir), "--profiles-dir", str(project_dir)]
    quiet = ["--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "info"]
    log = ["--log-path", str(home.dbt / "logs"), "--no-send-anonymous-usage-stats"]
    with _environment(home, folder):
        try:
            runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
            return runner.invoke([*quiet, *log, "--no-partial-parse", command, *options, *rest])
        finally:
            # The adapter keeps its files open in this process, where the next step opens them with other settings.
            environment = DuckDBConnectionManager._ENV
            if environment is not None:
                environment.close()
                DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(home: Home, folder: RunFolder) -> Iterator[None]:
    """What profiles.yml reads from the environment."""
    given = {
        "TOUCHSTONE_HOME": str(home.root),
        "TOUCHSTONE_CANDIDATE": str(folder.candidate),
        "TOUCHSTONE_WORK": str(folder.work),
        "TOUCHSTONE_TEMP": str(folder.spill),
        "TOUCHSTONE_MEMORY_LIMIT": memory_limit(),
        "TOUCHSTONE_THREADS": str(threads()),
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _switch_telemetry_off() -> None:
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
