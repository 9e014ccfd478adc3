"""The set-up files agree with each other and name nothing of a machine."""

from __future__ import annotations

import re
import subprocess

import yaml

from recruitlib.base.parameters import read_yaml
from tests.conftest import ROOT

NAMED = ("jupyterlab", "pandas", "ipywidgets", "papermill", "reportlab", "nbval")


def read_lock() -> dict[str, list[str]]:
    """Read the locked versions of each package."""
    versions: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([a-z0-9-]+)==([^ ;\\]+)", line):
            versions.setdefault(found[1], []).append(found[2])
    return versions


def test_environment_and_lock_state_the_same_versions_of_the_six_named_packages() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    stated = dict(
        item.split("=")
        for item in content["dependencies"]
        if isinstance(item, str) and re.match(r"\w+=\d", item)
    )
    lock = read_lock()
    assert set(stated) == set(NAMED)
    for name in NAMED:
        assert lock[name] == [stated[name]]


def test_every_locked_package_has_a_hash_and_the_lock_names_no_address() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", text)[1:]
    assert len(entries) > 100
    assert not [entry for entry in entries if "--hash=sha256:" not in entry]
    assert not re.search(r"https?://|--index-url|--find-links|file:", text)


def test_the_lock_holds_for_windows_as_well() -> None:
    lock = read_lock()
    assert {"pywinpty", "pywin32-ctypes", "colorama"} <= set(lock)


def test_every_make_target_of_the_readme_is_there_and_listed_by_help() -> None:
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    for target in ("demo", "test", "soak", "sbom", "lab", "bench", "lint", "clean", "help"):
        assert f"make {target}\t" in done.stdout


def test_the_demonstration_scope_approves_what_the_official_document_approves() -> None:
    ward, demo = (read_yaml(ROOT / f"params/scope/{name}.yaml") for name in ("shinjuku_r8", "demo"))
    conditions = (
        "memorandum_on",
        "guideline_on",
        "handlers",
        "request",
        "approved_by",
        "approved_on",
    )
    assert {k: v for k, v in ward.items() if k not in conditions} == {
        k: v for k, v in demo.items() if k not in conditions
    }
    assert ward["request"]["birth_ranges"] == demo["request"]["birth_ranges"]
    # The official document: items, recipient, medium and period.
    assert ward["provided_items"] == ["氏名", "住所"]
    assert ward["connected_items"] == ["氏名", "住所", "生年月日", "電話番号", "提供しない申出"]
    assert ward["recipient"] == "自衛隊東京地方協力本部"
    assert ward["medium"] == "紙（宛名シール）"
    assert (ward["period_from"], ward["period_to"]) == ("2026-04-01", "2027-03-31")
