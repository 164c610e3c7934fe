"""A star filled by hand, and the marts that dbt makes of it: real rules, real SQL, few enough rows to check by eye."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.build.dbt import run_models
from pipelines.state.home import DBT_PROJECT_DIR, Home
from pipelines.state.run_folder import RunFolder
from tests.worlds.dbt_models import PARSED

Row = Mapping[str, Any]

_STAR = DBT_PROJECT_DIR / "models" / "star"
_MEASURES = DBT_PROJECT_DIR / "models" / "measures"
_SEEDS = DBT_PROJECT_DIR / "seeds"
# Made of seeds and of the star alone, so that dbt builds them here as it does in a release.
_BUILT = ("rules", "rule_schemes", "dim_rule", "bridge_rule_scheme")
_DERIVED = (
    "int_placed_recognitions", "int_held_recognitions", "int_held_measures", "int_region_measures", "int_brands_abroad",
    "int_echelon_candidates", "int_scheme_brand_types", "int_strength_scenarios", "int_strength_ranks",
    "int_strength_evidence", "fct_credit_point", "fct_credit_score", "fct_enterprise_measure", "fct_pillar_score",
    "fct_recognition_movement",
)  # fmt: skip


def key(natural_key: str) -> int:
    """The surrogate key that the warehouse gives to a natural key of one part."""
    return int(hashlib.md5(natural_key.encode(), usedforsecurity=False).hexdigest()[:15], 16)


# What is measured of targets, made of the star and of a seed; the marts of targets come with it.
_TARGETS = (
    "rules", "dim_rule", "forecast_models", "int_valid_mark_periods", "int_target_days", "bridge_target_recognition",
    "int_target_counts", "int_target_pass_rates", "fct_target_month", "int_feed_days", "int_target_evidence",
    "fct_target_actual", "fct_target_forecast", "int_target_status", "target_progress", "target_history",
)  # fmt: skip


def build_marts(folder: Path, tables: Mapping[str, Sequence[Row]], as_of: str) -> Path:
    """Fill the star with the rows, build the marts but those of targets, and return the file; see `build`."""
    return build(folder, tables, as_of, {*_BUILT, *_DERIVED}, [*_BUILT, *_DERIVED, "marts"], ["target_progress"])


def build_targets(folder: Path, tables: Mapping[str, Sequence[Row]], as_of: str) -> Path:
    """Fill the star with the rows, measure its targets, build their marts and return the file; see `build`."""
    return build(folder, tables, as_of, set(_TARGETS), _TARGETS)


def build(
    folder: Path,
    tables: Mapping[str, Sequence[Row]],
    as_of: str,
    built: set[str],
    selected: Sequence[str],
    without: Sequence[str] = (),
) -> Path:
    """Fill the star with the rows, have dbt build the `selected` models but those `without`, and return the file.

    A column that a row leaves out is -1 where it is a key, else its type's empty value where it may not be null, else
    null. Schemes of recognitions and brand plans come from the seeds, every calendar day of 2000 to 2030 is there.
    """
    run = RunFolder(folder)
    with duckdb.connect(str(run.candidate)) as connection:
        connection.execute("create schema star")
        for path in sorted([*_STAR.glob("*.yml"), *_MEASURES.glob("*.yml")]):
            if path.stem not in built:
                _create(connection, path)
        for table, rows in tables.items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" for _ in row)
                connection.execute(f"insert into star.{table} ({names}) values ({marks})", list(row.values()))
        _fill_from_seeds(connection)
    with duckdb.connect(str(run.work)):
        pass
    run_models(PARSED.load(), Home(folder), run, date.fromisoformat(as_of), selected, without)
    return run.candidate


def _create(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    model = yaml.safe_load(path.read_text(encoding="utf-8"))["models"][0]
    columns = []
    for column in model["columns"]:
        name, kind = column["name"], column["data_type"]
        required = any(constraint["type"] == "not_null" for constraint in column.get("constraints", []))
        if name.endswith("_key"):
            default = "-1"
        elif required and kind == "boolean":
            default = "false"
        elif required and kind in ("bigint", "integer", "double"):
            default = "0"
        elif required and kind == "varchar":
            default = "''"
        else:
            default = "null"
        columns.append(f"{name} {kind} default {default}")
    connection.execute(f"create table star.{model['name']} ({', '.join(columns)})")


def _fill_from_seeds(connection: duckdb.DuckDBPyConnection) -> None:
    connection.create_function("key", key, ["varchar"], "bigint")
    connection.execute(
        "insert into star.dim_recognition_scheme by name"
        " select key(scheme_id) as scheme_key, scheme_id, name_zh, name_en, level, ladder, rung,"
        " coalesce(valid_from, date '1900-01-01') as valid_from, coalesce(valid_to, date '9999-12-31') as valid_to,"
        " successor_scheme_id, validity_years from read_csv(?, all_varchar = false)",
        [str(_SEEDS / "recognition_schemes.csv")],
    )
    connection.execute(
        "insert into star.dim_policy_plan by name"
        " select key(plan_id) as plan_key, plan_id, plans.name_zh, plans.name_en, issuer, regions.region_key,"
        " plans.valid_from, due_date, plan_state from read_csv(?, types = {'region_code': 'varchar'}) as plans"
        " join star.dim_region as regions using (region_code)",
        [str(_SEEDS / "policy_plans.csv")],
    )
    connection.execute(
        "insert into star.dim_date by name select strftime(d, '%Y%m%d')::bigint as date_key, d::date as calendar_date,"
        " strftime(d, '%Y-%m') as period, day(d) as day"
        " from range(date '2000-01-01', date '2031-01-01', interval 1 day) as t(d)"
    )
