"""One attempt to fetch a file from an object store or a local path."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.receiving.partial_file import (
    FileAbsent,
    FileUnchanged,
    LastingFailure,
    PartialFile,
    PassingFailure,
    ServerAnswer,
    error_text,
)

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def store_attempt(system: AbstractFileSystem, url: str, part: PartialFile, known: ServerAnswer | None) -> None:
    """Fetch the missing part of a file. Raises FileAbsent, FileUnchanged, LastingFailure or PassingFailure."""
    try:
        answer = _answer(system, url)
        if answer == known:
            raise FileUnchanged
        if part.answer != answer or not part.can_resume:
            part.begin(answer)
        with system.open(url, "rb") as stream:
            stream.seek(part.size)
            part.append(stream.read)
        if _answer(system, url) != answer or part.size != answer.size:
            part.restart("the file changed while it was fetched")
    except FileNotFoundError as error:
        raise FileAbsent from error
    except PermissionError as error:
        raise LastingFailure("access is denied; check the credentials and the rights of the account") from error
    except IsADirectoryError as error:
        raise LastingFailure("is a folder; give the address of a file in it") from error
    except TimeoutError as error:
        raise PassingFailure("the server stopped answering") from error
    except OSError as error:
        raise PassingFailure(error_text(error)) from error
    except Exception as error:
        # The S3 client has its own classes of errors, which are imported only with it.
        if not type(error).__module__.startswith(("botocore", "aiobotocore")):
            raise
        if "Credentials" in type(error).__name__:
            raise LastingFailure("there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from error
        raise PassingFailure(error_text(error)) from error


def _answer(system: AbstractFileSystem, url: str) -> ServerAnswer:
    """What the store states about a file now."""
    info = system.info(url)
    if info["type"] != "file":
        raise IsADirectoryError(url)
    changed = info.get("LastModified") or datetime.fromtimestamp(info["mtime"], UTC)
    return ServerAnswer(info.get("ETag"), changed.astimezone(UTC).isoformat(), int(info["size"]))
