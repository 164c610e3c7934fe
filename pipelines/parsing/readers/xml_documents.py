"""Reader of archives that hold one XML document per record: each file is a record, numbered in order of name.

The documents are put together to the same pieces that `xml_reader` cuts a file of many records into.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from pipelines.contract.declarations import Source
from pipelines.contract.names import UNDECODABLE
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.encoding import declared_encoding
from pipelines.parsing.readers.xml_pieces import PIECE_BYTES, XmlPiece

_PROLOGUE = re.compile(r"\A\s*(?:<\?xml\s.*?\?>\s*)?", re.S)
# Characters that no XML may hold: one of them spoils its record, not the archive.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def document_pieces(paths: Sequence[Path], source: Source) -> Iterator[XmlPiece]:
    """The documents in order, some at a time, as pieces of complete records.

    Raises DeliveryRefused, naming the record, for a document that is not well-formed or has another root.
    """
    parts: list[bytes] = []
    first = size = 0
    for number, path in enumerate(paths, 1):
        try:
            parts.append(_document(path, source))
        except DeliveryRefused as refusal:
            raise DeliveryRefused(f"record {number}: {refusal}") from refusal
        size += len(parts[-1])
        if size >= PIECE_BYTES or number == len(paths):
            yield XmlPiece(b"".join((b"<records>", *parts, b"</records>")), first + 1, len(parts))
            first, size, parts = number, 0, []


def _document(path: Path, source: Source) -> bytes:
    """A document as UTF-8 from its root's opening tag to its closing one.

    Comments, CDATA sections and processing instructions may hold anything that looks like a tag: a document with any
    is written anew without them.
    """
    assert source.xml is not None
    encoding = declared_encoding(path)
    content = path.read_bytes()
    if encoding == "utf-8":
        content = content.removeprefix(codecs.BOM_UTF8)
    readable = _NO_TEXT.sub(UNDECODABLE, content.decode(encoding, errors="replace"))
    text = _PROLOGUE.sub("", readable, count=1).encode()
    if b"<!ENTITY" in text:
        raise DeliveryRefused("declares XML entities, which no office's file needs; not opened")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise DeliveryRefused(f"not well-formed or truncated: {error.msg}; fetch it again") from error
    if root.prefix or etree.QName(root).localname != source.xml.root:
        raise DeliveryRefused(f"root is <{root.tag}>, declared is <{source.xml.root}>; wrong file or wrong folder")
    return text.rstrip() if b"<!" not in text and b"<?" not in text else bytes(etree.tostring(root, encoding="utf-8"))
