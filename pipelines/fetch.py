"""Fetching: deliveries come from the addresses that a source declares, through fsspec, into the archive.

A file grows in TOUCHSTONE_HOME/fetched/ until its length and its ETag are those that the server states, and only then
becomes a delivery. What came before a connection broke is kept and gone on from. A server that fails is told in one
line, and the run goes on with what is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import yaml
from pydantic import TypeAdapter, ValidationError

from pipelines.declarations import Remote, Source, refuse_other_names
from pipelines.home import Home, UsageError
from pipelines.receive import MANIFEST_NAME, Manifest, Origin, Report, receive_fetched

if TYPE_CHECKING:
    from aiohttp import ClientResponseError
    from fsspec import AbstractFileSystem

SWITCH = "TOUCHSTONE_FETCH"
ATTEMPTS = "TOUCHSTONE_FETCH_ATTEMPTS"
_BLOCK_BYTES = 1 << 20
_ABSENT_STATUS = 410
_PASSING_STATUS = frozenset({408, 425, 429})
_RANGE_REFUSED = 416
_NOT_MODIFIED = 304
_PARTIAL = 206


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


def remotes(home: Home, source: Source) -> list[Remote]:
    """The addresses of a source: those of TOUCHSTONE_HOME/remotes.yaml where it names the source, else its own.

    None at all where TOUCHSTONE_FETCH is `off`. Raises UsageError for a remotes.yaml that cannot be used.
    """
    if not _is_on():
        return []
    return _of_this_home(home, {source.id: source}).get(source.id, source.delivery.urls)


def _patience() -> Patience:
    attempts = os.environ.get(ATTEMPTS, str(Patience.attempts))
    if not attempts.isdigit() or int(attempts) < 1:
        raise UsageError(f"{ATTEMPTS}={attempts}: give a whole number from 1")
    return Patience(attempts=int(attempts))


def _is_on() -> bool:
    switch = os.environ.get(SWITCH, "on")
    if switch not in ("on", "off"):
        raise UsageError(f"{SWITCH}={switch}: say on or off")
    return switch == "on"


def _of_this_home(home: Home, sources: Mapping[str, Source]) -> dict[str, list[Remote]]:
    if not home.remotes.exists():
        return {}
    try:
        raw = yaml.safe_load(home.remotes.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{home.remotes}: not readable as YAML: {error}".replace("\n", " ")) from error
    if not isinstance(raw, dict):
        raise UsageError(f"{home.remotes}: a mapping from source to addresses; see sources/README.md")
    found: dict[str, list[Remote]] = {}
    for source_id in raw.keys() & sources.keys():
        try:
            found[source_id] = TypeAdapter(list[Remote]).validate_python(raw[source_id])
            refuse_other_names(found[source_id], sources[source_id].delivery.patterns)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in (source_id, *first["loc"]))
            raise UsageError(f"{home.remotes}: {place}: {first['msg']}") from error
        except ValueError as error:
            raise UsageError(f"{home.remotes}: {source_id}: {error}") from error
    return found


def refuse_unknown_sources(home: Home, sources: Mapping[str, Source]) -> None:
    """Raises UsageError when remotes.yaml names a source that is not declared, or cannot be used at all."""
    _of_this_home(home, sources)
    if home.remotes.exists():
        named = yaml.safe_load(home.remotes.read_text(encoding="utf-8")) or {}
        unknown = sorted(str(name) for name in named.keys() - sources.keys())
        if unknown:
            raise UsageError(f"{home.remotes}: no source {unknown[0]}; declared are {', '.join(sources)}")


def nightly(found: Iterable[Remote], as_of: date) -> list[tuple[Remote, date | None]]:
    """What a night looks at: every address, the dated ones for the days back from the as-of date, oldest first."""
    due: list[tuple[Remote, date | None]] = []
    for remote in found:
        if remote.is_dated:
            first = as_of - timedelta(days=remote.days_back)
            due += [(remote, day) for day in _days(remote, first, as_of)]
        else:
            due.append((remote, None))
    return due


def backfill(found: Iterable[Remote], first: date, last: date) -> list[tuple[Remote, date | None]]:
    """What a backfill looks at: the dated addresses for each day from `first` to `last`, oldest first."""
    return [(remote, day) for remote in found if remote.is_dated for day in _days(remote, first, last)]


def _days(remote: Remote, first: date, last: date) -> Iterator[date]:
    day = max(first, remote.since or first)
    while day <= last:
        yield day
        day += timedelta(days=1)


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


class _Passing(Exception):
    """A failure that may pass: worth another attempt."""


class _Lasting(Exception):
    """A failure that another attempt would meet again."""


class _Absent(Exception):
    """There is no such file."""


class _Unchanged(Exception):
    """The server has what is archived already."""


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

    def known(self, url: str) -> _Said | None:
        """What the server said when the delivery of this address was fetched, while it is in the archive."""
        entry = self.entries.get(url, {})
        if "sha256" not in entry or not (self.archive / entry["sha256"] / MANIFEST_NAME).exists():
            return None
        return _Said(entry["etag"], entry["last_modified"], entry["size"])

    def note(self, url: str, **said: object) -> None:
        entry = {**self.entries.get(url, {}), "failed": None, **said}
        if entry != self.entries.get(url):
            self.entries[url] = entry
            self._changed = True

    def save(self) -> None:
        if not self._changed:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.write_text(json.dumps(self.entries, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(partial, self.path)


@dataclass(frozen=True)
class _Said:
    """What a server says of a file; `size` in bytes."""

    etag: str | None = None
    last_modified: str | None = None
    size: int | None = None

    @property
    def validator(self) -> str | None:
        """What a part of the same file can be asked for by (RFC 9110, 13.1.5): a strong ETag, else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass
