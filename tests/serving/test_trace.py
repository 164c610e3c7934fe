"""Any row of a release is traced to the records it comes from, and states what they state."""

from __future__ import annotations

import json
import os
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path

import duckdb
import pytest
from lxml import etree
from opencc import OpenCC

from pipelines.contract.loading import load_sources
from pipelines.errors import UsageError
from pipelines.parsing.raw_record import raw_records
from pipelines.receiving.manifest import manifests
from pipelines.serving.lineage import UNKNOWN_KEY, Lineage, TracedTable
from pipelines.serving.trace import TracedRecord, fed_by, find_delivery, raw_texts, trace, traced_records
from pipelines.state.home import PROJECT_ROOT, Home
from tests.worlds.commands import succeeded, touchstone

pytestmark = pytest.mark.slow

N_ROWS = 500
# Columns that hold what a record prints, by name or `table.name`; every other one is derived, counted or a key.
PRINTED = frozenset(
    {
        "application_no", "registration_no", "mark_text", "sample_no", "product_name", "brand_text", "owner_name",
        "owner_identifier", "owner_address", "recipient_name_as_printed", "object_name", "edition", "document_no",
        "class_code", "item_name", "result_text", "limit_text", "party_name", "printed_value", "spec",
        "international_registration_no", "dim_region.region_code", "dim_region.name_zh", "dim_industry.industry_code",
        "fct_recognition_event.event_name", "bridge_recognition_name.name", "bridge_enterprise_name.name",
        "fct_trademark_event.event_code", "dim_product_category.category_name",
        "fct_indicator_value.region_name", "dim_nice_class.nice_class", "dim_policy_plan.plan_id",
        "fct_policy_target.source_quote", "target_progress.indicator_id", "target_progress.source_quote",
        "dim_enterprise.name_zh", "dim_enterprise.uscc", "dim_enterprise.name_en", "filing_date", "registration_date",
        "production_date", "decided_date", "granted_date", "registered_date", "first_use_date", "event_date",
    }
)  # fmt: skip
# What the warehouse writes where an office's record has no such word.
ADDED = frozenset({"REGISTERED", "PUBLISHED", "OPPOSITION"})
_TO_SIMPLIFIED = OpenCC("t2s")


def folded(text: str) -> str:
    """Text without what is only a way of writing: width, script, case, spaces."""
    plain = _TO_SIMPLIFIED.convert(unicodedata.normalize("NFKC", text)).casefold()
    return re.sub(r"\s+", "", plain)


def words(raw: str) -> str:
    """The text of a record, without its markup and escapes."""
    if raw.startswith("<"):
        element = etree.fromstring(raw.encode(), etree.XMLParser(recover=True))
        return "\n".join(str(text) for text in element.itertext())
    try:
        content = json.loads(raw)
    except ValueError:
        return raw
    return "\n".join(_leaves(content))


def _leaves(content: object) -> Iterator[str]:
    if isinstance(content, dict | list):
        for one in content.values() if isinstance(content, dict) else content:
            yield from _leaves(one)
    elif content is not None:
        yield str(content)


def forms(value: object) -> set[str]:
    """The ways in which offices print a value."""
    if not isinstance(value, date):
        return {folded(str(value))}
    y, m, d = value.year, value.month, value.day
    return {
        f"{y}{m:02}{d:02}", f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}", f"{y}/{m:02}/{d:02}", f"{y}年{m}月{d}日",
        f"{y}年{m:02}月{d:02}日", f"{y}.{m}.{d}", f"{y}.{m:02}.{d:02}", f"{y - 1911}.{m:02}.{d:02}",
        f"{m:02}/{d:02}/{y}", f"{d:02}-{m:02}-{y}", f"{d:02}/{m:02}/{y}", f"{y}-{m}-{d}",
    }  # fmt: skip


@cache
def packaged_text(path: str) -> str:
    return folded((PROJECT_ROOT / path).read_text(encoding="utf-8"))


