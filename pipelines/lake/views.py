"""The lake in DuckDB: a view per entity, and tables of deliveries, quarantine and corrections."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path

import duckdb

from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError
from pipelines.lake.apply_corrections import apply_corrections
from pipelines.lake.correction_log import create_correction_log
from pipelines.lake.corrections import corrections_digest
from pipelines.lake.lists import create_lists
from pipelines.receiving.manifest import Manifest, loaded
from pipelines.state.database import insert_rows, quoted
from pipelines.state.home import Home


def create_lake(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    sources: Mapping[str, Source],
    manifests: Mapping[str, list[Manifest]],
) -> None:
    """Create schema `lake`: a view per entity of the given sources, and tables `deliveries`, `quarantine` and
    `corrections`, with the corrections of the sources applied to all of them.

    A view `<source>__<entity>` has `delivery_sha256` and the entity's lake columns, typed also where nothing was
    delivered. Until a source has a loaded delivery, its record entity is a table of the rows that `fallback()` of its
    parse.py gives, if it has one, with a null delivery. Raises TouchstoneError when a lake file is missing, and the
    errors of `apply_corrections`.
    """
    connection.execute("create schema lake")
    for source_id, source in sources.items():
        _create_views(connection, home, source, manifests[source_id])
    parsed = [manifest for source_id in sources for manifest in manifests[source_id] if manifest.state != "received"]
    _create_deliveries(connection, parsed, sources)
    _create_quarantine(connection, home, parsed)
    create_correction_log(connection)
    for source_id, source in sources.items():
        apply_corrections(connection, home, source, manifests[source_id])
    create_lists(connection, sources, manifests)


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
                f"{missing[0]}: the lake file of a loaded delivery is missing;"
                f" run `touchstone refresh --full --source {source.id}`"
            )
        if files:
            # The text of a view takes no bound value: the relation writes the list of files into it.
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
    """Create `table` of the rows that the source's own code offers without a delivery; whether it offers any."""
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


def refuse_outdated(home: Home, source: Source, manifests: Iterable[Manifest]) -> None:
    """Raises CorrectionOutdated for a correction whose record the publisher has corrected, and the other errors of
    `apply_corrections`."""
    if corrections_digest(source) is None:
        return
    from pipelines.state.database import open_database

    home.runs.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=f"parse-{source.id}-", dir=home.runs) as spill,
        open_database(None, Path(spill)) as connection,
    ):
        create_lake(connection, home, {source.id: source}, {source.id: list(manifests)})
