"""What people declare about the identity of enterprises: overrides and aliases, read from two CSV files.

They are sources/enterprise_overrides.csv and sources/enterprise_aliases.csv; a file of that name in TOUCHSTONE_HOME,
which belongs to one installation, counts instead. Both are decisions, not deliveries: they are validated when they are
read, with path and line, and are part of the hash of a build's inputs. How names are resolved is SQL
(`dbt_project/models/intermediate/enterprises`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from pipelines.lake.aliases import ALIASES, load_aliases
from pipelines.lake.decision_rows import Party
from pipelines.lake.overrides import OVERRIDES, load_overrides
from pipelines.state.database import insert_rows
from pipelines.state.home import SOURCES_DIR, Home


def decision_file(home: Home, name: str) -> Path:
    """The file of that name that counts for this home: its own, or else the project's."""
    own = home.root / name
    return own if own.exists() else SOURCES_DIR / name


def decisions_digest(home: Home) -> str:
    """SHA-256 over both files that count for this home; an absent file counts as an empty one."""
    digest = hashlib.sha256()
    for path in (decision_file(home, OVERRIDES), decision_file(home, ALIASES)):
        content = path.read_bytes() if path.exists() else b""
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def create_decision_tables(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
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
            for o in load_overrides(decision_file(home, OVERRIDES))
        ],
    )
    insert_rows(
        connection,
        "lake.enterprise_aliases",
        [
            (a.line, a.alias.name, a.alias.name_key, *_values(a.enterprise), a.kind, a.source_document)
            for a in load_aliases(decision_file(home, ALIASES))
        ],
    )


def _values(party: Party) -> tuple[str | None, str | None, str | None]:
    return party.uscc, party.name, party.name_key
