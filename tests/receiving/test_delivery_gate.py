"""The delivery gate: a delivery that its source does not declare is refused in one line, and no other is."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import pytest

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.receiving.delivery_gate import unpack
from pipelines.receiving.landing import receive
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    case_file,
    csv_bytes,
    deliver,
    deliver_one,
    enterprises,
    gazette,
    is_conserved,
    registration,
    source,
    uspto,
)

BOMB = """<!DOCTYPE trademark-applications-daily [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>\n"""
DTD = """<!DOCTYPE trademark-applications-daily [
<!-- Elements <only> --> <!ELEMENT trademark-applications-daily ANY>
<!ELEMENT case-file (serial-number?, case-file-header)>
]>\n"""


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def broken_stream(packed: bytes) -> bytes:
    """The archive with its compressed bytes overwritten in the middle."""
    middle = len(packed) // 2
    return packed[: middle - 20] + b"\xff" * 40 + packed[middle + 20 :]


DAILY = uspto([case_file("88000001"), case_file("88000002")])
LONG = csv_bytes(enterprises(*[f"第{n * 7919 % 1000003}示例厂" for n in range(400)]))

UNLIKE = {
    "empty": ("uspto_trademark", "d.xml", b"", "empty file; ask the publisher for it again"),
    "blank": ("enterprise_register", "e.csv", b" \n\n", "empty file; ask the publisher for it again"),
    "truncated": ("uspto_trademark", "d.xml", DAILY[:-60], "truncated: ends in"),
    "no XML": ("uspto_trademark", "d.xml", b"serial,mark\n1,x\n", "is not XML; wrong file or wrong folder"),
    "page of an error": ("uspto_trademark", "d.xml", b"<html><body>503</body></html>", "root is <html>, declared is"),
    "other root": ("uspto_trademark", "d.xml", gazette(registration(1)), "root is <RegContentList>"),
    "wrong total": (
        "tipo_gazette",
        "g.xml",
        gazette(registration(1), total=2),
        "total-count states 2 records, the file",
    ),
    "no total": (
        "tipo_gazette",
        "g.xml",
        gazette(registration(1)).replace(b'total-count="1"', b""),
        "has no control total /RegContentList/@total-count; the layout changed",
    ),
    "entities": ("uspto_trademark", "d.xml", uspto([case_file("88000001")], head=BOMB), "declares XML entities"),
    "other name": ("uspto_trademark", "d.txt", DAILY, "its name matches none of *.xml"),
    "no header": ("enterprise_register", "e.csv", csv_bytes([["甲", "乙"], ["1", "2"]]), "no header names uscc"),
    "escape": ("enterprise_register", "e.zip", zipped({"../e.csv": LONG}), "../e.csv points outside the archive"),
    "backslash escape": ("enterprise_register", "e.zip", zipped({"..\\e.csv": LONG}), "..\\e.csv points outside"),
    "absolute": ("enterprise_register", "e.zip", zipped({"/etc/e.csv": LONG}), "/etc/e.csv points outside the archive"),
    "nothing inside": ("enterprise_register", "e.zip", zipped({"readme.txt": b"x"}), "contains no file like *.csv"),
    "empty zip": ("enterprise_register", "e.zip", zipped({}), "0 files in the archive"),
    "no zip": ("enterprise_register", "e.zip", b"PK not at all", "not a complete zip file"),
    "cut zip": ("enterprise_register", "e.zip", zipped({"e.csv": LONG})[:-30], "not a complete zip file"),
    "damaged zip": ("enterprise_register", "e.zip", broken_stream(zipped({"e.csv": LONG})), "not a complete zip file"),
    "zip in zip": ("enterprise_register", "e.zip", zipped({"e.zip": zipped({"e.csv": LONG})}), "contains binary data"),
    "no gzip": ("enterprise_register", "e.csv.gz", LONG, "not a complete gzip file"),
    "cut gzip": ("enterprise_register", "e.csv.gz", gzip.compress(LONG)[:-30], "not a complete gzip file"),
    "damaged gzip": ("enterprise_register", "e.csv.gz", broken_stream(gzip.compress(LONG)), "not a complete gzip file"),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_what_is_unlike_its_declaration_is_refused(tmp_path: Path, case: str) -> None:
    source_id, name, content, reason = UNLIKE[case]
    home = Home(tmp_path)
    manifest = deliver_one(home, source_id, name, content)
    assert manifest.state == "refused"
    assert reason in str(manifest.reason)
    assert "\n" not in str(manifest.reason)
    assert is_conserved(manifest)
    assert not list((home.root / "lake").rglob("*.parquet"))
    assert manifest.path(home).read_bytes() == content


def test_the_others_in_the_same_landing_go_on(tmp_path: Path) -> None:
    files = {name: content for source_id, name, content, _ in UNLIKE.values() if source_id == "uspto_trademark"}
    made = deliver(Home(tmp_path), "uspto_trademark", {**files, "sound.xml": DAILY})
    assert made.pop("sound.xml").n_loaded == 2
    assert made
    assert {m.state for m in made.values()} == {"refused"}


def test_an_internal_dtd_of_elements_is_accepted(tmp_path: Path) -> None:
    content = uspto([case_file("88000001")], head=DTD)
    assert deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", content).n_loaded == 1


def test_a_record_may_speak_of_entities(tmp_path: Path) -> None:
    content = uspto([case_file("88000001", mark="<!ENTITY of joy")])
    assert deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", content).n_loaded == 1


def bounded(source_id: str, max_bytes: int) -> Source:
    declared = source(source_id)
    return declared.model_copy(update={"delivery": declared.delivery.model_copy(update={"max_bytes": max_bytes})})


def test_more_bytes_than_declared_are_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    small = bounded("enterprise_register", 1000)
    landing = home.landing(small.id)
    landing.mkdir(parents=True)
    (landing / "e.csv").write_bytes(LONG)
    (manifest,) = receive(home, small, lambda _message, _rows: None)
    assert manifest.reason == f"{len(LONG)} bytes, over the declared 1000; raise max_bytes if right"


@pytest.mark.parametrize("name", ["e.zip", "e.csv.gz"])
def test_what_unpacks_to_more_than_declared_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = b"a" * 5_000_000
    path.write_bytes(zipped({"e.csv": content}) if name == "e.zip" else gzip.compress(content))
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with pytest.raises(DeliveryRefused, match=r"unpacks to .* a zip bomb, or raise max_bytes if right"):
        unpack(path, bounded("enterprise_register", 4_000_000), folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 4_000_000


@pytest.mark.parametrize("name", ["e.zip", "e.csv.gz"])
def test_a_bomb_is_refused_though_under_the_declared_size(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.receiving.delivery_gate._ALWAYS_UNPACKED_BYTES", 1000)
    path = tmp_path / name
    content = b"\n" * 20_000_000
    path.write_bytes(zipped({"e.csv": content}) if name == "e.zip" else gzip.compress(content))
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with pytest.raises(DeliveryRefused, match="a zip bomb"):
        unpack(path, source("enterprise_register"), folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 10_000_000


def test_a_zip_that_states_a_wrong_size_is_refused(tmp_path: Path) -> None:
    packed = bytearray(zipped({"e.csv": LONG}))
    for at in (22, packed.rindex(b"PK\x01\x02") + 24):
        packed[at : at + 4] = struct.pack("<I", 100)
    manifest = deliver_one(Home(tmp_path), "enterprise_register", "e.zip", bytes(packed))
    assert manifest.state == "refused"


def test_a_reason_is_one_line_whatever_the_file_holds() -> None:
    assert str(DeliveryRefused("ends in 'a\r\n\tb'")) == "ends in 'a b'"
