"""Which names are one enterprise: traps of real names, overrides, aliases, evidence, and ids that stay resolvable."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.build.inputs import inputs_hash
from pipelines.contract import names as text
from pipelines.contract.loading import load_sources
from pipelines.errors import UsageError
from pipelines.lake.aliases import ALIASES, load_aliases
from pipelines.lake.overrides import OVERRIDES, load_overrides
from pipelines.receiving.manifest import Manifest
from pipelines.simulation.enterprises import unified_codes
from pipelines.simulation.nights import night_date
from pipelines.state.database import open_database
from pipelines.state.home import Home
from tests.worlds.dbt_models import build_models
from tests.worlds.hand_made_deliveries import csv_bytes, deliver

TRAPS = Path(__file__).parent / "name_traps.csv"
REGISTER = ["统一社会信用代码", "企业名称", "住所", "行政区划代码", "行业代码", "数据日期"]
DECISIONS = ["称号", "事项", "日期", "获奖单位", "统一社会信用代码"]
NOTICE = [
    "抽样编号",
    "标称生产企业名称",
    "标称生产企业地址",
    "食品名称",
    "商标",
    "公告日期",
    "发布单位",
    "不合格项目",
    "分类",
]
CODES = unified_codes(pl.Series(["91"] * 40), pl.Series(["420100"] * 40), np.arange(40, dtype=np.int64)).to_list()
OVERRIDE_HEADER = "subject,decision,object,reason,author,date\n"
ALIAS_HEADER = "alias,enterprise,kind,source_document,author,date\n"
SAID = "查过登记,登记科,2024-05-16"


def traps() -> list[dict[str, str]]:
    with TRAPS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def registered(*firms: tuple[str, str, str]) -> bytes:
    """A register extract of (code, name, address)."""
    return csv_bytes(
        [REGISTER, *([code, name, address, "420100", "1411", "2024-05-10"] for code, name, address in firms)]
    )


def recognised(*names: tuple[str, str]) -> bytes:
    """A list of (recipient as printed, code or nothing)."""
    return csv_bytes([DECISIONS, *(["武汉精品", "认定", "2024-05-01", name, code] for name, code in names)])


def sampled(*makers: tuple[str, str, str]) -> bytes:
    """A notice of failing samples of (producer, its address, brand)."""
    return csv_bytes(
        [
            NOTICE,
            *(
                [f"S{n}", name, address, "蛋糕", brand, "2024-05-02", "武汉市市场监督管理局", "菌落总数", "糕点"]
                for n, (name, address, brand) in enumerate(makers)
            ),
        ]
    )


class World:
    """A home whose deliveries and declarations grow; `ids` resolves all of them anew."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.home.root.mkdir()

    def declare(self, overrides: str = "", aliases: str = "") -> None:
        (self.home.root / OVERRIDES).write_text(OVERRIDE_HEADER + overrides, encoding="utf-8")
        (self.home.root / ALIASES).write_text(ALIAS_HEADER + aliases, encoding="utf-8")

    def build(self, *models: str) -> duckdb.DuckDBPyConnection:
        resolved = ("dim_enterprise", "enterprise_match", "enterprise_match_review", "bridge_enterprise_id")
        folder = build_models(self.home, *resolved, *models)
        return open_database(folder.candidate, folder.spill, read_only=True)

    def ids(self) -> dict[str, str]:
        """The enterprise of each name that sources print without a code."""
        with self.build() as connection:
            return found_ids(connection)


