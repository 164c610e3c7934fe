"""The words of the invented world: cities, industries, legal forms and numbered names."""

from __future__ import annotations

import polars as pl

# Ten heavenly stems replace the digits: names are visibly numbered, and the same in both scripts.
_STEMS = list("甲乙丙丁戊己庚辛壬癸")
# The last character of a neighbour's word, for registered firms and for firms in no register.
BRANCHES, BRANCHES_OUTSIDE = list("子寅卯辰巳"), list("未申酉戌亥")
_STEMS_EN = ["JIA", "YI", "BING", "DING", "WU", "JI", "GENG", "XIN", "REN", "GUI"]
_DIGITS = list("0123456789")

INVENTED = [
    ("试金", "SHIJIN"),
    ("模拟", "MONI"),
    ("样例", "YANGLI"),
    ("拟真", "NIZHEN"),
    ("虚拟", "XUNI"),
    ("演示", "YANSHI"),
    ("假想", "JIAXIANG"),
    ("测例", "CELI"),
]
FORMER_WORD, RENAMED_WORD = "旧称", "更名"

# Province, its short name, city, city in Latin letters, first four digits of its codes, weight.
CITIES = [
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
INDUSTRIES = [
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
FORMS = [
    ("有限公司", "CO., LTD.", "有限责任公司(自然人投资或控股)", "91", 55),
    ("有限责任公司", "CO., LTD.", "有限责任公司(国有控股)", "91", 20),
    ("股份有限公司", "CORPORATION LIMITED", "股份有限公司(非上市)", "91", 15),
    ("厂", "FACTORY", "个人独资企业", "91", 6),
    ("专业合作社", "COOPERATIVE", "农民专业合作经济组织", "93", 4),
]


def industries() -> pl.DataFrame:
    """The industries of the world: `industry_code` (GB/T 4754-2017, four digits) and `industry`, the word in names."""
    return pl.DataFrame({"industry_code": [row[2] for row in INDUSTRIES], "industry": [row[0] for row in INDUSTRIES]})


def in_stems(numbers: pl.Series, width: int = 3) -> pl.Series:
    """Numbers as heavenly stems, such as 012 as 甲乙丙."""
    return numbers.cast(pl.String).str.zfill(width).str.replace_many(_DIGITS, _STEMS)


def in_latin_stems(numbers: pl.Series, width: int = 3) -> pl.Series:
    """Numbers as the stems' Latin spelling, such as 012 as JIAYIBING."""
    return numbers.cast(pl.String).str.zfill(width).str.replace_many(_DIGITS, _STEMS_EN)
