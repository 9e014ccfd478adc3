"""Damage that knows the form of a file: what an engine that only turns bytes would rarely reach.

Every function takes a content and a generator of random numbers and gives another content; the same
seed gives the same file.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import yaml

Damage = Callable[[bytes, Random], bytes]
LARGEST = 200_000  # bytes of one input

WORDS = [
    "", " ", "\u3000", "=1+1", "=HYPERLINK(\"http://a.invalid\",\"x\")", "+1", "-1", "@SUM(A1)", "|calc",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;", "\x1b[2J", "\x00", "\x1a", "\r", "\n",
    "\r\r\n", "\t", '"', '""', '="0012"', '="', ",", ";", "\ufeff", "\u202e", "\u200b", "\ufffd", "〓", "髙",
    "𠮷", "葛\U000e0100", "\U0010ffff", "é", "ｱ", "_x000D_", "_x0000_", "0", "-0", "1e309", "NaN", "99999",
    "9" * 400, "9" * 5000, "0x1F", "2008-02-30", "0000-00-00", "9999-12-31", "20080401", "4200401", "平成２０年",
    "令和元年１３月４５日", "H20.4.31", "昭和99年99月99日", "一二三四五六七八九十" * 30, "１丁目" * 200, "合計", "計",
    "-" * 300, "1-" * 300, "(" * 2000, "A" * 40_000, "ア゛" * 500, "true", "null", "1", "3", "../../x", "/dev/zero",
]  # fmt: skip
_ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "utf-16-le", "utf-16-be", "utf-16", "utf-32", "euc_jp")


def turn_bytes(content: bytes, random: Random) -> bytes:
    """Change, take out, put in or repeat a few bytes anywhere."""
    own = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        at = random.randrange(len(own) + 1)
        match random.randrange(5):
            case 0 if at < len(own):
                own[at] = random.choice((0, 0xFF, 0x22, 0x0A, 0x0D, 0x80, random.randrange(256)))
            case 1:
                del own[at : at + random.choice((1, 2, 3, 4, 8, 100))]
            case 2:
                own[at:at] = bytes(random.randrange(256) for _ in range(random.choice((1, 2, 4))))
            case 3:
                own[at:at] = own[at : at + random.choice((1, 4, 64))] * random.choice((1, 2, 50))
            case _:
                del own[at:]
    return bytes(own)


def damage_csv(content: bytes, random: Random) -> bytes:
    """Damage a delimited text by lines, cells, columns, quotes, line ends or its encoding."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return turn_bytes(content, random)
    ending = "\r\n" if "\r\n" in text else "\n"
    rows = [line.split(",") for line in text.split(ending)]
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        at = random.randrange(len(rows))
        row = rows[at]
        place = random.randrange(max(len(row), 1))
        match random.randrange(14):
            case 0 if row:
                row[place] = random.choice(WORDS)
            case 1 if row:
                row[place] += random.choice(WORDS)
            case 2 if row:
                row[place] = '"' + row[place].replace('"', '""') + random.choice(WORDS) + '"'
            case 3:
                rows.insert(random.randrange(len(rows) + 1), list(row))
            case 4 if len(rows) > 1:
                del rows[at]
            case 5:
                del row[place : place + random.choice((1, 1, 2, 50))]
                row.append("")
            case 6:
                row.insert(place, random.choice(WORDS))
            case 7:
                other = random.randrange(max(len(row), 1))
                for own in rows:
                    if max(place, other) < len(own):
                        own[place], own[other] = own[other], own[place]
            case 8:
                for own in rows:
                    del own[place : place + 1]
            case 9:
                word = random.choice(WORDS)
                for own in rows[1:]:
                    if place < len(own):
                        own[place] = word
            case 10:
                ending = random.choice(("\n", "\r\n", "\r", "\r\r\n", "\x85", "\u2028"))
            case 11:
                encoding = random.choice(_ENCODINGS)
            case 12:
                rows[at:at] = [[""] * random.choice((0, 1, len(row), 500))] * random.choice((1, 30))
            case _:
                rows[at : at + 1] = [list(row) for _ in range(random.choice((2, 5, 300)))]
    joined = ending.join(",".join(row) for row in rows)[:LARGEST]
    if random.random() < 0.03:
        joined = joined.replace(",", random.choice(("\t", ";", "|", "，")))
    return joined.encode(encoding, errors="replace")


