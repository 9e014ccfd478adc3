"""Intake (取込), the steps of notebook 01: registry and protective measures in, cohort out."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pandas as pd

from recruitlib.base.audit import find_latest, read_entries
from recruitlib.base.counts import ALL, STEP_BY_NAME, Count
from recruitlib.base.decisions import read_own_decisions
from recruitlib.base.errors import GuardError
from recruitlib.base.profiles import list_rows, read_profile
from recruitlib.base.progress import show_progress
from recruitlib.base.proved import check_proved, note_proved
from recruitlib.base.row_cases import (
    SOURCE_NAMES,
    list_decided,
    list_row_cases,
    settle_row_cases,
    tell_open_cases,
)
from recruitlib.base.run import (
    Stage,
    ask_guard,
    asking,
    check_loaded_again,
    complete_stage,
    keep_proposal,
    require_answers,
    skip_guard,
)
from recruitlib.base.scope_gate import ask_scope, describe_scope
from recruitlib.base.traces import remember_terms
from recruitlib.registry.births import BirthRange
from recruitlib.registry.cohort import (
    check_base_date,
    check_births,
    check_ranges,
    check_rows,
    count_boundary_days,
    count_rows,
    read_ranges,
    retest_status,
    select_cohort,
)
from recruitlib.registry.doubts import (
    PROTECTIONS,
    REGISTRY,
    list_chosen,
    list_doubts,
    list_included,
    list_traced,
    list_unreadable,
)
from recruitlib.registry.extract import (
    BIRTH_UNSURE,
    OUT_OF_RANGE,
    RESIDENT_COLUMNS,
    ROW_ENDS,
    Extract,
    read_extract,
)
from recruitlib.registry.protected import (
    find_housemates,
    select_protected,
    tell_shifted,
    trace_protections,
)
from recruitlib.registry.protections import (
    check_freshness,
    gather_column,
    list_nobody,
    make_keep,
    read_protections,
)

# What 01 writes, as a message names it.
_NAMES = {
    "cohort": "募集対象者", "protected": "支援措置の対象者", "housemates": "同じ世帯の人",
    "possible": "対象者かもしれない人",
}  # fmt: skip


class Loaded(NamedTuple):
    """What was read on a day: the extract, and the list of protected people ("" without a file)."""

    extract: Extract
    listed: pd.DataFrame


class Traced(NamedTuple):
    """The protective measures of a day, and where each row of them ended."""

    protections: pd.DataFrame
    ends: pd.DataFrame


class Intake(NamedTuple):
    """What intake found: the cohort, its ranges, the counts of every row, and who is protected."""

    cohort: pd.DataFrame
    ranges: list[BirthRange]
    counts: list[Count]
    protected: pd.Series


@show_progress("支援措置の一覧と台帳を読んでいます")
def load_registry(stage: Stage) -> Loaded:
    """Read the list of protected people and the registry extract, and ask whether it is right.

    The list comes first: of the extract only the cohort stays, and whom the list may mean.

    Raises:
        FormError, GuardError: a guard said no.
    """
    ranges = read_ranges(stage.parameters)
    problems = check_ranges(ranges, stage.parameters["fiscal_year"])
    if problems:
        ask_guard(stage, "cohort.birth_range", problems)
    ask_scope(stage)
    listed = read_listed(stage)
    profile = read_profile(stage.locate("registry_profile"))
    seen = "見出し・行の幅・各列の形・文字コード・最新の記録を全行で見ました"
    with asking(stage, "registry.form_known", seen):
        extract = read_extract(
            stage.locate("registry_file"), profile, ranges, stage.today, make_keep(listed, profile)
        )
    ask_guard(stage, "registry.form_known", [], seen)
    require_marker(stage, extract)
    base_date = date.fromisoformat(stage.parameters["registry_base_date"])
    stale = check_base_date(
        extract.newest_change, base_date, stage.today, stage.parameters["registry_max_age_days"]
    )
    if stale:
        stale.append(
            "registry_base_date（抽出基準日）を確かめ、抽出が古ければ抽出し直してもらってください。"
        )
    ask_guard(
        stage, "registry.base_date", [*stale, *check_loaded_again(stage.folder, extract.digest)],
        f"基準日 {base_date.isoformat()}",
    )  # fmt: skip
    return Loaded(extract, listed)


def read_listed(stage: Stage, prefix: str = "") -> pd.DataFrame:
    """Read a day's list of protected people; without a file nobody is on it."""
    if not stage.parameters[f"{prefix}protections_file"]:
        return list_nobody()
    profile = read_profile(stage.locate("protections_profile"))
    with asking(stage, "protection.list_fresh", "一覧を読みました"):
        return read_protections(stage.locate(f"{prefix}protections_file"), profile)


