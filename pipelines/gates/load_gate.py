"""The load gate of a source: a suite generated from its declaration, with the hand-written checks beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from pipelines.contract.declarations import Column, HandWrittenCheck, Source
from pipelines.errors import UsageError
from pipelines.gates.check import CheckPlan, CheckResult, Severity, shortened
from pipelines.gates.expectations import (
    DatesWithin,
    Demand,
    FailingRowsAtMost,
    Filled,
    InCodes,
    MatchesWhole,
    NumberWithin,
    RowsAtLeast,
    Unique,
)
from pipelines.gates.suite import Part, Rule, run
from pipelines.state.database import quoted
from pipelines.state.home import business_today

EARLIEST_DATE = date(1800, 1, 1)
# Terms run ten to twenty years; what lies a lifetime ahead is a misread year.
YEARS_AHEAD = 80
# A handful of odd dates are the publisher's own; a misread format or calendar breaks nearly all of a column.
IMPLAUSIBLE_DATES_MAX = 0.01
HISTORY_NEEDED = 3
QUARANTINED_WHOLE = "deliveries__quarantined_whole"
_VOLUME = "load_gate_volume"


@dataclass(frozen=True)
class DeliveryCounts:
    """A delivery that was loaded before this run, to compare the new ones with. `received_at` is UTC without zone."""

    sha256: str
    received_at: datetime
    n_records: int


class _LoadSuite:
    """Collects the rules of one source."""

    def __init__(self, source: Source, as_of: date) -> None:
        self.source = source
        self.as_of = as_of
        self.rules: list[Rule] = []
        self.contract = f"sources/{source.id}/source.yaml"
        self.quarantine = f"`touchstone quarantine list --source {source.id}`"

    def view(self, entity: str) -> str:
        return f"lake.{quoted(f'{self.source.id}__{entity}')}"

    def add(
        self,
        subject: str,
        rule: str,
        demand: Demand,
        *,
        description: str,
        reason: str,
        told: str,
        remedy: str,
        severity: Severity = "error",
        observe: tuple[str, tuple[object, ...]] | None = None,
        table: tuple[str, str] | None = None,
    ) -> None:
        name = f"{subject}__{rule}"
        if any(known.plan.name == name for known in self.rules):
            raise UsageError(f"{self.contract}: two checks are named {name}; rename the hand-written one")
        schema, relation = table or ("lake", f"{self.source.id}__{subject}")
        plan = CheckPlan(name, "load", self.source.id, subject, severity, description, reason)
        self.rules.append(Rule(plan, (Part(schema, relation, demand),), told, remedy, observe))

    def entity(self, entity: str) -> None:
        is_record = entity == self.source.record_entity
        declared = self.source.entities[entity]
        if is_record:
            self._record(entity)
        else:
            self._items(entity)
        demanded = dict.fromkeys([*(c.name for c in declared.columns if c.required), *declared.key])
        for name in demanded:
            column = declared.by_name[name]
            self.add(
                entity,
                f"{name}_filled",
                Filled(name),
                description=f"{column.zh}必填 | {column.en}: always filled",
                reason=f"{name} is {'part of the key' if name in declared.key else 'required'} in the contract.",
                told="no row without it",
                remedy=f"Look whether the feed renamed or moved the column, and mend its `from` in {self.contract}.",
                severity="warn" if column.on_error == "keep" and name not in declared.key else "error",
            )
        for column in declared.columns:
            self._column(entity, column)
        for place, floor in self.source.tolerances.fill_rates.items():
            of_entity, name = self._fill_rate_place(place)
            if of_entity == entity:
                self._fill_rate(entity, name, floor)
        for check in self.source.checks:
            if check.entity == entity:
                self._hand_written(check)

    def _record(self, entity: str) -> None:
        meaning = self.source.entities[entity].meaning
        self.add(
            entity,
            "rows_present",
            RowsAtLeast(1),
            description=f"{meaning.zh}：已装载的交付应有记录 | Loaded deliveries hold rows",
            reason="Deliveries were loaded, so their records must be in the lake.",
            told="at least 1 row",
            remedy=f"Look at {self.quarantine}, then parse again with `touchstone refresh --full --source"
            f" {self.source.id}`.",
        )
        self.add(
            entity,
            "record_no_filled",
            Filled("record_no"),
            description="每行都有记录号 | Every row has its record number",
            reason="A row without its record number cannot be traced to the file.",
            told="no row without it",
            remedy=f"Mend sources/{self.source.id}/parse.py, or report it as a fault of the parser.",
        )
        self.add(
            entity,
            "address_unique",
            Unique(("delivery_sha256", "record_no")),
            description="每条记录只装载一次 | Each record of a delivery is loaded once",
            reason="The same record twice would be counted twice everywhere.",
            told="no (delivery_sha256, record_no) twice",
            remedy=f"Parse again with `touchstone refresh --full --source {self.source.id}`.",
        )

    def _items(self, entity: str) -> None:
        meaning = self.source.entities[entity].meaning
        # One bit per item: grouping sixty items at a time finds the same duplicates five times faster.
        self.add(
            entity,
            "address_unique",
            FailingRowsAtMost(
                "select delivery_sha256, record_no, count(*) as n_items,"
                " bit_count(bit_or(1::bigint << (item_no % 60)::integer)) as n_distinct"
                f" from {self.view(entity)} group by delivery_sha256, record_no, item_no // 60"
                " having count(*) <> bit_count(bit_or(1::bigint << (item_no % 60)::integer))"
                " or count(item_no) < count(*)"
            ),
            description=f"{meaning.zh}：同一记录内序号不重复 | Item numbers do not repeat within a record",
            reason="The same item twice would be counted twice everywhere.",
            told="no (delivery_sha256, record_no, item_no) twice or without a number",
            remedy=f"Parse again with `touchstone refresh --full --source {self.source.id}`.",
        )
        self.add(
            entity,
            "records_present",
            FailingRowsAtMost(
                f"select i.delivery_sha256, i.record_no from {self.view(entity)} as i"
                f" anti join {self.view(self.source.record_entity)} as r"
                " on r.delivery_sha256 = i.delivery_sha256 and r.record_no = i.record_no"
            ),
            description=f"{meaning.zh}：所属记录已装载 | Every item belongs to a loaded record",
            reason="An item of a record that is not loaded was left behind by a quarantined record.",
            told=f"every item's record in {self.source.record_entity}",
            remedy=f"Parse again with `touchstone refresh --full --source {self.source.id}`.",
        )

    def _column(self, entity: str, column: Column) -> None:
        severity: Severity = "warn" if column.on_error == "keep" else "error"
        if column.codes:
            self.add(
                entity,
                f"{column.name}_in_codes",
                InCodes(column.name, tuple(column.codes)),
                description=f"{column.zh}：取值在代码表内 | {column.en}: within the declared codes",
                reason="A code outside the list has no meaning in the star.",
                told=f"only {shortened(', '.join(column.codes))}",
                remedy=f"If the publisher added a code, add it to `codes` of {column.name} in {self.contract}.",
                severity=severity,
            )
        pattern = r"[0-9A-HJ-NPQRTUWXY]{18}|\d{15}" if column.format == "uscc" else column.pattern
        if pattern and column.type == "text":
            self.add(
                entity,
                f"{column.name}_pattern",
                MatchesWhole(column.name, pattern),
                description=f"{column.zh}：符合格式 {pattern} | {column.en}: has the form {pattern}",
                reason="A value of another form was read from another place, or lost characters on the way.",
                told=f"only {pattern}",
                remedy=f"Compare with the file as received; mend `from` or `pattern` of {column.name} in"
                f" {self.contract}.",
                severity=severity,
            )
        if column.type in ("date", "partial_date"):
            last = date(self.as_of.year + YEARS_AHEAD, 12, 31)
            self.add(
                entity,
                f"{column.name}_plausible",
                DatesWithin(column.name, EARLIEST_DATE, last, IMPLAUSIBLE_DATES_MAX),
                description=f"{column.zh}：日期合理 | {column.en}: plausible dates",
                reason="Many dates out of bounds mean a misread calendar or format.",
                told=f"{EARLIEST_DATE} to {last}, but for {IMPLAUSIBLE_DATES_MAX:.0%} of the values",
                remedy=f"Compare with the file as received; mend `format` of {column.name} in {self.contract}.",
                severity=severity,
            )

    def _fill_rate_place(self, place: str) -> tuple[str, str]:
        """(entity, column) of a key of `tolerances.fill_rates`: `column` of the record, or `entity.column`."""
        entity, _, column = place.rpartition(".")
        entity = entity or self.source.record_entity
        declared = self.source.entities.get(entity)
        if declared is None or column not in declared.by_name:
            raise UsageError(
                f"{self.contract}: tolerances.fill_rates: {place} is not declared; write a column of"
                f" {self.source.record_entity}, or entity.column"
            )
        return entity, column

    def _fill_rate(self, entity: str, name: str, floor: float) -> None:
        column = self.source.entities[entity].by_name[name]
        self.add(
            entity,
            f"{name}_fill_rate",
            Filled(name, floor),
            description=f"{column.zh}：填充率不低于 {floor:.1%} | {column.en}: filled in at least {floor:.1%} of rows",
            reason="A column that empties is how a moved field shows itself.",
            told=f"at least {floor:.1%} filled",
            remedy=f"Compare with the file as received; mend `from` of {name}, or the floor, in {self.contract}.",
        )

    def _hand_written(self, check: HandWrittenCheck) -> None:
        def table(found: re.Match[str]) -> str:
            name = check.entity if found[1] == "entity" else found[1]
            return self.view(name) if name in self.source.entities else found[0]

        self.add(
            check.entity,
            check.name,
            FailingRowsAtMost(re.sub(r"\{([a-z][a-z0-9_]*)\}", table, check.sql), (), check.max_share),
            description=f"声明中的检查 {check.name} | Hand-written check {check.name}",
            reason=check.reason,
            told=f"at most {check.max_share:.2%} of the rows" if check.max_share else "none",
            remedy=f"Correct the records in sources/{self.source.id}/corrections.yaml,"
            f" or the check in {self.contract}.",
            severity=check.severity,
        )

    def deliveries(self) -> None:
        source_id, tolerances = self.source.id, self.source.tolerances
        record = self.view(self.source.record_entity)
        loaded = "from lake.deliveries where source_id = ? and state = 'loaded'"
        deliveries = ("lake", "deliveries")
        self.add(
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
            told="n_records = n_loaded + n_quarantined + n_skipped, and n_loaded rows in the lake, per delivery",
            remedy=f"Parse again with `touchstone refresh --full --source {source_id}`; if it persists, the parser"
            " miscounts.",
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
        self.add(
            "deliveries",
            "quarantined_share",
            FailingRowsAtMost(
                f"select sum(n_quarantined) as n_quarantined, sum(n_records) as n_records {loaded}"
                " having sum(n_quarantined) > ? * sum(n_records)",
                (source_id, ceiling),
            ),
            description="隔离比例低于上限 | The share of quarantined records stays under its ceiling",
            reason="Above the ceiling it is the contract or the feed that changed, not single records.",
            told=f"at most {ceiling:.2%} of the records",
            remedy=f"Read the rules broken in {self.quarantine}; mend {self.contract}, then `touchstone quarantine"
            " retry`.",
            table=deliveries,
            observe=(f"select {share} {loaded}", (source_id,)),
        )
        self.add(
            "deliveries",
            "quarantined_share_each",
            FailingRowsAtMost(
                f"select original_name, n_quarantined, n_records {loaded} and n_quarantined > ? * n_records",
                (source_id, ceiling),
            ),
            description="每个交付的隔离比例 | No single delivery is far above the ceiling",
            reason="A long history hides one bad delivery in the share of the whole source.",
            told=f"at most {ceiling:.2%} of the records of each delivery",
            remedy=f"Read the rules broken in {self.quarantine}.",
            severity="warn",
            table=deliveries,
        )
        self.add(
            "deliveries",
            "quarantined_whole",
            FailingRowsAtMost(
                "select original_name, n_records, reason from lake.deliveries"
                " where source_id = ? and state = 'quarantined'",
                (source_id,),
            ),
            description="没有整件隔离的交付 | No delivery was quarantined whole",
            reason="A delivery of which every record was refused is out of the lake.",
            told="none",
            remedy=f"Read the rules broken in {self.quarantine}; then `touchstone quarantine retry`.",
            severity="warn",
            table=deliveries,
        )
        lowest, highest = tolerances.volume_ratio
        self.add(
            "deliveries",
            "volume",
            NumberWithin("ratio", lowest, highest),
            description="新交付的记录数与历史相当 | New deliveries are about as large as those before them",
            reason=tolerances.volume_reason,
            told=f"{lowest:g} to {highest:g} times the median of the deliveries before",
            remedy=f"Compare with the publisher's page, {self.source.home_url}; if the new size is right, widen"
            f" `volume_ratio` in {self.contract}.",
            severity="warn",
            table=("temp.main", _VOLUME),
            observe=(
                "select case when count(ratio) = 0"
                f" then format('no history: {{}} earlier deliveries, {HISTORY_NEEDED} needed', max(n_earlier))"
                " when min(ratio) = max(ratio) then format('{:.2f} times the median of {} earlier deliveries',"
                " min(ratio), max(n_earlier))"
                " else format('{:.2f} to {:.2f} times the median of up to {} earlier deliveries',"
                f" min(ratio), max(ratio), max(n_earlier)) end from {_VOLUME}",
                (),
            ),
        )


def _load_rules(source: Source, as_of: date) -> list[Rule]:
    suite = _LoadSuite(source, as_of)
    suite.deliveries()
    for entity in source.entities:
        suite.entity(entity)
    return suite.rules


def load_plans(source: Source) -> list[CheckPlan]:
    """Every check of a source's load gate, by declaration; cheap, nothing is run.

    Raises UsageError where the declaration names an unknown column or two checks alike.
    """
    return [rule.plan for rule in _load_rules(source, business_today())]


def run_load_gate(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    history: Sequence[DeliveryCounts],
    *,
    as_of: date | None = None,
) -> list[CheckResult]:
    """Run a source's load gate over schema `lake` of the connection's database; results in the order of `load_plans`.

    `history` are the deliveries of earlier runs: those of the lake that it does not hold are new, and each is compared
    with all that came before it; where it holds all, the newest is. Empty when no delivery of the source was read;
    where every one was quarantined whole, only that is told, for there is nothing else to look at.
    Raises CheckCannotRun when a check gives no verdict.
    """
    states = connection.execute(
        "select distinct state from lake.deliveries where source_id = ? and state in ('loaded', 'quarantined')",
        [source.id],
    ).fetchall()
    rules = _load_rules(source, as_of or business_today())
    if ("loaded",) in states:
        _measure_volume(connection, source, history)
        try:
            return run(connection, rules, source.id)
        finally:
            connection.execute(f"drop table temp.main.{_VOLUME}")
    if not states:
        return []
    quarantined = run(connection, [rule for rule in rules if rule.plan.name == QUARANTINED_WHOLE], source.id)
    judged = {result.plan.name: result for result in quarantined}
    return [
        judged.get(rule.plan.name)
        or CheckResult(rule.plan, True, "no loaded delivery", rule.expected, None, None, rule.remedy)
        for rule in rules
    ]


def _measure_volume(connection: duckdb.DuckDBPyConnection, source: Source, history: Sequence[DeliveryCounts]) -> None:
    """Make the temporary table of new deliveries with their size as a ratio of the median of those before them."""
    connection.execute(
        f"""
        create or replace temp table {_VOLUME} as
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
