"""Which sources feed a table of the star: the lineage of the real project, and of small ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.build.dbt_project import DbtProject, DbtSource, DbtTable
from pipelines.build.feeds import feeds_of_star
from pipelines.contract.loading import load_sources
from pipelines.errors import UsageError
from tests.worlds.dbt_models import PARSED


def table(path: str, *upstream: str) -> DbtTable:
    name = Path(path).stem
    return DbtTable(name, "model", name, "work", "star", "", "table", (), upstream, f"models/{path}.sql")


def project(*tables: DbtTable) -> DbtProject:
    sources = {view: DbtSource(view, (view.split("__")[0], view.split("__")[1])) for view in ("a__record", "b__region")}
    return DbtProject({table.unique_id: table for table in tables}, {}, sources, Path())


def test_a_feed_comes_through_staging_and_the_models_of_the_subject() -> None:
    tables = (
        table("staging/a/stg_a__record", "a__record"),
        table("staging/b/stg_b__region", "b__region"),
        table("intermediate/regions/int_regions", "stg_b__region"),
        table("intermediate/inspections/int_alerts", "stg_a__record", "int_regions"),
        table("star/fct_inspection", "int_alerts", "int_regions"),
        table("star/dim_region", "int_regions"),
        table("star/bridge_inspection_party", "fct_inspection"),
        table("measures/fct_credit_score", "fct_inspection"),
    )
    assert feeds_of_star(project(*tables)) == {
        "fct_inspection": {"a": {"a__record"}},
        "dim_region": {"b": {"b__region"}},
        "bridge_inspection_party": {},
    }


def test_an_optional_feed_is_left_out_and_must_be_a_feed() -> None:
    staged = table("staging/a/stg_a__record", "a__record")
    fact = table("star/fct_inspection", "stg_a__record")
    assert feeds_of_star(project(staged, replace(fact, optional_feeds={"a": "why"}))) == {"fct_inspection": {}}
    with pytest.raises(UsageError, match=r"models/star/fct_inspection.sql: meta.optional_feeds: b does not feed"):
        feeds_of_star(project(staged, replace(fact, optional_feeds={"b": "why"})))


@pytest.mark.slow
def test_every_office_feeds_what_it_reports() -> None:
    feeds = {name: set(of_table) for name, of_table in feeds_of_star(PARSED.load()).items()}
    offices = {"cnipa_trademark", "euipo_trademark", "tipo_gazette", "uspto_trademark"}
    notices = {"product_spot_check", "samr_food_sampling"}
    assert feeds["dim_trademark"] == feeds["bridge_trademark_class"] == feeds["bridge_trademark_owner"] == offices
    assert feeds["fct_trademark_event"] == offices - {"cnipa_trademark"}
    assert feeds["fct_inspection"] == feeds["fct_inspection_finding"] == notices | {"rasff", "fda_enforcement"}
    assert feeds["bridge_inspection_party"] == notices
    assert feeds["dim_enterprise"] == feeds["bridge_enterprise_name"] == {"enterprise_register"}
    assert feeds["fct_recognition"] == feeds["fct_recognition_event"] == {"recognition_list", "eambrosia_gi"}
    assert feeds["fct_indicator_value"] == {"indicator_report"}
    assert feeds["dim_region"] == {"region_codes"}


@pytest.mark.slow
def test_every_source_feeds_a_table_of_the_star() -> None:
    """A source whose lineage ends before the star would be received and gated for nothing."""
    fed = {source_id for of_table in feeds_of_star(PARSED.load()).values() for source_id in of_table}
    assert fed == set(load_sources())


@pytest.mark.slow
def test_what_a_table_reads_of_the_lake_is_declared() -> None:
    views = {f"{source.id}__{entity}" for source in load_sources().values() for entity in source.entities}
    fed = {
        view
        for of_table in feeds_of_star(PARSED.load()).values()
        for of_source in of_table.values()
        for view in of_source
    }
    assert fed <= views
