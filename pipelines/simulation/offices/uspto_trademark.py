"""Case files as the USPTO publishes them: annual parts on the first night, then daily files of new and changed ones.

A case file lives through filing, examination, publication, registration and maintenance; each night some files change,
among them dead ones that come back to life. A daily file holds the whole record again, as the office's do.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, slices, with_defects, write_text
from pipelines.simulation.draws import Codes, as_columns
from pipelines.simulation.nights import day_number, night_date
from pipelines.simulation.words import in_latin_stems
from pipelines.simulation.world import World

SOURCE = "uspto_trademark"
RULES = ["required:status_code", "type:transaction_date", "pattern:serial_number"]
CASES_PER_THOUSAND_MARKS = 400
CASES_PER_PART = 50_000
CHUNK = 5_000
FIRST_SERIAL = 76_000_000
FIRST_REGISTRATION = 2_400_000
FIRST_FILING = date(2000, 1, 3)
NEVER = 1 << 30

# Milestones in the order they can happen: event code, type, text.
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
    "maintained": ("C15A", "O", "REGISTERED - SEC. 8 (6-YR) ACCEPTED & SEC. 15 ACK."),
    "cancelled": ("C8..", "O", "CANCELLED SEC. 8 (6-YR)"),
    "renewed": ("RNL1", "Q", "REGISTERED AND RENEWED (FIRST RENEWAL - 10 YRS)"),
    "expired": ("CAEX", "O", "CANCELLED SEC. 8 (10-YR)/EXPIRED SECTION 9"),
}
# The status that a milestone leaves; the last one reached counts.
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
# Status before a change, status after it, event code, type, text. Dead files may come back to life.
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
    ("700", "702", "C15A", "O", "REGISTERED - SEC. 8 (6-YR) ACCEPTED & SEC. 15 ACK."),
    ("702", "710", "C8..", "O", "CANCELLED SEC. 8 (6-YR)"),
    ("710", "700", "REIN", "O", "REINSTATED"),
    ("800", "900", "CAEX", "O", "CANCELLED SEC. 8 (10-YR)/EXPIRED SECTION 9"),
    ("900", "800", "REIN", "O", "REINSTATED"),
]

# International class, its US classes, goods or services.
_CLASSES = [
    ("001", "001 005 006", "Chemicals used in industry, namely, adhesives &amp; solvents"),
    ("005", "006 018 044", "Pharmaceutical preparations for the treatment of digestive disorders"),
    ("007", "013 019 021", "Machines for processing grain; milling machines &amp; parts therefor"),
    ("009", "021 023 026", "Computer hardware; downloadable software for managing inventories"),
    ("024", "042 050", "Textile fabrics for the manufacture of clothing"),
    ("025", "022 039", "Clothing, namely, shirts, trousers, coats &amp; hats"),
    ("029", "046", "Edible oils; milk products excluding ice cream; preserved vegetables"),
    ("030", "046", "Tea; rice cakes; soy sauce; coffee &amp; tea substitutes"),
    ("033", "047 049", "Distilled spirits; rice wine &amp; liqueurs"),
    ("035", "100 101 102", "Retail store services featuring food and beverages"),
    ("042", "100 101", "Design and development of computer software"),
    ("043", "100 101", "Restaurant services; tea house services"),
]
_SERVICE_CLASSES = ["035", "042", "043"]
_ATTORNEYS = [("Mock A. Sample", "SAMPLE &amp; MOCK LLP"), ("Test B. Example", "EXAMPLE LAW P.C.")]

_INDICATORS_BEFORE_USE = [
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
]
_INDICATORS_OF_BASIS = [
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
]

# The content models of the office's DTD (v2.0, 2005-04-01) as far as these files use it.
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


def deliver(world: World, out: Deliveries) -> None:
    """Write the parts of the annual file on the first night, then a daily file a night."""
    n_first = world.count(CASES_PER_THOUSAND_MARKS, 6)
    n_parts = -(-n_first // CASES_PER_PART)
    n_new = max(2, round(0.04 * n_first / n_parts))
    cases = _new_cases(world, 1, n_first, 0)
    _write_annual(world, out, cases, n_parts)
    for night in range(2, world.nights + 1):
        changed = _changed_cases(world, night, cases, n_new)
        new = _new_cases(world, night, n_new, n_first + (night - 2) * n_new)
        unchanged = cases.join(changed.select("case_no"), on="case_no", how="anti", maintain_order="left")
        path = out.path(night, SOURCE, f"apc{night_date(night):%y%m%d}.xml")
        _write(out, night, path.name, pl.concat([changed, new]))
        cases = pl.concat([unchanged, changed, new])
    out.truth("trademarks", _truth(cases))


def _write_annual(world: World, out: Deliveries, cases: pl.DataFrame, n_parts: int) -> None:
    start = 0
    for part, rows in enumerate(np.array_split(np.arange(len(cases)), n_parts), 1):
        name = f"apc{FIRST_FILING:%Y%m%d}-{night_date(1):%Y%m%d}-{part:02d}.xml"
        _write(out, 1, name, cases.slice(start, len(rows)))
        start += len(rows)


def _new_cases(world: World, night: int, n: int, first_no: int) -> pl.DataFrame:
    """Case files first published on a night, in order of filing, broken ones among them."""
    generator = world.random(SOURCE, night)
    today = day_number(night_date(night))
    start = day_number(FIRST_FILING) if night == 1 else today - 14
    filed = start + (np.arange(n) * (today - 6 - start)) // n
    lives = _lives(generator, filed, n, today - 2)
    number = pl.Series(np.arange(first_no, first_no + n))
    identity = pl.DataFrame(
        {
            "case_no": number,
            "serial_number": (number + FIRST_SERIAL).cast(pl.String),
            "granted_number": (number + FIRST_REGISTRATION).cast(pl.String).str.zfill(7),
            "filed": filed,
            "is_filing_partial": (generator.random(n) < 0.01) & (filed < day_number(date(2012, 1, 1))),
            "last_night": np.full(n, night, dtype=np.int64),
            "version": np.ones(n, dtype=np.int64),
            "later_events": pl.Series([""] * n),
        }
    )
    frame = pl.concat([identity, lives, _substance(world, generator, night, n)], how="horizontal")
    last = pl.col("status_day")
    lag = pl.Series(generator.integers(1, 60, n))
    frame = frame.with_columns(
        transaction_day=pl.min_horizontal(last + lag, pl.lit(today - 1)) if night == 1 else pl.lit(today, pl.Int64)
    )
    return with_defects(frame, world.defects(SOURCE, n, RULES, night))


def _lives(generator: np.random.Generator, filed: Codes, n: int, until: int) -> pl.DataFrame:
    """The day of each milestone (null if not reached until a day), the status and its day."""

    def after(day: Codes, low: int, high: int, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Codes:
        return np.where(mask & (day < NEVER), day + generator.integers(low, high, n), NEVER).astype(np.int64)

    def happens(share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return generator.random(n) < share

    always = np.ones(n, dtype=np.bool_)
    is_refused, responds, by_use, uses = happens(0.4), happens(0.75), happens(0.55), happens(0.7)
    is_maintained, is_renewed, has_design = happens(0.6), happens(0.65), happens(0.3)
    day: dict[str, Codes] = {}
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


def _substance(world: World, generator: np.random.Generator, night: int, n: int) -> pl.DataFrame:
    """Mark, owner and classes: six in ten belong to an enterprise of the world, the others to invented US firms."""
    enterprises = world.enterprises_at(night).select(
        "uscc", "name_then", "name_en", "brand_en", "city_en", "nice_class", "industry_en"
    )
    owned = enterprises[generator.integers(0, len(enterprises), n)]
    stems = in_latin_stems(pl.Series(generator.integers(0, 100_000, n)), 5)
    drawn = as_columns(_CLASSES, generator.integers(0, len(_CLASSES), n), ["other_class"])
    third = as_columns(_CLASSES, generator.integers(0, len(_CLASSES), n), ["other_class"])
    frame = owned.with_columns(
        stems=stems,
        is_enterprise=pl.Series(generator.random(n) < 0.6),
        variant=pl.Series(generator.integers(0, 100, n)),
        class_2=drawn["other_class"],
        class_3=third["other_class"],
        n_classes=pl.Series(1 + (generator.random(n) < 0.18) + (generator.random(n) < 0.05).astype(np.int64)),
        is_class_joint=pl.Series(generator.random(n) < 0.05),
        first_use=pl.Series(generator.integers(30, 2000, n)),
        first_use_style=pl.Series(generator.integers(0, 100, n)),
        is_assigned=pl.Series(generator.random(n) < 0.04),
        has_second_owner=pl.Series(generator.random(n) < 0.03),
        is_madrid=pl.Series(generator.random(n) < 0.04),
        is_extension=pl.Series(generator.random(n) < 0.03),
        claims_colour=pl.Series(generator.random(n) < 0.15),
        **as_columns(_ATTORNEYS, generator.integers(0, len(_ATTORNEYS), n), ["attorney", "law_firm"]),
    )
    word = pl.when("is_enterprise").then("brand_en").otherwise(pl.lit("SAMPLE ") + pl.col("stems"))
    variant = pl.col("variant")
    distinct_2 = pl.col("class_2") != pl.col("nice_class")
    distinct_3 = (pl.col("class_3") != pl.col("nice_class")) & (pl.col("class_3") != pl.col("class_2"))
    return frame.with_columns(
        owner_uscc=pl.when("is_enterprise").then("uscc"),
        owner_name=pl.when("is_enterprise").then("name_then").otherwise(pl.lit("MOCK SAMPLE ") + stems + " LLC"),
        party_name=pl.when("is_enterprise").then("name_en").otherwise(pl.lit("MOCK SAMPLE ") + stems + " LLC"),
        mark_text=pl.when(variant < 55)
        .then(word)
        .when(variant < 75)
        .then(pl.concat_str(word, pl.lit(" "), "industry_en"))
        .when(variant < 85)
        .then(pl.concat_str(word, pl.lit(" & CO")))
        .when(variant < 95)
        .then(pl.lit("THE ") + word)
        .otherwise(pl.lit("GENUINE ") + word + "'S CHOICE"),
        class_2=pl.when((pl.col("n_classes") >= 2) & distinct_2).then("class_2"),
        class_3=pl.when((pl.col("n_classes") >= 3) & distinct_3).then("class_3"),
    ).drop("uscc", "name_then", "name_en", "brand_en", "n_classes", "variant")


def _changed_cases(world: World, night: int, cases: pl.DataFrame, n: int) -> pl.DataFrame:
    """The case files that a night's transactions rewrite, dead ones that are revived among them."""
    order = world.random(SOURCE, "changes", night).permutation(len(cases))
    sound = cases.select("case_no", "status", "defect")[order].filter(pl.col("defect").is_null())
    dead = sound.filter(pl.col("status").is_in(["602", "606", "710", "900"])).head(max(1, n // 4))
    others = sound.join(dead.select("case_no"), on="case_no", how="anti", maintain_order="left").head(n - len(dead))
    chosen = pl.concat([dead, others]).select("case_no")
    changed = cases.join(chosen, on="case_no", how="semi", maintain_order="left")
    steps = pl.DataFrame(
        _CHANGES, schema=["status", "new_status", "event_code", "event_type", "event_text"], orient="row"
    )
    today = day_number(night_date(night))
    changed = changed.join(steps, on="status", how="inner", maintain_order="left")
    yesterday, becomes = pl.lit(today - 1, pl.Int64), pl.col("new_status")
    is_granted, is_live_again = becomes == "700", becomes.is_in(["616", "700", "800"])
    return changed.with_columns(
        later_events=pl.concat_str(
            _event("event_code", "event_type", _escaped("event_text"), _day_text(yesterday), _event_no()),
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
    """The number of the event that the next version adds."""
    return (pl.col("n_milestones") + pl.col("version")).cast(pl.String)


def _day_text(day: pl.Expr) -> pl.Expr:
    """YYYYMMDD of a day number; null stays null."""
    dated = day.cast(pl.Int32).cast(pl.Date).dt
    return (dated.year() * 10_000 + dated.month().cast(pl.Int32) * 100 + dated.day().cast(pl.Int32)).cast(pl.String)


def _month_text(day: pl.Expr) -> pl.Expr:
    """YYYYMM00, as the office writes a date known to the month."""
    return _day_text(day).str.slice(0, 6) + "00"


def _escaped(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("&", "&amp;", literal=True)


def _element(name: str, value: pl.Expr | str) -> pl.Expr:
    """An element, or null where its value is."""
    return pl.concat_str(pl.lit(f"<{name}>"), value, pl.lit(f"</{name}>"))


def _flag(name: str, value: pl.Expr) -> pl.Expr:
    return pl.when(value).then(pl.lit(f"<{name}-in>T</{name}-in>")).otherwise(pl.lit(f"<{name}-in>F</{name}-in>"))


def _flags_off(names: list[str]) -> str:
    return "".join(f"<{name}-in>F</{name}-in>" for name in names)


def _present(*parts: pl.Expr | str) -> pl.Expr:
    return pl.concat_str(*parts, ignore_nulls=True)


def _event(code: str | pl.Expr, kind: str | pl.Expr, text: pl.Expr, day: pl.Expr, number: pl.Expr) -> pl.Expr:
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


def _events() -> pl.Expr:
    """Newest first, numbered from the oldest."""
    parts: list[pl.Expr] = []
    number = pl.lit(0, pl.Int64)
    for milestone, (code, kind, text) in _MILESTONES.items():
        day = pl.col(milestone)
        number = number + day.is_not_null().cast(pl.Int64)
        escaped = text.replace("&", "&amp;")
        parts.append(_event(pl.lit(code), pl.lit(kind), pl.lit(escaped), _day_text(day), number.cast(pl.String)))
    return _present(
        pl.lit("<case-file-event-statements>"), "later_events", *parts[::-1], pl.lit("</case-file-event-statements>")
    )


def _header() -> pl.Expr:
    defect = pl.col("defect").fill_null("")
    filed = pl.when("is_filing_partial").then(_month_text(pl.col("filed"))).otherwise(_day_text(pl.col("filed")))
    is_service, by_use = pl.col("nice_class").is_in(_SERVICE_CLASSES), pl.col("by_use")
    is_old = pl.col("maintained").is_not_null()
    return _present(
        pl.lit("<case-file-header>"),
        _element("filing-date", filed),
        _element("registration-date", _day_text(pl.col("registered_day"))),
        _element("status-code", pl.when(defect != "required:status_code").then("status")),
        _element("status-date", _day_text(pl.col("status_day"))),
        _element("mark-identification", _escaped("mark_text")),
        pl.when("has_design")
        .then(pl.lit("<mark-drawing-code>3000</mark-drawing-code>"))
        .otherwise(pl.lit("<mark-drawing-code>4000</mark-drawing-code>")),
        _element("published-for-opposition-date", _day_text(pl.col("published_day"))),
        _element("abandonment-date", _day_text(pl.col("abandoned_day"))),
        pl.when(pl.col("cancelled_day").is_not_null()).then(pl.lit("<cancellation-code>2</cancellation-code>")),
        _element("cancellation-date", _day_text(pl.col("cancelled_day"))),
        _element("attorney-name", "attorney"),
        pl.lit(_flags_off(["principal-register-amended", "supplemental-register-amended"])),
        _flag("trademark", ~is_service),
        pl.lit(_flags_off(["collective-trademark"])),
        _flag("service-mark", is_service),
        pl.lit(
            _flags_off(
                ["collective-service-mark", "collective-membership-mark", "certification-mark", *_INDICATORS_BEFORE_USE]
            )
        ),
        pl.lit(_flags_off(["section-8-filed", "section-8-partial-accept"])),
        _flag("section-8-accepted", is_old),
        _flag("section-15-acknowledged", is_old),
        pl.lit(_flags_off(["section-15-filed", "supplemental-register", "foreign-priority", "change-registration"])),
        _flag("intent-to-use", ~by_use),
        _flag("intent-to-use-current", ~by_use),
        _flag("filed-as-use-application", by_use),
        pl.lit(_flags_off(["amended-to-use-application"])),
        _flag("use-application-currently", by_use),
        pl.lit(_flags_off(_INDICATORS_OF_BASIS)),
        _flag("standard-characters-claimed", ~pl.col("has_design")),
        _flag("filing-basis-filed-as-66a", pl.col("is_extension")),
        _flag("filing-basis-current-66a", pl.col("is_extension")),
        _element("renewal-date", _day_text(pl.col("renewed"))),
        pl.lit("<current-location>PUBLICATION AND ISSUE SECTION</current-location>"),
        _element("location-date", _day_text(pl.col("status_day"))),
        pl.lit("</case-file-header>"),
    )


def _class_attribute(column: str, position: int) -> pl.Expr:
    return pl.col(column).replace_strict(
        [row[0] for row in _CLASSES], [row[position] for row in _CLASSES], return_dtype=pl.String
    )


def _statements() -> pl.Expr:
    def goods(column: str) -> pl.Expr:
        return pl.concat_str(
            pl.lit("<case-file-statement><type-code>GS"),
            column,
            pl.lit("1</type-code><text>"),
            _class_attribute(column, 2),
            pl.lit("</text></case-file-statement>"),
        )

    colour = "<case-file-statement><type-code>CC0000</type-code><text>Color is not claimed as a feature of the mark."
    return _present(
        pl.lit("<case-file-statements>"),
        pl.when("claims_colour").then(pl.lit(f"{colour}</text></case-file-statement>")),
        goods("nice_class"),
        goods("class_2"),
        goods("class_3"),
        pl.lit("</case-file-statements>"),
    )


def _classifications() -> pl.Expr:
    """One classification a class; sometimes the first two share one."""
    used = pl.col("filed") - pl.col("first_use")
    style = pl.col("first_use_style")
    first_use = (
        pl.when(~pl.col("by_use"))
        .then(pl.lit("0"))
        .when(style < 8)
        .then(_month_text(used))
        .when(style < 10)
        .then(_day_text(used).str.slice(0, 4) + "0000")
        .otherwise(_day_text(used))
    )
    n_us = {row[0]: f"<us-code-total-no>{len(row[1].split())}</us-code-total-no>" for row in _CLASSES}
    us = {row[0]: "".join(f"<us-code>{code}</us-code>" for code in row[1].split()) for row in _CLASSES}
    tail = pl.concat_str(
        pl.lit("<status-code>6</status-code>"),
        _element("status-date", _day_text(pl.col("filed") + 9)),
        _element("first-use-anywhere-date", first_use),
        _element("first-use-in-commerce-date", first_use),
    )

    def one(column: str, joint: pl.Expr | None = None) -> pl.Expr:
        total = pl.lit("1") if joint is None else pl.when(joint).then(pl.lit("2")).otherwise(pl.lit("1"))
        second = [] if joint is None else [pl.when(joint).then(_element("international-code", "class_2"))]
        return pl.when(pl.col(column).is_not_null()).then(
            _present(
                pl.lit("<classification>"),
                _element("international-code-total-no", total),
                pl.col(column).replace_strict(n_us, return_dtype=pl.String),
                _element("international-code", column),
                *second,
                pl.col(column).replace_strict(us, return_dtype=pl.String),
                tail,
                _element("primary-code", column),
                pl.lit("</classification>"),
            )
        )

    joint = pl.col("is_class_joint") & pl.col("class_2").is_not_null()
    return _present(
        pl.lit("<classifications>"),
        one("nice_class", joint),
        pl.when(~joint).then(one("class_2")),
        one("class_3"),
        pl.lit("</classifications>"),
    )


def _party_types() -> list[tuple[int, pl.Expr]]:
    """Party types, newest first, with the case files that have them: an owner is repeated at each stage."""
    registered, published = pl.col("registered_day").is_not_null(), pl.col("published_day").is_not_null()
    always = pl.col("case_no").is_not_null()
    return [(31, registered & pl.col("is_assigned")), (30, registered), (20, published), (10, always)]


def _owners() -> pl.Expr:
    owner = pl.concat_str(
        pl.when("is_enterprise")
        .then(
            pl.lit(
                "<nationality><country>CN</country></nationality><legal-entity-type-code>99</legal-entity-type-code>"
                "<entity-statement>limited company</entity-statement>"
            )
        )
        .otherwise(
            pl.lit("<nationality><state>DE</state></nationality><legal-entity-type-code>16</legal-entity-type-code>")
        ),
        _element("party-name", _escaped("party_name")),
        pl.when("is_enterprise")
        .then(
            pl.concat_str(
                pl.lit("<address-1>No. 12 Shijin Road</address-1><city>"),
                "city_en",
                pl.lit("</city><country>CN</country><postcode>430000</postcode>"),
            )
        )
        .otherwise(
            pl.lit(
                "<address-1>1 Example Street</address-1><city>Wilmington</city><state>DE</state>"
                "<postcode>19801</postcode>"
            )
        ),
    )
    former = pl.concat_str(
        pl.lit(
            "<nationality><country>CN</country></nationality><legal-entity-type-code>99</legal-entity-type-code>"
            "<party-name>FORMER SAMPLE "
        ),
        "stems",
        pl.lit(" LTD.</party-name><city>Shanghai</city><country>CN</country>"),
    )
    second = pl.concat_str(
        pl.lit(
            "<nationality><country>HK</country></nationality><legal-entity-type-code>03</legal-entity-type-code>"
            "<party-name>SECOND SAMPLE "
        ),
        "stems",
        pl.lit(" LIMITED</party-name><city>Hong Kong</city><country>HK</country>"),
    )
    was_assigned = pl.col("is_assigned") & pl.col("registered_day").is_not_null()

    def entry(number: int, party_type: int, who: pl.Expr) -> pl.Expr:
        head = f"<case-file-owner><entry-number>{number}</entry-number><party-type>{party_type}</party-type>"
        change = "<name-change-explanation>NC30000001ASSIGNEE OF</name-change-explanation>" if party_type == 31 else ""
        return pl.concat_str(pl.lit(head), who, pl.lit(f"{change}</case-file-owner>"))

    parts: list[pl.Expr] = []
    for party_type, has in _party_types():
        who = owner if party_type == 31 else pl.when(was_assigned).then(former).otherwise(owner)
        parts.append(pl.when(has).then(entry(1, party_type, who)))
        if party_type != 31:
            parts.append(pl.when(has & pl.col("has_second_owner")).then(entry(2, party_type, second)))
    return _present(pl.lit("<case-file-owners>"), *parts, pl.lit("</case-file-owners>"))


def _n_owner_entries() -> pl.Expr:
    second = pl.col("has_second_owner").cast(pl.Int64)
    return pl.sum_horizontal(
        has.cast(pl.Int64) * (1 if party_type == 31 else 1 + second) for party_type, has in _party_types()
    )


def _international() -> pl.Expr:
    number, filed = pl.col("case_no").cast(pl.String).str.zfill(7), _day_text(pl.col("filed"))
    extension = pl.concat_str(
        pl.lit("<international-registration><international-registration-number>"),
        number,
        pl.lit("</international-registration-number>"),
        *[
            _element(name, filed)
            for name in (
                "international-registration-date",
                "international-publication-date",
                "international-renewal-date",
                "auto-protection-date",
            )
        ],
        pl.lit("<international-status-code>108</international-status-code>"),
        _element("international-status-date", filed),
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
        _element("original-filing-date-uspto", filed),
        pl.when(pl.col("case_no") % 2 == 0)
        .then(_element("international-registration-number", pl.lit("1") + number.str.slice(1)))
        .otherwise(pl.lit("")),
        pl.lit("<international-status-code>400</international-status-code>"),
        _element("international-status-date", filed),
        pl.lit("<madrid-history-events><madrid-history-event><code>NEWAP</code>"),
        _element("date", filed),
        pl.lit(
            "<description-text>NEW APPLICATION FOR IR RECEIVED</description-text><entry-number>1</entry-number>"
            "</madrid-history-event></madrid-history-events></madrid-international-filing-record>"
            "</madrid-international-filing-requests>"
        ),
    )
    return _present(pl.when("is_extension").then(extension), pl.when("is_madrid").then(outgoing))


def _case_file() -> pl.Expr:
    defect = pl.col("defect").fill_null("")
    serial = (
        pl.when(defect == "pattern:serial_number").then(pl.col("serial_number").str.slice(1)).otherwise("serial_number")
    )
    registration = pl.when(pl.col("registered_day").is_not_null()).then("granted_number").otherwise(pl.lit("0000000"))
    transaction = (
        pl.when(defect == "type:transaction_date")
        .then(pl.lit("20241341"))
        .otherwise(_day_text(pl.col("transaction_day")))
    )
    return pl.concat_str(
        pl.lit("<case-file>"),
        _element("serial-number", serial),
        _element("registration-number", registration),
        _element("transaction-date", transaction),
        _header(),
        _statements(),
        _events(),
        _classifications(),
        pl.lit("<correspondent>"),
        _element("address-1", pl.col("attorney").str.to_uppercase()),
        _element("address-2", "law_firm"),
        pl.lit("<address-3>1 Example Street</address-3><address-4>ALEXANDRIA, VA 22313</address-4></correspondent>"),
        _owners(),
        _international(),
        pl.lit("</case-file>"),
    )


@lru_cache(maxsize=1)
def document_type() -> str:
    """The internal document type: every element that these files use, with the office's content models."""
    flags = [
        *["principal-register-amended", "supplemental-register-amended", "trademark", "collective-trademark"],
        *["service-mark", "collective-service-mark", "collective-membership-mark", "certification-mark"],
        *_INDICATORS_BEFORE_USE,
        *["section-8-filed", "section-8-partial-accept", "section-8-accepted", "section-15-acknowledged"],
        *["section-15-filed", "supplemental-register", "foreign-priority", "change-registration"],
        *["intent-to-use", "intent-to-use-current", "filed-as-use-application", "amended-to-use-application"],
        *["use-application-currently", *_INDICATORS_OF_BASIS, "standard-characters-claimed"],
        *["filing-basis-filed-as-66a", "filing-basis-current-66a"],
    ]
    header = [*_HEADER_START, *[f"{flag}-in" for flag in flags], *_HEADER_END]
    models = dict(_CONTENT)
    models["case-file-header"] = ", ".join(f"{name}?" for name in header)
    named = {word.strip("?*+ ") for model in models.values() for part in model.split(",") for word in part.split("|")}
    lines = [f"<!ELEMENT {name} ({model})>" for name, model in models.items()]
    lines += [f"<!ELEMENT {name} (#PCDATA)>" for name in sorted(named - set(models))]
    return "<!DOCTYPE trademark-applications-daily [\n" + "\n".join(lines) + "\n]>"


def _write(out: Deliveries, night: int, name: str, cases: pl.DataFrame) -> None:
    path = out.path(night, SOURCE, name)
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"{document_type()}\n<trademark-applications-daily><version><version-no>2.0</version-no>"
        "<version-date>20041108</version-date></version>"
        f"<creation-datetime>{night_date(night):%Y%m%d}2208</creation-datetime><application-information>"
        "<file-segments><file-segment>TRMK</file-segment><action-keys><action-key>TX</action-key>"
    )
    write_text(pl.Series([head]), path, "wb")
    for part in slices(cases, CHUNK):
        write_text(part.select(xml=_case_file())["xml"], path)
    tail = "</action-keys></file-segments></application-information></trademark-applications-daily>"
    write_text(pl.Series([tail]), path)
    out.written(night, path, len(cases), broken_records(cases))


def _truth(cases: pl.DataFrame) -> pl.DataFrame:
    def day(column: str) -> pl.Expr:
        return pl.col(column).cast(pl.Int32).cast(pl.Date)

    partial = pl.col("is_filing_partial")
    return (
        cases.filter(pl.col("defect").is_null())
        .sort("case_no")
        .select(
            office_code=pl.lit("US"),
            application_no="serial_number",
            registration_no=pl.when(pl.col("registered_day").is_not_null()).then("granted_number"),
            mark_text="mark_text",
            status_code="status",
            filing_date=pl.when(~partial).then(day("filed")),
            filing_date_text=pl.when(partial)
            .then(day("filed").dt.to_string("%Y-%m"))
            .otherwise(day("filed").dt.to_string("%Y-%m-%d")),
            registration_date=day("registered_day"),
            expiry_date=pl.lit(None, pl.Date),
            owner_uscc="owner_uscc",
            owner_name="owner_name",
            n_owner_entries=_n_owner_entries(),
            n_classes=1
            + pl.col("class_2").is_not_null().cast(pl.Int64)
            + pl.col("class_3").is_not_null().cast(pl.Int64),
            n_events=pl.col("n_milestones") + pl.col("version") - 1,
            last_night=pl.col("last_night").cast(pl.Int64),
        )
    )
