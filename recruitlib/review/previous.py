"""Previous runs of the same office: their counts beside those of today, and nothing else of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from recruitlib.base.audit import AUDIT_NAME, RUN_NAME, find_latest, list_since_begun, read_entries
from recruitlib.base.counts import ALL, COUNTS_NAME, STEP_BY_NAME, Count, index_counts, read_counts
from recruitlib.base.errors import FormError, IntegrityError, RecruitError
from recruitlib.base.masking import Cell
from recruitlib.base.parameters import BY_NAME, check_parameter, read_yaml
from recruitlib.base.record import check_files, list_expected
from recruitlib.review.balance import PEOPLE
from recruitlib.review.figures import FIGURES_CSV, Figures, read_figures
from recruitlib.review.report import REPORT_CSV, read_report

T = TypeVar("T")
# The figures that are set beside one another, as far as a run has counted them.
_COMPARED = ("applications", "matched", "outside", "cohort", *PEOPLE)
_MOST_SHOWN = 3
_NAMES = ("run_kind", "municipality_code", "fiscal_year", "registry_base_date")
NONE = "同じ自治体の、これより前の基準日で確認まで終えた実行はありません。"


class PreviousRun(NamedTuple):
    """What is taken from an earlier run: counts, with small ones hidden as that run hid them.

    `given` leads from a town and an age to the recipients there. It is empty where the run left no
    count report, and `figures` where it left no figures.
    """

    run_id: str
    fiscal_year: int
    base_date: str
    counts: list[Count]
    given: Mapping[tuple[str, str], Cell]
    figures: Figures

    @property
    def towns(self) -> frozenset[str]:
        """The towns for which the run could show a number of recipients, which is ten or more."""
        return frozenset(town for (town, _), cell in self.given.items() if isinstance(cell, int))


_UNNAMED = "（実行名でないフォルダ）"


class History(NamedTuple):
    """The earlier runs of the same office, oldest first, and what of others could not be read."""

    runs: list[PreviousRun]
    unreadable: list[tuple[str, str]]


def read_history(folder: Path, parameters: Mapping[str, Any]) -> History:
    """Read the runs beside this one that were of the same office and kind, and of an earlier date.

    A folder that cannot be read is named, and never stops the run of today.

    Args:
        folder: of this run.
        parameters: of this run.
    """
    runs: list[PreviousRun] = []
    unreadable: list[tuple[str, str]] = []
    for other in sorted(folder.parent.iterdir()):
        if other == folder:
            continue
        try:
            found = _read_run(other)
        except RecruitError as error:
            # Only a run's name may stand in the record; a folder can be called anything.
            named = not check_parameter(BY_NAME["run_id"], other.name)
            unreadable.append((other.name if named else _UNNAMED, str(error)))
            continue
        if found and _comes_before(found[0], parameters):
            runs.append(found[1])
            unreadable += [(other.name, problem) for problem in found[2]]
    runs.sort(key=lambda run: (run.fiscal_year, run.base_date, run.run_id))
    return History(runs, unreadable)


@contextmanager
def _read_of_run(name: str) -> Iterator[None]:
    """Say in plain words which file of a run cannot be read, whatever an old folder holds.

    Raises:
        IntegrityError: the chain says for itself where it is broken.
        FormError: names the file.
    """
    try:
        yield
    except IntegrityError:
        raise
    except Exception:
        raise FormError(f"{name} が読めないか、決まった形になっていません。") from None


def _read_run(folder: Path) -> tuple[dict[str, Any], PreviousRun, list[str]] | None:
    """Read a run; None when 03 is not complete or was begun anew, or where there is no chain.

    A top-up is set beside no other run: whom it supplies is the rest of its year.

    Returns:
        its parameters, what is taken of it, and what of it is left out, in words.

    Raises:
        RecruitError: the chain is broken, or a file is not what the chain says.
    """
    with _read_of_run(AUDIT_NAME):
        entries = read_entries(folder)
        if find_latest(list_since_begun(entries, "03"), "03", "completed") is None:
            return None
        expected = list_expected(entries)
    for name in (RUN_NAME, COUNTS_NAME):
        _require_file(folder, expected, name)
    with _read_of_run(RUN_NAME):
        frozen = read_yaml(folder / RUN_NAME)
        if frozen.get("02", {}).get("top_up_of"):
            return None
        section = frozen["01"]
        own = {name: section[name] for name in _NAMES}
        year, base_date = int(own["fiscal_year"]), str(own["registry_base_date"])
    with _read_of_run(COUNTS_NAME):
        counts = read_counts(folder)
    left_out: list[str] = []

    def take(
        name: str, encoding: str, read: Callable[[str], dict[T, Cell]], what: str
    ) -> dict[T, Cell]:
        # What an older program did not write yet is not missed.
        try:
            if name in expected:
                _require_file(folder, expected, name)
                with _read_of_run(name):
                    return read((folder / name).read_text(encoding=encoding))
        except FormError as error:
            left_out.append(f"{error}{what}は並べません。")
        return {}

    given = take(REPORT_CSV, "utf-8-sig", read_report, "町の数")
    figures = take(FIGURES_CSV, "utf-8", read_figures, "受付と生まれ月の数")
    return own, PreviousRun(folder.name, year, base_date, counts, given, figures), left_out


def forget_towns(history: History) -> History:
    """Forget by town whom the earlier runs have supplied: a top-up supplies the rest of them."""
    return history._replace(runs=[run._replace(given={}) for run in history.runs])


def _require_file(folder: Path, expected: Mapping[str, str], name: str) -> None:
    """Require that a file is the one that the chain vouches for.

    Raises:
        FormError: names the file.
    """
    if name not in expected:
        raise FormError(f"{AUDIT_NAME} に {name} の記録がありません。")
    with _read_of_run(name):
        problems = check_files(folder, {name: expected[name]})
    if problems:
        raise FormError(problems[0])


def _comes_before(own: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    same = all(own[name] == parameters[name] for name in ("run_kind", "municipality_code"))
    when = [(int(one["fiscal_year"]), str(one["registry_base_date"])) for one in (own, parameters)]
    return same and when[0] < when[1]


def tabulate_history(counts: Sequence[Count], history: History, base_date: str) -> pd.DataFrame:
    """Tabulate the figures of the last runs and of today, with the change since the latest.

    Args:
        counts: of this run, those of 01 and 02 with them.
        base_date: of this run's extract.
    """
    shown = history.runs[-_MOST_SHOWN:]
    known = [index_counts(run.counts) for run in shown]
    today = index_counts(counts)
    counted = {step for _, step in today}
    ages = sorted({cohort for one in (today, *known) for cohort, _ in one} - {ALL})
    names = ["件数", *(f"{run.base_date}（{run.run_id}）" for run in shown), f"今回 {base_date}"]
    names += ["前回からの増減", "増減の率"] if shown else []
    rows: list[tuple[object, ...]] = []
    for step in _COMPARED:
        for age in (ALL,) if (ALL, step) in today else ages if step in counted else ():
            numbers = [one.get((age, step)) for one in (*known, today)]
            change = _tell_changes(*numbers[-2:]) if shown else ()
            label = STEP_BY_NAME[step].label + ("" if age == ALL else f" {age}歳")
            rows.append((label, *("" if number is None else number for number in numbers), *change))
    blanks = ("",) * (len(names) - 2)
    if not shown:
        rows.append(("前回までの実行", NONE))
    rows += [(f"読めない記録 {name}", why, *blanks) for name, why in history.unreadable]
    return pd.DataFrame(rows, columns=names, dtype="object")


def _tell_changes(before: int | None, now: int | None) -> tuple[str, str]:
    if before is None or now is None:
        return "", ""
    return tell_change(before, now), f"{(now - before) / before:+.1%}" if before else "—"


def tell_change(before: Cell, now: Cell) -> str:
    """Tell by how much a count has changed; nothing where one of the two is hidden."""
    if isinstance(before, int) and isinstance(now, int):
        return f"{now - before:+,}"
    return ""


def tell_before(before: Cell, now: Cell) -> str:
    """Tell a count of the previous run in one cell, with the change where both are numbers."""
    written = f"{before:,}" if isinstance(before, int) else before
    change = tell_change(before, now)
    return f"{written}（{change}）" if change else written
