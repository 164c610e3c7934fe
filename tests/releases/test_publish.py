"""Publishing and going back: readers see one complete release or another, whatever is killed when."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import TouchstoneError, UsageError
from pipelines.releases import publish as publishing
from pipelines.releases.publish import publish, rollback
from pipelines.releases.release import (
    Release,
    current_release,
    find_release,
    list_releases,
    next_release_id,
    open_current,
)
from pipelines.state.home import Home
from pipelines.state.version import code_version
from tests.worlds.hand_made_release import AS_OF, GATES, make_candidate, publish_version, python, subprocess_environment

READER = """
import sys, time, duckdb
from pathlib import Path
from pipelines.state.home import Home
from pipelines.releases.release import open_current
mode, home, stop = sys.argv[1], Home(Path(sys.argv[2])), Path(sys.argv[3])
question = "select distinct version from (select version from star.dim_trademark union all" \\
    " select version from marts.target_progress union all select version from meta.tables)"
seen, n = [], 0
held = open_current(home)
print("reading", flush=True)
while not stop.exists():
    if mode == "hold":
        found = held.execute(question).fetchall()
    else:
        with open_current(home) as connection:
            found = connection.execute(question).fetchall()
    assert len(found) == 1, found
    n += 1
    if found[0][0] not in seen:
        seen.append(found[0][0])
print(n, *seen, flush=True)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.worlds.hand_made_release import AS_OF, GATES, make_candidate
from pipelines.releases import publish as publishing
from pipelines.state.home import Home
home, point, version = Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
candidate = make_candidate(home.runs / "killed" / "candidate.duckdb", version)
owner, name = {
    "checkpoint": (publishing, "_checkpoint"), "export": (publishing, "_export_parquet"),
    "site": (publishing.page, "write_site"), "move": (publishing.shutil, "move"),
    "sync": (publishing, "_sync_tree"), "manifest": (publishing, "_write_synced"),
    "rename": (Path, "rename"), "repoint": (publishing, "_repoint"), "link": (publishing.os, "replace"),
    "prune": (publishing, "_prune"), "removal": (publishing.shutil, "rmtree"),
}[point.split("-")[0]]
original = getattr(owner, name)
def die(*arguments, **options):
    if point == "removal":
        (Path(arguments[0]) / "warehouse.duckdb").unlink()
    if point.endswith("-after"):
        original(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, die)
