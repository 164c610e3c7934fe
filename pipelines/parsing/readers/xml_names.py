"""Which elements a stretch of XML opens that nobody declared."""

from __future__ import annotations

import re
from collections.abc import Collection

import re2

_OPENING = re.compile(rb"<(?!/)([!?]|[^\s>/]*)")
_ENDS = b" \t\n\r\f\v/>"


class KnownNames:
    """Tells the opening tags whose names nobody declared. One instance serves several threads."""

    def __init__(self, known: Collection[str]) -> None:
        self.names = {name.encode() for name in known}
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        self._other = re2.compile(_other_than(self.names), options)

    def others(self, data: bytes | bytearray) -> dict[str, int]:
        """How often each other name opens an element; `!` and `?` are comments, CDATA and instructions."""
        if not self._other.search(data):
            return {}
        counts: dict[str, int] = {}
        for match in _OPENING.finditer(data):
            if match[1] not in self.names:
                name = match[1].decode("utf-8", errors="replace")
                counts[name] = counts.get(name, 0) + 1
        return counts


def _other_than(names: set[bytes]) -> bytes:
    """A regular expression of an opening tag up to where its name can be none of these.

    RE2, which reads each byte once, knows no look-ahead: so what may follow which beginning is written out.
    """
    following: dict[bytes, set[int]] = {b"": {ord("/")}}
    for name in names:
        for length, byte in enumerate(name):
            following.setdefault(name[:length], set()).add(byte)
        following.setdefault(name, set()).update(_ENDS)
    ways = [_escaped(start) + b"[^%b]" % _escaped(sorted(known)) for start, known in sorted(following.items())]
    return b"<(?:%b)" % b"|".join(ways)


def _escaped(text: Collection[int]) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in text)
