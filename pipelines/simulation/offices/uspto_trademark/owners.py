"""Owners of case files: an entry for each stage of the file."""

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

    def entry(number: int, party_type: int, party: pl.Expr) -> pl.Expr:
        head = f"<case-file-owner><entry-number>{number}</entry-number><party-type>{party_type}</party-type>"
        change = "<name-change-explanation>NC30000001ASSIGNEE OF</name-change-explanation>" if party_type == 31 else ""
        return pl.concat_str(pl.lit(head), party, pl.lit(f"{change}</case-file-owner>"))

    entries: list[pl.Expr] = []
    for party_type, is_present in _party_types():
        party = owner if party_type == 31 else pl.when(was_assigned).then(former).otherwise(owner)
        entries.append(pl.when(is_present).then(entry(1, party_type, party)))
        if party_type != 31:
            entries.append(pl.when(is_present & pl.col("has_second_owner")).then(entry(2, party_type, second)))
    return present(pl.lit("<case-file-owners>"), *entries, pl.lit("</case-file-owners>"))


def n_owner_entries() -> pl.Expr:
    """How many owner entries `owners` writes."""
    second = pl.col("has_second_owner").cast(pl.Int64)
    return pl.sum_horizontal(
        is_present.cast(pl.Int64) * (1 if party_type == 31 else 1 + second) for party_type, is_present in _party_types()
    )


def _party_types() -> list[tuple[int, pl.Expr]]:
    """Party types, newest first, with the condition of a case file that has an owner entry of that type."""
    registered, published = pl.col("registered_day").is_not_null(), pl.col("published_day").is_not_null()
    always = pl.col("case_no").is_not_null()
    return [(31, registered & pl.col("is_assigned")), (30, registered), (20, published), (10, always)]