def require_marker(stage: Stage, extract: Extract) -> None:
    """Require the marker of the invented ward in a demonstration, and its absence elsewhere.

    Raises:
        GuardError: a demonstration was given a real registry, or a real run an invented one.
    """
    rows = extract.source.rows_read - len(extract.source.quarantine)
    if stage.demonstration and extract.marked < rows:
        raise GuardError(
            "見本の実行ですが、台帳に架空の区の印がありません。見本の合言葉と承認は実在の台帳に使えません。"
            "見本の台帳を指定するか、run_kind を production にしてください。"
        )
    if not stage.demonstration and extract.marked:
        raise GuardError(
            "台帳に架空の区の印があります。本番の実行には実際の抽出を指定してください。"
        )


@show_progress("支援措置の対象者を台帳の中に探しています")
def take_protections(
    stage: Stage, loaded: Loaded, cohort: pd.DataFrame | None = None, prefix: str = ""
) -> Traced:
    """Ask whether the list is of today and in order, and trace its rows and the extract's own column.

    Args:
        loaded: what was read on this day.
        cohort: on a later day, whoever may have been of the cohort on the day of loading.
        prefix: "" on the day of loading, "print_" and "handover_" on the later days.
    """
    extract, listed = loaded
    listed_on, attested_by = (
        str(stage.parameters[f"{prefix}protections_{name}"])
        for name in ("listed_on", "attested_by")
    )
    profile = read_profile(stage.locate("registry_profile"))
    own = gather_column(extract.records, profile)
    # A lot number without a town, as somebody typed it, is anybody's and looks like a date.
    told = listed["address"].where(listed["address"].str.contains(r"[^\W\d_]"), "")
    remember_terms(stage.folder, stage.key, stage.number, listed.assign(address=told))
    has_list = bool(stage.parameters[f"{prefix}protections_file"])
    # The extract's own column is as old as the extract, whatever was attested of it since.
    dated = "registry_base_date" if prefix == "print_" else f"{prefix}registry_base_date"
    is_of_today = stage.parameters[dated] == stage.today.isoformat() and not stage.parameters.get(
        f"{prefix}registry_attested_by"
    )
    stale = check_freshness(listed, listed_on, attested_by, stage.today)
    if len(own) and not has_list and is_of_today:
        stale = []
    # Rows of the extract are numbered below zero, so that none has the number of a list's row.
    own = own.assign(source_row=-own["source_row"])
    protections = pd.concat([listed, own], ignore_index=True) if len(own) else listed
    candidates = list_possible(extract) if cohort is None else cohort
    ranges = read_ranges(stage.parameters)
    # What was excluded at the source, as the attestation says, is in no extract.
    is_whole = is_whole_registry(extract) and not attested_by.strip()
    ends = trace_protections(protections, extract.records, candidates, ranges, is_whole)
    stale += [] if attested_by.strip() else tell_shifted(listed, ends.head(len(listed)))
    ask_guard(
        stage, "protection.list_fresh", [*stale, *(_check_vanished(stage, listed) if prefix else [])],
        f"作成日 {listed_on}" if has_list else f"登録係の証明 {listed_on}",
    )  # fmt: skip
    if protections.empty:
        skip_guard(stage, "protection.every_row_found", "一覧がなく、登録係が証明したため")
    elif prefix:
        ask_guard(
            stage,
            "protection.every_row_found",
            _list_new_doubts(stage, ends),
            "一覧の全行の行き先を見ました",
        )
    else:
        unsure = int((ends["end"] == "unsure").sum())
        ask_guard(
            stage, "protection.every_row_found", [],
            f"一覧の全行の行き先を見ました（人が決める行: {'あり' if unsure else 'なし'}）",
        )  # fmt: skip
    return Traced(protections, ends)


def is_whole_registry(extract: Extract) -> bool:
    """Say whether an extract is of all residents, and not of the ages that are asked for.

    Then most people are outside the ranges; of five years that hold two ages it is three of five.
    """
    asked = sum(count for end, count in extract.ends.items() if end not in ROW_ENDS)
    return extract.ends[OUT_OF_RANGE] > 2 * asked


def was_listed(stage: Stage) -> bool:
    """Say whether anybody was on the list of protected people on the day of loading."""
    loaded = find_latest(read_entries(stage.folder), "01", "completed")
    return bool(loaded and loaded["facts"].get("protections_listed"))


