"""Archives of one document per record: every file is a record, in order of name, and the gate holds for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.parsing.readers import xml_documents
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    deliver,
    deliver_one,
    eu_classes,
    eu_mark,
    is_conserved,
    lake,
    quarantine,
    zipped,
)

EUIPO = "euipo_trademark"


def test_records_are_numbered_in_order_of_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [f"0180000{n:02d}" for n in (9, 3, 12, 1)]
    members = {f"{number}.xml": eu_mark(number) for number in numbers}
    members["readme.txt"] = "not a mark"
    home = Home(tmp_path)
    manifest = deliver_one(home, EUIPO, "EUTMS_20240510_0001.zip", zipped(members))
    assert (manifest.state, manifest.n_records, manifest.findings) == ("loaded", 4, {})
    marks = lake(home, manifest, "mark").select("record_no", "application_number").rows()
    assert marks == list(enumerate(sorted(numbers), 1))

    monkeypatch.setattr(xml_documents, "PIECE_BYTES", 1)
    other = Home(tmp_path / "other")
    again = deliver_one(other, EUIPO, "EUTMS_20240510_0002.zip", zipped(dict(sorted(members.items()))))
    assert lake(other, again, "mark").equals(lake(home, manifest, "mark"))


def test_a_single_document_is_a_delivery_too(tmp_path: Path) -> None:
    manifest = deliver_one(Home(tmp_path), EUIPO, "018000001.xml", eu_mark("018000001").encode())
    assert (manifest.state, manifest.n_loaded) == ("loaded", 1)


def test_a_mark_that_breaks_the_contract_is_quarantined_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    broken = eu_mark("018000002").replace("2023-02-01", "2023-13-41")
    twice = eu_mark("018000003", inside="<MarkFeature>Word</MarkFeature><MarkFeature>Word</MarkFeature>")
    unreadable = eu_mark("018000004", inside="<KindMark>Indiv\x0bidual</KindMark>")
    foreign = eu_mark("018000005", inside="<KindMark>Kollektivmärke</KindMark>").encode("latin-1")
    documents: list[str | bytes] = [eu_mark("018000001"), broken, twice, unreadable, foreign, eu_mark("018000006")]
    manifest = deliver_one(home, EUIPO, "a.zip", zipped({f"{n}.xml": text for n, text in enumerate(documents)}))
    assert (manifest.n_records, manifest.n_loaded, manifest.n_quarantined) == (6, 2, 4)
    assert is_conserved(manifest)
    found = quarantine(home, manifest)
    assert found.select("record_no", "rule").rows() == [
        (2, "type:filing_date"),
        (3, "structure"),
        (4, "undecodable"),
        (5, "undecodable"),
    ]
    assert found["raw"][0].startswith("<Transaction ")
    assert found["raw"][0].endswith("</Transaction>")


def test_encodings_comments_and_cdata_change_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    words = "<MarkVerbalElementText>Öl &amp; Säure</MarkVerbalElementText>"
    plain = eu_mark("018000001", inside=f"<WordMarkSpecification>{words}</WordMarkSpecification>")
    commented = plain.replace("<TradeMarkDetails>", "<TradeMarkDetails><!-- </Transaction><Transaction> --><?x y?>")
    section = plain.replace("Öl &amp; Säure", "<![CDATA[Öl & Säure]]>")
    latin = plain.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    marked = b"\xef\xbb\xbf" + plain.encode()
    documents: list[str | bytes] = [plain, commented, section, latin, marked]
    manifest = deliver_one(home, EUIPO, "a.zip", zipped({f"{n}.xml": text for n, text in enumerate(documents)}))
    assert (manifest.reason, manifest.n_loaded, manifest.findings) == (None, 5, {})
    assert lake(home, manifest, "mark")["mark_text"].to_list() == ["Öl & Säure"] * 5


def test_unknown_elements_are_findings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    members = {f"{n}.xml": eu_mark(f"01800000{n}", inside="<MarkColour>red</MarkColour>") for n in range(3)}
    manifest = deliver_one(home, EUIPO, "a.zip", zipped(members))
    assert (manifest.n_loaded, manifest.findings) == (3, {"element:MarkColour": 3})


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (eu_mark("018000002")[:-60], "file 2 of the archive: truncated: ends in"),
        (eu_mark("018000002").replace("</TradeMark>", ""), "record 2: not well-formed or truncated: Opening and"),
        (eu_mark("018000002") + eu_mark("018000003")[39:], "record 2: not well-formed or truncated: Extra content"),
        ("<Applicant></Applicant>", "file 2 of the archive: root is <Applicant>, declared is <Transaction>"),
        ("", "file 2 of the archive: empty file"),
        (
            eu_mark("018000002").replace("\n", '\n<!DOCTYPE Transaction [<!ENTITY a "b">]>\n', 1),
            "file 2 of the archive: declares XML entities",
        ),
    ],
)
def test_a_damaged_document_refuses_the_archive(tmp_path: Path, document: str, told: str) -> None:
    members = {"1.xml": eu_mark("018000001"), "2.xml": document, "3.xml": eu_mark("018000004")}
    manifest = deliver_one(Home(tmp_path), EUIPO, "a.zip", zipped(members))
    assert manifest.state == "refused"
    assert manifest.reason is not None
    assert manifest.reason.startswith(told)
    assert "\n" not in manifest.reason


def test_hostile_archives_are_not_opened(tmp_path: Path) -> None:
    bomb = eu_mark("018000001", inside="<KindMark>" + "a" * (200 << 20) + "</KindMark>")
    made = deliver(
        Home(tmp_path),
        EUIPO,
        {
            "escape.zip": zipped({"../018000001.xml": eu_mark("018000001")}),
            "bomb.zip": zipped({"018000001.xml": bomb}),
            "nothing.zip": zipped({"readme.txt": "no mark"}),
            "cut.zip": zipped({"018000001.xml": eu_mark("018000001")})[:-30],
        },
    )
    assert {name: (m.reason or "").split(";")[0].split(":")[0] for name, m in made.items()} == {
        "escape.zip": "../018000001.xml points outside the archive",
        "bomb.zip": f"unpacks to {len(bomb)} bytes",
        "nothing.zip": "contains no file like *.zip, *.xml, *.xml.gz",
        "cut.zip": "not a complete zip file",
    }


def test_goods_of_several_classes_and_languages_keep_their_languages(tmp_path: Path) -> None:
    home = Home(tmp_path)
    goods = eu_classes(
        ("30", {"bg": "Чай", "de": "Tee", "en": "Tea"}),
        ("9", {"bg": "Софтуер", "de": "Software <frei>"}),
        ("35", {"bg": "Реклама", "fr": "Publicité"}),
        ("0", {}),
    )
    manifest = deliver_one(home, EUIPO, "a.zip", zipped({"1.xml": eu_mark("018000001", inside=goods)}))
    assert lake(home, manifest, "classification").drop("record_no").rows() == [
        (1, "30", "Tea", "en"),
        (2, "9", "Software <frei>", "de"),
        (3, "35", "Реклама", "bg"),
        (4, "0", None, None),
    ]
