"""The container of an .xlsx file, looked through before any library opens it.

A workbook of a few thousand bytes can name more cells than any memory holds: by what it unpacks to,
by elements, by one merged cell over a whole sheet. Everything here is read as a stream.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

from openpyxl.utils.cell import range_boundaries

from recruitlib.base.errors import FormError
from recruitlib.base.plain_files import require_plain

_LARGEST_FILE = 50_000_000  # bytes
_LARGEST_UNPACKED = 200_000_000  # bytes; more is a decompression bomb
_MOST_PARTS = 5_000
# An office's receipt book has some thousands of rows; this is 25,000 of twenty columns, written or
# not, in all sheets. What has more goes by CSV, which has no such limit.
MOST_CELLS = 500_000
_TEXTS = frozenset(("v", "f", "is", "si", "t", "rPh", "phoneticPr"))  # what cells and readings hold
_MOST_TEXTS = 4 * MOST_CELLS  # a cell whose text no other has: v, si and t; most share theirs
_MOST_OTHERS = 200_000  # other elements, of which the library makes larger things
_DEEPEST = 200  # elements within elements
_MOST_COVERED = 1_000_000  # cells under merged cells and links, which the library makes one by one
_MOST_PAIRS = 10_000_000  # links times merged cells, each of which it compares
_OLE = b"\xd0\xcf\x11\xe0"  # an .xls file, or an .xlsx file with a password
_ENTRY = b"PK\x01\x02"
_PIECE = 1 << 20
_COLUMNS, _ROWS = 16_384, 1_048_576  # of a whole sheet


def read_container(path: Path) -> tuple[bytes, bool]:
    """Read a workbook's file after a look at what it declares; say if it recalculates when opened.

    Raises:
        FormError: it is none, has a password, is too large or names too much, or declares what a
            workbook does not.
    """
    require_plain(path)
    if path.stat().st_size > _LARGEST_FILE:
        raise FormError(f"{path.name}: 50MBを超えています。CSV（UTF-8）で出力し直してください。")
    content = path.read_bytes()
    if content.startswith(_OLE):
        raise FormError(
            f"{path.name}: パスワード付きか、古い形式（.xls）です。"
            "パスワードを外し、.xlsx形式で保存し直してください。"
        )
    if content.count(_ENTRY) > _MOST_PARTS:
        raise _tell_size(path.name)
    look = _Look(path.name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            parts = container.infolist()
            if sum(part.file_size for part in parts) > _LARGEST_UNPACKED:
                raise _tell_size(path.name)
            # A program that takes the first of two would show another sheet than is read here.
            if len({part.filename.casefold() for part in parts}) < len(parts):
                raise tell_broken(path.name)
            for part in parts:
                look.look_through(container, part)
    except FormError:
        raise
    except Exception:  # a broken container fails anywhere in the library
        raise tell_broken(path.name) from None
    return content, look.recalculates


class _Look:
    """What the parts of one container say together; ``depth`` is where in the part at hand it is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.recalculates = False
        self.cells = self.texts = self.others = self.depth = 0
        self.covered = self.merged = self.linked = 0

    def look_through(self, container: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Look through a part; what is no XML is left alone unless it is named so."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_declaration
        self.depth = 0
        with container.open(part) as text:
            try:
                parser.ParseFile(text)
            except expat.ExpatError:
                if part.filename.lower().endswith((".xml", ".rels")):
                    raise
                while text.read(_PIECE):  # to its end, where its checksum is
                    pass

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self.cells += 1
        elif name in _TEXTS:
            self.texts += 1
        else:
            self.others += 1
        self.depth += 1
        if self.cells > MOST_CELLS:
            raise FormError(
                f"{self.name}: セルが多すぎます（全シートで{MOST_CELLS:,}セルまで）。"
                "余分な書式とシートを消すか、CSV（UTF-8）で出力し直してください。"
            )
        if self.texts > _MOST_TEXTS or self.others > _MOST_OTHERS or self.depth > _DEEPEST:
            raise _tell_size(self.name)
        if name in ("mergeCell", "hyperlink"):
            self.covered += _count_cells(attributes.get("ref", ""))
            self.merged += name == "mergeCell"
            self.linked += name == "hyperlink"
            if self.covered > _MOST_COVERED or self.merged * self.linked > _MOST_PAIRS:
                raise FormError(
                    f"{self.name}: 結合されたセルやリンクの範囲が大きすぎます。結合とリンクを解いて保存し直してください。"
                )
        elif name == "calcPr":
            self.recalculates |= attributes.get("fullCalcOnLoad") in ("1", "true")

    def _end(self, tag: str) -> None:
        self.depth -= 1

    def _refuse_declaration(self, *declared: Any) -> None:
        raise FormError(
            f"{self.name}: 通常のブックにない宣言があるため、開きません。作成元に確かめてください。"
        )


def _count_cells(reference: str) -> int:
    """Count the cells of a range; what is none is one, for the library to refuse."""
    try:
        left, top, right, bottom = range_boundaries(reference)
    except (TypeError, ValueError):
        return 1
    return ((right or _COLUMNS) - (left or 1) + 1) * ((bottom or _ROWS) - (top or 1) + 1)


def _tell_size(name: str) -> FormError:
    return FormError(
        f"{name}: 展開すると大きすぎます。余分な書式・図形・シートを消すか、CSV（UTF-8）で出力し直してください。"
    )


def tell_broken(name: str) -> FormError:
    """Tell, as the error to be raised, that a file is no workbook."""
    return FormError(f"{name}: 表計算ブック（.xlsx）として開けません。保存し直してください。")
