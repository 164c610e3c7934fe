"""Fetching from real servers on loopback: nothing half becomes a delivery, nothing comes twice, nothing stops a run."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pipelines.cli import main as cli
from pipelines.contract.loading import load_sources
from pipelines.contract.remote import Remote
from pipelines.errors import UsageError
from pipelines.receiving.addresses import backfill, nightly, remotes
from pipelines.receiving.fetch import Fetched, fetch
from pipelines.receiving.fetch_ledger import failures
from pipelines.receiving.file_system import Patience
from pipelines.receiving.manifest import manifests
from pipelines.receiving.partial_file import PartialFile
from pipelines.refresh import refresh
from pipelines.state.home import Home
from tests.worlds.fault_server import Fault, FaultServer, Resource, fault_server
from tests.worlds.hand_made_deliveries import csv_bytes, deliver, enterprises, silent, source

SOURCE = "enterprise_register"
HASTY = Patience(attempts=4, first_wait=0.01, longest_wait=0.02, silence=0.4)
SMALL = csv_bytes(enterprises("虚构县甲食品有限公司"))
# Several blocks of reading, so that a connection can break within one.
LARGE = csv_bytes(enterprises(*(f"虚构县第{n}食品有限公司" for n in range(60_000))))
DAY = date(2024, 5, 16)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as server:
        yield server


def get(home: Home, *addresses: Remote, day: date = DAY, patience: Patience = HASTY) -> list[Fetched]:
    return fetch(home, source(SOURCE), nightly(addresses, day), silent, patience)


def get_one(home: Home, server: FaultServer, name: str = "/e.csv") -> Fetched:
    (one,) = get(home, Remote(url=server.url + name))
    return one


def archived(home: Home) -> list[bytes]:
    """Every delivery's bytes, each checked against its digest."""
    return sorted(manifest.path(home).read_bytes() for manifest in manifests(home, SOURCE))


def left(home: Home) -> list[str]:
    return sorted(path.name for path in home.fetched(SOURCE).glob("*.part"))


def test_a_file_becomes_a_delivery_with_what_the_server_stated(home: Home, server: FaultServer) -> None:
    server.files["/e.csv"] = Resource(SMALL, '"one"', 1_700_000_000)
    one = get_one(home, server)
    assert one.outcome == "received"
    (manifest,) = manifests(home, SOURCE)
    assert (manifest.original_name, manifest.url, manifest.etag, manifest.last_modified, manifest.state) == (
        "e.csv", f"{server.url}/e.csv", '"one"', "Tue, 14 Nov 2023 22:13:20 GMT", "received",
    )  # fmt: skip
    assert archived(home) == [SMALL]
    assert left(home) == []


@pytest.mark.parametrize(("etag", "modified"), [('"one"', None), (None, 1_700_000_000), ('W/"weak"', None)])
def test_what_has_not_changed_is_not_sent_again(
    home: Home, server: FaultServer, etag: str | None, modified: float | None
) -> None:
    server.files["/e.csv"] = Resource(SMALL, etag, modified)
    assert [get_one(home, server).outcome for _ in range(3)] == ["received", "unchanged", "unchanged"]
    assert server.statuses()[-2:] == [304, 304]
    server.files["/e.csv"] = Resource(SMALL + b"\n", '"two"', 1_700_000_100)
    assert get_one(home, server).outcome == "received"
    assert len(manifests(home, SOURCE)) == 2


def test_what_has_left_the_archive_is_sent_again(home: Home, server: FaultServer) -> None:
    server.files["/e.csv"] = Resource(SMALL, '"one"')
    get_one(home, server)
    shutil.rmtree(home.archive(SOURCE))
    assert get_one(home, server).outcome == "received"


def test_a_broken_connection_is_resumed(home: Home, server: FaultServer) -> None:
    server.files["/e.csv"] = file = Resource(LARGE, '"one"')
    file.faults.extend(["drop", "drop"])
    assert get_one(home, server).outcome == "received"
    assert archived(home) == [LARGE]
    ranges = [int((one.range or "bytes=0-")[6:-1]) for one in server.asked]
    assert ranges[0] == 0 < ranges[1] < ranges[2] < ranges[3] == len(LARGE)
    assert server.statuses() == [200, 206, 206, 416]


