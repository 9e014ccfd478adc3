"""The acts on serials in a record: right ones pass, and every end that no act gives is named."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from recruitlib.base.audit import AUDIT_NAME, append_entry, group_digest, read_entries
from recruitlib.base.course import check_course, check_forms
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.officers import sign_content
from recruitlib.base.serial_acts import (
    describe_act,
    find_proposal,
    sign_confirmation,
    sign_proposal,
)
from recruitlib.base.serial_course import NOT_BLANKED, check_blanked, replay_serials
from recruitlib.base.signatures import check_officers, check_signatures, describe_confirmed
from recruitlib.oversight.story import tell_story
from tests.officers import OFFICERS, SECOND, STAFF, sign_as
from tests.unit.courses import (
    RUN,
    act_entries,
    begin_entry,
    describe_executed,
    describe_two,
    go_through,
    hand_over_entries,
    print_entries,
    propose_entry,
)

ENDS = {"reprints": 1, "handed_over": 3, "voided": 3, "spoiled": 1}


def tell(folder: Path) -> list[str]:
    """Say what is wrong with the course and the signatures of a chain."""
    entries = read_entries(folder)
    assert check_forms(entries) == []
    return [problem for _, problem in (*check_course(entries), *check_signatures(entries))]


@cache
def make_chain(labels: int) -> bytes:
    """Make the chain of a run that has printed so many labels."""
    with TemporaryDirectory() as folder:
        print_entries(Path(folder), labels)
        return (Path(folder) / AUDIT_NAME).read_bytes()


def print_labels(folder: Path, labels: int) -> None:
    """Put the chain of a run there that has printed so many labels."""
    (folder / AUDIT_NAME).write_bytes(make_chain(labels))


def act_on_six(folder: Path) -> None:
    """Print six labels, void the second, tear the third up, and print the fourth again."""
    print_labels(folder, 6)
    act_entries(folder, "delta", [2])
    act_entries(folder, "spoil", [3])
    act_entries(folder, "reprint", [4], [[4, 7]])


# ---- right acts ----


def test_acts_of_two_officers_pass_and_the_chain_tells_the_state_of_every_serial(
    tmp_path: Path,
) -> None:
    act_on_six(tmp_path)
    assert replay_serials(read_entries(tmp_path)) == {
        1: "live", 2: "voided", 3: "spoiled", 4: "voided", 5: "live", 6: "live", 7: "live",
    }  # fmt: skip
    hand_over_entries(tmp_path, [5], **ENDS)
    assert tell(tmp_path) == []
    assert list(check_officers(read_entries(tmp_path), OFFICERS)) == []
    assert replay_serials(read_entries(tmp_path)) == {
        1: "handed_over", 2: "voided", 3: "spoiled", 4: "voided", 5: "voided", 6: "handed_over",
        7: "handed_over",
    }  # fmt: skip


def test_what_was_voided_or_torn_up_may_be_printed_again_and_stays_as_it_is(tmp_path: Path) -> None:
    print_labels(tmp_path, 4)
    act_entries(tmp_path, "delta", [1])
    act_entries(tmp_path, "spoil", [2])
    act_entries(tmp_path, "reprint", [1, 2, 3], [[1, 5], [2, 6], [3, 7]], voided=[3])
    act_entries(tmp_path, "reprint", [5], [[5, 8]], lot="reprint-002")
    hand_over_entries(tmp_path, [], reprints=4, handed_over=4, voided=3, spoiled=1)
    assert tell(tmp_path) == []


def test_a_print_anew_begins_anew_with_all_its_serials(tmp_path: Path) -> None:
    act_on_six(tmp_path)
    print_entries(tmp_path, 4)
    assert set(replay_serials(read_entries(tmp_path)).values()) == {"live"}
    act_entries(tmp_path, "reprint", [4], [[4, 5]])
    hand_over_entries(tmp_path, [], reprints=1, handed_over=4, voided=1, spoiled=0)
    assert tell(tmp_path) == []


def test_the_story_tells_the_acts_and_who_did_them(tmp_path: Path) -> None:
    act_on_six(tmp_path)
    append_entry(tmp_path, "05", "blanked", files={"private/labels_all.pdf": "1"}, blank=3)
    append_entry(tmp_path, "05", "withdrawn", files=["private/labels_all.pdf"])
    text = "\n".join(tell_story(tmp_path))
    assert text.count("■ 通番の変更") == 1
    assert "  終わった通番のある古い PDF を消した: 1 ファイル\n" in text
    for told in (
        "  差引を用意した: 通番 1 枚、見本A（担当者A（見本））、値 ",
        "  差引: 取り消した通番 2\n",
        "  差引の用意と実行: 見本A（担当者A（見本））・見本B（地域コミュニティ課 係長（見本））、値 ",
        "  汚損・廃棄: 汚損した通番 3\n",
        "  再印刷（理由: 汚損）: 取り消した通番 4、新しい通番 7（reprint-001）\n",
        "  取消しと汚損のセル 3 を空けて作り直した: private/labels_all.pdf\n",
        "  宛名シール: 手元 4・提供 0・取消し 2・汚損・廃棄 1\n",
    ):
        assert told in text


# ---- ends that no act gives ----


@pytest.mark.parametrize(
    ("act", "serials", "facts", "told"),
    [
        ("delta", [2], {}, ["通番 2 が、二度終わっています。"]),
        ("spoil", [2, 3], {}, ["通番 2-3 が、二度終わっています。"]),
        ("spoil", [8], {}, ["通番 8 は、印刷されていないのに、終わっています。"]),
        ("delta", [5, 5], {}, ["同じ通番が、一つの行に二度あります。"]),
        ("spoil", [5], {"voided": [6]}, ["汚損・廃棄が、するはずのないことをしています。"]),
        ("delta", [5], {"spoiled": [6]}, ["差引が、するはずのないことをしています。"]),
        ("delta", [5], {"reprinted": [[1, 8]]}, ["差引が、するはずのないことをしています。"]),
        ("delta", [5], {"voided": [6]}, ["二人が署名した内容と、この行の通番や理由が違います。"]),
        ("delta", [5], {"digest": "0"}, ["二人が署名した内容と、この行の通番や理由が違います。"]),
        (
            "delta", [5], {"reason": "soiled"},
            ["二人が署名した内容と、この行の通番や理由が違います。", "再印刷の理由がないか、再印刷でないのに理由があります。"],
        ),
        ("delta", [5], {"act": "other"}, ["書かれている形が違います。"]),
        ("delta", [5], {"change": {}}, ["書かれている形が違います。"] * 2),
        ("delta", [5], {"voided": None}, ["書かれている形が違います。"]),
    ],
)  # fmt: skip
def test_an_end_that_no_act_gives_is_named(
    tmp_path: Path, act: str, serials: list[int], facts: dict[str, Any], told: list[str]
) -> None:
    act_on_six(tmp_path)
    act_entries(tmp_path, act, serials, **facts)
    assert tell(tmp_path) == told


@pytest.mark.parametrize(
    ("pairs", "facts", "told"),
    [
        ([[5, 8]], {"lot": "reprint-001"}, ["再印刷の束の名前が、前の束に続きません。"]),
        ([[5, 9]], {}, ["再印刷の新しい通番が、前の通番に続きません。"]),
        ([[5, 6]], {}, ["再印刷の新しい通番が、前の通番に続きません。"]),
        ([[4, 8]], {"voided": []}, ["通番 4 が、二度再印刷されています。"]),
        (
            [[8, 8]], {"voided": []},
            ["通番 8 は、印刷されていないのに、再印刷されています。"],
        ),
        (
            [[5, 8]], {"voided": []},
            ["再印刷した通番のうち、手元にあったものだけが取り消されていません。"],
        ),
        (
            [[2, 8]], {},
            ["再印刷した通番のうち、手元にあったものだけが取り消されていません。", "通番 2 が、二度終わっています。"],
        ),
    ],
)  # fmt: skip
def test_a_reprint_that_no_act_makes_is_named(
    tmp_path: Path, pairs: list[list[int]], facts: dict[str, Any], told: list[str]
) -> None:
    act_on_six(tmp_path)
    olds = [old for old, _ in pairs]
    act_entries(tmp_path, "reprint", olds, pairs, **{"lot": "reprint-002", **facts})
    assert tell(tmp_path) == told


@pytest.mark.parametrize(
    ("voided", "counts", "told"),
    [
        ([2], {**ENDS, "voided": 2, "handed_over": 4}, ["通番 2 が、二度終わっています。"]),
        ([5], {**ENDS, "reprints": 0}, ["提供・取消し・汚損・再印刷の枚数が、記録の通番をたどった枚数と違います。"]),
        (
            [], ENDS,
            ["提供・取消し・汚損・再印刷の枚数が、記録の通番をたどった枚数と違います。",
             "取り消した通番のセルを空けた PDF が、作り直されていません。"],
        ),
    ],
)  # fmt: skip
def test_a_hand_over_with_other_ends_is_named(
    tmp_path: Path, voided: list[int], counts: dict[str, int], told: list[str]
) -> None:
    act_on_six(tmp_path)
    hand_over_entries(tmp_path, voided, **counts)
    assert tell(tmp_path) == told


def test_other_labels_than_two_people_signed_for_are_named(tmp_path: Path) -> None:
    print_labels(tmp_path, 2)
    hand_over_entries(tmp_path, [], reprints=0, handed_over=2, voided=0, spoiled=0)
    entries = read_entries(tmp_path)
    entries[-1]["facts"]["signed"]["content"]["handed_over_labels"] = 2
    assert list(check_course(entries)) == []
    entries[-1]["facts"]["signed"]["content"]["handed_over_labels"] = 3
    told = "二人が署名した提供の枚数が、記録の通番をたどった枚数と違います。"
    assert list(check_course(entries)) == [(len(entries), told)]


# ---- when an act may stand ----


def test_an_act_before_the_print_or_after_the_hand_over_is_named(tmp_path: Path) -> None:
    go_through(tmp_path, "03")
    propose_entry(tmp_path, "delta", [])
    append_entry(tmp_path, "05", "blanked", files={}, blank=0)
    told = "印刷の完了していないときに、"
    assert tell(tmp_path) == [
        f"{told}通番を変える用意があります。",
        f"{told}取消し後の PDF の作り直しがあります。",
    ]
    print_entries(tmp_path, 2)
    hand_over_entries(tmp_path, [], reprints=0, handed_over=2, voided=0, spoiled=0)
    act_entries(tmp_path, "delta", [1])
    assert tell(tmp_path)[2:] == [
        "提供の後に、通番を変える用意があります。", "提供の後に、通番の変更があります。",
        "通番 1 が、二度終わっています。",
    ]  # fmt: skip


def test_an_act_while_an_earlier_stage_is_done_anew_is_named(tmp_path: Path) -> None:
    print_labels(tmp_path, 2)
    begin_entry(tmp_path, "03")
    act_entries(tmp_path, "delta", [1])
    told = "印刷の完了していないときに、"
    assert tell(tmp_path) == [
        f"{told}通番を変える用意があります。",
        f"{told}通番の変更があります。",
    ]


def test_an_act_that_was_not_prepared_since_the_last_one_is_named(tmp_path: Path) -> None:
    print_labels(tmp_path, 4)
    proposed = propose_entry(tmp_path, "delta", [1])
    act_entries(tmp_path, "spoil", [2])
    assert tell(tmp_path) == []
    append_entry(tmp_path, "05", "serials_changed", **describe_executed("delta", [1], [], proposed))
    assert tell(tmp_path) == ["用意の記録がないまま、差引が実行されています。"]


@pytest.mark.parametrize(
    ("event", "names", "told"),
    [
        ("serials_changed", ["private/lot_reprint-001.age"], []),
        (
            "serials_changed", ["private/labels.age"],
            ["private/labels.age: 通番の変更が、前からあるファイルを書き換えています。"],
        ),
        ("serials_changed", ["list.csv"], ["list.csv: この行で作られるはずのないファイルです。"]),
        ("blanked", ["private/labels_all.pdf"], []),
        (
            "blanked", ["private/labels_18.pdf"],
            ["private/labels_18.pdf: 印刷していない宛名シールの PDF が作り直されています。"],
        ),
        ("blanked", ["private/labels.age"], ["private/labels.age: この行で作られるはずのないファイルです。"]),
    ],
)  # fmt: skip
def test_an_act_makes_new_files_and_makes_printed_lots_again(
    tmp_path: Path, event: str, names: list[str], told: list[str]
) -> None:
    print_labels(tmp_path, 2)
    made = {"private/labels.age": "1", "private/labels_all.pdf": "1"}
    append_entry(tmp_path, "05", "proposed", files=made)
    files = dict.fromkeys(names, "2")
    if event == "blanked":
        append_entry(tmp_path, "05", "withdrawn", files=["private/labels_all.pdf"])
        append_entry(tmp_path, "05", event, files=files, blank=0)
    else:
        act_entries(tmp_path, "delta", [1], files=files)
    assert tell(tmp_path) == told


def test_a_request_to_discard_is_written_once_signed_and_after_the_hand_over(
    tmp_path: Path,
) -> None:
    one, two = "handover/discard_request_001.pdf", "handover/discard_request_002.pdf"
    signed = describe_two("05")
    print_labels(tmp_path, 2)
    append_entry(tmp_path, "05", "discard_requested", files={one: "1"}, signed=signed)
    assert tell(tmp_path) == ["提供の前に、提供先への通知があります。"]
    hand_over_entries(tmp_path, [], reprints=0, handed_over=2, voided=0, spoiled=0)
    append_entry(tmp_path, "05", "discard_requested", files={two: "1"}, signed=signed)
    assert len(tell(tmp_path)) == 1
    append_entry(tmp_path, "05", "discard_requested", files={two: "2"})
    assert tell(tmp_path)[1:] == [
        f"{two}: 廃棄依頼書が書き換えられています。", "署名されたファイルがありません。",
    ]  # fmt: skip


# ---- both signatures ----


def test_one_officer_alone_can_not_execute_what_he_prepared(tmp_path: Path) -> None:
    print_labels(tmp_path, 2)
    proposed = propose_entry(tmp_path, "delta", [1])
    with pytest.raises(AwaitingPerson, match="別の人でなければなりません"):
        sign_confirmation(proposed, sign_as(STAFF), OFFICERS)


def change_signature(change: dict[str, Any], kind: str) -> dict[str, Any]:
    """Forge one part of a change."""
    content = change["content"]
    forged: dict[str, dict[str, Any]] = {
        "second": {"confirmed_signature": change["prepared_signature"]},
        "first": {"prepared_signature": change["confirmed_signature"]},
        "content": {"content": {**content, "run_id": "r9"}},
        "purpose": {"content": {**content, "purpose": "file"}},
        "more": {"content": {**content, "note": "x"}},
    }
    return {**change, **forged[kind]}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("second", ["通番の変更を実行した人の署名が合いません。"]),
        (
            "first",
            ["通番の変更を用意した人の署名が合いません。", "通番の変更を実行した人の署名が合いません。"],
        ),
        (
            "content",
            ["通番の変更を用意した人の署名が合いません。", "通番の変更が、別の実行のものです。",
             "通番の変更を実行した人の署名が合いません。"],
        ),
        ("purpose", ["書かれている形が違います。", "通番の変更を実行した人の署名が合いません。"]),
        ("more", ["書かれている形が違います。", "通番の変更を実行した人の署名が合いません。"]),
    ],
)  # fmt: skip
def test_a_signature_over_other_words_or_of_another_run_is_named(
    tmp_path: Path, kind: str, told: list[str]
) -> None:
    print_labels(tmp_path, 2)
    proposed = propose_entry(tmp_path, "delta", [1])
    executed = describe_executed("delta", [1], [], proposed)
    executed["change"] = change_signature(executed["change"], kind)
    append_entry(tmp_path, "05", "serials_changed", **executed)
    found = list(check_signatures(read_entries(tmp_path)))
    assert [problem for _, problem in found] == told


def test_one_person_under_two_ids_is_told(tmp_path: Path) -> None:
    print_labels(tmp_path, 2)
    proposed = propose_entry(tmp_path, "delta", [1])
    executed = describe_executed("delta", [1], [], proposed)
    alias = OFFICERS[STAFF]._replace(staff_id=SECOND)
    change = executed["change"]
    change["officers"][SECOND] = alias._asdict()
    signer = sign_as(STAFF)._replace(officer=alias)
    change["confirmed_signature"] = sign_content(signer, describe_confirmed(change))
    append_entry(tmp_path, "05", "serials_changed", **executed)
    assert tell(tmp_path) == [
        "通番の変更を用意した人と実行した人が同じです（署名の鍵が同じです）。"
    ]
    last = read_entries(tmp_path)[-1]["seq"]
    told = f"職員 {SECOND} が、役所の職員の一覧と違います。"
    assert list(check_officers(read_entries(tmp_path), OFFICERS)) == [(last, told)]


@pytest.mark.parametrize("part", ["content", "signature", "officer"])
def test_a_prepared_act_that_is_none_is_named(tmp_path: Path, part: str) -> None:
    print_labels(tmp_path, 2)
    content = describe_act("delta", [1], "", "ab" * 32, RUN)
    facts = sign_proposal(content, sign_as(STAFF))
    append_entry(tmp_path, "05", "serials_proposed", **facts)
    assert tell(tmp_path) == []
    other = sign_proposal(content, sign_as(SECOND)) if part != "content" else {
        "content": {**content, "serials": [2]}
    }  # fmt: skip
    append_entry(tmp_path, "05", "serials_proposed", **{**facts, part: other[part]})
    assert tell(tmp_path) == ["通番の変更を用意した人の署名が合いません。"]
    forged = {SECOND: OFFICERS[SECOND], STAFF: OFFICERS[STAFF]._replace(title="課長")}
    assert len(list(check_officers(read_entries(tmp_path), forged))) == 2 + (part != "officer")


def test_a_prepared_act_is_found_by_its_value_until_the_next_act(tmp_path: Path) -> None:
    print_labels(tmp_path, 4)
    first, second = (propose_entry(tmp_path, "delta", [serial]) for serial in (1, 2))
    for own in (first, second):
        value = group_digest(own["content"]["digest"])
        assert find_proposal(read_entries(tmp_path), value) == own
    content = describe_act("spoil", [3], "", "ab" * 32, RUN)
    append_entry(tmp_path, "05", "serials_proposed", **sign_proposal(content, sign_as(STAFF)))
    found = find_proposal(read_entries(tmp_path), "ABAB abab abab abab")
    assert found is not None and found["content"] == content
    assert find_proposal(read_entries(tmp_path), "abab") is None
    assert find_proposal(read_entries(tmp_path), "") is None
    act_entries(tmp_path, "delta", [4])
    assert find_proposal(read_entries(tmp_path), "abab abab abab abab") is None


def test_a_prepared_act_that_was_changed_is_not_executed() -> None:
    proposed = sign_proposal(describe_act("delta", [1], "", "0" * 64, RUN), sign_as(STAFF))
    proposed["content"]["serials"] = [2]
    with pytest.raises(ParameterError, match="用意した人の署名が合いません"):
        sign_confirmation(proposed, sign_as(SECOND), OFFICERS)


def test_until_the_lots_are_made_again_an_act_is_told_as_not_at_its_end(tmp_path: Path) -> None:
    print_labels(tmp_path, 6)

    def tell_left() -> list[str]:
        return [problem for _, problem in check_blanked(read_entries(tmp_path))]

    assert tell_left() == []
    act_entries(tmp_path, "delta", [2, 3])
    assert tell_left() == [NOT_BLANKED]
    append_entry(tmp_path, "05", "blanked", files={}, blank=2)
    assert tell_left() == []
    act_entries(tmp_path, "spoil", [4])
    assert tell_left() == [NOT_BLANKED]
    append_entry(tmp_path, "05", "blanked", files={}, blank=3)
    assert tell_left() == []
    hand_over_entries(tmp_path, [5], reprints=0, handed_over=2, voided=3, spoiled=1)
    assert (tell_left(), tell(tmp_path)) == ([], [])


@pytest.mark.parametrize("stage", ["01", "04", "05"])
def test_what_was_prepared_ends_where_an_earlier_stage_is_begun_anew(
    tmp_path: Path, stage: str
) -> None:
    print_labels(tmp_path, 6)
    value = propose_entry(tmp_path, "spoil", [2])["content"]["digest"]
    assert find_proposal(read_entries(tmp_path), value) is not None
    begin_entry(tmp_path, stage)
    assert (find_proposal(read_entries(tmp_path), value) is not None) == (stage == "05")
