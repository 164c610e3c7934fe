"""Many nights fetched by one command are the nights fetched one by one; in Dagster each day is a partition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from pipelines import definitions
from pipelines.contract.loading import load_sources
from pipelines.orchestration.jobs import BACKFILL
from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.addresses import nightly, remotes
from pipelines.receiving.fetch import fetch
from pipelines.receiving.landing import receive
from pipelines.receiving.manifest import manifests
from pipelines.simulation.simulate import simulate
from pipelines.state.home import Home
from tests.worlds.commands import fingerprint, rows, succeeded, touchstone
from tests.worlds.dbt_models import PARSED
from tests.worlds.fault_server import FaultServer, Resource, fault_server

SEED = 20240630
FEW = ["enterprise_register", "region_codes", "tipo_gazette"]


def dated(name: str, day: date) -> str:
    """The name that an office gives to each day's file, from one day's."""
    name = re.sub(r"第\d+批", "第1批", name)
    for form in ("%Y%m%d", "%Y-%m-%d", "%y%m%d", "%Y"):
        name = name.replace(f"{day:{form}}", f"{{date:{form}}}")
    return name


@contextmanager
def published(world: Path, sources: list[str]) -> Iterator[tuple[FaultServer, str, list[date]]]:
    """The nights of a world on a web server by the day; the server, the remotes.yaml for it, and the nights."""
    nights = pl.read_parquet(world / "truth" / "nights.parquet")["as_of_date"].to_list()
    addresses: dict[str, list[dict[str, object]]] = {}
    with fault_server() as server:
        for source_id in sources:
            names: list[str] = []
            for night, day in enumerate(nights, start=1):
                for path in sorted((world / f"night_{night:04d}" / source_id).glob("*")):
                    if (name := dated(path.name, day)) not in names:
                        names.append(name)
                    n = names.index(name)
                    server.files[f"/{day}/{source_id}/{n}"] = Resource(path.read_bytes(), f'"{night}-{n}"')
            addresses[source_id] = [
                {
                    "url": f"{server.url}/{{date}}/{source_id}/{n}",
                    "name": name,
                    "since": f"{nights[0]}",
                    "days_back": 1,
                }
                for n, name in enumerate(names)
            ]
        yield server, json.dumps(addresses), nights


def take_in(home: Home, night: date, source_ids: list[str]) -> None:
    """What a refresh of one night does before it builds: fetch what is due, receive it, parse it."""
    declared = load_sources()
    for source_id in source_ids:
        source = declared[source_id]
        fetched = fetch(home, source, nightly(remotes(home, source), night), untold)
        assert not [one for one in fetched if one.outcome == "failed"]
        receive(home, source, untold)
        parse_deliveries(home, source, untold)


def untold(text: str, done: int | None = None) -> None:
    """Progress that nobody follows."""


def backfilled_is_night_by_night(
    tmp_path: Path, n_nights: int, scale: float, sources: list[str], nights_a_release: int = 1
) -> None:
    """Compare one backfill with the nights one by one, of which every so many end with a full refresh."""
    world, whole, by_night = tmp_path / "world", tmp_path / "whole", tmp_path / "by_night"
    print(f"simulated world: seed {SEED}, {n_nights} nights")
    simulate(world, scale=scale, nights=n_nights, seed=SEED)
    with published(world, sources) as (server, addresses, nights):
        for home in (whole, by_night):
            home.mkdir()
            (home / "remotes.yaml").write_text(addresses, encoding="utf-8")
        for number, night in enumerate(nights, start=1):
            if number % nights_a_release == 0 or number == n_nights:
                succeeded(touchstone(by_night, "refresh", "--as-of", f"{night}"))
            else:
                take_in(Home(by_night), night, sources)
        days = f"{nights[0]}..{nights[-1]}"
        succeeded(touchstone(whole, "refresh", "--backfill", days, "--as-of", f"{nights[-1]}"))
        n_files = len(server.files)
        assert [sum(len(manifests(Home(home), one)) for one in sources) for home in (whole, by_night)] == [n_files] * 2
        assert fingerprint(whole) == fingerprint(by_night)
        asked = len(server.asked)
        again = succeeded(touchstone(whole, "refresh", "--backfill", days, "--as-of", f"{nights[-1]}"))
        assert "Nothing new" in again.stdout
        assert {one.status for one in server.asked[asked:]} == {304, 404}


@pytest.mark.scale
def test_a_few_nights_by_one_backfill_are_the_nights_one_by_one(tmp_path: Path) -> None:
    backfilled_is_night_by_night(tmp_path, 4, 0.05, FEW)


@pytest.mark.scale
def test_sixty_nights_by_one_backfill_are_the_nights_one_by_one(tmp_path: Path) -> None:
    backfilled_is_night_by_night(tmp_path, 60, 0.1, sorted(load_sources()), nights_a_release=20)


@pytest.mark.scale
def test_a_remote_that_fails_stops_no_other_source(tmp_path: Path) -> None:
    world, home = tmp_path / "world", tmp_path / "home"
    simulate(world, scale=0.05, nights=1, seed=SEED)
    with published(world, FEW) as (server, addresses, nights):
        home.mkdir()
        (home / "remotes.yaml").write_text(addresses, encoding="utf-8")
        for path, file in server.files.items():
            if "tipo_gazette" in path:
                file.faults.extend(["error 403"] * 10)
        result = succeeded(touchstone(home, "refresh", "--as-of", f"{nights[0]}"))
        lines = [line for line in result.stderr.splitlines() if "tipo_gazette" in line]
        assert len(lines) == len([path for path in server.files if "tipo_gazette" in path])
        assert all("not fetched: the server answered 403" in line for line in lines)
        assert rows(home, "select count(*) > 0 from star.dim_enterprise where is_registered") == [(True,)]
        assert rows(home, "select count(*) from star.dim_trademark where office_code = 'TW'") == [(0,)]
        shown = succeeded(touchstone(home, "status")).stdout
        assert "not fetched: tipo_gazette: " in shown
        days = f"{nights[0]}..{nights[0]}"
        result = touchstone(home, "refresh", "--backfill", days, "--as-of", f"{nights[0]}")
        assert result.returncode == 1
        assert "days could not be backfilled" in result.stderr.splitlines()[-1]
        for file in server.files.values():
            file.faults.clear()
        succeeded(touchstone(home, "refresh", "--backfill", days, "--as-of", f"{nights[0]}"))
        assert rows(home, "select count(*) > 0 from star.dim_trademark where office_code = 'TW'") == [(True,)]
        assert "not fetched" not in succeeded(touchstone(home, "status")).stdout


@pytest.mark.slow
def test_a_backfill_in_dagster_is_a_run_over_a_range_of_days(tmp_path: Path) -> None:
    world, home = tmp_path / "world", Home(tmp_path / "home")
    simulate(world, scale=0.05, nights=3, seed=SEED)
    with published(world, ["tipo_gazette"]) as (_, addresses, nights), dg.DagsterInstance.ephemeral() as instance:
        home.root.mkdir()
        home.remotes.write_text(addresses, encoding="utf-8")
        PARSED.lend(home)
        defs = definitions.assemble(home)
        key = dg.AssetKey(["remote", "tipo_gazette"])
        result = defs.resolve_job_def(BACKFILL).execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": f"{nights[0]}",
                "dagster/asset_partition_range_end": f"{nights[1]}",
            },
        )
        assert result.success
        assert instance.get_materialized_partitions(key) == {f"{night}" for night in nights[:2]}
        assert len(manifests(home, "tipo_gazette")) == 3
        result = defs.resolve_job_def(BACKFILL).execute_in_process(instance=instance, partition_key=f"{nights[2]}")
        assert result.success
        assert instance.get_materialized_partitions(key) == {f"{night}" for night in nights}


@pytest.mark.slow
def test_the_nightly_job_fetches_what_its_settings_state(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    home.remotes.write_text(
        json.dumps({"rasff": [{"url": "http://127.0.0.1:9/{date}.csv", "since": "2024-05-01"}]}), encoding="utf-8"
    )
    PARSED.lend(home)
    graph = definitions.assemble(home)
    nightly = graph.resolve_job_def("nightly_refresh").asset_layer
    keys = {key.to_user_string() for key in nightly.executable_asset_keys}
    assert "deliveries/rasff" in keys
    assert "remote/rasff" not in keys
    remote = graph.resolve_asset_graph().get(dg.AssetKey(["deliveries", "rasff"]))
    assert dg.AssetKey(["remote", "rasff"]) in remote.parent_keys
