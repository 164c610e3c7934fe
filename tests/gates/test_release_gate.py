"""The suite of the release gate: each check passes a good candidate and reports what is wrong in a bad one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.build.feeds import feeds_of_star
from pipelines.contract.loading import load_sources
from pipelines.gates.great_expectations import CheckCannotRun
from pipelines.gates.release_gate import release_plans, run_release_gate
from pipelines.gates.star_checks import FIXED_COLUMNS
from tests.worlds.dbt_models import PARSED
from tests.worlds.hand_made_lake import DELIVERIES, QUARANTINE, deliver, empty_lake, refused


def release_column(name: str) -> str:
    if name.endswith("_key"):
        return f'"{name}" bigint'
    if name.startswith("n_") or name == "record_no":
        return f'"{name}" bigint'
    if name.startswith("is_"):
        return f'"{name}" boolean'
    return f'"{name}" date' if name.endswith("_date") else f'"{name}" varchar'


@pytest.fixture
def candidate() -> Iterator[duckdb.DuckDBPyConnection]:
    """A small candidate that fits its lake, with the release before it."""
    sources = load_sources()
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("use work")
        connection.execute("create schema work.lake")
        connection.execute(DELIVERIES)
        connection.execute(QUARANTINE)
        for source in sources.values():
            empty_lake(connection, source)
        deliver(connection, "tipo_gazette", "t1", 1, n_loaded=2, n_quarantined=1)
        deliver(connection, "recognition_list", "r1", 1, n_loaded=2)
        connection.execute(
            """
            insert into lake.quarantine (source_id, delivery_sha256, record_no, rule)
            values ('tipo_gazette', 't1', 3, 'x');
            insert into lake.tipo_gazette__registration (delivery_sha256, record_no, application_number)
            values ('t1', 1, '111000001'), ('t1', 2, '111000002');
            insert into lake.uspto_trademark__case_file (delivery_sha256, record_no, serial_number)
            values ('u1', 1, '88000001'), ('u2', 1, '88000001');
            insert into lake.cnipa_trademark__registration_class (delivery_sha256, record_no, registration_no)
            values ('c1', 1, '1'), ('c1', 2, '1');
            insert into lake.uspto_trademark__event (delivery_sha256, record_no, item_no) values ('u1', 1, 1);
            insert into lake.samr_food_sampling__sample_row (delivery_sha256, record_no, sample_no)
            values ('s1', 1, 'A1'), ('s1', 2, 'A1'), ('s1', 3, 'A2');
            insert into lake.recognition_list__decision
                (delivery_sha256, record_no, scheme_name_norm, recipient_name_key)
            values ('r1', 1, '湖北精品', '甲'), ('r1', 2, '湖北精品', '乙'), ('r2', 1, '湖北精品', '乙');
            insert into lake.enterprise_register__enterprise (delivery_sha256, record_no, uscc) values ('e1', 1, 'x');
            insert into lake.region_codes__region (delivery_sha256, record_no) values ('g1', 1);
            """
        )
        connection.execute("use memory")
        for schema in ("star", "marts", "audit"):
            connection.execute(f"create schema {schema}")
        for table, columns in FIXED_COLUMNS.items():
            connection.execute(f"create table {table}({', '.join(map(release_column, columns.split()))})")
        connection.execute(
            """
            create table star.dim_date(date_key bigint);
            create table star.fct_trademark_event(trademark_event_key bigint, trademark_key bigint);
            create table star.fct_inspection_finding(inspection_key bigint, finding_no bigint);
            create table star.fct_recognition_event(
                recognition_event_key bigint, recognition_key bigint, source_id varchar, event_type varchar);
            create table star.fct_policy_target(policy_target_key bigint, indicator_key bigint);
            create table star.fct_indicator_value(indicator_value_key bigint, indicator_key bigint);
            create table star.bridge_recognition_name(recognition_key bigint, name_no bigint);
            create table star.bridge_trademark_class(trademark_key bigint, nice_class_key bigint);
            create table star.bridge_inspection_party(inspection_key bigint, enterprise_key bigint);
            insert into star.dim_date values (-1), (20260101);
            insert into star.dim_trademark by name
            select * from (values (-1, null, null, 'unknown', true), (1, 'TW', '111000001', 'live', true),
                (2, 'TW', '111000002', 'live', true), (3, 'US', '88000001', 'pending', true),
                (4, 'US', '88000001', 'live', false), (5, 'CN', '1', 'unknown', false))
                as t(trademark_key, office_code, application_no, status_group, is_current);
            insert into star.dim_enterprise (enterprise_key) values (-1), (1);
            insert into star.dim_region (region_key, level) values (-1, '未知'), (1, '省级');
            insert into star.dim_recognition_scheme (scheme_key) values (-1), (1);
            insert into star.fct_trademark_event values (1, 1);
            insert into star.fct_recognition_event values (1, 1, 'recognition_list', 'grant'),
                (2, 1, 'recognition_list', 'grant');
            insert into star.fct_inspection by name
            select n as inspection_key, 'samr_food_sampling' as source_id, -1 as producer_enterprise_key,
                -1 as sampled_enterprise_key, -1 as trademark_key, -1 as product_category_key, 'fail' as result,
                -1 as region_key, 1 as delivery_key
            from range(2) as t(n);
            insert into star.fct_recognition by name
            select n as recognition_key, 1 as scheme_key, -1 as enterprise_key, 'held' as state, -1 as region_key
            from range(2) as t(n);
            insert into star.fct_policy_target values (1, 1), (2, 1);
            insert into star.bridge_trademark_class values (1, 1);
            insert into marts.target_progress (plan_id, as_of_date) values ('p', '2026-11-20'), ('q', '2026-11-20');
            insert into audit.deliveries by name
            select row_number() over (order by sha256) as delivery_key, source_id, sha256, original_name, n_records,
                n_loaded, n_quarantined, n_skipped, state
            from work.lake.deliveries;
            insert into audit.quarantine by name
            select source_id, delivery_sha256, record_no, rule from work.lake.quarantine;
            attach ':memory:' as previous;
            create schema previous.star;
            create table previous.star.dim_trademark as from star.dim_trademark;
            create table previous.star.fct_inspection as from star.fct_inspection;
            create table previous.star.fct_withdrawn as select 1 as n;
            """
        )
        for table in feeds_of_star(PARSED.load()):
            key = f"{table.partition('_')[2]}_key" if table.startswith("dim_") else "n"
            connection.execute(f"create table if not exists star.{table} as from (values (-1), (1)) as t({key})")
        yield connection


def test_a_complete_candidate_passes_and_results_match_the_plans(candidate: duckdb.DuckDBPyConnection) -> None:
    results = run_release_gate(candidate, PARSED.load())
    assert {name: result.line for name, result in refused(results).items()} == {}
    assert [result.plan for result in results] == release_plans(PARSED.load())
    names = [plan.name for plan in release_plans(PARSED.load())]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)


def test_without_an_earlier_release_nothing_is_compared(candidate: duckdb.DuckDBPyConnection) -> None:
    candidate.execute("detach previous")
    found = {result.plan.name: result for result in run_release_gate(candidate, PARSED.load())}
    assert found["star__no_table_shrank"].passed
    assert found["star__no_table_shrank"].observed == "no earlier release to compare with"


def test_a_table_about_a_window_may_shrink(candidate: duckdb.DuckDBPyConnection) -> None:
    for database, n_rows in (("previous", 29), ("candidate", 1)):
        schema = "previous.star" if database == "previous" else "star"
        candidate.execute(
            f"create table {schema}.fct_target_forecast as select n as policy_target_key from range({n_rows}) as t(n)"
        )
    assert refused(run_release_gate(candidate, PARSED.load())) == {}


def test_every_table_that_shrank_is_named_since_the_check_may_be_overridden(
    candidate: duckdb.DuckDBPyConnection,
) -> None:
    for n in range(5):
        candidate.execute(f"create table star.fct_small_{n} as select 1 as n")
        candidate.execute(f"create table previous.star.fct_small_{n} as select * from range(9) as t(n)")
    observed = refused(run_release_gate(candidate, PARSED.load()))["star__no_table_shrank"].observed
    assert observed == "; ".join(f"star.fct_small_{n} (had 9): 1 rows" for n in range(5))


SPOILT_CANDIDATE: list[list[tuple[str, str, str]]] = [
    [
        (
            "alter table star.dim_region drop successor_code",
            "star__fixed_columns",
            "star.dim_region: without successor_code",
        ),
        ("drop table marts.brand_monitor", "star__fixed_columns", "marts.brand_monitor is missing"),
        (
            "insert into star.dim_enterprise (enterprise_key) values (1)",
            "star__dimension_keys_unique",
            "star.dim_enterprise.enterprise_key: 2 rows with a repeated key",
        ),
        (
            "insert into star.dim_date values (null)",
            "star__dimension_keys_unique",
            "star.dim_date.date_key: 66.67% filled, 1 of 3 rows empty",
        ),
        ("create table star.dim_odd as select 1 as n", "star__dimension_keys_unique", "star.dim_odd: without odd_key"),
        (
            "update star.dim_recognition_scheme set scheme_key = 2 where scheme_key = -1",
            "star__unknown_members_present",
            "star.dim_recognition_scheme: 1 of 2 rows",
        ),
        (
            "insert into star.fct_trademark_event values (1, 1)",
            "star__fact_keys_unique",
            "star.fct_trademark_event.trademark_event_key: 2 rows with a repeated key",
        ),
        (
            "update star.fct_inspection set region_key = null where inspection_key = 1",
            "star__fact_keys_filled",
            "star.fct_inspection.region_key: 50.00% filled, 1 of 2 rows empty",
        ),
        (
            "update star.bridge_trademark_class set nice_class_key = null",
            "star__fact_keys_filled",
            "star.bridge_trademark_class.nice_class_key",
        ),
        (
            "update star.dim_trademark set status_group = 'abandoned' where trademark_key = 3",
            "star__dim_trademark__status_group_in_codes",
            "expected only pending, live, dead, unknown; first: value = abandoned",
        ),
        (
            "update star.fct_recognition set state = '认定'",
            "star__fct_recognition__state_in_codes",
            "first: value = 认定",
        ),
        (
            "insert into previous.star.dim_trademark (trademark_key) select n from range(2) as t(n)",
            "star__no_table_shrank",
            "star.dim_trademark (had 8): 6 rows, expected no table more than 20% smaller",
        ),
    ],
    [
        (
            "update star.fct_inspection set result = null",
            "star__fct_inspection__result_in_codes",
            "0.00% filled, 2 of 2 rows empty",
        ),
        (
            "delete from star.dim_region where region_key > 0",
            "star__filled_where_lake_is",
            "first: n_rows = 1",
        ),
        (
            "insert into work.lake.samr_food_sampling__finding (delivery_sha256, record_no) values ('s1', 1)",
            "star__filled_where_lake_is",
            "star.fct_inspection_finding: 1 failing",
        ),
        ("drop table star.bridge_trademark_owner", "star__filled_where_lake_is", "bridge_trademark_owner is missing"),
        (
            "delete from audit.deliveries where sha256 = 't1'",
            "audit__deliveries__deliveries_reconcile",
            "first: delivery = t1.csv, n_lake = 1, n_audit = None",
        ),
        (
            "update audit.deliveries set n_skipped = 1 where sha256 = 'r1'",
            "audit__deliveries__conservation",
            "first: original_name = r1.csv, n_records = 2, n_loaded = 2, n_quarantined = 0, n_skipped = 1",
        ),
        (
            "delete from audit.quarantine",
            "audit__quarantine__quarantine_reconcile",
            "first: delivery_sha256 = t1, n_lake = 1, n_audit = None",
        ),
        (
            "delete from marts.target_progress where plan_id = 'q'",
            "marts__target_progress__every_target",
            "first: n_rows = 1, n_targets = 2",
        ),
    ],
]


@pytest.mark.parametrize("spoilt", SPOILT_CANDIDATE, ids=lambda group: group[0][1])
def test_a_spoilt_candidate_is_refused_by_its_checks_alone_with_their_lines(
    candidate: duckdb.DuckDBPyConnection, spoilt: list[tuple[str, str, str]]
) -> None:
    for spoil, _, _ in spoilt:
        candidate.execute(spoil)
    found = refused(run_release_gate(candidate, PARSED.load()))
    assert set(found) == {name for _, name, _ in spoilt}
    for _, name, told in spoilt:
        assert told in found[name].line
        assert "\n" not in found[name].line


def test_an_empty_candidate_is_refused_not_passed_over() -> None:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work")
        results = run_release_gate(connection, PARSED.load())
    passed = {result.plan.name for result in results if result.passed}
    assert passed == {"star__no_table_shrank"}


def test_a_release_check_without_its_lake_raises(candidate: duckdb.DuckDBPyConnection) -> None:
    candidate.execute("detach work")
    with pytest.raises(CheckCannotRun, match="could not run"):
        run_release_gate(candidate, PARSED.load())
