"""What this process may use of the machine: memory and cores, within the limits of its control groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")


def usable_memory(root: Path = _ROOT) -> int:
    """Bytes of memory that this process may use: the machine's, or less where a control group allows less.

    `root` is where /proc and /sys are mounted. The limits are `memory.max` (version 2) and `memory.limit_in_bytes`
    (version 1) of the process's group and of every group above it.
    """
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for folder in _control_groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += [int(text) for text in _words(folder / name) if text.isdigit()]
    return min(limits)


def usable_cores(root: Path = _ROOT) -> int:
    """Cores that this process may use: those it is bound to, or fewer where a control group's quota is smaller.

    The quota is read from `cpu.max` (version 2) and `cpu.cfs_quota_us` (version 1) and rounded down; at least 1.
    """
    cores = len(os.sched_getaffinity(0))
    for folder in _control_groups(root, "cpu"):
        words = _words(folder / "cpu.max") or _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
        # `max` and -1 set no limit.
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
            cores = min(cores, int(words[0]) // int(words[1]))
    return max(1, cores)


def _control_groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control groups for a controller, each followed by the groups above it."""
    mounted = root / "sys" / "fs" / "cgroup"
    for line in _lines(root / "proc" / "self" / "cgroup"):
        _, controllers, group = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = mounted / controller if controllers else mounted
        folder = top / group.lstrip("/")
        yield folder
        if folder != top:
            # Inside a container the path may be the one on the host, of which only the top is mounted.
            yield from (parent for parent in folder.parents if parent.is_relative_to(top))


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]


def _lines(path: Path) -> list[str]:
    """The lines of a kernel file; none where the kernel has no such file or forbids reading it."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
