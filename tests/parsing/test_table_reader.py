"""Tables as offices really send them: CSV in every dress, against the csv module, and workbooks."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.parse import parse_deliveries
from pipelines.parsing.readers import csv_reader
from pipelines.parsing.readers.csv_reader import csv_layout, read_csv
from pipelines.parsing.readers.table_batch import Batch
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    ENTERPRISE_HEADER,
    ENTERPRISE_ROW,
    USCC,
    csv_bytes,
    deliver_one,
    enterprises,
    is_conserved,
    lake,
    quarantine,
    silent,
    source,
    workbook,
)

settings.register_profile("touchstone", print_blob=True, deadline=None)
settings.load_profile("touchstone")
SEVERAL_FILES = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])

SAMPLE_HEADER = ["序号", "抽样编号", "食品名称", "标称生产企业名称", "不合格项目║检验结果║标准值", "备注"]


def names(home: Home, manifest: Manifest) -> list[str]:
    return lake(home, manifest, "enterprise")["enterprise_name"].to_list()


def apart(home: Home, manifest: Manifest) -> list[tuple[Any, ...]]:
    return quarantine(home, manifest).select("record_no", "rule").rows()


# --- CSV -------------------------------------------------------------------------------------------------------------

AWKWARD = '虚构，“示例”\n第二行, "引号"; |\t有限公司'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    home = Home(tmp_path)
    content = csv_bytes(enterprises(AWKWARD, "虚构县示例食品厂"), encoding, delimiter)
    manifest = deliver_one(home, "enterprise_register", "e.csv", content)
    assert (manifest.state, manifest.reason, manifest.findings) == ("loaded", None, {})
    assert names(home, manifest) == [AWKWARD, "虚构县示例食品厂"]


def test_big5(tmp_path: Path) -> None:
    rows = [["範例老字號", "認定", f"虛構食品{n}廠股份有限公司", "2023-11"] for n in range(9)]
    home = Home(tmp_path)
    content = csv_bytes([["scheme", "event", "entity_name", "date"], *rows], "big5")
    manifest = deliver_one(home, "recognition_list", "r.csv", content)
    assert lake(home, manifest, "decision").select("scheme_name", "scheme_name_norm", "decided_date_text").row(0) == (
        "範例老字號",
        "范例老字号",
        "2023-11",
    )


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends_and_blank_rows(tmp_path: Path, end: str) -> None:
    """A row without any text is not a record, however many delimiters it has."""
    lines = [",".join(row) for row in enterprises("甲示例厂", "乙示例厂", "丙示例厂")]
    text = end.join([lines[0], lines[1], "", ",,,,", lines[2], " , ,,,", "", lines[3], "", ""])
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", text.encode())
    assert (manifest.n_records, names(home, manifest)) == (3, ["甲示例厂", "乙示例厂", "丙示例厂"])
    assert lake(home, manifest, "enterprise")["record_no"].to_list() == [1, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_ragged_rows_are_quarantined_with_their_cells(tmp_path: Path, encoding: str) -> None:
    rows = enterprises("甲示例厂", "乙示例厂", "丙示例厂")
    rows.insert(2, [USCC, "缺列厂"])
    rows.insert(4, [*ENTERPRISE_ROW, "多一列", ""])
    rows[5] = [*rows[5], "", ""]
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", csv_bytes(rows, encoding))
    assert (manifest.n_records, manifest.n_loaded, manifest.n_quarantined) == (5, 3, 2)
    assert apart(home, manifest) == [(2, "columns"), (4, "columns")]
    assert [json.loads(raw) for raw in quarantine(home, manifest)["raw"]] == [rows[2], rows[4][:-1]]
    assert lake(home, manifest, "enterprise")["record_no"].to_list() == [1, 3, 5]


def test_the_raw_record_keeps_columns_of_the_same_name(tmp_path: Path) -> None:
    rows = [[*ENTERPRISE_HEADER, "备注", "备注", ""], [*ENTERPRISE_ROW, "一", "二", "三"]]
    rows[1][0] = "不是代码"
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", csv_bytes(rows))
    raw = json.loads(quarantine(home, manifest)["raw"].item())
    assert raw == dict(zip([*ENTERPRISE_HEADER, "备注", "备注 (column 7)", "column 8"], rows[1], strict=True))
    assert manifest.findings == {"column:备注": 1}


def test_title_rows_above_the_header(tmp_path: Path) -> None:
    """The header is what names the columns; the title's own commas do not decide the delimiter."""
    rows = [["某市局通告，第1期, 2024年, 不合格样品"], [], SAMPLE_HEADER, ["1", "X1", "豆干", "示例厂", "a║1║2", ""]]
    home = Home(tmp_path)
    manifest = deliver_one(home, "samr_food_sampling", "t.csv", csv_bytes(rows, delimiter=";"))
    assert lake(home, manifest, "sample_row").select("record_no", "sample_no", "result").rows() == [(1, "X1", "fail")]


