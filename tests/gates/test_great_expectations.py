"""Great Expectations on one lent DuckDB connection: verdicts, reflection, errors, and what it leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_be_unique import ExpectColumnValuesToBeUnique
from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import ExpectCompoundColumnsToBeUnique
from great_expectations.expectations.core.expect_table_columns_to_match_set import ExpectTableColumnsToMatchSet
from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
from great_expectations.expectations.expectation import Expectation

from pipelines.gates.custom_expectations import ExpectColumnValuesToMatchWhole, ExpectFailingRowsAtMost
from pipelines.gates.great_expectations import CheckCannotRun, ExpectationOutcome, datasource, validate
from pipelines.state.home import PROJECT_ROOT


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema lake")
        connection.execute(
            "create table lake.mark(number varchar, owner varchar, filed date, state enum('live', 'dead'), twin bigint)"
        )
        connection.execute(
            """
            insert into lake.mark values
            ('01', '武汉示例茶业有限公司', '2020-01-01', 'live', 1),
            ('02', '湖北示例酒业有限公司', '2021-01-01', 'dead', 1),
            ('02', null, '0111-03-16', 'live', 1),
            ('x', '武汉示例茶业有限公司', null, null, 1)
            """
        )
        connection.execute("create view lake.mark_view as select * from lake.mark")
        connection.execute("create table lake.nothing as select * from lake.mark limit 0")
        yield connection


def judge(
    connection: duckdb.DuckDBPyConnection, *expectations: Expectation, table: str = "mark"
) -> list[ExpectationOutcome]:
    with datasource(connection) as source:
        return validate(source, table, expectations)


GOOD_AND_BAD: list[tuple[Expectation, Expectation, int | None]] = [
    (ExpectTableRowCountToBeBetween(min_value=4), ExpectTableRowCountToBeBetween(min_value=5), None),
    (
        ExpectTableColumnsToMatchSet(column_set=["owner", "filed"], exact_match=False),
        ExpectTableColumnsToMatchSet(column_set=["owner", "colour"], exact_match=False),
        None,
    ),
    (ExpectColumnValuesToNotBeNull(column="number"), ExpectColumnValuesToNotBeNull(column="owner"), 1),
    (
        ExpectColumnValuesToNotBeNull(column="owner", mostly=0.75),
        ExpectColumnValuesToNotBeNull(column="owner", mostly=0.8),
        1,
    ),
    (
        ExpectColumnValuesToBeInSet(column="state", value_set=["live", "dead", "未知"]),
        ExpectColumnValuesToBeInSet(column="state", value_set=["live"]),
        1,
    ),
    (
        ExpectColumnValuesToBeInSet(column="owner", value_set=["武汉示例茶业有限公司", "湖北示例酒业有限公司"]),
        ExpectColumnValuesToBeInSet(column="owner", value_set=["武汉示例茶业有限公司"]),
        1,
    ),
    (
        ExpectColumnValuesToBeBetween(column="filed", min_value=date(1, 1, 1), max_value=date(2022, 1, 1)),
        ExpectColumnValuesToBeBetween(column="filed", min_value=date(1800, 1, 1), max_value=date(2022, 1, 1)),
        1,
    ),
    (
        ExpectColumnValuesToMatchWhole(column="number", pattern=r"\d{2}|x"),
        ExpectColumnValuesToMatchWhole(column="number", pattern=r"\d{2}"),
        1,
    ),
    (
        ExpectColumnValuesToMatchWhole(column="owner", pattern="(?:武汉|湖北).{2}(?:茶业|酒业)有限公司"),
        ExpectColumnValuesToMatchWhole(column="owner", pattern="武汉"),
        3,
    ),
    (
        ExpectCompoundColumnsToBeUnique(column_list=["number", "filed"]),
        ExpectCompoundColumnsToBeUnique(column_list=["twin", "number"]),
        2,
    ),
    (
        ExpectCompoundColumnsToBeUnique(column_list=["number", "filed"]),
        ExpectColumnValuesToBeUnique(column="number"),
        2,
    ),
    (
        ExpectFailingRowsAtMost(
            query="select number from lake.mark where number = ?", parameters=("x",), max_share=0.25
        ),
        ExpectFailingRowsAtMost(query="select number from lake.mark where number = ?", parameters=("x",)),
        1,
    ),
]


@pytest.mark.parametrize(("good", "bad", "n_failed"), GOOD_AND_BAD)
def test_each_expectation_separates_good_from_bad(
    connection: duckdb.DuckDBPyConnection, good: Expectation, bad: Expectation, n_failed: int | None
) -> None:
    for table in ("mark", "mark_view"):
        first, second = judge(connection, good, bad, table=table)
        assert first.passed
        assert not second.passed
        assert second.n_failed == n_failed


def test_outcomes_come_in_the_order_of_the_expectations_even_when_two_are_equal(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    good = ExpectColumnValuesToNotBeNull(column="number")
    bad = ExpectColumnValuesToNotBeNull(column="owner")
    unique = ExpectCompoundColumnsToBeUnique(column_list=["twin", "number"])
    rows = ExpectTableRowCountToBeBetween(min_value=1)
    outcomes = judge(connection, bad, unique, good, bad, rows, good)
    assert [outcome.passed for outcome in outcomes] == [False, False, True, False, True, True]


def test_the_first_failing_row_is_reported(connection: duckdb.DuckDBPyConnection) -> None:
    rows, values = judge(
        connection,
        ExpectFailingRowsAtMost(query="select number, owner from lake.mark where filed > date '2000-01-01'"),
        ExpectColumnValuesToMatchWhole(column="number", pattern=r"\d+"),
    )
    assert rows.example == {"number": "01", "owner": "武汉示例茶业有限公司"}
    assert values.example == {"value": "x"}


def test_sql_is_passed_on_as_written(connection: duckdb.DuckDBPyConnection) -> None:
    query = """
        select number, {'a': 1} as braces -- a comment with {batch} and :name
        from lake.mark
        where regexp_full_match(number, '[0-9]{2}') and owner like '%茶业%' and regexp_matches(owner, '(?:武汉|[:：])')
    """
    (outcome,) = judge(connection, ExpectFailingRowsAtMost(query=query))
    assert (outcome.passed, outcome.n_failed) == (False, 1)


def test_an_empty_table_has_no_failing_values(connection: duckdb.DuckDBPyConnection) -> None:
    outcomes = judge(
        connection,
        ExpectTableRowCountToBeBetween(min_value=1),
        ExpectColumnValuesToNotBeNull(column="owner"),
        ExpectColumnValuesToBeInSet(column="state", value_set=["live"]),
        ExpectCompoundColumnsToBeUnique(column_list=["number", "filed"]),
        ExpectFailingRowsAtMost(query="select * from lake.nothing", max_share=0.1),
        table="nothing",
    )
    assert [outcome.passed for outcome in outcomes] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("expectation", "told"),
    [
        (ExpectColumnValuesToNotBeNull(column="colour"), 'column "colour"'),
        (ExpectCompoundColumnsToBeUnique(column_list=["number", "colour"]), "colour"),
        (ExpectColumnValuesToMatchWhole(column="number", pattern="("), "missing )"),
        (ExpectColumnValuesToMatchWhole(column="filed", pattern="x"), "regexp_full_match"),
        (ExpectFailingRowsAtMost(query="select colour from lake.mark"), "colour"),
        (ExpectFailingRowsAtMost(query="select from from"), "syntax error"),
        (ExpectFailingRowsAtMost(query="select error('boom') from lake.mark"), "boom"),
    ],
)
def test_a_check_that_cannot_run_raises_and_leaves_the_connection_usable(
    connection: duckdb.DuckDBPyConnection, expectation: Expectation, told: str
) -> None:
    with datasource(connection) as source, pytest.raises(CheckCannotRun) as raised:
        validate(
            source, "mark", [ExpectTableRowCountToBeBetween(min_value=1), expectation], names=["rows", "the_check"]
        )
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert all(outcome.passed for outcome in judge(connection, ExpectColumnValuesToNotBeNull(column="number")))


def test_the_error_names_table_and_check(connection: duckdb.DuckDBPyConnection) -> None:
    with datasource(connection) as source, pytest.raises(CheckCannotRun, match=r"lake\.mark: the_check could not run"):
        validate(source, "mark", [ExpectFailingRowsAtMost(query="select colour from lake.mark")], names=["the_check"])


def test_a_missing_table_raises(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(CheckCannotRun, match=r"lake\.absent: not readable"):
        judge(connection, ExpectTableRowCountToBeBetween(min_value=0), table="absent")


def test_the_connection_and_its_transaction_stay_the_callers(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create temp table mine as select 1 as n")
    connection.execute("begin")
    connection.execute("insert into lake.mark (number) values ('03')")
    (outcome,) = judge(connection, ExpectTableRowCountToBeBetween(min_value=5))
    assert outcome.passed, "the gate sees what the caller's open transaction wrote"
    connection.execute("rollback")
    assert connection.execute("select count(*) from lake.mark").fetchall() == [(4,)]
    assert connection.execute("select n from mine").fetchall() == [(1,)]


def test_a_temporary_table_and_an_attached_database_are_reached(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("create temp table mine as select 1 as n")
    connection.execute("attach ? as work", [str(tmp_path / "work.duckdb")])
    connection.execute("create schema work.lake")
    connection.execute("create table work.lake.mark as select 7 as other")
    with datasource(connection) as source:
        assert validate(source, "mine", [ExpectColumnValuesToNotBeNull(column="n")], schema="temp.main")[0].passed
        assert validate(source, "mark", [ExpectColumnValuesToNotBeNull(column="other")], schema="work.lake")[0].passed
        assert validate(source, "mark", [ExpectColumnValuesToNotBeNull(column="number")])[0].passed


def test_a_read_only_file_is_judged_and_can_be_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "release.duckdb"
    with duckdb.connect(str(path)) as writer:
        writer.execute("create schema lake")
        writer.execute("create table lake.mark as select 1 as n")
    with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as reader:
        assert judge(reader, ExpectColumnValuesToNotBeNull(column="n"))[0].passed
    with duckdb.connect(str(path)) as writer:
        writer.execute("insert into lake.mark values (2)")


def test_two_connections_in_turn_and_at_once(connection: duckdb.DuckDBPyConnection) -> None:
    expectation = ExpectTableRowCountToBeBetween(min_value=4)
    with duckdb.connect() as other:
        other.execute("create schema lake")
        other.execute("create table lake.mark as select 1 as n")
        assert judge(connection, expectation)[0].passed
        assert not judge(other, expectation)[0].passed
        assert judge(connection, expectation)[0].passed
        with datasource(connection) as first, datasource(other) as second:
            assert not validate(second, "mark", [expectation])[0].passed
            assert validate(first, "mark", [expectation])[0].passed


def test_a_connection_is_not_reachable_after_its_gate(connection: duckdb.DuckDBPyConnection) -> None:
    with datasource(connection) as source:
        engine = source.get_engine()
        assert sa.inspect(engine).has_table("mark", "lake")
    with pytest.raises(Exception, match="lent to a gate that has ended"):
        engine.connect()


def test_a_table_changed_between_two_batches_is_reflected_anew(connection: duckdb.DuckDBPyConnection) -> None:
    with datasource(connection) as source:
        validate(source, "mark", [ExpectColumnValuesToNotBeNull(column="number")])
        connection.execute("alter table lake.mark add column class integer default 33")
        assert validate(source, "mark", [ExpectColumnValuesToNotBeNull(column="class")])[0].passed


@pytest.mark.parametrize(
    ("declared", "value", "reflected"),
    [
        ("boolean", "true", sa.Boolean),
        ("date", "date '2022-03-16'", sa.Date),
        ("timestamp", "timestamp '2022-03-16 08:00'", sa.DateTime),
        ("timestamptz", "timestamptz '2022-03-16 08:00+08'", sa.DateTime),
        ("time", "time '08:00'", sa.Time),
        ("tinyint", "1", sa.BigInteger),
        ("uinteger", "1", sa.BigInteger),
        ("bigint", "9223372036854775807", sa.BigInteger),
        ("hugeint", "1", sa.BigInteger),
        ("double", "0.5", sa.Double),
        ("float", "0.5", sa.Float),
        ("decimal(18, 2)", "12.34", sa.Numeric),
        ("varchar", "'武汉'", sa.String),
        ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", sa.String),
        ("enum('通过', '不通过')", "'通过'", sa.String),
        ("blob", "'x'::blob", sa.LargeBinary),
        ("varchar[]", "['甲', '乙']", sa.types.NullType),
        ("struct(a integer)", "{'a': 1}", sa.types.NullType),
    ],
)
def test_every_column_type_reflects_and_is_judged(declared: str, value: str, reflected: type[object]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema lake")
        connection.execute(f'create table lake.typed("列 名" {declared})')
        connection.execute(f"insert into lake.typed values ({value}), (null)")
        with datasource(connection) as source:
            (column,) = sa.inspect(source.get_engine()).get_columns("typed", schema="lake")
            outcomes = validate(
                source,
                "typed",
                [
                    ExpectColumnValuesToNotBeNull(column="列 名", mostly=0.5),
                    ExpectColumnValuesToNotBeNull(column="列 名"),
                ],
            )
    assert column["name"] == "列 名"
    assert isinstance(column["type"], reflected)
    assert [outcome.passed for outcome in outcomes] == [True, False]


OFFLINE = """
import sys

touched = []

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        touched.append((event, str(arguments)))
        raise OSError("no network here")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        touched.append((event, str(arguments[0])))
    if event == "subprocess.Popen":
        touched.append((event, str(arguments[0])))

sys.addaudithook(watch)
import duckdb
from pipelines.gates import load_gate, process, release_gate
assert "great_expectations" not in sys.modules and "sqlalchemy" not in sys.modules and "pandas" not in sys.modules
from pipelines.gates.custom_expectations import ExpectFailingRowsAtMost
from pipelines.gates.great_expectations import datasource, validate
connection = duckdb.connect()
connection.execute("create schema lake; create table lake.mark as select 1 as n")
with datasource(connection) as source:
    assert not validate(source, "mark", [ExpectFailingRowsAtMost(query="select n from lake.mark")])[0].passed
import atexit
atexit.register(lambda: print(touched))
"""


@pytest.mark.slow
def test_no_network_no_file_and_no_early_import(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(OFFLINE)],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": str(PROJECT_ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GX_ANALYTICS_ENABLED": "true",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]", "a host was looked up, a file opened for writing or a process started"
    assert list(home.iterdir()) == []
