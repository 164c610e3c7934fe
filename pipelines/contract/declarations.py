"""Source declarations: the contract of `sources/<id>/source.yaml`, validated with the file's path in the message."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.contract.remote import Remote, Strict, refuse_other_names
from pipelines.errors import UsageError

# What a draft leaves open; `touchstone sources check` reports each place where it remains.
PLACEHOLDER = "to be filled in"

ColumnType = Literal["text", "name", "date", "partial_date", "integer", "number", "boolean"]
Encoding = Literal["utf-8", "gb18030", "big5"]
DateFormat = Literal["yyyymmdd", "roc", "iso", "english", "any"]


class Title(Strict):
    zh: str
    en: str


class Column(Strict):
    """One column of an entity.

    `from` names where the value is read: for xml a path relative to the entity's row (absolute for a value of the
    file's header), for tables the accepted header texts, for json a path of keys relative to the entity's row (`.` for
    a row that is itself a value, `/` before the path of a value ahead of the records). A column without `from` is made
    by the source's parse.py.
    `shifted` is a pattern of values that belong to another column: where one stands here, the row's cells have moved.

    Types in the lake: text VARCHAR; name VARCHAR plus `<name>_norm` and `<name>_key`; date DATE; partial_date DATE
    (null unless the day is known) plus `<name>_text` (ISO 8601 to the precision received, such as 2013-05);
    integer BIGINT; number DOUBLE; boolean BOOLEAN.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: ColumnType
    zh: str
    en: str
    from_: list[str] = Field(default_factory=list, alias="from")
    required: bool = False
    pattern: str | None = None
    shifted: str | None = None
    format: DateFormat | Literal["uscc"] | None = None
    codes: list[str] | None = None
    null_values: list[str] = Field(default_factory=list)
    normalise: bool = False
    on_error: Literal["quarantine", "keep"] = "quarantine"

    @model_validator(mode="before")
    @classmethod
    def _one_from_is_a_list(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("from"), str):
            return {**data, "from": [data["from"]]}
        return data

    @model_validator(mode="after")
    def _date_needs_format(self) -> Column:
        if self.type in ("date", "partial_date") and self.format in (None, "uscc"):
            raise ValueError(f"column {self.name}: a {self.type} needs `format`")
        return self

    @property
    def lake_columns(self) -> list[tuple[str, str]]:
        """(name, DuckDB type) of each column this one becomes in the lake."""
        match self.type:
            case "name":
                return [(self.name, "VARCHAR"), (f"{self.name}_norm", "VARCHAR"), (f"{self.name}_key", "VARCHAR")]
            case "text":
                extra = [(f"{self.name}_norm", "VARCHAR")] if self.normalise else []
                return [(self.name, "VARCHAR"), *extra]
            case "partial_date":
                return [(self.name, "DATE"), (f"{self.name}_text", "VARCHAR")]
            case "date":
                return [(self.name, "DATE")]
            case "integer":
                return [(self.name, "BIGINT")]
            case "number":
                return [(self.name, "DOUBLE")]
            case "boolean":
                return [(self.name, "BOOLEAN")]


class Entity(Strict):
    """A table of the lake. The first entity of a source is its record: one row per loaded record.

    For xml and json: `rows` is the path of the repeated element, or of the list, relative to the record. For xml:
    `repeated` a column path whose every value makes a row while single values next to it repeat (`rows` then has two
    steps, a list and its element); `siblings` means that repeated elements are next to single ones directly under the
    record, so that both are read from one pass over the record's children.
    """

    meaning: Title
    key: list[str] = Field(default_factory=list)
    rows: str | None = None
    repeated: str | None = None
    siblings: bool = False
    columns: list[Column]

    @property
    def is_record(self) -> bool:
        return self.rows is None and self.repeated is None

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


class DeliveryFormat(Strict):
    """What the delivery gate asks of a file.

    `whole_list_from_name` is the pattern of the name of a file that is the complete list, where others contain only
    what changed; of a source of semantics `snapshot` each file is. `snapshot_date_from_name` is the pattern of the day
    in a name. `unversioned` names columns that differ from list to list without the record having changed.
    """

    patterns: list[str]
    format: Literal["xml", "table", "json", "jsonl"]
    encodings: list[Encoding] = Field(default_factory=lambda: list[Encoding](["utf-8"]))
    min_bytes: int = 1
    max_bytes: int = 4_000_000_000
    on_missing_header: Literal["refuse", "quarantine"] = "refuse"
    snapshot_date_from_name: str | None = None
    whole_list_from_name: str | None = None
    unversioned: list[str] = Field(default_factory=list)
    urls: list[Remote] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_are_its_own(self) -> DeliveryFormat:
        refuse_other_names(self.urls, self.patterns)
        return self


