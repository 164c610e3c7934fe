"""Fetching: files come from the addresses of a source, through fsspec, into the archive.

A file grows in TOUCHSTONE_HOME/fetched/ until its length and its ETag are those that the server states, and only then
becomes a delivery. After a broken connection the file is resumed. A server that fails is reported in one line, and the
run goes on without the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from pipelines.contract.declarations import Source
from pipelines.contract.remote import Remote
from pipelines.errors import UsageError
from pipelines.receiving.archive import Origin, receive_fetched
from pipelines.receiving.fetch_ledger import FetchLedger
from pipelines.receiving.file_system import Patience, file_system
from pipelines.receiving.http import http_attempt
from pipelines.receiving.landing import Report
from pipelines.receiving.manifest import Manifest
from pipelines.receiving.partial_file import (
    FileAbsent,
    FileUnchanged,
    LastingFailure,
    PartialFile,
    PassingFailure,
    ServerAnswer,
)
from pipelines.receiving.stores import store_attempt
from pipelines.state.home import Home

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ATTEMPTS = "TOUCHSTONE_FETCH_ATTEMPTS"


@dataclass(frozen=True)
class Fetched:
    """What became of one address on one day (None for an address without a date).

    received: the complete file came; unchanged: the server has what is archived already; absent: there is no file for
    that day; failed: for `reason`.
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
        return f"{self.source_id}: {self.url}: not fetched: {self.reason}; the run goes on without it"


def _patience() -> Patience:
    attempts = os.environ.get(ATTEMPTS, str(Patience.attempts))
    if not attempts.isdigit() or int(attempts) < 1:
        raise UsageError(f"{ATTEMPTS}={attempts}: set it to a whole number from 1")
    return Patience(attempts=int(attempts))


def fetch(
    home: Home,
    source: Source,
    due: Iterable[tuple[Remote, date | None]],
    report: Report,
    patience: Patience | None = None,
) -> list[Fetched]:
    """Fetch what is due and new into the archive, and return what became of each address, in order.

    Failures do not raise. By default `patience` has as many attempts as TOUCHSTONE_FETCH_ATTEMPTS states.
    """
    patience = patience or _patience()
    ledger = FetchLedger.of(home, source)
    systems: dict[tuple[str, bool], AbstractFileSystem] = {}
    outcomes: list[Fetched] = []
    try:
        for remote, day in due:
            outcomes.append(_fetch_address(home, source, remote, day, ledger, systems, patience))
            report(f"{len(outcomes)} addresses, {sum(o.outcome == 'received' for o in outcomes)} files", None)
    finally:
        ledger.save()
    return outcomes


def _fetch_address(
    home: Home,
    source: Source,
    remote: Remote,
    day: date | None,
    ledger: FetchLedger,
    systems: dict[tuple[str, bool], AbstractFileSystem],
    patience: Patience,
) -> Fetched:
    url = remote.url_on(day)
    part = PartialFile.of(home, source, url)
    known = ledger.known(url)

    def ended(outcome: Literal["unchanged", "absent", "failed"], reason: str | None = None) -> Fetched:
        ledger.note(url, failed=reason)
        return Fetched(source.id, url, day, outcome, None, reason)

    try:
        _complete(remote, url, part, known, systems, patience)
    except FileUnchanged:
        return ended("unchanged")
    except FileAbsent:
        if remote.is_dated:
            return ended("absent")
        return ended("failed", "there is no such file; correct the address")
    except PassingFailure as error:
        reason = f"{error}, in {patience.attempts} attempts; check the server or the network, then refresh again"
        return ended("failed", reason)
    except LastingFailure as error:
        return ended("failed", str(error))
    answer, size = part.answer, part.size
    origin = Origin(url, remote.file_name(day), answer.etag, answer.last_modified, day)
    manifest = receive_fetched(home, source, part.path, origin)
    part.discard()
    ledger.note(url, etag=answer.etag, last_modified=answer.last_modified, size=size, sha256=manifest.sha256)
    return Fetched(source.id, url, day, "received", manifest)


def _complete(
    remote: Remote,
    declared_url: str,
    part: PartialFile,
    known: ServerAnswer | None,
    systems: dict[tuple[str, bool], AbstractFileSystem],
    patience: Patience,
) -> None:
    """Complete the file in `part`.

    Raises FileUnchanged, FileAbsent, LastingFailure, or PassingFailure after the last attempt.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

    url = _with_variables(declared_url)
    headers = {name: _with_variables(value) for name, value in remote.headers.items()}
    scheme = url.partition("://")[0]
    key = (scheme, remote.anonymous)
    if key not in systems:
        systems[key] = file_system(scheme, remote.anonymous, patience)
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
    """The text with the values of its environment variables. Raises LastingFailure for one that is not set."""

    def value(variable: re.Match[str]) -> str:
        name = variable[1]
        if name not in os.environ:
            raise LastingFailure(f"environment variable {name} is not set; set it to what the address or header needs")
        return os.environ[name]

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value, text)
