"""The layout of a sample file, by its format."""

from __future__ import annotations

from pathlib import Path

from pipelines.contract.formats import WORKBOOK_SUFFIXES
from pipelines.contract.refusal import DeliveryRefused
from pipelines.errors import UsageError
from pipelines.onboarding.json_layout import json_layout
from pipelines.onboarding.layout import HEAD_BYTES, Layout
from pipelines.onboarding.table_layout import csv_layout, workbook_layout
from pipelines.onboarding.xml_layout import xml_layout


def layout_of(path: Path) -> Layout:
    """The layout of a CSV, workbook, JSON, JSON-lines or XML file.

    Raises UsageError for a file that cannot be read, is empty, or has no records that a declaration could name.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name a file of the feed") from error
    if not head.strip():
        raise UsageError(f"{path}: empty file; take one that has records")
    suffix = path.suffix.lower()
    opening = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    try:
        if suffix in WORKBOOK_SUFFIXES:
            return workbook_layout(path)
        if suffix in (".gz", ".zip"):
            raise UsageError(f"{path}: is packed; unpack it and name one of its files")
        if opening == b"<" or head.startswith((b"\xff\xfe<", b"\xfe\xff\x00<")):
            return xml_layout(path)
        if opening in (b"{", b"["):
            return json_layout(path)
        if b"\0" in head:
            raise UsageError(f"{path}: holds binary data; name a CSV, XLSX, JSON or XML file")
        return csv_layout(path)
    except DeliveryRefused as refusal:
        raise UsageError(f"{path}: {refusal}") from refusal
