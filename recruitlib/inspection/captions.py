"""The headers of a file that nobody knows yet: which row they are, and which may be shown.

In a file without headers the first row is a person. So a row is taken for the header only where
most of it is made of the words that headers are made of, and a cell of it is shown only where it
can hardly be anything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from recruitlib.base.header_words import fold_header

LONGEST_SHOWN = 40  # characters of a header: the title of a question can be long
DATE, POSTAL, PERSON, NUMBER, PLAIN = "date", "postal", "person", "number", "plain"
_WITHIN = 12  # rows in which the header is looked for

# What headers say and people's values do not.
_WORDS = (
    "メールアドレス", "市区郡町村", "生年月日", "都道府県", "市区町村", "支援措置", "本人確認",
    "ステータス", "フリガナ", "ふりがな", "振り仮名", "よみがな", "読み仮名", "個人番号", "電話番号",
    "郵便番号", "年月日", "建物名", "加害者", "対象者", "申出者", "申請者", "筆頭者", "世帯主",
    "フラグ", "コード", "メール", "レコード", "連絡先", "行政区", "番号", "符号", "氏名", "姓名",
    "カナ", "住所", "町名", "町字", "番地", "地番", "方書", "郵便", "電話", "携帯", "生年", "元号",
    "日時", "日付", "期限", "開始日", "終了日", "受付日", "区分", "種別", "種類", "状態", "状況",
    "性別", "世帯", "続柄", "国籍", "備考", "摘要", "回答", "受付", "申出", "申請", "送信", "履歴",
    "連番", "枝番", "異動", "事由", "届出", "転入", "転出", "転居", "消除", "除票", "最新", "削除",
    "宛名", "識別", "旧氏", "通称", "本籍", "シメイ", "ジュウショ", "セイネンガッピ",
    "ユウビンバンゴウ", "デンワバンゴウ", "バンチ", "カタガキ", "セイベツ", "レンバン", "氏", "名", "姓", "ID",
)  # fmt: skip
# What stands beside them in a header; such a word alone says nothing.
_FILLERS = (
    "マイナンバーカード", "代替文字", "入力してください", "してください", "ください", "お住まい",
    "あなた", "情報提供", "自衛隊", "代理人", "添付", "ファイル", "画像", "書類", "希望", "本人", "確認",
    "入力", "記入", "選択", "理由", "同意", "関係", "住民票", "住民", "個人", "法定", "任意", "日本人",
    "外国人", "漢字", "ローマ字", "英字", "現在", "予定", "確定", "不詳", "表記", "記載", "処理", "作成",
    "更新", "登録", "整理", "管理", "地区", "内容", "方法", "措置", "支援", "開始", "終了", "順位",
    "年齢", "セイ", "メイ", "No", "現存", "名称", "改製", "業務", "基礎", "年金", "在留", "カード等",
    "本名", "参照", "不可", "他", "順序", "有無", "抽出", "基準", "発行", "証明", "最終", "直近", "自治体", "町丁",
)  # fmt: skip
_KATAKANA = "ァ-ヶー"
_ONLY_KATAKANA = re.compile(f"[{_KATAKANA}]+")
_PARTICLES = "のをはがと"
_LEAST_COVER = 0.5
_DIGITS = re.compile(r"[0-9]{3}")
# 2番地 or 二丁目 is an address and 年月日不詳 a date; 番地 and 年月日 alone are headers.
_VALUED = re.compile(r"[0-9〇一二三四五六七八九十百](?:番|丁目|号|条|線)|(?:不詳|不明)$")
_FOREIGN = re.compile(r"^[=+\-@]|@|://")
_CODED = re.compile(r"フラグ|区分|種別|種類|状態|状況|性別|事由|元号|続柄")
_DATED = re.compile(r"年月日|日時|日付|生年|期限|.日$|時刻")
_PERSONAL = re.compile(
    r"氏|姓|名|カナ|フリガナ|ふりがな|仮名|よみ|読み|住所|番地|地番|方書|町|字|丁目|建物|電話|携帯|"
    r"連絡先|FAX|メール|世帯主|通称|筆頭|本籍|備考|摘要|生年|セイ|メイ|希望|申出"
)
_NUMBERED = re.compile(r"(?:番号|コード|ID|No\.?|連番)[0-9]*$", re.IGNORECASE)


def fold_caption(cell: str) -> str:
    """Reduce a header to what is compared; a very long one is none and gives ""."""
    return fold_header(cell) if len(cell) <= 400 else ""


def fold_captions(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Reduce the cells of the first rows of a file to what is compared."""
    return [[fold_caption(cell) for cell in row] for row in rows]


def find_captions(grid: Sequence[Sequence[str]], known: Collection[str]) -> tuple[int, int] | None:
    """Find the header among the first rows of a file, whoever made it.

    A row is the header where at least half of its filled cells, and two, are headers of a profile or
    hold a header's word that the cells below do not repeat. The row with the most wins.

    Args:
        grid: the first records, folded.
        known: the folded headers of all profiles.

    Returns:
        how many rows stand above it, and how many rows high it is (1 or 2); nothing where no row
        looks like a header.
    """
    found = [_count_captions(grid, at, known) for at in range(min(len(grid), _WITHIN))]
    if not any(found):
        return None
    first = max(range(len(found)), key=lambda at: (found[at], -at))
    if first and found[first - 1] and _may_stand_over(grid, first - 1, known):
        return first - 1, 2
    return first, 2 if _may_stand_over(grid, first, known) else 1