def test_line_separators_of_other_alphabets_end_no_row(tmp_path: Path) -> None:
    title = "第1期\u2028说明\x85续\x0b"
    rows = [[title], SAMPLE_HEADER, ["1", "X1", "豆干\u2028卤味", "示例厂", "a║1║2", ""]]
    for encoding in ("utf-8", "gb18030"):
        home = Home(tmp_path / encoding)
        manifest = deliver_one(home, "samr_food_sampling", "t.csv", csv_bytes(rows, encoding))
        assert lake(home, manifest, "sample_row")["product_name"].to_list() == ["豆干\u2028卤味"], encoding


def test_of_several_headers_for_one_column_the_first_declared_is_read(tmp_path: Path) -> None:
    rows = [["食品名称", "抽样编号", "所在省份", "被抽样单位地址"], ["豆干", "X1", "湖北", "示例路1号"]]
    home = Home(tmp_path)
    manifest = deliver_one(home, "samr_food_sampling", "t.csv", csv_bytes(rows))
    assert lake(home, manifest, "sample_row")["sampled_address"].to_list() == ["示例路1号"]
    assert manifest.findings == {"column:所在省份": 1}


def test_a_huge_cell(tmp_path: Path) -> None:
    huge = "示" * 300_000
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", csv_bytes(enterprises(huge, "乙示例厂")))
    assert [len(name) for name in names(home, manifest)] == [300_000, 4]


def test_a_cell_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = csv.field_size_limit()
    monkeypatch.setattr(csv_reader, "_FIELD_BYTES", 5000)
    monkeypatch.setattr(csv_reader, "PIECE_BYTES", 100)
    csv.field_size_limit(5000)
    try:
        content = csv_bytes(enterprises("甲示例厂")) + b'"' + b"x" * 20_000 + b"\n"
        manifest = deliver_one(Home(tmp_path), "enterprise_register", "e.csv", content)
    finally:
        csv.field_size_limit(limit)
    assert manifest.state == "refused"
    assert is_conserved(manifest)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("damage", [b"\xff\xff", b"\0"])
def test_bytes_that_are_not_text_quarantine_their_record(tmp_path: Path, encoding: str, damage: bytes) -> None:
    rows = enterprises(*[f"虚构县第{n}示例食品有限责任公司" for n in range(40)])
    content = csv_bytes(rows, encoding).replace(
        "第7示".encode(encoding), "第7".encode(encoding) + damage + "示".encode(encoding)
    )
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", content)
    assert (manifest.n_records, manifest.n_loaded) == (40, 39)
    assert apart(home, manifest) == [(8, "undecodable")]


def test_damage_after_the_sampled_bytes_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.parsing.encoding._BLOCK", 256)
    content = csv_bytes(enterprises(*[f"虚构县第{n}示例食品有限责任公司" for n in range(60)]))
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", "e.csv", content.replace("第51示".encode(), b"\xe7\xff51"))
    assert (manifest.n_records, apart(home, manifest)) == (60, [(52, "undecodable")])


