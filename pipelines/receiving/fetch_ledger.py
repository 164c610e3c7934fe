"""What the servers stated about the files that were fetched last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.contract.declarations import Source
from pipelines.receiving.manifest import MANIFEST_NAME
from pipelines.receiving.partial_file import ServerAnswer
from pipelines.state.atomic_write import atomic_write
from pipelines.state.home import Home


@dataclass
class FetchLedger:
    """What the servers stated about the files that were fetched last, by address as declared."""

    path: Path
    archive: Path
    entries: dict[str, dict[str, Any]]
    _changed: bool = False

    @classmethod
    def of(cls, home: Home, source: Source) -> FetchLedger:
        path = home.fetched(source.id) / "addresses.json"
        entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return cls(path, home.archive(source.id), entries)

    def known(self, url: str) -> ServerAnswer | None:
        """What the server stated when the file of this address was fetched; None once its delivery left the archive."""
        entry = self.entries.get(url, {})
        if "sha256" not in entry or not (self.archive / entry["sha256"] / MANIFEST_NAME).exists():
            return None
        return ServerAnswer(entry["etag"], entry["last_modified"], entry["size"])

    def note(self, url: str, **facts: object) -> None:
        entry = {**self.entries.get(url, {}), "failed": None, **facts}
        if entry != self.entries.get(url):
            self.entries[url] = entry
            self._changed = True

    def save(self) -> None:
        if not self._changed:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(self.entries, ensure_ascii=False, indent=1, sort_keys=True)
        with atomic_write(self.path) as partial:
            partial.write_text(content, encoding="utf-8")


def failures(home: Home, source: Source) -> dict[str, str]:
    """The addresses of a source that could not be fetched the last time, with the reason."""
    return {url: entry["failed"] for url, entry in FetchLedger.of(home, source).entries.items() if entry.get("failed")}
