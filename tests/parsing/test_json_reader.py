"""JSON deliveries: complete records whatever they contain, values by path, and broken records under their rule."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing.readers import json_pieces as json_reader
from pipelines.parsing.readers.json_pieces import Surroundings, pieces
from pipelines.state.home import Home
from tests.receiving.test_delivery_gate import zipped
from tests.worlds.hand_made_deliveries import deliver_one, is_conserved, lake, quarantine, source


def gi(number: int, **changes: object) -> dict[str, object]:
    """An entry of the register of geographical indications with the values that it needs."""
    return {
        "giIdentifier": f"EUGI{number:011d}",
        "modificationDate": "2024-05-10T08:00:00.000Z",
        "protectedNames": ["示例茶", "Shili Cha"],
        "fileNumber": f"PGI-CN-{number}",
        "countries": ["CN"],
        "giType": "PGI",
        "productType": "FOOD",
        "productCategories": [18],
        "status": "registered",
        "euProtectionDate": "2017-06-03",
        "legalInstrument": {"text": "Official Journal L 1", "uri": "https://example.org/1"},
        "publications": None,
        "removedFlag": False,
        "thirdCountryFlag": True,
        "transcriptions": None,
        **changes,
    }


def recall(number: str, **changes: object) -> dict[str, object]:
    """A recall as the programming interface gives it."""
    return {
        "recall_number": number,
        "report_date": "20240508",
        "classification": "Class II",
        "product_type": "Food",
        "product_description": "Tea, 100 g",
        "reason_for_recall": "Undeclared milk",
        "recalling_firm": "SAMPLE FOOD CO., LTD.",
        **changes,
    }


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def array(*records: object, **layout: Any) -> bytes:
    return json.dumps(list(records), ensure_ascii=False, **layout).encode()


def cut(path: Path, declared: Source) -> list[Any]:
    """Every record of a file, parsed by another parser."""
    found: list[str] = []
    for piece in pieces(path, declared, Surroundings()):
        assert piece.first == len(found) + 1
        found += piece.raw.to_list()
    return [json.loads(record) for record in found]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('"\\{}[],: \n茶é', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\{}a', max_size=3), inner, max_size=3),
    max_leaves=12,
)
objects = st.lists(st.dictionaries(st.text('a"\\{}', max_size=3), values, max_size=4), max_size=6)


@given(records=objects, piece_bytes=st.integers(1, 40), indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
@settings(max_examples=150, deadline=None)
def test_records_are_cut_wherever_a_piece_ends(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, Any]],
    piece_bytes: int,
    indent: int | None,
    ascii_only: bool,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    meta = {"results": {"total": 3}, "note": 'results": ['}
    document = {"meta": meta, "more": [{"results": [1]}], "results": records, "end": {"results": [{}]}}
    flat, nested, listed = folder / "a.json", folder / "b.json", folder / "c.jsonl"
    flat.write_text(json.dumps(records, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    nested.write_text("\ufeff" + json.dumps(document, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    listed.write_bytes(b"\r\n\n".join(lines(record).strip() for record in records))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "PIECE_BYTES", piece_bytes)
        assert cut(flat, source("eambrosia_gi")) == records
        assert cut(nested, source("fda_enforcement")) == records
        assert cut(listed, source("fda_enforcement")) == records


def test_lists_of_a_record_become_rows(tmp_path: Path) -> None:
    home = Home(tmp_path)
    content = array(
        gi(1), gi(2, protectedNames=["乙"], transcriptions=["Yi", "Ji"], publications=[{"text": "OJ C 1", "uri": None}])
    )
    manifest = deliver_one(home, "eambrosia_gi", "g.json", content)
    assert (manifest.n_records, manifest.n_loaded, manifest.findings) == (2, 2, {})
    names = lake(home, manifest, "protected_name").select("record_no", "item_no", "protected_name")
    assert names.rows() == [(1, 1, "示例茶"), (1, 2, "Shili Cha"), (2, 1, "乙")]
    assert lake(home, manifest, "transcription")["transcription"].to_list() == ["Yi", "Ji"]
    assert lake(home, manifest, "publication").rows() == [(2, 1, "OJ C 1", None)]
    assert lake(home, manifest, "gi")["legal_instrument"].to_list() == ["Official Journal L 1"] * 2
    assert lake(home, manifest, "product_category").rows() == [(1, 1, 18), (2, 1, 18)]


def test_two_spellings_of_a_key_and_values_before_the_records(tmp_path: Path) -> None:
    home = Home(tmp_path)
    document = {"meta": {"last_updated": "2024-05-15"}, "results": [recall("F-0001-2024")]}
    made = deliver_one(home, "fda_enforcement", "e.json", json.dumps(document).encode())
    weekly = {
        key.replace("_", "-"): value for key, value in recall("").items() if key not in ("recall_number", "report_date")
    }
    weekly |= {"report-date": "05/08/2024", "product-description": "1) Tea. Recall # F-0002-2024; 2) Rice. F-0003-2024"}
    listed = deliver_one(home, "fda_enforcement", "e.jsonl", lines(weekly))
    columns = ["reference", pl.col("report_date").cast(pl.String), pl.col("exported_date").cast(pl.String)]
    assert lake(home, made, "recall").select(columns).rows() == [("F-0001-2024", "2024-05-08", "2024-05-15")]
    assert lake(home, listed, "recall").select(columns).rows() == [("F-0002-2024", "2024-05-08", None)]
    assert lake(home, listed, "recall_number").rows() == [(1, 1, "F-0002-2024"), (1, 2, "F-0003-2024")]
    assert made.findings == listed.findings == {}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"report_date":', "json"),
        (b"not json", "json"),
        (b'["report_date"]', "json"),
        (b"{'report_date': 1}", "json"),
        (b'{"recall_number": "\\ud800"}', "json"),
        (json.dumps(recall("F-0001-2024", city=["Davie"])).encode(), "type:city"),
        (json.dumps(recall("F-0001-2024", recalling_firm={"name": "x"})).encode(), "type:recalling_firm"),
        (json.dumps(recall("F-0001-2024", recalling_firm=None)).encode(), "required:recalling_firm"),
        (json.dumps(recall("0001-2024")).encode(), "pattern:recall_number"),
        (json.dumps(recall("F-0001-2024", classification="Class V")).encode(), "code:classification"),
        (json.dumps(recall("F-0001-2024", report_date="20241341")).encode(), "type:report_date"),
        (json.dumps(recall("F-0001-2024"), ensure_ascii=False).encode().replace(b"Tea", b"T\xffa"), "undecodable"),
    ],
)
def test_a_broken_line_is_quarantined_as_received(tmp_path: Path, line: bytes, rule: str) -> None:
    home = Home(tmp_path)
    content = lines(recall("F-0007-2024")) + line + b"\n" + lines(recall("F-0009-2024"))
    manifest = deliver_one(home, "fda_enforcement", "e.jsonl", content)
    assert (manifest.state, manifest.n_records, manifest.n_loaded) == ("loaded", 3, 2), manifest.reason
    found = quarantine(home, manifest)
    assert found.select("record_no", "rule").rows() == [(2, rule)]
    assert found["raw"].to_list() == [line.decode("utf-8", errors="replace")]
    assert lake(home, manifest, "recall")["reference"].to_list() == ["F-0007-2024", "F-0009-2024"]
    assert is_conserved(manifest)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"protectedNames": "示例茶"}, "type:protected_name"),
        ({"protectedNames": [None]}, "required:protected_name.protected_name"),
        ({"protectedNames": [{"name": "x"}]}, "type:protected_name.protected_name"),
        ({"legalInstrument": "Official Journal"}, "type:legalInstrument"),
        ({"publications": ["Official Journal"]}, "type:publication.row"),
        ({"productCategories": ["x"]}, "type:product_category.category_no"),
        ({"giType": 5}, "code:gi_type"),
    ],
)
def test_another_shape_than_declared_is_quarantined(tmp_path: Path, changes: dict[str, object], rule: str) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "eambrosia_gi", "g.json", array(gi(1), gi(2, **changes), gi(3), indent=1))
    assert quarantine(home, manifest).select("record_no", "rule").rows() == [(2, rule)]
    assert lake(home, manifest, "gi")["record_no"].to_list() == [1, 3]
    assert set(lake(home, manifest, "country")["record_no"]) == {1, 3}
    assert is_conserved(manifest)


def test_keys_that_nobody_declared_are_findings(tmp_path: Path) -> None:
    record = gi(1, newKey=1, publications=[{"text": "a", "uri": "b", "lang": "en"}], cnClassification=[{"cnCode": 1}])
    record["legalInstrument"] = {"text": "x", "uri": "y", "date": "z"}
    manifest = deliver_one(Home(tmp_path), "eambrosia_gi", "g.json", array(record, gi(2, newKey=None)))
    assert manifest.findings == {"key:legalInstrument.date": 1, "key:newKey": 2, "key:publications.lang": 1}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (array(gi(1), gi(2))[:-1], "truncated: ends in"),
        (array(gi(1), gi(2), indent=1)[:-300], "truncated: ends in"),
        (array(gi(1)) + b"]", "not well-formed or truncated around its records"),
        (b'{"gis": []}', "has no array of records in its first"),
        (b'[{"a": 1}, 7]', "something else than objects"),
        (b'[{"a": 1} {"a": 2}]', "something else than objects"),
        (b'[{"a": 1},, {"a": 2}]', "something else than objects"),
        (b'[{"a": 1},]', "something else than objects"),
        (b"<html></html>", "is not JSON; wrong file or wrong folder"),
        (b"\x1f\x8b\x08\x00abcdefgh", "contains binary data, not JSON text"),
        (b" \n", "empty file"),
    ],
)
def test_a_document_that_is_not_json_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    manifest = deliver_one(Home(tmp_path), "eambrosia_gi", "g.json", content)
    assert manifest.state == "refused"
    assert manifest.reason is not None
    assert told in manifest.reason
    assert "\n" not in manifest.reason


def test_lines_that_stop_inside_a_record_are_refused(tmp_path: Path) -> None:
    content = lines(recall("F-0001-2024"), recall("F-0002-2024"))
    home = Home(tmp_path)
    truncated = deliver_one(home, "fda_enforcement", "t.jsonl", content[:-20])
    assert (truncated.state, (truncated.reason or "")[:30]) == ("refused", "truncated: ends inside a recor")
    unfinished = deliver_one(home, "fda_enforcement", "u.jsonl", content.rstrip())
    assert (unfinished.state, unfinished.n_loaded) == ("loaded", 2)


def test_within_archives(tmp_path: Path) -> None:
    home = Home(tmp_path)
    document = json.dumps({"results": [recall("F-0003-2024")]}).encode()
    packed = zipped({"a.jsonl": lines(recall("F-0001-2024"), recall("F-0002-2024")), "b.json": document})
    manifest = deliver_one(home, "fda_enforcement", "w.zip", packed)
    assert (manifest.n_records, manifest.n_loaded) == (3, 3), manifest.reason
    assert lake(home, manifest, "recall").select("record_no", "reference").rows() == [
        (1, "F-0001-2024"),
        (2, "F-0002-2024"),
        (3, "F-0003-2024"),
    ]
    manifest = deliver_one(home, "fda_enforcement", "w.jsonl.gz", gzip.compress(lines(recall("F-0004-2024"))))
    assert manifest.n_loaded == 1, manifest.reason


def test_no_records_are_not_an_error(tmp_path: Path) -> None:
    manifest = deliver_one(Home(tmp_path), "eambrosia_gi", "g.json", b"[ ]")
    assert (manifest.state, manifest.n_records) == ("loaded", 0)


def test_a_record_too_large_to_be_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "PIECE_BYTES", 64)
    monkeypatch.setattr(json_reader, "_RECORD_BYTES", 256)
    path = tmp_path / "g.json"
    path.write_bytes(array(gi(1)))
    with pytest.raises(DeliveryRefused, match="a record of over 256 bytes"):
        cut(path, source("eambrosia_gi"))
