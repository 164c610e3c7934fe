"""The baseline of a full refresh: its files are read and its models' SQL is run by the libraries, without Touchstone.

    python -m benchmarks.baseline DELIVERIES HOME FOLDER

Every file of DELIVERIES is read in one piece into tables of text: XML by xml2arrow, CSV and JSON by DuckDB, workbooks
by python-calamine. Then the statements in FOLDER/models.json, which dbt compiled from the models (see `script`), run
one after the other on one connection of DuckDB, over the lake of HOME. LEFT_OUT lists what the baseline does not do.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import python_calamine

from benchmarks.baseline_tables import DOCUMENTS, TABLES
from benchmarks.xml_tables import XmlTable, parser
from pipelines.build.dbt import compiled, run_models
from pipelines.build.parsed_project import load_project
from pipelines.build.work_database import create_work_database
from pipelines.contract.loading import load_sources
from pipelines.receiving.manifest import manifests
from pipelines.state.home import DBT_PROJECT_DIR, Home
from pipelines.state.run_folder import RunFolder

LEFT_OUT = (
    "the archive with its manifests; typing, checking and normalising of values, quarantine and the lake (it uses that"
    " of the refresh); every gate and test; contracts, comments and the dictionary; Dagster and dbt; Parquet export,"
    " site and publishing; any limit on memory"
)


def script(home: Home, folder: Path, as_of: date) -> None:
    """Write FOLDER/models.json: the statement of every seed and model, in the order of their dependencies."""
    run = RunFolder(folder)
    sources = load_sources()
    create_work_database(home, run, sources, {source_id: manifests(home, source_id) for source_id in sources})
    project = load_project(home)
    run_models(project, home, run, as_of, ["resource_type:seed"])
    sql = compiled(project, home, run, as_of)
    statements = []
    for unique_id, model in project.tables.items():
        table = f"{model.database}.{model.schema}.{model.name}"
        if model.kind == "seed":
            # The statement that dbt ran for it.
            insert = (run.root / "dbt" / "run" / "touchstone" / model.path).read_text(encoding="utf-8")
            statements.append({"table": table, "sql": insert})
        elif model.path.endswith(".py"):
            statements.append({"table": table, "python": model.path})
        else:
            kind = "view" if model.materialized == "view" else "table"
            statements.append({"table": table, "sql": f"create {kind} {table} as {sql[unique_id]}"})
    (folder / "models.json").write_text(json.dumps(statements, ensure_ascii=False, indent=1), encoding="utf-8")


class Baseline:
    """One connection with the tables that were read from the deliveries."""

    def __init__(self, deliveries: Path, home: Home, folder: Path) -> None:
        self._deliveries, self._home, self._run = deliveries, home, RunFolder(folder)
        sources = load_sources()
        create_work_database(home, self._run, sources, {source_id: manifests(home, source_id) for source_id in sources})
        self._connection = duckdb.connect(str(self._run.candidate))
        self._connection.execute("attach ? as work", [str(self._run.work)])

    def build(self) -> None:
        """Read every delivery and create every table."""
        with tempfile.TemporaryDirectory() as name:
            for source_id, tables in TABLES.items():
                self._read_xml(source_id, tables, Path(name))
            for folder in sorted(self._deliveries.iterdir()):
                for number, path in enumerate(sorted(folder.iterdir())):
                    if folder.name not in TABLES:
                        self._read(f"{folder.name}_{number}", path, Path(name))
        for schema in ("star", "marts", "audit", "work.staging"):
            self._connection.execute(f"create schema if not exists {schema}")
        for statement in json.loads((self._run.root / "models.json").read_text(encoding="utf-8")):
            if "sql" in statement:
                self._connection.execute(statement["sql"])
            else:
                self._run_python(statement["table"], DBT_PROJECT_DIR / statement["python"])
        self._connection.close()

    def _run_python(self, table: str, path: Path) -> None:
        """Create the table of a Python model."""
        spec = importlib.util.spec_from_file_location("python_model", path)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows = module.model(SimpleNamespace(ref=lambda _: None), self._connection)
        self._connection.register("rows_of_model", rows)
        self._connection.execute(f"create table {table} as select * from rows_of_model")
        self._connection.unregister("rows_of_model")

    def _read_xml(self, source_id: str, tables: Sequence[XmlTable], folder: Path) -> None:
        xml_parser = parser(tables, folder)
        for path in sorted((self._deliveries / source_id).iterdir()):
            document = _one_document(path, folder) if path.suffix == ".zip" else path
            for name, batch in xml_parser.parse(document).items():
                self._keep(f"raw_{name}", batch)

    def _keep(self, name: str, rows: object) -> None:
        """Append the rows to a temporary table."""
        self._connection.register("incoming", rows)
        exists = self._connection.execute("select 1 from duckdb_tables() where table_name = ?", [name]).fetchall()
        verb = f"insert into temp.{name}" if exists else f"create temp table {name} as"
        self._connection.execute(f"{verb} select * from incoming")
        self._connection.unregister("incoming")

    def _read(self, name: str, path: Path, folder: Path) -> None:
        """Read a JSON or CSV file or a workbook into temporary tables."""
        if path.suffix == ".json":
            self._connection.execute(f"create temp table {name} as from read_json(?)", [str(path)])
        elif path.suffix == ".csv":
            text = str(_utf8(path, folder))
            self._connection.execute(
                f"create temp table {name} as from read_csv(?, all_varchar = true, null_padding = true,"
                " strict_mode = false)",
                [text],
            )
        else:
            for number, rows in enumerate(_sheets(path)):
                self._keep(f"{name}_{number}", rows.to_arrow())


def _one_document(archive: Path, folder: Path) -> Path:
    """The documents of an archive as one document."""
    path = folder / "documents.xml"
    with zipfile.ZipFile(archive) as documents, path.open("wb") as target:
        target.write(f"<{DOCUMENTS}>".encode())
        for name in sorted(documents.namelist()):
            target.write(documents.read(name).partition(b"?>")[2])
        target.write(f"</{DOCUMENTS}>".encode())
    return path


def _utf8(path: Path, folder: Path) -> Path:
    """The CSV file in UTF-8."""
    received = path.read_bytes()
    try:
        received.decode("utf-8")
    except UnicodeDecodeError:
        path = folder / "utf8.csv"
        path.write_text(received.decode("gb18030"), encoding="utf-8", newline="")
    return path


def _sheets(path: Path) -> Iterator[pl.DataFrame]:
    """The cells of each sheet of a workbook as text."""
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    for name in workbook.sheet_names:
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        columns = [[str(row[number]) for row in rows] for number in range(len(rows[0]))] if rows else []
        yield pl.DataFrame({f"column_{number}": column for number, column in enumerate(columns)})


def main() -> None:
    """Build the tables from the folders that the command line names."""
    deliveries, home, folder = map(Path, sys.argv[1:])
    Baseline(deliveries, Home(home), folder).build()


if __name__ == "__main__":
    main()
