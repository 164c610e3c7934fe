"""Notices of inspection as offices lay them out: pass and fail tables, composite producers, failing items in a cell.

What every source of such notices shares; the header texts of each office are declared in its `source.yaml`. Cells
are read by their distinct values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import polars as pl

from pipelines.measurement import MEASURED, has_unit, is_value, measured
from pipelines.printed_date import production_days

Found = TypeVar("Found")

_NULLS = ["/", "—", "——", "―", "－", "－－", "---", "--", "-", "无", "／", "\\", "n/a", "N/A", "不详", "不适用", ""]
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

_NAME = "(?:厂名|名称|全称)?"
_ROLES = {
    "producer": r"(?:被|受)委托(?:加工|生产)?(?:商|方|单位|企业|厂家?|者)?|受托(?:加工|生产)?(?:方|单位|企业|商)?"
    r"|(?:实际)?生产(?:商|企业|者|单位|厂家|厂|方)|制造(?:商|企业|单位|者|厂)|加工(?:商|企业|单位|厂)",
    "commissioner": r"委托(?:加工|生产)?(?:商|方|单位|企业|人|者)?",
    "importer": r"(?:国内|中国|境内)?进口(?:商|企业|方|单位)",
    "distributor": r"(?:国内|中国|全国|大陆)?(?:总)?(?:经销|代理|销售)(?:商|方|企业|单位|者)?",
    "issuer": r"出品(?:商|方|人|单位|企业)",
    "supervisor": r"监制(?:商|方|单位|企业)?",
    "packer": r"(?:分装|灌装|包装)(?:商|方|单位|企业)",
}
ROLES = tuple(_ROLES)
# Who answers for a product where no maker is named.
_ANSWERING = ("producer", "importer", "distributor", "commissioner", "issuer", "supervisor", "packer")
_ANY_ROLE = "|".join(_ROLES.values())
_MARKER = re.compile(
    rf"(?:标称|标注|标识)?(?P<role>{_ANY_ROLE})(?:[/及暨和、&](?:{_ANY_ROLE}))*{_NAME}(?:的?(?:地址|厂址|住所|产地))?\s*:"
)
_SUFFIX = re.compile(rf"\s*\((?:标称|标注)?(?P<role>{_ANY_ROLE})\)\s*$")
_ORIGIN = re.compile(r"[(\s]*(?:原产国|原产地|产地)(?:/地区|\(地区\)|或地区)?\s*:\s*(?P<origin>[^)(;,\s]+)\)?")
_END = re.compile("[;\n]")
_COMPOSITE = (
    rf"(?:{_ANY_ROLE}){_NAME}(?:的?(?:地址|厂址|住所|产地))?\s*[:：]|[(（](?:标称|标注)?(?:{_ANY_ROLE})[)）]|原产"
)

# One character for one, so that names are cut out of the cell as printed.
_HALF_WIDTH = str.maketrans("：；（），／\u3000", ":;(),/ ")

_BARS = re.compile(r"‖|\|\||\||∥|┃|│|¦|丨|｜")
_ITEM_ENDS = re.compile(r"([;；\n])")
_PLAN_PIECE = re.compile(r"^\s*[ncmNCMｎｃｍ]\s*[=＝]")
_ENUMERATED = re.compile(r"^\s*[(（]?(\d{1,2})[.、)）．]\s*(?=\D)(.+)$", re.S)
# Several substances under one limit are one item.
_SUM = re.compile(r"之和|总和|合计|总量|比例|混合")
_GLUED = re.compile(r"^(?P<name>.*?[\u4e00-\u9fff)）])\s*[:：]?\s*(?P<value>[<≤≥>＜＞]?\s*\d.*)$", re.S)

Item = tuple[str, str | None, str | None]

NO_FINDINGS: dict[str, type[pl.DataType]] = {
    "record_no": pl.Int64,
    "item_no": pl.Int64,
    "item_name": pl.String,
    "result_text": pl.String,
    "limit_text": pl.String,
    **MEASURED,
}
NO_PARTIES = {"record_no": pl.Int64, "item_no": pl.Int64, "role": pl.String, "party_name": pl.String}


def shaped(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`sample_row` with result, roles and days apart; one `finding` per failing item; one `party` per role in a
    composite producer.

    `result` is pass, fail or refused: what the row says (its conclusion, an entry under 不合格项目, a remark), else its
    sheet, else the title, else the file's name; a table that says nothing lists failures. It is null where a row passes
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
        pl.when(pl.col(c).str.strip_chars().is_in(_NULLS)).then(None).otherwise(pl.col(c)).alias(c) for c in texts
    ).with_columns(pl.lit(None, pl.String).alias(c) for c in _READ if c not in rows.columns)
    rows = _conclusion_in_the_result_column(rows)
    rows = rows.with_columns(result=_result(), is_recheck=_is_recheck())
    rows = _with_notice(rows)
    rows, parties = _with_roles(rows)
    days = production_days(rows["production_date_text"])
    rows = rows.with_columns(production_date=days["first"], last_production_date=days["last"])
    return {"sample_row": rows, "finding": _findings(rows), "party": parties}


def _by_distinct(values: pl.Series, read: Callable[[str], Found]) -> list[tuple[str, Found]]:
    return [(text, read(text)) for text in values.drop_nulls().unique(maintain_order=True).to_list()]


# --- pass or fail ---------------------------------------------------------------------------------------------------


def _told(text: pl.Expr) -> pl.Expr:
    """fail or pass where a text says one of them; a text that names both says nothing."""
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
    """检验结果 holds the conclusion where it says 合格 or 不合格 instead of a value."""
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
            pl.coalesce(_told(pl.col("_sheet")), _told(pl.col("_title")), _told(pl.col("_file")), pl.lit("fail"))
        )
    )


def _is_recheck() -> pl.Expr:
    """Whether a row reports a re-inspection; a remark that none was asked for does not."""
    said = [
        pl.col(c).str.replace_all(_NO_RECHECK, "").str.contains("复检|复查").fill_null(False)
        for c in ("remark", "_title", "_sheet", "_file", "lab_name", "conclusion")
    ]
    return pl.any_horizontal(*said, pl.col("recheck_conclusion").is_not_null())


def _with_notice(rows: pl.DataFrame) -> pl.DataFrame:
    """Number and office of the notice from its title or file name, where the table has no column for them."""
    told = [
        (name, pattern)
        for name, pattern in (("notice_no", _NOTICE_NO), ("agency", _AGENCY))
        if rows[name].null_count() == len(rows)
    ]
    return rows.with_columns(
        pl.coalesce(pl.col(source).str.extract(pattern, 1) for source in ("_title", "_file", "_sheet")).alias(name)
        for name, pattern in told
    )


# --- roles ----------------------------------------------------------------------------------------------------------


def parties_in(cell: str) -> tuple[list[tuple[str, str]], str | None]:
    """((role, name or address) in the order printed, country of origin) of a composite cell; see ROLES."""
    text = cell.translate(_HALF_WIDTH)
    origin = _ORIGIN.search(text)
    if origin is not None:
        blank = " " * len(origin[0])
        cell, text = (f"{whole[: origin.start()]}{blank}{whole[origin.end() :]}" for whole in (cell, text))
    spans: list[tuple[str, int, int]] = []
    markers = list(_MARKER.finditer(text))
    for marker, following in zip(markers, [*markers[1:], None][: len(markers)], strict=True):
        spans.append((_role(marker["role"]), marker.end(), following.start() if following else len(text)))
    if not markers:
        for part in re.finditer("[^;\n]+", text):
            suffix = _SUFFIX.search(part[0])
            if suffix is not None:
                spans.append((_role(suffix["role"]), part.start(), part.start() + suffix.start()))
    found = []
    for role, start, end in spans:
        until = _END.search(text, start, end)
        name = cell[start : until.start() if until else end].strip(" ,，、/\u3000")
        if name not in _NULLS:
            found.append((role, name))
    return found, origin["origin"] if origin else None


def _role(words: str) -> str:
    return next(role for role, pattern in _ROLES.items() if re.fullmatch(pattern, words))


def _answering(parties: list[tuple[str, str]]) -> str | None:
    return next((name for role in _ANSWERING for of, name in parties if of == role), None)


def _with_roles(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with producer_name, commissioner_name, origin_country and the producer's own address, and the parties."""
    composite = rows["producer"].str.contains(_COMPOSITE).fill_null(False)
    cells = _by_distinct(rows["producer"].filter(composite), parties_in)
    table = pl.DataFrame(
        {
            "producer": [cell for cell, _ in cells],
            "_maker": [_answering(parties) or _without_origin(cell) for cell, (parties, _) in cells],
            "_commissioner": [
                next((name for role, name in parties if role == "commissioner"), None) for _, (parties, _) in cells
            ],
            "_origin": [origin for _, (_, origin) in cells],
        },
        schema=dict.fromkeys(["producer", "_maker", "_commissioner", "_origin"], pl.String),
    )
    named = [(cell, role, name) for cell, (parties, _) in cells for role, name in parties]
    in_cells = pl.DataFrame(named, schema=dict.fromkeys(["producer", "role", "party_name"], pl.String), orient="row")
    rows = rows.join(table, on="producer", how="left", maintain_order="left").with_columns(
        _printed=pl.when(composite).then("_maker").otherwise("producer")
    )
    printed_commissioner = pl.coalesce("commissioner", "_commissioner")
    rows = rows.with_columns(
        producer_name=pl.coalesce("_printed", "importer", "distributor", "commissioner"),
        commissioner_name=pl.when(printed_commissioner != pl.col("_printed")).then(printed_commissioner),
        origin_country=pl.coalesce(*(["origin_country"] if "origin_country" in rows.columns else []), "_origin"),
        producer_address=_own_address(rows),
    )
    return rows.drop("_maker", "_commissioner", "_origin", "_printed"), _parties(rows, in_cells)


