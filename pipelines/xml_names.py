"""Which elements a stretch of XML opens that nobody declared.

The names of all its opening tags are hashed together, eight bytes at a time, and looked up among the known ones: a
regular expression over the same bytes takes twice as long.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

_OPENING = re.compile(rb"<(?!/)([!?]|[^\s>/]*)")
_ONES, _HIGH_BITS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_ZERO, _ONE, _SEVEN = np.uint64(0), np.uint64(1), np.uint64(7)
_FIRST_OF_NAME = _ONES * np.uint64(0x21)
_ENDS = [_ONES * np.uint64(end) for end in b"/>"]
_TABLE_BITS = 16
_STRETCH = 1 << 19
# One for each eight bytes of a name: odd, with well spread bits.
_FACTORS = [np.uint64((0x9E3779B97F4A7C15 * (2 * word + 1)) % 2**64 | 1) for word in range(8)]


class KnownNames:
    """Tells the opening tags whose names nobody declared."""

    def __init__(self, known: Collection[str]) -> None:
        self.names = {name.encode() for name in known}
        hashes = np.concatenate([*_hashes(b"".join(b"<%b>" % name for name in sorted(self.names)) + b" " * 8)])
        # Two names at one place would only make `others` slow.
        self._shift = np.uint64(
            max(range(64 - _TABLE_BITS), key=lambda bits: len(set(_places(hashes, np.uint64(bits)))))
        )
        # No name has this hash. Names too long to hash have none of their own, as tags without a name.
        self._table = np.full(1 << _TABLE_BITS, ~_ZERO)
        hashes = hashes[hashes != _ZERO]
        self._table[_places(hashes, self._shift)] = hashes

    def others(self, data: bytes | bytearray) -> dict[str, int]:
        """How often each other name opens an element; `!` and `?` stand for comments, CDATA and instructions."""
        if all(self._are_known(hashes) for hashes in _hashes(data)):
            return {}
        counts: dict[str, int] = {}
        for match in _OPENING.finditer(data):
            if match[1] not in self.names:
                name = match[1].decode("utf-8", errors="replace")
                counts[name] = counts.get(name, 0) + 1
        return counts

    def _are_known(self, hashes: Words) -> bool:
        return bool((self._table[_places(hashes, self._shift)] == hashes).all())


def _places(hashes: Words, shift: np.uint64) -> npt.NDArray[np.intp]:
    return ((hashes >> shift) & np.uint64((1 << _TABLE_BITS) - 1)).view(np.intp)


def _hashes(data: bytes | bytearray) -> Iterator[Words]:
    """A hash of the name after each `<` that is not of a closing tag, in their order; by stretches whose numbers stay
    in the processor's cache. Zero for a name of 64 bytes and more, and for one that ends with the data."""
    text = np.frombuffer(data, np.uint8)
    # Eight bytes from each position.
    words = np.ndarray((max(len(text) - 7, 0),), "<u8", buffer=data, strides=(1,))
    for start in range(0, len(text) - 1, _STRETCH):
        at = np.flatnonzero(text[start : min(start + _STRETCH, len(text) - 1)] == ord("<")) + (start + 1)
        at = at[text[at] != ord("/")]
        hashes = np.zeros(len(at), np.uint64)
        going = np.arange(len(at))
        for factor in _FACTORS:
            if len(going) and at[-1] >= len(words):
                within = at < len(words)
                hashes[going[~within]] = _ZERO
                going, at = going[within], at[within]
            word = words[at]
            ended = _ended(word)
            # All bits below the byte that ends the name; all there are where none does.
            hashes[going] += (word & (((ended & (_ZERO - ended)) >> _SEVEN) - _ONE)) * factor
            more = np.flatnonzero(ended == 0)
            if not len(more):
                break
            going, at = going[more], at[more] + 8
        else:
            hashes[going] = _ZERO
        yield hashes


def _ended(word: Words) -> Words:
    """The highest bit of each byte that ends a name (white space, `/`, `>`); right up to the first of them.

    After "Determine if a word has a byte less than n" of Sean Eron Anderson's Bit Twiddling Hacks.
    """
    found = (word - _FIRST_OF_NAME) & ~word
    for end in _ENDS:
        other = word ^ end
        found |= (other - _ONES) & ~other
    return found & _HIGH_BITS
