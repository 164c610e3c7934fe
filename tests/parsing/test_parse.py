"""Parsing: nothing twice, nothing half, nothing lost, and the same whatever the order of arrival."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contract.check import Checked, check, lake_schema
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.parsing import parse, parts
from pipelines.parsing.lake_writer import QUARANTINE_SCHEMA
from pipelines.parsing.parse import contract_version, parse_deliveries, pending
from pipelines.parsing.readers import xml_pieces
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.state.home import Home
from tests.worlds.hand_made_deliveries import (
    case_file,
    csv_bytes,
    deliver,
    deliver_one,
    enterprises,
    gazette,
    is_conserved,
    lake,
    quarantine,
    registration,
    silent,
    source,
    uspto,
)
from tests.worlds.hand_made_release import python, subprocess_environment

settings.register_profile("touchstone", print_blob=True, deadline=None)
settings.load_profile("touchstone")
SEVERAL_HOMES = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])

DAILY = uspto([case_file("88000001"), case_file("none"), case_file("88000003", filed="19990000")])


def written(home: Home) -> dict[str, int]:
    return {
        path.relative_to(home.root).as_posix(): path.stat().st_mtime_ns
        for folder in ("lake", "quarantine")
        for path in (home.root / folder).rglob("*.parquet")
    }


@pytest.mark.slow
def test_parsing_imports_no_pandas(tmp_path: Path) -> None:
    home = Home(tmp_path)
    deliver_one(home, "uspto_trademark", "d.xml", uspto([case_file("88000001")]))
    deliver_one(home, "enterprise_register", "e.csv", csv_bytes(enterprises("甲厂")))
    script = (
        "import sys; from pathlib import Path; from pipelines.contract.loading import load_sources;"
        " from pipelines.state.home import Home; from pipelines.parsing.parse import parse_deliveries;"
        " home, sources = Home(Path(sys.argv[1])), load_sources();"
        " read = [parse_deliveries(home, each, print, again=True) for each in sources.values()];"
        " sources['region_codes'].module('parse').fallback();"
        " assert [one.state for each in read for one in each] == ['loaded', 'loaded'];"
        " sys.exit('pandas' in sys.modules and 'imported pandas')"
    )
    done = subprocess.run(
        python("-c", script, str(tmp_path)),
        env=subprocess_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_lake_and_quarantine_have_the_declared_columns(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", DAILY)
    declared = source("uspto_trademark")
    for entity in declared.entities:
        path = home.lake(declared.id, entity) / f"{manifest.sha256}.parquet"
        assert pq.read_schema(path).remove_metadata() == lake_schema(declared, entity).remove_metadata()
    path = home.quarantine(declared.id) / f"{manifest.sha256}.parquet"
    assert pq.read_schema(path).remove_metadata() == QUARANTINE_SCHEMA.remove_metadata()
    (row,) = pl.read_parquet(path).rows(named=True)
    assert (row["record_no"], row["rule"], row["detail"]) == (2, "pattern:serial_number", "serial_number is 'none'")
    assert row["raw"] == case_file("none")
    assert row["first_seen_at"] == manifest.received_at.replace(tzinfo=None)


def test_a_second_run_parses_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    deliver(home, "uspto_trademark", {"d.xml": DAILY, "refused.xml": DAILY[:-50]})
    before = written(home)
    assert pending(home, source("uspto_trademark")) == []
    assert deliver(home, "uspto_trademark", {"again.xml": DAILY}) == {}
    assert written(home) == before


def test_a_changed_contract_parses_that_source_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    deliver_one(home, "uspto_trademark", "d.xml", DAILY)
    deliver_one(home, "tipo_gazette", "g.xml", gazette(registration(1)))
    folder = tmp_path / "sources" / "uspto_trademark"
    shutil.copytree(source("uspto_trademark").folder, folder)
    declaration = folder / "source.yaml"
    changed = declaration.read_text(encoding="utf-8").replace("required: true, pattern: '\\d{8}'", "required: true")
    declaration.write_text(changed, encoding="utf-8")
    altered = load_source(declaration)
    assert contract_version(altered) != contract_version(source("uspto_trademark"))
    (manifest,) = parse_deliveries(home, altered, silent)
    assert (manifest.n_loaded, manifest.n_quarantined) == (3, 0)
    assert not (home.quarantine("uspto_trademark") / f"{manifest.sha256}.parquet").exists()
    assert pending(home, source("tipo_gazette")) == []


def test_code_next_to_the_declaration_is_part_of_the_contract(tmp_path: Path) -> None:
    folder = tmp_path / "tipo_gazette"
    shutil.copytree(source("tipo_gazette").folder, folder)
    (folder / "parse.py").write_text((folder / "parse.py").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert contract_version(load_source(folder / "source.yaml")) != contract_version(source("tipo_gazette"))


def test_a_delivery_that_comes_to_be_refused_leaves_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    deliver_one(home, "uspto_trademark", "d.xml", DAILY)
    assert written(home)

    def refuse(_path: Path, _source: Source) -> None:
        raise DeliveryRefused("is unlike what is now declared")

    monkeypatch.setattr(parse, "inspect", refuse)
    (manifest,) = parse_deliveries(home, source("uspto_trademark"), silent, again=True)
    assert (manifest.state, manifest.reason) == ("refused", "is unlike what is now declared")
    assert is_conserved(manifest)
    assert written(home) == {}


def test_records_lost_on_the_way_refuse_the_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = check

    def loses(declared: Source, texts: dict[str, pl.DataFrame], undecodable: bool) -> Checked:
        checked = real(declared, texts, undecodable)
        checked.tables["case_file"] = checked.tables["case_file"].head(1)
        return checked

    monkeypatch.setattr(parts, "check", loses)
    manifest = deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", DAILY)
    assert manifest.state == "refused"
    assert str(manifest.reason).startswith("3 records are not 1 loaded + 1 quarantined + 0 skipped")


def test_a_delivery_of_broken_records_only_is_quarantined(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", uspto([case_file("one"), case_file("two")]))
    assert (manifest.state, manifest.n_records, manifest.n_quarantined) == ("quarantined", 2, 2)
    assert lake(home, manifest, "case_file").height == 0


def test_a_delivery_without_records_is_loaded_empty(tmp_path: Path) -> None:
    manifest = deliver_one(Home(tmp_path), "uspto_trademark", "d.xml", uspto([]))
    assert (manifest.state, manifest.n_records, manifest.n_loaded) == ("loaded", 0, 0)


def test_children_of_a_broken_record_go_with_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(
        home, "tipo_gazette", "g.xml", gazette(registration(1), registration(2).replace("111.03.16", "111.03.99"))
    )
    assert quarantine(home, manifest).select("record_no", "rule", "detail").rows() == [
        (2, "type:registration_date", "registration_date is '111.03.99'")
    ]
    assert lake(home, manifest, "owner")["record_no"].to_list() == [1]


def test_a_broken_child_takes_its_record(tmp_path: Path) -> None:
    event = (
        "<case-file-event-statements><case-file-event-statement><number>{}</number></case-file-event-statement>"
        "</case-file-event-statements>"
    )
    home = Home(tmp_path)
    content = uspto(
        [case_file("88000001", inside=event.format("1.5")), case_file("88000002", inside=event.format("2"))]
    )
    manifest = deliver_one(home, "uspto_trademark", "d.xml", content)
    assert quarantine(home, manifest).select("record_no", "rule", "detail").rows() == [
        (1, "type:event.event_no", "event_no is '1.5'")
    ]
    assert lake(home, manifest, "event").select("record_no", "event_no").rows() == [(2, 2)]


def test_partial_dates_stay_partial(tmp_path: Path) -> None:
    home = Home(tmp_path)
    manifest = deliver_one(home, "uspto_trademark", "d.xml", DAILY)
    row = lake(home, manifest, "case_file").filter(pl.col("record_no") == 3).row(0, named=True)
    assert (row["filing_date"], row["filing_date_text"], row["registration_date_text"]) == (None, "1999", None)


def test_what_a_killed_run_unpacked_is_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("parse-uspto_trademark-x1", "parse-rasff-x2", "20240510-failed"):
        (home.runs / name).mkdir(parents=True)
    deliver_one(home, "uspto_trademark", "d.xml", DAILY)
    assert sorted(path.name for path in home.runs.iterdir()) == ["20240510-failed", "parse-rasff-x2"]


@pytest.mark.slow
def test_any_order_of_arrival_gives_the_same_bytes(tmp_path: Path) -> None:
    files = {
        "a.xml": DAILY,
        "b.xml": uspto([case_file("88000009")]),
        "c.xml": DAILY[:-50],
        "copy of a.xml": DAILY,
    }
    lakes, aparts = [], []
    for number, order in enumerate(itertools.islice(itertools.permutations(files), 0, 24, 7)):
        home = Home(tmp_path / str(number))
        for name in order:
            deliver(home, "uspto_trademark", {name: files[name]})
        lakes.append({p.relative_to(home.root): p.read_bytes() for p in (home.root / "lake").rglob("*.parquet")})
        frames = [quarantine(home, m).drop("first_seen_at", strict=False) for m in manifests(home, "uspto_trademark")]
        aparts.append([frame.rows() for frame in frames])
    assert all(one == lakes[0] for one in lakes)
    assert all(one == aparts[0] for one in aparts)
    assert len(lakes[0]) == 2 * len(source("uspto_trademark").entities)


@pytest.mark.slow
@SEVERAL_HOMES
@given(
    st.lists(
        st.sampled_from(
            [
                case_file("88000001"),
                case_file("bad"),
                case_file("88000002", filed="20201399"),
                case_file("88000003", inside="<transaction-date>1</transaction-date>"),
                case_file("88000004", mark="\ufffd"),
                case_file("88000005", inside="<classifications><classification/></classifications>"),
                "<case-file/>",
                "<!-- </case-file> -->",
                "</case-file>",
                "<case-file>",
                "&amp;",
            ]
        ),
        max_size=6,
    ),
    st.integers(0, 40),
    st.integers(50, 3000),
)
def test_broken_files_keep_the_identity(
    tmp_path_factory: pytest.TempPathFactory, records: list[str], cut: int, block: int
) -> None:
    content = uspto(records)
    home = Home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_pieces, "PIECE_BYTES", block)
        manifest = deliver_one(home, "uspto_trademark", "d.xml", content[: len(content) - cut])
    assert is_conserved(manifest)
    if manifest.state == "refused":
        assert written(home) == {}
        return
    numbers = (
        quarantine(home, manifest)["record_no"].to_list() + lake(home, manifest, "case_file")["record_no"].to_list()
    )
    assert sorted(numbers) == list(range(1, (manifest.n_records or 0) + 1))
    assert manifest.n_records == sum(1 for record in records if record.startswith("<case-file"))


def test_progress_reports_the_records_so_far(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.landing("enterprise_register").mkdir(parents=True)
    (home.landing("enterprise_register") / "e.csv").write_bytes(csv_bytes(enterprises("甲示例厂", "乙示例厂")))
    receive(home, source("enterprise_register"), silent)
    told: list[tuple[str, int | None]] = []
    made: list[Manifest] = parse_deliveries(
        home, source("enterprise_register"), lambda message, rows: told.append((message, rows))
    )
    assert told[-1] == ("e.csv", 2)
    assert [m.n_loaded for m in made] == [2]
