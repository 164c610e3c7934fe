"""The world of names in the work database, where the tables of the lake would be."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from benchmarks.identity.names import NameWorld
from benchmarks.measure import processor_seconds
from pipelines.build.work_database import create_work_database
from pipelines.contract import names as text
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.state.database import open_database
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder


def write_world(world: NameWorld, home: Home, folder: RunFolder) -> tuple[pl.DataFrame, float]:
    """Create the run's work database with the world in its lake.

    Returns the mentions with their keys, and the processor seconds that normalising took.
    """
    sources = load_sources()
    create_work_database(home, folder, sources, {source_id: [] for source_id in sources})
    started = processor_seconds()
    register, mentions = _with_keys(world.register, "name"), _with_keys(world.mentions, "name")
    seconds = processor_seconds() - started
    with open_database(folder.work, folder.spill) as connection:
        for (source_id, entity), rows in _tables(register, mentions).items():
            _replace(connection, sources[source_id], entity, rows, folder.root / f"{source_id}-{entity}.parquet")
        connection.execute(
            "insert into lake.deliveries(source_id, sha256, original_name, state)"
            " values ('cnipa_trademark', 'a', 'marks.csv', 'loaded')"
        )
        _declare_aliases(connection, register, folder.root / "english.parquet")
    return mentions, seconds


def _tables(register: pl.DataFrame, mentions: pl.DataFrame) -> dict[tuple[str, str], pl.DataFrame]:
    """The rows of each (source, entity).

    Mentions without a code are samples of inspections, those with a code are decisions on recognitions; the brands of
    registered firms are marks.
    """
    enterprises = _numbered(
        register.with_columns(address_norm=text.normalised(register["address"]), extract_date=pl.date(2024, 5, 16))
    )
    former_names = enterprises.filter("has_former_alias").select("record_no", "former_name")
    marks = _numbered(enterprises.drop("record_no").filter(pl.col("mark_text").is_not_null()))
    uncoded = mentions.filter(pl.col("uscc").is_null())
    samples = uncoded.select(
        producer_name="name",
        producer_name_norm="name_norm",
        producer_name_key="name_key",
        producer_address_norm=text.normalised(uncoded["address"]),
        brand_text_norm="brand",
        category_name_norm="category",
    )
    decisions = mentions.filter(pl.col("uscc").is_not_null()).select(
        "uscc", recipient_name="name", recipient_name_norm="name_norm", recipient_name_key="name_key"
    )
    classes = marks.select(
        "record_no",
        registration_no=pl.col("record_no").cast(pl.String),
        nice_class=pl.lit(30),
        mark_text="mark_text",
        mark_text_norm="mark_text",
        applicant_name="name",
        applicant_name_norm="name_norm",
        applicant_name_key="name_key",
        legal_status=pl.lit("已注册"),
    )
    return {
        ("enterprise_register", "enterprise"): enterprises.rename(
            {column: f"enterprise_{column}" for column in ("name", "name_norm", "name_key")}
        ),
        ("enterprise_register", "former_name"): _with_keys(former_names, "former_name").with_columns(item_no=pl.lit(1)),
        ("samr_food_sampling", "sample_row"): _numbered(samples),
        ("recognition_list", "decision"): _numbered(decisions),
        ("cnipa_trademark", "registration_class"): classes,
    }


def _declare_aliases(connection: duckdb.DuckDBPyConnection, register: pl.DataFrame, path: Path) -> None:
    """Write the English names that are declared; former names are in the register."""
    names = register.filter("has_english_alias").select("name_en", "uscc")
    _with_keys(names, "name_en").write_parquet(path)
    connection.execute(
        "insert into lake.enterprise_aliases select row_number() over () + 1, name_en_norm, name_en_key, uscc,"
        " null, null, 'english', 'world' from read_parquet(?)",
        [str(path)],
    )


def _with_keys(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    normalised = text.normalised(frame[column])
    return frame.with_columns(normalised.alias(f"{column}_norm"), text.name_keys(normalised).alias(f"{column}_key"))


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(record_no=pl.int_range(1, pl.len() + 1))


def _replace(
    connection: duckdb.DuckDBPyConnection, source: Source, entity: str, rows: pl.DataFrame, path: Path
) -> None:
    """Replace the empty view of the lake by a table of these rows; columns that they do not have are null."""
    rows.write_parquet(path)
    columns = ", ".join(
        f"{name}::{kind} as {name}" if name in rows.columns else f"null::{kind} as {name}"
        for name, kind in source.lake_columns(entity)
    )
    view = f"lake.{source.id}__{entity}"
    connection.execute(f"drop view {view}")
    connection.read_parquet(str(path)).create_view("incoming")
    connection.execute(f"create table {view} as select 'a' as delivery_sha256, {columns} from incoming")
    connection.execute("drop view incoming")
