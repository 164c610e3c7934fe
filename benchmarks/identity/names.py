"""A world of enterprise names with known truth: a register, and mentions of its firms as sources really print them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.identity.firms import firms_with_evidence
from benchmarks.identity.mentions import mentions_of


@dataclass(frozen=True)
class NameWorld:
    """`register`: one row per registered firm; `mentions`: one row per mention, with its truth and its corruption."""

    register: pl.DataFrame
    mentions: pl.DataFrame


def name_world(n_mentions: int, seed: int) -> NameWorld:
    """A world of that many mentions, and half as many registered firms.

    Register: uscc, name, former_name, name_en, has_former_alias, has_english_alias, region_code, address,
    industry_code, brand, mark_text (null where no mark is known). Mentions: mention_no, name, uscc (null where none is
    printed), truth (code of the firm), is_registered (whether the register contains it), corruption, address, brand,
    category.
    """
    generator = np.random.default_rng(seed)
    n_registered = n_mentions // 2
    n_outside = max(1, n_mentions // 8)
    firms = firms_with_evidence(generator, n_registered + n_outside)
    shuffled = generator.permutation(len(firms))
    registered = firms[pl.Series(shuffled[: len(firms) - n_outside])]
    outside = firms[pl.Series(shuffled[len(firms) - n_outside :])]
    return NameWorld(registered, mentions_of(generator, registered, outside, n_mentions))
