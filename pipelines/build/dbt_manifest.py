"""Reading the project from dbt's manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.build.dbt_project import DbtColumn, DbtProject, DbtReference, DbtSource, DbtTable, DbtTest, DbtTrace
from pipelines.errors import UsageError
from pipelines.state.home import PROJECT_ROOT


def read(raw: dict[str, Any], folder: Path, project_dir: Path) -> DbtProject:
    """The project that dbt's manifest describes; `folder` holds what dbt parsed.

    Raises UsageError for an ephemeral model, two tests of one table with one name, and a wrong way under meta.trace.
    """
    nodes = raw["nodes"]
    keys = _keys(nodes)
    references = _references(nodes)
    codes = _codes(nodes)
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
                    codes=codes.get((unique_id, column["name"]), ()),
                )
                for column in node["columns"].values()
            ),
            upstream=tuple(sorted(set(node.get("depends_on", {}).get("nodes", [])))),
            path=node["original_file_path"],
            key=keys.get(unique_id, ()),
            traces=_traces(node, project_dir),
            references=references.get(unique_id, ()),
            optional_feeds=node["config"].get("meta", {}).get("optional_feeds", {}),
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
    """Per model the columns of which its test named `grain_of_<model>` checks that no two rows share them."""
    columns_of_grain: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        model = nodes.get(node.get("attached_node") or "")
        if node["resource_type"] == "test" and model is not None and node["name"] == f"grain_of_{model['name']}":
            arguments = node["test_metadata"]["kwargs"]
            columns_of_grain[node["attached_node"]] = tuple(arguments.get("columns") or [arguments["column_name"]])
    for unique_id, node in nodes.items():
        if key := node["config"].get("meta", {}).get("key"):
            columns_of_grain[unique_id] = tuple(key)
    return columns_of_grain


def _references(nodes: dict[str, Any]) -> dict[str, tuple[DbtReference, ...]]:
    """Per model what its test keys_known compares, in the order of the tables referred to."""
    references: dict[str, list[DbtReference]] = {}
    for node in nodes.values():
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "keys_known":
            of_model = references.setdefault(node["attached_node"], [])
            for column, target in node["test_metadata"]["kwargs"]["keys"].items():
                table, _, key = target.partition(".")
                of_model.append(DbtReference(column, table, key))
    return {
        unique_id: tuple(sorted(of_model, key=lambda reference: (reference.table, reference.column)))
        for unique_id, of_model in references.items()
    }


def _codes(nodes: dict[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Per model and column the values that its test accepted_values allows."""
    return {
        (node["attached_node"], node["column_name"]): tuple(map(str, node["test_metadata"]["kwargs"]["values"]))
        for node in nodes.values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "accepted_values"
    }


def _traces(node: dict[str, Any], project_dir: Path) -> tuple[DbtTrace, ...]:
    """The ways that `config: {meta: {trace: [...]}}` declares from a table's rows towards records."""
    traces = []
    for way in node["config"].get("meta", {}).get("trace", []):
        if isinstance(way, dict) and way.keys() == {"packaged"} and (PROJECT_ROOT / way["packaged"]).is_file():
            traces.append(DbtTrace(way["packaged"], None))
            continue
        if not isinstance(way, dict) or not {"to"} < way.keys() <= {"to", "by", "where"}:
            raise UsageError(
                f"{project_dir / node['original_file_path']}: {node['name']}: a way under meta.trace is"
                f" {{to: schema.table, by: [column], where: SQL over this and that}} or {{packaged: file}}, not {way}"
            )
        conditions = [f"that.{column} = this.{column}" for column in way.get("by", [])]
        conditions += [f"({' '.join(way['where'].split())})"] if "where" in way else []
        traces.append(DbtTrace(way["to"], " and ".join(conditions)))
    return tuple(traces)


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
