"""The layers of a file: what it says beneath escapes, base64, compression and containers."""

from __future__ import annotations

import base64
import binascii
import bz2
import html
import io
import json
import lzma
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 12
_ROUNDS = 4
_SHORT = 100  # letters of base64
_APART = b"\n\xff\xff\xff\xff\n"
_MOST = 100_000_000  # bytes that one file may unfold to
_HEADER = struct.Struct(">IIBBBBB")  # of a PNG: width, height, bits, kind of colours, ...
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # values for each dot, by the kind of its colours
PNG = b"\x89PNG\r\n\x1a\n"
_PDF = b"%PDF-"
_ESCAPE = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_CONTROL = re.compile(r"\\+[nrt]")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]{16,}(?:\s|\\+[nr])+)*[A-Za-z0-9+/_-]{12,}={0,2}")
_BREAK = re.compile(r"(?:\s|\\+[nr])+")
_PICTURE = re.compile("iVBORw0KGgo[A-Za-z0-9+/=]+")  # a PNG in base64
_DIGEST = re.compile("(?:[0-9a-f]{16})+")
_URL_SAFE = str.maketrans("-_", "+/")
_BYTES = re.compile(rb"(?:\\x|%)([0-9A-Fa-f]{2})|\\([\\'\"nrt0])")
# Bytes as mails and programs spell them: =E6=9E=B6 and \346\236\266.
_SPELT = re.compile(r"(?:=[89A-F][0-9A-F]){2}|(?:\\[0-3][0-7]{2}){2}")
_SPELT_BYTES = re.compile(rb"=([0-9A-F]{2})|\\([0-3][0-7]{2})|=\r?\n")
_HEX = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?:[ :]?[0-9A-Fa-f]{2}){5,}(?![0-9A-Fa-f])")
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}
_PACKED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|PK\x03\x04|BZh[1-9]|\xfd7zXZ\x00")
_ZIP_HEADER = 30
# Readable pieces of bytes that are no text as a whole, by encoding.
_READABLE = {
    "utf-8": re.compile(
        rb"(?:[\t\n\r\x1b\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
        rb"|[\xf0-\xf4][\x80-\xbf]{3}){3,}"
    ),
    "utf-16-le": re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00|[\x00-\xff][\x30\x34-\x9f\xdb-\xdf\xf9-\xff]){3,}"),
    "utf-16-be": re.compile(rb"(?:\x00[\t\n\r\x20-\x7e]|[\x30\x34-\x9f\xdb-\xdf\xf9-\xff][\x00-\xff]){3,}"),
    "cp932": re.compile(
        rb"(?:[\t\n\r\x20-\x7e]|[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]|[\xa1-\xdf]){3,}"
    ),
    "euc_jp": re.compile(
        rb"(?:[\t\n\r\x20-\x7e]|[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}){3,}"
    ),
}  # fmt: skip


class TooMuchError(Exception):
    """A file unfolds to more than anybody can search, or cannot be unfolded."""


class Layers:
    """The texts of one file, layer by layer."""

    def __init__(self) -> None:
        self._seen: set[bytes | str] = set()
        self._left = _MOST

    def unfold(self, content: bytes | str, depth: int = 0) -> Iterator[str]:
        """Unfold content into every text that it says.

        Raises:
            TooMuchError: it cannot be searched as a whole.
        """
        if not content or depth > _DEEPEST or content in self._seen:
            return
        self._left -= len(content)
        if self._left < 0:
            raise TooMuchError
        self._seen.add(content)
        if isinstance(content, str):
            yield from self._unfold_text(content, depth + 1)
        elif content.startswith(PNG):
            for chunk in _list_chunks(content):
                yield from self.unfold(chunk, depth + 1)
        elif content.startswith(_PDF) and (parts := _read_pdf(content)):
            for part in parts:
                yield from self.unfold(part, depth + 1)
        elif content.startswith(_PDF) and not depth:
            raise TooMuchError
        else:
            yield from self._unfold_bytes(content, depth + 1)

    def _unfold_text(self, text: str, depth: int) -> Iterator[str]:
        plain = unescape(text)
        yield _PICTURE.sub("", plain)
        if "\0" in plain:  # letters of two bytes each
            yield from self.unfold(plain.replace("\0", ""), depth)
        if "\x1b$" in plain:  # JIS, as mails write it
            yield from self.unfold(plain.encode().decode("iso2022_jp_3", "ignore"), depth)
        said = _PICTURE.sub("", text)
        spelt = (bytes.fromhex(one[0].replace(":", " ")) for one in _HEX.finditer(said))
        yield from self.unfold(_APART.join(one for one in spelt if _is_text(one)), depth)
        if _SPELT.search(said):
            content = _SPELT_BYTES.sub(_take_spelt, said.encode(errors="replace"))
            yield from self.unfold(content.decode(errors="ignore"), depth)
        if "\\x" in text or _PERCENT.search(text):
            yield from self.unfold(_BYTES.sub(_take_byte, text.encode(errors="replace")), depth)
        runs = dict.fromkeys(
            run
            for found in _BASE64.finditer(plain)
            for run in (_BREAK.sub("", found[0]), *_BREAK.split(found[0]))
            if not _DIGEST.fullmatch(run)
        )
        # Every longer word looks like base64: what the short ones say is searched in one piece.
        short = [content for run in runs if len(run) < _SHORT for content in _decode(run)]
        yield from self.unfold(_APART.join(short), depth)
        for run in runs:
            for content in _decode(run) if len(run) >= _SHORT else ():
                yield from self.unfold(content, depth)
                if content.startswith(PNG):
                    break  # its other alignments say nothing

    def _unfold_bytes(self, content: bytes, depth: int) -> Iterator[str]:
        try:
            yield from self.unfold(content.decode("utf-8-sig"), depth)
        except UnicodeDecodeError:
            for encoding, pattern in _READABLE.items():
                pieces = [
                    found[0].decode(encoding, "ignore") for found in pattern.finditer(content)
                ]
                yield from self.unfold("\u241e".join(pieces), depth)
        starts = [0, *(found.start() for found in _PACKED.finditer(content))]
        for start in starts:
            yield from self.unfold(_inflate(content, start, self._left), depth)


