"""Accidents of the officers' decisions, of the review, of the approval and of the record."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from recruitlib.base.audit import AUDIT_NAME, read_entries
from recruitlib.base.counts import COUNTS_NAME
from recruitlib.base.errors import AwaitingPerson, IntegrityError, ParameterError
from recruitlib.base.officers import DEMONSTRATION_OFFICERS, Officer, Signer, sign_content
from recruitlib.base.signatures import SignedRun, describe_approval
from recruitlib.review.approval import read_approval, write_approval
from tests.conftest import PARAMETERS, ROOT, change_parameters
from tests.incidents.accident import RUN, Accident, Typed, run_stages, type_here
from tests.incidents.faults_matching import list_proposed
from tests.incidents.notebook_lines import put_before, put_in_place
from tests.incidents.ward_files import read_truth
from tests.officers import SECOND, STAFF, THIRD, sign_as
from tests.terminal import SHOWN, TICKS

DECISIONS, APPROVAL = "params/test_ward/decisions.yaml", "params/test_ward/approval.yaml"
HEADS = "register/demonstration/heads.yaml"
LINKED, WITHDRAWN = 2, 3  # cases of the ward: a parent's application, a withdrawal
PROOF = "confirmation.prove_recipients("


def change_decision(project: Path, number: int, change: Callable[[dict[str, Any]], object]) -> None:
    """Change one decision in the file of decisions, as an editor does; an empty one goes."""
    path = project / DECISIONS
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for case in content["cases"]:
        if case["case"] == number:
            change(case)
    content["cases"] = list(filter(None, content["cases"]))
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def take_confirmation(case: dict[str, Any]) -> None:
    del case["confirmed_by"], case["confirmed_signature"]


# ---- the table of recipients ----

_NAMES = 'names = review.recipients["full_name"].tolist()\n'
_SHIFT = (
    f"{_NAMES}review = review._replace(recipients=review.recipients.assign("
    "full_name=[*names[:9], *names[10:], names[9]]))"
)


def move_names_up(project: Path) -> None:
    """A01: from the tenth recipient on every name moves up by one, against the address beside it."""
    put_before(project, "03", PROOF, _SHIFT)


def move_names_up_after_the_proof(project: Path) -> None:
    """A01: the names move up by one after their proof, right before the table is kept.

    The proof has been asked by then. What 03 keeps is no longer what was approved, and 04 asks the
    approval of what it reads.
    """
    put_before(project, "03", "print(confirmation.finish_confirmation", _SHIFT)


def close_names_up(project: Path) -> None:
    """A02: the names alone of the excluded people are taken out and closed up; the rows stay."""
    put_before(
        project, "03", PROOF,
        f"{_NAMES}review = review._replace(recipients="
        "review.cohort.head(len(names)).assign(full_name=names))",
    )  # fmt: skip


# ---- decisions and approval ----


def take_link(project: Path) -> None:
    """A19: a case is open, which one officer links to somebody else without having compared.

    The command itself refuses, before anything is decided.
    """
    change_decision(project, LINKED, dict.clear)


def link_alone(project: Path) -> None:
    """A19: one officer links an application to somebody of another name and birth date, alone."""
    change_decision(project, LINKED, dict.clear)


def link_twice(project: Path) -> None:
    """A19: the officer who has linked an application confirms the link as well.

    The command itself refuses, so that 03 has nothing to ask.
    """
    change_decision(project, LINKED, take_confirmation)


def check_side_by_side(project: Path, typed: Typed) -> None:
    screen = type_here(f"recruitlib cases {RUN}").screen
    case = screen[screen.index(f"事例 {LINKED}") : screen.index(f"事例 {LINKED + 1}")]
    assert "≠ 氏名" in case and "≠ 生年月日" in case and "⚠" in case


def accept_withdrawal_alone(project: Path) -> None:
    """A64: one officer alone accepts a withdrawal."""
    change_decision(project, WITHDRAWN, take_confirmation)


def check_still_out(project: Path, typed: Typed) -> None:
    assert read_truth(project)["applications"]["48210189"]["addressee_id"] not in list_proposed(
        project
    )


def sign_approval(project: Path, signer: Signer) -> None:
    """Sign the approval anew, as somebody does who writes the file."""
    approval = read_approval(project / APPROVAL, "test_ward", True)
    assert approval
    approval = approval._replace(approved_by=signer.officer.staff_id)
    said = describe_approval(approval._asdict(), SignedRun("test_ward", True))
    signed = approval._replace(signature=sign_content(signer, said))
    write_approval(project / APPROVAL, "test_ward", True, signed)


def approve_under_another_id(project: Path) -> None:
    """A65: the officer who decided enters the own key under a second id and approves with it."""
    own = sign_as(STAFF)
    alias = Signer(Officer("1234", "課長（見本）", "", own.officer.public_key), own.private_key)
    path = project / DEMONSTRATION_OFFICERS
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    [entry] = [one for one in content["officers"] if one["staff_id"] == STAFF]
    said = alias.officer._asdict()
    signature = sign_content(alias, {"purpose": "officer", **said})
    content["officers"].append({**entry, **said, "signature": signature})
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    sign_approval(project, alias)


def approve_as_somebody_else(project: Path) -> None:
    """A65: the officer who decided approves with the own key and types a colleague's id above it."""
    sign_approval(project, Signer(sign_as(SECOND).officer, sign_as(STAFF).private_key))


