"""Values of XML records by declared path, as Arrow tables."""

from __future__ import annotations

import codecs
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import yaml
from lxml import etree
from xml2arrow import XmlToArrowParser
from xml2arrow.exceptions import Xml2ArrowError, XmlParsingError

from pipelines.contract.check import BROKEN_SCHEMA
from pipelines.contract.declarations import Entity, Source
from pipelines.contract.names import UNDECODABLE
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.readers.xml_names import KnownNames
from pipelines.parsing.readers.xml_pieces import (
    CLOSED,
    HEAD_BYTES,
    OPENED,
    XML_DECLARATION,
    XmlPiece,
    record_elements,
    resolved,
)


def header_values(path: Path, source: Source) -> dict[str, str | None]:
    """Values of the columns that are read from the file's header, before the records (`from` is absolute)."""
    assert source.xml is not None
    wanted = {
        c.name: c.from_[0]
        for e in source.entities.values()
        for c in e.columns
        if c.from_ and c.from_[0].startswith("/")
    }
    if not wanted:
        return {}
    with path.open("rb") as file:
        head = XML_DECLARATION.sub(b"", file.read(HEAD_BYTES).removeprefix(codecs.BOM_UTF8), count=1)
    head = re.split(rb"<" + source.xml.record_tag.encode() + rb"(?=[\s/>])", resolved(head), maxsplit=1)[0]
    root = etree.fromstring(
        head, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    )
    if root is None:
        raise DeliveryRefused(f"has no header before its first <{source.xml.record_tag}>; truncated or damaged")
    return {name: str(root.xpath(f"string({place})")) or None for name, place in wanted.items()}


@dataclass(frozen=True)
class XmlExtraction:
    """Text tables by entity, records that the parser refused with its reason, and elements nobody declared."""

    tables: dict[str, pl.DataFrame]
    broken: pl.DataFrame
    unknown: dict[str, int]
    undecodable: bool


