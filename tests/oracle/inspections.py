"""Samples of inspection notices with their failing items, notifications and recalls."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.oracle.files import day, plain, received, records, sheets, told
from tests.oracle.places import Provinces

# Header texts of sources/*/source.yaml, by the names used here.
_COLUMNS = {
    "row_no": ["序号", "编号", "row_no"],
    "sample": ["抽样编号", "抽样单编号", "抽样单号", "样品编号", "抽检编号", "抽查编号", "sample_no"],
    "agency": ["发布单位", "公布机关", "公布单位", "组织抽查部门", "组织实施单位", "agency", "info_sources"],
    "notice": ["公告号", "通告号", "期号", "通报号", "抽查批次", "批次", "notice_no"],
    "notified": ["公告日期", "通告日期", "发布日期", "公布日期", "通报日期", "notice_date", "publish_time"],
    "product": ["食品名称", "样品名称", "产品名称", "抽查产品", "标称食品名称", "标称样品名称", "product"],
    "producer": [
        "标称生产企业名称", "标称生产单位名称", "标称生产者名称", "标称生产企业", "生产企业名称", "生产者名称",
        "生产企业", "生产单位", "producer", "company_name",
    ],
    "producer_address": [
        "标称生产企业地址", "标称生产单位地址", "标称生产者地址", "生产企业地址", "生产者地址", "企业地址",
        "producer_address", "company_address",
    ],
    "sampled": [
        "被抽样单位名称", "被抽样单位", "被抽检单位名称", "被抽检单位", "受检单位", "受检单位名称", "被抽查单位",
        "sampled_unit",
    ],
    "sampled_address": [
        "被抽样单位地址", "被抽检单位地址", "被抽样单位所在省份", "所在省份", "受检单位地址", "sampled_address",
    ],
    "spec": ["规格型号", "标称规格型号", "型号规格", "规格", "型号", "spec", "specification_type"],
    "brand": ["商标", "标称商标", "商标名称", "注册商标", "brand", "trademark"],
    "produced": [
        "生产日期/批号", "生产日期（批号）", "生产日期或批号", "生产日期", "批号", "batch_or_date", "production_date",
    ],
    "items": [
        "不合格项目║检验结果║标准值", "不合格项目|检验结果|标准值", "不合格项目/检验结果/标准值", "主要不合格项目",
        "不合格项目名称", "不合格项目", "failed_item_result_standard", "unqualified",
    ],
    "item": ["检验项目", "检测项目", "项目"],
    "item_result": ["检验结果", "检测结果", "检验值", "实测值", "test_value"],
    "item_limit": ["标准值", "标准要求", "标准限值", "standard"],
    "conclusion": ["检验结论", "抽检结论", "抽检结果", "抽查结果", "结论", "判定结果", "判定", "是否合格"],
    "recheck": ["复检结论", "复检结果", "复查结果"],
    "category": ["分类", "食品大类", "食品分类", "食品类别", "产品类别", "类别", "category"],
    "remark": ["备注", "说明", "remark"],
    "mark": ["source_id"],
}  # fmt: skip
# A row that fills nothing but these continues the sample above it.
_CONTINUING = frozenset({"items", "item", "item_result", "item_limit", "remark"})
_NOTICE = re.compile(r"\d{4}年第?\d+[期批号]|第[\d一二三四五六七八九十]+[期批号]")
_VALUE = re.compile(r"^(?:[<>≤≥＜＞]?[\d.,×^ ]+\D{0,12}|[nNcCmM]\s*[=＝].*|未检出|不得.*)$")


# Who answers for a product that several firms are printed for: its maker, else who brought it in or ordered it.
_ANSWERING = ["(?:[被受]委|受)托|生产|制造|加工", "进口", "经销|代理|销售", "委托"]


@dataclass
class Sample:
    """One sample: whose it is, where its result stands, and its failing items by name, result and limit."""

    source: str
    # The notice that it is of: its agency, and its number or else its file and day.
    notice: tuple[str, ...]
    has_failed: bool = False
    is_from_full_notice: bool = False
    notified: date | None = None
    producer: str = ""
    addresses: list[str] = field(default_factory=list)
    items: set[tuple[str, str, str]] = field(default_factory=set)

    def province(self, provinces: Provinces) -> str:
        """The province where it was drawn, else made, else inspected; an empty text where none is known."""
        return next((code for place in self.addresses if (code := provinces.of(place))), "")


def samples(home: Path, source: str) -> dict[tuple[str, ...], Sample]:
    """Every sample that a notice of this source inspected; of a notice in two files, one serves."""
    of_delivery: dict[str, dict[tuple[str, ...], Sample]] = defaultdict(dict)
    for sheet in sheets(home, source):
        found = of_delivery[sheet.delivery]
        above: dict[str, str] = {}
        before: tuple[tuple[str, ...], str | None] = ((), None)
        n_alike: Counter[tuple[str, ...]] = Counter()
        for row in records(sheet, _COLUMNS, ["product"]):
            filled = {name for name, cell in row.items() if cell and not name.startswith("_")}
            if filled and filled <= _CONTINUING and above:
                row = {**above, **{name: row[name] for name in filled}, **{n: c for n, c in row.items() if n[0] == "_"}}
            elif not _is_record(row):
                continue
            else:
                above = {name: cell for name, cell in row.items() if name not in _CONTINUING}
            result = _result(row)
            if result is None:
                continue
            notice = told(row.get("notice")) or _in_title(row)
            said = [row.get(name) or "" for name in ("agency", "notified", "mark")]
            key = (source, plain(notice or ""), *map(plain, said))
            if number := told(row.get("sample")):
                key = (*key, number)
            else:
                names = ("product", "producer", "sampled", "spec", "brand", "produced")
                key = (*key, *(plain(row.get(name) or "") for name in names), result)
                continues = before[0] == key and (told(row.get("row_no")) or before[1]) == before[1]
                before = (key, told(row.get("row_no")))
                n_alike[key] += not continues
                key = (*key, str(n_alike[key]))
            issue = (plain(notice),) if notice else (sheet.delivery, row.get("notified") or "")
            sample = found.setdefault(key, Sample(source, (plain(row.get("agency") or ""), *issue)))
            sample.has_failed |= result == "fail"
            sample.notified = sample.notified or day(row.get("notified"))
            sample.producer = sample.producer or producer(told(row.get("producer")) or "")
            places = [
                row.get("sampled_address"),
                row.get("producer_address"),
                row.get("agency") or row["_title"] or row["_file"],
            ]
            sample.addresses = sample.addresses or [place or "" for place in places]
            if result == "fail":
                sample.items |= _items(row)
    serving: dict[tuple[str, ...], Sample] = {}
    for delivery in sorted(of_delivery):
        for key, sample in of_delivery[delivery].items():
            serving.setdefault(key, sample)
    # A notice that lists what passed too has a pass rate.
    full = {sample.notice for sample in serving.values() if not sample.has_failed}
    for sample in serving.values():
        sample.is_from_full_notice = sample.notice in full
    return serving


def producer(printed: str) -> str:
    """The firm that answers for a product, of a cell that may name several by their roles."""
    named = re.findall("([^;；:：\n]{2,12})[:：]([^;；\n]+)", printed)
    for role in _ANSWERING:
        for label, name in named:
            if re.search(role, label):
                return str(name).strip()
    return printed


def _is_record(row: dict[str, str]) -> bool:
    product, number = told(row.get("product")), row.get("row_no") or ""
    if product is None or re.match("(?:备注|注|说明)", number) or re.fullmatch("合计|小计|总计", product):
        return False
    # A measured value where the specification belongs: the row's cells have moved.
    return not re.search(r"\d\s*(?:CFU|MPN)|\d\s*(?:[μµun]g|mg|g)/(?:k?g|100)|^[nN]\s*[=＝]", row.get("spec") or "")


def _result(row: dict[str, str]) -> str | None:
    """pass or fail: as the row states, else the sheet, the title or the file; a refusal is neither."""
    own = [told(row.get(name)) or "" for name in ("recheck", "conclusion", "remark")]
    if any(re.search("拒检|拒绝", text) for text in own):
        return None
    if not told(row.get("recheck")) and (told(row.get("items")) or told(row.get("item"))):
        return "fail"
    for text in (*own[:2], row["_sheet"], row["_title"], row["_file"], own[2]):
        if re.search("不合格|unqualified", text):
            return "fail"
        if re.search("合格|qualified", text):
            return "pass"
    return "fail"


def _in_title(row: dict[str, str]) -> str | None:
    found = _NOTICE.search(row["_title"]) or _NOTICE.search(row["_file"])
    return found[0] if found else None


def _items(row: dict[str, str]) -> set[tuple[str, str, str]]:
    names = told(row.get("item")) or told(row.get("items"))
    if names is None:
        return set()
    result, limit = row.get("item_result") or "", row.get("item_limit") or ""
    pieces: list[str] = []
    for piece in re.split("[；;]", re.sub(r"‖|\|\|?", "║", names)):
        # A value after a separator belongs to the item before it.
        if pieces and "║" in pieces[-1] and "║" not in piece and _VALUE.match(piece.strip()):
            pieces[-1] += piece
        elif piece.strip():
            pieces.append(piece)
    found = set[tuple[str, str, str]]()
    for piece in pieces:
        parts = [part.strip() for part in piece.split("║")]
        alone = len(parts) == 1
        first, second = (result, limit) if alone else [*parts[1:], "", ""][:2]
        names_here = parts[0].split("、") if alone and not (result or limit) else parts[:1]
        found |= {(plain(name), first, second) for name in names_here}
    return found


def pass_rates(found: Iterable[Sample], provinces: Provinces) -> dict[tuple[str, str], tuple[int, int]]:
    """Samples and those of them that pass, by province code and month of the notice."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for sample in found:
        of_cell = counts[sample.province(provinces), sample.notified.isoformat()[:7] if sample.notified else ""]
        of_cell[0] += 1
        of_cell[1] += not sample.has_failed
    return {cell: (n_samples, n_pass) for cell, (n_samples, n_pass) in counts.items()}


