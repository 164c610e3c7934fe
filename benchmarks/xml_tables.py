"""Hand-written xml2arrow configurations, as somebody would write them to use xml2arrow without Touchstone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from xml2arrow import XmlToArrowParser

ACTION_KEYS = "/trademark-applications-daily/application-information/file-segments/action-keys"
CASE_FILE = f"{ACTION_KEYS}/case-file"
EVENT = f"{CASE_FILE}/case-file-event-statements/case-file-event-statement"
OWNER = f"{CASE_FILE}/case-file-owners/case-file-owner"
STATEMENT = f"{CASE_FILE}/case-file-statements/case-file-statement"
CLASSIFICATION = f"{CASE_FILE}/classifications/classification"
MADRID_FILING = f"{CASE_FILE}/madrid-international-filing-requests/madrid-international-filing-record"
REGISTRATION = "/RegContentList/RegContent"


@dataclass(frozen=True)
class XmlTable:
    """One row per child of `path`; `fields` are absolute paths, `levels` the names for the indices of its ancestors."""

    name: str
    path: str
    levels: tuple[str, ...]
    fields: tuple[str, ...]


def table(name: str, row: str, levels: Sequence[str], fields: Sequence[str]) -> XmlTable:
    """A table with one row per element `row`; `fields` are paths below it."""
    return XmlTable(name, row.rsplit("/", 1)[0], tuple(levels), tuple(f"{row}/{field}" for field in fields))


def parser(tables: Sequence[XmlTable], folder: Path) -> XmlToArrowParser:
    """An xml2arrow parser of text columns named by the last part of their path (nationality/country in full)."""
    path = folder / f"{tables[0].name}.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "parser_options": {"trim_text": False},
                "tables": [
                    {
                        "name": xml_table.name,
                        "xml_path": xml_table.path,
                        "levels": list(xml_table.levels),
                        "fields": [
                            {"name": _column(field), "xml_path": field, "data_type": "Utf8", "nullable": True}
                            for field in xml_table.fields
                        ],
                    }
                    for xml_table in tables
                ],
            }
        ),
        encoding="utf-8",
    )
    return XmlToArrowParser(path)


def _column(field: str) -> str:
    parent, name = field.rsplit("/", 2)[1:]
    name = name.removeprefix("@")
    return f"{parent}_{name}".replace("-", "_") if parent == "nationality" else name.replace("-", "_")


HEADER_FIELDS = [
    "filing-date",
    "registration-date",
    "status-code",
    "status-date",
    "mark-identification",
    "mark-drawing-code",
    "published-for-opposition-date",
    "abandonment-date",
    "cancellation-code",
    "cancellation-date",
    "renewal-date",
    "attorney-name",
    "trademark-in",
    "service-mark-in",
    "cancellation-pending-in",
    "standard-characters-claimed-in",
]

# The tables and columns of sources/uspto_trademark, without the elements that a classification can repeat.
USPTO = [
    table(
        "case_file",
        CASE_FILE,
        ["record"],
        [
            "serial-number",
            "registration-number",
            "transaction-date",
            *(f"case-file-header/{field}" for field in HEADER_FIELDS),
            "international-registration/international-registration-number",
        ],
    ),
    table("event", EVENT, ["record", "item"], ["code", "type", "description-text", "date", "number"]),
    table(
        "owner",
        OWNER,
        ["record", "item"],
        [
            "entry-number",
            "party-type",
            "nationality/country",
            "nationality/state",
            "legal-entity-type-code",
            "entity-statement",
            "party-name",
            "address-1",
            "address-2",
            "city",
            "state",
            "country",
            "postcode",
        ],
    ),
    table("statement", STATEMENT, ["record", "item"], ["type-code", "text"]),
    table(
        "classification",
        CLASSIFICATION,
        ["record", "item"],
        ["status-code", "status-date", "first-use-anywhere-date", "first-use-in-commerce-date", "primary-code"],
    ),
    table("madrid_filing", MADRID_FILING, ["record", "item"], ["entry-number", "international-registration-number"]),
]
