"""Receiving: complete files of the landing folders, each once, into the content-addressed archive."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from pipelines.parsing.parse import parse_deliveries
from pipelines.receiving.landing import has_landed, receive
from pipelines.receiving.manifest import MANIFEST_NAME, Manifest, manifests
from pipelines.state.home import PROJECT_ROOT, Home
from tests.worlds.hand_made_deliveries import case_file, csv_bytes, enterprises, silent, source, uspto

CONTENT = csv_bytes(enterprises("甲示例厂"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.landing("enterprise_register").mkdir(parents=True)
    return made


def land(home: Home, name: str, content: bytes = CONTENT, age: float = 60.0) -> Path:
    path = home.landing("enterprise_register") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


def take(home: Home) -> tuple[list[Manifest], list[str]]:
    reported: list[str] = []
    taken = receive(home, source("enterprise_register"), lambda message, _rows: reported.append(message))
    return taken, reported


def landed(home: Home) -> list[str]:
    return sorted(path.name for path in home.landing("enterprise_register").rglob("*") if path.is_file())


def test_the_archive_is_addressed_by_content(home: Home) -> None:
    land(home, "area/e 1.csv")
    (manifest,), reported = take(home)
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (manifest.sha256, manifest.bytes, manifest.original_name) == (digest, len(CONTENT), "e 1.csv")
    assert (manifest.state, manifest.licence) == ("received", source("enterprise_register").licence)
    assert manifest.path(home).read_bytes() == CONTENT
    assert manifests(home, "enterprise_register") == [manifest]
    assert (landed(home), reported) == ([], ["received e 1.csv"])


def test_the_same_bytes_under_two_names_are_one_delivery(home: Home) -> None:
    land(home, "a.csv")
    land(home, "b.csv")
    taken, _ = take(home)
    assert [m.original_name for m in taken] == ["a.csv", "a.csv"]
    land(home, "c.csv")
    take(home)
    assert [m.original_name for m in manifests(home, "enterprise_register")] == ["a.csv"]
    assert landed(home) == []


def test_a_delivery_refused_for_its_name_is_taken_under_a_right_one(home: Home) -> None:
    land(home, "e.txt")
    (refused,), _ = take(home)
    assert refused.state == "refused"
    land(home, "e.csv")
    take(home)
    (manifest,) = parse_deliveries(home, source("enterprise_register"), silent)
    assert (manifest.original_name, manifest.state, manifest.n_loaded) == ("e.csv", "loaded", 1)
    assert sorted(path.name for path in manifest.path(home).parent.iterdir()) == [MANIFEST_NAME, "e.csv"]


@pytest.mark.parametrize("name", ["e.csv.part", "e.csv.PARTIAL", "e.tmp", "e.csv.crdownload", "e.filepart", ".e.csv"])
def test_unfinished_files_are_left(home: Home, name: str) -> None:
    land(home, name)
    assert take(home) == ([], [])
    assert not has_landed(home, source("enterprise_register"))
    assert landed(home) == [name]


def test_a_file_that_somebody_writes_to_is_left(home: Home) -> None:
    """However long ago it was last written to: a stalled transfer must not be taken in half."""
    path = land(home, "e.csv")
    script = f"import time\nwith open({str(path)!r}, 'ab'):\n    print('open', flush=True)\n    time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        taken, reported = take(home)
        writer.kill()
    assert (taken, reported) == ([], ["e.csv is still being written: left for the next refresh"])
    assert [m.original_name for m in take(home)[0]] == ["e.csv"]


def test_a_file_that_grows_while_it_is_looked_at_is_left(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = land(home, "e.csv", age=0)
    land(home, "whole.csv", CONTENT + b"\n", age=0)
    waits: list[float] = []

    def grow(seconds: float) -> None:
        waits.append(seconds)
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr("pipelines.receiving.landing.time.sleep", grow)
    taken, _ = take(home)
    assert [m.original_name for m in taken] == ["whole.csv"]
    assert len(waits) == 1, "one wait serves all files"


def test_links_are_left_alone(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_bytes(CONTENT)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "f.csv").write_bytes(CONTENT)
    landing = home.landing("enterprise_register")
    (landing / "out.csv").symlink_to(outside)
    (landing / "dangling.csv").symlink_to(tmp_path / "nowhere.csv")
    (landing / "folder").symlink_to(tmp_path / "folder")
    land(home, "real.csv")
    (landing / "inside.csv").symlink_to(landing / "real.csv")
    taken, reported = take(home)
    assert [(m.original_name, m.path(home).is_symlink()) for m in taken] == [("real.csv", False)]
    assert "out.csv is a link: left alone; put the file itself into landing/enterprise_register" in reported
    assert outside.read_bytes() == CONTENT


def test_a_file_named_like_the_manifest_keeps_its_bytes(home: Home) -> None:
    land(home, MANIFEST_NAME, b"{}")
    (manifest,), _ = take(home)
    assert manifest.state == "refused"
    assert manifest.path(home).read_bytes() == b"{}"
    assert manifests(home, "enterprise_register") == [manifest]


def test_landing_on_another_file_system_is_copied(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(_source: object, _target: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr("pipelines.receiving.archive.os.link", no_link)
    land(home, "e.csv")
    (manifest,), _ = take(home)
    assert manifest.path(home).read_bytes() == CONTENT
    assert landed(home) == []


@pytest.mark.parametrize(
    ("name", "day"),
    [("codes_2024.csv", date(2024, 12, 31)), ("codes.csv", None), ("codes_1980-2019.csv", date(2019, 12, 31))],
)
def test_a_snapshot_is_dated_by_its_name(tmp_path: Path, name: str, day: date | None) -> None:
    home = Home(tmp_path)
    home.landing("region_codes").mkdir(parents=True)
    (home.landing("region_codes") / name).write_bytes(b"x")
    (manifest,) = receive(home, source("region_codes"), silent)
    assert manifest.snapshot_date == day


def test_a_snapshot_of_no_date_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.landing("region_codes").mkdir(parents=True)
    (home.landing("region_codes") / "codes_0000.csv").write_bytes(b"x")
    (manifest,) = receive(home, source("region_codes"), silent)
    assert manifest.reason == "0000 in its name is not a valid date; name it after the day it applies to"


KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.parsing import lake_writer, parse
from pipelines.receiving import archive, landing
from pipelines.receiving.manifest import Manifest
from pipelines.contract.loading import load_sources
from pipelines.state.home import Home

owner, name, count = sys.argv[2].split(":")
owners = {
    "archive.os": archive.os, "lake_writer.os": lake_writer.os, "Manifest": Manifest, "Path": Path,
    "LakeWriter": lake_writer.LakeWriter,
}
target = owners[owner]
real, left = getattr(target, name), [int(count)]

def dies(*arguments, **options):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)

setattr(target, name, dies)
home, source = Home(Path(sys.argv[1])), load_sources()["uspto_trademark"]
landing.receive(home, source, lambda message, rows: None)
parse.parse_deliveries(home, source, lambda message, rows: None)
"""