def test_a_killed_run_is_resumed(home: Home, server: FaultServer) -> None:
    server.files["/e.csv"] = file = Resource(LARGE, '"one"')
    file.faults.append("drop")
    (broken,) = get(home, Remote(url=f"{server.url}/e.csv"), patience=Patience(attempts=1))
    assert broken.outcome == "failed"
    assert manifests(home, SOURCE) == []
    assert left(home) != []
    assert get_one(home, server).outcome == "received"
    assert server.asked[1].status == 206
    assert archived(home) == [LARGE]


def test_without_a_validator_a_broken_file_is_begun_anew(home: Home, server: FaultServer) -> None:
    server.files["/e.csv"] = file = Resource(LARGE)
    file.faults.append("drop")
    assert get_one(home, server).outcome == "received"
    assert [one.range for one in server.asked[:2]] == [None, None]
    assert archived(home) == [LARGE]


def test_a_file_that_changes_between_its_parts_is_begun_anew(home: Home, server: FaultServer) -> None:
    changed = LARGE.replace("第1食".encode(), "第2食".encode())
    server.files["/e.csv"] = file = Resource(LARGE, '"one"', changes_to=changed)
    file.faults.extend(["drop", "change"])
    assert get_one(home, server).outcome == "received"
    assert archived(home) == [changed]
    assert manifests(home, SOURCE)[0].etag == '"changed"'


def test_a_server_that_ignores_the_condition_of_a_part_is_not_believed(
    home: Home, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = b"x" * len(LARGE)
    server.files["/e.csv"] = file = Resource(LARGE, '"one"')
    file.faults.append("drop")
    get(home, Remote(url=f"{server.url}/e.csv"), patience=Patience(attempts=1))
    server.files["/e.csv"] = Resource(changed, '"two"')
    monkeypatch.setattr(
        "tests.worlds.fault_server._Handler._first_byte",
        lambda handler, _: int(handler.headers["Range"][6:-1]) if handler.headers["Range"] else None,
    )
    assert get_one(home, server).outcome == "received"
    assert archived(home) == [changed]


def test_errors_of_the_server_are_waited_for(home: Home, server: FaultServer) -> None:
    server.files["/e.csv"] = file = Resource(SMALL, '"one"')
    file.faults.extend(["error 500", "silence", "error 500"])
    assert get_one(home, server).outcome == "received"
    assert archived(home) == [SMALL]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error 500", "the server answered 500, in 4 attempts"),
        ("silence", "the server stopped answering, in 4 attempts"),
        ("length too great", "in 4 attempts"),
        ("length too small", f"the server stated {len(SMALL) - 10} bytes and has more, in 4 attempts"),
        ("error 403", "the server answered 403; check the credentials"),
    ],
)
def test_a_lasting_error_makes_no_delivery_and_one_line(
    home: Home, server: FaultServer, fault: Fault, reason: str
) -> None:
    server.files["/e.csv"] = file = Resource(SMALL, '"one"')
    file.faults.extend([fault] * 20)
    one = get_one(home, server)
    assert one.outcome == "failed"
    assert reason in (one.reason or "")
    assert one.line.startswith(f"{SOURCE}: {server.url}/e.csv: not fetched: ")
    assert "\n" not in one.line
    assert manifests(home, SOURCE) == []
    assert not list(home.archive(SOURCE).glob("*"))
    assert failures(home, source(SOURCE)) == {f"{server.url}/e.csv": one.reason}
    file.faults.clear()
    assert get_one(home, server).outcome == "received"
    assert failures(home, source(SOURCE)) == {}
    assert archived(home) == [SMALL]


def test_nobody_listening_is_reported(home: Home) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (one,) = get(home, Remote(url=f"http://127.0.0.1:{port}/e.csv"))
    assert one.outcome == "failed"
    assert "in 4 attempts" in (one.reason or "")


def test_a_day_without_a_file_is_not_an_error_and_an_address_without_one_is(home: Home, server: FaultServer) -> None:
    dated = Remote(url=server.url + "/{date:%Y/%m}/e{date:%y%m%d}.csv", since=date(2024, 5, 1), days_back=2)
    server.files["/2024/05/e240515.csv"] = Resource(SMALL)
    server.files["/2024/05/e240514.csv"] = Resource(SMALL, faults=deque(["gone"]))
    assert [(one.day, one.outcome) for one in get(home, dated)] == [
        (date(2024, 5, 14), "absent"), (date(2024, 5, 15), "received"), (date(2024, 5, 16), "absent"),
    ]  # fmt: skip
    assert get_one(home, server, "/none.csv").outcome == "failed"


