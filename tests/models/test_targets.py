"""Targets of a plan on a star filled by hand: each measure by its own arithmetic, and what its trend leads to.

The plan is Wuhan's: from 2022-08-08 to the end of 2025, seen on 2024-05-16, 647 of its 1,241 days on.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import sqrt
from typing import Any

import duckdb
import pytest

from tests.worlds.hand_made_star import build_targets, key

AS_OF = "2024-05-16"
OPEN = "9999-12-31"
NATION, HUBEI, WUHAN, WUCHANG, YICHANG, ANHUI, HEFEI, JINAN = range(1, 9)
PLAN = key("wuhan_2022_draft")
# Key, id, measure, method, office, pace, days until data are stale, model of the forecast.
INDICATORS = [
    (1, "premium", "cumulative", "recognitions_granted", None, "plan", 730, "drift"),
    (2, "award", "cumulative", "recognitions_granted", None, "plan", 730, "drift"),
    (3, "indications", "stock", "recognitions_held", None, "plan", 730, "drift"),
    (4, "projects", "annual_flow", "recognitions_granted_in_year", None, "year", 730, "drift"),
    (5, "marks", "stock", "live_marks", "CN", "plan", 400, "drift"),
    (6, "difference", "share_vs_nation", "pass_rate_vs_nation", None, "none", 365, "drift"),
    (7, "rank", "rank", "pass_rate_rank_in_zone", None, "none", 365, "none"),
    (8, "share", "share", "not_computed", None, "none", 730, "drift"),
    (9, "words", "qualitative", "not_computed", None, "none", 730, "none"),
    (10, "old", "share", "not_computed", None, "none", 365, "drift"),
    (11, "nothing", "stock", "recognitions_held", None, "plan", 730, "drift"),
    (12, "abroad", "stock", "international_marks", None, "plan", 400, "drift"),
]
TARGETS = {
    1: (">=", 3, None), 2: (">=", 14, None), 3: (">=", 1, None), 4: ("between", 3, 5), 5: (">=", 3, None),
    6: (">", 0, None), 7: ("=", 1, None), 8: (">=", 60, None), 9: (None, None, None), 10: (">=", 60, None),
    11: (">=", 1, None), 12: (">=", 300, None),
}  # fmt: skip
# Recognition, scheme, and its states.
RECOGNITIONS: list[tuple[int, str, list[tuple[str, str, str]]]] = [
    (1, "wuhan_premium", [("held", "2023-03-01", OPEN)]),
    # Removed later, and granted all the same.
    (2, "wuhan_premium", [("held", "2024-01-10", "2024-04-01"), ("removed", "2024-04-01", OPEN)]),
    (3, "wuhan_premium", [("nominated", "2024-02-01", OPEN)]),
    # Predecessors: one before the plan began, one since.
    (4, "wuhan_name_product", [("held", "2021-06-01", OPEN)]),
    (5, "wuhan_name_product", [("held", "2022-09-01", OPEN)]),
    (6, "china_quality_award_nomination", [("held", "2023-09-01", OPEN)]),
    (7, "china_quality_award", [("nominated", "2023-09-01", OPEN)]),
    (8, "national_gi", [("held", "2020-01-01", "2023-01-01"), ("removed", "2023-01-01", OPEN)]),
    (9, "national_gi", [("held", "2021-01-01", OPEN)]),
    (10, "national_quality_project", [("held", "2023-05-01", OPEN)]),
    (11, "national_quality_project", [("held", "2024-02-01", OPEN)]),
    (12, "national_quality_project", [("held", "2024-03-01", OPEN)]),
]
COUNTED = [
    (1, "wuhan_premium", "own"), (1, "wuhan_name_product", "predecessor"), (2, "china_quality_award", "own"),
    (2, "china_quality_award_nomination", "own"), (3, "national_gi", "own"), (4, "national_quality_project", "own"),
    (11, "innovation_platform", "own"),
]  # fmt: skip


def _regions() -> list[dict[str, Any]]:
    rows = [
        (NATION, "100000", "国家", None, None, None), (HUBEI, "420000", "省级", "420000", None, "中部"),
        (WUHAN, "420100", "地级", "420000", "420100", "中部"), (WUCHANG, "420106", "县级", "420000", "420100", "中部"),
        (YICHANG, "420500", "地级", "420000", "420500", "中部"), (ANHUI, "340000", "省级", "340000", None, "中部"),
        (HEFEI, "340100", "地级", "340000", "340100", "中部"), (JINAN, "370100", "地级", "370000", "370100", "东部"),
    ]  # fmt: skip
    names = ("region_key", "region_code", "level", "province_code", "city_code", "economic_zone")
    return [{**dict(zip(names, row, strict=True)), "is_latest": True} for row in rows]


def _inspections() -> list[dict[str, Any]]:
    # Eight of ten pass in Wuchang, nine of ten in Hefei; Jinan publishes failures alone.
    results = [(WUCHANG, "pass", True)] * 8 + [(WUCHANG, "fail", True)] * 2 + [(HEFEI, "pass", True)] * 9
    results += [(HEFEI, "fail", True)] + [(JINAN, "fail", False)] * 5
    return [
        {"inspection_key": n, "source_id": "samr_food_sampling", "notice_date": "2024-03-10", "result": result,
         "region_key": region, "is_from_full_notice": full}
        for n, (region, result, full) in enumerate(results, 1)
    ]  # fmt: skip


def _marks() -> list[dict[str, Any]]:
    common = {"is_listed": True, "filing_date": "2019-01-01", "valid_to": OPEN}
    # Owner 11 was in Yichang until 2023; the mark of owner 12 ran out with the year 2023.
    lapsed = {"status_group": "dead", "status_since": "2024-01-01", "status_date": "2024-01-01"}
    live = {"status_group": "live"}
    # One Madrid registration in two registers, and one direct registration.
    madrid = {"international_registration_no": "1234567", "owner_enterprise_key": 12, **live}
    revived = {"office_code": "US", "application_no": "A6", "owner_enterprise_key": 12}
    rows: list[dict[str, Any]] = [
        {"trademark_key": 1, "office_code": "CN", "owner_enterprise_key": 11, "status_since": "2020-01-01", **live},
        {"trademark_key": 2, "office_code": "CN", "owner_enterprise_key": 12, **lapsed},
        {"trademark_key": 3, "office_code": "US", "status_since": "2021-01-01", **madrid},
        {"trademark_key": 4, "office_code": "EM", "status_since": "2023-06-01", **madrid},
        {"trademark_key": 5, "office_code": "US", "status_since": "2024-02-01", "owner_enterprise_key": 12, **live},
        # One that was dead from October 2023 until it was revived in January 2024.
        {"trademark_key": 60, "valid_to": "2023-10-01", "status_since": "2022-01-01", **revived, **live},
        {"trademark_key": 61, "valid_from": "2023-10-01", "valid_to": "2024-01-15", **revived, "status_group": "dead",
         "status_since": "2023-10-01"},
        {"trademark_key": 6, "valid_from": "2024-01-15", "status_since": "2022-01-01", **revived, **live},
    ]  # fmt: skip
    registered = {1: "2020-01-01", 2: "2021-01-01", 3: "2021-01-01", 4: "2023-06-01", 5: "2024-02-01"}
    return [
        {"application_no": f"A{row['trademark_key']}", "valid_from": "2019-01-01",
         "registration_date": registered.get(row["trademark_key"], "2022-01-01"), **common, **row}
        for row in rows
    ]  # fmt: skip


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    names = ("indicator_key", "indicator_id", "measure", "actual_method", "office_code", "pace", "stale_after_days")
    firm = {"valid_from": "2000-01-01", "valid_to": OPEN, "version_no": 1}
    value = {"period_end_date": "2023-12-31", "period": "2023", "unit": "%"}
    world: dict[str, list[dict[str, Any]]] = {
        "dim_region": _regions(),
        "dim_indicator": [
            {**dict(zip((*names, "forecast_model"), row, strict=True)), "on_track_min_share": 0.9}
            for row in INDICATORS
        ],
        "fct_policy_target": [
            {"policy_target_key": n, "plan_key": PLAN, "indicator_key": n, "comparator": comparator,
             "target_value": low, "target_high_value": high, "due_date": "2025-12-31", "unit": "%" if n > 7 else None,
             "region_key": HUBEI if n in (6, 7) else WUHAN}
            for n, (comparator, low, high) in TARGETS.items()
        ],
        "bridge_indicator_scheme": [
            {"indicator_key": indicator, "scheme_key": key(scheme), "definition": definition}
            for indicator, scheme, definition in COUNTED
        ],
        "fct_recognition": [
            {"recognition_key": n, "scheme_key": key(scheme), "region_key": WUCHANG} for n, scheme, _ in RECOGNITIONS
        ],
        "fct_recognition_state": [
            {"recognition_key": n, "state": state, "valid_from": begin, "valid_to": end}
            for n, _, states in RECOGNITIONS
            for state, begin, end in states
        ],
        "fct_recognition_event": [{"recognition_event_key": 1, "decided_date": "2024-04-01"}],
        "fct_inspection": _inspections(),
        "dim_trademark": _marks(),
        "dim_enterprise": [
            {"enterprise_key": 110, "durable_enterprise_key": 11, "region_key": YICHANG, **firm,
             "valid_to": "2023-01-01"},
            {"enterprise_key": 11, "durable_enterprise_key": 11, "region_key": WUCHANG, **firm,
             "valid_from": "2023-01-01", "version_no": 2},
            {"enterprise_key": 12, "durable_enterprise_key": 12, "region_key": WUHAN, **firm},
        ],
        "fct_indicator_value": [
            {"indicator_value_key": 1, "indicator_key": 8, "region_key": WUHAN, "value": 50, **value},
            # A district, which is part of the city's value, and a year before the last.
            {"indicator_value_key": 2, "indicator_key": 8, "region_key": WUCHANG, "value": 99, **value,
             "is_of_which": True},
            {"indicator_value_key": 3, "indicator_key": 8, "region_key": WUHAN, "value": 40, "unit": "%",
             "period": "2022", "period_end_date": "2022-12-31"},
            {"indicator_value_key": 4, "indicator_key": 10, "region_key": WUHAN, "value": 30, "unit": "%",
             "period": "2022", "period_end_date": "2022-12-31"},
            {"indicator_value_key": 5, "indicator_key": 5, "region_key": WUHAN, "value": 400, "period": "2023",
             "period_end_date": "2023-12-31"},
        ],
    }  # fmt: skip
    with duckdb.connect(str(build_targets(tmp_path_factory.mktemp("targets"), world, AS_OF)), read_only=True) as opened:
        yield opened


def test_each_measure_has_its_own_arithmetic(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute(
        "select progress.indicator_id, progress.actual_value, progress.computed_value, progress.succession_value,"
        " progress.reported_value, progress.status, actuals.reason_code from marts.target_progress as progress"
        " join star.fct_target_actual as actuals using (policy_target_key) order by policy_target_key"
    ).fetchall()
    assert found == [
        # Two granted since the plan began; with 武汉名品 of September 2022 three. 3 x 0.521 x 0.9 = 1.41 are asked.
        ("premium", 2, 2, 3, None, "on_track", "computed"),
        # The nomination award counts, as the target states; the nominee for the award does not.
        ("award", 1, 1, 1, None, "at_risk", "computed"),
        ("indications", 1, 1, 1, None, "met", "computed"),
        # Two of this year. 3 x 137/365 x 0.9 = 1.01 are asked.
        ("projects", 2, 2, 2, None, "on_track", "computed"),
        # The firm that moved here in 2023; the other mark has lapsed. The reported value is next to it.
        ("marks", 1, 1, 1, 400, "at_risk", "computed"),
        # 80 % against 85 % of the samples from full notices.
        ("difference", pytest.approx(-5.0), pytest.approx(-5.0), None, None, "at_risk", "computed"),
        ("rank", 2, 2, None, None, "at_risk", "computed"),
        # The city's own value of the last year, not its district's.
        ("share", 50, None, None, 50, "at_risk", "reported"),
        ("words", None, None, None, None, "unknown", "qualitative"),
        ("old", None, None, None, 30, "unknown", "stale_source"),
        ("nothing", None, None, None, None, "unknown", "no_decision"),
        # One Madrid registration in two registers is one.
        ("abroad", 3, 3, 3, None, "at_risk", "computed"),
    ]


def test_a_value_states_its_rule_and_what_it_counts(release: duckdb.DuckDBPyConnection) -> None:
    """Recognitions are counted by their keys, registrations by one mark each, reported values by their own; what is
    too many to list leads to the value of the day."""
    month = {
        row[0]: [row[1]]
        for row in release.execute(
            "select policy_target_key, target_month_key from star.fct_target_month where measured_date = ?", [AS_OF]
        ).fetchall()
    }
    found = release.execute(
        "select indicator_id, rule_ids, evidence_table, evidence_keys from marts.target_progress"
        " order by policy_target_key"
    ).fetchall()
    pace, trend = "target_status_plan", "target_status_trend"
    assert found == [
        # The one that was removed later was granted all the same; 武汉名品 counts to the succession value alone.
        ("premium", ["target_recognitions_granted", pace], "fct_recognition", [1, 2]),
        ("award", ["target_recognitions_granted", pace], "fct_recognition", [6]),
        # The other one was removed in 2023.
        ("indications", ["target_recognitions_held", pace], "fct_recognition", [9]),
        # That of 2023 belongs to last year.
        ("projects", ["target_recognitions_granted_in_year", "target_status_year"], "fct_recognition", [11, 12]),
        # Reported too, so its rule is next to the other.
        ("marks", ["target_live_marks", "target_reported", pace], "fct_target_month", month[5]),
        ("difference", ["target_pass_rate_vs_nation", trend], "fct_target_month", month[6]),
        ("rank", ["target_pass_rate_rank_in_zone", trend], "fct_target_month", month[7]),
        ("share", ["target_reported", trend], "fct_indicator_value", [1]),
        ("words", ["target_qualitative"], None, []),
        # Too old to be the value of today, and shown all the same.
        ("old", ["target_reported", trend], "fct_indicator_value", [4]),
        ("nothing", ["target_recognitions_held", pace], None, []),
        # The Madrid registration in the US and EU registers is one mark.
        ("abroad", ["target_international_marks", pace], "dim_trademark", [3, 5, 6]),
    ]


def test_the_past_of_a_target_is_recounted_by_key(release: duckdb.DuckDBPyConnection) -> None:
    """Each value of the past leads to its month in the star, and of indications to those in force on the day."""
    lost = release.execute(
        "select count(*) from marts.target_history as history left join star.fct_target_month as months"
        " using (policy_target_key, measured_date, computed_value) where history.evidence_table = 'fct_target_month'"
        " and history.evidence_keys is distinct from [months.target_month_key]"
    ).fetchone()
    assert lost == (0,)
    shares = "select distinct rule_ids, evidence_table, evidence_keys from marts.target_history"
    assert release.execute(f"{shares} where indicator_id = 'share' order by all").fetchall() == [
        (["target_reported"], "fct_indicator_value", [1]), (["target_reported"], "fct_indicator_value", [3]),
    ]  # fmt: skip
    counted = release.execute(
        "select history.measured_date::varchar, history.computed_value, list(recognition_key order by recognition_key)"
        " from marts.target_history as history join star.bridge_target_recognition as counted"
        " on history.policy_target_key = counted.policy_target_key and counted.definition = 'own'"
        " and counted.counts_from <= history.measured_date and history.measured_date < counted.counts_to"
        " where history.indicator_id = 'indications'"
        " and history.measured_date in (date '2022-12-31', date '2023-12-31') group by all order by 1"
    ).fetchall()
    assert counted == [("2022-12-31", 2, [8, 9]), ("2023-12-31", 1, [9])]


def test_ranks_and_differences_state_how_sure_they_are(release: duckdb.DuckDBPyConnection) -> None:
    (rank,) = release.execute(
        "select computed_low, computed_high from marts.target_progress where indicator_id = 'rank'"
    ).fetchall()
    assert rank == (1, 2), "ten samples each cannot tell the two provinces apart"
    ((low, high),) = release.execute(
        "select computed_low, computed_high from marts.target_progress where indicator_id = 'difference'"
    ).fetchall()
    # Wilson bounds: 8 of 10 is 0.4902 to 0.9433, 17 of 20 is 0.6396 to 0.9476.
    assert low == pytest.approx(100 * (-0.05 - sqrt((0.8 - 0.49016) ** 2 + (0.94762 - 0.85) ** 2)), abs=0.01)
    assert high == pytest.approx(100 * (-0.05 + sqrt((0.94331 - 0.8) ** 2 + (0.85 - 0.63958) ** 2)), abs=0.01)


def test_a_target_has_its_past(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute(
        "select indicator_id, measured_date::varchar, computed_value from marts.target_history"
        " where indicator_id in ('indications', 'projects', 'marks', 'abroad')"
        " and measured_date in (date '2022-12-31', date '2023-12-31', date '2024-01-31') order by all"
    ).fetchall()
    assert found == [
        # The mark that was revived did not count while it was dead.
        ("abroad", "2022-12-31", 2), ("abroad", "2023-12-31", 1), ("abroad", "2024-01-31", 2),
        ("indications", "2022-12-31", 2), ("indications", "2023-12-31", 1), ("indications", "2024-01-31", 1),
        # Before it moved, the firm's mark counted elsewhere.
        ("marks", "2022-12-31", 1), ("marks", "2023-12-31", 2), ("marks", "2024-01-31", 1),
        ("projects", "2023-12-31", 1), ("projects", "2024-01-31", 0),
    ]  # fmt: skip
    assert release.execute("select min(measured_date)::varchar from marts.target_history").fetchone() == ("2022-08-31",)


def test_the_forecast_is_a_random_walk_with_drift(release: duckdb.DuckDBPyConnection) -> None:
    points = release.execute(
        "select measured_date, computed_value from marts.target_history where indicator_id = 'indications'"
        " and computed_value is not null order by measured_date"
    ).fetchall()
    month = 30.436875
    steps = [((b[0] - a[0]).days / month, b[1] - a[1]) for a, b in pairwise(points)]
    span = sum(months for months, _ in steps)
    drift = sum(change for _, change in steps) / span
    variance = sum((change - drift * months) ** 2 / months for months, change in steps) / (len(steps) - 1)
    ((due,),) = release.execute("select date '2025-12-31'").fetchall()
    ahead = (due - points[-1][0]).days / month
    value = points[-1][1] + drift * ahead
    width = 1.2815515655446004 * sqrt(variance * ahead * (1 + ahead / span))
    found = release.execute(
        "select forecast_value, forecast_low, forecast_high, yearly_change from marts.target_progress"
        " where indicator_id = 'indications'"
    ).fetchone()
    assert found == pytest.approx((value, value - width, value + width, drift * 12))
    why = dict(release.execute("select indicator_id, forecast_reason_code from marts.target_progress").fetchall())
    assert (why["share"], why["rank"], why["nothing"]) == ("too_few_values", "no_model", "no_value")


def test_what_is_needed_each_year(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute("select needed_per_year from marts.target_progress where indicator_id = 'award'").fetchone()
    # Thirteen are missing and 594 days are left.
    assert found == (pytest.approx(13 * 365.25 / 594),)
