"""Product spot checks as three kinds of office publish them: a full list with refusals, a failing and a passing list of
their own, and a CSV with re-inspections.

Past LISTED_SAMPLES samples the rest of a night is CSV.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from pipelines.simulation.deliveries import Deliveries, broken_records, party, with_defects, write_csv
from pipelines.simulation.draws import as_columns, choose
from pipelines.simulation.nights import day_number, days_before, night_date
from pipelines.simulation.world import World

SOURCE = "product_spot_check"
RULES = ["required:product_name", "shifted:spec"]
SAMPLES_PER_THOUSAND_MARKS = 90
LISTED_SAMPLES = 6_000

_OFFICES = ["国家市场监督管理总局", "湖北省市场监督管理局", "安徽省市场监督管理局"]
# Product, category, specification, failing item, result, limit, by the industry that makes it.
_PRODUCTS: dict[str, list[tuple[str, str, str, str, str, str]]] = {
    "纺织": [
        ("女式服装", "纺织服装", "165/88A", "纤维含量", "棉82.1%", "棉100%"),
        ("儿童服装", "纺织服装", "110/52", "pH值", "8.6", "4.0～7.5"),
    ],
    "机械": [
        ("电动自行车", "车辆", "TDT01Z", "整车质量", "58.2kg", "≤55kg"),
        ("水泵", "机械设备", "QDX3-20", "效率", "31.5%", "≥38%"),
    ],
    "电子": [
        ("移动电源", "电子电器", "10000mAh", "额定能量", "28.4Wh", "≥37Wh"),
        ("电源适配器", "电子电器", "5V2A", "绝缘电阻", "1.3×103kΩ", "≥7000kΩ"),
    ],
    "化工": [
        ("塑料购物袋", "日用塑料", "450×280×0.025", "厚度偏差", "-18%", "±10%"),
        ("内墙涂料", "建筑材料", "20kg/桶", "甲醛含量", "126mg/kg", "≤50mg/kg"),
    ],
}
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
_SYNONYMS = {
    "sample_no": "抽样单编号",
    "product": "样品名称",
    "producer": "生产企业名称",
    "sampled_printed": "被抽查单位",
}
_SYNONYMS |= {"spec": "型号规格", "brand_text": "注册商标", "production_date": "生产日期或批号", "lab": "承检单位"}
_ITEM_HEADERS = {"item": "检验项目", "item_result": "检验结果", "item_limit": "标准值"}


def deliver(world: World, out: Deliveries) -> None:
    """Write some notices on the first night, then one a night."""
    n_first = world.count(SAMPLES_PER_THOUSAND_MARKS, 9)
    issued = 0
    for night in range(1, world.nights + 1):
        n = n_first if night == 1 else max(4, n_first // 20)
        samples = _samples(world, night, n, issued)
        listed = min(n, LISTED_SAMPLES)
        sizes = [len(part) for part in np.array_split(np.arange(listed), 3)] if night == 1 else [listed]
        sizes += [n - listed] if n > listed else []
        start = 0
        for number, size in enumerate(sizes):
            style = 2 if number > 2 else (number if night == 1 else night % 3)
            notice = _notice(samples.slice(start, size), night, number, style)
            notice = with_defects(notice, _defects(world, notice, style, night, number)).with_columns(
                product=pl.when(pl.col("defect") == RULES[0]).then(pl.lit("")).otherwise("product"),
                spec=pl.when(pl.col("defect") == RULES[1]).then(pl.lit("5.64g/kg")).otherwise("spec"),
            )
            [_write_full_list, _write_two_lists, _write_csv][style](out, night, number, notice)
            out.truth("spot_checks", _truth(notice, night))
            out.parties(night, SOURCE, notice)
            start += size
        issued += n


def _samples(world: World, night: int, n: int, issued: int) -> pl.DataFrame:
    """Samples of goods taken at shops; a few makers refuse, a few results are checked again."""
    generator = world.random(SOURCE, night)
    firms = world.firms_at(night)
    makers = firms.filter(pl.col("industry").is_in(list(_PRODUCTS)))
    maker = world.named(generator, makers if len(makers) else firms, n)
    shop = world.named(generator, firms.filter(pl.col("industry") == "商贸"), n)
    commissioner = world.named(generator, firms, n)
    products = [(*product, 1) for group in _PRODUCTS.values() for product in group]
    names = ["product", "category", "spec", "item", "item_result", "item_limit"]
    made = pl.Series(day_number(days_before(night, 200)) + generator.integers(0, 150, n)).cast(pl.Int32).cast(pl.Date)
    draw = pl.col("draw")
    return pl.DataFrame(
        {
            **party("producer", maker),
            **party("commissioner", commissioner),
            **party("sampled", shop),
            "producer_address": maker["address"],
            "brand": maker["brand"],
            "is_commissioned": (generator.random(n) < 0.06) & (commissioner["uscc"] != maker["uscc"]).to_numpy(),
            "sampled_address": shop["address"],
            "region": shop["region_code"],
            "made": made,
            "draw": generator.random(n),
            "is_recheck": generator.random(n) < 0.4,
            "number": np.arange(issued + 1, issued + n + 1),
            **as_columns(products, choose(generator, products, n), names),
        }
    ).with_columns(
        result=pl.when(draw < 0.03)
        .then(pl.lit("refused"))
        .when(draw < 0.2)
        .then(pl.lit("fail"))
        .otherwise(pl.lit("pass")),
        sample_no=pl.concat_str(
            pl.lit(f"CC{night_date(night):%y}"), "region", pl.col("number").cast(pl.String).str.zfill(7)
        ),
        brand_text=pl.when(draw * 100 % 1 < 0.7).then("brand").otherwise(pl.lit("/")),
        production_date=pl.when(draw * 1000 % 1 < 0.5)
        .then(made.dt.to_string("%Y年%-m月%-d日"))
        .otherwise(pl.concat_str(made.dt.to_string("%Y-%m-%d"), made.dt.to_string("%y%m%d"), pl.lit("01"))),
    )


def _notice(samples: pl.DataFrame, night: int, number: int, style: int) -> pl.DataFrame:
    """The samples of one notice as its office words them; lists of failures hold nothing else."""
    day = days_before(night, 5 + number)
    failed = pl.col("result") == "fail"
    if style == 1:
        samples = samples.with_columns(result=pl.when(failed).then("result").otherwise(pl.lit("pass")))
    samples = samples.with_columns(
        is_recheck=pl.col("is_recheck") & failed & pl.lit(style == 2),
        office=pl.lit(_OFFICES[style]),
        agency=pl.lit(_OFFICES[style]),
        notice_no=pl.lit(f"{day.year}年第{night * 10 + number}批"),
        notice_date=pl.lit(day if style != 1 else None, pl.Date),
        notice_date_text=pl.lit(f"{day:%Y年%m月%d日}"),
        lab=pl.lit("模拟产品质量检验研究院"),
        producer=pl.when("is_commissioned")
        .then(
            pl.concat_str(
                pl.lit("标称委托单位："), "commissioner_printed", pl.lit("；标称生产单位："), "producer_printed"
            )
        )
        .otherwise("producer_printed"),
    )
    return samples.sort(~failed, maintain_order=True).with_columns(
        row_no=pl.int_range(1, pl.len() + 1).cast(pl.String),
        conclusion=pl.col("result").replace_strict({"pass": "合格", "fail": "不合格", "refused": "拒检"}),
        failed_items=pl.when(failed)
        .then(pl.concat_str("item", "item_result", "item_limit", separator="‖"))
        .otherwise(pl.lit("/")),
        remark=pl.when(failed & ~pl.col("is_recheck")).then(pl.lit("未申请复检")).otherwise(pl.lit("")),
    )


def _defects(world: World, notice: pl.DataFrame, style: int, night: int, number: int) -> pl.DataFrame:
    """Broken records; where failing samples have a list of their own, only among the passing ones."""
    n_failing = int((notice["result"] == "fail").sum()) if style == 1 else 0
    drawn = world.defects(SOURCE, len(notice) - n_failing, RULES, night, number)
    return drawn.with_columns(row=pl.col("row") + n_failing)


def _path(out: Deliveries, night: int, notice: pl.DataFrame, ending: str) -> Path:
    return out.path(night, SOURCE, f"{notice['office'][0]}{notice['notice_no'][0]}产品质量监督抽查{ending}")


def _write_full_list(out: Deliveries, night: int, number: int, notice: pl.DataFrame) -> None:
    """One workbook: two title rows, a column that says 合格, 不合格 or 拒检, a footnote."""
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


def _write_two_lists(out: Deliveries, night: int, number: int, notice: pl.DataFrame) -> None:
    """Two workbooks whose titles name the notice: the failing one has a header in two rows, and items that continue."""
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
    """Rows as they are; a sample that fails takes a second row, blank but for its second item."""
    for row in rows:
        sheet.write_row(line, 0, row)
        line += 1
        if n_items:
            sheet.write_row(line, len(row) - n_items, ["标识", "不符合", "应符合标准"])
            line += 1


def _write_csv(out: Deliveries, night: int, number: int, notice: pl.DataFrame) -> None:
    """A CSV under other header texts, with a column for the conclusion of a re-inspection."""
    path = _path(out, night, notice, "结果.csv")
    table = notice.select(
        *(pl.col(name).alias(_SYNONYMS.get(name, text)) for name, text in _HEADERS.items()),
        pl.when("is_recheck").then(pl.lit("不合格")).otherwise(pl.lit("/")).alias("复检结果"),
    )
    write_csv(table, path, "gb18030")
    out.written(night, path, len(notice), broken_records(notice), encoding="gb18030")


def _truth(notice: pl.DataFrame, night: int) -> pl.DataFrame:
    failed = pl.col("result") == "fail"
    has_two = pl.col("notice_date").is_null()
    return notice.filter(pl.col("defect").is_null()).select(
        "sample_no",
        "notice_no",
        "notice_date",
        "result",
        "is_recheck",
        n_findings=pl.when(~failed).then(0).when(has_two).then(2).otherwise(1).cast(pl.Int64),
        producer_uscc="producer_uscc",
        producer_name="producer_name",
        commissioner_name=pl.when("is_commissioned").then("commissioner_name"),
        sampled_uscc="sampled_uscc",
        product_name="product",
        category_name="category",
        item_name=pl.when(failed).then("item"),
        production_date="made",
        night=pl.lit(night, pl.Int64),
    )
