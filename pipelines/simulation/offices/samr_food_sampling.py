"""Food-sampling notices: workbooks with a failing and a passing table, as four kinds of office lay them out.

On the first night a notice is a workbook with a sheet for each table; on later nights each office has a layout of its
own (LAYOUTS).
Past WORKBOOK_SAMPLES samples a delivery is CSV, one file of failing and one of passing samples per notice.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from pipelines.simulation.deliveries import Deliveries, broken_records, either_party, party, with_defects, write_csv
from pipelines.simulation.draws import as_columns, choose
from pipelines.simulation.nights import day_number, days_before, night_date
from pipelines.simulation.world import World

SOURCE = "samr_food_sampling"
RULES = ["required:product_name"]
SAMPLES_PER_THOUSAND_MARKS = 500
WORKBOOK_SAMPLES = 50_000
SAMPLES_PER_WORKBOOK = 4_500
SAMPLES_PER_CSV_NOTICE = 100_000

# Failing item, result, limit; consecutive rows name different items, so any run of them fits one sample.
_ITEMS = [
    ("菌落总数", "3.7×10^4CFU/g", "n=5,c=2,m=10^4,M=10^5"),
    ("大肠菌群", "540CFU/g,90CFU/g,10CFU/g,10CFU/g,25CFU/g", "n=5,c=2,m=10,M=100"),
    ("霉菌", "6100CFU/g", "≤150CFU/g"),
    ("糖精钠(以糖精计)", "0.257g/kg", "不得使用"),
    ("铅(以Pb计)", "0.82mg/kg", "≤0.5mg/kg"),
    ("菌落总数", "3.7×104CFU/g", "≤10000CFU/g"),
    ("酒精度", "46.8%vol", "52±1%vol"),
    ("过氧化值(以脂肪计)", "0.62g/100g", "≤0.25g/100g"),
    ("毒死蜱", "0.96mg/kg", "≤0.1mg/kg"),
    ("苯甲酸及其钠盐(以苯甲酸计)", "1.35g/kg", "≤1.0g/kg"),
]
_PRODUCTS = {
    "糕点": ["试制步步糕", "绿豆酥", "芝麻饼"],
    "茶叶及相关制品": ["毛尖茶", "青砖茶"],
    "酒类": ["清香型白酒", "孝感米酒"],
    "调味品": ["保健香醋", "黄豆酱油"],
    "粮食加工品": ["红薯淀粉", "挂面"],
    "乳制品": ["纯牛奶", "酸奶"],
}
# Share of samples that fail, by food category.
_FAIL_SHARE = {"糕点": 0.08, "茶叶及相关制品": 0.03, "酒类": 0.07, "调味品": 0.06, "粮食加工品": 0.04, "乳制品": 0.02}
_SPECS = [("240克/盒", 3), ("500g/袋", 4), ("480mL/瓶 52%vol", 2), ("计量称重", 2), ("/", 1), ("—", 1)]

# What the notices of later nights look like, by office: a sheet for each table; the same with blanks instead of merged
# cells below a header in two rows; a file for each table; one table below the other in one sheet.
LAYOUTS = ["sheets", "blanks", "files", "one sheet"]
_FAILING, _PASSING = "不合格样品信息", "合格样品信息"

_OFFICES = [
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
# Failing items stand after the production date, where the offices print them.
_ITEMS_AFTER = 10


def deliver(world: World, out: Deliveries) -> None:
    """Write the notices of some months on the first night, then one notice a night."""
    n_first = world.count(SAMPLES_PER_THOUSAND_MARKS, 8)
    issued = 0
    for night in range(1, world.nights + 1):
        n = n_first if night == 1 else min(max(6, n_first // 40), SAMPLES_PER_WORKBOOK)
        sizes = _notice_sizes(n) if night == 1 else [(n, True)]
        samples = _samples(world, night, n, issued)
        start = 0
        for number, (size, is_workbook) in enumerate(sizes):
            style = (number if night == 1 else night - 1) % len(_OFFICES)
            notice = _notice(samples.slice(start, size), night, number, style)
            notice = with_defects(notice, _defects(world, notice, night, number))
            if is_workbook:
                _write_workbook(out, night, style, number, notice)
            else:
                _write_csv(out, night, style, number, notice)
            out.truth("inspections", _truth(notice, night))
            out.parties(night, SOURCE, notice)
            start += size
        issued += n


def _notice_sizes(n: int) -> list[tuple[int, bool]]:
    """Samples per notice, and whether it is a workbook."""
    in_workbooks = min(n, WORKBOOK_SAMPLES)
    n_books = max(min(4, in_workbooks), -(-in_workbooks // SAMPLES_PER_WORKBOOK))
    sizes = [(len(part), True) for part in np.array_split(np.arange(in_workbooks), n_books)]
    rest = n - in_workbooks
    if rest:
        n_notices = -(-rest // SAMPLES_PER_CSV_NOTICE)
        sizes += [(len(part), False) for part in np.array_split(np.arange(rest), n_notices)]
    return sizes


def _samples(world: World, night: int, n: int, issued: int) -> pl.DataFrame:
    """Samples of food firms' products, taken at shops and sometimes at the producer's own."""
    generator = world.random(SOURCE, night)
    firms = world.firms_at(night)
    makers = firms.filter(pl.col("food_category") != "")
    maker = world.named(generator, makers, n)
    shop = world.named(generator, firms.filter(pl.col("industry") == "商贸"), n)
    commissioner = world.named(generator, makers, n)
    at_maker = generator.random(n) < 0.1
    made = day_number(days_before(night, 150)) + generator.integers(0, 100, n)
    frame = pl.DataFrame(
        {
            **party("producer", maker),
            **party("commissioner", commissioner),
            **party("shop", shop),
            "producer_address": maker["address"],
            "producer_province": maker["province"],
            "brand": maker["brand"],
            "category": maker["food_category"],
            "is_commissioned": (generator.random(n) < 0.05) & (commissioner["uscc"] != maker["uscc"]).to_numpy(),
            "shop_address": shop["address"],
            "shop_region": shop["region_code"],
            "at_maker": at_maker,
            "product_draw": generator.integers(0, 6, n),
            "made": pl.Series(made).cast(pl.Int32).cast(pl.Date),
            "date_style": generator.integers(0, 100, n),
            "brand_style": generator.integers(0, 100, n),
            **as_columns([(text,) for text, _ in _SPECS], choose(generator, _SPECS, n), ["spec"]),
            "fail_draw": generator.random(n),
            "items_draw": generator.random(n),
            "first_item": generator.integers(0, len(_ITEMS), n),
            "number": np.arange(issued + 1, issued + n + 1),
        }
    )
    category = pl.col("category")
    choices = pl.concat([_choice(name, products) for name, products in _PRODUCTS.items()])
    # However few samples a night has, two fail, and one of them on several items.
    always = pl.int_range(pl.len()) < (2 if night > 1 else 0)
    failed = always | (pl.col("fail_draw") < category.replace_strict(_FAIL_SHARE, return_dtype=pl.Float64))
    return (
        frame.join(choices, on=["category", "product_draw"], how="left", maintain_order="left")
        .with_columns(is_failed=failed)
        .with_columns(
            n_findings=pl.when(~pl.col("is_failed"))
            .then(0)
            .when(always & (pl.int_range(pl.len()) == 0))
            .then(3)
            .when(pl.col("items_draw") < 0.75)
            .then(1)
            .when(pl.col("items_draw") < 0.95)
            .then(2)
            .otherwise(3)
            .cast(pl.Int64),
            **either_party("sampled", "at_maker", "producer", "shop"),
            sampled_address=pl.when("at_maker").then("producer_address").otherwise("shop_address"),
            sample_no=pl.concat_str(
                pl.lit("XBJ"),
                pl.lit(f"{night_date(night):%y}"),
                "shop_region",
                pl.col("number").cast(pl.String).str.zfill(8),
            ),
            brand_text=pl.when(pl.col("brand_style") < 70)
            .then("brand")
            .when(pl.col("brand_style") < 80)
            .then(pl.col("brand") + "及图")
            .when(pl.col("brand_style") < 90)
            .then(pl.lit("/"))
            .otherwise(pl.lit("—")),
            production_date=_production_date(),
        )
    )


def _choice(category: str, products: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "category": [category] * 6,
            "product_draw": list(range(6)),
            "product": [products[draw % len(products)] for draw in range(6)],
        },
        schema_overrides={"product_draw": pl.Int64},
    )


def _production_date() -> pl.Expr:
    style, made = pl.col("date_style"), pl.col("made").dt
    return (
        pl.when(style < 50)
        .then(made.to_string("%Y-%m-%d"))
        .when(style < 65)
        .then(made.to_string("%Y/%-m/%-d"))
        .when(style < 80)
        .then(made.to_string("%Y年%-m月%-d日"))
        .when(style < 88)
        .then(made.to_string("%Y%m%d"))
        .when(style < 93)
        .then(pl.concat_str(made.to_string("%Y-%m-%d"), pl.lit("；"), made.offset_by("11d").dt.to_string("%Y-%m-%d")))
        .when(style < 97)
        .then(pl.lit("/"))
        .otherwise(pl.lit("批号：") + made.to_string("%y%m%d") + "A")
    )


def _notice(samples: pl.DataFrame, night: int, number: int, style: int) -> pl.DataFrame:
    """The samples of one notice as its office words them, failing ones first."""
    agency, level, task = _OFFICES[style]
    day = _notice_day(night, number)
    producer = (
        pl.when("is_commissioned")
        .then(pl.concat_str(pl.lit("委托方："), "commissioner_printed", pl.lit("；受委托方："), "producer_printed"))
        .otherwise("producer_printed")
    )
    return samples.sort(~pl.col("is_failed"), maintain_order=True).with_columns(
        no=pl.int_range(1, pl.len() + 1).over("is_failed").cast(pl.String),
        producer=producer,
        sampled="sampled_printed",
        notice_no=pl.lit(f"{day.year}年第{night * 1000 + number}期"),
        notice_day=pl.lit(day),
        notice_date_text=pl.lit(f"{day:%Y.%m.%d}" if style % 2 else f"{day:%Y-%m-%d}"),
        task=pl.lit(task),
        level=pl.lit(level),
        agency=pl.lit(agency),
        lab=pl.lit("模拟食品检验研究院"),
        remark=pl.lit("/"),
    )


def _notice_day(night: int, number: int) -> date:
    return days_before(night, 1 + number % 60)


def _defects(world: World, notice: pl.DataFrame, night: int, number: int) -> pl.DataFrame:
    """Broken records among the passing samples, which are one row each."""
    n_failing = int(notice["is_failed"].sum())
    drawn = world.defects(SOURCE, len(notice) - n_failing, RULES, night, number)
    return drawn.with_columns(row=pl.col("row") + n_failing)


def _item_rows(failing: pl.DataFrame) -> pl.DataFrame:
    """One row per failing item, in the samples' order."""
    items = as_columns(_ITEMS, np.arange(len(_ITEMS), dtype=np.int64), ["item_name", "item_result", "item_limit"])
    table = pl.DataFrame({"item": np.arange(len(_ITEMS)), **items})
    return (
        failing.with_columns(position=pl.int_ranges(0, pl.col("n_findings")))
        .explode("position")
        .with_columns(item=((pl.col("first_item") + pl.col("position")) % len(_ITEMS)).cast(pl.Int64))
        .join(table, on="item", how="left", maintain_order="left")
    )