@pytest.mark.parametrize(
    "content", [csv_bytes(enterprises("甲示例厂")).decode().encode("utf-16"), b"PK\x03\x04" + b"x" * 300, b"\0" * 40]
)
def test_binary_data_is_refused(tmp_path: Path, content: bytes) -> None:
    manifest = deliver_one(Home(tmp_path), "enterprise_register", "e.csv", content)
    assert manifest.reason == "contains binary data, not CSV text; wrong file or wrong folder"


def test_a_file_cut_inside_a_record_is_refused(tmp_path: Path) -> None:
    content = csv_bytes(enterprises("甲示例厂", "乙示例厂"))
    assert deliver_one(Home(tmp_path), "enterprise_register", "e.csv", content[:-20]).state == "refused"


def test_without_a_header_every_record_is_quarantined(tmp_path: Path) -> None:
    rows = [["1", "豆干"], ["2", "卤味", "多"], [], ["3"]]
    home = Home(tmp_path)
    manifest = deliver_one(home, "samr_food_sampling", "t.csv", csv_bytes(rows))
    assert (manifest.state, manifest.n_records, manifest.n_quarantined) == ("quarantined", 3, 3)
    assert [json.loads(raw) for raw in quarantine(home, manifest)["raw"]] == [rows[0], rows[1], rows[3]]


cells = st.text(alphabet=st.sampled_from("ab,;\"'\n\r 中1\t　"), max_size=6)


def table(rows: list[list[str]], end: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    writer.writerow([*ENTERPRISE_HEADER[:3]])
    writer.writerows(rows)
    return text.getvalue().encode()


def read(path: Path, careful: bool) -> list[Batch]:
    enterprise_register = source("enterprise_register")
    # Two required columns are read from the file and one more, so that cells of any kind may follow.
    columns = [c.model_copy(update={"required": False}) for c in enterprise_register.entities["enterprise"].columns]
    entity = enterprise_register.entities["enterprise"].model_copy(update={"columns": columns})
    loose = enterprise_register.model_copy(update={"entities": {"enterprise": entity}})
    return list(read_csv(path, loose, csv_layout(path, loose), careful))


def cells_of(batches: list[Batch]) -> list[tuple[int, list[str]]]:
    rows = [(row[0], [cell or "" for cell in row[1:]]) for batch in batches for row in batch.cells.rows()]
    return sorted(rows + [item for batch in batches for item in batch.ragged.items()])


@pytest.mark.slow
@SEVERAL_FILES
@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(20, 200),
)
def test_tables_read_as_the_csv_module_reads_them(tmp_path: Path, rows: list[list[str]], end: str, piece: int) -> None:
    """Whenever the fast reader takes a file, it and the careful reader and the csv module agree to the cell."""
    path = tmp_path / "t.csv"
    path.write_bytes(table(rows, end))
    with path.open(encoding="utf-8", newline="") as file:
        written = [row for row in csv.reader(file) if any(cell.strip() for cell in row)][1:]
    expected = list(enumerate(written, start=1))
    assert cells_of(read(path, careful=True)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "PIECE_BYTES", piece)
        try:
            fast = cells_of(read(path, careful=False))
        except (DeliveryRefused, pl.exceptions.PolarsError):
            return
    assert fast == expected


@pytest.mark.slow
@settings(SEVERAL_FILES, max_examples=25)
@given(
    st.lists(st.sampled_from(["a", "中", ",", ",", '"', '""', "\n", "\r\n", "\r", " ", "x,y,z\n"]), max_size=24),
    st.integers(20, 90),
)
def test_broken_tables_keep_the_identity(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], piece: int
) -> None:
    content = ",".join(ENTERPRISE_HEADER).encode() + b"\n" + "".join(parts).encode()
    home = Home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "PIECE_BYTES", piece)
        manifest = deliver_one(home, "enterprise_register", "e.csv", content)
    assert is_conserved(manifest)
    if manifest.state != "refused":
        numbers = (
            quarantine(home, manifest)["record_no"].to_list()
            + lake(home, manifest, "enterprise")["record_no"].to_list()
        )
        assert sorted(numbers) == list(range(1, (manifest.n_records or 0) + 1))


