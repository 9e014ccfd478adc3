"""A file is overwritten before it is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from recruitlib.base.erasure import erase_file

PLAIN = b"a private line\n" * 200_000  # more than two pieces


def test_the_bytes_on_the_disk_are_others_before_the_file_is_gone(tmp_path: Path) -> None:
    path, witness = tmp_path / "private.age", tmp_path / "witness"
    path.write_bytes(PLAIN)
    os.link(path, witness)  # a second name of the same bytes on the disk
    erase_file(path)
    assert not path.exists()
    left = witness.read_bytes()
    assert len(left) == len(PLAIN)
    assert PLAIN[:15] not in left
    assert len(set(left[-4096:])) > 200


def test_they_are_on_the_disk_before_the_file_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "private.age"
    path.write_bytes(PLAIN)
    seen: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.append((path.exists(), PLAIN[:15] in path.read_bytes()))
    )
    erase_file(path)
    assert seen == [(True, False)]


def test_a_file_that_may_not_be_written_an_empty_one_and_none_at_all_go_too(tmp_path: Path) -> None:
    path = tmp_path / "private.age"
    path.write_bytes(PLAIN)
    path.chmod(0o400)
    erase_file(path)
    path.write_bytes(b"")
    erase_file(path)
    erase_file(path)
    assert not path.exists()


def test_of_a_link_only_the_link_goes(tmp_path: Path) -> None:
    path, target = tmp_path / "link", tmp_path / "somebody else's"
    target.write_bytes(PLAIN)
    path.symlink_to(target)
    erase_file(path)
    assert target.read_bytes() == PLAIN
    assert not path.is_symlink()
