# Grain: one row per name that its words do not resolve and registered enterprise that it may be, with the probability.
"""The step of linkage between two SQL models."""

from typing import Any

import pyarrow as pa

from pipelines.linkage import scored_pairs


def model(dbt: Any, session: Any) -> pa.Table:
    """The scored pairs; see pipelines/linkage.py."""
    dbt.ref("int_enterprise_clues")
    # Splink asks for a connection of DuckDB's own, which the adapter's is not; its tables need not reach the disk.
    with session.cursor() as connection:
        connection.execute("attach ':memory:' as linkage")
        pairs = scored_pairs(connection, "work.staging.int_enterprise_clues", "linkage.pairs").to_arrow_table()
        connection.execute("use work")
        connection.execute("detach linkage")
    # dbt asks for a return at the function's own level.
    return pairs
