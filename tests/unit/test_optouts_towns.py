"""Tables of towns: what is refused, and what is kept as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from recruitlib.base.errors import FormError
from recruitlib.optouts.gazetteer import learn_places
from recruitlib.optouts.places import LOT, locate
from recruitlib.optouts.towns import read_towns

FIXTURES = Path(__file__).parents[1] / "fixtures"


def write_towns(folder: Path, lines: str) -> Path:
    path = folder / "towns.csv"
    path.write_text("town,postal_code,has_chome,chome_count\n" + lines, encoding="utf-8")
    return path


def test_a_kanji_number_in_a_towns_name_belongs_to_the_town(tmp_path: Path) -> None:
    lines = "宮の森,0640950,0,0\n宮の森四条,0640954,1,13\n"
    ward = learn_places((), "北海道", "札幌市中央区", read_towns(write_towns(tmp_path, lines)))
    for text in ("宮の森４条１０丁目1-2", "宮ノ森四条十丁目1番2号"):
        assert tuple(locate(text, "", ward)) == (LOT, "宮の森四条", 10, (1, 2), "")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "町が1つもありません"),
        ("西新宿,160-0023,1,8\n", "2行目"),
        ("西新宿,1600023,はい,8\n", "has_chome"),
        ("西新宿,1600023,1,0\n", "chome_count"),
        ("戸山,1620052,1,3\n戸山,1690052,1,2\n", "3行目"),
        ("霞ケ丘町,1600013,0,0\n霞ヶ丘町,1600013,0,0\n", "読み分け"),
    ],
)
def test_a_table_of_towns_that_is_not_right_is_refused(
    tmp_path: Path, lines: str, words: str
) -> None:
    with pytest.raises(FormError, match=words):
        read_towns(write_towns(tmp_path, lines))


def test_a_table_without_a_column_or_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("town,postal_code\n西新宿,1600023\n", encoding="utf-8")
    with pytest.raises(FormError, match="chome_count"):
        read_towns(path)
    path.write_bytes("town\n西新宿\n".encode("cp932"))
    with pytest.raises(FormError, match="UTF-8"):
        read_towns(path)


def test_a_town_with_two_postal_codes_is_one_town() -> None:
    towns = read_towns(FIXTURES / "towns_sample.csv")
    assert [name for name in towns if name.startswith("戸山")] == ["戸山"]
