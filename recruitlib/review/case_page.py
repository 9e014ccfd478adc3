"""Page of a case: what two officers read on the screen, as HTML that shows any text as typed."""

from __future__ import annotations

from collections.abc import Iterable

from recruitlib.base.views import show_text
from recruitlib.review.casebook import CaseView, Resident
from recruitlib.review.comparison import DIFFERS, MISSING, SAME, VARIANT, Line, Pieces

# What differs is told by a sign, brackets, weight and a line, so that no colour is needed.
SIGNS = {SAME: "＝", VARIANT: "≒", DIFFERS: "≠", MISSING: "－"}
_BRACKETS = {SAME: ("", ""), MISSING: ("", ""), VARIANT: ("〔", "〕"), DIFFERS: ("【", "】")}
_ABREAST = 3  # residents beside an application, so that nobody has to scroll sideways
_LONGEST = 1000  # characters of our own words and an officer's note, which is no longer than 500
DOUBT = "氏名も生年月日も一致しません（決めるとき・確かめるときにチェックが要ります）"
NOBODY = "（世帯の確認。申出はありません）"
NO_CANDIDATE = (
    "候補がないので「除外する」は選べません。本人が分かったときは、窓口・郵送の申出なら受付簿の行を直し、"
    "電子申請の申出なら正しい内容を受付簿に書き加えて（件数も直し、この事例は「該当者なし」、理由「別の行に入れ直した」と"
    "決めます）、02 からやり直してください。だれも当たらないと確かめたときは「該当者なし」です。"
    "どちらでもない間は決めずに置きます（03 が待ちます）。"
)


def mark_pieces(pieces: Pieces) -> str:
    """Write pieces of text with brackets around what differs, for a terminal; nothing is escaped."""
    return "".join(
        f"{_BRACKETS[state][0]}{text}{_BRACKETS[state][1]}" for state, text in pieces if text
    )


def join_pieces(pieces: Pieces) -> str:
    """Join pieces to the text as it was typed."""
    return "".join(text for _, text in pieces)


def _render_pieces(pieces: Pieces) -> str:
    return "".join(
        show_text(text)
        if state in (SAME, MISSING)
        else f'<b class="rl-{state}">{_BRACKETS[state][0]}{show_text(text)}{_BRACKETS[state][1]}</b>'
        for state, text in pieces
        if text
    )


def render_case(view: CaseView, decided: str) -> str:
    """Render a case: its head, then tables of the application beside at most three residents each.

    Args:
        view: the case.
        decided: what was decided so far, in words.
    """
    case = view.case
    remarks = [view.told, *view.remarks]
    if case["kind"] == "undecided" and not case["choices"]:
        remarks.append(NO_CANDIDATE)
    if not view.residents and case["choices"] == 0:
        remarks.append("並べて比べる人はいません。")
    head = (
        f"<h4>事例 {case['case']}: {show_text(view.kind)}</h4>"
        f"<p>理由: {show_text(view.why)}（内容の値 {case['digest'][:16]}）</p>"
        + "".join(f"<p>{show_text(remark, _LONGEST)}</p>" for remark in remarks if remark)
        + f'<p class="rl-decided">決定: {show_text(decided, _LONGEST)}</p>'
    )
    groups = [
        view.residents[at : at + _ABREAST] for at in range(0, len(view.residents), _ABREAST)
    ] or [[]]
    return head + "".join(_render_table(view, group) for group in groups)


def _render_table(view: CaseView, residents: list[Resident]) -> str:
    titles = "".join(f'<th scope="col">{show_text(one.title)}</th>' for one in residents)
    rows = [f'<tr><td></td><th scope="col">申出に書かれた内容</th>{titles}</tr>']
    if any(one.doubtful for one in residents):
        told = [f'<span class="rl-doubt">⚠ {DOUBT}</span>' * one.doubtful for one in residents]
        rows.append(_render_row("注意", "", told))
    if any(one.evidence for one in residents):
        rows.append(_render_row("突合の根拠", "", [show_text(one.evidence) for one in residents]))
    alone = len(residents) == 1
    for place, line in enumerate(residents[0].lines if residents else view.typed):
        typed = line.typed if alone else ((SAME, join_pieces(line.typed)),)
        held = [_render_held(one.lines[place], alone) for one in residents]
        rows.append(_render_row(line.label, _render_pieces(typed), held))
    if not view.typed:
        rows.insert(1, _render_row("", NOBODY, [""] * len(residents)))
    for label, others in (
        ("同じ氏名の対象者", [one.namesakes for one in residents]),
        ("同じ世帯の対象者", [one.housemates for one in residents]),
    ):
        if residents:
            rows.append(_render_row(label, "", map(_render_others, others)))
    rows += [
        _render_row(label, show_text(value), [""] * len(residents)) for label, value in view.beside
    ]
    return f'<table class="rl-table">{"".join(rows)}</table>'


def _render_held(line: Line, alone: bool) -> str:
    """Render a resident's field, and below it in words how far it agrees.

    Beside several residents the letters of the application that differ stand here, since each
    resident differs in others.
    """
    parts = [f"<div>{_render_pieces(line.held)}</div>"]
    if not alone and any(state in (DIFFERS, VARIANT) for state, _ in line.typed):
        parts.append(f'<div class="rl-words">申出: {_render_pieces(line.typed)}</div>')
    if line.words:
        words = f"{SIGNS[line.state]} {show_text(line.words)}"
        parts.append(f'<div class="rl-words">{words}</div>')
    return "".join(parts)


def _render_others(others: list[str]) -> str:
    return "".join(f"<div>{show_text(other)}</div>" for other in others) or "いません"


def _render_row(label: str, typed: str, held: Iterable[str]) -> str:
    cells = "".join(f'<td class="rl-candidate">{cell}</td>' for cell in held)
    return f'<tr><th scope="row">{label}</th><td class="rl-application">{typed}</td>{cells}</tr>'
