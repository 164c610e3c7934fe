"""The days for which a delivery is a complete list."""

from __future__ import annotations

import re
from datetime import date

from pipelines.contract.declarations import Source
from pipelines.contract.refusal import DeliveryRefused
from pipelines.receiving.manifest import Manifest


def list_days(source: Source, manifest: Manifest) -> list[date]:
    """The days for which a delivery is the whole list, in order; none where it is not one, or says no day.

    A day stands in the file's name, else in the address that it was fetched from. The same list may hold for several.
    """
    pattern = source.delivery.whole_list_from_name
    names = [
        name
        for name in (manifest.original_name, *manifest.other_names)
        if source.semantics == "snapshot" or (pattern is not None and re.search(pattern, name))
    ]
    days = {day for name in names for day in [_day_in(source, name)] if day is not None}
    return sorted(days or (manifest.address_days if names else []))


def set_snapshot_date(source: Source, manifest: Manifest) -> None:
    """Sets the snapshot date, whatever the order in which the same bytes came under several names and addresses."""
    names = (manifest.original_name, *manifest.other_names)
    days = [day for name in names for day in [_day_in(source, name)] if day is not None]
    manifest.snapshot_date = max(days or list_days(source, manifest), default=None)


def _day_in(source: Source, name: str) -> date | None:
    try:
        return snapshot_date_in_name(source, name)
    except DeliveryRefused:
        return None


def snapshot_date_in_name(source: Source, name: str) -> date | None:
    """The day a snapshot holds for, from its name (a year alone means its last day)."""
    if source.delivery.snapshot_date_from_name is None:
        return None
    found = re.search(source.delivery.snapshot_date_from_name, name)
    if found is None:
        return None
    digits = found[1]
    try:
        if len(digits) == 4:
            return date(int(digits), 12, 31)
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as error:
        raise DeliveryRefused(f"{digits} in its name is no date; name it after the day it holds for") from error
