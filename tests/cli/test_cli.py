"""The command line: answers, exit codes, one line for each error, and nothing imported that is not needed."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import tomllib
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import main as cli
from pipelines.cli import sources as cli_sources
from pipelines.cli.app import app
from pipelines.contract.loading import load_sources
from pipelines.errors import GateRefused, TouchstoneError, UsageError
from pipelines.receiving.manifest import Manifest
from pipelines.releases.release import Release, list_releases
from pipelines.state.home import PROJECT_ROOT, SOURCES_DIR, Home
from tests.worlds.hand_made_release import publish_version, python, subprocess_environment

SHA = "ab" * 32


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[Release]]:
    """A home with two releases, for tests that only read."""
    home = Home(tmp_path_factory.mktemp("cli") / "home")
    return home, [publish_version(home, version) for version in (1, 2)]


@pytest.fixture
def home(published: tuple[Home, list[Release]], monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(published[0].root))
    return published[0]


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


def run(*arguments: str) -> str:
    """The stdout of a command that must succeed."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def touchstone(home: Home, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    return subprocess.run(
        python("-m", "pipelines.cli.main", *arguments),
        env=subprocess_environment(home),
        capture_output=True,
        check=False,
    )


def test_a_connection_that_outlives_the_interpreter_ends_quietly() -> None:
    """DuckDB 2.0.0 printed forty lines about leaked instances and functions then."""
    program = """
import threading, duckdb
opened = threading.Event()
def hold():
    connection = duckdb.connect()
    opened.set()
    threading.Event().wait()
threading.Thread(target=hold, daemon=True).start()
opened.wait()
"""
    ended = subprocess.run(python("-c", program), capture_output=True, check=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")


def test_version_is_that_of_pyproject(capsys: pytest.CaptureFixture[str]) -> None:
    stated = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"touchstone {stated}\n"


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and the only line of stderr of a command that must fail."""
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("touchstone: ")
    assert "Traceback" not in captured.err
    return code, captured.err


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys; from pipelines.cli.main import main; code = main(['--help']);"
        " heavy = {'duckdb', 'polars', 'dagster', 'dbt', 'great_expectations', 'pyarrow', 'pandas'} & set(sys.modules);"
        " sys.exit(code or ' '.join(heavy) or None)"
    )
    done = subprocess.run(
        python("-c", script), env=subprocess_environment(Home(tmp_path)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in ("refresh", "status", "query", "quarantine", "releases", "rollback", "sources", "simulate"):
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)


def test_reading_commands_import_no_orchestration(home: Home) -> None:
    script = (
        "import sys; from pipelines.cli.main import main;"
        " codes = [main(words) for words in (['status'], ['query', 'select 1'], ['releases'], ['quarantine', 'list'])];"
        " heavy = {'dagster', 'dbt', 'great_expectations', 'pandas'} & set(sys.modules);"
        " sys.exit(' '.join(heavy) or sum(codes))"
    )
    done = subprocess.run(
        python("-c", script), env=subprocess_environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing-of-the-kind"],
        ["query"],
        ["query", "--format", "yaml", "select 1"],
        ["refresh", "--as-of", "tomorrow"],
        ["refresh", "--source", "no_such_source"],
        ["quarantine"],
        ["quarantine", "show", "no_such_source"],
        ["query", "selec 1"],
        ["query", "select no_such_column from star.dim_trademark"],
        ["query", "select * from star.no_such_table"],
        ["query", "select 'x'::integer"],
        ["query", ""],
        ["query", "--out", "answer.txt", "select 1"],
        ["query", "--out", "/no/such/folder/answer.csv", "select 1"],
        ["fingerprint", "no_such_release"],
        ["rollback", "no_such_release"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    home: Home, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code, _ = fails(capsys, *arguments)
    assert code == 2


@pytest.mark.parametrize(
    "statement",
    [
        "create table star.new as select 1",
        "insert into star.dim_trademark from star.dim_trademark",
        "update star.dim_trademark set version = 0",
        "delete from star.dim_trademark",
        "drop table star.dim_trademark",
        "copy star.dim_trademark to '{outside}'",
        "attach '{outside}' as other",
        "export database '{outside}'",
        "from read_csv('/etc/hostname')",
        "set enable_external_access = true",
        "install excel",
        "select 1; drop table star.dim_trademark",
    ],
)
def test_a_query_cannot_write_or_reach_out(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, statement: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.releases.rglob("*")}
    code, _ = fails(capsys, "query", statement.format(outside=tmp_path / "outside"))
    assert code == 2
    assert list(tmp_path.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in home.releases.rglob("*")} == before
    assert run("query", "--format", "csv", "select count(*) as n from star.dim_trademark") == "n\n4\n"


@pytest.mark.parametrize(
    ("error", "code"), [(TouchstoneError, 1), (UsageError, 2), (GateRefused, 3), (ZeroDivisionError, 1)]
)
def test_exit_codes(
    home: Home,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    code: int,
) -> None:
    def refuse(*_: object) -> None:
        raise error("notices.xlsx: record 7:\nwrong; mend it")

    monkeypatch.setattr("pipelines.releases.release.list_releases", refuse)
    assert fails(capsys, "releases")[0] == code
    for arguments in (["--debug", "releases"], ["releases", "--debug"]):
        assert cli.main(arguments) == code
        told = capsys.readouterr().err
        assert "Traceback" in told
        assert "notices.xlsx: record 7: wrong; mend it" in told.splitlines()[-1]


def test_before_the_first_release(empty_home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nothing has been released yet" in run("status")
    assert "Nothing has been released yet" in run("releases")
    assert "Nothing is in quarantine" in run("quarantine", "list")
    assert json.loads(run("status", "--json"))["current_release"] is None
    for arguments in (["query", "select 1"], ["rollback"], ["fingerprint"], ["serve"]):
        code, told = fails(capsys, *arguments)
        assert code == 2
        assert "touchstone refresh" in told
    assert not empty_home.root.exists()


def test_query_formats(home: Home, tmp_path: Path) -> None:
    sql = "select trademark_key as key, mark_text as mark, filing_date, null as nothing, '' as empty, 'a,\"b\n' as odd"
    sql += " from star.dim_trademark order by trademark_key desc"
    done = touchstone(home, "query", "--format", "csv", sql)
    rows = list(csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline="")))
    assert rows[0] == ["key", "mark", "filing_date", "nothing", "empty", "odd"]
    assert [row[0] for row in rows[1:]] == ["2", "1", "0", "-1"]
    assert rows[1] == ["2", "商标 <b>2", "2022-03-16", "", "", 'a,"b\n']
    assert b',,"",' in done.stdout

    objects = json.loads(touchstone(home, "query", "--format", "json", sql).stdout.decode("utf-8"))
    assert [one["key"] for one in objects] == [2, 1, 0, -1]
    assert objects[0] == {
        "key": 2,
        "mark": "商标 <b>2",
        "filing_date": "2022-03-16",
        "nothing": None,
        "empty": "",
        "odd": 'a,"b\n',
    }

    piped = tmp_path / "piped.parquet"
    piped.write_bytes(touchstone(home, "query", "--format", "parquet", sql).stdout)
    named = tmp_path / "named.parquet"
    assert run("query", "--out", str(named), sql) == ""
    with duckdb.connect() as connection:
        for path in (piped, named):
            found = connection.execute("select key, mark, filing_date::varchar from read_parquet(?)", [str(path)])
            assert found.fetchall()[0] == (2, "商标 <b>2", "2022-03-16")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["named.parquet", "piped.parquet"]


def test_a_process_of_its_own_states_only_what_it_has_to(home: Home) -> None:
    done = touchstone(home, "query", "--format", "csv", "select 1 as a")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"a\n1\n", b"")
    for words, code in ((["query", "selec 1"], 2), (["rollback", "none"], 2), (["nothing"], 2)):
        done = touchstone(home, *words)
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (code, b"", 1), done.stderr
    done = touchstone(home, "--debug", "query", "selec 1")
    assert b"Traceback" in done.stderr


def test_answers_without_rows_and_with_equal_names(home: Home, tmp_path: Path) -> None:
    assert run("query", "--format", "csv", "select 1 as a, 2 as a where false") == "a,a_1\n"
    assert json.loads(run("query", "--format", "json", "select 1 as a where false")) == []
    assert json.loads(run("query", "--format", "json", "select 1 as a, 2 as a")) == [{"a": 1, "a_1": 2}]
    assert run("query", "--format", "csv", "select 'US'::enum('US') as a, [1, 2] as b") == 'a,b\nUS,"[1, 2]"\n'
    run("query", "--out", str(tmp_path / "none.parquet"), "select 1 as a where false")
    with duckdb.connect() as connection:
        assert connection.execute("from read_parquet(?)", [str(tmp_path / "none.parquet")]).fetchall() == []


def test_many_rows_come_in_order_and_complete(home: Home) -> None:
    told = run("query", "--format", "csv", "select i from range(120000) as t (i) order by i desc")
    assert told.splitlines() == ["i", *(str(number) for number in range(119_999, -1, -1))]
    objects = json.loads(run("query", "--format", "json", "select i from range(120000) as t (i) order by i"))
    assert [one["i"] for one in objects] == list(range(120_000))


def test_a_table_is_complete_in_a_pipe(home: Home) -> None:
    long = "很长的商标名称" * 40
    told = run("query", f"select '{long}' as mark, null as nothing, 12 as n, chr(27) || '[31m' as escape")
    assert long in told
    assert "NULL" in told
    assert "\x1b" not in told
    assert r"\x1b[31m" in told


def test_a_table_stops_at_its_limit(home: Home) -> None:
    result = CliRunner().invoke(app, ["query", "--limit", "5", "select i + 1000 as i from range(50) as t (i)"])
    assert len(re.findall(r"\b10\d\d\b", result.stdout)) == 5
    assert "first 5 rows" in result.stderr
    assert "first" not in CliRunner().invoke(app, ["query", "--limit", "5", "from range(5)"]).stderr


def test_a_reader_that_stops_early_is_not_an_error(home: Home) -> None:
    command = python("-m", "pipelines.cli.main", "query", "--format", "csv", "from range(3000000)")
    child = subprocess.Popen(command, env=subprocess_environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == b"range\n"
    child.stdout.close()
    told = child.stderr.read()
    child.stderr.close()
    assert (child.wait(timeout=30), told) == (0, b"")


def test_releases_and_rollback(empty_home: Home) -> None:
    first, second = (publish_version(empty_home, version) for version in (1, 2))
    assert [(one["release_id"], one["is_current"]) for one in json.loads(run("releases", "--json"))] == [
        (second.release_id, True),
        (first.release_id, False),
    ]
    assert re.search(rf"current +{second.release_id}", run("releases"))
    assert first.release_id in run("rollback")
    assert re.search(rf"current +{first.release_id}", run("releases"))
    assert json.loads(run("status", "--json"))["current_release"]["release_id"] == first.release_id
    run("rollback", second.release_id)
    assert run("query", "--format", "csv", "select distinct version from star.dim_trademark") == "version\n2\n"
    second.database.unlink()
    assert second.release_id in run("releases")
    run("rollback")
    assert run("query", "--format", "csv", "select distinct version from star.dim_trademark") == "version\n1\n"


def test_fingerprint_command(published: tuple[Home, list[Release]], home: Home) -> None:
    first, second = published[1]
    current = json.loads(run("fingerprint", "--json"))
    assert current["release_id"] == second.release_id
    assert list(current["tables"]) == ["marts.target_progress", "meta.tables", "star.dim_trademark"]
    earlier = json.loads(run("fingerprint", first.release_id, "--json"))
    assert earlier["overall"] != current["overall"]
    lines = run("fingerprint").splitlines()
    assert lines[-1] == f"{current['overall']}  overall"
    assert f"{current['tables']['star.dim_trademark']}  star.dim_trademark" in lines


def add_delivery(home: Home, source_id: str, sha256: str, state: str, received_at: datetime) -> None:
    """Put a delivery's manifest into the archive."""
    manifest = Manifest.model_validate(
        {
            "source_id": source_id,
            "sha256": sha256,
            "bytes": 10,
            "original_name": f"{state}.csv",
            "received_at": received_at,
            "licence": "facts",
            "publisher": "a bureau",
            "state": state,
            "reason": "truncated after record 7" if state == "refused" else None,
            **({} if state == "refused" else {"n_records": 9, "n_loaded": 7, "n_quarantined": 2, "n_skipped": 0}),
        }
    )
    (home.archive(source_id) / sha256).mkdir(parents=True)
    manifest.save(home)


def test_status_reports_deliveries_freshness_and_gates(empty_home: Home) -> None:
    now = datetime.now(UTC)
    add_delivery(empty_home, "rasff", SHA, "loaded", now.replace(year=now.year - 1, day=1))
    add_delivery(empty_home, "rasff", "cd" * 32, "refused", now)
    add_delivery(empty_home, "tipo_gazette", SHA, "loaded", now)
    before = json.loads(run("status", "--json"))
    assert (before["current_release"], before["gates"]) == (None, [])
    sources = {one["source_id"]: one for one in before["sources"]}
    assert sources.keys() == load_sources().keys()
    stale = sources["rasff"]
    assert (stale["last_state"], stale["last_reason"]) == ("refused", "truncated after record 7")
    # A refused delivery brought nothing new, so it does not count as freshness.
    assert stale["is_fresh"] is False
    assert stale["age_hours"] > 24 * 300
    assert (stale["n_deliveries"], stale["n_refused"], stale["n_loaded"], stale["n_quarantined"]) == (2, 1, 7, 2)
    assert sources["tipo_gazette"]["is_fresh"] is True
    assert sources["uspto_trademark"]["age_hours"] is None

    release = publish_version(empty_home, 1)
    after = json.loads(run("status", "--json"))
    assert after["current_release"]["release_id"] == release.release_id
    assert [(gate["gate"], gate["n_checks"], gate["n_passed"]) for gate in after["gates"]] == [
        ("load", 1, 1),
        ("release", 1, 0),
    ]
    assert after["gates"][1]["failed"][0]["check_name"] == "status_known"
    told = run("status")
    assert release.release_id in told
    assert "STALE" in told
    assert "warn: status_known star.dim_trademark: 2, expected 0" in told


@pytest.fixture
def quarantine(empty_home: Home) -> Home:
    """A home that has quarantined records and a refused delivery, and no release."""
    folder = empty_home.quarantine("rasff")
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for sha256, count in ((SHA, 3), ("cd" * 32, 1)):
            connection.execute(
                "create or replace table q as select 'rasff' as source_id, ? as delivery_sha256, i as record_no,"
                " 'required' as rule, 'reference is missing' as detail,"
                " '{\"product\": \"茶' || chr(27) || '\"}' as raw, timestamp '2024-05-10 18:00:00' as first_seen_at"
                " from range(1, ? + 1) as t (i)",
                [sha256, count],
            )
            connection.execute(f"copy q to '{folder / sha256}.parquet' (format parquet)")
    add_delivery(empty_home, "rasff", "ef" * 32, "refused", datetime.now(UTC))
    return empty_home


def test_quarantine_list(quarantine: Home) -> None:
    told = json.loads(run("quarantine", "list", "--json"))
    assert [(one["delivery_sha256"], one["rule"], one["n_records"]) for one in told["records"]] == [
        (SHA, "required", 3),
        ("cd" * 32, "required", 1),
    ]
    assert [one["reason"] for one in told["deliveries"]] == ["truncated after record 7"]
    shown = run("quarantine", "list")
    assert SHA[:12] in shown
    assert "truncated after record 7" in shown
    assert "Nothing is in quarantine" in run("quarantine", "list", "--source", "tipo_gazette")


def test_quarantine_show(quarantine: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(json.loads(run("quarantine", "show", "rasff", "--json"))) == 4
    found = json.loads(run("quarantine", "show", "rasff", "CDC", "1", "--json"))
    assert [(one["delivery_sha256"], one["record_no"]) for one in found] == [("cd" * 32, 1)]
    assert found[0]["raw"] == '{"product": "茶\x1b"}'
    told = run("quarantine", "show", "rasff", "ab", "2")
    assert f"rasff {SHA[:12]} record 2" in told
    assert "reference is missing" in told
    assert r'{"product": "茶\x1b"}' in told
    result = CliRunner().invoke(app, ["quarantine", "show", "rasff", "--limit", "2"])
    assert result.stdout.count("record ") == 2
    assert "2 of 4 records" in result.stderr
    code, line = fails(capsys, "quarantine", "show", "rasff", "ab", "99")
    assert code == 2
    assert "quarantine list" in line


def test_sources_list() -> None:
    told = run("sources", "list")
    declared = load_sources()
    for source in declared.values():
        assert source.id in told
        assert source.title.zh in told
    assert [one["id"] for one in json.loads(run("sources", "list", "--json"))] == list(declared)


def test_sources_check_reports_a_line_for_each_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declaration = (SOURCES_DIR / "rasff" / "source.yaml").read_text(encoding="utf-8")
    sources, staging = tmp_path / "sources", tmp_path / "dbt" / "models" / "staging"
    staging.mkdir(parents=True)

    def declare(folder: str, text: str, whole: bool) -> None:
        (sources / folder).mkdir(parents=True)
        (sources / folder / "source.yaml").write_text(text, encoding="utf-8")
        if whole:
            (sources / folder / "README.md").write_text("# RASFF", encoding="utf-8")
            (staging / f"stg_{folder}__notification.sql").write_text("select 1", encoding="utf-8")
            (staging / f"stg_{folder}__notification.yml").write_text("version: 2", encoding="utf-8")

    declare("rasff", declaration, whole=True)
    monkeypatch.setattr(cli_sources, "SOURCES_DIR", sources)
    monkeypatch.setattr(cli_sources, "DBT_PROJECT_DIR", tmp_path / "dbt")
    assert cli.main(["sources", "check"]) == 0
    assert "complete" in capsys.readouterr().out

    declare("unread", declaration.replace("id: rasff", "id: unread"), whole=False)
    declare("miscalled", declaration, whole=True)
    declare("unclear", declaration.replace("id: rasff", "id: unclear").replace(r"\d{4}\.", r"(\d{4}\."), whole=True)
    declare("faulty", declaration.replace("id: rasff", "id: faulty"), whole=True)
    (sources / "faulty" / "parse.py").write_text("raise KeyError('gone')", encoding="utf-8")
    declare("bare", declaration.replace("id: rasff", "id: bare"), whole=True)
    (staging / "stg_bare__notification.yml").unlink()
    (staging / "stg_lost__list.sql").write_text("select *\nfrom {{ source('lake', 'lost__list') }}", encoding="utf-8")
    (sources / "empty").mkdir()
    assert cli.main(["sources", "check"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 8
    for told in (
        "unread/README.md: missing",
        "no staging model stg_unread__notification.sql",
        "stg_lost__list.sql:2: reads lake.lost__list, which no source declares",
        "stg_bare__notification.sql: has no stg_bare__notification.yml",
        "differs from its folder miscalled",
        "entities.notification.reference: pattern",
        "faulty/parse.py: cannot be imported: KeyError",
        "empty: has no source.yaml",
    ):
        assert sum(told in line for line in lines) == 1, told


def test_serve_answers_on_this_machine_only(published: tuple[Home, list[Release]], home: Home) -> None:
    server = subprocess.Popen(
        python("-m", "pipelines.cli.main", "serve", "--port", "0"),
        env=subprocess_environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        page = urllib.request.urlopen(address, timeout=10)
        assert page.url == f"{address}site/"
        assert list_releases(home)[0].release_id in page.read().decode("utf-8")
        table = urllib.request.urlopen(f"{address}parquet/star/dim_trademark.parquet", timeout=10).read()
        assert table.startswith(b"PAR1")
        for path, host, status in (("../../touchstone.duckdb", "127.0.0.1", 404), ("site/", "example.org", 403)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(address + path, headers={"Host": host}), timeout=10)
            assert refused.value.code == status
            refused.value.close()
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0
        if server.stdout is not None:
            server.stdout.close()
