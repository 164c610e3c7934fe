"""A feed added to and taken from a copy of the project, through the public command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.build.inputs import inputs_hash
from pipelines.contract.declarations import Source
from pipelines.contract.loading import load_sources
from pipelines.onboarding.check import problems
from pipelines.parsing.parse import contract_version
from pipelines.state.home import PROJECT_ROOT, Home
from tests.worlds.commands import AS_OF, rows, succeeded
from tests.worlds.hand_made_deliveries import USCC, csv_bytes

PARTS = ("pipelines", "sources", "dbt_project")
HEADER = ["许可证编号", "企业名称", "统一社会信用代码", "发证日期", "食品类别"]
KINDS = ("糕点", "茶叶", "调味品")
LOOK = """
import sys
from pathlib import Path
from pipelines.build import RunFolder, create_work_database
from pipelines.contract.loading import load_sources
from pipelines.state.home import Home
from pipelines.receiving.manifest import manifests
home, sources = Home(Path(sys.argv[1])), load_sources()
create_work_database(home, RunFolder.of(home, "look"), sources, {one: manifests(home, one) for one in sources})
"""


def licence(number: int, kind: str = "") -> list[str]:
    kind = kind or KINDS[number % 3]
    return [f"SC1{number:05d}", f"虚构市第{number}食品有限公司", USCC, f"2024-0{1 + number % 6}-10", kind]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, whose commands write their state elsewhere."""
    root = tmp_path / "project"
    root.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs", ".*")
    for part in PARTS:
        shutil.copytree(PROJECT_ROOT / part, root / part, ignore=ignored)
    for name in ("dagster.yaml", "pyproject.toml"):
        shutil.copyfile(PROJECT_ROOT / name, root / name)
    return root


def run(project: Path, home: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "TOUCHSTONE_HOME": str(home), **environment},
        check=False,
    )


def touchstone(project: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(project, home, "-m", "pipelines.cli.main", *arguments)


def files(project: Path) -> set[Path]:
    found = (path.relative_to(project) for part in PARTS for path in (project / part).rglob("*") if path.is_file())
    return {path for path in found if "__pycache__" not in path.parts}


@pytest.mark.scale
def test_a_new_csv_feed_reaches_the_warehouse_without_python(project: Path, tmp_path: Path) -> None:
    home, sample = tmp_path / "home", tmp_path / "licences_2024-05.csv"
    sample.write_bytes(csv_bytes([HEADER, *(licence(n) for n in range(1, 201))], "gb18030"))
    before = files(project)

    made = succeeded(touchstone(project, home, "sources", "new", "licences", "--from", str(sample)))
    assert "200 of the 200 records" in made.stdout
    staging = Path("dbt_project/models/staging/licences/stg_licences__record")
    assert files(project) - before == {
        Path("sources/licences/source.yaml"),
        Path("sources/licences/README.md"),
        staging.with_suffix(".sql"),
        staging.with_suffix(".yml"),
    }
    checked = touchstone(project, home, "sources", "check")
    assert checked.returncode == 2
    assert "sources/licences/source.yaml:4: publisher is still to be filled in" in checked.stderr
    again = touchstone(project, home, "sources", "new", "licences", "--from", str(sample))
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)

    # The page is for people: the feed runs without it, and before anything is filled in.
    (project / "sources" / "licences" / "README.md").unlink()
    landing = home / "landing" / "licences"
    landing.mkdir(parents=True)
    later = [HEADER, *(licence(n) for n in range(101, 401)), licence(401, "无此类别")]
    (landing / "licences_2024-05.csv").write_bytes(sample.read_bytes())
    (landing / "licences_2024-06.csv").write_bytes(csv_bytes(later))
    succeeded(touchstone(project, home, "refresh", "--as-of", AS_OF))

    lake = duckdb.execute(
        "select count(*), count(distinct xu_ke_zheng_bian_hao), min(fa_zheng_ri_qi) from read_parquet(?)",
        [str(home / "lake" / "licences" / "record" / "*.parquet")],
    ).fetchall()
    assert lake == [(500, 400, date(2024, 1, 10))]
    assert rows(
        home,
        "select original_name, n_records, n_loaded, n_quarantined, state from audit.deliveries"
        " where source_id = 'licences' order by 1",
    ) == [("licences_2024-05.csv", 200, 200, 0, "loaded"), ("licences_2024-06.csv", 301, 300, 1, "loaded")]
    assert rows(home, "select record_no, rule from audit.quarantine where source_id = 'licences'") == [
        (301, "code:shi_pin_lei_bie")
    ]

    succeeded(run(project, home, "-c", LOOK, str(home)))
    work = home / "runs" / "look" / "work.duckdb"
    model = ("--select", "stg_licences__record", "--project-dir", "dbt_project", "--profiles-dir", "dbt_project")
    target = ("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs"))
    succeeded(run(project, home, "-m", "dbt.cli.main", "run", *model, *target, TOUCHSTONE_WORK=str(work)))
    with duckdb.connect(str(work), read_only=True) as connection:
        counted = "select count(*), count(distinct qi_ye_ming_cheng_key) from staging.stg_licences__record"
        assert connection.execute(counted).fetchall() == [(500, 400)]


@pytest.mark.long
def test_a_source_taken_out_and_put_back_changes_no_other(project: Path, tmp_path: Path) -> None:
    sources, staging = project / "sources", project / "dbt_project" / "models" / "staging"

    def declared() -> dict[str, Source]:
        load_sources.cache_clear()
        return load_sources(sources)

    def contracts(found: dict[str, Source]) -> dict[str, str]:
        return {source_id: contract_version(source) for source_id, source in found.items()}

    def inputs(found: dict[str, Source]) -> str:
        return inputs_hash(Home(tmp_path), date(2024, 5, 16), found, {source_id: [] for source_id in found})

    found = declared()
    whole, hashed = contracts(found), inputs(found)
    for source_id in whole:
        kept = tmp_path / "kept" / source_id
        kept.parent.mkdir(exist_ok=True)
        shutil.move(sources / source_id, kept)
        assert contracts(declared()) == {one: version for one, version in whole.items() if one != source_id}
        told = problems(sources, staging)
        # What is reported is about the source's own staging models, and not about another source.
        assert told
        assert [line for line in told if f"/stg_{source_id}__" not in line] == []
        shutil.move(kept, sources / source_id)
        found = declared()
        assert (contracts(found), inputs(found)) == (whole, hashed)
    assert problems(sources, staging) == []


@pytest.mark.long
def test_the_other_feeds_go_on_without_a_source(project: Path, tmp_path: Path) -> None:
    shutil.rmtree(project / "sources" / "fda_enforcement")
    home, world = tmp_path / "home", tmp_path / "world"
    listed = succeeded(touchstone(project, home, "sources", "list")).stdout
    assert "rasff" in listed
    assert "fda_enforcement" not in listed
    assert "fda_enforcement" not in succeeded(touchstone(project, home, "status")).stdout
    succeeded(touchstone(project, home, "simulate", "--out", str(world), "--scale", "0.01"))
    left = {path.parent.name for path in (project / "sources").glob("*/source.yaml")}
    assert {path.name for path in (world / "night_0001").iterdir()} == left
