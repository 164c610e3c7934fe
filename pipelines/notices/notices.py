"""Notices of inspection as offices lay them out: pass and fail tables, composite producers, failing items in a cell.

What every source of such notices shares; the header texts of each office are declared in its `source.yaml`. Cells
are read by their distinct values.
"""

from __future__ import annotations

import polars as pl

from pipelines.notices.items import NO_FINDINGS, findings_of_cells
from pipelines.notices.parties import NO_PARTIES, NULL_TEXTS, with_roles
from pipelines.notices.production_days import production_days

# Columns that the shaping reads where a table has them.
_READ = [
    "failed_items", "item_name", "item_result", "item_limit", "remark", "producer", "producer_address", "commissioner",
    "importer", "distributor", "conclusion", "recheck_conclusion", "lab_name", "production_date_text", "agency",
    "notice_no", "_sheet", "_title", "_file",
]  # fmt: skip

_FAILED = "不合格|不符合|未通过|不通过"
_PASSED = "合格|符合|通过"
_REFUSED = "拒检|拒绝(?:接受|监督|抽查|抽样|检验|检查|检测)"
_PASS_REMARK = r"(?i)^合格$|结果[=:：]?合格|(?:^|[^不])合格(?:样品|产品)|(?:^|[^n])qualified samples"
_FAIL_REMARK = r"(?i)结果[=:：]?不合格|不合格(?:样品|产品)|unqualified samples"
_NO_RECHECK = r"(?:不含|未|不|放弃|没有|无)[^，。；;,]{0,4}(?:复检|复查)"
_NOTICE_NO = r"((?:[12][0-9]{3}年)?第[0-9一二三四五六七八九十百零〇]+(?:期|号|批次|批|次|季度))"
_AGENCY = r"^\s*([\x{4e00}-\x{9fff}]{2,24}?(?:总局|监管局|监督管理局|质监局|技术监督局|药监局|监督局|管理委员会))"


def shaped(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`sample_row` with result, roles and days in columns; one `finding` per failing item; one `party` per role in a
    composite producer.

    `result` is pass, fail or refused: as the row states (its conclusion, an entry under 不合格项目, a remark), else its
    sheet, else the title, else the file's name; without any, the table lists failures. It is null where a row passes
    and names failing items. Items of a row that passes are what was tested, not findings.
    """
    if not len(rows):
        return {
            "sample_row": rows,
            "finding": pl.DataFrame(schema=NO_FINDINGS),
            "party": pl.DataFrame(schema=NO_PARTIES),
        }
    texts = [c for c in rows.columns if rows.schema[c] == pl.String and not c.startswith("_")]
    rows = rows.with_columns(
        pl.when(pl.col(c).str.strip_chars().is_in(NULL_TEXTS)).then(None).otherwise(pl.col(c)).alias(c) for c in texts
    ).with_columns(pl.lit(None, pl.String).alias(c) for c in _READ if c not in rows.columns)
    rows = _conclusion_in_the_result_column(rows)
    rows = rows.with_columns(result=_result(), is_recheck=_is_recheck())
    rows = _with_notice(rows)
    rows, parties = with_roles(rows)
    days = production_days(rows["production_date_text"])
    rows = rows.with_columns(production_date=days["first"], last_production_date=days["last"])
    return {"sample_row": rows, "finding": findings_of_cells(rows), "party": parties}


def _stated_result(text: pl.Expr) -> pl.Expr:
    """fail or pass where a text names one of them; null where it names both or none."""
    fails = text.str.contains(_FAILED)
    passes = text.str.replace_all(_FAILED, "").str.contains("合格")
    return pl.when(fails & ~passes).then(pl.lit("fail")).when(passes & ~fails).then(pl.lit("pass"))


def _concluded(name: str) -> pl.Expr:
    """The conclusion in a cell of its own, where 所检项目符合标准 passes too."""
    text = pl.col(name)
    return (
        pl.when(text.str.contains(_REFUSED))
        .then(pl.lit("refused"))
        .when(text.str.contains(_FAILED))
        .then(pl.lit("fail"))
        .when(text.str.contains(_PASSED))
        .then(pl.lit("pass"))
    )


def _conclusion_in_the_result_column(rows: pl.DataFrame) -> pl.DataFrame:
    """检验结果 holds the conclusion where it is 合格 or 不合格 instead of a value."""
    is_verdict = pl.col("item_result").str.strip_chars().str.contains(f"^(?:{_FAILED}|{_PASSED}|{_REFUSED})[^0-9]*$")
    is_verdict = (is_verdict & pl.col("conclusion").is_null() & pl.col("item_limit").is_null()).fill_null(False)
    return rows.with_columns(
        conclusion=pl.when(is_verdict).then("item_result").otherwise("conclusion"),
        item_result=pl.when(~is_verdict).then("item_result"),
    )


def _result() -> pl.Expr:
    refused = pl.any_horizontal(
        *(pl.col(c).str.contains(_REFUSED).fill_null(False) for c in ("remark", "failed_items", "item_name")),
        (pl.col("_sheet").str.contains(_REFUSED) & ~pl.col("_sheet").str.contains("合格")).fill_null(False),
    )
    own = _concluded("conclusion")
    fails_in_remark = pl.col("remark").str.contains(_FAIL_REMARK).fill_null(False)
    passes_in_remark = pl.col("remark").str.contains(_PASS_REMARK).fill_null(False) & ~fails_in_remark
    return (
        pl.when(refused)
        .then(pl.lit("refused"))
        .when(_concluded("recheck_conclusion").is_not_null())
        .then(_concluded("recheck_conclusion"))
        .when((own == "pass") & pl.col("failed_items").is_not_null())
        .then(pl.lit(None, pl.String))
        .when(own.is_not_null())
        .then(own)
        .when(pl.col("failed_items").is_not_null() | fails_in_remark)
        .then(pl.lit("fail"))
        .when(passes_in_remark)
        .then(pl.lit("pass"))
        .otherwise(
            pl.coalesce(
                _stated_result(pl.col("_sheet")),
                _stated_result(pl.col("_title")),
                _stated_result(pl.col("_file")),
                pl.lit("fail"),
            )
        )
    )


def _is_recheck() -> pl.Expr:
    """Whether a row reports a re-inspection; a remark that none was asked for does not."""
    is_stated = [
        pl.col(c).str.replace_all(_NO_RECHECK, "").str.contains("复检|复查").fill_null(False)
        for c in ("remark", "_title", "_sheet", "_file", "lab_name", "conclusion")
    ]
    return pl.any_horizontal(*is_stated, pl.col("recheck_conclusion").is_not_null())


def _with_notice(rows: pl.DataFrame) -> pl.DataFrame:
    """Number and office of the notice from its title or file name, where the table has no column for them."""
    patterns = [
        (name, pattern)
        for name, pattern in (("notice_no", _NOTICE_NO), ("agency", _AGENCY))
        if rows[name].null_count() == len(rows)
    ]
    return rows.with_columns(
        pl.coalesce(pl.col(source).str.extract(pattern, 1) for source in ("_title", "_file", "_sheet")).alias(name)
        for name, pattern in patterns
    )
