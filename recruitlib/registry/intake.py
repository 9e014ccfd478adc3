"""Intake (取込), the steps of notebook 01: registry and protective measures in, cohort out."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pandas as pd

from recruitlib.base.counts import ALL, STEP_BY_NAME, Count
from recruitlib.base.errors import GuardError
from recruitlib.base.run import Stage, ask_guard, asking, complete_stage, skip_guard
from recruitlib.base.scope import check_scope, read_scope
from recruitlib.base.traces import remember_terms
from recruitlib.registry.cohort import (
    check_base_date,
    check_births,
    check_ranges,
    check_rows,
    check_texts,
    count_rows,
    read_ranges,
    retest_status,
    select_cohort,
)
from recruitlib.registry.extract import BirthRange, Extract, name_ends, read_extract
from recruitlib.registry.profiles import list_rows, read_profile
from recruitlib.registry.protections import (
    check_found,
    check_freshness,
    find_housemates,
    list_nobody,
    read_protections,
    select_protected,
)


class Intake(NamedTuple):
    """What intake found: the cohort, its ranges, the counts of every row, and the rows unread."""

    cohort: pd.DataFrame
    ranges: list[BirthRange]
    counts: list[Count]
    unreadable_rows: pd.Series


def list_items(stage: Stage) -> list[str]:
    """List the items that the labels of this run will hold."""
    scope = read_scope(stage.locate("scope_file"))
    return ["氏名", "住所", *(["郵便番号"] if scope.postal_code_is_address else [])]


def ask_scope(stage: Stage) -> None:
    """Ask whether the run lies inside the approved scope on this day."""
    scope = read_scope(stage.locate("scope_file"))
    items = list_items(stage)
    problems = check_scope(scope, stage.parameters["cohort_ages"], items, stage.today)
    ask_guard(
        stage, "handover.within_scope", problems, f"項目: {'・'.join(items)}、媒体: {scope.medium}"
    )


def load_registry(stage: Stage) -> Extract:
    """Read the registry extract and ask whether it is what it should be.

    Raises:
        FormError, GuardError: a guard said no.
    """
    ask_scope(stage)
    profile = read_profile(stage.locate("registry_profile"))
    ranges = read_ranges(stage.parameters)
    seen = "見出し・行の幅・文字コード・最新の記録を全行で見ました"
    with asking(stage, "registry.form_known", seen):
        extract = read_extract(stage.locate("registry_file"), profile)
    ask_guard(stage, "registry.form_known", [], seen)
    require_marker(stage, extract)
    base_date = date.fromisoformat(stage.parameters["registry_base_date"])
    ask_guard(
        stage, "registry.base_date",
        check_base_date(
            extract.records, base_date, stage.today, stage.parameters["registry_max_age_days"]
        ),
        f"基準日 {base_date.isoformat()}",
    )  # fmt: skip
    problems = check_ranges(ranges, stage.parameters["fiscal_year"])
    if problems:
        ask_guard(stage, "cohort.birth_range", problems)
    return extract


def require_marker(stage: Stage, extract: Extract) -> None:
    """Require the marker of the invented ward in a demonstration, and its absence elsewhere.

    Raises:
        GuardError: a demonstration was given a real registry, or a real run an invented one.
    """
    marked = extract.records["is_marked"]
    if stage.demonstration and not marked.all():
        raise GuardError(
            "見本の実行ですが、台帳に架空の区の印がありません。見本の合言葉と承認は実在の台帳に使えません。"
        )
    if not stage.demonstration and marked.any():
        raise GuardError(
            "台帳に架空の区の印があります。本番の実行には実際の抽出を指定してください。"
        )


def choose_cohort(stage: Stage, extract: Extract) -> Intake:
    """Put every row into one end and choose the cohort, then test the choice again."""
    ranges = read_ranges(stage.parameters)
    ends = name_ends(extract.records, ranges)
    counts = count_rows(ends, ranges)
    cohort = select_cohort(extract.records, ends)
    remember_terms(stage.folder, stage.key, stage.number, cohort)
    damaged = check_texts(cohort)
    if damaged:
        ask_guard(stage, "registry.form_known", damaged)
    unreadable = extract.records["source_row"][ends == "unreadable"]
    problems = check_rows(counts, extract.source.rows_read)
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
    return Intake(cohort, ranges, counts, unreadable)


def take_protections(stage: Stage, extract: Extract, prefix: str = "") -> pd.DataFrame:
    """Read the day's list of protected people and ask whether each row of it finds its person.

    Args:
        prefix: "" on the day of loading, "print_" and "handover_" on the later days.
    """
    names = {
        name: str(stage.parameters[f"{prefix}protections_{name}"])
        for name in ("file", "listed_on", "attested_by")
    }
    protections = list_nobody()
    if names["file"]:
        profile = read_profile(stage.locate("protections_profile"))
        with_file = stage.locate(f"{prefix}protections_file")
        with asking(stage, "protection.list_fresh", "一覧を読みました"):
            protections = read_protections(with_file, profile)
    ask_guard(
        stage, "protection.list_fresh",
        check_freshness(protections, names["listed_on"], names["attested_by"], stage.today),
        f"作成日 {names['listed_on']}" if names["file"] else "登録係の証明",
    )  # fmt: skip
    if protections.empty:
        skip_guard(stage, "protection.every_row_found", "一覧がなく、登録係が証明したため")
    else:
        ask_guard(
            stage, "protection.every_row_found", check_found(protections, extract.records),
            "一覧の全行を宛名番号と生年月日で見ました",
        )  # fmt: skip
    return protections


def finish_intake(stage: Stage, intake: Intake, extract: Extract, protections: pd.DataFrame) -> str:
    """Write the cohort and the protected ids, and complete the stage."""
    housemates = find_housemates(intake.cohort, protections, extract.records)
    protected = pd.DataFrame({"addressee_id": select_protected(protections)})
    return complete_stage(
        stage,
        counts=intake.counts,
        private={
            "cohort": intake.cohort,
            "protected": protected,
            "housemates": housemates[["addressee_id"]],
        },
        facts={
            "inputs": {"registry": extract.digest},
            "registry": {
                "rows": extract.source.rows_read,
                "encoding": extract.source.encoding,
                "dropped_columns": len(extract.source.dropped),
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
    for birth_range in intake.ranges:
        births = intake.cohort.loc[intake.cohort["cohort"] == str(birth_range.age), "birth_date"]
        first, last = birth_range.born_from.isoformat(), birth_range.born_to.isoformat()
        rows.append(
            (
                f"{birth_range.age}歳",
                first,
                int((births == first).sum()),
                last,
                int((births == last).sum()),
            )
        )
    return pd.DataFrame(rows, columns=["年齢", "初日", "初日生まれ", "末日", "末日生まれ"])
