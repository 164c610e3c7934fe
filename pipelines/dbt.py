"""dbt in this process: the parsed project as Dagster needs it, and a build with its results.

dbt itself takes seconds to import and is imported only to parse a changed project and to build. Opening the
definitions of an unchanged project reads one JSON file under TOUCHSTONE_HOME/dbt.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.build import RunFolder, memory_limit, threads, tree_hash
from pipelines.home import DBT_PROJECT_DIR, PROJECT_ROOT, Home, TouchstoneError, UsageError

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

_KEPT_PROJECTS = 3
_MANIFEST = "manifest.json"
_PACKED = "manifest.msgpack"
_PROVEN = "unit_tests_passed"
# How DuckDB says so.
_OUT_OF_MEMORY = "Out of Memory Error"
# What a test is about that refers to no model in particular.
WHOLE_PROJECT = "dbt_project"


@dataclass(frozen=True)
class DbtColumn:
    """A column as a model's yml describes it."""

    name: str
    data_type: str | None
    description: str
    source: str | None


@dataclass(frozen=True)
class DbtTrace:
    """Where a table's rows come from: rows `that` of the table `to` for which `condition` holds with a row `this`.

    Without a condition `to` is a file of the project from which rows come that no delivery has.
    """

    to: str
    condition: str | None


@dataclass(frozen=True)
class DbtTable:
    """A model or seed. `database` is the name that dbt gives to the file it lies in, `key` the columns of its grain."""

    unique_id: str
    kind: str
    name: str
    database: str
    schema: str
    description: str
    materialized: str
    columns: tuple[DbtColumn, ...]
    upstream: tuple[str, ...]
    path: str
    key: tuple[str, ...] = ()
    traces: tuple[DbtTrace, ...] = ()


@dataclass(frozen=True)
class DbtTest:
    """A data test or a unit test, and the table whose check it is; None for one over the project as a whole."""

    unique_id: str
    kind: str
    name: str
    table: str | None
    severity: str
    description: str
    path: str


@dataclass(frozen=True)
class DbtSource:
    """A table of the work database that models read, and the (source, entity) it holds; None for tables of all."""

    unique_id: str
    entity: tuple[str, str] | None


@dataclass(frozen=True)
class DbtProject:
    """The parsed project: tables in the order of their dependencies, tests, sources."""

    tables: Mapping[str, DbtTable]
    tests: Mapping[str, DbtTest]
    sources: Mapping[str, DbtSource]
    folder: Path = field(compare=False)

    def relation(self, test: DbtTest) -> str:
        """What a test is about, as `schema.table`."""
        if test.table is None:
            return WHOLE_PROJECT
        table = self.tables[test.table]
        return f"{table.schema}.{table.name}"

    @cached_property
    def source_ids(self) -> dict[str, frozenset[str]]:
        """Per table (unique id) the feeds that it is made from."""
        found: dict[str, frozenset[str]] = {}
        for unique_id, table in self.tables.items():
            feeds: set[str] = set()
            for upstream in table.upstream:
                if upstream in found:
                    feeds |= found[upstream]
                elif upstream in self.sources and (entity := self.sources[upstream].entity) is not None:
                    feeds.add(entity[0])
            found[unique_id] = frozenset(feeds)
        return found


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
    return _read(raw, folder, project_dir)


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
                f"{project_dir}: dbt cannot build: {one_line(outcome.exception)}"
            ) from outcome.exception
        return {result.node.unique_id: _result(result) for result in outcome.result.results}

    built = run(arguments)
    if short := [one.unique_id for one in built.values() if one.status == "error" and _OUT_OF_MEMORY in one.message]:
        done -= sum(one.status in ("error", "skipped") for one in built.values())
        again = [f"{unique_id.split('.')[2]}+" for unique_id in short]
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
        raise TouchstoneError(f"{DBT_PROJECT_DIR}: dbt cannot build: {one_line(outcome.exception)}")
    results = [_result(one) for one in outcome.result.results]
    failed = [one for one in results if one.status != "success"]
    if failed:
        raise TouchstoneError(f"{failed[0].unique_id}: {one_line(failed[0].message)}")
    return results


def compiled(project: DbtProject, home: Home, folder: RunFolder, as_of: date) -> dict[str, str]:
    """The SQL of every model (unique id) for that business date; of a model in Python its text.

    Raises TouchstoneError when dbt could not compile them.
    """
    import_dbt()
    arguments = ["compile", "--no-write-json", "--target-path", str(folder.root / "dbt"), "--vars", _variables(as_of)]
    outcome = _invoke(home, DBT_PROJECT_DIR, folder, arguments, _parsed(project))
    if outcome.exception is not None:
        raise TouchstoneError(f"{DBT_PROJECT_DIR}: dbt cannot compile: {one_line(outcome.exception)}")
    return {
        result.node.unique_id: str(result.node.compiled_code)
        for result in outcome.result.results
        if result.node.unique_id in project.tables
    }


def one_line(error: BaseException | str) -> str:
    """A message of dbt or DuckDB on one line, without what follows its first paragraph."""
    text = str(error).strip()
    return " ".join(text.split("\n\n")[0].split()) or type(error).__name__


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
        raise UsageError(f"{project_dir}: dbt cannot parse the project: {one_line(outcome.exception or 'no manifest')}")
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