# --- workbooks -------------------------------------------------------------------------------------------------------


def test_a_notice_with_a_failing_and_a_passing_sheet(tmp_path: Path) -> None:
    rows = [["某市局2024年第1期不合格样品信息"], [], SAMPLE_HEADER]
    failing = [
        *rows,
        ["1", "X1", "豆干", "示例厂", "菌落总数║3.7×104CFU/g║≤100", ""],
        ["", "", "", "", "铅║0.9║≤0.5", ""],
    ]
    failing += [
        ["2", "X2", "卤味", "示例二厂", "铅║1║≤0.5", ""],
        ["合计", "", "合计", "", "", ""],
        ["备注：本表不含复检", "", "", "", "", ""],
    ]
    passing: list[list[str]] = [
        ["合格样品信息"],
        SAMPLE_HEADER[:4],
        ["1", "X3", "面条", "示例三厂"],
        ["2", "X4", "米粉", "/"],
    ]
    content = workbook(
        tmp_path / "n.xlsx",
        {"不合格": failing, "合格": passing, "说明": [["本通告由某市局发布"]]},
        [("不合格", "A1:F1", "某市局2024年第1期不合格样品信息")]
        + [("不合格", f"{c}4:{c}5", text) for c, text in zip("ABCD", ["1", "X1", "豆干", "示例厂"], strict=True)],
    )
    home = Home(tmp_path / "home")
    manifest = deliver_one(home, "samr_food_sampling", "n.xlsx", content)
    assert (manifest.n_records, manifest.n_loaded, manifest.n_skipped) == (7, 5, 2)
    assert manifest.findings == {"sheet:说明": 1}
    assert lake(home, manifest, "sample_row").select("record_no", "sample_no", "product_name", "result").rows() == [
        (1, "X1", "豆干", "fail"),
        (2, "X1", "豆干", "fail"),
        (3, "X2", "卤味", "fail"),
        (6, "X3", "面条", "pass"),
        (7, "X4", "米粉", "pass"),
    ]
    assert lake(home, manifest, "finding").select(
        "record_no", "item_name", "result_value", "is_exponent_restored"
    ).rows() == [
        (1, "菌落总数", 37000.0, True),
        (2, "铅", 0.9, False),
        (3, "铅", 1.0, False),
    ]


def test_numbers_and_dates_as_cells(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["代码", "名称", "级别", "状态", "启用时间", "变更/弃用时间", "新代码"],
        [110000, "北京市", "省级", "在用", 1980.0, "", ""],
        ["110001", "虚构区", "县级", "弃用", "1,980", 1999.0, date(2024, 5, 10)],
        ["110002", "示例区", "县级", "在用", 1980.5, "", ""],
        ["110003", "示例县", "县级", "在用", "inf", "", ""],
        ["１１０００４", "全角县", "县级", "在用", 1980, "", ""],
    ]
    home = Home(tmp_path / "home")
    manifest = deliver_one(home, "region_codes", "codes_2024.xlsx", workbook(tmp_path / "r.xlsx", {"表": rows}))
    assert manifest.snapshot_date == date(2024, 12, 31)
    assert lake(home, manifest, "region").select(
        "region_code", "valid_from_year", "valid_to_year", "successor_codes"
    ).rows() == [
        ("110000", 1980, None, None),
        ("110001", 1980, 1999, "2024-05-10"),
    ]
    assert apart(home, manifest) == [
        (3, "type:valid_from_year"),
        (4, "type:valid_from_year"),
        (5, "pattern:region_code"),
    ]


