"""Identity measured: names with known truth through the pipeline's own models; `make bench-identity`.

The world (benchmarks/names.py) is written where the lake's tables would be, and dbt builds `int_enterprise_names` and
what it needs. A mention is right when the enterprise that its name takes is the firm it was made from. `--train` writes
the parameters of the linkage (pipelines/build/linkage.json) from a world of another seed instead.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from benchmarks.machine import facts
from benchmarks.names import NameWorld, name_world
from pipelines.build.dbt import NodeResult, run_models
from pipelines.build.dbt_project import DbtProject
from pipelines.build.dbt_runner import import_dbt
from pipelines.build.linkage import SETTINGS, scored_pairs
from pipelines.build.parsed_project import load_project
from pipelines.build.work_database import create_work_database
from pipelines.contract import names as text
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.simulation.misprints import CORRUPTIONS
from pipelines.state.database import open_database
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder

CLUES = "work.staging.int_enterprise_clues"
AS_OF = date(2024, 5, 16)
SEED = 20240516
TRAINING_SEED = 7
TRAINING_NAMES = 200_000
# The models of identity are these and the models between them and the result.
FIRST_MODELS = ("int_name_places", "int_enterprise_decisions", "int_enterprise_mentions", "int_enterprise_aliases")
METHODS = ["uscc", "legal_name", "former_name", "alias", "stated_name", "canonical_name", "evidence", "ambiguous"]
PRECISION, RECALL, SECONDS = 0.999, 0.96, 30.0

_BOTH = "name_city_l = name_city_r and place_city_l = place_city_r"
# Per comparison what it needs to say anything, and what agrees at each level from the strongest; the last is what is
# left. Where a firm is counts once: street, city of the address and city in the name are no independent witnesses.
_LEVELS = {
    "core": ("core", [("same", "core_l = core_r")]),
    "form": ("form", [("same", "form_l = form_r")]),
    "place": (
        None,
        [
            ("same street and number", "street_l = street_r"),
            ("same city in name and address", f"{_BOTH} and (street_l is null or street_r is null)"),
            ("same city, other street", _BOTH),
            ("same city of address", "place_city_l = place_city_r and (name_city_l is null or name_city_r is null)"),
            ("same city in name", "name_city_l = name_city_r and (place_city_l is null or place_city_r is null)"),
        ],
    ),
    "brands": ("brands", [("one the same", "list_has_any(brands_l, brands_r)")]),
    "trade": ("trade", [("same", "trade_l = trade_r")]),
}
# How common a word or a street is tells how much it means that both have it.
_BY_FREQUENCY = {"core": "core", "place": "street"}


@dataclass(frozen=True)
class Resolved:
    """What became of a world: its work database, seconds of wall and of processor time, and dbt's results.

    `key_seconds` is processor time of the name keys; `before_seconds` the wall time of what identity builds on, such as
    the regions of every address; the rest is of the models of identity, with the start of dbt.
    """

    folder: RunFolder
    mentions: pl.DataFrame
    key_seconds: float
    before_seconds: float
    seconds: float
    cpu_seconds: float
    results: list[NodeResult]


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _named(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    norm = text.normalised(frame[column])
    return frame.with_columns(norm.alias(f"{column}_norm"), text.name_keys(norm).alias(f"{column}_key"))


def _replace(
    connection: duckdb.DuckDBPyConnection, source: Source, entity: str, frame: pl.DataFrame, path: Path
) -> None:
    """Put a frame in the place of the lake's empty view; columns that it lacks are null."""
    frame.write_parquet(path)
    columns = ", ".join(
        f"{name}::{kind} as {name}" if name in frame.columns else f"null::{kind} as {name}"
        for name, kind in source.lake_columns(entity)
    )
    view = f"lake.{source.id}__{entity}"
    connection.execute(f"drop view {view}")
    connection.read_parquet(str(path)).create_view("frame_in_place")
    connection.execute(f"create table {view} as select 'a' as delivery_sha256, {columns} from frame_in_place")
    connection.execute("drop view frame_in_place")


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(record_no=pl.int_range(1, pl.len() + 1))


