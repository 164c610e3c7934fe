"""Text, dates and codes read once, at parse: what SQL downstream relies on instead of doing it again.

Everything works on Polars columns. Rules for names are those of DESIGN section 6 (NFKC, brackets, legal-form
suffix, region prefix, traditional to simplified).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import opencc
import polars as pl

UNDECODABLE = "\ufffd"

# Plain ASCII and unified ideographs are their own NFKC form; most values need nothing more.
_NOT_NFKC = r"[^\x20-\x7E\x{4E00}-\x{9FFF}]"
_FULL_WIDTH = {chr(point): chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
_SPACES = r"\s+"
_MARKS = r"[\s\p{P}\p{S}]"
_LEGAL_FORMS = {"有限责任公司": "有限公司", "股份有限责任公司": "股份有限公司", "股份公司": "股份有限公司"}
_LEGAL_FORM = "有限责任公司|股份公司"
_PROVINCE_WORD = (
    r"^(?:(北京|天津|上海|重庆)市|(河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省"
    r"|(内蒙古|西藏)自治区|(广西)壮族自治区|(宁夏)回族自治区|(新疆)维吾尔自治区)"
)


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=1)
def _traditional() -> str:
    """The ideographs that traditional-to-simplified conversion changes, as the inside of a character class."""
    ideographs = [chr(point) for point in range(0x4E00, 0xA000)]
    simplified = _converter().convert("\n".join(ideographs)).split("\n")
    return "".join(a for a, b in zip(ideographs, simplified, strict=True) if a != b)


@lru_cache(maxsize=1)
def _not_plain() -> str:
    """Matches a value that may differ from its normalised form: anything but ASCII and simplified ideographs."""
    traditional = set(_traditional())
    plain = "".join(chr(point) for point in range(0x4E00, 0xA000) if chr(point) not in traditional)
    return rf"[^\x20-\x7E{plain}]|  "


def _where(values: pl.Series, mask: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`values` with `change` applied where `mask` is true: the string functions are slow, and most values need none."""
    at = mask.arg_true()
    if not len(at):
        return values
    if len(at) == len(values):
        return change(values)
    return values.clone().scatter(at, change(values.gather(at)))


def _simplified(values: pl.Series) -> pl.Series:
    joined = "\n".join(values.to_list())
    return pl.Series(values.name, _converter().convert(joined).split("\n"), dtype=pl.String)


def _plain(values: pl.Series) -> pl.Series:
    values = values.str.replace_many(_FULL_WIDTH)
    values = _where(values, values.str.contains(_NOT_NFKC), lambda part: part.str.normalize("NFKC"))
    values = _where(values, values.str.contains(r"\s\s|^\s|\s$|[^\S ]"), lambda part: _collapsed(part))
    return _where(values, values.str.contains(f"[{_traditional()}]"), _simplified)


def _collapsed(values: pl.Series) -> pl.Series:
    return values.str.replace_all(_SPACES, " ").str.strip_chars()


def normalised(values: pl.Series) -> pl.Series:
    """NFKC, traditional to simplified, runs of white space collapsed to one space; of trimmed values ('' is null)."""
    return _null_if_empty(_where(values, values.str.contains(_not_plain()), _plain))


def name_keys(norm: pl.Series) -> pl.Series:
    """Keys under which one legal name written in several ways is the same: from values already `normalised`.

    Upper case, no spaces, punctuation or symbols (the words in brackets stay), legal-form variants unified, and the
    word 省, 市 or 自治区 of a leading province name dropped (湖北省赵李桥茶厂 = 湖北赵李桥茶厂).
    Null where nothing is left.
    """
    keys = _where(
        norm,
        norm.str.contains(rf"\p{{Ll}}|{_MARKS}"),
        lambda part: part.str.to_uppercase().str.replace_all(f"{_MARKS}+", ""),
    )
    keys = _where(keys, keys.str.contains(_LEGAL_FORM), lambda part: part.str.replace_many(_LEGAL_FORMS, leftmost=True))
    keys = _where(
        keys,
        keys.str.contains(_PROVINCE_WORD),
        lambda part: part.str.replace(_PROVINCE_WORD, "${1}${2}${3}${4}${5}${6}"),
    )
    return _null_if_empty(keys)


def trimmed(frame: pl.DataFrame, null_values: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """`frame` with the named text columns without surrounding white space (ideographic too); '' and the null tokens
    given for a column are null."""
    if not null_values:
        return frame
    frame = frame.with_columns(pl.col(list(null_values)).str.strip_chars())
    tokens = [(column, token) for column, declared in null_values.items() for token in ("", *declared)]
    # Looking for a token costs a third of replacing it, and most columns have none.
    matches = frame.select((pl.col(column) == token).any().alias(str(i)) for i, (column, token) in enumerate(tokens))
    present: dict[str, list[str]] = {}
    for (column, token), is_found in zip(tokens, matches.row(0), strict=True):
        if is_found:
            present.setdefault(column, []).append(token)
    return frame.with_columns(_null_if(pl.col(column), hit) for column, hit in present.items()) if present else frame


def _null_if(values: pl.Expr, tokens: list[str]) -> pl.Expr:
    empty = values == tokens[0]
    for token in tokens[1:]:
        empty = empty | (values == token)
    return pl.when(~empty).then(values)


def _null_if_empty(values: pl.Series) -> pl.Series:
    if not (values == "").any():
        return values
    return values.to_frame().select(_null_if(pl.col(values.name), [""])).to_series()