_TAG = re.compile(rb"<[^<>]{1,400}>")
_VALUE = re.compile(rb'(?<=")[^"<>]*(?=")|(?<=>)[^<>]+(?=<)')
_PIECES = [
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', b'<?xml version="1.0" encoding="UTF-7"?>', b"<![CDATA[<f>1+1</f>]]>",
    b'<c r="B4"><f>1+1</f><v>2</v></c>', b'<c r="D5" t="e"><v>#REF!</v></c>', b'<c r="XFD1048576"><v>1</v></c>',
    b'<c r="A5" t="b"><v>1</v></c>', b'<c r="A6" t="s"><v>99999999</v></c>', b'<c r="A7" t="d"><v>2008-13-45</v></c>',
    b'<c r="C7" s="99999"><v>1</v></c>', b'<row r="99999"><c r="A99999"><v>1</v></c></row>', b'<row r="-1"></row>',
    b'<mergeCell ref="A1:XFD1048576"/>', b'<mergeCells><mergeCell ref="A4:B9"/></mergeCells>', b"<dimension ref=\"A1\"/>",
    b'<cols><col min="1" max="16384" hidden="1" width="1"/></cols>', b'<row r="4" hidden="1" ht="0">', b"<v>1e999</v>",
    b'<f t="shared" si="0" ref="A1:A9">1</f>', b'<f t="array" ref="A1:ZZ9999">1</f>', b"<v>nan</v>", b"<v></v>",
    b'<hyperlink ref="A4" r:id="rId1"/>', b'<drawing r:id="rId9"/>', b"<v>99999999999999999999</v>", b"<v>-1</v>",
    b'<dataValidation type="list" sqref="A1:XFD1048576"><formula1>"a,b"</formula1></dataValidation>',
    b'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/octet-stream"/>',
    b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink" '
    b'Target="file:///etc/passwd" TargetMode="External"/>', b'<numFmt numFmtId="164" formatCode="0&quot;;&quot;@[Red]"/>',
    b'<sheet name="a" sheetId="9" state="veryHidden" r:id="rId1"/>', b'<workbookPr date1904="1"/>', b"\x00", b"\xff",
    b'<definedName name="a" localSheetId="77">#REF!</definedName>', b'<rPh sb="0" eb="1"><t>x</t></rPh>', b"</worksheet>",
]  # fmt: skip
_VALUES = [
    b"", b"0", b"-1", b"1", b"4294967296", b"99999999999999999999", b"1e308", b"nan", b"inf", b"true", b"A1", b"A0",
    b"XFD1048576", b"AAAA1", b"1:1", b"A1:A1048576", b"s", b"n", b"str", b"inlineStr", b"b", b"e", b"d", b"hidden",
    b"rId1", b"rId99", b"../../../etc/passwd", b"/xl/workbook.xml", b"http://a.invalid/x", b"2008-02-30T25:61:61",
    b"yyyy/mm/dd", b"[$-411]ggge", b"&#0;", b"&#55296;", b"&amp;", b"&x;", "合計".encode(), b"x" * 5000,
]  # fmt: skip


