"""The lives of case files: from filing to maintenance or death, and what changes in a night."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.draws import Integers
from pipelines.simulation.nights import day_number, night_date
from pipelines.simulation.offices.uspto_trademark.elements import day_text, present

NEVER = 1 << 30

# Milestones in the order in which they can happen: event code, type, text as XML.
_MILESTONES = {
    "entered": ("NWAP", "I", "NEW APPLICATION ENTERED"),
    "office_data": ("NWOS", "I", "NEW APPLICATION OFFICE SUPPLIED DATA ENTERED"),
    "design_search": ("MDSM", "E", "NOTICE OF DESIGN SEARCH CODE E-MAILED"),
    "assigned": ("DOCK", "D", "ASSIGNED TO EXAMINER"),
    "refused": ("CNRT", "R", "NON-FINAL ACTION WRITTEN"),
    "refusal_sent": ("GNRT", "F", "NON-FINAL ACTION E-MAILED"),
    "responded": ("TROA", "I", "TEAS RESPONSE TO OFFICE ACTION RECEIVED"),
    "abandoned": ("ABN2", "O", "ABANDONMENT - FAILURE TO RESPOND OR LATE RESPONSE"),
    "abandonment_sent": ("MAB2", "E", "ABANDONMENT NOTICE E-MAILED - FAILURE TO RESPOND"),
    "approved": ("CNSA", "P", "APPROVED FOR PUB - PRINCIPAL REGISTER"),
    "publication_notified": ("NONP", "E", "NOTIFICATION OF NOTICE OF PUBLICATION E-MAILED"),
    "published": ("PUBO", "A", "PUBLISHED FOR OPPOSITION"),
    "publication_sent": ("NPUB", "E", "OFFICIAL GAZETTE PUBLICATION CONFIRMATION E-MAILED"),
    "allowed": ("NOAM", "E", "NOA E-MAILED - SOU REQUIRED FROM APPLICANT"),
    "unused": ("ABN6", "S", "ABANDONMENT - NO USE STATEMENT FILED"),
    "registered": ("R.PR", "A", "REGISTERED-PRINCIPAL REGISTER"),
    "maintained": ("C15A", "O", "REGISTERED - SEC. 8 (6-YR) ACCEPTED &amp; SEC. 15 ACK."),
    "cancelled": ("C8..", "O", "CANCELLED SEC. 8 (6-YR)"),
    "renewed": ("RNL1", "Q", "REGISTERED AND RENEWED (FIRST RENEWAL - 10 YRS)"),
    "expired": ("CAEX", "O", "CANCELLED SEC. 8 (10-YR)/EXPIRED SECTION 9"),
}
# The status after a milestone; the last milestone decides.
_STATUS_AFTER = {
    "entered": "630",
    "assigned": "638",
    "refusal_sent": "641",
    "responded": "661",
    "abandoned": "602",
    "approved": "680",
    "published": "686",
    "allowed": "688",
    "unused": "606",
    "registered": "700",
    "maintained": "702",
    "cancelled": "710",
    "renewed": "800",
    "expired": "900",
}
# Status before a change, status after it, event code, type, text as XML. Dead files may be revived.
_CHANGES = [
    ("630", "641", "GNRT", "F", "NON-FINAL ACTION E-MAILED"),
    ("638", "641", "GNRT", "F", "NON-FINAL ACTION E-MAILED"),
    ("641", "661", "TROA", "I", "TEAS RESPONSE TO OFFICE ACTION RECEIVED"),
    ("661", "680", "CNSA", "P", "APPROVED FOR PUB - PRINCIPAL REGISTER"),
    ("680", "686", "PUBO", "A", "PUBLISHED FOR OPPOSITION"),
    ("686", "700", "R.PR", "A", "REGISTERED-PRINCIPAL REGISTER"),
    ("688", "700", "R.PR", "A", "REGISTERED-PRINCIPAL REGISTER"),
    ("602", "616", "PETG", "O", "PETITION TO REVIVE-GRANTED"),
    ("606", "616", "PETG", "O", "PETITION TO REVIVE-GRANTED"),
    ("616", "686", "PUBO", "A", "PUBLISHED FOR OPPOSITION"),
    ("700", "702", "C15A", "O", "REGISTERED - SEC. 8 (6-YR) ACCEPTED &amp; SEC. 15 ACK."),
    ("702", "710", "C8..", "O", "CANCELLED SEC. 8 (6-YR)"),
    ("710", "700", "REIN", "O", "REINSTATED"),
    ("800", "900", "CAEX", "O", "CANCELLED SEC. 8 (10-YR)/EXPIRED SECTION 9"),
    ("900", "800", "REIN", "O", "REINSTATED"),
]


def lives(generator: np.random.Generator, filed: Integers, n: int, until: int) -> pl.DataFrame:
    """The day of each milestone (null if after the day `until`), the status and its day."""

    def after(day: Integers, low: int, high: int, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Integers:
        return np.where(mask & (day < NEVER), day + generator.integers(low, high, n), NEVER).astype(np.int64)

    def happens(share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return generator.random(n) < share

    always = np.ones(n, dtype=np.bool_)
    is_refused, responds, by_use, uses = happens(0.4), happens(0.75), happens(0.55), happens(0.7)
    is_maintained, is_renewed, has_design = happens(0.6), happens(0.65), happens(0.3)
    day: dict[str, Integers] = {}
    day["entered"] = after(filed, 2, 5, always)
    day["office_data"] = after(filed, 5, 12, always)
    day["design_search"] = after(day["office_data"], 1, 3, has_design)
    day["assigned"] = after(filed, 80, 130, always)
    day["refused"] = after(day["assigned"], 1, 6, is_refused)
    day["refusal_sent"] = after(day["refused"], 0, 2, always)
    day["responded"] = after(day["refusal_sent"], 60, 175, responds)
    day["abandoned"] = after(day["refusal_sent"], 185, 215, ~responds)
    day["abandonment_sent"] = after(day["abandoned"], 0, 2, always)
    cleared = np.where(is_refused, day["responded"], day["assigned"])
    day["approved"] = after(cleared, 10, 40, always)
    day["publication_notified"] = after(day["approved"], 20, 30, always)
    day["published"] = after(day["publication_notified"], 20, 30, always)
    day["publication_sent"] = after(day["published"], 0, 1, always)
    day["allowed"] = after(day["published"], 56, 70, ~by_use)
    day["unused"] = after(day["allowed"], 1095, 1110, ~uses)
    day["registered"] = np.where(
        by_use, after(day["published"], 80, 100, by_use), after(day["allowed"], 90, 500, uses)
    ).astype(np.int64)
    day["maintained"] = after(day["registered"], 1900, 2180, is_maintained)
    day["cancelled"] = after(day["registered"], 2380, 2420, ~is_maintained)
    day["renewed"] = after(day["maintained"], 1300, 1450, is_renewed)
    day["expired"] = after(day["maintained"], 1700, 1760, ~is_renewed)
    status = np.full(n, "630")
    status_day = filed.copy()
    for milestone, code in _STATUS_AFTER.items():
        reached = day[milestone] <= until
        status = np.where(reached, code, status)
        status_day = np.where(reached, day[milestone], status_day)
    columns: dict[str, pl.Series] = {}
    for milestone in _MILESTONES:
        values = pl.Series(milestone, day[milestone])
        columns[milestone] = (
            values.to_frame().select(pl.when(pl.col(milestone) <= until).then(pl.col(milestone))).to_series()
        )
    frame = pl.DataFrame(
        {**columns, "by_use": by_use, "has_design": has_design, "status": status, "status_day": status_day}
    )
    return frame.with_columns(
        n_milestones=pl.sum_horizontal(pl.col(m).is_not_null().cast(pl.Int64) for m in _MILESTONES),
        registered_day="registered",
        published_day="published",
        abandoned_day=pl.coalesce("abandoned", "unused"),
        cancelled_day=pl.coalesce("cancelled", "expired"),
    )


def changed_cases(generator: np.random.Generator, night: int, cases: pl.DataFrame, n: int) -> pl.DataFrame:
    """The case files that a night's transactions change, including dead ones that are revived."""
    order = generator.permutation(len(cases))
    sound = cases.select("case_no", "status", "defect")[order].filter(pl.col("defect").is_null())
    dead = sound.filter(pl.col("status").is_in(["602", "606", "710", "900"])).head(max(1, n // 4))
    others = sound.join(dead.select("case_no"), on="case_no", how="anti", maintain_order="left").head(n - len(dead))
    chosen = pl.concat([dead, others]).select("case_no")
    changed = cases.join(chosen, on="case_no", how="semi", maintain_order="left")
    changes = pl.DataFrame(
        _CHANGES, schema=["status", "new_status", "event_code", "event_type", "event_text"], orient="row"
    )
    today = day_number(night_date(night))
    changed = changed.join(changes, on="status", how="inner", maintain_order="left")
    yesterday, becomes = pl.lit(today - 1, pl.Int64), pl.col("new_status")
    is_granted, is_live_again = becomes == "700", becomes.is_in(["616", "700", "800"])
    return changed.with_columns(
        later_events=pl.concat_str(
            _event("event_code", "event_type", "event_text", day_text(yesterday), _event_no()),
            "later_events",
        ),
        version=pl.col("version") + 1,
        status=becomes,
        status_day=yesterday,
        transaction_day=pl.lit(today, pl.Int64),
        last_night=pl.lit(night, pl.Int64),
        registered_day=pl.when(is_granted).then(pl.coalesce("registered_day", yesterday)).otherwise("registered_day"),
        published_day=pl.when(becomes == "686")
        .then(pl.coalesce("published_day", yesterday))
        .otherwise("published_day"),
        abandoned_day=pl.when(~is_live_again).then("abandoned_day"),
        cancelled_day=pl.when(becomes.is_in(["710", "900"])).then(yesterday).when(~is_live_again).then("cancelled_day"),
    ).select(cases.columns)


def _event_no() -> pl.Expr:
    """The number of the event that the next change adds."""
    return (pl.col("n_milestones") + pl.col("version")).cast(pl.String)


def events() -> pl.Expr:
    """The events, newest first, numbered from the oldest."""
    texts: list[pl.Expr] = []
    number = pl.lit(0, pl.Int64)
    for milestone, (code, kind, text) in _MILESTONES.items():
        day = pl.col(milestone)
        number = number + day.is_not_null().cast(pl.Int64)
        texts.append(_event(pl.lit(code), pl.lit(kind), pl.lit(text), day_text(day), number.cast(pl.String)))
    return present(
        pl.lit("<case-file-event-statements>"), "later_events", *texts[::-1], pl.lit("</case-file-event-statements>")
    )


def _event(code: str | pl.Expr, kind: str | pl.Expr, text: str | pl.Expr, day: pl.Expr, number: pl.Expr) -> pl.Expr:
    return pl.concat_str(
        pl.lit("<case-file-event-statement><code>"),
        code,
        pl.lit("</code><type>"),
        kind,
        pl.lit("</type><description-text>"),
        text,
        pl.lit("</description-text><date>"),
        day,
        pl.lit("</date><number>"),
        number,
        pl.lit("</number></case-file-event-statement>"),
    )
