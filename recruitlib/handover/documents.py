"""The papers that travel with the labels: cover letter (送付状) and receipt (受領書).

They hold counts, serials and the head of the record, and nothing of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from recruitlib.base.dates import format_era
from recruitlib.base.papers import RIGHT, TITLE, build_paper, draw_table, open_page, write_line
from recruitlib.base.scope import Scope


def render_letter(
    scope: Scope, municipality: str, request: tuple[str, date], day: date,
    counts: Sequence[tuple[str, str]], head: str, demonstration: bool,
) -> bytes:  # fmt: skip
    """Render the cover letter with the true counts and the head of the record.

    Args:
        scope: recipient, medium, items and legal basis.
        request: number and date of the request that is answered.
        counts: rows of (what, how many) as they stand today.
        head: the head of the record in groups of four.

    Returns:
        a PDF, the same bytes for the same content.
    """
    number, requested = request
    story = [
        *open_page(demonstration, day),
        write_line(f"{scope.recipient}　御中"),
        write_line(f"{municipality}　{scope.division}", RIGHT),
        Spacer(1, 8 * mm),
        write_line("募集対象者情報（宛名シール）の送付について", TITLE),
        Spacer(1, 6 * mm),
        write_line(f"{format_era(requested)}付け{number}により依頼のありました募集対象者の情報を、"
            f"下記のとおり{scope.medium}により提供します。"),
        write_line(f"提供する項目: {'、'.join(scope.provided_items)}"),
        write_line(f"根拠: {'、'.join(scope.legal_basis)}"),
        Spacer(1, 4 * mm),
        draw_table(counts),
        Spacer(1, 4 * mm),
        write_line("利用は募集案内の送付に限り、複製、再提供及び宛名シールの写しによる保有をしないでください。"
            "利用後は復元できない方法で消去し、その旨を報告してください。"),
        Spacer(1, 6 * mm),
        write_line(f"実行記録の先頭値: {head}"),
    ]  # fmt: skip
    return build_paper(story)


def render_receipt(
    scope: Scope,
    municipality: str,
    day: date,
    counts: Sequence[tuple[str, str]],
    demonstration: bool,
) -> bytes:
    """Render the receipt that the receiver signs on handover day."""
    story = [
        *open_page(demonstration, day),
        write_line(f"{municipality}　{scope.division}　御中"),
        Spacer(1, 8 * mm),
        write_line("受領書", TITLE),
        Spacer(1, 6 * mm),
        write_line("下記の宛名シールを受領しました。"),
        Spacer(1, 4 * mm),
        draw_table(counts),
        Spacer(1, 14 * mm),
        write_line(f"{scope.recipient}"),
        write_line("所属・職名 ＿＿＿＿＿＿＿＿＿＿＿＿　署名 ＿＿＿＿＿＿＿＿＿＿＿＿"),
    ]
    return build_paper(story)


def render_disposal(municipality: str, division: str, day: date, rows: Sequence[tuple[str, str]],
                    people: Sequence[tuple[str, str]], demonstration: bool) -> bytes:  # fmt: skip
    """Render the disposal report: what was destroyed, what is kept, and who did it with whom."""
    story = [
        *open_page(demonstration, day),
        write_line(f"{municipality}　{division}", RIGHT),
        Spacer(1, 8 * mm),
        write_line("消去報告書", TITLE),
        Spacer(1, 6 * mm),
        write_line("下記のとおり、個人情報を含むファイルを消去しました。"),
        Spacer(1, 4 * mm),
        draw_table(rows),
        Spacer(1, 6 * mm),
        draw_table(people),
    ]
    return build_paper(story)
