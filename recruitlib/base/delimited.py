"""Bytes of a delimited text file: its encoding by proof, its records by strict quoting.

The width of a row alone proves little: two stray quotes some lines apart make one record of
exactly the right width and swallow the people between. So each quote is checked on both sides,
and a record that spans lines is looked at by itself.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recruitlib.base.errors import FormError

LINE_BREAK = "[\r\n\v\f\u0085\u2028\u2029]"  # what no cell of one line holds
_CHUNK = 1 << 24  # bytes looked at in one go: keeps the memory of the checks small
_QUOTE, _COMMA, _LF, _CR, _EQUALS = b'",\n\r='
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
# Bytes that Windows never writes in Japanese text, but that the codec lets pass.
_NOT_CP932 = re.compile("[\x80-\xa0\uf8f0-\uf8f3]")


class DecodedText(NamedTuple):
    """The text of a file, its encoding, and one Japanese sentence on how that was decided."""

    text: str
    encoding: str
    how: str


class DecodedBytes(NamedTuple):
    """The same as UTF-8 bytes, for files of hundreds of megabytes."""

    content: bytes
    encoding: str
    how: str


class RecordScan(NamedTuple):
    """Where the records of a file end, how wide each is, and what breaks the quoting.

    ``ends`` are the positions of the line feeds that end a record (the header is record 0),
    ``widths`` its cells, ``spanning`` the records with a line break inside a quoted cell. With
    ``problems`` the other fields mean nothing.
    """

    ends: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int64]
    spanning: list[int]
    problems: list[str]


def decode_file(path: Path) -> DecodedText:
    """Decode a text file by proof, never by a guess.

    A byte order mark decides; else the whole must be UTF-8; else the whole must be CP932 (never
    ``shift_jis``, which lacks 髙 and ①).

    Args:
        path: the file.

    Returns:
        the text without the mark, the encoding (utf-8, utf-16-le, utf-16-be, cp932) and how.

    Raises:
        FormError: neither encoding holds for the whole file, or it holds NUL characters.
    """
    decoded = decode_bytes(path)
    return DecodedText(decoded.content.decode("utf-8"), decoded.encoding, decoded.how)


def decode_bytes(path: Path) -> DecodedBytes:
    """Decode a text file as ``decode_file`` does, into UTF-8 bytes.

    Args:
        path: the file.

    Returns:
        the bytes without the mark, the encoding and how it was decided.

    Raises:
        FormError: neither encoding holds for the whole file, or it holds NUL characters.
    """
    content = path.read_bytes()
    decoded = _decode_content(content, path.name)
    if b"\x00" in decoded.content:
        raise FormError(
            f"{path.name}: 文字でないデータ（ヌル文字）があります。"
            "CSV（UTF-8）として出力し直してください。"
        )
    return decoded


def _decode_content(content: bytes, name: str) -> DecodedBytes:
    for mark, encoding, shown in _BOMS:
        if content.startswith(mark):
            text, offset = _recode(content[len(mark) :], encoding)
            if text is None:
                raise FormError(
                    f"{name}: 先頭の印は{shown}ですが、{offset + len(mark)}バイト目が{shown}では"
                    "ありません。CSV（UTF-8）として出力し直してください。"
                )
            return DecodedBytes(text, encoding, f"先頭の印（BOM）により{shown}と判定しました。")
    text, utf8_offset = _recode(content, "utf-8")
    if text is not None:
        return DecodedBytes(text, "utf-8", "印はなく、全体がUTF-8として正しく読めました。")
    text, cp932_offset = _recode(content, "cp932")
    if text is not None and not _NOT_CP932.search(text.decode("utf-8")):
        how = f"UTF-8としては{utf8_offset}バイト目で誤りとなり、全体がCP932として正しく読めました。"
        return DecodedBytes(text, "cp932", how)
    where = f"{cp932_offset}バイト目" if text is None else "Windowsの日本語にない文字"
    raise FormError(
        f"{name}: 文字コードを判定できません"
        f"（UTF-8としては{utf8_offset}バイト目、CP932としては{where}で誤り）。CSV（UTF-8）として出力し直してください。"
    )


def _recode(content: bytes, encoding: str) -> tuple[bytes | None, int]:
    """Give the content as UTF-8, or nothing and the offset of the first byte that is wrong."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    parts: list[bytes] = []
    for start in range(0, max(len(content), 1), _CHUNK):
        pending = len(decoder.getstate()[0])
        piece = content[start : start + _CHUNK]
        try:
            text = decoder.decode(piece, final=start + _CHUNK >= len(content))
        except UnicodeDecodeError as error:
            return None, start - pending + error.start
        if encoding != "utf-8":
            parts.append(text.encode("utf-8"))
    return (content if encoding == "utf-8" else b"".join(parts)), 0


