"""Schedules: the refresh of each night."""

from __future__ import annotations

import dagster as dg

from pipelines.orchestration.jobs import NIGHTLY_REFRESH, nightly_refresh
from pipelines.state.home import BUSINESS_TIMEZONE

nightly_schedule = dg.ScheduleDefinition(
    name=NIGHTLY_REFRESH,
    job=nightly_refresh,
    cron_schedule="0 2 * * *",
    execution_timezone=str(BUSINESS_TIMEZONE),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 02:00 in Shanghai, when offices have delivered the day's files",
)
