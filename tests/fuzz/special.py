"""Files made to hurt, each read in one process whose memory is limited: ``python -m tests.fuzz.special``.

Each line says the file, how many seconds of the processor and how many bytes it took, and what the
reader said. Large ones are written as they are needed and hold nothing on the disk where they may.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.fuzz.damage import pack
from tests.fuzz.forms import FORMS, SEEDS
from tests.fuzz.judge import try_reader

LIMIT = 4_000_000_000  # bytes of addresses, of which Arrow and the threads set by two without use
SECONDS, MEMORY = 20.0, 1_200_000_000  # for one of these files; the large ones are large
SHEET = "xl/worksheets/sheet1.xml"
Make = Callable[[Path], object]


class Special(NamedTuple):
    """A file made to hurt: its form, how it is made, and a word of what its reader must say."""

    form: str
    make: Make
    says: str


def _write_lines(*pieces: bytes, times: int = 1) -> Make:
    """Write the head of the applications, then pieces behind it, the last one so many times."""
    head = b"\r\n".join((SEEDS / "form.csv").read_bytes().split(b"\r\n")[:3]) + b"\r\n"

    def make(path: Path) -> None:
        person = head.split(b"\r\n")[1] + b"\r\n"
        with path.open("wb") as file:
            file.write(head + b"".join(pieces[:-1]))
            for _ in range(times):
                file.write(pieces[-1])
            file.write(person)

    return make


def _write_hole_behind(path: Path) -> None:
    _write_lines(b"1,")(path)
    with path.open("r+b") as file:
        file.truncate(2 << 30)


def _edit_book(old: bytes, new: bytes, part: str = SHEET, *more: tuple[str, bytes]) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(SEEDS / "counter.xlsx") as book:
            parts = [(name, book.read(name)) for name in book.namelist()]
        changed = [
            (name, text.replace(old, new, 1) if name == part else text) for name, text in parts
        ]
        path.write_bytes(pack([*changed, *more]))

    return make


def _declare_size(path: Path) -> None:
    """Write a container whose directory says that a part unpacks to four gigabytes."""
    content = bytearray((SEEDS / "counter.xlsx").read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = b"\xfe\xff\xff\xff"
    path.write_bytes(content)


def _repeat_entries(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as book:
        for number in range(6_000):
            book.writestr(f"{number:x}", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Write a chunk of a PNG file."""
    code = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + code


def _relate(kind: str, target: str) -> bytes:
    office = "http://schemas.openxmlformats.org"
    return (
        f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument/2006/relationships/{kind}" Target="{target}"/></Relationships>'
    ).encode()