def test_addresses_are_looked_at_from_since_to_the_as_of_date() -> None:
    dated = Remote(url="https://example.org/apc{date:%y%m%d}.zip", since=DAY)
    plain = Remote(url="https://example.org/all.zip")
    assert nightly([dated, plain], date(2024, 5, 18)) == [
        (dated, date(2024, 5, 16)), (dated, date(2024, 5, 17)), (dated, date(2024, 5, 18)), (plain, None),
    ]  # fmt: skip
    assert backfill([dated, plain], date(2024, 5, 1), date(2024, 5, 17)) == [(dated, DAY), (dated, date(2024, 5, 17))]
    assert dated.url_on(DAY) == "https://example.org/apc240516.zip"
    assert dated.file_name(DAY) == "apc240516.zip"
    assert Remote(url="s3://b/k?versionId=1", name="x-{date:%d}.csv").file_name(DAY) == "x-16.csv"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"url": "ftp://example.org/e.csv"}, "begins with none of http://"),
        ({"url": "https://example.org/{day}.csv"}, "may stand in braces"),
        ({"url": "https://example.org/{date:%d}.csv"}, "needs `since`"),
        ({"url": "https://example.org/e.pdf"}, "none of"),
        ({"url": "https://example.org/e.csv", "days": 3}, "extra"),
    ],
)
def test_an_address_that_cannot_be_used_is_reported_with_the_file(home: Home, given: dict[str, str], told: str) -> None:
    home.remotes.write_text(json.dumps({SOURCE: [given]}), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        remotes(home, source(SOURCE))
    assert str(home.remotes) in str(error.value)
    assert told in str(error.value).replace("Extra", "extra")


def test_the_home_states_where_from_and_the_switch_whether(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = source(SOURCE)
    assert remotes(home, declared) == []
    home.remotes.write_text(json.dumps({SOURCE: [{"url": "https://example.org/e.csv"}]}), encoding="utf-8")
    assert remotes(home, declared) == [Remote(url="https://example.org/e.csv")]
    monkeypatch.setenv("TOUCHSTONE_FETCH", "off")
    assert remotes(home, declared) == []
    monkeypatch.setenv("TOUCHSTONE_FETCH", "perhaps")
    with pytest.raises(UsageError, match="set it to on or off"):
        remotes(home, declared)


def test_no_shipped_source_fetches_by_itself() -> None:
    assert [one.id for one in load_sources().values() if one.delivery.urls] == []


def test_secrets_come_from_the_environment_and_are_written_nowhere(
    home: Home, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Remote(url=server.url + "/${REGISTER_PLACE}/e.csv", headers={"Authorization": "Bearer ${REGISTER_TOKEN}"})
    (one,) = get(home, address)
    assert one.outcome == "failed"
    assert "environment variable REGISTER_PLACE is not set" in (one.reason or "")
    monkeypatch.setenv("REGISTER_PLACE", "hidden-place")
    monkeypatch.setenv("REGISTER_TOKEN", "hidden-token")
    server.files["/hidden-place/e.csv"] = file = Resource(SMALL)
    file.faults.append("error 500")
    get(home, address, patience=Patience(attempts=1))
    assert [one.outcome for one in get(home, address)] == ["received"]
    assert server.asked[-1].headers["Authorization"] == "Bearer hidden-token"
    written = [path for path in home.root.rglob("*.json") if b"hidden" in path.read_bytes()]
    assert written == []
    assert manifests(home, SOURCE)[0].url == server.url + "/${REGISTER_PLACE}/e.csv"


def test_the_same_bytes_by_landing_and_by_address_are_one_delivery(home: Home, server: FaultServer) -> None:
    deliver(home, SOURCE, {"landed.csv": SMALL})
    server.files["/e.csv"] = Resource(SMALL, '"one"')
    assert get_one(home, server).outcome == "received"
    (manifest,) = manifests(home, SOURCE)
    assert (manifest.state, manifest.original_name, manifest.url) == ("loaded", "landed.csv", f"{server.url}/e.csv")
    assert get_one(home, server).outcome == "unchanged"


def test_a_file_address_is_taken_and_left_where_it_is(home: Home, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    path = share / "企业.csv"
    path.write_bytes(SMALL)
    address = Remote(url=f"file://{path}")
    assert [get(home, address)[0].outcome for _ in range(2)] == ["received", "unchanged"]
    assert path.read_bytes() == SMALL
    path.write_bytes(LARGE)
    assert get(home, address)[0].outcome == "received"
    assert archived(home) == sorted([SMALL, LARGE])
    (folder,) = get(home, Remote(url=f"file://{share}", name="e.csv"))
    assert "is a folder" in (folder.reason or "")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 endpoint on loopback with an empty bucket; its address and credentials are in the environment."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="registers")
    yield "registers"
    server.stop()


def put(bucket: str, key: str, content: bytes) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=content)


def test_an_object_of_an_s3_endpoint_becomes_a_delivery(home: Home, bucket: str) -> None:
    put(bucket, "2024/e_240516.csv", LARGE)
    address = Remote(url="s3://registers/{date:%Y}/e_{date:%y%m%d}.csv", since=DAY, days_back=0)
    assert [get(home, address)[0].outcome for _ in range(2)] == ["received", "unchanged"]
    assert archived(home) == [LARGE]
    (manifest,) = manifests(home, SOURCE)
    assert manifest.url == "s3://registers/2024/e_240516.csv"
    assert manifest.etag is not None
    put(bucket, "2024/e_240516.csv", SMALL)
    assert get(home, address)[0].outcome == "received"
    assert archived(home) == sorted([SMALL, LARGE])
    assert [one.outcome for one in get(home, address, day=date(2024, 5, 17))] == ["absent"]


def test_a_part_of_an_object_is_resumed_unless_it_changed(
    home: Home, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "e.csv", LARGE)
    address = Remote(url="s3://registers/e.csv")
    append = PartialFile.append
    cut = len(LARGE) // 3

    def broken(part: PartialFile, read: object) -> None:
        part.path.write_bytes(LARGE[:cut])
        raise ConnectionResetError("the cable")

    monkeypatch.setattr(PartialFile, "append", broken)
    (one,) = get(home, address)
    assert one.outcome == "failed"
    assert manifests(home, SOURCE) == []
    begun: list[int] = []

    def sound(part: PartialFile, read: Callable[[int], bytes]) -> None:
        begun.append(part.size)
        append(part, read)

    monkeypatch.setattr(PartialFile, "append", sound)
    assert get(home, address)[0].outcome == "received"
    assert begun == [cut]
    monkeypatch.setattr(PartialFile, "append", broken)
    put(bucket, "e.csv", LARGE + b"\n")
    get(home, address)
    put(bucket, "e.csv", SMALL)
    monkeypatch.setattr(PartialFile, "append", sound)
    assert get(home, address)[0].outcome == "received"
    assert begun == [cut, 0]
    assert archived(home) == sorted([SMALL, LARGE])


def test_a_missing_bucket_and_missing_credentials_are_reported(
    home: Home, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = get(home, Remote(url="s3://elsewhere/e.csv"))
    assert one.outcome == "failed"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (one,) = get(home, Remote(url=f"s3://{bucket}/e.csv"))
    assert one.outcome == "failed"
    assert "in 4 attempts" in (one.reason or "")


def test_a_run_without_addresses_imports_no_client(tmp_path: Path) -> None:
    code = (
        "import sys; from pipelines.cli.main import main; code = main(['refresh']);"
        "heavy = {'fsspec', 's3fs', 'aiohttp', 'botocore', 'requests', 'tenacity'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "TOUCHSTONE_HOME": str(tmp_path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("text", ["2024-05-01", "2024-05-02..2024-05-01", "..", "May..June"])
def test_a_backfill_names_two_days(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(home.root))
    assert cli.main(["refresh", "--backfill", text]) == 2
    assert text in capsys.readouterr().err


def test_a_backfill_without_a_dated_address_states_where_to_declare_one(home: Home) -> None:
    with pytest.raises(UsageError, match=r"remotes\.yaml"):
        refresh(home, DAY, backfill=(DAY, DAY))
