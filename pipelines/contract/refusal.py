"""Why a delivery is not taken."""

from __future__ import annotations


class DeliveryRefused(Exception):
    """The delivery is refused; the message is the reason and the remedy in one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(" ".join(reason.split()))
