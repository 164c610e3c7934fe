"""Landing folders: their complete files become deliveries in the archive."""

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
# A file that changed within this time may still be growing; it is checked again after as long.
_SETTLE_SECONDS = 0.5


def has_landed(home: Home, source: Source) -> bool:
    """Whether the landing folder of a source has a file to take."""
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
    """Move every complete file of landing/<source> into the archive and return the manifests of their deliveries.

    The same bytes twice are one delivery: the second file is removed from landing and its first manifest returned.
    A file that is still growing stays for the next refresh. A delivery whose name or size is not the source's is
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
    """The files that a process has open for writing, or that changed a moment ago and do so still."""
    before = {path: path.stat() for path in files}
    now = time.time()
    recent = [path for path, status in before.items() if 0 <= now - status.st_mtime < _SETTLE_SECONDS]
    if recent:
        time.sleep(_SETTLE_SECONDS)
    growing = set()
    for path in files:
        if path in recent:
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
            # The kernel grants a read lease only on a file that nobody writes to. When a process begins to write during
            # the lease, the kernel sends a signal, which must not be the default one: that would end this process.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES) and os.fstat(file.fileno()).st_uid == os.geteuid()
    return False