def found_ids(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    found = connection.execute(
        "select name_key, enterprise_id from audit.enterprise_match"
        " where source_id not in ('enterprise_register', 'enterprise_overrides', 'enterprise_aliases')"
    ).fetchall()
    return {str(name): str(enterprise) for name, enterprise in found}


def key(name: str) -> str:
    return str(text.name_keys(text.normalised(pl.Series([name])))[0])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_real_traps_stay_separate_and_variants_meet(world: World) -> None:
    """As facts refer to them, for names that no register holds."""
    names = sorted({name for trap in traps() for name in (trap["name"], trap["other_name"])})
    deliver(world.home, "recognition_list", {"list.csv": recognised(*((name, "") for name in names))})
    with world.build("fct_recognition_event") as connection:
        found = dict(
            connection.execute(
                "select recipient_name, e.enterprise_id from star.fct_recognition_event r"
                " join star.dim_enterprise e using (enterprise_key)"
            ).fetchall()
        )
    assert len(found) == len(names)
    assert [
        (trap["name"], trap["other_name"])
        for trap in traps()
        if (found[trap["name"]] == found[trap["other_name"]]) != (trap["expected"] == "meet")
    ] == []


def test_registered_firms_take_only_their_own_variants(world: World) -> None:
    pairs = traps()
    firms = {trap["name"]: CODES[n] for n, trap in enumerate(pairs)}
    deliver(world.home, "enterprise_register", {"e.csv": registered(*((c, n, "示例路1号") for n, c in firms.items()))})
    deliver(world.home, "recognition_list", {"l.csv": recognised(*((trap["other_name"], "") for trap in pairs))})
    found = world.ids()
    for trap in pairs:
        met = found[key(trap["other_name"])] == f"USCC:{firms[trap['name']]}"
        assert met == (trap["expected"] == "meet"), trap


def test_a_name_takes_the_step_that_its_evidence_allows(world: World) -> None:
    deliver(
        world.home,
        "enterprise_register",
        {
            "e.csv": registered(
                (CODES[0], "武汉汪集汤食有限公司", "湖北省武汉市新洲区汪集街12号"),
                (CODES[1], "武汉汪隼汤食有限公司", "湖北省武汉市江岸区解放路3号"),
                (CODES[2], "试金甲乙茶业（武汉）有限公司", "湖北省武汉市江岸区解放路4号"),
                (CODES[3], "武汉旧名酒业有限公司", "湖北省武汉市江岸区解放路5号"),
            )
        },
    )
    deliver(
        world.home,
        "recognition_list",
        {
            "l.csv": recognised(
                ("湖北省武汉市汪集汤食有限责任公司", ""),
                ("武汉試金甲乙茶業有限公司", ""),
                ("武汉新名酒业有限公司（原武汉旧名酒业有限公司）", ""),
                ("武汉汪佳汤食有限公司", ""),
                ("武汉汪集汤食有限公司武汉分公司", ""),
            )
        },
    )
    deliver(
        world.home,
        "samr_food_sampling",
        {"n.csv": sampled(("武汉汪渠汤食有限公司", "武汉市新洲区汪集街12号", ""), ("武汉汪乙汤食有限公司", "", ""))},
    )
    with world.build() as connection:
        found = {
            str(name): (str(enterprise), str(method))
            for name, enterprise, method in connection.execute(
                "select name_key, enterprise_id, method from audit.enterprise_match"
                " where source_id <> 'enterprise_register'"
            ).fetchall()
        }
        review = connection.execute(
            "select name_key, candidate_enterprise_id, reason from audit.enterprise_match_review order by all"
        ).fetchall()
    assert found[key("湖北武汉市汪集汤食有限公司")] == (f"USCC:{CODES[0]}", "canonical_name")
    assert found[key("武汉试金甲乙茶业有限公司")] == (f"USCC:{CODES[2]}", "canonical_name")
    assert found[key("武汉新名酒业有限公司")] == (f"USCC:{CODES[3]}", "printed_former_name")
    # One character differs from two firms: the address decides; without an address nothing does.
    assert found[key("武汉汪渠汤食有限公司")] == (f"USCC:{CODES[0]}", "evidence")
    for name in ("武汉汪佳汤食有限公司", "武汉汪乙汤食有限公司"):
        assert found[key(name)][1] == "name_only"
        assert [row[1:] for row in review if row[0] == key(name)] == sorted(
            [(f"USCC:{CODES[0]}", "name_only"), (f"USCC:{CODES[1]}", "name_only")]
        )
    # A branch is not the firm.
    assert found[key("武汉汪集汤食有限公司武汉分公司")][1] == "name_only"


def test_people_decide_over_everything_and_ids_stay_resolvable(world: World) -> None:
    firms = [(CODES[0], "虚构县甲食品有限公司", "示例路1号"), (CODES[1], "虚构县乙食品有限公司", "示例路2号")]
    deliver(world.home, "enterprise_register", {"e.csv": registered(*firms)})
    deliver(
        world.home,
        "recognition_list",
        {
            "l.csv": recognised(
                ("虚构县甲食品有限公司", ""),
                ("虚构县甲食品公司", CODES[1]),
                ("A FOODS LTD", ""),
                ("虚构县丙食品厂", ""),
                ("虚构县丁食品厂", ""),
                ("武汉戊食品有限公司", ""),
                ("武汉市戊食品有限公司", ""),
            )
        },
    )
    before = world.ids()
    assert before[key("虚构县甲食品有限公司")] == f"USCC:{CODES[0]}"
    assert before[key("虚构县甲食品公司")] == f"USCC:{CODES[1]}"
    assert before[key("武汉戊食品有限公司")] == before[key("武汉市戊食品有限公司")]
    world.declare(
        f"虚构县丙食品厂,same,虚构县丁食品厂,{SAID}\n"
        f"虚构县丁食品厂,same,{CODES[0]},{SAID}\n"
        f"武汉市戊食品有限公司,different,武汉戊食品有限公司,{SAID}\n"
        f"虚构县甲食品公司,same,{CODES[0]},{SAID}\n"
        f"{CODES[1]},same,{CODES[0]},{SAID}\n",
        "A Foods Ltd.,虚构县甲食品有限公司,english,企业年报,登记科,2024-05-16\n",
    )
    with world.build() as connection:
        after = found_ids(connection)
        explained = dict(
            connection.execute(
                "select name_key, evidence from audit.enterprise_match where method = 'override'"
            ).fetchall()
        )
        ever = connection.execute(
            "select enterprise_id, current_enterprise_id, id_state from star.bridge_enterprise_id"
        )
        leads = {str(one): (str(current), str(state)) for one, current, state in ever.fetchall()}
        current = {
            str(one) for (one,) in connection.execute("select enterprise_id from star.dim_enterprise").fetchall()
        }
    for name in ("虚构县甲食品有限公司", "虚构县甲食品公司", "A FOODS LTD", "虚构县丙食品厂", "虚构县丁食品厂"):
        assert after[key(name)] == f"USCC:{CODES[0]}", name
    assert after[key("武汉戊食品有限公司")] != after[key("武汉市戊食品有限公司")]
    assert "enterprise_overrides.csv:2 查过登记 (登记科)" in explained[key("虚构县丙食品厂")]
    assert leads[f"USCC:{CODES[1]}"] == (f"USCC:{CODES[0]}", "merged")
    assert f"USCC:{CODES[1]}" not in current
    # Whatever id was given before leads to enterprises of now.
    assert {leads[one][0] for one in before.values()} <= current
    assert leads[before[key("武汉戊食品有限公司")]][1] == "split"


def test_a_name_follows_the_one_that_it_is_declared_to_be_when_that_is_separated(world: World) -> None:
    deliver(
        world.home,
        "enterprise_register",
        {"e.csv": registered((CODES[0], "武汉戊食品有限公司", "示例路1号"))},
    )
    names = ("湖北武汉戊食品有限公司", "虚构县己食品厂")
    deliver(world.home, "recognition_list", {"l.csv": recognised(*((name, "") for name in names))})
    world.declare(f"{names[1]},same,{names[0]},{SAID}\n{names[0]},different,{CODES[0]},{SAID}\n")
    found = world.ids()
    assert found[key(names[1])] == found[key(names[0])] != f"USCC:{CODES[0]}"


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        (OVERRIDES, "x,same,y,r,a\n", ":2: 5 cells where the header has 6"),
        (OVERRIDES, f"甲厂,same,,{SAID}\n", ":2: object is empty"),
        (OVERRIDES, f"甲厂,is,乙厂,{SAID}\n", ":2: decision is: write one of same, different"),
        (OVERRIDES, f"甲厂,same,{CODES[0][:17]}{'1' if CODES[0][17] == '0' else '0'},{SAID}\n", ":2: "),
        (OVERRIDES, f"甲厂,same, 甲 厂,{SAID}\n", ":2: subject and object are the same"),
        (OVERRIDES, f"甲厂,same,乙厂,{SAID}\n甲厂,same,丙厂,{SAID}\n", ":3: line 2 gives this subject"),
        (OVERRIDES, f"甲厂,same,乙厂,{SAID}\n乙厂,same,甲厂,{SAID}\n", "lead back to their subject"),
        (OVERRIDES, f"甲厂,same,乙厂,{SAID}\n乙厂,different,甲厂,{SAID}\n", ":2: another line says"),
        (
            OVERRIDES,
            f"甲厂,same,丙厂,{SAID}\n乙厂,same,丙厂,{SAID}\n乙厂,different,甲厂,{SAID}\n",
            ":4: other lines say",
        ),
        (OVERRIDES, f"{CODES[0]},same,乙厂,{SAID}\n", "swap subject and object"),
        (OVERRIDES, "甲厂,same,乙厂,r,a,16.5.2024\n", ":2: date 16.5.2024: write it as 2024-05-16"),
        (ALIASES, "A LTD,甲厂,nickname,d,a,2024-05-16\n", ":2: kind nickname: write one of"),
        (ALIASES, "A LTD,甲厂,english,d,a,2024-05-16\na ltd.,乙厂,english,d,a,2024-05-16\n", ":3: alias a ltd. is"),
    ],
)
def test_what_people_declare_is_checked_with_path_and_line(tmp_path: Path, name: str, lines: str, said: str) -> None:
    (tmp_path / name).write_text((OVERRIDE_HEADER if name == OVERRIDES else ALIAS_HEADER) + lines, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        (load_overrides if name == OVERRIDES else load_aliases)(tmp_path / name)
    assert str(refused.value).startswith(str(tmp_path / name))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_declaration_changes_the_inputs(tmp_path: Path) -> None:
    home, sources = Home(tmp_path), load_sources()
    none: dict[str, list[Manifest]] = {source_id: [] for source_id in sources}
    before = inputs_hash(home, night_date(1), sources, none)
    (tmp_path / OVERRIDES).write_text(f"{OVERRIDE_HEADER}甲厂,same,乙厂,{SAID}\n", encoding="utf-8")
    assert inputs_hash(home, night_date(1), sources, none) != before


def test_variants_of_a_name_have_one_id_and_names_of_their_own_another(world: World) -> None:
    """Two hundred invented names, each printed as sources print it; the seed is 11."""
    generator = np.random.default_rng(11)
    characters = list("甲乙丙丁戊己庚辛壬癸汪集赵李桥光康")
    families: dict[str, list[str]] = {}
    for province, city in (("湖北", "武汉"), ("安徽", "阜阳"), ("广东", "深圳"), ("吉林", "长春")):
        for _ in range(50):
            core = "".join(generator.choice(characters, 4)) + "食品"
            families[f"{city}{core}有限公司"] = [
                f"{city}{core}有限公司",
                f"{city}市{core}有限责任公司",
                f"{province}{city}{core}有限公司",
                f"{province}省{city}市{core}有限公司",
                f"{core}（{city}）有限公司",
                f"{core}({city}市)有限公司",
                f"{city} {core}　有限公司",
            ]
    every = [name for family in families.values() for name in family]
    order = generator.permutation(len(every))
    deliver(world.home, "recognition_list", {"l.csv": recognised(*((every[i], "") for i in order))})
    found = world.ids()
    ids = {name: {found[key(variant)] for variant in family} for name, family in families.items()}
    assert [name for name, of_family in ids.items() if len(of_family) > 1] == []
    assert len({min(of_family) for of_family in ids.values()}) == len(families)