def _without_origin(cell: str) -> str | None:
    """The name in a cell without roles; null where roles are printed and none is named."""
    text = cell.translate(_HALF_WIDTH)
    if _MARKER.search(text):
        return None
    origin = _ORIGIN.search(text)
    return (cell[: origin.start()] + cell[origin.end() :]).strip() or None if origin else cell


def _own_address(rows: pl.DataFrame) -> pl.Series:
    """Where several firms' addresses share a cell, that of the one that answers for the product."""
    composite = rows["producer_address"].str.contains(_COMPOSITE).fill_null(False)
    if not composite.any():
        return rows["producer_address"]
    cells = _by_distinct(
        rows["producer_address"].filter(composite), lambda cell: _answering(parties_in(cell)[0]) or cell
    )
    own = pl.DataFrame(cells, schema={"producer_address": pl.String, "own": pl.String}, orient="row")
    return (
        rows.select("producer_address")
        .join(own, on="producer_address", how="left", maintain_order="left")
        .select(pl.coalesce("own", "producer_address").alias("producer_address"))
        .to_series()
    )


def _parties(rows: pl.DataFrame, in_cells: pl.DataFrame) -> pl.DataFrame:
    """Every role of a composite producer cell, and the roles that have columns of their own."""
    in_columns = [
        rows.select("record_no", role=pl.lit(role), party_name=role).drop_nulls("party_name")
        for role in ("commissioner", "importer", "distributor")
    ]
    return (
        pl.concat(
            [
                rows.select("record_no", "producer")
                .join(in_cells, on="producer", maintain_order="left_right")
                .drop("producer"),
                *in_columns,
            ]
        )
        .unique(["record_no", "role", "party_name"], maintain_order=True)
        .sort("record_no", maintain_order=True)
        .with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
        .select(list(NO_PARTIES))
    )


