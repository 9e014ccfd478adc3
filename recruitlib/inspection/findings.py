"""The findings of an inspection in plain Japanese: counts, forms, short codes and row numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recruitlib.base.contents import ANY_CODE
from recruitlib.base.delimited import Broken
from recruitlib.base.header_words import fold_header
from recruitlib.base.headers import ABOVE, name_column, name_rows
from recruitlib.inspection.captions import DATE, NUMBER, PLAIN, POSTAL
from recruitlib.inspection.column_facts import UNREADABLE, Facts, list_codes
from recruitlib.inspection.layouts import Candidate, Layout
from recruitlib.inspection.meanings import say_meaning
from recruitlib.inspection.outlines import DAMAGED
from recruitlib.inspection.soundings import Codes, Sounding, count_latest
from recruitlib.registry.history import History, find_latest

_MOST = 12  # reasons, widths or lengths that are listed
_FAR = 0.25  # headers known to one unknown; a profile with fewer is no candidate
_MY_NUMBER = 12  # digits
_TOLD = ("同じ項目", ABOVE)  # of the problems of a header these are not told elsewhere
_SHORT = re.compile(r"\[[0-9-]+\]\??")  # the form of a flag or an era
_RULES = {"flag": "最新フラグが1の行", "highest": "履歴番号が最大の行", "single": "一人一行"}
_HOLDS = {"registry": "台帳", "protections": "支援措置", "applications": "申出"}


class Judged(NamedTuple):
    """How a rule for the latest record does: people, those with two latest records, those without."""

    rule: str
    people: int
    doubled: int
    lacking: int


def tell_rows(layout: Layout, sounding: Sounding, widths: Mapping[int, int]) -> list[str]:
    """Tell where the header is, how many rows there are and how wide, and what cannot be read."""
    above = f"{layout.titles}行" if layout.titles else "なし"
    if layout.rows:
        high = layout.rows - layout.titles
        where = (
            f"{layout.titles + 1}行目"
            if high == 1
            else f"{layout.titles + 1}・{layout.rows}行目の二段"
        )
        lines = [f"題の行: {above}", f"見出し: {where}、{len(layout.headers)}列"]
    else:
        lines = [
            "見出し: 見つかりません（最初の行は人の行かもしれないため、何も表示しません）。"
            f"{len(layout.headers)}列。見出しを付けて出力し直してください。"
        ]
    lines.append(
        f"行: {sounding.rows:,}行（見出しより下。ほかに空の行 {sounding.blank:,}、"
        f"合計の行 {sounding.footers:,}）"
    )
    if widths:
        common = sorted(widths.items(), key=lambda item: -item[1])
        listed = "、".join(
            f"{f'{width}列' if width != DAMAGED else '引用符が不正'} {count:,}行"
            for width, count in common[:_MOST]
        )
        rest = f"、ほか{len(common) - _MOST}通り" if len(common) > _MOST else ""
        lines.append(f"行の幅: {listed}{rest}")
    return [
        *lines,
        *_tell_broken(sounding.broken),
        *(f"問題: {text}" for text in sounding.problems),
    ]


def _tell_broken(broken: Sequence[Broken]) -> list[str]:
    if not broken:
        return ["読めない行: なし"]
    reasons: dict[str, list[int]] = {}
    for row in sorted(broken):
        reasons.setdefault(row.reason, []).append(row.row)
    lines = [f"読めない行: {len({row.row for row in broken}):,}行"]
    common = sorted(reasons.items(), key=lambda item: -len(item[1]))
    lines += [f"  {reason}: {name_rows(rows)}" for reason, rows in common[:_MOST]]
    if len(common) > _MOST:
        lines.append(f"  ほか{len(common) - _MOST}通りの理由")
    return lines


def tell_profiles(layout: Layout) -> list[str]:
    """Tell which profiles know the file, the best first, and how a form's headers have changed."""
    told = [
        candidate
        for candidate in layout.candidates
        if candidate is layout.near or candidate.known > max(1, _FAR * candidate.unknown)
    ]
    lines = ["様式（よく合う順）:" if told else "様式: 合うものはありません。"]
    for candidate in told:
        missing = f"（{'、'.join(candidate.missing[:5])}）" if candidate.missing else ""
        verdict = _judge(candidate, layout)
        lines.append(
            f"  {candidate.profile.name}: 知っている見出し {candidate.known}、知らない見出し "
            f"{candidate.unknown}、足りない必須の見出し {len(candidate.missing)}{missing}{verdict}"
        )
    if layout.near is None and layout.rows:
        lines.append("  どの様式とも離れています。下書きを確かめ、直して使ってください。")
    if layout.near is None:
        return lines
    lines += [
        f"  問題: {problem}"
        for problem in layout.near.plan.problems
        if any(what in problem for what in _TOLD)
    ]
    return [*lines, *_tell_changes(layout, layout.near)]


def _judge(candidate: Candidate, layout: Layout) -> str:
    if candidate is not layout.near:
        return ""
    whole = not candidate.plan.problems and not candidate.unknown
    return " ← この様式で読めます" if whole else " ← 近い様式（このままでは読めません）"


