# Grain: one row per name that does not resolve to a code and registered enterprise that it may be, with the probability.
"""The step of linkage between two SQL models."""

from typing import Any
import duckdb
from pipelines.build.linkage import scored_pairs


def model(dbt: Any, session: Any) -> duckdb.DuckDBPyRelation:
    """The scored pairs; see pipelines/build/linkage.py."""
    dbt.ref("int_enterprise_clues")
    # Splink needs a plain DuckDB connection, and the adapter's is a wrapper; its tables need not be written to disk.
    with session.cursor() as connection:
        connection.execute("attach if not exists ':memory:' as linkage")
        scored_pairs(connection, "work.staging.int_enterprise_clues", "linkage.pairs").to_table("linkage.main.scored")
        connection.execute("use work")
    # dbt requires the return at the top level of the function.
    return session.table("linkage.main.scored")
