"""Layouts of three kinds of office: a full list, two separate lists, and a CSV with re-inspections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.simulation.deliveries import Deliveries, broken_records, write_csv

SOURCE = "product_spot_check"

_HEADERS = {
    "row_no": "序号",
    "sample_no": "抽样编号",
    "product": "产品名称",
    "producer": "标称生产企业",
    "producer_address": "标称生产企业地址",
    "sampled_printed": "受检单位",
    "sampled_address": "受检单位地址",
    "spec": "规格型号",
    "brand_text": "商标",
    "production_date": "生产日期/批号",
    "conclusion": "抽查结果",
    "failed_items": "主要不合格项目",
    "category": "产品类别",
    "notice_no": "通报号",
    "notice_date_text": "通报日期",
    "agency": "公布机关",
    "lab": "承检机构",
    "remark": "备注",
}
# Header texts of other offices, where they differ.
_SYNONYMS = {
    "sample_no": "抽样单编号",
    "product": "样品名称",
    "producer": "生产企业名称",
    "sampled_printed": "被抽查单位",
    "spec": "型号规格",
    "brand_text": "注册商标",
    "production_date": "生产日期或批号",
    "lab": "承检单位",
}
_ITEM_HEADERS = {"item": "检验项目", "item_result": "检验结果", "item_limit": "标准值"}


def write_full_list(out: Deliveries, night: int, number: int, notice: pl.DataFrame) -> None:
    """One workbook: two title rows, a column with 合格, 不合格 or 拒检, and a footnote."""
    path = _path(out, night, notice, "结果.xlsx")
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.set_properties({"created": datetime(2024, 1, 1)})
        sheet = workbook.add_worksheet("Sheet1")
        sheet.merge_range(0, 0, 0, len(_HEADERS) - 1, path.stem)
        sheet.write_string(1, 0, "附件1")
        sheet.write_row(2, 0, list(_HEADERS.values()))
        for line, row in enumerate(notice.select(list(_HEADERS)).rows(), start=3):
            sheet.write_row(line, 0, row)
        sheet.write_string(len(notice) + 3, 0, "注：以上信息以公布时为准。")
    out.written(night, path, len(notice) + 1, broken_records(notice), 1, encoding="xlsx")


def write_two_lists(out: Deliveries, night: int, number: int, notice: pl.DataFrame) -> None:
    """Two workbooks whose titles name the notice; in the failing one, a header of two rows and two items per sample."""
    common = [
        name
        for name in _HEADERS
        if name not in ("conclusion", "failed_items", "notice_no", "notice_date_text", "agency", "remark")
    ]
    for ending, result in (("不合格产品名单", "fail"), ("合格产品名单", "pass")):
        rows = notice.filter(pl.col("result") == result)
        path = _path(out, night, notice, f"{ending}.xlsx")
        items = list(_ITEM_HEADERS) if result == "fail" else []
        with xlsxwriter.Workbook(str(path)) as workbook:
            workbook.set_properties({"created": datetime(2024, 1, 1)})
            sheet = workbook.add_worksheet("Sheet1")
            sheet.merge_range(0, 0, 0, len(common) + len(items) - 1, path.stem)
            sheet.write_row(1, 0, [_SYNONYMS.get(name, _HEADERS[name]) for name in common])
            if items:
                sheet.merge_range(1, len(common), 1, len(common) + 2, "不合格项目")
                sheet.write_row(2, len(common), list(_ITEM_HEADERS.values()))
            _write_rows(sheet, rows.select(common + items).rows(), 2 + bool(items), len(items))
        out.written(night, path, len(rows) * (2 if items else 1), broken_records(rows), encoding="xlsx")


def _write_rows(
    sheet: xlsxwriter.worksheet.Worksheet, rows: Sequence[tuple[str, ...]], line: int, n_items: int
) -> None:
    """The rows; where there are items, a second row after each that has only a second item."""
    for row in rows:
        sheet.write_row(line, 0, row)
        line += 1
        if n_items:
            sheet.write_row(line, len(row) - n_items, ["标识", "不符合", "应符合标准"])
            line += 1


def write_csv_file(out: Deliveries, night: int, number: int, notice: pl.DataFrame) -> None:
    """A CSV with other header texts and a column for the result of a re-inspection."""
    path = _path(out, night, notice, "结果.csv")
    table = notice.select(
        *(pl.col(name).alias(_SYNONYMS.get(name, text)) for name, text in _HEADERS.items()),
        pl.when("is_recheck").then(pl.lit("不合格")).otherwise(pl.lit("/")).alias("复检结果"),
    )
    write_csv(table, path, "gb18030")
    out.written(night, path, len(notice), broken_records(notice), encoding="gb18030")


def _path(out: Deliveries, night: int, notice: pl.DataFrame, ending: str) -> Path:
    return out.path(night, SOURCE, f"{notice['office'][0]}{notice['notice_no'][0]}产品质量监督抽查{ending}")
