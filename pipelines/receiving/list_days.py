"""The days for which a delivery is a complete list."""

from __future__ import annotations

import re
from datetime import date

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.receiving.manifest import Manifest


def list_days(source: Source, manifest: Manifest) -> list[date]:
    """The days for which a delivery is the complete list, in order; none where it is not one, or states no day.

    A day is in the file's name, else in the address that it was fetched from. One list may apply to several days.
    """
    pattern = source.delivery.whole_list_from_name
    names = [
        name
        for name in (manifest.original_name, *manifest.other_names)
        if source.semantics == "snapshot" or (pattern is not None and re.search(pattern, name))
    ]
    days = {day for name in names if (day := _day_in(source, name)) is not None}
    return sorted(days or (manifest.address_days if names else []))


def set_snapshot_date(source: Source, manifest: Manifest) -> None:
    """Set the snapshot date, the same whatever the order in which the bytes came under several names and addresses."""
    names = (manifest.original_name, *manifest.other_names)
    days = [day for name in names if (day := _day_in(source, name)) is not None]
    manifest.snapshot_date = max(days or list_days(source, manifest), default=None)


def _day_in(source: Source, name: str) -> date | None:
    try:
        return snapshot_date_in_name(source, name)
    except DeliveryRefused:
        return None


def snapshot_date_in_name(source: Source, name: str) -> date | None:
    """The day that a snapshot applies to, from its name; a year alone means its last day."""
    if source.delivery.snapshot_date_from_name is None:
        return None
    match = re.search(source.delivery.snapshot_date_from_name, name)
    if match is None:
        return None
    digits = match[1]
    try:
        if len(digits) == 4:
            return date(int(digits), 12, 31)
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as error:
        raise DeliveryRefused(
            f"{digits} in its name is not a valid date; name it after the day it applies to"
        ) from error
