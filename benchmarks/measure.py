"""Running a command and measuring it: wall time, and peak memory of its process tree."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pipelines.state.home import PROJECT_ROOT

POLL_SECONDS = 0.02
# A run of this many seconds or more is measured once: its noise is small compared with its length.
LONG_SECONDS = 30.0


@dataclass(frozen=True)
class Run:
    """One measured run: wall and processor seconds, peak resident bytes, and the last line printed."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    printed: str = ""


class CommandFailed(Exception):
    """A measured command ended with an error; the message is the end of what it printed."""


@dataclass
class Series:
    """The runs of one command, in order."""

    name: str
    runs: list[Run] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The highest peak: memory has to suffice for every run."""
        return max(run.peak_bytes for run in self.runs)

    def __str__(self) -> str:
        cpu = statistics.median(run.cpu_seconds for run in self.runs)
        return f"{self.name}: {', '.join(f'{run.seconds:.2f}' for run in self.runs)} s ({cpu:.2f} s of processor time)"


def python(*arguments: str | Path) -> list[str]:
    """A command that runs in this interpreter."""
    return [sys.executable, *map(str, arguments)]


def run_command(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Run:
    """Run a command in the project's folder until it ends.

    Peak memory is the highest sum of resident memory over the process and its descendants, by samples, and at least the
    peak of the first process that the kernel recorded. Raises CommandFailed with the last lines printed when the exit
    code is not 0.
    """
    peak = 0
    with log.open("wb") as output:
        cpu_before = _children_cpu()
        started = time.perf_counter()
        process = psutil.Popen(
            command, cwd=PROJECT_ROOT, env=dict(environment), stdout=output, stderr=subprocess.STDOUT, text=False
        )
        code: int | None = None
        while code is None:
            peak = max(peak, _high_water(process.pid), _resident(process))
            try:
                code = process.wait(POLL_SECONDS)
            except psutil.TimeoutExpired:
                continue
        seconds = time.perf_counter() - started
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    if code:
        last_lines = " / ".join(lines[-2:]) or "no output"
        raise CommandFailed(f"{' '.join(command[1:4])} ended with exit code {code}: {last_lines}")
    return Run(seconds, _children_cpu() - cpu_before, peak, lines[-1] if lines else "")


def _children_cpu() -> float:
    """Processor seconds of all children that have ended, with their descendants."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_seconds() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _high_water(pid: int) -> int:
    """Peak resident bytes of a process, as the kernel recorded them; 0 once it has ended.

    ru_maxrss cannot be used: a child started by vfork inherits it from its parent.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _resident(process: psutil.Process) -> int:
    total = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            total += member.memory_info().rss
    except psutil.Error:
        return total
    return total


def own_high_water() -> int:
    """Peak resident bytes of this process so far."""
    return _high_water(psutil.Process().pid)


def run_task(task: str, *arguments: str | Path, environment: Mapping[str, str], log: Path) -> Run:
    """Run a task of `benchmarks.tasks` in a separate process; its time is that of the work, without imports."""
    run = run_command(python("-m", "benchmarks.tasks", task, *arguments), environment, log)
    measured = json.loads(run.printed)
    return Run(measured["seconds"], measured["cpu_seconds"], measured["peak_bytes"], measured["result"])


def interleaved(measured: Mapping[str, Callable[[], Run]]) -> dict[str, Series]:
    """Run each command in turn, then each again, so that a busy time of the machine affects all of them.

    Runs shorter than LONG_SECONDS are made three times or more, the shorter the more; longer runs once.
    """
    series = {name: Series(name) for name in measured}
    for name, run in measured.items():
        series[name].runs.append(run())
    short = [name for name, runs in series.items() if runs.seconds < LONG_SECONDS]
    for _ in range(1, _rounds(max((series[name].seconds for name in short), default=LONG_SECONDS))):
        for name in short:
            series[name].runs.append(measured[name]())
    return series


def _rounds(seconds: float) -> int:
    if seconds >= LONG_SECONDS:
        return 1
    if seconds >= 5:
        return 3
    return 5 if seconds >= 1 else 9
