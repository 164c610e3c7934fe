"""Precision and recall of a resolved world, in all and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from benchmarks.identity.resolve import Resolved
from pipelines.state.database import open_database


@dataclass(frozen=True)
class Scores:
    """Counts of mentions: all, linked to a code, linked to the right one, and of registered firms.

    `n_resolved` are the mentions of registered firms that are linked to theirs.
    """

    n_mentions: int
    n_linked: int
    n_right: int
    n_registered: int
    n_resolved: int

    @property
    def precision(self) -> float | None:
        """Share of the linked mentions that are linked to the right firm; None where none is linked."""
        return self.n_right / self.n_linked if self.n_linked else None

    @property
    def recall(self) -> float | None:
        """Share of the mentions of registered firms that are linked to theirs; None without any."""
        return self.n_resolved / self.n_registered if self.n_registered else None


def judged(resolved: Resolved) -> pl.DataFrame:
    """The mentions with corruption, method, truth, is_registered and `linked`, the code that the mention is linked to.

    A mention with a printed code has the method `uscc`; every other one has that of its name.
    """
    path = resolved.folder.root / "mentions.parquet"
    resolved.mentions.select("name_key", "uscc", "truth", "is_registered", "corruption").write_parquet(path)
    with open_database(resolved.folder.work, resolved.folder.spill, read_only=True) as connection:
        rows = connection.sql(
            """
            select
                mentions.corruption,
                case when mentions.uscc is not null then 'uscc' else names.method end as method,
                mentions.truth,
                mentions.is_registered,
                coalesce(
                    mentions.uscc,
                    case when names.enterprise_id like 'USCC:%' then substr(names.enterprise_id, 6) end
                ) as linked
            from read_parquet(?) as mentions
            left join staging.int_enterprise_names as names on mentions.name_key = names.name_key
            """,
            params=[str(path)],
        )
        return pl.DataFrame(rows.to_arrow_table())


def scores(rows: pl.DataFrame) -> Scores:
    """The scores of judged mentions."""
    is_right = (pl.col("linked") == pl.col("truth")).fill_null(False)
    (counts,) = rows.select(
        pl.len().alias("n_mentions"),
        pl.col("linked").count().alias("n_linked"),
        is_right.sum().alias("n_right"),
        pl.col("is_registered").sum().alias("n_registered"),
        (is_right & pl.col("is_registered")).sum().alias("n_resolved"),
    ).iter_rows()
    return Scores(*counts)


def scores_table(rows: pl.DataFrame, by: str, order: Sequence[str]) -> list[str]:
    """The lines of a Markdown table with a row per value of the column `by`, and one for all."""
    lines = [f"| {by} | mentions | linked | right | in the register | precision | recall |", "|" + " --- |" * 7]
    groups = {str(value): group for (value,), group in rows.group_by(by)}
    values = [*(value for value in order if value in groups), *sorted(groups.keys() - set(order))]
    for value, group in [*((value, groups[value]) for value in values), ("all", rows)]:
        of_group = scores(group)
        counts = (of_group.n_mentions, of_group.n_linked, of_group.n_right, of_group.n_registered)
        precision = "-" if of_group.precision is None else f"{of_group.precision:.5f}"
        recall = "-" if of_group.recall is None else f"{of_group.recall:.4f}"
        lines.append(f"| {value} | {' | '.join(f'{count:,}' for count in counts)} | {precision} | {recall} |")
    return lines
