"""The suite of a load gate: each check passes good data and reports what is wrong in bad data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_source, load_sources
from pipelines.errors import UsageError
from pipelines.gates.check import CheckResult
from pipelines.gates.delivery_checks import DeliveryCounts, add_delivery_checks
from pipelines.gates.entity_checks import add_entity_checks
from pipelines.gates.great_expectations import CheckCannotRun
from pipelines.gates.load_gate import load_plans, run_load_gate
from pipelines.gates.overrides import overridable_checks
from pipelines.gates.release_gate import GENERAL_RULES
from pipelines.gates.source_rules import SourceRules
from tests.worlds.hand_made_lake import DELIVERIES, QUARANTINE, deliver, empty_lake, refused

AS_OF = date(2026, 11, 20)

DECLARATION = """
id: sampling
title: {zh: 抽检, en: Sampling}
publisher: Office
licence: none
home_url: https://example.org/
cadence: weekly
freshness_hours: 200
freshness_reason: weekly
semantics: append
delivery: {patterns: ["*.csv"], format: table}
entities:
  sample:
    meaning: {zh: 样品, en: One sample}
    key: [sample_no]
    columns:
      - {name: sample_no, type: text, zh: 抽样编号, en: Sampling number, pattern: 'S\\d{3}'}
      - {name: product_name, type: text, required: true, zh: 产品, en: Product}
      - {name: result, type: text, codes: [合格, 不合格], zh: 结论, en: Result}
      - {name: level, type: text, codes: [省], on_error: keep, zh: 级别, en: Level}
      - {name: uscc, type: text, format: uscc, zh: 代码, en: Unified social credit code}
      - {name: sampled_date, type: date, format: iso, zh: 抽样日期, en: Date}
      - {name: brand_text, type: text, zh: 商标, en: Brand}
      - {name: weight, type: number, zh: 重量, en: Weight}
  finding:
    meaning: {zh: 不合格项目, en: One failing item}
    columns:
      - {name: item_name, type: text, required: true, zh: 项目, en: Item}
      - {name: found_date, type: partial_date, format: iso, zh: 日期, en: Date}
tolerances:
  quarantined_share_max: 0.1
  volume_ratio: [0.5, 2]
  fill_rates: {brand_text: 0.75, finding.found_date: 0.5}
checks:
  - name: failing_has_finding
    entity: sample
    severity: error
    max_share: 0.0
    reason: A failing sample names the item that failed.
    sql: >-
      select s.sample_no from {entity} as s anti join {finding} as f
      on f.delivery_sha256 = s.delivery_sha256 and f.record_no = s.record_no where s.result = '不合格'
  - name: names_readable
    entity: sample
    severity: warn
    max_share: 0.25
    reason: Names are words.
    sql: select product_name from {entity} where regexp_matches(product_name, '^(?:[0-9]{2,}|[%:：]+)$')
