"""Layouts of four kinds of office: workbooks and CSV files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.simulation.deliveries import Deliveries, broken_records, write_csv
from pipelines.simulation.nights import night_date
from pipelines.simulation.offices.samr_food_sampling.samples import SOURCE, item_rows

# The layouts of later nights, by office: a sheet for each table; the same with blank cells instead of merged ones and a
# header of two rows; a file for each table; both tables in one sheet.
LAYOUTS = ["sheets", "blanks", "files", "one sheet"]
_FAILING, _PASSING = "不合格样品信息", "合格样品信息"

OFFICES = [
    ("国家市场监督管理总局", "国家", "国抽"),
    ("湖北省市场监督管理局", "省", "湖北/省抽"),
    ("安徽省市场监督管理局", "省", "安徽/国抽"),
    ("山东省市场监督管理局", "省", "山东/省抽"),
]
# Header texts by office, in the order of _common_columns; then those of the failing items.
_HEADERS = [
    (
        "序号 抽样编号 标称生产企业名称 标称生产企业地址 被抽样单位名称 所在省份 食品名称 规格型号 商标 生产日期/批号"
        " 分类 公告号 公告日期 任务来源/项目名称 抽检级别 发布单位 检验机构 备注"
    ),
    (
        "序号 抽样单编号 标称生产企业名称 标称生产企业地址 被抽样单位名称 被抽样单位地址 样品名称 规格型号 标称商标"
        " 生产日期 食品大类 通告号 通告日期 任务来源 抽检级别 公布机关 承检机构 备注"
    ),
    (
        "序号 抽样编号 标称生产单位名称 标称生产单位地址 被抽样单位 被抽检单位地址 样品名称 规格 商标 批号"
        " 食品分类 期号 发布日期 抽检任务 抽检级别 发布单位 检验机构 备注"
    ),
    (
        "序号 样品编号 生产企业名称 生产企业地址 被抽检单位 被抽样单位地址 产品名称 规格型号 商标名称 生产日期"
        " 类别 通告号 通告日期 任务来源 抽检级别 公布机关 检验机构 备注"
    ),
]
_ITEM_HEADERS = [
    ["不合格项目║检验结果║标准值"],
    ["检验项目", "检验结果", "标准值"],
    ["不合格项目"],
    ["不合格项目/检验结果/标准值"],
]
_COMMON = [
    "no",
    "sample_no",
    "producer",
    "producer_address",
    "sampled",
    "sampled_address",
    "product",
    "spec",
    "brand_text",
    "production_date",
    "category",
    "notice_no",
    "notice_date_text",
    "task",
    "level",
    "agency",
    "lab",
    "remark",
]
# The columns of failing items follow the production date.
_ITEMS_AFTER = 10


def write_workbook(out: Deliveries, night: int, style: int, number: int, notice: pl.DataFrame) -> None:
    """A workbook in the layout of the office and the night, or one for each of its two tables."""
    agency = OFFICES[style][0]
    layout = LAYOUTS[style] if night > 1 else LAYOUTS[0]
    title = f"{agency}{notice['notice_no'][0]}食品安全监督抽检"
    stem = f"{agency}_{night_date(night):%Y%m%d}_{number + 1:03d}"
    failing, passing = _failing_rows(notice, style), _printed(notice, False)
    broken = broken_records(notice.filter(~pl.col("is_failed")))
    if layout == "files":
        for name, rows, is_failed in ((_FAILING, failing, True), (_PASSING, passing, False)):
            path = out.path(night, SOURCE, f"{stem}{name}.xlsx")
            with _workbook(path, title) as workbook:
                _write_table(workbook.add_worksheet("Sheet1"), 0, [title, "附件"], style, rows, is_failed)
            out.written(night, path, len(rows), broken.clear() if is_failed else broken, encoding="xlsx")
        return
    path = out.path(night, SOURCE, f"{stem}.xlsx")
    has_footnote = style == 1
    with _workbook(path, title) as workbook:
        sheet = workbook.add_worksheet("Sheet1" if layout == "one sheet" else _FAILING)
        titles = [[f"{title}{name}"] for name in (_FAILING, _PASSING)]
        line = _write_table(sheet, 0, titles[0], style, failing, True, layout == "blanks")
        if layout == "one sheet":
            line = _write_table(sheet, line + 1, titles[1], style, passing, False)
        else:
            sheet = workbook.add_worksheet(_PASSING)
            line = _write_table(sheet, 0, titles[1], style, passing, False)
        if has_footnote:
            sheet.write_string(line, 0, "备注：以上信息以公布时为准。")
    broken = broken.with_columns(record_no=pl.col("record_no") + len(failing))
    n_footnotes = int(has_footnote)
    out.written(night, path, len(failing) + len(passing) + n_footnotes, broken, n_footnotes, encoding="xlsx")


def _workbook(path: Path, title: str) -> xlsxwriter.Workbook:
    workbook = xlsxwriter.Workbook(str(path))
    workbook.set_properties({"created": datetime(2024, 1, 1), "title": title})
    return workbook


def _write_table(
    sheet: xlsxwriter.worksheet.Worksheet,
    line: int,
    titles: list[str],
    style: int,
    rows: pl.DataFrame,
    is_failed: bool,
    has_blanks: bool = False,
) -> int:
    """Write titles over all columns, the header and the rows; return the first line after them.

    The cells of a sample are merged over the rows of its items, or with `has_blanks` are only in the first row.
    """
    header, columns = _header(style, is_failed), _columns(style, is_failed)
    for title in titles:
        sheet.merge_range(line, 0, line, len(header) - 1, title)
        line += 1
    if has_blanks:
        first = columns.index("item_name")
        sheet.merge_range(line, first, line, first + 2, "不合格项目")
        sheet.write_row(line, 0, header[:first])
        sheet.write_row(line, first + 3, header[first + 3 :])
        sheet.write_row(line + 1, first, header[first : first + 3])
        line += 2
    else:
        sheet.write_row(line, 0, header)
        line += 1
    n_rows_of = rows["n_findings"].to_list() if is_failed and "item_name" in columns else None
    cells = rows.select(columns).rows()
    at = 0
    while at < len(cells):
        span = n_rows_of[at] if n_rows_of else 1
        for column, value in enumerate(cells[at]):
            is_item = columns[column].startswith("item_")
            if span > 1 and not is_item and not has_blanks:
                sheet.merge_range(line, column, line + span - 1, column, value)
            else:
                for below in range(span if is_item else 1):
                    sheet.write_string(line + below, column, cells[at + below][column])
        line += span
        at += span
    return line


def write_csv_files(out: Deliveries, night: int, style: int, number: int, notice: pl.DataFrame) -> None:
    """Two files per notice; name and remarks state whether its samples pass."""
    style = 0 if len(_ITEM_HEADERS[style]) == 3 else style
    for name, is_failed in (("不合格", True), ("合格", False)):
        rows = _failing_rows(notice, style) if is_failed else _printed(notice, False)
        rows = rows.with_columns(remark=pl.lit(name), failed_items=pl.col("failed_items") if is_failed else pl.lit(""))
        path = _csv_path(out, night, number, name)
        table = rows.select(
            pl.col(column).alias(text) for column, text in zip(_columns(style, True), _header(style, True), strict=True)
        )
        write_csv(table, path, "utf-8-sig")
        out.written(night, path, len(rows), broken_records(rows), encoding="utf-8-sig")


def _csv_path(out: Deliveries, night: int, number: int, name: str) -> Path:
    return out.path(night, SOURCE, f"食品抽检_{night_date(night):%Y%m%d}_{number + 1:03d}_{name}样品信息.csv")


def _failing_rows(notice: pl.DataFrame, style: int) -> pl.DataFrame:
    """The rows of the failing table: one per item if items have their own columns, else one per sample."""
    failing = _printed(notice, True)
    items = item_rows(failing)
    if len(_ITEM_HEADERS[style]) == 3:
        return items
    return failing.join(_joined_items(items), on="sample_no", how="left", maintain_order="left")


def _joined_items(rows: pl.DataFrame) -> pl.DataFrame:
    """Samples with their items in one cell: `项目║检验结果║标准值`, separated by `；`."""
    return rows.group_by("sample_no", maintain_order=True).agg(
        failed_items=pl.concat_str("item_name", "item_result", "item_limit", separator="║").str.join("；")
    )


def _printed(notice: pl.DataFrame, is_failed: bool) -> pl.DataFrame:
    """The failing or the passing samples, the broken ones without their product."""
    missing = pl.col("defect").is_not_null()
    return notice.filter(pl.col("is_failed") == is_failed).with_columns(
        product=pl.when(missing).then(pl.lit("")).otherwise("product")
    )


def _header(style: int, is_failed: bool) -> list[str]:
    common = _HEADERS[style].split(" ")
    items = _ITEM_HEADERS[style] if is_failed else []
    return common[:_ITEMS_AFTER] + items + common[_ITEMS_AFTER:]


def _columns(style: int, is_failed: bool) -> list[str]:
    items = ["item_name", "item_result", "item_limit"] if len(_ITEM_HEADERS[style]) == 3 else ["failed_items"]
    return _COMMON[:_ITEMS_AFTER] + (items if is_failed else []) + _COMMON[_ITEMS_AFTER:]
