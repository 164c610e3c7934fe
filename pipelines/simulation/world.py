"""The invented world: its enterprises, its calendar, and random numbers by purpose."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.contract.declarations import Source
from pipelines.simulation.divisions import counties_by_city
from pipelines.simulation.misprints import ALIAS_SHARE, CHARACTERS, NO_COUNTERPART_SHARE, corrupted

ENTERPRISES_PER_THOUSAND_MARKS = 350
# Past this the calendar of nights would run beyond what a clock of today calls the past.
MAX_NIGHTS = 60
BROKEN_SHARE = 0.002
# Of every second firm: how many have a neighbour, the same but for one character of the name.
NEIGHBOUR_SHARE = 0.2

Codes = npt.NDArray[np.int64]

_EPOCH = date(1970, 1, 1)
_FIRST_NIGHT = (2024, 5, 16)

# Ten heavenly stems stand for the digits: the names are plainly numbered, and the same in both scripts.
_STEMS = list("甲乙丙丁戊己庚辛壬癸")
# And what a neighbour has in the place of its last one, on a register or on none.
_BRANCHES, _BRANCHES_OUTSIDE = list("子寅卯辰巳"), list("未申酉戌亥")
_STEMS_EN = ["JIA", "YI", "BING", "DING", "WU", "JI", "GENG", "XIN", "REN", "GUI"]
_DIGITS = list("0123456789")
_INVENTED = [
    ("试金", "SHIJIN"),
    ("模拟", "MONI"),
    ("样例", "YANGLI"),
    ("拟真", "NIZHEN"),
    ("虚拟", "XUNI"),
    ("演示", "YANSHI"),
    ("假想", "JIAXIANG"),
    ("测例", "CELI"),
]
_FORMER_WORD, _RENAMED_WORD = "旧称", "更名"

# Province as named, its short name, city, city in Latin letters, first four digits of its codes, weight.
_CITIES = [
    ("湖北省", "湖北", "武汉", "WUHAN", "4201", 20),
    ("湖北省", "湖北", "襄阳", "XIANGYANG", "4206", 4),
    ("湖北省", "湖北", "宜昌", "YICHANG", "4205", 4),
    ("湖北省", "湖北", "黄冈", "HUANGGANG", "4211", 2),
    ("安徽省", "安徽", "合肥", "HEFEI", "3401", 8),
    ("安徽省", "安徽", "芜湖", "WUHU", "3402", 4),
    ("安徽省", "安徽", "安庆", "ANQING", "3408", 3),
    ("安徽省", "安徽", "阜阳", "FUYANG", "3412", 3),
    ("山东省", "山东", "济南", "JINAN", "3701", 7),
    ("山东省", "山东", "青岛", "QINGDAO", "3702", 7),
    ("山东省", "山东", "烟台", "YANTAI", "3706", 4),
    ("山东省", "山东", "潍坊", "WEIFANG", "3707", 4),
    ("北京市", "北京", "北京", "BEIJING", "1101", 4),
    ("上海市", "上海", "上海", "SHANGHAI", "3101", 4),
    ("广东省", "广东", "广州", "GUANGZHOU", "4401", 4),
    ("广东省", "广东", "深圳", "SHENZHEN", "4403", 4),
    ("浙江省", "浙江", "杭州", "HANGZHOU", "3301", 4),
    ("江苏省", "江苏", "苏州", "SUZHOU", "3205", 3),
    ("四川省", "四川", "成都", "CHENGDU", "5101", 3),
    ("重庆市", "重庆", "重庆", "CHONGQING", "5001", 2),
    ("陕西省", "陕西", "西安", "XI'AN", "6101", 2),
]

# Word in the name, in English, GB/T 4754-2017 code, Nice class, food category (empty for other industries), weight.
_INDUSTRIES = [
    ("食品", "FOOD", "1411", "030", "糕点", 14),
    ("茶业", "TEA", "1530", "030", "茶叶及相关制品", 9),
    ("酒业", "LIQUOR", "1512", "033", "酒类", 8),
    ("调味品", "CONDIMENT", "1469", "030", "调味品", 7),
    ("粮油", "GRAIN AND OIL", "1311", "029", "粮食加工品", 7),
    ("乳业", "DAIRY", "1441", "029", "乳制品", 5),
    ("纺织", "TEXTILE", "1711", "025", "", 8),
    ("机械", "MACHINERY", "3421", "007", "", 8),
    ("电子", "ELECTRONICS", "3979", "009", "", 8),
    ("医药", "PHARMACEUTICAL", "2720", "005", "", 6),
    ("化工", "CHEMICAL", "2614", "001", "", 5),
    ("餐饮", "CATERING", "6210", "043", "", 5),
    ("商贸", "TRADING", "5212", "035", "", 6),
    ("科技", "TECHNOLOGY", "6513", "042", "", 4),
]

# Legal form, in English, type as registered, first two characters of the credit code, weight.
_FORMS = [
    ("有限公司", "CO., LTD.", "有限责任公司(自然人投资或控股)", "91", 55),
    ("有限责任公司", "CO., LTD.", "有限责任公司(国有控股)", "91", 20),
    ("股份有限公司", "CORPORATION LIMITED", "股份有限公司(非上市)", "91", 15),
    ("厂", "FACTORY", "个人独资企业", "91", 6),
    ("专业合作社", "COOPERATIVE", "农民专业合作经济组织", "93", 4),
]

_USCC_ALPHABET = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def industries() -> pl.DataFrame:
    """The industries of the world: `industry_code` (GB/T 4754-2017, four digits) and `industry`, the word in names."""
    return pl.DataFrame({"industry_code": [row[2] for row in _INDUSTRIES], "industry": [row[0] for row in _INDUSTRIES]})


def day_number(day: date) -> int:
    """Days since 1970-01-01, as Polars dates count."""
    return (day - _EPOCH).days


def night_date(night: int) -> date:
    """The day of a night (from 1): the 16th or 1st, when a gazette appears, from 2024-05-16 on."""
    year, month, _ = _FIRST_NIGHT
    months, is_first = divmod(night - 1, 2)
    months += is_first
    year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    return date(year, month, 1 if is_first else 16)


def in_stems(numbers: pl.Series, width: int = 3) -> pl.Series:
    """Numbers as heavenly stems, such as 012 as 甲乙丙."""
    return numbers.cast(pl.String).str.zfill(width).str.replace_many(_DIGITS, _STEMS)


def in_latin_stems(numbers: pl.Series, width: int = 3) -> pl.Series:
    """Numbers as the stems' Latin spelling, such as 012 as JIAYIBING."""
    return numbers.cast(pl.String).str.zfill(width).str.replace_many(_DIGITS, _STEMS_EN)


