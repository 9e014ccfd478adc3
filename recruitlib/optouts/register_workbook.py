"""The register as a workbook: for an officer who compares it with the channels' own lists."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import digest_keyed
from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.exports import (
    check_place,
    check_terms,
    list_exports,
    read_exporting,
    render_workbook,
    write_export,
)
from recruitlib.base.office import has_office, list_expired, open_office, read_header
from recruitlib.optouts.register import WORDS, read_register

LABELS = {
    "number": "番号", "fiscal_year": "年度", "run_id": "実行名", "application_id": "申出の番号",
    "receipt_no": "受付番号", "received_at": "受付日", "received_time": "受付時刻",
    "channel": "受付方法", "subject_name": "対象者の氏名",
    "subject_kana": "フリガナ", "subject_birth_text": "生年月日（記載のまま）",
    "subject_address": "住所", "subject_building": "方書", "phone": "電話番号",
    "applicant_relation": "申出者", "identity_check": "本人確認", "wish": "希望",
    "status": "状態",
    "linked_to": "関連する申出", "replaces": "前の番号", "ended_by": "効力をなくした実行",
}  # fmt: skip


class Exported(NamedTuple):
    """What an export of the register held, and which years' time of keeping is over."""

    lines: int
    expired: list[int]


def tabulate_register(table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the register for an officer: Japanese columns and words, every cell text."""
    shown = {}
    for name, label in LABELS.items():
        words = WORDS.get(name, {})
        column = table[name].astype("str")
        shown[label] = column.replace(words) if words else column
    return pd.DataFrame(shown)


def export_register(root: Path, folder: Path, out: Path, by: str, due: str) -> Exported:
    """Export the register of a run's fiscal year as a workbook, logged with its due date.

    Args:
        root: the project folder.
        folder: the run's folder; its record takes the entry, and its 06 asks for the workbook.
        out: where the workbook goes, outside the project's own folders.
        by: who exports, by title.
        due: the day by which the workbook has to be gone.

    Returns:
        the number of lines, and the fiscal years that are kept too long.

    Raises:
        ParameterError: place, name, title or due date will not do, or the run is closed.
    """
    values, today = read_exporting(folder)
    place = check_place(out, root, values["runs_folder"], list_exports(folder))
    raise_problems(ParameterError, place, "受付簿の書き出し")
    year, demonstration = values["fiscal_year"], values["run_kind"] == "demonstration"
    nothing = "この年度の受付簿には、まだ何もありません。02 を実行してください。"
    if not has_office(root, demonstration):
        raise ParameterError(nothing)
    office = open_office(root, folder, values["run_id"], demonstration)
    header = read_header(office).get(year)
    if header is None:
        raise ParameterError(nothing)
    terms = check_terms(by, due, today, header.retain_until)
    raise_problems(ParameterError, terms, "受付簿の書き出し")
    table = read_register(office, year)
    notes = [
        f"除外申出受付簿（{year}年度）{'見本（架空の区）' if demonstration else ''}",
        f"書き出した人: {by}　消去の期限: {due}",
        "個人の情報です。期限までに消去し、廃棄の確認書（disposal.yaml の exports）に書いてください。",
        "セルはすべて文字列です。CSV で保存したものを表計算で開くと、式が動くことがあります。",
    ]
    content = render_workbook(tabulate_register(table), "除外申出受付簿", notes)
    digest = digest_keyed(office.key.digest_key, content)
    write_export(folder, out, content, kind="register", keyed_digest=digest, by=by, due=due)
    return Exported(len(table), list_expired(office, today))
