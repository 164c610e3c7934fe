"""A file that is being fetched, and the ways in which an attempt can end."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

from pipelines.contract.declarations import Source
from pipelines.state.home import Home

_BLOCK_BYTES = 1 << 20


class PassingFailure(Exception):
    """A failure that may pass: worth another attempt."""


class LastingFailure(Exception):
    """A failure that another attempt would meet again."""


class FileAbsent(Exception):
    """There is no such file."""


class FileUnchanged(Exception):
    """The server has what is archived already."""


@dataclass(frozen=True)
class ServerAnswer:
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
class PartialFile:
    """A file of which a part has come, and what the server said of the whole."""

    path: Path
    said: ServerAnswer = field(default_factory=ServerAnswer)

    @classmethod
    def of(cls, home: Home, source: Source, url: str) -> PartialFile:
        """The part of an address, as a broken or killed run left it."""
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        part = cls(home.fetched(source.id) / f"{name}.part")
        if part.path.exists() and part._note.exists():
            part.said = ServerAnswer(**json.loads(part._note.read_text(encoding="utf-8")))
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

    def begin(self, said: ServerAnswer) -> None:
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
        self.said = ServerAnswer()

    def restart(self, why: str) -> NoReturn:
        """Throw away what has come. Raises _Passing: the next attempt begins anew."""
        self.discard()
        raise PassingFailure(why)


def error_text(error: BaseException) -> str:
    """A fault in a few words, without the address, which may hold what nobody should read."""
    text = " ".join(str(error).split())
    text = re.sub(r"\S+://\S+", "the server", text)
    return f"{type(error).__name__}: {text[:120]}" if text else type(error).__name__
