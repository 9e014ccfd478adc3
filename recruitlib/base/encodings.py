"""The encoding of a text file: decided by proof over the whole file, never by a guess."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from recruitlib.base.errors import FormError
from recruitlib.base.plain_files import require_plain

_CHUNK = 1 << 23  # bytes looked at in one go: keeps the memory of the checks small
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_OTHER_FILES = (
    (b"PK\x03\x04", "ブック（.xlsx）か圧縮ファイル"),
    (b"\xd0\xcf\x11\xe0", "古い形のブック（.xls）"),
    (b"%PDF", "PDF"),
    (codecs.BOM_UTF32_LE, "UTF-32の文字"),
)
_HEAD = 1 << 16  # bytes in which the first line ends
_FIRST_LINE = re.compile(r'(?:[^"\r\n]|"[^"]*")*+(\r(?!\n|\Z)|)')
# Bytes that Windows never writes in Japanese text, but that the codec lets pass.
_NOT_CP932 = re.compile("[\x80-\xa0\uf8f0-\uf8f3]")
_LABELS = {"utf-8": "UTF-8", "cp932": "CP932（Windowsのシフト JIS）"}


class Proof(NamedTuple):
    """What a file is written in, how that was decided (one Japanese sentence), and its digest."""

    encoding: str
    mark: int
    how: str
    digest: str


def prove_encoding(path: Path, allowed: Sequence[str] = ()) -> Proof:
    """Say what a text file is written in, by proof and never by a guess.

    A byte order mark decides; else the whole must be UTF-8; else the whole must be CP932 (never
    ``shift_jis``, which lacks 髙 and ①).

    Args:
        path: the file.
        allowed: the encodings that its profile allows; none for all.

    Raises:
        FormError: it is no plain file, neither encoding holds for the whole file (the byte is
            named), it begins with many NUL characters, or the profile does not allow its encoding.
    """
    require_plain(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if kind := next((shown for start, shown in _OTHER_FILES if head.startswith(start)), ""):
        raise FormError(
            f"{path.name}: CSVではなく{kind}です。CSV（UTF-8）として出力し直してください。"
        )
    proof = None
    for mark, encoding, shown in _BOMS:
        if head.startswith(mark):
            how = f"先頭の印（BOM）により{shown}と判定しました。"
            # Some programs put a mark in front of one that is already there.
            marks = len(mark)
            while head.startswith(mark, marks):
                marks += len(mark)
            digest, wrong = _try_encoding(path, encoding, marks)
            if wrong is not None:
                raise FormError(
                    f"{path.name}: 先頭の印は{shown}ですが、{wrong}バイト目が{shown}では"
                    "ありません。CSV（UTF-8）として出力し直してください。"
                )
            proof = Proof(encoding, marks, how, digest)
            break
    if proof is None:
        if head.count(0) * 10 > len(head):
            raise FormError(
                f"{path.name}: 文字でないデータ（ヌル文字）が多くあります。印（BOM）のないUTF-16か、"
                "文字のファイルではありません。CSV（UTF-8）として出力し直してください。"
            )
        proof = _prove_without_mark(path)
    if allowed and proof.encoding not in allowed:
        listed = "・".join(_LABELS.get(name, name) for name in allowed)
        raise FormError(
            f"{path.name}: 文字コードは{proof.encoding}で、様式の文字コード（{listed}）と違います。"
            "出力の設定か様式を確かめてください。"
        )
    return proof


def _prove_without_mark(path: Path) -> Proof:
    digest, utf8_wrong = _try_encoding(path, "utf-8", 0)
    if utf8_wrong is None:
        return Proof("utf-8", 0, "印はなく、全体がUTF-8として正しく読めました。", digest)
    digest, cp932_wrong = _try_encoding(path, "cp932", 0)
    if cp932_wrong is None:
        how = f"UTF-8としては{utf8_wrong}バイト目で誤りとなり、全体がCP932として正しく読めました。"
        return Proof("cp932", 0, how, digest)
    raise FormError(
        f"{path.name}: 文字コードを判定できません（UTF-8としては{utf8_wrong}バイト目"
        f"（{_find_line(path, utf8_wrong)}行目付近）、CP932としては{cp932_wrong}バイト目で誤り）。"
        "CSV（UTF-8）として出力し直してください。"
    )


def _find_line(path: Path, offset: int) -> int:
    lines = 1
    with path.open("rb") as file:
        while offset > 0 and (piece := file.read(min(offset, _CHUNK))):
            lines += piece.count(b"\n")
            offset -= len(piece)
    return lines


def _try_encoding(path: Path, encoding: str, mark: int) -> tuple[str, int | None]:
    """Give the digest of the file, and the offset of the first byte that is wrong, if any."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    position = mark
    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(1) as hashing:
        digest = hashlib.sha256(file.read(mark))
        hashed = hashing.submit(digest.update, b"")
        # While one piece goes into the digest, which lets go of Python's lock, the other is filled.
        filled, other = bytearray(_CHUNK), bytearray(_CHUNK)
        while True:
            piece = memoryview(filled)[: file.readinto(filled)]
            hashed.result()
            hashed = hashing.submit(digest.update, piece)
            wrong = _find_wrong_byte(piece, encoding, decoder)
            if wrong is not None:
                return "", position + wrong
            if not piece:
                return digest.hexdigest(), None
            position += len(piece)
            filled, other = other, filled


