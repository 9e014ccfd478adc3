"""Changes (差引・再印刷・汚損): what two officers do to the serials between the print and the hand-over.

One officer prepares an act and is shown a value; a second one repeats it with that value. Both times
everything is found anew, so that what is executed is what was prepared, on this day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from recruitlib.base.audit import (
    append_entry,
    digest_keyed,
    group_digest,
    read_entries,
)
from recruitlib.base.errors import AwaitingPerson, ParameterError
from recruitlib.base.heads import note_head
from recruitlib.base.officers import Signer, read_officers
from recruitlib.base.open_run import hold_unsupplied
from recruitlib.base.run import Stage, ask_guard, read_private_table
from recruitlib.base.secrecy import hide_values
from recruitlib.base.serial_acts import (
    ACTS,
    CHANGED,
    PROPOSED,
    REPRINT_REASONS,
    describe_act,
    find_proposal,
    list_changes,
    name_lot,
    name_serials,
    sign_confirmation,
    sign_proposal,
)
from recruitlib.base.signatures import SignedRun
from recruitlib.base.tables import write_table
from recruitlib.base.traces import remember_terms
from recruitlib.base.vault import PRIVATE, write_private
from recruitlib.handover.blanks import blank_lots, replace_lots, write_locked
from recruitlib.handover.delta import digest_delta
from recruitlib.handover.duties import read_duties
from recruitlib.handover.handover_day import (
    HandoverDay,
    compare_labels,
    list_today,
    look_at_today,
    tell_attested,
)
from recruitlib.handover.serials import (
    RENEWABLE,
    Ledger,
    list_latest,
    list_live,
    read_ledger,
    reprint_serials,
    spoil_serials,
    void_serials,
)
from recruitlib.handover.sources import note_used
from recruitlib.labels.lots import LABEL_COLUMNS
from recruitlib.labels.reissue import make_reprint
from recruitlib.registry.extract import RESIDENT_COLUMNS


@hide_values
class Act(NamedTuple):
    """An act as it stands today: what it is about, the ledger after it, and what both sign.

    ``pulled`` are the labels that it ends, by sheet and position; ``attested`` for which sources of
    the day who attested that nothing came since; ``renewable`` the serials whose people have no
    label after it and could have a new one, each with the reason of its reprint where the person
    moved or was renamed, and "" where not; ``lot`` and ``files`` what a reprint prints, with the
    serial that each label replaces.
    """

    act: str
    serials: list[int]
    reason: str
    digest: str
    ledger: Ledger
    pulled: pd.DataFrame
    attested: tuple[tuple[str, str], ...] = ()
    renewable: Mapping[int, str] = MappingProxyType({})
    lot: pd.DataFrame | None = None
    files: Mapping[str, bytes] = MappingProxyType({})


def plan_delta(stage: Stage) -> Act:
    """Plan to void every live label whose person must not be handed over today.

    Raises:
        AwaitingPerson: a new application must go before a person first.
    """
    note_used(stage)
    day = look_at_today(stage)
    ledger = day.ledger
    compared = compare_labels(stage, day)
    void = compared.void
    after = void_serials(ledger.table, void["serial"])
    found = digest_delta(void, ledger.table, stage.key.digest_key)
    return Act(
        "delta", [int(serial) for serial in void["serial"]], "",
        _digest(stage, "delta", found, day.attested), ledger._replace(table=after), void,
        day.attested, compared.renewable,
    )  # fmt: skip


def plan_spoil(stage: Stage, serials: Sequence[int]) -> Act:
    """Plan to end live labels that were torn up before two people.

    Raises:
        ParameterError: a serial was never printed, or has ended already.
    """
    ledger = read_ledger(stage)
    after = spoil_serials(ledger.table, serials)
    return Act(
        "spoil", sorted(serials), "", _digest(stage, "spoil", _tell(ledger), sorted(serials)),
        ledger._replace(table=after), _select(ledger.table, serials),
    )  # fmt: skip


def plan_reprint(stage: Stage, serials: Sequence[int], reason: str) -> Act:
    """Plan to print labels again under new serials, at today's address and with today's name.

    Raises:
        ParameterError: a serial was never printed or is printed again already, or the reason does
            not fit.
        AwaitingPerson: somebody must not be printed today.
        OutputError: a label cannot be printed.
    """
    _require_reason(stage, reason)
    _require_newest(read_ledger(stage), serials)
    note_used(stage)
    day = look_at_today(stage)
    ledger = day.ledger
    compared = compare_labels(stage, day)
    barred = sorted(set(serials) - set(compared.reprintable))
    ask_guard(
        stage, "handover.delta_settled",
        # The reason is not told: it would tell of a death or of a protective measure.
        [f"通番 {name_serials(barred)} の人は、今日は印刷できません（理由は示しません）。"
         "手元にあれば recruitlib delta で取り消してください。"]
        if barred else [],
        f"再印刷 {len(serials):,}枚。{tell_attested(day.attested)}",
    )  # fmt: skip
    other = [serial for serial in serials if compared.changed.get(serial) != reason]
    if reason in RENEWABLE.values() and other:
        raise ParameterError(
            f"通番 {name_serials(other)} の印刷の後の異動は、{REPRINT_REASONS[reason]}ではありません。通番を確かめ、"
            "理由は recruitlib delta が通番ごとに示すものを書いてください。"
        )
    old = _select(ledger.table, serials)
    people = _list_people(stage, day, old)
    number = 1 + sum(own["act"] == "reprint" for own in list_changes(read_entries(stage.folder)))
    first = 1 + int(ledger.table["serial"].max())
    made = make_reprint(stage, people, name_lot(number), first, _list_excluded(stage, day))
    lot = _describe_lot(made.labels, people, old)
    printed = pd.concat([ledger.printed, lot[ledger.printed.columns]], ignore_index=True)
    rows = lot[["serial", "replaces", *RESIDENT_COLUMNS]].astype("str").values.tolist()
    return Act(
        "reprint", sorted(serials), reason,
        _digest(stage, "reprint", reason, _tell(ledger), rows, day.attested),
        Ledger(reprint_serials(ledger.table, lot), printed),
        _select(list_live(ledger.table), serials), day.attested, {}, lot, made.files,
    )  # fmt: skip


def _require_reason(stage: Stage, reason: str) -> None:
    if reason not in REPRINT_REASONS:
        told = "、".join(f"{code}={name}" for code, name in REPRINT_REASONS.items())
        raise ParameterError(f"--reason: 理由の符号を書いてください（{told}）。")
    run_id = stage.parameters["run_id"]
    duties = read_duties(stage.root, stage.demonstration)
    if reason == "lost" and not any(
        duty.kind == "incident" and duty.run_id == run_id and not duty.settled_on for duty in duties
    ):
        raise ParameterError(
            "紛失は事故です。先に recruitlib duty add --kind incident --run "
            f"{run_id} で義務の簿冊に書き、管理者に知らせてから、再印刷してください。"
        )


def _require_newest(ledger: Ledger, serials: Sequence[int]) -> None:
    table = ledger.table
    if unknown := set(serials) - set(table["serial"]):
        raise ParameterError(f"通番 {name_serials(unknown)} は、この実行で印刷していません。")
    if older := set(serials) - set(list_latest(table)["serial"]):
        raise ParameterError(
            f"通番 {name_serials(older)} は、もう再印刷しています。新しい通番を書いてください。"
        )


def _select(table: pd.DataFrame, serials: Sequence[int]) -> pd.DataFrame:
    return table.loc[table["serial"].isin(serials), list(LABEL_COLUMNS)].reset_index(drop=True)


def _list_people(stage: Stage, day: HandoverDay, labels: pd.DataFrame) -> pd.DataFrame:
    """List the people of labels as the registry has them today, each with the cohort of the print."""
    now = list_today(day, labels["addressee_id"])
    remember_terms(stage.folder, stage.key, stage.number, now)
    ages = labels[["addressee_id", "cohort"]]
    return now[list(RESIDENT_COLUMNS)].merge(ages, on="addressee_id", validate="one_to_one")


def _list_excluded(stage: Stage, day: HandoverDay) -> pd.DataFrame:
    """List the rows of everybody of the cohort who is excluded by 03, or must not be printed today."""
    cohort, excluded = (read_private_table(stage, name) for name in ("cohort", "excluded"))
    barred = {*excluded["addressee_id"], *day.protected, *day.opted_out, *day.supplied}
    return cohort[cohort["addressee_id"].isin(barred)]


def _describe_lot(labels: pd.DataFrame, people: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """Describe a reprint's labels: where each stands, which serial it replaces, and what it says."""
    replaced = old[["addressee_id", "serial"]].rename(columns={"serial": "replaces"})
    with_old = labels[list(LABEL_COLUMNS)].merge(replaced, on="addressee_id", validate="one_to_one")
    return with_old.merge(
        people.drop(columns="cohort"), on="addressee_id", validate="one_to_one"
    ).sort_values("serial", ignore_index=True)