def approve_as_a_third(project: Path) -> None:
    """Let an officer approve who has decided nothing."""
    sign_approval(project, sign_as(THIRD))


def do_nothing(project: Path) -> None:
    """A65: the officer who decided asks the program for the approval as well.

    The command itself refuses, before a file is written that 03 could ask about.
    """


def say_same_key(project: Path, typed: Typed) -> None:
    assert "署名の鍵が同じです" in typed.screen


def say_wrong_signature(project: Path, typed: Typed) -> None:
    assert "署名が合いません" in typed.screen


def say_same_officer(project: Path, typed: Typed) -> None:
    assert "職員番号が同じです" in typed.screen


# ---- a no that somebody passes by ----


def go_on_by_hand(project: Path) -> None:
    """A32: 02 has stopped at a guard, and the clerk goes on with the next notebook."""
    change_parameters(project, form_total=23)
    assert type_here(run_stages("02")).exit_code == 12


def empty_the_guard(project: Path) -> None:
    """A32: the clerk takes the question of a guard out of the notebook, and the names are shifted."""
    put_in_place(project, "03", PROOF, _SHIFT)


def swallow_the_answer(project: Path) -> None:
    """A32: the clerk lets the notebook go on over a guard's no."""
    attempt = (
        "try:\n    confirmation.prove_recipients(stage, review)\nexcept Exception:\n    names = []"
    )
    put_in_place(project, "03", PROOF, f"{_SHIFT}\n{attempt}")


def say_no(project: Path, typed: Typed) -> None:
    assert "関門 exclusion.whole_records が「否」のままです" in typed.screen


# ---- the record ----


def edit_counts(project: Path) -> None:
    """A45: a number of the counts is one off before 03 begins.

    The digests of all that the earlier stages made are compared before any count is, so that the
    balance is never asked.
    """
    path = project / RUN / COUNTS_NAME
    counts = path.read_text(encoding="utf-8")
    path.write_text(counts.replace("rows_read,1776", "rows_read,1777"), encoding="utf-8")


def edit_counts_during_the_review(project: Path) -> None:
    """A45: a number of the counts is one off by a hand that edits them while 03 runs."""
    put_before(
        project, "03", PROOF,
        f'counts = stage.folder / "{COUNTS_NAME}"\n'
        'counts.write_text(counts.read_text().replace("rows_read,1776", "rows_read,1777"))',
    )  # fmt: skip


def write_record(project: Path, entries: list[dict[str, Any]]) -> None:
    """Write a record anew as its chain must be, and the office's note of its head with it."""
    previous, lines = "0" * 64, []
    for number, entry in enumerate(entries, start=1):
        body = {**entry, "seq": number, "previous": previous}
        del body["hash"]
        previous = hashlib.sha256(_write(body).encode()).hexdigest()
        lines.append(_write({**body, "hash": previous}))
    (project / RUN / AUDIT_NAME).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    path = project / HEADS
    heads = yaml.safe_load(path.read_text(encoding="utf-8"))
    first = json.loads(lines[0])["hash"]
    heads[RUN] = {"first": first, "head": previous, "line": len(lines)}
    path.write_text(yaml.safe_dump(heads), encoding="utf-8")


