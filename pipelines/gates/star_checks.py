"""The checks of the release gate on the tables that readers are given: columns, keys, codes and numbers of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from pipelines.build.dbt_project import DbtProject
from pipelines.gates.candidate import Candidate
from pipelines.gates.expectations import FailingRowsAtMost, Filled, HasColumns, InCodes, RowsAtLeast, Unique
from pipelines.gates.release_rules import ReleaseRule, one_query, release_rule, star_part
from pipelines.gates.suite import TableDemand
from pipelines.state.database import quoted

TABLE_LOSS_MAX = 0.2
# Tables about a window of time, or about what is not due yet, shrink as time passes, whatever is delivered.
_OF_A_WINDOW = frozenset(
    {"fct_credit_point", "fct_credit_score", "fct_enterprise_measure", "fct_pillar_score", "fct_target_forecast"}
)

# The columns that queries, marts and acceptance rely on, by table.
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


def _dimension_keys(candidate: Candidate) -> Iterable[TableDemand]:
    for table in candidate.tables("dim_"):
        key = candidate.own_key(table) or f"{table.partition('_')[2]}_key"
        yield star_part(table, HasColumns(frozenset({key})))
        if key in candidate.columns[table]:
            yield star_part(table, Filled(key), f"star.{table}.{key}")
            yield star_part(table, Unique((key,)), f"star.{table}.{key}")


def _unknown_members(candidate: Candidate) -> Iterable[TableDemand]:
    for table in candidate.tables("dim_"):
        key = candidate.own_key(table)
        if key:
            absent = f"select -1 as key where not exists (select 1 from star.{quoted(table)} where {quoted(key)} = -1)"
            yield star_part(table, FailingRowsAtMost(absent))


def _fact_keys_unique(candidate: Candidate) -> Iterable[TableDemand]:
    for table in candidate.tables("fct_"):
        key = candidate.own_key(table)
        # A fact's own key opens the table; the same name further right points to a dimension.
        if key == candidate.columns[table][0]:
            yield star_part(table, Unique((key,)), f"star.{table}.{key}")


def _fact_keys_filled(candidate: Candidate) -> Iterable[TableDemand]:
    for table in candidate.tables("fct_", "bridge_"):
        for column in candidate.columns[table]:
            if column.endswith("_key"):
                yield star_part(table, Filled(column), f"star.{table}.{column}")


def _fixed_columns(_: Candidate) -> Iterable[TableDemand]:
    for name, columns in FIXED_COLUMNS.items():
        schema, table = name.split(".")
        yield TableDemand(schema, table, HasColumns(frozenset(columns.split())), name)


def _codes(table: str, column: str, codes: tuple[str, ...]) -> Callable[[Candidate], Iterable[TableDemand]]:
    return lambda _: [star_part(table, InCodes(column, codes)), star_part(table, Filled(column))]


def _filled_where_fed(candidate: Candidate) -> Iterable[TableDemand]:
    """Each table has rows once a source that feeds it has rows in every view that the table reads.

    A table with a key of its own has a row per record, so the views of items are not needed there.
    """
    without_lake = not candidate.record_views
    for table, of_table in candidate.feeds.items():
        own_key = candidate.own_key(table)
        fed = [
            " and ".join(f"exists (from work.lake.{quoted(view)})" for view in sorted(views))
            for of_source in of_table.values()
            # A source that is not declared has no view. Without a lake at all every view is asked for, so that the
            # check fails instead of passing unseen.
            if of_source <= candidate.record_views | candidate.item_views or without_lake
            for views in [(own_key and of_source & candidate.record_views) or of_source]
        ]
        if fed:
            # The unknown member alone is not content.
            least = 1 if table.startswith("dim_") else 0
            yield star_part(
                table,
                FailingRowsAtMost(
                    f"select n_rows from (select count(*) as n_rows from star.{quoted(table)})"
                    f" where n_rows <= {least} and (({') or ('.join(fed)}))"
                ),
            )


def _no_loss(candidate: Candidate) -> Iterable[TableDemand]:
    for table, n_rows in (candidate.previous_rows or {}).items():
        if table in candidate.columns and table not in _OF_A_WINDOW and n_rows:
            least = math.ceil(n_rows * (1 - TABLE_LOSS_MAX))
            yield star_part(table, RowsAtLeast(least), f"star.{table} (had {n_rows:,})")


STAR_RULES: tuple[ReleaseRule, ...] = (
    release_rule(
        "star",
        "fixed_columns",
        "约定的表和列齐全 | The agreed tables and columns are there",
        "Queries, marts and acceptance rely on these names.",
        "every table and column of the contract",
        _fixed_columns,
    ),
    release_rule(
        "star",
        "dimension_keys_unique",
        "维度主键非空且唯一 | Dimension keys are filled and unique",
        "A key twice multiplies every fact joined to it.",
        "one row per key",
        _dimension_keys,
    ),
    release_rule(
        "star",
        "unknown_members_present",
        "每个维度都有未知成员 -1 | Each dimension has its unknown member, key -1",
        "Facts without a counterpart point to -1; without that row an inner join loses them.",
        "a row with key -1 in each dimension",
        _unknown_members,
    ),
    release_rule(
        "star",
        "fact_keys_unique",
        "事实主键唯一 | Fact keys are unique",
        "A fact twice is counted twice.",
        "one row per key",
        _fact_keys_unique,
    ),
    release_rule(
        "star",
        "fact_keys_filled",
        "事实表和桥表的键非空 | No key of a fact or bridge is null",
        "A null key drops the fact from every join; the unknown member is -1.",
        "no null key",
        _fact_keys_filled,
    ),
    release_rule(
        "star",
        "filled_where_lake_is",
        "湖中有数据的表不为空 | A table has rows where its lake has",
        "An empty table over a filled lake is a broken join or filter.",
        "rows in each table that the lake feeds",
        _filled_where_fed,
    ),
)

GROWTH_RULES: tuple[ReleaseRule, ...] = (
    release_rule(
        "star",
        "no_table_shrank",
        "与上一发布相比没有大幅减少 | No star table lost many rows against the release before",
        "Registers grow; a table that shrinks lost deliveries or a join.",
        f"no table more than {TABLE_LOSS_MAX:.0%} smaller",
        _no_loss,
        "Look with `touchstone status` which deliveries are missing.",
        may_be_empty="no earlier release to compare with",
        may_be_overridden=True,
    ),
    release_rule(
        "marts.target_progress",
        "every_target",
        "每个政策目标都有进展 | Every policy target has its progress",
        "A target that vanishes from the table looks like a target that is met.",
        "a row for every target, also where no value can be computed",
        one_query(
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


def code_rules(project: DbtProject) -> list[ReleaseRule]:
    """A rule per column of the star whose codes the dbt project declares."""
    return [
        release_rule(
            f"star.{table.name}",
            f"{column.name}_in_codes",
            f"{column.name} 取值在约定范围内 | {column.name} is one of {', '.join(column.codes)}",
            "Marts and readers filter on these words.",
            f"only {', '.join(column.codes)}",
            _codes(table.name, column.name, column.codes),
        )
        for table in sorted(project.tables.values(), key=lambda table: table.name)
        if table.schema == "star"
        for column in table.columns
        if column.codes
    ]