def _find_wrong_byte(
    piece: memoryview, encoding: str, decoder: codecs.IncrementalDecoder
) -> int | None:
    """Find the first wrong byte of a piece, counted from its start; an empty piece is the end."""
    if encoding != "utf-8" or not piece:
        return _try_codec(piece, encoding, decoder, final=not piece)
    # The codec, which is slow, sees what crosses a seam, and what is wrong.
    seam = _count_following(piece) if decoder.getstate()[0] else 0
    wrong = _try_codec(piece[:seam], encoding, decoder)
    if wrong is not None:
        return wrong
    whole = max(len(piece) - _count_unfinished(piece), seam)
    if decoder.getstate()[0] or not _is_utf8(piece[seam:whole]):
        whole = seam
    wrong = _try_codec(piece[whole:], encoding, decoder)
    return None if wrong is None else wrong + whole


def _try_codec(
    piece: memoryview, encoding: str, decoder: codecs.IncrementalDecoder, final: bool = False
) -> int | None:
    pending = len(decoder.getstate()[0])
    try:
        decoded = decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        return error.start - pending
    if encoding == "cp932" and _may_be_odd(decoded) and (odd := _NOT_CP932.search(decoded)):
        return len(decoded[: odd.start()].encode(encoding)) - pending
    return None


def _may_be_odd(decoded: str) -> bool:
    """Whether a character is of the two ranges of ``_NOT_CP932``; a search takes twice as long."""
    codes = np.frombuffer(decoded.encode("utf-16-le"), np.uint16)
    # Below a range's start the difference wraps to a high number.
    return bool((codes - np.uint16(0x80) <= 0x20).any() or (codes - np.uint16(0xF8F0) <= 3).any())


def _count_following(piece: memoryview) -> int:
    """Count the bytes at the start of a piece that go on with a character of the one before."""
    count = 0
    while count < min(3, len(piece)) and piece[count] & 0xC0 == 0x80:
        count += 1
    return count


def _count_unfinished(piece: memoryview) -> int:
    """Count the bytes at the end of a piece that may begin a character of the next one."""
    for count in range(1, min(4, len(piece) + 1)):
        if piece[-count] >= 0xC0:
            return count
    return 0


def _is_utf8(piece: memoryview) -> bool:
    ends = pa.py_buffer(np.array([0, len(piece)], np.int64))
    content = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(piece)])
    try:
        content.cast(pa.large_string())  # several times as fast as Python's codec
    except pa.ArrowInvalid:
        return False
    return True


def iterate_text(
    path: Path, proof: Proof, size: int | None = None
) -> Generator[tuple[bytes, bool], None, None]:
    """Give the text of a proved file piece by piece as UTF-8 without its mark.

    Args:
        path: the file.
        proof: its encoding.
        size: the most bytes of the file in one piece; None for the usual.

    Returns:
        pieces, each with whether it is the last one. Where the first line ends with a carriage
        return alone, every line end becomes a line feed, in cells too.
    """
    decoder = codecs.getincrementaldecoder(proof.encoding)("strict")
    alone = _ends_with_return(path, proof)
    held = b""
    with path.open("rb", buffering=0) as file:
        file.seek(proof.mark)
        most = min(size or _CHUNK, _CHUNK)
        piece = file.read(most)
        while True:
            following = file.read(most) if piece else b""
            text = piece
            if proof.encoding != "utf-8":
                text = decoder.decode(piece, final=not following).encode()
            if alone:
                text = held + text
                # A return at the end may be the first half of a line end.
                held = b"\r" if following and text.endswith(b"\r") else b""
                text = text.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield text, not following
            if not following:
                return
            piece = following


def join_text(path: Path, proof: Proof) -> Generator[tuple[memoryview, bool], bytes, None]:
    """Give the text of a proved file as ``iterate_text`` does, each piece behind what is sent.

    What is sent is the rest of the piece before that the caller has not used. The memory of a piece
    is Arrow's, which is used again once nobody looks at it any more.
    """
    rest = b""
    if proof.encoding != "utf-8" or _ends_with_return(path, proof):
        for text, final in iterate_text(path, proof):
            rest = yield memoryview(rest + text), final
        return
    with path.open("rb", buffering=0) as file:
        file.seek(proof.mark)
        size = os.fstat(file.fileno()).st_size
        final = False
        while not final:
            room = memoryview(pa.allocate_buffer(len(rest) + _CHUNK)).cast("B")
            room[: len(rest)] = rest
            read = file.readinto(room[len(rest) :])
            final = not read or file.tell() >= size
            rest = yield room[: len(rest) + read], final


def _ends_with_return(path: Path, proof: Proof) -> bool:
    """Whether the first line ends with a carriage return alone, as on old Macintoshes."""
    with path.open("rb") as file:
        file.seek(proof.mark)
        head = codecs.getincrementaldecoder(proof.encoding)("strict").decode(file.read(_HEAD))
    found = _FIRST_LINE.match(head)
    return found is not None and found[1] != ""


def iterate_lines(path: Path, proof: Proof) -> Iterator[str]:
    """Give the lines of a proved file one by one, each with its end, as Python's own readers do."""
    rest = b""
    for piece, is_last in iterate_text(path, proof):
        text = rest + piece
        end = len(text) if is_last else text.rfind(b"\n") + 1
        yield from io.StringIO(text[:end].decode(), newline="")
        rest = text[end:]


def decode_file(path: Path) -> str:
    """Give the whole text of a small file, its encoding proved."""
    proof = prove_encoding(path)
    return b"".join(piece for piece, _ in iterate_text(path, proof)).decode()
