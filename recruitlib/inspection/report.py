"""What a file is, in plain words, before anybody relies on it: and never a person's value.

For the officer whose file is refused, and for whoever writes a profile for a new maker. Only what
can be no value is shown: headers made of the words of headers, codes of one to three letters or
digits that several rows share, counts, lengths, forms, and row numbers.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.encodings import Proof, prove_encoding
from recruitlib.base.errors import FormError, ParameterError
from recruitlib.base.plain_files import require_plain
from recruitlib.base.profiles import Profile, read_profile
from recruitlib.base.worksheets import open_sheet, read_lines, remark_hidden
from recruitlib.inspection.drafts import draft_profile
from recruitlib.inspection.findings import (
    judge_latest,
    tell_codes,
    tell_columns,
    tell_forbidden,
    tell_forms,
    tell_latest,
    tell_profiles,
    tell_rows,
)
from recruitlib.inspection.layouts import Layout, find_layout
from recruitlib.inspection.outlines import read_outline, tabulate_widths
from recruitlib.inspection.soundings import Sounding, sound_lines, sound_text

_HEAD = 60  # rows of a sheet by which its layout is found
_LONGEST_LINE = 400
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = {",": "コンマ", ";": "セミコロン", "\t": "タブ"}
_ENCODINGS = {"utf-8": "UTF-8", "cp932": "CP932（Windowsのシフト JIS）", "utf-16-le": "UTF-16（LE）",
              "utf-16-be": "UTF-16（BE）"}  # fmt: skip


class Inspection(NamedTuple):
    """What a file is, in Japanese lines, and a draft of a profile for it.

    ``draft`` is "" where none can be made; ``known`` says that a profile is near enough without it.
    """

    lines: tuple[str, ...]
    draft: str
    known: bool


class _Source(NamedTuple):
    lines: list[str]
    encoding: str
    delimiter: str
    widths: Counter[int]


def read_profiles(folder: Path, only: Path | None = None) -> tuple[list[Profile], list[str]]:
    """Read the profiles that a file may fit, and name those that cannot be read."""
    if only is not None:
        return [read_profile(only)], []
    profiles, broken = [], []
    for path in sorted(folder.glob("*.yaml")):
        try:
            profiles.append(read_profile(path))
        except ParameterError:
            broken.append(path.name)
    return profiles, broken


def inspect_file(
    path: Path,
    profiles: Sequence[Profile],
    given: bool = False,
    drafting: bool = False,
    sheet: str | None = None,
) -> Inspection:
    """Say what a file is, without a person's value.

    Args:
        path: a CSV file or a workbook (.xlsx).
        profiles: those that may fit it.
        given: the officer named the one profile.
        drafting: make a draft profile even where a profile is near.
        sheet: the sheet of a workbook that has several.

    Returns:
        what was found; a file with problems is described with them.

    Raises:
        FormError: the file is no table, or its encoding cannot be decided.
    """
    require_plain(path)
    with path.open("rb") as file:
        head = file.read(4)
    if head in (_ZIP, _OLE) or head.startswith(_OLE):
        source, layout, sounding = _inspect_workbook(path, profiles, given, drafting, sheet)
    else:
        source, layout, sounding = _inspect_text(path, profiles, given, drafting)
    rule, judged = judge_latest(sounding.history, layout)
    lines = [
        f"ファイル: {path.name}（{path.stat().st_size:,}バイト）",
        *source.lines,
        *tell_rows(layout, sounding, source.widths),
        *tell_profiles(layout),
        *tell_columns(layout),
        *tell_forbidden(layout, sounding.facts),
        *tell_codes(layout, sounding),
        *tell_forms(layout, sounding.facts),
        *tell_latest(rule, judged),
    ]
    draft = ""
    if drafting or layout.near is None:
        draft = draft_profile(layout, sounding.facts, source.encoding, source.delimiter, rule)
    return Inspection(tuple(map(clean_line, lines)), draft, layout.near is not None)


def _inspect_text(
    path: Path, profiles: Sequence[Profile], given: bool, drafting: bool
) -> tuple[_Source, Layout, Sounding]:
    proof = prove_encoding(path)
    outline = read_outline(path, proof)
    layout = find_layout(outline.records, profiles, given, outline.width)
    if outline.width < 2 and not layout.rows:
        raise _refuse(path)
    _require_columns(path, layout)
    sounding = sound_text(path, proof, outline, layout, drafting or layout.near is None)
    skip = outline.ends[layout.rows - 1] if layout.rows else 0
    widths = tabulate_widths(path, proof, outline.delimiter, skip)
    lines = [
        "種類: CSV（文字の表）",
        *_tell_encoding(proof),
        _tell_delimiter(outline.delimiter, outline.width),
    ]
    return _Source(lines, proof.encoding, outline.delimiter, widths), layout, sounding


def _inspect_workbook(
    path: Path, profiles: Sequence[Profile], given: bool, drafting: bool, sheet: str | None
) -> tuple[_Source, Layout, Sounding]:
    picked, remarks = open_sheet(path, sheet)
    read = list(read_lines(picked, 1, {}))
    head = [line.texts for line in read[:_HEAD]]
    width = max(map(len, head), default=0)
    layout = find_layout(head, profiles, given, width)
    if width < 2 and not layout.rows:
        raise _refuse(path)
    _require_columns(path, layout)
    sounding = sound_lines(
        path, picked.formulas.title, read, layout, drafting or layout.near is None
    )
    remarks = [*remarks, *remark_hidden(picked.formulas, layout.rows + 1)]
    lines = ["種類: 表計算ブック（.xlsx）", *(f"シート: {remark}" for remark in remarks)]
    return _Source(lines, "", ",", Counter()), layout, sounding


def _refuse(path: Path) -> FormError:
    return FormError(
        f"{path.name}: 表ではありません（見出しがなく、区切りの文字（コンマ・セミコロン・タブ）もありません）。"
        "CSV（UTF-8）として出力し直してください。"
    )


def _require_columns(path: Path, layout: Layout) -> None:
    if not layout.taken:
        raise FormError(
            f"{path.name}: 調べられる列がありません（読んではいけない列だけです）。抽出し直してください。"
        )


def _tell_encoding(proof: Proof) -> list[str]:
    return [f"文字コード: {_ENCODINGS[proof.encoding]}。{proof.how}"]


def _tell_delimiter(delimiter: str, width: int) -> str:
    if width < 2:
        return "区切り: 見つかりません（一列だけの表）"
    return f"区切り: {_DELIMITERS[delimiter]}（試したもの: {'・'.join(_DELIMITERS.values())}）"


def write_draft(path: Path, draft: str) -> None:
    """Write a draft profile into a new file.

    Raises:
        ParameterError: there is a file of that name.
        FormError: the inspected file has no header that a draft could be made of.
    """
    if not draft:
        raise FormError(
            "見出しが見つからないため、様式の下書きを作れません。見出しの行のあるファイルか、確かめてください。"
        )
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(draft)
    except FileExistsError:
        raise ParameterError(
            f"{path.name}: 同じ名前のファイルがあります。別の名前にしてください。"
        ) from None


def clean_line(line: str) -> str:
    """Take out of a line what could make a terminal do something, and cut it."""
    kept = "".join(sign for sign in line if unicodedata.category(sign)[0] != "C")
    return kept if len(kept) <= _LONGEST_LINE else f"{kept[:_LONGEST_LINE]}…"
