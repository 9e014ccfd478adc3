"""No package that runs here binds those who pass the work on to more than naming its source."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions

import pytest
from packaging.utils import canonicalize_name

from docs.lock import LOCK, list_needed, read_licences, read_pins

# Permissive, or (MPL-2.0) binding only changed files of the package itself. Identifiers of SPDX.
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "IPA", "ISC", "MIT", "MIT-0",
    "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib",
}  # fmt: skip
# How older metadata says it, and what may be written for it.
OLDER = {
    "MIT": {"MIT"},
    "Apache": {"Apache-2.0"},
    "BSD": {"BSD-2-Clause", "BSD-3-Clause"},
    "ISC": {"ISC"},
    "MPL": {"MPL-2.0"},
    "Mozilla": {"MPL-2.0"},
    "Python Software": {"PSF-2.0"},
    "PSF": {"PSF-2.0"},
}
# Nothing in its metadata, but the licence's own file.
ONLY_A_FILE = {"pyrage": "The MIT License (MIT)"}
FORBIDDEN = re.compile(r"\b(A|L)?GPL|Affero|GNU|SSPL|Commons Clause|Business Source", re.IGNORECASE)


def split_expression(expression: str) -> set[str]:
    return set(re.split(r" AND | OR ", expression))


def list_installed() -> list[Distribution]:
    table = read_licences()
    return [one for one in distributions() if canonicalize_name(one.name) in table]


def test_somebody_has_looked_up_the_licence_of_every_locked_package_and_of_no_other() -> None:
    assert set(read_licences()) == {pin.name for pin in read_pins(LOCK.read_text(encoding="utf-8"))}


def test_every_licence_is_on_the_list_of_allowed_ones() -> None:
    others = {
        name: expression
        for name, expression in read_licences().items()
        if not split_expression(expression) <= ALLOWED
    }
    assert others == {}


@pytest.mark.parametrize("word", ["AGPL-3.0-only", "GPL-2.0-or-later", "LGPL-2.1-only", "SSPL-1.0"])
def test_a_licence_that_would_bind_the_work_is_not_allowed(word: str) -> None:
    assert FORBIDDEN.search(word)
    assert word not in ALLOWED


def test_no_installed_package_that_runs_here_says_that_it_is_under_another_licence() -> None:
    needed = list_needed(read_pins(LOCK.read_text(encoding="utf-8")))
    for one in list_installed():
        if canonicalize_name(one.name) in needed:
            assert not FORBIDDEN.search(" ".join(list_said(one))), one.name


def test_what_is_written_is_what_each_installed_package_says_of_itself() -> None:
    table = read_licences()
    for one in list_installed():
        name = canonicalize_name(one.name)
        expression = one.metadata.get("License-Expression")
        if expression:
            assert table[name] == expression, name
            continue
        said = " ".join(list_said(one))
        if not said:
            files = [file for file in one.files or [] if file.name.upper().startswith("LICENSE")]
            assert ONLY_A_FILE[name] in files[0].read_text(), name
            continue
        known = [ids for word, ids in OLDER.items() if word in said]
        assert known, f"{name}: {said}"
        assert split_expression(table[name]) <= set.union(*known), f"{name}: {said}"


def list_said(one: Distribution) -> list[str]:
    """List what the metadata says: the first line of a text, and the classifiers."""
    text = (one.metadata.get("License") or "").strip().split("\n")[0]
    classes = [
        word
        for word in one.metadata.get_all("Classifier") or []
        if word.startswith("License :: OSI Approved :: ")
    ]
    return [part for part in (text, *classes) if part and part != "UNKNOWN"]
