"""The hash over everything that decides the content of a release."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pipelines.contract.declarations import Source
from pipelines.lake.corrections import corrections_digest
from pipelines.lake.decisions import decisions_digest
from pipelines.receiving.manifest import Manifest, accepted
from pipelines.state.home import DBT_PROJECT_DIR, PROJECT_ROOT, Home

# The rooms of this package whose code decides what a release holds. What only runs, shows, simulates or drafts is not
# among them: an edit there must not rebuild every home.
DECIDING_ROOMS = ("contract", "receiving", "parsing", "notices", "lake", "build", "gates")

# Under these, dbt keeps what it made, not what a build is made from.
_NOT_PROJECT = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


def inputs_hash(home: Home, as_of: date, sources: Mapping[str, Source], manifests: Mapping[str, list[Manifest]]) -> str:
    """SHA-256 over all that decides a release's content, and over nothing about when or in which order it came.

    That is the as-of date, the accepted deliveries with the contract each was parsed under, the contract of sources
    without any, the corrections, what is declared about enterprises, the dbt project with its seeds, the code of the
    rooms in DECIDING_ROOMS, and the versions of python-stdnum, whose table of regions is used where no delivery brought
    one, and of Splink.
    """
    from pipelines.parsing.parse import contract_version

    # By the contract it was parsed under, for with `--source` another source may still wait to be parsed anew.
    parsed_under = {
        source_id: {m.sha256: m.contract_version for m in manifests[source_id] if m.sha256 in accepted([m])}
        for source_id in sources
    }
    content = {
        "as_of": as_of.isoformat(),
        "deliveries": parsed_under,
        "undelivered": {
            source_id: contract_version(sources[source_id]) for source_id in sources if not parsed_under[source_id]
        },
        "corrections": {source_id: corrections_digest(source) for source_id, source in sources.items()},
        "identity": decisions_digest(home),
        "models": tree_hash(DBT_PROJECT_DIR),
        "code": {room: tree_hash(PROJECT_ROOT / "pipelines" / room) for room in DECIDING_ROOMS},
        "regions": importlib.metadata.version("python-stdnum"),
        "linkage": importlib.metadata.version("splink"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def tree_hash(folder: Path) -> str:
    """SHA-256 over the relative paths and bytes of a folder's files, without what tools leave there."""
    digest = hashlib.sha256()
    for directory, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in _NOT_PROJECT and not name.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            path = Path(directory) / name
            for part in (str(path.relative_to(folder)).encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
    return digest.hexdigest()