def _joined_items(rows: pl.DataFrame) -> pl.DataFrame:
    """Samples with their items in one cell: `项目║检验结果║标准值`, items split by `；`."""
    return rows.group_by("sample_no", maintain_order=True).agg(
        failed_items=pl.concat_str("item_name", "item_result", "item_limit", separator="║").str.join("；")
    )


def _printed(notice: pl.DataFrame, is_failed: bool) -> pl.DataFrame:
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


def _failing_rows(notice: pl.DataFrame, style: int) -> pl.DataFrame:
    """The failing table's rows: one per item where items have columns of their own, else one per sample."""
    failing = _printed(notice, True)
    items = _item_rows(failing)
    if len(_ITEM_HEADERS[style]) == 3:
        return items
    return failing.join(_joined_items(items), on="sample_no", how="left", maintain_order="left")


def _write_workbook(out: Deliveries, night: int, style: int, number: int, notice: pl.DataFrame) -> None:
    agency = _OFFICES[style][0]
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
    """Titles over the whole width, the header, the rows; returns the line below.

    A sample's cells are merged over the rows of its items, or with `has_blanks` stand only in the first of them.
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


def _write_csv(out: Deliveries, night: int, style: int, number: int, notice: pl.DataFrame) -> None:
    """Two files per notice; the file of passing samples says so in its name and in each remark."""
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


def _truth(notice: pl.DataFrame, night: int) -> pl.DataFrame:
    return notice.filter(pl.col("defect").is_null()).select(
        "sample_no",
        "notice_no",
        notice_date="notice_day",
        result=pl.when("is_failed").then(pl.lit("fail")).otherwise(pl.lit("pass")),
        n_findings="n_findings",
        producer_uscc="producer_uscc",
        producer_name="producer_name",
        commissioner_uscc=pl.when("is_commissioned").then("commissioner_uscc"),
        sampled_uscc="sampled_uscc",
        sampled_name="sampled_name",
        product_name="product",
        category_name="category",
        brand_text=pl.when(~pl.col("brand_text").is_in(["/", "—"])).then("brand_text"),
        night=pl.lit(night, pl.Int64),
    )
