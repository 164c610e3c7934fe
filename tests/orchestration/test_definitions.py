"""The code location as Dagster's users see it, and what remains after a gate refused.

The graph and its gates run on a dbt project of five models, for what stops a release is how steps are tied together;
the expectations themselves have tests of their own.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines import definitions, refresh
from pipelines.build import dbt, dbt_runner
from pipelines.build.dbt_project import DbtProject
from pipelines.build.parsed_project import load_project
from pipelines.cli.main import main
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.errors import GateRefused, TouchstoneError, UsageError
from pipelines.gates import verdicts
from pipelines.gates.check import CheckPlan, CheckResult
from pipelines.gates.load_gate import load_plans
from pipelines.gates.process import SubprocessGates
from pipelines.gates.release_gate import GENERAL_RULES
from pipelines.orchestration import checks, keys, sensors
from pipelines.orchestration.assets import lake
from pipelines.orchestration.progress import SilentProgress
from pipelines.orchestration.resources import RefreshSettings
from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.releases.release import Release, current_release
from pipelines.state.home import Home
from pipelines.state.run_folder import RunFolder
from tests.worlds.dbt_models import PARSED

SOURCE = "recognition_list"
DECISIONS = """奖项,届次,事项,级别,日期,获奖单位,类别,品牌或产品,文号
中华老字号,第三批,认定,国家,2024-02-01,虚构市甲子茶厂有限公司,企业,甲子,商流通函〔2024〕1号
中国质量奖,第五届,提名,国家,2023-09-01,虚构市乙丑酒业股份有限公司,企业,乙丑,公告2023年第1号
"""
PROJECT = {
    "dbt_project.yml": """
name: small
version: "1.0"
profile: small
vars: {as_of: ''}
models:
  small:
    staging: {+database: work, +schema: staging, +materialized: view}
    star: {+schema: star, +materialized: table}
    marts: {+schema: marts, +materialized: table}
    audit: {+schema: audit, +materialized: table}
seeds: {small: {+database: work, +schema: staging}}
""",
    "profiles.yml": """
small:
  target: candidate
  outputs:
    candidate:
      type: duckdb
      path: "{{ env_var('TOUCHSTONE_CANDIDATE') }}"
      schema: star
      attach: [{path: "{{ env_var('TOUCHSTONE_WORK') }}", alias: work}]
      config_options: {storage_compatibility_version: v1.5.0}
""",
    "macros/generate_schema_name.sql": (
        "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}"
    ),
    "seeds/levels.csv": "level_name,rank\n国家,1\n省,2\n",
    "models/lake.yml": """
sources:
  - name: lake
    database: work
    schema: lake
    tables:
      - {name: recognition_list__decision, meta: {dagster: {asset_key: [lake, recognition_list, decision]}}}
      - {name: deliveries, meta: {dagster: {asset_key: [lake, deliveries]}}}
""",
    "models/staging/stg_decision.sql": "select * from {{ source('lake', 'recognition_list__decision') }}",
    "models/star/dim_recipient.sql": (
        "select delivery_sha256, record_no, recipient_name, level_name from {{ ref('stg_decision') }}"
    ),
    "models/marts/n_decisions.sql": """
select cast('{{ var("as_of") }}' as date) as as_of_date, l.rank, count(*) as n_decisions
from {{ ref('dim_recipient') }} as r inner join {{ ref('levels') }} as l on l.level_name = r.level_name group by l.rank
""",
    "models/audit/deliveries.sql": (
        "select source_id, sha256, received_at, n_records, state from {{ source('lake', 'deliveries') }}"
    ),
    "models/models.yml": """
models:
  - name: dim_recipient
    description: 获得者 | One row per decision
    columns:
      - {name: delivery_sha256, description: 交付 | Delivery}
      - {name: record_no, description: 记录号 | Record}
      - name: recipient_name
        description: 名称 | Name
        data_tests: [not_null, {accepted_values: {arguments: {values: [nobody]}, config: {severity: warn}}}]
      - {name: level_name, description: 级别 | Level}
  - name: n_decisions
    description: 决定数 | Decisions by level
    columns:
      - {name: as_of_date, description: 业务日期 | As-of date}
      - {name: rank, description: 序 | Rank}
      - {name: n_decisions, description: 决定数 | Decisions}
  - name: deliveries
    description: 交付 | Deliveries
    columns:
      - {name: source_id, description: 来源 | Source}
      - {name: sha256, description: 哈希 | SHA-256}
      - {name: received_at, description: 时间 | When}
      - {name: n_records, description: 记录数 | Records}
      - {name: state, description: 状态 | State}
