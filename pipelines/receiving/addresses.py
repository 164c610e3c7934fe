"""Which addresses a refresh fetches: those of its night, or those of a backfill."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipelines.contract.declarations import Source
from pipelines.contract.loading import first_problem, read_yaml
from pipelines.contract.remote import Remote, refuse_other_names
from pipelines.errors import UsageError
from pipelines.state.home import Home

SWITCH = "TOUCHSTONE_FETCH"


def remotes(home: Home, source: Source) -> list[Remote]:
    """The addresses of a source: those of TOUCHSTONE_HOME/remotes.yaml where it names the source, else its own.

    None at all where TOUCHSTONE_FETCH is `off`. Raises UsageError for a remotes.yaml that cannot be used.
    """
    if not _is_on():
        return []
    return _of_this_home(home, {source.id: source}).get(source.id, source.delivery.urls)


def _is_on() -> bool:
    switch = os.environ.get(SWITCH, "on")
    if switch not in ("on", "off"):
        raise UsageError(f"{SWITCH}={switch}: set it to on or off")
    return switch == "on"


def _of_this_home(home: Home, sources: Mapping[str, Source]) -> dict[str, list[Remote]]:
    """The addresses that remotes.yaml gives to the sources it names."""
    raw = _remotes_file(home)
    addresses: dict[str, list[Remote]] = {}
    for source_id in raw.keys() & sources.keys():
        try:
            addresses[source_id] = TypeAdapter(list[Remote]).validate_python(raw[source_id])
            refuse_other_names(addresses[source_id], sources[source_id].delivery.patterns)
        except ValidationError as error:
            raise UsageError(f"{home.remotes}: {source_id}: {first_problem(error)}") from error
        except ValueError as error:
            raise UsageError(f"{home.remotes}: {source_id}: {error}") from error
    return addresses


def _remotes_file(home: Home) -> dict[str, Any]:
    if not home.remotes.exists():
        return {}
    raw = read_yaml(home.remotes) or {}
    if not isinstance(raw, dict):
        raise UsageError(f"{home.remotes}: must map each source to a list of addresses; see sources/README.md")
    return raw


def refuse_unknown_sources(home: Home, sources: Mapping[str, Source]) -> None:
    """Raises UsageError when remotes.yaml names a source that is not declared, or cannot be used at all."""
    _of_this_home(home, sources)
    unknown = sorted(str(name) for name in _remotes_file(home).keys() - sources.keys())
    if unknown:
        raise UsageError(f"{home.remotes}: source {unknown[0]} is not declared; declared are {', '.join(sources)}")


def nightly(addresses: Iterable[Remote], as_of: date) -> list[tuple[Remote, date | None]]:
    """What a night fetches: every address; a dated one for the days up to the as-of date, oldest first."""
    due: list[tuple[Remote, date | None]] = []
    for remote in addresses:
        if remote.is_dated:
            first = as_of - timedelta(days=remote.days_back)
            due += [(remote, day) for day in _days(remote, first, as_of)]
        else:
            due.append((remote, None))
    return due


def backfill(addresses: Iterable[Remote], first: date, last: date) -> list[tuple[Remote, date | None]]:
    """What a backfill fetches: the dated addresses for each day from `first` to `last`, oldest first."""
    return [(remote, day) for remote in addresses if remote.is_dated for day in _days(remote, first, last)]


def _days(remote: Remote, first: date, last: date) -> Iterator[date]:
    day = max(first, remote.since or first)
    while day <= last:
        yield day
        day += timedelta(days=1)
