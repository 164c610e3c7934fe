"""The archive of received files, addressed by content."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.receiving.delivery_gate import refuse_unlike_declared
from pipelines.receiving.list_days import set_snapshot_date, snapshot_date_in_name
from pipelines.receiving.manifest import MANIFEST_NAME, Manifest
from pipelines.state.atomic_write import atomic_write
from pipelines.state.home import Home


@dataclass(frozen=True)
class Origin:
    """Where a fetched file came from, and what the server stated about it; `day` is the date in its address."""

    url: str
    name: str
    etag: str | None = None
    last_modified: str | None = None
    day: date | None = None


def receive_fetched(home: Home, source: Source, path: Path, origin: Origin) -> Manifest:
    """Move a fetched file into the archive under the name of its origin.

    The same bytes fetched from several addresses are one delivery, with the address that is first by alphabet.
    """
    manifest = archive_file(home, source, path, origin.name)
    if origin.day is not None and origin.day not in manifest.address_days:
        manifest.address_days = sorted([*manifest.address_days, origin.day])
        set_snapshot_date(source, manifest)
        manifest.save(home)
    if manifest.url is None or origin.url <= manifest.url:
        known = (manifest.url, manifest.etag, manifest.last_modified)
        if known != (origin.url, origin.etag, origin.last_modified):
            manifest.url, manifest.etag, manifest.last_modified = origin.url, origin.etag, origin.last_modified
            manifest.save(home)
    return manifest


def archive_file(home: Home, source: Source, path: Path, name: str) -> Manifest:
    """Move a file into the archive under a name; the same bytes twice are one delivery."""
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
            set_snapshot_date(source, manifest)
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
    # The file leaves the landing folder last: a run that is killed before takes it again.
    _copy(path, manifest.path(home))
    manifest.save(home)
    path.unlink()
    return manifest


def _judge_name(source: Source, manifest: Manifest) -> None:
    """Set the snapshot date, and the state refused where name or size are not those of a delivery of the source."""
    manifest.state, manifest.reason = "received", None
    try:
        refuse_unlike_declared(manifest.original_name, manifest.bytes, source)
        manifest.snapshot_date = snapshot_date_in_name(source, manifest.original_name)
    except DeliveryRefused as refusal:
        manifest.state, manifest.reason = "refused", str(refusal)


def _refusal(name: str, size: int, source: Source) -> str | None:
    try:
        refuse_unlike_declared(name, size, source)
    except DeliveryRefused as refusal:
        return str(refusal)
    return None


def _renamed(home: Home, source: Source, manifest: Manifest, name: str) -> Manifest:
    """The manifest of a delivery that was refused for its name and is received again under another."""
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
    """Have the same bytes at `target`; as a second name for them where the file system allows it."""
    if target.exists() and target.samefile(path):
        return
    with atomic_write(target) as partial:
        try:
            os.link(path, partial)
        except OSError:
            shutil.copyfile(path, partial)
