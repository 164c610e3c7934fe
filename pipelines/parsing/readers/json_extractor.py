"""Values of JSON records by declared path, as Arrow tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import duckdb
import polars as pl

from pipelines.contract.check import BROKEN_SCHEMA
from pipelines.contract.declarations import Column, Entity, Source
from pipelines.parsing.readers.json_pieces import JsonPiece, Surroundings


@dataclass
class JsonExtraction:
    """What a piece holds: text columns by entity, the records that are broken, and keys that nobody declared."""

    tables: dict[str, pl.DataFrame]
    broken: pl.DataFrame
    unknown: Counter[str] = field(default_factory=Counter)


class JsonExtractor:
    """Takes the declared values out of pieces; one per file, used from several threads."""

    def __init__(self, source: Source, surroundings: Surroundings) -> None:
        self._source = source
        self._surroundings = surroundings
        self._connection = duckdb.connect(config={"threads": 2, "memory_limit": "512MB"})

    def extract(self, piece: JsonPiece) -> JsonExtraction:
        """The values of each entity's columns as text, and the records of another shape than declared.

        A record is broken under the rule `json` when it is not a JSON object, and under `type:<place>` when a list or
        object stands where a value is declared, or the reverse.
        """
        numbers = pl.int_range(piece.first, piece.first + len(piece.raw), eager=True).alias("record_no")
        every = pl.DataFrame({"record_no": numbers, "element": piece.raw})
        cursor = self._connection.cursor()
        kinds = _ask(
            cursor,
            every,
            "select record_no, try(json_type(element)) as kind from elements",
        )
        is_object = kinds.sort("record_no")["kind"].eq_missing("OBJECT")
        records = every.filter(is_object)
        broken = [_broken(every.filter(~is_object)["record_no"], "json", "is no whole JSON object")]
        unknown: Counter[str] = Counter()
        tables: dict[str, pl.DataFrame] = {}
        places = [entity.rows for _, entity in self._source.child_entities() if entity.rows is not None]
        lists = _lists(cursor, records, places) if places else None
        for name, entity in self._source.entities.items():
            if entity.rows is None and name != self._source.record_entity:
                # The source's parse.py makes it.
                continue
            elements, where = records, ""
            if entity.rows is not None and lists is not None:
                where = f"{entity.rows}."
                elements, misshapen = _rows(cursor, lists, places.index(entity.rows))
                broken.append(_broken(misshapen, f"type:{name}", f"{entity.rows} is not a list"))
            table, wrong_shapes = _values(cursor, elements, entity)
            around = {c.name: p for c in entity.columns for p in c.from_ if p.startswith("/")}
            tables[name] = table.with_columns(
                pl.lit(self._surroundings.value(path), pl.String).alias(column) for column, path in around.items()
            )
            prefix = "" if entity.rows is None else f"{name}."
            broken += [_broken(at, f"type:{prefix}{what}", f"{what} {error}") for at, what, error in wrong_shapes]
            known = self._known(entity)
            for place, keys in known.items():
                keys_at_place = _keys(cursor, elements, place)
                unknown.update(
                    {f"{where}{place}{'.' if place else ''}{k}": n for k, n in keys_at_place.items() if k not in keys}
                )
        all_broken = pl.concat(broken).unique("record_no", keep="first", maintain_order=True).sort("record_no")
        if len(all_broken):
            broken_nos = all_broken["record_no"].implode()
            tables = {name: table.filter(~pl.col("record_no").is_in(broken_nos)) for name, table in tables.items()}
        return JsonExtraction(tables, all_broken, unknown)

    def _known(self, entity: Entity) -> dict[str, set[str]]:
        """The declared keys of each object of an entity's element, by the path to it."""
        paths = [path for column in entity.columns for path in _relative(column)]
        if entity.rows is None:
            paths += self._source.json_.ignored
            paths += [child.rows for _, child in self._source.child_entities() if child.rows]
        known: dict[str, set[str]] = {}
        for path in paths:
            *outer, last = path.split(".")
            for depth in range(len(outer)):
                known.setdefault(".".join(outer[:depth]), set()).add(outer[depth])
            known.setdefault(".".join(outer), set()).add(last)
        return {place: keys for place, keys in known.items() if keys}


def _relative(column: Column) -> list[str]:
    """The paths of a column within its element; those that begin with / are outside the records."""
    return [path for path in column.from_ if not path.startswith("/") and path != "."]


def _pointer(path: str) -> str:
    return "$" if path in ("", ".") else "/" + path.replace(".", "/")


