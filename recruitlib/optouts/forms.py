"""Forms (様式) of applications: whether a file is still the form that its profile describes.

A question that somebody edits changes a header; so all headers together are the form's
fingerprint. And every column is one of three kinds: an item whose connection was approved, an
item that the form's system or the office fills in, or something that is not read at all. A profile
that would read anything else stops the run.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

import pandas as pd

from recruitlib.base.header_words import fold_header
from recruitlib.base.headers import name_column
from recruitlib.base.profiles import Profile
from recruitlib.base.scope import Scope
from recruitlib.base.tables import ReadTable

# Which approved item (結合される情報項目) a column belongs to.
CONNECTED_ITEMS = {
    "subject_name": "氏名",
    "subject_surname": "氏名",
    "subject_given": "氏名",
    "subject_birth_text": "生年月日",
    "subject_address": "住所",
    "subject_building": "住所",
    "phone": "電話番号",
    "wish": "提供しない申出",
}
# Not among the approved items by name, and part of one where the scope's switch says so.
_KANA = ("subject_kana", "subject_surname_kana", "subject_given_kana")
_RELATION = "applicant_relation"
_CONNECTED_CHANNEL = "form"
OUTSIDE = "承認された範囲にない項目"
_ATTACHMENTS = ("添付", "画像", "写真", "アップロード")
_LONGEST_SHOWN = 40  # characters of an added header: the title of a question can be long
_NAMES = {"subject_name": "氏名", "subject_surname": "氏", "subject_given": "名"}


def check_fingerprint(headers: Sequence[str], profile: Profile) -> list[str]:
    """Say how the headers of a file differ from those of its form.

    Missing headers are named in the profile's own words. An added header is shown only where at
    least two thirds of the form's headers are there and the row is not much wider: else it may be,
    or hold, a person's.

    Args:
        headers: the header cells of the file as they stand.
        profile: its ``headers`` are the fingerprint; without them nothing is compared.

    Returns:
        one Japanese sentence for each header that was renamed, is missing, was added, or moved.
    """
    wanted = [fold_header(header) for header in profile.headers]
    if not wanted:
        return []
    places = [place for place, header in enumerate(headers) if header.strip()]
    found = [fold_header(headers[place]) for place in places]
    shared = Counter(wanted) & Counter(found)
    # A row that a person's was joined to is about twice as wide.
    is_near = len(found) * 2 <= len(wanted) * 3
    shows_added = is_near and sum(shared.values()) * 3 >= len(wanted) * 2
    renamed = _pair_renamed(wanted, found, shared) if shows_added else {}

    def show(at: int) -> str:
        return _quote(headers[places[at]]) if shows_added else ""

    problems = [
        f"見出し「{profile.headers[old]}」が{name_column(places[new])}列で{show(new)}に変わりました。"
        for old, new in renamed.items()
    ]
    problems += [
        f"見出し「{profile.headers[at]}」がありません。"
        for at in _list_surplus(wanted, shared)
        if at not in renamed
    ]
    problems += [
        f"{name_column(places[at])}列に、様式にない見出し{show(at)}があります。"
        for at in _list_surplus(found, shared)
        if at not in renamed.values()
    ]
    moved = _list_moved(wanted, found, shared)
    if moved:
        names = "、".join(f"「{profile.headers[place]}」" for place in moved[:10])
        problems.append(f"見出しの並びが変わりました（{names}）。")
    if problems:
        problems.append("設問を変えたかを確かめ、様式（params/profiles）の見出しを直してください。")
    return problems


def _pair_renamed(
    wanted: Sequence[str], found: Sequence[str], shared: Counter[str]
) -> dict[int, int]:
    """Pair the headers that stand in one place under another name: form's place to file's place."""
    renamed = {}
    blocks = SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes()
    for tag, start, end, first, last in blocks:
        if tag == "replace" and end - start == last - first:
            for old, new in zip(range(start, end), range(first, last), strict=True):
                if wanted[old] not in shared and found[new] not in shared:
                    renamed[old] = new
    return renamed


def _list_surplus(headers: Sequence[str], shared: Counter[str]) -> list[int]:
    """List the places of the headers that the other side does not have, or not so often."""
    left = Counter(shared)
    surplus = []
    for place, header in enumerate(headers):
        if left[header]:
            left[header] -= 1
        else:
            surplus.append(place)
    return surplus


def _list_moved(wanted: Sequence[str], found: Sequence[str], shared: Counter[str]) -> list[int]:
    """List the places in the form of the headers that stand in another order in the file."""
    ours = [place for place, header in enumerate(wanted) if header in shared]
    theirs = [header for header in found if header in shared]
    names = [wanted[place] for place in ours]
    if names == theirs:
        return []
    kept: set[int] = set()
    for block in SequenceMatcher(None, names, theirs, autojunk=False).get_matching_blocks():
        kept |= set(range(block.a, block.a + block.size))
    return [place for at, place in enumerate(ours) if at not in kept]


def _quote(header: str) -> str:
    # What stands below a line break may be rows that a stray quote has swallowed.
    first = next(iter(header.strip().splitlines()), "")
    plain = "".join(sign for sign in first if unicodedata.category(sign)[0] != "C")
    return f"「{plain.strip()[:_LONGEST_SHOWN]}」"


def check_name_columns(source: ReadTable) -> list[str]:
    """Say if a file has no column for the subject's name: one for all of it, or one for each part."""
    present = {name for name in _NAMES if name in source.table.columns} - set(source.absent)
    if "subject_name" in present or present >= {"subject_surname", "subject_given"}:
        return []
    return [
        "対象者の氏名の見出しがありません（氏名の一列か、氏と名の二列が要ります）。"
        "様式（params/profiles）の見出しを直してください。"
    ]


