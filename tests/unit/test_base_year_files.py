"""Values replaced in a YAML text where they stand, compared with what PyYAML itself reads."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base.errors import ParameterError
from recruitlib.base.year_files import replace_values

TEXT = """# 一行目
run_id: r8_1   # 名前
ages:
  - 18
  # 間のコメント
  - 22
ranges: ["2008-04-02/2009-04-01",
  "2004-04-02/2005-04-01"]   # 印字された範囲
request:
  number: 7福総第1号
  date: "2026-04-06"   # 依頼の日
last: ""
"""


def test_only_the_value_changes_and_the_rest_stays_byte_for_byte() -> None:
    changes = {
        ("run_id",): "r9_1", ("ages",): [18], ("ranges",): ["a"], ("request", "number"): "",
        ("last",): "終わり", ("unknown",): 1,
    }  # fmt: skip
    expected = """# 一行目
run_id: r9_1   # 名前
ages:
  [18]
ranges: ["a"]   # 印字された範囲
request:
  number: ""
  date: "2026-04-06"   # 依頼の日
last: "終わり"
"""
    assert replace_values(TEXT, changes, "r8_1.yaml") == expected
    crlf = TEXT.replace("\n", "\r\n")
    assert replace_values(crlf, changes, "r8_1.yaml") == expected.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    ["first: &one [1]\nrun_id: r8_1\nsecond: *one\n", "second: |\n  a\n  b\nrun_id: r8_1\n"],
)
def test_what_cannot_be_replaced_by_itself_is_refused(text: str) -> None:
    assert yaml.safe_load(text)["run_id"] == "r8_1"
    with pytest.raises(ParameterError, match=r"r8\.yaml: 値を一つずつ"):
        replace_values(text, {("second",): [2], ("run_id",): "r9_1"}, "r8.yaml")


NAMES = st.sampled_from(("run_id", "request", "label_fonts", "file", "ages"))
TEXTS = st.text(st.sampled_from("a1依頼 :#-'\"[]{},|>&*!%@`?　\n"), max_size=8)
VALUES = st.one_of(st.integers(), TEXTS, st.lists(TEXTS, max_size=3))


@settings(max_examples=60)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=6), st.data())
def test_any_file_reads_back_with_just_the_new_values(
    content: dict[str, object], data: st.DataObject
) -> None:
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    name, new = data.draw(st.sampled_from(sorted(content))), data.draw(VALUES)
    written = replace_values(text, {(name,): new}, "any.yaml")
    assert yaml.safe_load(written) == {**content, name: new}
