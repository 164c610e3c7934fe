"""Receiving: complete files of the landing folders become deliveries in the archive."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.contract.declarations import Source
from pipelines.receiving.archive import archive_file
from pipelines.receiving.manifest import Manifest
from pipelines.state.home import Home

Report = Callable[[str, int | None], None]
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
# A file written to within this time may still be growing; it is looked at once more after the wait.
_SETTLE_SECONDS = 0.5


def has_landed(home: Home, source: Source) -> bool:
    """Whether the landing folder of a source holds anything to take."""
    return bool(_landed(home, source))


def _landed(home: Home, source: Source) -> list[Path]:
    folder = home.landing(source.id)
    return sorted(
        path
        for path in folder.rglob("*")
        if (path.is_file() or path.is_symlink())
        and not path.name.startswith(".")
        and not path.name.lower().endswith(_UNFINISHED)
    )


def receive(home: Home, source: Source, report: Report) -> list[Manifest]:
    """Take every finished file of landing/<source> into the archive and return the manifests of what was taken.

    The same bytes twice are one delivery: the second file is removed from landing and its first manifest returned.
    A file that is still growing is left for the next time. A delivery whose name or size is not the source's is
    archived with state refused.
    """
    taken: list[Manifest] = []
    landing = home.landing(source.id).resolve()
    files: list[Path] = []
    for path in _landed(home, source):
        if path.is_symlink() or not path.resolve().is_relative_to(landing):
            report(f"{path.name} is a link: left alone; put the file itself into landing/{source.id}", None)
        else:
            files.append(path)
    growing = _still_growing(files)
    for path in files:
        if path in growing:
            report(f"{path.name} is still being written: left for the next refresh", None)
            continue
        taken.append(archive_file(home, source, path, path.name))
        report(f"received {path.name}", None)
    return taken


def _still_growing(files: list[Path]) -> set[Path]:
    """Those of the files that somebody has open for writing, or that changed within a moment."""
    before = {path: path.stat() for path in files}
    now = time.time()
    young = [path for path, seen in before.items() if 0 <= now - seen.st_mtime < _SETTLE_SECONDS]
    if young:
        time.sleep(_SETTLE_SECONDS)
    growing = set()
    for path in files:
        if path in young:
            after = path.stat()
            if (before[path].st_size, before[path].st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                growing.add(path)
        if _is_open_for_writing(path):
            growing.add(path)
    return growing


def _is_open_for_writing(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing, where the file system can tell."""
    with path.open("rb") as file:
        try:
            # The kernel grants a read lease only on a file that nobody writes to. Should somebody begin to meanwhile,
            # it tells so by a signal, which must not be the one that ends the process.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES) and os.fstat(file.fileno()).st_uid == os.geteuid()
    return False
