"""Faults for the guards that no published accident of the list needs, or none needs alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from recruitlib.base.errors import IntegrityError
from tests.conftest import WARD, change_parameters
from tests.incidents.accident import RUN, Accident, run_stages
from tests.incidents.notebook_lines import put_before
from tests.incidents.ward_files import REGISTRY, Row, change_rows, confirm_handover, read_rows

PRINT_DAY = f"{WARD}/print_day"
AGAIN = "test_ward_again"


def cut_off_the_last_rows(project: Path) -> None:
    """G01: the extract ends five rows early, at the end of a line."""
    change_rows(project / WARD / "registry.csv", lambda rows: rows[:-5])


def copy_an_application(project: Path) -> None:
    """G02: whoever works in 02 copies a row of the applications before they are matched."""
    put_before(
        project, "02", "matched = ",
        "import pandas; received = received._replace(applications=pandas.concat("
        "[received.applications, received.applications.head(1)], ignore_index=True))",
    )  # fmt: skip


def drop_an_application(project: Path) -> None:
    """G02: whoever works in 02 loses a row of the applications before they are matched."""
    put_before(
        project, "02", "matched = ",
        "received = received._replace(applications=received.applications.iloc[1:])",
    )  # fmt: skip


def drop_a_protected_person(project: Path) -> None:
    """G01: whoever works in 01 loses a protected person after all guards were asked."""
    put_before(
        project, "01", "print(intake.finish_intake",
        "taken = taken._replace(protected=taken.protected.iloc[1:])",
    )  # fmt: skip


def send_an_application_outside(project: Path) -> None:
    """G02: whoever works in 02 sets an application's outcome to 対象外 after all guards were asked."""
    put_before(
        project, "02", "print(exclusion.finish_exclusion",
        "matched = matched._replace(matches=matched.matches.assign("
        'outcome=matched.matches["outcome"].str.replace("matched", "outside")))',
    )  # fmt: skip


def supply_the_same_people_again(project: Path) -> None:
    """G03: after the hand-over the same request is run once more under another name."""
    change_parameters(project, run_id=AGAIN)


def put_an_excluded_person_back(project: Path) -> None:
    """G04: whoever works in 03 puts an excluded person's whole row in the place of another's."""
    put_before(
        project, "03", "show_table(confirmation.tabulate_approval",
        "import pandas; barred = review.cohort['addressee_id'].isin(review.exclusions.opted_out); "
        "review = review._replace(recipients=pandas.concat("
        "[review.recipients.iloc[1:], review.cohort[barred].head(1)], ignore_index=True))",
    )  # fmt: skip


def list_an_id_alone_on_print_day(project: Path) -> None:
    """G05: a new row of print day's list of protected people has the id of a stranger and no birth date."""

    def add(rows: list[Row]) -> list[Row]:
        residents = read_rows(project / REGISTRY)
        homes = Counter(row["世帯番号"] for row in residents)
        stranger = next(
            row for row in residents if row["生年月日"] < "1990" and homes[row["世帯番号"]] == 1
        )
        return [*rows, {**rows[0], "宛名番号": stranger["宛名番号"], "生年月日": ""}]

    change_rows(project / PRINT_DAY / "protections.csv", add)


def confirm_another_delta(project: Path) -> None:
    """G10: the officers confirm another list of labels to be pulled, with as many as today's.

    The number of labels that are handed over agrees, so that only the value of the list tells.
    """
    confirm_handover(project, delta_digest="0123 4567 89ab cdef")


def hand_over_by_nobody_designated(project: Path) -> None:
    """G06: the labels are handed over by somebody whom the document does not name as a handler."""
    confirm_handover(project, handler="取扱者D（見本）")


def attest_nothing(project: Path) -> None:
    """G07: nobody has attested a line of the checklists."""
    change_parameters(project, attestations_file="")


def note_a_name_in_the_record(project: Path) -> None:
    """G08: somebody keeps a note with a resident's name in the folder of the record."""
    residents = read_rows(project / REGISTRY)
    named = next(row for row in residents if "2008-05" <= row["生年月日"] < "2008-06")
    (project / RUN / "memo.txt").write_text(f"{named['氏名']}さんに電話", encoding="utf-8")


def change_two_counts_alike(project: Path) -> None:
    """G09: two counts of a completed stage are changed so that the count equation still holds."""
    path = project / RUN / "counts.csv"

    def change(rows: list[Row]) -> list[Row]:
        for row in rows:
            if row["step"] in ("rows_read", "out_of_range"):
                row["count"] = str(int(row["count"]) + 1)
        return rows

    change_rows(path, change)


ACCIDENTS = (
    Accident(
        "G01", "rows_lost_at_the_end", "ward", cut_off_the_last_rows,
        (run_stages("01"),), "registry.every_row_counted",
    ),
    Accident(
        "G01", "protected_person_dropped", "ward", drop_a_protected_person,
        (run_stages("01"),), "registry.every_row_counted",
    ),
    Accident(
        "G02", "application_copied", "loaded", copy_an_application,
        (run_stages("02"),), "optouts.one_end_each",
    ),
    Accident(
        "G02", "application_dropped", "loaded", drop_an_application,
        (run_stages("02"),), "optouts.one_end_each",
    ),
    Accident(
        "G02", "outcome_changed", "loaded", send_an_application_outside,
        (run_stages("02"),), "optouts.one_end_each",
    ),
    Accident(
        "G03", "people_supplied_again", "handed", supply_the_same_people_again,
        (run_stages("01"), run_stages("02")), "cohort.not_supplied", run_id=AGAIN,
    ),
    Accident(
        "G04", "excluded_person_put_back", "matched", put_an_excluded_person_back,
        (run_stages("03"),), "exclusion.zero_leak",
    ),
    Accident(
        "G05", "id_alone_on_print_day", "reviewed", list_an_id_alone_on_print_day,
        (run_stages("04"),), "protection.every_row_found",
    ),
    Accident(
        "G06", "handler_not_designated", "printed", hand_over_by_nobody_designated,
        (run_stages("05"),), "handover.conditions_met",
    ),
    Accident(
        "G07", "nothing_attested", "printed", attest_nothing,
        (run_stages("05"),), "handover.checklists_met",
    ),
    Accident(
        "G08", "name_in_the_record", "loaded", note_a_name_in_the_record,
        (f"recruitlib seal {RUN}",), "record.no_personal_data",
    ),
    Accident(
        "G09", "counts_changed_alike", "matched", change_two_counts_alike,
        (run_stages("03"),), error=IntegrityError, is_record_whole=False,
    ),
    Accident(
        "G10", "another_delta_confirmed", "printed", confirm_another_delta,
        (run_stages("05"),), "handover.delta_settled",
    ),
)  # fmt: skip
