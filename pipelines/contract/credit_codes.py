"""Unified social credit codes (GB 32100): their alphabet and check digit."""

from __future__ import annotations

import numpy as np
import polars as pl

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.float32)


def uscc_is_valid(values: pl.Series) -> pl.Series:
    """Whether each code is a unified social credit code with the right check digit (GB 32100-2015), or a 15-digit
    registration number of before 2015; null stays null.

    The rule is python-stdnum's `cn.uscc` on a whole column, but a registering department may be a letter (Y, N) and is
    never 0.
    """
    shaped = values.str.contains(r"^[1-9A-HJ-NP-RT-UW-Y][1-9][0-9]{6}[0-9A-HJ-NP-RT-UW-Y]{10}$")
    valid = values.str.contains(r"^[0-9]{15}$")
    at = shaped.arg_true()
    if not len(at):
        return valid
    letters = np.frombuffer(str(values.gather(at).str.join("").item()).encode(), dtype=np.uint8)
    # Whole numbers this small are exact in 32-bit floats, whose product is a fast library routine.
    table = np.zeros(256, dtype=np.float32)
    table[np.frombuffer(_USCC_ALPHABET.encode(), dtype=np.uint8)] = np.arange(31)
    digits = table[letters].reshape(len(at), 18)
    right = (31 - digits[:, :17] @ _USCC_WEIGHTS % 31) % 31 == digits[:, 17]
    return valid.scatter(at, pl.Series(right))
