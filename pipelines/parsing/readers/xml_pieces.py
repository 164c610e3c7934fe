"""Streaming reader of XML deliveries: pieces of complete records go to xml2arrow, several at a time, in bounded memory.

The text around the records (the skeleton: what comes before the first, between two and after the last) is kept and
parsed by lxml as a document of its own, so that root, header values and well-formedness are known of the file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase

from lxml import etree

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused

# What is done once for each piece takes a tenth of its time; larger ones take more memory.
PIECE_BYTES = 16 << 20
_SKELETON_LIMIT = 64 << 20
OPENED, CLOSED = b"<records>", b"</records>"
HEAD_BYTES = 1 << 20

_SPECIAL = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.S)
_SPECIAL_OPENINGS = (b"<!--", b"<?", b"<![CDATA[")
XML_DECLARATION = re.compile(rb"^\s*<\?xml\s.*?\?>", re.S)


@dataclass
class Skeleton:
    """What surrounds the records, gathered while pieces are cut."""

    parts: list[bytes] = field(default_factory=list)
    n_records: int = 0

    def document(self, source: Source) -> etree._Element:
        """The surrounding text as a parsed document without records.

        Raises DeliveryRefused when it is not well-formed, has another root, or declares entities.
        """
        assert source.xml is not None
        # The declaration names the encoding received; what is here is UTF-8.
        text = XML_DECLARATION.sub(b"", b"".join(self.parts).removeprefix(codecs.BOM_UTF8), count=1)
        if not text.strip():
            raise DeliveryRefused("empty file; ask the publisher for it again")
        if b"<!ENTITY" in text:
            raise DeliveryRefused("declares XML entities, which no office's file needs; not opened")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        try:
            root = etree.fromstring(text, parser)
        except etree.XMLSyntaxError as error:
            raise DeliveryRefused(f"not well-formed or truncated: {error.msg}; fetch it again") from error
        if root.tag != source.xml.root:
            raise DeliveryRefused(f"root is <{root.tag}>, declared is <{source.xml.root}>; wrong file or wrong folder")
        if self.n_records and not root.xpath(source.xml.record.rsplit("/", 1)[0]):
            raise DeliveryRefused(f"records are not at {source.xml.record}; the layout changed")
        if root.xpath(source.xml.record):
            raise DeliveryRefused(f"an empty <{source.xml.record_tag}/> among the records was not counted")
        return root

    def refuse_wrong_total(self, source: Source, root: etree._Element) -> None:
        """Raises DeliveryRefused when the control total that the file states is not the number of its records."""
        assert source.xml is not None
        if source.xml.control_total is None:
            return
        stated = str(root.xpath(f"string({source.xml.control_total})")).strip()
        if not stated.isdecimal():
            raise DeliveryRefused(f"has no control total {source.xml.control_total}; the layout changed")
        if int(stated) != self.n_records:
            name = source.xml.control_total.rsplit("@", 1)[-1]
            raise DeliveryRefused(f"{name} states {int(stated)} records, the file has {self.n_records}; fetch it again")


@dataclass(frozen=True)
class XmlPiece:
    """Whole records of a file: `data` is a document <records>…</records>, the first record has number `first`."""

    data: bytes | bytearray
    first: int
    count: int


def pieces(stream: BufferedIOBase, source: Source, skeleton: Skeleton, careful: bool = False) -> Iterator[XmlPiece]:
    """Cut a UTF-8 stream into pieces of complete records, filling `skeleton` with everything else.

    Records are cut where their closing tag stands, which a comment or CDATA section may hold too. With `careful` those
    are resolved first and every way to write a record's tags is known, at a tenth of the speed.
    Raises DeliveryRefused when records are not cut that way.
    """
    assert source.xml is not None
    tag = source.xml.record_tag.encode()
    opening = re.compile(rb"<" + tag + rb"(?=[\s>])")
    closing = b"</" + tag + b">"
    parent_closing = b"</" + source.xml.record.split("/")[-2].encode() + b">"
    plain_tags = _PlainTags(tag)

    kept, started = b"", False
    while len(text := _filled(stream, kept)) > len(OPENED) + len(kept):
        rest, held = text, b""
        if careful:
            plain, held = plain_tags.apply(bytes(text[len(OPENED) :]))
            rest = bytearray(OPENED + plain)
        start = len(OPENED)
        if not started:
            first = opening.search(rest)
            if first is None:
                kept = bytes(rest[start:]) + held
                if len(rest) > _SKELETON_LIMIT:
                    break
                continue
            skeleton.parts.append(bytes(rest[start : first.start()]))
            start, started = first.start(), True
        end = rest.rfind(closing, start)
        if end < 0:
            if len(rest) > _SKELETON_LIMIT:
                raise DeliveryRefused(
                    f"a record over {_SKELETON_LIMIT >> 20} MB; not a file of <{source.xml.record_tag}>"
                )
            kept = bytes(rest[start:]) + held
            continue
        end += len(closing)
        kept = bytes(rest[end:]) + held
        rest[len(OPENED) : start] = b" " * (start - len(OPENED))
        _blank_between_groups(rest, start, end, opening, closing, parent_closing, skeleton)
        count = rest.count(closing, start, end)
        del rest[end:]
        rest += CLOSED
        first_no = skeleton.n_records + 1
        skeleton.n_records += count
        yield XmlPiece(rest, first_no, count)
    skeleton.parts.append(kept)


def _filled(stream: BufferedIOBase, kept: bytes) -> bytearray:
    """The opening of a piece's document, what is kept of the stream, and up to PIECE_BYTES more of it, copied once."""
    text = bytearray(len(OPENED) + len(kept) + PIECE_BYTES)
    text[: len(OPENED) + len(kept)] = OPENED + kept
    with memoryview(text) as view:
        n_read = stream.readinto(view[len(OPENED) + len(kept) :])
    del text[len(OPENED) + len(kept) + n_read :]
    return text


