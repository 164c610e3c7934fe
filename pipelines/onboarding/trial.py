"""A draft declaration tried on its sample until every readable record loads."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

from pipelines.contract.declarations import PLACEHOLDER
from pipelines.contract.loading import load_source
from pipelines.errors import UsageError
from pipelines.onboarding.column_names import column_names, entity_names
from pipelines.onboarding.column_types import describe_column
from pipelines.onboarding.layout import Layout, Place
from pipelines.onboarding.profile import Profile, profile_column
from pipelines.onboarding.record_key import record_key
from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home

_NO_PROGRESS = 40
_COVERED = ("type", "code", "pattern", "required", "uscc", "shifted")


class Trial:
    """Reads the file under drafts of its declaration, in a home of its own."""

    def __init__(self, folder: Path, source_id: str, path: Path, layout: Layout) -> None:
        self._home = Home(folder / "home")
        self._folder = folder / source_id
        self._path, self._layout = path, layout
        self._id = source_id
        self.notes = list(layout.left_out)
        self._folder.mkdir()

    def settle(self) -> tuple[dict[str, Any], Manifest]:
        """The declaration that takes every record the reader can read, and what became of the file under it.

        Raises UsageError with the reader's reason when the file is refused whole.
        """
        declaration = self._plain()
        manifest = self._read(declaration)
        declaration = self._typed(declaration, manifest)
        for _ in range(_NO_PROGRESS):
            manifest = self._read(declaration)
            if not manifest.n_quarantined or not self._take_back(declaration, manifest):
                break
        if manifest.n_quarantined:
            self.notes.append(
                f"{manifest.n_quarantined} of {manifest.n_records} records cannot be read under any declaration:"
                f" {', '.join(self._rules(manifest))}"
            )
        self.notes += [f"{name}: met in the file and not declared" for name in manifest.findings]
        for name, place in zip(declaration["entities"], self._layout.places, strict=True):
            if place.n_met is not None and manifest.rows.get(name, 0) != place.n_met:
                self.notes.append(
                    f"{name}: {manifest.rows.get(name, 0)} rows are read where the file has {place.n_met}"
                )
        return declaration, manifest

    def _plain(self) -> dict[str, Any]:
        """Every column as text."""
        layout, entities = self._layout, dict[str, Any]()
        names = entity_names([place.name for place in layout.places])
        for name, place in zip(names, layout.places, strict=True):
            entity: dict[str, Any] = {"meaning": {"zh": PLACEHOLDER, "en": PLACEHOLDER}}
            entity |= {k: v for k, v in (("rows", place.rows), ("repeated", place.repeated)) if v}
            if place.siblings:
                entity["siblings"] = True
            entity["columns"] = self._columns(place)
            entities[name] = entity
        suffix = self._path.suffix.lower()
        delivery: dict[str, Any] = {"patterns": [f"*{suffix}", f"*{suffix}.gz", "*.zip"], "format": layout.format}
        if layout.encodings and layout.encodings != ["utf-8"]:
            delivery["encodings"] = sorted({"utf-8", *layout.encodings}, reverse=True)
        return {
            "id": self._id,
            "title": {"zh": PLACEHOLDER, "en": PLACEHOLDER},
            "publisher": PLACEHOLDER,
            "licence": PLACEHOLDER,
            "home_url": PLACEHOLDER,
            "cadence": PLACEHOLDER,
            "freshness_hours": 8784,
            "freshness_reason": PLACEHOLDER,
            "semantics": "append",
            "delivery": delivery,
            **layout.sections,
            "entities": entities,
            "tolerances": {"quarantined_share_max": 0.01, "volume_ratio": [0.01, 100]},
        }

    def _columns(self, place: Place) -> list[dict[str, Any]]:
        texts = [place.name if path == "." else path for path in place.columns]
        columns: list[dict[str, Any]] = []
        for name, text, path in zip(column_names(texts), texts, place.columns, strict=True):
            is_chinese = bool(re.search(r"[一-鿿]", text))
            zh, en = (text, PLACEHOLDER) if is_chinese else (PLACEHOLDER, text)
            columns.append({"name": name, "type": "text", "from": path, "zh": zh, "en": en})
        return columns

    def _read(self, declaration: Mapping[str, Any]) -> Manifest:
        text = yaml.safe_dump(declaration, allow_unicode=True, sort_keys=False)
        (self._folder / "source.yaml").write_text(text, encoding="utf-8")
        source = load_source(self._folder / "source.yaml")
        if not self._home.archive(self._id).exists():
            landing = self._home.landing(self._id)
            landing.mkdir(parents=True)
            shutil.copyfile(self._path, landing / self._path.name)
            receive(self._home, source, _silent)
        parsed = parse_deliveries(self._home, source, _silent, again=True)
        if not parsed or parsed[0].state == "refused":
            reason = parsed[0].reason if parsed else "was not received"
            raise UsageError(f"{self._path}: {reason}")
        if not parsed[0].n_records:
            raise UsageError(f"{self._path}: has no records; take a file that does")
        return parsed[0]

    def _rules(self, manifest: Manifest) -> list[str]:
        """The rules that records in quarantine broke."""
        path = self._home.quarantine(self._id) / f"{manifest.sha256}.parquet"
        return sorted(pl.read_parquet(path, columns=["rule"])["rule"].unique().to_list())

    def _take_back(self, declaration: dict[str, Any], manifest: Manifest) -> bool:
        """Take back the rules that records of the file break; whether there was any."""
        taken = False
        first = next(iter(declaration["entities"]))
        for rule in self._rules(manifest):
            kind, _, place = rule.partition(":")
            entity, _, name = place.rpartition(".")
            columns = declaration["entities"].get(entity or first, {}).get("columns", [])
            column = next((one for one in columns if one["name"] == name), None)
            if column is None or kind not in _COVERED:
                continue
            fresh = {k: v for k, v in column.items() if k in ("name", "from", "required", "zh", "en", "null_values")}
            if kind == "required":
                fresh.pop("required", None)
            else:
                fresh["type"] = "text"
            if fresh != column:
                column.clear()
                column.update(fresh if "type" in fresh else {**fresh, "type": "text"})
                taken = True
        return taken

    # --- what the values show -----------------------------------------------------------------------------------------

    def _typed(self, declaration: dict[str, Any], manifest: Manifest) -> dict[str, Any]:
        """The declaration with types, formats, null tokens, code lists, required columns and the key."""
        spill = self._home.root / "spill"
        spill.mkdir(exist_ok=True)
        config: dict[str, Any] = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(spill)}
        with duckdb.connect(config=config) as connection:
            for number, (name, entity) in enumerate(declaration["entities"].items()):
                file = self._home.lake(self._id, name) / f"{manifest.sha256}.parquet"
                connection.read_parquet(str(file)).create_view("found", replace=True)
                profiles: dict[str, Profile] = {}
                for column in entity["columns"]:
                    profile, tokens = profile_column(connection, column["name"])
                    profiles[column["name"]] = profile
                    describe_column(column, profile, tokens, self.notes, name)
                if number == 0 and (key := record_key(connection, entity["columns"], profiles)):
                    entity_items = {"meaning": entity.pop("meaning"), "key": key, **entity}
                    entity.clear()
                    entity.update(entity_items)
                    declaration["semantics"] = "replace_by_key"
                    for column in entity["columns"]:
                        if column["name"] in key:
                            column.pop("codes", None)
        return declaration


def _silent(_message: str, _rows: int | None) -> None:
    """Reading a draft reports nothing."""