def _check_vanished(stage: Stage, listed: pd.DataFrame) -> list[str]:
    """Say if a later day has nobody on the list, though there was somebody on the day of loading.

    Nobody's word stands for such a list: the approving officer has not seen it.
    """
    if len(listed) or not was_listed(stage):
        return []
    return [
        "取込の日の一覧には支援措置の対象者がいましたが、本日の一覧がないか、空です。登録係から本日の一覧を"
        "受け取ってください。本当に空になったときは、01 からやり直し、03 で承認を受けてください。"
    ]


def _list_new_doubts(stage: Stage, ends: pd.DataFrame) -> list[str]:
    """Say which rows of a later day's list nobody has decided on the day of loading."""
    decided = list_traced(
        ends, stage.key.digest_key, read_own_decisions(stage, "load_decisions_file")
    )
    new = ends["source_row"][(ends["end"] == "unsure") & ~ends["source_row"].isin(decided)]
    if new.empty:
        return []
    sources = {PROTECTIONS: (new[new > 0], ""), REGISTRY: (-new[new < 0], "の支援措置の列")}
    told = [
        f"{SOURCE_NAMES[source]}{column}に、誰か決まらない行があります（{list_rows(rows)}）。"
        for source, (rows, column) in sources.items()
        if len(rows)
    ]
    return [*told, "本日の一覧と抽出を 01 の項目に入れて 01 からやり直し、二人で決めてください。"]


def check_later_rows(stage: Stage, extract: Extract) -> list[str]:
    """Say which unreadable rows of a later day's extract nobody has decided on the day of loading."""
    rows = list_unreadable(extract)
    decided = list_decided(
        list_row_cases(rows, stage.key.digest_key), read_own_decisions(stage, "load_decisions_file")
    )
    unread = extract.source.quarantine["source_row"]
    new = unread[~unread.isin(decided)]
    if new.empty:
        return []
    return [
        f"読めない行があります（{list_rows(new)}）。誰の行か分からないため、渡してよいと言えません。"
    ]


def list_possible(extract: Extract) -> pd.DataFrame:
    """List whoever may be of a cohort, those whose birth date is unsure included."""
    records = extract.records
    possible = ~records["end"].isin(set(ROW_ENDS) - {BIRTH_UNSURE})
    return records[records["is_latest"] & possible].reset_index(drop=True)


def settle_doubts(stage: Stage, loaded: Loaded, traced: Traced) -> pd.DataFrame:
    """Ask whether two people have decided every row and person that a program cannot.

    What they need to see stays encrypted while they are awaited.

    Returns:
        the cases with what was decided.

    Raises:
        AwaitingPerson: a case is open.
    """
    ranges = read_ranges(stage.parameters)
    key = stage.key.digest_key
    cases, people = list_doubts(loaded.extract, *traced, ranges, key)
    settled = settle_row_cases(cases, read_own_decisions(stage, "load_decisions_file"))
    if len(cases):
        keep_proposal(stage, "doubts_01", cases)
        keep_proposal(stage, "doubt_people_01", people)
        remember_terms(stage.folder, stage.key, stage.number, list_possible(loaded.extract))
    ask_guard(
        stage, "registry.rows_decided", tell_open_cases(settled, "01"), f"{len(cases)}件の事例"
    )
    return settled


def choose_cohort(stage: Stage, loaded: Loaded, traced: Traced, settled: pd.DataFrame) -> Intake:
    """Put every row into one end and choose the cohort, then test the choice again."""
    extract = loaded.extract
    ranges = read_ranges(stage.parameters)
    included = list_included(settled, extract, ranges)
    unreadable = extract.source.quarantine["source_row"]
    counts = count_rows(extract.ends, len(unreadable), included, ranges)
    cohort = select_cohort(extract.records, included)
    remember_terms(stage.folder, stage.key, stage.number, cohort)
    problems = check_rows(counts, extract.source.rows_read, cohort)
    total = stage.parameters["registry_total"]
    if extract.source.rows_read != total:
        problems.append(
            f"読んだ {extract.source.rows_read:,} 行と、抽出の控えの {total:,} 行が違います。"
            "ファイルが途中で切れていないか確かめてください。"
        )
    rows = f"読めない行: {list_rows(unreadable)}" if len(unreadable) else "読めない行: なし"
    ask_guard(stage, "registry.every_row_counted", problems, rows)
    ask_guard(
        stage,
        "cohort.birth_range",
        check_births(cohort, ranges),
        "印字された範囲・年齢の規則・生まれ月",
    )
    ask_guard(
        stage, "cohort.status_retested", retest_status(cohort, extract.records),
        f"{len(cohort):,}行を検査し直しました",
    )  # fmt: skip
    chosen = list_chosen(settled, traced.ends)
    intake = Intake(cohort, ranges, counts, select_protected(traced.ends, chosen))
    note_proved(stage, _list_proved(intake, loaded))
    return intake


