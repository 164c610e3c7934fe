"""Small candidates and homes made by hand, for tests of what happens after a build."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import duckdb

from pipelines.releases.publish import publish
from pipelines.releases.release import Release
from pipelines.state.home import PROJECT_ROOT, Home

AS_OF = date(2024, 5, 10)
GATES = {"load": {"passed": 3, "failed": 0}, "release": {"passed": 5, "failed": 0}}


def make_candidate(path: Path, version: int, storage_version: str = "v1.5.0", n_marks: int = 3) -> Path:
    """A candidate whose every table contains its version, so that a reader can see whether two versions got mixed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as candidate (storage_version '{storage_version}')")
        connection.execute("use candidate")
        for schema in ("star", "marts", "audit", "meta"):
            connection.execute(f"create schema {schema}")
        connection.execute("create type star.office as enum ('US', 'TW')")
        connection.execute(
            "create table star.dim_trademark as select i as trademark_key, 'TW'::star.office as office_code,"
            " '商标 <b>' || i as mark_text, date '2022-03-16' as filing_date, ?::integer as version"
            " from range(-1, ?) as t (i)",
            [version, n_marks],
        )
        connection.execute("comment on table star.dim_trademark is '商标 <一件一行> | Trademarks & marks'")
        connection.execute(
            "create table marts.target_progress as select 'wuhan_2022_draft' as plan_id, 'valid_marks' as indicator_id,"
            " '有效注册商标总量' as name_zh, 'Valid registered trademarks' as name_en, '420100' as region_code,"
            " date '2024-05-10' as as_of_date, 123456.0::double as actual_value, 500000.0::double as target_value,"
            " '件' as unit, -376544.0::double as gap, 24.7::double as achieved_pct, 'behind' as status,"
            " '<script>alert(1)</script>' as reason, ?::integer as version",
            [version],
        )
        connection.execute(
            "create table audit.checks (gate varchar, check_name varchar, source_id varchar, table_name varchar,"
            " severity varchar, passed boolean, observed varchar, expected varchar, checked_at timestamp)"
        )
        connection.execute(
            "insert into audit.checks values"
            " ('load', 'dates_in_order', 'tipo_gazette', null, 'error', true, '0', '0',"
            " timestamp '2024-05-10 18:00:00'),"
            " ('release', 'status_known', null, 'star.dim_trademark', 'warn', false, '2', '0',"
            " timestamp '2024-05-10 18:05:00')"
        )
        connection.execute("create table meta.tables as select 'star' as schema_name, ?::integer as version", [version])
    return path


def publish_version(home: Home, version: int) -> Release:
    """Build and publish one version."""
    candidate = make_candidate(home.runs / "build" / "candidate.duckdb", version)
    return publish(home, candidate, AS_OF, f"{version:08x}" + "0" * 56, GATES)


def subprocess_environment(home: Home) -> dict[str, str]:
    """The environment in which a child process finds the project, these fixtures and the home."""
    return {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "TOUCHSTONE_HOME": str(home.root)}


def python(*arguments: str) -> list[str]:
    """A command line for this Python."""
    return [sys.executable, *arguments]
