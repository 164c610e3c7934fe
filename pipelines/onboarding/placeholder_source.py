"""A declaration that names only what reading a sample needs."""

from __future__ import annotations

from pathlib import Path

from pipelines.contract.declarations import PLACEHOLDER, Source


def placeholder_source(**sections: object) -> Source:
    """A source with placeholders for everything but the given sections of its declaration."""
    text = {"zh": PLACEHOLDER, "en": PLACEHOLDER}
    return Source.model_validate(
        {
            "id": "sample", "title": text, "publisher": "", "licence": "", "home_url": "", "cadence": "",
            "freshness_hours": 1, "freshness_reason": "", "semantics": "append",
            "delivery": {"patterns": ["*"], "format": "table"},
            "entities": {"record": {"meaning": text, "columns": []}},
            "tolerances": {"quarantined_share_max": 1, "volume_ratio": (0, 1)},
            "folder": Path("sample"),
            **sections,
        }
    )  # fmt: skip
