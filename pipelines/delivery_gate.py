"""The delivery gate: is a file what its source declares, before anything is parsed?

What only a full reading can show (well-formedness to the last byte, the conservation identity) is judged by the parser,
which refuses through the same DeliveryRefused.
"""

from __future__ import annotations

import gzip
import mmap
import re
import shutil
import zipfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from pipelines.declarations import Source
from pipelines.encoding import detect
from pipelines.table_reader import WORKBOOK_SUFFIXES, csv_layout, header_missing, refuse_truncated_csv
from pipelines.xml_reader import DeliveryRefused

_MAX_RATIO = 200
_MAX_MEMBERS = 100_000
_HEAD_BYTES = 1 << 20


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
    """The plain files of a delivery, in name order: itself, or what a zip or gz holds, unpacked into `folder`.

    Raises DeliveryRefused for damaged or hostile archives: path escapes, zip bombs, more than the declared size.
    """
    limit = source.delivery.max_bytes
    if path.suffix == ".gz":
        target = folder / path.stem
        try:
            with gzip.open(path, "rb") as packed, target.open("wb") as plain:
                written = 0
                while block := packed.read(1 << 20):
                    written += len(block)
                    if written > limit:
                        raise DeliveryRefused(f"unpacks to more than the declared {limit} bytes")
                    plain.write(block)
        except (OSError, EOFError) as error:
            raise DeliveryRefused(f"not a whole gzip file: {error}; fetch it again") from error
        return [target]
    if path.suffix == ".zip":
        return _unzip(path, source, folder, limit)
    return [path]


def _unzip(path: Path, source: Source, folder: Path, limit: int) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if not members or len(members) > _MAX_MEMBERS:
                raise DeliveryRefused(f"{len(members)} files in the archive; expected 1 to {_MAX_MEMBERS}")
            total = sum(m.file_size for m in members)
            if total > limit or total > _MAX_RATIO * max(path.stat().st_size, 1):
                raise DeliveryRefused(f"unpacks to {total} bytes; a zip bomb, or raise max_bytes if right")
            unpacked: list[Path] = []
            for number, member in enumerate(sorted(members, key=lambda m: m.filename)):
                inside = PurePosixPath(member.filename.replace("\\", "/"))
                if inside.is_absolute() or ".." in inside.parts:
                    raise DeliveryRefused(f"{member.filename} points outside the archive; not opened")
                if not any(fnmatch(inside.name.lower(), pattern.lower()) for pattern in source.delivery.patterns):
                    continue
                # A member's own name may be anything; only its suffix decides how it is read.
                target = folder / f"{number:06d}{inside.suffix.lower()}"
                with archive.open(member) as packed, target.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
                unpacked.append(target)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DeliveryRefused(f"not a whole zip file: {error}; fetch it again") from error
    if not unpacked:
        raise DeliveryRefused(f"holds no file like {', '.join(source.delivery.patterns)}")
    return unpacked


def inspect(path: Path, source: Source) -> None:
    """Raises DeliveryRefused when a plain file is not what the source declares."""
    if not path.stat().st_size:
        raise DeliveryRefused("empty file; ask the publisher for it again")
    if source.delivery.format == "xml":
        _inspect_xml(path, source)
    elif path.suffix.lower() not in WORKBOOK_SUFFIXES:
        encoding = detect(path, list(source.delivery.encodings))
        if encoding == "utf-8":
            layout = csv_layout(path, source)
            if layout.header is None and source.delivery.on_missing_header == "refuse":
                raise header_missing(source)
            refuse_truncated_csv(path, layout)


def _inspect_xml(path: Path, source: Source) -> None:
    assert source.xml is not None
    root, tag = source.xml.root, source.xml.record_tag.encode()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:_HEAD_BYTES]
        if not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
            raise DeliveryRefused("is not XML; wrong file or wrong folder")
        if b"<!ENTITY" in head:
            raise DeliveryRefused("declares XML entities, which no office's file needs; not opened")
        plain = re.sub(rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", b"", head, flags=re.S)
        first = re.search(rb"<([^\s>/!?]+)", plain)
        found = first[1].decode("utf-8", errors="replace") if first else "nothing"
        if found != root:
            raise DeliveryRefused(f"root is <{found}>, declared is <{root}>; wrong file or wrong folder")
        tail = data[max(0, len(data) - 65536) :].rstrip()
        if not tail.endswith((f"</{root}>".encode(), b"/>", b"-->")):
            end = tail[-40:].decode("utf-8", errors="replace").replace("\n", " ")
            raise DeliveryRefused(f"truncated: ends in '{end}' without </{root}>; fetch it again")
        if source.xml.control_total:
            _refuse_wrong_total(data, head, source.xml.control_total, tag)


def _refuse_wrong_total(data: mmap.mmap, head: bytes, control_total: str, tag: bytes) -> None:
    attribute = control_total.rsplit("@", 1)[1]
    stated = re.search(attribute.encode() + rb"\s*=\s*[\"'](\d+)[\"']", head)
    if stated is None:
        raise DeliveryRefused(f"has no control total {control_total}; the layout changed")
    counted, at = 0, 0
    closing = b"</" + tag + b">"
    while (at := data.find(closing, at)) >= 0:
        counted, at = counted + 1, at + len(closing)
    if counted != int(stated[1]):
        raise DeliveryRefused(f"{attribute} states {int(stated[1])} records, the file has {counted}; fetch it again")
