"""The words of headers: how one is compared, which may never be read, which belong to what item.

A profile says which header holds what. Nothing else would keep 個人番号 from being read as 方書 and
printed, so that a header must speak of the item that its column is for.
"""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 500  # characters of a header that are looked at; a person's remark may have millions
_QUESTION_NUMBER = re.compile(
    r"^(?:(?:Q|問|設問|質問)\s*[0-9]+(?:-[0-9]+)*\s*[.:)、]?|\(?[0-9]+(?:-[0-9]+)*[.:)、])\s*"
)
_REQUIRED_MARK = re.compile(
    r"[(\[【<](?:入力)?(?:必須|任意)(?:入力|項目|回答)?[)\]】>]|[*※]\s*必須(?:入力|項目)?$|[*※]"
)
# Marks that nobody sees: byte order marks, zero width spaces, directions.
_UNSEEN = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2064\u00ad]")
_WRAPPED = re.compile('="([^"]*)"')  # how a spreadsheet's CSV keeps texts: ="氏名"
_FORBIDDEN = re.compile(
    r"個人番号|^マイナンバー(?!カード)|住民票コード|年金番号|在留カード|特別永住者|旅券番号|"
    r"免許証番号|保険者番号|口座番号"
)
_NAME = r"氏|姓|名|なまえ|セイ|メイ|カナ|かな|フリガナ|ふりがな|仮名|よみ|読み|name"
_BIRTH = r"生年|誕生|birth"
_ADDRESS = (
    r"住所|住まい|居所|所在|町|字|丁目|番地|地番|方書|建物|マンション|アパート|部屋|号室|都道府県|"
    r"市区|区市|市町村|address|building"
)
_POSTAL = r"郵便|〒|postal|zip"
_PHONE = r"電話|携帯|連絡先|tel|phone"
_RELATION = r"関係|区分|申出者|申出人|申請者|申請人|届出人|本人|代理|relation"
_WISH = r"申出|申請|希望|除外|取下|取り下|内容|提供|wish"
_ITEMS = {
    _NAME: ("full_name", "full_name_kana", "full_name_kana_old", "surname", "given", "subject_name",
            "subject_surname", "subject_given", "subject_kana", "subject_surname_kana",
            "subject_given_kana"),
    _BIRTH: ("birth_date", "birth_text", "subject_birth_text"),
    _ADDRESS: ("prefecture", "city", "town", "lot", "building", "address", "subject_address",
               "subject_building"),
    _POSTAL: ("postal_code",), _PHONE: ("phone",), _RELATION: ("applicant_relation",),
    _WISH: ("wish",),
}  # fmt: skip
_WORDS = {column: words for words, columns in _ITEMS.items() for column in columns}
# What a header of another item says beside such a word, as 世帯主氏名 and 住所を定めた年月日 do.
_OTHER = r"性別|続柄|世帯主|筆頭|本籍|国籍|メール|添付|ファイル|備考|前住所|転[入出居]"
_NOT_PRINTED = rf"{_OTHER}|年月日|届出|異動|コード|電話|生年"


def fold_header(name: str) -> str:
    """Reduce a header to what is compared: NFKC, no space, no 必須 mark, no question number."""
    name = name[:_LONGEST]
    wrapped = _WRAPPED.fullmatch(name.strip())
    seen = _UNSEEN.sub("", wrapped[1] if wrapped else name)
    folded = _REQUIRED_MARK.sub("", unicodedata.normalize("NFKC", seen)).strip()
    return "".join(_QUESTION_NUMBER.sub("", folded).split())


def is_forbidden(header: str) -> bool:
    """Say whether a header names what must never be read, such as 個人番号."""
    return _FORBIDDEN.search(fold_header(header)) is not None


def belongs(header: str, column: str) -> bool:
    """Say whether a header speaks of what a column is for.

    Columns of no item, such as numbers and states, may have any header that is not forbidden.

    Args:
        header: as the file has it.
        column: the canonical name, as ``building`` or ``phone``.
    """
    if column not in _WORDS:
        return True
    words, folded = _WORDS[column], fold_header(header)
    other = _NOT_PRINTED if words in (_NAME, _ADDRESS, _POSTAL) else _OTHER
    speaks = re.search(words, folded, re.IGNORECASE) is not None
    return speaks and re.search(other, folded) is None
