"""Training of the linkage: shares of agreement, counted in a world of names with known truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from benchmarks.identity.resolve import Resolved, resolve
from pipelines.build.linkage import SETTINGS, scored_pairs
from pipelines.state.database import open_database

SEED = 7
N_NAMES = 200_000
CLUES = "work.staging.int_enterprise_clues"

# Per level of a comparison, from the strongest: m and u, the probability that pairs agree at this level if they are
# one firm, and if they are not. The last level is that no condition holds.
Probabilities = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Comparison:
    """A kind of evidence: the columns without which a side has none, and what agrees at each level (label, condition).

    `by_frequency` is a column whose common values count less at the strongest level than its rare ones.
    """

    name: str
    columns: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    by_frequency: str | None = None


_BOTH_CITIES = "name_city_l = name_city_r and place_city_l = place_city_r"
# The place of a firm counts once: street, city of the address and city in the name are not independent of each other.
COMPARISONS = (
    Comparison("core", ("core",), (("same", "core_l = core_r"),), by_frequency="core"),
    Comparison("form", ("form",), (("same", "form_l = form_r"),)),
    Comparison(
        "place",
        ("name_city", "place_city", "street"),
        (
            ("same street and number", "street_l = street_r"),
            ("same city in name and address", f"{_BOTH_CITIES} and (street_l is null or street_r is null)"),
            ("same city, other street", _BOTH_CITIES),
            ("same city of address", "place_city_l = place_city_r and (name_city_l is null or name_city_r is null)"),
            ("same city in name", "name_city_l = name_city_r and (place_city_l is null or place_city_r is null)"),
        ),
        by_frequency="street",
    ),
    Comparison("brands", ("brands",), (("one the same", "list_has_any(brands_l, brands_r)"),)),
    Comparison("trade", ("trade",), (("same", "trade_l = trade_r"),)),
)


def train(scratch: Path) -> None:
    """Write the linkage's parameters, pipelines/build/linkage.json."""
    resolved = resolve(N_NAMES, SEED, scratch, "int_enterprise_clues")
    untrained = scratch / "untrained.json"
    equal = {
        comparison.name: [(1 / len(comparison.levels), 1 / len(comparison.levels))] * (len(comparison.levels) + 1)
        for comparison in COMPARISONS
    }
    untrained.write_text(json.dumps(_settings(equal, 0.5)), encoding="utf-8")
    with open_database(resolved.folder.work, resolved.folder.spill) as connection:
        connection.register("firm_of_name", _firm_of_name(resolved).to_arrow())
        scored_pairs(connection, CLUES, "work.linkage", untrained, None).to_table("scored")
        pairs = connection.sql("select * from scored inner join firm_of_name using (name_key)")
        n_pairs, n_matches = pairs.aggregate("count(*), count(*) filter (truth = uscc)").fetchall()[0]
        trained = {comparison.name: _probabilities(pairs, comparison) for comparison in COMPARISONS}
    settings = _settings(trained, n_matches / n_pairs)
    SETTINGS.write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{SETTINGS}: from {n_pairs:,} pairs, {n_matches:,} of them one firm")


def _firm_of_name(resolved: Resolved) -> pl.DataFrame:
    """The code of the firm per name key, for names without a code that mean one firm only."""
    uncoded = resolved.mentions.filter(pl.col("uscc").is_null())
    firms = uncoded.group_by("name_key").agg(pl.col("truth").unique())
    return firms.filter(pl.col("truth").list.len() == 1).select("name_key", truth=pl.col("truth").list.first())


def _probabilities(pairs: duckdb.DuckDBPyRelation, comparison: Comparison) -> Probabilities:
    """The shares of the levels among pairs that are one firm and among the others, each level counted once more."""
    level = f"{comparison.name}_level"
    counted = pairs.filter(f"{level} >= 0").aggregate(
        f"{level} as level, count(*) filter (truth = uscc) as n_matches,"
        " count(*) filter (truth is null or truth <> uscc) as n_others"
    )
    counts = {number: (n_matches, n_others) for number, n_matches, n_others in counted.fetchall()}
    n_levels = len(comparison.levels) + 1
    matches = sum(n_matches for n_matches, _ in counts.values()) + n_levels
    others = sum(n_others for _, n_others in counts.values()) + n_levels
    ordered = [counts.get(number, (0, 0)) for number in reversed(range(n_levels))]
    return [((n_matches + 1) / matches, (n_others + 1) / others) for n_matches, n_others in ordered]


def _settings(probabilities: Mapping[str, Probabilities], prior: float) -> dict[str, Any]:
    """Splink's settings, with m and u among pairs whose names are near each other."""
    return {
        "link_type": "link_only",
        "sql_dialect": "duckdb",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": round(prior, 6),
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [
            {
                # Two names with different cities are never one firm.
                "blocking_rule": "l.signatures = r.signatures and"
                " (l.name_city = r.name_city or l.name_city is null or r.name_city is null)",
                "sql_dialect": "duckdb",
                "arrays_to_explode": ["signatures"],
            }
        ],
        "comparisons": [_comparison(comparison, probabilities[comparison.name]) for comparison in COMPARISONS],
    }


def _comparison(comparison: Comparison, probabilities: Probabilities) -> dict[str, Any]:
    """Splink's settings of one comparison."""
    no_evidence = " and ".join(f"({column}_l is null or {column}_r is null)" for column in comparison.columns)
    levels: list[dict[str, Any]] = [
        {"sql_condition": no_evidence, "label_for_charts": "nothing said", "is_null_level": True}
    ]
    for (label, condition), (m, u) in zip([*comparison.levels, ("else", "ELSE")], probabilities, strict=True):
        levels.append(
            {
                "sql_condition": condition,
                "label_for_charts": label,
                "m_probability": round(m, 6),
                "u_probability": round(u, 6),
            }
        )
    if comparison.by_frequency:
        levels[1] |= {"tf_adjustment_column": comparison.by_frequency, "tf_adjustment_weight": 1.0}
    return {"output_column_name": comparison.name, "comparison_levels": levels}
