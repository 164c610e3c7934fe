"""Unified social credit codes (GB 32100): their alphabet and check digit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# A unified social credit code, or a 15-digit registration number of before 2015, with any check digit.
CREDIT_CODE_PATTERN = r"[0-9A-HJ-NPQRTUWXY]{18}|\d{15}"
# Whole numbers this small are exact in 32-bit floats, whose product is a fast library routine.
_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.float32)


def uscc_is_valid(values: pl.Series) -> pl.Series:
    """Whether each code is a unified social credit code with the right check digit (GB 32100-2015), or a 15-digit
    registration number of before 2015; null stays null.

    The rule is python-stdnum's `cn.uscc` for a column at once, but a registering department may be a letter (Y, N) and
    is never 0.
    """
    shaped = values.str.contains(f"^[{_ALPHABET[1:]}][1-9][0-9]{{6}}[{_ALPHABET}]{{10}}$")
    valid = values.str.contains(r"^[0-9]{15}$")
    at = shaped.arg_true()
    if not len(at):
        return valid
    digits = _digits(values.gather(at), 18)
    return valid.scatter(at, pl.Series(_check_values(digits) == digits[:, 17]))


def uscc_check_digits(first_17: pl.Series) -> pl.Series:
    """The check digit of each unified social credit code, from its first 17 characters (GB 32100-2015)."""
    check_values = _check_values(_digits(first_17, 17)).astype(np.int64)
    return pl.Series(list(_ALPHABET)).gather(pl.Series(check_values))


def _digits(codes: pl.Series, length: int) -> npt.NDArray[np.float32]:
    """The values of the characters, one row per code; codes have this length and only letters of the alphabet."""
    letters = np.frombuffer(str(codes.str.join("").item()).encode(), dtype=np.uint8)
    value_of = np.zeros(256, dtype=np.float32)
    value_of[np.frombuffer(_ALPHABET.encode(), dtype=np.uint8)] = np.arange(31)
    return value_of[letters].reshape(len(codes), length)


def _check_values(digits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The value of the check digit that belongs to the first 17 digits of each row."""
    return (31 - digits[:, :17] @ _WEIGHTS % 31) % 31
