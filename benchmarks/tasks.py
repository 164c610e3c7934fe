"""What is timed in a process of its own: `python -m benchmarks.tasks TASK ARGUMENT ...` prints one line of JSON.

Imports are made before the clock starts, for Touchstone and its baselines alike.
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

# Does the work and tells what came of it.
Work = Callable[[], str]


def parse(home: str, source_id: str) -> Work:
    """Gate and parse every delivery of a source into the lake, again."""
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
    """Parse a whole USPTO file by xml2arrow alone."""
    # The parser's first answer would import it otherwise.
    import_module("pyarrow")

    from benchmarks.xml_tables import USPTO, parser

    with tempfile.TemporaryDirectory() as folder:
        ready = parser(USPTO, Path(folder))

    def work() -> str:
        return f"{ready.parse(path)['case_file'].num_rows} records"

    return work


def lxml(path: str) -> Work:
    """Extract the same tables by lxml's iterparse."""
    from benchmarks.lxml_tables import extract

    return lambda: f"{len(extract(Path(path))['case_file'])} records"


def duckdb_csv(path: str, target: str) -> Work:
    """Turn a CSV file into Parquet as DuckDB does it unasked."""
    import duckdb

    connection = duckdb.connect()

    def work() -> str:
        copied = connection.execute("copy (from read_csv(?)) to ? (format parquet)", [path, target]).fetchall()
        return f"{copied[0][0]} records"

    return work


def imported(*arguments: str) -> Work:
    """Run the command line in this process and tell which packages were imported by its end."""
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
    """Run the task that the command line names."""
    name, *arguments = sys.argv[1:]
    work = TASKS[name](*arguments)
    started, cpu_before = time.perf_counter(), time.process_time()
    told = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_before
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": own_high_water(), "told": told}))


if __name__ == "__main__":
    main()
