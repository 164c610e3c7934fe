"""Receiving: files of the landing folders become deliveries in the content-addressed archive, with a manifest each."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.declarations import Source
from pipelines.delivery_gate import refuse_unlike_declared
from pipelines.home import Home
from pipelines.refusal import DeliveryRefused

Report = Callable[[str, int | None], None]

MANIFEST_NAME = "delivery.json"
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
# A file written to within this time may still be growing; it is looked at once more after the wait.
_SETTLE_SECONDS = 0.5


class Manifest(BaseModel):
    """delivery.json: what was received, and what became of it.

    state: received (not parsed yet), loaded, quarantined (every record was), refused (whole, with `reason`; counts are
    null). `findings` counts what the declaration does not name. Times are UTC.
    `other_names` are those under which the same bytes came again, `address_days` the days of the addresses they came
    from; `snapshot_date` is the latest day that any of these says.
    """

    model_config = ConfigDict(extra="forbid")

    source_id: str
    sha256: str
    bytes: int
    original_name: str
    received_at: datetime
    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    licence: str
    publisher: str
    snapshot_date: date | None = None
    other_names: list[str] = Field(default_factory=list)
    address_days: list[date] = Field(default_factory=list)
    state: Literal["received", "loaded", "quarantined", "refused"] = "received"
    reason: str | None = None
    contract_version: str | None = None
    n_records: int | None = None
    n_loaded: int | None = None
    n_quarantined: int | None = None
    n_skipped: int | None = None
    rows: dict[str, int] = Field(default_factory=dict)
    findings: dict[str, int] = Field(default_factory=dict)

    def save(self, home: Home) -> None:
        """Write the manifest beside the bytes, whole or not at all."""
        folder = home.archive(self.source_id) / self.sha256
        partial = folder / f".{MANIFEST_NAME}.partial"
        partial.write_text(self.model_dump_json(indent=2), encoding="utf-8")
        os.replace(partial, folder / MANIFEST_NAME)

    def path(self, home: Home) -> Path:
        """The received bytes."""
        return home.archive(self.source_id) / self.sha256 / _archived_name(self.original_name)


def _archived_name(original_name: str) -> str:
    """The name of a file in the archive: its own, unless that is the manifest's."""
    return f"received-{original_name}" if original_name == MANIFEST_NAME else original_name


def manifests(home: Home, source_id: str) -> list[Manifest]:
    """Every delivery of a source, by digest."""
    paths = sorted(home.archive(source_id).glob(f"*/{MANIFEST_NAME}"))
    return [Manifest.model_validate_json(path.read_bytes()) for path in paths]


def has_landed(home: Home, source: Source) -> bool:
    """Whether the landing folder of a source holds anything to take."""
    return bool(_landed(home, source))


def _landed(home: Home, source: Source) -> list[Path]:
    folder = home.landing(source.id)
    return sorted(
        path
        for path in folder.rglob("*")
        if (path.is_file() or path.is_symlink())
        and not path.name.startswith(".")
        and not path.name.lower().endswith(_UNFINISHED)
    )


def receive(home: Home, source: Source, report: Report) -> list[Manifest]:
    """Take every finished file of landing/<source> into the archive and return the manifests of what was taken.

    The same bytes twice are one delivery: the second file is removed from landing and its first manifest returned.
    A file that is still growing is left for the next time. A delivery whose name or size is not the source's is
    archived with state refused.
    """
    taken: list[Manifest] = []
    landing = home.landing(source.id).resolve()
    files: list[Path] = []
    for path in _landed(home, source):
        if path.is_symlink() or not path.resolve().is_relative_to(landing):
            report(f"{path.name} is a link: left alone; put the file itself into landing/{source.id}", None)
        else:
            files.append(path)
    growing = _still_growing(files)
    for path in files:
        if path in growing:
            report(f"{path.name} is still being written: left for the next refresh", None)
            continue
        taken.append(_take(home, source, path, path.name))
        report(f"received {path.name}", None)
    return taken


