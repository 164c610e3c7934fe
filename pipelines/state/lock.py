"""One refresh at a time per home: a lock on a file, which the kernel releases when its holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipelines.errors import TouchstoneError
from pipelines.state.home import Home


@contextmanager
def refresh_lock(home: Home) -> Iterator[None]:
    """Hold the home's refresh lock; taking it again within the process that holds it is allowed.

    Raises TouchstoneError with the holder's process id when another process refreshes this home.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    path = home.root / ".refresh.lock"
    # One lock for all threads of this process: the run that `refresh` starts in its own process takes it again.
    lock = FileLock(path, blocking=False, thread_local=False, is_singleton=True, on_acquired=_write_process_id)
    try:
        lock.acquire()
    except Timeout as error:
        holder = path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
        raise TouchstoneError(
            f"{home.root}: another refresh is running (process {holder}); wait for it to end and try again"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _write_process_id(descriptor: int) -> None:
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
