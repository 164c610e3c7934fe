"""Recognition decisions: nominations, awards, reviews, removals and revocations along the ladders of schemes.

A recipient is printed as lists print names (pipelines/simulation/misprints.py), the same way in every decision on one
recognition: what nobody can tie to its firm would otherwise be a recognition of its own.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects, write_csv
from pipelines.simulation.draws import as_columns
from pipelines.simulation.enterprises import with_wrong_check_digit
from pipelines.simulation.misprints import CODED_SHARE
from pipelines.simulation.nights import day_number, days_before, night_date
from pipelines.simulation.world import World

SOURCE = "recognition_list"
RULES = ["required:recipient_name", "type:decided_date", "uscc:uscc"]
RECOGNITIONS_PER_THOUSAND_MARKS = 80

# Scheme, edition, level, event that nominates, event that grants, year of the grant, is for a product, is reviewed.
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
_STATES = {
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

# What the action plan of Wuhan pays for each rung, in CNY.
_REWARDS = {
    "武汉老字号": 100_000,
    "湖北老字号": 300_000,
    "中华老字号": 500_000,
    "武汉精品": 100_000,
    "湖北精品": 300_000,
}
_SERVICES = ["餐饮", "商贸", "科技"]
EXPORTER_SHARE = 0.15
BRAND_VALUES_PER_THOUSAND_MARKS = 6


def deliver(world: World, out: Deliveries) -> None:
    """Write the decisions of the past on the first night, then what was decided since, and the lists beside them."""
    n_first = world.count(RECOGNITIONS_PER_THOUSAND_MARKS, 12)
    cases = first_cases = _cases(world, 1, n_first)
    events = _past_events(world, cases)
    every: list[pl.DataFrame] = []
    for night in range(1, world.nights + 1):
        if night > 1:
            new = _cases(world, night, max(2, n_first // 40)).join(cases, on=["holder", "scheme_no"], how="anti")
            open_cases = _last_events(pl.concat(every))
            events = pl.concat(
                [_nominations(new, night), _decisions(world, night, cases, open_cases, max(2, n_first // 40))]
            )
            cases = pl.concat([cases, new])
        every.append(_deliver_night(world, out, night, cases, events))
    out.truth("recognitions", _truth(world, cases, pl.concat(every)))
    held = _held_by_firms(world, first_cases, every[0])
    _pay_rewards(out, held)
    _list_exporters(world, out)
    _list_brand_values(world, out, held)


def _cases(world: World, night: int, n: int) -> pl.DataFrame:
    """Who is up for what, once per recipient and scheme. `holder` is the enterprise's number or, below 0, a brand's."""
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
            **{name: chosen[name] for name in ("brand", "place", "printed", "corruption", "is_declared")},
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


def _event(cases: pl.DataFrame, event: pl.Expr, day: pl.Expr, precision: str = "day") -> pl.DataFrame:
    return cases.select(
        "holder",
        "scheme_no",
        event=event,
        day=day.cast(pl.Int32).cast(pl.Date),
        precision=pl.lit(precision),
    )


def _past_events(world: World, cases: pl.DataFrame) -> pl.DataFrame:
    """What had been decided before the first night: most nominees granted, some reviewed, a few removed or revoked."""
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
    outcome = (
        pl.when(fate < 0.34)
        .then(pl.lit("复核通过"))
        .when(fate < 0.41)
        .then(pl.lit("附条件通过"))
        .otherwise(pl.lit("移出名录"))
    )
    parts = [
        _event(waiting, pl.col("nominating"), pl.min_horizontal(granted_day - 30, pl.lit(last))),
        _event(public, pl.col("nominating"), granted_day - 28),
        _event(public, pl.col("granting"), granted_day),
        _event(single.filter(pl.col("precision") < 0.03), pl.col("granting"), granted_day, "month"),
        _event(single.filter(pl.col("precision") >= 0.03), pl.col("granting"), granted_day, "year"),
        _event(reviewed, outcome, reviewed_day),
        _event(revoked, pl.lit("撤销"), reviewed_day),
    ]
    return pl.concat(parts).sort("scheme_no", "day", "holder", maintain_order=True)


def _nominations(new: pl.DataFrame, night: int) -> pl.DataFrame:
    return _event(new, pl.col("nominating"), pl.lit(day_number(days_before(night, 6))))


def _last_events(events: pl.DataFrame) -> pl.DataFrame:
    return events.sort("day", maintain_order=True).group_by("holder", "scheme_no", maintain_order=True).last()


def _decisions(world: World, night: int, cases: pl.DataFrame, last: pl.DataFrame, n: int) -> pl.DataFrame:
    """Grants to earlier nominees, removals and revocations of what is held."""
    order = world.random(SOURCE, "decisions", night).permutation(len(last))
    day = pl.lit(day_number(days_before(night, 3)))
    open_cases = last[order].join(
        cases.drop("precision"), on=["holder", "scheme_no"], how="inner", maintain_order="left"
    )
    state = pl.col("event").replace_strict(_STATES, return_dtype=pl.String)
    # One whose day is not known to the day cannot be put in order with a later decision of the same year.
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


def _deliver_night(
    world: World, out: Deliveries, night: int, cases: pl.DataFrame, events: pl.DataFrame
) -> pl.DataFrame:
    """Write a night's decisions, national and local offices apart, and return the sound events."""
    known = world.firms_at(night).select("enterprise_no", "uscc", "name_then", "former_names", "is_registered")
    rows = events.join(cases.drop("precision"), on=["holder", "scheme_no"], how="left", maintain_order="left").join(
        known, on="enterprise_no", how="left", maintain_order="left"
    )
    national = pl.col("level") == "国家"
    sound: list[pl.DataFrame] = []
    for part, (office, is_national) in enumerate([("国家", True), ("地方", False)]):
        own = rows.filter(national if is_national else ~national)
        if own.is_empty():
            continue
        own = with_defects(own, world.defects(SOURCE, len(own), RULES, night, part))
        # Only a firm can carry a wrong code.
        own = own.with_columns(
            defect=pl.when((pl.col("defect") == "uscc:uscc") & pl.col("is_brand_only"))
            .then(pl.lit("required:recipient_name"))
            .otherwise("defect")
        )
        encoding = ["utf-8", "gb18030"][(night + part + 1) % 2]
        path = out.path(night, SOURCE, f"认定决定_{office}_{night_date(night):%Y%m%d}.csv")
        write_csv(_table(own, columns=_NATIONAL_HEADER if is_national else _LOCAL_HEADER), path, encoding)
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


