"""Masking: what is hidden cannot be found by subtraction, even by who knows the rule.

Right values: every list of a few counts with the same total is tried, and what a reader who knows
the total, the table and the rule itself can conclude is what all lists with that table share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.masking import HELD, SMALL, mask_counts, mask_small

STEADY = settings(deadline=None, derandomize=True)


def list_all(total: int, length: int) -> Iterator[tuple[int, ...]]:
    """List every list of counts with a total."""
    if length == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in list_all(total - first, length - 1):
            yield (first, *rest)


@pytest.mark.parametrize(("length", "totals"), [(2, range(1, 90)), (3, range(1, 60)), (4, range(1, 34))])  # fmt: skip
def test_who_knows_the_total_and_the_rule_still_cannot_tell_a_hidden_count(
    length: int, totals: range
) -> None:
    for total in totals:
        meant: defaultdict[tuple[int | str, ...], list[tuple[int, ...]]] = defaultdict(list)
        for counts in list_all(total, length):
            meant[tuple(mask_counts(counts))].append(counts)
        for table, lists in meant.items():
            for place, cell in enumerate(table):
                values = {counts[place] for counts in lists}
                assert values == {cell} if isinstance(cell, int) else len(values) >= 2


COUNTS = st.lists(
    st.one_of(st.integers(0, 9), st.integers(10, 14), st.integers(10, 400)), min_size=2, max_size=160
)  # fmt: skip


@STEADY
@given(COUNTS)
def test_every_hidden_count_has_room_between_its_ends(counts: list[int]) -> None:
    """Each end of a hidden count is worked out from the total, the shown, and the others' ends."""
    cells = mask_counts(counts)
    total = sum(counts)
    assert len(cells) == len(counts)
    assert all(cell == count for cell, count in zip(cells, counts, strict=True) if isinstance(cell, int))  # fmt: skip
    assert not [cell for cell in cells if isinstance(cell, int) and cell < 10]
    if total == 0:
        return  # that nobody is there is told by the total
    hidden = total - sum(cell for cell in cells if isinstance(cell, int))
    everything_held = set(cells) == {HELD}
    low = {SMALL: 0, HELD: 0 if everything_held else 10}
    high = {SMALL: 9, HELD: total}
    unknown = [str(cell) for cell in cells if not isinstance(cell, int)]
    for place, cell in enumerate(unknown):
        others = unknown[:place] + unknown[place + 1 :]
        least = max(low[cell], hidden - sum(high[other] for other in others))
        most = min(high[cell], hidden - sum(low[other] for other in others))
        assert least < most
        if cell == SMALL and total >= 10:
            assert (least, most) == (0, 9)


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        # One small count alone would be the total less the others.
        ([40, 3, 25], [HELD, SMALL, 25]),
        # Three small ones that may each be anything stand as they are.
        ([40, 3, 4, 5], [40, SMALL, SMALL, SMALL]),
        # Three times nobody would be told by the sum that is left: nothing.
        ([40, 0, 0, 0, 30], [HELD, SMALL, SMALL, SMALL, 30]),
        # All at the upper end would be told as well.
        ([9, 9, 9, 50], [SMALL, SMALL, SMALL, HELD]),
        # A ten that is held hides too little; the next one helps.
        ([10, 1, 30, 40], [HELD, SMALL, HELD, 40]),
        # Nothing is enough: nothing is written.
        ([9, 9], [HELD, HELD]),
        ([10, 10, 1], [HELD, HELD, HELD]),
        # The total itself says that all are small.
        ([2, 0, 3], [SMALL, SMALL, SMALL]),
        ([12, 10], [12, 10]),
        ([], []),
    ],
)
def test_what_is_hidden_by_hand(counts: list[int], wanted: list[int | str]) -> None:
    assert mask_counts(counts) == wanted


def test_a_count_that_is_told_elsewhere_hides_no_other() -> None:
    # With the told nought the two small ones would seem three.
    assert mask_counts([50, 0, 9, 1], {1}) == [HELD, SMALL, SMALL, SMALL]
    assert mask_counts([50, 0, 9, 1]) == [50, SMALL, SMALL, SMALL]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (1, "10未満"), (9, "10未満"), (10, "10"), (1234, "1,234")]
)
def test_a_single_small_count(count: int, text: str) -> None:
    assert mask_small(count) == text
