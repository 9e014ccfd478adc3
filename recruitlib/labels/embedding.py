"""Embedding: how a font goes into the PDF so that text is drawn and read back exactly.

reportlab's own TrueType font writes a wrong reverse mapping for characters outside the basic
plane, draws a box for a variant selector and damages the advances of fixed-pitch fonts. So one
composite font per face is written here, through the protocol of reportlab's multi-byte fonts:
one number (CID) per cluster, a map from number to glyph, and the reverse map to the whole cluster.
"""

from __future__ import annotations

import hashlib
import io
from types import SimpleNamespace
from typing import Any

from fontTools.subset import Options, Subsetter
from reportlab.lib.rl_accel import escapePDF
from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFName,
    PDFStream,
    PDFString,
    PDFZCompress,
)

from recruitlib.labels.fonts import Glyph, LabelFont, split_clusters

_CMAP_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
# A PDF font finds its glyphs by number alone: no character map, no typesetting, no names.
_UNUSED_TABLES = ["cmap", "name", "OS/2", "GSUB", "GPOS", "GDEF", "BASE", "JSTF", "vhea", "vmtx"]
_UNUSED_TABLES += ["VORG", "DSIG", "gasp", "kern", "mort", "morx"]
# What a variable font could become; printed is its default.
_UNUSED_TABLES += ["fvar", "gvar", "avar", "cvar", "HVAR", "VVAR", "MVAR", "STAT"]
_SYMBOLIC = 4  # FontDescriptor /Flags: glyphs are not chosen by a standard encoding


