"""Coverage: what a run's fonts print, and an answer for every row of any table."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from fontTools.ttLib import TTFont

from recruitlib.base.errors import FormError, ParameterError
from recruitlib.base.papers import default_font_path
from recruitlib.cli import commands
from recruitlib.cli.arguments import check_out
from recruitlib.labels.coverage import (
    CHECK_COLUMNS,
    VERDICT_COLUMNS,
    describe_coverage,
    find_unprintable,
    judge_labels,
    measure_coverage,
    read_labels,
)
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.sheets import read_sheet
from recruitlib.labels.wording import Wording
from tests.conftest import PARAMETERS, ROOT, change_parameters
from tests.unit.small_fonts import build_font
from tests.unit.stages import make_residents
from tests.unit.test_labels_fonts import MJ_PATH, needs_mj

GOTHIC = LabelFont(default_font_path())
LARGE = read_sheet(ROOT / "params/label_sheets.yaml", "a4_12_86x42")
NARROW = read_sheet(ROOT / "params/label_sheets.yaml", "a4_24_66x34")
ADDRESS = "東京都新宿区片町１番１号"


def write_table(path: Path, *rows: tuple[str, ...], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([CHECK_COLUMNS, *rows])
    return path


def judge(path: Path, chain: list[LabelFont] | None = None) -> dict[str, tuple[str, str]]:
    answers = judge_labels(read_labels(path), LARGE, chain or [GOTHIC])
    return {row.id: (row.verdict, row.reason) for row in answers.itertuples()}


def make_recipients(**columns: list[str]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    table = {
        "source_row": [str(number) for number in range(2, 2 + rows)],
        "full_name": ["試験　太郎"] * rows,
        "postal_code": ["1600022"] * rows,
        "address": ["東京都新宿区新宿１丁目"] * rows,
        "building": [""] * rows,
    }
    return pd.DataFrame({**table, **columns})


@pytest.mark.parametrize(
    ("text", "points", "words"),
    [
        ("𠮷田", "U+20BB7", "字形がない"),
        ("\u69d7", "U+69D7", "字形がない"),
        ("葛\U000e0102", "U+845B U+E0102", "異体字がない"),
        ("か\u3099", "U+3099", "結合文字"),
        ("e\u0301", "U+0301", "結合文字"),
        ("新\u00ad宿", "U+00AD", "書式文字"),
        ("新\u200b宿", "U+200B", "書式文字"),
        ("新\u200d宿", "U+200D", "書式文字"),
        ("\ue000", "U+E000", "外字"),
        ("\uf860", "U+F860", "外字"),
        ("\U00100000", "U+100000", "外字"),
        ("〓", "U+3013", "げた"),
        ("\ufffd", "U+FFFD", "置換文字"),
        ("A\tB", "U+0009", "制御文字"),
        ("A\nB", "U+000A", "制御文字"),
        ("A\u00a0B", "U+00A0", "特殊な空白"),
        ("A\u2009B", "U+2009", "特殊な空白"),
        ("\u0378", "U+0378", "割り当てがない"),
        ("\U0001f600", "U+1F600", "絵文字"),
        ("⚡", "U+26A1", "絵文字"),
        ("☎\ufe0f", "U+260E U+FE0F", "絵文字"),
        ("\U000e0100辻", "U+E0100", "異体字セレクタ"),
        ("\uf9e1", "U+F9E1", "字形がない"),
    ],
)
def test_what_cannot_be_printed_exactly_is_named_by_row_column_and_code_point(
    text: str, points: str, words: str
) -> None:
    found = find_unprintable(make_recipients(full_name=["試験　太郎", text]), [GOTHIC])
    assert found["source_row"].tolist() == ["3"]
    assert found["column"].tolist() == ["full_name"]
    assert found["code_points"].tolist() == [points]
    assert words in found["reason"].iloc[0]
    assert text not in found["reason"].iloc[0]


def test_the_font_has_a_glyph_for_what_is_refused_as_misleading() -> None:
    # So that the refusals above test the rule and not merely a gap in the font.
    cmap = TTFont(default_font_path(), lazy=True).getBestCmap()
    assert {0x3099, 0x0301, 0x00AD, 0xF860, 0x3013} <= set(cmap)


def test_every_column_is_searched_and_rows_keep_their_order() -> None:
    recipients = make_recipients(
        full_name=["𠮷", "甲", "乙"], building=["", "\ue000", ""], address=["甲", "乙", "〓"],
        postal_code=["1600022", "160\u200b0022", ""],
    )  # fmt: skip
    found = find_unprintable(recipients, [GOTHIC])
    assert list(zip(found["source_row"], found["column"], strict=True)) == [
        ("2", "full_name"), ("3", "postal_code"), ("3", "building"), ("4", "address"),
    ]  # fmt: skip


def test_a_font_that_lacks_the_honorific_does_not_print_a_name(tmp_path: Path) -> None:
    own = LabelFont(build_font(tmp_path / "own.ttf", ["𠮷", "田"], "Own"))
    recipients = make_recipients(full_name=["𠮷田"], building=["𠮷"])
    found = find_unprintable(recipients, [own, GOTHIC])
    assert set(found["column"]) == {"full_name"}
    assert found["code_points"].tolist() == ["U+20BB7", "U+3000", "U+69D8"]


def test_nothing_is_listed_when_all_can_be_printed() -> None:
    found = find_unprintable(make_recipients(full_name=["甲　乙"]), [GOTHIC])
    assert found.empty
    assert list(found.columns) == ["source_row", "column", "code_points", "reason"]


@needs_mj
def test_a_string_that_fits_no_font_names_the_gap_of_each() -> None:
    chain = [GOTHIC, LabelFont(MJ_PATH)]
    found = find_unprintable(make_recipients(full_name=["𠮷辻\U000e0100"]), chain)
    assert found["code_points"].tolist() == ["U+20BB7", "U+8FBB U+E0100"]
    assert "IPAexGothic" in found["reason"].iloc[0] and "IPAmj" in found["reason"].iloc[1]


def test_coverage_counts_characters_with_their_selectors_and_whole_strings(tmp_path: Path) -> None:
    people = make_residents(
        {"full_name": "𠮷田", "address": "甲乙", "postal_code": ""},
        {"full_name": "辻\U000e0100田", "address": "甲乙", "postal_code": "", "building": "丙"},
        {"full_name": "𠮷辻\U000e0100", "address": "甲", "postal_code": ""},
    )
    own = LabelFont(build_font(tmp_path / "own.ttf", ["𠮷", "田", "甲", "　", "様"], "Own"))
    coverage = measure_coverage(people, [own, GOTHIC])
    assert coverage[:3] == (3, 8, 7)  # 𠮷 田 甲 乙 辻+selector 丙, and what stands behind a name
    assert coverage.held == [5, 7]
    assert coverage.chosen == [2, 4]  # 𠮷田 and 甲; 甲乙 twice, the second name and 丙
    # No font has both characters of the third name, so the gap of each is told.
    assert coverage.missing["source_row"].tolist() == [4, 4]
    assert coverage.missing["code_points"].tolist() == ["U+20BB7", "U+8FBB U+E0100"]
    lines = describe_coverage(coverage, [own, GOTHIC])
    assert "  1. Own（own.ttf）: 字 5 / 8種類、この書体で印刷する文字列 2" in lines
    assert lines[0].startswith("対象者 3人（このあと除外する人も含みます）、")
    assert lines[-3:] == [
        "  4行目の氏名: U+20BB7（IPAexGothic に字形がない）",
        "  4行目の氏名: U+8FBB U+E0100（Own にこの異体字がない）",
        "印刷できない行が 1 行あります。このままでは 04 で止まります（除外する人の行だけなら、止まりません）。",
    ]
    assert not any(sign in "".join(lines) for sign in "𠮷辻田甲丙")


def test_where_nothing_is_missing_the_coverage_says_so() -> None:
    lines = describe_coverage(measure_coverage(make_residents({}), [GOTHIC]), [GOTHIC])
    assert lines[-2:] == ["印刷できない字: なし", "すべての字を印刷できます。"]


def test_a_return_line_that_cannot_be_printed_is_told_beside_the_people() -> None:
    coverage = measure_coverage(make_residents({}), [GOTHIC], Wording(return_line="\ue000区役所"))
    assert describe_coverage(coverage, [GOTHIC])[-3:] == [
        "印刷できない字: 1か所",
        "  返送先: U+E000（登録されていない外字領域の文字）",
        "返送先を印刷できません。このままでは 04 で止まります。",
    ]


def test_every_row_is_answered_once_in_its_order(tmp_path: Path) -> None:
    long = "8-9-1235" * 40
    path = write_table(
        tmp_path / "t.csv",
        ("1", "髙橋　\ufa19", "１６００００１", ADDRESS, "コーポ１"),
        ("2", "𠮷田\u3099", "1600001", ADDRESS, "\ue000"),
        ("3", "甲　乙", "16000", ADDRESS, ""),
        ("3", "甲　乙", "160-0001", ADDRESS, ""),
        ("", "", "", "", ""),
        ("5", "甲\n乙", "", ADDRESS, ""),
        ("6", "甲　乙", "", "", ""),
        ("7", "甲　乙", "", ADDRESS, long),
        ("8", "甲　乙", "", ADDRESS, "館" * 2000),
    )
    answers = judge_labels(read_labels(path), LARGE, [GOTHIC])
    assert list(answers.columns) == ["id", "verdict", "reason"]
    assert answers["id"].tolist() == ["1", "2", "3", "3", "", "5", "6", "7", "8"]
    assert answers["verdict"].tolist() == [
        "print", "refuse", "refuse", "print", "refuse", "refuse", "refuse", "refuse", "refuse",
    ]  # fmt: skip
    assert answers["reason"].tolist() == [
        "",
        "方書の U+E000（登録されていない外字領域の文字）、氏名の U+20BB7（IPAexGothic に字形がない）、"
        "氏名の U+3099（結合文字）",
        "郵便番号が7桁の数字ではありません",
        "",
        "氏名が空です",
        "氏名の U+000A（制御文字）",
        "住所が空です",
        "方書の番号または単語が長く、切らずにラベルに入りません",
        "最小の文字にしてもラベルの高さに入りません",
    ]


def test_a_row_that_cannot_be_read_is_answered_and_costs_no_other(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", ("1", "甲　乙", "", ADDRESS, ""))
    with path.open("a", encoding="utf-8") as file:
        file.write(f'2,"甲"乙,,{ADDRESS},\n3,甲,{ADDRESS}\n\n4,甲"乙,,{ADDRESS},\n')
        file.write(f'5,"甲,,{ADDRESS},\n6,丙,,{ADDRESS},\n7,"丁",,{ADDRESS},\n')
    answers = judge(path)
    assert {row: answers[row][0] for row in "1234567"} == {
        "1": "print", "2": "refuse", "3": "refuse", "4": "refuse", "5": "refuse", "6": "print",
        "7": "print",
    }  # fmt: skip
    assert "列の数" in answers["3"][1]
    assert "引用符" in answers["5"][1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_the_encodings_of_offices_are_read(tmp_path: Path, encoding: str) -> None:
    path = write_table(tmp_path / "t.csv", ("1", "髙橋　﨑", "", ADDRESS, ""), encoding=encoding)
    assert read_labels(path)["full_name"].tolist() == ["髙橋　﨑"]
    assert judge(path) == {"1": ("print", "")}


def test_columns_are_found_by_name_and_others_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"sex,address,id,building,full_name,postal_code\n女,{ADDRESS},9,,甲　乙,\n")
    assert judge(path) == {"9": ("print", "")}
    assert "sex" not in read_labels(path).columns


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,full_name\n", ["postal_code がありません", "address がありません"]),
        ("id,full_name,postal_code,address,building,id\n", ["id が二つ以上"]),
        ("", ["id がありません"]),
    ],
)
def test_a_table_without_its_columns_is_refused(
    tmp_path: Path, content: str, words: list[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(FormError) as stop:
        read_labels(path)
    assert all(word in str(stop.value) for word in words)


def test_a_table_without_rows_has_no_answers(tmp_path: Path) -> None:
    answers = judge_labels(read_labels(write_table(tmp_path / "t.csv")), LARGE, [GOTHIC])
    assert answers.empty
    assert list(answers.columns) == ["id", "verdict", "reason"]


def test_a_postal_code_that_is_not_printed_is_not_judged(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", ("1", "甲　乙", "\ue000", ADDRESS, ""))
    assert judge(path)["1"][0] == "refuse"
    labels = read_labels(path)
    assert judge_labels(labels, LARGE, [GOTHIC], Wording(False))["verdict"].tolist() == ["print"]


def test_the_sheet_decides(tmp_path: Path) -> None:
    labels = read_labels(write_table(tmp_path / "t.csv", ("1", "甲　乙", "", ADDRESS, "館" * 300)))
    verdicts = [judge_labels(labels, sheet, [GOTHIC])["verdict"][0] for sheet in (LARGE, NARROW)]
    assert verdicts == ["print", "refuse"]


def call(*words: str) -> Result:
    return CliRunner().invoke(commands, ["fonts", *words])


def test_the_command_shows_chain_coverage_and_gaps_without_a_name(project: Path) -> None:
    result = call(PARAMETERS)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    registry = (project / "inputs/test_ward/registry.csv").read_text(encoding="utf-8-sig")
    [gap] = [line for line in lines if "U+20BB7" in line]
    assert "印刷できない行が 1 行あります。このままでは 04 で止まります" in lines[-1]
    row = int(gap.strip().split("行目")[0])
    assert any("𠮷" in cell for cell in list(csv.reader(io.StringIO(registry)))[row - 1])
    assert "IPAexGothic（ipaexg.ttf、標準の書体）" in result.output
    assert not any(ord(sign) > 0xFFFF for sign in result.output)
    assert not (project / "runs").exists()


def test_the_command_with_a_font_of_the_office(project: Path) -> None:
    build_font(project / "own.ttf", ["\u3402"], "Own")
    change_parameters(project, label_fonts=["own.ttf"])
    assert "1. Own（own.ttf）: 字 0 / " in call(PARAMETERS).output


def test_the_command_answers_for_a_table_and_prints_nothing(project: Path) -> None:
    table = write_table(
        project / "t.csv", ("0001", "𠮷田　花", "", ADDRESS, ""), ("0002", "甲　乙", "", ADDRESS, ""),
    )  # fmt: skip
    (project / "inputs/test_ward/registry.csv").unlink()
    result = call(PARAMETERS, "--check", str(table), "--out", "out.csv")
    assert (result.exit_code, result.output) == (0, "print: 1\nrefuse: 1\n")
    answers = pd.read_csv("out.csv", dtype=str, keep_default_na=False)
    assert answers.values.tolist() == [
        ["0001", "refuse", "氏名の U+20BB7（IPAexGothic に字形がない）"], ["0002", "print", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(("scale", "answer"), [(1.0, "print"), (0.98, "refuse")])
def test_the_command_judges_by_the_sheet_as_the_printer_scales_it(
    project: Path, scale: float, answer: str
) -> None:
    # 78.4 mm are 222.2 pt, in which 52 full-width digits of 6 pt stand condensed to 70 %; not in
    # 98 % of it, and a number is not broken.
    table = write_table(project / "t.csv", ("1", "甲　乙", "", ADDRESS, "１" * 52))
    change_parameters(project, label_scale=scale)
    assert call(PARAMETERS, "--check", str(table), "--out", "out.csv").exit_code == 0
    assert pd.read_csv("out.csv")["verdict"].tolist() == [answer]


def test_the_command_needs_both_files_and_keeps_the_table(project: Path) -> None:
    table = write_table(project / "t.csv")
    for words in (("--check", "t.csv"), ("--out", "o.csv"), ("--check", "t.csv", "--out", "t.csv")):
        assert isinstance(call(PARAMETERS, *words).exception, ParameterError)
    assert table.read_text(encoding="utf-8").startswith("id,")
    assert not (project / "o.csv").exists()


def test_an_answer_replaces_an_earlier_answer_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out, extract = tmp_path / "out.csv", tmp_path / "registry.csv"
    for content in (b"", b"id,verdict,reason\r\n1,print,\r\n"):
        out.write_bytes(content)
        check_out(out, columns=VERDICT_COLUMNS)
    extract.write_text("宛名番号,氏名\n0000000001,試験　太郎\n", encoding="utf-8")
    for columns in (VERDICT_COLUMNS, ()):
        with pytest.raises(ParameterError, match="上書きはしません") as stop:
            check_out(extract, columns=columns)
        assert "試験" not in str(stop.value)
    with pytest.raises(ParameterError, match="上書きはしません"):
        check_out(out)


@pytest.mark.parametrize(
    "place",
    ["runs/test_ward/private/pull.pdf", "runs/pull.pdf", "drills/pull.pdf", "drills/one/pull.pdf",
     "register/pull.pdf", "notebooks/pull.pdf", "params/towns/x.csv", "inputs/../register/pull.pdf"],
)  # fmt: skip
def test_no_file_is_written_among_what_the_project_holds_itself(tmp_path: Path, place: str) -> None:
    for name in ("runs/test_ward/private", "register", "notebooks", "params/towns", "inputs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "drills/one").mkdir(parents=True)
    (tmp_path / "drills/one/audit.jsonl").write_bytes(b"")
    with pytest.raises(ParameterError, match="フォルダの外に書き出してください"):
        check_out(tmp_path / place)
    for other in ("inputs/pull.pdf", "pull.pdf"):
        check_out(tmp_path / other)
    # The table of towns is made for there.
    check_out(tmp_path / "params/towns/x.csv", within="params")
