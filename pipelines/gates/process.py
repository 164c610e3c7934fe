"""Running the gates: in this process, or in a subprocess of their own.

Importing Great Expectations takes longer than judging a night's deliveries, and blocks Python's interpreter. In a
subprocess the import runs on another core while files are received and parsed, and its memory is free again before the
release is published.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from types import TracebackType
from typing import IO, Protocol, Self

from pipelines.build.dbt_project import DbtProject
from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError
from pipelines.gates.check import CheckResult
from pipelines.gates.delivery_checks import DeliveryCounts
from pipelines.gates.load_gate import run_load_gate
from pipelines.gates.release_gate import run_release_gate
from pipelines.lake.views import create_lake
from pipelines.receiving.manifest import Manifest
from pipelines.releases.release import current_release
from pipelines.state.database import open_database
from pipelines.state.home import PROJECT_ROOT, Home
from pipelines.state.run_folder import RunFolder


class Gates(Protocol):
    """Runs the gates. `load` and `release` raise TouchstoneError when a check gives no verdict."""

    def begin(self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date) -> None:
        """Start the load gate whose results `load` will return, while other sources are parsed."""

    def load(
        self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date
    ) -> list[CheckResult]:
        """The results of a source's load gate over its deliveries."""

    def release(self, home: Home, folder: RunFolder, project: DbtProject) -> list[CheckResult]:
        """The results of the release gate over a run's candidate."""


class InProcessGates:
    """Gates in this process."""

    def begin(self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date) -> None:
        """Nothing: `load` does all the work."""

    def load(
        self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date
    ) -> list[CheckResult]:
        """Judge the deliveries, the new ones against those of the current release."""
        with open_database(None, folder.spill) as connection:
            create_lake(connection, home, {source.id: source}, {source.id: deliveries})
            return run_load_gate(connection, source, _released(home, folder, source), as_of=as_of)

    def release(self, home: Home, folder: RunFolder, project: DbtProject) -> list[CheckResult]:
        """Judge the candidate against the lake it was made from and the current release."""
        with open_database(folder.candidate, folder.spill, read_only=True) as connection:
            connection.execute("attach ? as work (read_only)", [str(folder.work)])
            current = current_release(home)
            if current is not None:
                connection.execute("attach ? as previous (read_only)", [str(current.database.resolve())])
            return run_release_gate(connection, project)


def _released(home: Home, folder: RunFolder, source: Source) -> list[DeliveryCounts]:
    """The source's deliveries in the current release, which new ones are compared with."""
    release = current_release(home)
    if release is None or "audit.deliveries" not in release.tables:
        return []
    with open_database(release.database.resolve(), folder.spill, read_only=True) as connection:
        rows = connection.execute(
            "select sha256, received_at, n_records from audit.deliveries"
            " where source_id = ? and state = 'loaded' order by received_at, sha256",
            [source.id],
        ).fetchall()
    return [DeliveryCounts(str(sha256), received_at, int(n_records)) for sha256, received_at, n_records in rows]


@dataclass(frozen=True)
class _Failure:
    """An exception of the subprocess as text, since many exceptions cannot be pickled."""

    message: str
    is_own_error: bool
    trace: str


class SubprocessGates:
    """Gates in a subprocess that starts with this object; a context manager that ends it.

    The subprocess also ends when its input does, so a killed refresh leaves no process.
    """

    def __init__(self, home: Home) -> None:
        home.dagster.mkdir(parents=True, exist_ok=True)
        self._log = home.dagster / "gates.log"
        self._process: subprocess.Popen[bytes] | None = self._start()
        # One thread: the subprocess answers one request at a time.
        self._requests = ThreadPoolExecutor(1, thread_name_prefix="gates")
        self._begun: dict[str, tuple[tuple[list[Manifest], date], Future[list[CheckResult]]]] = {}

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                [sys.executable, "-c", "from pipelines.gates.process import serve; serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=PROJECT_ROOT,
                env={**os.environ, "GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"},
            )

    def _end(self) -> None:
        if self._process is not None:
            # It has nothing to clean up, and waiting for an import to end would take seconds.
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            # This also ends a request that is under way.
            self._process.kill()
        self._requests.shutdown(cancel_futures=True)
        self._end()

    def begin(self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date) -> None:
        """Start to judge the deliveries once the requests before are done."""
        future = self._requests.submit(self._request, "load", home, folder, source, deliveries, as_of)
        self._begun[source.id] = ((deliveries, as_of), future)

    def load(
        self, home: Home, folder: RunFolder, source: Source, deliveries: list[Manifest], as_of: date
    ) -> list[CheckResult]:
        """Judge the deliveries, the new ones against those of the current release."""
        begun, future = self._begun.pop(source.id, (None, None))
        if future is None or begun != (deliveries, as_of):
            future = self._requests.submit(self._request, "load", home, folder, source, deliveries, as_of)
        return future.result()

    def release(self, home: Home, folder: RunFolder, project: DbtProject) -> list[CheckResult]:
        """Judge the candidate against the lake it was made from and the current release.

        It is the last request of a run: the subprocess ends after it, since publishing needs the memory.
        """
        try:
            return self._requests.submit(self._request, "release", home, folder, project).result()
        finally:
            self._end()

    def _request(self, gate: str, home: Home, folder: RunFolder, *arguments: object) -> list[CheckResult]:
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((gate, tempfile.gettempdir(), home, folder, *arguments), process.stdin)
            process.stdin.flush()
            answer: list[CheckResult] | _Failure = pickle.load(process.stdout)
        except (EOFError, OSError) as error:
            code = process.wait()
            raise TouchstoneError(
                f"{gate} gate: its process ended ({code}), perhaps for lack of memory; nothing is published;"
                f" see {self._log} and run `touchstone refresh` again"
            ) from error
        if isinstance(answer, _Failure):
            failure = TouchstoneError(answer.message if answer.is_own_error else f"{gate} gate: {answer.message}")
            failure.add_note(answer.trace)
            raise failure
        return answer


def serve() -> None:
    """Answer requests from stdin on stdout until stdin ends; all other output goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # A failed import is reported in the answer to the first request.
    with suppress(ImportError):
        import_module("pipelines.gates.great_expectations")
    while True:
        try:
            gate, temporary, *arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        tempfile.tempdir = temporary
        _answer(answers, getattr(InProcessGates(), gate), arguments)


def _answer(answers: IO[bytes], judge: Callable[..., list[CheckResult]], arguments: list[object]) -> None:
    answer: list[CheckResult] | _Failure
    try:
        answer = judge(*arguments)
    except Exception as error:
        is_own = isinstance(error, TouchstoneError)
        message = str(error) if is_own else f"{type(error).__name__}: {error}"
        answer = _Failure(message, is_own, traceback.format_exc())
    pickle.dump(answer, answers)
    answers.flush()
