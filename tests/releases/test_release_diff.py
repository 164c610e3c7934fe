"""What differs between two releases, on small files made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import UsageError
from pipelines.releases.diff import TableDiff, table_diffs
from pipelines.state.home import Home
from tests.worlds.commands import touchstone
from tests.worlds.hand_made_release import publish_version


def release(path: Path, marks: str, key: str | None = "office_code, application_no", extra: str = "") -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema star; create schema meta; create type office as enum ('CN', 'US')")
        connection.execute(
            "create table star.dim_trademark(office_code varchar, application_no varchar, share double,"
            f" mark_text varchar, recorded_from timestamp); insert into star.dim_trademark values {marks}"
        )
        connection.execute("create table meta.tables(schema_name varchar, table_name varchar, key_columns varchar)")
        connection.execute("insert into meta.tables values ('star', 'dim_trademark', ?)", [key])
        connection.execute(extra)
    return path


MARKS = "('CN', '1', 0.1, '甲', '2024-01-01'), ('CN', null, 0.2, '乙', null), ('US', '1', 0.3, null, null)"


def marks_diff(old: Path, new: Path) -> TableDiff:
    (found,) = (one for one in table_diffs(old, new) if one.table == "star.dim_trademark")
    return found


def test_added_removed_and_changed_are_distinguished_by_the_key(tmp_path: Path) -> None:
    old = release(tmp_path / "old.duckdb", MARKS)
    changed = "('CN', '1', 0.1, '丙', null), ('CN', null, 0.2, '乙', null), ('US', '2', 0.3, null, null)"
    new = release(tmp_path / "new.duckdb", changed)
    assert marks_diff(old, new) == TableDiff("star.dim_trademark", 1, 1, 1, ["mark_text"], [], [])


def test_run_times_last_digits_and_the_order_of_rows_are_no_change(tmp_path: Path) -> None:
    old = release(tmp_path / "old.duckdb", MARKS)
    same = "('US', '1', 0.3 + 1e-16, null, null), ('CN', null, 0.2, '乙', now()), ('CN', '1', 0.1, '甲', null)"
    new = release(tmp_path / "new.duckdb", same, extra="alter table star.dim_trademark alter office_code type office")
    assert not marks_diff(old, new).has_changed


@pytest.mark.parametrize("key", [None, "office_code", "gone"])
def test_without_a_key_that_distinguishes_rows_nothing_is_changed(tmp_path: Path, key: str | None) -> None:
    old = release(tmp_path / "old.duckdb", MARKS, key)
    new = release(tmp_path / "new.duckdb", MARKS.replace("甲", "丙"), key)
    assert marks_diff(old, new) == TableDiff("star.dim_trademark", 1, 1, 0, [], [], [])


def test_tables_and_columns_that_come_and_go(tmp_path: Path) -> None:
    old = release(tmp_path / "old.duckdb", MARKS, extra="create table star.gone as select range as a from range(3)")
    new = release(
        tmp_path / "new.duckdb",
        MARKS,
        extra="create table star.came as select range as a from range(2);"
        " alter table star.dim_trademark add column note varchar; alter table star.dim_trademark drop column share",
    )
    found = {one.table: one for one in table_diffs(old, new)}
    assert found["star.gone"] == TableDiff("star.gone", 0, 3, 0, [], [], [])
    assert found["star.came"] == TableDiff("star.came", 2, 0, 0, [], [], [])
    assert found["star.dim_trademark"] == TableDiff("star.dim_trademark", 0, 0, 0, [], ["note"], ["share"])


def test_a_release_without_keys_is_reported_in_one_line(tmp_path: Path) -> None:
    old = release(tmp_path / "old.duckdb", MARKS)
    new = release(tmp_path / "new.duckdb", MARKS, extra="alter table meta.tables drop column key_columns")
    with pytest.raises(UsageError, match="does not state the keys"):
        table_diffs(old, new)


def test_the_command_compares_with_the_release_before(tmp_path: Path) -> None:
    home = Home(tmp_path)
    nothing = touchstone(tmp_path, "diff")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (2, 1)
    older = publish_version(home, 1)
    alone = touchstone(tmp_path, "diff")
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert f"no release before {older.release_id}" in alone.stderr
    newer = publish_version(home, 2)
    unknown = touchstone(tmp_path, "diff", "nothing")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    same = touchstone(tmp_path, "diff", newer.release_id, "--json")
    assert (same.returncode, "does not state the keys" in same.stderr) == (2, True)


def test_a_release_is_the_same_as_itself(simulated_home: Path) -> None:
    release_id = json.loads(touchstone(simulated_home, "status", "--json").stdout)["current_release"]["release_id"]
    told = json.loads(touchstone(simulated_home, "diff", release_id, release_id, "--json").stdout)
    assert told["old"] == told["new"] == release_id
    assert not any(one["n_added"] or one["n_removed"] or one["n_changed"] for one in told["tables"].values())