def _still_growing(files: list[Path]) -> set[Path]:
    """Those of the files that somebody has open for writing, or that changed within a moment."""
    before = {path: path.stat() for path in files}
    now = time.time()
    young = [path for path, seen in before.items() if 0 <= now - seen.st_mtime < _SETTLE_SECONDS]
    if young:
        time.sleep(_SETTLE_SECONDS)
    growing = set()
    for path in files:
        if path in young:
            after = path.stat()
            if (before[path].st_size, before[path].st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                growing.add(path)
        if _is_open_for_writing(path):
            growing.add(path)
    return growing


def _is_open_for_writing(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing, where the file system can tell."""
    with path.open("rb") as file:
        try:
            # The kernel grants a read lease only on a file that nobody writes to. Should somebody begin to meanwhile,
            # it tells so by a signal, which must not be the one that ends the process.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES) and os.fstat(file.fileno()).st_uid == os.geteuid()
    return False


@dataclass(frozen=True)
class Origin:
    """Where a fetched file came from, and what the server said of it; `day` is the one that its address is dated by."""

    url: str
    name: str
    etag: str | None = None
    last_modified: str | None = None
    day: date | None = None


def receive_fetched(home: Home, source: Source, path: Path, origin: Origin) -> Manifest:
    """Take a whole fetched file into the archive under the name of its origin; `path` is gone then.

    The same bytes fetched from several addresses are one delivery; it names the address that is first by alphabet.
    """
    manifest = _take(home, source, path, origin.name)
    if origin.day is not None and origin.day not in manifest.address_days:
        manifest.address_days = sorted([*manifest.address_days, origin.day])
        _date_anew(source, manifest)
        manifest.save(home)
    if manifest.url is None or origin.url <= manifest.url:
        known = (manifest.url, manifest.etag, manifest.last_modified)
        if known != (origin.url, origin.etag, origin.last_modified):
            manifest.url, manifest.etag, manifest.last_modified = origin.url, origin.etag, origin.last_modified
            manifest.save(home)
    return manifest


def _take(home: Home, source: Source, path: Path, name: str) -> Manifest:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
    folder = home.archive(source.id) / digest
    existing = folder / MANIFEST_NAME
    if existing.exists():
        manifest = Manifest.model_validate_json(existing.read_bytes())
        if manifest.state == "refused" and _refusal(manifest.original_name, size, source):
            manifest = _renamed(home, source, manifest, name)
        elif name not in (manifest.original_name, *manifest.other_names):
            manifest.other_names = sorted([*manifest.other_names, name])
            _date_anew(source, manifest)
            manifest.save(home)
        path.unlink()
        return manifest
    manifest = Manifest(
        source_id=source.id,
        sha256=digest,
        bytes=size,
        original_name=name,
        received_at=datetime.now(UTC),
        licence=source.licence,
        publisher=source.publisher,
    )
    _judge_name(source, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    # Landing is emptied last: a run killed before that takes the file again.
    _copy(path, manifest.path(home))
    manifest.save(home)
    path.unlink()
    return manifest


def _judge_name(source: Source, manifest: Manifest) -> None:
    """Sets the snapshot date, and the state refused where name or size are not the source's."""
    manifest.state, manifest.reason = "received", None
    try:
        refuse_unlike_declared(manifest.original_name, manifest.bytes, source)
        manifest.snapshot_date = _snapshot_date(source, manifest.original_name)
    except DeliveryRefused as refusal:
        manifest.state, manifest.reason = "refused", str(refusal)


def _refusal(name: str, size: int, source: Source) -> str | None:
    try:
        refuse_unlike_declared(name, size, source)
    except DeliveryRefused as refusal:
        return str(refusal)
    return None


def _renamed(home: Home, source: Source, manifest: Manifest, name: str) -> Manifest:
    """A delivery that was refused for its name, received again under another."""
    if _refusal(name, manifest.bytes, source) is not None:
        return manifest
    old = manifest.path(home)
    manifest = manifest.model_copy(update={"original_name": name, "contract_version": None})
    _judge_name(source, manifest)
    _copy(old, manifest.path(home))
    manifest.save(home)
    if old != manifest.path(home):
        old.unlink()
    return manifest


def _copy(path: Path, target: Path) -> None:
    """The same bytes at `target`, whole or not at all; a second name for them where the file system allows."""
    if target.exists() and target.samefile(path):
        return
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)
    except OSError:
        shutil.copyfile(path, partial)
    os.replace(partial, target)


def list_days(source: Source, manifest: Manifest) -> list[date]:
    """The days for which a delivery is the whole list, in order; none where it is not one, or says no day.

    A day stands in the file's name, else in the address that it was fetched from. The same list may hold for several.
    """
    pattern = source.delivery.whole_list_from_name
    names = [
        name
        for name in (manifest.original_name, *manifest.other_names)
        if source.semantics == "snapshot" or (pattern is not None and re.search(pattern, name))
    ]
    days = {day for name in names for day in [_day_in(source, name)] if day is not None}
    return sorted(days or (manifest.address_days if names else []))


def _date_anew(source: Source, manifest: Manifest) -> None:
    """Sets the snapshot date, whatever the order in which the same bytes came under several names and addresses."""
    names = (manifest.original_name, *manifest.other_names)
    days = [day for name in names for day in [_day_in(source, name)] if day is not None]
    manifest.snapshot_date = max(days or list_days(source, manifest), default=None)


def _day_in(source: Source, name: str) -> date | None:
    try:
        return _snapshot_date(source, name)
    except DeliveryRefused:
        return None


def _snapshot_date(source: Source, name: str) -> date | None:
    """The day a snapshot holds for, from its name (a year alone means its last day)."""
    if source.delivery.snapshot_date_from_name is None:
        return None
    found = re.search(source.delivery.snapshot_date_from_name, name)
    if found is None:
        return None
    digits = found[1]
    try:
        if len(digits) == 4:
            return date(int(digits), 12, 31)
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as error:
        raise DeliveryRefused(f"{digits} in its name is no date; name it after the day it holds for") from error