def write_world(world: NameWorld, home: Home, folder: RunFolder) -> tuple[pl.DataFrame, float]:
    """The run's work database with the world in its lake; returns the mentions with their keys, and the seconds of
    processor time that normalising took."""
    sources = load_sources()
    create_work_database(home, folder, sources, {source_id: [] for source_id in sources})
    started = _processor()
    register, mentions = _named(world.register, "name"), _named(world.mentions, "name")
    seconds = _processor() - started
    register = _numbered(
        register.with_columns(address_norm=text.normalised(register["address"]), extract_date=pl.date(2024, 5, 16))
    )
    former = _named(register.filter("has_former_alias").select("record_no", "former_name"), "former_name")
    english = _named(register.filter("has_english_alias").select("name_en", "uscc"), "name_en")
    marks = _numbered(register.filter(pl.col("mark_text").is_not_null()))
    uncoded = mentions.filter(pl.col("uscc").is_null()).select(
        producer_name="name",
        producer_name_norm="name_norm",
        producer_name_key="name_key",
        producer_address=text.normalised(mentions.filter(pl.col("uscc").is_null())["address"]),
        brand_text_norm="brand",
        category_name_norm="category",
    )
    coded = mentions.filter(pl.col("uscc").is_not_null()).select(
        "uscc", recipient_name="name", recipient_name_norm="name_norm", recipient_name_key="name_key"
    )
    scratch = folder.root
    with open_database(folder.work, folder.spill) as connection:
        for source_id, entity, frame in (
            (
                "enterprise_register",
                "enterprise",
                register.rename({c: f"enterprise_{c}" for c in ("name", "name_norm", "name_key")}),
            ),
            ("enterprise_register", "former_name", former.with_columns(item_no=pl.lit(1))),
            (
                "samr_food_sampling",
                "sample_row",
                _numbered(uncoded.rename({"producer_address": "producer_address_norm"})),
            ),
            ("recognition_list", "decision", _numbered(coded)),
            (
                "cnipa_trademark",
                "registration_class",
                marks.select(
                    "record_no",
                    registration_no=pl.col("record_no").cast(pl.String),
                    nice_class=pl.lit(30),
                    mark_text="mark_text",
                    mark_text_norm="mark_text",
                    applicant_name="name",
                    applicant_name_norm="name_norm",
                    applicant_name_key="name_key",
                    legal_status=pl.lit("已注册"),
                ),
            ),
        ):
            path = scratch / f"{source_id}-{entity}.parquet"
            _replace(connection, sources[source_id], entity, frame, path)
        connection.execute(
            "insert into lake.deliveries(source_id, sha256, original_name, state)"
            " values ('cnipa_trademark', 'a', 'marks.csv', 'loaded')"
        )
        english.write_parquet(scratch / "english.parquet")
        connection.execute(
            "insert into lake.enterprise_aliases select row_number() over () + 1, name_en_norm, name_en_key, uscc,"
            " null, null, 'english', 'world' from read_parquet(?)",
            [str(scratch / "english.parquet")],
        )
    return mentions, seconds


def _identity_models(project: DbtProject, last: str) -> list[str]:
    """The models from FIRST_MODELS to the one named, in the order of their dependencies."""
    needed = {unique_id for unique_id, table in project.tables.items() if table.name == last}
    for unique_id in reversed(list(project.tables)):
        if unique_id in needed:
            needed.update(project.tables[unique_id].upstream)
    models: dict[str, str] = {}
    for unique_id, table in project.tables.items():
        is_of_identity = table.name in FIRST_MODELS or not models.keys().isdisjoint(table.upstream)
        if is_of_identity and unique_id in needed:
            models[unique_id] = table.name
    return list(models.values())


def resolve(n_names: int, seed: int, scratch: Path, last: str) -> Resolved:
    """A world of so many mentions, resolved by the pipeline's models up to the one named."""
    home = Home(scratch / "home")
    folder = RunFolder.of(home, f"names-{n_names}-{seed}")
    mentions, key_seconds = write_world(name_world(n_names, seed), home, folder)
    project = load_project(home)
    import_dbt()
    started = time.perf_counter()
    models = _identity_models(project, last)
    run_models(project, home, folder, AS_OF, [f"+{last}"], models)
    before_seconds = time.perf_counter() - started
    started, cpu = time.perf_counter(), _processor()
    results = run_models(project, home, folder, AS_OF, models)
    return Resolved(
        folder, mentions, key_seconds, before_seconds, time.perf_counter() - started, _processor() - cpu, results
    )


