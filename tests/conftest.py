"""A simulated world and the release made of it, shared by every test that reads a release."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.simulate import simulate
from tests.answers import NIGHTS, SCALE, SEED, build
from tests.commands import AS_OF, REAL, REAL_FOLDERS, succeeded, touchstone


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated deliveries of a few nights, with their truth tables."""
    out = tmp_path_factory.mktemp("world")
    print(f"simulated world: seed {SEED}, {NIGHTS} nights")
    simulate(out, scale=SCALE, nights=NIGHTS, seed=SEED)
    return out


@pytest.fixture(scope="session")
def simulated_home(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that received the simulated nights one after the other; not to be changed."""
    home = tmp_path_factory.mktemp("night_by_night")
    build(world, home)
    return home


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that received the files that offices really published; not to be changed."""
    home = tmp_path_factory.mktemp("real")
    for source_id, folder in REAL_FOLDERS.items():
        land_folder = home / "landing" / source_id
        land_folder.mkdir(parents=True)
        for path in (REAL / folder).iterdir():
            shutil.copyfile(path, land_folder / path.name)
    succeeded(touchstone(home, "refresh", "--as-of", AS_OF))
    return home
