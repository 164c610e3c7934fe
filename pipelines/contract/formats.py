"""File name endings of the formats that a source may declare."""

from __future__ import annotations

LINE_SUFFIXES = (".jsonl", ".ndjson")
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
