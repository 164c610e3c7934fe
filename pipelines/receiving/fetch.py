"""Fetching: deliveries come from the addresses that a source declares, through fsspec, into the archive.

A file grows in TOUCHSTONE_HOME/fetched/ until its length and its ETag are those that the server states, and only then
becomes a delivery. What came before a connection broke is kept and gone on from. A server that fails is told in one
line, and the run goes on with what is there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipelines.contract.declarations import Source
from pipelines.contract.remote import Remote
from pipelines.errors import UsageError
from pipelines.receiving.archive import Origin, receive_fetched
from pipelines.receiving.http import http_attempt
from pipelines.receiving.landing import Report
from pipelines.receiving.manifest import MANIFEST_NAME, Manifest
from pipelines.receiving.partial_file import (
    FileAbsent,
    FileUnchanged,
    LastingFailure,
    PartialFile,
    PassingFailure,
    ServerAnswer,
)
from pipelines.receiving.stores import store_attempt
from pipelines.state.atomic_write import atomic_write
from pipelines.state.home import Home

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ATTEMPTS = "TOUCHSTONE_FETCH_ATTEMPTS"


@dataclass(frozen=True)
class Patience:
    """How often and how long a server is waited for; seconds, the waits growing twofold with jitter."""

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0
    silence: float = 60.0


@dataclass(frozen=True)
class Fetched:
    """What became of one address on one day (None for an address without a date).

    received: a whole file came; unchanged: the server has what is archived already; absent: there is no file for that
    day; failed: for `reason`.
    """

    source_id: str
    url: str
    day: date | None
    outcome: Literal["received", "unchanged", "absent", "failed"]
    manifest: Manifest | None = None
    reason: str | None = None

    @property
    def line(self) -> str:
        """A failure in one line: source, address, reason and remedy."""
        return f"{self.source_id}: {self.url}: not fetched: {self.reason}; the run goes on with what is there"


def _patience() -> Patience:
    attempts = os.environ.get(ATTEMPTS, str(Patience.attempts))
    if not attempts.isdigit() or int(attempts) < 1:
        raise UsageError(f"{ATTEMPTS}={attempts}: give a whole number from 1")
    return Patience(attempts=int(attempts))


def fetch(
    home: Home,
    source: Source,
    due: Iterable[tuple[Remote, date | None]],
    report: Report,
    patience: Patience | None = None,
) -> list[Fetched]:
    """Fetch what is due and new into the archive; what became of each address, in order. Failures do not raise.

    `patience` has by default as many attempts as TOUCHSTONE_FETCH_ATTEMPTS says.
    """
    patience = patience or _patience()
    ledger = _Ledger.of(home, source)
    systems: dict[tuple[str, bool], AbstractFileSystem] = {}
    outcomes: list[Fetched] = []
    try:
        for remote, day in due:
            one = _fetch_one(home, source, remote, day, ledger, systems, patience)
            outcomes.append(one)
            report(f"{len(outcomes)} addresses, {sum(o.outcome == 'received' for o in outcomes)} files", None)
    finally:
        ledger.save()
    return outcomes


def failures(home: Home, source: Source) -> dict[str, str]:
    """The addresses of a source that could not be fetched when last looked at, with the reason."""
    return {url: entry["failed"] for url, entry in _Ledger.of(home, source).entries.items() if entry.get("failed")}


@dataclass
class _Ledger:
    """What the servers said of the files fetched last, by address as declared."""

    path: Path
    archive: Path
    entries: dict[str, dict[str, Any]]
    _changed: bool = False

    @classmethod
    def of(cls, home: Home, source: Source) -> _Ledger:
        path = home.fetched(source.id) / "addresses.json"
        entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return cls(path, home.archive(source.id), entries)

    def known(self, url: str) -> ServerAnswer | None:
        """What the server said when the delivery of this address was fetched, while it is in the archive."""
        entry = self.entries.get(url, {})
        if "sha256" not in entry or not (self.archive / entry["sha256"] / MANIFEST_NAME).exists():
            return None
        return ServerAnswer(entry["etag"], entry["last_modified"], entry["size"])

    def note(self, url: str, **said: object) -> None:
        entry = {**self.entries.get(url, {}), "failed": None, **said}
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


def _fetch_one(
    home: Home,
    source: Source,
    remote: Remote,
    day: date | None,
    ledger: _Ledger,
    systems: dict[tuple[str, bool], AbstractFileSystem],
    patience: Patience,
) -> Fetched:
    url = remote.shown_url(day)
    part = PartialFile.of(home, source, url)
    known = ledger.known(url)

    def ended(outcome: Literal["unchanged", "absent", "failed"], reason: str | None = None) -> Fetched:
        ledger.note(url, failed=reason)
        return Fetched(source.id, url, day, outcome, None, reason)

    try:
        _whole(remote, url, part, known, systems, patience)
    except FileUnchanged:
        return ended("unchanged")
    except FileAbsent:
        if remote.is_dated:
            return ended("absent")
        return ended("failed", "there is no such file; mend the address")
    except PassingFailure as error:
        tried = f"{error}, in {patience.attempts} attempts"
        return ended("failed", f"{tried}; look at the server or the network, then refresh again")
    except LastingFailure as error:
        return ended("failed", str(error))
    said, size = part.said, part.size
    origin = Origin(url, remote.file_name(day), said.etag, said.last_modified, day)
    manifest = receive_fetched(home, source, part.path, origin)
    part.discard()
    ledger.note(url, etag=said.etag, last_modified=said.last_modified, size=size, sha256=manifest.sha256)
    return Fetched(source.id, url, day, "received", manifest)


def _whole(
    remote: Remote,
    told: str,
    part: PartialFile,
    known: ServerAnswer | None,
    systems: dict[tuple[str, bool], AbstractFileSystem],
    patience: Patience,
) -> None:
    """Have the whole file in `part`. Raises _Unchanged, _Absent, _Lasting, or _Passing after the last attempt."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

    url = _with_variables(told)
    headers = {name: _with_variables(value) for name, value in remote.headers.items()}
    scheme = url.partition("://")[0]
    key = (scheme, remote.anonymous)
    if key not in systems:
        systems[key] = _file_system(scheme, remote.anonymous, patience)
    first, longest = patience.first_wait, patience.longest_wait
    attempts = Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait_exponential_jitter(multiplier=first, max=longest, jitter=first),
        retry=retry_if_exception_type(PassingFailure),
        reraise=True,
    )
    if scheme in ("http", "https"):
        attempts(http_attempt, systems[key], url, headers, part, known)
    else:
        attempts(store_attempt, systems[key], url, part, known)


def _with_variables(text: str) -> str:
    """Raises _Lasting naming the environment variable that is not set."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in os.environ:
            raise LastingFailure(
                f"environment variable {place[1]} is not set; set it to what the address or header needs"
            )
        return os.environ[place[1]]

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value, text)


def _file_system(scheme: str, anonymous: bool, patience: Patience) -> AbstractFileSystem:
    import fsspec

    if scheme in ("http", "https"):
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience.silence, sock_read=patience.silence)
        # Bytes are kept as they are sent: a .gz that a server declares as compressed stays one.
        client = {"timeout": timeout, "auto_decompress": False, "trust_env": True}
        return fsspec.filesystem("http", client_kwargs=client, skip_instance_cache=True)
    if scheme == "s3":
        config = {
            "connect_timeout": patience.silence,
            "read_timeout": patience.silence,
            "retries": {"max_attempts": 0},
        }
        return fsspec.filesystem(
            "s3", anon=anonymous, use_listings_cache=False, config_kwargs=config, skip_instance_cache=True
        )
    return fsspec.filesystem("file", skip_instance_cache=True)
