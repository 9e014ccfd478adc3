"""Fonts that print what the registry holds, variant selectors included, or say that they cannot.

A string is divided into clusters: a character and, where one follows, its variant selector. A
font holds a cluster only if it has an own glyph for exactly this pair, with ink in it. Nothing is
replaced by a look-alike, so that a name is printed as its owner writes it or not at all.
"""

from __future__ import annotations

import operator
import re
import struct
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from fontTools.ttLib import TTFont, TTLibFileIsCollectionError

from recruitlib.base.errors import ParameterError
from recruitlib.base.plain_files import require_plain
from recruitlib.labels.font_files import ADVICE, list_faces, list_faults, list_wrapping_faults

SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_CLUSTER = re.compile(f"(?s).{SELECTOR.pattern}?")
_UNITS = range(16, 16_385)  # of an em: OpenType, head.unitsPerEm
_LARGEST = 200_000_000  # bytes; the largest collections of Japanese faces have 130 million
_SPACES = " \u3000"
_PLACEHOLDERS = {"\ufffd": "置換文字（文字化けのあと）", "〓": "げた記号（字がない印）"}
# CJK Unified Ideographs Extensions I, H and J, which the tables of an older Python do not have.
_NEWER_IDEOGRAPHS = (range(0x2EBF0, 0x2EE5E), range(0x31350, 0x323B0), range(0x323B0, 0x3347A))
# Characters that Unicode's emoji-data.txt shows as pictures by default, outside U+1F000-1FAFF.
_BMP_EMOJI = frozenset(
    "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗"
    "➕➖➗➰➿⬛⬜⭐⭕"
)
_CATEGORY_REASONS = {
    "Cc": "制御文字",
    "Cf": "書式文字（目に見えない文字）",
    "Cs": "壊れた文字（片方だけのサロゲート）",
    "Cn": "文字の割り当てがない符号位置",
    "Zl": "行の区切り文字",
    "Zp": "段落の区切り文字",
    "Mn": "結合文字",
    "Mc": "結合文字",
    "Me": "結合文字",
}


class Glyph(NamedTuple):
    """How one cluster is drawn: glyph number, advance and ink box in 1/1000 of the size."""

    number: int
    advance: float
    x_min: float
    y_min: float
    x_max: float
    y_max: float


def split_clusters(text: str) -> list[str]:
    """Divide a text into clusters: each a character with the variant selector that follows it.

    Args:
        text: any text.

    Returns:
        The clusters; joined together they are the text again, character for character.
    """
    return _CLUSTER.findall(text) if SELECTOR.search(text) else list(text)


def _explain_ban(base: str, private_use: Sequence[range]) -> str:
    # What must not be printed in any font, because paper would not show what the text says.
    if base in _PLACEHOLDERS:
        return _PLACEHOLDERS[base]
    code = ord(base)
    if 0x2FF0 <= code <= 0x2FFF or code == 0x31EF:
        return "漢字の組み立てを表す記号（字がない印）"
    category = unicodedata.category(base)
    if category == "Cn" and any(code in block for block in _NEWER_IDEOGRAPHS):
        return ""
    if SELECTOR.fullmatch(base):
        return "字の付かない異体字セレクタ"
    if category in _CATEGORY_REASONS:
        return _CATEGORY_REASONS[category]
    if category == "Co" and not any(code in block for block in private_use):
        return "登録されていない外字領域の文字"
    if category == "Zs" and base not in _SPACES:
        return "特殊な空白"
    if 0x1F000 <= code <= 0x1FAFF or base in _BMP_EMOJI:
        return "絵文字"
    return ""


