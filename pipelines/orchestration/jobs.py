"""Jobs: the refresh, which is all assets and all their checks in one run, and the fetching of past days."""

from __future__ import annotations

import dagster as dg

NIGHTLY_REFRESH = "nightly_refresh"

BACKFILL = "backfill_remote"
REMOTE_GROUP = "remote"

nightly_refresh = dg.define_asset_job(
    NIGHTLY_REFRESH,
    # What is fetched by the day has a run for each day or range of days; the night looks at the last days by itself.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(REMOTE_GROUP),
    description="Receive, parse, gate, build, gate, publish: what `touchstone refresh` runs",
)

backfill_remote = dg.define_asset_job(
    BACKFILL,
    selection=dg.AssetSelection.groups(REMOTE_GROUP),
    description="Fetch the files of past days; the next refresh parses and releases them",
)