def damage_workbook(content: bytes, random: Random) -> bytes:
    """Damage a part of an .xlsx file in its tags, values or name, or the container around it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            parts = [(own.filename, container.read(own)) for own in container.infolist()]
    except Exception:
        return turn_bytes(content, random)
    if not parts or random.random() < 0.05:
        return turn_bytes(content, random)
    for _ in range(random.choice((1, 1, 2, 4))):
        # The sheet, which has most to say, every other time.
        sheets = [at for at, (name, _) in enumerate(parts) if "sheet" in name or "shared" in name]
        at = (
            random.choice(sheets)
            if sheets and random.random() < 0.6
            else random.randrange(len(parts))
        )
        name, text = parts[at]
        tags, values = list(_TAG.finditer(text)), list(_VALUE.finditer(text))
        match random.randrange(9):
            case 0 if values:
                found = random.choice(values)
                text = text[: found.start()] + random.choice(_VALUES) + text[found.end() :]
            case 1 if values:
                found = random.choice(values)
                word = random.choice(WORDS).encode("utf-8", "replace")
                text = text[: found.start()] + word + text[found.end() :]
            case 2 | 3 if tags:
                place = random.choice(tags).end()
                text = text[:place] + random.choice(_PIECES) + text[place:]
            case 4 if tags:
                found = random.choice(tags)
                text = text[: found.start()] + text[found.end() :]
            case 5 if len(tags) > 1:
                first, second = sorted(random.sample(tags, 2), key=lambda tag: tag.start())
                piece = text[first.start() : second.start()]
                text = (
                    text[: second.start()]
                    + piece * random.choice((1, 2, 20))
                    + text[second.start() :]
                )
            case 6:
                name = random.choice(
                    (name.upper(), f"../{name}", "/" + name, "xl/workbook.xml", "a.vml", "")
                )
            case 7:
                parts.insert(random.randrange(len(parts) + 1), (name, text))
            case _:
                text = turn_bytes(text, random)
        parts[at] = (name, text[: 4 * LARGEST])
        if random.random() < 0.03 and len(parts) > 1:
            del parts[random.randrange(len(parts))]
    return pack(parts)


def pack(parts: list[tuple[str, bytes]]) -> bytes:
    """Pack parts into a container as a spreadsheet does, one name twice if need be."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as container:
        for name, text in parts:
            info = zipfile.ZipInfo(name or "x", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            # Python itself would warn of a name that stands twice.
            container.NameToInfo.pop(info.filename, None)
            container.writestr(info, text)
    return written.getvalue()


_NODES: list[Any] = [
    None, True, False, 0, 1, -1, 10**30, 1.5, float("nan"), float("inf"), "", " ", "a", "\x1b[2J", "<b>x</b>", "=1+1",
    "\u202e", "9" * 5000, "a" * 20_000, "2026-04-01", "2026-02-30", "../../x", "/dev/zero", "\x00", [], {}, [[]],
    [None], {"a": 1}, {1: 2}, {None: 1}, {True: 1, "a": 2}, [1, "a", None], "U+E000-U+FFFFFF", "18/17", "(" * 500, "[",
]  # fmt: skip
_LINES = [
    "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b, *b, *b]",
    "a: &a [*a]", "&a a: *a", "<<: {a: 1}", "<<: [{a: 1}, {b: 2}]", "a: !!python/object:os.system x", "a: !!binary x",
    "a: !!int x", "a: !!bool x", "a: !!float ''", "a: !!timestamp x", "a: !!set {a, b}", "a: !!omap [a: 1]", "a: !!map x",
    "a: !!pairs [a: 1]", "a: !x y", "a: 2026-02-30", "a: 2026-04-01", "a: 12:30:45", "a: 0o17", "a: 0x" + "f" * 5000,
    "a: 1_000", "a: .inf", "a: ~", "? [a, b]\n: c", "? {a: b}\n: c", "---", "...", "%YAML 9.9", "a: |\n x", "a: >-\n  x",
    '"\\ud800": 1', 'a: "\\ud800"', 'a: "\\u0000"', 'a: "\\e[2J"', "\t", "- a", "a", "[" * 300, "{" * 300, "a: " + "[" * 400,
    "a: " + "{a: " * 300, "- " * 400, "a: b: c", "#", "a: '", 'a: "', "null: 1", "true: 1", "1: 1", "1.0: 1", "=: 1",
    "a: =", "!!null a: 1", "a: &a\nb: *a", "a: *b", "\ufeff", "\x85", "a: " + "9" * 5000,
]  # fmt: skip


def damage_yaml(content: bytes, random: Random) -> bytes:
    """Damage a YAML file in a value, as an officer's slip would, or in its lines."""
    try:
        text = content.decode("utf-8-sig")
        if random.random() < 0.5:
            return turn_nodes(content, random)
    except Exception:
        return turn_bytes(content, random)
    lines = text.split("\n")
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(lines))
        match random.randrange(8):
            case 0 | 1:
                indent = re.match(" *", lines[at])
                lines.insert(at, (indent[0] if indent else "") + random.choice(_LINES))
            case 2:
                name = lines[at].split(":")[0]
                lines[at] = (
                    f"{name}: {random.choice(_LINES).partition(': ')[2] or random.choice(WORDS)}"
                )
            case 3:
                lines[at] = " " * random.choice((1, 2, 40)) + lines[at]
            case 4:
                lines[at] = lines[at].replace(
                    random.choice((" ", ":", "'", '"', "-")), random.choice(("", "\t", ":", "#")), 1
                )
            case 5:
                lines.insert(random.randrange(len(lines)), lines[at])
            case 6 if len(lines) > 1:
                del lines[at]
            case _:
                lines[at] = random.choice(WORDS) + lines[at]
    joined = "\n".join(lines)[:LARGEST]
    return joined.encode(random.choice(("utf-8",) * 20 + _ENCODINGS), errors="replace")