def _tell(ledger: Ledger) -> list[list[object]]:
    return list(ledger.table[["serial", "addressee_id", "state"]].values.tolist())


def _digest(stage: Stage, *content: object) -> str:
    """Digest what an act rests on with the run's key, so that its value fits nothing else."""
    return digest_keyed(stage.key.digest_key, json.dumps(content, ensure_ascii=False).encode())


def propose_act(stage: Stage, act: Act, signer: Signer) -> str:
    """Prepare an act, signed by the officer who does.

    Returns:
        the value with which a second officer executes it.

    Raises:
        AwaitingPerson: another act or the end of 05 is at work.
        GuardError: 05 has ended since the run was opened.
    """
    facts = sign_proposal(_describe(stage, act), signer)
    with hold_unsupplied(stage.folder):
        append_entry(stage.folder, stage.number, PROPOSED, attested=dict(act.attested), **facts)
        note_head(stage.folder)
    return group_digest(act.digest)


def _describe(stage: Stage, act: Act) -> dict[str, object]:
    run = SignedRun(str(stage.parameters["run_id"]), stage.demonstration)
    return describe_act(act.act, act.serials, act.reason, act.digest, run)


def confirm_act(stage: Stage, act: Act, value: str, signer: Signer) -> None:
    """Execute an act that another officer has prepared, exactly as it was prepared.

    Then the lots that hold an ended serial are made again without it.

    Raises:
        AwaitingPerson: it was not prepared so, or by the same officer, or another act or the end
            of 05 is at work.
        GuardError: 05 has ended since the run was opened.
        OutputError: a lot cannot be made again.
    """
    officers = read_officers(stage.root, stage.demonstration)
    change = sign_confirmation(_require_proposal(stage, act, value), signer, officers)
    blanked = blank_lots(stage, act.ledger)  # what cannot be made again is better known now
    ended = [int(serial) for serial in act.pulled["serial"]]
    lot = act.lot if act.lot is not None else pd.DataFrame({"replaces": [], "serial": []})
    with hold_unsupplied(stage.folder):
        _require_proposal(stage, act, value)  # that took a while, in which somebody may have acted
        append_entry(
            stage.folder, stage.number, CHANGED, act=act.act,
            voided=[] if act.act == "spoil" else ended,
            spoiled=ended if act.act == "spoil" else [],
            reprinted=lot[["replaces", "serial"]].astype("int64").values.tolist(),
            lot=str(lot["bundle"].iloc[0]) if len(lot) else "", reason=act.reason,
            digest=act.digest, files=_write_lot(stage, act), change=change,
        )  # fmt: skip
        replace_lots(stage, act.ledger, blanked)


def _require_proposal(stage: Stage, act: Act, value: str) -> Mapping[str, Any]:
    proposed = find_proposal(read_entries(stage.folder), value)
    if proposed is None:
        raise AwaitingPerson(
            "その値で用意されたものは、今はありません。値を打ち違えたか、用意の後にほかのことが実行されています。"
            "値を確かめ、合っているときは用意からやり直してください。"
        )
    own = proposed["content"]
    if own != _describe(stage, act):
        raise AwaitingPerson(
            f"その値で用意されたものは、{ACTS[own['act']]}の通番 {name_serials(own['serials'])} です。今の指定か、"
            "今日の内容が、それと違います。同じ指定かどうかを確かめ、同じときは用意からやり直してください。"
        )
    return proposed


def _write_lot(stage: Stage, act: Act) -> dict[str, str]:
    """Write what a reprint prints: the table of its labels, encrypted, and its locked PDF."""
    if act.lot is None:
        return {}
    name = f"lot_{act.lot['bundle'].iloc[0]}"
    files = {
        f"{PRIVATE}/{name}.age": write_private(stage.folder, stage.key, name, write_table(act.lot))
    }
    return files | write_locked(stage, act.files)
