"""The parameters of a run: which there are, what they may hold, and which notebook freezes them.

Every parameter belongs to the one notebook that first needs it, since the totals and lists of
print day cannot be known on the day of loading. What a notebook has frozen, no later one may
change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from recruitlib.base.errors import ParameterError, raise_problems
from recruitlib.base.plain_yaml import read_yaml

STAGES = ("01", "02", "03", "04", "05", "06")
STAGE_NAMES = {
    "01": "取込", "02": "除外", "03": "確認", "04": "宛名", "05": "提供", "06": "廃棄",
}  # fmt: skip
NOTEBOOKS = {
    "01": "01_load_registry",
    "02": "02_apply_optouts",
    "03": "03_review_counts",
    "04": "04_export_labels",
    "05": "05_hand_over",
    "06": "06_close_run",
}
REQUIRED = object()
HONORIFICS = ("様", "殿", "")
CHECKLIST_FILES = (
    "params/checklists/connection_ward.yaml", "params/checklists/connection_counterparty.yaml",
    "params/checklists/provision.yaml",
)  # fmt: skip
CODE_POINTS = r"U\+([0-9A-F]{4,6})-U\+([0-9A-F]{4,6})"
_FONT_HINT = "書体のファイル名、または {file: ファイル名, face: 番号, private_use: [U+E000-U+E0FF]} の並びです"


class Parameter(NamedTuple):
    """One parameter: its owner among the notebooks, its type, what it means, what it may hold."""

    name: str
    stage: str
    kind: type
    label: str
    default: Any = REQUIRED
    check: Callable[[Any], str] = lambda value: ""


def is_iso_date(value: Any) -> bool:
    """Say whether a value is text in the one form 2026-04-01, and a day of the calendar."""
    try:
        # Python also reads 20260401 and 2026-W14-3, which then do not compare as text.
        return date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        return False


def _is_date(value: str) -> str:
    return "" if is_iso_date(value) else "日付は 2026-04-01 の形で書いてください"


def _is_date_or_empty(value: str) -> str:
    return _is_date(value) if value else ""


def _matches(pattern: str, hint: str) -> Callable[[str], str]:
    return lambda value: "" if re.fullmatch(pattern, value) else hint


def _is_one_of(*choices: str) -> Callable[[str], str]:
    return lambda value: (
        "" if value in choices else f"{' / '.join(one or '空' for one in choices)} のどれかです"
    )


def _is_count(value: int) -> str:
    return "" if value >= 0 else "0 以上の整数です"


def _is_one_line(value: str) -> str:
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in value):
        return "改行・制御文字・目に見えない文字を除いて、1行で書いてください"
    return "" if value == value.strip() else "前後の空白を除いてください"


def _lies_between(lowest: float, highest: float, unit: str = "") -> Callable[[float], str]:
    return lambda value: (
        "" if lowest <= value <= highest else f"{lowest} から {highest}{unit} までです"
    )


def _are_ranges(value: list[str]) -> str:
    for text in value:
        ends = text.split("/") if isinstance(text, str) else []
        if len(ends) != 2 or any(_is_date(end) for end in ends) or ends[0] > ends[1]:
            return "生年月日の範囲は 2008-04-02/2009-04-01 の形で書いてください"
    return ""


def _are_ages(value: list[int]) -> str:
    ages_are_whole = all(type(age) is int and 15 <= age <= 40 for age in value)
    return (
        "" if ages_are_whole and value and len(set(value)) == len(value) else "年齢は整数の並びです"
    )


def _are_dates_by_stage(value: dict[str, str]) -> str:
    for stage, text in value.items():
        if stage not in STAGES or not isinstance(text, str) or _is_date(text):
            return '"01" から "06" までの各段階に日付を書いてください'
    return ""


def _are_of(*choices: str) -> Callable[[list[str]], str]:
    return lambda value: (
        "" if all(item in choices for item in value) else f"{' / '.join(choices)} の並びです"
    )


def _are_texts(value: list[Any]) -> str:
    texts = all(type(item) is str and item != "" for item in value)
    return "" if value and texts else "ファイル名の並びです"


def _are_runs(value: list[Any]) -> str:
    texts = all(type(item) is str and item != "" for item in value)
    return (
        "" if texts and len(set(value)) == len(value) else "実行名（run_id）の、重ならない並びです"
    )


def _are_fonts(value: list[Any]) -> str:
    return "" if all(map(_is_font, value)) else _FONT_HINT


def _is_font(item: Any) -> bool:
    own = {"file": item} if type(item) is str else item
    if type(own) is not dict or not own.keys() <= {"file", "face", "private_use"}:
        return False
    file, face, blocks = own.get("file", ""), own.get("face", 0), own.get("private_use", [])
    return (
        type(file) is str and file != "" and type(face) is int and face >= 0
        and type(blocks) is list
        and all(type(block) is str and re.fullmatch(CODE_POINTS, block) for block in blocks)
    )  # fmt: skip


def _protections_day(stage: str, prefix: str, day: str) -> list[Parameter]:
    return [
        Parameter(f"{prefix}protections_file", stage, str, f"支援措置対象者一覧（{day}）", ""),
        Parameter(f"{prefix}protections_listed_on", stage, str, f"同 作成日、または証明の日（{day}）", "",
                  _is_date_or_empty),
        Parameter(f"{prefix}protections_attested_by", stage, str,
                  f"一覧が空・抽出元で除外済みのとき、証明した人（{day}）", ""),
    ]  # fmt: skip


def _applications_day(stage: str, prefix: str, day: str, since: str = "") -> list[Parameter]:
    """Describe a day's lists; where they may be none since an earlier day, with who attests it."""
    attested = [
        Parameter(f"{prefix}{source}_attested_by", stage, str,
                  f"{since}の後に{what}の申出がないことを証明した人（{day}）", "")
        for source, what in (("form", "電子申請"), ("counter", "窓口・郵送"))
        if since
    ]  # fmt: skip
    file: Any = "" if since else REQUIRED
    return [
        Parameter(f"{prefix}form_file", stage, str, f"電子申請の出力ファイル（{day}）", file),
        Parameter(f"{prefix}form_exported_on", stage, str, f"同 出力日（{day}）", REQUIRED, _is_date),
        Parameter(f"{prefix}form_total", stage, int, f"同 画面に表示された件数（{day}）", REQUIRED,
                  _is_count),
        Parameter(f"{prefix}counter_file", stage, str, f"窓口・郵送の受付簿（{day}）", file),
        Parameter(f"{prefix}counter_exported_on", stage, str, f"同 締めた日（{day}）", REQUIRED,
                  _is_date),
        Parameter(f"{prefix}counter_total", stage, int, f"同 紙の申出書の枚数（{day}）", REQUIRED,
                  _is_count),
        *attested,
    ]  # fmt: skip


