"""Every question in warehouse/queries runs on a release, says what it asks in both languages, and has an answer."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb
import pytest

from pipelines.home import PROJECT_ROOT

QUERIES = sorted((PROJECT_ROOT / "warehouse" / "queries").glob("*.sql"))


@pytest.mark.slow
@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_has_an_answer(path: Path, simulated_home: Path) -> None:
    with duckdb.connect(os.path.realpath(simulated_home / "touchstone.duckdb"), read_only=True) as connection:
        assert connection.execute(path.read_text(encoding="utf-8")).fetchall()


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_opens_with_its_question_in_both_languages(path: Path) -> None:
    question = path.read_text(encoding="utf-8").splitlines()[0]
    assert question.startswith("-- ")
    assert re.search(r"[A-Za-z]{3,}.*\?", question)
    assert re.search(r"[\u4e00-\u9fff]{3,}.*？", question)
