"""Lists of recognitions: the decisions on them, the rewards paid, exporters and values of brands.

A recipient has the same misprint (pipelines/simulation/misprints.py) in all decisions on a recognition. Otherwise a
name that cannot be linked to its firm would make a recognition of its own.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects, write_csv
from pipelines.simulation.enterprises import with_wrong_check_digit
from pipelines.simulation.nights import night_date
from pipelines.simulation.offices.recognition_list.decisions import (
    SOURCE,
    STATES,
    last_events,
    new_cases,
    new_decisions,
    nominations,
    past_events,
)
from pipelines.simulation.offices.recognition_list.lists import (
    held_by_firms,
    list_brand_values,
    list_exporters,
    pay_rewards,
)
from pipelines.simulation.world import World

RULES = ["required:recipient_name", "type:decided_date", "uscc:uscc"]
RECOGNITIONS_PER_THOUSAND_MARKS = 80

_NATIONAL_HEADER = ["奖项", "届次", "事项", "级别", "日期", "获奖单位", "对象类别", "品牌或产品", "统一社会信用代码"]
_LOCAL_HEADER = ["称号", "批次", "决定", "层级", "公布日期", "企业名称", "类别", "品牌", "统一社会信用代码"]


def deliver(world: World, out: Deliveries) -> None:
    """Write the past decisions on the first night, new ones on later nights, and the other lists on the first night."""
    n_first = world.count(RECOGNITIONS_PER_THOUSAND_MARKS, 12)
    cases = first_cases = new_cases(world, 1, n_first)
    events = past_events(world, cases)
    sound_events: list[pl.DataFrame] = []
    for night in range(1, world.nights + 1):
        if night > 1:
            new = new_cases(world, night, max(2, n_first // 40)).join(cases, on=["holder", "scheme_no"], how="anti")
            open_cases = last_events(pl.concat(sound_events))
            events = pl.concat(
                [nominations(new, night), new_decisions(world, night, cases, open_cases, max(2, n_first // 40))]
            )
            cases = pl.concat([cases, new])
        sound_events.append(_deliver_night(world, out, night, cases, events))
    out.truth("recognitions", _truth(world, cases, pl.concat(sound_events)))
    held = held_by_firms(world, first_cases, sound_events[0])
    pay_rewards(out, held)
    list_exporters(world, out)
    list_brand_values(world, out, held)


def _deliver_night(
    world: World, out: Deliveries, night: int, cases: pl.DataFrame, events: pl.DataFrame
) -> pl.DataFrame:
    """Write a night's decisions, one file of national and one of local offices, and return the sound events."""
    known = world.firms_at(night).select("enterprise_no", "uscc", "name_then", "former_names", "is_registered")
    rows = events.join(cases.drop("precision"), on=["holder", "scheme_no"], how="left", maintain_order="left").join(
        known, on="enterprise_no", how="left", maintain_order="left"
    )
    national = pl.col("level") == "国家"
    sound: list[pl.DataFrame] = []
    for file_no, (office, is_national) in enumerate([("国家", True), ("地方", False)]):
        own = rows.filter(national if is_national else ~national)
        if own.is_empty():
            continue
        own = with_defects(own, world.defects(SOURCE, len(own), RULES, night, file_no))
        # A brand has no code that could be wrong.
        own = own.with_columns(
            defect=pl.when((pl.col("defect") == "uscc:uscc") & pl.col("is_brand_only"))
            .then(pl.lit("required:recipient_name"))
            .otherwise("defect")
        )
        encoding = ["utf-8", "gb18030"][(night + file_no + 1) % 2]
        path = out.path(night, SOURCE, f"认定决定_{office}_{night_date(night):%Y%m%d}.csv")
        write_csv(_as_printed(own, columns=_NATIONAL_HEADER if is_national else _LOCAL_HEADER), path, encoding)
        out.written(night, path, len(own), broken_records(own), encoding=encoding)
        mentions = own.select(
            "uscc",
            "is_registered",
            "corruption",
            "is_declared",
            "defect",
            "is_brand_only",
            reference=pl.concat_str(pl.lit(f"{path.name}:"), pl.int_range(1, pl.len() + 1)),
            printed=_printed(),
            printed_uscc=pl.when("names_code").then("uscc"),
        )
        out.mentioned(
            night, SOURCE, "recipient", mentions.filter(pl.col("defect").is_null() & ~pl.col("is_brand_only"))
        )
        sound.append(own.filter(pl.col("defect").is_null()))
    decided = pl.concat(sound) if sound else with_defects(rows, world.defects(SOURCE, 0, RULES, night))
    out.truth(
        "recognition_events",
        decided.select(
            "scheme",
            "edition",
            "event",
            decided_date=pl.when(pl.col("precision") == "day").then("day"),
            decided_date_text=_decided(),
            recipient_name=_recipient(),
            uscc=pl.when(~pl.col("is_brand_only")).then("uscc"),
            night=pl.lit(night, pl.Int64),
        ),
    )
    return decided.select(events.columns)


