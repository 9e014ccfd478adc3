"""Supplied before (提供済み): who was handed over in this fiscal year already, by another run.

The office keeps no names of them, but keyed digests of the id, and of name and birth date. A top-up
(追加の実行) leaves these people out; any other run in which somebody of them stands stops.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from recruitlib.base.errors import IntegrityError
from recruitlib.base.office import has_office, open_office
from recruitlib.base.progress import show_progress
from recruitlib.base.run import Stage, ask_guard, read_private_table
from recruitlib.base.supplies import (
    Supply,
    digest_named,
    digest_resident,
    digest_supply,
    is_kept,
    list_told,
    read_supplies,
)

SUPPLIED_COLUMNS = ("addressee_id", "known_by")
NOBODY = pd.DataFrame([], columns=list(SUPPLIED_COLUMNS), dtype="str")
_KNOWN_BY = {"id": "宛名番号", "name": "氏名と生年月日（宛名番号は違います）"}


def find_supplied_before(stage: Stage, people: pd.DataFrame) -> pd.DataFrame:
    """Find who was handed over in this fiscal year by another run.

    Somebody who moved out and in again may stand under another id, so that name and birth date
    are looked at as well; on their loosest key, since nobody is harmed by being left out.

    Args:
        stage: 02 or 05 at work.
        people: addressee_id, full_name and birth_date.

    Returns:
        one row for each of them (``SUPPLIED_COLUMNS``), in the order of ``people``; ``known_by``
        is id or name.

    Raises:
        IntegrityError: what the office keeps of this year is gone, has lost lines, or is not what
            the records of the runs say.
    """
    return _find(people, *_read_others(stage))


def _find(people: pd.DataFrame, supplies: list[Supply], key: bytes) -> pd.DataFrame:
    known = {str(digest) for own in supplies for _, *digests in own.labels for digest in digests}
    rows = []
    if known:
        for person, name, birth in people[["addressee_id", "full_name", "birth_date"]].itertuples(
            index=False, name=None
        ):
            if digest_resident(person, key) in known:
                rows.append((person, "id"))
            elif digest_named(name, birth, key) in known:
                rows.append((person, "name"))
    return pd.DataFrame(rows, columns=list(SUPPLIED_COLUMNS), dtype="str")


def _read_others(stage: Stage) -> tuple[list[Supply], bytes]:
    """Read what the other runs of this fiscal year have handed over, and the key of the digests."""
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    if not has_office(stage.root, stage.demonstration):
        _require_kept(stage, {})
        return [], b""
    office = open_office(stage.root, stage.folder, run_id, stage.demonstration)
    kept = read_supplies(office, year)
    _require_kept(stage, {digest_supply(own, office): own for own in kept})
    return [own for own in kept if own.run_id != run_id], office.key.digest_key


def _require_kept(stage: Stage, known: Mapping[str, Supply]) -> None:
    """Require that the office keeps what every run of this year says that it has kept.

    From an older backup of the register somebody would be supplied twice. Of this run 05 keeps it
    anew, and a demonstration may be run again elsewhere under its name.
    """
    run_id, year = str(stage.parameters["run_id"]), int(stage.parameters["fiscal_year"])
    own_year = [
        told
        for told in list_told(stage.root, stage.demonstration)
        if told.folder != stage.folder
        and not (stage.demonstration and told.run_id == run_id)
        and told.fiscal_year in (0, year)
    ]
    for told in own_year:
        name = told.folder.relative_to(stage.root).as_posix()
        if told.entries is None:
            raise IntegrityError(
                f"実行 {name} の記録が壊れていて、誰を提供したか確かめられません。recruitlib verify {name} で確かめ、"
                "バックアップから戻してください。"
            )
        if not is_kept(told, known):
            raise IntegrityError(
                f"実行 {name} の提供の控えが、受付簿のフォルダ（register）にないか、実行の記録と合いません。同じ人を二度提供する"
                "おそれがあります。最も新しいバックアップから register を戻してください（その実行の 05 が途中で切れたときは、"
                "先に 05 をやり直してください）。"
            )


@show_progress("この年度にすでに提供した人を調べています")
def ask_supplied(stage: Stage) -> pd.DataFrame:
    """Ask whether nobody is supplied twice in a fiscal year.

    A top-up (``top_up_of``) leaves out whoever was supplied; the runs that it names must have
    handed over. In any other run nobody of the cohort may have been supplied.

    Returns:
        who is left out, as of ``find_supplied_before``.

    Raises:
        GuardError: somebody was supplied before and the run is no top-up, or it names a run of
            which the office keeps nothing.
    """
    supplies, key = _read_others(stage)
    found = _find(read_private_table(stage, "cohort"), supplies, key)
    named = [str(name) for name in stage.parameters["top_up_of"]]
    handed = {own.run_id for own in supplies}
    problems = [
        f"top_up_of の実行 {name} は、提供の控えにありません。実行名と年度を確かめ、先にその実行の 05 を終えてください。"
        for name in named
        if name not in handed
    ]
    if len(found) and not named:
        problems.append(
            f"この年度にすでに提供した人が {len(found):,} 人、募集対象者にいます。追加の提供なら、parameters の top_up_of に"
            f"提供した実行（{'・'.join(sorted(handed))}）を書き、01 からやり直してください。"
        )
    ask_guard(stage, "cohort.not_supplied", problems, f"すでに提供した人 {len(found):,} 人")
    return found


def tabulate_supplied(supplied: pd.DataFrame) -> pd.DataFrame:
    """Tabulate how many people are left out since they were supplied before, and how it is known."""
    counts = supplied["known_by"].value_counts()
    rows = [(words, int(counts.get(name, 0))) for name, words in _KNOWN_BY.items()]
    return pd.DataFrame([*rows, ("計", len(supplied))], columns=["すでに提供した人", "人数"])
