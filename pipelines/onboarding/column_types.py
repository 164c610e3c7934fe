"""The type, format and code list of a column, from the values of a sample."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from pipelines.contract.check import check
from pipelines.contract.credit_codes import uscc_is_valid
from pipelines.onboarding.placeholder_source import placeholder_source
from pipelines.onboarding.profile import Profile

_MOST_CODES = 30
_LONGEST_CODE = 40
_ROWS_PER_CODE = 5
IS_IDENTIFIER = re.compile(
    r"(?:^|[_\W])(?:code|id|identifier|no|nr|number|ref|reference|zip|postal|phone|tel|fax|uscc)(?:$|[_\W])"
    r"|号|编码|代码|编号|邮编|电话|传真",
    re.I,
)
_IS_NAME = re.compile(
    r"企业|单位|公司|生产者|生产商|经营者|权利人|申请人|所有人|注册人|firm|company|owner|applicant|manufacturer|producer",
    re.I,
)
_IS_OTHER_THAN_NAME = re.compile(r"地址|住所|类型|性质|状态|规模|日期|address|type|status|date|country", re.I)
_LEGAL_FORM = r"公司|合作社|厂$|(?i:\b(?:ltd|inc|gmbh|llc|corp|s\.?a|s\.?p\.?a|b\.?v|co)\b\.?)"
_DATE_FORMATS = ("iso", "yyyymmdd", "english", "roc", "any")
_READABLE_BY_CODE = r"^\d{1,2}[/.]\d{1,2}[/.]\d{4}\b"
_TIME_OF_DAY = r"(?:[T ]|日)(?:0?[1-9]|1[0-9]|2[0-3]):[0-9]{2}|[T ]00?:(?:0[1-9]|[1-5][0-9])"


def describe_column(column: dict[str, Any], profile: Profile, tokens: list[str], notes: list[str], entity: str) -> None:
    """Give a column of a draft the type, format, tokens, codes and demands that its values show."""
    header = f"{column['name']} {column['from']}"
    values = pl.Series("v", profile.values, dtype=pl.String)
    kind = _kind(values, header) if len(values) else {"type": "text"}
    described = {"name": column["name"], **kind, "from": column["from"]}
    if profile.is_filled:
        described["required"] = True
    if tokens:
        described["null_values"] = tokens
    if kind == {"type": "text"} and _are_codes(profile):
        described["codes"] = sorted(profile.values)
    described |= {"zh": column["zh"], "en": column["en"]}
    column.clear()
    column.update(described)
    if not profile.n_filled:
        notes.append(f"{entity}.{column['name']}: empty in this file; its type could not be seen")
    elif kind == {"type": "text"} and values.str.contains(_READABLE_BY_CODE).mean() == 1:
        example = values[0]
        notes.append(
            f"{entity}.{column['name']}: dates such as {example}, day or month first; parse.py would have to say which"
        )
    elif "date" in kind["type"]:
        shapes = (
            values.str.replace_all("[0-9]", "9")
            .str.replace_all("[A-Za-z]{3}", "Mmm")
            .value_counts(sort=True)["v"]
            .head(5)
            .to_list()
        )
        notes.append(f"{entity}.{column['name']}: dates of the shape {' | '.join(shapes)}")


def _kind(values: pl.Series, header: str) -> dict[str, Any]:
    """The type, and its format, that reads each of the distinct values as the contract will."""
    if uscc_is_valid(values).all() and bool((values.str.len_chars() == 18).any()):
        return {"type": "text", "format": "uscc"}
    read = _readings(values)

    def reads(name: str) -> bool:
        return read[name].null_count() == 0

    if reads("boolean") and not values.is_in(["0", "1"]).any():
        return {"type": "boolean"}
    if bool(values.str.contains(_TIME_OF_DAY).any()):
        # A date would lose the hour.
        return {"type": "text"}
    for form in _DATE_FORMATS:
        days = read[f"date_{form}"]
        if reads(f"date_{form}") and bool(days.dt.year().is_between(1850, 2150).all()):
            return {"type": "date", "format": form}
    for form in ("yyyymmdd", "any"):
        days, texts = read[f"partial_{form}"], read[f"partial_{form}_text"]
        is_none = values.str.contains("^0+$") if form == "yyyymmdd" else values.is_null()
        n_days = int(days.is_not_null().sum())
        written = values.str.contains("[-/年]").any()
        has_days = n_days > 0 if form == "yyyymmdd" else 2 * n_days >= len(values) or bool(written)
        if bool((texts.is_not_null() | is_none).all()) and has_days:
            return {"type": "partial_date", "format": form}
    # Codes are text though they look like numbers: 0107 is not 107, and nobody adds them up.
    widths = values.str.len_chars()
    is_code = bool(values.str.contains(r"^[+-]?0[0-9]").any() or (widths > 15).any())
    is_code |= len(values) > 1 and widths.n_unique() == 1 and widths[0] >= 6 and reads("integer")
    if not is_code and not IS_IDENTIFIER.search(header):
        for name in ("integer", "number"):
            if reads(name):
                return {"type": name}
    legal = values.str.contains(_LEGAL_FORM).mean()
    share = legal if isinstance(legal, float) else 0.0
    is_name = share >= 0.5 or (share > 0.1 and _IS_NAME.search(header))
    return {"type": "name" if is_name and not _IS_OTHER_THAN_NAME.search(header) else "text"}


def _readings(values: pl.Series) -> pl.DataFrame:
    """The values under each candidate type, null where the contract does not take them."""
    candidates: dict[str, dict[str, Any]] = {name: {"type": name} for name in ("integer", "number", "boolean")}
    candidates |= {f"date_{form}": {"type": "date", "format": form} for form in _DATE_FORMATS}
    candidates |= {f"partial_{form}": {"type": "partial_date", "format": form} for form in ("yyyymmdd", "any")}
    columns = [{"name": name, "zh": name, "en": name, "on_error": "keep", **raw} for name, raw in candidates.items()]
    frame = pl.DataFrame(dict.fromkeys(candidates, values)).with_row_index("record_no", 1)
    text = {"zh": "", "en": ""}
    source = placeholder_source(entities={"record": {"meaning": text, "columns": columns}})
    return check(source, {"record": frame}, undecodable=False).tables["record"]


def _are_codes(profile: Profile) -> bool:
    """Whether the values are a short list whose members come again and again."""
    return (
        1 < profile.n_distinct <= _MOST_CODES
        and profile.longest <= _LONGEST_CODE
        and profile.n_filled >= _ROWS_PER_CODE * profile.n_distinct
    )