# Names that Windows keeps for devices, and that no folder can have there.
_DEVICES = r"(con|prn|aux|nul|com\d|lpt\d)"
_OWN_FOLDERS = "inputs|params|notebooks|recruitlib|tests|docs|bench|register"
PARAMETERS: tuple[Parameter, ...] = (
    Parameter("run_id", "01", str, "実行名", REQUIRED,
              _matches(rf"(?!{_DEVICES}$)[a-z0-9][a-z0-9_-]{{0,39}}", "実行名は英小文字・数字・_・- の40字以内です")),
    Parameter("runs_folder", "01", str, "実行記録を置くフォルダ", "runs",
              _matches(rf"(?!({_OWN_FOLDERS})$)[a-z0-9][a-z0-9_-]{{0,39}}",
                       "実行記録だけを置くフォルダの名前を、英小文字で書いてください")),
    Parameter("run_kind", "01", str, "実行の種類", REQUIRED,
              _is_one_of("production", "demonstration")),
    Parameter("business_date", "01", dict, "業務日（見本のときだけ）", {}, _are_dates_by_stage),
    Parameter("operator", "01", str, "作業する担当者（職員番号で）", REQUIRED,
              _matches(r"[\w-]{1,16}", "職員番号（recruitlib officer add で登録したもの）を書いてください")),
    Parameter("prefecture", "01", str, "都道府県", REQUIRED),
    Parameter("municipality", "01", str, "市区町村", REQUIRED),
    Parameter("municipality_code", "01", str, "団体コード（6桁）", REQUIRED,
              _matches(r"[0-9]{6}", '団体コードは引用符つきの6桁です（例 "131041"）')),
    Parameter("fiscal_year", "01", int, "対象年度（西暦）", REQUIRED,
              lambda value: "" if 2019 <= value <= 2100 else "年度は西暦4桁です"),
    Parameter("request_number", "01", str, "依頼文書の番号", REQUIRED),
    Parameter("request_date", "01", str, "依頼文書の日付", REQUIRED, _is_date),
    Parameter("cohort_ages", "01", list, "対象年齢", REQUIRED, _are_ages),
    Parameter("cohort_birth_ranges", "01", list, "依頼文書に印字された生年月日の範囲", REQUIRED,
              _are_ranges),
    Parameter("scope_file", "01", str, "承認された範囲", REQUIRED),
    Parameter("registry_file", "01", str, "住民基本台帳の抽出ファイル", REQUIRED),
    Parameter("registry_total", "01", int, "抽出の控えにある行数", REQUIRED, _is_count),
    Parameter("registry_profile", "01", str, "抽出ファイルの様式", REQUIRED),
    Parameter("registry_base_date", "01", str, "抽出基準日", REQUIRED, _is_date),
    Parameter("registry_max_age_days", "01", int, "抽出から取込までの上限日数", 60, _is_count),
    Parameter("protections_profile", "01", str, "支援措置対象者一覧の様式", REQUIRED),
    *_protections_day("01", "", "取込日"),
    Parameter("load_decisions_file", "01", str, "取込の事例の決定", REQUIRED),
    Parameter("towns_file", "02", str, "町名表", REQUIRED),
    Parameter("form_profile", "02", str, "電子申請の様式", REQUIRED),
    Parameter("counter_profile", "02", str, "受付簿の様式", REQUIRED),
    *_applications_day("02", "", "取込日"),
    Parameter("rows_decisions_file", "02", str, "読めない申出の行の決定", REQUIRED),
    Parameter("applications_zero_confirmed_by", "02", str, "申出が0件であることを確かめた人", ""),
    Parameter("optout_deadline", "02", str, "申出の締切日", REQUIRED, _is_date),
    Parameter("optout_validity", "02", str, "申出の有効期間（その年度か、翌年度以後もか）", "fiscal_year",
              _is_one_of("fiscal_year", "standing")),
    Parameter("late_optout", "02", str, "締切後の申出の扱い", "honour",
              _is_one_of("honour", "return")),
    Parameter("applicants", "02", list, "申出できる人", ["self"],
              _are_of("self", "guardian", "agent")),
    Parameter("top_up_of", "02", list, "追加の実行のとき、すでに提供した実行名", [], _are_runs),
    Parameter("decisions_file", "03", str, "要判断事例の決定", REQUIRED),
    Parameter("approval_file", "03", str, "第二の担当者の承認", REQUIRED),
    Parameter("review_checklist_file", "03", str, "承認で確かめる項目の一覧",
              "params/checklists/review.yaml"),
    Parameter("undecided", "03", str, "未決の申出の扱い", "block", _is_one_of("block", "withhold")),
    Parameter("bundle_by", "03", list, "宛名シールの束の分け方", [], _are_of("cohort")),
    Parameter("bundle_request_quote", "03", str, "束を分けるよう求める依頼文書の文言", ""),
    Parameter("label_sheet", "04", str, "ラベル用紙", REQUIRED),
    Parameter("label_sheets_file", "04", str, "ラベル用紙の一覧", "params/label_sheets.yaml"),
    Parameter("label_first_position", "04", int, "最初のシートで使い始めるラベルの位置", 1,
              lambda value: "" if value >= 1 else "1 以上の整数です"),
    Parameter("label_offset_x_mm", "04", float, "プリンターに合わせて右へずらす長さ", 0.0,
              _lies_between(-5.0, 5.0, " mm")),
    Parameter("label_offset_y_mm", "04", float, "プリンターに合わせて下へずらす長さ", 0.0,
              _lies_between(-5.0, 5.0, " mm")),
    Parameter("label_scale", "04", float, "プリンターに合わせた倍率", 1.0, _lies_between(0.98, 1.02)),
    Parameter("label_order", "04", str, "印刷の順（郵便番号・町・番地か、台帳の順）", "postal_code",
              _is_one_of("postal_code", "registry")),
    Parameter("label_lot_sheets", "04", int, "1ロットのシートの上限（0 は分けない）", 0, _is_count),
    Parameter("label_inset_left_mm", "04", float, "ラベルの中で左に足す余白", 0.0,
              _lies_between(0.0, 30.0, " mm")),
    Parameter("label_inset_top_mm", "04", float, "ラベルの中で上に足す余白", 0.0,
              _lies_between(0.0, 30.0, " mm")),
    Parameter("label_honorific", "04", str, "敬称（空ならつけない）", HONORIFICS[0],
              _is_one_of(*HONORIFICS)),
    Parameter("label_return_line", "04", str, "ラベルの下に1行で入れる返送先", "", _is_one_line),
    Parameter("label_fonts", "04", list, "追加の書体ファイル", [], _are_fonts),
    *_protections_day("04", "print_", "印刷日"),
    *_applications_day("04", "print_", "印刷日"),
    Parameter("handover_registry_file", "05", str, "提供日の抽出ファイル", ""),
    Parameter("handover_registry_total", "05", int, "提供日の抽出の控えにある行数", 0, _is_count),
    Parameter("handover_registry_base_date", "05", str, "提供日の抽出基準日、または証明の日", REQUIRED,
              _is_date),
    Parameter("handover_registry_attested_by", "05", str, "抽出の後に異動がないことを証明した人", ""),
    *_protections_day("05", "handover_", "提供日"),
    *_applications_day("05", "handover_", "提供日", since="印刷日"),
    Parameter("handover_file", "05", str, "提供の確認書（差引・枚数・受領）", REQUIRED),
    Parameter("checklist_files", "05", list, "個人情報保護対策のチェックリスト", list(CHECKLIST_FILES),
              _are_texts),
    Parameter("attestations_file", "05", str, "チェックリストの証明書", ""),
    Parameter("checklist_unmet", "05", str, "根拠や証明のない項目があるとき", "stop",
              _is_one_of("stop", "list")),
    Parameter("decision_notice", "05", str, "申出者への除外決定通知", "none",
              _is_one_of("none", "print")),
    Parameter("disposal_file", "06", str, "廃棄の確認書", REQUIRED),
)  # fmt: skip
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def find_line(path: Path, key: str) -> int:
    """Find the line of a top-level key, so that a message can name it (0 when not found)."""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if re.match(rf"{re.escape(key)}\s*:", line):
            return number
    return 0


