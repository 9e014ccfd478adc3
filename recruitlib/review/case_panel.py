"""Live panel of the cases: one at a time, decided by one officer and confirmed by another.

Nothing of a person is in any widget before an officer has signed in, and nothing afterwards when
the officer has signed out; the notebook keeps one fixed sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recruitlib.base.choices import DECISION_LABELS, DECISIONS, KIND_LABELS, REASONS, list_decisions
from recruitlib.base.decisions import (
    Decisions,
    read_note,
    read_own_decisions,
    tell_decision,
)
from recruitlib.base.errors import RecruitError
from recruitlib.base.officers import Signer
from recruitlib.base.run import Stage, read_private_table
from recruitlib.base.vault import opening
from recruitlib.base.views import show_live
from recruitlib.review import case_desk
from recruitlib.review.case_desk import ALL, FILTERS, HELD, OPEN, WAITING, Form
from recruitlib.review.case_page import render_case
from recruitlib.review.casebook import Casebook, CaseView, gather_case, open_casebook
from recruitlib.review.confirmation import Review
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
    "職員番号と合言葉を入れ、「サインイン」を押すと、事例を表示します。決めた内容は一件ごとに保存されます。"
    "ボタンは、その前の数字のキーでも（文字を入れる欄では働きません）、Tab で移ってスペースでも押せます。"
)
_CHOOSE = ("（理由を選ぶ）", "")


def show_cases(stage: Stage, review: Review) -> None:
    """Show the cases as a live panel in a session of ``recruitlib review``; elsewhere show nobody.

    Args:
        stage: notebook 03.
        review: what is reviewed.
    """
    if not is_session() or review.cases.empty:
        print(
            f"事例 {len(review.cases)} 件。内容は、{name_command(stage)} の画面か "
            "recruitlib cases で見られます。"
        )
        return
    show_live(CasePanel(stage, review).widget, "事例の画面")


class CasePanel:
    """The panel: what is shown, and which officer acts."""

    def __init__(self, stage: Stage, review: Review) -> None:
        import ipywidgets

        self._stage, self._review = stage, review
        self._book: Casebook
        self._numbers: list[int] = []
        self._at = 0
        # The signature of the decision that was shown beside each case seen.
        self._seen: dict[int, str] = {}
        self._view: CaseView | None = None
        self._message = Message()
        self._sign_in = SignIn(stage, self._message, self._begin, "cases_shown")
        self._page = ipywidgets.HTML("")
        self._page.add_class("rl-page")
        self._progress = ipywidgets.HTML("")
        self._progress.add_class("rl-progress")
        self._bar = ipywidgets.IntProgress(0, min=0, max=1, layout={"width": "120px"})
        self._make_fields()
        self._make_buttons()
        self._first = ipywidgets.HTML(f"<p>{_FIRST}</p>")
        self._bars, self._fields, self._buttons = (ipywidgets.HBox([]) for _ in range(3))
        self._line = ipywidgets.HBox([self._message.widget])
        foot = ipywidgets.VBox([self._line, self._fields, self._buttons])
        foot.add_class("rl-foot")
        self.widget = ipywidgets.VBox([
            ipywidgets.HTML(STYLE), self._first,
            ipywidgets.HBox([self._sign_in.widget, self._bars]), self._page, foot, make_keys(),
        ])  # fmt: skip
        self.widget.add_class("rl-panel")
        self.widget.add_class("rl-case")

    def _make_fields(self) -> None:
        import ipywidgets

        states = [(words, state) for state, words in FILTERS.items()]
        kinds = list(dict.fromkeys(self._review.cases["kind"]))
        named = [("すべての種類", ""), *((KIND_LABELS[kind], kind) for kind in kinds)]
        self._filter = ipywidgets.Dropdown(options=states, value=ALL, description="絞り込み")
        self._kind = ipywidgets.Dropdown(options=named, value="", description="種類")
        self._pick = ipywidgets.Dropdown(options=[("（候補を選ぶ）", 0)], description="本人")
        self._also = ipywidgets.SelectMultiple(options=[], description="ほかにも当たる候補", rows=2)
        self._reason = ipywidgets.Dropdown(options=[_CHOOSE], description="理由")
        self._note = ipywidgets.Text(
            description="備考", continuous_update=False, placeholder="書かなくてよい"
        )
        self._tick = ipywidgets.Checkbox(
            False, description="氏名も生年月日も一致しない人であることを見て、確かめた", indent=False,
            layout={"width": "auto"},
        )  # fmt: skip
        for field, name in (
            (self._filter, "filter"), (self._kind, "kind"), (self._pick, "pick"),
            (self._also, "also"), (self._reason, "reason"), (self._note, "note"),
            (self._tick, "tick-doubt"),
        ):  # fmt: skip
            field.add_class(f"rl-{name}")
        self._filter.observe(lambda _: self._message.attempt(self._refilter), "value")
        self._kind.observe(lambda _: self._message.attempt(self._refilter), "value")

    def _make_buttons(self) -> None:
        self._choices = {
            name: make_button(label, f"choice-{name}", self._choose(name))
            for name, label in DECISION_LABELS.items()
        }
        for button in self._choices.values():
            button.add_class("rl-main")
        self._hold = make_button("3 保留", "hold", self._press_hold)
        self._back = make_button("4 前へ", "back", lambda: self._move(-1))
        self._next = make_button("5 次へ", "next", lambda: self._move(1))
        self._confirm = make_button("6 確かめた", "confirm", self._press_confirm)
        self._undo = make_button("0 取り消す", "undo", self._press_undo)
        self._bulk = make_button(
            "一人に定まった申出を、見た分だけまとめて確かめた", "confirm-seen", self._press_bulk
        )

    def _begin(self) -> None:
        """Begin anew for the officer who has signed in; without one clear everything."""
        self._seen = {}
        signer = self._sign_in.signer
        if signer is None:
            self._view = None
            self._page.value = self._progress.value = self._note.value = ""
            self._reason.options, self._also.options = [_CHOOSE], []
            self._pick.options = [("（候補を選ぶ）", 0)]
            self._bars.children = self._fields.children = self._buttons.children = []
            self._line.children = [self._message.widget]
            self._first.layout.display = None
            return
        self._first.layout.display = "none"
        self._open_book(signer)
        self._refilter()

    def _open_book(self, signer: Signer) -> None:
        """Open what the cases are made of, in the name of the officer who has signed in."""
        stage, review = self._stage, self._review
        with opening("事例の画面", signer.officer.staff_id):
            tables = {name: read_private_table(stage, name) for name in ("matches", "near")}
        tables |= {
            "applications": review.applications, "candidates": review.candidates,
            "cohort": review.cohort,
        }  # fmt: skip
        place = (stage.parameters["prefecture"], stage.parameters["municipality"])
        self._book = open_casebook(review.cases, tables, place)

    def _refilter(self) -> str:
        signer = self._sign_in.signer
        if signer is None:
            return ""
        decisions, states = self._read(), self._list_states()
        self._numbers = case_desk.list_numbers(
            self._book.cases, states, self._filter.value, self._kind.value
        )
        staff_id = signer.officer.staff_id
        self._at = case_desk.find_first(self._numbers, states, decisions, staff_id)
        self._show()
        return ""

    def _read(self) -> Decisions:
        return read_own_decisions(self._stage, case_desk.FILE)

    def _list_states(self) -> dict[int, str]:
        held = case_desk.read_held(self._stage)
        return case_desk.list_states(self._book.cases, self._read(), held)

    def _show(self) -> None:
        """Show the case at hand, with an empty form."""
        self._bars.children = [self._filter, self._kind]
        # In the foot, which stays in view however long the case is.
        self._line.children = [self._progress, self._bar, self._message.widget]
        at = self._at + 1 if self._numbers else 0
        self._progress.value = f"{at} / {len(self._numbers)}"
        if not self._numbers:
            self._view = None
            self._page.value = "この絞り込みに当たる事例はありません。"
            self._fields.children = self._buttons.children = []
            return
        self._view = view = gather_case(self._book, self._numbers[self._at])
        self._fill(view)
        self._fields.children = self._list_fields(view)
        self._buttons.children = [
            *self._list_choices(view), self._hold, self._back, self._next, self._confirm, self._undo,
            *([self._bulk] if case_desk.is_listed(view.case) else []),
        ]  # fmt: skip
        self._tell()

    def _fill(self, view: CaseView) -> None:
        case = view.case
        numbers = [(f"候補 {number}", number) for number in range(1, case["choices"] + 1)]
        self._pick.options = [("（候補を選ぶ）", 0), *numbers]
        self._pick.value = 1 if len(numbers) == 1 else 0
        self._also.options = numbers
        self._reason.options = [_CHOOSE, *_list_reasons(case)]
        self._reason.value, self._note.value, self._tick.value = "", "", False

    def _list_fields(self, view: CaseView) -> list[Any]:
        fields = [self._pick] if view.case["choices"] else []
        fields += [self._also] if view.case["choices"] > 1 else []
        fields += [self._reason, self._note]
        return fields + ([self._tick] if any(one.doubtful for one in view.residents) else [])

    def _list_choices(self, view: CaseView) -> list[Any]:
        names = list_decisions(view.case["kind"], view.case["choices"])
        for place, name in enumerate(names, start=1):
            self._choices[name].description = f"{place} {DECISION_LABELS[name]}"
        return [self._choices[name] for name in names]

    def _tell(self) -> None:
        """Tell what was decided of the case at hand, and offer what can be done now."""
        if self._view is None:
            return
        decisions = self._read()
        states = self._list_states()
        # The bar is full when everything is decided and confirmed, whichever case is looked at.
        self._bar.max, self._bar.value = len(states), list(states.values()).count(case_desk.DONE)
        case = self._view.case
        decision = decisions.cases.get(case["case"])
        state = case_desk.find_state(case, decisions, case_desk.read_held(self._stage))
        told = tell_decision(case, decisions)
        if state == HELD:
            told = f"{FILTERS[HELD]}（{told}）"
        if decision and (note := read_note(self._stage.key, decision)):
            told = f"{told}。備考: {note}"
        self._page.value = render_case(self._view, told)
        signature = case_desk.get_signature(case, decisions)
        if self._seen.get(case["case"]) != signature:
            self._tick.value = False  # it was given to another decision
        self._seen[case["case"]] = signature
        for button in (*self._choices.values(), self._hold):
            button.disabled = state not in (OPEN, HELD)
        self._confirm.disabled = state != WAITING
        self._undo.disabled = decision is None

    def _move(self, step: int) -> None:
        if self._sign_in.signer is None or not self._numbers:
            return
        at = self._at + step
        if at not in range(len(self._numbers)):
            end = "最後" if step > 0 else "最初"
            self._message.attempt(lambda: f"これが{end}の事例です。{self._summarize()}")
            return
        self._at = at

        def show() -> str:
            self._show()
            return ""

        self._message.attempt(show)

    def _summarize(self) -> str:
        return case_desk.tell_rest(self._list_states())

    def _choose(self, name: str) -> Callable[[], None]:
        def press() -> None:
            form = Form(
                name, self._reason.value, self._pick.value, tuple(self._also.value),
                self._note.value, self._tick.value,
            )  # fmt: skip
            self._act(
                lambda view, signer: case_desk.save_decision(self._stage, view, form, signer), True
            )

        return press

    def _press_hold(self) -> None:
        self._act(lambda view, signer: case_desk.hold_case(self._stage, view, signer), True)

    def _press_confirm(self) -> None:
        ticked = self._tick.value

        def confirm(view: CaseView, signer: Signer) -> str:
            shown = self._seen[view.case["case"]]
            return case_desk.save_confirmation(self._stage, view, shown, ticked, signer)

        self._act(confirm, True)

    def _press_undo(self) -> None:
        self._act(lambda view, signer: case_desk.take_back(self._stage, view, signer), False)

    def _press_bulk(self) -> None:
        seen = [
            (gather_case(self._book, number), self._seen[number]) for number in sorted(self._seen)
        ]
        self._act(lambda _, signer: case_desk.save_confirmations(self._stage, seen, signer), False)

    def _act(self, act: Callable[[CaseView, Signer], str], moves: bool) -> None:
        """Do something with the case at hand, say what came of it, and go on to the next case."""
        view, signer = self._view, self._sign_in.signer
        if view is None or signer is None:
            return

        def do() -> str:
            try:
                told = act(view, signer)
            except RecruitError:
                # What stands there now may be another officer's work.
                self._tell()
                raise
            if moves and self._at + 1 < len(self._numbers):
                self._at += 1
                self._show()
                return told
            self._tell()
            return f"{told}{self._summarize()}" if moves else told

        self._message.attempt(do)


def _list_reasons(case: Any) -> list[tuple[str, str]]:
    """List the reasons of a case, each with the decisions that it can stand behind."""
    names = list_decisions(case["kind"], case["choices"])
    behind: dict[str, list[str]] = {}
    for name in names:
        for code in DECISIONS[case["kind"]][name]:
            behind.setdefault(code, []).append(str(names.index(name) + 1))
    return [(f"{REASONS[code]}（{'・'.join(keys)}）", code) for code, keys in behind.items()]