_NATIONAL_HEADER = ["奖项", "届次", "事项", "级别", "日期", "获奖单位", "对象类别", "品牌或产品", "统一社会信用代码"]
_LOCAL_HEADER = ["称号", "批次", "决定", "层级", "公布日期", "企业名称", "类别", "品牌", "统一社会信用代码"]


def _decided() -> pl.Expr:
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
    """The recipient as printed: under its name of that night, with the former one where it helps, or corrupted."""
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


def _table(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
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
        pl.col("place").alias("地区"),
        pl.concat_str(
            pl.lit("模拟发〔"), pl.col("day").dt.year().cast(pl.String), pl.lit("〕"), "scheme_no", pl.lit("号")
        ).alias("文号"),
    )


def _truth(world: World, cases: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row per recipient and scheme with the state that its last sound decision left."""
    last = _last_events(events)
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
            state=pl.col("event").replace_strict(_STATES, return_dtype=pl.String),
            last_event="event",
            last_decided_text=_decided(),
        )
    )


def _held_by_firms(world: World, cases: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """What firms hold after the first night, by scheme and holder: the case with code and name of the firm."""
    return (
        _last_events(events)
        .filter(pl.col("event").replace_strict(_STATES, return_dtype=pl.String) == "held", pl.col("precision") == "day")
        .join(cases.drop("precision"), on=["holder", "scheme_no"], maintain_order="left")
        .filter(~pl.col("is_brand_only"))
        .join(
            world.enterprises_at(1).select("enterprise_no", "uscc", "name_then"),
            on="enterprise_no",
            maintain_order="left",
        )
        .sort("scheme_no", "holder")
    )


def _write_list(out: Deliveries, name: str, rows: pl.DataFrame) -> None:
    """Write a list that has no broken record, on the first night; an empty one is not sent."""
    if not rows.is_empty():
        path = out.path(1, SOURCE, name)
        write_csv(rows, path, "utf-8")
        out.written(1, path, len(rows), pl.DataFrame(schema={"record_no": pl.Int64, "rule": pl.String}))


def _list_of_firms(
    held: pl.DataFrame, day: date, scheme: pl.Expr, edition: pl.Expr, event: str, level: pl.Expr, document_no: str
) -> pl.DataFrame:
    """The columns of a list about what firms hold, on one day and by one document."""
    return held.select(
        奖项=scheme,
        届次=edition,
        事项=pl.lit(event),
        级别=level,
        日期=pl.lit(f"{day:%Y-%m-%d}"),
        获奖单位="name_then",
        对象类别=pl.lit("企业"),
        品牌或产品="brand",
        统一社会信用代码="uscc",
        地区="place",
        文号=pl.lit(document_no),
    )


def _pay_rewards(out: Deliveries, held: pl.DataFrame) -> None:
    """Every other reward of Wuhan was paid: half, whole and stated, or whole without its amount."""
    day = days_before(1, 8)
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    reward = pl.col("scheme").replace_strict(_REWARDS, return_dtype=pl.Int64)
    paid = (
        held.filter(pl.col("scheme").is_in(list(_REWARDS)), pl.col("place") == "湖北武汉")
        .gather_every(2)
        .with_columns(amount=pl.when(number % 3 == 0).then(reward // 2).when(number % 3 == 1).then(reward))
    )
    rows = _list_of_firms(
        paid, day, pl.col("scheme"), pl.col("edition"), "奖励发放", pl.col("level"), "模拟奖〔2024〕1号"
    )
    rows = rows.with_columns(paid["amount"].cast(pl.String).fill_null("").alias("发放金额(元)"))
    _write_list(out, f"奖励发放_武汉_{day:%Y%m%d}.csv", rows)
    out.truth(
        "reward_payments",
        paid.select(
            scheme_name="scheme",
            recipient_uscc="uscc",
            object_name="brand",
            paid_cny=pl.col("amount").cast(pl.Float64),
            reward_cny=reward.cast(pl.Float64),
            paid_date=pl.lit(day),
        ),
    )


def _list_exporters(world: World, out: Deliveries) -> None:
    """The industrial exporters among the firms of the first night, a few however small the world."""
    makers = world.enterprises_at(1).filter(~pl.col("industry").is_in(_SERVICES))
    draw = pl.Series(world.random(SOURCE, "exporters").random(len(makers)))
    exporters = makers.filter((draw < EXPORTER_SHARE) | (pl.Series(range(len(makers))) < 3))
    day = date(2024, 1, 31)
    rows = exporters.select(
        名录=pl.lit("工业出口企业"),
        年度=pl.lit("2023"),
        事项=pl.lit("登记"),
        层级=pl.lit("市"),
        日期=pl.lit(f"{day:%Y-%m-%d}"),
        企业名称="name_then",
        类别=pl.lit("企业"),
        品牌=pl.lit(""),
        统一社会信用代码="uscc",
        地区="place",
        文号=pl.lit("模拟商〔2024〕1号"),
    )
    _write_list(out, f"工业出口企业名录_{day:%Y%m%d}.csv", rows)
    listed = exporters.select(recipient_uscc="uscc", recipient_name="name_then", listed_date=pl.lit(day))
    out.truth("exporters", listed)


def _list_brand_values(world: World, out: Deliveries, held: pl.DataFrame) -> None:
    """What a publisher states the brands of some holders to be worth."""
    firms = held.unique("enterprise_no", keep="first", maintain_order=True)
    generator = world.random(SOURCE, "brand values")
    chosen = np.sort(generator.permutation(len(firms))[: world.count(BRAND_VALUES_PER_THOUSAND_MARKS, 3)])
    valued = firms[chosen].with_columns(value=pl.Series(generator.integers(50, 5000, len(chosen)) * 10_000_000))
    day = date(2023, 6, 15)
    scheme, edition, level = pl.lit("中国500最具价值品牌"), pl.lit("2023"), pl.lit("国家")
    rows = _list_of_firms(valued, day, scheme, edition, "入选", level, "")
    rows = rows.with_columns(valued["value"].cast(pl.String).alias("品牌价值(元)"))
    _write_list(out, f"中国500最具价值品牌_{day:%Y%m%d}.csv", rows)
    out.truth(
        "brand_values",
        valued.select(
            recipient_uscc="uscc",
            object_name="brand",
            value_cny=pl.col("value").cast(pl.Float64),
            valued_date=pl.lit(day),
        ),
    )
