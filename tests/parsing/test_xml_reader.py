"""The streaming XML reader: against lxml on generated documents, over any split into blocks, and on damaged ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from pipelines.parsing.parse import parse_deliveries
from pipelines.parsing.readers import xml_pieces
from pipelines.parsing.readers.xml_names import KnownNames
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    case_file,
    deliver,
    deliver_one,
    gazette,
    is_conserved,
    lake,
    quarantine,
    registration,
    silent,
    source,
    uspto,
)

settings.register_profile("touchstone", print_blob=True, deadline=None)
settings.load_profile("touchstone")
SEVERAL_HOMES = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Text as XML may hold it: escapes that keep their spaces, CDATA, comments inside a value.
texts = st.sampled_from(
    ["", "a &amp; b", "&lt;b&gt;", "<![CDATA[x < y & z]]>", "光影", "p<!-- </case-file> -->q", "&#20809;"]
)


def element(name: str, value: str | None) -> str:
    return "" if value is None else f"<{name}>{value}</{name}>" if value else f"<{name}/>"


@st.composite
def case_files(draw: st.DrawFn) -> list[str]:
    """Groups' worth of case-files with missing, empty, repeated and nested elements, and noise between them."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        events = "".join(
            f"<case-file-event-statement>{element('code', draw(st.none() | texts))}<date>2024050{n + 1}</date>"
            f"<number>{n + 1}</number></case-file-event-statement>"
            for n in range(draw(st.integers(0, 3)))
        )
        classes = "".join(
            "<classification><international-code-total-no>2</international-code-total-no>"
            + "".join(f"<international-code>{code:03d}</international-code>" for code in codes)
            + f"<status-code>6</status-code>{element('primary-code', draw(st.none() | texts))}</classification>"
            for codes in draw(st.lists(st.lists(st.integers(1, 45), max_size=3), max_size=2))
        )
        owner = (
            f"<case-file-owners><case-file-owner>{element('party-name', draw(texts))}<nationality><country>CN</country>"
            f"</nationality><address-1>{draw(texts)}</address-1></case-file-owner></case-file-owners>"
        )
        inside = f"<case-file-event-statements>{events}</case-file-event-statements>{owner}"
        inside += (
            f"<classifications>{classes}</classifications>"
            if classes
            else draw(st.sampled_from(["", "<classifications/>"]))
        )
        made.append(case_file(f"{88000000 + number}", inside=inside))
        made.append(draw(st.sampled_from(["", "\n", "<!-- between </case-file> records -->", "<?note <case-file> ?>"])))
    return made


def blank_to_none(value: str | None) -> str | None:
    return (value or "").strip() or None


