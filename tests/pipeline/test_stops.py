"""Bad input, end to end: the exit code, the guard, what the message says, and that nothing is left."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from recruitlib.base.errors import (
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    ParameterError,
    RecruitError,
)
from recruitlib.base.officers import add_officer
from recruitlib.base.record import STATUS_NAME
from recruitlib.base.status import read_status
from recruitlib.base.verification import verify_record
from tests.conftest import PARAMETERS, WARD, change_parameters, settle
from tests.officers import SECOND, STAFF, sign_content_as

Run = Callable[..., Path]


@pytest.fixture
def matched(
    checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give a test a project of its own with the small ward, run through 02."""
    return settle(checkpoint("matched"), tmp_path, monkeypatch)


@pytest.fixture
def handed(handed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a project of its own with the small ward, run through 05."""
    return settle(handed_project, tmp_path, monkeypatch)


def list_values(project: Path) -> set[str]:
    """List every name, id and birth date of the ward, to search messages for."""
    with (project / WARD / "handover_day/registry.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values = {row[name] for row in rows for name in ("氏名", "宛名番号", "生年月日")}
    return {value for value in values if len(value) > 3}


def expect_stop(
    project: Path, run: Run, error: type[RecruitError], guard: str = "", **stages: str
) -> str:
    """Run and require the stop: class, guard, no value in the message, nothing finished-looking."""
    values = list_values(project)
    with pytest.raises(error) as stop:
        run(project, **stages)
    message = str(stop.value)
    assert type(stop.value) is error
    assert guard in message
    assert not [value for value in values if value in message]
    folder = project / "runs/test_ward"
    assert not list(folder.rglob("labels_*.pdf"))
    assert not list(folder.rglob(".*.partial"))
    return message


def rewrite_registry(project: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change the lines of the registry file."""
    path = project / WARD / "registry.csv"
    lines = path.read_bytes().decode("utf-8").split("\r\n")
    path.write_bytes("\r\n".join(change(lines)).encode("utf-8"))


def test_a_missing_file_stops_with_11_and_is_named(project: Path, run_quietly: Run) -> None:
    (project / WARD / "registry.csv").unlink()
    assert "registry.csv" in expect_stop(project, run_quietly, FormError)


def test_an_unknown_parameter_stops_with_10_before_any_kernel_starts(
    project: Path, run_quietly: Run
) -> None:
    change_parameters(project, registry_fiel="x")
    message = expect_stop(project, run_quietly, ParameterError)
    assert "registry_fiel" in message
    assert "行目" in message
    assert not (project / "runs/test_ward").exists()


def test_an_unknown_header_stops_with_11_and_is_named(project: Path, run_quietly: Run) -> None:
    rewrite_registry(project, lambda lines: [lines[0].replace("住民状態", "状態区分"), *lines[1:]])
    message = expect_stop(project, run_quietly, FormError)
    assert "M列" in message or "14列目" in message
    assert "状態区分" not in message


def test_an_undecided_application_waits_with_13_after_the_view_and_goes_on_when_decided(
    matched: Path, run_quietly: Run
) -> None:
    path = matched / "params/test_ward/decisions.yaml"
    whole = path.read_text(encoding="utf-8")
    content = yaml.safe_load(whole)
    content["cases"] = content["cases"][1:]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    expect_stop(matched, run_quietly, AwaitingPerson, "optouts.all_decided", first="03")
    folder = matched / "runs/test_ward"
    view = json.loads((folder / "notebooks/03_review_counts.ipynb").read_text(encoding="utf-8"))
    assert "承認の値" in json.dumps(view, ensure_ascii=False)
    assert (folder / "private/proposal.age").exists()
    path.write_text(whole, encoding="utf-8")
    run_quietly(matched, first="03", last="04")
    assert list(folder.rglob("labels_*.pdf"))
    assert (folder / "notebooks/03_review_counts_attempt1.ipynb").exists()
    assert verify_record(folder) == []


def test_a_missing_approval_waits_with_13_and_goes_on_when_it_is_there(
    matched: Path, run_quietly: Run
) -> None:
    path = matched / "params/test_ward/approval.yaml"
    kept = path.read_text(encoding="utf-8")
    path.unlink()
    expect_stop(matched, run_quietly, AwaitingPerson, "review.approved", first="03")
    assert verify_record(matched / "runs/test_ward") == []
    path.write_text(kept, encoding="utf-8")
    run_quietly(matched, first="03", last="03")
    assert verify_record(matched / "runs/test_ward") == []


def test_the_command_ends_with_the_exit_code_and_one_line(matched: Path) -> None:
    (matched / "params/test_ward/approval.yaml").unlink()
    command = [sys.executable, "-m", "recruitlib", "run", PARAMETERS, "--from", "03"]
    done = subprocess.run(
        command, cwd=matched, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == AwaitingPerson.exit_code == 13
    assert [line for line in done.stderr.splitlines() if "review.approved" in line] == [
        done.stderr.strip()
    ]
    assert "Traceback" not in done.stderr + done.stdout
    assert "03" not in [line[:2] for line in done.stdout.splitlines() if "完了" in line]


def test_a_registry_changed_after_approval_stops_with_15(reviewed: Path, run_quietly: Run) -> None:
    rewrite_registry(reviewed, lambda lines: [*lines[:-2], *lines[-1:]])
    expect_stop(reviewed, run_quietly, IntegrityError, first="04")


def test_recipients_changed_after_approval_stop_with_15(reviewed: Path, run_quietly: Run) -> None:
    path = reviewed / "runs/test_ward/private/recipients.age"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    message = expect_stop(reviewed, run_quietly, IntegrityError, first="04")
    assert "recipients" in message


def test_applications_changed_after_approval_make_the_approval_void(
    reviewed: Path, run_quietly: Run
) -> None:
    path = reviewed / WARD / "applications_form.csv"
    lines = path.read_bytes().split(b"\r\n")
    path.write_bytes(b"\r\n".join([*lines[:1], *lines[2:]]))
    change_parameters(reviewed, form_total=21)
    expect_stop(reviewed, run_quietly, AwaitingPerson, first="02")


def test_a_demonstration_refuses_a_registry_without_the_marker(
    project: Path, run_quietly: Run
) -> None:
    rewrite_registry(
        project, lambda lines: [line.replace("RECRUITLIB-SYNTH", "JUKI") for line in lines]
    )
    message = expect_stop(project, run_quietly, GuardError)
    assert "架空の区の印" in message


def test_a_production_run_refuses_the_approvals_of_a_demonstration(
    project: Path, run_quietly: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECRUITLIB_PASSPHRASE", "a passphrase of the test")
    monkeypatch.setenv("RECRUITLIB_REGISTER_PASSPHRASE", "another passphrase of the test")
    rewrite_registry(
        project, lambda lines: [line.replace("RECRUITLIB-SYNTH", "JUKI") for line in lines]
    )
    add_officer(project, False, "1024", "主任", "職員ご本人だけの合言葉です")
    change_parameters(
        project,
        operator="1024",
        run_kind="production",
        business_date={},
        registry_max_age_days=9999,
    )
    # The lists are of the invented May; a production run takes today from the system.
    message = expect_stop(project, run_quietly, GuardError)
    assert "protection.list_fresh" in message or "handover.within_scope" in message
    from recruitlib.base.decisions import read_decisions
    from recruitlib.review.approval import read_approval

    people = project / "params/test_ward"
    with pytest.raises(ParameterError, match="見本"):
        read_decisions(people / "decisions.yaml", "test_ward", False, {})
    with pytest.raises(ParameterError, match="見本"):
        read_approval(people / "approval.yaml", "test_ward", False)


def test_a_new_application_on_print_day_that_hits_a_recipient_takes_the_run_back(
    reviewed: Path, run_quietly: Run
) -> None:
    truth = json.loads((reviewed / WARD / "truth.json").read_text(encoding="utf-8"))
    chosen = truth["recipients"]["18"][0]
    with (reviewed / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        person = next(
            row for row in csv.DictReader(file)
            if row["宛名番号"] == chosen and row["最新フラグ"] == "1"
        )  # fmt: skip
    path = reviewed / WARD / "print_day/applications_form.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    surname, given = person["氏名"].split("　")
    rows.append({
        **rows[-1], "回答ID": "99999999", "対象者の氏名（姓）": surname, "対象者の氏名（名）": given,
        "マイナンバーカード：氏名": "", "マイナンバーカード：氏名（代替文字）": "",
        "対象者の生年月日": person["生年月日"],
        "対象者の住所": "".join(
            person[name] for name in ("住所_都道府県", "住所_市区郡町村名", "住所_町字", "住所_番地号表記")
        ),
    })  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    change_parameters(reviewed, print_form_total=24)
    expect_stop(reviewed, run_quietly, GuardError, "exclusion.zero_leak", first="04")


def test_a_newly_protected_recipient_on_print_day_takes_the_run_back(
    reviewed: Path, run_quietly: Run
) -> None:
    truth = json.loads((reviewed / WARD / "truth.json").read_text(encoding="utf-8"))
    with (reviewed / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["宛名番号"]: row for row in csv.DictReader(file) if row["最新フラグ"] == "1"}
    born = rows[truth["recipients"]["22"][0]]["生年月日"]
    path = reviewed / WARD / "print_day/protections.csv"
    with path.open("ab") as file:
        line = f"{truth['recipients']['22'][0]},1,{born},2026-05-19,,5,0,2026-05-20\r\n"
        file.write(line.encode("utf-8"))
    expect_stop(reviewed, run_quietly, GuardError, "exclusion.zero_leak", first="04")


def test_labels_are_not_handed_over_without_the_confirmed_delta(
    reviewed: Path, run_quietly: Run
) -> None:
    path = reviewed / "params/test_ward/handover.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.unlink()
    with pytest.raises(AwaitingPerson, match=re.escape("handover.delta_settled")):
        run_quietly(reviewed, first="04")
    folder = reviewed / "runs/test_ward"
    assert (folder / "handover/cover_letter.pdf").exists()
    content["handed_over_labels"] -= 1
    text = yaml.safe_dump(sign_content_as(content, STAFF, SECOND), allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GuardError, match=re.escape("handover.serials_complete")):
        run_quietly(reviewed, first="05")
    assert verify_record(folder) == []


def test_a_needless_run_after_the_hand_over_touches_nothing_and_closing_still_works(
    handed: Path, run_quietly: Run
) -> None:
    folder = handed / "runs/test_ward"

    def read_all() -> dict[Path, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        # It tells a scheduler what the last command came to, and is no part of the record.
        return {path: path.read_bytes() for path in files if path.name != STATUS_NAME}

    before = read_all()
    assert folder / "private/labels_all.pdf" in before
    for first, last in [("01", "05"), ("03", "05"), ("04", "04"), ("05", "05")]:
        with pytest.raises(GuardError, match="提供済み"):
            run_quietly(handed, first=first, last=last)
    assert read_all() == before
    assert read_status(folder)["exit_code"] == GuardError.exit_code
    assert verify_record(folder) == []
    run_quietly(handed, first="06", last="06")
    assert verify_record(folder) == []


def test_a_public_application_cannot_stop_a_run_by_what_it_says(
    project: Path, run_quietly: Run
) -> None:
    path = project / WARD / "applications_form.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, (surname, given) in enumerate([("募集", "対象者"), ("住民基本", "台帳")]):
        rows.append({
            **rows[-1], "回答ID": f"9999000{number}", "対象者の住所": "新宿区",
            "対象者の氏名（姓）": surname, "対象者の氏名（名）": given,
            "マイナンバーカード：氏名": "", "マイナンバーカード：氏名（代替文字）": "",
        })  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    change_parameters(project, form_total=24)
    # They wait for a person, as every application that finds nobody does.
    expect_stop(project, run_quietly, AwaitingPerson, "optouts.all_decided")
    assert verify_record(project / "runs/test_ward") == []


def test_an_interrupted_completion_is_taken_back_and_the_stage_goes_on(
    reviewed: Path, run_quietly: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, heads = reviewed / "runs/test_ward", reviewed / "register/demonstration/heads.yaml"
    noted = heads.read_bytes()
    run_quietly(reviewed, first="04", last="04")
    undisturbed = (folder / "counts.csv").read_bytes()
    lines = (folder / "audit.jsonl").read_bytes().splitlines(keepends=True)
    cut = next(
        number for number, line in enumerate(lines)
        if json.loads(line)["event"] == "completed" and json.loads(line)["stage"] == "04"
    )  # fmt: skip
    # As if the machine had stopped between the last output and the entry of the completion, which
    # is there before the office notes it.
    (folder / "audit.jsonl").write_bytes(b"".join(lines[:cut]))
    heads.write_bytes(noted)
    assert (folder / "private/labels_all.pdf").exists()
    run_quietly(reviewed, first="04", last="04")
    assert (folder / "counts.csv").read_bytes() == undisturbed
    assert verify_record(folder) == []


def test_a_refused_real_run_leaves_no_register_under_the_passphrase_that_was_tried(
    project: Path, run_quietly: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECRUITLIB_PASSPHRASE", "試しの合言葉、実行のもの")
    monkeypatch.setenv("RECRUITLIB_REGISTER_PASSPHRASE", "試しの合言葉、受付簿のもの")
    add_officer(project, False, "1024", "主任", "職員ご本人だけの合言葉です")
    change_parameters(project, operator="1024", run_kind="production", business_date={})
    expect_stop(project, run_quietly, GuardError)
    assert not list((project / "register").glob("r*"))


def test_an_accepted_run_makes_the_register_when_the_applications_come(
    project: Path, run_quietly: Run
) -> None:
    place = project / "register/demonstration"
    run_quietly(project, last="01")
    assert not list(place.glob("r*"))
    run_quietly(project, first="02", last="02")
    assert sorted(path.name for path in place.glob("r*")) == [
        "r2026.age", "register.key.age", "register.yaml",
    ]  # fmt: skip
