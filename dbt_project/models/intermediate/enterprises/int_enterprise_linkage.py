# Grain: one row per name that its words do not resolve and registered enterprise that it may be, with the probability.
"""The step of linkage between two SQL models."""

from typing import Any
import duckdb
from pipelines.build.linkage import scored_pairs


def model(dbt: Any, session: Any) -> duckdb.DuckDBPyRelation:
    """The scored pairs; see pipelines/build/linkage.py."""
    dbt.ref("int_enterprise_clues")
    # Splink asks for a connection of DuckDB's own, which the adapter's is not; its tables need not reach the disk.
    with session.cursor() as connection:
        connection.execute("attach if not exists ':memory:' as linkage")
        scored_pairs(connection, "work.staging.int_enterprise_clues", "linkage.pairs").to_table("linkage.main.scored")
        connection.execute("use work")
    # dbt asks for a return at the function's own level.
    return session.table("linkage.main.scored")