def _tell_changes(layout: Layout, near: Candidate) -> list[str]:
    """Tell how the headers differ from the form's fingerprint."""
    wanted = [fold_header(header) for header in near.profile.headers]
    if not wanted:
        return []
    places = [at for at, header in enumerate(layout.headers) if header.strip()]
    found = [fold_header(layout.headers[at]) for at in places]
    if found == wanted:
        return ["  見出しの並び: 様式と同じです。"]
    lines = []
    if lost := Counter(wanted) - Counter(found):
        names = [
            name for name, text in zip(near.profile.headers, wanted, strict=True) if text in lost
        ]
        lines.append(f"  なくなった見出し: {'、'.join(names)}")
    if added := Counter(found) - Counter(wanted):
        names = [_name(layout, at) for at, text in zip(places, found, strict=True) if text in added]
        lines.append(f"  様式にない見出し: {'、'.join(names)}")
    return lines or ["  見出しの並びが様式と違います。"]


def tell_columns(layout: Layout) -> list[str]:
    """Tell which columns are read, dropped, or unknown; a header that may be a value by its letter."""
    if not layout.rows:
        return []
    filled = [at for at, header in enumerate(layout.headers) if header.strip()]
    blank = [at for at in range(len(layout.headers)) if at not in filled]
    lines = []
    if layout.near is not None:
        plan = layout.near.plan
        read = {
            *plan.positions.values(),
            *(at for values in plan.options.values() for at in values),
        }
        dropped = {fold_header(header) for header in plan.dropped}
        left = [
            at for at in filled
            if at not in read and (fold_header(layout.headers[at]) in dropped
                                   or layout.headers[at].strip() in plan.dropped)
        ]  # fmt: skip
        unknown = [at for at in filled if at not in read and at not in left]
        lines += _list_columns("読む列", layout, sorted(read))
        lines += _list_columns("読まずに捨てる列", layout, left)
        lines += _list_columns("様式にない列", layout, unknown)
    else:
        meant = {at: name for name, at in layout.meanings.items()}
        guessed = [f"{_name(layout, at)}→{name}" for at, name in sorted(meant.items())]
        lines += [
            f"列の推測（{_HOLDS[layout.holds]}として、{len(guessed)}列）:",
            *_wrap(guessed),
        ] if guessed else []  # fmt: skip
        lines += _list_columns("そのほかの列", layout, [at for at in filled if at not in meant])
    folded = [fold_header(header) for header in layout.headers]
    double = [at for at in filled if folded[at] and folded.count(folded[at]) > 1]
    if double:
        lines.append(
            f"同じ見出しの列: {'、'.join(_name(layout, at) for at in double)}"
            "（どちらを読むか決まらないため、一方を消してください）"
        )
    if blank:
        lines.append(f"見出しのない列: {'、'.join(f'{name_column(at)}列' for at in blank[:_MOST])}")
    return lines


def _list_columns(title: str, layout: Layout, places: Sequence[int]) -> list[str]:
    if not places:
        return []
    return [f"{title}（{len(places)}）:", *_wrap([_name(layout, at) for at in places])]


def _wrap(texts: Sequence[str], width: int = 44) -> list[str]:
    """Put short texts on as few lines as fit."""
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) > width:
            lines.append(f"  {line}")
            line = ""
        line = f"{line}、{text}" if line else text
    return [*lines, f"  {line}"] if line else lines


def _name(layout: Layout, at: int) -> str:
    """Name a column by its letter and its header, or the header's length where it may be a value."""
    if layout.shown[at]:
        return f"{name_column(at)}「{layout.shown[at]}」"
    header = layout.headers[at].strip()
    hidden = f"（見出し{len(header)}文字、表示しません）" if header else "列"
    return f"{name_column(at)}{hidden}"


def tell_forbidden(layout: Layout, facts: Mapping[int, Facts]) -> list[str]:
    """Tell which columns must not be in the file at all, by header, or by 12 digits in every cell."""
    lines = []
    if layout.forbidden:
        names = "、".join(_name(layout, at) for at in layout.forbidden)
        lines.append(
            f"読んではいけない列: {names}（中身は見ていません。抽出から外してもらってください）"
        )
    suspects = [
        at for at, held in facts.items()
        if layout.sorts[at] == NUMBER and held.filled and set(held.lengths) == {_MY_NUMBER}
    ]  # fmt: skip
    if suspects:
        names = "、".join(_name(layout, at) for at in suspects)
        lines.append(f"12桁の数字だけの列: {names}（個人番号でないか確かめてください）")
    return lines or ["読んではいけない列: 見出しからは見つかりません。"]


