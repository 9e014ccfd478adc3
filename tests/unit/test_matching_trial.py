"""A trial of the matching on two plain files: one row for each application, exactly as written."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recruitlib.base.errors import FormError, ParameterError
from recruitlib.cli import commands

RANGES = [
    "--birth-range", "18:2008-04-02:2009-04-01", "--birth-range", "22:2004-04-02:2005-04-01",
]  # fmt: skip
REGISTRY = """\
person_id,household_id,name,name_kana,birth_date,sex,nationality,postal_code,address,building,status
0000018,H1,架空　花子,カクウ　ハナコ,2008-06-03,女,JP,1600023,東京都新宿区西新宿二丁目８番１号,ハイツ１０１,住民
0000022,H1,架空　松美,カクウ　マツミ,2004-11-11,女,JP,1600023,東京都新宿区西新宿二丁目８番１号,ハイツ１０１,住民
0000050,H1,架空　一郎,カクウ　イチロウ,1976-01-20,男,JP,1600023,東京都新宿区西新宿二丁目８番１号,ハイツ１０１,住民
0000031,H2,独居　学,ドッキョ　マナブ,2005-04-21,男,JP,1600014,東京都新宿区内藤町８７番地,,住民
0000040,H3,遠山　竹子,トオヤマ　タケコ,2008-09-09,女,JP,1620065,東京都新宿区住吉町４番地２,,転出
0000041,H4,見本　光,ミホン　ヒカル,2008-07-17,女,foreign,1620065,東京都新宿区住吉町５番地２,,住民
"""
HEADER = (
    "application_id,received_at,channel,name,name_kana,birth_date,address,phone,applicant_name,"
    "relation,withdrawn"
)
FORMS = f"""{HEADER}
a1,2026-05-01,logo,架空花子,カクウ　ハナコ,2008-06-03,西新宿2-8-1 ハイツ101,03-0000-0000,,本人,
a2,2026-05-01,logo,架空　松美,カクウ　マツミ,H16.11.11,,,,本人,
a3,2026-05-01,logo,独居　学,ドッキョ　マナブ,2005/4/21,新宿区内藤町87,,,本人,
a4,2026-05-02,paper,架空　一郎,カクウ　イチロウ,昭和51年1月20日,西新宿2-8-1,,架空　一郎,父,
a5,2026-05-02,logo,存在　無,,2008-12-31,中落合1-2-3,,,本人,
a6,2026-05-02,logo,遠山　竹子,トオヤマ　タケコ,2008-09-09,住吉町4-2,,,本人,
a7,2026-05-02,logo,見本　光,ミホン　ヒカル,2008-07-17,住吉町5-2,,,本人,
"""
TOGETHER = "氏名・生年月日・番地が一人と一致（氏名が同じ、生年月日が同じ、番地が同じ）。"
APART = "対象者でない一人（年齢・国籍・転出など）と、氏名・生年月日・番地が一致（氏名が同じ、生年月日が同じ、番地が同じ）。"
ALONE = "二つ以上の項目が一致する人は、ほかにいません。"
EXPECTED = [
    ("application_id", "outcome", "person_id", "candidates", "tier", "reason"),
    ("a1", "exclude", "0000018", "", "A1", TOGETHER + ALONE),
    ("a2", "exclude", "0000022", "", "B2",
     "氏名・生年月日が一人だけと一致（同じ日の同名はいない）（氏名が同じ、生年月日が同じ、"
     f"住所が違うか、書かれていない）。{ALONE}"),
    ("a3", "not_in_cohort", "0000031", "", "O1", APART + ALONE),
    ("a4", "review", "", "0000018|0000022", "C",
     "対象者でない人と一致しますが、申出者が本人ではありません。候補は2人です。"),
    ("a5", "review", "", "", "C", "二つ以上の項目が一致する人がいません。候補は0人です。"),
    ("a6", "not_in_cohort", "0000040", "", "O1", APART + ALONE),
    ("a7", "not_in_cohort", "0000041", "", "O1", APART + ALONE),
]  # fmt: skip
# What does not depend on how a file is written: outcome, person and tier of each application.
ENDS = [row[:3] + row[4:5] for row in EXPECTED[1:]]


class Files:
    """The files of a trial in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out.csv"

    def match(
        self, registry: str = REGISTRY, forms: str = FORMS, encoding: str = "utf-8"
    ) -> Result:
        """Write both files and run the command."""
        paths = self.folder / "registry.csv", self.folder / "applications.csv"
        for path, text in zip(paths, (registry, forms), strict=True):
            path.write_bytes(text.encode(encoding))
        command = ["match", "--registry", str(paths[0]), "--applications", str(paths[1])]
        return CliRunner().invoke(commands, [*command, "--out", str(self.out), *RANGES])

    def list_ends(self, registry: str = REGISTRY, forms: str = FORMS) -> list[tuple[str, ...]]:
        """Match, and give outcome, person and tier of each application."""
        result = self.match(registry, forms)
        assert result.exit_code == 0, result.output
        return [row[:3] + row[4:5] for row in self.read()[1:]]

    def read(self) -> list[tuple[str, ...]]:
        """Read the outcomes."""
        with self.out.open(encoding="utf-8", newline="") as file:
            return [tuple(row) for row in csv.reader(file, strict=True)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def drop_columns(text: str, *names: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    kept = [at for at, name in enumerate(rows[0]) if name not in names]
    return "".join(",".join(row[at] for at in kept) + "\n" for row in rows)


def make_forms(*rows: str) -> str:
    return "\n".join([HEADER, *rows, ""])


def apply(number: str, received: str, withdrawn: str = "", birth: str = "2008-06-03") -> str:
    address = "西新宿2-8-1" if birth else ""
    return f"{number},{received},logo,架空　花子,,{birth},{address},,,本人,{withdrawn}"


def test_each_application_is_one_row_and_its_reason_is_readable(files: Files) -> None:
    result = files.match()
    assert result.exit_code == 0
    assert result.output == "exclude: 2\nnot_in_cohort: 3\nreview: 2\n"
    assert files.read() == EXPECTED


HALF = str.maketrans("０１２３４５６７８９　", "0123456789 ")
HALF_KANA = {
    "カクウ　ハナコ": "ｶｸｳ ﾊﾅｺ", "カクウ　マツミ": "ｶｸｳ ﾏﾂﾐ", "カクウ　イチロウ": "ｶｸｳ ｲﾁﾛｳ", "ドッキョ　マナブ": "ﾄﾞｯｷｮ ﾏﾅﾌﾞ",
    "トオヤマ　タケコ": "ﾄｵﾔﾏ ﾀｹｺ", "ミホン　ヒカル": "ﾐﾎﾝ ﾋｶﾙ",
}  # fmt: skip


def write_half_kana(text: str) -> str:
    for full, half in HALF_KANA.items():
        text = text.replace(full, half)
    return text


@pytest.mark.parametrize(
    "registry",
    [
        REGISTRY.translate(HALF),
        write_half_kana(REGISTRY),
        REGISTRY.replace("　", ""),
        REGISTRY.replace("二丁目８番１号", "２－８－１").replace("８７番地", "８７"),
        re.sub("([0-9]{4})-([0-9]{2})-([0-9]{2})", r"\1/\2/\3", REGISTRY),
        re.sub("([0-9]{4})-([0-9]{2})-([0-9]{2})", r"\1\2\3", REGISTRY),
        drop_columns(REGISTRY, "name_kana"),
        drop_columns(REGISTRY, "sex", "postal_code"),
    ],
    ids=[
        "half width",
        "half-width kana",
        "no separator",
        "numbers alone",
        "slashes",
        "no hyphens",
        "no kana",
        "no more",
    ],
)
def test_a_registry_in_another_style_ends_every_application_alike(
    files: Files, registry: str
) -> None:
    assert files.list_ends(registry) == ENDS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_an_encoding_changes_nothing(files: Files, encoding: str) -> None:
    assert files.match(encoding=encoding).exit_code == 0
    assert files.read() == EXPECTED


@pytest.mark.parametrize(
    "dropped",
    [["name_kana"], ["name_kana", "relation"], ["channel", "phone", "applicant_name", "relation"]],
)
def test_forms_without_a_reading_or_a_relation_end_alike(files: Files, dropped: list[str]) -> None:
    """The father who names no relation is of another generation than the cohorts."""
    assert files.list_ends(forms=drop_columns(FORMS, *dropped)) == ENDS


@pytest.mark.parametrize(
    ("status", "nationality"),
    [("住民", "日本"), ("住民", ""), ("住民", "JPN"), ("", "JP"), ("現存", "JP"), ("１", "JP")],
)
def test_a_resident_of_an_unknown_code_is_rather_excluded_than_left_outside(
    files: Files, status: str, nationality: str
) -> None:
    line = REGISTRY.splitlines()[1]
    changed = line.replace("JP", nationality).replace("住民", status)
    assert files.list_ends(REGISTRY.replace(line, changed)) == ENDS


def test_the_order_of_rows_and_columns_changes_nothing(files: Files) -> None:
    def turn(text: str) -> str:
        head, *rows = csv.reader(io.StringIO(text))
        return "".join(",".join(reversed(row)) + "\n" for row in [head, *reversed(rows)])

    assert files.match(turn(REGISTRY), turn(FORMS)).exit_code == 0
    head, *rows = files.read()
    assert [head, *reversed(rows)] == EXPECTED


def test_a_withdrawal_is_a_proposal_and_what_it_touches_goes_before_people(files: Files) -> None:
    forms = make_forms(apply("w1", "2026-05-01"), apply("w2", "2026-05-03", "true"))
    assert files.list_ends(forms=forms) == [
        ("w1", "review", "", "A1"), ("w2", "withdrawn", "0000018", "A1"),
    ]  # fmt: skip
    assert files.read()[1][3:] == (
        "0000018", "A1", f"{TOGETHER}{ALONE}取下げがあります。"
    )  # fmt: skip


def test_whoever_applies_again_after_a_withdrawal_is_excluded(files: Files) -> None:
    forms = make_forms(
        apply("w1", "2026-05-01"), apply("w2", "2026-05-03", "true"), apply("w3", "2026-05-05")
    )
    assert files.list_ends(forms=forms) == [
        ("w1", "review", "", "A1"), ("w2", "withdrawn", "0000018", "A1"),
        ("w3", "exclude", "0000018", "A1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("applied", "withdrawn", "outcome"),
    [
        ("2026/5/3", "2026/05/10", "review"),
        ("2026/05/10", "2026/5/3", "exclude"),
        ("2026-05-03T10:00", "2026-05-03 11:00", "review"),
        ("2026-05-03T11:00", "2026-05-03 10:00", "exclude"),
        ("2026-05-03 9:30", "2026-05-03 10:00", "review"),
        ("2026-05-03", "2026-05-03 10:00", "review"),
        ("2026-05-03 10:00", "2026-05-03", "review"),
    ],
)
def test_the_order_of_time_is_that_of_days_and_times_however_written(
    files: Files, applied: str, withdrawn: str, outcome: str
) -> None:
    """Where only the day is known, nobody knows which came first, and people are asked."""
    forms = make_forms(apply("w1", applied), apply("w2", withdrawn, "true"))
    assert [end[1] for end in files.list_ends(forms=forms)] == [outcome, "withdrawn"]


def test_a_withdrawal_that_may_be_of_several_sends_their_applications_before_people(
    files: Files,
) -> None:
    forms = make_forms(apply("w1", "2026-05-01"), apply("w2", "2026-05-03", "true", birth=""))
    assert files.list_ends(forms=forms) == [("w1", "review", "", "A1"), ("w2", "review", "", "C")]
    assert [row[3] for row in files.read()[1:]] == ["0000018", "0000018|0000022"]


@pytest.mark.parametrize("word", ["true", "1", "はい", "取下げ", "TRUE"])
def test_each_word_for_a_withdrawal_is_one(files: Files, word: str) -> None:
    ends = files.list_ends(forms=make_forms(apply("w1", "2026-05-01", word)))
    assert ends == [("w1", "withdrawn", "0000018", "A1")]


@pytest.mark.parametrize("word", ["", "false", "0", "いいえ", "False"])
def test_no_other_word_frees_anybody(files: Files, word: str) -> None:
    ends = files.list_ends(forms=make_forms(apply("w1", "2026-05-01", word)))
    assert ends == [("w1", "exclude", "0000018", "A1")]


@pytest.mark.parametrize(
    ("registry", "forms", "words"),
    [
        (REGISTRY, FORMS + apply("a1", "2026-05-03") + "\n", "application_id.*2、9 行目"),
        (REGISTRY, FORMS + apply("", "2026-05-03") + "\n", "application_id.*9 行目"),
        (REGISTRY + REGISTRY.splitlines()[1] + "\n", FORMS, "person_id.*2、8 行目"),
        (REGISTRY, drop_columns(FORMS, "birth_date"), "birth_date"),
        (drop_columns(REGISTRY, "status"), FORMS, "status"),
    ],
    ids=["two applications", "no number", "two people", "no birth date", "no status"],
)
def test_what_no_row_can_be_told_apart_by_is_refused_and_nothing_is_written(
    files: Files, registry: str, forms: str, words: str
) -> None:
    result = files.match(registry, forms)
    assert isinstance(result.exception, FormError) and not files.out.exists()
    assert re.search(words, str(result.exception))
    assert "架空" not in str(result.exception)


def test_unknown_columns_are_ignored(files: Files) -> None:
    def widen(text: str) -> str:
        head, *rows = text.splitlines()
        return "\n".join([f"memo,{head}", *(f"架空の覚え,{row}" for row in rows), ""])

    assert files.list_ends(widen(REGISTRY), widen(FORMS)) == ENDS


def test_rows_that_cannot_be_read_are_listed_and_the_others_end(files: Files) -> None:
    registry = REGISTRY + "0000060,H9,架空　誤,,2008-13-45,女,JP,,東京都新宿区内藤町１番地,,住民\n"
    result = files.match(registry, FORMS + "a9,bad\n")
    assert result.exit_code == 0
    assert all(line.startswith("読めない行: ") for line in result.stderr.splitlines())
    assert "registry.csv" in result.stderr and "8 行目" in result.stderr
    assert "applications.csv" in result.stderr and "9 行目" in result.stderr
    assert "架空" not in result.output
    unread = ("", "review", "", "", "", "9行目が読めません: 列数が見出しと違います。")
    assert files.read() == [*EXPECTED, unread]


def test_a_file_of_no_applications_gives_a_header_only(files: Files) -> None:
    assert files.list_ends(forms=make_forms()) == []
    assert files.read() == EXPECTED[:1]


@pytest.mark.parametrize(
    ("out", "ranges"),
    [
        ("registry.csv", RANGES),
        ("applications.csv", RANGES),
        ("none/out.csv", RANGES),
        ("out.csv", ["--birth-range", "18:2009-04-01:2008-04-02"]),
        ("out.csv", ["--birth-range", "18:2008-04-02"]),
    ],
)
def test_what_would_lose_a_file_or_the_cohort_is_refused(
    files: Files, out: str, ranges: list[str]
) -> None:
    assert files.match().exit_code == 0
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    command = ["match", "--registry", str(files.folder / "registry.csv"), "--applications"]
    command += [str(files.folder / "applications.csv"), "--out", str(files.folder / out), *ranges]
    assert isinstance(CliRunner().invoke(commands, command).exception, ParameterError)
    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == before
