"""A release on disk, and finding the current one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import TouchstoneError, UsageError
from pipelines.state.home import Home

DATABASE_NAME = "warehouse.duckdb"
RELEASE_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


@dataclass(frozen=True)
class Override:
    """A check that failed in a release that was published all the same, and why.

    `check` is the full name that `--override` took, `by` the account that ran the refresh, `checked_at` in UTC.
    """

    check: str
    gate: str
    reason: str
    observed: str | None
    expected: str | None
    by: str
    checked_at: str

    def as_json(self) -> dict[str, str | None]:
        """The override as release.json has it."""
        return asdict(self)


@dataclass(frozen=True)
class Release:
    """What release.json states about one release. `tables` holds row counts by `schema.table`; `built_at` is in UTC.

    `code_version` is None in releases published before it was recorded.
    """

    release_id: str
    as_of: date
    built_at: datetime
    inputs_hash: str
    path: Path
    tables: Mapping[str, int]
    gates: Mapping[str, Any] = field(default_factory=dict)
    code_version: str | None = None
    overrides: tuple[Override, ...] = ()

    @property
    def database(self) -> Path:
        """The warehouse file."""
        return self.path / DATABASE_NAME

    def as_json(self) -> dict[str, Any]:
        """The content of release.json: everything except the release's path."""
        return {
            "release_id": self.release_id,
            "as_of": self.as_of.isoformat(),
            "built_at": self.built_at.isoformat().replace("+00:00", "Z"),
            "inputs_hash": self.inputs_hash,
            "code_version": self.code_version,
            "tables": dict(self.tables),
            "gates": dict(self.gates),
            "overrides": [override.as_json() for override in self.overrides],
        }


def next_release_id(home: Home, inputs_hash: str, built_at: datetime | None = None) -> str:
    """A release id that no release of this home has: `YYYYMMDDTHHMMSSZ-<8 hexadecimal digits of the inputs' hash>`.

    Two builds of the same inputs within a second get consecutive seconds. Raises ValueError when the hash does not
    open with eight hexadecimal digits.
    """
    if not re.match(r"[0-9a-f]{8}", inputs_hash):
        raise ValueError(f"inputs hash {inputs_hash!r} does not open with eight hexadecimal digits")
    moment = (built_at or datetime.now(UTC)).astimezone(UTC)
    while True:
        release_id = f"{moment:%Y%m%dT%H%M%SZ}-{inputs_hash[:8]}"
        if not (home.releases / release_id).exists():
            return release_id
        moment += timedelta(seconds=1)


def current_release(home: Home) -> Release | None:
    """The release that `touchstone.duckdb` points to, or None before the first one.

    Raises TouchstoneError when the link points to something that is not a release.
    """
    database = _current_database(home)
    return None if database is None else read_release(database.parent)


def list_releases(home: Home) -> list[Release]:
    """Every complete release, newest first."""
    return [read_release(path) for path in release_folders(home)]


def open_current(home: Home) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the current release, which stays on that release whatever is published meanwhile.

    The link is resolved first because DuckDB keeps databases by path within a process, and versions of it that keep
    the link's own name go on serving an old release under it. Raises UsageError before the first release.
    """
    database = _current_database(home)
    if database is None:
        raise UsageError(f"{home.current}: nothing has been released yet; run `touchstone refresh`")
    return duckdb.connect(str(database), read_only=True)


def find_release(home: Home, release_id: str | None) -> Release:
    """The named release, or the current one where no name is given.

    Raises UsageError naming the available ids when there is none.
    """
    if release_id is None:
        current = current_release(home)
        if current is None:
            raise UsageError(f"{home.current}: nothing has been released yet; run `touchstone refresh`")
        return current
    folders = {path.name: path for path in release_folders(home)}
    if release_id not in folders:
        raise UsageError(f"no release {release_id}; available: {', '.join(folders) or 'none'}")
    return read_release(folders[release_id])


def release_folders(home: Home) -> list[Path]:
    """Complete releases, newest first: an id opens with the second it was built in."""
    if not home.releases.is_dir():
        return []
    complete = (
        path
        for path in home.releases.iterdir()
        if RELEASE_ID.fullmatch(path.name) and (path / "release.json").is_file()
    )
    return sorted(complete, key=lambda path: path.name, reverse=True)


def read_release(folder: Path) -> Release:
    """The release in a folder. Raises TouchstoneError when its release.json cannot be read."""
    manifest = folder / "release.json"
    try:
        raw = json.loads(manifest.read_text(encoding="utf-8"))
        return Release(
            release_id=raw["release_id"],
            as_of=date.fromisoformat(raw["as_of"]),
            built_at=datetime.fromisoformat(raw["built_at"]),
            inputs_hash=raw["inputs_hash"],
            path=folder,
            tables=raw["tables"],
            gates=raw["gates"],
            code_version=raw.get("code_version"),
            overrides=tuple(Override(**override) for override in raw.get("overrides", [])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TouchstoneError(
            f"{manifest}: not readable as a release ({error}); run `touchstone rollback RELEASE` to go to another"
        ) from error


def _current_database(home: Home) -> Path | None:
    """The file that readers open now, resolved; None before the first release."""
    if not os.path.lexists(home.current):
        return None
    database = home.current.resolve()
    if not database.is_file():
        raise TouchstoneError(
            f"{home.current}: points to {database}, which is not there; run `touchstone rollback RELEASE`"
        )
    return database


def linked_release_id(home: Home) -> str | None:
    """The id that the link names, whether or not the release is there."""
    return Path(os.readlink(home.current)).parent.name if home.current.is_symlink() else None


RELEASE_SCHEMAS = ("star", "marts", "audit", "meta")


def release_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(schema, table) of every table and view that a release offers, in alphabetical order."""
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_catalog = current_database() and list_contains(?, table_schema) order by 1, 2",
        [list(RELEASE_SCHEMAS)],
    ).fetchall()
    return [(str(schema), str(table)) for schema, table in rows]
