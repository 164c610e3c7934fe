"""Text encodings: found from the bytes, and turned into UTF-8 once for readers that take nothing else."""

from __future__ import annotations

import codecs
from pathlib import Path

_BLOCK = 4 << 20
# Level-1 ideographs of each standard are the ones that running text is made of: bytes read in the wrong encoding give
# rare ones.
_COMMON_FIRST_BYTES = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}
# Bytes per damaged place that a file may have and still be taken for UTF-8.
_MIN_BYTES_PER_FAULT = 200


def is_utf8(path: Path) -> bool:
    """Whether the whole file is valid UTF-8 (with or without a byte-order mark)."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def detect(path: Path, candidates: list[str]) -> str:
    """The encoding of a text file among the declared candidates: utf-8, gb18030 or big5."""
    with path.open("rb") as file:
        sample = file.read(_BLOCK)
    if sample.startswith(codecs.BOM_UTF8) or len(candidates) == 1 or is_utf8(path):
        return "utf-8" if "utf-8" in candidates or sample.startswith(codecs.BOM_UTF8) else candidates[0]
    scores = {name: _score(sample, name) for name in candidates}
    return max(scores, key=lambda name: scores[name])


def _score(sample: bytes, name: str) -> float:
    """How much of the non-ASCII text reads as running text: 1 is all of it."""
    decoded = sample.decode(name, errors="replace")
    foreign = [char for char in decoded if char > "\x7f"]
    if not foreign:
        return 1.0
    faults = decoded.count("\ufffd")
    if name == "utf-8":
        return 1.0 if faults * _MIN_BYTES_PER_FAULT < len(sample) and len(foreign) > 2 * faults else 0.0
    low, high = _COMMON_FIRST_BYTES[name]
    common = sum(low <= char.encode(name)[0] <= high for char in foreign if "\u4e00" <= char <= "\u9fff")
    return (common - faults) / len(foreign)


def to_utf8(path: Path, encoding: str, target: Path) -> bool:
    """Write the file as UTF-8; returns whether bytes that are no text were met (each became U+FFFD)."""
    damaged = False
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(errors="replace")
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as sink:
        while True:
            block = source.read(_BLOCK)
            text = decoder.decode(block, final=not block)
            damaged = damaged or "\ufffd" in text
            sink.write(text)
            if not block:
                return damaged