def walk(home: Home, connection: duckdb.DuckDBPyConnection, seed: int, n_rows: int) -> tuple[int, list[str]]:
    """Trace random rows, as many of each table, and compare what they print; how many values agree, and what does
    not."""
    lineage, chance = Lineage(connection), random.Random(seed)
    tables = [table for table in lineage.tables.values() if table.name.startswith(("star.", "marts."))]
    known = {table.name: _keys(connection, table) for table in tables}
    # As many of each table, and more of the long ones where short ones have not so many.
    share = next(n for n in count(1) if sum(min(n, len(keys)) for keys in known.values()) >= n_rows)
    picked = [
        (table, key) for table in tables for key in chance.sample(known[table.name], min(share, len(known[table.name])))
    ]
    found = [(table, key, *_evidence(connection, lineage, table, key)) for table, key in picked]
    # A row of the nation may rest on thousands of records; what it prints is in each of them, or in none.
    told = {one for *_, records in found for one in records[:50]}
    texts = dict(zip(told, raw_texts(home, load_sources(), list(told)), strict=True))
    said = {one: folded(words(text)) for one, text in texts.items() if text is not None}
    n_agreeing, failures = 0, []
    for table, key, row, records in found:
        packaged = [str(step.target) for step in table.steps if step.kind == "packaged"]
        if not records and not packaged:
            failures.append(f"{table.name} {key}: no record")
        source = "\n".join([*(said[one] for one in records[:50] if one in said), *map(packaged_text, packaged)])
        for column, value in row.items():
            is_printed = column in PRINTED or f"{table.name.split('.')[1]}.{column}" in PRINTED
            if not is_printed or value is None or value in ADDED:
                continue
            if any(form in source for form in forms(value)):
                n_agreeing += 1
            else:
                failures.append(f"{table.name} {key}: {column} {value!r} is in none of {len(records)} records")
    return n_agreeing, failures


def _keys(connection: duckdb.DuckDBPyConnection, table: TracedTable) -> list[dict[str, object]]:
    columns = ", ".join(f'"{column}"' for column in table.key)
    rows = connection.execute(f"select {columns} from {table.identifier} order by all").fetchall()
    return [
        dict(zip(table.key, row, strict=True))
        for row in rows
        if not (table.key[0].endswith("_key") and row[0] == UNKNOWN_KEY)
    ]


def _evidence(
    connection: duckdb.DuckDBPyConnection, lineage: Lineage, table: TracedTable, key: dict[str, object]
) -> tuple[dict[str, object], list[TracedRecord]]:
    cells = ["" if value is None else str(value).replace('"', '""') for value in key.values()]
    query = lineage.rows(table, ",".join(f'"{cell}"' for cell in cells))
    found = connection.execute(query)
    names = [column[0] for column in found.description or []]
    (row,) = found.fetchall()
    return dict(zip(names, row, strict=True)), traced_records(connection, lineage, table, query)


@pytest.fixture(scope="module")
def release(simulated_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(os.path.realpath(Home(simulated_home).current), read_only=True) as connection:
        # Thousands of small questions are answered faster by one thread.
        connection.execute("set threads = 1")
        yield connection


def test_every_table_states_where_its_rows_come_from(release: duckdb.DuckDBPyConnection) -> None:
    assert Lineage(release).untraced() == []


@pytest.mark.parametrize(
    ("name", "declaration"),
    [
        ("star.fct_recognition", "dbt_project/models/star/fct_recognition.yml"),
        ("star.fct_target_actual", "dbt_project/models/measures/fct_target_actual.yml"),
        ("marts.brand_ladder", "dbt_project/models/marts/brand_ladder.yml"),
    ],
)
def test_a_table_without_a_way_to_records_names_the_file_to_edit(
    release: duckdb.DuckDBPyConnection, name: str, declaration: str
) -> None:
    lineage = Lineage(release)
    lineage.tables = {**lineage.tables, name: replace(lineage.table(name), steps=())}
    (line,) = lineage.untraced()
    assert line.startswith(f"{declaration}: declare under config")
    assert (PROJECT_ROOT / declaration).exists()


def test_every_row_rests_on_a_record_or_a_packaged_file(release: duckdb.DuckDBPyConnection) -> None:
    lineage = Lineage(release)
    for table in lineage.tables.values():
        if not table.name.startswith(("star.", "marts.")) or any(step.kind == "packaged" for step in table.steps):
            continue
        known = f"{table.key[0]} <> {UNKNOWN_KEY}" if table.key[0].endswith("_key") else "true"
        left = release.execute(
            f"select {', '.join(table.key)} from {table.identifier} where {known}"
            f" except select {', '.join(table.key)} from ({lineage.fed_query(table, '<> -1')}) as fed limit 3"
        ).fetchall()
        assert left == [], f"{table.name}: no record is behind {left}"


@pytest.mark.long
def test_random_rows_state_what_their_records_state(simulated_home: Path, release: duckdb.DuckDBPyConnection) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"rows picked with seed {seed}")
    n_agreeing, failures = walk(Home(simulated_home), release, seed, N_ROWS)
    assert failures == []
    assert n_agreeing > N_ROWS / 2


