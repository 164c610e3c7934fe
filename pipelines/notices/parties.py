"""The parties that a notice cell names, with their roles."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import polars as pl

Found = TypeVar("Found")

NULL_TEXTS = ["/", "—", "——", "―", "－", "－－", "---", "--", "-", "无", "／", "\\", "n/a", "N/A", "不详", "不适用", ""]

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
NO_PARTIES = {"record_no": pl.Int64, "item_no": pl.Int64, "role": pl.String, "party_name": pl.String}


def _by_distinct(values: pl.Series, read: Callable[[str], Found]) -> list[tuple[str, Found]]:
    return [(text, read(text)) for text in values.drop_nulls().unique(maintain_order=True).to_list()]


def parties_in(cell: str) -> tuple[list[tuple[str, str]], str | None]:
    """((role, name or address) in the order printed, country of origin) of a composite cell; see ROLES."""
    text = cell.translate(_HALF_WIDTH)
    origin = _ORIGIN.search(text)
    if origin is not None:
        blank = " " * len(origin[0])
        cell, text = (f"{either[: origin.start()]}{blank}{either[origin.end() :]}" for either in (cell, text))
    spans: list[tuple[str, int, int]] = []
    markers = list(_MARKER.finditer(text))
    for marker, following in zip(markers, [*markers[1:], None][: len(markers)], strict=True):
        spans.append((_role(marker["role"]), marker.end(), following.start() if following else len(text)))
    if not markers:
        for part in re.finditer("[^;\n]+", text):
            suffix = _SUFFIX.search(part[0])
            if suffix is not None:
                spans.append((_role(suffix["role"]), part.start(), part.start() + suffix.start()))
    parties = []
    for role, start, end in spans:
        until = _END.search(text, start, end)
        name = cell[start : until.start() if until else end].strip(" ,，、/\u3000")
        if name not in NULL_TEXTS:
            parties.append((role, name))
    return parties, origin["origin"] if origin else None


def _role(words: str) -> str:
    return next(role for role, pattern in _ROLES.items() if re.fullmatch(pattern, words))


def _answering(parties: list[tuple[str, str]]) -> str | None:
    return next((name for role in _ANSWERING for of, name in parties if of == role), None)


def with_roles(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
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
