"""Text encodings: found from the bytes, and turned into UTF-8 once for readers that take nothing else."""

from __future__ import annotations

import codecs
import re
from functools import partial
from pathlib import Path

from pipelines.contract.refusal import DeliveryRefused

_XML_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)[\"']")
_BLOCK = 4 << 20
_SCORED = 128 << 10
# Level-1 ideographs of each standard are the ones that running text is made of: bytes read in the wrong encoding give
# rare ones.
_COMMON_FIRST_BYTES = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}
# Bytes per damaged place that a file must have at least to be read as UTF-8.
_MIN_BYTES_PER_ERROR = 200


def is_utf8(path: Path) -> bool:
    """Whether the complete file is valid UTF-8 (with or without a byte-order mark)."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def begins_as_utf8(path: Path) -> bool:
    """Whether the first megabytes are valid UTF-8; the reader judges the rest."""
    with path.open("rb") as file:
        sample = file.read(_BLOCK)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def has_byte(path: Path, byte: bytes) -> bool:
    """Whether a byte (such as NUL) occurs anywhere in a file."""
    with path.open("rb") as file:
        return any(byte in block for block in iter(partial(file.read, _BLOCK), b""))


def declared_encoding(path: Path) -> str:
    """The codec of the encoding that an XML declaration names, utf-8 where it names none.

    The GB encodings are read as GB18030, which contains them. Raises DeliveryRefused for an encoding nobody knows.
    """
    with path.open("rb") as file:
        declaration = _XML_ENCODING.search(file.read(512))
    name = declaration[1].decode("ascii") if declaration else "utf-8"
    try:
        codec = codecs.lookup(name).name
    except LookupError as error:
        raise DeliveryRefused(f"declares the unknown encoding {name}; ask the publisher for UTF-8") from error
    return {"ascii": "utf-8", "gb2312": "gb18030", "gbk": "gb18030"}.get(codec, codec)


def detect(path: Path, candidates: list[str]) -> str:
    """The encoding of a text file among the declared candidates: utf-8, gb18030 or big5."""
    with path.open("rb") as file:
        sample = file.read(_BLOCK)
    if sample.startswith(codecs.BOM_UTF8) or len(candidates) == 1 or is_utf8(path):
        return "utf-8" if "utf-8" in candidates or sample.startswith(codecs.BOM_UTF8) else candidates[0]
    if "utf-8" in candidates and _is_damaged_utf8(sample):
        return "utf-8"
    scores = {name: _score(sample[:_SCORED], name) for name in candidates if name != "utf-8"}
    return max(scores, key=lambda name: scores[name])


def _decoded(sample: bytes, name: str) -> str:
    # The sample may stop inside a character, which is not an error of the text.
    return codecs.getincrementaldecoder(name)(errors="replace").decode(sample)


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether nearly all that is not ASCII is UTF-8."""
    decoded = _decoded(sample, "utf-8")
    n_damaged = decoded.count("\ufffd")
    n_foreign = len(decoded) - len(decoded.encode("ascii", errors="ignore"))
    return not n_foreign or (n_damaged * _MIN_BYTES_PER_ERROR < len(sample) and n_foreign > 2 * n_damaged)


def _score(sample: bytes, name: str) -> float:
    """How much of the non-ASCII text reads as running text in gb18030 or big5: 1 is all of it."""
    decoded = _decoded(sample, name)
    foreign = [char for char in decoded if char > "\x7f"]
    if not foreign:
        return 1.0
    low, high = _COMMON_FIRST_BYTES[name]
    common = sum(low <= char.encode(name)[0] <= high for char in foreign if "\u4e00" <= char <= "\u9fff")
    return (common - decoded.count("\ufffd")) / len(foreign)


def to_utf8(path: Path, encoding: str, target: Path) -> bool:
    """Write the file as UTF-8 without a byte-order mark; returns whether it has bytes that are not text (each became
    U+FFFD, as did NUL)."""
    damaged = False
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(errors="replace")
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as sink:
        while True:
            block = source.read(_BLOCK)
            text = decoder.decode(block, final=not block).replace("\0", "\ufffd")
            damaged = damaged or "\ufffd" in text
            sink.write(text)
            if not block:
                return damaged
