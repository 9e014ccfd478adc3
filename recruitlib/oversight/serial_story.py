"""The acts on serials as the story of a run tells them: what changed, why, and which two officers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recruitlib.base.audit import group_digest
from recruitlib.base.serial_acts import ACTS, REPRINT_REASONS, name_serials
from recruitlib.base.vault import PRIVATE

Entry = Mapping[str, Any]


def name_person(staff_id: str, titles: Mapping[str, str]) -> str:
    """Name an officer by staff id, with the title where the record holds it."""
    return f"{staff_id}（{titles[staff_id]}）" if staff_id in titles else staff_id


def tell_proposal(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    """Tell that an act on serials was prepared, by whom, and the value to confirm."""
    content = facts["content"]
    by = name_person(facts["officer"]["staff_id"], titles)
    value = group_digest(content["digest"])
    yield f"{ACTS[content['act']]}を用意した: 通番 {len(content['serials']):,} 枚、{by}、値 {value}"


def tell_change(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    """Tell what an act on serials ended or printed again, why, and who both officers were."""
    act, change = facts["act"], facts["change"]
    reason = f"（理由: {REPRINT_REASONS[facts['reason']]}）" if facts["reason"] else ""
    told = []
    for words, serials in (("取り消した通番", facts["voided"]), ("汚損した通番", facts["spoiled"])):
        if serials:
            told.append(f"{words} {name_serials(serials)}")
    if facts["reprinted"]:
        news = name_serials(new for _, new in facts["reprinted"])
        told.append(f"新しい通番 {news}（{facts['lot']}）")
    yield f"{ACTS[act]}{reason}: {'、'.join(told) or '変わった通番なし'}"
    people = (name_person(change[role], titles) for role in ("prepared_by", "confirmed_by"))
    yield f"{ACTS[act]}の用意と実行: {'・'.join(people)}、値 {group_digest(facts['digest'])}"


def tell_blanked(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    """Tell which PDFs were made again with the cells of ended serials empty."""
    names = "、".join(sorted(facts["files"]))
    yield f"取消しと汚損のセル {facts['blank']:,} を空けて作り直した: {names or 'なし'}"


def tell_withdrawn(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    """Tell what was taken away: the old PDF of a lot, or all that an attempt had left."""
    # A lot that is made again goes alone; an attempt goes with its tables.
    is_lot = all(name.startswith(f"{PRIVATE}/labels_") for name in facts["files"])
    words = "終わった通番のある古い PDF を消した" if is_lot else "前の試みの結果を消した"
    yield f"{words}: {len(facts['files'])} ファイル"