def train(scratch: Path) -> None:
    """Write the linkage's parameters: shares of agreement among pairs that are and are not one firm."""
    resolved = resolve(TRAINING_NAMES, TRAINING_SEED, scratch, "int_enterprise_clues")
    untrained = scratch / "untrained.json"
    levels = {name: [(1.0 / len(found), 1.0 / len(found))] * (len(found) + 1) for name, (_, found) in _LEVELS.items()}
    untrained.write_text(json.dumps(_settings(levels, 0.5)), encoding="utf-8")
    with open_database(resolved.folder.work, resolved.folder.spill) as connection:
        truth = resolved.mentions.filter(pl.col("uscc").is_null()).group_by("name_key").agg(pl.col("truth").unique())
        known = truth.filter(pl.col("truth").list.len() == 1).select("name_key", truth=pl.col("truth").list.first())
        connection.register("known", known.to_arrow())
        scored_pairs(connection, CLUES, "work.linkage", untrained, None).to_table("scored")
        counted = connection.sql("select * from scored inner join known using (name_key)")
        n_pairs, n_matches = counted.aggregate("count(*), count(*) filter (truth = uscc)").fetchall()[0]
        trained: dict[str, list[tuple[float, float]]] = {}
        for name, (_, found) in _LEVELS.items():
            rows = counted.filter(f"{name}_level >= 0").aggregate(
                f"{name}_level as level, count(*) filter (truth = uscc) as m,"
                " count(*) filter (truth is null or truth <> uscc) as u"
            )
            counts = {level: (m, u) for level, m, u in rows.fetchall()}
            m_total = sum(m for m, _ in counts.values()) + len(found) + 1
            u_total = sum(u for _, u in counts.values()) + len(found) + 1
            trained[name] = [
                ((counts.get(level, (0, 0))[0] + 1) / m_total, (counts.get(level, (0, 0))[1] + 1) / u_total)
                for level in range(len(found), -1, -1)
            ]
    settings = _settings(trained, n_matches / n_pairs)
    SETTINGS.write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{SETTINGS}: from {n_pairs:,} pairs, {n_matches:,} of them one firm")


def _settings(levels: dict[str, list[tuple[float, float]]], prior: float) -> dict[str, Any]:
    """Splink's settings: per comparison the levels with m and u, both among pairs whose names are near each other."""
    comparisons = []
    for name, (needed, found) in _LEVELS.items():
        nothing = " and ".join(
            f"({one}_l is null or {one}_r is null)"
            for one in ([needed] if needed else ["name_city", "place_city", "street"])
        )
        made: list[dict[str, Any]] = [
            {"sql_condition": nothing, "label_for_charts": "nothing said", "is_null_level": True}
        ]
        for number, (label, condition) in enumerate([*found, ("else", "ELSE")]):
            m, u = levels[name][number]
            level: dict[str, Any] = {
                "sql_condition": condition,
                "label_for_charts": label,
                "m_probability": round(m, 6),
                "u_probability": round(u, 6),
            }
            if number == 0 and name in _BY_FREQUENCY:
                level |= {"tf_adjustment_column": _BY_FREQUENCY[name], "tf_adjustment_weight": 1.0}
            made.append(level)
        comparisons.append({"output_column_name": name, "comparison_levels": made})
    return {
        "link_type": "link_only",
        "sql_dialect": "duckdb",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": round(prior, 6),
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [
            {
                # Two that name different cities are never one.
                "blocking_rule": "l.signatures = r.signatures and"
                " (l.name_city = r.name_city or l.name_city is null or r.name_city is null)",
                "sql_dialect": "duckdb",
                "arrays_to_explode": ["signatures"],
            }
        ],
        "comparisons": comparisons,
    }