class EmbeddedFont:
    """One face in one document; collects the clusters that are drawn, then writes their subset.

    Args:
        font: the face.
        name: the name under which reportlab knows it, one per face of a document.
    """

    # reportlab's names: a font that measures and encodes its text itself, without subsets of 256.
    _multiByte = 1  # noqa: N815
    _dynamicFont = 0  # noqa: N815
    face = SimpleNamespace(builtIn=False)

    def __init__(self, font: LabelFont, name: str) -> None:
        self.font = font
        self.fontName = name
        self.resource = ""
        self._numbers: dict[str, int] = {}
        self._glyphs: list[Glyph] = []
        self._codes: dict[str, str] = {}

    def _number(self, cluster: str) -> int:
        number = self._numbers.get(cluster)
        if number is None:
            glyph = self.font.find_glyph(cluster)
            if glyph is None:
                raise ValueError(f"no glyph in {self.font.name}")
            self._glyphs.append(glyph)
            number = self._numbers[cluster] = len(self._glyphs)
            self._codes[cluster] = f"{number:04X}"
        return number

    def encode(self, text: str) -> str:
        """Encode a text as the two-byte numbers of its clusters, in hexadecimal digits."""
        clusters = split_clusters(text)
        if not all(map(self._codes.__contains__, clusters)):
            for cluster in clusters:
                self._number(cluster)
        return "".join(map(self._codes.__getitem__, clusters))

    def stringWidth(self, text: str, size: float, encoding: str = "") -> float:  # noqa: N802
        """Width of a text in points, as reportlab asks for it."""
        glyphs = [self._glyphs[self._number(cluster) - 1] for cluster in split_clusters(text)]
        return sum(glyph.advance for glyph in glyphs) * size / 1000

    def formatForPdf(self, text: str) -> str:  # noqa: N802
        """Encode a text as reportlab asks for it: escaped for a PDF string."""
        return str(escapePDF(bytes.fromhex(self.encode(text))))

    def addObjects(self, document: Any) -> None:  # noqa: N802
        """Reserve the font's name at first use; write the font when all text is known."""
        if not self.resource:
            self.resource = f"F{len(document.fontMapping) + 1}"
            document.fontMapping[self.fontName] = f"/{self.resource}"
            document.delayedFonts.append(self)
            return
        outlines, renumbered = _take_subset(self.font, {glyph.number for glyph in self._glyphs})
        glyph_map = b"\0\0" + b"".join(
            renumbered[glyph.number].to_bytes(2, "big") for glyph in self._glyphs
        )
        reverse_map = _write_reverse_map(self._numbers).encode("ascii")
        name = f"{_derive_tag(outlines, glyph_map, reverse_map)}+{self.font.name}"
        descendant = PDFDictionary({
            "Type": PDFName("Font"),
            "Subtype": PDFName("CIDFontType2"),
            "BaseFont": PDFName(name),
            "CIDSystemInfo": PDFDictionary({
                "Registry": PDFString("Adobe"), "Ordering": PDFString("Identity"), "Supplement": 0,
            }),
            "FontDescriptor": document.Reference(
                self._describe(document, name, outlines), f"{self.resource}:descriptor"
            ),
            "DW": 1000,
            "W": PDFArray([1, PDFArray([glyph.advance for glyph in self._glyphs])]),
            "CIDToGIDMap": document.Reference(_pack(glyph_map), f"{self.resource}:glyphs"),
        })  # fmt: skip
        composite = PDFDictionary({
            "Type": PDFName("Font"),
            "Subtype": PDFName("Type0"),
            "BaseFont": PDFName(name),
            "Encoding": PDFName("Identity-H"),
            "DescendantFonts": PDFArray([
                document.Reference(descendant, f"{self.resource}:descendant")
            ]),
            "ToUnicode": document.Reference(_pack(reverse_map), f"{self.resource}:unicode"),
        })  # fmt: skip
        fonts = document.idToObject["BasicFonts"].dict
        fonts[self.resource] = document.Reference(composite, self.resource)

    def _describe(self, document: Any, name: str, outlines: bytes) -> PDFDictionary:
        metrics = self.font.metrics
        scale = 1000 / metrics["units"]
        file = _pack(outlines)
        file.dictionary["Length1"] = len(outlines)
        return PDFDictionary({
            "Type": PDFName("FontDescriptor"),
            "FontName": PDFName(name),
            "Flags": _SYMBOLIC,
            "FontBBox": PDFArray([round(side * scale) for side in metrics["box"]]),
            "ItalicAngle": 0,
            "Ascent": round(metrics["ascent"] * scale),
            "Descent": round(metrics["descent"] * scale),
            "CapHeight": round(metrics["ascent"] * scale),
            "StemV": 80,
            "FontFile2": document.Reference(file, f"{self.resource}:file"),
        })  # fmt: skip


def _pack(content: bytes) -> PDFStream:
    return PDFStream(content=content, filters=[PDFZCompress])


def _take_subset(font: LabelFont, numbers: set[int]) -> tuple[bytes, dict[int, int]]:
    options = Options()
    options.layout_features = []
    options.layout_closure = False
    options.name_IDs = []
    options.notdef_outline = True
    options.drop_tables += _UNUSED_TABLES
    source = font.open()
    # A font may hold no glyph names; then they are made from the cmap, which is dropped below.
    source.setGlyphOrder(font.names)
    subsetter = Subsetter(options)
    subsetter.populate(gids=sorted(numbers))
    subsetter.subset(source)
    kept = {name: place for place, name in enumerate(source.getGlyphOrder())}
    buffer = io.BytesIO()
    source.save(buffer)
    source.close()
    return buffer.getvalue(), {number: kept[font.names[number]] for number in numbers}


def _write_reverse_map(numbers: dict[str, int]) -> str:
    entries = [
        f"<{number:04X}> <{cluster.encode('utf-16-be').hex().upper()}>"
        for cluster, number in numbers.items()
    ]
    blocks = [entries[start : start + 100] for start in range(0, len(entries), 100)]
    body = "".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks
    )
    return _CMAP_HEAD + body + _CMAP_TAIL


def _derive_tag(*contents: bytes) -> str:
    # Subsets with other contents get other names, also when files are later joined into one.
    digest = hashlib.sha256(b"".join(contents)).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in digest[:6])