def check_parameter(parameter: Parameter, value: Any) -> str:
    """Say in Japanese what is wrong with a value, or nothing: types are strict, no coercion."""
    if type(value) is not parameter.kind:
        kinds = {
            str: "文字（引用符で囲む）", int: "整数", float: "小数（0.0 のように）", list: "並び",
            dict: "表", bool: "真偽",
        }  # fmt: skip
        return f"型が違います。{kinds[parameter.kind]}で書いてください"
    if value == "" and parameter.default is REQUIRED:
        return "空です。書いてください"
    return parameter.check(value)


def validate_parameters(given: Mapping[str, Any], stages: tuple[str, ...]) -> dict[str, Any]:
    """Check every parameter of the given stages and fill in the defaults.

    Args:
        given: names and values as injected or read from a file.
        stages: the stages whose parameters must all be there.

    Returns:
        the parameters of these stages, in the order of the list, defaults filled in.

    Raises:
        ParameterError: unknown, missing or mistyped parameters; all of them at once.
    """
    problems = [
        f"{name}: 知らない項目です。綴りを確かめてください。"
        for name in given
        if name not in BY_NAME
    ]
    values: dict[str, Any] = {}
    for parameter in PARAMETERS:
        if parameter.name in given:
            problem = check_parameter(parameter, given[parameter.name])
            if problem:
                problems.append(f"{parameter.name}（{parameter.label}）: {problem}。")
        if parameter.stage not in stages:
            continue
        value = given.get(parameter.name, parameter.default)
        if value is REQUIRED:
            problems.append(f"{parameter.name}（{parameter.label}）: 書かれていません。")
        values[parameter.name] = value
    if not problems:
        problems = check_together(values)
    raise_problems(ParameterError, problems, "パラメータ")
    return values


