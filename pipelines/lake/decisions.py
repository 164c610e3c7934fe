"""What people declare about the identity of enterprises: overrides and aliases, read from two CSV files.

They are sources/enterprise_overrides.csv and sources/enterprise_aliases.csv; a file of that name in TOUCHSTONE_HOME,
which is one installation's own, counts instead. Both are decisions, not deliveries: they are validated when they are
read, with path and line, and are part of the hash of a build's inputs. How names are resolved is SQL
(`dbt_project/models/intermediate/enterprises`).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import UsageError
from pipelines.state.database import insert_rows
from pipelines.state.home import SOURCES_DIR, Home

OVERRIDES = "enterprise_overrides.csv"
ALIASES = "enterprise_aliases.csv"
_OVERRIDE_COLUMNS = ["subject", "decision", "object", "reason", "author", "date"]
_ALIAS_COLUMNS = ["alias", "enterprise", "kind", "source_document", "author", "date"]
_DECISIONS = ("same", "different")
_KINDS = ("english", "former", "short", "other")
_CODE_SHAPE = r"^(?:[0-9A-Z]{18}|[0-9]{15})$"


@dataclass(frozen=True)
class Party:
    """One side of a decision: an enterprise by its credit code, or by a name in any spelling."""

    uscc: str | None
    name: str | None
    name_key: str | None

    @property
    def identity(self) -> str:
        """What tells two parties apart."""
        return f"USCC:{self.uscc}" if self.uscc else f"NAME:{self.name_key}"


@dataclass(frozen=True)
class Override:
    """`subject` is (`same`) or is not (`different`) the enterprise `object`, whatever the data say."""

    line: int
    subject: Party
    decision: str
    object: Party
    reason: str
    author: str
    decided_on: date


@dataclass(frozen=True)
class Alias:
    """A name by which an enterprise is known and which no register holds."""

    line: int
    alias: Party
    enterprise: Party
    kind: str
    source_document: str


def declared_in(home: Home, name: str) -> Path:
    """The file of that name which counts for this home: its own, or else the project's."""
    own = home.root / name
    return own if own.exists() else SOURCES_DIR / name


def declarations_digest(home: Home) -> str:
    """SHA-256 over both files that count for this home; an absent file counts as an empty one."""
    digest = hashlib.sha256()
    for path in (declared_in(home, OVERRIDES), declared_in(home, ALIASES)):
        content = path.read_bytes() if path.exists() else b""
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def load_overrides(path: Path) -> list[Override]:
    """The overrides in file order, one row each; chains of `same` are followed to their end.

    Raises UsageError naming the file and line where one is not written as sources/README.md says, contradicts another,
    or leads back to itself.
    """
    found: list[Override] = []
    rows = _rows(path, _OVERRIDE_COLUMNS)
    parties = _parties(path, [(line, row[side]) for line, row in rows for side in ("subject", "object")])
    for number, (line, row) in enumerate(rows):
        place = f"{path}:{line}"
        subject, other = parties[2 * number], parties[2 * number + 1]
        if row["decision"] not in _DECISIONS:
            raise UsageError(f"{place}: decision {row['decision'] or '(empty)'}: write one of {', '.join(_DECISIONS)}")
        if row["decision"] == "different" and subject.uscc and not other.uscc:
            subject, other = other, subject
        _refuse_senseless(place, subject, row["decision"], other)
        found.append(
            Override(line, subject, row["decision"], other, row["reason"], row["author"], _day(place, row["date"]))
        )
    _refuse_contradictions(path, found)
    ends = {override.subject.identity: override for override in found if override.decision == "same"}
    for override in found:
        if override.decision == "different" and (
            _end(path, override, override.subject, ends).identity
            == _end(path, override, override.object, ends).identity
        ):
            raise UsageError(f"{path}:{override.line}: other lines say that the two are one; keep one")
    return [
        override
        if override.decision == "different"
        else Override(
            override.line,
            override.subject,
            "same",
            _end(path, override, override.object, ends),
            override.reason,
            override.author,
            override.decided_on,
        )
        for override in found
    ]


def load_aliases(path: Path) -> list[Alias]:
    """The declared aliases in file order.

    Raises UsageError naming the file and line where one is not written as sources/README.md says or one alias is
    declared for two enterprises.
    """
    rows = _rows(path, _ALIAS_COLUMNS)
    parties = _parties(path, [(line, row[side]) for line, row in rows for side in ("alias", "enterprise")])
    found: dict[str, Alias] = {}
    for number, (line, row) in enumerate(rows):
        place = f"{path}:{line}"
        alias, enterprise = parties[2 * number], parties[2 * number + 1]
        if alias.uscc:
            raise UsageError(f"{place}: alias {alias.uscc} is a credit code; an alias is a name")
        if row["kind"] not in _KINDS:
            raise UsageError(f"{place}: kind {row['kind'] or '(empty)'}: write one of {', '.join(_KINDS)}")
        if alias.identity == enterprise.identity:
            raise UsageError(f"{place}: the alias and its enterprise are one name; remove the line")
        _day(place, row["date"])
        earlier = found.get(alias.identity)
        if earlier is not None:
            raise UsageError(f"{place}: alias {row['alias']} is declared in line {earlier.line} already; keep one")
        found[alias.identity] = Alias(line, alias, enterprise, row["kind"], row["source_document"])
    return list(found.values())