def _write(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def look_and_keep(project: Path) -> list[dict[str, Any]]:
    """Let somebody look at people's cases; a copy of the record then leaves the office."""
    assert type_here(f"recruitlib cases {RUN}").exit_code == 0
    shutil.copytree(project / RUN, project.parent / "kept")
    return read_entries(project / RUN)


def cut_the_record(project: Path) -> None:
    """A70: the last lines, which say who has looked at people's cases, are cut off the record."""
    entries = look_and_keep(project)
    (at,) = (at for at, entry in enumerate(entries) if entry["event"] == "cases_shown")
    write_record(project, entries[:at])


def recompute_the_record(project: Path) -> None:
    """A70: a line is taken out of the record, and all hashes and the office's note are recomputed."""
    entries = look_and_keep(project)
    (at,) = (at for at, entry in enumerate(entries) if entry["event"] == "cases_shown")
    write_record(project, [*entries[:at], *entries[at + 1 :]])


def check_only_the_head_tells(project: Path, typed: Typed) -> None:
    assert "紙の先頭値と合いません" in typed.screen
    assert type_here(f"recruitlib verify {RUN}").exit_code == 0


_03 = run_stages("03")
_DECIDE = (
    f"recruitlib decide {PARAMETERS} --case {LINKED} --decision matched --reason parent_signed"
    f" --candidate 1 --by {STAFF}"
)
_DIGEST = yaml.safe_load((ROOT / APPROVAL).read_text(encoding="utf-8"))["approved_digest"]
_VERIFY = ("recruitlib show ../kept", f'recruitlib verify {RUN} --head "{SHOWN}"')
ACCIDENTS = (
    Accident(
        "A01", "names_moved_up", "matched", move_names_up, (_03,), "exclusion.whole_records"
    ),
    Accident(
        "A01", "names_moved_up_after_the_proof", "matched", move_names_up_after_the_proof,
        (_03, run_stages("04")), "review.approved",
    ),
    Accident("A02", "names_closed_up", "matched", close_names_up, (_03,), "exclusion.whole_records"),
    Accident(
        "A19", "linked_unseen", "matched", take_link, (_DECIDE,), error=ParameterError,
        check=check_side_by_side,
    ),
    Accident(
        "A19", "linked_by_one_officer", "matched", link_alone, (f"{_DECIDE} --compared", _03),
        "optouts.all_decided",
    ),
    Accident(
        "A19", "confirmed_by_the_same_officer", "matched", link_twice,
        (f"recruitlib confirm {PARAMETERS} --compared --by {STAFF}",), error=AwaitingPerson,
    ),
    Accident("A32", "next_notebook", "loaded", go_on_by_hand, (_03,), error=IntegrityError),
    Accident("A32", "question_taken_out", "matched", empty_the_guard, (_03,), error=IntegrityError),
    Accident(
        "A32", "answer_swallowed", "matched", swallow_the_answer, (_03,), "exclusion.whole_records",
        IntegrityError, say_no,
    ),
    Accident(
        "A45", "counts_edited_between_stages", "matched", edit_counts, (_03,), error=IntegrityError,
        is_record_whole=False,
    ),
    Accident(
        "A45", "counts_edited_during_the_review", "matched", edit_counts_during_the_review, (_03,),
        "review.counts_balance", is_record_whole=False,
    ),
    Accident(
        "A64", "withdrawal_accepted_by_one", "matched", accept_withdrawal_alone, (_03,),
        "review.approved", check=check_still_out,
    ),
    Accident(
        "A65", "second_id_with_one_key", "matched", approve_under_another_id, (_03,),
        "review.approved", check=say_same_key, twin=approve_as_a_third,
    ),
    Accident(
        "A65", "colleagues_id", "matched", approve_as_somebody_else, (_03,), "review.approved",
        check=say_wrong_signature,
    ),
    Accident(
        "A65", "approved_at_the_terminal", "reviewed", do_nothing,
        (f"recruitlib approve {PARAMETERS} --digest {_DIGEST} {TICKS} --by {STAFF}",),
        error=AwaitingPerson, check=say_same_officer,
    ),
    Accident(
        "A70", "end_cut_off", "reviewed", cut_the_record, _VERIFY, error=IntegrityError,
        check=check_only_the_head_tells,
    ),
    Accident(
        "A70", "line_taken_out", "reviewed", recompute_the_record, _VERIFY, error=IntegrityError,
        check=check_only_the_head_tells,
    ),
)  # fmt: skip
