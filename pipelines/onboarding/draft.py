"""A draft of a new source, made from one of its files: declaration, staging models and a page to fill in.

The file is read by the same parser that will read the feed's deliveries, first with every column as text. What the
values show becomes types, keys and code lists, and the draft then parses the file itself: a rule that any of its
records breaks is taken back. Only what nobody can see in a file is left open, as a placeholder.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipelines.contract.declarations import PLACEHOLDER
from pipelines.contract.loading import load_source
from pipelines.errors import UsageError
from pipelines.onboarding.column_names import LONGEST_NAME
from pipelines.onboarding.placeholder_source import placeholder_source
from pipelines.onboarding.sample_layout import layout_of
from pipelines.onboarding.trial import Trial
from pipelines.receiving.manifest import Manifest

_IDENTIFIER = re.compile(r"[a-z](?:_?[a-z0-9]+)*")


@dataclass
class Draft:
    """What was written: the new files, the records of the file by outcome, and what a person should know."""

    files: list[Path]
    manifest: Manifest
    key: list[str]
    notes: list[str] = field(default_factory=list)


def new_source(source_id: str, path: Path, sources_dir: Path, staging_dir: Path) -> Draft:
    """Write the draft of a source made from a file: source.yaml and README.md in `sources_dir`/<id>, and a staging
    model per entity in `staging_dir`/<id>.

    The draft loads, and parses the file it was made from with every readable record loaded. Raises UsageError, having
    written nothing, for an id that is none, a source that exists, and a file that cannot be drafted from.
    """
    if not _IDENTIFIER.fullmatch(source_id) or len(source_id) > LONGEST_NAME:
        raise UsageError(
            f"{source_id!r} is no source id: lower-case letters, digits and single underscores, a letter first,"
            f" {LONGEST_NAME} characters at most"
        )
    folder = sources_dir / source_id
    taken = [folder] if folder.exists() else sorted(staging_dir.rglob(f"stg_{source_id}__*"))
    if taken:
        raise UsageError(f"{taken[0]}: exists already; choose another id, or remove it first")
    layout = layout_of(path)
    with tempfile.TemporaryDirectory(prefix="touchstone-") as name:
        trial = Trial(Path(name), source_id, path, layout)
        declaration, manifest = trial.settle()
        profiles = trial.notes
    texts = {folder / "source.yaml": _declaration_text(declaration, path)}
    texts[folder / "README.md"] = _readme(declaration, path, manifest, profiles)
    models = staging_dir / source_id
    for entity, raw in declaration["entities"].items():
        texts.update(_staging(source_id, entity, raw, entity == next(iter(declaration["entities"])), models))
    folder.mkdir(parents=True)
    models.mkdir(parents=True, exist_ok=True)
    for target, text in texts.items():
        target.write_text(text, encoding="utf-8")
    load_source(folder / "source.yaml")
    first = next(iter(declaration["entities"].values()))
    return Draft(list(texts), manifest, list(first.get("key", [])), profiles)


def _flow(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.strip().removesuffix("...").strip()


def _declaration_text(declaration: Mapping[str, Any], path: Path) -> str:
    """source.yaml, laid out as the declarations beside it are: a column a line."""
    lines = [f"# Drafted from {path.name}. `touchstone sources check` lists what is {PLACEHOLDER}."]
    for key, value in declaration.items():
        if key in ("delivery", "xml", "json", "table", "entities", "tolerances"):
            lines.append("")
        if key == "entities":
            lines.append("entities:")
            for name, entity in value.items():
                lines.append(f"  {name}:")
                lines += [f"    {k}: {_flow(v)}" for k, v in entity.items() if k != "columns"]
                lines.append("    columns:")
                lines += [f"      - {_flow(column)}" for column in entity["columns"]]
        elif isinstance(value, dict) and key != "title":
            lines.append(f"{key}:")
            lines += [f"  {k}: {_flow(v)}" for k, v in value.items()]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _readme(declaration: Mapping[str, Any], path: Path, manifest: Manifest, notes: Iterable[str]) -> str:
    entity = next(iter(declaration["entities"].values()))
    key = entity.get("key", [])
    coded = [column["name"] for column in entity["columns"] if column.get("codes")]
    empty = [f"{c['name']} ({' '.join(c['null_values'])})" for c in entity["columns"] if c.get("null_values")]
    seen = [
        f"{manifest.n_records} records: {manifest.n_loaded} loaded, {manifest.n_quarantined} quarantined,"
        f" {manifest.n_skipped} skipped.",
        f"The key {' and '.join(key)} is filled and different in every record; is it so in the next delivery?"
        if key
        else "No column, nor a pair of columns, was seen to tell records apart: no key, and records are appended.",
    ]
    if coded:
        seen.append(f"Code lists hold what this file holds; complete them from the publisher: {', '.join(coded)}.")
    if empty:
        seen.append(f"Values taken for none: {', '.join(empty)}.")
    return "\n".join(
        [
            f"# {declaration['id']}",
            "",
            f"Publisher, licence and cadence: {PLACEHOLDER}.",
            "",
            f"- **A record is** {PLACEHOLDER}.",
            f"- Where it is published, and how a delivery is fetched: {PLACEHOLDER}.",
            f"- Whether a delivery is the whole list or what changed (`semantics`): {PLACEHOLDER}.",
            f"- What is particular: {PLACEHOLDER}.",
            "",
            f"What {path.name} showed:",
            "",
            *(f"- {line}" for line in [*seen, *notes]),
            "",
        ]
    )


def _staging(source_id: str, entity: str, raw: Mapping[str, Any], is_record: bool, models: Path) -> dict[Path, str]:
    """The staging model of an entity and its yml."""
    columns = (
        placeholder_source(entities={"record": {"meaning": raw["meaning"], "columns": raw["columns"]}})
        .entities["record"]
        .columns
    )
    names = ["delivery_sha256", "record_no", *([] if is_record else ["item_no"])]
    names += [name for column in columns for name, _ in column.lake_columns]
    table, model = f"{source_id}__{entity}", f"stg_{source_id}__{entity}"
    selected = ",\n".join(f"        {name}" for name in names)
    grain = "record" if is_record else f"{entity} of a record"
    sql = (
        f"-- Grain: one row per {grain} as delivered.\nwith source as (\n"
        f"    select * from {{{{ source('lake', '{table}') }}}}\n),\n\nrenamed as (\n    select\n{selected}\n"
        f"    from source\n)\n\nselect * from renamed\n"
    )
    said = f"{PLACEHOLDER} | {PLACEHOLDER}"
    yml = (
        f"version: 2\n\nsources:\n  - name: lake\n    database: work\n    schema: lake\n    tables:\n"
        f'      - name: {table}\n        description: "{said}"\n\nmodels:\n  - name: {model}\n'
        f'    description: "{said}"\n'
    )
    return {models / f"{model}.sql": sql, models / f"{model}.yml": yml}
