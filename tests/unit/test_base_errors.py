"""Errors: the exit codes an operator sees, one line in a notebook, and never a person's value.

Right values: the table of exit codes in the design (10 to 15), and Python's own traceback module for
the place of an error.
"""

from __future__ import annotations

import traceback

import pytest

from recruitlib.base.errors import (
    EXPECTED_ERRORS,
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    OutputError,
    ParameterError,
    RecruitError,
    UnforeseenError,
    describe_place,
    raise_problems,
)

EXIT_CODES = {
    ParameterError: 10,
    FormError: 11,
    GuardError: 12,
    AwaitingPerson: 13,
    OutputError: 14,
    IntegrityError: 15,
}
NAME = "架空野　花子"


@pytest.mark.parametrize(("error", "code"), EXIT_CODES.items())
def test_each_expected_error_has_the_exit_code_of_the_design(
    error: type[RecruitError], code: int
) -> None:
    assert error.exit_code == code
    assert issubclass(error, RecruitError)


def test_an_error_that_nobody_foresaw_has_no_code_of_an_expected_one() -> None:
    assert UnforeseenError.exit_code == RecruitError.exit_code == 1


def test_the_pipeline_finds_exactly_the_six_expected_classes_by_name() -> None:
    assert {error.__name__: error for error in EXIT_CODES} == EXPECTED_ERRORS


def test_a_notebook_shows_the_class_and_the_line_without_a_traceback() -> None:
    assert FormError("名簿.csv: 3行目")._render_traceback_() == ["FormError: 名簿.csv: 3行目"]


def _read_cell(row: dict[str, str]) -> int:
    return int(row["name"])


def test_the_place_of_an_error_is_its_innermost_frame_and_holds_no_value() -> None:
    with pytest.raises(ValueError, match="架空野") as caught:
        _read_cell({"name": NAME})
    innermost = traceback.extract_tb(caught.value.__traceback__)[-1]

    place = describe_place(caught.value)

    assert place == (f"ValueError（test_base_errors.py {innermost.lineno}行目 _read_cell）")
    assert "架空野" not in place


def test_an_error_never_raised_has_no_place() -> None:
    assert describe_place(KeyError(NAME)) == "KeyError（場所不明）"


def test_no_problem_raises_nothing() -> None:
    raise_problems(FormError, [], "名簿.csv")


def test_all_problems_of_a_file_are_raised_at_once_in_one_line() -> None:
    with pytest.raises(FormError) as caught:
        raise_problems(FormError, ["見出しが違います。", "2行目が短い。"], "名簿.csv")
    message = str(caught.value)
    told = "名簿.csv: 2件の問題があります。(1) 見出しが違います。 (2) 2行目が短い。"
    assert message == f"{told} 直してから、もう一度実行してください。"
    assert "\n" not in message


@pytest.mark.parametrize(("count", "shown", "rest"), [(20, 20, 0), (21, 20, 1), (5_000, 20, 4_980)])
def test_the_first_twenty_problems_are_shown_and_the_others_counted(
    count: int, shown: int, rest: int
) -> None:
    with pytest.raises(ParameterError) as caught:
        raise_problems(ParameterError, [f"誤り{n}。" for n in range(1, count + 1)], "表")
    message = str(caught.value)
    assert message.startswith(f"表: {count}件の問題があります。")
    assert message.count("誤り") == shown
    assert ("ほか" in message) == bool(rest)
    advice = " 直してから、もう一度実行してください。"
    assert not rest or message.endswith(f" ほか{rest}件。{advice}")
