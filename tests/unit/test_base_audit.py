"""The audit chain: a changed byte anywhere is found; only a cut at a line end needs the head.

Right values: SHA-256 and HMAC-SHA-256 of Python's hashlib and hmac, and the published test vectors
of FIPS 180-2 ("abc") and RFC 4231 (case 2).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recruitlib.base.audit import (
    AUDIT_NAME,
    START,
    append_entry,
    digest_bytes,
    digest_keyed,
    find_latest,
    finish_moves,
    group_digest,
    name_partial,
    read_entries,
    vouch_for,
    write_atomically,
)
from recruitlib.base.errors import IntegrityError
from recruitlib.base.verification import verify_record

STEADY = settings(deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give the bytes of a chain of five entries with Japanese and escaped characters."""
    folder = tmp_path_factory.mktemp("run")
    append_entry(folder, "01", "begun", operator="担当者A（見本）", totals=[1, 20, 300])
    append_entry(folder, "01", "guard", guard="registry.base_date", answer="yes", note='引用 " \\')
    append_entry(folder, "01", "guard", guard="cohort.birth_range", answer="no", note="\t\x07")
    append_entry(folder, "01", "stopped", error="GuardError", exit_code=12)
    append_entry(folder, "", "opened", file="private/cohort.age")
    return (folder / AUDIT_NAME).read_bytes()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def _refuse(folder: Path, content: bytes) -> str:
    (folder / AUDIT_NAME).write_bytes(content)
    with pytest.raises(IntegrityError, match="記録が変えられています") as caught:
        read_entries(folder)
    assert verify_record(folder) == [str(caught.value)]
    return str(caught.value)


# ---- digests ----


def test_digests_agree_with_the_published_vectors() -> None:
    assert digest_bytes(b"abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert digest_keyed(b"Jefe", b"what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_digest_is_read_out_as_four_groups_of_four() -> None:
    assert group_digest(digest_bytes(b"abc")) == "ba78 16bf 8f01 cfea"


# ---- the chain ----


def test_each_entry_is_bound_to_the_one_before_by_sha256_of_its_canonical_json(
    chain: bytes,
) -> None:
    previous = "0" * 64
    lines = chain.decode().splitlines()
    assert len(lines) == 5
    for number, line in enumerate(lines, start=1):
        entry = json.loads(line)
        assert (entry["seq"], entry["previous"]) == (number, previous)
        body = {name: entry[name] for name in entry if name != "hash"}
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert entry["hash"] == previous


def test_an_entry_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = append_entry(tmp_path, "02", "completed", counts=[["18", "cohort", 3]], note="可")
    assert read_entries(tmp_path) == [written]
    assert written["previous"] == START
    assert {"seq", "at", "login", "stage", "event", "facts", "previous", "hash"} == set(written)


def test_a_run_that_has_not_begun_has_no_entries(tmp_path: Path) -> None:
    assert read_entries(tmp_path) == []
    assert verify_record(tmp_path) == [f"{AUDIT_NAME}: ありません。"]


@settings(STEADY, max_examples=400)
@given(st.data())
def test_one_changed_byte_anywhere_is_found(chain: bytes, bench: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != chain[place]))
    _refuse(bench, chain[:place] + bytes([byte]) + chain[place + 1 :])


@settings(STEADY, max_examples=400)
@given(st.data())
def test_one_added_byte_anywhere_is_found(chain: bytes, bench: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain)))
    byte = data.draw(st.integers(0, 255) | st.sampled_from(b'\n\r \t,"0'))
    _refuse(bench, chain[:place] + bytes([byte]) + chain[place:])


