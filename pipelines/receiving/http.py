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
    """Fetch what is missing of a file. Raises FileAbsent, FileUnchanged, LastingFailure or PassingFailure."""
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
        raise FileAbsent from error
    except aiohttp.ClientResponseError as error:
        _judge_status(error, part)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise LastingFailure("is no address; mend it") from error
    except TimeoutError as error:
        raise PassingFailure("the server fell silent") from error
    except (aiohttp.ClientError, OSError) as error:
        raise PassingFailure(error_text(error)) from error


def _begin(response: Any, part: PartialFile, offset: int) -> bool:
    """Begin or go on with the part as the response says; whether the server sends parts."""
    if response.status == _NOT_MODIFIED:
        raise FileUnchanged
    headers = response.headers
    if headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip", "x-gzip") or (
        "gzip" in headers.get("Content-Encoding", "").lower() and not str(response.url.path).lower().endswith(".gz")
    ):
        raise LastingFailure("is sent compressed, which was not asked for; ask its publisher")
    stated = ServerAnswer(headers.get("ETag"), headers.get("Last-Modified"))
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
    part.begin(ServerAnswer(stated.etag, stated.last_modified, int(length) if length and length.isdigit() else None))
    return str(headers.get("Accept-Ranges")).lower() == "bytes"


def _content_range(text: str) -> tuple[int | None, int | None]:
    """First byte and length of the whole from `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`."""
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", text.strip())
    if found is None:
        return None, None
    return int(found[1]) if found[1] else None, int(found[2]) if found[2] != "*" else None


def _refuse_more_behind_the_end(
    system: AbstractFileSystem, url: str, headers: dict[str, str], part: PartialFile
) -> None:
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


def _judge_status(error: ClientResponseError, part: PartialFile) -> NoReturn:
    status = error.status
    if status == _ABSENT_STATUS:
        raise FileAbsent from error
    if status == _RANGE_REFUSED:
        part.restart("the server refused to go on with the file")
    if status >= 500 or status in _PASSING_STATUS:
        raise PassingFailure(f"the server answered {status}") from error
    remedy = "check the credentials in its headers" if status in (401, 403, 407) else "mend the address"
    raise LastingFailure(f"the server answered {status}; {remedy}") from error