def outcome(home: Home) -> dict[str, bytes]:
    """Everything in the home by path, without the time of receipt and the runs folder."""
    contents = {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for path in sorted(home.root.rglob("*"))
        if path.is_file()
    }
    for name in contents:
        if name.endswith(MANIFEST_NAME):
            manifest = Manifest.model_validate_json(contents[name])
            contents[name] = manifest.model_dump_json(exclude={"received_at"}).encode()
    return {name: content for name, content in contents.items() if not name.startswith("quarantine/")}


@pytest.mark.parametrize(
    "at",
    [
        "archive.os:link:0",
        "Manifest:save:0",
        "Path:unlink:0",
        "LakeWriter:install:0",
        "lake_writer.os:replace:5",
        "Manifest:save:1",
    ],
)
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, at: str) -> None:
    """Wherever it was killed, the next run has the result of an undisturbed one, and leaves no partial file."""
    uspto_trademark = source("uspto_trademark")
    content = uspto([case_file("88000001"), case_file("no number"), case_file("88000003")])
    homes = [Home(tmp_path / "killed"), Home(tmp_path / "undisturbed")]
    for home in homes:
        home.landing(uspto_trademark.id).mkdir(parents=True)
        path = home.landing(uspto_trademark.id) / "d.xml"
        path.write_bytes(content)
        os.utime(path, (0, 0))
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(homes[0].root), at], cwd=PROJECT_ROOT, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    for home in homes:
        receive(home, uspto_trademark, silent)
        parse_deliveries(home, uspto_trademark, silent)
    killed, undisturbed = (outcome(home) for home in homes)
    assert killed == undisturbed
    assert list(homes[0].runs.iterdir()) == []
