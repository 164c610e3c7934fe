"""One attempt to fetch a file over HTTP, resumed where the last one ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

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
    from aiohttp import ClientResponseError
    from fsspec import AbstractFileSystem

_ABSENT_STATUS = 410
_PASSING_STATUS = frozenset({408, 425, 429})
_RANGE_REFUSED = 416
_NOT_MODIFIED = 304
_PARTIAL = 206


def http_attempt(
    system: AbstractFileSystem, url: str, own_headers: Mapping[str, str], part: PartialFile, known: ServerAnswer | None
) -> None:
    """Fetch the missing part of a file. Raises FileAbsent, FileUnchanged, LastingFailure or PassingFailure."""
    import aiohttp

    headers = {"Accept-Encoding": "identity", **own_headers}
    offset = part.size if part.can_resume else 0
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": part.answer.validator or ""}
    elif known is not None:
        headers |= {"If-None-Match": known.etag} if known.etag else {}
        headers |= {"If-Modified-Since": known.last_modified} if known.last_modified else {}
    try:
        # With a size given, fsspec does not request the headers first.
        with system.open(url, size=1, block_size=0, headers=headers) as stream:
            takes_ranges = _begin(stream.r, part, offset)
            part.append(stream.read)
        if part.answer.size is not None and part.size != part.answer.size:
            part.restart(f"{part.size} of {part.answer.size} bytes came")
        if takes_ranges:
            _refuse_longer_file(system, url, {"Accept-Encoding": "identity", **own_headers}, part)
    except FileNotFoundError as error:
        raise FileAbsent from error
    except aiohttp.ClientResponseError as error:
        _judge_status(error, part)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise LastingFailure("is not a valid address; correct it") from error
    except TimeoutError as error:
        raise PassingFailure("the server stopped answering") from error
    except (aiohttp.ClientError, OSError) as error:
        raise PassingFailure(error_text(error)) from error


def _begin(response: Any, part: PartialFile, offset: int) -> bool:
    """Start or resume the part, as the response requires; whether the server can send parts of a file."""
    if response.status == _NOT_MODIFIED:
        raise FileUnchanged
    headers = response.headers
    if headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip", "x-gzip") or (
        "gzip" in headers.get("Content-Encoding", "").lower() and not str(response.url.path).lower().endswith(".gz")
    ):
        raise LastingFailure("is sent compressed, which was not requested; ask its publisher")
    stated = ServerAnswer(headers.get("ETag"), headers.get("Last-Modified"))
    if response.status == _PARTIAL:
        first, total = _content_range(headers.get("Content-Range", ""))
        is_same = all(
            earlier is None or now is None or earlier == now
            for earlier, now in (
                (part.answer.etag, stated.etag),
                (part.answer.last_modified, stated.last_modified),
                (part.answer.size, total),
            )
        )
        if not offset or first != offset or not is_same:
            part.restart("the file changed while it was fetched")
        return True
    length = headers.get("Content-Length")
    part.begin(ServerAnswer(stated.etag, stated.last_modified, int(length) if length and length.isdigit() else None))
    return str(headers.get("Accept-Ranges")).lower() == "bytes"


def _content_range(text: str) -> tuple[int | None, int | None]:
    """The first byte and the length of the file from `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", text.strip())
    if match is None:
        return None, None
    return int(match[1]) if match[1] else None, int(match[2]) if match[2] != "*" else None


def _refuse_longer_file(system: AbstractFileSystem, url: str, headers: dict[str, str], part: PartialFile) -> None:
    """Request what follows the end: a server that has more stated too small a length, or has another file by now."""
    import aiohttp

    if part.answer.validator is not None:
        headers["If-Range"] = part.answer.validator
    try:
        with system.open(url, size=1, block_size=0, headers={**headers, "Range": f"bytes={part.size}-"}) as stream:
            response = stream.r
            if response.status == _PARTIAL:
                part.restart(f"the server stated {part.size} bytes and has more")
            etag = response.headers.get("ETag")
            if part.answer.etag and etag and etag != part.answer.etag:
                part.restart("the file changed while it was fetched")
    except aiohttp.ClientResponseError as error:
        if error.status != _RANGE_REFUSED:
            raise
        _, total = _content_range(error.headers.get("Content-Range", "") if error.headers else "")
        if total is not None and total != part.size:
            part.restart(f"the server stated {part.size} bytes and has {total}")


def _judge_status(error: ClientResponseError, part: PartialFile) -> NoReturn:
    status = error.status
    if status == _ABSENT_STATUS:
        raise FileAbsent from error
    if status == _RANGE_REFUSED:
        part.restart("the server refused to resume the file")
    if status >= 500 or status in _PASSING_STATUS:
        raise PassingFailure(f"the server answered {status}") from error
    remedy = "check the credentials in its headers" if status in (401, 403, 407) else "correct the address"
    raise LastingFailure(f"the server answered {status}; {remedy}") from error