def judged(resolved: Resolved) -> pl.DataFrame:
    """The mentions with `method`, `linked` (the code that the mention came to, if any) and `is_right`."""
    resolved.mentions.select("mention_no", "name_key", "uscc", "truth", "is_registered", "corruption").write_parquet(
        resolved.folder.root / "mentions.parquet"
    )
    with open_database(resolved.folder.work, resolved.folder.spill, read_only=True) as connection:
        connection.execute(
            """
            create temp table judged as
            select
                mentions.corruption,
                case when mentions.uscc is not null then 'uscc' else names.method end as method,
                mentions.truth,
                mentions.is_registered,
                coalesce(
                    mentions.uscc,
                    case when names.enterprise_id like 'USCC:%' then substr(names.enterprise_id, 6) end
                ) as linked
            from read_parquet(?) as mentions
            left join staging.int_enterprise_names as names on mentions.name_key = names.name_key
            """,
            [str(resolved.folder.root / "mentions.parquet")],
        )
        table = connection.table("judged").to_arrow_table()
    return pl.DataFrame(table)


def _counts(rows: pl.DataFrame) -> tuple[int, int, int, int]:
    """Mentions linked to a code, those linked rightly, mentions of registered firms, and those that came to theirs."""
    is_right = (pl.col("linked") == pl.col("truth")).fill_null(False)
    (counts,) = rows.select(
        pl.col("linked").count().alias("linked"),
        is_right.sum().alias("right"),
        pl.col("is_registered").sum().alias("known"),
        (is_right & pl.col("is_registered")).sum().alias("found"),
    ).iter_rows()
    return counts


def _table(rows: pl.DataFrame, by: str, order: list[str]) -> list[str]:
    """A Markdown table with a row per value of `by`, and one for all."""
    lines = [f"| {by} | mentions | linked | right | in the register | precision | recall |", "|" + " --- |" * 7]
    parts = {str(key[0]): part for key, part in rows.group_by(by)}
    for name in [*(one for one in order if one in parts), *sorted(set(parts) - set(order)), "all"]:
        part = parts.get(name, rows)
        linked, right, known, found = _counts(part)
        precision = f"{right / linked:.5f}" if linked else "-"
        recall = f"{found / known:.4f}" if known else "-"
        lines.append(f"| {name} | {len(part):,} | {linked:,} | {right:,} | {known:,} | {precision} | {recall} |")
    return lines


def _measure(n_names: int, scratch: Path) -> bool:
    """Print one world's figures; returns whether what is to be reached is reached."""
    resolved = resolve(n_names, SEED, scratch, "int_enterprise_names")
    rows = judged(resolved)
    linked, right, known, found = _counts(rows)
    seconds = resolved.key_seconds + resolved.seconds
    precision, recall = right / linked, found / known
    print(f"## {n_names:,} names, {n_names // 2:,} registered enterprises\n")
    print(
        f"precision {precision:.5f} (at least {PRECISION}), recall {recall:.4f} (at least {RECALL}),"
        f" {seconds:.1f} s (at most {SECONDS:.0f} s for a million): name keys {resolved.key_seconds:.1f} s, models of"
        f" identity {resolved.seconds:.1f} s ({resolved.cpu_seconds:.1f} s of processor time). What they build on, such"
        f" as the regions of every address, took {resolved.before_seconds:.1f} s before.\n"
    )
    for line in _table(rows, "method", METHODS):
        print(line)
    print()
    for line in _table(rows, "corruption", list(CORRUPTIONS)):
        print(line)
    print("\nSlowest models: ", end="")
    slowest = sorted(resolved.results, key=lambda one: -one.seconds)[:10]
    print(", ".join(f"{one.unique_id.rsplit('.', 1)[1]} {one.seconds:.1f} s" for one in slowest), flush=True)
    return precision >= PRECISION and recall >= RECALL and seconds <= SECONDS


def main() -> None:
    """Print precision, recall and seconds, with tables per method and per corruption; exit code 1 where they fail."""
    arguments = argparse.ArgumentParser(prog="benchmarks.identity", description=__doc__)
    arguments.add_argument("--names", type=int, nargs="+", default=[200_000, 1_000_000], help="mentions of each world")
    arguments.add_argument("--train", action="store_true", help="write the linkage's parameters instead")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="touchstone-names-") as name:
        if given.train:
            train(Path(name))
            return
        reached = [_measure(n_names, Path(name)) for n_names in given.names]
    print(f"\nMeasured by `make bench-identity` on {facts()}")
    if not all(reached):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
