"""The release gate: the suite that a candidate passes before it becomes a release."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import duckdb

from pipelines.gates.check import CheckPlan, CheckResult
from pipelines.gates.expectations import Demand, FailingRowsAtMost, Filled, HasColumns, InCodes, RowsAtLeast, Unique
from pipelines.gates.suite import Part, Rule, run
from pipelines.state.database import quoted

TABLE_LOSS_MAX = 0.2
# What tells of a window of time, or of what is not due yet, shrinks as time goes on, whatever is delivered.
_OF_A_WINDOW = frozenset(
    {"fct_credit_point", "fct_credit_score", "fct_enterprise_measure", "fct_pillar_score", "fct_target_forecast"}
)

# What acceptance and other parts of the project rely on, by table.
FIXED_COLUMNS: dict[str, str] = {
    "star.dim_trademark": "trademark_key office_code application_no registration_no mark_text filing_date"
    " registration_date expiry_date status_code status_group status_date owner_enterprise_key valid_from valid_to"
    " is_current",
    "star.dim_enterprise": "enterprise_key enterprise_id uscc name_zh name_en region_key industry_key registered_date"
    " valid_from valid_to is_current",
    "star.dim_region": "region_key region_code name_zh level parent_region_key province_code city_code valid_from"
    " valid_to successor_code",
    "star.dim_recognition_scheme": "scheme_key scheme_id name_zh name_en level ladder rung valid_from valid_to"
    " successor_scheme_id",
    "star.fct_inspection": "inspection_key source_id sample_no notice_no notice_date producer_enterprise_key"
    " sampled_enterprise_key product_name brand_text trademark_key product_category_key result is_recheck region_key"
    " delivery_key record_no",
    "star.fct_recognition": "recognition_key scheme_key enterprise_key recipient_name object_name edition level"
    " granted_date expires_date state region_key",
    "marts.target_progress": "plan_id indicator_id name_zh name_en region_code as_of_date actual_value target_value"
    " unit gap achieved_pct status reason",
    "marts.quality_bulletin": "region_code category_name period n_samples n_fail pass_rate ci_low ci_high",
    "marts.brand_monitor": "region_code industry_code scheme_id period n_held n_gained n_lost",
    "marts.reward_entitlement": "recipient_name enterprise_key scheme_id level rule_id amount_cny payer_level state",
    "marts.brand_ladder": "recipient_name enterprise_key ladder rung_scheme_id rung_since next_scheme_id",
    "marts.heritage_directory": "recipient_name object_name scheme_id level state since",
    "marts.brand_exit_watch": "recipient_name scheme_id reason evidence",
    "audit.deliveries": "delivery_key source_id sha256 original_name received_at bytes n_records n_loaded n_quarantined"
    " n_skipped state",
    "audit.quarantine": "source_id delivery_sha256 record_no rule detail raw first_seen_at",
}

# Tables of the star that must have rows as soon as one of these views of the lake has; a source that is not declared
# has no view.
FED_BY: dict[str, tuple[str, ...]] = {
    "dim_trademark": (
        "uspto_trademark__case_file",
        "tipo_gazette__registration",
        "euipo_trademark__mark",
        "cnipa_trademark__registration_class",
    ),
    "fct_trademark_event": ("uspto_trademark__event",),
    "dim_enterprise": ("enterprise_register__enterprise",),
    "dim_region": ("region_codes__region",),
    "fct_inspection": ("samr_food_sampling__sample_row", "fda_enforcement__recall"),
    "fct_inspection_finding": ("samr_food_sampling__finding", "product_spot_check__finding"),
    "bridge_inspection_party": ("samr_food_sampling__party", "product_spot_check__party"),
    "fct_recognition_event": ("recognition_list__decision", "eambrosia_gi__gi"),
    "fct_indicator_value": ("indicator_report__reported_value",),
    "bridge_recognition_name": ("eambrosia_gi__protected_name",),
}

# The only words of these columns, by table and column.
STAR_CODES: dict[tuple[str, str], tuple[str, ...]] = {
    ("dim_trademark", "status_group"): ("pending", "live", "dead", "unknown"),
    ("fct_inspection", "result"): ("pass", "fail"),
    ("fct_recognition", "state"): ("nominated", "held", "conditional", "removed", "revoked", "expired"),
}

_MODELS_REMEDY = "Correct the model in dbt_project/models; the current release stays."


@dataclass(frozen=True)
class _Candidate:
    """The columns of the candidate's star, the views of the lake, and the rows of each star table of the release
    before it."""

    columns: dict[str, list[str]]
    lake: frozenset[str]
    previous_rows: dict[str, int] | None

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> _Candidate:
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where database_name = current_database() and schema_name = 'star' order by table_name, column_index"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        views = connection.execute(
            "select view_name from duckdb_views() where database_name = 'work' and schema_name = 'lake'"
            " union all select table_name from duckdb_tables() where database_name = 'work' and schema_name = 'lake'"
        ).fetchall()
        lake = frozenset(str(view) for (view,) in views)
        attached = connection.execute("select 1 from duckdb_databases() where database_name = 'previous'").fetchall()
        if not attached:
            return cls(columns, lake, None)
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'previous' and schema_name = 'star'"
        ).fetchall()
        rows = {
            table: connection.execute(f"select count(*) from previous.star.{quoted(table)}").fetchall()[0][0]
            for (table,) in sorted(tables)
        }
        return cls(columns, lake, rows)

    def of_kind(self, *prefixes: str) -> Iterable[str]:
        return (table for table in self.columns if table.startswith(prefixes))

    def own_key(self, table: str) -> str | None:
        """The surrogate key of a table: `<noun>_key`, or `<last word>_key` as in dim_recognition_scheme."""
        noun = table.partition("_")[2]
        names = (f"{noun}_key", f"{noun.rpartition('_')[2]}_key")
        return next((name for name in names if name in self.columns[table]), None)


def _star(table: str, demand: Demand, label: str = "") -> Part:
    return Part("star", table, demand, label or f"star.{table}")


def _dimension_keys(candidate: _Candidate) -> Iterable[Part]:
    for table in candidate.of_kind("dim_"):
        key = candidate.own_key(table) or f"{table.partition('_')[2]}_key"
        yield _star(table, HasColumns(frozenset({key})))
        if key in candidate.columns[table]:
            yield _star(table, Filled(key), f"star.{table}.{key}")
            yield _star(table, Unique((key,)), f"star.{table}.{key}")


def _unknown_members(candidate: _Candidate) -> Iterable[Part]:
    for table in candidate.of_kind("dim_"):
        key = candidate.own_key(table)
        if key:
            absent = f"select -1 as key where not exists (select 1 from star.{quoted(table)} where {quoted(key)} = -1)"
            yield _star(table, FailingRowsAtMost(absent))


def _fact_keys_unique(candidate: _Candidate) -> Iterable[Part]:
    for table in candidate.of_kind("fct_"):
        key = candidate.own_key(table)
        # A fact's own key opens the table; the same name further right points to a dimension.
        if key == candidate.columns[table][0]:
            yield _star(table, Unique((key,)), f"star.{table}.{key}")


def _fact_keys_filled(candidate: _Candidate) -> Iterable[Part]:
    for table in candidate.of_kind("fct_", "bridge_"):
        for column in candidate.columns[table]:
            if column.endswith("_key"):
                yield _star(table, Filled(column), f"star.{table}.{column}")


def _fixed_columns(_: _Candidate) -> Iterable[Part]:
    for name, columns in FIXED_COLUMNS.items():
        schema, table = name.split(".")
        yield Part(schema, table, HasColumns(frozenset(columns.split())), name)


def _codes(table: str, column: str) -> Callable[[_Candidate], Iterable[Part]]:
    return lambda _: [
        _star(table, InCodes(column, STAR_CODES[table, column])),
        _star(table, Filled(column)),
    ]


def _filled_where_fed(candidate: _Candidate) -> Iterable[Part]:
    for table, feeds in FED_BY.items():
        # Without a lake at all every name is asked for, so that the check fails rather than pass unseen.
        views = [view for view in feeds if view in candidate.lake or not candidate.lake]
        if not views:
            continue
        # The unknown member alone is not content.
        least = 1 if table.startswith("dim_") else 0
        fed = " union all ".join(f"(select 1 from work.lake.{quoted(view)} limit 1)" for view in views)
        yield _star(
            table,
            FailingRowsAtMost(
                f"select n_rows from (select count(*) as n_rows from star.{quoted(table)})"
                f" where n_rows <= {least} and exists ({fed})"
            ),
        )


def _no_loss(candidate: _Candidate) -> Iterable[Part]:
    for table, n_rows in (candidate.previous_rows or {}).items():
        if table in candidate.columns and table not in _OF_A_WINDOW and n_rows:
            yield _star(table, RowsAtLeast(math.ceil(n_rows * (1 - TABLE_LOSS_MAX))), f"star.{table} (had {n_rows:,})")


def _one(schema: str, table: str, query: str, *parameters: object) -> Callable[[_Candidate], Iterable[Part]]:
    return lambda _: [Part(schema, table, FailingRowsAtMost(query, parameters))]


# Office, source in both languages, and where the lake holds the numbers of its marks.
_OFFICES = (
    ("CN", "中国商标与湖一致 | CN marks equal the registration numbers of the lake", "registration number",
     "cnipa_trademark__registration_class.registration_no"),
    ("EM", "欧盟商标与湖一致 | EM marks equal the application numbers of the lake", "application number",
     "euipo_trademark__mark.application_number"),
    ("TW", "台湾地区商标与湖一致 | TW marks equal the application numbers of the lake", "application number",
     "tipo_gazette__registration.application_number"),
    ("US", "美国商标与湖一致 | US marks equal the serial numbers of the lake", "serial number",
     "uspto_trademark__case_file.serial_number"),
)  # fmt: skip


def _marks(office: str, number: str) -> Callable[[_Candidate], Iterable[Part]]:
    """Every number of the lake is a mark, current or closed, and none is current twice."""
    view, _, column = number.partition(".")
    return _one(
        "star",
        "dim_trademark",
        f"""
        select star.n_marks, star.n_current, star.n_numbers, lake.n_numbers as n_lake
        from (
            select count(*) filter (is_current) as n_marks,
                count(distinct application_no) filter (is_current) as n_current,
                count(distinct application_no) as n_numbers
            from star.dim_trademark where office_code = ? and trademark_key <> -1
        ) as star, (select count(distinct {quoted(column)}) as n_numbers from work.lake.{quoted(view)}) as lake
        where star.n_numbers <> lake.n_numbers or star.n_marks <> star.n_current
        """,
        office,
    )


@dataclass(frozen=True)
class _ReleaseRule:
    plan: CheckPlan
    parts: Callable[[_Candidate], Iterable[Part]]
    expected: str
    remedy: str = _MODELS_REMEDY
    may_be_empty: str | None = None


def _release_rule(
    table: str,
    rule: str,
    description: str,
    reason: str,
    expected: str,
    parts: Callable[[_Candidate], Iterable[Part]],
    remedy: str = _MODELS_REMEDY,
    may_be_empty: str | None = None,
) -> _ReleaseRule:
    name = f"{table.replace('.', '__')}__{rule}"
    return _ReleaseRule(
        CheckPlan(name, "release", None, table, "error", description, reason), parts, expected, remedy, may_be_empty
    )


# What tells one decision from another; the same line twice in one list is two decisions, in two lists it is one.
_DECISION = (
    "scheme_name_norm, edition, event_name_norm, level_name, decided_date_text, recipient_name_as_printed,"
    " recipient_name_key, recipient_kind, object_name_norm, uscc, region_name_norm, document_no"
)

_RELEASE_RULES: tuple[_ReleaseRule, ...] = (
    _release_rule(
        "star",
        "fixed_columns",
        "约定的表和列齐全 | The agreed tables and columns are there",
        "Queries, marts and acceptance rely on these names.",
        "every table and column of the contract",
        _fixed_columns,
    ),
    _release_rule(
        "star",
        "dimension_keys_unique",
        "维度主键非空且唯一 | Dimension keys are filled and unique",
        "A key twice multiplies every fact joined to it.",
        "one row per key",
        _dimension_keys,
    ),
    _release_rule(
        "star",
        "unknown_members_present",
        "每个维度都有未知成员 -1 | Each dimension has its unknown member, key -1",
        "Facts without a counterpart point to -1; without that row an inner join loses them.",
        "a row with key -1 in each dimension",
        _unknown_members,
    ),
    _release_rule(
        "star",
        "fact_keys_unique",
        "事实主键唯一 | Fact keys are unique",
        "A fact twice is counted twice.",
        "one row per key",
        _fact_keys_unique,
    ),
    _release_rule(
        "star",
        "fact_keys_filled",
        "事实表和桥表的键非空 | No key of a fact or bridge is null",
        "A null key drops the fact from every join; the unknown member is -1.",
        "no null key",
        _fact_keys_filled,
    ),
    *(
        _release_rule(
            f"star.{table}",
            f"{column}_in_codes",
            f"{column} 取值在约定范围内 | {column} is one of {', '.join(codes)}",
            "Marts and readers filter on these words.",
            f"only {', '.join(codes)}",
            _codes(table, column),
        )
        for (table, column), codes in STAR_CODES.items()
    ),
    _release_rule(
        "star",
        "filled_where_lake_is",
        "湖中有数据的表不为空 | A table has rows where its lake has",
        "An empty table over a filled lake is a broken join or filter.",
        "rows in each table that the lake feeds",
        _filled_where_fed,
    ),
    *(
        _release_rule(
            "star.dim_trademark",
            f"{office.lower()}_marks_reconcile",
            description,
            "Nothing lost, nothing twice.",
            f"one {office} mark per distinct {number}, current once at most",
            _marks(office, place),
        )
        for office, description, number, place in _OFFICES
    ),
    _release_rule(
        "star.fct_recognition_event",
        "decisions_reconcile",
        "认定事件与湖一致 | Recognition events equal the decisions of the lake",
        "Nothing lost, nothing twice.",
        "one event per distinct decision",
        _one(
            "star",
            "fct_recognition_event",
            f"""
            select star.n_events, lake.n_decisions
            from (select count(*) as n_events from star.fct_recognition_event where source_id = ?) as star,
                (
                    select coalesce(sum(n_times), 0)::bigint as n_decisions
                    from (
                        select {_DECISION}, max(n_times) as n_times
                        from (
                            select {_DECISION}, delivery_sha256, count(*) as n_times
                            from work.lake.recognition_list__decision
                            group by all
                        )
                        group by all
                    )
                ) as lake
            where star.n_events <> lake.n_decisions
            """,
            "recognition_list",
        ),
    ),
    _release_rule(
        "star.fct_inspection",
        "samples_reconcile",
        "抽检样品与湖一致 | Inspections lie between the sampling numbers and the rows of the lake",
        "Nothing lost, nothing twice; a refused inspection is none.",
        "at least one fact per distinct sampling number of a source, at most one per row",
        _one(
            "star",
            "fct_inspection",
            """
            with lake as (
                select 'samr_food_sampling' as source_id, count(*) as n_rows, count(distinct sample_no) as n_samples
                from work.lake.samr_food_sampling__sample_row
                union all
                select 'product_spot_check', count(*), count(distinct sample_no)
                from work.lake.product_spot_check__sample_row where result is distinct from 'refused'
            )
            select n_facts, n_samples, n_rows
            from (
                select source_id, n_samples, n_rows,
                    (select count(*) from star.fct_inspection as s where s.source_id = lake.source_id) as n_facts
                from lake
            )
            where n_facts not between n_samples and n_rows
            """,
        ),
    ),
    _release_rule(
        "audit.deliveries",
        "deliveries_reconcile",
        "交付清单与湖一致 | audit.deliveries lists the deliveries of the lake",
        "Every number must lead back to its file.",
        "each delivery of the lake once",
        _one(
            "audit",
            "deliveries",
            """
            select coalesce(l.original_name, a.original_name) as delivery, l.n as n_lake, a.n as n_audit
            from (
                select source_id, sha256, min(original_name) as original_name, count(*) as n
                from work.lake.deliveries group by source_id, sha256
            ) as l
            full join (
                select source_id, sha256, min(original_name) as original_name, count(*) as n
                from audit.deliveries where delivery_key <> -1 group by source_id, sha256
            ) as a on a.source_id = l.source_id and a.sha256 = l.sha256
            where l.n is distinct from a.n
            """,
        ),
    ),
    _release_rule(
        "audit.deliveries",
        "conservation",
        "每个交付记录守恒 | Records are conserved in every delivery",
        "A record that is nowhere was lost on the way.",
        "n_records = n_loaded + n_quarantined + n_skipped",
        _one(
            "audit",
            "deliveries",
            """
            select original_name, n_records, n_loaded, n_quarantined, n_skipped from audit.deliveries
            where state in ('loaded', 'quarantined') and delivery_key <> -1
                and n_records is distinct from n_loaded + n_quarantined + n_skipped
            """,
        ),
        "Parse the delivery again with `touchstone refresh --full`; if it persists, the parser miscounts.",
    ),
    _release_rule(
        "audit.quarantine",
        "quarantine_reconcile",
        "隔离记录与湖一致 | audit.quarantine holds the quarantined records of the lake",
        "What was refused must be there to be read.",
        "as many rows per delivery as the lake",
        _one(
            "audit",
            "quarantine",
            """
            select coalesce(l.delivery_sha256, a.delivery_sha256) as delivery_sha256, l.n as n_lake, a.n as n_audit
            from (
                select source_id, delivery_sha256, count(*) as n
                from work.lake.quarantine group by source_id, delivery_sha256
            ) as l
            full join (
                select source_id, delivery_sha256, count(*) as n
                from audit.quarantine group by source_id, delivery_sha256
            ) as a on a.source_id = l.source_id and a.delivery_sha256 = l.delivery_sha256
            where l.n is distinct from a.n
            """,
        ),
    ),
    _release_rule(
        "star",
        "no_table_shrank",
        "与上一发布相比没有大幅减少 | No star table lost many rows against the release before",
        "Registers grow; a table that shrinks lost deliveries or a join.",
        f"no table more than {TABLE_LOSS_MAX:.0%} smaller",
        _no_loss,
        "Look with `touchstone status` which deliveries are missing. If publishers did withdraw that much, raise"
        " TABLE_LOSS_MAX in pipelines/gates/release_gate.py for one release.",
        may_be_empty="no earlier release to compare with",
    ),
    _release_rule(
        "marts.target_progress",
        "every_target",
        "每个政策目标都有进展 | Every policy target has its progress",
        "A target that vanishes from the table looks like a target that is met.",
        "a row for every target, also where no value can be computed",
        _one(
            "marts",
            "target_progress",
            """
            select mart.n_rows, star.n_targets
            from (
                select count(*) as n_rows from marts.target_progress
                where as_of_date = (select max(as_of_date) from marts.target_progress)
            ) as mart, (select count(*) as n_targets from star.fct_policy_target) as star
            where mart.n_rows < star.n_targets
            """,
        ),
    ),
)


def release_plans() -> list[CheckPlan]:
    """Every check of the release gate; cheap, nothing is run."""
    return [rule.plan for rule in _RELEASE_RULES]


def run_release_gate(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """Run the release gate over a candidate; results in the order of `release_plans`.

    The connection's current database is the candidate (schemas star, marts, audit); the work database is attached as
    `work`, and the release before, where there is one, as `previous`. Raises CheckCannotRun when a check
    gives no verdict.
    """
    candidate = _Candidate.of(connection)
    rules = [
        Rule(rule.plan, tuple(rule.parts(candidate)), rule.expected, rule.remedy, nothing_to_check=rule.may_be_empty)
        for rule in _RELEASE_RULES
    ]
    return run(connection, rules, None)
