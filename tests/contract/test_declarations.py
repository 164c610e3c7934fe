"""Declarations: those in the project are complete, and an error is reported with the file, the place and the rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contract.loading import load_source, load_sources
from pipelines.errors import UsageError
from pipelines.onboarding.check import problems
from pipelines.state.home import DBT_PROJECT_DIR, SOURCES_DIR
from tests.worlds.hand_made_deliveries import source

SHIPPED = sorted(path.parent.name for path in SOURCES_DIR.glob("*/source.yaml"))


def test_the_shipped_sources_are_complete() -> None:
    assert list(load_sources()) == SHIPPED
    assert problems(SOURCES_DIR, DBT_PROJECT_DIR / "models" / "staging") == []


@pytest.mark.parametrize("source_id", SHIPPED)
def test_keys_are_required_and_lake_columns_are_distinct(source_id: str) -> None:
    declared = source(source_id)
    for name, entity in declared.entities.items():
        columns = [column for column, _ in declared.lake_columns(name)]
        assert len(set(columns)) == len(columns)
        assert [key for key in entity.key if not entity.by_name[key].required] == []


def test_lake_columns_of_every_type() -> None:
    columns = dict(source("uspto_trademark").lake_columns("owner"))
    assert list(columns)[:2] == ["record_no", "item_no"]
    assert columns["entry_no"] == "BIGINT"
    assert [name for name in columns if name.startswith("owner_name")] == [
        "owner_name",
        "owner_name_norm",
        "owner_name_key",
    ]
    records = dict(source("uspto_trademark").lake_columns("case_file"))
    assert "item_no" not in records
    assert (records["filing_date"], records["filing_date_text"], records["is_trademark"]) == (
        "DATE",
        "VARCHAR",
        "BOOLEAN",
    )


def changed(tmp_path: Path, change: dict[str, Any], source_id: str = "rasff") -> Path:
    raw = yaml.safe_load((SOURCES_DIR / source_id / "source.yaml").read_text(encoding="utf-8"))
    for place, value in change.items():
        *outer, last = place.split("/")
        target = raw
        for part in outer:
            target = target[int(part)] if part.isdigit() else target[part]
        if value is None:
            del target[last]
        else:
            target[last] = value
    path = tmp_path / source_id / "source.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"publisher": None}, "publisher: Field required"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"semantics": "merge"}, "semantics: Input should be 'replace_by_key', 'snapshot' or 'append'"),
        ({"id": "other"}, "source.yaml:1: Value error, id other differs from its folder rasff"),
        ({"entities/notification/key": ["nothing"]}, "entity notification: key column nothing is not declared"),
        ({"entities/notification/columns/0/format": None}, "column notified_date: a date needs `format`"),
        ({"entities/notification/columns/1/name": "No"}, "entities.notification.columns.1.name: String should match"),
        ({"checks/0/entity": "nothing"}, "entity nothing is not declared"),
        ({"delivery/format": "xml"}, "format xml needs an `xml` section"),
        ({"entities/hazard/rows": "one", "entities/hazard/repeated": "x"}, "`repeated` needs `rows` of two steps"),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(UsageError) as raised:
        load_source(path)
    assert re.match(rf"{re.escape(str(path))}:\d+: ", str(raised.value))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_mistake_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "small" / "source.yaml"
    path.parent.mkdir()
    path.write_text("id: small\ntitle:\n  zh: 小\n  en: Small\ncadence: [daily]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"source\.yaml:1: publisher: Field required"):
        load_source(path)
    path.write_text("publisher: P\nlicence: L\nhome_url: H\nid: small\ncadence: [daily]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"source\.yaml:(1: title|5: cadence)"):
        load_source(path)


@pytest.mark.parametrize("text", ["a: [1", "- a list", "", "\x00"])
def test_what_is_not_a_mapping_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "source.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        load_source(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)