def create_tables(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Create `lake.enterprise_overrides` and `lake.enterprise_aliases` of what is declared for this home.

    Raises UsageError as the loading does.
    """
    connection.execute(
        """
        create table lake.enterprise_overrides(
            line_no integer, decision varchar, subject_uscc varchar, subject_name varchar, subject_name_key varchar,
            object_uscc varchar, object_name varchar, object_name_key varchar, reason varchar, author varchar,
            decided_date date);
        create table lake.enterprise_aliases(
            line_no integer, alias_name varchar, alias_name_key varchar, uscc varchar, name varchar, name_key varchar,
            kind varchar, source_document varchar)
        """
    )
    insert_rows(
        connection,
        "lake.enterprise_overrides",
        [
            (o.line, o.decision, *_values(o.subject), *_values(o.object), o.reason, o.author, o.decided_on)
            for o in load_overrides(declared_in(home, OVERRIDES))
        ],
    )
    insert_rows(
        connection,
        "lake.enterprise_aliases",
        [
            (a.line, a.alias.name, a.alias.name_key, *_values(a.enterprise), a.kind, a.source_document)
            for a in load_aliases(declared_in(home, ALIASES))
        ],
    )


def _values(party: Party) -> tuple[str | None, str | None, str | None]:
    return party.uscc, party.name, party.name_key


def _rows(path: Path, columns: list[str]) -> list[tuple[int, dict[str, str]]]:
    """(line, cells) of each row; every cell is filled."""
    if not path.exists():
        return []
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8: {error.reason} at byte {error.start}; save it as UTF-8") from error
    reader = csv.reader(content.splitlines(), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = next(reader, [])
        if header != columns:
            raise UsageError(f"{path}:1: the header is {','.join(header)}; write {','.join(columns)}")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{path}:{reader.line_num}"
            if len(cells) != len(columns):
                raise UsageError(f"{place}: {len(cells)} cells where the header has {len(columns)}")
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            empty = [name for name in columns if not row[name]]
            if empty:
                raise UsageError(f"{place}: {empty[0]} is empty; every column is required")
            rows.append((reader.line_num, row))
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: {error}; see sources/README.md") from error
    return rows


def _parties(path: Path, written: list[tuple[int, str]]) -> list[Party]:
    # The hash of a build's inputs needs this module, and not what reads names.
    import polars as pl

    from pipelines.contract import credit_codes
    from pipelines.contract import names as text

    values = pl.Series([value for _, value in written], dtype=pl.String)
    norm = text.normalised(values)
    keys = text.name_keys(norm)
    codes = norm.str.to_uppercase()
    shaped = codes.str.contains(_CODE_SHAPE) & codes.str.contains("[0-9]{4}")
    valid = credit_codes.uscc_is_valid(codes)
    parties = []
    for (line, value), name, key, code, is_code, is_valid in zip(
        written, norm, keys, codes, shaped, valid, strict=True
    ):
        if is_code and not is_valid:
            raise UsageError(f"{path}:{line}: {value} is no valid credit code: its check digit does not fit")
        if not is_code and key is None:
            raise UsageError(f"{path}:{line}: {value} holds no letters of a name")
        parties.append(Party(code, None, None) if is_code else Party(None, name, key))
    return parties


def _refuse_senseless(place: str, subject: Party, decision: str, other: Party) -> None:
    if subject.identity == other.identity:
        raise UsageError(f"{place}: subject and object are one; remove the line")
    if subject.uscc and other.uscc and decision == "different":
        raise UsageError(f"{place}: two credit codes are two enterprises already; remove the line")
    if subject.uscc and not other.uscc and decision == "same":
        raise UsageError(f"{place}: a credit code can be the same only as another code; swap subject and object")


def _refuse_contradictions(path: Path, overrides: Iterable[Override]) -> None:
    taken: dict[str, Override] = {}
    different = {frozenset((o.subject.identity, o.object.identity)) for o in overrides if o.decision == "different"}
    for override in overrides:
        if override.decision != "same":
            continue
        place = f"{path}:{override.line}"
        if frozenset((override.subject.identity, override.object.identity)) in different:
            raise UsageError(f"{place}: another line says that the two are different; keep one")
        earlier = taken.setdefault(override.subject.identity, override)
        if earlier is not override:
            raise UsageError(f"{place}: line {earlier.line} gives this subject an enterprise already; keep one")


def _end(path: Path, override: Override, party: Party, ends: Mapping[str, Override]) -> Party:
    """Where the chain of a party of this override ends."""
    seen: set[str] = set()
    while party.identity in ends:
        if party.identity in seen:
            raise UsageError(f"{path}:{override.line}: these overrides lead back to their subject; remove one")
        seen.add(party.identity)
        party = ends[party.identity].object
    return party


def _day(place: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise UsageError(f"{place}: date {value}: write it as 2024-05-16") from error
