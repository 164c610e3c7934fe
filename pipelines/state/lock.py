"""One refresh at a time per home: an advisory lock on a file, which the kernel releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.errors import TouchstoneError
from pipelines.state.home import Home

# A second flock from the same process on another descriptor would refuse its own holder: the run that `refresh`
# starts in its own process takes the lock again.
_held_by_this_process: dict[str, int] = {}


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home's refresh lock; taking it again within the process that holds it is allowed.

    Raises TouchstoneError with the holder's process id when another process refreshes this home.
    """
    path = home.root / ".refresh.lock"
    key = str(path)
    if key in _held_by_this_process:
        _held_by_this_process[key] += 1
        try:
            yield
        finally:
            _held_by_this_process[key] -= 1
        return
    home.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise TouchstoneError(
                f"{home.root}: another refresh is running (process {holder}); wait for it to end and try again"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        _held_by_this_process[key] = 1
        try:
            yield
        finally:
            del _held_by_this_process[key]
    finally:
        os.close(descriptor)
