"""Every fact of a release counted again from the raw files, and measures with them: no difference is allowed."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.state.home import Home
from tests.oracle import indicators, inspections, lives, marks, targets
from tests.oracle.files import ROOT, reference
from tests.oracle.firms import Firms
from tests.oracle.oracle import Oracle

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Release:
    """A home, the current release of it, and the oracle over what the home received."""

    connection: duckdb.DuckDBPyConnection
    oracle: Oracle

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


def release_of(home: Path, file: Path, as_of: date) -> Release:
    """What a home received, next to the release made of it as of a day."""
    connection = duckdb.connect(os.path.realpath(file), read_only=True)
    firms = Firms(
        connection.execute(
            "select unnest([name, name_key]), enterprise_key from star.bridge_enterprise_name"
        ).fetchall(),
        connection.execute(
            "select uscc, durable_enterprise_key from star.dim_enterprise where uscc is not null"
        ).fetchall(),
        connection.execute(
            "select durable_enterprise_key, region_key, valid_from, valid_to from star.dim_enterprise"
        ).fetchall(),
        connection.execute(
            "select region_key, unnest([city_code, province_code]) from star.dim_region where region_key <> -1"
        ).fetchall(),
    )
    return Release(connection, Oracle(home, as_of, firms))


def _released(home: Path) -> Release:
    with duckdb.connect(os.path.realpath(Home(home).current), read_only=True) as connection:
        ((as_of,),) = connection.execute("select max_by(as_of_date, release_id) from audit.releases").fetchall()
    return release_of(home, Home(home).current, as_of)


@pytest.fixture(scope="module", params=["simulated_home", "real_home"])
def release(request: pytest.FixtureRequest) -> Release:
    return _released(request.getfixturevalue(request.param))


FACTS: dict[str, Callable[[Oracle], int]] = {
    "fct_trademark_event": lambda told: marks.n_events(told.marks),
    "fct_trademark_stock": lambda told: len(told.stock.mark_classes),
    "fct_inspection": lambda told: len(told.food) + len(told.products) + len(told.notifications) + len(told.recalls),
    # A recall has one finding, its reason.
    "fct_inspection_finding": lambda told: (
        sum(len(sample.items) for sample in told.food + told.products)
        + sum(n_hazards for _, _, n_hazards in told.notifications.values())
        + len(told.recalls)
    ),
    "fct_recognition_event": lambda told: len(told.events),
    "fct_recognition": lambda told: len(told.recognitions),
    "fct_recognition_state": lambda told: lives.periods(told.recognitions).total(),
    "fct_recognition_movement": lambda told: lives.movements(told.recognitions),
    "fct_indicator_value": lambda told: len(told.reported),
    "fct_policy_target": lambda told: len(reference("policy_targets")),
    "fct_target_month": lambda told: sum(map(len, told.months.values())),
    "fct_target_forecast": lambda told: sum(target.due > told.as_of for target in told.months),
    "fct_target_actual": lambda told: len(reference("policy_targets")),
    "fct_credit_point": lambda told: len(told.points),
    "fct_credit_score": lambda told: len(told.credit_scores),
    "fct_enterprise_measure": lambda told: len(told.measures),
    "fct_pillar_score": lambda told: len(told.pillars),
}


def test_every_fact_is_counted_again(release: Release) -> None:
    tables = release.rows(
        "select table_name from information_schema.tables"
        " where table_schema = 'star' and starts_with(table_name, 'fct_')"
    )
    missing = {str(name) for (name,) in tables} - FACTS.keys()
    assert not missing, f"count {sorted(missing)} again from the raw files, in FACTS of {__file__}"


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_has_as_many_rows_as_the_files_state(release: Release, fact: str) -> None:
    assert release.rows(f"select count(*) from star.{fact}") == [(FACTS[fact](release.oracle),)]


def test_marks_of_every_office_and_those_that_are_live(release: Release) -> None:
    known = "from star.dim_trademark where trademark_key <> -1"
    assert dict(release.rows(f"select office_code::varchar, count(distinct application_no) {known} group by 1")) == (
        dict(marks.counts(release.oracle.marks))
    )
    live = release.rows(
        f"select office_code::varchar, count(distinct application_no) {known} and is_current and status_group = 'live'"
        " group by 1"
    )
    assert dict(live) == marks.live_per_office(release.oracle.marks, release.oracle.as_of)


def test_the_stock_of_each_month_by_region_class_and_office(release: Release) -> None:
    rows = release.rows(
        "select snapshot_date, region_key, nice_class_key, office_code::varchar, n_marks, n_mark_classes"
        " from star.fct_trademark_stock"
    )
    assert {tuple(cell): n_classes for *cell, _, n_classes in rows} == release.oracle.stock.mark_classes
    assert {tuple(cell): n_marks for *cell, n_marks, _ in rows} == release.oracle.stock.marks


def test_states_of_recognitions_and_their_days(release: Release) -> None:
    states = release.rows(
        "select scheme_id::varchar, periods.state::varchar, periods.valid_from, periods.valid_to, count(*)"
        " from star.fct_recognition_state as periods join star.fct_recognition using (recognition_key)"
        " join star.dim_recognition_scheme using (scheme_key) group by all"
    )
    assert {tuple(period): n_rows for *period, n_rows in states} == lives.periods(release.oracle.recognitions)


@pytest.mark.parametrize("source", ["samr_food_sampling", "product_spot_check"])
def test_pass_rate_by_province_and_month(release: Release, source: str) -> None:
    samples = release.oracle.food if source == "samr_food_sampling" else release.oracle.products
    counted = release.connection.execute(
        "select coalesce(province_code, ''), coalesce(left(notice_date::varchar, 7), ''), count(*),"
        " count_if(result = 'pass') from star.fct_inspection join star.dim_region using (region_key)"
        " where source_id = ? group by all",
        [source],
    ).fetchall()
    told = inspections.pass_rates(samples, release.oracle.provinces)
    assert {(place, month): (n_samples, n_pass) for place, month, n_samples, n_pass in counted} == told


_TARGETS = (
    " join star.fct_policy_target using (policy_target_key) join star.dim_policy_plan using (plan_key)"
    " join star.dim_indicator using (indicator_key)"
)


def test_values_of_targets_at_the_end_of_each_month(release: Release) -> None:
    rows = release.rows(
        "select plan_id, indicator_id, measured_date, computed_value, computed_low, computed_high, succession_value"
        f" from star.fct_target_month {_TARGETS}"
    )
    told = {
        (target.plan, target.indicator, when): (one and (one.value, one.low, one.high, one.with_predecessors))
        or (None, None, None, None)
        for target, months in release.oracle.months.items()
        for when, one in months.items()
    }
    assert {tuple(row[:3]) for row in rows} == told.keys()
    for *key, value, low, high, succession in rows:
        assert (value, low, high, succession) == pytest.approx(told[tuple(key)]), key


def test_forecasts_of_targets(release: Release) -> None:
    oracle = release.oracle
    rows = release.rows(
        "select plan_id, indicator_id, forecast_date, forecast_reason_code, n_steps, forecast_value, forecast_low,"
        f" forecast_high from star.fct_target_forecast {_TARGETS}"
    )
    told = {(target.plan, target.indicator): target for target in oracle.months if target.due > oracle.as_of}
    assert {(plan, indicator) for plan, indicator, *_ in rows} == told.keys()
    for plan, indicator, ends, reason, *numbers in rows:
        target = told[plan, indicator]
        assert ends == targets.forecast_day(target, oracle.as_of)
        one = (
            targets.forecast(target, oracle.months[target], oracle.as_of) if oracle.progress.is_fresh(target) else None
        )
        assert (reason == "forecast") == (one is not None), target
        if one:
            assert tuple(numbers) == pytest.approx((one.n_steps, one.value, one.low, one.high)), target


def test_recognitions_held_per_scheme(release: Release) -> None:
    held = release.rows(
        "select scheme_id, count(*) from star.fct_recognition join star.dim_recognition_scheme using (scheme_key)"
        " where state in ('held', 'conditional') group by 1"
    )
    assert dict(held) == lives.held_per_scheme(release.oracle.recognitions)


def test_geographical_indications_held_per_country(release: Release) -> None:
    held = release.rows(
        "select unnest(string_split(origin_country, ', ')), count(*) from star.fct_recognition"
        " where state = 'held' and origin_country is not null group by 1"
    )
    assert dict(held) == lives.gi_held_per_country(release.oracle.recognitions)


def test_credit_points_of_each_enterprise_and_rule(release: Release) -> None:
    rows = release.rows(
        "select enterprise_key, rule_id, points, case when rule_id <> 'credit_trusted' then evidence_date end, count(*)"
        " from star.fct_credit_point join star.dim_rule using (rule_key) group by all"
    )
    told = Counter((one.enterprise, one.rule, one.points, one.happened) for one in release.oracle.points)
    assert {tuple(point): n_rows for *point, n_rows in rows} == told


def test_credit_score_of_each_enterprise(release: Release) -> None:
    rows = release.rows("select enterprise_key, score, n_samples, n_fail from star.fct_credit_score")
    assert {enterprise: tuple(row) for enterprise, *row in rows} == release.oracle.credit_scores


def test_measures_of_each_enterprise(release: Release) -> None:
    rows = release.rows(
        "select rule_id, enterprise_key, measures.value from star.fct_enterprise_measure as measures"
        " join star.dim_rule using (rule_key)"
    )
    assert {(rule, enterprise): value for rule, enterprise, value in rows} == pytest.approx(release.oracle.measures)


def test_pillars_of_each_enterprise(release: Release) -> None:
    rows = release.rows("select enterprise_key, pillar, normalisation, pillar_score from star.fct_pillar_score")
    assert {tuple(key): score for *key, score in rows} == pytest.approx(release.oracle.pillars)


def test_recalls_and_notifications_per_year(release: Release) -> None:
    counted = release.rows(
        "select source_id::varchar, year(notice_date), count(*) from star.fct_inspection"
        " where source_id in ('rasff', 'fda_enforcement') group by all"
    )
    told: dict[tuple[str, int], int] = {}
    for source, days in (
        ("fda_enforcement", list(release.oracle.recalls.values())),
        ("rasff", [notified for notified, _, _ in release.oracle.notifications.values()]),
    ):
        for one in days:
            told[source, one.year] = told.get((source, one.year), 0) + 1
    assert {(source, year): n_rows for source, year, n_rows in counted} == told


def test_reported_madrid_applications(release: Release) -> None:
    values = release.rows(
        "select lower(replace(region_name, ' ', '')), period, value from star.fct_indicator_value"
        " where regexp_matches(source_document, 'madrid_applications|马德里商标国际注册申请量') and length(period) = 4"
    )
    told = indicators.madrid_per_region(release.oracle.reported)
    assert told
    assert {(region, year): value for region, year, value in values} == told


def test_the_oracle_shares_no_code_with_the_pipeline() -> None:
    for path in sorted((ROOT / "tests" / "oracle").glob("*.py")):
        if path.name != Path(__file__).name:
            imported = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.M)
            assert not {"pipelines", "sources", "dbt"} & set(imported), path
