"""The checks of a load gate on the rows of an entity: from its declaration, and hand-written ones."""

from __future__ import annotations

import re
from datetime import date

from pipelines.contract.credit_codes import CREDIT_CODE_PATTERN
from pipelines.contract.declarations import Column, HandWrittenCheck
from pipelines.errors import UsageError
from pipelines.gates.check import Severity, shortened
from pipelines.gates.expectations import (
    DatesWithin,
    FailingRowsAtMost,
    Filled,
    InCodes,
    MatchesWhole,
    RowsAtLeast,
    Unique,
)
from pipelines.gates.source_rules import SourceRules

EARLIEST_DATE = date(1800, 1, 1)
# Terms run ten to twenty years; a date a lifetime ahead is a misread year.
YEARS_AHEAD = 80
# A handful of odd dates are the publisher's own; a misread format or calendar breaks nearly all of a column.
IMPLAUSIBLE_DATES_MAX = 0.01


def add_entity_checks(rules: SourceRules, entity: str, as_of: date) -> None:
    """Add the checks on the rows of one entity: those of its declaration and the hand-written ones."""
    is_record = entity == rules.source.record_entity
    declared = rules.source.entities[entity]
    if is_record:
        _record(rules, entity)
    else:
        _items(rules, entity)
    filled = dict.fromkeys([*(column.name for column in declared.columns if column.required), *declared.key])
    for name in filled:
        column = declared.by_name[name]
        rules.add(
            entity,
            f"{name}_filled",
            Filled(name),
            description=f"{column.zh}必填 | {column.en}: always filled",
            reason=f"{name} is {'part of the key' if name in declared.key else 'required'} in the contract.",
            expected="no row without it",
            remedy=f"Look whether the feed renamed or moved the column, and correct its `from` in {rules.contract}.",
            severity="warn" if column.on_error == "keep" and name not in declared.key else "error",
        )
    for column in declared.columns:
        _column(rules, entity, column, as_of)
    for key, floor in rules.source.tolerances.fill_rates.items():
        of_entity, name = _fill_rate_column(rules, key)
        if of_entity == entity:
            _fill_rate(rules, entity, name, floor)
    for check in rules.source.checks:
        if check.entity == entity:
            _hand_written(rules, check)


def _record(rules: SourceRules, entity: str) -> None:
    meaning = rules.source.entities[entity].meaning
    rules.add(
        entity,
        "rows_present",
        RowsAtLeast(1),
        description=f"{meaning.zh}：已装载的交付应有记录 | Loaded deliveries hold rows",
        reason="Deliveries were loaded, so their records must be in the lake.",
        expected="at least 1 row",
        remedy=f"Look at {rules.quarantine}, then parse again with `touchstone refresh --full --source"
        f" {rules.source.id}`.",
    )
    rules.add(
        entity,
        "record_no_filled",
        Filled("record_no"),
        description="每行都有记录号 | Every row has its record number",
        reason="A row without its record number cannot be traced to the file.",
        expected="no row without it",
        remedy=f"Report it to the maintainers of sources/{rules.source.id}: the parser lost the number.",
    )
    rules.add(
        entity,
        "address_unique",
        Unique(("delivery_sha256", "record_no")),
        description="每条记录只装载一次 | Each record of a delivery is loaded once",
        reason="The same record twice would be counted twice everywhere.",
        expected="no (delivery_sha256, record_no) twice",
        remedy=f"Parse again with `touchstone refresh --full --source {rules.source.id}`.",
    )


def _items(rules: SourceRules, entity: str) -> None:
    meaning = rules.source.entities[entity].meaning
    # One bit per item: grouping sixty items at a time finds the same duplicates five times faster.
    rules.add(
        entity,
        "address_unique",
        FailingRowsAtMost(
            "select delivery_sha256, record_no, count(*) as n_items,"
            " bit_count(bit_or(1::bigint << (item_no % 60)::integer)) as n_distinct"
            f" from {rules.view(entity)} group by delivery_sha256, record_no, item_no // 60"
            " having count(*) <> bit_count(bit_or(1::bigint << (item_no % 60)::integer))"
            " or count(item_no) < count(*)"
        ),
        description=f"{meaning.zh}：同一记录内序号不重复 | Item numbers do not repeat within a record",
        reason="The same item twice would be counted twice everywhere.",
        expected="no (delivery_sha256, record_no, item_no) twice or without a number",
        remedy=f"Parse again with `touchstone refresh --full --source {rules.source.id}`.",
    )
    rules.add(
        entity,
        "records_present",
        FailingRowsAtMost(
            f"select i.delivery_sha256, i.record_no from {rules.view(entity)} as i"
            f" anti join {rules.view(rules.source.record_entity)} as r"
            " on r.delivery_sha256 = i.delivery_sha256 and r.record_no = i.record_no"
        ),
        description=f"{meaning.zh}：所属记录已装载 | Every item belongs to a loaded record",
        reason="An item of a record that is not loaded was left by a quarantined record.",
        expected=f"every item's record in {rules.source.record_entity}",
        remedy=f"Parse again with `touchstone refresh --full --source {rules.source.id}`.",
    )


