"""Decisions on recognitions: nominations, grants, reviews, removals and revocations, by scheme."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.draws import as_columns
from pipelines.simulation.misprints import CODED_SHARE
from pipelines.simulation.nights import day_number, days_before
from pipelines.simulation.world import World

SOURCE = "recognition_list"

# Scheme, edition, level, event of a nomination, event of a grant, year of the grant, is for a product, is reviewed.
_SCHEMES: list[tuple[str, str, str, str, str, int, bool, bool]] = [
    ("中华老字号", "第三批", "国家", "拟推荐公示", "认定", 2024, True, True),
    ("中国驰名商标", "", "国家", "公示", "认定", 2023, True, False),
    ("中国质量奖", "第五届", "国家", "候选", "授予", 2023, False, False),
    ("中国质量奖提名奖", "第五届", "国家", "候选", "授予", 2023, False, False),
    ("中国消费名品", "首批", "国家", "公示", "入选", 2024, True, False),
    ("湖北老字号", "第三批", "省", "公示", "认定", 2022, True, True),
    ("湖北精品", "首届", "省", "公示", "认定", 2024, True, False),
    ("长江质量奖", "第九届", "省", "公示", "授予", 2023, False, False),
    ("长江质量奖提名奖", "第九届", "省", "公示", "授予", 2023, False, False),
    ("武汉老字号", "第二批", "市", "公示", "认定", 2023, True, True),
    ("武汉精品", "2023", "市", "公示", "认定", 2023, True, False),
    ("武汉名品", "2022", "市", "公示", "认定", 2022, True, False),
    ("武汉市市长质量奖", "第七届", "市", "公示", "授予", 2023, False, False),
    ("区长质量奖", "第四届", "区县", "公示", "授予", 2023, False, False),
    ("安徽老字号", "第五批", "省", "公示", "认定", 2022, True, True),
    ("安徽名牌", "2022", "省", "公示", "认定", 2022, True, False),
    ("安徽著名商标", "2022", "省", "公示", "认定", 2022, True, False),
    ("山东老字号", "第七批", "省", "公示", "认定", 2023, True, True),
    ("好品山东", "第三批", "省", "公示", "认定", 2024, True, False),
]
_NATIONAL = [0, 1, 2, 3, 4]
_HUBEI, _WUHAN, _ANHUI, _SHANDONG = [5, 6, 7, 8], [9, 10, 11, 12, 13], [14, 15, 16], [17, 18]
STATES = {
    "拟推荐公示": "nominated",
    "公示": "nominated",
    "候选": "nominated",
    "认定": "held",
    "授予": "held",
    "入选": "held",
    "复核通过": "held",
    "附条件通过": "conditional",
    "移出名录": "removed",
    "撤销": "revoked",
}


def new_cases(world: World, night: int, n: int) -> pl.DataFrame:
    """One row per recipient and scheme. `holder` is the number of an enterprise, or the negative number of a brand."""
    generator = world.random(SOURCE, "cases", night)
    chosen = world.named(generator, world.firms_at(night), n)
    schemes = np.zeros(n, dtype=np.int64)
    draw = generator.integers(0, 1_000_000, n)
    province, city = chosen["province"].to_numpy(), chosen["city"].to_numpy()
    groups = [
        (city == "武汉", _WUHAN + _WUHAN + _HUBEI + _NATIONAL),
        ((province == "湖北省") & (city != "武汉"), _HUBEI + _NATIONAL),
        (province == "安徽省", _ANHUI + _NATIONAL),
        (province == "山东省", _SHANDONG + _NATIONAL),
        (~np.isin(province, ["湖北省", "安徽省", "山东省"]), _NATIONAL),
    ]
    for mask, choices in groups:
        schemes[mask] = np.array(choices)[draw[mask] % len(choices)]
    names = ["scheme", "edition", "level", "nominating", "granting", "year", "for_product", "reviewed"]
    frame = pl.DataFrame(
        {
            "enterprise_no": chosen["enterprise_no"],
            **{name: chosen[name] for name in ("brand", "region_name", "printed", "corruption", "is_declared")},
            "scheme_no": schemes,
            **as_columns(_SCHEMES, schemes, names),
            "is_brand_only": (generator.random(n) < 0.04) & np.array([row[6] for row in _SCHEMES])[schemes],
            "fate": generator.random(n),
            "names_code": generator.random(n) < CODED_SHARE,
            "names_former": generator.random(n) < 0.3,
            "precision": generator.random(n),
            "case_night": np.full(n, night),
            "day_of_year": generator.integers(30, 110, n),
        }
    )
    number = pl.col("enterprise_no")
    return frame.with_columns(holder=pl.when("is_brand_only").then(-1 - number).otherwise(number)).unique(
        ["holder", "scheme_no"], keep="first", maintain_order=True
    )


def past_events(world: World, cases: pl.DataFrame) -> pl.DataFrame:
    """The decisions before the first night: most nominees are granted, some reviewed, a few removed or revoked."""
    granted_day = pl.date(pl.col("year"), 1, 1).cast(pl.Int32) + pl.col("day_of_year")
    fate = pl.col("fate")
    last = day_number(days_before(1, 5))
    waiting = cases.filter(fate < 0.2)
    granted = cases.filter(fate >= 0.2)
    single = granted.filter(pl.col("precision") < 0.06)
    public = granted.filter(pl.col("precision") >= 0.06)
    reviewed_day = pl.lit(day_number(date(2024, 4, 25)))
    reviewed = public.filter(pl.col("reviewed") & (fate < 0.45))
    revoked = public.filter(~pl.col("reviewed") & (fate > 0.98))
    review_event = (
        pl.when(fate < 0.34)
        .then(pl.lit("复核通过"))
        .when(fate < 0.41)
        .then(pl.lit("附条件通过"))
        .otherwise(pl.lit("移出名录"))
    )
    events = [
        _event(waiting, pl.col("nominating"), pl.min_horizontal(granted_day - 30, pl.lit(last))),
        _event(public, pl.col("nominating"), granted_day - 28),
        _event(public, pl.col("granting"), granted_day),
        _event(single.filter(pl.col("precision") < 0.03), pl.col("granting"), granted_day, "month"),
        _event(single.filter(pl.col("precision") >= 0.03), pl.col("granting"), granted_day, "year"),
        _event(reviewed, review_event, reviewed_day),
        _event(revoked, pl.lit("撤销"), reviewed_day),
    ]
    return pl.concat(events).sort("scheme_no", "day", "holder", maintain_order=True)


def nominations(new: pl.DataFrame, night: int) -> pl.DataFrame:
    """The nominations of a night's new cases."""
    return _event(new, pl.col("nominating"), pl.lit(day_number(days_before(night, 6))))


