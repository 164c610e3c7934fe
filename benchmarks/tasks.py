"""Tasks that are timed in a separate process: `python -m benchmarks.tasks TASK ARGUMENT ...` prints one line of JSON.

Imports happen before the clock starts, for Touchstone and for its baselines.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks.measure import own_high_water

# Does the work and returns a description of its result.
Work = Callable[[], str]


def parse(home: str, source_id: str) -> Work:
    """Pass every delivery of a source through its gate and parse it into the lake, even if it was parsed before."""
    from pipelines.contract.loading import load_sources
    from pipelines.parsing.parse import parse_deliveries
    from pipelines.state.home import Home

    source = load_sources()[source_id]

    def work() -> str:
        written = parse_deliveries(Home(Path(home)), source, lambda _, __: None, again=True)
        if any(manifest.state != "loaded" for manifest in written):
            raise SystemExit(f"not loaded: {[manifest.reason for manifest in written]}")
        return f"{sum(manifest.n_loaded or 0 for manifest in written)} records"

    return work


def xml2arrow(path: str) -> Work:
    """Parse a complete USPTO file with xml2arrow alone."""
    # Otherwise the first result of the parser would import it.
    import_module("pyarrow")

    from benchmarks.xml_tables import USPTO, parser

    with tempfile.TemporaryDirectory() as folder:
        xml_parser = parser(USPTO, Path(folder))

    def work() -> str:
        return f"{xml_parser.parse(path)['case_file'].num_rows} records"

    return work


def lxml(path: str) -> Work:
    """Extract the same tables with lxml's iterparse."""
    from benchmarks.lxml_tables import extract

    return lambda: f"{len(extract(Path(path))['case_file'])} records"


def duckdb_csv(path: str, target: str) -> Work:
    """Convert a CSV file into Parquet with DuckDB's defaults."""
    import duckdb

    connection = duckdb.connect()

    def work() -> str:
        copied = connection.execute("copy (from read_csv(?)) to ? (format parquet)", [path, target]).fetchall()
        return f"{copied[0][0]} records"

    return work


def imported(*arguments: str) -> Work:
    """Run the command line in this process and return the names of all packages imported by then."""
    from pipelines.cli.main import main as command_line

    def work() -> str:
        code = command_line(arguments)
        if code:
            raise SystemExit(code)
        return " ".join(sorted({name.split(".")[0] for name in sys.modules}))

    return work


TASKS: dict[str, Callable[..., Work]] = {
    "parse": parse,
    "xml2arrow": xml2arrow,
    "lxml": lxml,
    "duckdb_csv": duckdb_csv,
    "imported": imported,
}


def main() -> None:
    """Run the task named by the first argument."""
    name, *arguments = sys.argv[1:]
    work = TASKS[name](*arguments)
    started, cpu_before = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_before
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": own_high_water(), "result": result}))


if __name__ == "__main__":
    main()
