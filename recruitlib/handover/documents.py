"""The papers of a hand-over: letter, receipt, register entry, conditions, correction, disposal.

They hold counts, serials and the head of the record, and nothing of a resident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Spacer

from recruitlib.base.audit import group_digest
from recruitlib.base.dates import format_era
from recruitlib.base.papers import (
    CENTRE,
    MARGIN_NOTE,
    RIGHT,
    SMALL,
    SPECIMEN,
    TINY,
    TITLE,
    build_paper,
    draw_list,
    draw_table,
    open_page,
    write_line,
)
from recruitlib.base.parameters import is_iso_date
from recruitlib.base.scope import Scope
from recruitlib.base.serial_acts import name_serials

_NUMBER = "第＿＿＿＿＿＿号"  # the office's own number of the document, written by hand
_WIDE = (44, 121)


class Occasion(NamedTuple):
    """What the papers of one hand-over share.

    ``head`` is the head of the record in groups of four, by which a paper anchors the record.
    """

    municipality: str
    run_id: str
    request_number: str
    requested_on: date
    day: date
    head: str
    demonstration: bool


def describe_occasion(parameters: Mapping[str, Any], day: date, head: str) -> Occasion:
    """Describe what the papers of a run share.

    Args:
        parameters: those of the run.
        day: the day of the papers.
        head: the hash of the last entry of the record.
    """
    return Occasion(
        f"{parameters['prefecture']}{parameters['municipality']}", parameters["run_id"],
        parameters["request_number"], date.fromisoformat(parameters["request_date"]), day,
        group_digest(head), parameters["run_kind"] == "demonstration",
    )  # fmt: skip


def render_letter(
    scope: Scope, occasion: Occasion, counts: Sequence[tuple[str, str]], draft: bool = False
) -> bytes:
    """Render the cover letter (送付状) with the true counts and the head of the record.

    Args:
        scope: recipient, medium, items and legal basis.
        occasion: what the papers share.
        counts: rows of (what, how many) as they stand today.
        draft: whether the hand-over is still awaited, so that nobody signs it.

    Returns:
        a PDF, the same bytes for the same content.
    """
    story = [
        *_mark_draft(draft),
        *_address(scope, occasion, "募集対象者情報（宛名シール）の送付について"),
        write_line(f"{format_era(occasion.requested_on)}付け{occasion.request_number}により依頼のありました"
            f"募集対象者の情報を、下記のとおり{scope.medium}により提供します。"),
        write_line("記", CENTRE),
        write_line(f"提供する項目: {_tell_items(scope)}"),
        write_line(f"根拠: {'、'.join(scope.legal_basis)}"),
        Spacer(1, 4 * mm),
        draw_table(counts),
        Spacer(1, 4 * mm),
        write_line("利用は募集案内の送付に限り、複製、再提供及び宛名シールの写しによる保有をしないでください。"
            "利用後は復元できない方法で消去し、その旨を報告してください。"),
        Spacer(1, 6 * mm),
        *_anchor(occasion),
    ]  # fmt: skip
    return build_paper(story)


def _address(scope: Scope, occasion: Occasion, title: str) -> list[Paragraph | Spacer]:
    """Begin a letter to the recipient."""
    return [
        *open_page(occasion.demonstration, occasion.day),
        write_line(_NUMBER, RIGHT),
        write_line(f"{scope.recipient}　御中"),
        write_line(f"{occasion.municipality}　{scope.division}", RIGHT),
        Spacer(1, 6 * mm),
        write_line(title, TITLE),
        Spacer(1, 5 * mm),
    ]


def _tell_items(scope: Scope) -> str:
    items = "、".join(scope.provided_items)
    return f"{items}（郵便番号を含む）" if scope.postal_code_is_address else items


def _anchor(occasion: Occasion) -> list[Paragraph]:
    return [
        write_line(f"実行名: {occasion.run_id}"),
        write_line(f"実行記録の先頭値: {occasion.head}"),
    ]


def _mark_draft(draft: bool) -> list[Paragraph]:
    return [write_line("下見（署名しない）", TITLE)] if draft else []


def render_receipt(
    scope: Scope, occasion: Occasion, counts: Sequence[tuple[str, str]], draft: bool = False
) -> bytes:
    """Render the receipt (受領書) that the receiver signs on handover day, or a draft of it."""
    story = [
        *_mark_draft(draft),
        *open_page(occasion.demonstration, occasion.day),
        write_line(f"{occasion.municipality}　{scope.division}　御中"),
        Spacer(1, 8 * mm),
        write_line("受領書", TITLE),
        Spacer(1, 6 * mm),
        write_line(f"{format_era(occasion.requested_on)}付け{occasion.request_number}に係る下記の宛名シールを"
            "受領しました。"),
        Spacer(1, 4 * mm),
        draw_table(counts),
        Spacer(1, 4 * mm),
        *_anchor(occasion),
        Spacer(1, 10 * mm),
        write_line("受領した日 令和＿＿年＿＿月＿＿日"),
        write_line(scope.recipient),
        write_line("所属・職名 ＿＿＿＿＿＿＿＿＿＿＿＿　署名 ＿＿＿＿＿＿＿＿＿＿＿＿"),
    ]  # fmt: skip
    return build_paper(story)


def render_entry(
    scope: Scope, occasion: Occasion, counts: Sequence[tuple[str, str]],
    received_on: date, people: Sequence[tuple[str, str]],
) -> bytes:  # fmt: skip
    """Render the entry for the office's register of provisions (提供記録簿).

    Args:
        scope: what was approved.
        occasion: what the papers share.
        counts: the final counts, spoiled labels taken off.
        received_on: the day of the hand-over.
        people: rows of (role, staff id and title); the receiver as he or she is to be recorded.
    """
    rows = [
        ("提供した日", format_era(received_on)),
        ("提供した相手", scope.recipient),
        ("根拠", "、".join(scope.legal_basis)),
        ("依頼", f"{format_era(occasion.requested_on)}付け　{occasion.request_number}"),
        ("利用目的", scope.purpose),
        ("提供する理由", scope.reason_for_provision),
        ("対象者", scope.subjects),
        ("提供した項目", _tell_items(scope)),
        ("媒体", scope.medium),
        *counts,
        *people,
        ("消去報告の期限", format_era(scope.period_to)),
        ("範囲の承認", f"{_tell_day(scope.approved_on)}　{scope.approved_by}"),
        ("実行名", occasion.run_id),
        ("実行記録の先頭値", occasion.head),
    ]
    story = [
        *open_page(occasion.demonstration, occasion.day),
        write_line(f"{occasion.municipality}　{scope.division}", RIGHT),
        Spacer(1, 4 * mm),
        write_line("募集対象者情報　提供記録簿", TITLE),
        Spacer(1, 4 * mm),
        draw_list([("項目", "内容"), *rows], _WIDE),
    ]
    return build_paper(story, "提供記録簿")


def list_conditions(scope: Scope) -> list[tuple[str, str]]:
    """List the conditions of the memorandum: what is asked for, and what it means in this supply.

    Source: the ward's document, 情報提供にかかる個人情報保護対策チェックリスト, third line, (1) to (7).
    """
    until = format_era(scope.period_to)
    return [
        ("(1)利用目的又は方法の制限",
         f"利用目的は「{scope.purpose}」に限る。方法は、宛名シールによる募集案内の送付に限る。"),
        ("(2)取扱者の範囲の限定",
         "相手方で取り扱う人は、募集案内の送付に携わる人に限り、提供元に届け出た人とする。"
         f"提供元の取扱者: {'、'.join(scope.handlers) or '（指定する予定）'}"),
        ("(3)第三者への再提供の制限又は禁止",
         "第三者に提供しない。宛名シールの写しや、書き写した一覧を作らない。"),
        ("(4)消去、返却等利用後の取扱いの指定",
         f"利用後は復元できない方法で消去するか、提供元に返却する。期限は{until}。"),
        ("(5)取扱状況に関する所要の報告の要求",
         f"消去又は返却を、{until}までに書面で提供元に報告する。紛失、漏えい等のときは直ちに報告する。"),
        ("(6)訂正の決定を行った場合において、当該訂正に応じる。",
         "提供元が訂正を通知したときは、示された通番の宛名シールを使わず、廃棄又は返却し、結果を報告する。"),
        ("(7)適切な情報保護対策、情報セキュリティ対策の実施",
         "施錠できる場所に保管し、持出しと枚数を記録する。提供元が行う実地の調査に応じる。"),
    ]  # fmt: skip


def render_conditions(scope: Scope, occasion: Occasion) -> bytes:
    """Render the list of the memorandum's conditions (覚書の条件一覧) that goes with the labels."""
    rows = [("提供先に求める措置", "この提供での内容"), *list_conditions(scope)]
    story = [
        *open_page(occasion.demonstration, occasion.day),
        write_line(f"{scope.recipient}　御中"),
        write_line(f"{occasion.municipality}　{scope.division}", RIGHT),
        Spacer(1, 4 * mm),
        write_line("募集対象者情報の提供の条件（覚書の一覧）", TITLE),
        Spacer(1, 3 * mm),
        write_line(f"{format_era(occasion.requested_on)}付け{occasion.request_number}に係る提供の条件は、"
            "次のとおりです。これは覚書の要点であり、覚書の定めが優先します。"),
        write_line(f"覚書の発効: {_tell_day(scope.memorandum_on)}"
            f"　情報の提供に関する要綱の施行: {_tell_day(scope.guideline_on)}"),
        Spacer(1, 3 * mm),
        draw_table(rows, (56, 109)),
        Spacer(1, 4 * mm),
        *_anchor(occasion),
    ]  # fmt: skip
    return build_paper(story)


