"""Receiving: files from the landing folders become deliveries in the content-addressed archive, with a manifest each."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.declarations import Source
from pipelines.delivery_gate import refuse_unlike_declared
from pipelines.home import Home
from pipelines.xml_reader import DeliveryRefused

Report = Callable[[str, int | None], None]

MANIFEST_NAME = "delivery.json"
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
# A file written to within this time may still be growing; it is looked at once more after the wait.
_SETTLE_SECONDS = 0.5


class Manifest(BaseModel):
    """delivery.json: what was received, and what became of it.

    state: received (not parsed yet), loaded, quarantined (every record was), refused (whole, with `reason`; counts are
    null). `findings` counts what the declaration does not name. Times are UTC.
    """

    model_config = ConfigDict(extra="forbid")

    source_id: str
    sha256: str
    bytes: int
    original_name: str
    received_at: datetime
    url: str | None = None
    etag: str | None = None
    licence: str
    publisher: str
    snapshot_date: date | None = None
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
        return home.archive(self.source_id) / self.sha256 / self.original_name


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
    for path in _landed(home, source):
        if not path.resolve().is_relative_to(home.landing(source.id).resolve()):
            report(f"{path.name} is a link to outside the landing folder: left alone; put the file itself there", None)
            continue
        if not _is_complete(path):
            report(f"{path.name} is still being written: left for the next refresh", None)
            continue
        taken.append(_take(home, source, path))
        report(f"received {path.name}", None)
    return taken


def _is_complete(path: Path) -> bool:
    before = path.stat()
    age = time.time() - before.st_mtime
    if 0 <= age < _SETTLE_SECONDS:
        time.sleep(_SETTLE_SECONDS)
        after = path.stat()
        return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return True


def _take(home: Home, source: Source, path: Path) -> Manifest:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    folder = home.archive(source.id) / digest
    existing = folder / MANIFEST_NAME
    if existing.exists():
        path.unlink()
        return Manifest.model_validate_json(existing.read_bytes())
    size = path.stat().st_size
    manifest = Manifest(
        source_id=source.id,
        sha256=digest,
        bytes=size,
        original_name=path.name,
        received_at=datetime.now(UTC),
        licence=source.licence,
        publisher=source.publisher,
        snapshot_date=_snapshot_date(source, path.name),
    )
    try:
        refuse_unlike_declared(path.name, size, source)
    except DeliveryRefused as refusal:
        manifest.state, manifest.reason = "refused", str(refusal)
    folder.mkdir(parents=True, exist_ok=True)
    _move(path, folder / path.name)
    manifest.save(home)
    return manifest


def _move(path: Path, target: Path) -> None:
    """Move within the home; a copy under a partial name first where landing is on another file system."""
    try:
        os.replace(path, target)
    except OSError:
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(path, partial)
        os.replace(partial, target)
        path.unlink()


def _snapshot_date(source: Source, name: str) -> date | None:
    """The day a snapshot holds for, from its name (a year alone means its last day)."""
    if source.delivery.snapshot_date_from_name is None:
        return None
    found = re.search(source.delivery.snapshot_date_from_name, name)
    if found is None:
        return None
    digits = found[1]
    if len(digits) == 4:
        return date(int(digits), 12, 31)
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