# --- failing items --------------------------------------------------------------------------------------------------


def items_in(cell: str) -> list[Item]:
    """(item, result, limit) of each failing item in one cell: `项目║检验结果║标准值`, or names alone.

    Items are separated by semicolons, which also separate the results of one item and the parts of its sampling plan:
    a piece that is a value or a part of a plan continues the item before it.
    """
    text = _BARS.sub("║", cell)
    pieces = _ITEM_ENDS.split(text)
    if "║" not in text:
        return [item for name in _names(pieces[::2]) for item in [_item_of_words(name)]]
    items = [pieces[0]]
    for end, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        first = piece.split("║", 1)[0].strip()
        continues = _PLAN_PIECE.match(piece) or ("║" in items[-1] and is_value(first)) or _is_open(items[-1])
        if continues:
            items[-1] += end + piece
        else:
            items.append(piece)
    found = []
    for item in items:
        name, result, limit = (*item.split("║", 2), "", "")[:3]
        if name.strip() or result.strip():
            found.append((_without_number(name.strip()), _blank_to_none(result), _blank_to_none(limit)))
    return found


def _is_open(text: str) -> bool:
    """Whether a bracket is open at the end of a text."""
    name = text.replace("（", "(").replace("）", ")")
    return name.count("(") > name.count(")")


