"""Structure of a label PDF: only what printing labels needs may be in the file.

What is allowed is listed, not what is forbidden, since a PDF has more places to hold a name than
anybody can list.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pikepdf

from recruitlib.base.errors import OutputError


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TRAILER = _keys("/Root /Size /ID /Encrypt /Type /W /Index /Filter /DecodeParms /Length")
_CATALOG = _keys("/Type /Pages /Lang /ViewerPreferences /Extensions")
_PAGE_TREE = _keys("/Type /Kids /Count /Parent")
_PAGE = _keys("/Type /Parent /MediaBox /Resources /Contents /Rotate")
_RESOURCES = _keys("/Font /ProcSet")
_FONT = _keys(
    "/Type /Subtype /BaseFont /Encoding /DescendantFonts /ToUnicode /CIDSystemInfo"
    " /FontDescriptor /DW /W /CIDToGIDMap"
)
_DESCRIPTOR = _keys(
    "/Type /FontName /Flags /FontBBox /ItalicAngle /Ascent /Descent /CapHeight /StemV /FontFile2"
)
_STREAM = _keys("/Length /Length1 /Filter /DecodeParms")
# Text is placed and shown, and nothing is drawn; Tr (invisible text) and colours are absent.
_OPERATORS = _keys("BT ET Tm Tf TL Tz Tj T* q Q cm")
_A4_POINTS = (595.28, 841.89)
_MEANINGS = {
    "/Info": "文書のプロパティ（題名・作成者・日付など）があります",
    "/Metadata": "XMPの付属情報があります",
    "/Names": "添付ファイルまたはスクリプトの一覧があります",
    "/AF": "添付ファイルがあります",
    "/OpenAction": "開いたときに動くスクリプトがあります",
    "/AA": "自動で動くスクリプトがあります",
    "/AcroForm": "入力欄があります",
    "/Outlines": "しおりがあります",
    "/Annots": "注釈があります",
    "/XObject": "画像または部品があります",
    "/Prev": "保存前の古い版がファイルに残っています",
}


def find_foreign_structure(pdf: bytes, password: str = "") -> list[str]:
    """Find every kind of object that a label PDF does not need.

    Args:
        pdf: the file's bytes.
        password: the print password of an encrypted file.

    Returns:
        One Japanese sentence per kind, without content; empty when the file is clean.

    Raises:
        OutputError: when the file cannot be opened.
    """
    try:
        document = pikepdf.open(io.BytesIO(pdf), password=password)
    except pikepdf.PdfError:
        raise OutputError(
            "宛名ラベルのPDF: 開けません。ファイルが壊れているか、パスワードが違います。"
        ) from None
    with document:
        found = [
            *_list_leftovers(pdf),
            *_list_foreign_keys(document.trailer, _TRAILER, "末尾"),
            *_list_foreign_keys(document.Root, _CATALOG, "目録"),
            *_inspect_pages(document),
            *_inspect_objects(document),
        ]
    return list(dict.fromkeys(found))


def _list_leftovers(pdf: bytes) -> Iterator[str]:
    if pdf.count(b"%%EOF") != 1 or pdf.count(b"startxref") != 1:
        yield "保存前の古い版がファイルに残っています"
    if not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        yield "PDFの前後に別のデータが付いています"


def _list_foreign_keys(dictionary: Any, allowed: frozenset[str], where: str) -> Iterator[str]:
    for key in sorted(set(dictionary.keys()) - allowed):
        yield _MEANINGS.get(key, f"不要な項目 {key} が{where}にあります")


def _inspect_pages(document: pikepdf.Pdf) -> Iterator[str]:
    for page in document.pages:
        yield from _list_foreign_keys(page.obj, _PAGE, "ページ")
        yield from _list_foreign_keys(page.obj.get("/Resources", {}), _RESOURCES, "ページ")
        box = [float(side) for side in page.mediabox]
        size = (box[2] - box[0], box[3] - box[1])
        if any(abs(side - wanted) > 1 for side, wanted in zip(size, _A4_POINTS, strict=True)):
            yield "ページの大きさがA4ではありません"
        if int(page.obj.get("/Rotate", 0)) != 0:
            yield "ページが回転しています"
        for instruction in pikepdf.parse_content_stream(page):
            if str(instruction.operator) not in _OPERATORS:
                yield "文字を置く以外の命令（図形・画像・色・見えない文字など）があります"
                break


def _inspect_objects(document: pikepdf.Pdf) -> Iterator[str]:
    allowed_by_type = {
        "/Catalog": _CATALOG, "/Pages": _PAGE_TREE, "/Page": _PAGE,
        "/Font": _FONT, "/FontDescriptor": _DESCRIPTOR,
    }  # fmt: skip
    reachable = _collect_reachable(document)
    for thing in document.objects:
        if isinstance(thing, pikepdf.Stream):
            kind = str(thing.get("/Type", ""))
            if kind in ("/ObjStm", "/XRef"):
                continue
            yield from _list_foreign_keys(thing, _STREAM, "データの束")
        elif isinstance(thing, pikepdf.Dictionary):
            kind = str(thing.get("/Type", ""))
            if kind in allowed_by_type:
                yield from _list_foreign_keys(thing, allowed_by_type[kind], kind.strip("/"))
            if kind == "/Font" and thing.get("/Subtype") == pikepdf.Name.CIDFontType2:
                if "/FontFile2" not in thing.get("/FontDescriptor", {}):
                    yield "埋め込まれていない書体があります"
            elif kind == "/Font" and thing.get("/Subtype") != pikepdf.Name.Type0:
                yield "埋め込まれていない書体があります"
        elif not isinstance(thing, pikepdf.Array | type(None)):
            continue
        if thing is not None and thing.objgen not in reachable:
            yield "どこからも使われていないデータが残っています"


def _collect_reachable(document: pikepdf.Pdf) -> set[tuple[int, int]]:
    reached: set[tuple[int, int]] = set()
    waiting: list[Any] = [document.trailer]
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, pikepdf.Object):
            continue
        if thing.is_indirect:
            if thing.objgen in reached:
                continue
            reached.add(thing.objgen)
        if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            waiting += [value for _, value in thing.items()]
        elif isinstance(thing, pikepdf.Array):
            waiting += list(thing)
    return reached
