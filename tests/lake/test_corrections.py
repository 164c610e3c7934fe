"""Corrections: what they change between the lake and the build, what they leave alone, and when they refuse."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.build.inputs import inputs_hash
from pipelines.cli import app
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_source
from pipelines.errors import UsageError
from pipelines.lake import corrections
from pipelines.lake import quarantine as quarantined
from pipelines.lake.corrections import CorrectionOutdated, load_corrections
from pipelines.lake.views import create_lake, refuse_outdated
from pipelines.onboarding.check import problems
from pipelines.parsing.parse import parse_deliveries, pending
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.state.database import open_database
from pipelines.state.home import DBT_PROJECT_DIR, SOURCES_DIR, Home
from tests.worlds.hand_made_deliveries import ENTERPRISE_HEADER, csv_bytes, gazette, registration, silent

# Check digits are right; the companies are invented.
USCCS = ["91110000600037341L", "91310000MA1K35JM2K", "91440300192441035U"]
ROWS = [
    [USCCS[0], "虚构县甲食品有限公司", "示例路1号", "110000", "2024-05-10"],
    [USCCS[1], "虚构县乙食品有限公司", "示例路2号", "310000", "2024-05-10"],
    [USCCS[2], "虚构县丙食品有限公司", "示例路3号", "44030", "2024-05-10"],
]
RENAME = f"""
- id: wrong-name
  match: {{uscc: {USCCS[0]}}}
  expect: {{enterprise_name: 虚构县甲食品有限公司}}
  set: {{enterprise_name: 虚构县甲酒业有限公司}}
  reason: The extract has the name of before the change
  author: 登记科
  date: 2024-05-12
"""
FREE = f"""
- id: short-region
  match: {{uscc: {USCCS[2]}}}
  expect: {{region_code: "44030"}}
  set: {{region_code: "440300"}}
  reason: A digit was lost
  author: 登记科
  date: 2024-05-12
"""
DROP = f"""
- id: twin
  match: {{uscc: {USCCS[1]}}}
  expect: {{region_code: "310000"}}
  drop: true
  reason: Entered for a test
  author: 登记科
  date: 2024-05-12
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOURCES_DIR / "enterprise_register", tmp_path / "sources" / "enterprise_register"))


def corrected(folder: Path, text: str) -> Source:
    (folder / "corrections.yaml").write_text(text, encoding="utf-8")
    return load_source(folder / "source.yaml")


def deliver(home: Home, source: Source, name: str, content: bytes) -> list[Manifest]:
    landing = home.landing(source.id)
    landing.mkdir(parents=True, exist_ok=True)
    (landing / name).write_bytes(content)
    receive(home, source, silent)
    parse_deliveries(home, source, silent)
    return manifests(home, source.id)


def ask(home: Home, source: Source, sql: str) -> list[tuple[object, ...]]:
    """What the views that gates and dbt read answer."""
    with open_database(None, home.runs / "spill") as connection:
        create_lake(connection, home, {source.id: source}, {source.id: manifests(home, source.id)})
        return connection.execute(sql).fetchall()


def lake_bytes(home: Home) -> dict[str, bytes]:
    return {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for name in ("lake", "quarantine", "archive")
        for path in (home.root / name).rglob("*")
        if path.is_file()
    }


def test_a_set_value_takes_the_place_of_the_received_one_with_what_derives_from_it(home: Home, folder: Path) -> None:
    source = corrected(folder, RENAME)
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS[:2]]))
    before = lake_bytes(home)
    assert ask(
        home,
        source,
        "select record_no, enterprise_name, enterprise_name_norm, enterprise_name_key = (select enterprise_name_key"
        " from lake.enterprise_register__enterprise__as_received where record_no = 1) as same_key"
        " from lake.enterprise_register__enterprise order by 1",
    ) == [(1, "虚构县甲酒业有限公司", "虚构县甲酒业有限公司", False), (2, ROWS[1][1], ROWS[1][1], False)]
    assert lake_bytes(home) == before


def test_audit_reports_old_and_new_value(home: Home, folder: Path) -> None:
    source = corrected(folder, RENAME)
    (manifest,) = deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS[:2]]))
    assert ask(home, source, "from lake.corrections") == [
        ("enterprise_register", "wrong-name", "enterprise", manifest.sha256, 1, None, "set", "enterprise_name",
         "虚构县甲食品有限公司", "虚构县甲酒业有限公司", False, "The extract has the name of before the change",
         "登记科", date(2024, 5, 12)),
    ]  # fmt: skip


