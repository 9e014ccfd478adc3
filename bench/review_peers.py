"""How a notebook usually shows cases: beside the review panel, in the same JupyterLab.

Both peers show less than the panel does (no marks of what differs, no signature, no record) and
look the people up as one does with pandas. They hold people in the notebook's outputs: this is
for invented ones only.
"""

from __future__ import annotations

from typing import Any

import ipywidgets
from IPython.display import HTML, display

from recruitlib.base.choices import DECISION_LABELS, DECISIONS, REASONS, list_decisions
from recruitlib.review.confirmation import Review

TYPED = ["subject_name", "subject_kana", "subject_birth_text", "subject_address"]
REGISTERED = ["full_name", "full_name_kana", "birth_date", "address", "building"]


def _tabulate(review: Review, case: dict[Any, Any]) -> str:
    """Write an application above its candidates as one HTML table, by pandas."""
    applications, candidates, cohort = review.applications, review.candidates, review.cohort
    own = applications[applications["application_id"] == case["application_id"]][TYPED]
    near = candidates[candidates["application_id"] == case["application_id"]]
    ids = [case["addressee_id"], *near["addressee_id"]]
    people = cohort[cohort["addressee_id"].isin(ids)][REGISTERED]
    return own.to_html(index=False) + people.to_html(index=False)


def _make_fields(case: dict[Any, Any]) -> list[Any]:
    offered = list_decisions(case["kind"], case["choices"])
    reasons = [REASONS[code] for name in offered for code in DECISIONS[case["kind"]][name]]
    return [
        ipywidgets.Dropdown(options=["", *(DECISION_LABELS[name] for name in offered)]),
        ipywidgets.Dropdown(options=["", *dict.fromkeys(reasons)]),
        ipywidgets.Dropdown(options=range(case["choices"] + 1)),
        ipywidgets.Text(),
    ]


def show_all_at_once(review: Review) -> None:
    """Show all cases with all their candidates as one table, to be decided somewhere else."""
    cases = review.cases.merge(review.candidates, on="application_id", how="left")
    cases = cases.merge(review.applications[["application_id", *TYPED]], on="application_id")
    people = review.cohort[["addressee_id", *REGISTERED]]
    table = cases.merge(
        people, left_on="addressee_id_y", right_on="addressee_id", how="left"
    )[["case", *TYPED, *REGISTERED]].to_html(index=False)  # fmt: skip
    display(HTML(f'<div class="peer-all">{table}</div>'))


def show_anew(review: Review) -> None:
    """Show one case at a time in an output that is cleared and filled anew for each."""
    cases = review.cases.to_dict("records")
    page = ipywidgets.Output()
    at = 0

    def show(step: int) -> None:
        nonlocal at
        at += step
        with page:
            page.clear_output(wait=True)
            button = ipywidgets.Button(description="次へ")
            button.add_class("peer-next")
            button.on_click(lambda _: show(1))
            told = f'<b class="peer-at">{at + 1} / {len(cases)}</b>'
            table = HTML(f"{told}<div>{_tabulate(review, cases[at])}</div>")
            display(table, ipywidgets.HBox(_make_fields(cases[at])), button)

    display(page)
    show(0)
