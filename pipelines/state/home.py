"""Where state is kept: the folders under TOUCHSTONE_HOME."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SOURCES_DIR = PROJECT_ROOT / "sources"
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"

BUSINESS_TIMEZONE = ZoneInfo("Asia/Shanghai")


def business_today() -> date:
    """The day in Asia/Shanghai, which is the default as-of date."""
    return datetime.now(BUSINESS_TIMEZONE).date()


@dataclass(frozen=True)
class Home:
    """The state folder and the paths inside it; nothing outside it is written."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """The home named by TOUCHSTONE_HOME, or `warehouse/` of the project."""
        configured = os.environ.get("TOUCHSTONE_HOME")
        return cls(Path(configured).resolve() if configured else PROJECT_ROOT / "warehouse")

    def landing(self, source_id: str) -> Path:
        return self.root / "landing" / source_id

    def archive(self, source_id: str) -> Path:
        return self.root / "archive" / source_id

    def lake(self, source_id: str, entity: str) -> Path:
        return self.root / "lake" / source_id / entity

    def quarantine(self, source_id: str) -> Path:
        return self.root / "quarantine" / source_id

    def quarantined_texts(self, source_id: str, entity: str) -> Path:
        """Rows of quarantined records as received; with them a correction can load a record after all."""
        return self.quarantine(source_id) / "texts" / entity

    @property
    def remotes(self) -> Path:
        """The addresses that this installation fetches deliveries from, if any; see sources/README.md."""
        return self.root / "remotes.yaml"

    def fetched(self, source_id: str) -> Path:
        """What is known of the files behind a source's addresses, and the files that are fetched in part."""
        return self.root / "fetched" / source_id

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """The symlink to the current release's file; resolve it before connecting in anything long-lived."""
        return self.root / "touchstone.duckdb"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's target and log folder (manifest, partial parse)."""
        return self.root / "dbt"