unit_tests:
  - name: decisions_are_counted
    model: n_decisions
    given:
      - {input: ref('dim_recipient'), rows: [{level_name: 省}, {level_name: 省}]}
      - {input: ref('levels'), rows: [{level_name: 省, rank: 2}]}
    expect: {rows: [{rank: 2, n_decisions: 2}]}
""",
    "tests/nothing_fails.sql": (
        "select 1 as found where '{{ env_var('SMALL_PROJECT_FAILS', '') }}' = 'data test'"
        " and exists (select 1 from {{ ref('dim_recipient') }})"
    ),
}
RELEASE_PLAN = CheckPlan("small_check", "release", None, "star.dim_recipient", "error", "小检查 | A check", "A reason.")
SHRINKING = next(rule.plan for rule in GENERAL_RULES if rule.plan.name == "star__no_table_shrank")


def judged(plan: CheckPlan, passed: bool = True) -> CheckResult:
    return CheckResult(plan, passed, "what was found", "what was asked", None, None, "Mend it.")


class SmallGates:
    """Gates that find all well, but for the checks named."""

    def __init__(self, project_dir: Path) -> None:
        self.failing: set[str] = set()
        self.project_dir = project_dir

    def begin(self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date) -> None:
        """Nothing is to be prepared."""

    def load(
        self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date
    ) -> list[CheckResult]:
        return [judged(plan, plan.name not in self.failing) for plan in load_plans(source)]

    def release(self, home: Home, folder: RunFolder, project: DbtProject) -> list[CheckResult]:
        return [judged(plan, plan.name not in self.failing) for plan in (RELEASE_PLAN, SHRINKING)]


class Told(SilentProgress):
    """Keeps what was reported."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.refusals: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    def refused(self, line: str) -> None:
        self.refusals.append(line)


@pytest.fixture(scope="module")
def project_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small_project")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    return folder


@contextmanager
def small_world(project_dir: Path) -> Iterator[SmallGates]:
    """The small project and one source in place of the real ones, and gates without Great Expectations."""
    found = SmallGates(project_dir)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(refresh, "load_sources", lambda: {SOURCE: load_sources()[SOURCE]})
        patched.setattr(refresh, "SubprocessGates", lambda _: nullcontext(found))
        patched.setattr(definitions, "release_plans", lambda _: [RELEASE_PLAN, SHRINKING])
        patched.setattr(definitions, "assemble", functools.partial(definitions.assemble, project_dir=project_dir))
        patched.setattr(refresh, "_dbt_imported", nullcontext)
        yield found


@pytest.fixture
def gates(project_dir: Path, tmp_path: Path) -> Iterator[SmallGates]:
    with small_world(shutil.copytree(project_dir, tmp_path / "project")) as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


def land(home: Home, name: str = "decisions.csv", text: str = DECISIONS) -> None:
    home.landing(SOURCE).mkdir(parents=True, exist_ok=True)
    path = home.landing(SOURCE) / name
    path.write_text(text, encoding="utf-8")
    settled = datetime.now(UTC).timestamp() - 60
    os.utime(path, (settled, settled))


FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


