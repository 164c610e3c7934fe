"""Complete lists: how they are dated, and what they add, change, lose and have again."""

from __future__ import annotations

import itertools
import shutil
from datetime import date
from pathlib import Path

import pytest

from pipelines.contract.loading import load_source
from pipelines.contract.remote import Remote
from pipelines.errors import UsageError
from pipelines.lake.views import create_lake
from pipelines.receiving.fetch import fetch
from pipelines.receiving.landing import receive
from pipelines.receiving.list_days import list_days
from pipelines.receiving.manifest import manifests
from pipelines.state.database import open_database
from pipelines.state.home import SOURCES_DIR, Home
from tests.worlds.commands import fingerprint, rows, succeeded, touchstone
from tests.worlds.hand_made_deliveries import ENTERPRISE_HEADER, csv_bytes, deliver, silent, source

SOURCE = "enterprise_register"
A, B, C = "91110000600037341L", "91310000MA1K35JM2K", "91440300192441035U"
NAMES = {A: "虚构县甲食品有限公司", B: "虚构县乙食品有限公司", C: "虚构县丙食品有限公司"}


def register(day: str, *names: tuple[str, str]) -> bytes:
    """An extract of a day that has these enterprises."""
    return csv_bytes([ENTERPRISE_HEADER, *([uscc, name, "示例路1号", "110000", day] for uscc, name in names)])


def named(*codes: str) -> list[tuple[str, str]]:
    return [(code, NAMES[code]) for code in codes]


LISTS = {
    "登记全量_20240501.csv": register("2024-05-01", *named(A, B)),
    "登记全量_20240601.csv": register("2024-06-01", *named(A, C)),
    "登记全量_20240701.csv": register("2024-07-01", (A, "虚构县甲酒业有限公司"), *named(B)),
}


def land(home: Home, files: dict[str, bytes], source_id: str = SOURCE) -> None:
    landing = home.landing(source_id)
    landing.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (landing / name).write_bytes(content)


@pytest.mark.parametrize(
    ("source_id", "name", "days"),
    [
        (SOURCE, "登记全量_20240501.csv", [date(2024, 5, 1)]),
        (SOURCE, "登记增量_20240501.csv", []),
        (SOURCE, "登记全量.csv", []),
        ("region_codes", "codes_2024.csv", [date(2024, 12, 31)]),
        ("region_codes", "codes.csv", []),
    ],
)
def test_a_complete_list_and_its_day_are_known_by_name(
    tmp_path: Path, source_id: str, name: str, days: list[date]
) -> None:
    home = Home(tmp_path)
    land(home, {name: b"x"}, source_id)
    (manifest,) = receive(home, source(source_id), silent)
    assert list_days(source(source_id), manifest) == days


@pytest.mark.parametrize("order", list(itertools.permutations(["全量_20240501.csv", "全量_20240701.csv", "other.csv"])))
def test_one_list_of_several_days_is_dated_by_all_its_names_in_any_order(tmp_path: Path, order: list[str]) -> None:
    home = Home(tmp_path)
    for name in order:
        land(home, {name: LISTS["登记全量_20240501.csv"]})
        receive(home, source(SOURCE), silent)
    (manifest,) = manifests(home, SOURCE)
    assert list_days(source(SOURCE), manifest) == [date(2024, 5, 1), date(2024, 7, 1)]
    assert manifest.snapshot_date == date(2024, 7, 1)


def test_a_list_without_a_day_in_its_name_holds_for_the_day_of_its_address(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "2024-05-01").mkdir()
    (tmp_path / "2024-05-01" / "full.csv").write_bytes(b"x")
    address = Remote(url=f"file://{tmp_path}/{{date}}/full.csv", since=date(2024, 5, 1))
    fetch(home, source(SOURCE), [(address, date(2024, 5, 1))], silent)
    (manifest,) = manifests(home, SOURCE)
    assert list_days(source(SOURCE), manifest) == [date(2024, 5, 1)]
    assert manifest.snapshot_date == date(2024, 5, 1)