def scan_records(content: bytes) -> RecordScan:
    """Find the records of UTF-8 text that ends with a line feed, with quoting taken strictly.

    A quote opens only at the start of a cell (or behind ``=``, as in ="0012") and closes only at
    its end; a carriage return stands only before a line feed or inside quotes.

    Args:
        content: UTF-8 bytes, the last one a line feed.

    Returns:
        the scan; ``problems`` name the physical line, as a text editor counts.
    """
    view = np.frombuffer(content, dtype=np.uint8)
    ends: list[npt.NDArray[np.int64]] = []
    commas: list[npt.NDArray[np.int64]] = []
    breaks: list[npt.NDArray[np.int64]] = []
    parity = comma_total = 0
    for start in range(0, len(view), _CHUNK):
        part = view[start : start + _CHUNK]
        quotes, feeds, returns, separators = (part == mark for mark in (_QUOTE, _LF, _CR, _COMMA))
        # The count wraps at 256, which leaves odd and even as they are.
        inside = ((np.cumsum(quotes, dtype=np.uint8) + np.uint8(parity)) & 1).astype(bool)
        if (stray := _find_stray(view, start, quotes, inside)) is not None:
            return _break_off(f"{_line_of(content, stray)}行目付近の引用符の位置が不正です。")
        if (lone := _find_lone_return(view, np.flatnonzero(returns & ~inside) + start)) is not None:
            return _break_off(f"{_line_of(content, lone)}行目付近に、単独の復帰文字があります。")
        ended = np.flatnonzero(feeds & ~inside)
        counted = np.cumsum(separators & ~inside, dtype=np.int32)
        ends.append(ended + start)
        commas.append(counted[ended].astype(np.int64) + comma_total)
        breaks.append(np.flatnonzero((feeds | returns) & inside) + start)
        parity, comma_total = int(inside[-1]), comma_total + int(counted[-1])
    if parity:
        last = content.rindex(b'"')
        return _break_off(f"{_line_of(content, last)}行目付近の引用符が閉じていません。")
    all_ends = np.concatenate(ends)
    totals = np.concatenate([np.zeros(1, dtype=np.int64), *commas])
    widths = totals[1:] - totals[:-1] + 1
    spanning = np.unique(np.searchsorted(all_ends, np.concatenate(breaks)))
    return RecordScan(all_ends, widths, spanning.tolist(), [])


def split_record(content: bytes, scan: RecordScan, record: int) -> list[str]:
    """Give the cells of one record.

    Args:
        content: the bytes that were scanned.
        scan: their scan, without problems.
        record: its number; 0 is the header.

    Raises:
        FormError: a cell is longer than 131,072 characters, which no honest one is.
    """
    start = int(scan.ends[record - 1]) + 1 if record else 0
    text = content[start : int(scan.ends[record])].decode("utf-8").removesuffix("\r")
    try:
        return next(csv.reader(io.StringIO(text, newline="")), []) or [""]
    except csv.Error:
        raise FormError(f"{record + 1}行目に長すぎる値があります。直してください。") from None


def swallows_lines(cells: list[str], width: int) -> bool:
    """Say whether a cell with line breaks may be whole records that a stray quote swallowed.

    Joining m+1 lines of a file with w columns leaves m x (w-1) commas inside the quotes; an honest
    remark of several lines has fewer.
    """
    broken = [cell for cell in cells if re.search(r"[\r\n]", cell)]
    lines = sum(len(re.findall(r"\r\n|\r|\n", cell)) for cell in broken)
    return sum(cell.count(",") for cell in broken) >= lines * (width - 1)


def _break_off(problem: str) -> RecordScan:
    nothing = np.array([], dtype=np.int64)
    hint = "この後の行の区切りが確かでないため、その行を直して出力し直してください。"
    return RecordScan(nothing, nothing, [], [problem + hint])


def _line_of(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _find_stray(
    view: npt.NDArray[np.uint8],
    start: int,
    quotes: npt.NDArray[np.bool_],
    inside: npt.NDArray[np.bool_],
) -> int | None:
    """Find the first quote of a chunk that neither opens, closes nor doubles where it may."""
    # A quote with a comma or a quote on the side that matters is right; few others remain.
    edge = np.array([_LF], dtype=np.uint8)
    padded = np.concatenate((edge, view[max(start - 1, 0) : start + len(quotes) + 1], edge))
    lead = 2 if start else 1
    plain = (padded == _COMMA) | (padded == _QUOTE)
    before, after = plain[lead - 1 :][: len(quotes)], plain[lead + 1 :][: len(quotes)]
    at = np.flatnonzero(quotes & np.where(inside, ~before, ~after))
    opening = inside[at]
    at = at + start
    previous = np.where(at > 0, view[at - 1], _LF)
    earlier = np.where(at > 1, view[at - 2], _LF)
    following = view[np.minimum(at + 1, len(view) - 1)]
    second = view[np.minimum(at + 2, len(view) - 1)]
    opens = (previous == _LF) | ((previous == _EQUALS) & ((earlier == _COMMA) | (earlier == _LF)))
    closes = (following == _LF) | ((following == _CR) & (second == _LF))
    wrong = np.flatnonzero(np.where(opening, ~opens, ~closes))
    return int(at[wrong[0]]) if len(wrong) else None


def _find_lone_return(view: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> int | None:
    lone = at[view[np.minimum(at + 1, len(view) - 1)] != _LF]
    return int(lone[0]) if len(lone) else None