def _blank_between_groups(
    text: bytearray,
    start: int,
    end: int,
    opening: re.Pattern[bytes],
    closing: bytes,
    parent_closing: bytes,
    skeleton: Skeleton,
) -> None:
    """Leave only records in `text` between `start` and `end`: the text between two groups of records (or before the
    first) goes to the skeleton, and spaces take its place."""
    at = text.find(parent_closing, start, end) if opening.match(text, start) else start
    is_before_first = at == start
    while at >= 0:
        last = text.rfind(closing, start, at)
        stop = last + len(closing) if last >= 0 else start
        following = opening.search(text, at, end)
        if following is None or (last < 0 and not is_before_first):
            raise DeliveryRefused(f"{closing.decode()} closes without opening; truncated or damaged")
        skeleton.parts.append(bytes(text[stop : following.start()]))
        text[stop : following.start()] = b" " * (following.start() - stop)
        start, is_before_first = following.start(), False
        at = text.find(parent_closing, start, end)


class _PlainTags:
    """Rewrites a stretch of XML so that a record's tags stand only where a record opens and closes."""

    def __init__(self, tag: bytes) -> None:
        attributes = rb"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*"
        self._empty = re.compile(rb"<" + tag + rb"(?:\s" + attributes + rb")?/>")
        self._closing = re.compile(rb"</" + tag + rb"\s+>")
        self._tag = tag

    def apply(self, text: bytes) -> tuple[bytes, bytes]:
        """The stretch rewritten, and its end that cannot be judged before more is read."""
        text = resolved(text)
        open_at = [at for at in (text.find(opening) for opening in _SPECIAL_OPENINGS) if at >= 0]
        done, held = (text[: min(open_at)], text[min(open_at) :]) if open_at else (text, b"")
        done = self._empty.sub(b"<" + self._tag + b"></" + self._tag + b">", done)
        return self._closing.sub(b"</" + self._tag + b">", done), held


def resolved(text: bytes | bytearray) -> bytes:
    """XML without comments and instructions, and with CDATA sections as plain text."""

    def plain(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return b""
        return match[1].replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")

    return _SPECIAL.sub(plain, text)


def piece_records(piece: XmlPiece, source: Source, numbers: Iterable[int]) -> dict[int, bytes]:
    """The text of some records of a piece, by their number."""
    assert source.xml is not None
    records = record_elements(piece.data, source.xml.record_tag)
    return {number: records[number - piece.first].strip() for number in numbers}


def record_elements(data: bytes | bytearray, tag: str) -> list[bytes]:
    """Each record with the white space before it."""
    closing = f"</{tag}>".encode()
    inner = bytes(data[len(OPENED) : -len(CLOSED)])
    return [part + closing for part in inner.split(closing)[:-1]]