def tell_codes(layout: Layout, sounding: Sounding) -> list[str]:
    """Tell the rows by code: those of the profile's tables, or short codes that several rows share."""
    lines = []
    if layout.near is not None:
        profile = layout.near.profile
        for name, codes in sounding.codes.items():
            at = layout.meanings.get(name)
            title = _name(layout, at) if at is not None else name
            lines.append(f"  {title}: {_tell_table(codes, profile.codes[name])}")
        plain = [
            at
            for name, at in layout.meanings.items()
            if name not in profile.codes and _SHORT.fullmatch(profile.forms.get(name, ""))
        ]
    else:
        plain = [at for at in layout.taken if layout.shown[at]]
    lines += [
        f"  {_name(layout, at)}: {_tell_plain(sounding.facts[at])}"
        for at in sorted(plain)
        if layout.sorts[at] == PLAIN and list_codes(sounding.facts[at])
    ]
    return ["符号ごとの行数:", *lines] if lines else []


def _tell_table(codes: Codes, table: Mapping[str, str]) -> str:
    """Tell the rows by the codes of a table; of any other code only where it stands."""
    told = [
        f"{code or '（空）'}＝{say_meaning(meaning)} {codes.counts[code]:,}行"
        for code, meaning in table.items()
        if codes.counts[code]
    ]
    if codes.unknown and ANY_CODE in table:
        told.append(f"そのほか＝{say_meaning(table[ANY_CODE])} {codes.unknown:,}行")
    elif codes.unknown:
        told.append(f"表にない符号 {codes.unknown:,}行（{_list_some(codes.rows, codes.unknown)}）")
    return "、".join(told) or "行がありません"


def _tell_plain(facts: Facts) -> str:
    """Tell the rows by the codes that may be shown, and how many rows have another value."""
    shown = list_codes(facts)
    told = [f"{code} {count:,}行" for code, count in shown.items()]
    empty, rest = facts.rows - facts.filled, facts.filled - sum(shown.values())
    told += [f"（空） {empty:,}行"] if empty else []
    told += [f"表示しない値 {rest:,}行"] if rest else []
    return "、".join(told)


def _list_some(rows: Sequence[int], count: int) -> str:
    """List the first rows, and how many more there are."""
    rest = count - min(len(rows), 10)
    return f"{'、'.join(map(str, rows[:10]))}行目{f'ほか{rest:,}行' if rest > 0 else ''}"


def tell_forms(layout: Layout, facts: Mapping[int, Facts]) -> list[str]:
    """Tell how dates and postal codes are written, and how long numbers are."""
    sections: tuple[tuple[str, str], ...] = (
        (DATE, "日付の書き方:"), (POSTAL, "郵便番号の書き方:"), (NUMBER, "番号の桁数:"),
    )  # fmt: skip
    lines = []
    for sort, title in sections:
        told = [
            f"  {_name(layout, at)}: {_tell_number(held) if sort == NUMBER else _tell_forms(held)}"
            for at, held in sorted(facts.items())
            if layout.sorts[at] == sort
        ]
        lines += [title, *told] if told else []
    return lines


def _tell_forms(facts: Facts) -> str:
    told = [f"{form} {count:,}" for form, count in facts.forms.most_common() if count]
    wrong = facts.forms[UNREADABLE]
    where = f"（{_list_some(facts.unreadable, wrong)}）" if wrong else ""
    return "、".join(told) + where if told else "行がありません"


def _tell_number(facts: Facts) -> str:
    told = [f"{length}文字 {count:,}" for length, count in sorted(facts.lengths.items())[:_MOST]]
    told += [f"ほか{len(facts.lengths) - _MOST}通り"] if len(facts.lengths) > _MOST else []
    empty = facts.rows - facts.filled
    told += [f"空 {empty:,}"] if empty else []
    return f"{'、'.join(told)}（先頭が0 {facts.zeros:,}）" if facts.filled else "空だけ"


def judge_latest(history: Sequence[History], layout: Layout) -> tuple[str, list[Judged]]:
    """Judge which rule gives every person exactly one latest record.

    Returns:
        the rule that would work best, and how each one does; no rules where the file has no ids.
    """
    if not sum(len(part.rows) for part in history):
        return "flag", []
    rules = ["single"]
    rules += ["highest"] if "history_number" in layout.meanings else []
    rules += ["flag"] if "latest_flag" in layout.meanings else []
    judged = [
        Judged(rule, *count_latest(history, find_latest(history, rule).is_latest)) for rule in rules
    ]
    # Of rules that do equally well the one that needs most of the file is the surest.
    best = min(reversed(judged), key=lambda found: found.doubled + found.lacking)
    return best.rule, judged


def tell_latest(rule: str, judged: Sequence[Judged]) -> list[str]:
    """Tell how each rule for the latest record does, and which would work."""
    if not judged:
        return []
    lines = ["最新の記録:"]
    for found in judged:
        marks = ""
        if found.rule == rule:
            whole = not found.doubled and not found.lacking
            marks = (
                f" ← latest: {rule}" if whole else f" ← latest: {rule}（登録係に確かめてください）"
            )
        lines.append(
            f"  {_RULES[found.rule]}: {found.people:,}人のうち、最新が二つ以上 {found.doubled:,}人、"
            f"ない {found.lacking:,}人{marks}"
        )
    return lines
