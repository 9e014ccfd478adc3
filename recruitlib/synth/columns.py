"""The 122 columns of the registry extract, in the order of the file."""

from __future__ import annotations

KEYS = (
    "市区町村コード", "宛名番号", "個人履歴番号", "個人履歴番号_枝番号", "最新フラグ", "改製番号",
    "世帯番号", "除票フラグ", "削除フラグ", "履歴選択不可フラグ", "他業務参照不可フラグ", "業務ID",
)  # fmt: skip
STATUS = (
    "住民種別", "住民状態", "異動年月日", "異動年月日_不詳フラグ", "異動年月日_不詳表記",
    "異動届出年月日", "異動事由", "異動区分", "記載の事由", "消除の事由", "消除の届出年月日",
    "消除の異動年月日", "消除の異動年月日_不詳フラグ", "転出予定年月日", "転出年月日（確定）",
    "住民となった年月日", "住所を定めた年月日", "処理年月日",
)  # fmt: skip
NAMES = (
    "氏名", "氏_日本人", "名_日本人", "氏名_外国人ローマ字", "氏名_外国人漢字", "氏名_フリガナ",
    "氏_日本人_フリガナ", "名_日本人_フリガナ", "氏名_フリガナ確認状況", "旧氏", "旧氏_フリガナ",
    "通称", "通称_フリガナ",
)  # fmt: skip
PERSON = (
    "性別", "性別表記", "生年月日_元号", "生年月日", "生年月日_不詳フラグ", "生年月日_不詳表記",
    "続柄コード1", "続柄コード2", "続柄コード3", "続柄コード4", "続柄表記", "世帯主氏名",
    "記載順位",
)  # fmt: skip
_FULL = (
    "市区町村コード", "町字コード", "都道府県", "市区郡町村名", "町字", "番地号表記",
    "番地枝番数値", "方書コード", "方書", "方書_フリガナ", "郵便番号",
)  # fmt: skip
# What came before the move into the ward is held without the ward's own building codes.
_SHORT = tuple(
    suffix for suffix in _FULL if suffix not in ("番地枝番数値", "方書コード", "方書_フリガナ")
)
ADDRESS = tuple(f"住所_{suffix}" for suffix in _FULL)
DISTRICTS = tuple(f"地区管理コード{number}" for number in range(1, 11))
BEFORE_MOVE_IN = tuple(f"転入前住所_{suffix}" for suffix in _SHORT)
BEFORE_MOVE = tuple(f"転居前住所_{suffix}" for suffix in _FULL)
PLANNED = tuple(f"転出先住所（予定）_{suffix}" for suffix in _FULL)
SETTLED = tuple(f"転出先住所（確定）_{suffix}" for suffix in _FULL)
# Extracts may carry these by accident; whoever reads the file must drop them.
NEVER_TO_TRAVEL = ("個人番号", "住民票コード", "基礎年金番号", "在留カード等番号")
REGISTRY_COLUMNS = (
    *KEYS, *STATUS, *NAMES, *PERSON, *ADDRESS, *DISTRICTS, *BEFORE_MOVE_IN, *BEFORE_MOVE,
    *PLANNED, *SETTLED, *NEVER_TO_TRAVEL,
)  # fmt: skip
POSITION = {column: position for position, column in enumerate(REGISTRY_COLUMNS)}
