"""Owners of case files, repeated at each stage of the file."""

from __future__ import annotations

import polars as pl

from pipelines.simulation.offices.uspto_trademark.elements import element, escaped, present


def owners() -> pl.Expr:
    """The owner entries, the newest stage first."""
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
        element("party-name", escaped("party_name")),
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
    return present(pl.lit("<case-file-owners>"), *parts, pl.lit("</case-file-owners>"))


def n_owner_entries() -> pl.Expr:
    """How many owner entries `owners` writes."""
    second = pl.col("has_second_owner").cast(pl.Int64)
    return pl.sum_horizontal(
        has.cast(pl.Int64) * (1 if party_type == 31 else 1 + second) for party_type, has in _party_types()
    )


def _party_types() -> list[tuple[int, pl.Expr]]:
    """Party types, newest first, with the case files that have them: an owner is repeated at each stage."""
    registered, published = pl.col("registered_day").is_not_null(), pl.col("published_day").is_not_null()
    always = pl.col("case_no").is_not_null()
    return [(31, registered & pl.col("is_assigned")), (30, registered), (20, published), (10, always)]
