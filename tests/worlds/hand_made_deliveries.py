"""Small deliveries made by hand, and what the receiving and parsing core makes of them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
import xlsxwriter

from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home

USCC = "91110000600037341L"
ENTERPRISE_HEADER = ["统一社会信用代码", "企业名称", "住所", "行政区划代码", "数据日期"]
ENTERPRISE_ROW = [USCC, "虚构县示例食品有限公司", "示例路1号", "110000", "2024-05-10"]


def source(source_id: str) -> Source:
    return load_sources()[source_id]


def silent(_message: str, _rows: int | None) -> None:
    pass


def deliver(home: Home, source_id: str, files: dict[str, bytes]) -> dict[str, Manifest]:
    """Put files into landing, receive and parse; manifests by the name first received."""
    landing = home.landing(source_id)
    landing.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (landing / name).write_bytes(content)
    receive(home, source(source_id), silent)
    return {m.original_name: m for m in parse_deliveries(home, source(source_id), silent)}


def deliver_one(home: Home, source_id: str, name: str, content: bytes) -> Manifest:
    return deliver(home, source_id, {name: content})[name]


def lake(home: Home, manifest: Manifest, entity: str) -> pl.DataFrame:
    return pl.read_parquet(home.lake(manifest.source_id, entity) / f"{manifest.sha256}.parquet")


def quarantine(home: Home, manifest: Manifest) -> pl.DataFrame:
    path = home.quarantine(manifest.source_id) / f"{manifest.sha256}.parquet"
    columns = {"record_no": pl.Int64, "rule": pl.String, "detail": pl.String, "raw": pl.String}
    return pl.read_parquet(path) if path.exists() else pl.DataFrame(schema=columns)


def is_conserved(manifest: Manifest) -> bool:
    """The identity: refused without counts, or records = loaded + quarantined + skipped."""
    counts = (manifest.n_records, manifest.n_loaded, manifest.n_quarantined, manifest.n_skipped)
    if manifest.state == "refused":
        return counts == (None, None, None, None)
    n_records, n_loaded, n_quarantined, n_skipped = (count or 0 for count in counts)
    return n_records == n_loaded + n_quarantined + n_skipped


def csv_bytes(rows: Iterable[Sequence[str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def workbook(
    path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], merges: Sequence[tuple[str, str, str]] = ()
) -> bytes:
    """The bytes of a workbook; `merges` are (sheet, range such as A3:A4, text)."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        made = {name: book.add_worksheet(name) for name in sheets}
        for name, rows in sheets.items():
            for number, row in enumerate(rows):
                made[name].write_row(number, 0, row)
        for name, cells, text in merges:
            made[name].merge_range(cells, text)
    return path.read_bytes()


def enterprises(*names: str) -> list[list[str]]:
    """A header, and one correct row per name."""
    return [ENTERPRISE_HEADER, *([USCC, name, *ENTERPRISE_ROW[2:]] for name in names)]


def case_file(serial: str, *, inside: str = "", mark: str = "LUMEN", filed: str = "20200102") -> str:
    """A USPTO case-file with the header a record needs; `inside` is put after it as it is."""
    return (
        f"<case-file><serial-number>{serial}</serial-number><registration-number>0000000</registration-number>"
        f"<transaction-date>20240510</transaction-date><case-file-header><filing-date>{filed}</filing-date>"
        f"<status-code>630</status-code><status-date>20240501</status-date>"
        f"<mark-identification>{escape(mark)}</mark-identification></case-file-header>{inside}</case-file>"
    )


def uspto(*groups: Sequence[str], head: str = "", creation: str = "202405100012") -> bytes:
    """A daily file with one action-keys group per argument."""
    keys = "".join(f"<action-keys><action-key>TX</action-key>{''.join(group)}</action-keys>\n" for group in groups)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<trademark-applications-daily><version><version-no>2.0'
        f"</version-no></version><creation-datetime>{creation}</creation-datetime><application-information>"
        f"<file-segments><file-segment>TRMK</file-segment>{keys}</file-segments></application-information>"
        f"</trademark-applications-daily>\n"
    ).encode()


def registration(
    number: int, *, inside: str = "", owner: str = "示例食品股份有限公司", name: str = "光 &amp; 影"
) -> str:
    """A TIPO registration; `inside` is put before its owner as it is."""
    register_no = f"{2000000 + number:08d}"
    return (
        f'<RegContent no="{number}"><CaseNo>{109000000 + number}</CaseNo><RegisterNo>{register_no}</RegisterNo>'
        f"<Trademark_Name>{name}</Trademark_Name><Filing_Date>109.12.15</Filing_Date><SDate>111.03.16</SDate>"
        f"<EDate>121.03.15</EDate><Mark_Type>0</Mark_Type><ServiceMark>false</ServiceMark>{inside}"
        f"<RegContentOwner><AChinese>{owner}</AChinese></RegContentOwner></RegContent>"
    )


def gazette(*registrations: str, total: int | None = None, encoding: str = "utf-8", between: str = "\n  ") -> bytes:
    """A gazette index whose control total is right unless `total` is another."""
    stated = len(registrations) if total is None else total
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<RegContentList total-count="{stated}">'
        f"{between}{between.join(registrations)}\n</RegContentList>\n"
    )
    return text.encode(encoding)


def eu_mark(number: str, *, inside: str = "", produced: str = "2024-05-10T08:00:00", operation: str = "Insert") -> str:
    """An EM-TM document with the elements that a mark needs; `inside` is put at the end of the mark as it is."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Transaction xmlns="http://euipo.europa.eu/trademark/data">'
        f"<TransactionHeader><SenderDetails><RequestProducerDateTime>{produced}</RequestProducerDateTime>"
        "</SenderDetails></TransactionHeader><TradeMarkTransactionBody><TransactionContentDetails>"
        f"<TransactionIdentifier>{number}</TransactionIdentifier><TransactionCode>EM-Trade Mark</TransactionCode>"
        f'<TransactionData><TradeMarkDetails><TradeMark operationCode="{operation}"><RegistrationOfficeCode>EM'
        f"</RegistrationOfficeCode><ApplicationNumber>{number}</ApplicationNumber><ApplicationDate>2023-02-01"
        "</ApplicationDate><ApplicationLanguageCode>de</ApplicationLanguageCode>"
        '<MarkCurrentStatusCode milestone="22" status="1">Application published</MarkCurrentStatusCode>'
        f"<MarkCurrentStatusDate>2023-03-01</MarkCurrentStatusDate>{inside}</TradeMark></TradeMarkDetails>"
        "</TransactionData></TransactionContentDetails></TradeMarkTransactionBody></Transaction>\n"
    )


def eu_classes(*classes: tuple[str, dict[str, str]]) -> str:
    """The goods of a mark: (class number, text by language) for each class."""
    described = "".join(
        f"<ClassDescription><ClassNumber>{number}</ClassNumber>"
        + "".join(
            f'<GoodsServicesDescription languageCode="{language}">{escape(text)}</GoodsServicesDescription>'
            for language, text in goods.items()
        )
        + "</ClassDescription>"
        for number, goods in classes
    )
    return (
        "<GoodsServicesDetails><GoodsServices><ClassificationVersion/><ClassDescriptionDetails>"
        f"{described}</ClassDescriptionDetails></GoodsServices></GoodsServicesDetails>"
    )


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive with the given members, in the order given."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()
