"""The public command as tests run it, and short ways to ask its release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from pipelines.state.home import PROJECT_ROOT, Home
from tests.worlds.dbt_models import PARSED

# The last simulated night is the day before.
AS_OF = "2024-07-01"

# Files that offices really published, where they are next to the repository, and the source whose landing takes each.
REAL = PROJECT_ROOT.parent / "shared" / "data"
REAL_FOLDERS = {
    "uspto_trademark": "uspto_trademark",
    "tipo_gazette": "tipo_gazette",
    "euipo_trademark": "euipo_trademark",
    "samr_food_sampling": "samr_food_sampling",
    "rasff": "rasff",
    "recognition_list": "award_list",
    "region_codes": "reference",
    "industry_codes": "reference",
    "eambrosia_gi": "eambrosia_gi",
    "fda_enforcement": "fda_enforcement",
    "indicator_report": "statistics",
}


def touchstone(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, in a process of its own."""
    if arguments[:1] == ("refresh",):
        PARSED.lend(Home(home))
    result = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "TOUCHSTONE_HOME": str(home)},
        cwd=PROJECT_ROOT,
        check=False,
    )
    PARSED.learn(Home(home))
    return result


def succeeded(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert result.returncode == 0, f"exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(os.path.realpath(Home(home).current), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def fingerprint(home: Path) -> dict[str, str]:
    """A content hash per table of the current release."""
    answer: dict[str, dict[str, str]] = json.loads(succeeded(touchstone(home, "fingerprint", "--json")).stdout)
    return answer["tables"]


def land(home: Path, source: Path) -> None:
    """Drop everything of a night's folder (one folder per source) into landing."""
    shutil.copytree(source, home / "landing", dirs_exist_ok=True)