def turn_nodes(content: bytes, random: Random) -> bytes:
    """Put other values in place of a few values of a YAML file, take some out or put some in."""
    told = yaml.safe_load(content)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        told = _turn_node(told, random)
    return dump(told)


def dump(told: Any) -> bytes:
    """Write values as YAML."""
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=200)
    return text.encode("utf-8", errors="replace")[:LARGEST]


def _turn_node(node: Any, random: Random) -> Any:
    if isinstance(node, dict) and node and random.random() < 0.9:
        name = random.choice(list(node))
        match random.randrange(8):
            case 0:
                return {key: value for key, value in node.items() if key != name}
            case 1:
                return {**node, random.choice((1, None, True, 1.5, "x", "", "\x1b[2J")): node[name]}
            case _:
                return {**node, name: _turn_node(node[name], random)}
    if isinstance(node, list) and node and random.random() < 0.9:
        at = random.randrange(len(node))
        match random.randrange(8):
            case 0:
                return [*node[:at], *node[at + 1 :]]
            case 1:
                return [*node, node[at]]
            case _:
                return [*node[:at], _turn_node(node[at], random), *node[at + 1 :]]
    return random.choice(_NODES)


def damage_font(content: bytes, random: Random) -> bytes:
    """Damage one of a font's tables, or where its directory says that it lies."""
    if len(content) < 12 or random.random() < 0.1:
        return turn_bytes(content, random)
    own = bytearray(content)
    start = struct.unpack_from(">I", own, 12)[0] if own[:4] == b"ttcf" and len(own) > 16 else 0
    if start + 12 > len(own):
        return turn_bytes(content, random)
    count = struct.unpack_from(">H", own, start + 4)[0]
    for _ in range(random.choice((1, 1, 2, 4))):
        entry = start + 12 + 16 * random.randrange(max(min(count, 40), 1))
        if entry + 16 > len(own):
            return turn_bytes(bytes(own), random)
        offset, length = struct.unpack_from(">II", own, entry + 8)
        match random.randrange(6):
            case 0:
                huge = random.choice(
                    (0, 1, len(own), 0x7FFFFFFF, 0xFFFFFFFF, random.randrange(len(own)))
                )
                struct.pack_into(">I", own, entry + random.choice((8, 12)), huge)
            case 1:
                own[entry : entry + 4] = random.choice(
                    (b"CFF ", b"fvar", b"cmap", b"glyf", b"gvar", b"OS/2", b"abcd", b"post")
                )
            case 2:
                struct.pack_into(">H", own, start + 4, random.choice((0, 1, 255, 65535, count + 1)))
            case _:
                last = min(offset + length, len(own)) - 4
                if offset < last:
                    size = random.choice((1, 2, 4))
                    value = random.choice(
                        (
                            0,
                            1,
                            0x7F,
                            0xFF,
                            0x7FFF,
                            0xFFFF,
                            0x7FFFFFFF,
                            0xFFFFFFFF,
                            random.getrandbits(32),
                        )
                    )
                    # The first words of a table are its counts and offsets.
                    at = random.randrange(
                        offset, min(last, offset + 64) if random.random() < 0.6 else last
                    )
                    own[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")
    return bytes(own)
