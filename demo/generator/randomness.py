"""Random streams by entity: the same seed gives the same member, whatever was generated before it.

Streams are never shared between entities and nothing is shuffled, so that a member needs no memory of the others.
"""

from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from math import exp
from random import Random
from typing import Generic, TypeVar

Value = TypeVar("Value")


def stream(seed: int, *parts: object) -> Random:
    """The random numbers of one entity: ``stream(7, "member", 1204)``."""
    return Random("/".join(str(part) for part in (seed, *parts)))


class Weighted(Generic[Value]):
    """Values with weights. The weights need no common sum."""

    def __init__(self, weights: Mapping[Value, float]) -> None:
        self.values = tuple(weights)
        self._cumulative = tuple(accumulate(weights.values()))

    def pick(self, random: Random) -> Value:
        """One of the values, in proportion to its weight."""
        return self.values[bisect(self._cumulative, random.random() * self._cumulative[-1], hi=len(self.values) - 1)]


def poisson(random: Random, mean: float) -> int:
    """A Poisson number by Knuth's method, which is enough for small means."""
    limit, product, count = exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def rounded(amount_satang: float, step_baht: int) -> int:
    """A drawn amount in satang, brought to a whole multiple of so many baht (never below one step).

    Only draws pass through floats; whatever is computed from them afterwards is an integer.
    """
    step_satang = step_baht * 100
    return max(1, round(amount_satang / step_satang)) * step_satang
