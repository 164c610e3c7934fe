"""The dbt reconciliations: they find nothing in a star as built, and what is lost or repeated in a spoilt one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.build.dbt import compiled
from pipelines.state.home import Home
from tests.worlds.dbt_models import AS_OF, PARSED, build_models
from tests.worlds.hand_made_deliveries import (
    case_file,
    csv_bytes,
    deliver,
    eu_mark,
    gazette,
    registration,
    uspto,
    zipped,
)

TESTS = (
    "reconcile_findings",
    "reconcile_marks",
    "reconcile_notifications",
    "reconcile_recognition_decisions",
    "reconcile_sample_rows",
    "reconcile_trademark_lists",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """The candidate and the work database of a small star, and the SQL of each test."""
    home = Home(tmp_path_factory.mktemp("reconciled"))
    deliver(home, "uspto_trademark", {"apc240510.xml": uspto([case_file("88000001"), case_file("88000002")])})
    deliver(home, "tipo_gazette", {"51-10.xml": gazette(registration(1), registration(2))})
    deliver(home, "euipo_trademark", {"marks.zip": zipped({"1.xml": eu_mark("018000001")})})
    decisions = [
        ["称号", "事项", "获奖单位", "日期"],
        ["湖北精品", "认定", "湖北甲食品有限公司", "2024-03-01"],
        ["湖北精品", "认定", "湖北乙食品有限公司", "2024-03-01"],
    ]
    deliver(home, "recognition_list", {"湖北精品_20240301.csv": csv_bytes(decisions)})
    samples = [
        ["抽样编号", "食品名称", "标称生产企业名称", "不合格项目║检验结果║标准值", "公告日期"],
        ["XBJ1", "花生", "湖北甲食品有限公司", "霉菌║120CFU/g║≤25CFU/g", "2024-05-16"],
        ["XBJ2", "糕点", "湖北乙食品有限公司", "菌落总数║3000CFU/g║≤1000CFU/g", "2024-05-16"],
    ]
    deliver(home, "samr_food_sampling", {"不合格_20240516.csv": csv_bytes(samples)})
    models = ("fct_trademark_event", "bridge_trademark_owner", "fct_inspection_finding", "fct_recognition_event")
    folder = build_models(home, "dim_trademark", "fct_inspection", *models)
    project = PARSED.load()
    sql = compiled(project, home, folder, AS_OF)
    names = {project.tests[unique_id].name: text for unique_id, text in sql.items() if unique_id in project.tests}
    return folder.candidate, folder.work, {name: names[name] for name in TESTS}


@pytest.fixture
def star(built: tuple[Path, Path, dict[str, str]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The star as built, to be spoilt: nothing of it is kept."""
    candidate, work, _ = built
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(f"attach '{work}' as work (read_only)")
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


def failing(star: duckdb.DuckDBPyConnection, sql: dict[str, str]) -> set[str]:
    return {name for name, text in sql.items() if star.execute(text).fetchall()}


def test_a_star_as_built_is_reconciled(
    star: duckdb.DuckDBPyConnection, built: tuple[Path, Path, dict[str, str]]
) -> None:
    counts = star.execute(
        "select (select count(*) from star.dim_trademark where trademark_key <> -1),"
        " (select count(*) from star.fct_inspection), (select count(*) from star.fct_recognition_event)"
    ).fetchall()
    assert counts == [(5, 2, 2)]
    assert failing(star, built[2]) == set()


@pytest.mark.parametrize(
    ("spoil", "found_by"),
    [
        ("delete from star.dim_trademark where application_no = '88000001'", {"reconcile_marks"}),
        (
            "insert into star.dim_trademark by name select * replace (7 as trademark_key) from star.dim_trademark"
            " where application_no = '88000001'",
            {"reconcile_marks"},
        ),
        (
            "insert into star.dim_trademark by name select * replace (7 as trademark_key, 'JP' as office_code)"
            " from star.dim_trademark where application_no = '88000001'",
            {"reconcile_marks"},
        ),
        ("delete from star.fct_trademark_event where event_no = 1", {"reconcile_trademark_lists"}),
        ("delete from star.bridge_trademark_owner", {"reconcile_trademark_lists"}),
        (
            "insert into star.fct_recognition_event by name select * replace (7 as recognition_event_key)"
            " from star.fct_recognition_event limit 1",
            {"reconcile_recognition_decisions"},
        ),
        ("delete from star.fct_inspection where sample_no = 'XBJ2'", {"reconcile_sample_rows"}),
        (
            "insert into star.fct_inspection by name select * replace (7 as inspection_key) from star.fct_inspection"
            " limit 1",
            {"reconcile_sample_rows"},
        ),
        (
            "insert into star.fct_inspection by name select * replace (7 as inspection_key, 'rasff' as source_id,"
            " '2024.0001' as notice_no) from star.fct_inspection limit 1",
            {"reconcile_notifications"},
        ),
        ("delete from star.fct_inspection_finding where item_name = '霉菌'", {"reconcile_findings"}),
    ],
    ids=lambda value: re.sub(r"\W+", "_", value)[:60] if isinstance(value, str) else None,
)
def test_what_is_lost_or_repeated_is_found(
    star: duckdb.DuckDBPyConnection,
    built: tuple[Path, Path, dict[str, str]],
    spoil: str,
    found_by: set[str],
) -> None:
    star.execute(spoil)
    assert failing(star, built[2]) == found_by