def _tell_day(text: str) -> str:
    return format_era(date.fromisoformat(text)) if is_iso_date(text) else "（予定）"


def render_correction(
    scope: Scope, occasion: Occasion, number: int, serials: Sequence[int], received_on: date,
    due: date,
) -> bytes:  # fmt: skip
    """Render a notice of correction (訂正通知) to the recipient: which serials, and what to do.

    The words are the same whatever was wrong: a reason would tell of a death or of a protective
    measure.

    Args:
        scope: the recipient.
        occasion: what the papers share; its day is that of the notice.
        number: which notice of this run it is, from 1.
        serials: of the labels that must not be used.
        received_on: the day of the hand-over.
        due: until when the recipient reports.
    """
    title = f"募集対象者情報（宛名シール）の訂正について（訂正通知 {number}）"
    lead = (
        "提供した宛名シールのうち、下記の通番のものについて訂正の決定をしました。覚書に基づき、"
        "次のとおり取り扱ってください。"
    )
    return _ask_back(scope, occasion, (title, lead), serials, received_on, ("報告", due))


def render_discard_request(
    scope: Scope, occasion: Occasion, number: int, serials: Sequence[int], received_on: date,
    due: date,
) -> bytes:  # fmt: skip
    """Render a request to the recipient to destroy or return labels (廃棄依頼書).

    It names serials and no reason: that somebody has applied is nobody's else.

    Args:
        scope: the recipient.
        occasion: what the papers share; its day is that of the request.
        number: which request of this run it is, from 1.
        serials: of the labels that are asked back.
        received_on: the day of the hand-over.
        due: until when the recipient answers.
    """
    title = f"募集対象者情報（宛名シール）の廃棄について（廃棄依頼書 {number}）"
    lead = "提供した宛名シールのうち、下記の通番のものの廃棄又は返却をお願いします。次のとおり取り扱ってください。"
    return _ask_back(scope, occasion, (title, lead), serials, received_on, ("回答", due))


