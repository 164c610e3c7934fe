"""The star as entity-relationship diagrams in Markdown, from what dbt's manifest knows of its tables.

`python -m pipelines.build.star_diagram` writes them to warehouse/star.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from pipelines.build.dbt_project import DbtProject, DbtTable
from pipelines.build.parsed_project import load_project
from pipelines.state.home import PROJECT_ROOT, Home

_OPENING = """\
# The star, drawn 星型模型图

`make star-diagram` writes this page from the dbt project. 本页由 `make star-diagram` 依 dbt 项目生成。

- PK: the columns of a table's grain, no two rows share them. 主键列，各行不重。
- FK: a key that a test finds in the other table; the line that leads there names it. 外键，由测试保证在另一表中存在。
- Columns are described in `meta.columns` of each release and in each model's yml. 各列说明见 `meta.columns`。

"""


def star_diagram(project: DbtProject) -> str:
    """One diagram of the dimensions and one per subject, the first word of a fact's or a bridge's name.

    Facts, bridges and dimensions stand with their columns where they belong, and with their name alone elsewhere.
    """
    tables = sorted((t for t in project.tables.values() if t.schema == "star"), key=lambda table: table.name)
    dimensions = [table for table in tables if table.name.startswith("dim_")]
    facts = sorted((table for table in tables if table not in dimensions), key=_subject)
    sections = [_section("dimensions 维度", dimensions)]
    sections += [_section(subject, list(members)) for subject, members in groupby(facts, key=_subject)]
    return _OPENING + "\n".join(sections)


def _subject(table: DbtTable) -> str:
    return table.name.split("_")[1]


def _section(title: str, tables: Sequence[DbtTable]) -> str:
    lines = [f"## {title[0].upper()}{title[1:]}", ""]
    lines += [f"- `{table.name}`: {table.description}" for table in tables]
    lines += ["", "```mermaid", "erDiagram"]
    lines += sorted({line for table in tables for line in _references(table)})
    for table in tables:
        lines += _entity(table)
    return "\n".join([*lines, "```", ""])


def _references(table: DbtTable) -> Iterable[str]:
    # One line per pair of tables: several keys to one dimension share it.
    for target, references in groupby(table.references, key=lambda reference: reference.table):
        columns = ", ".join(reference.column for reference in references)
        yield f'    {target} ||--o{{ {table.name} : "{columns}"'


def _entity(table: DbtTable) -> Iterable[str]:
    foreign = {reference.column for reference in table.references}
    yield f"    {table.name} {{"
    for column in table.columns:
        marks = [mark for mark, columns in (("PK", table.key), ("FK", foreign)) if column.name in columns]
        # Mermaid takes one word as a type, without parentheses: decimal(18, 2) is decimal, varchar[] is varchar[].
        data_type = (column.data_type or "unknown").split("(")[0].replace(" ", "_")
        yield " ".join([f"        {data_type} {column.name}", ", ".join(marks)]).rstrip()
    yield "    }"


def main() -> None:
    """Write the page of the packaged project."""
    with tempfile.TemporaryDirectory() as folder:
        page = star_diagram(load_project(Home(Path(folder))))
    (PROJECT_ROOT / "warehouse" / "star.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
