"""The layout of a file: where its header is, what each column holds, and which profile fits."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from recruitlib.base.header_words import fold_header, is_forbidden
from recruitlib.base.headers import (
    HeaderPlan,
    combine_headers,
    count_known,
    find_header,
    list_headers,
    match_headers,
)
from recruitlib.base.profiles import Profile
from recruitlib.inspection.captions import (
    DATE,
    PLAIN,
    find_captions,
    fold_captions,
    name_sort,
    show_captions,
)
from recruitlib.inspection.column_facts import sample_sort
from recruitlib.inspection.meanings import guess_meanings

_SEVERAL = 4  # known headers
_TITLES = 11  # rows that may stand above a header
_LONGEST = 401  # characters of a cell that are looked at: more is no header


class Candidate(NamedTuple):
    """How well a profile fits: headers known and unknown to it, and required ones that are missing.

    ``fit`` is 0 to 1: the share of the file's headers that it knows, times the share of its
    required headers that are there.
    """

    profile: Profile
    plan: HeaderPlan
    known: int
    unknown: int
    missing: list[str]
    fit: float


class Layout(NamedTuple):
    """The layout of a file.

    ``headers`` as they stand, ``shown`` what of them may be shown ("" for the others), ``sorts``
    what each column holds; ``titles`` rows stand above the header, ``rows`` up to and with it.
    ``near`` is the profile that the file is read by, if any is near enough; ``meanings`` the
    position of each canonical column, by that profile or else by a guess; ``taken`` the positions
    that are looked at, ``forbidden`` those that never are.
    """

    headers: list[str]
    shown: list[str]
    sorts: list[str]
    titles: int
    rows: int
    candidates: list[Candidate]
    near: Candidate | None
    holds: str
    meanings: dict[str, int]
    taken: list[int]
    forbidden: list[int]


def find_layout(
    rows: Sequence[Sequence[str]], profiles: Sequence[Profile], given: bool, width: int
) -> Layout:
    """Find the layout of a file by its first rows.

    Args:
        rows: the first records.
        profiles: the profiles that may fit.
        given: the officer named the one profile, which is then taken if it knows any header.
        width: how many cells most of the rows have.
    """
    cut = _blank_forbidden([[cell[:_LONGEST] for cell in row] for row in rows])
    grid = fold_captions(cut)
    known = {fold_header(name) for profile in profiles for name in list_headers(profile)} - {""}
    found = find_captions(grid, known)
    candidates = sorted(
        (weigh_profile(cut, profile, found) for profile in profiles),
        key=lambda candidate: (-candidate.fit, -candidate.known),
    )
    best = next((candidate for candidate in candidates if _is_near(candidate, given)), None)
    if best is not None:
        titles, height, headers = best.plan.titles, best.plan.rows, best.plan.headers
    elif found is not None:
        titles, height = found[0], sum(found)
        pair = cut[titles:height]
        headers = join_rows(*pair) if len(pair) == 2 else pair[0]
    else:
        titles, height, headers = 0, 0, [""] * width
    forbidden = [at for at, header in enumerate(headers) if is_forbidden(header)]
    below = [
        ["" if at in forbidden else cell for at, cell in enumerate(row)] for row in cut[height:]
    ]
    grid = [*grid[:height], *fold_captions(below)]
    shown = (
        show_captions(grid, titles, height - 1, headers, known) if height else [""] * len(headers)
    )
    sorts = _name_sorts(below, headers, shown)
    if best is not None:
        holds, meanings = best.profile.holds, dict(best.plan.positions)
        choices = [at for values in best.plan.options.values() for at in values]
        taken = [*meanings.values(), *choices]
    else:
        holds, meanings = guess_meanings(shown, profiles)
        taken = [at for at, header in enumerate(headers) if header.strip() or not height]
    taken = sorted(set(taken) - set(forbidden))
    meanings = {name: at for name, at in meanings.items() if at in taken}
    return Layout(
        list(headers), shown, sorts, titles, height, candidates, best, holds, meanings, taken,
        forbidden,
    )  # fmt: skip


def _blank_forbidden(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Blank the numbers below what may be a header of what must never be read.

    This goes before the search for the header; such words may also stand in a title, so that a
    row of one cell does not count, and cells without a digit, which may be a header, are left.
    """
    forbidden: set[int] = set()
    blanked = []
    for row in rows:
        blanked.append([
            "" if at in forbidden and re.search(r"\d", cell) else cell
            for at, cell in enumerate(row)
        ])  # fmt: skip
        if sum(bool(cell.strip()) for cell in row) > 1:
            forbidden |= {at for at, cell in enumerate(row) if is_forbidden(cell)}
    return blanked


def weigh_profile(
    rows: Sequence[Sequence[str]], profile: Profile, found: tuple[int, int] | None
) -> Candidate:
    """Say how well a profile fits the header that it finds, or that was found without it."""
    wide = profile._replace(title_rows=max(profile.title_rows, _TITLES))
    plans = [find_header(rows, wide)]
    if found is not None:
        titles, height = found
        headers = list(rows[titles])
        if height == 2:
            own = {fold_header(name) for name in list_headers(profile)}
            headers = combine_headers(rows[titles], rows[titles + 1], own)
        plans.append(match_headers(headers, profile)._replace(titles=titles, rows=titles + height))
    plan = max(plans, key=count_known)
    filled = sum(bool(header.strip()) for header in plan.headers)
    present = {*plan.positions, *plan.options, *profile.fixed}
    missing = [
        (profile.columns.get(name) or (name,))[0]
        for name in profile.required
        if name not in present
    ]
    share = 1 - len(missing) / max(len(profile.required), 1)
    known = count_known(plan)
    return Candidate(
        profile, plan, known, filled - known, missing, share * known / max(filled, 1)
    )  # fmt: skip


def _is_near(candidate: Candidate, given: bool) -> bool:
    """Whether a profile knows so many headers that its codes may be spoken of.

    That is two thirds of all headers and, of those that it needs, four fifths, or all but one in a
    file with several known headers.
    """
    if given:
        return candidate.known > 0
    needed = len(candidate.profile.required)
    return (
        candidate.known > 1
        and candidate.known >= 2 * candidate.unknown
        and len(candidate.missing) <= max(needed // 5, int(candidate.known >= _SEVERAL))
    )


def join_rows(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Join the two rows of a header of which merged cells left the text in the first cell only."""
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    headers, group = [], ""
    for top, sub in zip(above, below, strict=True):
        group = (top.strip() or group) if sub.strip() else ""
        headers.append(f"{group}{sub.strip()}" if sub.strip() else top)
    return headers


def _name_sorts(
    rows: Sequence[Sequence[str]], headers: Sequence[str], shown: Collection[str]
) -> list[str]:
    """Say what each column holds: by its header where that is one, and by its first cells."""
    sorts = []
    for at, caption in enumerate(shown):
        texts = [row[at] for row in rows if at < len(row)]
        if not caption:
            sorts.append(sample_sort(texts))
            continue
        sort = name_sort(headers[at])
        dated = sort == PLAIN and sample_sort(texts, sort) == DATE
        sorts.append(DATE if dated else sort)
    return sorts