def _ask_back(
    scope: Scope, occasion: Occasion, words: tuple[str, str], serials: Sequence[int],
    received_on: date, answer: tuple[str, date],
) -> bytes:  # fmt: skip
    """Write to the recipient which labels must not be used, what to do, and until when to say so."""
    (title, lead), (what, due) = words, answer
    rows = [
        ("提供した日", format_era(received_on)),
        ("依頼", f"{format_era(occasion.requested_on)}付け　{occasion.request_number}"),
        ("枚数", f"{len(serials):,} 枚"),
        ("通番", name_serials(serials)),
        (f"{what}の期限", format_era(due)),
    ]
    story = [
        *_address(scope, occasion, title),
        write_line(lead),
        write_line("1　下記の通番の宛名シールを使わないでください。"),
        write_line("2　使っていないものは、読めないように裁断して廃棄するか、提供元に返却してください。"),
        write_line("3　既に使ったものは、使った日を知らせ、以後、同じあて先に送らないでください。"),
        write_line(f"4　以上の結果を、期限までに書面で{what}してください。"),
        write_line("記", CENTRE),
        draw_table(rows, _WIDE),
        Spacer(1, 4 * mm),
        write_line(f"通番は、シール一枚ごとには印刷してありません。{MARGIN_NOTE}", SMALL),
        Spacer(1, 4 * mm),
        *_anchor(occasion),
    ]  # fmt: skip
    return build_paper(story)


def render_disposal(
    municipality: str, division: str, day: date, rows: Sequence[tuple[str, str]],
    digests: Sequence[tuple[str, str]], people: Sequence[tuple[str, str]], head: str,
    demonstration: bool,
) -> bytes:  # fmt: skip
    """Render the disposal report (消去報告書): what was destroyed, what is kept, who did it with whom.

    Args:
        rows: of (file, state).
        digests: of (file, SHA-256) for every file destroyed, as the record vouched for it.
        people: of (role, staff id and title).
        head: the head of the record in groups of four.
    """
    story = [
        *open_page(demonstration, day),
        write_line(f"{municipality}　{division}", RIGHT),
        Spacer(1, 4 * mm),
        write_line("消去報告書", TITLE),
        Spacer(1, 4 * mm),
        write_line(
            "この実行の個人情報のファイルを、復元できない方法で消去しました。元のファイルなどは、下記のとおり"
            "消去・返却・保有を二人で確かめました。"
        ),
        Spacer(1, 3 * mm),
        draw_table(rows),
        Spacer(1, 4 * mm),
        draw_table(people),
        Spacer(1, 4 * mm),
        write_line(f"実行記録の先頭値: {head}"),
    ]
    if digests:
        heads = ("消去したファイル", "要約値（SHA-256）")
        story += [
            Spacer(1, 4 * mm),
            write_line(f"消去したファイルの一覧（{len(digests)} 個）"),
            draw_list([heads, *digests], (46, 119), TINY),
        ]
    return build_paper(story, f"{SPECIMEN}　消去報告書" if demonstration else "消去報告書")
