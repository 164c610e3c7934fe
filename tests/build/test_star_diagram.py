"""The page that draws the star: the same as the project's manifest, and drawn from what a test of keys proves."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.build.dbt_project import DbtColumn, DbtProject, DbtReference, DbtTable
from pipelines.build.parsed_project import load_project
from pipelines.build.star_diagram import star_diagram
from pipelines.state.home import PROJECT_ROOT, Home


@pytest.mark.slow
def test_the_page_in_the_repository_is_that_of_the_project(tmp_path: Path) -> None:
    drawn = star_diagram(load_project(Home(tmp_path)))
    page = (PROJECT_ROOT / "warehouse" / "star.md").read_text(encoding="utf-8")
    assert page == drawn, "the star changed: run `make star-diagram`"


def _table(name: str, columns: dict[str, str], references: tuple[DbtReference, ...] = ()) -> DbtTable:
    return DbtTable(
        unique_id=f"model.touchstone.{name}",
        kind="model",
        name=name,
        database="candidate",
        schema="star",
        description=f"{name} 表",
        materialized="table",
        columns=tuple(DbtColumn(column, data_type, "", None) for column, data_type in columns.items()),
        upstream=(),
        path=f"models/star/{name}.sql",
        key=(next(iter(columns)),),
        references=references,
    )


def test_keys_to_one_table_share_a_line_and_columns_have_their_marks() -> None:
    region = _table("dim_region", {"region_key": "bigint"})
    sale = _table(
        "fct_sale",
        {"sale_key": "bigint", "from_region_key": "bigint", "to_region_key": "bigint", "amount": "decimal(18, 2)"},
        tuple(DbtReference(column, "dim_region", "region_key") for column in ("from_region_key", "to_region_key")),
    )
    page = star_diagram(DbtProject({t.unique_id: t for t in (region, sale)}, {}, {}, Path()))
    assert (
        page.split("## Sale")[1]
        == """

- `fct_sale`: fct_sale 表

```mermaid
erDiagram
    dim_region ||--o{ fct_sale : "from_region_key, to_region_key"
    fct_sale {
        bigint sale_key PK
        bigint from_region_key FK
        bigint to_region_key FK
        decimal amount
    }
```
"""
    )