def test_a_correction_frees_a_quarantined_record(home: Home, folder: Path) -> None:
    source = load_source(folder / "source.yaml")
    (manifest,) = deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS]))
    assert (manifest.n_loaded, manifest.n_quarantined) == (2, 1)
    source = corrected(folder, FREE)
    view = "lake.enterprise_register__enterprise"
    assert ask(home, source, f"select region_code, record_no, delivery_sha256 from {view} order by 2")[2] == (
        "440300", 3, manifest.sha256,
    )  # fmt: skip
    assert ask(home, source, "from lake.quarantine") == []
    assert ask(home, source, "select n_records, n_loaded, n_quarantined, n_skipped from lake.deliveries") == [
        (3, 3, 0, 0)
    ]
    assert ask(
        home, source, "select action, column_name, old_value, new_value, was_quarantined from lake.corrections"
    ) == [("set", "region_code", "44030", "440300", True)]


def test_a_delivery_quarantined_throughout_is_loaded_by_a_correction(home: Home, folder: Path) -> None:
    source = corrected(folder, FREE)
    (manifest,) = deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, ROWS[2]]))
    assert manifest.state == "quarantined"
    assert ask(home, source, "select state, n_loaded, n_quarantined from lake.deliveries") == [("loaded", 1, 0)]
    assert ask(home, source, "select count(*) from lake.enterprise_register__enterprise") == [(1,)]


def test_a_correction_that_leaves_another_rule_broken_frees_nothing(home: Home, folder: Path) -> None:
    source = corrected(folder, FREE)
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, [*ROWS[2][:4], ""]]))
    assert ask(home, source, "select count(*) from lake.quarantine") == [(1,)]
    assert ask(home, source, "select count(*) from lake.enterprise_register__enterprise") == [(0,)]


def test_a_dropped_record_takes_its_lists_with_it_and_counts_as_skipped(home: Home, folder: Path) -> None:
    source = corrected(folder, DROP)
    header, rows = [*ENTERPRISE_HEADER, "曾用名"], [[*row, "旧名甲；旧名乙"] for row in ROWS[:2]]
    deliver(home, source, "e.csv", csv_bytes([header, *rows]))
    assert ask(home, source, "select uscc from lake.enterprise_register__enterprise") == [(USCCS[0],)]
    assert ask(home, source, "select distinct record_no from lake.enterprise_register__former_name") == [(1,)]
    assert ask(home, source, "select n_records, n_loaded, n_quarantined, n_skipped from lake.deliveries") == [
        (2, 1, 0, 1)
    ]


def test_values_are_written_as_the_office_writes_them(home: Home, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SOURCES_DIR / "tipo_gazette", tmp_path / "sources" / "tipo_gazette"))
    source = corrected(
        folder,
        """
- id: misprinted-day
  match: {application_number: "109000001"}
  expect: {registration_date: 111.03.16}
  set: {registration_date: 111.03.01}
  reason: Misprinted
  author: 商标科
  date: 2024-05-12
""",
    )
    deliver(home, source, "g.xml", gazette(registration(1), registration(2)))
    days = ask(home, source, "select registration_date from lake.tipo_gazette__registration order by record_no")
    assert days == [(date(2022, 3, 1),), (date(2022, 3, 16),)]


def test_one_list_item_is_corrected_alone(home: Home, folder: Path) -> None:
    source = corrected(
        folder,
        """
- id: former
  entity: former_name
  match: {former_name: 旧名乙}
  expect: {former_name: 旧名乙}
  drop: true
  reason: Never borne
  author: 登记科
  date: 2024-05-12
""",
    )
    deliver(home, source, "e.csv", csv_bytes([[*ENTERPRISE_HEADER, "曾用名"], [*ROWS[0], "旧名甲；旧名乙"]]))
    assert ask(home, source, "select former_name from lake.enterprise_register__former_name") == [("旧名甲",)]
    assert ask(home, source, "select n_loaded, n_skipped from lake.deliveries") == [(1, 0)]


def test_a_corrected_record_is_reported_with_file_and_correction(home: Home, folder: Path) -> None:
    source = corrected(folder, RENAME)
    deliver(home, source, "e1.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS[:2]]))
    refuse_outdated(home, source, manifests(home, source.id))
    mended = [ROWS[0][0], "虚构县甲酒业有限公司", *ROWS[0][2:4], "2024-05-17"]
    deliver(home, source, "e2.csv", csv_bytes([ENTERPRISE_HEADER, mended]))
    with pytest.raises(CorrectionOutdated) as told:
        refuse_outdated(home, source, manifests(home, source.id))
    line = str(told.value)
    assert f"{folder / 'corrections.yaml'}: correction wrong-name: e2.csv record 1" in line
    assert "remove the correction" in line
    assert "\n" not in line
    assert told.value.exit_code == 3


def test_an_older_correct_record_is_not_a_correction(home: Home, folder: Path) -> None:
    source = corrected(folder, RENAME)
    sound = [ROWS[0][0], "虚构县甲集团有限公司", *ROWS[0][2:4], "2024-05-03"]
    deliver(home, source, "e1.csv", csv_bytes([ENTERPRISE_HEADER, sound]))
    deliver(home, source, "e2.csv", csv_bytes([ENTERPRISE_HEADER, ROWS[0]]))
    names = ask(home, source, "select enterprise_name from lake.enterprise_register__enterprise order by extract_date")
    assert names == [("虚构县甲集团有限公司",), ("虚构县甲酒业有限公司",)]


def test_a_correction_waits_for_its_record(home: Home, folder: Path) -> None:
    source = corrected(folder, RENAME)
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, ROWS[1]]))
    assert ask(home, source, "select action, delivery_sha256, column_name from lake.corrections") == [
        ("waiting", None, None)
    ]


