"""The tables of a release that this package writes itself, with their meanings in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.state.database import quoted


@dataclass(frozen=True)
class OwnColumn:
    """A column of a table that is made here and not by dbt."""

    name: str
    data_type: str
    zh: str
    en: str


@dataclass(frozen=True)
class OwnTable:
    """A table that is made here and not by dbt."""

    schema: str
    name: str
    zh: str
    en: str
    columns: tuple[OwnColumn, ...]
    key: tuple[str, ...] = ()

    @property
    def identifier(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


CHECKS = OwnTable(
    "audit",
    "checks",
    "各道关口的检查结果，每项检查一行",
    "Outcome of every gate's checks in the build of this release, one row per check",
    (
        OwnColumn("gate", "varchar", "关口：load、build、release", "Gate: load, build or release"),
        OwnColumn("source_id", "varchar", "数据来源，仅装载关口有", "Source, for the load gate"),
        OwnColumn("table_name", "varchar", "所查的表", "Table that was checked"),
        OwnColumn("check_name", "varchar", "检查名称", "Name of the check"),
        OwnColumn("severity", "varchar", "级别：error 拦截，warn 记录", "error stops a release, warn is recorded"),
        OwnColumn("passed", "boolean", "是否通过", "Whether it passed"),
        OwnColumn("observed", "varchar", "实测值", "What was observed"),
        OwnColumn("expected", "varchar", "期望值", "What was expected"),
        OwnColumn("message", "varchar", "未通过时的说明", "For a failure: what, where and the remedy"),
        OwnColumn("checked_at", "timestamp", "检查时间（UTC）", "When it was checked (UTC)"),
    ),
)
RELEASES = OwnTable(
    "audit",
    "releases",
    "历次发布，含本次，每次一行",
    "Releases up to and including this one, one row per release",
    (
        OwnColumn("release_id", "varchar", "发布编号", "Release id"),
        OwnColumn("as_of_date", "date", "业务日期", "As-of date"),
        OwnColumn("built_at", "timestamp", "构建时间（UTC）", "When it was built (UTC)"),
        OwnColumn("inputs_hash", "varchar", "输入的哈希值", "SHA-256 of what it was built from"),
    ),
    ("release_id",),
)
TABLES = OwnTable(
    "meta",
    "tables",
    "数据字典：每张表一行",
    "Dictionary: one row per table",
    (
        OwnColumn("schema_name", "varchar", "模式", "Schema"),
        OwnColumn("table_name", "varchar", "表名", "Table"),
        OwnColumn("meaning_zh", "varchar", "中文含义", "Meaning in Chinese"),
        OwnColumn("meaning_en", "varchar", "英文含义", "Meaning in English"),
        OwnColumn("source", "varchar", "来源，以逗号分隔", "Sources that it is made from, separated by commas"),
        OwnColumn("key_columns", "varchar", "主键字段，以逗号分隔", "Columns of its key, separated by commas"),
    ),
    ("schema_name", "table_name"),
)
LINEAGE = OwnTable(
    "meta",
    "lineage",
    "追溯路径：每张表通向原始记录的每一步一行，touchstone trace 据此执行",
    "How rows lead back to records: one row per table and step, as `touchstone trace` takes them",
    (
        OwnColumn("schema_name", "varchar", "模式", "Schema"),
        OwnColumn("table_name", "varchar", "表名", "Table"),
        OwnColumn("step_no", "integer", "步骤序号", "Number of the step, from 1"),
        OwnColumn(
            "kind",
            "varchar",
            "record 由本行指明交付与记录，rows 由另一表的行而来，packaged 由项目自带的文件而来",
            "record: the row names its delivery and record; rows: it comes from rows of another table; packaged: from"
            " a file of the project",
        ),
        OwnColumn("target", "varchar", "另一表或文件", "The other table, or the file"),
        OwnColumn(
            "condition",
            "varchar",
            "SQL 条件：本表的行 this 由另一表的哪些行 that 而来",
            "SQL: which rows `that` of the other table a row `this` of this one comes from",
        ),
    ),
    ("schema_name", "table_name", "step_no"),
)
COLUMNS = OwnTable(
    "meta",
    "columns",
    "数据字典：每个字段一行",
    "Dictionary: one row per column",
    (
        OwnColumn("schema_name", "varchar", "模式", "Schema"),
        OwnColumn("table_name", "varchar", "表名", "Table"),
        OwnColumn("column_name", "varchar", "字段名", "Column"),
        OwnColumn("position", "integer", "次序", "Position in the table, from 1"),
        OwnColumn("data_type", "varchar", "类型", "Type"),
        OwnColumn("meaning_zh", "varchar", "中文含义", "Meaning in Chinese"),
        OwnColumn("meaning_en", "varchar", "英文含义", "Meaning in English"),
        OwnColumn("source", "varchar", "来源", "Where its values come from"),
    ),
    ("schema_name", "table_name", "column_name"),
)
MACROS = OwnTable(
    "meta",
    "macros",
    "数据字典：每个表宏一行，用法如 select * from star.trademark_as_of('2024-05-16')",
    "Dictionary: one row per table macro, called as in select * from star.trademark_as_of('2024-05-16')",
    (
        OwnColumn("schema_name", "varchar", "模式", "Schema"),
        OwnColumn("macro_name", "varchar", "表宏名", "Table macro"),
        OwnColumn("parameters", "varchar", "参数，以逗号分隔", "Parameters, separated by commas"),
        OwnColumn("meaning_zh", "varchar", "中文含义", "Meaning in Chinese"),
        OwnColumn("meaning_en", "varchar", "英文含义", "Meaning in English"),
    ),
    ("schema_name", "macro_name"),
)
OWN_TABLES = (CHECKS, RELEASES, TABLES, COLUMNS, LINEAGE, MACROS)
