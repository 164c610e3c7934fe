"""A file is replaced completely or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.state.atomic_write import atomic_write


def test_the_file_has_the_old_content_until_the_new_one_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    (tmp_path / ".a.json.partial").write_text("left by a killed process")
    with atomic_write(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_after_an_error_the_file_is_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")

    def broken_write() -> None:
        with atomic_write(target) as partial:
            partial.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_write()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