def _ask(cursor: duckdb.DuckDBPyConnection, elements: pl.DataFrame, query: str, *parameters: object) -> pl.DataFrame:
    cursor.register("elements", elements.to_arrow(compat_level=pl.CompatLevel.oldest()))
    answer = pl.from_arrow(cursor.sql(query, params=list(parameters)).to_arrow_table())
    assert isinstance(answer, pl.DataFrame)
    return answer


def _broken(numbers: pl.Series, rule: str, detail: str) -> pl.DataFrame:
    columns = {"record_no": numbers.cast(pl.Int64), "rule": [rule] * len(numbers), "detail": [detail] * len(numbers)}
    return pl.DataFrame(columns, schema=BROKEN_SCHEMA)


def _lists(cursor: duckdb.DuckDBPyConnection, records: pl.DataFrame, places: list[str]) -> pl.DataFrame:
    """Columns record_no, `kinds` and `lists`: what stands at each place of a record, and of which kind it is."""
    return _ask(
        cursor,
        records,
        "select record_no, json_type(element, $1) as kinds, json_extract(element, $1) as lists from elements",
        [_pointer(place) for place in places],
    )


def _rows(cursor: duckdb.DuckDBPyConnection, lists: pl.DataFrame, at: int) -> tuple[pl.DataFrame, pl.Series]:
    """The elements of the lists at a place, numbered within their record, and the records that have no list there."""
    kinds = lists.select("record_no", kind=pl.col("kinds").list.get(at), list=pl.col("lists").list.get(at))
    other = kinds.filter(~pl.col("kind").is_in(["ARRAY", "NULL"]))["record_no"]
    elements = _ask(
        cursor,
        kinds.filter(pl.col("kind") == "ARRAY", pl.col("list") != "[]").select("record_no", "list"),
        "select record_no, unnest(cast(list as json[])) as element from elements",
    ).with_columns(item_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record_no"))
    return elements.select("record_no", "item_no", pl.col("element").cast(pl.String)), other


def _values(
    cursor: duckdb.DuckDBPyConnection, elements: pl.DataFrame, entity: Entity
) -> tuple[pl.DataFrame, list[tuple[pl.Series, str, str]]]:
    """Text columns of the declared values, and (records, place, error) of values of another shape."""
    address = [name for name in ("record_no", "item_no") if name in elements.columns]
    declared = [(c, [p for p in c.from_ if not p.startswith("/")]) for c in entity.columns]
    declared = [(column, paths) for column, paths in declared if paths]
    paths = list(dict.fromkeys(path for _, each in declared for path in each))
    outer = list(dict.fromkeys(p.rsplit(".", 1)[0] for p in paths if "." in p.strip(".")))
    if entity.rows is not None and any(path != "." for path in paths):
        outer.append("")
    if elements.is_empty() or not paths:
        columns = {column.name: pl.String for column, _ in declared}
        return elements.select(address).with_columns(pl.lit(None, t).alias(n) for n, t in columns.items()), []
    values = _ask(
        cursor,
        elements,
        f"select {', '.join(address)}, json_extract_string(element, $1) as texts, json_type(element, $2) as kinds"
        " from elements",
        [_pointer(path) for path in paths],
        [_pointer(path) for path in [*paths, *outer]],
    )
    text = {path: pl.col("texts").list.get(i) for i, path in enumerate(paths)}
    kind = {place: pl.col("kinds").list.get(i) for i, place in enumerate([*paths, *outer])}
    table = values.select(*address, **{c.name: pl.coalesce(text[path] for path in each) for c, each in declared})
    wrong_shapes: list[tuple[pl.Series, str, str]] = []
    for column, each in declared:
        nested = pl.any_horizontal(kind[path].is_in(["OBJECT", "ARRAY"]).fill_null(False) for path in each)
        wrong_shapes.append((values.filter(nested)["record_no"], column.name, "is a list or object"))
    for i, place in enumerate(outer, len(paths)):
        is_value = ~pl.col("kinds").list.get(i).is_in(["OBJECT", "NULL"])
        wrong_shapes.append((values.filter(is_value)["record_no"], place or "row", "is no object"))
    return table, [error for error in wrong_shapes if len(error[0])]


def _keys(cursor: duckdb.DuckDBPyConnection, elements: pl.DataFrame, place: str) -> dict[str, int]:
    """How often each key stands in the objects at a place."""
    if elements.is_empty():
        return {}
    counted = _ask(
        cursor,
        elements,
        "select key, count(*) as n from (select unnest(json_keys(element, $1)) as key from elements) group by key",
        _pointer(place),
    )
    return dict(counted.iter_rows())
