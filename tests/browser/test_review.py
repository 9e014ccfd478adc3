"""Two officers review a run in JupyterLab: what they see, decide and approve, and what is left.

The tests of this file are one story and run in its order.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import nbformat
import pytest
import yaml
from playwright.sync_api import expect

from recruitlib.base.verification import verify_record
from recruitlib.pipeline import run_pipeline
from tests.browser.lab import PANEL, Lab
from tests.conftest import PARAMETERS, WARD

STAFF, SECOND, THIRD = "見本A", "見本B", "見本C"
IMAGE = '<img src=x onerror="window.hostile=1">'
SCRIPT = "</script><script>window.hostile=2</script>"
LATEX, FORMULA = r"$\LaTeX$", '=HYPERLINK("http://example.com")'
TURNED, LONG = "\u202e逆さ", "長" * 10_000
# Whoever signs an application of the small ward that fits nobody.
FITS_NOBODY = "架空太"


@pytest.fixture(scope="module")
def project(ward_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small ward through 02, with a hostile application and nobody's decision or approval."""
    project = tmp_path_factory.mktemp("review") / "project"
    shutil.copytree(ward_project, project)
    for name in ("decisions", "approval"):
        (project / f"params/test_ward/{name}.yaml").unlink()
    path = project / WARD / "applications_form.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    hostile = next(row for row in rows if row["対象者の氏名（名）"] == FITS_NOBODY)
    hostile |= {
        "対象者の氏名（姓）": IMAGE, "対象者の氏名（名）": SCRIPT,
        "対象者の住所": f"東京都新宿区{LATEX}{FORMULA}{TURNED}{LONG}",
    }  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    run_pipeline(project / PARAMETERS, last="02", say=lambda line: None)
    return project


@pytest.fixture(scope="module")
def lab(project: Path, open_lab: Callable[[Path], Lab]) -> Lab:
    return open_lab(project)


def read_decided(lab: Lab) -> dict[int, tuple[str, str]]:
    """Read who decided and who confirmed each case from the file that both officers write."""
    path = lab.folder.parents[1] / "params/test_ward/decisions.yaml"
    cases = yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
    return {case["case"]: (case["decided_by"], case.get("confirmed_by", "")) for case in cases}


def test_all_cells_run_and_the_counts_stand_there_before_anybody_signs_in(lab: Lab) -> None:
    lab.run_all()
    assert [number for number in lab.read_prompts() if number == "[ ]:"], "nobody has decided yet"
    for word in ("募集対象者から提供対象者まで", "承認するもの", "optouts.all_decided"):
        expect(lab.page.locator(PANEL)).to_contain_text(word)
    assert lab.find("case").count() == 1


def test_nothing_is_scrolled_sideways_and_no_text_is_small(lab: Lab) -> None:
    assert lab.list_wide() == []
    assert lab.list_small() == []


@pytest.mark.parametrize(
    ("plugin", "name", "wanted"),
    [
        ("@jupyterlab/translation-extension:plugin", "locale", "ja_JP"),
        ("@jupyterlab/apputils-extension:notification", "fetchNews", "false"),
        ("@jupyterlab/apputils-extension:notification", "checkForUpdates", False),
        # Else what is typed and the click behind it are handled in two threads, in any order.
        ("@jupyterlab/apputils-extension:kernels-settings", "commsOverSubshells", "disabled"),
        ("@jupyterlab/notebook-extension:tracker", "recordTiming", False),
        ("@jupyterlab/notebook-extension:tracker", "windowingMode", "none"),
        ("@jupyter-widgets/jupyterlab-manager:plugin", "saveState", False),
    ],
)
def test_jupyterlab_serves_the_settings_of_the_project_under_names_that_it_knows(
    lab: Lab, plugin: str, name: str, wanted: object
) -> None:
    served = lab.page.evaluate(
        "async plugin => (await fetch(`/lab/api/settings/${plugin}`)).json()", plugin
    )
    own = served["schema"]["properties"][name]
    assert own["default"] == wanted
    # A name or a value that JupyterLab does not know would be served too, and do nothing.
    assert own["title"]
    jsonschema.validate(wanted, own)