def test_two_corrections_of_one_value_are_refused(home: Home, folder: Path) -> None:
    twice = RENAME + RENAME.replace("wrong-name", "again")
    source = corrected(folder, twice)
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, ROWS[0]]))
    with pytest.raises(UsageError, match=r"corrections wrong-name and again both decide on record 1"):
        refuse_outdated(home, source, manifests(home, source.id))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("expect:", "expects:"), "expect"),
        (("reason: The extract has the name of before the change", "reason: ''"), "reason"),
        (("{uscc: " + USCCS[0] + "}", "{usc: " + USCCS[0] + "}"), "match: no column usc"),
        (("set: {enterprise_name: 虚构县甲酒业有限公司}", "set: {uscc: '123'}"), "uscc '123' breaks the rule uscc"),
        (("set: {enterprise_name: 虚构县甲酒业有限公司}", "set: {region_code: 0012}"), "in quotes"),
        (("  reason", "  drop: true\n  reason"), "either `set` or `drop: true`"),
        (("- id: wrong-name", "- id: wrong-name\n  entity: firm"), "no entity firm"),
        (("- id: wrong-name\n", "wrong-name:\n"), "are a list"),
        (("date: 2024-05-12", "date: {"), "not readable as YAML"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_reported_with_path_and_correction(
    folder: Path, change: tuple[str, str], told: str
) -> None:
    source = corrected(folder, RENAME.replace(*change))
    with pytest.raises(UsageError) as error:
        load_corrections(source)
    assert str(folder / "corrections.yaml") in str(error.value)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    staging = DBT_PROJECT_DIR / "models" / "staging"
    assert [line for line in problems(folder.parent, staging) if told in line]


def test_a_changed_correction_asks_for_a_build_and_for_no_parsing(home: Home, folder: Path) -> None:
    source = corrected(folder, RENAME)
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS]))
    every = {source.id: manifests(home, source.id)}
    before = inputs_hash(home, date(2024, 5, 16), {source.id: source}, every)
    assert inputs_hash(home, date(2024, 5, 16), {source.id: source}, every) == before
    source = corrected(folder, RENAME + FREE)
    assert inputs_hash(home, date(2024, 5, 16), {source.id: source}, every) != before
    assert pending(home, source) == []


def test_retry_states_what_a_changed_contract_and_a_correction_made_of_a_delivery(home: Home, folder: Path) -> None:
    source = load_source(folder / "source.yaml")
    names = [[USCCS[0], "", *ROWS[0][2:]], *ROWS[1:]]
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *names]))
    deliver(home, source, "sound.csv", csv_bytes([ENTERPRISE_HEADER, ROWS[0]]))
    deliver(home, source, "other.csv", csv_bytes([["甲", "乙"], ["1", "2"]]))
    unchanged = {one.original_name: one for one in quarantined.retry(home, source, "", silent)}
    assert unchanged.keys() == {"e.csv", "other.csv"}
    assert not any(one.has_changed for one in unchanged.values())
    declared = (folder / "source.yaml").read_text(encoding="utf-8")
    optional = declared.replace("name], required: true, zh: 企业名称", "name], zh: 企业名称")
    assert optional != declared
    (folder / "source.yaml").write_text(optional, encoding="utf-8")
    source = corrected(folder, FREE)
    changed = {one.original_name: one for one in quarantined.retry(home, source, "", silent)}
    one = changed["e.csv"]
    assert (one.n_quarantined_before, one.n_quarantined, one.n_corrected, one.has_changed) == (2, 1, 1, True)
    assert not changed["other.csv"].has_changed


def test_retry_command_reports_when_nothing_changed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(home.root))
    source = load_source(SOURCES_DIR / "enterprise_register" / "source.yaml")
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS]))
    result = CliRunner().invoke(app.app, ["quarantine", "retry", "enterprise_register"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "None of 1 deliveries changed" in result.stdout
    with pytest.raises(UsageError, match="no delivery abc"):
        quarantined.retry(home, source, "abc", silent)


def test_without_corrections_no_view_changes(home: Home, folder: Path) -> None:
    source = load_source(folder / "source.yaml")
    deliver(home, source, "e.csv", csv_bytes([ENTERPRISE_HEADER, *ROWS]))
    assert corrections.corrections_digest(source) is None
    assert ask(home, source, "select count(*) from duckdb_views() where view_name like '%as_received'") == [(0,)]
