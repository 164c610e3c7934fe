"""XML elements of case files, and the document type that declares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import polars as pl

# The indicators of a header, T or F, in the office's order.
_INDICATORS = [
    "principal-register-amended",
    "supplemental-register-amended",
    "trademark",
    "collective-trademark",
    "service-mark",
    "collective-service-mark",
    "collective-membership-mark",
    "certification-mark",
    "cancellation-pending",
    "published-concurrent",
    "concurrent-use",
    "concurrent-use-proceeding",
    "interference-pending",
    "opposition-pending",
    "section-12c",
    "section-2f",
    "section-2f-in-part",
    "renewal-filed",
    "section-8-filed",
    "section-8-partial-accept",
    "section-8-accepted",
    "section-15-acknowledged",
    "section-15-filed",
    "supplemental-register",
    "foreign-priority",
    "change-registration",
    "intent-to-use",
    "intent-to-use-current",
    "filed-as-use-application",
    "amended-to-use-application",
    "use-application-currently",
    "amended-to-itu-application",
    "filing-basis-filed-as-44d",
    "amended-to-44d-application",
    "filing-basis-current-44d",
    "filing-basis-filed-as-44e",
    "filing-basis-current-44e",
    "amended-to-44e-application",
    "without-basis-currently",
    "filing-current-no-basis",
    "color-drawing-filed",
    "color-drawing-current",
    "drawing-3d-filed",
    "drawing-3d-current",
    "standard-characters-claimed",
    "filing-basis-filed-as-66a",
    "filing-basis-current-66a",
]

# The content models of the office's DTD (v2.0, 2005-04-01), as far as these files use them.
_CONTENT = {
    "trademark-applications-daily": "version, creation-datetime, application-information",
    "version": "version-no, version-date",
    "application-information": "data-available-code | file-segments*",
    "file-segments": "file-segment*, action-keys*",
    "action-keys": "action-key*, case-file*",
    "case-file": "serial-number, registration-number?, transaction-date?, case-file-header?, case-file-statements?,"
    " case-file-event-statements?, classifications?, correspondent?, case-file-owners?, international-registration?,"
    " madrid-international-filing-requests?",
    "case-file-statements": "case-file-statement*",
    "case-file-statement": "type-code?, text*",
    "case-file-event-statements": "case-file-event-statement*",
    "case-file-event-statement": "code?, type?, description-text?, date?, number?",
    "classifications": "classification*",
    "classification": "international-code-total-no?, us-code-total-no?, international-code*, us-code*, status-code?,"
    " status-date?, first-use-anywhere-date?, first-use-in-commerce-date?, primary-code?",
    "correspondent": "address-1?, address-2?, address-3?, address-4?",
    "case-file-owners": "case-file-owner*",
    "case-file-owner": "entry-number?, party-type?, nationality?, legal-entity-type-code?, entity-statement?,"
    " party-name?, address-1?, address-2?, city?, state?, country?, postcode?, name-change-explanation*",
    "nationality": "state | country",
    "international-registration": "international-registration-number, international-registration-date,"
    " international-publication-date, international-renewal-date, auto-protection-date, international-status-code,"
    " international-status-date, priority-claimed-in, first-refusal-in",
    "madrid-international-filing-requests": "madrid-international-filing-record+",
    "madrid-international-filing-record": "entry-number, reference-number, original-filing-date-uspto,"
    " international-registration-number?, international-status-code?, international-status-date?,"
    " madrid-history-events?",
    "madrid-history-events": "madrid-history-event+",
    "madrid-history-event": "code, date, description-text, entry-number",
}
_HEADER_START = [
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
    "attorney-name",
]
_HEADER_END = ["renewal-date", "current-location", "location-date"]


def day_text(day: pl.Expr) -> pl.Expr:
    """YYYYMMDD of a day number; null stays null."""
    dated = day.cast(pl.Int32).cast(pl.Date).dt
    return (dated.year() * 10_000 + dated.month().cast(pl.Int32) * 100 + dated.day().cast(pl.Int32)).cast(pl.String)


def month_text(day: pl.Expr) -> pl.Expr:
    """YYYYMM00, as the office writes a date without a day."""
    return day_text(day).str.slice(0, 6) + "00"


def escaped(column: str) -> pl.Expr:
    """The text of a column as XML; only & occurs in it."""
    return pl.col(column).str.replace_all("&", "&amp;", literal=True)


def element(name: str, value: pl.Expr | str) -> pl.Expr:
    """An element, or null where its value is."""
    return pl.concat_str(pl.lit(f"<{name}>"), value, pl.lit(f"</{name}>"))


def indicators(conditions: Mapping[str, pl.Expr]) -> pl.Expr:
    """The indicator elements of a header: T where their condition is true, F otherwise or without a condition."""
    false = pl.lit(False)
    return pl.concat_str(
        pl.when(conditions.get(name, false))
        .then(pl.lit(f"<{name}-in>T</{name}-in>"))
        .otherwise(pl.lit(f"<{name}-in>F</{name}-in>"))
        for name in _INDICATORS
    )


def present(*texts: pl.Expr | str) -> pl.Expr:
    """The texts in one, without those that are null."""
    return pl.concat_str(*texts, ignore_nulls=True)


@lru_cache(maxsize=1)
def document_type() -> str:
    """The internal document type: every element that these files use, with the office's content models."""
    header = [*_HEADER_START, *[f"{name}-in" for name in _INDICATORS], *_HEADER_END]
    models = dict(_CONTENT)
    models["case-file-header"] = ", ".join(f"{name}?" for name in header)
    named = {name.strip("?*+ ") for model in models.values() for name in re.split("[,|]", model)}
    lines = [f"<!ELEMENT {name} ({model})>" for name, model in models.items()]
    lines += [f"<!ELEMENT {name} (#PCDATA)>" for name in sorted(named - set(models))]
    return "<!DOCTYPE trademark-applications-daily [\n" + "\n".join(lines) + "\n]>"
