"""Make surnames.csv and given_names.csv from the package japanese-personal-name-dataset.

Run once, by hand: `python recruitlib/synth/data/export_names.py`. The two files it writes are
kept in the repository, so the package is not needed afterwards. Every character kept belongs to
JIS X 0208, which the label fonts hold completely.
"""

from __future__ import annotations

import csv
from collections import Counter
from importlib import resources
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPELLINGS_PER_READING = {"1": 8, "2": 16}
OLDER_ENDINGS = {"1": "夫男雄一治司郎三二吉蔵作弘明", "2": "子江代枝美恵"}


def to_katakana(hiragana: str) -> str:
    """Turn hiragana into katakana.

    Args:
        hiragana: A reading.

    Returns:
        The same reading in katakana, of equal length.
    """
    return "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in hiragana)


def is_plain(spelling: str) -> bool:
    """Tell whether every character is one of JIS X 0208.

    Args:
        spelling: A name.

    Returns:
        True when the name can be written in JIS X 0208 alone.
    """
    try:
        return len(spelling.encode("euc_jp")) == 2 * len(spelling)
    except UnicodeEncodeError:
        return False


def read_rows(name: str) -> list[list[str]]:
    """Read one file of the package.

    Args:
        name: File name inside the package's folder `dataset`.

    Returns:
        Its rows as lists of text.
    """
    source = resources.files("japanese_personal_name_dataset") / "dataset" / name
    return list(csv.reader(source.read_text(encoding="utf-8").splitlines()))


def write_rows(path: Path, rows: list[list[str]]) -> None:
    """Write rows as UTF-8 with line feeds.

    Args:
        path: Where to.
        rows: Header and rows.
    """
    path.write_bytes(("\n".join(",".join(row) for row in rows) + "\n").encode("utf-8"))


def list_surnames() -> list[list[str]]:
    """List the surnames with reading and number of bearers.

    Returns:
        Header and one row per surname, most frequent first.
    """
    rows = [
        [kanji, to_katakana(kana), str(int(float(count)))]
        for kanji, count, kana, *_ in read_rows("last_name_org.csv")
        if is_plain(kanji)
    ]
    return [["surname", "kana", "bearers"], *rows]


def list_given_names(sex: str, name: str) -> list[list[str]]:
    """List the given names of one sex with a weight for the older and the younger people.

    The package has no frequencies. A reading with many recorded spellings is taken as common,
    and of its spellings those made of often used characters are kept.

    Args:
        sex: 1 male, 2 female.
        name: File of the package.

    Returns:
        One row per spelling: sex, given name, kana, weight among older, weight among younger.
    """
    readings = [
        (row[0], [s for s in row[2:] if 1 <= len(s) <= 3 and is_plain(s)])
        for row in read_rows(name)
    ]
    characters = Counter(c for _, spellings in readings for s in spellings for c in s)
    rows = []
    for kana, spellings in readings:
        if not 2 <= len(kana) <= 5:
            continue
        best = sorted(spellings, key=lambda s: (-min(characters[c] for c in s), s))
        for spelling in best[: SPELLINGS_PER_READING[sex]]:
            weight = 1 + len(spellings) // 10
            old = spelling[-1] in OLDER_ENDINGS[sex]
            older, younger = (weight * 12, weight) if old else (weight, weight * 4)
            rows.append([sex, spelling, to_katakana(kana), str(older), str(younger)])
    return rows


def export_names() -> None:
    """Write both tables beside this script."""
    write_rows(HERE / "surnames.csv", list_surnames())
    write_rows(
        HERE / "given_names.csv",
        [
            ["sex", "given", "kana", "older", "younger"],
            *list_given_names("1", "first_name_man_opti.csv"),
            *list_given_names("2", "first_name_woman_opti.csv"),
        ],
    )


if __name__ == "__main__":
    export_names()