@pytest.mark.long
def test_random_rows_of_real_deliveries_state_what_their_records_state(real_home: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"rows picked with seed {seed}")
    with duckdb.connect(os.path.realpath(Home(real_home).current), read_only=True) as connection:
        connection.execute("set threads = 1")
        n_agreeing, failures = walk(Home(real_home), connection, seed, N_ROWS)
    assert failures == []
    assert n_agreeing > N_ROWS / 2


def test_a_bulletin_counts_the_samples_that_it_is_traced_to(release: duckdb.DuckDBPyConnection) -> None:
    lineage = Lineage(release)
    table = lineage.table("quality_bulletin")
    for key in random.Random(7).sample(_keys(release, table), 10):
        row, records = _evidence(release, lineage, table, key)
        samples = [one for one in records if one.through == "star.fct_inspection"]
        assert len(samples) == row["n_samples"], key


def test_forward_is_backward(release: duckdb.DuckDBPyConnection) -> None:
    ((digest, records),) = release.execute(
        "select sha256, n_loaded from audit.deliveries where source_id = 'recognition_list' and state = 'loaded'"
        " order by n_loaded desc, sha256 limit 1"
    ).fetchall()
    delivery = find_delivery(release, digest[:12])
    fed = {one.table: one.n_rows for one in fed_by(release, delivery)}
    assert 0 < fed["star.fct_recognition_event"] <= records
    assert {"star.fct_recognition", "star.dim_recognition_scheme", "marts.brand_monitor"} <= fed.keys()
    lineage = Lineage(release)
    table = lineage.table("fct_recognition")
    back = [
        key
        for key in _keys(release, table)
        if any(one.delivery == delivery for one in _evidence(release, lineage, table, key)[1])
    ]
    assert len(back) == fed["star.fct_recognition"]


def test_quarantined_records_are_read_again_as_they_were_kept(
    simulated_home: Path, release: duckdb.DuckDBPyConnection
) -> None:
    kept = release.execute(
        "select source_id, delivery_sha256, record_no, raw from audit.quarantine order by all"
    ).fetchall()
    assert kept
    for source_id, digest, record_no, raw in kept:
        (manifest,) = (one for one in manifests(Home(simulated_home), source_id) if one.sha256 == digest)
        read = raw_records(Home(simulated_home), load_sources()[source_id], manifest, [record_no])
        assert read == {record_no: raw}


def test_the_command_prints_the_record(simulated_home: Path, release: duckdb.DuckDBPyConnection) -> None:
    (row,) = release.execute(
        "select trademark_key, application_no from star.dim_trademark where office_code = 'US' order by 2 limit 1"
    ).fetchall()
    told = json.loads(succeeded(touchstone(simulated_home, "trace", "dim_trademark", str(row[0]), "--json")).stdout)
    assert told["table"] == "star.dim_trademark"
    (record,) = told["records"]
    assert f"<serial-number>{row[1]}</serial-number>" in record["raw"]
    assert record["delivery"]["source_id"] == "uspto_trademark"
    named = succeeded(
        touchstone(simulated_home, "trace", "star.dim_trademark", f"office_code=US,application_no={row[1]}")
    ).stdout
    assert record["raw"].splitlines()[0][:60] in named
    assert record["delivery"]["sha256"] in named


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fct_nothing", "1"], "no table fct_nothing in this release; it has "),
        (["fct_inspection", "1"], "star.fct_inspection: no row has inspection_key=1"),
        (["fct_inspection", "abc"], "star.fct_inspection: no row has inspection_key=abc"),
        (["quality_bulletin", "1"], "write region_code=...,category_name=...,period=..."),
        (["delivery", "xyz"], "no delivery xyz in this release"),
    ],
)
def test_what_is_not_there_is_reported_in_one_line(simulated_home: Path, arguments: list[str], told: str) -> None:
    result = touchstone(simulated_home, "trace", *arguments)
    assert result.returncode == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_value_cannot_become_sql(release: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match="no row has"):
        trace(release, "dim_industry", "name_zh=' or 1=1 --")
