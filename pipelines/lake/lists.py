"""The deliveries that are complete lists, and the content of their records, as tables of the lake."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from pipelines.contract.declarations import Source
from pipelines.receiving.manifest import Manifest, accepted
from pipelines.state.database import insert_rows, quoted


def create_lists(
    connection: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], manifests: Mapping[str, list[Manifest]]
) -> None:
    """Create `lake.lists`, a row per delivery and day for which it is a complete list, and view `lake.list_records`:
    each record of these deliveries with its key as text and a hash of its content."""
    from pipelines.receiving.list_days import list_days

    connection.execute("create table lake.lists(source_id varchar, delivery_sha256 varchar, list_date date)")
    days = [
        (source.id, manifest.sha256, day)
        for source in sources.values()
        if source.gives_lists
        for manifest in manifests[source.id]
        if manifest.sha256 in accepted([manifest])
        for day in list_days(source, manifest)
    ]
    insert_rows(connection, "lake.lists", sorted(days))
    with_lists = {source_id for source_id, _, _ in days}
    queries = [_list_records(source) for source_id, source in sources.items() if source_id in with_lists]
    columns = "source_id, delivery_sha256, record_no, record_key, content_hash"
    empty = "select null::varchar, null::varchar, null::bigint, null::varchar, null::varchar where false"
    connection.execute(f"create view lake.list_records({columns}) as {' union all '.join(queries or [empty])}")


def _list_records(source: Source) -> str:
    """The query of a source's records with key and content; all names in it come from the declaration."""
    entity = source.entities[source.record_entity]
    unversioned = {
        name for column in source.delivery.unversioned for name, _ in entity.by_name[column].lake_columns
    } | {"record_no", *entity.key}
    versioned = [name for name, _ in source.lake_columns(source.record_entity) if name not in unversioned]
    # The separator and the sign of a null are characters that no cell contains.
    key = ", ".join(f"coalesce({quoted(name)}::varchar, '')" for name in entity.key)
    content = ", ".join(f"coalesce({quoted(name)}::varchar, chr(30))" for name in versioned)
    return (
        f"select '{source.id}', delivery_sha256, record_no, concat_ws('|', {key}), md5(concat_ws(chr(31), {content}))"
        f" from lake.{quoted(f'{source.id}__{source.record_entity}')} where delivery_sha256 is not null"
    )
