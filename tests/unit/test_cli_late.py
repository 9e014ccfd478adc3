"""What the commands on late opt-outs tell an officer, and on which day they work."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from recruitlib.base.audit import RUN_NAME, append_entry
from recruitlib.base.errors import ParameterError
from recruitlib.cli import late
from recruitlib.handover.late import Late

DEMONSTRATION = {"run_kind": "demonstration", "business_date": {"05": "2026-05-25"}}
REAL = {"run_kind": "production", "business_date": {}}
NONE = Late(
    fresh=2, supplied=0, excluded=0, absent=2, serials=[], asked_before=0, returned=0, unclear=0,
    others=[],
)  # fmt: skip


def make_run(folder: Path, values: dict[str, object]) -> Path:
    (folder / RUN_NAME).write_text(yaml.safe_dump({"01": values}), encoding="utf-8")
    append_entry(folder, "05", "begun", files={})
    return folder


def test_a_demonstration_works_on_the_day_it_is_told_or_on_that_of_its_last_stage_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run(tmp_path, DEMONSTRATION)
    assert late._find_day(folder, "2026-06-02") == date(2026, 6, 2)
    assert capsys.readouterr().out == ""
    assert late._find_day(folder, "") == date(2026, 5, 25)
    assert "2026-05-25 とします" in capsys.readouterr().out
    with pytest.raises(ParameterError, match="2026-06-02 の形"):
        late._find_day(folder, "6月2日")


def test_a_real_run_works_today_and_on_no_other_day(tmp_path: Path) -> None:
    folder = make_run(tmp_path, REAL)
    with pytest.raises(ParameterError, match="見本の実行だけ"):
        late._find_day(folder, "2026-06-02")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (NONE, ["新しい申出は 2 件", "求める通番はありません"]),
        (NONE._replace(serials=[3]), ["新しい申出は 2 件"]),
        (NONE._replace(returned=1),
         ["新しい申出は 2 件", "締切の後の申出 1 件.*return.*申出人に返して", "求める通番はありません"]),
        (NONE._replace(serials=[3], asked_before=2, unclear=1, others=["r8_2"]),
         ["新しい申出は 2 件", "2 枚は、もう", "決められない申出が 1 件.*lookup.*discard-request", "r8_2"]),
    ],
)  # fmt: skip
def test_every_application_that_leads_to_no_request_is_told(found: Late, told: list[str]) -> None:
    lines = late._describe_late(found)
    assert len(lines) == len(told)
    for line, pattern in zip(lines, told, strict=True):
        assert re.search(pattern, line)


def test_the_applications_are_split_so_that_one_serial_for_ten_of_them_is_understood() -> None:
    line = late._describe_late(NONE._replace(fresh=10, supplied=1, excluded=2, absent=4))[0]
    assert line == (
        "02 の後の新しい申出は 10 件です（提供した人に当たる 1、もう取り消した・除外した 2、提供した人にいない 4、"
        "決められない 3）。"
    )
