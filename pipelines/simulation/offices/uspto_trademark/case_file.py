"""A case file as the office writes it."""

from __future__ import annotations

import polars as pl

from pipelines.simulation.offices.uspto_trademark.classes import SERVICE_CLASSES, classifications, statements
from pipelines.simulation.offices.uspto_trademark.elements import (
    day_text,
    element,
    escaped,
    indicators,
    month_text,
    present,
)
from pipelines.simulation.offices.uspto_trademark.lives import events
from pipelines.simulation.offices.uspto_trademark.owners import owners


def case_file() -> pl.Expr:
    """The text of a case file."""
    defect = pl.col("defect").fill_null("")
    serial = (
        pl.when(defect == "pattern:serial_number").then(pl.col("serial_number").str.slice(1)).otherwise("serial_number")
    )
    registration = pl.when(pl.col("registered_day").is_not_null()).then("granted_number").otherwise(pl.lit("0000000"))
    transaction = (
        pl.when(defect == "type:transaction_date")
        .then(pl.lit("20241341"))
        .otherwise(day_text(pl.col("transaction_day")))
    )
    return pl.concat_str(
        pl.lit("<case-file>"),
        element("serial-number", serial),
        element("registration-number", registration),
        element("transaction-date", transaction),
        _header(),
        statements(),
        events(),
        classifications(),
        pl.lit("<correspondent>"),
        element("address-1", pl.col("attorney").str.to_uppercase()),
        element("address-2", "law_firm"),
        pl.lit("<address-3>1 Example Street</address-3><address-4>ALEXANDRIA, VA 22313</address-4></correspondent>"),
        owners(),
        _international(),
        pl.lit("</case-file>"),
    )


def _header() -> pl.Expr:
    defect = pl.col("defect").fill_null("")
    filed = pl.when("is_filing_partial").then(month_text(pl.col("filed"))).otherwise(day_text(pl.col("filed")))
    is_service, by_use = pl.col("nice_class").is_in(SERVICE_CLASSES), pl.col("by_use")
    is_old = pl.col("maintained").is_not_null()
    return present(
        pl.lit("<case-file-header>"),
        element("filing-date", filed),
        element("registration-date", day_text(pl.col("registered_day"))),
        element("status-code", pl.when(defect != "required:status_code").then("status")),
        element("status-date", day_text(pl.col("status_day"))),
        element("mark-identification", escaped("mark_text")),
        pl.when("has_design")
        .then(pl.lit("<mark-drawing-code>3000</mark-drawing-code>"))
        .otherwise(pl.lit("<mark-drawing-code>4000</mark-drawing-code>")),
        element("published-for-opposition-date", day_text(pl.col("published_day"))),
        element("abandonment-date", day_text(pl.col("abandoned_day"))),
        pl.when(pl.col("cancelled_day").is_not_null()).then(pl.lit("<cancellation-code>2</cancellation-code>")),
        element("cancellation-date", day_text(pl.col("cancelled_day"))),
        element("attorney-name", "attorney"),
        indicators(
            {
                "trademark": ~is_service,
                "service-mark": is_service,
                "section-8-accepted": is_old,
                "section-15-acknowledged": is_old,
                "intent-to-use": ~by_use,
                "intent-to-use-current": ~by_use,
                "filed-as-use-application": by_use,
                "use-application-currently": by_use,
                "standard-characters-claimed": ~pl.col("has_design"),
                "filing-basis-filed-as-66a": pl.col("is_extension"),
                "filing-basis-current-66a": pl.col("is_extension"),
            }
        ),
        element("renewal-date", day_text(pl.col("renewed"))),
        pl.lit("<current-location>PUBLICATION AND ISSUE SECTION</current-location>"),
        element("location-date", day_text(pl.col("status_day"))),
        pl.lit("</case-file-header>"),
    )


def _international() -> pl.Expr:
    """The international registration that is extended to the US, and requests under the Madrid system."""
    number, filed = pl.col("case_no").cast(pl.String).str.zfill(7), day_text(pl.col("filed"))
    extension = pl.concat_str(
        pl.lit("<international-registration><international-registration-number>"),
        number,
        pl.lit("</international-registration-number>"),
        *[
            element(name, filed)
            for name in (
                "international-registration-date",
                "international-publication-date",
                "international-renewal-date",
                "auto-protection-date",
            )
        ],
        pl.lit("<international-status-code>108</international-status-code>"),
        element("international-status-date", filed),
        pl.lit("<priority-claimed-in>F</priority-claimed-in><first-refusal-in>T</first-refusal-in>"),
        pl.lit("</international-registration>"),
    )
    outgoing = pl.concat_str(
        pl.lit(
            "<madrid-international-filing-requests><madrid-international-filing-record><entry-number>1</entry-number>"
            "<reference-number>A"
        ),
        number,
        pl.lit("</reference-number>"),
        element("original-filing-date-uspto", filed),
        pl.when(pl.col("case_no") % 2 == 0)
        .then(element("international-registration-number", pl.lit("1") + number.str.slice(1)))
        .otherwise(pl.lit("")),
        pl.lit("<international-status-code>400</international-status-code>"),
        element("international-status-date", filed),
        pl.lit("<madrid-history-events><madrid-history-event><code>NEWAP</code>"),
        element("date", filed),
        pl.lit(
            "<description-text>NEW APPLICATION FOR IR RECEIVED</description-text><entry-number>1</entry-number>"
            "</madrid-history-event></madrid-history-events></madrid-international-filing-record>"
            "</madrid-international-filing-requests>"
        ),
    )
    return present(pl.when("is_extension").then(extension), pl.when("is_madrid").then(outgoing))