@pytest.fixture(scope="module")
def first_release(project_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one release; to be copied."""
    first = Home(tmp_path_factory.mktemp("released"))
    land(first)
    with small_world(project_dir), pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOUCHSTONE_HOME", str(first.root))
        assert refresh.refresh(first, FIRST).published
    return first.root


@pytest.fixture
def released(home: Home, gates: SmallGates, first_release: Path) -> str:
    """The home, with one release in it; its id."""
    shutil.copytree(first_release, home.root, symlinks=True)
    release = current_release(home)
    assert release is not None
    return release.release_id


# --- what a refresh leaves ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_release_holds_what_the_gates_found_and_a_dictionary(home: Home, released: str) -> None:
    with duckdb.connect(str(home.current.resolve()), read_only=True) as connection:
        counts = dict(connection.execute("select gate, count(*) from audit.checks group by gate").fetchall())
        warned = connection.execute("select check_name, severity from audit.checks where not passed").fetchall()
        releases = connection.execute("select release_id, as_of_date from audit.releases").fetchall()
        comment = connection.execute(
            "select comment from duckdb_columns() where table_name = 'n_decisions' and column_name = 'rank'"
        ).fetchall()
        fed = connection.execute("select source from meta.tables where table_name = 'n_decisions'").fetchall()
        spared = connection.execute("select schema_name from duckdb_schemas() where schema_name = 'staging'").fetchall()
    assert counts["build"] == 4
    assert counts["release"] == 3
    assert counts["load"] == 1 + len(load_plans(load_sources()[SOURCE]))
    assert [severity for _, severity in warned] == ["warn"]
    assert releases == [(released, FIRST)]
    assert comment == [("序 | Rank",)]
    assert fed == [(SOURCE,)]
    assert spared == []
    assert list(home.runs.iterdir()) == []


@pytest.mark.slow
def test_nothing_new_publishes_nothing(home: Home, released: str) -> None:
    told = Told()
    outcome = refresh.refresh(home, FIRST, progress=told)
    assert not outcome.published
    assert told.said == [f"Nothing new: release {released} is current"]
    assert refresh.refresh(home, FIRST, full=True).published
    assert refresh.refresh(home, SECOND).published


@pytest.mark.slow
def test_refused_delivery_lets_the_others_go_on(home: Home, gates: SmallGates) -> None:
    told = Told()
    land(home, "empty.csv", "")
    with pytest.raises(GateRefused, match="nothing can be released"):
        refresh.refresh(home, FIRST, progress=told)
    assert len(told.refusals) == 1
    assert told.refusals[0].startswith(f"{SOURCE}: empty.csv: refused: ")
    land(home)
    land(home, "also_empty.csv", "\n")
    outcome = refresh.refresh(home, FIRST, progress=told)
    assert outcome.published
    assert len(told.refusals) == 2


def test_nothing_at_all_is_not_an_error(home: Home) -> None:
    told = Told()
    assert refresh.refresh(home, FIRST, progress=told).release is None
    assert "no delivery yet" in told.said[0]
    with pytest.raises(UsageError, match="no source nowhere"):
        refresh.refresh(home, FIRST, ["nowhere"])


@pytest.mark.slow
@pytest.mark.parametrize("fits_alone", [True, False])
def test_a_model_without_memory_next_to_others_is_built_by_itself(
    home: Home, gates: SmallGates, fits_alone: bool
) -> None:
    """The model raises DuckDB's message itself, since it knows how many models are built at a time."""
    profile = gates.project_dir / "profiles.yml"
    profile.write_text(profile.read_text("utf-8").replace("schema: star", "schema: star\n      threads: 2"), "utf-8")
    model = gates.project_dir / "models/star/dim_recipient.sql"
    no_room = " where error('Out of Memory Error: failed to pin a block') is null"
    there = "target.threads > 1" if fits_alone else "true"
    model.write_text(f"{model.read_text('utf-8')} {{% if {there} %}}{no_room}{{% endif %}}", "utf-8")
    land(home)
    if fits_alone:
        assert refresh.refresh(home, FIRST).published
    else:
        with pytest.raises(TouchstoneError, match=r"dim_recipient.*Out of Memory Error"):
            refresh.refresh(home, FIRST)


# --- gates --------------------------------------------------------------------------------------------------------


def failing_data_test(monkeypatch: pytest.MonkeyPatch, gates: SmallGates) -> str:
    monkeypatch.setenv("SMALL_PROJECT_FAILS", "data test")
    return "nothing_fails"


def failing_unit_test(monkeypatch: pytest.MonkeyPatch, gates: SmallGates) -> str:
    model = gates.project_dir / "models/marts/n_decisions.sql"
    model.write_text(model.read_text("utf-8").replace("count(*)", "count(*) + 1"), encoding="utf-8")
    return "unit_decisions_are_counted"


def failing_load_gate(monkeypatch: pytest.MonkeyPatch, gates: SmallGates) -> str:
    plan = next(plan for plan in load_plans(load_sources()[SOURCE]) if plan.severity == "error")
    gates.failing.add(plan.name)
    return plan.name


def failing_release_gate(monkeypatch: pytest.MonkeyPatch, gates: SmallGates) -> str:
    gates.failing.add(RELEASE_PLAN.name)
    return RELEASE_PLAN.name


def lost_records(monkeypatch: pytest.MonkeyPatch, gates: SmallGates) -> str:
    def claim_one_more(home: Home, source: Source, *rest: Any, **named: Any) -> Sequence[Manifest]:
        written = parse(home, source, *rest, **named)
        for manifest in manifests(home, source.id):
            manifest.n_records = (manifest.n_records or 0) + 1
            manifest.save(home)
        return written

    parse = parse_deliveries
    monkeypatch.setattr(lake, "parse_deliveries", claim_one_more)
    return verdicts.CONSERVATION


@pytest.mark.slow
@pytest.mark.parametrize(
    "fail", [failing_data_test, failing_unit_test, failing_load_gate, failing_release_gate, lost_records]
)
def test_a_failing_gate_stops_the_release(
    home: Home,
    gates: SmallGates,
    released: str,
    monkeypatch: pytest.MonkeyPatch,
    fail: Callable[[pytest.MonkeyPatch, SmallGates], str],
) -> None:
    name = fail(monkeypatch, gates)
    told = Told()
    with pytest.raises(GateRefused, match=f"1 check failed and nothing was published; release {released} stays"):
        refresh.refresh(home, SECOND, progress=told)
    assert len(told.refusals) == 1
    assert name in told.refusals[0]
    release = current_release(home)
    assert release is not None
    assert release.release_id == released
    assert [path.name for path in home.releases.iterdir() if path.is_dir()] == [released]
    assert len(list(home.runs.iterdir())) == 1


# --- overrides ----------------------------------------------------------------------------------------------------

SHARE = f"{SOURCE}/deliveries__quarantined_share"
REASON = "The office withdrew its list, notice 2026/11."


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def shown_status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(command(capsys, "status", "--json")[1])
    return shown


@pytest.mark.slow
def test_an_override_publishes_one_release_and_is_recorded(
    home: Home, gates: SmallGates, released: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gates.failing |= {SHRINKING.name, "deliveries__quarantined_share"}
    night = ("refresh", "--as-of", "2026-11-02")
    code, _, refused = command(capsys, *night)
    assert code == 3
    assert f"`touchstone refresh --override {SHARE} --reason TEXT`" in refused
    code, _, refused = command(capsys, *night, "--override", SHARE, "--reason", REASON)
    assert code == 3, "the load gate lets it pass, the release gate refuses"
    assert f"`touchstone refresh --override {SHRINKING.name} --reason TEXT`" in refused
    assert current(home).release_id == released

    both = ("--override", SHARE, "--override", SHRINKING.name, "--reason", f"{REASON}\n")
    code, said, refused = command(capsys, *night, *both)
    assert (code, refused) == (0, "")
    assert f"Overridden: {SHARE}: found what was found, expected what was asked; reason: {REASON}\n" in said
    release = current(home)
    assert release.release_id != released
    recorded = json.loads((release.path / "release.json").read_text("utf-8"))["overrides"]
    assert [(one["gate"], one["check"], one["reason"], one["observed"], one["expected"]) for one in recorded] == [
        ("load", SHARE, REASON, "what was found", "what was asked"),
        ("release", SHRINKING.name, REASON, "what was found", "what was asked"),
    ]
    assert all(one["by"] and datetime.fromisoformat(one["checked_at"]).tzinfo == UTC for one in recorded)
    assert {gate: counts["overridden"] for gate, counts in release.gates.items()} == {
        "load": 1,
        "build": 0,
        "release": 1,
    }
    shown = shown_status(capsys)
    assert shown["current_release"]["overrides"] == recorded
    failed = {check["check_name"]: check for gate in shown["gates"] for check in gate["failed"]}
    assert failed[SHRINKING.name]["override_reason"] == REASON
    assert failed["deliveries__quarantined_share"]["override_reason"] == REASON
    text = command(capsys, "status")[1]
    assert f"overridden: {SHRINKING.name} star: what was found, expected what was asked; reason: {REASON}\n" in text
    with duckdb.connect(str(release.database), read_only=True) as connection:
        checks_ = connection.execute(
            "select check_name, passed, severity from audit.checks where message like '%overridden: ' || ?", [REASON]
        ).fetchall()
    assert sorted(checks_) == [
        ("deliveries__quarantined_share", False, "error"),
        (SHRINKING.name, False, "error"),
    ]
    assert SHRINKING.name in (release.path / "site" / "index.html").read_text("utf-8")

    code, _, _ = command(capsys, "refresh", "--as-of", "2026-11-03")
    assert code == 3, "an override is of one refresh"


@pytest.mark.slow
def test_an_override_that_is_not_needed_is_reported_and_not_recorded(
    home: Home, gates: SmallGates, released: str, capsys: pytest.CaptureFixture[str]
) -> None:
    override = ("--override", SHRINKING.name, "--reason", REASON)
    assert (
        f"Override not needed: {SHRINKING.name}: nothing was published"
        in (command(capsys, "refresh", "--as-of", FIRST.isoformat(), *override)[1])
    )
    code, said, _ = command(capsys, "refresh", "--as-of", SECOND.isoformat(), *override)
    assert code == 0
    assert f"Override not needed: {SHRINKING.name}: the check passed; it is not recorded\n" in said
    assert current(home).release_id != released
    assert current(home).overrides == ()


@pytest.mark.slow
def test_an_override_of_one_check_excuses_no_other(
    home: Home, gates: SmallGates, released: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gates.failing |= {SHRINKING.name, RELEASE_PLAN.name}
    code, _, refused = command(
        capsys, "refresh", "--as-of", SECOND.isoformat(), "--override", SHRINKING.name, "--reason", REASON
    )
    assert code == 3
    assert "1 check failed and nothing was published" in refused
    assert RELEASE_PLAN.name in refused
    assert SHRINKING.name not in refused
    assert current(home).release_id == released


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--override", SHRINKING.name], "give the reason with --reason TEXT"),
        (["--override", SHRINKING.name, "--reason", " "], "give the reason with --reason TEXT"),
        (["--reason", REASON], "--reason: given without --override CHECK"),
        (["--override", "nothing", "--reason", REASON], f"these are: {SHRINKING.name}, {SHARE}, "),
        (["--override", "star__fact_keys_unique", "--reason", REASON], f"these are: {SHRINKING.name}, {SHARE}, "),
        (
            ["--override", f"{SOURCE}/decision__address_unique", "--reason", REASON],
            f"--override {SOURCE}/decision__address_unique: not a check that may be overridden; these are: ",
        ),
    ],
)
def test_an_override_that_is_not_possible_is_one_line_and_exit_2(
    home: Home, gates: SmallGates, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    code, said, refused = command(capsys, "refresh", *arguments)
    assert (code, said) == (2, "")
    assert line in refused
    assert refused.count("\n") == 1
    assert not home.root.exists(), "nothing was begun"


@pytest.mark.slow
def test_dagster_takes_and_shows_overrides(home: Home, gates: SmallGates, released: str) -> None:
    gates.failing.add(SHRINKING.name)
    defs = definitions.assemble(home, gates=gates, sources={SOURCE: load_sources()[SOURCE]})
    job = defs.resolve_job_def("nightly_refresh")

    def run(*checks_: str) -> dg.ExecuteInProcessResult:
        settings = RefreshSettings(as_of=SECOND.isoformat(), overrides=list(checks_), override_reason=REASON)
        with dg.DagsterInstance.ephemeral() as instance:
            return job.execute_in_process(
                run_config=dg.RunConfig(resources={"settings": settings}), instance=instance, raise_on_error=False
            )

    assert "small_check: not a check that may be overridden" in failure_text(run("small_check"))
    result = run(SHRINKING.name)
    assert result.success
    (evaluation,) = [one for one in result.get_asset_check_evaluations() if one.check_name == SHRINKING.name]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert evaluation.metadata["overridden"].value == REASON
    (made,) = result.asset_materializations_for_node("release")
    shown = made.metadata["overrides"].value
    assert isinstance(shown, list)
    assert [one["check"] for one in shown] == [SHRINKING.name]
    assert current(home).overrides[0].reason == REASON


def current(home: Home) -> Release:
    release = current_release(home)
    assert release is not None
    return release


@pytest.mark.slow
def test_unit_tests_run_once_per_state_of_the_code(
    home: Home, gates: SmallGates, released: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[bool] = []
    invoke = dbt_runner.invoke

    def watched(*arguments: Any, **named: Any) -> Any:
        outcome = invoke(*arguments, **named)
        if arguments[3][0] == "build":
            ran.append(any(result.node.resource_type == "unit_test" for result in outcome.result.results))
        return outcome

    monkeypatch.setattr(dbt, "invoke", watched)
    refresh.refresh(home, SECOND)
    model = gates.project_dir / "models/marts/n_decisions.sql"
    model.write_text(f"-- Changed.\n{model.read_text('utf-8')}", encoding="utf-8")
    refresh.refresh(home, SECOND + timedelta(days=1))
    assert ran == [False, True]
    release = current_release(home)
    assert release is not None
    with duckdb.connect(str(release.database), read_only=True) as connection:
        found = connection.execute("select passed from audit.checks where check_name like 'unit_%'").fetchall()
    assert found == [(True,)]


@pytest.mark.slow
def test_release_refuses_a_run_without_its_gates(home: Home, gates: SmallGates) -> None:
    """A selection in the UI can leave a gate out; the release looks at what was judged, not at the graph."""
    land(home)
    (home.dagster).mkdir(parents=True)
    defs = definitions.assemble(home, gates=gates, sources={SOURCE: load_sources()[SOURCE]})
    job = defs.resolve_job_def("nightly_refresh")
    with dg.DagsterInstance.ephemeral() as instance:
        alone = job.execute_in_process(instance=instance, raise_on_error=False, asset_selection=[keys.RELEASE])
        assert "this run prepared no build" in failure_text(alone)
        lake = [dg.AssetKey(["lake", SOURCE, "decision"])]
        selection = dg.AssetSelection.all() - dg.AssetSelection.checks_for_assets(*lake)
        ungated = dg.Definitions.merge(defs, dg.Definitions(jobs=[dg.define_asset_job("ungated", selection)]))
        result = ungated.resolve_job_def("ungated").execute_in_process(instance=instance, raise_on_error=False)
        assert "checks were not run, first load" in failure_text(result)
    assert current_release(home) is None


def failure_text(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return " ".join(error.to_string() for error in errors if error is not None)


# --- the process of the gates -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_gates_judge_in_a_process_of_their_own(home: Home) -> None:
    source = load_sources()[SOURCE]
    land(home)
    receive(home, source, lambda *_: None)
    parse_deliveries(home, source, lambda *_: None)
    folder = RunFolder.of(home, "a_run")
    with SubprocessGates(home) as gates:
        results = gates.load(home, folder, source, manifests(home, SOURCE), FIRST)
        assert [result.plan for result in results] == load_plans(source)
        assert all(result.passed for result in results)
        with pytest.raises(TouchstoneError, match=r"release gate: IOException: .*candidate\.duckdb"):
            gates.release(home, folder, PARSED.load())
        assert gates._process is None, "it holds memory that publishing needs"
        assert gates.load(home, folder, source, manifests(home, SOURCE), FIRST) == results
        assert gates._process is not None
        gates._process.kill()
        with pytest.raises(TouchstoneError, match=r"its process ended \(-9\)"):
            gates.release(home, folder, PARSED.load())


# --- one at a time ------------------------------------------------------------------------------------------------


def test_second_refresh_is_refused_and_a_killed_one_leaves_no_lock(home: Home) -> None:
    holding = "; ".join(
        (
            "import sys, time",
            "from pathlib import Path",
            "from pipelines.state.home import Home",
            "from pipelines.state.lock import refresh_lock",
            "held = refresh_lock(Home(Path(sys.argv[1])))",
            "held.__enter__()",
            "print('held', flush=True)",
            "time.sleep(60)",
        )
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", holding, str(home.root)], cwd=root, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TouchstoneError, match=rf"another refresh is running \(process {other.pid}\)"):
            refresh.refresh(home, FIRST)
        other.send_signal(signal.SIGKILL)
    assert refresh.refresh(home, FIRST).release is None


# --- what Dagster's users see -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dg.Definitions]:
    home = Home(tmp_path_factory.mktemp("home"))
    PARSED.lend(home)
    return home, definitions.assemble(home)


@pytest.mark.slow
def test_every_asset_states_what_it_is(real: tuple[Home, dg.Definitions]) -> None:
    groups: dict[str, int] = {}
    for spec in real[1].resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners == ["team:data-engineering"], spec.key
        assert spec.kinds, spec.key
        groups[spec.group_name or ""] = groups.get(spec.group_name or "", 0) + 1
    assert groups.keys() == {"receive", "lake", "staging", "star", "marts", "audit", "release"}
    assert groups["receive"] == len(load_sources())


@pytest.mark.slow
def test_lineage_runs_from_every_delivery_to_the_release(real: tuple[Home, dg.Definitions]) -> None:
    upstream = {spec.key: {dep.asset_key for dep in spec.deps} for spec in real[1].resolve_all_asset_specs()}
    reached, waiting = set[dg.AssetKey](), [keys.RELEASE]
    while waiting:
        key = waiting.pop()
        reached.add(key)
        waiting += upstream[key] - reached
    assert reached == upstream.keys()


@pytest.mark.slow
def test_every_dbt_test_is_a_check_that_blocks_unless_it_warns(real: tuple[Home, dg.Definitions]) -> None:
    home, defs = real
    project = load_project(home)
    graph = defs.resolve_asset_graph()
    specs = {(key.asset_key.to_user_string(), key.name): graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert project.tests
    for test in project.tests.values():
        asset = keys.tested(test, project).to_user_string()
        assert specs[asset, test.name].blocking == (test.severity == "error")
    for source in load_sources().values():
        assert not specs[f"deliveries/{source.id}", keys.FRESHNESS].blocking
        assert source.freshness_reason in (specs[f"deliveries/{source.id}", keys.FRESHNESS].description or "")
        assert specs[f"lake/{source.id}/{source.record_entity}", verdicts.CONSERVATION].blocking


@pytest.mark.slow
def test_job_schedule_sensor_pools_and_retries(real: tuple[Home, dg.Definitions]) -> None:
    defs = real[1]
    schedule = defs.resolve_schedule_def("nightly_refresh")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Shanghai")
    assert defs.resolve_sensor_def("landing_sensor").job_name == "nightly_refresh"
    ops = {node.name: node.definition for node in defs.resolve_job_def("nightly_refresh").graph.nodes}
    pooled = {name for name, op in ops.items() if isinstance(op, dg.OpDefinition) and op.pool == keys.POOL}
    assert pooled == {"build_inputs", "dbt_build", "candidate", "release_gate", "release"}
    retried = {name for name, op in ops.items() if isinstance(op, dg.OpDefinition) and op.retry_policy is not None}
    assert retried == {f"deliveries__{source_id}" for source_id in load_sources()}


def test_sensor_waits_until_files_rest_and_asks_once() -> None:
    def cursor(result: dg.SensorResult | dg.SkipReason) -> str | None:
        assert isinstance(result, dg.SensorResult)
        return result.cursor

    growing = cursor(sensors.evaluate(None, {"a/x.csv": (10, 1)}))
    grown = cursor(sensors.evaluate(growing, {"a/x.csv": (20, 2)}))
    asked = sensors.evaluate(grown, {"a/x.csv": (20, 2)})
    assert isinstance(asked, dg.SensorResult)
    assert len(asked.run_requests or []) == 1
    assert isinstance(sensors.evaluate(asked.cursor, {"a/x.csv": (20, 2)}), dg.SkipReason)
    assert isinstance(sensors.evaluate(asked.cursor, {}), dg.SkipReason)
    assert json.loads(asked.cursor or "")["requested"]


@pytest.mark.parametrize(("age", "fresh"), [(timedelta(hours=1), True), (timedelta(days=400), False)])
def test_freshness_is_the_delivery_s_age(home: Home, age: timedelta, fresh: bool) -> None:
    source = load_sources()[SOURCE]
    manifest = Manifest(
        source_id=SOURCE,
        sha256="0" * 64,
        bytes=1,
        original_name="decisions.csv",
        received_at=datetime.now(UTC) - age,
        licence="",
        publisher="",
        state="loaded",
    )
    (home.archive(SOURCE) / manifest.sha256).mkdir(parents=True)
    manifest.save(home)
    result = checks.age_of_newest(home, source)
    assert result.passed is fresh
    assert result.severity == dg.AssetCheckSeverity.WARN
