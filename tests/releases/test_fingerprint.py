"""A fingerprint changes with any content and with nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import TouchstoneError
from pipelines.releases.fingerprint import fingerprint, overall

Row = tuple[str | None, int | None, float | None, date | None, bool | None]

TEXTS = st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        # Few digits: a fingerprint takes floating-point numbers that differ past twelve digits for equal.
        st.none() | st.integers(-9999, 9999).map(lambda number: number / 8),
        st.none() | st.dates(),
        st.none() | st.booleans(),
    ),
    max_size=8,
)
QUICK = settings(max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def hashes_of(*statements: str) -> dict[str, str]:
    """The fingerprint of a file made by the statements."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema star; create schema audit")
            for statement in statements:
                connection.execute(statement)
        return fingerprint(path)


def hashes_of_rows(*tables: Sequence[Sequence[object]]) -> list[str]:
    """The hashes of tables of one shape that hold the given rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("begin; create schema star")
            for number, rows in enumerate(tables):
                connection.execute(f"create table star.t{number} (a varchar, b bigint, c double, d date, e boolean)")
                if rows:
                    connection.executemany(f"insert into star.t{number} values (?, ?, ?, ?, ?)", rows)
            connection.execute("commit")
        return list(fingerprint(path).values())


def hash_of(select: str) -> str:
    return hashes_of(f"create table star.t as {select}")["star.t"]


@QUICK
@given(ROWS, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(rows: list[Row], random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = hashes_of_rows(rows, shuffled)
    assert one == other


@QUICK
@given(ROWS, st.data())
def test_an_added_removed_or_repeated_row_changes_it(rows: list[Row], data: st.DataObject) -> None:
    extra = data.draw(st.sampled_from(rows) if rows else ROWS.filter(bool).map(lambda drawn: drawn[0]))
    other = (f"{extra[0]}~", *extra[1:])
    # Pairs as well, since an exclusive or alone would cancel them.
    tables = [rows, [*rows, extra], [*rows, extra, extra], [*rows, other, other]]
    assert len(set(hashes_of_rows(*tables))) == len(tables)


@QUICK
@given(ROWS.filter(bool), st.data())
def test_any_changed_cell_changes_it(rows: list[Row], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, 4))
    drawn = data.draw(ROWS.filter(lambda found: bool(found) and found[0][column] != rows[row][column]))
    changed = [list(cells) for cells in rows]
    changed[row][column] = drawn[0][column]
    one, other = hashes_of_rows(rows, changed)
    assert one != other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select 'US'::enum('US', 'TW') as a", "select 'US' as a"),
        ("select 7::integer as a", "select 7::bigint as a"),
        ("select 1.50::decimal(9, 2) as a", "select 1.5::decimal(18, 4) as a"),
        ("select 0.1::double + 0.2::double as a", "select 0.3::double as a"),
        ("select -0.0::double as a", "select 0.0::double as a"),
        ("select 'nan'::double as a", "select -('nan'::double) as a"),
        ("select 1 as a, 2 as b", "select 2 as b, 1 as a"),
        (
            "select timestamptz '2024-05-10 08:00:00+08' as a",
            "select timestamptz '2024-05-10 00:00:00+00' as a",
        ),
    ],
)
def test_physical_details_do_not_matter(one: str, other: str) -> None:
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select null::varchar as a", "select '' as a"),
        ("select 'a|1:b' as a, 'c' as b", "select 'a' as a, 'b|1:c' as b"),
        ("select 'x' as a, null::varchar as b", "select null::varchar as a, 'x' as b"),
        ("select ['a', 'b'] as a", "select ['a, b'] as a"),
        ("select null::varchar[] as a", "select []::varchar[] as a"),
        ("select 1 as a", "select 1 as b"),
        ("select 1e300::double as a", "select 1.0000001e300::double as a"),
        ("select '\\x00'::blob as a", "select '\\x01'::blob as a"),
        ("select true as a", "select false as a"),
    ],
)
def test_near_misses_differ(one: str, other: str) -> None:
    assert hash_of(one) != hash_of(other)


def test_run_times_are_left_out_and_all_else_is_in() -> None:
    def made(when: str, name: str, count: int, checks: int) -> dict[str, str]:
        return hashes_of(
            f"create table audit.deliveries as select timestamp '{when}' as received_at, '{name}' as original_name,"
            f" {count} as n_records, timestamp '{when}' as recorded_from",
            f"create table audit.checks as select range as a from range({checks})",
            "create schema staging; create table staging.scratch as select random() as a",
        )

    before = made("2024-05-10 00:00:00", "a.csv", 3, 1)
    assert list(before) == ["audit.deliveries"]
    assert made("2024-05-11 00:00:00", "b.csv", 3, 2) == before
    assert made("2024-05-10 00:00:00", "a.csv", 4, 1) != before


def test_overall_follows_every_table() -> None:
    tables = {"star.a": "1", "star.b": "2"}
    assert overall(tables) == overall(dict(reversed(tables.items())))
    assert len({overall(tables), overall({**tables, "star.b": "3"}), overall({"star.a": "1"})}) == 3


def test_file_layout_does_not_matter_and_many_rows_take_seconds(tmp_path: Path) -> None:
    select = (
        "select md5_number_lower(i::varchar) as k, 'US' as office, 'MARK 名 ' || i as mark,"
        " date '2000-01-01' + (i % 9000)::integer as filed, i / 7.0 as share, i % 2 = 0 as even"
        " from range(400000) t (i)"
    )
    found = []
    for name, order in (("a", ""), ("b", " order by hash(i)")):
        path = tmp_path / f"{name}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create schema star; create table star.t as {select}{order}")
            if order:
                connection.execute("delete from star.t where even; insert into star.t " + select + " where i % 2 = 0")
        started = time.monotonic()
        found.append(fingerprint(path))
        assert time.monotonic() - started < 10
    assert found[0] == found[1]


def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    with pytest.raises(TouchstoneError) as caught:
        fingerprint(broken)
    assert str(broken) in str(caught.value)
    assert "\n" not in str(caught.value)
