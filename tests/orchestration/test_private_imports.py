"""What Touchstone uses of Dagster and dbt that they do not promise to keep.

One test for each group of such names. After an upgrade, a test that fails here says what is gone, what it was for and
what to do; fix that first, because the failures elsewhere are its consequences.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import version
from typing import Any

import pytest
import yaml

from pipelines.state.home import PROJECT_ROOT


def used(package: str, name: str, remedy: str) -> Any:
    """What `module:attribute.attribute` names; fails with the remedy where it does not exist."""
    module, _, attributes = name.partition(":")
    try:
        found: Any = import_module(module)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError) as error:
        reason = str(error)
    else:
        return found
    pytest.fail(f"{package} {version(package)} has no {name} any more ({reason}). {remedy}", pytrace=False)


def takes(package: str, name: str, parameters: set[str], remedy: str) -> None:
    """Fails with the remedy where the function no longer takes these parameters."""
    missing = parameters - inspect.signature(used(package, name, remedy)).parameters.keys()
    if missing:
        pytest.fail(f"{package} {version(package)}: {name} no longer takes {sorted(missing)}. {remedy}", pytrace=False)


EVENT_LOG = "dagster._core.storage.event_log.sqlite.sqlite_event_log:SqliteEventLogStorage"
STORAGE = "dagster._core.storage.sqlite_storage:DagsterSqliteStorage"


def test_dagster_event_log_whose_databases_stay_open() -> None:
    remedy = (
        "HomeEventLog in pipelines/orchestration/instance.py overrides how the event log opens its databases, for "
        "speed alone. Adapt it to the new class, or delete HomeEventLog: each event then takes 26 ms instead of 2 to 9."
    )
    for name in ("_connect", "_initdb", "conn_string_for_shard", "has_table", "dispose"):
        used("dagster", f"{EVENT_LOG}.{name}", remedy)
    takes("dagster", f"{EVENT_LOG}._connect", {"self", "shard"}, remedy)
    takes("dagster", f"{EVENT_LOG}._initdb", {"engine", "for_index_shard"}, remedy)
    used("dagster", "dagster._core.storage.sql:create_engine", remedy)
    used("dagster", "dagster._core.storage.sqlite:SQLITE_BUSY_TIMEOUT_SECONDS", remedy)
    source = inspect.getsource(used("dagster", EVENT_LOG, remedy))
    for attribute in ("self._db_lock", "self._initialized_dbs"):
        if attribute not in source:
            pytest.fail(f"dagster {version('dagster')}: the event log keeps no {attribute}. {remedy}", pytrace=False)


def test_dagster_storage_under_touchstone_home() -> None:
    remedy = (
        "HomeStorage in pipelines/orchestration/instance.py puts Dagster's state under TOUCHSTONE_HOME. Adapt it to "
        "the new class, or let dagster.yaml name `storage: sqlite: base_dir: {env: ...}` and set that variable in "
        "pipelines/refresh.py and in `make dev`."
    )
    takes("dagster", f"{STORAGE}.__init__", {"base_dir", "inst_data"}, remedy)
    takes("dagster", f"{STORAGE}.from_config_value", {"inst_data", "config_value"}, remedy)
    used("dagster", "dagster._serdes:ConfigurableClassData", remedy)
    if "self._event_log_storage" not in inspect.getsource(used("dagster", STORAGE, remedy)):
        pytest.fail(f"dagster {version('dagster')}: storage keeps no _event_log_storage. {remedy}", pytrace=False)


def test_dagster_instance_from_a_file_outside_its_folder() -> None:
    remedy = (
        "pipelines/orchestration/run_history.py reads dagster.yaml and keeps the state under TOUCHSTONE_HOME/dagster. "
        "Without it, copy dagster.yaml there as `make dev` does, set DAGSTER_HOME and use DagsterInstance.get()."
    )
    takes("dagster", "dagster._core.instance.ref:InstanceRef.from_dir", {"base_dir", "config_dir"}, remedy)
    takes("dagster", "dagster:DagsterInstance.from_ref", {"instance_ref"}, remedy)


def test_dagster_classes_that_dagster_yaml_names() -> None:
    stated = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"))["compute_logs"]
    used(
        "dagster",
        f"{stated['module']}:{stated['class']}",
        "dagster.yaml names it so that no step's output is captured. Name its new place there, or leave compute_logs "
        "out: each step then starts one more process.",
    )


def test_dbt_manifest_kept_between_processes() -> None:
    remedy = (
        "pipelines/build/parsed_project.py keeps what dbt parsed as a file, which saves each build a parse. Use the "
        "new names, or let dbt keep it itself: parse with --partial-parse and --partial-parse-file-path and give "
        "dbtRunner no manifest."
    )
    used("dbt-core", "dbt.contracts.graph.manifest:Manifest.to_msgpack", remedy)
    takes("dbt-core", "dbt.contracts.graph.manifest:Manifest.from_msgpack", {"decoder"}, remedy)
    used("dbt-core", "dbt.parser.manifest:extended_mashumaro_encoder", remedy)
    # dbt's own spelling.
    used("dbt-core", "dbt.parser.manifest:extended_mashumuro_decoder", remedy)
    takes("dbt-core", "dbt.cli.main:dbtRunner.__init__", {"manifest", "callbacks"}, remedy)


def test_dbt_modules_imported_ahead() -> None:
    remedy = (
        "import_dbt in pipelines/build/dbt_runner.py imports it during parsing. Name its new place, or leave it out."
    )
    used("dbt-core", "dbt.task.build:BuildTask", remedy)
    used("dbt-common", "dbt_common.events.base_types:EventMsg", "Types alone use it: name its new place.")


def test_dbt_duckdb_databases_closed_after_each_command() -> None:
    remedy = (
        "pipelines/build/dbt_runner.py closes the adapter's databases, which the next step opens with other settings. "
        "Find what holds them now and close it there, or the step after dbt fails with 'different configuration'."
    )
    manager = "dbt.adapters.duckdb.connections:DuckDBConnectionManager"
    used("dbt-duckdb", f"{manager}._ENV", remedy)
    used("dbt-duckdb", f"{manager}.close_all_connections", remedy)
    used("dbt-duckdb", "dbt.adapters.duckdb.environments:Environment.close", remedy)
