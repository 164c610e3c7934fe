"""What a build is made of: its run folder, the lake as DuckDB views, the work database, and the hash of its inputs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines import corrections, identity
from pipelines.declarations import Source
from pipelines.fingerprint import quoted
from pipelines.home import DBT_PROJECT_DIR, PROJECT_ROOT, Home, TouchstoneError
from pipelines.insert import insert_rows

if TYPE_CHECKING:
    from pipelines.receive import Manifest

KEPT_FAILED_RUNS = 3
DEFAULT_MEMORY_LIMIT = "750MB"
# Under these, dbt keeps what it made, not what a build is made from.
_NOT_PROJECT = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


def memory_limit() -> str:
    """DuckDB's memory limit for one connection, from TOUCHSTONE_MEMORY_LIMIT."""
    return os.environ.get("TOUCHSTONE_MEMORY_LIMIT", DEFAULT_MEMORY_LIMIT)


def threads() -> int:
    """DuckDB's threads for one connection, from TOUCHSTONE_THREADS or the number of cores this process may use."""
    configured = os.environ.get("TOUCHSTONE_THREADS")
    return int(configured) if configured else len(os.sched_getaffinity(0))


def open_database(path: Path | None, spill: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with explicit limits, spilling to `spill`; in memory where no path is given."""
    spill.mkdir(parents=True, exist_ok=True)
    return duckdb.connect(
        str(path) if path is not None else ":memory:",
        read_only=read_only,
        config={
            "memory_limit": memory_limit(),
            "threads": threads(),
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )


@dataclass(frozen=True)
class CheckRecord:
    """The outcome of one check of a gate. `line` says, for a failure, what, where and the remedy in one line."""

    gate: str
    source_id: str | None
    table: str
    name: str
    severity: str
    passed: bool
    observed: str | None = None
    expected: str | None = None
    line: str | None = None
    checked_at: str = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None).isoformat())


@dataclass(frozen=True)
class BuildInputs:
    """What this run's build is made of; fixed once, so that every later step agrees, also across midnight."""

    as_of: date
    inputs_hash: str
    deliveries: Mapping[str, list[str]]


@dataclass(frozen=True)
class RunFolder:
    """runs/<run>: the work database, the candidate and the outcome of every gate, until the release or a refusal."""

    root: Path

    @classmethod
    def of(cls, home: Home, run_id: str) -> RunFolder:
        """The folder of a run, made where it is missing."""
        folder = cls(home.runs / run_id)
        folder.root.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def work(self) -> Path:
        return self.root / "work.duckdb"

    @property
    def candidate(self) -> Path:
        return self.root / "candidate.duckdb"

    @property
    def spill(self) -> Path:
        return self.root / "spill"

    def record(self, gate: str, records: Iterable[CheckRecord], deliveries: Iterable[str] = ()) -> None:
        """Keep the outcome of a gate, and the deliveries (SHA-256) that it judged."""
        path = self.root / "gates" / f"{gate}.json"
        path.parent.mkdir(exist_ok=True)
        content = {"deliveries": sorted(deliveries), "checks": [asdict(record) for record in records]}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    def recorded(self) -> list[CheckRecord]:
        """Every outcome kept so far."""
        return [
            CheckRecord(**check)
            for path in sorted((self.root / "gates").glob("*.json"))
            for check in json.loads(path.read_text(encoding="utf-8"))["checks"]
        ]

    def judged(self, gate: str) -> list[str] | None:
        """The deliveries that a gate judged in this run; None when it did not run."""
        path = self.root / "gates" / f"{gate}.json"
        if not path.exists():
            return None
        deliveries: list[str] = json.loads(path.read_text(encoding="utf-8"))["deliveries"]
        return deliveries

    def save_inputs(self, inputs: BuildInputs) -> None:
        """Fix the inputs of this run's build."""
        content = {**asdict(inputs), "as_of": inputs.as_of.isoformat()}
        (self.root / "inputs.json").write_text(json.dumps(content, indent=1), encoding="utf-8")

    def inputs(self) -> BuildInputs:
        """The inputs fixed for this run.

        Raises TouchstoneError when this run prepared none, as when one asset is materialised by itself.
        """
        path = self.root / "inputs.json"
        if not path.exists():
            raise TouchstoneError(
                f"{self.root}: this run prepared no build; a candidate is built and released within one run:"
                " materialise all assets, or run `touchstone refresh`"
            )
        raw = json.loads(path.read_text(encoding="utf-8"))
        return BuildInputs(date.fromisoformat(raw["as_of"]), raw["inputs_hash"], raw["deliveries"])

    def remove(self) -> None:
        """Remove the folder: the run ended well and left nothing to inspect."""
        shutil.rmtree(self.root, ignore_errors=True)


def prune_runs(home: Home) -> None:
    """Keep the newest failed runs for inspection and remove the rest. Call only while holding the home's lock."""
    if not home.runs.is_dir():
        return
    folders = [path for path in home.runs.iterdir() if path.is_dir() and not path.name.startswith(".")]
    unfinished = [path for path in folders if path.name.startswith("parse-")]
    runs = sorted((path for path in folders if path not in unfinished), key=lambda path: path.stat().st_mtime)
    for path in [*unfinished, *runs[: -KEPT_FAILED_RUNS or None]]:
        shutil.rmtree(path)


def loaded(manifests: Iterable[Manifest]) -> list[str]:
    """The deliveries that feed the lake's views, by digest in alphabetical order."""
    return sorted(manifest.sha256 for manifest in manifests if manifest.state == "loaded")


def accepted(manifests: Iterable[Manifest]) -> list[str]:
    """The deliveries that a release accounts for record by record: loaded, or quarantined throughout."""
    return sorted(manifest.sha256 for manifest in manifests if manifest.state in ("loaded", "quarantined"))


def inputs_hash(home: Home, as_of: date, sources: Mapping[str, Source], manifests: Mapping[str, list[Manifest]]) -> str:
    """SHA-256 over all that decides a release's content, and over nothing that tells when or in which order it came.

    That is the as-of date, the accepted deliveries with the contract each was parsed under, the contract of sources
    without any, the corrections, what is declared about enterprises, the dbt project with its seeds, the code of this
    package, and the versions of python-stdnum, whose table of regions stands in for a delivery, and of Splink.
    """
    from pipelines.parse import contract_version

    # By the contract it was parsed under, for with `--source` another source may still wait to be parsed anew.
    parsed_under = {
        source_id: {m.sha256: m.contract_version for m in manifests[source_id] if m.sha256 in accepted([m])}
        for source_id in sources
    }
    content = {
        "as_of": as_of.isoformat(),
        "deliveries": parsed_under,
        "undelivered": {
            source_id: contract_version(sources[source_id]) for source_id in sources if not parsed_under[source_id]
        },
        "corrections": {source_id: corrections.corrections_digest(source) for source_id, source in sources.items()},
        "identity": identity.declarations_digest(home),
        "models": tree_hash(DBT_PROJECT_DIR),
        "code": tree_hash(PROJECT_ROOT / "pipelines"),
        "regions": importlib.metadata.version("python-stdnum"),
        "linkage": importlib.metadata.version("splink"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def tree_hash(folder: Path) -> str:
    """SHA-256 over the relative paths and bytes of a folder's files, without what tools leave there."""
    digest = hashlib.sha256()
    for directory, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in _NOT_PROJECT and not name.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            path = Path(directory) / name
            for part in (str(path.relative_to(folder)).encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
    return digest.hexdigest()


def create_lake(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    sources: Mapping[str, Source],
    manifests: Mapping[str, list[Manifest]],
) -> None:
    """Create schema `lake`: a view per entity of the given sources, and tables `deliveries`, `quarantine` and
    `corrections`, the corrections of the sources laid over all of them.

    A view `<source>__<entity>` has `delivery_sha256` and the entity's lake columns, typed also where nothing was
    delivered. A source whose parse.py offers `fallback()` has its record entity from there, as a table with a null
    delivery, until one is loaded. Raises TouchstoneError when a lake file is gone, and what `corrections.apply` does.
    """
    connection.execute("create schema lake")
    for source_id, source in sources.items():
        _create_views(connection, home, source, manifests[source_id])
    every = [manifest for source_id in sources for manifest in manifests[source_id] if manifest.state != "received"]
    _create_deliveries(connection, every, sources)
    _create_quarantine(connection, home, every)
    corrections.create_table(connection)
    for source_id, source in sources.items():
        corrections.apply(connection, home, source, manifests[source_id])
    _create_lists(connection, sources, manifests)


def _create_views(
    connection: duckdb.DuckDBPyConnection, home: Home, source: Source, manifests: Iterable[Manifest]
) -> None:
    digests = loaded(manifests)
    for entity in source.entities:
        view = f"lake.{quoted(f'{source.id}__{entity}')}"
        columns = source.lake_columns(entity)
        files = [str(home.lake(source.id, entity) / f"{digest}.parquet") for digest in digests]
        missing = [file for file in files if not os.path.exists(file)]
        if missing:
            raise TouchstoneError(
                f"{missing[0]}: the lake file of a loaded delivery is gone;"
                f" run `touchstone refresh --full --source {source.id}`"
            )
        if files:
            # The file list becomes part of the view's text, which takes no bound value: the relation writes it.
            connection.execute("use lake")
            connection.read_parquet(files, filename=True).project(
                ", ".join(
                    ["parse_filename(filename, true) as delivery_sha256"]
                    + [f"{quoted(name)}::{kind} as {quoted(name)}" for name, kind in columns]
                )
            ).create_view(f"{source.id}__{entity}")
            connection.execute("use main")
        elif entity != source.record_entity or not _create_fallback(connection, source, view):
            nulls = ", ".join(f"null::{kind} as {quoted(name)}" for name, kind in columns)
            connection.execute(f"create view {view} as select null::varchar as delivery_sha256, {nulls} where false")


def _create_fallback(connection: duckdb.DuckDBPyConnection, source: Source, table: str) -> bool:
    """Whether the source has rows of its own for want of a delivery; if so they are in `table`."""
    import polars as pl

    fallback = getattr(source.module("parse"), "fallback", None)
    if fallback is None:
        return False
    rows: pl.DataFrame = fallback()
    columns = ", ".join(
        f"{quoted(name)}::{kind} as {quoted(name)}" for name, kind in source.lake_columns(source.record_entity)
    )
    connection.register("fallback_rows", rows.with_row_index("record_no", offset=1))
    connection.execute(f"create table {table} as select null::varchar as delivery_sha256, {columns} from fallback_rows")
    connection.unregister("fallback_rows")
    return True


def create_work_database(
    home: Home,
    folder: RunFolder,
    sources: Mapping[str, Source],
    manifests: Mapping[str, list[Manifest]],
) -> None:
    """Make the run's work database, which dbt reads, with the lake of every source and what is declared about identity.

    Whatever an earlier attempt of this run left is removed: a build starts from fresh files.
    """
    for path in (folder.work, folder.candidate):
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
    with open_database(folder.work, folder.spill) as connection:
        create_lake(connection, home, sources, manifests)
        identity.create_tables(connection, home)


def _create_lists(
    connection: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], manifests: Mapping[str, list[Manifest]]
) -> None:
    """Create `lake.lists`, a row per delivery and day for which it is a whole list, and view `lake.list_records`: each
    record of these deliveries with its key as text and a hash of what it says."""
    from pipelines.receive import list_days

    connection.execute("create table lake.lists(source_id varchar, delivery_sha256 varchar, list_date date)")
    days = [
        (source.id, manifest.sha256, day)
        for source in sources.values()
        if source.gives_lists
        for manifest in manifests[source.id]
        if manifest.sha256 in accepted([manifest])
        for day in list_days(source, manifest)
    ]
    insert_rows(connection, "lake.lists", sorted(days))
    listed = {source_id for source_id, _, _ in days}
    parts = [_list_records(source) for source_id, source in sources.items() if source_id in listed]
    columns = "source_id, delivery_sha256, record_no, record_key, content_hash"
    empty = "select null::varchar, null::varchar, null::bigint, null::varchar, null::varchar where false"
    connection.execute(f"create view lake.list_records({columns}) as {' union all '.join(parts or [empty])}")


def _list_records(source: Source) -> str:
    """The query of a source's records with key and content; names come from the declaration alone."""
    entity = source.entities[source.record_entity]
    unversioned = {
        name for column in source.delivery.unversioned for name, _ in entity.by_name[column].lake_columns
    } | {"record_no", *entity.key}
    content = [name for name, _ in source.lake_columns(source.record_entity) if name not in unversioned]
    # The separator and the sign of a null are characters that no cell holds.
    key = ", ".join(f"coalesce({quoted(name)}::varchar, '')" for name in entity.key)
    said = ", ".join(f"coalesce({quoted(name)}::varchar, chr(30))" for name in content)
    return (
        f"select '{source.id}', delivery_sha256, record_no, concat_ws('|', {key}), md5(concat_ws(chr(31), {said}))"
        f" from lake.{quoted(f'{source.id}__{source.record_entity}')} where delivery_sha256 is not null"
    )


def _create_deliveries(
    connection: duckdb.DuckDBPyConnection, manifests: list[Manifest], sources: Mapping[str, Source]
) -> None:
    connection.execute(
        """
        create table lake.deliveries(
            source_id varchar, sha256 varchar, original_name varchar, received_at timestamp, bytes bigint,
            n_records bigint, n_loaded bigint, n_quarantined bigint, n_skipped bigint, state varchar, reason varchar,
            publisher varchar, licence varchar, url varchar, snapshot_date date)
        """
    )
    rows = [
        (
            manifest.source_id,
            manifest.sha256,
            manifest.original_name,
            manifest.received_at.astimezone(UTC).replace(tzinfo=None),
            manifest.bytes,
            manifest.n_records,
            manifest.n_loaded,
            manifest.n_quarantined,
            manifest.n_skipped,
            manifest.state,
            manifest.reason,
            manifest.publisher,
            manifest.licence,
            manifest.url or sources[manifest.source_id].home_url,
            manifest.snapshot_date,
        )
        for manifest in sorted(manifests, key=lambda m: (m.source_id, m.sha256))
    ]
    insert_rows(connection, "lake.deliveries", rows)


def _create_quarantine(connection: duckdb.DuckDBPyConnection, home: Home, manifests: list[Manifest]) -> None:
    connection.execute(
        """
        create table lake.quarantine(
            source_id varchar, delivery_sha256 varchar, record_no bigint, rule varchar, detail varchar, raw varchar,
            first_seen_at timestamp)
        """
    )
    files = [
        str(path)
        for manifest in manifests
        if manifest.state in ("loaded", "quarantined")
        and (path := home.quarantine(manifest.source_id) / f"{manifest.sha256}.parquet").exists()
    ]
    if files:
        connection.execute(
            """
            insert into lake.quarantine
            select source_id, delivery_sha256, record_no, rule, detail, raw, first_seen_at
            from read_parquet($files) order by source_id, delivery_sha256, record_no
            """,
            {"files": files},
        )
