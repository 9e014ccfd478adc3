"""A draft profile for a file of an unknown layout: what a person completes, never a decision.

It holds headers and short codes only, and of these only what may be shown. What a code means is
left to the office: the same digit means different things at different makers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from recruitlib.base.contents import ANY_CODE
from recruitlib.base.header_words import fold_header, is_forbidden
from recruitlib.base.headers import name_column
from recruitlib.inspection.captions import DATE, NUMBER, PERSON, POSTAL
from recruitlib.inspection.column_facts import (
    EMPTY,
    FORM_PATTERNS,
    NUMBER_FORMS,
    SPACED,
    TEXT_FORMS,
    Facts,
    list_codes,
)
from recruitlib.inspection.layouts import Layout
from recruitlib.inspection.soundings import TOTALS

UNDECIDED = "意味を記入"
# A cell in five hundred may be damage; a form that more cells break is not the column's form.
_RARE = 0.002
_REQUIRED = {
    "registry": ("addressee_id", "latest_flag", "nationality", "status", "full_name", "birth_text",
                 "town", "lot", "postal_code"),
    "protections": ("addressee_id", "full_name", "birth_date", "kind"),
    "applications": ("application_id", "received_at", "subject_birth_text", "subject_address"),
}  # fmt: skip
_EXPECTED = {
    **_REQUIRED,
    "registry": (*_REQUIRED["registry"], "changed_on", "deleted_flag", "removed_flag"),
    "protections": (*_REQUIRED["protections"], "cancelled", "listed_on"),
}
_CODED = {
    "registry": ("nationality", "status"), "protections": ("kind", "cancelled"),
    "applications": ("status", "applicant_relation", "wish"),
}  # fmt: skip
_SYSTEM = ("application_id", "received_at", "status", "identity_check")
_NEVER_DATES = (
    "addressee_id", "household_id", "application_id", "full_name", "full_name_kana", "town", "lot",
    "building", "address", "subject_address", "subject_building", "phone", "kind",
)  # fmt: skip
_CHOICES = {
    "status": "resident / moved_out / dead / removed / outsider",
    "nationality": "japanese / foreign",
    "cancelled": "live / cancelled",
    "kind": "措置の種類の名前（どの種類も除外します）",
}


def draft_profile(
    layout: Layout, facts: dict[int, Facts], encoding: str, delimiter: str, latest: str
) -> str:
    """Write a draft profile as YAML that ``read_profile`` accepts.

    Args:
        layout: the headers, and what the columns may mean.
        facts: what the columns hold, by position.
        encoding: of the file; "" for a workbook.
        delimiter: of the file.
        latest: the rule for the latest record that would work.

    Returns:
        the text; "" where the file has no header or no column that could be guessed.
    """
    guessed = sorted(layout.meanings.items(), key=lambda meaning: meaning[1])
    meanings = {name: at for name, at in guessed if _fits(layout, at)}
    columns = {name: [layout.headers[at].strip()] for name, at in meanings.items()}
    if not layout.rows or not columns:
        return ""
    hidden = [
        at for at, text in enumerate(layout.headers) if text.strip() and not _fits(layout, at)
    ]
    meant = {fold_header(text) for texts in columns.values() for text in texts}
    known = [
        text.strip() for at, text in enumerate(layout.headers)
        if text.strip() and at not in hidden and fold_header(text) not in meant
    ]  # fmt: skip
    codes, forms = {}, {}
    for name, at in meanings.items():
        if name in _CODED[layout.holds]:
            codes[name] = _draft_codes(layout.holds, facts[at])
        elif form := _draft_form(name, layout.sorts[at], facts[at]):
            forms[name] = form
    required = [name for name in _REQUIRED[layout.holds] if name in columns]
    content: dict[str, Any] = {
        "name": "draft",
        "holds": layout.holds,
        **({"encodings": [encoding], "delimiter": delimiter} if encoding else {}),
        "title_rows": layout.titles,
        "columns": columns,
        "required": required or list(columns)[:1],
        "known": list(dict.fromkeys(known)),
        "codes": codes,
        "forms": forms,
        "footers": list(TOTALS),
        **({"latest": latest} if layout.holds == "registry" else {}),
        **({"system": [name for name in _SYSTEM if name in columns],
            "fixed": {} if "channel" in columns else {"channel": "form"}}
           if layout.holds == "applications" else {}),
        "never_dates": [name for name in _NEVER_DATES if name in columns],
        "date_columns": [name for name, at in meanings.items() if layout.sorts[at] == DATE],
    }  # fmt: skip
    remarks = _remark(layout, meanings, codes, hidden)
    written = "".join(_dump(name, value) for name, value in content.items())
    return "".join(f"# {remark}\n" for remark in remarks) + written


def _dump(name: str, value: Any) -> str:
    """Write one entry: lists and code tables on a line, forms one below the other."""
    flow = None if name != "forms" and isinstance(value, list | dict) else False
    return yaml.safe_dump(
        {name: value}, allow_unicode=True, sort_keys=False, width=98, default_flow_style=flow
    )


def _fits(layout: Layout, at: int) -> bool:
    """Whether a header may be written, and whole: else a reader would not know it again."""
    return layout.shown[at] == layout.headers[at].strip() != ""


def _remark(
    layout: Layout, meanings: dict[str, int], codes: dict[str, Any], hidden: Sequence[int]
) -> list[str]:
    """Say what a person has to complete."""
    remarks = [
        "recruitlib inspect が作った様式の下書き。列の意味は見出しからの推測なので、一つずつ確かめること。",
        "確かめたら name を変え、params/profiles に置く。columns にない見出しは known に置く（読み込まずに捨てる）。",
    ]
    remarks += [
        f"codes の {name}: 「{UNDECIDED}」を次のどれかに直す: {_CHOICES[name]}"
        for name, table in codes.items()
        if UNDECIDED in table.values()
    ]
    remarks += [
        f'codes の {name}: 符号表が要る（"*" は、表にないすべての符号）。'
        for name, table in codes.items()
        if list(table) == [ANY_CODE]
    ]
    missing = [name for name in _EXPECTED[layout.holds] if name not in meanings]
    if missing:
        remarks.append(f"列が見つからないもの: {'、'.join(missing)}。あれば columns に足すこと。")
    if layout.holds == "registry" and not {"prefecture", "city"} & set(meanings):
        remarks.append(
            "都道府県と市区町村の列がない。住所に書かれていないなら、fixed に prefecture と city の値を書くこと"
            "（宛名にそのまま印字される）。"
        )
    if hidden:
        listed = "、".join(f"{name_column(at)}列" for at in hidden)
        remarks.append(
            f"{listed}の見出しは、値かもしれないため書いていません。ファイルを見て、columns か known に足すこと。"
        )
    if any(map(is_forbidden, layout.headers)):
        remarks.append(
            "known に、読んではいけない見出し（個人番号など）がある。抽出から外してもらうこと。"
        )
    return remarks


def _draft_codes(holds: str, facts: Facts) -> dict[str, str]:
    """Draft the table of a column of codes.

    Where the column also holds what may not be shown, the table has the entry for any code only:
    the file can be read by it, but an extract cannot be used before a person wrote its codes.
    """
    meaning = "unknown" if holds == "applications" else UNDECIDED
    codes = list_codes(facts)
    empty = facts.rows - facts.filled
    if not codes or sum(codes.values()) + empty < facts.rows * (1 - _RARE):
        return {ANY_CODE: meaning}
    return dict.fromkeys([*([""] if empty else []), *codes], meaning)


def _draft_form(name: str, sort: str, facts: Facts) -> str:
    """Draft the form of a column: the strictest that its cells keep, "" where none can be said."""
    if not facts.filled:
        return ""
    empty = "?" if facts.filled < facts.rows else ""
    if sort in (DATE, POSTAL):
        return _join_forms(facts)
    if sort == NUMBER:
        form = next((form for form in NUMBER_FORMS if _holds(facts.fits[form], facts.rows)), "")
        if not form:
            return ""
        exact = name.endswith("_id") and len(facts.lengths) == 1 and not empty
        length = f"{next(iter(facts.lengths))}" if exact else f"{0 if empty else 1},15"
        return f"{form.removesuffix('*')}{{{length}}}"
    if facts.values is not None and set(facts.values) <= {"0", "1", ""}:
        return f"[01]{empty}"
    if sort == PERSON:
        start = 0 if name.endswith("kana") else 1 if "name" in name else 2
        wanted = TEXT_FORMS[start:]
        form = next((form for form in wanted if _holds(facts.fits[form], facts.rows)), "")
        return form if empty else re.sub(r"\*$", "+", form)
    return ""


def _join_forms(facts: Facts) -> str:
    """Join the forms of dates or postal codes that a column has; the rare ones are left out."""
    common = [name for name, count in facts.forms.items() if count > facts.rows * _RARE]
    patterns = [FORM_PATTERNS[name] for name in common if name in FORM_PATTERNS]
    if len(patterns) < len([name for name in common if name != EMPTY]) or not patterns:
        return ""
    joined = (
        patterns[0]
        if len(patterns) == 1 and EMPTY not in facts.forms
        else f"({'|'.join(patterns)})"
    )
    form = joined + ("?" if EMPTY in facts.forms else "")
    return f"{SPACED}{form}{SPACED}" if facts.fits[SPACED] else form


def _holds(count: int, rows: int) -> bool:
    return count >= rows * (1 - _RARE)
