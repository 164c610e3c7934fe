"""delivery.json: what was received, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.state.atomic_write import atomic_write
from pipelines.state.home import Home


def loaded(manifests: Iterable[Manifest]) -> list[str]:
    """The deliveries that feed the lake's views, by digest in alphabetical order."""
    return sorted(manifest.sha256 for manifest in manifests if manifest.state == "loaded")


def accepted(manifests: Iterable[Manifest]) -> list[str]:
    """The deliveries that a release accounts for record by record: loaded, or quarantined throughout."""
    return sorted(manifest.sha256 for manifest in manifests if manifest.state in ("loaded", "quarantined"))


MANIFEST_NAME = "delivery.json"


class Manifest(BaseModel):
    """delivery.json: what was received, and what became of it.

    state: received (not parsed yet), loaded, quarantined (every record was), refused (whole, with `reason`; counts are
    null). `findings` counts the elements or columns that the declaration does not name. Times are UTC.
    `other_names` are the names under which the same bytes came again, `address_days` the days of the addresses that
    they came from; `snapshot_date` is the latest day that any of these states.
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
        """Write the manifest next to the received bytes."""
        with atomic_write(home.archive(self.source_id) / self.sha256 / MANIFEST_NAME) as partial:
            partial.write_text(self.model_dump_json(indent=2), encoding="utf-8")

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
