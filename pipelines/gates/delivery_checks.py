"""The checks of a load gate on complete deliveries: conservation, quarantine, and volume against earlier deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from pipelines.contract.declarations import Source
from pipelines.gates.expectations import FailingRowsAtMost, NumberWithin
from pipelines.gates.source_rules import SourceRules

HISTORY_NEEDED = 3
QUARANTINED_WHOLE = "deliveries__quarantined_whole"
VOLUME = "load_gate_volume"


@dataclass(frozen=True)
class DeliveryCounts:
    """A delivery of an earlier run, to compare new ones with. `received_at` is in UTC, without a time zone."""

    sha256: str
    received_at: datetime
    n_records: int


def add_delivery_checks(rules: SourceRules) -> None:
    """Add the checks on the deliveries of a source: conservation, quarantine and volume."""
    source_id, tolerances = rules.source.id, rules.source.tolerances
    record = rules.view(rules.source.record_entity)
    loaded = "from lake.deliveries where source_id = ? and state = 'loaded'"
    deliveries = ("lake", "deliveries")
    rules.add(
        "deliveries",
        "conservation",
        FailingRowsAtMost(
            "select coalesce(d.original_name, r.delivery_sha256) as delivery, d.n_records, d.n_loaded,"
            " d.n_quarantined, d.n_skipped, coalesce(r.n_rows, 0) as n_rows"
            f" from (select * {loaded}) as d"
            f" full join (select delivery_sha256, count(*) as n_rows from {record} group by delivery_sha256) as r"
            " on r.delivery_sha256 = d.sha256"
            " where d.n_records is distinct from d.n_loaded + d.n_quarantined + d.n_skipped"
            " or d.n_loaded is distinct from coalesce(r.n_rows, 0)",
            (source_id,),
        ),
        description="记录守恒：收到 = 装载 + 隔离 + 跳过 | Every record received is loaded, quarantined or skipped",
        reason="A record that is nowhere was lost on the way.",
        expected="n_records = n_loaded + n_quarantined + n_skipped, and n_loaded rows in the lake, per delivery",
        remedy=f"Parse again with `touchstone refresh --full --source {source_id}`; if it persists, report it:"
        " the parser miscounts.",
        table=deliveries,
        observe=(
            f"select format('{{}} loaded deliveries, {{}} records', count(*), sum(n_records)) {loaded}",
            (source_id,),
        ),
    )
    share = (
        "format('{:.3f} % of {} records', 100.0 * sum(n_quarantined) / greatest(sum(n_records), 1),"
        " sum(n_records)::bigint)"
    )
    ceiling = tolerances.quarantined_share_max
    rules.add(
        "deliveries",
        "quarantined_share",
        FailingRowsAtMost(
            f"select sum(n_quarantined) as n_quarantined, sum(n_records) as n_records {loaded}"
            " having sum(n_quarantined) > ? * sum(n_records)",
            (source_id, ceiling),
        ),
        description="隔离比例低于上限 | The share of quarantined records stays under its ceiling",
        reason="Above the ceiling it is the contract or the feed that changed, not single records.",
        expected=f"at most {ceiling:.2%} of the records",
        remedy=f"Read the rules broken in {rules.quarantine}; correct {rules.contract}, then `touchstone quarantine"
        " retry`.",
        table=deliveries,
        observe=(f"select {share} {loaded}", (source_id,)),
        may_be_overridden=True,
    )
    rules.add(
        "deliveries",
        "quarantined_share_each",
        FailingRowsAtMost(
            f"select original_name, n_quarantined, n_records {loaded} and n_quarantined > ? * n_records",
            (source_id, ceiling),
        ),
        description="每个交付的隔离比例 | No single delivery is far above the ceiling",
        reason="A long history hides one bad delivery in the share of all deliveries.",
        expected=f"at most {ceiling:.2%} of the records of each delivery",
        remedy=f"Read the rules broken in {rules.quarantine}.",
        severity="warn",
        table=deliveries,
    )
    rules.add(
        "deliveries",
        "quarantined_whole",
        FailingRowsAtMost(
            "select original_name, n_records, reason from lake.deliveries"
            " where source_id = ? and state = 'quarantined'",
            (source_id,),
        ),
        description="没有整件隔离的交付 | No delivery was quarantined whole",
        reason="A delivery of which every record was refused is out of the lake.",
        expected="none",
        remedy=f"Read the rules broken in {rules.quarantine}; then `touchstone quarantine retry`.",
        severity="warn",
        table=deliveries,
    )
    lowest, highest = tolerances.volume_ratio
    rules.add(
        "deliveries",
        "volume",
        NumberWithin("ratio", lowest, highest),
        description="新交付的记录数与历史相当 | New deliveries are about as large as those before them",
        reason=tolerances.volume_reason,
        expected=f"{lowest:g} to {highest:g} times the median of the deliveries before",
        remedy=f"Compare with the publisher's page, {rules.source.home_url}; if the new size is right, widen"
        f" `volume_ratio` in {rules.contract}.",
        severity="warn",
        table=("temp.main", VOLUME),
        observe=(
            "select case when count(ratio) = 0"
            f" then format('no history: {{}} earlier deliveries, {HISTORY_NEEDED} needed', max(n_earlier))"
            " when min(ratio) = max(ratio) then format('{:.2f} times the median of {} earlier deliveries',"
            " min(ratio), max(n_earlier))"
            " else format('{:.2f} to {:.2f} times the median of up to {} earlier deliveries',"
            f" min(ratio), max(ratio), max(n_earlier)) end from {VOLUME}",
            (),
        ),
    )


def measure_volume(connection: duckdb.DuckDBPyConnection, source: Source, history: Sequence[DeliveryCounts]) -> None:
    """Make the temporary table of new deliveries with their size as a ratio of the median of those before them."""
    connection.execute(
        f"""
        create or replace temp table {VOLUME} as
        with earlier as (
            select unnest($digests::varchar[]) as sha256, unnest($times::timestamp[]) as received_at,
                unnest($counts::bigint[]) as n_records
        ),
        loaded as (
            select sha256, received_at, n_records, original_name,
                row_number() over (order by received_at desc, sha256 desc) as age
            from lake.deliveries where source_id = $source and state = 'loaded'
        ),
        fresh as (
            select * from loaded
            where sha256 not in (select sha256 from earlier)
                or (age = 1 and not exists (select 1 from loaded as l anti join earlier using (sha256)))
        ),
        known as (
            select sha256, received_at, n_records from loaded
            union all
            select sha256, received_at, n_records from earlier where sha256 not in (select sha256 from loaded)
        )
        select f.original_name, f.n_records, count(k.sha256) as n_earlier, median(k.n_records) as median_records,
            case when count(k.sha256) >= {HISTORY_NEEDED}
                then f.n_records / nullif(median(k.n_records), 0) end as ratio
        from fresh as f
        left join known as k
            on k.received_at < f.received_at or (k.received_at = f.received_at and k.sha256 < f.sha256)
        group by f.sha256, f.original_name, f.n_records
        """,
        {
            "digests": [counts.sha256 for counts in history],
            "times": [
                at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
                for at in (counts.received_at for counts in history)
            ],
            "counts": [counts.n_records for counts in history],
            "source": source.id,
        },
    )
