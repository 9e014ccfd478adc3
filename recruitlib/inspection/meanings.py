"""What codes and columns mean: of an unknown layout a guess by the headers, for a draft only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from recruitlib.base.header_words import fold_header
from recruitlib.base.profiles import Profile

_KANA = "カナ|フリガナ|ふりがな|振り仮名|よみがな|読み仮名|仮名"
_NAME = "(?:氏名|姓名|名前)"
_OF = "(?:対象者|申出者|本人|支援対象者|支援措置対象者)?の?"

# Canonical column to the header that it may have (folded, as a whole); the first column wins.
_GUESSES: Mapping[str, Mapping[str, str]] = {
    "registry": {
        "addressee_id": "(?:宛名|住民|識別|個人識別|住基)(?:番号|コード|ID)|個人コード",
        "household_id": "世帯(?:番号|コード|ID)",
        "history_number": "(?:個人|異動|住民)?履歴(?:連番|番号|No)?|改製連番",
        "history_branch": ".*履歴.*枝番号?|枝番号?",
        "latest_flag": ".*最新.*(?:フラグ|区分|表示)?",
        "removed_flag": ".*除票(?:フラグ|区分|表示)",
        "deleted_flag": "削除(?:フラグ|区分|表示)",
        "nationality": "住民種別|国籍(?:区分|コード)|日本人外国人区分|外国人(?:区分|フラグ)|種別",
        "status": "住民(?:状態|区分)(?:区分|コード)?|現存区分|異動状態|(?:状態|消除)区分",
        "changed_on": "(?:最終|直近)?異動(?:年月)?日付?",
        "planned_move_out": "転出予定(?:年月)?日付?",
        "left_on": "転出(?:確定)?(?:年月)?日付?.*",
        "removed_on": "消除(?:の異動)?(?:年月)?日付?",
        "full_name": f"(?:漢字|本名)?{_NAME}[_(]?(?:漢字)?\\)?",
        "surname": f"{_NAME}?[_(]?(?:氏|姓)\\)?",
        "given": f"{_NAME}?[_(]?名\\)?",
        "full_name_kana": f"{_NAME}?[_(]?(?:{_KANA})\\)?(?:{_NAME})?",
        "birth_era": "(?:生年月日)?_?元号",
        "birth_text": "生(?:年月日|日付)(?:_?(?:和暦|西暦))?",
        "prefecture": "(?:現?住所_?)?都道府県名?",
        "city": "(?:現?住所_?)?市区(?:町村|郡町村)名?",
        "town": "(?:現?住所_?)?(?:町名|町字名?|大字名?|町丁目?名?)|(?:現)?住所1?",
        "lot": "(?:現?住所_?)?(?:番地|地番|番地号|番地号表記)|住所2",
        "building": "(?:現?住所_?)?(?:方書き?|建物名?)|住所3",
        "postal_code": "(?:現?住所_?)?郵便番号",
    },
    "protections": {
        "addressee_id": "(?:宛名|住民|識別)(?:番号|コード|ID)|個人コード",
        "full_name": f"{_OF}{_NAME}",
        "full_name_kana": f"{_OF}{_NAME}?[_(]?(?:{_KANA})\\)?(?:{_NAME})?",
        "birth_date": f"{_OF}生年月日",
        "address": f"{_OF}(?:現)?住所",
        "kind": "(?:支援)?(?:措置)?(?:区分|種別|種類)",
        "starts_on": "(?:支援)?(?:措置)?開始(?:年月)?日付?",
        "ends_on": "(?:支援)?(?:措置)?(?:終了|期限)(?:予定)?(?:年月)?日?",
        "cancelled": "削除フラグ|(?:終了|解除)(?:フラグ|区分)|状況|状態",
        "listed_on": "作成(?:年月)?日付?",
    },
    "applications": {
        "application_id": "回答(?:ID|番号)|受付番号|整理番号|レコード番号|申[請出込]番号|受付ID",
        "received_at": "送信日時|受付(?:年月)?日時?|申[請出]日時?|回答日時|登録日時|作成日時|収受日",
        "status": "処理状況|ステータス|状況|状態",
        "subject_name": f"{_OF}(?:お)?{_NAME}",
        "subject_surname": f"{_OF}{_NAME}?[_(]?(?:氏|姓)\\)?",
        "subject_given": f"{_OF}{_NAME}?[_(]?名\\)?",
        "subject_kana": f"{_OF}{_NAME}?[_(]?(?:{_KANA})\\)?(?:{_NAME})?",
        "subject_birth_text": f"{_OF}生年月日",
        "subject_address": f"{_OF}(?:現|ご)?住所",
        "subject_building": f"{_OF}(?:方書|建物名)",
        "phone": "(?:携帯|連絡先)?電話(?:番号)?|連絡先",
        "applicant_relation": "申出者(?:区分|と.*関係)|対象者との関係|本人との関係",
        "identity_check": "本人確認(?:書類)?",
        "wish": "申出(?:内容|区分)|.*希望しない.*",
    },
}
# A word that says which kind of file it is weighs more than a column.
_SIGNS: Mapping[str, str] = {
    "registry": "異動|除票|最新|続柄|転入|住民種別|住民状態|現存",
    "protections": "支援措置|措置(?:区分|開始|終了)|加害者",
    "applications": "回答|送信|申出|受付|処理状況|レコード",
}
_SIGN_WEIGHT = 2
# What a code means, as an officer says it; other meanings go by their key in the profile.
_SAID = {
    "japanese": "日本人", "foreign": "外国人", "resident": "住民", "moved_out": "転出", "dead": "死亡",
    "removed": "消除", "outsider": "住登外",
}  # fmt: skip


def say_meaning(meaning: str) -> str:
    """Say in Japanese what a code means, with the key of the profile behind it."""
    return f"{_SAID[meaning]}（{meaning}）" if meaning in _SAID else meaning


def guess_meanings(shown: Sequence[str], profiles: Sequence[Profile]) -> tuple[str, dict[str, int]]:
    """Guess what kind of file it is and which column is which, by the headers that may be shown.

    Args:
        shown: the headers, "" for those that are not shown.
        profiles: what their headers mean goes before a guess.

    Returns:
        what the file holds, and canonical column to position.
    """
    folded = [fold_header(caption) for caption in shown]
    guesses = {holds: _guess(folded, holds, profiles) for holds in _GUESSES}

    def weigh(holds: str) -> int:
        signs = sum(re.search(_SIGNS[holds], text) is not None for text in folded)
        return len(guesses[holds]) + _SIGN_WEIGHT * signs

    holds = max(_GUESSES, key=weigh)
    return holds, guesses[holds]


def _guess(folded: Sequence[str], holds: str, profiles: Sequence[Profile]) -> dict[str, int]:
    aliases = {
        fold_header(alias): name
        for profile in reversed(profiles)
        if profile.holds == holds
        for name, headers in profile.columns.items()
        for alias in headers
    }
    meanings: dict[str, int] = {}
    for at, text in enumerate(folded):
        if text and (name := aliases.get(text)):
            meanings.setdefault(name, at)
    for name, pattern in _GUESSES[holds].items():
        taken = set(meanings.values())
        places = [
            at for at, text in enumerate(folded)
            if text and at not in taken and re.fullmatch(pattern, text, re.IGNORECASE)
        ]  # fmt: skip
        if places and name not in meanings:
            meanings[name] = places[0]
    return meanings
