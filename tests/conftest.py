"""A simulated world and the releases that tests read, each made once for all workers of a run."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.simulation.simulate import simulate
from pipelines.state.home import Home
from tests.worlds.answers import NIGHTS, SCALE, SEED, build
from tests.worlds.commands import AS_OF, REAL, REAL_FOLDERS, succeeded, touchstone
from tests.worlds.dbt_models import PARSED

# Rooms whose tests build models or refresh, and fixtures that cost a refresh or a simulation.
SLOW_ROOMS = ("models", "oracle", "orchestration", "whole")
SLOW_FIXTURES = frozenset({"world", "simulated_home", "real_home"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `slow` what `make test-fast` leaves out, in addition to the tests that are marked one by one."""
    for item in items:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        if room in SLOW_ROOMS or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run see."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session", autouse=True)
def _parsed_project(shared: Path) -> None:
    PARSED.home = Home(shared / "parsed")


@pytest.fixture(scope="session")
def world(shared: Path) -> Path:
    """The simulated deliveries of a few nights, with their truth tables; not to be changed."""
    print(f"simulated world: seed {SEED}, {NIGHTS} nights")
    return _made_once(shared / "world", lambda out: simulate(out, scale=SCALE, nights=NIGHTS, seed=SEED))


@pytest.fixture(scope="session")
def simulated_home(world: Path, shared: Path) -> Iterator[Path]:
    """A home that received the simulated nights one after the other; not to be changed."""
    home = _made_once(shared / "night_by_night", lambda home: build(world, home))
    before = _files(home)
    yield home
    assert _files(home) == before, f"a test changed {home}, which others read: let it take a copy"


@pytest.fixture(scope="session")
def published_files() -> Path:
    """Files that offices really published: they are next to the repository, not part of it."""
    if not REAL.is_dir():
        pytest.skip(f"no real deliveries at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def real_home(published_files: Path, shared: Path) -> Iterator[Path]:
    """A home that received the files that offices really published; not to be changed."""

    def receive(home: Path) -> None:
        for source_id, folder in REAL_FOLDERS.items():
            land_folder = home / "landing" / source_id
            land_folder.mkdir(parents=True)
            for path in (published_files / folder).iterdir():
                shutil.copyfile(path, land_folder / path.name)
        succeeded(touchstone(home, "refresh", "--as-of", AS_OF))

    home = _made_once(shared / "real", receive)
    before = _files(home)
    yield home
    assert _files(home) == before, f"a test changed {home}, which others read: let it take a copy"


@pytest.fixture
def example_seed(request: pytest.FixtureRequest) -> int:
    """What hypothesis draws gathered examples from: `--hypothesis-seed`, else another one each time."""
    given = request.config.getoption("--hypothesis-seed")
    chosen = random.SystemRandom().randrange(2**32) if given in (None, "random") else int(given)
    print(f"to draw the same again: --hypothesis-seed={chosen}")
    return chosen


def _made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """The folder, made by the first worker that asks for it while the others wait."""
    made = folder.with_suffix(".made")
    with FileLock(folder.with_suffix(".lock")):
        if not made.exists():
            # What a failed attempt of another worker left.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def _files(home: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of each file of a home; reading may make and remove a folder for what it needs meanwhile."""
    found = {path: path.lstat() for path in home.rglob("*") if path.is_symlink() or path.is_file()}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}
