"""Masking of small counts: a count that could point at somebody, and what would give it away.

A published count of a few people in one town tells a neighbour who they are. So a small count is
not written, and where the total and the other counts would tell it by subtraction, others are not
written either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

SMALLEST_SHOWN = 10
_LARGEST_HIDDEN = SMALLEST_SHOWN - 1
SMALL, HELD = "10未満", "—（伏せ）"
MASK_WORDS = (
    f"「{SMALL}」は0から9までの数、「{HELD}」は、合計からの引き算で10未満の数が分かってしまうため"
    "伏せた数です。"
)
# In a picture, in place of a bar.
MARKS = {SMALL: "○", HELD: "×"}
MARK_WORDS = "○ 10未満　× 伏せた数"
Cell = int | str


def mask_small(count: int) -> str:
    """Write a single count, hiding numbers under ten; that there is nobody may be said."""
    return "0" if count == 0 else (SMALL if count < SMALLEST_SHOWN else f"{count:,}")


def read_cell(text: str) -> Cell:
    """Read a cell as it stands in a file of counts: a number, or the mark of what is hidden.

    Raises:
        ValueError: it is neither.
    """
    return text if text in (SMALL, HELD) else int(text)


def mask_counts(counts: Sequence[int], told: Collection[int] = ()) -> list[Cell]:
    """Mask the small counts of a list whose total is known, and what would tell them.

    A reader who knows the total subtracts every count that is written, and keeps the sum of those
    that are not. Small counts stand alone where that sum leaves each of them free to be anything
    from 0 to 9. Where it does not, further counts are held back from the top of the list: by place
    and never by size, since the choice itself would tell. Where nothing is enough, no count of the
    list is written, whatever its size.

    Args:
        counts: none of them negative.
        told: places of counts that are told elsewhere; they hide nothing, and are not written.

    Returns:
        for each count the number, ``SMALL`` or ``HELD``. A list of one, or a total under ten, is as
        good as told by its total.
    """
    free = [place for place in range(len(counts)) if place not in told]
    cells: list[Cell] = [SMALL] * len(counts)
    for place, cell in zip(free, _mask([counts[place] for place in free]), strict=True):
        cells[place] = cell
    return cells


def _mask(counts: Sequence[int]) -> list[Cell]:
    small = [count < SMALLEST_SHOWN for count in counts]
    if sum(counts) < SMALLEST_SHOWN or not any(small):
        return [SMALL if is_small else count for is_small, count in zip(small, counts, strict=True)]
    shown = [place for place, is_small in enumerate(small) if not is_small]
    hidden = sum(count for count in counts if count < SMALLEST_SHOWN)
    held: set[int] = set()
    while not _is_open(hidden, sum(small), len(held)):
        if len(held) == len(shown):
            return [HELD] * len(counts)
        held.add(shown[len(held)])
        hidden += counts[shown[len(held) - 1]]
    return [
        SMALL if is_small else HELD if place in held else count
        for place, (is_small, count) in enumerate(zip(small, counts, strict=True))
    ]


def _is_open(hidden: int, small: int, held: int) -> bool:
    """Whether each small count may be anything from 0 to 9, as far as the sum of the hidden tells.

    Without a count held back the others must be able to make up the sum at both ends. One that is
    held back is ten or more and has no upper end.
    """
    if held:
        return hidden - SMALLEST_SHOWN * held >= _LARGEST_HIDDEN
    return _LARGEST_HIDDEN <= hidden <= _LARGEST_HIDDEN * (small - 1)
