"""Which sources feed each table of the star, by the lineage of the dbt project."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipelines.build.dbt_project import DbtProject, DbtTable
from pipelines.errors import UsageError

# Views of the lake (`<source>__<entity>`) by source.
Feeds = dict[str, frozenset[str]]


def feeds_of_star(project: DbtProject) -> dict[str, Feeds]:
    """Per table of models/star the views of the lake that its rows come from, by source; empty for a packaged table.

    A table's rows come from what is staged and from the intermediate models of its own subject. Models of other
    subjects are read for keys (the region of an inspection), so lineage through them does not make a feed. Sources
    under `meta.optional_feeds` of the table are left out.

    Raises UsageError for an optional feed that does not feed the table.
    """
    return {
        table.name: _feeds(project, table)
        for table in project.tables.values()
        if PurePosixPath(table.path).parts[:2] == ("models", "star")
    }


def _feeds(project: DbtProject, table: DbtTable) -> Feeds:
    subject = _subject(table)
    views: dict[str, set[str]] = {}
    read = set(table.upstream)
    waiting = list(read)
    while waiting:
        upstream = waiting.pop()
        if upstream in project.sources:
            entity = project.sources[upstream].entity
            if entity is not None:
                views.setdefault(entity[0], set()).add("__".join(entity))
        elif _folder(project.tables[upstream]) in ("staging", subject):
            further = set(project.tables[upstream].upstream) - read
            read |= further
            waiting += further
    unknown = sorted(table.optional_feeds.keys() - views.keys())
    if unknown:
        raise UsageError(
            f"dbt_project/{table.path}: meta.optional_feeds: {unknown[0]} does not feed {table.name}; remove it"
        )
    return {
        source_id: frozenset(of_source)
        for source_id, of_source in sorted(views.items())
        if source_id not in table.optional_feeds
    }


def _folder(table: DbtTable) -> str:
    """`staging`, or the subject of an intermediate model; the layer of any other table."""
    _, layer, *further = PurePosixPath(table.path).parts
    return further[0] if layer == "intermediate" else layer


def _subject(table: DbtTable) -> str:
    """The folder of intermediate models that a table is named for: `dim_trademark` and `fct_trademark_event` for
    trademarks."""
    noun = table.name.split("_")[1]
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
