"""Splink over the names that no rule resolves: how likely each is a registered enterprise with a name near to it.

The parameters stand in `linkage.json`, as `python -m benchmarks.identity --train` wrote them from names with known
truth. Splink is imported only where there are names to judge.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

SETTINGS = Path(__file__).with_name("linkage.json")
# A pair less likely than this is not even worth a look.
LEAST_PROBABILITY = 0.05

_EVIDENCE = ("core", "form", "place", "brands", "trade")
# The rarer a word or a street is, the more it means that both sides have it.
_BY_FREQUENCY = ("core", "street")
# What words share that are the same or one character apart: one blanked in both, or one taken from the name (+) or from
# the enterprise (-). Edit distances of databases count bytes, not characters.
_SIGNATURES = """
    list_transform(generate_series(1, length(core)), lambda i: left(core, i - 1) || '?' || substr(core, i + 1))
    || list_transform(
        generate_series(1, length(core)),
        lambda i: case side when 'name' then '+' else '-' end || left(core, i - 1) || substr(core, i + 1)
    )
    || [core, case side when 'name' then '-' else '+' end || core] as signatures
"""
_NAMES = "names"
_ENTERPRISES = "enterprises"


def scored_pairs(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    schema: str,
    settings: Path = SETTINGS,
    least_probability: float | None = LEAST_PROBABILITY,
) -> duckdb.DuckDBPyRelation:
    """Pairs of a name and an enterprise whose core words differ in at most one character.

    `table` is int_enterprise_clues. Columns: name_key, uscc, probability (0-1) and, per kind of evidence, the level of
    agreement that the settings define, -1 where either side states nothing. Tables of the work are made in `schema`.
    """
    clues = connection.table(table)
    (first,) = clues.aggregate("count(*) filter (side = 'name'), count(*) filter (side = 'enterprise')").fetchall()
    if not all(first):
        columns = ", ".join(f"null::integer as {name}_level" for name in _EVIDENCE)
        return connection.sql(
            "select null::varchar as name_key, null::varchar as uscc, null::double as probability,"
            f" {columns} where false"
        )
    from splink import DuckDBAPI, Linker

    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"set schema = '{schema}'")
    api = DuckDBAPI(connection)
    sides = {}
    for side, name in (("name", _NAMES), ("enterprise", _ENTERPRISES)):
        wanted = clues.filter(f"side = '{side}'").project(f"*, {_SIGNATURES}")
        wanted.project("* exclude (side, n_of_core, n_of_street)").to_table(name)
        sides[name] = api.register(name, dataset_display_name=name)
    parameters = json.loads(settings.read_text(encoding="utf-8"))
    linker = Linker([sides[_NAMES], sides[_ENTERPRISES]], parameters, log_level=None, validate_settings=False)
    for column in _BY_FREQUENCY:
        lookup = f"frequency_of_{column}"
        clues.filter(f"{column} is not null").aggregate(
            f"{column}, max(n_of_{column}) * {_chance(parameters, column)!r} as tf_{column}", column
        ).to_table(lookup)
        linker.table_management.register_term_frequency_lookup(api.register(lookup), column)
    pairs = linker.inference.predict(threshold_match_probability=least_probability)
    return pairs.as_duckdbpyrelation().project(
        # Splink orders the two sides by the alphabet.
        "unique_id_r as name_key, unique_id_l as uscc, match_probability as probability, "
        + ", ".join(f"gamma_{name} as {name}_level" for name in _EVIDENCE)
    )


def _chance(parameters: dict[str, Any], column: str) -> float:
    """How likely two firms with near names agree in a column by chance, where one enterprise in the register has it.

    The parameters are those of pairs with near names, so frequencies among all enterprises would be of another scale.
    """
    (chance,) = (
        level["u_probability"]
        for comparison in parameters["comparisons"]
        for level in comparison["comparison_levels"]
        if level.get("tf_adjustment_column") == column
    )
    return float(chance)