@settings(STEADY, max_examples=400)
@given(st.data())
def test_one_deleted_byte_anywhere_is_found(chain: bytes, bench: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    _refuse(bench, chain[:place] + chain[place + 1 :])


def test_an_empty_line_after_any_line_is_found(chain: bytes, bench: Path) -> None:
    lines = chain.splitlines(keepends=True)
    for place in range(len(lines) + 1):
        message = _refuse(bench, b"".join([*lines[:place], b"\n", *lines[place:]]))
        assert f"{place + 1}行目" in message


def test_text_after_the_last_line_is_found(chain: bytes, bench: Path) -> None:
    for rest in (b" ", b"\n{}\n", b"{}", b"\x00" * 8, b"\r\n"):
        assert "6行目" in _refuse(bench, chain + rest)


@pytest.mark.parametrize("place", range(4))
def test_a_removed_line_that_is_not_the_last_is_found(
    chain: bytes, bench: Path, place: int
) -> None:
    lines = chain.splitlines(keepends=True)
    assert f"{place + 1}行目" in _refuse(bench, b"".join(lines[:place] + lines[place + 1 :]))


@pytest.mark.parametrize("place", range(5))
def test_a_duplicated_line_is_found(chain: bytes, bench: Path, place: int) -> None:
    lines = chain.splitlines(keepends=True)
    message = _refuse(bench, b"".join([*lines[: place + 1], *lines[place:]]))
    assert f"{place + 2}行目" in message


@STEADY
@given(st.permutations(range(5)))
def test_lines_in_another_order_are_found(chain: bytes, bench: Path, order: list[int]) -> None:
    assume(order != sorted(order))
    lines = chain.splitlines(keepends=True)
    _refuse(bench, b"".join(lines[place] for place in order))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]\n",
        b"null\n",
        b"1\n",
        b'{"a":"\\ud800"}\n',
        b"[" * 100_000 + b"\n",
        b"\xff\n",
    ],
    ids=["empty", "newline", "list", "null", "number", "surrogate", "deep", "not_utf8"],
)
def test_what_is_no_entry_at_all_is_found_in_line_one(bench: Path, content: bytes) -> None:
    assert "1行目" in _refuse(bench, content)


def test_the_same_entry_written_in_another_way_is_found(chain: bytes, bench: Path) -> None:
    first, _, rest = chain.partition(b"\n")
    entry = json.loads(first)
    spaced = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode()
    escaped = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
    for other in (spaced, escaped, first + b"\r"):
        assert "1行目" in _refuse(bench, other + b"\n" + rest)


@pytest.mark.parametrize("place", range(4))
def test_a_line_rewritten_with_a_right_hash_of_its_own_is_found_by_the_next(
    chain: bytes, bench: Path, place: int
) -> None:
    lines = chain.splitlines(keepends=True)
    entry = json.loads(lines[place])
    del entry["hash"]
    entry["login"] = "somebody else"
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry["hash"] = hashlib.sha256(text.encode()).hexdigest()
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    lines[place] = text.encode() + b"\n"
    assert f"{place + 2}行目" in _refuse(bench, b"".join(lines))


def test_a_broken_chain_is_not_continued(chain: bytes, tmp_path: Path) -> None:
    (tmp_path / AUDIT_NAME).write_bytes(chain.replace(b"GuardError", b"AuditError"))
    before = (tmp_path / AUDIT_NAME).read_bytes()
    with pytest.raises(IntegrityError, match="4行目"):
        append_entry(tmp_path, "02", "begun")
    assert (tmp_path / AUDIT_NAME).read_bytes() == before


@pytest.mark.parametrize("kept", range(1, 5))
def test_a_cut_at_a_line_end_is_found_only_with_the_head_of_the_letter(
    chain: bytes, tmp_path: Path, kept: int
) -> None:
    (tmp_path / AUDIT_NAME).write_bytes(chain)
    head = read_entries(tmp_path)[-1]["hash"]
    assert verify_record(tmp_path, head) == []
    assert verify_record(tmp_path, group_digest(head)) == []
    assert verify_record(tmp_path, group_digest(head).upper()) == []

    (tmp_path / AUDIT_NAME).write_bytes(b"".join(chain.splitlines(keepends=True)[:kept]))

    assert verify_record(tmp_path) == []
    for written in (head, group_digest(head)):
        problems = verify_record(tmp_path, written)
        assert len(problems) == 1
        assert "紙の先頭値と合いません" in problems[0]


