"""Live panel of the approval: what is approved, the ticks, and the second officer's signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from recruitlib.base.audit import group_digest
from recruitlib.base.decisions import list_people, read_all_decisions
from recruitlib.base.errors import ParameterError
from recruitlib.base.officers import Signer, name_officer
from recruitlib.base.run import Stage
from recruitlib.base.views import mark_unseen, show_live, show_table
from recruitlib.review.approval import Tick
from recruitlib.review.confirmation import (
    Review,
    list_ticks,
    make_approval,
    tabulate_approval,
)
from recruitlib.review.panel_parts import (
    STYLE,
    Message,
    SignIn,
    is_session,
    make_button,
    make_keys,
    name_command,
)

_FIRST = (
    "事例がすべて決まり、確かめられた後に、作業した人・決めた人と別の職員が承認します。"
    "職員番号と合言葉を入れ、「サインイン」を押すと、承認するものを表示します。"
)
NEXT = (
    "次に、メニューの「ファイル」→「シャットダウン」でこの画面を終え、recruitlib run に --from 03 を付けて"
    "実行してください（記録のための 03 が作られ、04 に進みます）。"
)
_STALE = (
    "この画面を開いた後に事例が決まり、上の表と図が古くなりました。メニューの「実行」→「すべてのセルを実行」を"
    "もう一度押し、新しい件数を見てから承認してください。"
)
# What of the parameters the officer reads beside the numbers.
_TOLD = {
    "request_number": "依頼の番号",
    "request_date": "依頼の日付",
    "registry_base_date": "抽出の基準日",
    "optout_deadline": "除外申出の締切",
}


def show_approval(stage: Stage, review: Review) -> None:
    """Show the approval as a live panel in a session of ``recruitlib review``; else only say where.

    Args:
        stage: notebook 03.
        review: what would be approved, and what the tables above it show.
    """
    if not is_session():
        print(f"承認は、{name_command(stage)} の画面か recruitlib approve で行います。")
        return
    show_live(ApprovalPanel(stage, review).widget, "承認の画面")


def is_current(stage: Stage, review: Review) -> bool:
    """Whether no decision was made after the notebook has prepared the review."""
    now = [own.cases for own in read_all_decisions(stage.root, stage.parameters)]
    return now == [own.cases for own in review.all_decisions]


def tabulate_subject(stage: Stage, review: Review, signer: Signer) -> pd.DataFrame:
    """Tabulate what an officer approves, and who has worked, decided and confirmed."""

    def name(staff_ids: Sequence[str]) -> str:
        names = [name_officer(review.decisions.officers, staff_id) for staff_id in staff_ids]
        return "、".join(names) or "（事例なし）"

    told = [(label, str(stage.parameters[code])) for code, label in _TOLD.items()]
    confirmed = int((review.cases["problem"] == "").sum())
    people = [
        ("決めて確かめた事例", f"{len(review.cases)}件のうち {confirmed}件"),
        ("作業した人", name([stage.parameters["operator"]])),
        ("事例を決めた人", name(list_people(review.all_decisions, "decided_by"))),
        ("事例を確かめた人", name(list_people(review.all_decisions, "confirmed_by"))),
        ("承認する人", name([signer.officer.staff_id])),
    ]
    own = tabulate_approval(review)
    return pd.concat(
        [pd.DataFrame(rows, columns=own.columns) for rows in (told, own.to_numpy(), people)]
    )


def approve(
    stage: Stage, review: Review, signer: Signer, ticked: Sequence[str], ticks: Sequence[Tick]
) -> str:
    """Approve exactly what was shown.

    Args:
        stage: notebook 03.
        review: what was shown.
        signer: who approves.
        ticked: the codes of the lines that the officer has ticked.
        ticks: the lines as they were shown.

    Returns:
        what was done and what comes next, in words.

    Raises:
        AwaitingPerson: a case is open, a tick is missing, or the officer worked or decided.
        ParameterError: a decision was changed since it was shown.
    """
    if not is_current(stage, review):
        raise ParameterError(_STALE)
    approval = make_approval(stage, review, signer, ticked, ticks)
    return f"承認しました（承認の値 {group_digest(approval.digest)}）。{NEXT}"


class ApprovalPanel:
    """The panel: the review that is shown, and the officer who approves it."""

    def __init__(self, stage: Stage, review: Review) -> None:
        import ipywidgets

        self._stage, self._review = stage, review
        self._message = Message()
        self._sign_in = SignIn(stage, self._message, self._begin, "approval_shown")
        self._table = ipywidgets.HTML("")
        self._table.add_class("rl-subject")
        self._ticks: list[Tick] = []
        self._boxes: dict[str, Any] = {}
        self._body = ipywidgets.VBox([])
        self._button = make_button("1 承認する", "approve", self._press)
        self._button.add_class("rl-main")
        self.widget = ipywidgets.VBox([
            ipywidgets.HTML(STYLE), ipywidgets.HTML(f"<p>{_FIRST}</p>"), self._sign_in.widget,
            self._body, self._message.widget, make_keys(),
        ])  # fmt: skip
        self.widget.add_class("rl-panel")
        self.widget.add_class("rl-approval")

    def _begin(self) -> None:
        import ipywidgets

        signer = self._sign_in.signer
        if signer is None:
            self._body.children, self._table.value = [], ""
            self._ticks, self._boxes = [], {}
            return
        if not is_current(self._stage, self._review):
            # The tables above would say something else than what is approved.
            self._table.value = f"<p><b>{_STALE}</b></p>"
            self._body.children = [self._table]
            return
        subject = tabulate_subject(self._stage, self._review, signer)
        self._table.value = str(show_table(subject, "承認するもの").data).replace(
            "<table>", '<table class="rl-table">', 1
        )
        self._ticks, self._boxes = list_ticks(self._stage, self._review), {}
        for tick in self._ticks:
            box = ipywidgets.Checkbox(False, description=mark_unseen(tick.text), indent=False)
            box.add_class(f"rl-tick-{tick.code}")
            self._boxes[tick.code] = box
        self._body.children = [self._table, *self._boxes.values(), self._button]

    def _press(self) -> None:
        signer = self._sign_in.signer
        if signer is None:
            return
        ticked = [code for code, box in self._boxes.items() if box.value]
        self._message.attempt(
            lambda: approve(self._stage, self._review, signer, ticked, self._ticks)
        )
