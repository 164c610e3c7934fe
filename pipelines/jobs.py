"""Jobs: the refresh, which is all assets and all their checks in one run."""

from __future__ import annotations

import dagster as dg

NIGHTLY_REFRESH = "nightly_refresh"

nightly_refresh = dg.define_asset_job(
    NIGHTLY_REFRESH,
    selection=dg.AssetSelection.all(),
    description="Receive, parse, gate, build, gate, publish: what `touchstone refresh` runs",
)
