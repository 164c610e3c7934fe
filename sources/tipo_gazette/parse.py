"""TIPO prints an owner's nationality before the name (美商…, 香港商…): they are separated here."""

from __future__ import annotations

import polars as pl

# As TIPO prints them before 商. A list, because many local firms have 商 early in their own name (歐贏商務, 好饗商行).
NATIONALITIES = (
    "美|英|日|德|法|韓|南韓|義大利|義|西班牙|葡萄牙|荷蘭|瑞士|瑞典|丹麥|挪威|芬蘭|冰島|比利時|盧森堡|奧地利|愛爾蘭|希臘|波蘭|捷克|匈牙利|"
    "俄羅斯|俄|烏克蘭|土耳其|以色列|約旦|黎巴嫩|沙烏地阿拉伯|阿拉伯聯合大公國|阿聯|埃及|南非|摩洛哥|印度|巴基斯坦|孟加拉|斯里蘭卡|泰|泰國|越南|"
    "馬來西亞|新加坡|印尼|菲律賓|柬埔寨|汶萊|澳|澳大利亞|澳洲|紐西蘭|加拿大|墨西哥|巴西|阿根廷|智利|秘魯|哥倫比亞|巴拿馬|大陸|中國大陸|香港|澳門|"
    "薩摩亞|塞席爾|貝里斯|模里西斯|開曼群島|開曼|英屬維爾京群島|英屬維京群島|英屬開曼群島|百慕達|安奎拉|馬紹爾群島|賽普勒斯|賽浦路斯|馬爾他|"
    "列支敦斯登|摩納哥|斯洛伐克|斯洛維尼亞|克羅埃西亞|羅馬尼亞|保加利亞|愛沙尼亞|拉脫維亞|立陶宛|哈薩克|巴貝多|巴哈馬|根西島|澤西島|直布羅陀|曼島|聖馬利諾"
)
_PREFIX = rf"^(?P<nationality>{NATIONALITIES})商(?P<name>.{{2,}})$"


def shape(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Owner rows with `owner_nationality` and `owner_name`; `owner_name_as_printed` keeps the gazette's text."""
    printed = pl.col("owner_name_as_printed").str.strip_chars()
    parts = printed.str.extract_groups(_PREFIX)
    # 日商社 or 泰商行 after a one-character country is a firm's own word; a foreign firm's name carries a legal form.
    foreign = parts.struct.field("nationality").is_not_null() & (
        printed.str.contains(r"(公司|會社|協會|機構|集團|基金會|中心|大學|銀行|企業|合夥|事務所|工廠|廠|合作社|國際)")
        | (parts.struct.field("nationality").str.len_chars() > 1)
    )
    owners = tables["owner"].with_columns(
        owner_name=pl.when(foreign).then(parts.struct.field("name")).otherwise(printed),
        owner_nationality=pl.when(foreign).then(parts.struct.field("nationality")),
    )
    return {**tables, "owner": owners}