publishing.publish(home, candidate, AS_OF, f"{version:08x}", GATES)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def seven_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with as many releases as are kept, versions 0 to 6, to be copied."""
    home = Home(tmp_path_factory.mktemp("seven") / "home")
    for version in range(7):
        publish_version(home, version)
    return home.root


def version_read(home: Home) -> int:
    with open_current(home) as connection:
        found = connection.execute("select distinct version from star.dim_trademark").fetchall()
    assert len(found) == 1
    return int(found[0][0])


def test_a_release_is_complete(home: Home) -> None:
    candidate = make_candidate(home.runs / "candidate.duckdb", 1)
    release = publish(home, candidate, AS_OF, "abcdef0123456789", GATES)

    assert not candidate.exists()
    assert re.fullmatch(r"\d{8}T\d{6}Z-abcdef01", release.release_id)
    assert release.path == home.releases / release.release_id
    assert (release.as_of, release.inputs_hash, release.gates) == (AS_OF, "abcdef0123456789", GATES)
    assert abs((datetime.now(UTC) - release.built_at).total_seconds()) < 60
    assert release.tables == {
        "audit.checks": 2,
        "marts.target_progress": 1,
        "meta.tables": 1,
        "star.dim_trademark": 4,
    }
    assert current_release(home) == release
    assert list_releases(home) == [release]
    written = json.loads((release.path / "release.json").read_text(encoding="utf-8"))
    assert (written["release_id"], written["code_version"]) == (release.release_id, code_version())
    assert os.readlink(home.current) == f"releases/{release.release_id}/warehouse.duckdb"
    assert {path.name for path in release.path.iterdir()} == {"warehouse.duckdb", "release.json", "parquet", "site"}
    assert not release.database.stat().st_mode & 0o222
    assert not [path for path in home.root.rglob("*") if path.name.endswith((".wal", ".partial"))]


def test_a_release_published_before_code_versions_is_read_without_one(home: Home) -> None:
    release = publish_version(home, 1)
    manifest = release.path / "release.json"
    written = json.loads(manifest.read_text(encoding="utf-8"))
    del written["code_version"]
    manifest.write_text(json.dumps(written), encoding="utf-8")
    assert current_release(home) == replace(release, code_version=None)


def test_parquet_holds_what_the_tables_hold(home: Home) -> None:
    release = publish_version(home, 1)
    with open_current(home) as connection:
        for name in release.tables:
            schema, table = name.split(".")
            path = release.path / "parquet" / schema / f"{table}.parquet"
            differing = connection.execute(
                f"select count(*) from (select columns(*)::varchar from {name} except all"
                f" select columns(*)::varchar from '{path}')"
            ).fetchall()
            compression = connection.execute("select distinct compression from parquet_metadata(?)", [str(path)])
            assert differing == [(0,)]
            assert compression.fetchall() == [("ZSTD",)]


class _Page(HTMLParser):
    """The links, tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_useful_and_stands_alone(home: Home) -> None:
    release = publish_version(home, 1)
    text = (release.path / "site" / "index.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert len(page.links) == len(release.tables) + 1
    for link in page.links:
        assert (release.path / "site" / link).resolve().is_file(), link
    for told in (release.release_id, "有效注册商标总量", "Valid registered trademarks", "123,456", "500,000", "24.7"):
        assert told in page.text
    # Text of deliveries is never markup.
    assert "<script>alert(1)</script>" in page.text
    assert "商标 <一件一行> Trademarks & marks" in page.text


def test_another_site_may_be_built(home: Home) -> None:
    def build(release: Release, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        (folder / "index.html").write_text(release.release_id, encoding="utf-8")

    release = publish(home, make_candidate(home.runs / "c.duckdb", 1), AS_OF, "0" * 8, GATES, site=build)
    assert (release.path / "site" / "index.html").read_text(encoding="utf-8") == release.release_id


def test_two_releases_within_a_second_differ(home: Home) -> None:
    ids = {
        publish(home, make_candidate(home.runs / "c.duckdb", version), AS_OF, "0" * 8, GATES).release_id
        for version in range(3)
    }
    assert len(ids) == 3
    with pytest.raises(ValueError, match="hexadecimal"):
        next_release_id(home, "../../..")


def test_a_reserved_id_is_used_once(home: Home) -> None:
    reserved = next_release_id(home, "12345678", datetime(2024, 5, 10, 18, tzinfo=UTC))
    assert reserved == "20240510T180000Z-12345678"
    candidate = make_candidate(home.runs / "c.duckdb", 1)
    assert publish(home, candidate, AS_OF, "12345678", GATES, release_id=reserved).release_id == reserved
    candidate = make_candidate(home.runs / "c.duckdb", 2)
    for unfit in (reserved, "../elsewhere"):
        with pytest.raises(TouchstoneError, match="not a new release id"):
            publish(home, candidate, AS_OF, "12345678", GATES, release_id=unfit)
    assert candidate.exists()


def test_the_last_seven_are_kept(home: Home) -> None:
    published = [publish_version(home, version) for version in range(9)]
    assert list_releases(home) == published[:1:-1]
    assert {path.name for path in home.releases.iterdir() if path.is_dir()} == {one.release_id for one in published[2:]}


def test_an_older_current_release_is_not_pruned(home: Home) -> None:
    published = [publish_version(home, version) for version in range(7)]
    rollback(home, published[0].release_id)
    # As after a clock that was set back: the release made now is older by name than those that are kept.
    early = next_release_id(home, "0" * 8, datetime(2001, 1, 1, tzinfo=UTC))
    candidate = make_candidate(home.runs / "c.duckdb", 99)
    publish(home, candidate, AS_OF, "0" * 8, GATES, release_id=early)
    assert version_read(home) == 99
    assert len(list_releases(home)) == 8


def test_rollback_and_publish_again(home: Home) -> None:
    published = [publish_version(home, version) for version in range(4)]
    assert rollback(home) == published[2]
    assert rollback(home) == published[1]
    assert (version_read(home), current_release(home)) == (1, published[1])
    assert rollback(home, published[3].release_id) == published[3]
    assert rollback(home, published[3].release_id) == published[3]
    assert rollback(home, published[0].release_id) == published[0]
    with pytest.raises(UsageError, match="no release before the current one"):
        rollback(home)
    with pytest.raises(UsageError, match=published[1].release_id):
        rollback(home, "../runs")
    assert current_release(home) == published[0]
    assert publish_version(home, 5) == current_release(home)
    assert len(list_releases(home)) == 5


def test_before_the_first_release(home: Home) -> None:
    assert current_release(home) is None
    assert list_releases(home) == []
    for ask in (lambda: open_current(home), lambda: rollback(home), lambda: find_release(home, None)):
        with pytest.raises(UsageError, match="touchstone refresh"):
            ask()
    with pytest.raises(UsageError, match="available: none"):
        find_release(home, "20240510T180000Z-12345678")


def test_a_link_to_nothing_is_reported_and_repaired_by_rollback(home: Home) -> None:
    published = [publish_version(home, version) for version in range(2)]
    published[1].database.unlink()
    with pytest.raises(TouchstoneError, match="rollback"):
        open_current(home)
    assert rollback(home) == published[0]
    assert version_read(home) == 0


def test_a_home_can_be_moved(home: Home, tmp_path: Path) -> None:
    publish_version(home, 1)
    home.root.rename(tmp_path / "moved")
    assert version_read(Home(tmp_path / "moved")) == 1


def test_an_unfit_candidate_changes_nothing(home: Home) -> None:
    first = publish_version(home, 1)
    empty = home.runs / "empty.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{empty}' as candidate (storage_version 'v1.5.0')")
        connection.execute("create table candidate.main.scratch as select 1 as a")
    newer = make_candidate(home.runs / "newer.duckdb", 2, storage_version="latest")
    garbage = home.runs / "garbage.duckdb"
    garbage.write_bytes(b"garbage" * 1000)
    for candidate, told in [
        (empty, "no table in star"),
        (newer, "storage_compatibility_version"),
        (garbage, "garbage.duckdb: not publishable"),
        (home.runs / "absent.duckdb", "no candidate there"),
    ]:
        with pytest.raises(TouchstoneError, match=told) as caught:
            publish(home, candidate, AS_OF, "0" * 8, GATES)
        assert "\n" not in str(caught.value)
    held = make_candidate(home.runs / "held.duckdb", 3)
    holder = subprocess.Popen(
        python("-c", f"import duckdb; c = duckdb.connect({str(held)!r}); print('held', flush=True); input()"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(TouchstoneError, match="not publishable"):
        publish(home, held, AS_OF, "0" * 8, GATES)
    holder.communicate(b"\n")
    assert current_release(home) == first
    assert publish(home, held, AS_OF, "0" * 8, GATES) == current_release(home)
    assert not list(home.releases.glob("*.partial"))


def test_what_is_only_in_the_log_is_published(home: Home) -> None:
    candidate = make_candidate(home.runs / "c.duckdb", 1)
    writer = f"""
import duckdb, os, signal
c = duckdb.connect({str(candidate)!r})
c.execute("set checkpoint_threshold = '1GB'")
c.execute("insert into star.dim_trademark values (77, 'US', 'late', date '2024-01-01', 1)")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(python("-c", writer), check=False)
    assert candidate.with_name("c.duckdb.wal").exists()
    assert publish(home, candidate, AS_OF, "0" * 8, GATES).tables["star.dim_trademark"] == 5
    with open_current(home) as connection:
        assert connection.execute("from star.dim_trademark where trademark_key = 77").fetchone() is not None


@pytest.mark.slow
def test_readers_are_not_disturbed(home: Home, tmp_path: Path) -> None:
    published = [publish_version(home, 0)]
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            python("-c", READER, mode, str(home.root), str(stop)),
            env=subprocess_environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mode in ("hold", "reopen", "reopen")
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
    # More publishes than are kept: the release that is held loses its name meanwhile.
    for version in range(1, 9):
        published.append(publish_version(home, version))
        time.sleep(0.05)
    rollback(home, published[5].release_id)
    time.sleep(0.3)
    published.append(publish_version(home, 10))
    time.sleep(0.3)
    assert not published[0].path.exists()
    stop.touch()
    results = []
    for reader in readers:
        out, err = reader.communicate(timeout=30)
        assert reader.returncode == 0, err
        results.append([int(word) for word in out.split()])
    assert results[0][1:] == [0]
    for n_reads, *seen in results[1:]:
        assert n_reads > 10
        assert seen[-1] == 10
        assert {0, 5, 10} <= set(seen)


def test_one_process_sees_the_new_release_while_it_holds_the_old(home: Home) -> None:
    publish_version(home, 1)
    with open_current(home) as held:
        publish_version(home, 2)
        assert version_read(home) == 2
        assert held.execute("select distinct version from star.dim_trademark").fetchall() == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        *("checkpoint", "export", "export-after", "site", "move", "move-after", "sync-after", "manifest"),
        *("manifest-after", "rename", "rename-after", "repoint", "link", "link-after", "prune", "removal"),
    ],
)
def test_a_killed_publish_leaves_a_complete_release_current(home: Home, seven_releases: Path, point: str) -> None:
    shutil.copytree(seven_releases, home.root, symlinks=True)
    last = list_releases(home)[0]
    child = subprocess.run(
        python("-c", KILLED, str(home.root), point, "7"), env=subprocess_environment(home), check=False
    )
    assert child.returncode == -signal.SIGKILL
    # Only the link's replacement makes the new release current.
    repointed = point in ("link-after", "prune", "removal")
    assert version_read(home) == (7 if repointed else 6)
    for release in list_releases(home):
        with duckdb.connect(str(release.database), read_only=True) as connection:
            assert connection.execute("select count(*) from star.dim_trademark").fetchall() == [(4,)]
    assert publish_version(home, 8) == current_release(home)
    assert version_read(home) == 8
    assert last in list_releases(home)
    folders = {path.name for path in home.releases.iterdir() if path.is_dir()}
    assert folders == {release.release_id for release in list_releases(home)}
    assert len(folders) == 7
    assert not list(home.root.glob(".touchstone.duckdb.*"))


@pytest.mark.slow
def test_kills_at_random_moments(home: Home) -> None:
    publish_version(home, 0)
    worker = """
import sys
from pathlib import Path
from pipelines.state.home import Home
from pipelines.state.version import code_version
from tests.worlds.hand_made_release import publish_version
for version in range(1, 1000):
    publish_version(Home(Path(sys.argv[1])), version)
    print(version, flush=True)
"""
    moments = random.Random(20240510)
    for _ in range(5):
        child = subprocess.Popen(
            python("-c", worker, str(home.root)), env=subprocess_environment(home), stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(moments.uniform(0, 0.4))
        child.kill()
        child.communicate()
        version_read(home)
        assert current_release(home) in list_releases(home)
    publish_version(home, 5000)
    assert version_read(home) == 5000


def test_one_publish_or_rollback_at_a_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_version(home, 1)
    publish_version(home, 2)
    refused: list[str] = []
    original = publishing._export_parquet

    def meanwhile(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        with pytest.raises(TouchstoneError, match="is running") as caught:
            rollback(home)
        refused.append(str(caught.value))
        original(connection, folder)

    monkeypatch.setattr(publishing, "_export_parquet", meanwhile)
    publish_version(home, 3)
    assert len(refused) == 1
    assert version_read(home) == 3