class XmlExtractor:
    """Takes declared entities out of pieces. One instance serves several threads."""

    def __init__(self, source: Source) -> None:
        assert source.xml is not None
        self._source = source
        self._tag = source.xml.record_tag
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{source.id}.yaml"
            path.write_text(yaml.safe_dump(self._configuration(), allow_unicode=True), encoding="utf-8")
            self._parser = XmlToArrowParser(path)
        known = {"records", *source.xml.record.strip("/").split("/"), *source.xml.ignored_elements}
        for entity in source.entities.values():
            known.update(part for text in (entity.rows, entity.repeated) if text for part in text.split("/"))
            known.update(part for c in entity.columns for text in c.from_ for part in text.strip("/").split("/"))
        self._known = KnownNames(known)

    @property
    def known_names(self) -> set[str]:
        """Element names that the declaration reads or ignores by name."""
        return {name.decode() for name in self._known.names}

    def _fields(self, entity: Entity, path: str) -> list[dict[str, object]]:
        return [
            {"name": c.name, "xml_path": _below(path, c.from_[0]), "data_type": "Utf8", "nullable": True}
            for c in entity.columns
            if c.from_ and not c.from_[0].startswith("/")
        ]

    def _configuration(self) -> dict[str, object]:
        record = f"/records/{self._tag}"
        tables: list[dict[str, object]] = []
        siblings: dict[str, dict[str, object]] = {}
        for name, entity in self._source.entities.items():
            if entity.siblings:
                siblings.update({str(f["xml_path"]): f for f in self._fields(entity, record)})
            elif entity.rows is None:
                tables.append(
                    {"name": name, "xml_path": "/records", "levels": ["record"], "fields": self._fields(entity, record)}
                )
            else:
                row = f"{record}/{entity.rows}"
                parent = row.rsplit("/", 1)[0]
                fields = self._fields(entity, row)
                if entity.repeated:
                    tables.append({"name": f"{name} group", "xml_path": parent, "levels": [], "fields": []})
                    tables.append(
                        {"name": name, "xml_path": row, "levels": ["record", "group", "item"], "fields": fields}
                    )
                else:
                    tables.append({"name": name, "xml_path": parent, "levels": ["record", "item"], "fields": fields})
        if siblings:
            fields = [{**f, "name": f"f{i}"} for i, f in enumerate(siblings.values())]
            self._sibling_names = {path: f"f{i}" for i, path in enumerate(siblings)}
            # An attribute that no office writes: what counts is one row per record, also for an empty one.
            none = {"name": "none", "xml_path": f"{record}/@touchstone", "data_type": "Utf8", "nullable": True}
            tables.append({"name": "record", "xml_path": "/records", "levels": ["record"], "fields": [none]})
            tables.append({"name": "siblings", "xml_path": record, "levels": ["record", "item"], "fields": fields})
        # trim_text would drop the spaces around an entity reference (a &amp; b), so values are trimmed later.
        return {"parser_options": {"trim_text": False}, "tables": tables}

    def extract(self, piece: XmlPiece) -> XmlExtraction:
        """Text columns of every entity in a piece.

        Raises DeliveryRefused when the piece is not well-formed.
        """
        data, undecodable = piece.data, False
        try:
            undecodable = not data.isascii() and UNDECODABLE in data.decode("utf-8")
        except UnicodeDecodeError:
            data, undecodable = data.decode("utf-8", errors="replace").encode(), True
        unknown = self._known.others(data)
        if unknown.keys() & {"!", "?"}:
            data = resolved(data)
            unknown = self._known.others(data)
        broken: list[tuple[int, str, str]] = []
        batches = self._parse(data, piece.first, broken)
        read = {name: self._table(name, entity, batches) for name, entity in self._source.entities.items()}
        seen = len(read[self._source.record_entity].rows)
        if seen + len(broken) != piece.count:
            raise DeliveryRefused(
                f"{seen + len(broken)} records read where {piece.count} close, at record {piece.first}; damaged, "
                "fetch it again"
            )
        doubled = {number: table.doubled[number] for table in read.values() for number in table.doubled}
        broken += [(number, "structure", detail) for number, detail in sorted(doubled.items())]
        tables = {name: table.rows for name, table in read.items()}
        if doubled:
            repeated = pl.Series(list(doubled), dtype=pl.Int64).implode()
            tables = {name: rows.filter(~pl.col("record_no").is_in(repeated)) for name, rows in tables.items()}
        return XmlExtraction(tables, pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"), unknown, undecodable)

    def _parse(
        self, data: bytes | bytearray, first: int, broken: list[tuple[int, str, str]]
    ) -> list[tuple[int, dict[str, pl.DataFrame]]]:
        """Tables with the number of their first record; a record that xml2arrow refuses is found by halving."""
        try:
            return [(first, {name: _frame(batch) for name, batch in self._parser.parse(data).items()})]
        except XmlParsingError as error:
            raise DeliveryRefused(f"not well-formed from record {first} on: {error}; fetch it again") from error
        except Xml2ArrowError as error:
            records = record_elements(data, self._tag)
            if len(records) == 1:
                broken.append((first, "structure", str(error).split(": element appeared")[0]))
                return []
            half = len(records) // 2
            left = OPENED + b"".join(records[:half]) + CLOSED
            right = OPENED + b"".join(records[half:]) + CLOSED
            return self._parse(left, first, broken) + self._parse(right, first + half, broken)

    def _table(self, name: str, entity: Entity, batches: list[tuple[int, dict[str, pl.DataFrame]]]) -> _Read:
        frames, doubled = [], dict[int, str]()
        for first, tables in batches:
            if entity.siblings:
                frames.append(self._from_siblings(entity, tables, first, doubled))
            elif entity.repeated:
                frames.append(_spread(entity, tables[name], first, doubled))
            else:
                number = (pl.col("<record>").cast(pl.Int64) + first).alias("record_no")
                item = [] if entity.is_record else [(pl.col("<item>").cast(pl.Int64) + 1).alias("item_no")]
                frames.append(_numbered_through(tables[name].select(number, *item, pl.exclude("<record>", "<item>"))))
        return _Read(pl.concat(frames) if frames else self._empty(name, entity), doubled)

    def _empty(self, name: str, entity: Entity) -> pl.DataFrame:
        address = ["record_no"] if name == self._source.record_entity else ["record_no", "item_no"]
        texts = [c.name for c in entity.columns if c.from_ and not c.from_[0].startswith("/")]
        return pl.DataFrame(schema={**dict.fromkeys(address, pl.Int64), **dict.fromkeys(texts, pl.String)})

    def _from_siblings(
        self, entity: Entity, tables: dict[str, pl.DataFrame], first: int, doubled: dict[int, str]
    ) -> pl.DataFrame:
        """One row per record (its single values), or one per value of the repeated element."""
        record = f"/records/{self._tag}"
        frame = tables["siblings"]
        columns = {c.name: self._sibling_names[f"{record}/{c.from_[0]}"] for c in entity.columns if c.from_}
        number = (pl.col("<record>").cast(pl.Int64) + first).alias("record_no")
        if entity.repeated:
            at = self._sibling_names[f"{record}/{entity.repeated}"]
            return frame.filter(pl.col(at).is_not_null()).select(
                number,
                (pl.col("<item>").cum_count().over("<record>")).cast(pl.Int64).alias("item_no"),
                *[pl.col(f).alias(c) for c, f in columns.items()],
            )
        grouped = _single_values(frame, ["<record>"], {f: c for c, f in columns.items()}, first, doubled)
        records = tables["record"].select("<record>")
        return records.join(grouped, on="<record>", how="left", maintain_order="left").select(
            number, *[pl.col(f).alias(c) for c, f in columns.items()]
        )


def _below(path: str, place: str) -> str:
    """The path of a place within an element; `.` is the element itself."""
    return path if place == "." else f"{path}/{place}"


@dataclass(frozen=True)
class _Read:
    """Rows of an entity, and the reason for each record in which a single element occurs twice."""

    rows: pl.DataFrame
    doubled: dict[int, str]


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _numbered_through(rows: pl.DataFrame) -> pl.DataFrame:
    """Item numbers that run on where a record holds the same list twice."""
    if "item_no" not in rows.columns or not len(rows):
        return rows
    number, item = rows["record_no"].to_numpy(), rows["item_no"].to_numpy()
    if ((number[1:] != number[:-1]) | (item[1:] > item[:-1])).all():
        return rows
    return rows.with_columns(item_no=pl.col("item_no").cum_count().over("record_no").cast(pl.Int64))


def _single_values(
    frame: pl.DataFrame, group: list[str], columns: dict[str, str], first: int, doubled: dict[int, str], *lists: pl.Expr
) -> pl.DataFrame:
    """One row per group with the value of each column; records with two values of one column go to `doubled`."""
    grouped = frame.group_by(group, maintain_order=True).agg(
        *lists,
        *[pl.col(name).drop_nulls().first() for name in columns],
        *[pl.col(name).count().alias(f"<{name}>") for name in columns],
    )
    for name, column in columns.items():
        for record in grouped.filter(pl.col(f"<{name}>") > 1)["<record>"]:
            doubled[int(record) + first] = f"{column} stands more than once"
    return grouped


def _spread(entity: Entity, frame: pl.DataFrame, first: int, doubled: dict[int, str]) -> pl.DataFrame:
    """Rows of one per child of a group, to one per repeated element with the group's single values.

    The repeated element's attributes go with its value.
    """
    within = f"{entity.repeated}/"
    repeated = [c.name for c in entity.columns if c.from_ and f"{c.from_[0]}/".startswith(within)]
    singles = [c.name for c in entity.columns if c.from_ and c.name not in repeated]
    group = ["<record>", "<group>"]
    is_value = pl.any_horizontal(pl.col(repeated).is_not_null())
    lists = [pl.col(name).filter(is_value) for name in repeated]
    values = _single_values(frame, group, {name: name for name in singles}, first, doubled, *lists)
    rows = values.explode(repeated, empty_as_null=True)
    return rows.select(
        (pl.col("<record>").cast(pl.Int64) + first).alias("record_no"),
        (pl.col("<group>").cum_count().over("<record>")).cast(pl.Int64).alias("item_no"),
        *[c.name for c in entity.columns if c.from_],
    )
