"""Draws that give the same result on every Python and every machine.

Only `Random.random()` is used, multiplied and cut to whole numbers: its sequence is guaranteed
between Python versions, that of `choice`, `shuffle` or `gauss` is not (the last one also depends
on the machine's mathematical library).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


def draw_below(rng: Random, bound: int) -> int:
    """Draw a whole number from 0 to bound - 1.

    Args:
        rng: Source of chance.
        bound: At least 1.

    Returns:
        The number.
    """
    return int(rng.random() * bound)


def draw_one(rng: Random, items: Sequence[Item]) -> Item:
    """Draw one of several items, all alike.

    Args:
        rng: Source of chance.
        items: At least one.

    Returns:
        One of them.
    """
    return items[int(rng.random() * len(items))]


def draw_order(rng: Random, items: Sequence[Item]) -> list[Item]:
    """Put items in an order of chance.

    Args:
        rng: Source of chance.
        items: Any number; left as they are.

    Returns:
        The same items, as many.
    """
    ordered = list(items)
    for last in range(len(ordered) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        ordered[last], ordered[other] = ordered[other], ordered[last]
    return ordered


class WeightedItems(Generic[Item]):
    """Items that are drawn in proportion to whole-number weights."""

    def __init__(self, items: Sequence[Item], weights: Sequence[int]) -> None:
        """Keep items and running sums of their weights.

        Args:
            items: At least one.
            weights: As many, none negative, sum above 0.
        """
        self._items = list(items)
        self._sums = list(accumulate(weights))

    def draw(self, rng: Random) -> Item:
        """Draw one item.

        Args:
            rng: Source of chance.

        Returns:
            One of the items, the heavier the oftener.
        """
        return self._items[bisect_right(self._sums, int(rng.random() * self._sums[-1]))]
