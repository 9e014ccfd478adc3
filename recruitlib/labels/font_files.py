"""Font files: whether one can be embedded and printed as it looks, and what to use instead."""

from __future__ import annotations

from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

ADVICE = "IPAmj明朝（ipamjm.ttf）か IPAexゴシック（ipaexg.ttf）を指定してください。"
_NO_EMBEDDING = 0x0302  # OS/2 fsType: restricted, no subsetting, bitmap only
_REGULAR = 400
_NEEDED_TABLES = ("glyf", "loca", "head", "hhea", "hmtx", "maxp", "cmap")
_COLLECTION = b"ttcf"
_WEB_FORMATS = {b"wOFF": "WOFF", b"wOF2": "WOFF2"}


def list_wrapping_faults(path: Path) -> list[str]:
    """Say in Japanese if a font is wrapped for the web, before it is opened.

    Only some installations can open WOFF2 at all.
    """
    kind = _WEB_FORMATS.get(_read_mark(path))
    return [f"Web用の形式（{kind}）なので使えません。", ADVICE] if kind else []


def list_faces(path: Path) -> str:
    """List the faces of a collection, each with its number and name."""
    with TTCollection(path, lazy=True) as collection:
        names = [font["name"].getDebugName(6) or "名前なし" for font in collection]
    return "、".join(f"{number}（{name}）" for number, name in enumerate(names))


def list_faults(font: TTFont, path: Path, face_number: int | None) -> list[str]:
    """Say in Japanese everything for which a font cannot be printed with, and what to use instead.

    PostScript outlines cannot be embedded by the writer of the PDF. Of a variable font the default
    is printed, which may be a thin one under the name of the regular one.

    Args:
        font: the font as opened.
        path: its file.
        face_number: the face of a collection that was asked for; None for none.

    Returns:
        sentences; none when the font can be used.
    """
    faults = []
    missing = [table for table in _NEEDED_TABLES if table not in font]
    if "CFF " in font or "CFF2" in font:
        faults.append("PostScript（CFF）形式の輪郭なので使えません。")
    elif missing:
        faults.append(f"TrueType の輪郭か表がありません（{'、'.join(missing)}）。")
    elif font.getBestCmap() is None:
        faults.append("Unicode の対応表がありません。")
    axes = font["fvar"].axes if "fvar" in font else []
    weights = [axis.defaultValue for axis in axes if axis.axisTag == "wght"]
    if weights and "OS/2" in font:
        weights.append(font["OS/2"].usWeightClass)
    if any(weight != _REGULAR for weight in weights):
        faults.append(
            f"可変書体で、印刷される既定の太さが標準（{_REGULAR}）ではありません。"
            "太さの決まった書体を使ってください。"
        )
    if "OS/2" in font and font["OS/2"].fsType & _NO_EMBEDDING:
        faults.append("PDFへの埋め込みが許可されていません。")
    if faults:
        faults.append(ADVICE)
    elif face_number is not None and _read_mark(path) != _COLLECTION:
        faults.append("一つの書体のファイルです。face を消してください。")
    return faults


def _read_mark(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