class _Part:
    """A file of which a part has come, and what the server said of the whole."""

    path: Path
    said: _Said = field(default_factory=_Said)

    @classmethod
    def of(cls, home: Home, source: Source, url: str) -> _Part:
        """The part of an address, as a broken or killed run left it."""
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        part = cls(home.fetched(source.id) / f"{name}.part")
        if part.path.exists() and part._note.exists():
            part.said = _Said(**json.loads(part._note.read_text(encoding="utf-8")))
        else:
            part.discard()
        return part

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def can_go_on(self) -> bool:
        return self.size > 0 and self.said.validator is not None

    def begin(self, said: _Said) -> None:
        """Begin anew, with what the server says of the file now."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps(asdict(said)), encoding="utf-8")
        self.said = said

    def append(self, read: Callable[[int], bytes]) -> None:
        with self.path.open("ab") as file:
            while block := read(_BLOCK_BYTES):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.said = _Said()

    def restart(self, why: str) -> NoReturn:
        """Throw away what has come. Raises _Passing: the next attempt begins anew."""
        self.discard()
        raise _Passing(why)


def _fetch_one(
    home: Home,
    source: Source,
    remote: Remote,
    day: date | None,
    ledger: _Ledger,
    systems: dict[tuple[str, bool], AbstractFileSystem],
    patience: Patience,
) -> Fetched:
    url = remote.told(day)
    part = _Part.of(home, source, url)
    known = ledger.known(url)

    def ended(outcome: Literal["unchanged", "absent", "failed"], reason: str | None = None) -> Fetched:
        ledger.note(url, failed=reason)
        return Fetched(source.id, url, day, outcome, None, reason)

    try:
        _whole(remote, url, part, known, systems, patience)
    except _Unchanged:
        return ended("unchanged")
    except _Absent:
        if remote.is_dated:
            return ended("absent")
        return ended("failed", "there is no such file; mend the address")
    except _Passing as error:
        tried = f"{error}, in {patience.attempts} attempts"
        return ended("failed", f"{tried}; look at the server or the network, then refresh again")
    except _Lasting as error:
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
    part: _Part,
    known: _Said | None,
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
        retry=retry_if_exception_type(_Passing),
        reraise=True,
    )
    if scheme in ("http", "https"):
        attempts(_http_attempt, systems[key], url, headers, part, known)
    else:
        attempts(_stored_attempt, systems[key], url, part, known)


def _with_variables(text: str) -> str:
    """Raises _Lasting naming the environment variable that is not set."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in os.environ:
            raise _Lasting(f"environment variable {place[1]} is not set; set it to what the address or header needs")
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


# --- http(s) ----------------------------------------------------------------------------------------------------------


def _http_attempt(
    system: AbstractFileSystem, url: str, own_headers: Mapping[str, str], part: _Part, known: _Said | None
) -> None:
    import aiohttp

    headers = {"Accept-Encoding": "identity", **own_headers}
    offset = part.size if part.can_go_on else 0
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": part.said.validator or ""}
    elif known is not None:
        headers |= {"If-None-Match": known.etag} if known.etag else {}
        headers |= {"If-Modified-Since": known.last_modified} if known.last_modified else {}
    try:
        # Given a size, fsspec does not ask for the headers first.
        with system.open(url, size=1, block_size=0, headers=headers) as stream:
            takes_ranges = _begin(stream.r, part, offset)
            part.append(stream.read)
        if part.said.size is not None and part.size != part.said.size:
            part.restart(f"{part.size} bytes came of {part.said.size}")
        if takes_ranges:
            _refuse_more_behind_the_end(system, url, {"Accept-Encoding": "identity", **own_headers}, part)
    except FileNotFoundError as error:
        raise _Absent from error
    except aiohttp.ClientResponseError as error:
        _judge_status(error, part)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise _Lasting("is no address; mend it") from error
    except TimeoutError as error:
        raise _Passing("the server fell silent") from error
    except (aiohttp.ClientError, OSError) as error:
        raise _Passing(_named(error)) from error