def new_decisions(world: World, night: int, cases: pl.DataFrame, last: pl.DataFrame, n: int) -> pl.DataFrame:
    """Grants to earlier nominees, and removals and revocations of recognitions that are held."""
    order = world.random(SOURCE, "decisions", night).permutation(len(last))
    day = pl.lit(day_number(days_before(night, 3)))
    open_cases = last[order].join(
        cases.drop("precision"), on=["holder", "scheme_no"], how="inner", maintain_order="left"
    )
    state = pl.col("event").replace_strict(STATES, return_dtype=pl.String)
    # A decision without a day cannot be ordered against a later decision of the same year.
    open_cases = open_cases.with_columns(state=state).filter(pl.col("precision") == "day")
    held = open_cases.filter(pl.col("state").is_in(["held", "conditional"]))
    removable = held.filter("reviewed").head(max(1, n // 3))
    revocable = held.filter(~pl.col("reviewed")).head(max(1, n // 4))
    return pl.concat(
        [
            _event(open_cases.filter(pl.col("state") == "nominated").head(n), pl.col("granting"), day),
            _event(removable, pl.lit("移出名录"), day),
            _event(revocable, pl.lit("撤销"), day),
        ]
    )


def last_events(events: pl.DataFrame) -> pl.DataFrame:
    """The last event of each recipient and scheme."""
    return events.sort("day", maintain_order=True).group_by("holder", "scheme_no", maintain_order=True).last()


def _event(cases: pl.DataFrame, event: pl.Expr, day: pl.Expr, precision: str = "day") -> pl.DataFrame:
    return cases.select(
        "holder",
        "scheme_no",
        event=event,
        day=day.cast(pl.Int32).cast(pl.Date),
        precision=pl.lit(precision),
    )