def notifications(home: Path) -> dict[str, tuple[date, str, int]]:
    """RASFF notifications by reference: day, country of origin, number of hazards; of two the later day."""
    columns = {
        "date": ["Date of Case", "date"], "reference": ["Reference"], "origin": ["Country Origin"],
        "hazards": ["Hazard Substance"], "categories": ["Hazard Category"],
    }  # fmt: skip
    found: dict[str, tuple[date, str, int]] = {}
    for sheet in sheets(home, "rasff"):
        for row in records(sheet, columns, ["reference", "date"]):
            notified = day(row["date"])
            if notified is None or not re.fullmatch(r"\d{4}\.\d{1,5}", row["reference"]):
                continue
            cell = row.get("hazards") or row.get("categories") or ""
            hazards = [part for part in cell.split(";") if part.strip()]
            found[row["reference"]] = max(
                found.get(row["reference"], (date.min, "", 0)), (notified, row.get("origin", ""), len(hazards))
            )
    return found


def recalls(home: Path) -> dict[str, date]:
    """The day on which each recall of the US FDA was reported, by its first number, or its words where it has none."""
    found: dict[str, tuple[str, date]] = {}
    for file in received(home, "fda_enforcement", ".json", ".jsonl", ".ndjson"):
        text = file.text()
        try:
            document = json.loads(text)
        except ValueError:
            document = [json.loads(line) for line in text.splitlines() if line.strip()]
        exported = document.get("meta", {}).get("last_updated", "") if isinstance(document, dict) else ""
        for raw in document["results"] if isinstance(document, dict) else document:
            recall = {key.replace("-", "_"): value for key, value in raw.items()}
            needed = ("classification", "product_type", "product_description", "reason_for_recall", "recalling_firm")
            reported = _reported(recall.get("report_date", ""))
            if reported is None or not all((recall.get(name) or "").strip() for name in needed):
                continue
            number = recall.get("recall_number") or re.search(r"[A-Z]-\d{1,5}-\d{2,4}", recall["product_description"])
            own = "|".join([reported.isoformat(), *(recall[name] for name in needed[2:])])
            key = (number if isinstance(number, str) else number[0]) if number else own
            version = (exported or reported.isoformat(), reported)
            found[key] = max(found.get(key, ("", date.min)), version)
    return {key: reported for key, (_, reported) in found.items()}


def _reported(text: str) -> date | None:
    american = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text.strip())
    if american:
        return date(int(american[3]), int(american[1]), int(american[2]))
    return day(text) if re.fullmatch(r"\d{8}", text.strip()) else None
