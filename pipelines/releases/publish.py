"""Releases: publishing a candidate that passed its gates, going back to an earlier one, and opening the current one.

A release is a folder that is complete before it has its name and never written again. Readers find the current one by
the symlink `touchstone.duckdb`, which is replaced in one atomic step; whoever holds an earlier release goes on with it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from pipelines.errors import TouchstoneError, UsageError, first_line
from pipelines.releases.release import (
    DATABASE_NAME,
    RELEASE_ID,
    Override,
    Release,
    linked_release_id,
    next_release_id,
    read_release,
    release_folders,
    release_tables,
)
from pipelines.releases.site import page
from pipelines.state.atomic_write import atomic_write
from pipelines.state.database import quoted
from pipelines.state.home import Home
from pipelines.state.version import code_version

KEPT_RELEASES = 7
# The newest storage version that DuckDB 1.5 clients open; analysts' tools are older than the warehouse.
NEWEST_STORAGE = (1, 5)

_MEMORY_LIMIT = "1GB"
_UNFINISHED = ".partial"
_DISCARDED = ".discarded"

# Given the release, a read-only connection to its database, and the folder to write.
SiteBuilder = Callable[[Release, duckdb.DuckDBPyConnection, Path], None]


def publish(
    home: Home,
    candidate: Path,
    as_of: date,
    inputs_hash: str,
    gates: Mapping[str, Any],
    site: SiteBuilder | None = None,
    release_id: str | None = None,
    overrides: Sequence[Override] = (),
) -> Release:
    """Make a candidate the current release and return it; the candidate's file is moved into the release.

    `gates` is the summary of the gates' results and must be writable as JSON; `overrides` are the checks that failed
    and were overridden. `release_id` is one that `next_release_id` gave, for a caller that wrote it into the candidate;
    without it one is made. Whenever the process dies, the previous release stays current until the very last step, and
    what was left unfinished is removed by the next publish. Waits while another publish or rollback is under way.

    Raises TouchstoneError when the candidate is open elsewhere, cannot be read by DuckDB 1.5 clients or has no tables.
    """
    home.releases.mkdir(parents=True, exist_ok=True)
    with _writing(home, wait=True):
        _remove_unfinished(home)
        release_id = release_id or next_release_id(home, inputs_hash)
        folder = home.releases / release_id
        if not RELEASE_ID.fullmatch(release_id) or folder.exists():
            raise TouchstoneError(f"{folder}: not a new release id; take one from next_release_id")
        _checkpoint(candidate)
        partial = folder.with_name(release_id + _UNFINISHED)
        partial.mkdir()
        try:
            with duckdb.connect(str(candidate), read_only=True) as connection:
                connection.execute("set memory_limit = ?", [_MEMORY_LIMIT])
                release = Release(
                    release_id=release_id,
                    as_of=as_of,
                    built_at=datetime.strptime(release_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
                    inputs_hash=inputs_hash,
                    path=folder,
                    tables=_row_counts(connection),
                    gates=gates,
                    code_version=code_version(),
                    overrides=tuple(overrides),
                )
                if not release.tables:
                    raise TouchstoneError(f"{candidate}: no table in star, marts, audit or meta; nothing to publish")
                _export_parquet(connection, partial / "parquet")
                (partial / "site").mkdir()
                (site or page.write_site)(release, connection, partial / "site")
        except duckdb.Error as error:
            raise TouchstoneError(f"{candidate}: not publishable: {first_line(error)}") from error
        # Moved only now, so that a failure before this leaves the candidate where it can be inspected and tried again.
        shutil.move(candidate, partial / DATABASE_NAME)
        database = partial / DATABASE_NAME
        database.chmod(database.stat().st_mode & ~0o222)
        _sync_tree(partial)
        _write_synced(partial / "release.json", json.dumps(release.as_json(), ensure_ascii=False, indent=2) + "\n")
        _sync(partial)
        partial.rename(folder)
        _sync(home.releases)
        _repoint(home, folder)
        _prune(home)
    return release


def rollback(home: Home, release_id: str | None = None) -> Release:
    """Make an earlier release current again, atomically, and return it.

    Without an id that is the newest release before the current one, or the newest of all when there is no current one.
    Raises UsageError naming the available ids when there is no such release, and TouchstoneError while a publish is
    under way, since "the previous one" would mean another release once it ends.
    """
    if not home.releases.is_dir():
        raise UsageError(f"{home.releases}: no release to go back to; run `touchstone refresh`")
    with _writing(home, wait=False):
        ids = [path.name for path in release_folders(home)]
        available = ", ".join(ids) or "none"
        if release_id is None:
            current = linked_release_id(home)
            earlier = [release_name for release_name in ids if current is None or release_name < current]
            if not earlier:
                raise UsageError(f"no release before the current one ({current}); available: {available}")
            release_id = earlier[0]
        elif release_id not in ids:
            raise UsageError(f"no release {release_id}; available: {available}")
        release = read_release(home.releases / release_id)
        if release_id != linked_release_id(home):
            _repoint(home, release.path)
    return release


@contextmanager
def _writing(home: Home, *, wait: bool) -> Iterator[None]:
    """The only publish or rollback of this home; the lock ends with the process, however it ends."""
    lock = FileLock(home.releases / ".lock", blocking=wait)
    try:
        lock.acquire()
    except Timeout as error:
        raise TouchstoneError(
            f"{home.releases}: a publish or rollback is running; try again when it is done"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _checkpoint(candidate: Path) -> None:
    """Bring the candidate's complete content into its one file, on disk.

    Copying or moving a database without its write-ahead log would lose its tail without a word.
    """
    if not candidate.is_file():
        raise TouchstoneError(f"{candidate}: no candidate there; build one first")
    try:
        with duckdb.connect(str(candidate)) as connection:
            connection.execute("checkpoint")
            tags = connection.execute(
                "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
            ).fetchone()
    except duckdb.Error as error:
        raise TouchstoneError(f"{candidate}: not publishable: {first_line(error)}") from error
    storage = str(tags[0]) if tags else ""
    numbers = re.match(r"v(\d+)\.(\d+)", storage)
    if numbers is None or (int(numbers[1]), int(numbers[2])) > NEWEST_STORAGE:
        raise TouchstoneError(
            f"{candidate}: storage version {storage} cannot be opened by DuckDB 1.5 clients;"
            " report it: dbt_project/profiles.yml must set storage_compatibility_version v1.5.0"
        )
    log = candidate.with_name(candidate.name + ".wal")
    if log.exists():
        raise TouchstoneError(f"{log}: left after a checkpoint; another process is writing to the candidate")
    _sync(candidate)


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = {}
    for schema, table in release_tables(connection):
        row = connection.execute(f"select count(*) from {quoted(schema)}.{quoted(table)}").fetchone()
        counts[f"{schema}.{table}"] = int(row[0]) if row else 0
    return counts


def _export_parquet(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for schema, table in release_tables(connection):
        (folder / schema).mkdir(parents=True, exist_ok=True)
        rows = connection.sql(f"from {quoted(schema)}.{quoted(table)}")
        rows.write_parquet(str(folder / schema / f"{table}.parquet"), compression="zstd")


def _repoint(home: Home, folder: Path) -> None:
    """Make a release current. The link is relative, so that a complete home can be moved."""
    with atomic_write(home.current) as link:
        link.symlink_to(Path(home.releases.name) / folder.name / DATABASE_NAME)
    _sync(home.root)


def _prune(home: Home) -> None:
    """Remove all but the newest releases; the current one stays even where it is older, as after a rollback."""
    current = linked_release_id(home)
    for folder in release_folders(home)[KEPT_RELEASES:]:
        if folder.name != current:
            # Renamed first: a removal that is cut short must not leave half a release under a release's name.
            discarded = folder.with_name(folder.name + _DISCARDED)
            folder.rename(discarded)
            shutil.rmtree(discarded)


def _remove_unfinished(home: Home) -> None:
    for path in home.releases.iterdir():
        if path.name.endswith((_UNFINISHED, _DISCARDED)):
            shutil.rmtree(path)


def _sync(path: Path) -> None:
    """Bring a file's content, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for directory, _, names in os.walk(folder, topdown=False):
        for name in names:
            _sync(Path(directory) / name)
        _sync(Path(directory))


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