def _draw_image(path: Path) -> None:
    """Put a picture into a workbook that says it is 60,000 by 60,000 points."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
    png += _chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + _chunk(b"IEND", b"")
    draw = "http://schemas.openxmlformats.org/drawingml/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    drawing = (
        f'<d:wsDr xmlns:d="{draw}/spreadsheetDrawing" xmlns:a="{draw}/main" xmlns:r="{office}">'
        "<d:oneCellAnchor><d:from><d:col>1</d:col><d:colOff>0</d:colOff><d:row>9</d:row>"
        '<d:rowOff>0</d:rowOff></d:from><d:ext cx="9525" cy="9525"/><d:pic><d:nvPicPr>'
        '<d:cNvPr id="1" name="a"/><d:cNvPicPr/></d:nvPicPr><d:blipFill><a:blip r:embed="rId1"/>'
        "</d:blipFill><d:spPr/></d:pic><d:clientData/></d:oneCellAnchor></d:wsDr>"
    ).encode()
    _edit_book(
        b"</worksheet>", f'<drawing xmlns:r="{office}" r:id="rId1"/></worksheet>'.encode(), SHEET,
        ("xl/worksheets/_rels/sheet1.xml.rels", _relate("drawing", "/xl/drawings/drawing1.xml")),
        ("xl/drawings/drawing1.xml", drawing),
        ("xl/drawings/_rels/drawing1.xml.rels", _relate("image", "/xl/media/image1.png")),
        ("xl/media/image1.png", png),
    )(path)  # fmt: skip


def _truncate(size: int) -> Make:
    """Write a file of so many bytes of nothing, which take no place on the disk."""

    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return make


def _write_text(text: str) -> Make:
    return lambda path: path.write_text(text, encoding="utf-8")


def _enlarge_font(path: Path) -> None:
    """Say of every table of a font that it has four gigabytes."""
    content = bytearray(FORMS["font"].seeds()[0])
    for entry in range(12, 12 + 16 * content[5], 16):
        content[entry + 12 : entry + 16] = b"\xff\xff\xff\xff"
    path.write_bytes(content)


def _count_glyphs(path: Path) -> None:
    """Say of a small font that it has 65,535 glyphs and as many widths."""
    content = bytearray(FORMS["font"].seeds()[0])
    for entry in range(12, 12 + 16 * content[5], 16):
        at = int.from_bytes(content[entry + 8 : entry + 12], "big")
        place = {b"maxp": at + 4, b"hhea": at + 34}.get(bytes(content[entry : entry + 4]))
        if place:
            content[place : place + 2] = b"\xff\xff"
    path.write_bytes(content)


_END, _XML = b"</sheetData>", "[Content_Types].xml"
_LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
_MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12)
) + b"]>"  # fmt: skip
SPECIALS: dict[str, Special] = {
    "a file of two gigabytes of nothing": Special("applications", _truncate(2 << 30), "ヌル文字"),
    "a line of two gigabytes": Special("applications", _write_hole_behind, "4MBを超えても終わらない行"),
    "a first line without an end": Special("labels", lambda path: path.write_bytes(b"a" * 9_000_000), "列 id がありません"),
    "a line without an end below": Special("applications", _write_lines(b"1," * 500_000, times=15), "4MBを超えても終わらない行"),
    "a quote that never closes": Special("applications", _write_lines(b'"', b"a" * 1_000_000, times=20), "4MBを超えても終わらない行"),
    "a million columns": Special("applications", lambda path: path.write_bytes(b"a," * 1_000_000 + b"\r\n"), "列が多すぎます"),
    "a cell of a megabyte": Special("registry", lambda path: path.write_bytes(
        FORMS["registry"].seeds()[0].replace("新宿区".encode(), b"a" * 1_000_000)), ""),
    "rows of nothing between people": Special("applications", _write_lines(b"\r\n", times=30_000), ""),
    "rows of commas between people": Special("applications", _write_lines(b"," * 18 + b"\r\n", times=30_000), ""),
    "rows that are broken": Special("applications", _write_lines(b"a\r\n", times=30_000), "読めない行が多すぎます"),
    "more broken rows than are kept": Special("applications", _write_lines(b"a\r\n", times=250_100), "読めない行が250,000行を超えました"),
    "quotes and quotes": Special("applications", _write_lines(b'"' * 1_000_001, b"\r\n"), ""),
    "a bomb of spaces": Special("counter", _edit_book(_END, _END + b" " * 201_000_000), "展開すると大きすぎます"),
    "a bomb beside the sheet": Special("counter", _edit_book(b"", b"", "", ("a.bin", bytes(201_000_000))), "展開すると大きすぎます"),
    "a part that says it is huge": Special("counter", _declare_size, "展開すると大きすぎます"),
    "thousands of parts": Special("counter", _repeat_entries, "展開すると大きすぎます"),
    "a part that stands twice": Special("counter", _edit_book(b"", b"", "", ("xl/Workbook.xml", b"<a/>")), "開けません"),
    "cells without an end": Special("counter", _edit_book(_END, b"<row>" + b"<c/>" * 500_100 + b"</row>" + _END), "セルが多すぎます"),
    "texts without an end": Special("counter", _edit_book(_END, b"<row><c>" + b"<v/>" * 2_000_100 + b"</c></row>" + _END), "展開すると大きすぎます"),
    "links by merged cells": Special("counter", _edit_book(_END, _END + b"<mergeCells>" + b'<mergeCell ref="A1"/>' * 3_200 + b"</mergeCells><hyperlinks>" + b'<hyperlink ref="A1"/>' * 3_200 + b"</hyperlinks>"), "範囲が大きすぎます"),
    "one cell over a sheet": Special("counter", _edit_book(_END, _END + b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'), "範囲が大きすぎます"),
    "one cell over all columns": Special("counter", _edit_book(_END, _END + b'<mergeCells><mergeCell ref="A:&#88;FD"/></mergeCells>'), "範囲が大きすぎます"),
    "one link over a sheet": Special("counter", _edit_book(_END, _END + b'<hyperlinks><hyperlink ref="A1:XFD1048576" location="a"/></hyperlinks>'), "範囲が大きすぎます"),
    "a cell in the last row": Special("counter", _edit_book(_END, b'<row r="1048576"><c r="XFD1048576"/></row>' + _END), "範囲が大きすぎます"),
    "a cell far below and far right": Special("counter", _edit_book(_END, b'<row r="99000"><c r="NN99000"/></row>' + _END), "範囲が大きすぎます"),
    "elements within elements": Special("counter", _edit_book(_END, b"<a>" * 100_000 + b"</a>" * 100_000 + _END), "展開すると大きすぎます"),
    "entities of entities": Special("counter", _edit_book(b"<worksheet", _ENTITIES + b"<worksheet"), "宣言"),
    "entities in another part": Special("counter", _edit_book(b"<Types", _ENTITIES + b"<Types", _XML), "宣言"),
    "entities in another writing": Special("counter", _edit_book(b"", b"", "", ("a.txt", (b"\xff\xfe" + _ENTITIES.decode().encode("utf-16-le")))), "宣言"),
    "a picture of 60,000 points": Special("counter", _draw_image, "開けません"),
    "laughs by the billion": Special("parameters", _write_text(_LAUGHS), "YAML"),
    "laughs by merging": Special("parameters", _write_text(_MERGES), "YAML"),
    "a list within itself": Special("parameters", _write_text("a: &a [*a]"), "YAML"),
    "lists within lists": Special("parameters", _write_text("a: " + "[" * 100_000), "YAML"),
    "tables within tables": Special("parameters", _write_text("".join(f"{' ' * n}a:\n" for n in range(2_000))), "YAML"),
    "a YAML file of six megabytes": Special("parameters", _write_text("a: 1\n" * 1_200_000), "大きすぎます"),
    "a number without an end": Special("parameters", _write_text("fiscal_year: 0x" + "f" * 1_000_000), "YAML"),
    "towns of five megabytes": Special("towns", _truncate(5_000_001), "大きすぎます"),
    "a font of two hundred megabytes": Special("font", _truncate(200_000_001), "大きすぎます"),
    "tables of four gigabytes": Special("font", _enlarge_font, "書体"),
    "glyphs that are not there": Special("font", _count_glyphs, "書体"),
    "a record within records": Special("record", lambda path: path.write_bytes(b"[" * 100_000 + b"\n"), ""),
}  # fmt: skip


def try_special(name: str, folder: Path) -> dict[str, object]:
    """Let a reader read one of the files, and say what it took, what it said and what it broke."""
    special = SPECIALS[name]
    path = folder / FORMS[special.form].name
    path.parent.mkdir(parents=True, exist_ok=True)
    special.make(path)
    trial = try_reader(special.form, folder, SECONDS, MEMORY)
    path.unlink()
    return {
        "name": name, "seconds": round(trial.seconds, 2), "bytes": trial.grown, "said": trial.said,
        "broke": list(trial.finding or ()),
    }  # fmt: skip


def main() -> None:
    """Try all files, or those that are named, and print a line for each."""
    for form in FORMS.values():
        form.seeds()
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    with TemporaryDirectory() as folder:
        for name in sys.argv[1:] or SPECIALS:
            print(json.dumps(try_special(name, Path(folder)), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