def test_a_head_of_less_than_four_groups_proves_nothing(chain: bytes, tmp_path: Path) -> None:
    (tmp_path / AUDIT_NAME).write_bytes(chain)
    head = read_entries(tmp_path)[-1]["hash"]
    assert verify_record(tmp_path, head[:15])
    assert verify_record(tmp_path, "----")


def test_the_record_may_go_on_after_the_letter(chain: bytes, tmp_path: Path) -> None:
    (tmp_path / AUDIT_NAME).write_bytes(chain)
    head = read_entries(tmp_path)[-1]["hash"]
    append_entry(tmp_path, "06", "begun")
    assert verify_record(tmp_path, head) == []


def test_the_latest_entry_of_a_stage_and_event_is_found(chain: bytes, tmp_path: Path) -> None:
    (tmp_path / AUDIT_NAME).write_bytes(chain)
    entries = read_entries(tmp_path)
    found = find_latest(entries, "01", "guard")
    assert found is not None
    assert found["seq"] == 3
    assert find_latest(entries, "02", "guard") is None


# ---- writing whole or not at all ----


def test_a_file_is_written_with_exactly_its_bytes_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    write_atomically(path, b"a\r\nb\n\x1a\xff")
    write_atomically(path, b"a\nb")
    assert path.read_bytes() == b"a\nb"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_a_file_is_open_to_its_owner_only(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"x")
    append_entry(tmp_path, "01", "begun")
    for name in ("a", AUDIT_NAME):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_partial_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "counts.csv"
    write_atomically(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_partial_file_of_a_killed_process_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".counts.csv.partial").write_bytes(b"half of something much longer")
    write_atomically(tmp_path / "counts.csv", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["counts.csv"]
    assert (tmp_path / "counts.csv").read_bytes() == b"new"


# Files and the entries that vouch for them: a kill may come between any two steps.


def test_what_an_entry_vouches_for_is_in_its_place_with_its_digest(tmp_path: Path) -> None:
    vouch_for(tmp_path, "02", "remembered", {"a.age": b"one", "b.age": b"two"}, note="x")
    (entry,) = read_entries(tmp_path)
    assert entry["facts"]["files"] == {"a.age": digest_bytes(b"one"), "b.age": digest_bytes(b"two")}
    assert entry["facts"]["note"] == "x"
    assert ((tmp_path / "a.age").read_bytes(), (tmp_path / "b.age").read_bytes()) == (
        b"one",
        b"two",
    )
    assert not list(tmp_path.glob(".*.partial"))


def test_a_kill_before_the_entry_leaves_the_old_file_and_after_it_the_new_one_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vouch_for(tmp_path, "02", "remembered", {"a.age": b"old"})
    old = {"a.age": digest_bytes(b"old")}

    def break_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("recruitlib.base.audit.append_entry", break_off)
        vouch_for(tmp_path, "02", "remembered", {"a.age": b"new"})
    finish_moves(tmp_path, old)
    assert (tmp_path / "a.age").read_bytes() == b"old"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("recruitlib.base.audit.name_partial", stop_after(2, name_partial))
        vouch_for(tmp_path, "02", "remembered", {"a.age": b"new"})
    assert (tmp_path / "a.age").read_bytes() == b"old"
    finish_moves(tmp_path, read_entries(tmp_path)[-1]["facts"]["files"])
    assert (tmp_path / "a.age").read_bytes() == b"new"


def stop_after(times: int, work: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Let something happen so many times (both writes: of the file, and of the chain), and then be killed."""
    left = [times]

    def stop(path: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return work(path)

    return stop


def test_a_partial_file_that_nothing_vouches_for_is_moved_nowhere(tmp_path: Path) -> None:
    vouch_for(tmp_path, "02", "remembered", {"a.age": b"old"})
    (tmp_path / ".a.age.partial").write_bytes(b"somebody's")
    finish_moves(tmp_path, {"a.age": digest_bytes(b"old"), "gone.age": digest_bytes(b"somebody's")})
    assert (tmp_path / "a.age").read_bytes() == b"old"
    assert not (tmp_path / "gone.age").exists()