def tabulate_columns(
    source: ReadTable, profile: Profile, scope: Scope, channel: str
) -> pd.DataFrame:
    """Tabulate what becomes of each column of a file, in the order of the file.

    A header is shown in the profile's words; one that the profile does not know is shown by its
    column alone.

    Args:
        channel: ``form``, whose system is connected, or ``counter``.

    Returns:
        one row per header: its column as a spreadsheet names it, the header, and its kind.
    """
    canonical = {
        fold_header(alias): (name, alias)
        for name, aliases in profile.columns.items()
        for alias in aliases
    }
    canonical |= {
        fold_header(header): (name, header)
        for name, choices in profile.options.items()
        for header in choices
    }
    known = {fold_header(header): header for header in profile.known}
    rows = []
    for place, header in enumerate(source.headers):
        folded = fold_header(header)
        if not header.strip():
            shown, kind = "（見出しなし）", "読まない"
        elif folded in canonical:
            name, shown = canonical[folded]
            kind = name_kind(name, shown, profile, scope, channel)
        elif folded in known:
            shown = known[folded]
            attached = any(word in shown for word in _ATTACHMENTS)
            kind = "読まない（添付ファイル）" if attached else "読まない"
        else:
            shown, kind = "（様式にない見出し）", "読まない"
        rows.append((name_column(place), shown, kind))
    return pd.DataFrame(rows, columns=["列", "見出し", "扱い"], dtype="str")


def name_kind(name: str, header: str, profile: Profile, scope: Scope, channel: str) -> str:
    """Name the kind of a column that is read; ``OUTSIDE`` where nobody approved it.

    The form's system is somebody else's: what it fills in is listed in the scope, header by header.
    What the counter's clerks fill in is the office's own, and the profile says it.
    """
    item = _find_item(name, scope)
    if item in scope.connected_items:
        return f"結合する項目（{item}）"
    listed = {fold_header(column) for column in scope.form_system_columns}
    if name in profile.system and (channel != _CONNECTED_CHANNEL or fold_header(header) in listed):
        return "システム・窓口が付ける項目"
    return OUTSIDE


def _find_item(name: str, scope: Scope) -> str:
    if name in _KANA and scope.kana_is_name:
        return CONNECTED_ITEMS["subject_name"]
    if name == _RELATION and scope.relation_is_optout:
        return CONNECTED_ITEMS["wish"]
    return CONNECTED_ITEMS.get(name, "")


def check_columns(columns: pd.DataFrame, channel: str) -> list[str]:
    """Say which columns a profile would keep though nobody approved it.

    Args:
        columns: as ``tabulate_columns`` gives them.
        channel: the name of the channel for the officer.

    Returns:
        one Japanese sentence for each such column.
    """
    return [
        f"{channel}の{row['列']}列「{row['見出し']}」は、{OUTSIDE}です。様式（params/profiles）の columns・options "
        "から外して known に移すか、承認を受けた新しい範囲（項目は connected_items、システムが付ける列は "
        "form_system_columns）で 01 からやり直してください。"
        for row in columns.to_dict("records")
        if row["扱い"] == OUTSIDE
    ]


def describe_columns(columns: pd.DataFrame) -> str:
    """Describe for the record which columns were kept and which were not, by header.

    Args:
        columns: as ``tabulate_columns`` gives them.
    """
    is_dropped = columns["扱い"].str.startswith("読まない")
    kept, dropped = (
        "・".join(columns.loc[chosen, "見出し"]) or "なし" for chosen in (~is_dropped, is_dropped)
    )
    return f"読み込んだ列: {kept}、読み込まなかった列: {dropped}"
