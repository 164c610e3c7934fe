"""What a full refresh is measured against: its files read, and its models' SQL run, by the libraries alone.

    python -m benchmarks.baseline DELIVERIES HOME FOLDER

Every file of DELIVERIES is read whole into tables of text: XML by xml2arrow, CSV and JSON by DuckDB, workbooks by
python-calamine. Then the statements in FOLDER/models.json, which dbt made of the models once (see `script`), run one
after the other on one connection of DuckDB, over the lake of HOME. What that leaves out is in LEFT_OUT.
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

from benchmarks.xml_tables import CASE_FILE, CLASSIFICATION, EVENT, OWNER, REGISTRATION, XmlTable, parser, table
from pipelines.build.dbt import compiled, run_models
from pipelines.build.parsed_project import load_project
from pipelines.build.work_database import create_work_database
from pipelines.contract.loading import load_sources
from pipelines.receiving.manifest import manifests
from pipelines.state.home import DBT_PROJECT_DIR, Home
from pipelines.state.run_folder import RunFolder

LEFT_OUT = (
    "the archive with its manifests; typing, checking and normalising what is read, quarantine and the lake, which it"
    " finds made; every gate and test; contracts, comments and the dictionary; Dagster and dbt; Parquet export, site"
    " and publishing; any limit on memory"
)

_USPTO = [
    table(
        "case_file",
        CASE_FILE,
        ["record"],
        [
            "serial-number",
            "registration-number",
            "transaction-date",
            "case-file-header/filing-date",
            "case-file-header/registration-date",
            "case-file-header/status-code",
            "case-file-header/status-date",
            "case-file-header/mark-identification",
            "case-file-header/renewal-date",
            "international-registration/international-registration-number",
        ],
    ),
    table("event", EVENT, ["record", "item"], ["code", "type", "description-text", "date"]),
    table(
        "owner",
        OWNER,
        ["record", "item"],
        ["entry-number", "party-type", "nationality/country", "party-name", "country"],
    ),
    # One row per child of a classification: an international code, or the status and the first use beside it.
    XmlTable("classifications", CLASSIFICATION.rsplit("/", 1)[0], (), ()),
    XmlTable(
        "class_part",
        CLASSIFICATION,
        ("record", "classification", "item"),
        tuple(f"{CLASSIFICATION}/{name}" for name in ("international-code", "status-code", "first-use-anywhere-date")),
    ),
]
# One row per child of a registration: a single value, an owner or a class.
_TIPO = [
    XmlTable("registrations", REGISTRATION.rsplit("/", 1)[0], (), ()),
    XmlTable(
        "registration_part",
        REGISTRATION,
        ("record", "item"),
        tuple(
            f"{REGISTRATION}/{name}"
            for name in (
                "CaseNo",
                "RegisterNo",
                "Trademark_Name",
                "Filing_Date",
                "SDate",
                "EDate",
                "RegContentOwner/AChinese",
                "RegContentOwner/AEnglish",
                "RegContentClassification/Class",
            )
        ),
    ),
]

# An archive holds a document per mark; they are read as one, each a child of this element.
_DOCUMENTS = "documents"
_EM = f"/{_DOCUMENTS}/Transaction"
_EM_MARK = f"{_EM}/TradeMarkTransactionBody/TransactionContentDetails/TransactionData/TradeMarkDetails/TradeMark"
_EM_MARK_FIELDS = (
    "@operationCode",
    "ApplicationNumber",
    "ApplicationDate",
    "RegistrationDate",
    "ExpiryDate",
    "MarkCurrentStatusCode",
    "MarkCurrentStatusDate",
    "WordMarkSpecification/MarkVerbalElementText",
)
_EUIPO = [
    XmlTable(
        "em_mark",
        f"/{_DOCUMENTS}",
        ("record",),
        (
            f"{_EM}/TransactionHeader/SenderDetails/RequestProducerDateTime",
            *(f"{_EM_MARK}/{name}" for name in _EM_MARK_FIELDS),
        ),
    ),
    table(
        "em_class",
        f"{_EM_MARK}/GoodsServicesDetails/GoodsServices/ClassDescriptionDetails/ClassDescription",
        ["record", "item"],
        ["ClassNumber"],
    ),
    table("em_applicant", f"{_EM_MARK}/ApplicantDetails/ApplicantKey", ["record", "item"], ["Identifier"]),
    table(
        "em_publication",
        f"{_EM_MARK}/PublicationDetails/Publication",
        ["record", "item"],
        ["PublicationIdentifier", "PublicationSection", "PublicationDate"],
    ),
    table(
        "em_opposition",
        f"{_EM_MARK}/OppositionDetails/Opposition",
        ["record", "item"],
        ["OppositionIdentifier", "OppositionDate", "OppositionGroundText"],
    ),
]

_XML = {"uspto_trademark": _USPTO, "tipo_gazette": _TIPO, "euipo_trademark": _EUIPO}


def script(home: Home, folder: Path, as_of: date) -> None:
    """Write FOLDER/models.json: the statement of every seed and model, in the order of their dependencies."""
    run = RunFolder(folder)
    sources = load_sources()
    create_work_database(home, run, sources, {source_id: manifests(home, source_id) for source_id in sources})
    project = load_project(home)
    run_models(project, home, run, as_of, ["resource_type:seed"])
    sql = compiled(project, home, run, as_of)
    statements = []
    for unique_id, made in project.tables.items():
        place = f"{made.database}.{made.schema}.{made.name}"
        if made.kind == "seed":
            # What dbt ran for it.
            loaded = (run.root / "dbt" / "run" / "touchstone" / made.path).read_text(encoding="utf-8")
            statements.append({"place": place, "sql": loaded})
        elif made.path.endswith(".py"):
            statements.append({"place": place, "python": made.path})
        else:
            kind = "view" if made.materialized == "view" else "table"
            statements.append({"place": place, "sql": f"create {kind} {place} as {sql[unique_id]}"})
    (folder / "models.json").write_text(json.dumps(statements, ensure_ascii=False, indent=1), encoding="utf-8")


class Baseline:
    """One connection, with the tables of what was read."""

    def __init__(self, deliveries: Path, home: Home, folder: Path) -> None:
        self._deliveries, self._home, self._run = deliveries, home, RunFolder(folder)
        sources = load_sources()
        create_work_database(home, self._run, sources, {source_id: manifests(home, source_id) for source_id in sources})
        self._connection = duckdb.connect(str(self._run.candidate))
        self._connection.execute("attach ? as work", [str(self._run.work)])

    def build(self) -> None:
        """Read every delivery and make every table."""
        with tempfile.TemporaryDirectory() as name:
            for source_id, tables in _XML.items():
                self._read_xml(source_id, tables, Path(name))
            for folder in sorted(self._deliveries.iterdir()):
                for number, path in enumerate(sorted(folder.iterdir())):
                    if folder.name not in _XML:
                        self._read(f"{folder.name}_{number}", path, Path(name))
        for schema in ("star", "marts", "audit", "work.staging"):
            self._connection.execute(f"create schema if not exists {schema}")
        for step in json.loads((self._run.root / "models.json").read_text(encoding="utf-8")):
            if "sql" in step:
                self._connection.execute(step["sql"])
            else:
                self._run_python(step["place"], DBT_PROJECT_DIR / step["python"])
        self._connection.close()

    def _run_python(self, place: str, path: Path) -> None:
        spec = importlib.util.spec_from_file_location("python_model", path)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows = module.model(SimpleNamespace(ref=lambda _: None), self._connection)
        self._connection.register("rows_of_model", rows)
        self._connection.execute(f"create table {place} as select * from rows_of_model")
        self._connection.unregister("rows_of_model")

    def _read_xml(self, source_id: str, tables: Sequence[XmlTable], folder: Path) -> None:
        ready = parser(tables, folder)
        for path in sorted((self._deliveries / source_id).iterdir()):
            document = _one_document(path, folder) if path.suffix == ".zip" else path
            for name, batch in ready.parse(document).items():
                self._keep(f"raw_{name}", batch)

    def _keep(self, name: str, rows: object) -> None:
        self._connection.register("incoming", rows)
        exists = self._connection.execute("select 1 from duckdb_tables() where table_name = ?", [name]).fetchall()
        verb = f"insert into temp.{name}" if exists else f"create temp table {name} as"
        self._connection.execute(f"{verb} select * from incoming")
        self._connection.unregister("incoming")

    def _read(self, name: str, path: Path, folder: Path) -> None:
        if path.suffix == ".json":
            self._connection.execute(f"create temp table {name} as from read_json(?)", [str(path)])
        elif path.suffix == ".csv":
            plain = str(_utf8(path, folder))
            self._connection.execute(
                f"create temp table {name} as from read_csv(?, all_varchar = true, null_padding = true,"
                " strict_mode = false)",
                [plain],
            )
        else:
            for number, rows in enumerate(_sheets(path)):
                self._keep(f"{name}_{number}", rows.to_arrow())


def _one_document(archive: Path, folder: Path) -> Path:
    path = folder / "documents.xml"
    with zipfile.ZipFile(archive) as documents, path.open("wb") as target:
        target.write(f"<{_DOCUMENTS}>".encode())
        for name in sorted(documents.namelist()):
            target.write(documents.read(name).partition(b"?>")[2])
        target.write(f"</{_DOCUMENTS}>".encode())
    return path


def _utf8(path: Path, folder: Path) -> Path:
    received = path.read_bytes()
    try:
        received.decode("utf-8")
    except UnicodeDecodeError:
        path = folder / "plain.csv"
        path.write_text(received.decode("gb18030"), encoding="utf-8", newline="")
    return path


def _sheets(path: Path) -> Iterator[pl.DataFrame]:
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    for name in workbook.sheet_names:
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        columns = [[str(row[place]) for row in rows] for place in range(len(rows[0]))] if rows else []
        yield pl.DataFrame({f"column_{place}": column for place, column in enumerate(columns)})


def main() -> None:
    """Build the tables that the command line asks for."""
    deliveries, home, folder = map(Path, sys.argv[1:])
    Baseline(deliveries, Home(home), folder).build()


if __name__ == "__main__":
    main()
