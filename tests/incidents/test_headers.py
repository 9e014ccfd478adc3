"""A header is read as what it says: a profile cannot have 個人番号 printed as 方書."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recruitlib.base.errors import ParameterError
from recruitlib.base.profiles import read_profile

PROFILES = Path(__file__).parents[2] / "params/profiles"


def write_with(path: Path, name: str, column: str, header: str) -> Path:
    content = yaml.safe_load((PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    content["columns"][column] = [header]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "column", "header"), [
    ("registry_standard", "building", "個人番号"),
    ("registry_standard", "building", "個人\u200b番号"),
    ("registry_standard", "building", "性別表記"),
    ("registry_standard", "building", "続柄表記"),
    ("registry_standard", "building", "世帯主氏名"),
    ("registry_standard", "lot", "住所を定めた年月日"),
    ("registry_standard", "building", "転入前住所_方書"),
    ("registry_standard", "full_name", "世帯主氏名"),
    ("registry_standard", "household_id", "個人番号"),
    ("registry_vendor", "postal_code", "住民票コード"),
    ("protections_standard", "address", "個人番号"),
    ("form_logo", "subject_building", "マイナンバーカード：性別"),
    ("form_logo", "phone", "マイナンバーカード：生年月日"),
    ("form_logo", "subject_address", "添付ファイル"),
    ("form_logo", "wish", "備考"),
])  # fmt: skip
def test_a_header_of_another_item_is_refused(
    tmp_path: Path, name: str, column: str, header: str
) -> None:
    with pytest.raises(ParameterError, match=f"columns の {column}") as refused:
        read_profile(write_with(tmp_path / "p.yaml", name, column, header))
    assert header.replace("\u200b", "[U+200B]") in str(refused.value)


@pytest.mark.parametrize(("name", "column", "header"), [
    ("registry_standard", "building", "住所_方書（建物名）"),
    ("registry_vendor", "town", "現住所"),
    ("registry_vendor", "full_name", "漢字氏名"),
    ("protections_by_name", "full_name", "支援対象者名"),
    ("form_logo", "subject_address", "Q4. お住まいの住所【必須】"),
    ("form_logo", "phone", "日中の連絡先"),
    ("form_options", "subject_name", "お名前"),
])  # fmt: skip
def test_another_wording_of_the_same_item_is_read(
    tmp_path: Path, name: str, column: str, header: str
) -> None:
    profile = read_profile(write_with(tmp_path / "p.yaml", name, column, header))
    assert profile.columns[column] == (header,)