def _read(raw: dict[str, Any], folder: Path, project_dir: Path) -> DbtProject:
    nodes = raw["nodes"]
    keys = _keys(nodes)
    tables = {
        unique_id: DbtTable(
            unique_id=unique_id,
            kind=node["resource_type"],
            name=node["name"],
            database=node["database"],
            schema=node["schema"],
            description=node["description"].strip(),
            materialized=node["config"]["materialized"],
            columns=tuple(
                DbtColumn(
                    name=column["name"],
                    data_type=column.get("data_type"),
                    description=column["description"].strip(),
                    source=column.get("meta", {}).get("source"),
                )
                for column in node["columns"].values()
            ),
            upstream=tuple(sorted(set(node.get("depends_on", {}).get("nodes", [])))),
            path=node["original_file_path"],
            key=keys.get(unique_id, ()),
            traces=_traces(node, project_dir),
        )
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed") and node["config"]["materialized"] != "ephemeral"
    }
    ephemeral = {
        unique_id: node["depends_on"]["nodes"]
        for unique_id, node in nodes.items()
        if node["config"].get("materialized") == "ephemeral"
    }
    if ephemeral:
        raise UsageError(f"{project_dir}: {min(ephemeral)} is ephemeral; make it a view, so that its lineage is kept")
    tests: dict[str, DbtTest] = {}
    for unique_id, node in nodes.items():
        if node["resource_type"] == "test" and node["config"]["enabled"]:
            table = node.get("attached_node") or next(
                (parent for parent in reversed(node["depends_on"]["nodes"]) if parent in tables), None
            )
            tests[unique_id] = DbtTest(
                unique_id=unique_id,
                kind="test",
                name=node["name"],
                table=table if table in tables else None,
                severity="warn" if node["config"]["severity"].lower() == "warn" else "error",
                description=node["description"].strip(),
                path=node["original_file_path"],
            )
    for unique_id, node in raw["unit_tests"].items():
        table = next(parent for parent in node["depends_on"]["nodes"] if parent in tables)
        tests[unique_id] = DbtTest(
            unique_id=unique_id,
            kind="unit_test",
            name=f"unit_{node['name']}",
            table=table,
            severity="error",
            description=node["description"].strip(),
            path=node["original_file_path"],
        )
    taken: dict[tuple[str | None, str], str] = {}
    for test in tests.values():
        other = taken.setdefault((test.table, test.name), test.unique_id)
        if other != test.unique_id:
            about = test.table or "the project"
            raise UsageError(f"{project_dir / test.path}: two tests of {about} are named {test.name}; rename one")
    sources = {unique_id: DbtSource(unique_id, _entity(source)) for unique_id, source in raw["sources"].items()}
    return DbtProject(_in_order(tables), tests, sources, folder)


def _keys(nodes: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Per model the columns of which its test named `grain_of_<model>` says that no two rows share them."""
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        model = nodes.get(node.get("attached_node") or "")
        if node["resource_type"] == "test" and model is not None and node["name"] == f"grain_of_{model['name']}":
            arguments = node["test_metadata"]["kwargs"]
            found[node["attached_node"]] = tuple(arguments.get("columns") or [arguments["column_name"]])
    for unique_id, node in nodes.items():
        if key := node["config"].get("meta", {}).get("key"):
            found[unique_id] = tuple(key)
    return found


def _traces(node: dict[str, Any], project_dir: Path) -> tuple[DbtTrace, ...]:
    """The ways that `config: {meta: {trace: [...]}}` declares from a table's rows towards records."""
    found = []
    for way in node["config"].get("meta", {}).get("trace", []):
        if isinstance(way, dict) and way.keys() == {"packaged"} and (PROJECT_ROOT / way["packaged"]).is_file():
            found.append(DbtTrace(way["packaged"], None))
            continue
        if not isinstance(way, dict) or not {"to"} < way.keys() <= {"to", "by", "where"}:
            raise UsageError(
                f"{project_dir / node['original_file_path']}: {node['name']}: a way under meta.trace is"
                f" {{to: schema.table, by: [column], where: SQL over this and that}} or {{packaged: file}}, not {way}"
            )
        conditions = [f"that.{column} = this.{column}" for column in way.get("by", [])]
        conditions += [f"({' '.join(way['where'].split())})"] if "where" in way else []
        found.append(DbtTrace(way["to"], " and ".join(conditions)))
    return tuple(found)


def _entity(source: dict[str, Any]) -> tuple[str, str] | None:
    """The feed and entity that a table of the dbt source `lake` is named for: <source>__<entity>."""
    feed, found, entity = source["name"].partition("__")
    return (feed, entity) if found else None


def _in_order(tables: dict[str, DbtTable]) -> dict[str, DbtTable]:
    ordered: dict[str, DbtTable] = {}

    def add(unique_id: str) -> None:
        if unique_id in ordered or unique_id not in tables:
            return
        for upstream in tables[unique_id].upstream:
            add(upstream)
        ordered[unique_id] = tables[unique_id]

    for unique_id in sorted(tables):
        add(unique_id)
    return ordered