def by_lxml(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that the declaration of uspto_trademark asks for, taken by walking the tree."""
    rows: dict[str, list[tuple[Any, ...]]] = {"case_file": [], "event": [], "owner": [], "classification": []}
    root = etree.fromstring(content, etree.XMLParser(remove_comments=True, remove_pis=True, strip_cdata=True))

    def text(node: etree._Element, path: str) -> str | None:
        return blank_to_none(node.findtext(path))

    for number, record in enumerate(root.iter("case-file"), start=1):
        rows["case_file"].append(
            (number, text(record, "serial-number"), text(record, "case-file-header/mark-identification"))
        )
        for item, node in enumerate(record.iterfind("case-file-event-statements/case-file-event-statement"), start=1):
            rows["event"].append((number, item, text(node, "code"), int(node.findtext("number") or 0)))
        for item, node in enumerate(record.iterfind("case-file-owners/case-file-owner"), start=1):
            rows["owner"].append(
                (number, item, text(node, "party-name"), text(node, "address-1"), text(node, "nationality/country"))
            )
        item = 0
        for node in record.iterfind("classifications/classification"):
            for code in [c.text for c in node.iterfind("international-code")] or [None]:
                item += 1
                rows["classification"].append(
                    (number, item, code, text(node, "status-code"), text(node, "primary-code"))
                )
    return rows


ENDS = st.sampled_from([">", "/>", " key='1'>", "\n>", "\t>"])
# Some are the beginnings of others.
ELEMENTS = ["a", "name", "name-key", "name-keys", "international-registration-number", "名称", "x" * 70]


@given(
    known=st.sets(st.sampled_from(ELEMENTS)),
    opened=st.lists(
        st.tuples(st.sampled_from([*ELEMENTS, "nam", "name-", "name_key", "x" * 69, "a:b", "名", "!", "?"]), ENDS)
    ),
)
@example(known={"x" * 70}, opened=[("x" * 69, ">")])
@example(known={"name-key"}, opened=[("name-keys", "/>")])
def test_names_that_nobody_declared_are_counted(known: set[str], opened: list[tuple[str, str]]) -> None:
    text = "<r>" + "".join(f"<{name}{end}</{name}>" for name, end in opened) + "</r>"
    others = KnownNames({"r", *known}).others(text.encode())
    assert others == Counter(name for name, _ in opened if name not in known)


COLUMNS = {
    "case_file": ["record_no", "serial_number", "mark_text"],
    "event": ["record_no", "item_no", "event_code", "event_no"],
    "owner": ["record_no", "item_no", "owner_name", "address_1", "nationality_country"],
    "classification": ["record_no", "item_no", "nice_class", "class_status_code", "primary_code"],
}


def rows_read(home: Home, manifest: Manifest) -> dict[str, list[tuple[Any, ...]]]:
    return {entity: lake(home, manifest, entity).select(columns).rows() for entity, columns in COLUMNS.items()}


@pytest.mark.slow
@SEVERAL_HOMES
@given(st.lists(case_files(), min_size=1, max_size=2), st.integers(24, 4000))
def test_generated_daily_files_read_as_lxml_reads_them(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[str]], block: int
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    content = uspto(*groups, head="<!-- <case-file> -->\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_pieces, "PIECE_BYTES", block)
        manifest = deliver_one(home, "uspto_trademark", "daily.xml", content)
    assert (manifest.state, manifest.reason, manifest.findings) == ("loaded", None, {})
    assert rows_read(home, manifest) == by_lxml(content)


@pytest.mark.slow
@SEVERAL_HOMES
@given(
    st.lists(st.tuples(st.integers(0, 3), texts, st.booleans()), min_size=1, max_size=6),
    st.integers(24, 3000),
    st.sampled_from(["\n  ", "", "<!-- </RegContent> -->"]),
)
def test_generated_gazettes_read_as_lxml_reads_them(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, str, bool]], block: int, between: str
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    records = [
        registration(
            number,
            name=name.replace("case-file", "RegContent"),
            inside="".join(f"<RegContentAgent><BChinese>代理{a}</BChinese></RegContentAgent>" for a in range(agents))
            + ("<RegContentClassification><Class>001</Class></RegContentClassification>" if has_class else ""),
        )
        for number, (agents, name, has_class) in enumerate(shapes, start=1)
    ]
    content = gazette(*records, between=between)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_pieces, "PIECE_BYTES", block)
        manifest = deliver_one(home, "tipo_gazette", "gazette.xml", content)
    assert (manifest.state, manifest.reason, manifest.findings) == ("loaded", None, {})
    root = etree.fromstring(content, etree.XMLParser(remove_comments=True))
    found = list(root.iter("RegContent"))
    assert lake(home, manifest, "registration").select("registration_number", "mark_text").rows() == [
        (record.findtext("RegisterNo"), blank_to_none(record.findtext("Trademark_Name"))) for record in found
    ]
    assert lake(home, manifest, "agent").select("record_no", "item_no", "agent_name").rows() == [
        (n, item, agent.text)
        for n, record in enumerate(found, start=1)
        for item, agent in enumerate(record.iterfind("RegContentAgent/BChinese"), start=1)
    ]
    assert lake(home, manifest, "classification").select("record_no", "nice_class").rows() == [
        (n, c.text)
        for n, record in enumerate(found, start=1)
        for c in record.iterfind("RegContentClassification/Class")
    ]


def test_entity_references_keep_their_spaces(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto([case_file("88000001", mark="a & b < c")]))
    assert lake(home, manifest, "case_file")["mark_text"].to_list() == ["a & b < c"]


def test_values_of_the_header_stand_on_every_record(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto([case_file("88000001"), case_file("88000002")]))
    assert lake(home, manifest, "case_file")["file_created_at"].to_list() == ["202405100012"] * 2


def test_a_list_given_twice_in_a_record_is_numbered_through(tmp_path: Path) -> None:
    events = "<case-file-event-statements>{0}{0}</case-file-event-statements>".format(
        "<case-file-event-statement><code>A</code></case-file-event-statement>"
    )
    home = Home(tmp_path)
    manifest = deliver_one(
        home,
        "uspto_trademark",
        "d.xml",
        uspto([case_file("88000001", inside=events * 2), case_file("88000002", inside=events)]),
    )
    assert lake(home, manifest, "event").select("record_no", "item_no").rows() == [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 1),
        (2, 2),
    ]


@pytest.mark.parametrize(
    "empty", ["<case-file/>", '<case-file  lang="a>b" />', "<case-file></case-file>", "<case-file>\n</case-file >"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_empty_record_is_a_record(tmp_path: Path, empty: str, place: int) -> None:
    records = [case_file("88000001"), case_file("88000002")]
    records.insert(place, empty)
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto(records))
    assert (manifest.n_records, manifest.n_loaded, manifest.n_quarantined) == (3, 2, 1)
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [(place + 1, "required:serial_number")]


@pytest.mark.parametrize("empty", ["<RegContent/>", "<RegContent></RegContent>", '<RegContent no="7">x</RegContent>'])
def test_an_empty_registration_is_a_record(tmp_path: Path, empty: str) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "tipo_gazette", "g.xml", gazette(registration(1), empty, registration(2)))
    assert (manifest.n_records, manifest.n_loaded, manifest.n_quarantined) == (3, 2, 1)
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [(2, "required:registration_number")]


@pytest.mark.parametrize(
    "doubled",
    [
        "<transaction-date>20240511</transaction-date>",
        "<case-file-header><status-code>1</status-code></case-file-header>",
        "<classifications><classification><international-code>001</international-code><status-code>6</status-code>"
        "<status-code>7</status-code></classification></classifications>",
    ],
)
def test_a_single_element_given_twice_quarantines_its_record(tmp_path: Path, doubled: str) -> None:
    records = [case_file("88000001"), case_file("88000002", inside=doubled), case_file("88000003")]
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto(records))
    apart = quarantine(home, manifest)
    assert apart.select("record_no", "rule").rows() == [(2, "structure")]
    assert apart["raw"].item() == records[1]
    assert lake(home, manifest, "case_file")["serial_number"].to_list() == ["88000001", "88000003"]
    assert lake(home, manifest, "classification").height == 0


def test_a_registration_with_two_numbers_is_quarantined(tmp_path: Path) -> None:
    twice = registration(2, inside="<RegisterNo>09999999</RegisterNo>")
    home = Home(tmp_path)
    manifest = deliver_one(home, "tipo_gazette", "g.xml", gazette(registration(1), twice, registration(3)))
    assert quarantine(home, manifest).select("record_no", "rule", "detail").rows() == [
        (2, "structure", "registration_number stands more than once")
    ]
    assert lake(home, manifest, "owner")["record_no"].to_list() == [1, 3]


def test_elements_that_nobody_declared_are_counted(tmp_path: Path) -> None:
    inside = '<new-element kind="1">x</new-element><new-elementary/><code-x>1</code-x><statusish>2</statusish>'
    records = [case_file("88000001", inside=inside), case_file("88000002", inside="<new-element>a > b</new-element>")]
    content = uspto(records).replace(b"<file-segments>", b"<file-segments><office-note>n</office-note>")
    manifest = deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", content)
    assert manifest.findings == {
        "element:code-x": 1,
        "element:new-element": 2,
        "element:new-elementary": 1,
        "element:office-note": 1,
        "element:statusish": 1,
    }


def test_names_in_comments_and_cdata_are_no_elements(tmp_path: Path) -> None:
    inside = "<!-- <unheard-of> --><other><![CDATA[<unheard-of>]]></other>"
    manifest = deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", uspto([case_file("88000001", inside=inside)]))
    assert (manifest.state, manifest.findings) == ("loaded", {})


def test_a_tag_that_begins_like_the_records_is_another(tmp_path: Path) -> None:
    inside = "<case-file-note>n</case-file-note><case-file-note/>"
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto([case_file("88000001", inside=inside)] * 2))
    assert (manifest.n_records, manifest.n_loaded, manifest.findings) == (2, 2, {"element:case-file-note": 4})


def test_bytes_that_are_not_text_quarantine_their_record(tmp_path: Path) -> None:
    content = uspto([case_file(f"8800000{n}", mark=f"mark {n}") for n in range(1, 4)])
    content = content.replace(b"mark 2", b"mark \xe5\xff 2")
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", content)
    apart = quarantine(home, manifest)
    assert apart.select("record_no", "rule").rows() == [(2, "undecodable")]
    assert r"mark \xe5\xff 2" in apart["raw"].item()
    assert lake(home, manifest, "case_file")["mark_text"].to_list() == ["mark 1", "mark 3"]


@pytest.mark.parametrize("encoding", ["big5", "gb18030", "gb2312", "GBK", "utf-8-sig"])
def test_declared_encodings_are_decoded(tmp_path: Path, encoding: str) -> None:
    owner = "示例食品有限公司" if encoding != "big5" else "範例食品有限公司"
    content = gazette(registration(1, owner=owner, name="光影"), encoding=encoding)
    home = Home(tmp_path)
    manifest = deliver_one(home, "tipo_gazette", "g.xml", content.replace(b"utf-8-sig", b"utf-8"))
    assert manifest.reason is None
    assert lake(home, manifest, "owner")["owner_name"].to_list() == [owner]


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    content = gazette(registration(1)).replace(b"utf-8", b"ebcdic-x")
    manifest = deliver_one(Home(tmp_path), "tipo_gazette", "g.xml", content)
    assert manifest.reason == "declares the unknown encoding ebcdic-x; ask the publisher for UTF-8"


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """Never fewer records in silence. The gate sees most cuts, the parser the rest (inside a trailing comment)."""
    content = uspto(
        [case_file("88000001"), "<!-- one -->", case_file("88000002", inside="<case-file-owners/>")],
        [case_file("88000003"), "<!-- three -->"],
    )
    whole = content.rstrip()
    files = {f"cut_{at:05d}.xml": content[:at] for at in range(50, len(whole), 50)}
    files |= {f"end_{back}.xml": whole[:-back] for back in (1, 2, 10, 30, 60)}
    made = deliver(Home(tmp_path), "uspto_trademark", {**files, "whole.xml": content})
    assert made.pop("whole.xml").n_loaded == 3
    assert {name: m.state for name, m in made.items()} == dict.fromkeys(files, "refused")
    assert all(m.reason and "\n" not in m.reason for m in made.values())


@pytest.mark.parametrize(
    "damage",
    [
        (b"</case-file-header>", b"</case-file-headed>"),
        (b"<serial-number>88000002</serial-number>", b"<serial-number>88000002</case-file>"),
        (b"</action-keys>", b"</action-keys></action-keys>"),
        (b"88000002", b"88 & 02"),
    ],
)
def test_a_file_that_is_not_well_formed_is_refused(tmp_path: Path, damage: tuple[bytes, bytes]) -> None:
    content = uspto([case_file("88000001"), case_file("88000002"), case_file("88000003")])
    manifest = deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", content.replace(*damage))
    if manifest.state == "loaded":
        # A bare & spoils one value, not the shape of the file.
        assert (manifest.n_loaded, manifest.n_quarantined) == (2, 1)
    else:
        assert manifest.state == "refused"
    assert is_conserved(manifest)


def test_records_at_another_place_are_refused(tmp_path: Path) -> None:
    content = uspto([case_file("88000001")]).replace(b"action-keys>", b"action-list>")
    manifest = deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", content)
    assert manifest.state == "refused"
    assert "the layout changed" in str(manifest.reason)


def test_blocks_of_any_size_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    inside = "<case-file-owners><case-file-owner><party-name>示例</party-name></case-file-owner></case-file-owners>"
    content = uspto(*[[case_file(f"{88000000 + 10 * g + n}", inside=inside) for n in range(4)] for g in range(3)])
    manifest = deliver_one(home, "uspto_trademark", "d.xml", content)
    tables = {entity: lake(home, manifest, entity) for entity in source("uspto_trademark").entities}
    for block in (1 << 20, 997, 100, 41, 16):
        monkeypatch.setattr(xml_pieces, "PIECE_BYTES", block)
        (again,) = parse_deliveries(home, source("uspto_trademark"), silent, again=True)
        assert again == manifest
        for entity, table in tables.items():
            assert lake(home, again, entity).equals(table), (entity, block)
    assert tables["case_file"]["record_no"].to_list() == list(range(1, 13))
    assert isinstance(tables["case_file"], pl.DataFrame)