def _column(rules: SourceRules, entity: str, column: Column, as_of: date) -> None:
    severity: Severity = "warn" if column.on_error == "keep" else "error"
    if column.codes:
        rules.add(
            entity,
            f"{column.name}_in_codes",
            InCodes(column.name, tuple(column.codes)),
            description=f"{column.zh}：取值在代码表内 | {column.en}: within the declared codes",
            reason="A code outside the list has no meaning in the star.",
            expected=f"only {shortened(', '.join(column.codes))}",
            remedy=f"If the publisher added a code, add it to `codes` of {column.name} in {rules.contract}.",
            severity=severity,
        )
    pattern = CREDIT_CODE_PATTERN if column.format == "uscc" else column.pattern
    if pattern and column.type == "text":
        rules.add(
            entity,
            f"{column.name}_pattern",
            MatchesWhole(column.name, pattern),
            description=f"{column.zh}：符合格式 {pattern} | {column.en}: has the form {pattern}",
            reason="A value of another form was read from another place, or lost characters on the way.",
            expected=f"only {pattern}",
            remedy=f"Compare with the file as received; correct `from` or `pattern` of {column.name} in"
            f" {rules.contract}.",
            severity=severity,
        )
    if column.type in ("date", "partial_date"):
        last = date(as_of.year + YEARS_AHEAD, 12, 31)
        rules.add(
            entity,
            f"{column.name}_plausible",
            DatesWithin(column.name, EARLIEST_DATE, last, IMPLAUSIBLE_DATES_MAX),
            description=f"{column.zh}：日期合理 | {column.en}: plausible dates",
            reason="Many dates out of bounds mean a misread calendar or format.",
            expected=f"{EARLIEST_DATE} to {last}, but for {IMPLAUSIBLE_DATES_MAX:.0%} of the values",
            remedy=f"Compare with the file as received; correct `format` of {column.name} in {rules.contract}.",
            severity=severity,
            may_be_overridden=severity == "error",
        )


def _fill_rate_column(rules: SourceRules, key: str) -> tuple[str, str]:
    """(entity, column) of a key of `tolerances.fill_rates`: `column` of the record, or `entity.column`."""
    entity, _, column = key.rpartition(".")
    entity = entity or rules.source.record_entity
    declared = rules.source.entities.get(entity)
    if declared is None or column not in declared.by_name:
        raise UsageError(
            f"{rules.contract}: tolerances.fill_rates: {key} is not declared; write a column of"
            f" {rules.source.record_entity}, or entity.column"
        )
    return entity, column


def _fill_rate(rules: SourceRules, entity: str, name: str, floor: float) -> None:
    column = rules.source.entities[entity].by_name[name]
    rules.add(
        entity,
        f"{name}_fill_rate",
        Filled(name, floor),
        description=f"{column.zh}：填充率不低于 {floor:.1%} | {column.en}: filled in at least {floor:.1%} of rows",
        reason="A column that empties is how a moved field shows itself.",
        expected=f"at least {floor:.1%} filled",
        remedy=f"Compare with the file as received; correct `from` of {name}, or the floor, in {rules.contract}.",
        may_be_overridden=True,
    )


def _hand_written(rules: SourceRules, check: HandWrittenCheck) -> None:
    def view(braces: re.Match[str]) -> str:
        name = check.entity if braces[1] == "entity" else braces[1]
        return rules.view(name) if name in rules.source.entities else braces[0]

    rules.add(
        check.entity,
        check.name,
        FailingRowsAtMost(re.sub(r"\{([a-z][a-z0-9_]*)\}", view, check.sql), (), check.max_share),
        description=f"声明中的检查 {check.name} | Hand-written check {check.name}",
        reason=check.reason,
        expected=f"at most {check.max_share:.2%} of the rows" if check.max_share else "none",
        remedy=f"Correct the records in sources/{rules.source.id}/corrections.yaml, or the check in {rules.contract}.",
        severity=check.severity,
        # A share above zero is a tolerance.
        may_be_overridden=check.severity == "error" and check.max_share > 0,
    )
