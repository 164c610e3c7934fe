"""The delivery gate: is a file what its source declares, before anything is parsed?

What only a full reading shows (well-formed to the last byte, no record lost) is checked by the parser, which raises
DeliveryRefused too.
"""

from __future__ import annotations

import gzip
import lzma
import mmap
import re
import shutil
import zipfile
import zlib
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from pipelines.contract.declarations import Source
from pipelines.contract.formats import WORKBOOK_SUFFIXES
from pipelines.contract.refusal import DeliveryRefused

_MAX_RATIO = 200
_ALWAYS_UNPACKED_BYTES = 64 << 20
_MAX_MEMBERS = 100_000
_HEAD_BYTES = 1 << 20
# Zip (and with it xlsx), the older Office formats, gzip, PDF.
_BINARY_OPENINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")
# A text file may have a stray NUL; UTF-16 and binary formats have many.
_MIN_BYTES_PER_NUL = 200


def refuse_unlike_declared(original_name: str, size: int, source: Source) -> None:
    """Raises DeliveryRefused when name or size are not those of a delivery of this source."""
    patterns = source.delivery.patterns
    if not any(fnmatch(original_name.lower(), pattern.lower()) for pattern in patterns):
        raise DeliveryRefused(f"its name matches none of {', '.join(patterns)}; not a delivery of {source.id}")
    if size < source.delivery.min_bytes:
        raise DeliveryRefused("empty file; ask the publisher for it again")
    if size > source.delivery.max_bytes:
        raise DeliveryRefused(f"{size} bytes, over the declared {source.delivery.max_bytes}; raise max_bytes if right")


def unpack(path: Path, source: Source, folder: Path) -> list[Path]:
    """The plain files of a delivery, in name order: itself, or the content of a zip or gz, unpacked into `folder`.

    Raises DeliveryRefused for damaged or hostile archives: path escapes, zip bombs, more than the declared size.
    """
    limit = source.delivery.max_bytes
    if path.suffix.lower() == ".gz":
        target = folder / path.stem
        # A ratio alone would refuse small files of one repeated line.
        limit = min(limit, max(_MAX_RATIO * path.stat().st_size, _ALWAYS_UNPACKED_BYTES))
        try:
            with gzip.open(path, "rb") as packed, target.open("wb") as plain:
                written = 0
                while block := packed.read(1 << 20):
                    written += len(block)
                    if written > limit:
                        raise DeliveryRefused(f"unpacks to over {limit} bytes; a zip bomb, or raise max_bytes if right")
                    plain.write(block)
        except (OSError, EOFError, zlib.error) as error:
            raise DeliveryRefused(f"not a complete gzip file: {error}; fetch it again") from error
        return [target]
    if path.suffix.lower() == ".zip":
        return _unzip(path, source, folder, limit)
    return [path]


def _unzip(path: Path, source: Source, folder: Path, limit: int) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if not members or len(members) > _MAX_MEMBERS:
                raise DeliveryRefused(f"{len(members)} files in the archive; expected 1 to {_MAX_MEMBERS}")
            total = sum(m.file_size for m in members)
            if total > min(limit, max(_MAX_RATIO * path.stat().st_size, _ALWAYS_UNPACKED_BYTES)):
                raise DeliveryRefused(f"unpacks to {total} bytes; a zip bomb, or raise max_bytes if right")
            unpacked: list[Path] = []
            for number, member in enumerate(sorted(members, key=lambda m: m.filename)):
                inside = PurePosixPath(member.filename.replace("\\", "/"))
                if inside.is_absolute() or ".." in inside.parts:
                    raise DeliveryRefused(f"{member.filename} points outside the archive; not opened")
                # Archives made on a Mac have a second file `._name` for each file.
                if inside.name.startswith("."):
                    continue
                if not any(fnmatch(inside.name.lower(), pattern.lower()) for pattern in source.delivery.patterns):
                    continue
                # A member's own name may be anything; only its suffix decides how it is read.
                target = folder / f"{number:06d}{inside.suffix.lower()}"
                with archive.open(member) as packed, target.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
                unpacked.append(target)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as error:
        raise DeliveryRefused(f"not a complete zip file: {error}; fetch it again") from error
    if not unpacked:
        raise DeliveryRefused(f"contains no file like {', '.join(source.delivery.patterns)}")
    return unpacked


def inspect(path: Path, source: Source) -> None:
    """Raises DeliveryRefused when a plain file is not what the source declares.

    The header of a table is checked later, by the parser: its encoding must be known first.
    """
    if not path.stat().st_size:
        raise DeliveryRefused("empty file; ask the publisher for it again")
    if source.delivery.format == "xml":
        _inspect_xml(path, source)
    elif source.delivery.format in ("json", "jsonl") or path.suffix.lower() not in WORKBOOK_SUFFIXES:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        kind = "CSV" if source.delivery.format == "table" else "JSON"
        if head.startswith(_BINARY_OPENINGS) or head.count(b"\0") * _MIN_BYTES_PER_NUL > len(head):
            raise DeliveryRefused(f"contains binary data, not {kind} text; wrong file or wrong folder")
        opening = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if not opening:
            raise DeliveryRefused("empty file; ask the publisher for it again")
        if kind == "JSON" and opening not in (b"{", b"["):
            raise DeliveryRefused("is not JSON; wrong file or wrong folder")


def _inspect_xml(path: Path, source: Source) -> None:
    assert source.xml is not None
    root = source.xml.root
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:_HEAD_BYTES]
        if not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
            raise DeliveryRefused("is not XML; wrong file or wrong folder")
        if b"<!ENTITY" in head:
            raise DeliveryRefused("declares XML entities, which no office's file needs; not opened")
        plain = re.sub(rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", b"", head, flags=re.S)
        first = re.search(rb"<([^\s>/!?]+)", plain)
        actual = first[1].decode("utf-8", errors="replace") if first else "nothing"
        if actual != root:
            raise DeliveryRefused(f"root is <{actual}>, declared is <{root}>; wrong file or wrong folder")
        tail = data[max(0, len(data) - 65536) :].rstrip()
        if not tail.endswith((f"</{root}>".encode(), b"/>", b"-->")):
            end = tail[-40:].decode("utf-8", errors="replace").replace("\n", " ")
            raise DeliveryRefused(f"truncated: ends in '{end}' without </{root}>; fetch it again")
