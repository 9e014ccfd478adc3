"""Notices of the decision (除外決定通知): each applicant of the cohort is told that he or she is left out.

A notice goes to the name and address of the registry of handover day, never to those of the form:
whoever filed an application in another's name learns nothing. All say the same, so that none tells
of a protective measure or of what an application was accepted for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from recruitlib.base.dates import format_era
from recruitlib.base.decisions import read_all_decisions
from recruitlib.base.errors import ParameterError
from recruitlib.base.papers import SPECIMEN
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.scope import Scope, read_scope
from recruitlib.base.vault import PRIVATE, read_print_password
from recruitlib.handover.delta import has_left
from recruitlib.labels.coverage import list_gaps
from recruitlib.labels.fitting import FittedLabel, fit_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.layout import POINTS_PER_MM, FittedLine
from recruitlib.labels.lines import wrap_pieces
from recruitlib.labels.print_settings import open_fonts
from recruitlib.labels.printing import LineWriter, close_canvas, encrypt_pdf, open_canvas
from recruitlib.labels.sheets import PAGE_WIDTH_MM, Sheet
from recruitlib.optouts.cases import list_also_meant
from recruitlib.registry.extract import RESIDENT

NOTICES = "decision_notices.pdf"
_TITLE = "自衛官等募集対象者情報の提供に係る除外決定通知書"
# Where the name and address stand on the page: in the window of an envelope for A4 in three folds.
_BLOCK = Sheet("通知のあて名", 1, 1, 95.0, 42.0, 22.0, 16.0, 95.0, 42.0, 0.0, (), "")
_LEFT_MM, _RIGHT_MM, _WORDS_TOP_MM = 25.0, 185.0, 66.0
_SIZE, _TITLE_SIZE, _PITCH_MM = 10.5, 14.0, 6.5


class Notices(NamedTuple):
    """The notices of a run: how many, for how many who have left none is made, and the locked file.

    ``by_hand`` names the rows, not the people, whose name or address no font prints as it is
    registered: those notices are written by hand.
    """

    pages: int
    gone: int
    by_hand: tuple[str, ...]
    files: Mapping[str, bytes]


NO_NOTICES = Notices(0, 0, (), MappingProxyType({}))


def list_applicants(stage: Stage) -> set[str]:
    """List the ids of the people of the cohort whose exclusion was applied for and is decided.

    An application counts once it is matched or two people have decided it. Whoever is only near to
    one, or left out for another's sake, has applied for nothing.
    """
    settled, cases = (read_private_table(stage, name) for name in ("settled", "cases"))
    decisions = read_all_decisions(stage.root, stage.parameters)[-1]
    also = list_also_meant(cases, read_private_table(stage, "candidates"), decisions)
    meant = {*settled.loc[settled["outcome"] == "matched", "addressee_id"], *also}
    return meant & set(read_private_table(stage, "cohort")["addressee_id"])


def select_addressees(records: pd.DataFrame, applicants: set[str], today: date) -> pd.DataFrame:
    """Select the applicants who still live here, as the registry of handover day has them.

    A letter to somebody who has died or moved away would reach others.

    Args:
        records: every row of the extract of handover day.
        applicants: ids.
        today: handover day.

    Returns:
        whole rows in the order of the addresses.
    """
    here = (
        records["is_latest"]
        & records["addressee_id"].isin(applicants)
        & (records["status"] == RESIDENT)
        & (records["left_on"] == "")
        & ~has_left(records["planned_move_out"], today)
    )
    order = ["postal_code", "address", "building", "addressee_id"]
    return records[here].sort_values(order, kind="stable").reset_index(drop=True)


def prepare_notices(stage: Stage, records: pd.DataFrame) -> Notices:
    """Make the notices where the policy asks for them, locked with the print password.

    What no font prints stops nothing, since no label hangs on it: it is named, to be done by hand.

    Args:
        stage: notebook 05.
        records: every row of the extract of handover day.

    Raises:
        ParameterError: the words of the notice cannot be printed.
    """
    if stage.parameters["decision_notice"] == "none":
        return NO_NOTICES
    applicants = list_applicants(stage)
    people = select_addressees(records, applicants, stage.today)
    gone = len(applicants) - len(people)
    fonts = open_fonts(stage.root, stage.parameters)
    fitted, by_hand = fit_addressees(people, fonts)
    if not fitted:
        return Notices(0, gone, by_hand, MappingProxyType({}))
    values = stage.parameters
    note = write_note(
        read_scope(stage.locate("scope_file")), f"{values['prefecture']}{values['municipality']}",
        values["fiscal_year"],
    )  # fmt: skip
    pdf = render_notices(fitted, note, stage.today, fonts[-1], stage.demonstration)
    password = read_print_password(values["run_id"], stage.demonstration)
    locked = MappingProxyType({NOTICES: encrypt_pdf(pdf, password)})
    return Notices(len(fitted), gone, by_hand, locked)


def fit_addressees(
    people: pd.DataFrame, fonts: Sequence[LabelFont]
) -> tuple[list[FittedLabel], tuple[str, ...]]:
    """Fit each addressee's name and address as labels are fitted.

    Args:
        people: rows of the registry.
        fonts: the labels' fonts in order of preference.

    Returns:
        those that fit, and for each of the others its row and why, by code point and without a
        value. Together they are as many as ``people``.
    """
    fitted, refused = fit_labels(people, _BLOCK, fonts)
    rows = refused.itertuples(index=False, name=None)
    return fitted, tuple(f"提供日の抽出の {row}行目: {reason}" for row, reason in rows)


def write_note(scope: Scope, municipality: str, fiscal_year: int) -> list[str]:
    """Write what every notice says: the sender first, then the paragraphs."""
    year = format_era(date(fiscal_year, 4, 1)).split("年")[0]
    return [
        f"{municipality}　{scope.division}",
        "　申出のありました、自衛官等募集対象者情報の提供を希望しないことについて、下記のとおり決定しましたので"
        "通知します。",
        f"1　決定　　{scope.recipient}に提供する情報の対象から除外します。",
        f"2　対象　　{year}年度に行う情報の提供",
        "　この通知は、住民基本台帳に登録された住所にお送りしています。お心当たりのないとき、または内容にお尋ねの"
        "あるときは、上記の課までお知らせください。",
    ]


def render_notices(
    fitted: Sequence[FittedLabel], note: Sequence[str], day: date, font: LabelFont,
    demonstration: bool,
) -> bytes:  # fmt: skip
    """Render one page for each addressee: the same words, below a name and an address.

    Args:
        fitted: of ``fit_addressees``, at least one.
        note: of ``write_note``.
        day: the day of the notice.
        font: prints the words.
        demonstration: whether every page is stamped.

    Returns:
        the plain PDF, the same bytes for the same content.

    Raises:
        ParameterError: the font does not hold the words.
    """
    words = _set_words(note, day, font, demonstration)
    used = [line.font for label in fitted for line in label.lines]
    canvas, names = open_canvas([*used, font])
    writer = LineWriter(canvas, names)
    places = (_BLOCK.left_mm, _BLOCK.top_mm)
    pages = [writer.write([(label.lines, *places), (words, 0.0, 0.0)]) for label in fitted]
    canvas.showPage()
    return close_canvas(canvas, pages)


def _set_words(
    note: Sequence[str], day: date, font: LabelFont, demonstration: bool
) -> list[FittedLine]:
    """Set the words of the notice, which are alike on every page."""
    sender, opening, *items, closing = note
    paragraphs = [
        *((text, _SIZE, "right", False) for text in ([SPECIMEN] if demonstration else [])),
        (format_era(day), _SIZE, "right", False),
        (sender, _SIZE, "right", False),
        (_TITLE, _TITLE_SIZE, "centre", True),
        (opening, _SIZE, "left", True),
        ("記", _SIZE, "centre", True),
        *((text, _SIZE, "left", place == 0) for place, text in enumerate(items)),
        (closing, _SIZE, "left", True),
    ]
    lines: list[FittedLine] = []
    down = _WORDS_TOP_MM
    for text, size, place, is_apart in paragraphs:
        if gaps := list_gaps(text, [font]):
            points = "、".join(points for points, _ in gaps)
            raise ParameterError(f"除外決定通知の文に、標準の書体にない字があります（{points}）。")
        limit = (_RIGHT_MM - _LEFT_MM) * POINTS_PER_MM * 1000 / size
        pieces = wrap_pieces(text, font.list_glyphs(text), limit)
        if pieces is None:
            raise ParameterError("除外決定通知の文に、1行に入らない長い語があります。")
        down += _PITCH_MM if is_apart else 0.0
        for piece in pieces:
            width = piece.width * size / 1000 / POINTS_PER_MM
            across = {
                "left": _LEFT_MM, "right": _RIGHT_MM - width, "centre": (PAGE_WIDTH_MM - width) / 2,
            }[place]  # fmt: skip
            down += _PITCH_MM
            lines.append(FittedLine(piece.text, across, down, size, 100.0, font))
    return lines


def tabulate_notices(stage: Stage, notices: Notices) -> pd.DataFrame:
    """Tabulate how many notices there are and where they will lie."""
    if stage.parameters["decision_notice"] == "none":
        rows = [("除外決定通知", "作らない（decision_notice: none）")]
    else:
        place = f"{stage.folder.relative_to(stage.root).as_posix()}/{PRIVATE}/{NOTICES}"
        rows = [
            ("除外決定通知", f"{notices.pages:,} 通"),
            ("置き場所（印刷用パスワードで開く）", place if notices.files else "—"),
            ("提供日に住民でないため作らないもの", f"{notices.gone:,} 通"),
            *(("手書きで作るもの", reason) for reason in notices.by_hand),
        ]
    return pd.DataFrame(rows, columns=["通知", "内容"])
