"""The hash of a build's inputs covers what decides a release's content, and nothing else; limits of the machine."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from pipelines.build import inputs
from pipelines.contract.loading import load_sources
from pipelines.state.database import memory_limit, threads
from pipelines.state.home import PROJECT_ROOT, Home
from pipelines.state.machine import usable_cores, usable_memory

DECIDES = [
    "dbt_project/seeds/rules.csv",
    "dbt_project/models/star/dim_trademark.sql",
    "dbt_project/macros/statistics/wilson.sql",
    "pipelines/parsing/readers/csv_reader.py",
    "pipelines/parsing/parse.py",
    "pipelines/contract/dates.py",
    "pipelines/notices/items.py",
    "pipelines/receiving/list_days.py",
    "pipelines/lake/overlay.py",
    "pipelines/build/linkage.json",
    "pipelines/gates/load_gate.py",
    "sources/uspto_trademark/source.yaml",
    "sources/cnipa_trademark/parse.py",
]
DECIDES_NOTHING = [
    "pipelines/cli/main.py",
    "pipelines/cli/release.py",
    "pipelines/simulation/world.py",
    "pipelines/simulation/offices/rasff.py",
    "pipelines/releases/site/page.py",
    "pipelines/serving/query.py",
    "pipelines/onboarding/draft.py",
    "pipelines/orchestration/progress.py",
    "pipelines/refresh.py",
    "sources/uspto_trademark/README.md",
    "README.md",
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's code."""
    root = tmp_path_factory.mktemp("project")
    for name in ("dbt_project", "pipelines", "sources"):
        shutil.copytree(
            PROJECT_ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    shutil.copy(PROJECT_ROOT / "README.md", root)
    return root


def digest(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(inputs, "PROJECT_ROOT", root)
    monkeypatch.setattr(inputs, "DBT_PROJECT_DIR", root / "dbt_project")
    sources = load_sources(root / "sources")
    return inputs.inputs_hash(Home(root / "home"), date(2024, 5, 16), sources, {source_id: [] for source_id in sources})


@pytest.mark.parametrize(("path", "decides"), [(p, True) for p in DECIDES] + [(p, False) for p in DECIDES_NOTHING])
def test_the_hash_covers_what_decides_content(
    project: Path, monkeypatch: pytest.MonkeyPatch, path: str, decides: bool
) -> None:
    before = digest(project, monkeypatch)
    content = (project / path).read_bytes()
    (project / path).write_bytes(content + b"\n# One line more.\n")
    try:
        assert (digest(project, monkeypatch) != before) is decides
    finally:
        (project / path).write_bytes(content)
    assert digest(project, monkeypatch) == before


def machine(root: Path, group: str, files: dict[str, str]) -> Path:
    """A root folder whose kernel states that this process is in a control group."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(group, encoding="utf-8")
    for name, text in files.items():
        path = root / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("group", "files", "memory"),
    [
        ("0::/a/b\n", {"a/memory.max": "1000000000\n", "a/b/memory.max": "max\n"}, 1_000_000_000),
        ("0::/a/b\n", {"a/memory.max": "900000000\n", "a/b/memory.max": "400000000\n"}, 400_000_000),
        # In a container, the group's name outside is not mounted.
        ("0::/../outside\n", {"memory.max": "700000000\n"}, 700_000_000),
        ("9:memory:/c\n0::/\n", {"memory/c/memory.limit_in_bytes": "800000000\n"}, 800_000_000),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("", {}, None),
    ],
)
def test_memory_within_control_groups(tmp_path: Path, group: str, files: dict[str, str], memory: int | None) -> None:
    of_machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert usable_memory(machine(tmp_path, group, files)) == (memory or of_machine)


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/a\n", {"a/cpu.max": "100000 100000\n"}, 1),
        ("0::/a\n", {"a/cpu.max": "50000 100000\n"}, 1),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}, None),
        ("4:cpu,cpuacct:/d\n", {"cpu/d/cpu.cfs_quota_us": "100000\n", "cpu/d/cpu.cfs_period_us": "100000\n"}, 1),
        ("4:cpu,cpuacct:/d\n", {"cpu/d/cpu.cfs_quota_us": "-1\n", "cpu/d/cpu.cfs_period_us": "100000\n"}, None),
    ],
)
def test_cores_within_control_groups(tmp_path: Path, group: str, files: dict[str, str], cores: int | None) -> None:
    assert usable_cores(machine(tmp_path, group, files)) == (cores or len(os.sched_getaffinity(0)))


def test_limits_can_be_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOUCHSTONE_MEMORY_LIMIT", raising=False)
    monkeypatch.delenv("TOUCHSTONE_THREADS", raising=False)
    assert memory_limit() == f"{usable_memory() // 2_000_000}MB"
    assert threads() == usable_cores()
    monkeypatch.setenv("TOUCHSTONE_MEMORY_LIMIT", "750MB")
    monkeypatch.setenv("TOUCHSTONE_THREADS", "3")
    assert (memory_limit(), threads()) == ("750MB", 3)