class LabelFont:
    """One TrueType face: which clusters it holds, how wide they are and where their ink lies.

    Args:
        path: a font file with TrueType outlines (`.ttf`, or `.ttc` with `face_number`).
        face_number: which face of a collection; None for a file that holds one font.
        private_use: private-use code points that this font is registered for; all others stay
            refused, because the same code is another character elsewhere.

    Raises:
        ParameterError: the font cannot be printed with as it is; says why and what to use instead.
    """

    def __init__(
        self, path: Path, face_number: int | None = None, private_use: Sequence[range] = ()
    ) -> None:
        self.path = Path(path)
        self.face_number = face_number
        self.private_use = tuple(private_use)
        self._known: dict[str, Glyph | str] = {}
        self._held: dict[str, Glyph] = {}
        require_plain(self.path, ParameterError, _LARGEST)
        try:
            problems = self._read()
        except Exception as error:
            # A damaged table may lead fontTools to any error.
            problems = [f"読めません（{type(error).__name__}）。{ADVICE}"]
        if problems:
            raise ParameterError(f"書体 {self.path.name}: {' '.join(problems)}")

    def __repr__(self) -> str:
        return f"LabelFont({self.name})"

    def open(self) -> TTFont:
        """Open the font file anew, for reading or for taking a subset of it."""
        return TTFont(
            self.path,
            fontNumber=-1 if self.face_number is None else self.face_number,
            lazy=True,
            recalcTimestamp=False,
            recalcBBoxes=False,
        )

    def _read(self) -> list[str]:
        if problems := list_wrapping_faults(self.path):
            return problems
        try:
            font = self.open()
        except TTLibFileIsCollectionError:
            return [
                f"複数の書体のファイルです。face に{list_faces(self.path)}のどれかを書いてください。"
            ]
        with font:
            problems = list_faults(font, self.path, self.face_number)
            if not problems:
                self._take(font)
        return problems

    def _take(self, font: TTFont) -> None:
        self.names: list[str] = font.getGlyphOrder()
        numbers = {name: number for number, name in enumerate(self.names)}
        self.metrics = {
            "ascent": font["hhea"].ascent,
            "descent": font["hhea"].descent,
            "box": [getattr(font["head"], side) for side in ("xMin", "yMin", "xMax", "yMax")],
            "units": font["head"].unitsPerEm,
        }
        named = font["name"].getDebugName(6) if "name" in font else None
        self.name: str = named or self.path.stem
        self._characters = {code: numbers[name] for code, name in font.getBestCmap().items()}
        self._variants = self._read_variants(font, numbers)
        self._advances = _read_advances(font)
        self._offsets: Sequence[int] = font["loca"].locations
        self._outlines: bytes = font.getTableData("glyf")
        if self.metrics["units"] not in _UNITS:
            raise ValueError("head counts its units wrongly")
        ends = [*self._offsets, len(self._outlines)]
        if len(self._offsets) <= len(self.names) or any(map(operator.gt, ends, ends[1:])):
            raise ValueError("an outline lies outside glyf, or ends before it begins")

    @staticmethod
    def _read_variants(font: TTFont, numbers: dict[str, int]) -> dict[tuple[int, int], int | None]:
        # Format 14 names no glyph where the variant is the font's ordinary form.
        return {
            (base, selector): None if name is None else numbers[name]
            for table in font["cmap"].tables
            if table.format == 14
            for selector, pairs in table.uvsDict.items()
            for base, name in pairs
        }

    def find_glyph(self, cluster: str) -> Glyph | None:
        """Find the glyph for exactly this cluster, or None when it must not be printed so."""
        known = self._known.get(cluster)
        if known is None:
            known = self._known[cluster] = self._look_up(cluster)
            if isinstance(known, Glyph):
                self._held[cluster] = known
        return known if isinstance(known, Glyph) else None

    def explain_refusal(self, cluster: str) -> str:
        """Say in Japanese why this font does not print the cluster; "" when it does."""
        return "" if self.find_glyph(cluster) else str(self._known[cluster])

    def holds(self, text: str) -> bool:
        """Say whether this font alone prints every cluster of the text."""
        clusters = split_clusters(text)
        return all(map(self._held.__contains__, clusters)) or all(map(self.find_glyph, clusters))

    def list_glyphs(self, text: str) -> list[Glyph]:
        """List the glyphs of a text that the font is known to hold.

        Raises:
            KeyError: nobody asked yet whether the font holds it, or it does not.
        """
        return list(map(self._held.__getitem__, split_clusters(text)))

    def _look_up(self, cluster: str) -> Glyph | str:
        base = cluster[0]
        ban = _explain_ban(base, self.private_use)
        if ban:
            return ban
        if cluster[1:] == "\ufe0f":
            return "絵文字"
        number: int | None = self._characters.get(ord(base), 0)
        if len(cluster) > 1:
            pair = (ord(base), ord(cluster[1]))
            if pair not in self._variants:
                return f"{self.name} にこの異体字がない"
            number = self._variants[pair] or number
        if not number:
            return f"{self.name} に字形がない"
        box = self._read_ink(number)
        if box is None and base not in _SPACES:
            return f"{self.name} の字形が空白"
        scale = 1000 / self.metrics["units"]
        sides = [round(side * scale, 2) for side in box or (0, 0, 0, 0)]
        return Glyph(number, round(self._advances[number] * scale, 2), *sides)

    def _read_ink(self, number: int) -> tuple[int, int, int, int] | None:
        start, end = self._offsets[number], self._offsets[number + 1]
        if end - start < 10:
            return None
        contours, *box = struct.unpack_from(">5h", self._outlines, start)
        x_min, y_min, x_max, y_max = box
        # Composed of empty glyphs, it has contours but no ink.
        return (
            (x_min, y_min, x_max, y_max) if contours and x_min < x_max and y_min < y_max else None
        )


def _read_advances(font: TTFont) -> list[int]:
    # The glyphs after the last full entry of hmtx share its advance (a fixed-pitch font's tail).
    full = font["hhea"].numberOfHMetrics
    total = font["maxp"].numGlyphs
    pairs = struct.unpack_from(f">{2 * full}H", font.getTableData("hmtx"))
    return [*pairs[::2], *[pairs[-2]] * (total - full)]


def choose_font(text: str, font_chain: Sequence[LabelFont]) -> LabelFont | None:
    """Choose the first font that prints the whole text.

    A string is never set in two fonts: one Mincho character in a Gothic name looks like an error.

    Args:
        text: one line's whole string.
        font_chain: fonts in order of preference.

    Returns:
        The font, or None when no font alone holds every cluster.
    """
    for font in font_chain:
        if font.holds(text):
            return font
    return None


def describe_code_points(characters: Iterable[str]) -> str:
    """Name characters by their code points, such as `U+20BB7`, which is no one's name."""
    return " ".join(f"U+{ord(character):04X}" for character in characters)