def test_an_officer_signs_in_and_decides_by_mouse(lab: Lab) -> None:
    lab.sign_in("case", STAFF)
    expect(lab.find("case .rl-progress")).to_have_text("1 / 5")
    assert lab.list_wide() == []
    assert lab.list_small() == []
    lab.choose_reason("一覧で確かめた")
    lab.find("case .rl-choice-matched").click()
    lab.expect_message("case", "保存しました")
    assert read_decided(lab) == {1: (STAFF, "")}


def test_a_lost_browser_loses_no_decision(lab: Lab) -> None:
    lab.reload()
    lab.run_all()
    assert STAFF not in lab.find("case").inner_text()
    lab.sign_in("case", STAFF)
    assert read_decided(lab) == {1: (STAFF, "")}
    expect(lab.find("case .rl-progress")).to_have_text("2 / 5")


def test_the_keyboard_alone_is_enough_and_shows_where_it_is(lab: Lab) -> None:
    lab.find("case .rl-filter select").focus()
    lab.reach("case .rl-reason select")
    outline = lab.page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "3px" in outline
    lab.pick_by_arrows("保護者の名義で申出")
    lab.page.keyboard.press("1")
    lab.expect_message("case", "できません: 氏名も生年月日も一致しない人")
    lab.reach("case .rl-tick-doubt input")
    lab.page.keyboard.press("Space")
    lab.page.keyboard.press("1")
    lab.expect_message("case", "事例 2 を")
    assert read_decided(lab)[2] == (STAFF, "")
    lab.reach("case .rl-reason select")
    lab.pick_by_arrows("本人が取下げ")
    lab.page.keyboard.press("1")
    lab.expect_message("case", "事例 3 を")
    assert set(read_decided(lab)) == {1, 2, 3}


def test_hostile_text_is_shown_as_text_and_runs_nothing(lab: Lab) -> None:
    expect(lab.find("case .rl-progress")).to_have_text("4 / 5")
    page = lab.find("case .rl-page").inner_text()
    for text in (IMAGE, SCRIPT, LATEX, FORMULA, "[U+202E]", "…（以下略"):
        assert text in page
    assert len(page) < 5_000
    assert lab.list_wide() == []
    assert lab.page.evaluate("window.hostile") is None
    assert lab.find("case .rl-page").locator("img, script, mjx-container").count() == 0


def test_a_script_that_was_let_in_would_be_seen(lab: Lab) -> None:
    page = lab.find("case .rl-page")
    for text, flag in ((IMAGE, 1), (SCRIPT, 2)):
        page.evaluate(
            """(page, text) => {
              window.planted = document.createElement("p");
              page.append(window.planted);
              window.planted.append(document.createRange().createContextualFragment(text));
            }""",
            text,
        )
        lab.page.wait_for_function("flag => window.hostile === flag", arg=flag)
        assert page.locator("img, script, mjx-container").count() == 1
        lab.page.evaluate("() => { window.planted.remove(); delete window.hostile; }")


def test_the_last_two_cases_are_decided(lab: Lab) -> None:
    lab.choose_reason("該当者なし")
    lab.find("case .rl-choice-outside").click()
    lab.expect_message("case", "事例 4 を")
    lab.choose_reason("別人")
    lab.find("case .rl-choice-another").click()
    lab.expect_message("case", "事例 5 を")
    assert len(read_decided(lab)) == 5


def test_the_same_officer_does_not_confirm(lab: Lab) -> None:
    lab.find("case .rl-confirm").click()
    lab.expect_message("case", "できません")
    assert {second for _, second in read_decided(lab).values()} == {""}


def test_a_second_officer_confirms(lab: Lab) -> None:
    lab.find("case .rl-sign-out").click()
    lab.expect_message("case", "サインアウト")
    assert lab.find("case .rl-application").count() == 0
    lab.sign_in("case", SECOND)
    expect(lab.find("case .rl-progress")).to_have_text("1 / 5")
    for number in range(1, 6):
        tick = lab.find("case .rl-tick-doubt input")
        if tick.count():
            tick.check()
        lab.page.locator(".rl-case").focus()
        lab.page.keyboard.press("6")
        lab.expect_message("case", f"事例 {number} の決定を確かめ")
    assert set(read_decided(lab).values()) == {(STAFF, SECOND)}


