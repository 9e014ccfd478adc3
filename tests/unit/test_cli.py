"""The commands: Japanese help, one line and an exit code for every stop, never a traceback."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest
import yaml

from recruitlib import cli
from recruitlib.base.audit import append_entry, group_digest, read_entries
from recruitlib.base.decisions import confirm_case, decide_case, read_decisions, write_decisions
from recruitlib.base.errors import (
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    OutputError,
    ParameterError,
    UnforeseenError,
)
from recruitlib.base.guards import list_due
from recruitlib.base.officers import DEMONSTRATION_OFFICERS, OFFICER_PASSPHRASE_VARIABLE
from recruitlib.base.run_lock import RUN_LOCK_NAME
from recruitlib.base.vault import KEY_VARIABLE, pack_key, unlock_key
from recruitlib.cli import runs
from recruitlib.pipeline import run_pipeline
from recruitlib.review.approval import read_approval, read_checklist
from tests.conftest import PARAMETERS, ROOT, WARD, change_parameters
from tests.officers import OFFICERS, SECOND, STAFF, THIRD, begin_decisions, sign_as

JAPANESE = re.compile("[ぁ-んァ-ン一-龯]")
DIGEST = "0123 4567 89ab cdef"
TICKS = [["counts", "件数を確かめた"], ["cases", "事例を読んだ"]]
CODES = [code for code, _ in TICKS]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command as the terminal does, and give exit code, output and error output."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["recruitlib", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return code, shown.out, shown.err

    return run


@pytest.mark.parametrize("name", sorted(cli.commands.commands))
def test_every_command_and_option_is_explained_in_japanese(name: str, call: Call) -> None:
    command = cli.commands.commands[name]
    assert JAPANESE.search(command.help or "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert JAPANESE.search(parameter.help or ""), parameter.name
    code, out, _ = call(name, "--help")
    assert code == 0
    assert (command.help or "")[:10] in out


def test_the_commands_are_those_of_the_manual(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0
    assert set(cli.commands.commands) == {
        "demo", "run", "synth", "seal", "verify", "cases", "decide", "confirm", "approve",
        "register", "inspect", "match", "towns", "why", "decide-listed", "sheet", "fonts", "officer",
        "review", "cases-workbook", "decide-workbook", "sign", "duty", "correction", "lookup",
        "show", "access-review", "delta", "reprint", "spoil", "late-optouts", "discard-request",
        "new-year", "runs", "fleet",
    }  # fmt: skip
    assert all(name in out for name in cli.commands.commands)


def let_fail(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Add a command that does the action."""
    monkeypatch.setitem(cli.commands.commands, "act", click.Command("act", callback=action))


def raise_error(error: BaseException) -> Callable[[], object]:
    def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code"),
    [(ParameterError, 10), (FormError, 11), (GuardError, 12), (AwaitingPerson, 13),
     (OutputError, 14), (IntegrityError, 15), (UnforeseenError, 1)],
)  # fmt: skip
def test_a_stop_is_one_line_with_its_class_and_the_exit_code(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: type[Exception], code: int
) -> None:
    let_fail(monkeypatch, raise_error(error("ここで止まりました。")))
    assert call("act") == (code, "", f"{error.__name__}: ここで止まりました。\n")