def check_together(values: Mapping[str, Any]) -> list[str]:
    """Say what is wrong between parameters that are each right by themselves."""
    problems = []
    if "cohort_ages" in values and len(values["cohort_ages"]) != len(values["cohort_birth_ranges"]):
        problems.append("cohort_ages と cohort_birth_ranges の数が違います。")
    if values.get("run_id") in values.get("top_up_of", []):
        problems.append(
            "top_up_of に、この実行自身の名前があります。先に提供した実行の名前を書いてください。"
        )
    if values.get("business_date") and values.get("run_kind") == "production":
        problems.append("business_date は見本（demonstration）の実行でだけ使えます。")
    for name in ("handover_registry", "handover_form", "handover_counter"):
        file, attested = values.get(f"{name}_file"), values.get(f"{name}_attested_by")
        if file is not None and bool(file) == bool(attested):
            problems.append(
                f"{name}_file と {name}_attested_by は、どちらか一つだけを書いてください"
                "（ファイル、または、その後の異動・申出がないことを証明した人）。"
            )
    if values.get("bundle_by") and not values.get("bundle_request_quote", "").strip():
        problems.append(
            "bundle_by で束を分けるには bundle_request_quote に依頼文書の文言が要ります。"
        )
    return problems


def read_parameters(path: Path) -> dict[str, Any]:
    """Read and validate a whole parameter file, naming the line of each problem.

    Returns:
        all parameters of all stages.

    Raises:
        ParameterError: any problem; all at once.
    """
    if path.is_dir():
        raise ParameterError(
            f"{path.name}: フォルダです。実行のフォルダでなく、パラメータのファイル"
            "（例 params/r8_1.yaml）を書いてください。"
        )
    given = read_yaml(path)
    try:
        return validate_parameters(given, STAGES)
    except ParameterError as error:
        # As whole words: form_file must not be named for a fault of print_form_file.
        named = set(re.findall(r"[A-Za-z0-9_]+", str(error))) | set(
            re.findall(r"\S+(?=: )", str(error))
        )
        lines = [
            f"{name}={line}行目"
            for name in map(str, given)
            if name in named and (line := find_line(path, name))
        ]
        where = f"（{path.name} の {'、'.join(lines)}）" if lines else f"（{path.name}）"
        raise ParameterError(f"{error}{where}") from None


def find_root(start: Path | None = None) -> Path:
    """Find the project folder: the nearest one upwards that holds params and notebooks.

    Raises:
        ParameterError: there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "params").is_dir() and (folder / "notebooks").is_dir():
            return folder
    raise ParameterError(
        "params と notebooks のあるフォルダが見つかりません。そのフォルダの中で実行してください。"
    )