def _begin(response: Any, part: _Part, offset: int) -> bool:
    """Begin or go on with the part as the response says; whether the server sends parts."""
    if response.status == _NOT_MODIFIED:
        raise _Unchanged
    headers = response.headers
    if headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip", "x-gzip") or (
        "gzip" in headers.get("Content-Encoding", "").lower() and not str(response.url.path).lower().endswith(".gz")
    ):
        raise _Lasting("is sent compressed, which was not asked for; ask its publisher")
    stated = _Said(headers.get("ETag"), headers.get("Last-Modified"))
    if response.status == _PARTIAL:
        first, total = _content_range(headers.get("Content-Range", ""))
        is_same = all(
            mine is None or theirs is None or mine == theirs
            for mine, theirs in (
                (part.said.etag, stated.etag),
                (part.said.last_modified, stated.last_modified),
                (part.said.size, total),
            )
        )
        if not offset or first != offset or not is_same:
            part.restart("the file changed while it was fetched")
        return True
    length = headers.get("Content-Length")
    part.begin(_Said(stated.etag, stated.last_modified, int(length) if length and length.isdigit() else None))
    return str(headers.get("Accept-Ranges")).lower() == "bytes"


def _content_range(text: str) -> tuple[int | None, int | None]:
    """First byte and length of the whole from `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`."""
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", text.strip())
    if found is None:
        return None, None
    return int(found[1]) if found[1] else None, int(found[2]) if found[2] != "*" else None


def _refuse_more_behind_the_end(system: AbstractFileSystem, url: str, headers: dict[str, str], part: _Part) -> None:
    """Ask for what lies behind the end: a server that has it stated too small a length, or has another file by now."""
    import aiohttp

    if part.said.validator is not None:
        headers["If-Range"] = part.said.validator
    try:
        with system.open(url, size=1, block_size=0, headers={**headers, "Range": f"bytes={part.size}-"}) as stream:
            response = stream.r
            if response.status == _PARTIAL:
                part.restart(f"the server stated {part.size} bytes and has more")
            etag = response.headers.get("ETag")
            if part.said.etag and etag and etag != part.said.etag:
                part.restart("the file changed while it was fetched")
    except aiohttp.ClientResponseError as error:
        if error.status != _RANGE_REFUSED:
            raise
        _, total = _content_range(error.headers.get("Content-Range", "") if error.headers else "")
        if total is not None and total != part.size:
            part.restart(f"the server stated {part.size} bytes and has {total}")


def _judge_status(error: ClientResponseError, part: _Part) -> NoReturn:
    status = error.status
    if status == _ABSENT_STATUS:
        raise _Absent from error
    if status == _RANGE_REFUSED:
        part.restart("the server refused to go on with the file")
    if status >= 500 or status in _PASSING_STATUS:
        raise _Passing(f"the server answered {status}") from error
    remedy = "check the credentials in its headers" if status in (401, 403, 407) else "mend the address"
    raise _Lasting(f"the server answered {status}; {remedy}") from error


# --- s3 and file ------------------------------------------------------------------------------------------------------


def _stored_attempt(system: AbstractFileSystem, url: str, part: _Part, known: _Said | None) -> None:
    try:
        said = _stored(system, url)
        if said == known:
            raise _Unchanged
        if part.said != said or not part.can_go_on:
            part.begin(said)
        with system.open(url, "rb") as stream:
            stream.seek(part.size)
            part.append(stream.read)
        if _stored(system, url) != said or part.size != said.size:
            part.restart("the file changed while it was fetched")
    except FileNotFoundError as error:
        raise _Absent from error
    except PermissionError as error:
        raise _Lasting("access is denied; check the credentials and the rights of the account") from error
    except IsADirectoryError as error:
        raise _Lasting("is a folder; name a file in it") from error
    except TimeoutError as error:
        raise _Passing("the server fell silent") from error
    except OSError as error:
        raise _Passing(_named(error)) from error
    except Exception as error:
        # What the S3 client raises is of classes that only it has.
        if not type(error).__module__.startswith(("botocore", "aiobotocore")):
            raise
        if "Credentials" in type(error).__name__:
            raise _Lasting("there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from error
        raise _Passing(_named(error)) from error


def _stored(system: AbstractFileSystem, url: str) -> _Said:
    """What the store says of a file now."""
    info = system.info(url)
    if info["type"] != "file":
        raise IsADirectoryError(url)
    changed = info.get("LastModified") or datetime.fromtimestamp(info["mtime"], UTC)
    return _Said(info.get("ETag"), changed.astimezone(UTC).isoformat(), int(info["size"]))


def _named(error: BaseException) -> str:
    """A fault in a few words, without the address, which may hold what nobody should read."""
    text = " ".join(str(error).split())
    text = re.sub(r"\S+://\S+", "the server", text)
    return f"{type(error).__name__}: {text[:120]}" if text else type(error).__name__