def test_the_officer_who_decided_does_not_approve_and_a_missing_tick_is_named(lab: Lab) -> None:
    # The tables above the panel are from before the decisions.
    lab.sign_in("approval", STAFF)
    expect(lab.find("approval .rl-subject")).to_contain_text("上の表と図が古くなりました")
    assert lab.find("approval .rl-approve").count() == 0
    lab.run_all()
    lab.sign_in("approval", STAFF)
    assert lab.list_wide() == []
    assert lab.list_small() == []
    lab.tick_all()
    lab.find("approval .rl-approve").click()
    lab.expect_message("approval", "できません")
    lab.find("approval .rl-sign-out").click()
    lab.sign_in("approval", THIRD)
    lab.find("approval .rl-approve").click()
    lab.expect_message("approval", "チェックのないものがあります")
    assert not (lab.project / "params/test_ward/approval.yaml").exists()


def test_another_officer_approves_and_the_notebook_runs_to_its_end(lab: Lab) -> None:
    lab.tick_all()
    lab.find("approval .rl-approve").click()
    lab.expect_message("approval", "承認しました")
    lab.run_all()
    expect(lab.page.locator(PANEL)).to_contain_text("03 確認 完了: ")
    assert "[ ]:" not in lab.read_prompts()
    path = lab.project / "params/test_ward/approval.yaml"
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["approved_by"] == THIRD


def test_what_was_saved_holds_nobody_and_is_sealed(lab: Lab) -> None:
    path = lab.save()
    assert (path.parent / ".ipynb_checkpoints").is_dir()
    code, said, wrong = lab.close()
    assert (code, wrong) == (0, "")
    assert "個人の情報はありません" in said
    content = nbformat.read(path, as_version=4)
    assert "widgets" not in content.metadata
    text = path.read_text(encoding="utf-8")
    assert "事例の画面（実行中だけ表示されます）" in text
    assert "window.hostile" not in text
    assert [file.name for file in sorted(path.parent.iterdir())] == [path.name, "review_1.log"]
    assert verify_record(lab.folder) == []


def test_the_batch_makes_the_record_of_what_was_reviewed(project: Path) -> None:
    run_pipeline(project / PARAMETERS, first="03", last="03", say=lambda line: None)
    assert verify_record(project / "runs/test_ward") == []


@pytest.fixture(scope="module")
def again(project: Path, open_lab: Callable[[Path], Lab]) -> Lab:
    """Open a second session after one more recipient has come under protection."""
    truth = json.loads((project / WARD / "truth.json").read_text(encoding="utf-8"))
    protected = truth["recipients"]["22"][0]
    with (project / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["宛名番号"]: row for row in csv.DictReader(file) if row["最新フラグ"] == "1"}
    line = f"{protected},1,{rows[protected]['生年月日']},2026-05-11,,5,0,2026-05-18\r\n"
    with (project / WARD / "protections.csv").open("ab") as file:
        file.write(line.encode("utf-8"))
    run_pipeline(project / PARAMETERS, last="02", say=lambda line: None)
    return open_lab(project)


def test_a_changed_input_makes_the_approval_void_and_says_what_changed(again: Lab) -> None:
    again.run_all()
    panel = again.page.locator(PANEL)
    expect(panel).to_contain_text("承認の後に内容が変わりました。変わったもの: ")
    expect(panel).to_contain_text(re.compile(r"変わったもの: 提供対象者 22歳 \d+人→\d+人"))


def test_a_name_that_an_officer_types_and_saves_does_not_stay(again: Lab, project: Path) -> None:
    with (project / WARD / "registry.csv").open(encoding="utf-8", newline="") as file:
        name = next(row["氏名"] for row in csv.DictReader(file) if row["生年月日"] > "2008-05")
    again.page.locator(f"{PANEL} .jp-CodeCell .cm-content").last.click()
    again.page.keyboard.insert_text(f"# {name}")
    path = again.save()
    assert name in path.read_text(encoding="utf-8")
    code, _, wrong = again.close()
    assert code == 15
    assert "record.no_personal_data" in wrong
    assert name not in wrong
    assert not path.exists()
    left = [file for file in again.folder.rglob("*") if file.is_file() and file.suffix != ".age"]
    assert not [file for file in left if name.encode() in file.read_bytes()]
    assert verify_record(again.folder) == []
