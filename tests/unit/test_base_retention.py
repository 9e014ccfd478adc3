"""How long each kind of file may be kept: the usual years, the office's own, and none that is none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from recruitlib.base.errors import ParameterError
from recruitlib.base.retention import DEFAULT_YEARS, RETENTION_FILE, find_last_kept_day, read_years
from tests.conftest import ROOT


def test_an_office_without_a_file_keeps_the_usual_years(tmp_path: Path) -> None:
    assert read_years(tmp_path) == DEFAULT_YEARS == read_years(ROOT)
    assert find_last_kept_day(2026, 0) == date(2027, 3, 31)
    assert find_last_kept_day(2026, 5) == date(2032, 3, 31)


@pytest.mark.parametrize(
    "text", ["records: 5", "record: -1", "record: '5'", "record: 101", "record: true"]
)
def test_years_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "params").mkdir()
    (tmp_path / RETENTION_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"retention\.yaml"):
        read_years(tmp_path)
