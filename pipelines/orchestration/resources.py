"""What runs share: the home, held by one run at a time, the settings of a refresh, and where progress is shown.

Only resources belong here; tests and `touchstone refresh` give their own home and progress to `definitions.assemble`.
"""

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg
from pydantic import Field

from pipelines.errors import UsageError
from pipelines.gates.overrides import Overrides, read_overrides
from pipelines.gates.process import Gates, SubprocessGates
from pipelines.state.home import Home, business_today
from pipelines.state.lock import refresh_lock
from pipelines.state.run_folder import prune_runs


class RefreshSettings(dg.ConfigurableResource[None]):
    """What a refresh may be asked for; the launchpad shows these under resources."""

    as_of: str = Field(default="", description="As-of date as YYYY-MM-DD; empty for the day in Asia/Shanghai")
    sources: list[str] = Field(default=[], description="Sources to receive and parse; empty for all")
    full: bool = Field(default=False, description="Parse and build everything again")
    fetch: bool = Field(default=True, description="Fetch from the addresses that sources declare")
    overrides: list[str] = Field(
        default=[], description="Checks that may fail in this run, as refused lines name them after --override"
    )
    override_reason: str = Field(default="", description="Why they may; it is kept in the release")

    def as_of_date(self) -> date:
        """The as-of date; raises UsageError when it is not a date."""
        if not self.as_of:
            return business_today()
        try:
            return date.fromisoformat(self.as_of)
        except ValueError as error:
            raise UsageError(f"as_of {self.as_of!r}: not a date; write it as YYYY-MM-DD") from error

    def accepted_overrides(self, overridable: Collection[str]) -> Overrides:
        """The overrides of this run; raises UsageError for a check that may not be overridden or has no reason."""
        return read_overrides(self.overrides, self.override_reason, overridable)

    def includes(self, source_id: str) -> bool:
        """Whether this refresh receives and parses a source."""
        return not self.sources or source_id in self.sources


def locked_home(home: Home) -> dg.ResourceDefinition:
    """The home as a resource that holds the home's lock as long as the run goes on."""

    @dg.resource(description="State under TOUCHSTONE_HOME; one run at a time holds it")
    def hold(_: dg.InitResourceContext) -> Iterator[Home]:
        with refresh_lock(home), _temporary_files_inside(home):
            prune_runs(home)
            yield home

    return hold


def subprocess_gates(home: Home) -> dg.ResourceDefinition:
    """The gates as a resource: a process that is there as long as the run."""

    @dg.resource(description="The process in which Great Expectations judges")
    def subprocess_gates(_: dg.InitResourceContext) -> Iterator[Gates]:
        with SubprocessGates(home) as gates:
            yield gates

    return subprocess_gates


@contextmanager
def _temporary_files_inside(home: Home) -> Iterator[None]:
    """Keep what libraries write for a moment (Great Expectations: a folder per context) inside the home as well."""
    before, folder = tempfile.tempdir, home.runs / ".temporary"
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