class Xml(Strict):
    """Where the records of an XML delivery are. A `record` of one step: each file of an archive is one record."""

    record: str
    control_total: str | None = None
    ignored_elements: list[str] = Field(default_factory=list)

    @property
    def root(self) -> str:
        return self.record.split("/")[1]

    @property
    def record_tag(self) -> str:
        return self.record.rsplit("/", 1)[1]

    @property
    def record_is_document(self) -> bool:
        """Whether each file is one record."""
        return self.record.count("/") == 1


class Json(Strict):
    """Where the records of a document are: the path of their array, empty for an array that is the document."""

    records: str = ""
    ignored: list[str] = Field(default_factory=list)


class SkipRule(Strict):
    column: str
    pattern: str
    reason: str


class TableFormat(Strict):
    """How tables are read.

    `value_columns` is a pattern of header texts, each of which heads a column of values of its own (a year, an
    indicator): the source's parse.py gets them as text columns `value:<header text>`. `ignored_columns` are header
    texts left out by name.
    """

    header_rows: int = 1
    value_columns: str | None = None
    ignored_columns: list[str] = Field(default_factory=list)
    merged_cells: Literal["fill", "keep"] = "fill"
    skip: list[SkipRule] = Field(default_factory=list)
    continued_by: list[str] = Field(default_factory=list)


class Tolerances(Strict):
    quarantined_share_max: float
    volume_ratio: tuple[float, float]
    volume_reason: str = "A delivery far from its own history is usually cut or doubled."
    fill_rates: dict[str, float] = Field(default_factory=dict)


class HandWrittenCheck(Strict):
    """A load-gate check in SQL over `{entity}` (any entity of the source by name): each row returned is a failure."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    entity: str
    severity: Literal["error", "warn"]
    reason: str
    sql: str
    max_share: float = 0.0


class Source(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Title
    publisher: str
    licence: str
    home_url: str
    cadence: str
    freshness_hours: int
    freshness_reason: str
    semantics: Literal["replace_by_key", "snapshot", "append"]
    delivery: DeliveryFormat
    xml: Xml | None = None
    json_: Json = Field(default_factory=Json, alias="json")
    table: TableFormat = Field(default_factory=TableFormat)
    entities: dict[str, Entity]
    tolerances: Tolerances
    checks: list[HandWrittenCheck] = Field(default_factory=list)
    folder: Path = Field(exclude=True)

    @model_validator(mode="after")
    def _is_consistent(self) -> Source:
        if self.folder.name != self.id:
            raise ValueError(f"id {self.id} differs from its folder {self.folder.name}")
        if self.delivery.format == "xml" and self.xml is None:
            raise ValueError("format xml needs an `xml` section")
        for name, entity in self.entities.items():
            unknown = [key for key in entity.key if key not in entity.by_name]
            if unknown:
                raise ValueError(f"entity {name}: key column {unknown[0]} is not declared")
            if entity.repeated and entity.rows and "/" not in entity.rows:
                raise ValueError(f"entity {name}: `repeated` needs `rows` of two steps, a list and its element")
        for column in self.table.continued_by:
            if column not in self.entities[self.record_entity].by_name:
                raise ValueError(f"table.continued_by: column {column} is not declared")
        if self.gives_lists and not self.entities[self.record_entity].key:
            raise ValueError(f"entity {self.record_entity}: a list that is published as a whole needs a key")
        for name in self.delivery.unversioned:
            if name not in self.entities[self.record_entity].by_name:
                raise ValueError(f"unversioned: column {name} of {self.record_entity} is not declared")
        for check in self.checks:
            if check.entity not in self.entities:
                raise ValueError(f"check {check.name}: entity {check.entity} is not declared")
        return self

    @property
    def record_entity(self) -> str:
        """Name of the first entity, whose rows are the loaded records."""
        return next(iter(self.entities))

    @property
    def gives_lists(self) -> bool:
        """Whether some deliveries are the complete list, so that what they lack is no longer listed."""
        return self.semantics == "snapshot" or self.delivery.whole_list_from_name is not None

    def child_entities(self) -> Iterator[tuple[str, Entity]]:
        """The entities after the first: several rows per record, addressed by (record_no, item_no)."""
        names = iter(self.entities.items())
        next(names)
        yield from names

    def lake_columns(self, entity: str) -> list[tuple[str, str]]:
        """(name, DuckDB type) of every column of an entity's lake files, in file order."""
        address = [("record_no", "BIGINT")]
        if entity != self.record_entity:
            address.append(("item_no", "BIGINT"))
        return address + [pair for column in self.entities[entity].columns for pair in column.lake_columns]

    def module(self, name: str) -> ModuleType | None:
        """The source's own `<name>.py` (parse), or None where the source needs no code."""
        path = self.folder / f"{name}.py"
        if not path.exists():
            return None
        spec = importlib.util.spec_from_file_location(f"sources.{self.id}.{name}", path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{path}: cannot be imported")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