def as_columns(table: Sequence[tuple[str | int, ...]], chosen: Codes, names: Sequence[str]) -> dict[str, pl.Series]:
    """The named leading columns of a small table, one row per chosen index."""
    index = pl.Series(chosen)
    return {name: pl.Series(name, [row[i] for row in table]).gather(index) for i, name in enumerate(names)}


def choose(generator: np.random.Generator, table: Sequence[tuple[str | int, ...]], n: int) -> Codes:
    """Indices into a table drawn by the weight in its last column."""
    weights = np.array([float(row[-1]) for row in table])
    return generator.choice(len(table), size=n, p=weights / weights.sum()).astype(np.int64)


def unified_codes(prefix: pl.Series, region_code: pl.Series, numbers: Codes) -> pl.Series:
    """Valid unified social credit codes (GB 32100): authority and kind, region, organisation code, check digit.

    The organisation code (GB 11714) is eight digits made from `numbers`, with its own check digit.
    """
    body = pl.Series((numbers * 48_271 + 20_240_510) % 99_999_989).cast(pl.String).str.zfill(8)
    digits = np.stack([body.str.slice(i, 1).cast(pl.Int64).to_numpy() for i in range(8)], axis=1)
    organisation_check = np.array(list("0123456789X0"))[11 - digits @ _ORGANISATION_WEIGHTS % 11]
    without_check = prefix + region_code + body + pl.Series(organisation_check)
    values = np.stack(
        [
            without_check.str.slice(i, 1)
            .replace_strict(_USCC_ALPHABET.tolist(), list(range(31)), return_dtype=pl.Int64)
            .to_numpy()
            for i in range(17)
        ],
        axis=1,
    )
    return without_check + pl.Series(_USCC_ALPHABET[(31 - values @ _USCC_WEIGHTS % 31) % 31])


def with_wrong_check_digit(uscc: pl.Expr) -> pl.Expr:
    """The codes with a check digit that does not fit."""
    last = uscc.str.slice(17, 1)
    return uscc.str.slice(0, 17) + pl.when(last == "0").then(pl.lit("1")).otherwise(pl.lit("0"))