def _as_printed(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    defect = pl.col("defect").fill_null("")
    printed = _printed()
    code = pl.when(pl.col("names_code") & ~pl.col("is_brand_only")).then("uscc")
    values = [
        pl.col("scheme"),
        pl.col("edition"),
        pl.col("event"),
        pl.col("level"),
        pl.when(defect == "type:decided_date").then(pl.lit("2024-13-41")).otherwise(_decided()),
        pl.when(defect != "required:recipient_name").then(printed),
        pl.when("is_brand_only").then(pl.lit("品牌(无企业名)")).otherwise(pl.lit("企业")),
        pl.when("for_product").then("brand"),
        pl.when(defect == "uscc:uscc").then(with_wrong_check_digit(pl.col("uscc"))).otherwise(code),
    ]
    return rows.select(
        *[value.alias(name) for value, name in zip(values, columns, strict=True)],
        pl.col("region_name").alias("地区"),
        pl.concat_str(
            pl.lit("模拟发〔"), pl.col("day").dt.year().cast(pl.String), pl.lit("〕"), "scheme_no", pl.lit("号")
        ).alias("文号"),
    )


def _decided() -> pl.Expr:
    """The date of the decision as precisely as it is known."""
    return (
        pl.when(pl.col("precision") == "year")
        .then(pl.col("day").dt.to_string("%Y"))
        .when(pl.col("precision") == "month")
        .then(pl.col("day").dt.to_string("%Y-%m"))
        .otherwise(pl.col("day").dt.to_string("%Y-%m-%d"))
    )


def _recipient() -> pl.Expr:
    return pl.when("is_brand_only").then("brand").otherwise("name_then")


def _printed() -> pl.Expr:
    """The recipient as printed: its name of that night, sometimes with a former name, or a misprint."""
    former = pl.col("former_names").str.split("；").list.first()
    return (
        pl.when("is_brand_only")
        .then("brand")
        .when(pl.col("corruption") != "clean")
        .then("printed")
        .when(former.is_not_null() & pl.col("names_former"))
        .then(pl.concat_str("name_then", pl.lit("（原"), former, pl.lit("）")))
        .otherwise("name_then")
    )


def _truth(world: World, cases: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row per recipient and scheme, in the state after its last sound decision."""
    last = last_events(events)
    known = world.firms_at(world.nights).select("enterprise_no", "uscc", "name_then")
    return (
        last.join(cases.drop("precision"), on=["holder", "scheme_no"], how="inner", maintain_order="left")
        .join(known, on="enterprise_no", how="left", maintain_order="left")
        .sort("scheme_no", "holder")
        .select(
            scheme_name="scheme",
            edition=pl.when(pl.col("edition") != "").then("edition"),
            level="level",
            recipient_name=_recipient(),
            recipient_uscc=pl.when(~pl.col("is_brand_only")).then("uscc"),
            object_name=pl.when("for_product").then("brand"),
            state=pl.col("event").replace_strict(STATES, return_dtype=pl.String),
            last_event="event",
            last_decided_text=_decided(),
        )
    )
