"""A draft of a new source, made from one of its files: declaration, staging models and a page to fill in.

The file is read by the same parser that will read the feed's deliveries, first with every column as text. What the
values show becomes types, keys and code lists, and the draft then parses the file itself: a rule that any of its
records breaks is taken back. Only what nobody can see in a file is left open, as a placeholder.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

from pipelines.contract import check
from pipelines.declarations import PLACEHOLDER, Source, load_source
from pipelines.fingerprint import quoted
from pipelines.home import Home, UsageError
from pipelines.inspection import Layout, Place, layout_of
from pipelines.parse import parse_deliveries
from pipelines.receive import Manifest, receive
from pipelines.text import uscc_is_valid

_IDENTIFIER = re.compile(r"[a-z](?:_?[a-z0-9]+)*")
_LONGEST_NAME = 40
_VALUES_LOOKED_AT = 5000
_NULL_TOKENS = ["/", "-", "--", "---", "—", "——", "－", "*", "N/A", "n/a", "NULL", "null", "None", "none", "NaN", "无"]
# 无 is an answer where 有 is the other.
_NO_NULL_BESIDE = {"无": "有"}
_MOST_CODES = 30
_LONGEST_CODE = 40
_ROWS_PER_CODE = 5
_LONGEST_KEY = 64
_MOST_KEY_PAIRS = 28
_NO_PROGRESS = 40
_IS_IDENTIFIER = re.compile(
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
_COVERED = ("type", "code", "pattern", "required", "uscc", "shifted")


@dataclass(frozen=True)
class Profile:
    """What the values of a column show."""

    n_rows: int
    n_filled: int
    n_distinct: int
    longest: int
    values: list[str]

    @property
    def is_filled(self) -> bool:
        return self.n_filled == self.n_rows > 0


@dataclass
class Draft:
    """What was written: the new files, the records of the file by outcome, and what a person should know."""

    files: list[Path]
    manifest: Manifest
    key: list[str]
    notes: list[str] = field(default_factory=list)


def new_source(source_id: str, path: Path, sources_dir: Path, staging_dir: Path) -> Draft:
    """Write the draft of a source made from a file: source.yaml and README.md in `sources_dir`/<id>, and a staging
    model per entity in `staging_dir`/<id>.

    The draft loads, and parses the file it was made from with every readable record loaded. Raises UsageError, having
    written nothing, for an id that is none, a source that exists, and a file that cannot be drafted from.
    """
    if not _IDENTIFIER.fullmatch(source_id) or len(source_id) > _LONGEST_NAME:
        raise UsageError(
            f"{source_id!r} is no source id: lower-case letters, digits and single underscores, a letter first,"
            f" {_LONGEST_NAME} characters at most"
        )
    folder = sources_dir / source_id
    taken = [folder] if folder.exists() else sorted(staging_dir.rglob(f"stg_{source_id}__*"))
    if taken:
        raise UsageError(f"{taken[0]}: exists already; choose another id, or remove it first")
    layout = layout_of(path)
    with tempfile.TemporaryDirectory(prefix="touchstone-") as name:
        trial = _Trial(Path(name), source_id, path, layout)
        declaration, manifest = trial.settle()
        profiles = trial.notes
    texts = {folder / "source.yaml": _declaration_text(declaration, path)}
    texts[folder / "README.md"] = _readme(declaration, path, manifest, profiles)
    models = staging_dir / source_id
    for entity, raw in declaration["entities"].items():
        texts.update(_staging(source_id, entity, raw, entity == next(iter(declaration["entities"])), models))
    folder.mkdir(parents=True)
    models.mkdir(parents=True, exist_ok=True)
    for target, text in texts.items():
        target.write_text(text, encoding="utf-8")
    load_source(folder / "source.yaml")
    first = next(iter(declaration["entities"].values()))
    return Draft(list(texts), manifest, list(first.get("key", [])), profiles)


def column_names(texts: Sequence[str]) -> list[str]:
    """A snake_case ASCII name for each header text or path, all different and no keyword of SQL; Chinese by its pinyin,
    c1, c2, … where nothing is left or too much."""
    return _names(texts, "c", _reserved_words())


def _names(texts: Sequence[str], fallback: str, reserved: set[str]) -> list[str]:
    from pypinyin import lazy_pinyin

    names: list[str] = []
    for place, text in enumerate(texts, 1):
        steps = [step for step in re.split(r"[/.]", text) if step] if _is_path(text) else [text]
        name = ""
        for n_steps in range(1, max(len(steps), 1) + 1):
            words = "_".join(lazy_pinyin("_".join(steps[-n_steps:])))
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words)
            name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
            if name and name not in names and name not in reserved:
                break
        if not name or len(name) > _LONGEST_NAME or not name[0].isalpha():
            name = f"{fallback}{place}"
        if name in reserved or name.endswith(("_norm", "_key", "_text")):
            name = f"{name}_value"
        while name in names:
            name = f"{name}_{place}"
        names.append(name)
    return names


def _is_path(text: str) -> bool:
    """Whether a text is a path of elements or keys and no header of a table."""
    return bool(re.fullmatch(r"[\w@:-]+(?:[/.][\w@:-]+)+", text)) and not re.search(r"[一-鿿]", text)


def _reserved_words() -> set[str]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        ).fetchall()
    return {str(row[0]) for row in rows} | {"record_no", "item_no", "delivery_sha256"}


# --- the file read by its own draft ---------------------------------------------------------------------------------


class _Trial:
    """Reads the file under drafts of its declaration, in a home of its own."""

    def __init__(self, folder: Path, source_id: str, path: Path, layout: Layout) -> None:
        self._home = Home(folder / "home")
        self._folder = folder / source_id
        self._path, self._layout = path, layout
        self._id = source_id
        self.notes = list(layout.left_out)
        self._folder.mkdir()

    def settle(self) -> tuple[dict[str, Any], Manifest]:
        """The declaration that takes every record the reader can read, and what became of the file under it.

        Raises UsageError with the reader's reason when the file is refused whole.
        """
        declaration = self._plain()
        manifest = self._read(declaration)
        declaration = self._typed(declaration, manifest)
        for _ in range(_NO_PROGRESS):
            manifest = self._read(declaration)
            if not manifest.n_quarantined or not self._take_back(declaration, manifest):
                break
        if manifest.n_quarantined:
            self.notes.append(
                f"{manifest.n_quarantined} of {manifest.n_records} records cannot be read under any declaration:"
                f" {', '.join(self._rules(manifest))}"
            )
        self.notes += [f"{name}: met in the file and not declared" for name in manifest.findings]
        for name, place in zip(declaration["entities"], self._layout.places, strict=True):
            if place.n_met is not None and manifest.rows.get(name, 0) != place.n_met:
                self.notes.append(
                    f"{name}: {manifest.rows.get(name, 0)} rows are read where the file has {place.n_met}"
                )
        return declaration, manifest

    def _plain(self) -> dict[str, Any]:
        """Every column as text."""
        layout, entities = self._layout, dict[str, Any]()
        names = _names([place.name for place in layout.places], "entity", set())
        for name, place in zip(names, layout.places, strict=True):
            entity: dict[str, Any] = {"meaning": {"zh": PLACEHOLDER, "en": PLACEHOLDER}}
            entity |= {k: v for k, v in (("rows", place.rows), ("repeated", place.repeated)) if v}
            if place.siblings:
                entity["siblings"] = True
            entity["columns"] = self._columns(place)
            entities[name] = entity
        suffix = self._path.suffix.lower()
        delivery: dict[str, Any] = {"patterns": [f"*{suffix}", f"*{suffix}.gz", "*.zip"], "format": layout.format}
        if layout.encodings and layout.encodings != ["utf-8"]:
            delivery["encodings"] = sorted({"utf-8", *layout.encodings}, reverse=True)
        return {
            "id": self._id,
            "title": {"zh": PLACEHOLDER, "en": PLACEHOLDER},
            "publisher": PLACEHOLDER,
            "licence": PLACEHOLDER,
            "home_url": PLACEHOLDER,
            "cadence": PLACEHOLDER,
            "freshness_hours": 8784,
            "freshness_reason": PLACEHOLDER,
            "semantics": "append",
            "delivery": delivery,
            **layout.sections,
            "entities": entities,
            "tolerances": {"quarantined_share_max": 0.01, "volume_ratio": [0.01, 100]},
        }

    def _columns(self, place: Place) -> list[dict[str, Any]]:
        texts = [place.name if path == "." else path for path in place.columns]
        columns: list[dict[str, Any]] = []
        for name, text, path in zip(column_names(texts), texts, place.columns, strict=True):
            is_chinese = bool(re.search(r"[一-鿿]", text))
            zh, en = (text, PLACEHOLDER) if is_chinese else (PLACEHOLDER, text)
            columns.append({"name": name, "type": "text", "from": path, "zh": zh, "en": en})
        return columns

    def _read(self, declaration: Mapping[str, Any]) -> Manifest:
        text = yaml.safe_dump(declaration, allow_unicode=True, sort_keys=False)
        (self._folder / "source.yaml").write_text(text, encoding="utf-8")
        source = load_source(self._folder / "source.yaml")
        if not self._home.archive(self._id).exists():
            landing = self._home.landing(self._id)
            landing.mkdir(parents=True)
            shutil.copyfile(self._path, landing / self._path.name)
            receive(self._home, source, _silent)
        parsed = parse_deliveries(self._home, source, _silent, again=True)
        if not parsed or parsed[0].state == "refused":
            reason = parsed[0].reason if parsed else "was not received"
            raise UsageError(f"{self._path}: {reason}")
        if not parsed[0].n_records:
            raise UsageError(f"{self._path}: has no records; take a file that does")
        return parsed[0]

    def _rules(self, manifest: Manifest) -> list[str]:
        """The rules that records in quarantine broke."""
        path = self._home.quarantine(self._id) / f"{manifest.sha256}.parquet"
        return sorted(pl.read_parquet(path, columns=["rule"])["rule"].unique().to_list())

    def _take_back(self, declaration: dict[str, Any], manifest: Manifest) -> bool:
        """Take back the rules that records of the file break; whether there was any."""
        taken = False
        first = next(iter(declaration["entities"]))
        for rule in self._rules(manifest):
            kind, _, place = rule.partition(":")
            entity, _, name = place.rpartition(".")
            columns = declaration["entities"].get(entity or first, {}).get("columns", [])
            column = next((one for one in columns if one["name"] == name), None)
            if column is None or kind not in _COVERED:
                continue
            fresh = {k: v for k, v in column.items() if k in ("name", "from", "required", "zh", "en", "null_values")}
            if kind == "required":
                fresh.pop("required", None)
            else:
                fresh["type"] = "text"
            if fresh != column:
                column.clear()
                column.update(fresh if "type" in fresh else {**fresh, "type": "text"})
                taken = True
        return taken

    # --- what the values show -----------------------------------------------------------------------------------------

    def _typed(self, declaration: dict[str, Any], manifest: Manifest) -> dict[str, Any]:
        """The declaration with types, formats, null tokens, code lists, required columns and the key."""
        spill = self._home.root / "spill"
        spill.mkdir(exist_ok=True)
        config: dict[str, Any] = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(spill)}
        with duckdb.connect(config=config) as connection:
            for number, (name, entity) in enumerate(declaration["entities"].items()):
                file = self._home.lake(self._id, name) / f"{manifest.sha256}.parquet"
                connection.read_parquet(str(file)).create_view("found", replace=True)
                profiles: dict[str, Profile] = {}
                for column in entity["columns"]:
                    profile, tokens = _profile(connection, column["name"])
                    profiles[column["name"]] = profile
                    _describe(column, profile, tokens, self.notes, name)
                if number == 0 and (key := _key(connection, entity["columns"], profiles)):
                    entity_items = {"meaning": entity.pop("meaning"), "key": key, **entity}
                    entity.clear()
                    entity.update(entity_items)
                    declaration["semantics"] = "replace_by_key"
                    for column in entity["columns"]:
                        if column["name"] in key:
                            column.pop("codes", None)
        return declaration


def _silent(_message: str, _rows: int | None) -> None:
    """Reading a draft reports nothing."""


def _profile(connection: duckdb.DuckDBPyConnection, column: str) -> tuple[Profile, list[str]]:
    """What a column of the view `found` holds besides null tokens, and those tokens."""
    name = quoted(column)
    met = connection.execute(
        f"select distinct {name} from found where {name} in (select unnest($texts))",
        {"texts": [*_NULL_TOKENS, *_NO_NULL_BESIDE.values()]},
    ).fetchall()
    present = {str(row[0]) for row in met}
    tokens = [token for token in _NULL_TOKENS if token in present and _NO_NULL_BESIDE.get(token) not in present]
    counted = connection.execute(
        f"select {name} from found where {name} is not null and {name} not in (select unnest($tokens))"
        f" group by {name} order by count(*) desc, {name} limit $most",
        {"tokens": tokens, "most": _VALUES_LOOKED_AT},
    ).fetchall()
    totals = connection.execute(
        f"select count(*), count(v), count(distinct v), coalesce(max(length(v)), 0) from"
        f" (select case when {name} not in (select unnest($tokens)) then {name} end as v from found)",
        {"tokens": tokens},
    ).fetchall()
    n_rows, n_filled, n_distinct, longest = totals[0]
    return Profile(n_rows, n_filled, n_distinct, longest, [row[0] for row in counted]), tokens


def _describe(column: dict[str, Any], profile: Profile, tokens: list[str], notes: list[str], entity: str) -> None:
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
    if not is_code and not _IS_IDENTIFIER.search(header):
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
    source = _of_columns(columns)
    return check(source, {"record": frame}, undecodable=False).tables["record"]


def _of_columns(columns: list[dict[str, Any]]) -> Source:
    """A declaration of one entity, to read values under its contract."""
    text = {"zh": PLACEHOLDER, "en": PLACEHOLDER}
    return Source.model_validate(
        {
            "id": "trial", "title": text, "publisher": "", "licence": "", "home_url": "", "cadence": "",
            "freshness_hours": 1, "freshness_reason": "", "semantics": "append",
            "delivery": {"patterns": ["*"], "format": "table"},
            "entities": {"record": {"meaning": text, "columns": columns}},
            "tolerances": {"quarantined_share_max": 1, "volume_ratio": (0, 1)},
            "folder": Path("trial"),
        }
    )  # fmt: skip


def _are_codes(profile: Profile) -> bool:
    """Whether the values are a short list whose members come again and again."""
    return (
        1 < profile.n_distinct <= _MOST_CODES
        and profile.longest <= _LONGEST_CODE
        and profile.n_filled >= _ROWS_PER_CODE * profile.n_distinct
    )


def _key(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Mapping[str, Any]], profiles: Mapping[str, Profile]
) -> list[str]:
    """The column, or else the pair of columns, that is filled and different in every record; the likeliest first."""

    def doubt(column: Mapping[str, Any]) -> tuple[int, bool, bool]:
        header = f"{column['name']} {column['from']}"
        order = ("text", "integer", "date", "name", "partial_date").index(column["type"])
        return order, not _IS_IDENTIFIER.search(header), "." in str(column["from"])

    able = [
        column
        for column in columns
        if column["type"] not in ("number", "boolean")
        and profiles[column["name"]].is_filled
        and profiles[column["name"]].longest <= _LONGEST_KEY
    ]
    n_rows = max((profile.n_rows for profile in profiles.values()), default=0)
    if n_rows < 2:
        return []
    # A number that counts the lines of this file names nothing in the next one.
    able = [column for column in able if not _counts_records(connection, column["name"])]
    able.sort(key=lambda column: (not _IS_IDENTIFIER.search(f"{column['name']} {column['from']}"), *doubt(column)))
    for column in able:
        profile = profiles[column["name"]]
        if profile.n_distinct == profile.n_rows:
            return [column["name"]]
    pairs = sorted(
        combinations(able, 2),
        key=lambda pair: -profiles[pair[0]["name"]].n_distinct * profiles[pair[1]["name"]].n_distinct,
    )
    for one, other in pairs[:_MOST_KEY_PAIRS]:
        if profiles[one["name"]].n_distinct * profiles[other["name"]].n_distinct < n_rows:
            break
        names = f"{quoted(one['name'])}, {quoted(other['name'])}"
        found = connection.execute(f"select count(*) from (select distinct {names} from found)").fetchall()
        if found[0][0] == n_rows:
            return [one["name"], other["name"]]
    return []


def _counts_records(connection: duckdb.DuckDBPyConnection, column: str) -> bool:
    query = f"select bool_and(coalesce(try_cast({quoted(column)} as bigint) = record_no, false)) from found"
    return bool(connection.execute(query).fetchall()[0][0])


# --- what is written ------------------------------------------------------------------------------------------------


def _flow(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.strip().removesuffix("...").strip()


def _declaration_text(declaration: Mapping[str, Any], path: Path) -> str:
    """source.yaml, laid out as the declarations beside it are: a column a line."""
    lines = [f"# Drafted from {path.name}. `touchstone sources check` lists what is {PLACEHOLDER}."]
    for key, value in declaration.items():
        if key in ("delivery", "xml", "json", "table", "entities", "tolerances"):
            lines.append("")
        if key == "entities":
            lines.append("entities:")
            for name, entity in value.items():
                lines.append(f"  {name}:")
                lines += [f"    {k}: {_flow(v)}" for k, v in entity.items() if k != "columns"]
                lines.append("    columns:")
                lines += [f"      - {_flow(column)}" for column in entity["columns"]]
        elif isinstance(value, dict) and key != "title":
            lines.append(f"{key}:")
            lines += [f"  {k}: {_flow(v)}" for k, v in value.items()]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _readme(declaration: Mapping[str, Any], path: Path, manifest: Manifest, notes: Iterable[str]) -> str:
    entity = next(iter(declaration["entities"].values()))
    key = entity.get("key", [])
    coded = [column["name"] for column in entity["columns"] if column.get("codes")]
    empty = [f"{c['name']} ({' '.join(c['null_values'])})" for c in entity["columns"] if c.get("null_values")]
    seen = [
        f"{manifest.n_records} records: {manifest.n_loaded} loaded, {manifest.n_quarantined} quarantined,"
        f" {manifest.n_skipped} skipped.",
        f"The key {' and '.join(key)} is filled and different in every record; is it so in the next delivery?"
        if key
        else "No column, nor a pair of columns, was seen to tell records apart: no key, and records are appended.",
    ]
    if coded:
        seen.append(f"Code lists hold what this file holds; complete them from the publisher: {', '.join(coded)}.")
    if empty:
        seen.append(f"Values taken for none: {', '.join(empty)}.")
    return "\n".join(
        [
            f"# {declaration['id']}",
            "",
            f"Publisher, licence and cadence: {PLACEHOLDER}.",
            "",
            f"- **A record is** {PLACEHOLDER}.",
            f"- Where it is published, and how a delivery is fetched: {PLACEHOLDER}.",
            f"- Whether a delivery is the whole list or what changed (`semantics`): {PLACEHOLDER}.",
            f"- What is particular: {PLACEHOLDER}.",
            "",
            f"What {path.name} showed:",
            "",
            *(f"- {line}" for line in [*seen, *notes]),
            "",
        ]
    )


def _staging(source_id: str, entity: str, raw: Mapping[str, Any], is_record: bool, models: Path) -> dict[Path, str]:
    """The staging model of an entity and its yml."""
    columns = _of_columns([dict(column) for column in raw["columns"]]).entities["record"].columns
    names = ["delivery_sha256", "record_no", *([] if is_record else ["item_no"])]
    names += [name for column in columns for name, _ in column.lake_columns]
    table, model = f"{source_id}__{entity}", f"stg_{source_id}__{entity}"
    selected = ",\n".join(f"        {name}" for name in names)
    grain = "record" if is_record else f"{entity} of a record"
    sql = (
        f"-- Grain: one row per {grain} as delivered.\nwith source as (\n"
        f"    select * from {{{{ source('lake', '{table}') }}}}\n),\n\nrenamed as (\n    select\n{selected}\n"
        f"    from source\n)\n\nselect * from renamed\n"
    )
    said = f"{PLACEHOLDER} | {PLACEHOLDER}"
    yml = (
        f"version: 2\n\nsources:\n  - name: lake\n    database: work\n    schema: lake\n    tables:\n"
        f'      - name: {table}\n        description: "{said}"\n\nmodels:\n  - name: {model}\n'
        f'    description: "{said}"\n'
    )
    return {models / f"{model}.sql": sql, models / f"{model}.yml": yml}