def _may_stand_over(grid: Sequence[Sequence[str]], at: int, known: Collection[str]) -> bool:
    """Whether a row and the next are one header: all of it headers, and merged cells left gaps."""
    if at + 1 >= len(grid):
        return False
    upper, lower = grid[at], grid[at + 1]
    gaps = any(bool(top) != bool(sub) for top, sub in zip(upper, lower, strict=False))
    places = [place for place, cell in enumerate(lower) if cell]
    return (
        gaps
        and bool(places)
        and all(
            is_caption(grid, at + 1, place, known) or _cover(lower[place], alone=False) == 1
            for place in places
        )
    )


def _count_captions(grid: Sequence[Sequence[str]], at: int, known: Collection[str]) -> int:
    """Count the cells of a row that look like headers; 0 where the row is none."""
    places = [place for place, cell in enumerate(grid[at]) if cell]
    hits = [place for place in places if is_caption(grid, at, place, known)]
    alone = max(map(len, grid)) == 1 and len(hits) == 1 and _cover(grid[at][0]) == 1
    return len(hits) if alone or (len(hits) >= 2 and len(hits) * 2 >= len(places)) else 0


def is_caption(grid: Sequence[Sequence[str]], at: int, place: int, known: Collection[str]) -> bool:
    """Say whether a cell looks like a header: known, or with a word that the cells below lack."""
    folded = grid[at][place]
    if folded in known:
        return bool(folded)
    if not _may_be_caption(folded):
        return False
    words = [word for word in _WORDS if (len(word) > 1 and _holds(folded, word)) or folded == word]
    below = [row[place] for row in grid[at + 1 :] if place < len(row) and row[place]]
    # A word that the cells below repeat is a part of what the column holds, as 番地 may be.
    repeated = [sum(_holds(cell, word) for cell in below) for word in words]
    return folded in words or any(
        count < 2 and (count == 0 or count * 2 < len(below)) for count in repeated
    )


def _may_be_caption(folded: str) -> bool:
    return bool(folded) and not (
        _DIGITS.search(folded) or _VALUED.search(folded) or _FOREIGN.search(folded)
    )


def _holds(folded: str, word: str) -> bool:
    """Whether a text holds a word.

    One letter, and a word in katakana or letters, must stand alone: タカナシ and 氏家 are names.
    """
    if word not in folded:
        return False
    edge = r"\w" if len(word) == 1 else _KATAKANA if _ONLY_KATAKANA.fullmatch(word) else ""
    edge = "A-Za-z" if word.isascii() else edge
    if not edge:
        return True
    return re.search(f"(?<![{edge}]){re.escape(word)}(?![{edge}])", folded) is not None


def show_captions(
    grid: Sequence[Sequence[str]],
    first: int,
    last: int,
    headers: Sequence[str],
    known: Collection[str],
) -> list[str]:
    """Give what may be shown of each header, "" where it could be a person's value.

    Shown is what a profile knows, and what consists for the greater part of the words of headers.

    Args:
        grid: the first records, header included, folded.
        first: the (upper) header row.
        last: the (lower) header row.
        headers: the headers, two rows combined.
        known: the folded headers of all profiles.
    """
    shown = []
    for place, header in enumerate(headers):
        folded = fold_caption(header)
        safe = folded in known or (
            _may_be_caption(folded)
            and _cover(folded) > _LEAST_COVER
            and all(_is_safe(grid, at, place, known) for at in range(first, last + 1))
        )
        plain = "".join(sign for sign in header if unicodedata.category(sign)[0] != "C").strip()
        shown.append(plain[:LONGEST_SHOWN] if safe and folded else "")
    return shown


def _is_safe(grid: Sequence[Sequence[str]], at: int, place: int, known: Collection[str]) -> bool:
    """Whether one cell of the header may be shown, or is empty."""
    folded = grid[at][place] if place < len(grid[at]) else ""
    return (
        not folded
        or folded in known
        or _cover(folded, alone=False) == 1
        or (is_caption(grid, at, place, known) and _cover(folded) > _LEAST_COVER)
    )


def _cover(folded: str, alone: bool = True) -> float:
    """Give the share of a header's letters that belong to the words of headers.

    Where it stands alone, one of them must be a word that no value is made of.
    """
    if alone and not any(_holds(folded, word) for word in _WORDS):
        return 0.0
    rest = folded
    for word in sorted({*_WORDS, *_FILLERS}, key=len, reverse=True):
        if _holds(rest, word):
            rest = rest.replace(word, "\x00" * len(word))
    letters = [
        sign for sign in rest if sign == "\x00" or (sign.isalnum() and sign not in _PARTICLES)
    ]
    return sum(sign == "\x00" for sign in letters) / max(len(letters), 1)


def name_sort(header: str) -> str:
    """Say what a column with this header holds.

    Returns:
        ``DATE``, ``POSTAL``, ``PERSON`` (what tells who somebody is), ``NUMBER`` or ``PLAIN``.
    """
    folded = fold_caption(header)
    if "郵便" in folded or "〒" in folded:
        return POSTAL
    if _CODED.search(folded) and not re.search("住所|氏名", folded):
        return PLAIN
    if _DATED.search(folded) and "表記" not in folded:
        return DATE
    if _NUMBERED.search(folded) and not re.search("電話|携帯|FAX|住所|連絡先", folded):
        return NUMBER
    return PERSON if _PERSONAL.search(folded) else PLAIN