"""


@pytest.fixture
def declared(tmp_path: Path) -> Source:
    folder = tmp_path / "sampling"
    folder.mkdir()
    (folder / "source.yaml").write_text(DECLARATION, encoding="utf-8")
    return load_source(folder / "source.yaml")


@pytest.fixture
def lake(declared: Source) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema lake")
        connection.execute(DELIVERIES)
        connection.execute(QUARANTINE)
        empty_lake(connection, declared)
        for day, digest in enumerate(("aa", "bb", "cc", "dd"), start=1):
            deliver(connection, "sampling", digest, day, n_loaded=4)
            connection.execute(
                """
                insert into lake.sampling__sample
                select ?, n, 'S' || lpad(n::varchar, 3, '0'), '茶叶', if(n = 4, '不合格', '合格'), '省',
                    '91420100MA4K2XYU3B', date '2026-10-01', if(n = 1, null, '示例'), 0.5
                from range(1, 5) as t(n)
                """,
                [digest],
            )
            connection.execute(
                """
                insert into lake.sampling__finding
                values (?, 4, 1, '铅', '2026-10-02', '2026-10-02'), (?, 4, 2, '镉', null, '2026-10')
                """,
                [digest, digest],
            )
        yield connection


def gate(
    lake: duckdb.DuckDBPyConnection, declared: Source, history: list[DeliveryCounts] | None = None
) -> list[CheckResult]:
    return run_load_gate(lake, declared, history or [], as_of=AS_OF)


def test_good_data_passes_every_check_and_results_match_the_plans(
    lake: duckdb.DuckDBPyConnection, declared: Source
) -> None:
    results = gate(lake, declared)
    assert refused(results) == {}
    assert [result.plan for result in results] == load_plans(declared)
    observed = {result.plan.name: result.observed for result in results}
    assert observed["deliveries__conservation"] == "4 loaded deliveries, 16 records"
    assert observed["deliveries__volume"] == "1.00 times the median of 3 earlier deliveries"
    assert observed["sample__brand_text_fill_rate"] == "75.00% filled, 4 of 16 rows empty"
    assert observed["sample__rows_present"] == "16 rows"
    assert observed["sample__address_unique"] == "every key once"
    assert all("\n" not in result.line for result in results)


# (what to spoil, the check that refuses it, a part of its line), in groups that do not touch each other's checks.
SPOILT: list[list[tuple[str, str, str]]] = [
    [
        (
            "update lake.sampling__sample set product_name = null where record_no = 2 and delivery_sha256 = 'bb'",
            "sample__product_name_filled",
            "sampling/sample: sample__product_name_filled: found 93.75% filled, 1 of 16 rows empty, expected no row"
            " without it; first: bb.csv record 2: product_name is empty; product_name is required in the contract. Look"
            " whether the feed renamed or moved the column, and correct its `from` in sources/sampling/source.yaml.",
        ),
        (
            "update lake.sampling__sample set result = '无法判定' where record_no = 3 and delivery_sha256 = 'dd'",
            "sample__result_in_codes",
            "found 1 of 16 rows, expected only 合格, 不合格; first: dd.csv record 3: result = 无法判定;",
        ),
        (
            "update lake.sampling__sample set level = '乡' where record_no = 3",
            "sample__level_in_codes",
            "found 4 of 16 rows",
        ),
        (
            "update lake.sampling__sample set uscc = '91420100MA4K2XYU3'"
            " where record_no = 1 and delivery_sha256 = 'aa'",
            "sample__uscc_pattern",
            "first: aa.csv record 1: uscc = 91420100MA4K2XYU3;",
        ),
        (
            "update lake.sampling__sample set sampled_date = date '0111-03-16' where delivery_sha256 = 'aa'",
            "sample__sampled_date_plausible",
            "found 4 of 16 rows, expected 1800-01-01 to 2106-12-31, but for 1% of the values;"
            " first: aa.csv record 1: sampled_date = 0111-03-16;",
        ),
        (
            "update lake.sampling__finding set found_date = date '2999-01-01' where delivery_sha256 = 'aa'",
            "finding__found_date_plausible",
            "first: aa.csv record 4: found_date = 2999-01-01",
        ),
        (
            "update lake.sampling__finding set item_name = null where item_no = 2 and delivery_sha256 = 'aa'",
            "finding__item_name_filled",
            "first: aa.csv record 4: item_name is empty",
        ),
    ],
    [
        (
            "update lake.sampling__sample set sample_no = null where record_no = 1",
            "sample__sample_no_filled",
            "4 of 16 rows empty, expected no row without it; first: aa.csv record 1: sample_no is empty;"
            " sample_no is part of the key",
        ),
        (
            "update lake.sampling__sample set sample_no = 'S0012' where record_no = 2 and delivery_sha256 = 'aa'",
            "sample__sample_no_pattern",
            r"expected only S\d{3}; first: aa.csv record 2: sample_no = S0012;",
        ),
        (
            "update lake.sampling__sample set product_name = '12345' where record_no < 3",
            "sample__names_readable",
            "found 8 of 16 rows, expected at most 25.00% of the rows; first: product_name = 12345; Names are words.",
        ),
        (
            "update lake.sampling__sample set brand_text = null where record_no = 2 and delivery_sha256 = 'aa'",
            "sample__brand_text_fill_rate",
            "found 68.75% filled, 5 of 16 rows empty, expected at least 75.0% filled; first: aa.csv record 1",
        ),
        (
            "update lake.sampling__finding set found_date = null",
            "finding__found_date_fill_rate",
            "found 0.00% filled, 8 of 8 rows empty",
        ),
        (
            "update lake.sampling__sample set record_no = null where record_no = 3 and delivery_sha256 = 'aa'",
            "sample__record_no_filled",
            "1 of 16 rows empty",
        ),
    ],
    [
        (
            "update lake.sampling__sample set record_no = 1 where record_no = 2 and delivery_sha256 = 'cc'",
            "sample__address_unique",
            "found 2 rows with a repeated key, expected no (delivery_sha256, record_no) twice;"
            " first: delivery_sha256 = cc, record_no = 1;",
        ),
        (
            "update lake.sampling__finding set item_no = 1",
            "finding__address_unique",
            "first: delivery_sha256 = aa, record_no = 4, n_items = 2, n_distinct = 1;",
        ),
        (
            "insert into lake.sampling__finding values ('aa', 99, 1, '汞', '2026-10-02', '2026-10-02')",
            "finding__records_present",
            "found 1 of 9 rows, expected every item's record in sample; first: delivery_sha256 = aa, record_no = 99;",
        ),
        (
            "update lake.deliveries set n_records = 5 where sha256 = 'aa'",
            "deliveries__conservation",
            "(4 loaded deliveries, 17 records)",
        ),
    ],
    [
        (
            "insert into lake.sampling__finding values ('aa', 4, null, '汞', '2026-10-02', '2026-10-02')",
            "finding__address_unique",
            "twice or without a number; first: delivery_sha256 = aa, record_no = 4, n_items = 1, n_distinct = None",
        ),
        (
            "delete from lake.sampling__finding where delivery_sha256 = 'bb'",
            "sample__failing_has_finding",
            "found 1 of 16 rows, expected none; first: sample_no = S004; A failing sample names the item that failed.",
        ),
        (
            "update lake.deliveries set n_quarantined = null where sha256 = 'aa'",
            "deliveries__conservation",
            "n_quarantined = None",
        ),
        (
            "insert into lake.deliveries (source_id, sha256, original_name, received_at, n_records, n_loaded,"
            " n_quarantined, n_skipped, state, reason) values ('sampling', 'ee', 'ee.csv', '2026-11-06', 3, 0, 3, 0,"
            " 'quarantined', 'no header')",
            "deliveries__quarantined_whole",
            "first: original_name = ee.csv, n_records = 3, reason = no header;",
        ),
    ],
    [
        (
            "delete from lake.sampling__sample where record_no = 1 and delivery_sha256 = 'dd'",
            "deliveries__conservation",
            "first: delivery = dd.csv, n_records = 4, n_loaded = 4, n_quarantined = 0, n_skipped = 0, n_rows = 3;",
        ),
        (
            "update lake.deliveries set n_quarantined = 2, n_records = 6 where sha256 <> 'dd'",
            "deliveries__quarantined_share",
            "(27.273 % of 22 records), expected at most 10.00% of the records;"
            " first: n_quarantined = 6, n_records = 22;",
        ),
        ("select 1", "deliveries__quarantined_share_each", "first: original_name = aa.csv, n_quarantined = 2"),
    ],
    [
        (
            "update lake.deliveries set state = 'refused' where sha256 = 'aa'",
            "deliveries__conservation",
            "first: delivery = aa, n_records = None",
        ),
    ],
    [
        ("delete from lake.sampling__finding", "sample__rows_present", "found 0 rows, expected at least 1 row"),
        ("delete from lake.sampling__sample", "deliveries__conservation", "n_rows = 0"),
    ],
]


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda group: group[0][1])
def test_bad_data_is_refused_by_its_check_alone_with_its_line(
    lake: duckdb.DuckDBPyConnection, declared: Source, spoilt: list[tuple[str, str, str]]
) -> None:
    for spoil, _, _ in spoilt:
        lake.execute(spoil)
    found = refused(gate(lake, declared))
    assert set(found) == {name for _, name, _ in spoilt}
    for _, name, told in spoilt:
        assert told in found[name].line
        assert "\n" not in found[name].line


def test_severities_come_from_the_declaration(declared: Source) -> None:
    warnings = {plan.name for plan in load_plans(declared) if plan.severity == "warn"}
    assert warnings == {
        "deliveries__quarantined_share_each",
        "deliveries__quarantined_whole",
        "deliveries__volume",
        "sample__level_in_codes",
        "sample__names_readable",
    }


def test_only_tolerances_that_stop_a_release_may_be_overridden(declared: Source) -> None:
    assert {plan.name for plan in load_plans(declared) if plan.may_be_overridden} == {
        "deliveries__quarantined_share",
        "sample__sampled_date_plausible",
        "sample__brand_text_fill_rate",
        "finding__found_date_plausible",
        "finding__found_date_fill_rate",
    }
    release = {rule.plan.full_name for rule in GENERAL_RULES if rule.plan.may_be_overridden}
    assert release == {"star__no_table_shrank"}
    assert {name for name in overridable_checks([declared]) if "/" not in name} == release


def test_a_refusal_names_its_override_where_there_is_one(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    lake.execute("update lake.sampling__sample set brand_text = null")
    lake.execute("update lake.sampling__sample set record_no = 1 where record_no = 2 and delivery_sha256 = 'cc'")
    found = refused(gate(lake, declared))
    assert found["sample__brand_text_fill_rate"].line.endswith(
        " To publish one release all the same: `touchstone refresh --override sampling/sample__brand_text_fill_rate"
        " --reason TEXT`."
    )
    assert "--override" not in found["sample__address_unique"].line


def test_no_line_asks_for_a_change_of_code(declared: Source) -> None:
    """An operator reports what only a maintainer can correct; declarations and corrections are data."""
    remedies = [rule.remedy for rule in GENERAL_RULES]
    rules = SourceRules(declared)
    add_delivery_checks(rules)
    for entity in declared.entities:
        add_entity_checks(rules, entity, AS_OF)
    remedies += [rule.remedy for rule in rules.rules]
    of_code = re.compile(r"\.py\b|\.sql\b|[A-Z]{3,}_[A-Z]|[Cc]orrect the model")
    assert not [remedy for remedy in remedies if of_code.search(remedy)]


def test_a_source_without_a_loaded_delivery_has_nothing_to_check(
    lake: duckdb.DuckDBPyConnection, declared: Source
) -> None:
    lake.execute("update lake.deliveries set state = 'refused'")
    assert gate(lake, declared) == []


def test_where_every_delivery_is_quarantined_only_that_is_reported(
    lake: duckdb.DuckDBPyConnection, declared: Source
) -> None:
    lake.execute("update lake.deliveries set state = 'quarantined', n_loaded = 0, n_quarantined = 4")
    lake.execute("delete from lake.sampling__finding; delete from lake.sampling__sample")
    results = gate(lake, declared)
    assert [result.plan for result in results] == load_plans(declared)
    assert set(refused(results)) == {"deliveries__quarantined_whole"}
    assert {result.observed for result in results if result.passed} == {"no loaded delivery"}


def test_a_wholly_quarantined_delivery_does_not_count_in_the_share(
    lake: duckdb.DuckDBPyConnection, declared: Source
) -> None:
    deliver(lake, "sampling", "ee", 9, n_loaded=0, n_quarantined=900, state="quarantined")
    assert set(refused(gate(lake, declared))) == {"deliveries__quarantined_whole"}


def volume(lake: duckdb.DuckDBPyConnection, declared: Source, history: list[DeliveryCounts]) -> CheckResult:
    return next(result for result in gate(lake, declared, history) if result.plan.name == "deliveries__volume")


def grow(lake: duckdb.DuckDBPyConnection, digest: str, day: int, n_records: int) -> None:
    deliver(lake, "sampling", digest, day, n_records)
    lake.execute(
        "insert into lake.sampling__sample select ?, n, 'S001', '茶叶', '合格', '省', null, null, '示例', 1"
        " from range(1, ? + 1) as t(n)",
        [digest, n_records],
    )


def test_a_delivery_far_from_its_history_is_reported(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    grow(lake, "ee", 5, 40)
    found = volume(lake, declared, [])
    assert not found.passed
    assert "1.00 to 10.00 times the median of up to 4 earlier deliveries" in found.line
    assert "expected 0.5 to 2 times the median" in found.line
    assert "value = 10.0" in found.line


def test_only_new_deliveries_are_held_against_history(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    grow(lake, "ee", 5, 40)
    known = [
        DeliveryCounts(digest, datetime(2026, 11, day, tzinfo=UTC), n)
        for day, digest, n in [(1, "aa", 4), (2, "bb", 4), (3, "cc", 4), (4, "dd", 4), (5, "ee", 40)]
    ]
    grow(lake, "ff", 6, 5)
    assert volume(lake, declared, known).observed == "1.25 times the median of 5 earlier deliveries"


def test_the_newest_is_judged_when_history_holds_every_delivery(
    lake: duckdb.DuckDBPyConnection, declared: Source
) -> None:
    known = [
        DeliveryCounts(digest, datetime(2026, 11, day), 4)
        for day, digest in enumerate(("aa", "bb", "cc", "dd"), start=1)
    ]
    assert volume(lake, declared, known).observed == "1.00 times the median of 3 earlier deliveries"


def test_deliveries_that_left_the_lake_still_count_as_history(
    lake: duckdb.DuckDBPyConnection, declared: Source
) -> None:
    lake.execute("delete from lake.deliveries where sha256 <> 'dd'")
    lake.execute("delete from lake.sampling__finding where delivery_sha256 <> 'dd'")
    lake.execute("delete from lake.sampling__sample where delivery_sha256 <> 'dd'")
    start = datetime(2026, 10, 1)
    gone = [DeliveryCounts(f"old{n}", start + timedelta(days=n), 40) for n in range(3)]
    found = volume(lake, declared, gone)
    assert not found.passed
    assert "0.10 times the median of 3 earlier deliveries" in found.observed


def test_too_little_history_passes_and_states_so(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    lake.execute("delete from lake.deliveries where sha256 in ('aa', 'bb')")
    found = volume(lake, declared, [])
    assert (found.passed, found.observed) == (True, "no history: 1 earlier deliveries, 3 needed")


def test_a_check_that_cannot_run_raises(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    broken = declared.checks[0].model_copy(update={"sql": "select colour from {entity}"})
    with pytest.raises(CheckCannotRun, match=r"sample__failing_has_finding could not run: .*colour"):
        gate(lake, declared.model_copy(update={"checks": [broken]}))
    assert refused(gate(lake, declared)) == {}, "the connection serves the next gate"


def test_a_missing_view_is_refused(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    lake.execute("drop table lake.sampling__finding")
    with pytest.raises(CheckCannotRun, match="sampling__finding"):
        gate(lake, declared)
    found = refused(gate(lake, declared.model_copy(update={"checks": []})))
    assert found["finding__item_name_filled"].observed == "lake.sampling__finding is missing"


def test_two_checks_of_one_name_are_an_error_of_the_declaration(declared: Source) -> None:
    twice = declared.model_copy(update={"checks": [declared.checks[0], declared.checks[0]]})
    with pytest.raises(UsageError, match="two checks are named sample__failing_has_finding"):
        load_plans(twice)


@pytest.mark.parametrize("place", ["colour", "finding.colour", "absent.item_name"])
def test_a_fill_rate_of_an_undeclared_column_is_an_error_of_the_declaration(declared: Source, place: str) -> None:
    tolerances = declared.tolerances.model_copy(update={"fill_rates": {place: 0.5}})
    with pytest.raises(UsageError, match=f"{place} is not declared"):
        load_plans(declared.model_copy(update={"tolerances": tolerances}))


@pytest.mark.parametrize("source", load_sources().values(), ids=lambda source: source.id)
def test_every_check_of_every_declared_source_can_run(source: Source) -> None:
    plans = load_plans(source)
    names = [plan.name for plan in plans]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    with duckdb.connect() as connection:
        connection.execute("create schema lake")
        connection.execute(DELIVERIES)
        connection.execute(QUARANTINE)
        empty_lake(connection, source)
        deliver(connection, source.id, "aa", 1, n_loaded=0)
        results = run_load_gate(connection, source, [], as_of=AS_OF)
    assert [result.plan for result in results] == plans
    # Over an empty lake only what asks for rows may fail.
    assert {name for name in refused(results) if not name.endswith(("rows_present", "provinces_complete"))} == set()


# --- release gate


def test_a_passing_line_reports_what_was_found(lake: duckdb.DuckDBPyConnection, declared: Source) -> None:
    result = gate(lake, declared)[0]
    assert result.line.startswith("sampling/deliveries: deliveries__conservation: 4 loaded deliveries")
    assert "found" in replace(result, passed=False).line