def _blank_to_none(text: str) -> str | None:
    stripped = text.strip()
    return None if stripped in _NULLS else stripped


def _without_number(name: str) -> str:
    found = _ENUMERATED.match(name)
    return found[2].strip() if found is not None and "、" not in found[1] else name


def _names(pieces: Iterable[str]) -> list[str]:
    """Item names, their numbering (1. 2. 3.) taken off where it runs on."""
    names: list[str] = []
    for piece in pieces:
        if names and _is_open(names[-1]):
            names[-1] += f"；{piece}"
        elif piece.strip() and piece.strip() not in _NULLS:
            names.append(piece.strip())
    numbered = [_ENUMERATED.match(name) for name in names]
    if [int(found[1]) for found in numbered if found] == list(range(1, len(names) + 1)):
        return [found[2].strip() for found in numbered if found]
    if len(names) == 1 and not _SUM.search(names[0]):
        parts = [part.strip() for part in re.split(r"、(?![^(（]*[)）])", names[0])]
        if all(len(part) > 1 and not part[0].isdigit() for part in parts):
            return parts
    return names


def _item_of_words(text: str) -> Item:
    """An item whose result stands behind its name: 糖精钠 0.006g/kg."""
    name, _, tail = text.rpartition(" ")
    if name and has_unit(tail):
        return name.strip(" :："), tail, None
    glued = _GLUED.match(text)
    if glued is not None and "/" in glued["value"] and has_unit(glued["value"]):
        return glued["name"], glued["value"], None
    return text, None, None


def _row_items(names: str, result: str | None, limit: str | None) -> list[Item]:
    """The items of a row whose result and limit may have cells of their own."""
    found = items_in(names)
    if len(found) == 1:
        name, own_result, own_limit = found[0]
        return [(name, own_result or result, own_limit or limit)]
    if result is None and limit is None:
        return found
    parts = [re.split("[;；\n]", text) if text else [None] * len(found) for text in (result, limit)]
    if any(len(part) != len(found) for part in parts) or any(own or of for _, own, of in found):
        return found if any(own for _, own, _ in found) else [(names.strip(), result, limit)]
    return [
        (name, part and part.strip(), bound and bound.strip())
        for (name, _, _), part, bound in zip(found, *parts, strict=True)
    ]


def _findings(rows: pl.DataFrame) -> pl.DataFrame:
    failing = rows.filter((pl.col("result") == "fail").fill_null(True)).select(
        "record_no", names=pl.coalesce("item_name", "failed_items"), result="item_result", limit="item_limit"
    )
    cells = failing.filter(pl.col("names").is_not_null())
    distinct = cells.select("names", "result", "limit").unique(maintain_order=True)
    if not len(distinct):
        return pl.DataFrame(schema=NO_FINDINGS)
    found = [(*row, *item) for row in distinct.rows() for item in _row_items(*row)]
    columns = ["names", "result", "limit", "item_name", "result_text", "limit_text"]
    items = pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")
    findings = cells.join(items, on=["names", "result", "limit"], nulls_equal=True, maintain_order="left_right").select(
        "record_no", "item_name", "result_text", "limit_text"
    )
    return measured(findings).with_columns(item_no=pl.col("record_no").cum_count().over("record_no").cast(pl.Int64))
