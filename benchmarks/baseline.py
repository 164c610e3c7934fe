"""The hand-written script that a full refresh is measured against: the same star and marts without Touchstone.

    python -m benchmarks.baseline DELIVERIES TARGET AS_OF

XML is read by xml2arrow, CSV and JSON by DuckDB, workbooks by python-calamine, into temporary tables of one DuckDB
connection; then `baseline.sql` builds every table into TARGET. What it leaves out is in LEFT_OUT.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import opencc
import polars as pl
import pyarrow as pa
import python_calamine

from benchmarks.xml_tables import CASE_FILE, CLASSIFICATION, EVENT, OWNER, REGISTRATION, XmlTable, parser, table
from pipelines.fingerprint import quoted
from pipelines.home import DBT_PROJECT_DIR

LEFT_OUT = (
    "the archive with its manifests; every gate and check; quarantine (a record without a usable key, date or credit"
    " code, or plainly shifted, is dropped); the lake, and every column that no star table uses; what a delivery's"
    " manifest says of it beyond its size; text normalisation except in name keys; the general reading of addresses,"
    " roles, measured values and tables of statistics, of which it reads the forms that the simulated deliveries have;"
    " reviews without their award, earlier versions of marks and enterprises, and marks that a later whole register no"
    " longer lists; earlier editions of the industry codes;"
    " schemas audit and meta, comments, type contracts; Parquet export, site and publishing; any limit on memory"
)

_SQL = Path(__file__).with_name("baseline.sql")
_SEEDS = DBT_PROJECT_DIR / "seeds"

_USPTO = [
    table(
        "case_file",
        CASE_FILE,
        ["record"],
        [
            "serial-number",
            "registration-number",
            "transaction-date",
            "case-file-header/filing-date",
            "case-file-header/registration-date",
            "case-file-header/status-code",
            "case-file-header/status-date",
            "case-file-header/mark-identification",
            "case-file-header/renewal-date",
            "international-registration/international-registration-number",
        ],
    ),
    table("event", EVENT, ["record", "item"], ["code", "type", "description-text", "date"]),
    table(
        "owner",
        OWNER,
        ["record", "item"],
        ["entry-number", "party-type", "nationality/country", "party-name", "country"],
    ),
    # One row per child of a classification: an international code, or the status and the first use beside it.
    XmlTable("classifications", CLASSIFICATION.rsplit("/", 1)[0], (), ()),
    XmlTable(
        "class_part",
        CLASSIFICATION,
        ("record", "classification", "item"),
        tuple(f"{CLASSIFICATION}/{name}" for name in ("international-code", "status-code", "first-use-anywhere-date")),
    ),
]
# One row per child of a registration: a single value, an owner or a class.
_TIPO = [
    XmlTable("registrations", REGISTRATION.rsplit("/", 1)[0], (), ()),
    XmlTable(
        "registration_part",
        REGISTRATION,
        ("record", "item"),
        tuple(
            f"{REGISTRATION}/{name}"
            for name in (
                "CaseNo",
                "RegisterNo",
                "Trademark_Name",
                "Filing_Date",
                "SDate",
                "EDate",
                "RegContentOwner/AChinese",
                "RegContentOwner/AEnglish",
                "RegContentClassification/Class",
            )
        ),
    ),
]

# An archive holds a document per mark; they are read as one, each a child of this element.
_DOCUMENTS = "documents"
_EM = f"/{_DOCUMENTS}/Transaction"
_EM_MARK = f"{_EM}/TradeMarkTransactionBody/TransactionContentDetails/TransactionData/TradeMarkDetails/TradeMark"
_EM_MARK_FIELDS = (
    "@operationCode",
    "ApplicationNumber",
    "ApplicationDate",
    "RegistrationDate",
    "ExpiryDate",
    "MarkCurrentStatusCode",
    "MarkCurrentStatusDate",
    "WordMarkSpecification/MarkVerbalElementText",
)
_EUIPO = [
    XmlTable(
        "em_mark",
        f"/{_DOCUMENTS}",
        ("record",),
        (
            f"{_EM}/TransactionHeader/SenderDetails/RequestProducerDateTime",
            *(f"{_EM_MARK}/{name}" for name in _EM_MARK_FIELDS),
        ),
    ),
    table(
        "em_class",
        f"{_EM_MARK}/GoodsServicesDetails/GoodsServices/ClassDescriptionDetails/ClassDescription",
        ["record", "item"],
        ["ClassNumber"],
    ),
    table("em_applicant", f"{_EM_MARK}/ApplicantDetails/ApplicantKey", ["record", "item"], ["Identifier"]),
    table(
        "em_publication",
        f"{_EM_MARK}/PublicationDetails/Publication",
        ["record", "item"],
        ["PublicationIdentifier", "PublicationSection", "PublicationDate"],
    ),
    table(
        "em_opposition",
        f"{_EM_MARK}/OppositionDetails/Opposition",
        ["record", "item"],
        ["OppositionIdentifier", "OppositionDate", "OppositionGroundText"],
    ),
]

_RECALL = [
    "recall_number",
    "report_date",
    "classification",
    "product_type",
    "product_description",
    "reason_for_recall",
    "recalling_firm",
    "termination_date",
]
_GI = {
    "giIdentifier": "varchar",
    "fileNumber": "varchar",
    "modificationDate": "varchar",
    "giType": "varchar",
    "status": "varchar",
    "removedFlag": "boolean",
    "euProtectionDate": "date",
    "legalInstrument": "struct(text varchar)",
    "protectedNames": "varchar[]",
    "transcriptions": "varchar[]",
    "countries": "varchar[]",
}
_STATISTICS = ["指标", "地区", "行政区划代码", "时期", "数值", "单位", "文件", "发布日期"]
# What a table with a column per year tells of them; its title is its document and what it counts.
_STATED = {"指标": "?", "地区": "地区", "时期": "时期", "数值": "数值", "文件": "?"}

# What offices call the columns of a notice of inspections.
_SAMPLE_COLUMNS = {
    "sample_no": ("抽样编号", "抽样单编号", "样品编号"),
    "producer": ("标称生产企业名称", "标称生产单位名称", "生产企业名称", "标称生产企业"),
    "producer_address": ("标称生产企业地址", "标称生产单位地址", "生产企业地址"),
    "sampled": ("被抽样单位名称", "被抽样单位", "被抽检单位", "受检单位", "被抽查单位"),
    "sampled_address": ("所在省份", "被抽样单位地址", "被抽检单位地址", "受检单位地址"),
    "product": ("食品名称", "样品名称", "产品名称"),
    "spec": ("规格型号", "规格", "型号规格"),
    "brand": ("商标", "标称商标", "商标名称", "注册商标"),
    "production_date": ("生产日期/批号", "生产日期", "批号", "生产日期或批号"),
    "failed_items": (
        "不合格项目║检验结果║标准值",
        "不合格项目",
        "不合格项目/检验结果/标准值",
        "主要不合格项目",
    ),
    "item_name": ("检验项目",),
    "item_result": ("检验结果",),
    "item_limit": ("标准值",),
    "category": ("分类", "食品大类", "食品分类", "类别", "产品类别"),
    "notice_no": ("公告号", "通告号", "期号", "通报号"),
    "notice_date": ("公告日期", "通告日期", "发布日期", "通报日期"),
    "agency": ("发布单位", "公布机关"),
    "conclusion": ("抽查结果",),
    "recheck_conclusion": ("复检结果",),
}
_ITEM_COLUMNS = ("item_name", "item_result", "item_limit")
# Office and number, as a title has them: 湖北省市场监督管理局2024年第11批产品质量监督抽查不合格产品名单.
_TITLE = re.compile(r"^(?P<agency>.+?局)(?P<notice_no>\d{4}年第\d+[批期])")
_DECISION_COLUMNS = [
    "scheme_name",
    "edition",
    "event_name",
    "level_name",
    "decided",
    "printed",
    "recipient_kind",
    "object_name",
    "uscc",
    "region_name",
    "document_no",
]


class Baseline:
    """One connection, the raw tables in it, and the list of files read."""

    def __init__(self, deliveries: Path, target: Path, folder: Path) -> None:
        self._deliveries, self._folder = deliveries, folder
        self._connection = duckdb.connect(str(target))
        self._connection.execute(
            "create temp table raw_file(file_no integer, source_id varchar, sha256 varchar, bytes bigint)"
        )
        self._n_files = 0

    def build(self, as_of: str) -> None:
        """Read every delivery and build every table for that business date."""
        self._read_xml("uspto_trademark", _USPTO)
        self._read_xml("tipo_gazette", _TIPO)
        self._read_xml("euipo_trademark", _EUIPO)
        for source_id, raw, names in [
            ("enterprise_register", "raw_enterprise", None),
            ("rasff", "raw_notification", None),
            ("region_codes", "raw_region", None),
            ("recognition_list", "raw_decision", _DECISION_COLUMNS),
            ("cnipa_trademark", "raw_cn_class", None),
            ("industry_codes", "raw_industry", None),
        ]:
            for number, path in self._files(source_id):
                self._read_csv(raw, number, path, names)
        self._read_json()
        self._read_statistics()
        for source_id in ("samr_food_sampling", "product_spot_check"):
            self._read_samples(source_id)
        self._connection.execute("set variable as_of = cast(? as date)", [as_of])
        self._connection.execute("set variable seeds = ?", [str(_SEEDS)])
        before, names_wanted, after = _SQL.read_text(encoding="utf-8").partition("-- The keys of all names come here.")
        if not names_wanted:
            raise ValueError(f"{_SQL}: the place for name keys is missing")
        self._connection.execute(before)
        self._make_name_keys()
        self._connection.execute(after)
        self._connection.close()

    def _files(self, source_id: str) -> Iterator[tuple[int, Path]]:
        for path in sorted((self._deliveries / source_id).iterdir()):
            self._n_files += 1
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._connection.execute(
                "insert into raw_file values (?, ?, ?, ?)", [self._n_files, source_id, digest, path.stat().st_size]
            )
            yield self._n_files, path

    def _append(self, raw: str, file_no: int, rows: pa.Table | pa.RecordBatch) -> None:
        self._connection.register("incoming", rows)
        self._insert(raw, "select cast(? as integer) as file_no, * from incoming", [file_no])
        self._connection.unregister("incoming")

    def _insert(self, raw: str, query: str, values: Sequence[object]) -> None:
        exists = self._connection.execute("select 1 from duckdb_tables() where table_name = ?", [raw]).fetchall()
        verb = "insert into" if exists else "create temp table"
        self._connection.execute(f"{verb} {raw} {'' if exists else 'as'} {query}", values)

    def _read_xml(self, source_id: str, tables: Sequence[XmlTable]) -> None:
        ready = parser(tables, self._folder)
        for number, path in self._files(source_id):
            document = self._one_document(path) if path.suffix == ".zip" else path
            for name, batch in ready.parse(document).items():
                self._append(f"raw_{name}", number, batch)

    def _one_document(self, archive: Path) -> Path:
        path = self._folder / "documents.xml"
        with zipfile.ZipFile(archive) as documents, path.open("wb") as target:
            target.write(f"<{_DOCUMENTS}>".encode())
            for name in sorted(documents.namelist()):
                target.write(documents.read(name).partition(b"?>")[2])
            target.write(f"</{_DOCUMENTS}>".encode())
        return path

    def _utf8(self, path: Path) -> Path:
        received = path.read_bytes()
        try:
            received.decode("utf-8")
        except UnicodeDecodeError:
            path = self._folder / "plain.csv"
            path.write_text(received.decode("gb18030"), encoding="utf-8", newline="")
        return path

    def _read_json(self) -> None:
        recall = ", ".join(f"{name} varchar" for name in _RECALL)
        for number, path in self._files("fda_enforcement"):
            self._insert(
                "raw_recall",
                "select file_no, exported, generate_subscripts(results, 1) as record_no,"
                " unnest(results, recursive := true)"
                " from (select cast(? as integer) as file_no, meta.last_updated as exported, results"
                f" from read_json(?, columns = {{meta: 'struct(last_updated date)', results: 'struct({recall})[]'}}))",
                [number, str(path)],
            )
        gi = ", ".join(f"{name}: '{kind}'" for name, kind in _GI.items())
        for number, path in self._files("eambrosia_gi"):
            self._insert(
                "raw_gi",
                "select cast(? as integer) as file_no, row_number() over () as record_no, *"
                f" from read_json(?, columns = {{{gi}}})",
                [number, str(path)],
            )

    def _read_statistics(self) -> None:
        """One row per value: a list has it so; a table under a title has a column per year."""
        for number, path in self._files("indicator_report"):
            plain = self._utf8(path)
            title = plain.read_text(encoding="utf-8-sig").partition("\n")[0].strip(" ,\r")
            if title.startswith(_STATISTICS[0]):
                columns, rows, values = ", ".join(_STATISTICS), "read_csv(?, all_varchar = true)", [str(plain)]
            else:
                columns = ", ".join(f"{_STATED.get(name, 'cast(null as varchar)')} as {name}" for name in _STATISTICS)
                rows = "(unpivot (from read_csv(?, all_varchar = true, header = true, skip = 1))"
                rows += " on columns(* exclude 地区) into name 时期 value 数值)"
                values = [title, title, str(plain)]
            self._insert(
                "raw_statistic",
                f"select cast(? as integer) as file_no, row_number() over () as record_no, {columns} from {rows}",
                [number, *values],
            )

    def _read_csv(self, raw: str, file_no: int, path: Path, names: list[str] | None) -> None:
        # A list may have more columns than those by name, behind them.
        read = ", ".join(names) if names else "*"
        query = f"select cast(? as integer) as file_no, row_number() over () as record_no, {read} from read_csv(?, "
        if names is None:
            self._insert(raw, f"{query}all_varchar = true, header = true)", [file_no, str(self._utf8(path))])
        else:
            self._insert(
                raw,
                f"{query}all_varchar = true, header = false, skip = 1, names = ?)",
                [file_no, str(self._utf8(path)), names],
            )

    def _read_samples(self, source_id: str) -> None:
        for number, path in self._files(source_id):
            if path.suffix == ".csv":
                plain = str(self._utf8(path))
                columns = self._connection.execute("describe select * from read_csv(?, all_varchar = true)", [plain])
                positions = _positions([str(row[0]) for row in columns.fetchall()])
                selected = ", ".join(
                    f"{quoted(positions[name])} as {name}" if name in positions else f"cast(null as varchar) as {name}"
                    for name in _SAMPLE_COLUMNS
                )
                self._insert(
                    "raw_sample",
                    "select cast(? as integer) as file_no, cast(? as varchar) as list,"
                    f" row_number() over () as record_no, {selected} from read_csv(?, all_varchar = true)",
                    [number, path.name, plain],
                )
            else:
                for sheet, rows in _sheets(path):
                    self._append("raw_sample", number, _samples(sheet, rows))

    def _make_name_keys(self) -> None:
        """Table raw_name_key: NFKC, simplified, upper case; marks, legal forms and provinces are left to SQL."""
        rows = self._connection.execute("select name from raw_name").fetchall()
        names = [str(name) for (name,) in rows]
        plain = unicodedata.normalize("NFKC", "\n".join(names)).upper()
        keys = opencc.OpenCC("t2s").convert(plain).split("\n")
        self._append("raw_name_key", 0, pl.DataFrame({"name": names, "key": keys}).to_arrow())


def _positions(header: Sequence[str]) -> dict[str, str]:
    """The header's own text for each column that it has."""
    return {name: text for name, texts in _SAMPLE_COLUMNS.items() for text in header if text in texts}