@pytest.mark.parametrize(
    "error",
    [KeyError("架空　太郎"), ValueError("架空　太郎"), RecursionError("架空　太郎"), OSError(2, "架空　太郎"),
     UnicodeEncodeError("cp932", "架空　太郎", 0, 1, "x"), AssertionError("架空　太郎"),
     MemoryError("架空　太郎")],
)  # fmt: skip
def test_what_nobody_foresaw_shows_its_type_and_place_and_no_value(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    let_fail(monkeypatch, raise_error(error))
    code, out, err = call("act")
    assert (code, out) == (1, "")
    assert type(error).__name__ in err
    assert "test_cli.py" in err
    assert "架空" not in err
    assert len(err.splitlines()) == 1


def test_an_interruption_says_that_one_can_go_on(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_fail(monkeypatch, raise_error(KeyboardInterrupt()))
    code, _, err = call("act")
    assert code == 130
    assert "続きのコマンドは、recruitlib runs で分かります" in err


@pytest.mark.parametrize(
    "words",
    [["runn"], ["run"], ["run", "--through", "07", "x.yaml"], ["synth", "x", "--residents", "499", "--seed", "1"],
     ["verify", "does/not/exist"], ["decide", "x.yaml", "--case", "one"]],
)  # fmt: skip
def test_a_mistyped_command_ends_with_2(call: Call, words: list[str]) -> None:
    code, _, err = call(*words)
    assert code == 2
    assert err


def test_the_version_can_be_asked_for(call: Call) -> None:
    code, out, _ = call("--version")
    assert code == 0
    assert re.search(r"\d+\.\d+\.\d+", out)


@pytest.mark.parametrize("goes_wrong", [False, True])
def test_a_sign_that_a_windows_terminal_cannot_write_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch, goes_wrong: bool
) -> None:
    text = "𠮷野 辻\U000e0100 \ufa11 – ✓ 髙橋"
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="cp932") for _ in range(2)]
    with pytest.raises(UnicodeEncodeError):
        text.encode("cp932")
    let_fail(monkeypatch, raise_error(GuardError(text)) if goes_wrong else lambda: click.echo(text))
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    monkeypatch.setattr(sys, "argv", ["recruitlib", "act"])
    if goes_wrong:
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 12
    else:
        cli.main()
    stream = streams[goes_wrong]
    stream.flush()
    written = stream.buffer.getvalue().decode("cp932")
    assert "?野" in written
    assert "髙橋" in written


def test_a_whole_process_with_a_cp932_terminal_ends_with_its_code(tmp_path: Path) -> None:
    append_entry(tmp_path, "01", "begun", files={})
    (tmp_path / "𠮷.txt").write_text("x", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "recruitlib", "verify", str(tmp_path)], cwd=ROOT, capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp932"}, check=False,
    )  # fmt: skip
    assert done.returncode == 15
    assert "?.txt: 記録にないファイルです。" in done.stdout.decode("cp932")
    assert done.stderr.decode("cp932").startswith("IntegrityError: ")
    assert b"Traceback" not in done.stderr


# An earlier demonstration.
def make_run(folder: Path, kind: str) -> Path:
    folder.mkdir(parents=True)
    sections = {"01": {"run_id": "demo", "run_kind": kind}}
    (folder / "run.yaml").write_text(yaml.safe_dump(sections), encoding="utf-8")
    (folder / "counts.csv").write_text("x", encoding="utf-8")
    return folder


def test_an_earlier_demonstration_is_removed(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "demo", "demonstration")
    (folder / RUN_LOCK_NAME).touch()  # the caller holds it
    runs.remove_demonstration(folder)
    assert [path.name for path in folder.iterdir()] == [RUN_LOCK_NAME]
    runs.remove_demonstration(folder)