def test_a_record_of_a_list_is_known_by_its_key_and_by_what_it_states(tmp_path: Path) -> None:
    home = Home(tmp_path)
    deliver(home, SOURCE, {**LISTS, "登记增量_20240603.csv": register("2024-06-03", *named(C))})
    declared = source(SOURCE)
    with open_database(None, tmp_path / "spill") as connection:
        create_lake(connection, home, {SOURCE: declared}, {SOURCE: manifests(home, SOURCE)})
        assert connection.execute("select list_date from lake.lists order by 1").fetchall() == [
            (date(2024, 5, 1),), (date(2024, 6, 1),), (date(2024, 7, 1),),
        ]  # fmt: skip
        # Another day of the extract is not a change; the new name of A is one.
        assert connection.execute(
            "select record_key, count(*), count(distinct content_hash) from lake.list_records"
            " join lake.lists using (delivery_sha256) group by 1 order by 1"
        ).fetchall() == [(A, 3, 2), (B, 2, 1), (C, 1, 1)]


def test_a_list_needs_a_key_and_known_columns(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SOURCES_DIR / SOURCE, tmp_path / SOURCE))
    declared = (folder / "source.yaml").read_text(encoding="utf-8")
    for old, new, told in (
        ("    key: [uscc]\n", "", "needs a key"),
        ("unversioned: [extract_date]", "unversioned: [day]", "unversioned: column day"),
    ):
        assert old in declared
        (folder / "source.yaml").write_text(declared.replace(old, new), encoding="utf-8")
        with pytest.raises(UsageError, match=told):
            load_source(folder / "source.yaml")


CHANGES = [
    (B, "vanished", "2024-06-01", "2024-07-01"),
    (C, "added", "2024-06-01", "2024-07-01"),
    (A, "changed", "2024-07-01", "9999-12-31"),
    (B, "reappeared", "2024-07-01", "9999-12-31"),
    (C, "vanished", "2024-07-01", "9999-12-31"),
]
REGION_HEADER = ["代码", "一级行政区", "二级行政区", "名称", "级别", "状态", "启用时间", "变更/弃用时间", "新代码"]


def region_list(*counties: str) -> bytes:
    """A list of the provinces that must be there and of some counties."""
    zones = [range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66)]
    provinces = [f"{number}0000" for zone in zones for number in zone]
    lines = [[code, f"省{code}", "", f"省{code}", "省级", "在用", "1981", "", ""] for code in provinces]
    lines += [[code, "省110000", "直辖", f"县{code}", "县级", "在用", "1981", "", ""] for code in counties]
    return csv_bytes([REGION_HEADER, *lines])


@pytest.mark.scale
def test_what_a_list_lacks_is_closed_and_not_deleted_whatever_the_order(tmp_path: Path) -> None:
    regions = {"codes_2022.csv": region_list("110101", "110102"), "codes_2023.csv": region_list("110101")}
    delta = {"登记增量_20240703.csv": register("2024-07-03", *named(B))}
    homes = [Home(tmp_path / "forth"), Home(tmp_path / "back")]
    first, second, third = LISTS.items()
    older, newer = regions.items()
    for home, parts, region in zip(homes, ([first, second], [third, second]), (older, newer), strict=True):
        land(home, dict(parts))
        land(home, dict([region]), "region_codes")
        succeeded(touchstone(home.root, "refresh", "--as-of", "2024-07-10"))
        land(home, {**LISTS, **delta})
        land(home, regions, "region_codes")
        succeeded(touchstone(home.root, "refresh", "--as-of", "2024-07-10"))
    forth, back = (home.root for home in homes)
    assert fingerprint(forth) == fingerprint(back)
    assert rows(
        forth,
        "select record_key, change::varchar, valid_from::varchar, valid_to::varchar from audit.snapshot_changes"
        f" where source_id = '{SOURCE}' order by valid_from, record_key",
    ) == sorted(CHANGES, key=lambda row: (row[2], row[0]))
    assert rows(
        forth,
        "select uscc, name_zh, valid_to::varchar, is_listed, is_current from star.dim_enterprise where is_registered"
        " order by uscc, version_no",
    ) == [
        (A, NAMES[A], "2024-07-01", True, False),
        (A, "虚构县甲酒业有限公司", "9999-12-31", True, True),
        (B, NAMES[B], "2024-06-01", True, False),
        (B, NAMES[B], "2024-07-01", False, False),
        (B, NAMES[B], "9999-12-31", True, True),
        (C, NAMES[C], "2024-07-01", True, False),
    ]
    assert rows(
        forth,
        "select region_code, valid_to::varchar, is_latest from star.dim_region"
        " where region_code like '1101%' order by 1",
    ) == [("110101", "9999-12-31", True), ("110102", "2023-01-01", True)]
    assert rows(
        forth,
        "select record_key from audit.snapshot_changes where source_id = 'region_codes' and change = 'vanished'",
    ) == [("110102|县110102|1981|在用",)]
