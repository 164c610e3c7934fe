"""Writing a file so that its readers find the complete old file or the complete new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """A path next to `target` to write to. It takes the name of `target` when the block ends without an error.

    After an error nothing of it is left, and `target` is as it was.
    """
    partial = target.with_name(f".{target.name}.partial")
    # A killed process may have left one.
    partial.unlink(missing_ok=True)
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