def test_a_demonstration_that_never_began_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "private").mkdir(parents=True)
    (folder / "private/run.key.age").write_bytes(b"x")
    (folder / "notebooks").mkdir()
    runs.remove_demonstration(folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("kind", ["production", "", "Demonstration"])
def test_a_real_run_of_the_same_name_is_not_removed(tmp_path: Path, kind: str) -> None:
    folder = make_run(tmp_path / "demo", kind)
    with pytest.raises(ParameterError, match="消しません"):
        runs.remove_demonstration(folder)
    assert (folder / "counts.csv").exists()


@pytest.mark.parametrize("content", ["", "02: {}\n", "'01': {}\n", "a: [\n"])
def test_a_folder_that_cannot_be_known_for_a_demonstration_is_not_removed(
    tmp_path: Path, content: str
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "run.yaml").write_text(content, encoding="utf-8")
    (folder / "register.xlsx").write_bytes(b"x")
    with pytest.raises(ParameterError):
        runs.remove_demonstration(folder)
    (folder / "run.yaml").unlink()
    with pytest.raises(ParameterError):
        runs.remove_demonstration(folder)
    assert (folder / "register.xlsx").exists()


# The record.
def test_verify_tells_what_the_record_is_worth(tmp_path: Path, call: Call) -> None:
    own = {"run_id": "r8", "runs_folder": "runs"}
    append_entry(tmp_path, "01", "begun", files={}, run_kind="demonstration", parameters=own)
    for guard in list_due("01"):
        append_entry(tmp_path, "01", "guard", guard=guard, answer="yes", note="", problems=[])
    append_entry(tmp_path, "01", "completed", files={}, counts=[])
    append_entry(tmp_path, "02", "begun", files={})
    head = group_digest(read_entries(tmp_path)[-2]["hash"])
    code, out, _ = call("verify", str(tmp_path))
    assert code == 0
    assert "完了した段階: 01 取込\n" in out
    assert "内部整合" in out
    code, out, _ = call("verify", str(tmp_path), "--head", head)
    assert code == 0
    assert "完全" in out
    for slip in ("", "12ab 34cd 56ef", "１２ａｂ ３４ｃｄ ５６ｅｆ ７８ｇｈ"):
        code, _, err = call("verify", str(tmp_path), "--head", slip)
        assert (code, "紙のとおりに打って" in err) == ((10, True) if slip else (0, False))
    wide = head.translate({code: code + 0xFEE0 for code in range(0x30, 0x7B)})
    assert call("verify", str(tmp_path), "--head", wide)[0] == 0
    code, out, err = call("verify", str(tmp_path), "--head", DIGEST)
    assert code == 15
    assert "× 紙の先頭値" in out
    assert "完全" not in out
    assert err.startswith("IntegrityError: ")


def test_verify_finds_a_changed_line_and_an_empty_folder(tmp_path: Path, call: Call) -> None:
    assert call("verify", str(tmp_path))[0] == 15
    append_entry(tmp_path, "01", "begun", files={})
    text = (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
    (tmp_path / "audit.jsonl").write_text(text.replace("begun", "began"), encoding="utf-8")
    code, out, _ = call("verify", str(tmp_path))
    assert code == 15
    assert "1行目" in out


@pytest.mark.parametrize("command", ["seal", "cases"])
def test_a_folder_that_is_no_run_is_named(tmp_path: Path, call: Call, command: str) -> None:
    code, _, err = call(command, str(tmp_path))
    assert code == 10
    assert "run.yaml" in err


def test_a_parameter_file_that_is_not_there_is_named(tmp_path: Path, call: Call) -> None:
    code, _, err = call("run", str(tmp_path / "none.yaml"))
    assert code == 10
    assert "none.yaml" in err


# The people.
@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Give a project whose run has begun, without a key; nothing here opens a private file."""
    (tmp_path / "params").mkdir()
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / PARAMETERS, tmp_path / PARAMETERS)
    run = make_run(tmp_path / "runs/test_ward", "demonstration")
    sections = {"01": {"run_id": "test_ward", "run_kind": "demonstration"}}
    (run / "run.yaml").write_text(yaml.safe_dump(sections), encoding="utf-8")
    shutil.copy(ROOT / DEMONSTRATION_OFFICERS, tmp_path / DEMONSTRATION_OFFICERS)
    ask_approval(run)
    return tmp_path


def ask_approval(run: Path) -> None:
    """Note what is to be approved, as 03 does."""
    append_entry(
        run, "03", "approval_asked",
        digest=DIGEST.replace(" ", "") * 4, parts={"counts": "ab"}, ticks=TICKS,
    )  # fmt: skip


def approve(
    call: Call, project: Path, digest: str, by: str, codes: Sequence[str] = CODES
) -> tuple[int, str, str]:
    ticked = [word for code in codes for word in ("--tick", code)]
    return call("approve", str(project / PARAMETERS), "--digest", digest, "--by", by, *ticked)


def test_a_second_person_approves_and_the_file_is_one_that_03_reads(
    small: Path, call: Call
) -> None:
    code, out, _ = approve(call, small, DIGEST.replace(" ", "").upper(), SECOND)
    assert code == 0
    assert "approval.yaml" in out
    approval = read_approval(small / "params/test_ward/approval.yaml", "test_ward", True)
    assert approval is not None
    assert approval.digest == DIGEST.replace(" ", "") * 4
    assert (approval.approved_by, approval.approved_on) == (SECOND, "2026-05-19")
    assert approval.ticked == dict(TICKS)


def test_the_operator_cannot_approve(small: Path, call: Call) -> None:
    # A65: one officer was both.
    code, _, err = approve(call, small, DIGEST, STAFF)
    assert code == 13
    assert "別の人の承認が要ります" in err and "職員番号が同じです" in err
    assert not (small / "params/test_ward").exists()


def test_the_one_who_decided_cannot_approve_and_who_confirmed_can(small: Path, call: Call) -> None:
    path = small / "params/test_ward/decisions.yaml"
    case = {"case": 1, "kind": "undecided", "choices": 1, "digest": "0" * 16}
    choice = {"decision": "outside", "reason": "no_such_person"}
    decided = decide_case(begin_decisions(), case, choice, sign_as(THIRD))
    write_decisions(path, confirm_case(decided, case, sign_as(SECOND)))
    code, _, err = approve(call, small, DIGEST, THIRD)
    assert code == 13 and "作業または決定をした人と同じです" in err
    assert not path.with_name("approval.yaml").exists()
    assert approve(call, small, DIGEST, SECOND)[0] == 0


@pytest.mark.parametrize("ticked", [[], CODES[:1], ["nothing"], [*CODES, "nothing"]], ids=str)
def test_every_line_is_ticked_and_no_other(small: Path, call: Call, ticked: list[str]) -> None:
    words = [word for code in ticked for word in ("--tick", code)]
    parameters = str(small / PARAMETERS)
    code, _, err = call("approve", parameters, "--digest", DIGEST, "--by", SECOND, *words)
    assert code in (10, 13) and TICKS[1][1] in err
    assert not (small / "params/test_ward").exists()


@pytest.mark.parametrize("by", ["", " 　", "見本Z", "見本a", "担当者A（見本）"])
def test_who_is_no_listed_officer_signs_nothing(small: Path, call: Call, by: str) -> None:
    code, _, err = approve(call, small, DIGEST, by)
    assert code == 10 and "職員の一覧にありません" in err
    assert not (small / "params/test_ward").exists()


def test_a_wrong_passphrase_signs_nothing(
    small: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OFFICER_PASSPHRASE_VARIABLE, "not the one")
    code, _, err = approve(call, small, DIGEST, SECOND)
    assert code == 10 and "職員の合言葉が違います" in err and "not the one" not in err
    assert not (small / "params/test_ward").exists()


def test_before_03_has_shown_a_value_nothing_is_approved_and_the_reason_is_told(
    small: Path, call: Call
) -> None:
    run = small / "runs/test_ward"
    # The value above was of an attempt before this one.
    append_entry(run, "03", "begun", files={})
    code, _, err = approve(call, small, DIGEST, SECOND)
    assert code == 13 and "表示するところまで進んでいません" in err
    append_entry(
        run, "03", "guard", guard="optouts.all_decided", answer="no", note="", problems=["まだ"]
    )
    code, _, err = approve(call, small, DIGEST, SECOND)
    assert code == 13 and "決まっていない（または確かめていない）事例がありました" in err
    assert not (small / "params/test_ward").exists()
    ask_approval(run)
    assert approve(call, small, DIGEST, SECOND)[0] == 0


@pytest.mark.parametrize("command", ["decide", "decide-listed", "confirm", "approve", "run"])
def test_a_run_folder_in_the_place_of_the_parameters_is_told(
    small: Path, call: Call, command: str
) -> None:
    words = {
        "decide": ["--case", "1", "--decision", "outside", "--reason", "no_such_person"],
        "approve": ["--digest", DIGEST, "--tick", "counts"],
    }.get(command, [])
    words += [] if command == "run" else ["--by", SECOND]
    code, _, err = call(command, str(small / "runs/test_ward"), *words)
    assert code == 10
    assert "test_ward: フォルダです。" in err and "params/r8_1.yaml" in err


@pytest.mark.parametrize("digest", ["", "0123", "0123 4567 89ab cde", "0123 4567 89ab cdeg"])
def test_a_short_or_mistyped_digest_is_refused(small: Path, call: Call, digest: str) -> None:
    code, _, err = approve(call, small, digest, SECOND)
    assert code == 10
    assert "03 に表示された値と違います" in err
    assert not (small / "params/test_ward").exists()


def test_a_digest_that_03_did_not_show_is_refused_at_once(small: Path, call: Call) -> None:
    code, _, err = approve(call, small, "aaaa bbbb cccc dddd", SECOND)
    assert code == 10
    assert "03 に表示された値と違います" in err
    assert not (small / "params/test_ward").exists()


def test_nobody_confirms_what_nobody_decided(small: Path, call: Call) -> None:
    for stage in ("01", "02", "03"):
        words = ["confirm", str(small / PARAMETERS), "--stage", stage, "--by", SECOND]
        code, _, err = call(*words)
        assert code == 13
        assert f"{stage} の事例は、まだ一つも決まっていません" in err and "recruitlib decide" in err
    assert not (small / "params/test_ward").exists()


def test_decide_confirm_and_approve_write_what_03_accepts(
    project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go the whole way of two officers at the terminal, with their mistakes."""
    people = project / "params/test_ward"
    shipped = read_decisions(people / "decisions.yaml", "test_ward", True, OFFICERS)
    for name in ("decisions", "approval"):
        (people / f"{name}.yaml").unlink()
    parameters = str(project / PARAMETERS)

    def run_03(first: str = "03") -> None:
        run_pipeline(project / PARAMETERS, first, "03", say=lambda line: None)

    with pytest.raises(AwaitingPerson):
        run_03("01")
    code, out, _ = call("cases", str(project / "runs/test_ward"))
    assert code == 0
    assert "決定: 5件のうち0件、確認: 0件。残りは事例 1・2・3・4・5 です。" in out
    # Opened once for all that follows: a passphrase is slow on purpose.
    monkeypatch.setenv(KEY_VARIABLE, pack_key(unlock_key(project / "runs/test_ward", "demo")))
    for stage in ("01", "02"):
        answer = call("cases", str(project / "runs/test_ward"), "--stage", stage)
        assert answer == (0, f"{stage} の事例はありません。\n", "")
    assert len(re.findall(r"(?m)^事例 \d", out)) == len(shipped.cases) == 5
    # The first is listed: it is decided with all of its kind in one act.
    code, out, _ = call("decide-listed", parameters, "--by", STAFF)
    assert (code, "1件の決定" in out) == (0, True)
    assert "0件の決定" in call("decide-listed", parameters, "--by", STAFF)[1]
    for number, decision in shipped.cases.items():
        if decision["reason"] == "list_checked":
            continue
        words = [parameters, "--case", str(number), "--reason", decision["reason"]]
        words += ["--by", STAFF, "--decision", decision["decision"]]
        if "candidate" in decision:
            code, _, err = call("decide", *words, "--candidate", "99")
            assert (code, "候補の番号" in err) == (10, True)
            words += ["--candidate", str(decision["candidate"])]
            # A parent signed with the own name and birth date.
            code, _, err = call("decide", *words)
            assert (code, "氏名も生年月日も一致しない人" in err) == (10, True)
            words += ["--compared"]
        assert call("decide", *words)[0] == 0
    code, _, err = call("decide", parameters, "--case", "6", "--decision", "matched", "--reason",
                        "typing_error", "--by", STAFF)  # fmt: skip
    assert code == 10 and "03 に事例6はありません（5件あります）" in err
    assert call("decide", parameters, "--case", "1", "--decision", "supplied", "--reason", "typing_error",
                "--by", STAFF)[0] == 10  # fmt: skip
    out = call("cases", str(project / "runs/test_ward"))[1]
    assert out.count("決めた人: 見本A（担当者A（見本））、確認: まだ") == 5
    assert "決定: 5件のうち5件、確認: 0件。" in out.splitlines()[-1]
    code, _, err = call("confirm", parameters, "--by", STAFF, "--compared")
    assert (code, "職員番号が同じです" in err) == (13, True)
    code, _, err = call("confirm", parameters, "--by", SECOND)
    assert (code, "事例 2 は、氏名も生年月日も一致しない人" in err) == (10, True)
    code, out, _ = call("confirm", parameters, "--by", SECOND, "--compared")
    assert (
        code == 0 and "事例2: 除外する（この候補が本人）、理由: 保護者の名義で申出、候補 1\n" in out
    )
    written = read_decisions(people / "decisions.yaml", "test_ward", True, OFFICERS)
    assert written == shipped
    out = call("cases", str(project / "runs/test_ward"))[1]
    assert out.count("、確認した人: 見本B（") == 5
    assert out.splitlines()[-1].endswith("03 をもう一度実行してください。")
    with pytest.raises(AwaitingPerson, match="承認がまだありません") as stop:
        run_03()
    digest = re.search(r"([0-9a-f]{4} ){3}[0-9a-f]{4}", str(stop.value))
    assert digest is not None
    codes = [tick.code for tick in read_checklist(project / "params/checklists/review.yaml")]
    assert approve(call, project, digest[0], STAFF, codes)[0] == 13
    assert approve(call, project, digest[0], SECOND, codes)[0] == 0
    run_03()
    code, out, _ = call("why", str(project / "runs/test_ward"))
    assert code == 0
    matches = out.count("申出 form:") + out.count("申出 counter:")
    assert matches == out.count("（根拠 ") > 5
    listed = re.search(r"申出 (\S+): 先に除外し、担当者が確かめる（根拠 B3）", out)
    assert listed is not None
    told = call("why", str(project / "runs/test_ward"), "--application", listed[1])[1]
    assert "二人の決定: 除外する" in told
    assert "一覧で確かめた" in told
    assert call("why", str(project / "runs/test_ward"), "--application", "form:0")[0] == 10
    assert call("why", str(project / "runs/test_ward"), "--resident", "0")[0] == 10
    events = [entry["event"] for entry in read_entries(project / "runs/test_ward")]
    assert {"cases_shown", "why_shown"} <= set(events)
    assert "approved" in events


def test_the_outline_of_a_sheet_is_written_with_what_the_printer_needs(
    call: Call, project: Path
) -> None:
    code, out, _ = call("sheet", "a4_12_86x42", "--out", "plain.pdf")
    assert (code, out) == (
        0, "plain.pdf: A4 12面 86.4×42.3 mm（label_sheet: a4_12_86x42）。実際のサイズ（100%）で印刷してください。\n"
    )  # fmt: skip
    assert (project / "plain.pdf").read_bytes().startswith(b"%PDF-")
    change_parameters(project, label_offset_x_mm=1.5)
    code, _, _ = call("sheet", "a4_12_86x42", "--out", "moved.pdf", "--params", PARAMETERS)
    assert code == 0
    assert (project / "moved.pdf").read_bytes() != (project / "plain.pdf").read_bytes()
    code, _, err = call("sheet", "a4_99", "--out", "none.pdf")
    assert code == ParameterError.exit_code
    assert "a4_24_66x34（A-one 28369、" in err and not (project / "none.pdf").exists()


def test_the_outline_of_a_sheet_is_found_by_the_number_on_its_package(
    call: Call, project: Path
) -> None:
    call("sheet", "a4_12_86x42", "--out", "name.pdf")
    for place, text in enumerate(("28382", "A-one 28382", "kokuyo kpc-e1121-20n", "elm008")):
        code, out, _ = call("sheet", text, "--out", f"{place}.pdf")
        assert code == 0 and "label_sheet: a4_12_86x42" in out
        assert (project / f"{place}.pdf").read_bytes() == (project / "name.pdf").read_bytes()
    code, _, err = call("sheet", "72312", "--out", "none.pdf")
    assert code == ParameterError.exit_code and "72312 はありません" in err


def test_the_outline_of_a_sheet_replaces_no_file_and_is_named_as_what_it_is(
    call: Call, project: Path
) -> None:
    (project / "there.pdf").write_bytes(b"the office's own")
    for name, words in (
        ("there.pdf", "上書きはしません"), ("outline", ".pdf で終えて"), ("no/outline.pdf", "フォルダ"),
    ):  # fmt: skip
        code, out, err = call("sheet", "a4_12_86x42", "--out", name)
        assert (code, out) == (ParameterError.exit_code, "") and words in err
    assert (project / "there.pdf").read_bytes() == b"the office's own"
    assert not (project / "outline").exists()


def test_why_says_how_somebody_outside_the_cohort_ended_and_how_numbers_are_written(
    reviewed: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = reviewed / "runs/test_ward"
    monkeypatch.setenv(KEY_VARIABLE, pack_key(unlock_key(folder, "demo")))
    with (reviewed / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["最新フラグ"] == "1"]
    plain = {
        "住民種別": "1",
        "住民状態": "1",
        "除票フラグ": "0",
        "削除フラグ": "0",
        "転出予定年月日": "",
    }
    for changes, end in (
        ({"住民状態": "2", "除票フラグ": "1"}, "転出"), ({"住民状態": "3", "除票フラグ": "1"}, "死亡"),
        ({"住民種別": "2"}, "外国籍"), ({}, "生年月日が範囲外"),
    ):  # fmt: skip
        wanted = plain | changes
        person = next(
            row for row in rows
            if row["生年月日"] > "2010" * (end == "生年月日が範囲外")
            and all(row[name] == value for name, value in wanted.items())
        )["宛名番号"]  # fmt: skip
        code, out, err = call("why", str(folder), "--resident", person)
        assert (code, err) == (0, "")
        assert out.startswith("募集対象者（除外前）ではないため、印刷されません。")
        assert out.endswith(f" 行目: {end}。\n") and person not in out
        code, out, err = call("why", str(folder), "--resident", person.lstrip("0"))
        assert (code, out) == (ParameterError.exit_code, "")
        assert "先頭の 0" in err and "0000012345" in err and person.lstrip("0") not in err
    code, _, err = call("why", str(folder), "--application", "R8-0003")
    assert code == ParameterError.exit_code
    assert "form: か counter:" in err and "form:R8-0012" in err and "先頭の 0" in err


def test_why_does_not_explain_by_another_extract_than_the_one_that_was_loaded(
    reviewed: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = reviewed / "runs/test_ward"
    monkeypatch.setenv(KEY_VARIABLE, pack_key(unlock_key(folder, "demo")))
    path = reviewed / WARD / "registry.csv"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    code, out, err = call("why", str(folder), "--resident", "1")
    assert (code, out) == (IntegrityError.exit_code, "") and "01 からやり直して" in err
    path.unlink()
    code, _, err = call("why", str(folder), "--resident", "1")
    assert code == FormError.exit_code and "registry.csv" in err


def test_duties_are_opened_listed_settled_and_written_as_a_paper(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks").mkdir()
    officers = tmp_path / DEMONSTRATION_OFFICERS
    officers.parent.mkdir()
    shutil.copy(ROOT / DEMONSTRATION_OFFICERS, officers)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(OFFICER_PASSPHRASE_VARIABLE, "demo")
    assert call("duty", "list", "--demonstration") == (0, "まだ何もありません。\n", "")
    assert "本番の簿冊・控えです。見本は --demonstration" in call("duty", "list")[1]
    for words in (["duty", "settle", "1", "--result", "済"], ["lookup", "--purpose", "監査"]):
        code, _, err = call(*words, "--by", STAFF)
        assert (code, "職員の一覧に" in err, "見本は --demonstration" in err) == (10, True, True)
    about, due = "シール1枚の所在", "2020-01-31"  # past on every day on which this is run
    words = ["--kind", "incident", "--about", about, "--due", due, "--by", STAFF]
    code, out, _ = call("duty", "add", *words, "--demonstration")
    assert (code, "番号 1 を書きました" in out) == (0, True)
    out = call("duty", "list", "--demonstration", "--out", "register.pdf")[1]
    assert out.startswith("1  期限を過ぎています  期限 2020-01-31  事故")
    assert (tmp_path / "register.pdf").read_bytes().startswith(b"%PDF")
    code, _, err = call("duty", "list", "--demonstration", "--out", "register.pdf")
    assert (code, "上書きはしません" in err) == (10, True)
    settled = ["duty", "settle", "1", "--result", "見つかった", "--by", SECOND, "--demonstration"]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\ny\n"))
    code, out, err = call(*settled)
    assert (code, "何も書いていません" in err) == (10, True)
    assert f"番号 1  期限 2020-01-31  事故    {about}" in out
    assert call("duty", "list", "--demonstration")[1].startswith("1  期限を過ぎています")
    assert call(*settled)[0] == 0
    code, _, err = call(*settled)
    assert (code, "もう済んでいます" in err) == (10, True)
    assert "1  済（" in call("duty", "list", "--demonstration")[1]


@pytest.mark.parametrize("serials", ["", "p.3", "twelve", "-3", "40-12", "1,040"])
def test_serials_of_a_correction_are_read_like_those_of_every_command(
    project: Path, call: Call, serials: str
) -> None:
    folder = project / "runs/test_ward"
    folder.mkdir(parents=True)
    content = {"01": {"run_id": "test_ward", "run_kind": "demonstration"}}
    (folder / "run.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    words = [f"--serials={serials}", "--due", "2026-06-15", "--by", STAFF]
    code, _, err = call("correction", str(project / PARAMETERS), *words)
    assert (code, "通番" in err) == (10, True)
