"""Names of columns and entities, made from the texts of a sample."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

LONGEST_NAME = 40


def column_names(texts: Sequence[str]) -> list[str]:
    """A snake_case ASCII name for each header text or path, all different and no keyword of SQL; Chinese by its pinyin,
    c1, c2, … where nothing is left or too much."""
    return _names(texts, "c", _reserved_words())


def entity_names(texts: Sequence[str]) -> list[str]:
    """A snake_case ASCII name for each entity of a file, all different."""
    return _names(texts, "entity", set())


def _names(texts: Sequence[str], fallback: str, reserved: set[str]) -> list[str]:
    from pypinyin import lazy_pinyin

    names: list[str] = []
    for place, text in enumerate(texts, 1):
        steps = [step for step in re.split(r"[/.]", text) if step] if _is_path(text) else [text]
        name = ""
        for n_steps in range(1, max(len(steps), 1) + 1):
            words = "_".join(lazy_pinyin("_".join(steps[-n_steps:])))
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words)
            name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
            if name and name not in names and name not in reserved:
                break
        if not name or len(name) > LONGEST_NAME or not name[0].isalpha():
            name = f"{fallback}{place}"
        if name in reserved or name.endswith(("_norm", "_key", "_text")):
            name = f"{name}_value"
        while name in names:
            name = f"{name}_{place}"
        names.append(name)
    return names


def _is_path(text: str) -> bool:
    """Whether a text is a path of elements or keys and no header of a table."""
    return bool(re.fullmatch(r"[\w@:-]+(?:[/.][\w@:-]+)+", text)) and not re.search(r"[一-鿿]", text)


def _reserved_words() -> set[str]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        ).fetchall()
    return {str(row[0]) for row in rows} | {"record_no", "item_no", "delivery_sha256"}
