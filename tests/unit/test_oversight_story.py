"""The story of a run: what an auditor asks stands in it, in order, without the passphrase."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recruitlib.base.audit import AUDIT_NAME, append_entry, group_digest, read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.oversight.story import tell_story
from tests.conftest import WARD


def list_lines(folder: Path) -> list[str]:
    """List the lines of a run's story."""
    return list(tell_story(folder))


def test_the_story_of_a_reviewed_run_says_who_did_what(reviewed: Path) -> None:
    folder = reviewed / "runs/test_ward"
    lines = list_lines(folder)
    assert lines[0] == "実行 test_ward（見本）: 東京都新宿区 2026年度"
    assert [line for line in lines if line.startswith("■")] == [
        "■ 始める前", "■ 01 取込", "■ 02 除外", "■ 03 確認", "■ 今",
    ]  # fmt: skip
    text = "\n".join(lines)
    for told in (
        "  依頼文書の番号: 見本第1号",
        "  件数: 受け付けた申出 30 / 一致 23 / 要確認 1 / 対象外 3 / 未決 2 / 取下げ 1",
        "提供対象者 18歳 115・22歳 177",
        "  事例を決めた人: 見本A（担当者A（見本））",
        "  承認: 見本B（地域コミュニティ課 係長（見本））、2026-05-19、承認の値 ",
        "  個人情報のファイルを開いた: 見本A（担当者A（見本））、確認の処理、7回",
        "封をした: notebooks/03_review_counts.html、notebooks/03_review_counts.ipynb",
        "  完了した段階: 01 取込、02 除外、03 確認\n",
        f"  記録の先頭値: {group_digest(read_entries(folder)[-1]['hash'])}",
    ):
        assert told in text
    assert len(re.findall(r"^  関門: はい \d+、否 0$", text, re.MULTILINE)) == 3
    assert "×" not in text
    private = len(list((folder / "private").iterdir()))
    assert f"  個人情報のファイル: private/ に {private} 個（暗号化、鍵もある）" in lines


def test_the_command_needs_no_passphrase_and_names_nobody(reviewed: Path) -> None:
    words = [sys.executable, "-m", "recruitlib", "show", "runs/test_ward"]

    def show() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=reviewed, capture_output=True, text=True, encoding="utf-8", check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    intact = show()
    assert intact.returncode == 0, intact.stderr
    assert intact.stdout.splitlines()[-1].startswith("記録の検査: 内部整合")
    (reviewed / "runs/test_ward/private/run.key.age").unlink()
    done = show()
    assert done.returncode == IntegrityError.exit_code and "信じられません" in done.stderr
    # What does not fit is told before the story.
    assert done.stdout.splitlines()[2] == "× private/run.key.age: ありません。"
    registry = (reviewed / WARD / "registry.csv").read_text(encoding="utf-8").splitlines()
    place = registry[0].split(",").index("氏名")
    names = {row.split(",")[place] for row in registry[1:]}
    assert len(names) > 1_000
    assert not [name for name in names if name and name in done.stdout]


def test_stops_openings_and_exports_are_told_where_they_happened(tmp_path: Path) -> None:
    facts = {
        "operator": "S1", "run_kind": "production", "business_date": "",
        "parameters": {
            "run_id": "r8", "prefecture": "東京都", "municipality": "新宿区", "fiscal_year": 2026,
        },
    }  # fmt: skip
    append_entry(tmp_path, "01", "begun", **facts)
    append_entry(
        tmp_path, "01", "guard", guard="registry.base_date", answer="no", note="",
        problems=["抽出が古すぎます。"],
    )  # fmt: skip
    append_entry(tmp_path, "01", "stopped", error="GuardError", exit_code=12, files={})
    append_entry(tmp_path, "", "unlock_refused")
    append_entry(tmp_path, "01", "begun", **facts)
    append_entry(tmp_path, "01", "stopped", error="AwaitingPerson", exit_code=13, files={})
    append_entry(tmp_path, "03", "opened", file="private/a.age", officer="", purpose="理由を見る")
    append_entry(tmp_path, "03", "opened", file="private/a.age", officer="S2", purpose="事例の画面")
    append_entry(tmp_path, "", "exported", file="cases.xlsx", by="S2", due="2026-06-30")
    looked = {"fresh": 3, "asked": 1, "returned": 2, "unclear": 0, "by": "S2"}
    append_entry(tmp_path, "05", "late_looked", **looked)
    login = read_entries(tmp_path)[0]["login"]
    lines = list_lines(tmp_path)
    first, second = (place for place, line in enumerate(lines) if line == "■ 01 取込")
    end = lines.index("■ 今")
    once, again = "\n".join(lines[first:second]), "\n".join(lines[second:end])
    assert re.search(
        r"^  否: .*か。（registry\.base_date） 抽出が古すぎます。$", once, re.MULTILINE
    )
    assert "止まった: 関門が「否」（GuardError、終了コード 12）" in once
    assert "  実行の合言葉が違った" in once
    assert "止まった: 人を待つ（AwaitingPerson、終了コード 13）" in again
    assert f"  個人情報のファイルを開いた: ログイン {login}、理由を見る、1回" in again
    assert "  個人情報のファイルを開いた: S2、事例の画面、1回" in again
    told = "新しい申出 3 件、廃棄を求めるシール 1 枚、申出人に返す 2 件、だれを指すか決められない 0 件、S2"
    assert f"  提供の後の申出を調べた: {told}" in again
    assert "  書き出した: cases.xlsx（S2、消去の期限 2026-06-30）" in again
    assert "  書き出した cases.xlsx（期限 2026-06-30）: まだ確かめていない" in lines[end:]


def test_times_are_told_in_japan_s_time(tmp_path: Path) -> None:
    append_entry(tmp_path, "", "key_made")
    at = read_entries(tmp_path)[0]["at"]
    hour = (int(at[11:13]) + 9) % 24
    assert f" {hour:02}:{at[14:16]} " in list_lines(tmp_path)[0]


def test_a_record_that_is_not_intact_tells_no_story(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="記録がありません"):
        list_lines(tmp_path)
    append_entry(tmp_path, "", "key_made")
    entry = json.loads((tmp_path / AUDIT_NAME).read_bytes())
    (tmp_path / AUDIT_NAME).write_text(json.dumps({**entry, "login": "x"}) + "\n")
    with pytest.raises(IntegrityError, match="1行目"):
        list_lines(tmp_path)
