"""Standing opt-outs (翌年度以後も有効な申出): what the register of earlier years carries into this one.

Where the policy says so, an application is in force until two people have taken it out of force:
who applied at 18 is asked for again at 22. Carried is what the application said, and never whom an
earlier year has found: it is matched anew, so that a new name or address goes before people.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pandas as pd

from recruitlib.base.office import Office, open_office, read_header
from recruitlib.base.run import Stage
from recruitlib.base.secrecy import hide_values
from recruitlib.base.traces import remember_terms
from recruitlib.optouts.acts import OUT_OF_FORCE, link_applications, name_acts
from recruitlib.optouts.applications import APPLICATION_COLUMNS, STANDING, Received, read_day
from recruitlib.optouts.register import (
    CONTENT,
    digest_application,
    list_kept_years,
    name_standing,
    read_register,
)

_DESTROYED = "保存期間が終わり、廃棄した年度です。引き継ぐものはありません。"
_NOT_CARRIED = "申出の有効期間はその年度です（optout_validity）。引き継ぎません。"


@hide_values
class Year(NamedTuple):
    """An earlier year's applications: all, those out of force, and the register's lines in force."""

    fiscal_year: int
    applications: int
    ended: int
    carried: pd.DataFrame


def is_standing(stage: Stage) -> bool:
    """Whether applications hold beyond their fiscal year (policy ``optout_validity``)."""
    return str(stage.parameters["optout_validity"]) == STANDING


def carry_standing(stage: Stage, received: Received) -> Received:
    """Join the applications in force of earlier fiscal years to those of a day.

    They are no part of a channel's file, so that its totals and numbers have been asked before; and
    they stay in the register of their year.

    Args:
        stage: 02, 04 or 05 at work.
        received: the day's applications of all channels.

    Returns:
        ``received`` with further ``applications``, of the source ``standing`` and named by year and
        number (standing:2026-0012); ``linked_to`` over all of them. As it was, where the policy
        is another.

    Raises:
        IntegrityError: the table of an earlier year is gone, damaged or has lost lines.
    """
    if not is_standing(stage):
        return received
    today, office = received.applications, _open(stage)
    said = {digest_application(row, office.key.digest_key) for row in today.to_dict("records")}
    carried = [_build_applications(year) for year in read_years(stage, office, said)]
    if not carried:
        return received
    whole = pd.concat([today.drop(columns="linked_to", errors="ignore"), *carried])
    remember_terms(
        stage.folder, stage.key, stage.number,
        pd.concat(carried).rename(columns={"subject_name": "full_name", "subject_address": "address"}),
    )  # fmt: skip
    return received._replace(applications=link_applications(whole.reset_index(drop=True)))


def read_years(stage: Stage, office: Office, said: Collection[str] = ()) -> list[Year]:
    """Read what is in force of the registers of earlier fiscal years.

    What this run itself has noted as ended may be asked again until its labels have left.

    Args:
        stage: 02, 04 or 05 at work.
        office: its open folder.
        said: digests of today's applications: one that stands in both years counts once.
    """
    run_id = str(stage.parameters["run_id"])
    known = set(said)
    years = []
    for year in list_kept_years(office, int(stage.parameters["fiscal_year"]) - 1, stage.today):
        lines = read_register(office, year)
        is_ended = ~lines["ended_by"].isin(["", run_id])
        counts = mark_standing(lines, is_ended)
        carried = lines[counts & ~is_ended & ~lines["digest"].isin(known)]
        known |= set(carried["digest"])
        years.append(Year(year, int(counts.sum()), int((counts & is_ended).sum()), carried))
    return years


def mark_standing(lines: pd.DataFrame, is_ended: pd.Series) -> pd.Series:
    """Mark the lines of a register that say how its applications stand.

    That is the latest line of each. Where it only says that the application is out of force, and
    nobody has decided so, those before stand beside it, back to the one in force: a status that a
    clerk has changed, and perhaps changed back, puts nobody back.

    Args:
        lines: of a fiscal year.
        is_ended: whether two people have taken the application out of force with that line.
    """
    names, acts = lines["number"].astype("str"), name_acts(lines)
    own = counts = ~names.isin(lines["replaces"])
    while own.any():
        undecided = own & ~is_ended & acts.isin(list(OUT_OF_FORCE))
        own = names.isin(lines.loc[undecided, "replaces"])
        counts = counts | own
    return counts


def _open(stage: Stage) -> Office:
    return open_office(
        stage.root, stage.folder, str(stage.parameters["run_id"]), stage.demonstration
    )


def _build_applications(year: Year) -> pd.DataFrame:
    """Build applications of what an earlier year's register holds; all else is read anew."""
    lines = year.carried
    nothing = pd.Series("", index=lines.index, dtype="str")
    built = {name: lines[name] for name in CONTENT} | {
        "application_id": lines["number"].map(
            lambda number: name_standing(year.fiscal_year, number)
        ).astype("str"),
        # The register does not tell a workbook's cell from a typed text; both are a day here.
        "subject_birth_date": lines["subject_birth_text"].map(
            lambda text: read_day(text, from_spreadsheet=True)
        ).astype("str"),
        "source_row": lines["number"],
    }  # fmt: skip
    table = pd.DataFrame({name: built.get(name, nothing) for name in APPLICATION_COLUMNS})
    return table.assign(source=STANDING).astype({"source": "str"})


def tabulate_standing(stage: Stage, received: Received) -> pd.DataFrame:
    """Tabulate by fiscal year what is carried into this one, and what is not and why."""
    columns = [
        "年度",
        "申出",
        "うち効力をなくしたもの",
        "今年度の一覧にもあるもの",
        "引き継ぐもの",
        "備考",
    ]
    if not is_standing(stage):
        return pd.DataFrame([("前年度まで", 0, 0, 0, 0, _NOT_CARRIED)], columns=columns)
    office, names = _open(stage), received.applications["application_id"]
    years = {year.fiscal_year: year for year in read_years(stage, office)}
    rows: list[tuple[object, ...]] = []
    for own in sorted(read_header(office)):
        if own >= int(stage.parameters["fiscal_year"]):
            continue
        if (year := years.get(own)) is None:
            rows.append((f"{own}年度", 0, 0, 0, 0, _DESTROYED))
            continue
        carried = int(names.str.startswith(f"{STANDING}:{own}-").sum())
        repeated = len(year.carried) - carried
        rows.append((f"{own}年度", year.applications, year.ended, repeated, carried, ""))
    rows = rows or [("前年度まで", 0, 0, 0, 0, "前年度までの受付簿は、まだありません。")]
    return pd.DataFrame(rows, columns=columns)