def test_times_in_cells_are_no_days(tmp_path: Path) -> None:
    rows: list[list[Any]] = [ENTERPRISE_HEADER, [*ENTERPRISE_ROW[:4], datetime(2024, 5, 10, 8, 30)]]
    home = Home(tmp_path / "home")
    manifest = deliver_one(home, "enterprise_register", "e.xlsx", workbook(tmp_path / "e.xlsx", {"表": rows}))
    assert lake(home, manifest, "enterprise")["extract_date"].to_list() == [date(2024, 5, 10)]


@pytest.mark.parametrize(
    ("sheets", "reason"),
    [({"表": []}, "empty workbook"), ({"表": [["甲", "乙"], ["1", "2"]]}, "no sheet names the columns uscc")],
)
def test_workbooks_that_hold_no_table_are_refused(
    tmp_path: Path, sheets: dict[str, list[list[str]]], reason: str
) -> None:
    content = workbook(tmp_path / "e.xlsx", sheets)
    manifest = deliver_one(Home(tmp_path / "home"), "enterprise_register", "e.xlsx", content)
    assert manifest.state == "refused"
    assert str(manifest.reason).startswith(reason)


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    content = workbook(tmp_path / "e.xlsx", {"表": enterprises("甲示例厂")})
    manifest = deliver_one(Home(tmp_path / "home"), "enterprise_register", "e.xlsx", content[: len(content) // 2])
    assert str(manifest.reason).startswith("not a readable workbook")


# --- packed ----------------------------------------------------------------------------------------------------------


def test_members_of_a_zip_are_numbered_through(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b/乙.CSV", csv_bytes(enterprises("丙示例厂", "丁示例厂"), "gb18030"))
        archive.writestr("a/甲.csv", csv_bytes([*enterprises("甲示例厂"), [USCC, "缺列"]]))
        archive.writestr("__MACOSX/a/._甲.csv", b"\0\5\x16\7")
        archive.writestr("说明.txt", "not a table")
        archive.writestr("c.xlsx", workbook(tmp_path / "c.xlsx", {"表": enterprises("戊示例厂")}))
    home = Home(tmp_path / "home")
    manifest = deliver_one(home, "enterprise_register", "E.ZIP", packed.getvalue())
    assert (manifest.reason, manifest.n_records, apart(home, manifest)) == (None, 5, [(2, "columns")])
    rows = lake(home, manifest, "enterprise").select("record_no", "enterprise_name").rows()
    assert rows == [(1, "甲示例厂"), (3, "丙示例厂"), (4, "丁示例厂"), (5, "戊示例厂")]


@pytest.mark.parametrize("name", ["e.csv.gz", "E.CSV.GZ"])
def test_gzip(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "enterprise_register", name, gzip.compress(csv_bytes(enterprises("甲示例厂"))))
    assert names(home, manifest) == ["甲示例厂"]


def test_pieces_of_any_size_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    content = csv_bytes(enterprises(*[f'第{n}\n"示例",厂' if n % 3 else f"第{n}示例厂" for n in range(60)]))
    manifest = deliver_one(home, "enterprise_register", "e.csv", content)
    whole = lake(home, manifest, "enterprise")
    assert whole["record_no"].to_list() == list(range(1, 61))
    for piece in (1000, 333, 64):
        monkeypatch.setattr(csv_reader, "PIECE_BYTES", piece)
        (again,) = parse_deliveries(home, source("enterprise_register"), silent, again=True)
        assert lake(home, again, "enterprise").equals(whole), piece


def test_a_file_larger_than_what_its_check_may_hold_is_read_by_the_fast_reader(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(csv_bytes([ENTERPRISE_HEADER]))
        row = csv_bytes([[*enterprises("甲厂")[1][:-1], "长" * 300_000]])
        for _ in range(300):
            file.write(row)
    layout = csv_layout(path, source("enterprise_register"))
    assert path.stat().st_size > 256 << 20
    assert csv_reader._count_if_correct(path, layout) == 300