@dataclass(frozen=True)
class World:
    """The invented world: its enterprises, its calendar, and random numbers by purpose."""

    scale: float
    nights: int
    seed: int
    sources: Mapping[str, Source]

    def random(self, *purpose: str | int) -> np.random.Generator:
        """Random numbers for one purpose, unmoved by what else is simulated."""
        return np.random.default_rng([self.seed, *[zlib.crc32(str(part).encode()) for part in purpose]])

    def count(self, per_thousand_marks: float, at_least: int = 1) -> int:
        """A number of things that grows with the scale."""
        return max(at_least, round(per_thousand_marks * self.scale))

    @cached_property
    def n_enterprises(self) -> int:
        """Enterprises registered before the first night."""
        return self.count(ENTERPRISES_PER_THOUSAND_MARKS, 30)

    @cached_property
    def enterprises(self) -> pl.DataFrame:
        """Every enterprise of every night, in order of `enterprise_no`.

        Columns enterprise_no, first_night, uscc, name, name_en, former_name (borne before the first night),
        is_former_listed (whether the register tells of it), has_english_alias (whether name_en is a declared alias),
        renamed_night, renamed_to, closed_night, form, enterprise_type, registered_date, region_code, province,
        province_short, city, city_en, place, address, industry, industry_en, industry_code, nice_class, food_category,
        brand, brand_en.
        """
        first, n_new = self._first_cohort.head(self.n_enterprises), self._n_new
        later = [
            _cohort(self, night, self.n_enterprises + (night - 2) * n_new, n_new) for night in range(2, self.nights + 1)
        ]
        return self._with_changes(pl.concat([first, *later]), n_new)

    @cached_property
    def _n_new(self) -> int:
        return max(1, self.n_enterprises // 200)

    @cached_property
    def _first_cohort(self) -> pl.DataFrame:
        """The firms of the first night: those of the register, then those that no register holds."""
        outside = round(self.n_enterprises * NO_COUNTERPART_SHARE / (1 - NO_COUNTERPART_SHARE))
        return _cohort(self, 1, 0, self.n_enterprises, outside, self.n_enterprises + MAX_NIGHTS * self._n_new)

    def _with_changes(self, frame: pl.DataFrame, n_a_night: int) -> pl.DataFrame:
        order = self.random("enterprise changes").permutation(self.n_enterprises)
        numbers: list[int] = []
        renamed: list[int | None] = []
        closed: list[int | None] = []
        for night in range(2, self.nights + 1):
            for number in order[(night - 2) * 2 * n_a_night :][: 2 * n_a_night]:
                numbers.append(int(number))
                is_renamed = len(numbers) % 2 == 1
                renamed.append(night if is_renamed else None)
                closed.append(None if is_renamed else night)
        changes = pl.DataFrame(
            {"enterprise_no": numbers, "renamed_night": renamed, "closed_night": closed},
            schema={"enterprise_no": pl.Int64, "renamed_night": pl.Int64, "closed_night": pl.Int64},
        )
        return frame.join(changes, on="enterprise_no", how="left", maintain_order="left").with_columns(
            renamed_to=pl.when(pl.col("renamed_night").is_not_null()).then(pl.col("renamed_to"))
        )

    def enterprises_at(self, night: int) -> pl.DataFrame:
        """The enterprises that exist on a night, with `name_then`, its own `word_then`, and `former_names` as the
        register tells of them that night."""
        renamed = (pl.col("renamed_night") <= night).fill_null(False)
        return self.enterprises.filter(pl.col("first_night") <= night).with_columns(
            name_then=pl.when(renamed).then("renamed_to").otherwise("name"),
            word_then=pl.when(renamed).then("renamed_word").otherwise("brand"),
            former_names=pl.concat_str(
                pl.when(renamed).then("name"),
                pl.when("is_former_listed").then("former_name"),
                separator="；",
                ignore_nulls=True,
            ).replace("", None),
        )

    def firms_at(self, night: int) -> pl.DataFrame:
        """`enterprises_at`, and after them the firms that no register holds; `is_registered` tells them apart."""
        known = self.enterprises_at(night).with_columns(is_registered=pl.lit(True))
        outside = self._first_cohort.tail(-self.n_enterprises).with_columns(
            renamed_night=pl.lit(None, pl.Int64),
            renamed_to=pl.lit(None, pl.String),
            closed_night=pl.lit(None, pl.Int64),
            name_then="name",
            word_then="brand",
            former_names=pl.lit(None, pl.String),
            is_registered=pl.lit(False),
            is_former_listed=pl.lit(False),
            has_english_alias=pl.lit(False),
        )
        return pl.concat([known, outside.select(known.columns)])

    def named(self, generator: np.random.Generator, firms: pl.DataFrame, n: int) -> pl.DataFrame:
        """So many of the firms (`firms_at`) as sources come to name them: a fifth are on no register.

        Each with `printed`, the name as it is printed, `corruption`, what became of it, and `is_declared`: whether the
        register or an alias ties a former or English name to its firm (null for other names).
        """
        known, outside = firms.filter("is_registered"), firms.filter(~pl.col("is_registered"))
        at = generator.integers(0, max(1, len(known)), n)
        if len(outside):
            is_outside = generator.random(n) < (NO_COUNTERPART_SHARE if len(known) else 1)
            at = np.where(is_outside, len(known) + generator.integers(0, len(outside), n), at)
        rows = pl.concat([known, outside])[at]
        is_municipality = pl.col("province_short") == pl.col("city")
        printed = corrupted(
            generator,
            rows.select(
                "city",
                "former_name",
                "name_en",
                "form",
                "is_former_listed",
                "has_english_alias",
                name="name_then",
                word="word_then",
                trade="industry",
                province=pl.when(is_municipality).then(pl.lit("")).otherwise("province"),
                province_short=pl.when(is_municipality).then(pl.lit("")).otherwise("province_short"),
            ),
            CHARACTERS,
        )
        return rows.hstack(
            printed.select(
                "printed",
                "corruption",
                is_declared=pl.when(pl.col("corruption") == "former name")
                .then("is_former_listed")
                .when(pl.col("corruption") == "English name")
                .then("has_english_alias"),
            )
        )

    def defects(self, source_id: str, n_records: int, rules: Sequence[str], *delivery: int) -> pl.DataFrame:
        """Which records (`row`, from 0) of a delivery are written broken, and by which `rule` of the contract.

        About two in a thousand, at least one where a delivery can bear it, and never so many that the source's own
        ceiling of quarantined records would be reached.
        """
        generator = self.random("defects", source_id, *delivery)
        bearable = int(n_records * self.sources[source_id].tolerances.quarantined_share_max * 0.8)
        n = min(max(1, round(n_records * BROKEN_SHARE)), bearable)
        rows = np.sort(generator.permutation(n_records)[:n])
        first = int(generator.integers(0, len(rules)))
        return pl.DataFrame(
            {"row": rows, "rule": [rules[(first + i) % len(rules)] for i in range(n)]},
            schema={"row": pl.Int64, "rule": pl.String},
        )


def _cohort(
    world: World, night: int, first_no: int, n_registered: int, n_outside: int = 0, first_outside: int = 0
) -> pl.DataFrame:
    """The firms that are registered by a night, then those that no register holds, numbered from two numbers on."""
    generator = world.random("enterprises", night)
    n = n_registered + n_outside
    number = np.concatenate(
        [np.arange(first_no, first_no + n_registered), np.arange(first_outside, first_outside + n_outside)]
    )
    city = choose(generator, _CITIES, n)
    industry = choose(generator, _INDUSTRIES, n)
    if night == 1:
        # However small the world, every food industry and a shop exists in it.
        industry[: min(n, len(_INDUSTRIES))] = np.arange(min(n, len(_INDUSTRIES)))
    form = choose(generator, _FORMS, n)
    prefix_kind = generator.integers(0, 100, n)
    word = number % len(_INVENTED)
    stems = in_stems(pl.Series(number))
    core = pl.Series([w for w, _ in _INVENTED]).gather(pl.Series(word)) + stems
    for beside, of, branches in _neighbours(generator, n_registered, n):
        for drawn in (city, industry, form, prefix_kind, word):
            drawn[beside] = drawn[of]
        ends = pl.Series(branches).gather(pl.Series(number[beside] % len(branches)))
        core = core.scatter(beside, core.gather(of).str.head(-1) + ends)
    region, county, office = _county_of(generator, city, counties_by_city())
    brand_en = (
        pl.Series([w for _, w in _INVENTED]).gather(pl.Series(word))
        + pl.Series([" "])
        + in_latin_stems(pl.Series(number))
    )
    today = day_number(night_date(night))
    if night == 1:
        registered = generator.integers(day_number(date(1985, 1, 1)), today - 400, n)
    else:
        registered = generator.integers(today - 13, today - 1, n)
    frame = pl.DataFrame(
        {
            "enterprise_no": number,
            **as_columns(_CITIES, city, ["province", "province_short", "city", "city_en"]),
            **as_columns(
                _INDUSTRIES, industry, ["industry", "industry_en", "industry_code", "nice_class", "food_category"]
            ),
            **as_columns(_FORMS, form, ["form", "form_en", "enterprise_type", "kind"]),
            "region_code": region,
            "county": county,
            "core": core,
            "stems": stems,
            "brand_en": brand_en,
            "prefix_kind": prefix_kind,
            "registered_date": pl.Series(registered).cast(pl.Int32).cast(pl.Date),
            "house": generator.integers(1, 999, n),
            "is_former_listed": generator.random(n) < ALIAS_SHARE,
            # Nobody has declared anything of a firm that is new.
            "has_english_alias": generator.random(n) < (ALIAS_SHARE if night == 1 else 0.0),
        }
    )
    frame = frame.with_columns(uscc=unified_codes(frame["kind"], office, number))
    kind = pl.col("prefix_kind")
    front = (
        pl.when(kind < 55)
        .then("city")
        .when(kind < 75)
        .then(pl.col("city") + "市")
        .when(kind < 84)
        .then("province_short")
        .when(kind < 92)
        .then("province")
        .otherwise(pl.lit(""))
    )
    middle = pl.when(kind >= 92).then(pl.lit("（") + pl.col("city") + "）").otherwise(pl.lit(""))

    def legal_name(core_name: pl.Expr) -> pl.Expr:
        return pl.concat_str(front, core_name, middle, "industry", "form")

    return frame.select(
        pl.col("enterprise_no").cast(pl.Int64),
        first_night=pl.lit(night, pl.Int64),
        uscc="uscc",
        name=legal_name(pl.col("core")),
        name_en=pl.concat_str("city_en", pl.lit(" "), "brand_en", pl.lit(" "), "industry_en", pl.lit(" "), "form_en"),
        former_name=legal_name(pl.lit(_FORMER_WORD) + pl.col("stems")),
        is_former_listed="is_former_listed",
        has_english_alias="has_english_alias",
        renamed_word=pl.lit(_RENAMED_WORD) + pl.col("stems"),
        renamed_to=legal_name(pl.lit(_RENAMED_WORD) + pl.col("stems")),
        form="form",
        enterprise_type="enterprise_type",
        registered_date="registered_date",
        region_code="region_code",
        province="province",
        province_short="province_short",
        city="city",
        city_en="city_en",
        place=pl.when(pl.col("province_short") == pl.col("city"))
        .then("city")
        .otherwise(pl.col("province_short") + pl.col("city")),
        address=pl.concat_str(
            pl.when(pl.col("province_short") == pl.col("city")).then(pl.lit("")).otherwise("province"),
            pl.col("city") + "市",
            "county",
            pl.lit("试金路"),
            "house",
            pl.lit("号"),
        ),
        industry="industry",
        industry_en="industry_en",
        industry_code="industry_code",
        nice_class="nice_class",
        food_category="food_category",
        brand="core",
        brand_en="brand_en",
    )


def _neighbours(generator: np.random.Generator, n_registered: int, n: int) -> list[tuple[Codes, Codes, list[str]]]:
    """Rows of firms that are as another is but for one character of their word, rows of the others, and the characters.

    Registered firms of odd rows are neighbours of those before them; then firms of no register, of any registered one.
    """
    row = np.arange(n)
    has_neighbour = generator.random(n) < NEIGHBOUR_SHARE
    known = row[has_neighbour & (row % 2 == 1) & (row > len(_INDUSTRIES)) & (row < n_registered)]
    outside = row[has_neighbour & (row >= n_registered)]
    return [(known, known - 1, _BRANCHES), (outside, outside - n_registered, _BRANCHES_OUTSIDE)]


def _county_of(
    generator: np.random.Generator, city: Codes, counties: Mapping[str, list[tuple[str, str]]]
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Code and name of each enterprise's county, and the code of the county that first registered it.

    Three in a hundred have moved within their city since: the credit code keeps the first office's code.
    """
    codes: list[str] = []
    names: list[str] = []
    starts: list[int] = []
    sizes: list[int] = []
    for *_, prefix, _weight in _CITIES:
        group = counties[str(prefix)]
        starts.append(len(codes))
        sizes.append(len(group))
        codes.extend(code for code, _ in group)
        names.extend(name for _, name in group)
    start, size = np.array(starts)[city], np.array(sizes)[city]
    chosen = (generator.random(len(city)) * size).astype(np.int64)
    moved = (generator.random(len(city)) < 0.03).astype(np.int64)
    first = (chosen + moved) % size
    every_code = pl.Series(codes)
    return (
        every_code.gather(pl.Series(start + chosen)),
        pl.Series(names).gather(pl.Series(start + chosen)),
        every_code.gather(pl.Series(start + first)),
    )


def days_before(night: int, days: int) -> date:
    """The day so many days before a night."""
    return night_date(night) - timedelta(days=days)