def _sheets(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    for name in workbook.sheet_names:
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        yield name, [[str(cell) for cell in row] for row in rows]


def _samples(sheet: str, rows: list[list[str]]) -> pa.Table:
    """A sheet's samples; a row without a number continues the sample above it, and a footnote is none."""
    start = next(place for place, row in enumerate(rows) if "sample_no" in _positions(row))
    title, header, body = rows[0][0] if start else "", rows[start], rows[start + 1 :]
    if body and set(_positions(body[0])) & set(_ITEM_COLUMNS):
        below, *body = body
        header = [lower or upper for upper, lower in zip(header, below, strict=True)]
    positions = {name: header.index(text) for name, text in _positions(header).items()}
    number, items = positions["sample_no"], {positions.get(name) for name in _ITEM_COLUMNS}
    above: list[str] = []
    kept: list[list[str]] = []
    for row in body:
        if row[number]:
            above = row
        elif "item_name" in positions and row[positions["item_name"]]:
            row = [cell if place in items else above[place] for place, cell in enumerate(row)]
        else:
            continue
        kept.append(row)
    titled = _TITLE.match(title)
    told: dict[str, str] = titled.groupdict() if titled else {}
    columns: dict[str, Sequence[str | None]] = {
        name: [row[positions[name]] for row in kept] if name in positions else [told.get(name)] * len(kept)
        for name in _SAMPLE_COLUMNS
    }
    return pl.DataFrame(
        {"list": [f"{sheet} {title}"] * len(kept), "record_no": range(1, len(kept) + 1), **columns},
        schema={"list": pl.String, "record_no": pl.Int64, **dict.fromkeys(_SAMPLE_COLUMNS, pl.String)},
    ).to_arrow()


def main() -> None:
    """Build the warehouse that the command line asks for."""
    deliveries, target, as_of = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        Baseline(Path(deliveries), Path(target), Path(folder)).build(as_of)


if __name__ == "__main__":
    main()
