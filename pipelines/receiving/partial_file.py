"""A file that is being fetched, and the ways in which an attempt can fail."""

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
    """A failure that another attempt would have again."""


class FileAbsent(Exception):
    """There is no such file."""


class FileUnchanged(Exception):
    """The server has the file that is archived already."""


@dataclass(frozen=True)
class ServerAnswer:
    """What a server states about a file; `size` in bytes."""

    etag: str | None = None
    last_modified: str | None = None
    size: int | None = None

    @property
    def validator(self) -> str | None:
        """By what the rest of the same file can be requested (RFC 9110, 13.1.5): a strong ETag, else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass
class PartialFile:
    """A file that is fetched in part, and what the server stated about it."""

    path: Path
    answer: ServerAnswer = field(default_factory=ServerAnswer)

    @classmethod
    def of(cls, home: Home, source: Source, url: str) -> PartialFile:
        """The part of the file of an address that a broken or killed run left; empty without one."""
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        part = cls(home.fetched(source.id) / f"{name}.part")
        if part.path.exists() and part._answer_file.exists():
            part.answer = ServerAnswer(**json.loads(part._answer_file.read_text(encoding="utf-8")))
        else:
            part.discard()
        return part

    @property
    def _answer_file(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def can_resume(self) -> bool:
        return self.size > 0 and self.answer.validator is not None

    def begin(self, answer: ServerAnswer) -> None:
        """Start from the first byte of the file that the server has now."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._answer_file.write_text(json.dumps(asdict(answer)), encoding="utf-8")
        self.answer = answer

    def append(self, read: Callable[[int], bytes]) -> None:
        with self.path.open("ab") as file:
            while block := read(_BLOCK_BYTES):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._answer_file.unlink(missing_ok=True)
        self.answer = ServerAnswer()

    def restart(self, reason: str) -> NoReturn:
        """Discard the part. Raises PassingFailure: the next attempt starts from the first byte."""
        self.discard()
        raise PassingFailure(reason)


def error_text(error: BaseException) -> str:
    """An error in a few words, without the address, which may contain a secret."""
    text = " ".join(str(error).split())
    text = re.sub(r"\S+://\S+", "the server", text)
    return f"{type(error).__name__}: {text[:120]}" if text else type(error).__name__
