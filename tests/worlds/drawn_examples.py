"""What hypothesis draws, gathered: for tests whose one build answers for all examples together."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def drawn(strategy: SearchStrategy[T], n: int, from_seed: int) -> list[T]:
    """The first `n` examples that hypothesis draws of a strategy from a seed. It begins with the simplest."""
    examples: list[T] = []

    @seed(from_seed)
    @settings(
        max_examples=n,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def gather(example: T) -> None:
        examples.append(example)

    gather()
    assert len(examples) >= n, f"hypothesis drew {len(examples)} of {n}"
    return examples[:n]
