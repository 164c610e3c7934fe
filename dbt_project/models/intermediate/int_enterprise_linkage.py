# Grain: one row per name that its words do not resolve and registered enterprise that it may be, with the probability.
"""The step of linkage between two SQL models."""

from typing import Any

import pyarrow as pa

from pipelines.linkage import scored_pairs


def model(dbt: Any, session: Any) -> pa.Table:
    """The scored pairs; see pipelines/linkage.py."""
    dbt.ref("int_enterprise_clues")
    # Splink asks for a connection of DuckDB's own, which the adapter's is not.
    with session.cursor() as connection:
        pairs = scored_pairs(connection, "work.staging.int_enterprise_clues", "work.linkage").to_arrow_table()
    # dbt asks for a return at the function's own level.
    return pairs  # noqa: RET504
