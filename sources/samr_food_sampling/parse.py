"""Notices of food sampling: which table a row is in, composite producers, and failing items with result and limit.

A record is a row of a notice's table; a sample that fails on several items takes several rows when the notice merges
its other cells, or one row whose items are separated by semicolons.
"""

from __future__ import annotations

import polars as pl

_NULLS = ["/", "—", "——", "---", "--", "-", "无", "／", "", "\\", "n/a"]
_ROLE = r"(?:标称)?(?:委托商厂名|委托商|委托方|委托单位|委托企业|委托生产商|经销商|进口商)"
_MADE_BY = (
    r"(?:标称)?(?:受委托商|受委托方|受委托单位|受托方|受委托企业|被委托方|生产商|生产企业|生产者|生产单位|制造商)"
)
_PASS_WORDS = r"(?i)qualified samples|(?:^|[^不])合格样品|(?:^|[^不])合格产品|^合格$|结果[=:：]?合格"
_FAIL_WORDS = r"不合格"
_NUMBER = r"^[<≤>≥＜＞约]*\s*(\d+(?:\.\d+)?)\s*(.*)$"
_POWER = r"^[<≤>≥＜＞约]*\s*(\d+(?:\.\d+)?)\s*[×xX*]\s*10\^?([1-9]\d?)\s*([^0-9].*)?$"
# 5×100 is neither a number nor a power whose superscript was lost.
_PRODUCT = r"\d\s*[×xX*]\s*\d"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """`sample_row` with result, roles and dates apart, and one `finding` per failing item."""
    rows = tables["sample_row"]
    if not len(rows):
        return {"sample_row": rows, "finding": _no_findings()}
    texts = [c for c in rows.columns if rows.schema[c] == pl.String and not c.startswith("_")]
    rows = rows.with_columns(
        pl.when(pl.col(c).str.strip_chars().is_in(_NULLS)).then(None).otherwise(pl.col(c)).alias(c) for c in texts
    )
    for name in ("failed_items", "item_name", "item_result", "item_limit", "remark", "producer", "agency"):
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.String).alias(name))
    rows = rows.with_columns(
        result=_result(),
        is_recheck=pl.any_horizontal(
            pl.col(c).str.contains("复检|复查").fill_null(False) for c in ("remark", "_title", "_sheet")
        ),
        producer_name=_maker(),
        commissioner_name=_commissioner(),
    )
    findings = _findings(rows)
    return {"sample_row": rows.drop("_sheet", "_title"), "finding": findings}


def _result() -> pl.Expr:
    """fail or pass, from what the row, its sheet or the title says; a table that says nothing lists failures."""
    items = pl.col("failed_items").is_not_null() | pl.col("item_name").is_not_null()
    told = pl.concat_str(pl.col("_sheet"), pl.col("_title"), separator=" ", ignore_nulls=True)
    passes = pl.col("remark").str.contains(_PASS_WORDS) & ~pl.col("remark").str.contains(_FAIL_WORDS)
    return (
        pl.when(items)
        .then(pl.lit("fail"))
        .when(passes.fill_null(False))
        .then(pl.lit("pass"))
        .when(told.str.contains(_FAIL_WORDS))
        .then(pl.lit("fail"))
        .when(told.str.contains(_PASS_WORDS) | pl.col("_sheet").str.contains("合格"))
        .then(pl.lit("pass"))
        .otherwise(pl.lit("fail"))
    )


def _part(role: str) -> pl.Expr:
    """The name after a role word in a composite cell (委托方：A；受委托方：B)."""
    return pl.col("producer").str.extract(rf"(?:^|[;；,，\s]){role}(?:名称)?\s*[:：]\s*([^;；]+?)\s*(?:[;；]|$)", 1)


def _maker() -> pl.Expr:
    composite = pl.col("producer").str.contains(rf"(?:^|[;；,，\s])(?:{_ROLE}|{_MADE_BY})(?:名称)?\s*[:：]")
    return pl.when(composite).then(pl.coalesce(_part(_MADE_BY), _part(_ROLE))).otherwise(pl.col("producer"))


def _commissioner() -> pl.Expr:
    return pl.when(_part(_MADE_BY).is_not_null()).then(_part(_ROLE))


def _no_findings() -> pl.DataFrame:
    texts = ["item_name", "result_text", "result_unit", "limit_text"]
    return pl.DataFrame(
        schema={
            "record_no": pl.Int64,
            "item_no": pl.Int64,
            **dict.fromkeys(texts, pl.String),
            "result_value": pl.Float64,
            "is_exponent_restored": pl.Boolean,
        }
    )


def _findings(rows: pl.DataFrame) -> pl.DataFrame:
    own = rows.filter(pl.col("item_name").is_not_null()).select(
        "record_no", item_name="item_name", result_text="item_result", limit_text="item_limit"
    )
    cells = (
        rows.filter(pl.col("failed_items").is_not_null() & pl.col("item_name").is_null())
        .select("record_no", item=pl.col("failed_items").str.replace_all(r"‖|\|\||\|", "║").str.split("；"))
        .explode("item", empty_as_null=True)
        # A Latin semicolon also separates items, but not inside n=5;c=2.
        .with_columns(
            item=pl.when(pl.col("item").str.contains("║"))
            .then(pl.concat_list("item"))
            .otherwise(pl.col("item").str.split(";"))
        )
        .explode("item", empty_as_null=True)
        .filter(pl.col("item").str.strip_chars() != "")
        .with_columns(fields=pl.col("item").str.splitn("║", 3))
        .select(
            "record_no",
            item_name=pl.col("fields").struct.field("field_0"),
            result_text=pl.col("fields").struct.field("field_1"),
            limit_text=pl.col("fields").struct.field("field_2"),
        )
    )
    findings = pl.concat([own, cells]).sort("record_no", maintain_order=True)
    if not len(findings):
        return _no_findings()
    clean = [pl.col(c).str.strip_chars().alias(c) for c in ("item_name", "result_text", "limit_text")]
    power = pl.col("result_text").str.extract_groups(_POWER)
    plain = pl.col("result_text").str.extract_groups(_NUMBER)
    base = power.struct.field("1").cast(pl.Float64)
    exponent = power.struct.field("2").cast(pl.Int32)
    has_power = base.is_not_null() & ~pl.col("result_text").str.contains("[,，、;]")
    several = pl.col("result_text").str.contains(f"[,，、;]|{_PRODUCT}") & ~has_power
    return (
        findings.with_columns(clean)
        .with_columns(
            result_value=pl.when(has_power)
            .then(base * pl.lit(10.0).pow(exponent))
            .when(~several)
            .then(plain.struct.field("1").cast(pl.Float64, strict=False)),
            result_unit=pl.when(has_power)
            .then(power.struct.field("3").str.strip_chars())
            .when(~several)
            .then(plain.struct.field("2").str.strip_chars()),
            is_exponent_restored=(has_power & ~pl.col("result_text").str.contains("^", literal=True)).fill_null(False),
        )
        .with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
    )