def _list_proved(intake: Intake, loaded: Loaded) -> dict[str, pd.DataFrame]:
    tables = _list_tables(intake, loaded)
    counts = pd.DataFrame(intake.counts, columns=Count._fields)
    return {_NAMES[name]: table for name, table in tables.items()} | {"件数": counts}


def _list_tables(intake: Intake, loaded: Loaded) -> dict[str, pd.DataFrame]:
    housemates = find_housemates(intake.cohort, intake.protected, loaded.extract.records)
    return {
        "cohort": intake.cohort,
        "protected": pd.DataFrame({"addressee_id": intake.protected}),
        "housemates": housemates[["addressee_id", "lives_with"]],
        "possible": list_possible(loaded.extract)[list(RESIDENT_COLUMNS)],
    }


def find_protected(stage: Stage, traced: Traced) -> pd.Series:
    """Find the ids that a later day's list protects, by what was decided of its unsure rows."""
    decided = list_traced(
        traced.ends, stage.key.digest_key, read_own_decisions(stage, "load_decisions_file")
    )
    return select_protected(traced.ends, decided)


def finish_intake(stage: Stage, intake: Intake, loaded: Loaded) -> str:
    """Write the cohort and the protected ids, and complete the stage.

    The scope is asked about again, since the later stages hold to the file as it stands now.

    Raises:
        IntegrityError: a guard was not asked.
        GuardError: they are not those about which the guards were asked.
    """
    ask_scope(stage)
    require_answers(stage)
    if problems := check_proved(stage, _list_proved(intake, loaded), "01 をやり直してください。"):
        ask_guard(stage, "registry.every_row_counted", problems)
    source = loaded.extract.source
    return complete_stage(
        stage,
        counts=intake.counts,
        private=_list_tables(intake, loaded),
        facts={
            "inputs": {"registry": loaded.extract.digest},
            "scope": describe_scope(stage),
            "protections_listed": bool(len(loaded.listed)),
            "registry": {
                "rows": source.rows_read,
                "unreadable_rows": source.quarantine["source_row"].tolist(),
                "encoding": source.encoding,
                "dropped_columns": len(source.dropped),
            },
        },
    )


def tabulate_source(extract: Extract, path_name: str) -> pd.DataFrame:
    """Tabulate what was read: file, encoding and how it was decided, rows, columns dropped."""
    return pd.DataFrame(
        [
            ("ファイル", path_name),
            ("文字コード", extract.source.encoding),
            ("文字コードの決め方", extract.source.how_decoded),
            ("読んだ行", f"{extract.source.rows_read:,}"),
            ("うち読めない行", f"{len(extract.source.quarantine):,}"),
            (
                "見出しの上の表題・空行・合計行（数えずに除いた行）",
                f"{extract.source.title_rows + extract.source.blank_rows + extract.source.footer_rows}",
            ),
            *(("備考", remark) for remark in extract.source.remarks),
            ("読み込まずに捨てた列", f"{len(extract.source.dropped)}"),
            ("ファイルの要約値（先頭16桁）", extract.digest[:16]),
        ],
        columns=["項目", "内容"],
    )


def tabulate_rows(intake: Intake) -> pd.DataFrame:
    """Tabulate where every row of the file went; the parts add up to the rows read."""
    rows = []
    for count in intake.counts:
        age = "" if count.cohort == ALL else f" {count.cohort}歳"
        rows.append((f"{STEP_BY_NAME[count.step].label}{age}", count.count))
    parts = sum(count.count for count in intake.counts[1:])
    rows.append(("行き先の合計（読んだ行と等しい）", parts))
    return pd.DataFrame(rows, columns=["行き先", "行数"])


def tabulate_bounds(intake: Intake) -> pd.DataFrame:
    """Tabulate the printed bounds and how many were born on the first and the last day of each."""
    rows = []
    for wanted in intake.ranges:
        first, last = count_boundary_days(intake.cohort, wanted)
        rows.append(
            (
                f"{wanted.age}歳",
                wanted.born_from.isoformat(),
                first,
                wanted.born_to.isoformat(),
                last,
            )
        )
    return pd.DataFrame(rows, columns=["年齢", "初日", "初日生まれ", "末日", "末日生まれ"])
