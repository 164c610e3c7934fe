"""Text, dates and codes read once, at parse: what SQL downstream relies on instead of doing it again.

Everything works on whole Polars columns. Rules for names are those of DESIGN section 6 (NFKC, brackets, legal-form
suffix, region prefix, traditional to simplified).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
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
    """`values` with `change` applied where `mask` holds: the string functions are dear, most values need none."""
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
    found = frame.select((pl.col(column) == token).any().alias(str(i)) for i, (column, token) in enumerate(tokens))
    present: dict[str, list[str]] = {}
    for (column, token), is_found in zip(tokens, found.row(0), strict=True):
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


# What a whole day looks like. The parser alone would read 2018021 as 1 February, and years of any length.
_WHOLE_DAY = {
    "yyyymmdd": ("^[12][0-9]{7}$", "%Y%m%d"),
    "iso": ("^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"),
    "any": ("^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"),
    "english": ("^[A-Z][a-z]{2} [0-9]{1,2}, [12][0-9]{3}$", "%b %d, %Y"),
}


@lru_cache(maxsize=1024)
def whole_day(column: str, date_format: str) -> pl.Expr:
    """The values that are a whole day in `date_format` (see declarations.DateFormat) at first sight, as dates."""
    values = pl.col(column)
    if date_format == "roc":
        parts = values.str.extract_groups(r"^(?P<y>[0-9]{1,3})\.(?P<m>[0-9]{1,2})\.(?P<d>[0-9]{1,2})$")
        year = (parts.struct.field("y").cast(pl.Int32) + 1911).cast(pl.String)
        iso = year + "-" + parts.struct.field("m").str.zfill(2) + "-" + parts.struct.field("d").str.zfill(2)
        return iso.str.to_date("%Y-%m-%d", strict=False).alias(column)
    shape, parsed = _WHOLE_DAY[date_format]
    return pl.when(values.str.contains(shape)).then(values.str.to_date(parsed, strict=False, exact=True))


def other_dates(values: pl.Series, days: pl.Series, date_format: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """For values of which some are no whole day at first sight: (days, texts, bad), never inventing a month or a day.

    `texts` is ISO 8601 to the precision received (2013-05, 2019), `bad` marks what is no date in the format.
    yyyymmdd: 20130500 (month known), 20130000 (year known), 0 and 00000000 (none). any: 2022.06.22, 2022/6/22,
    2022年6月22日, 20220622, a time of day after the date, 2023-11, 2023年11月, 2019.
    """
    read = pl.DataFrame({"v": values, "day": days})
    distinct = read.filter(pl.col("day").is_null() & pl.col("v").is_not_null())["v"].unique()
    if not len(distinct):
        return days, iso_text(days), values.is_null() & False
    other = read.join(_other_shapes(distinct, date_format), on="v", how="left", maintain_order="left").select(
        day=pl.coalesce("day", "other_day"),
        text=pl.coalesce(pl.coalesce("day", "other_day").dt.to_string("iso:strict"), "other_text"),
        bad=pl.col("other_bad").fill_null(False),
    )
    return other["day"], other["text"], other["bad"]


def iso_text(days: pl.Series) -> pl.Series:
    """Days as ISO 8601 text."""
    return days.dt.to_string("iso:strict")


def _other_shapes(distinct: pl.Series, date_format: str) -> pl.DataFrame:
    """For values that are no whole day at first sight: `other_day`, `other_text` (partial) and `other_bad` by `v`."""
    v = pl.col("v")
    frame = distinct.alias("v").to_frame()
    none = pl.lit(None, pl.String)
    if date_format == "yyyymmdd":
        made = frame.select(
            v,
            other_day=pl.lit(None, pl.Date),
            other_text=pl.when(v.str.contains(r"^(?:1[0-9]|20)[0-9]{2}(?:0[1-9]|1[0-2])00$"))
            .then(v.str.slice(0, 4) + "-" + v.str.slice(4, 2))
            .when(v.str.contains(r"^(?:1[0-9]|20)[0-9]{2}0000$"))
            .then(v.str.slice(0, 4)),
            is_none=v.str.contains(r"^0+$"),
        )
    elif date_format in ("iso", "any"):
        made = frame.select(v, *_written_dates(v, date_format), is_none=pl.lit(False))
    else:
        made = frame.select(v, other_day=pl.lit(None, pl.Date), other_text=none, is_none=pl.lit(False))
    bad = pl.col("other_day").is_null() & pl.col("other_text").is_null() & ~pl.col("is_none")
    return made.with_columns(other_bad=bad).drop("is_none")


def _written_dates(v: pl.Expr, shapes: str) -> list[pl.Expr]:
    plain = v.str.normalize("NFKC").str.replace_all(r"\s*([-./年月日])\s*", "$1").str.strip_chars()
    if shapes == "iso":
        whole = plain.str.extract_groups(r"^(?P<y>[12][0-9]{3})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})[T ].*$")
    else:
        whole = plain.str.extract_groups(
            r"^(?P<y>[12][0-9]{3})[-./年]?(?P<m>[0-9]{1,2})[-./月]?(?P<d>[0-9]{1,2})日?(?:[T ]?[0-9]{1,2}:[0-9]{2}.*)?$"
        )
    part = plain.str.extract_groups(r"^(?P<y>[12][0-9]{3})(?:[-./年](?P<m>[0-9]{1,2})?月?)?$")
    spaced = plain.str.contains(r"^[12][0-9]{3}[-./年][0-9]{1,2}[-./月][0-9]{1,2}") | plain.str.contains(
        r"^[0-9]{8}(?:[^0-9]|$)"
    )

    def field(groups: pl.Expr, name: str, width: int) -> pl.Expr:
        return groups.struct.field(name).str.zfill(width)

    iso = field(whole, "y", 4) + "-" + field(whole, "m", 2) + "-" + field(whole, "d", 2)
    month = part.struct.field("m").cast(pl.Int32, strict=False)
    return [
        pl.when(spaced).then(iso).otherwise(None).str.to_date("%Y-%m-%d", strict=False).alias("other_day"),
        pl.when(month.is_between(1, 12))
        .then(field(part, "y", 4) + "-" + field(part, "m", 2))
        .when(part.struct.field("m").is_null())
        .then(part.struct.field("y"))
        .alias("other_text"),
    ]


_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.float32)


def uscc_is_valid(values: pl.Series) -> pl.Series:
    """Whether each code is a unified social credit code with the right check digit (GB 32100-2015), or a 15-digit
    registration number of before 2015; null stays null.

    The rule is python-stdnum's `cn.uscc` on a whole column, but a registering department may be a letter (Y, N) and is
    never 0.
    """
    shaped = values.str.contains(r"^[1-9A-HJ-NP-RT-UW-Y][1-9][0-9]{6}[0-9A-HJ-NP-RT-UW-Y]{10}$")
    valid = values.str.contains(r"^[0-9]{15}$")
    at = shaped.arg_true()
    if not len(at):
        return valid
    letters = np.frombuffer(str(values.gather(at).str.join("").item()).encode(), dtype=np.uint8)
    # Whole numbers this small are exact in 32-bit floats, whose product is a fast library routine.
    table = np.zeros(256, dtype=np.float32)
    table[np.frombuffer(_USCC_ALPHABET.encode(), dtype=np.uint8)] = np.arange(31)
    digits = table[letters].reshape(len(at), 18)
    right = (31 - digits[:, :17] @ _USCC_WEIGHTS % 31) % 31 == digits[:, 17]
    return valid.scatter(at, pl.Series(right))