def _is_text(content: bytes) -> bool:
    """Whether bytes are text; a digest is none."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def unescape(text: str) -> str:
    r"""Undo escapes of HTML, JSON and addresses: &#26550; and \u67b6 and %E6%9E%B6, also nested."""
    for _ in range(_ROUNDS):
        plain = _CONTROL.sub("\n", _ESCAPE.sub(_take_sign, html.unescape(text)))
        if "%" in plain:
            plain = _PERCENT.sub(_take_percent, plain)
        if _SURROGATE.search(plain):
            plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if plain == text:
            break
        text = plain
    return text


def _take_sign(found: re.Match[str]) -> str:
    code = int(found[1] or found[2], 16)
    return chr(code) if code <= 0x10FFFF else found[0]


def _take_percent(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")


def _take_byte(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else _NAMED.get(found[2], found[2])


def _take_spelt(found: re.Match[bytes]) -> bytes:
    if found[2]:
        return bytes([int(found[2], 8)])
    return bytes.fromhex(found[1].decode()) if found[1] else b""


def _decode(run: str) -> Iterator[bytes]:
    """Decode base64 from each of its four alignments: a letter of the text may stand in front."""
    letters = run.translate(_URL_SAFE).rstrip("=")
    for start in range(4):
        piece = letters[start:]
        piece = piece[: len(piece) - (len(piece) % 4 == 1)]
        try:
            yield base64.b64decode(piece + "=" * (-len(piece) % 4))
        except binascii.Error:  # pragma: no cover
            continue


def _inflate(content: bytes, start: int, most: int) -> bytes:
    """Decompress what begins here, as far as it goes; nothing when it is not compressed."""
    head = content[start : start + 4]
    try:
        if head == b"PK\x03\x04":
            names = content[start + 26 : start + _ZIP_HEADER]
            start += _ZIP_HEADER + int.from_bytes(names[:2], "little")
            start += int.from_bytes(names[2:], "little")
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[start:], most + 1)
        if head.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(content[start:], most + 1)
        if head == b"\xfd7zX":
            return lzma.LZMADecompressor().decompress(content[start:], most + 1)
        if _PACKED.match(head):
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content[start:], most + 1)
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[start:], most + 1)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        return b""


def _list_chunks(content: bytes) -> Iterator[bytes]:
    """List what a PNG says beside its picture, what stands behind its end included.

    Raises:
        TooMuchError: what it holds as its picture is something else.
    """
    at, header, picture, has_end = len(PNG), b"", b"", False
    while at + 8 <= len(content) and not has_end:
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        data = content[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            picture += data
        else:
            yield data
        header = data if kind == b"IHDR" else header
        has_end = kind == b"IEND"
        at += 12 + length
    yield content[at:]
    if not _is_picture(header, picture):
        yield picture
        if has_end:  # else a piece of one, as a line of base64
            raise TooMuchError


def _is_picture(header: bytes, picture: bytes) -> bool:
    """Whether the data of a PNG are one compressed stream of just the dots that its header tells."""
    if len(header) != _HEADER.size:
        return False
    width, height, bits, colours, *_, woven = _HEADER.unpack(header)
    size = height * (1 + (width * bits * _SAMPLES.get(colours, 0) + 7) // 8)
    stream = zlib.decompressobj()
    try:
        dots = stream.decompress(picture, min(size, _MOST) + 1)
    except zlib.error:
        return False
    return len(dots) == size and stream.eof and not stream.unused_data and not woven


def _read_pdf(content: bytes) -> list[bytes | str]:
    """Read the pages, the strings and the streams of a PDF; nothing of one that cannot be opened."""
    import pikepdf
    import pypdfium2

    parts: list[bytes | str] = []
    try:
        with pypdfium2.PdfDocument(content) as document:
            parts.append("\n".join(page.get_textpage().get_text_range() for page in document))
        with pikepdf.open(io.BytesIO(content)) as book:
            for part in book.objects:
                if isinstance(part, pikepdf.Stream):
                    parts.extend(_read_stream(part))
                elif isinstance(part, pikepdf.Dictionary):
                    strings = [str(one) for one in part.values() if isinstance(one, pikepdf.String)]
                    parts.append("\u241e".join(strings))
    except (pikepdf.PdfError, pikepdf.PasswordError, pypdfium2.PdfiumError):
        return []
    return parts


def _read_stream(part: Any) -> Iterator[bytes]:
    if "/Length1" in part or part.get("/Subtype") == "/Image":
        return  # a typeface or a picture says nothing
    import pikepdf

    try:
        yield part.read_bytes()
    except pikepdf.PdfError:
        yield part.read_raw_bytes()


def join_lines(content: str) -> Iterator[str]:
    """Join the lines of each text that a notebook keeps as a list; nothing of what is no JSON."""
    try:
        yield from _join_lines(json.loads(content))
    except (ValueError, RecursionError):
        return


def _join_lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _join_lines(item)
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield "".join(value)
        for item in value:
            yield from _join_lines(item)
