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
from recruitlib.labels.reading import UNOPENED


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TRAILER = _keys("/Root /Size /ID /Encrypt /Type /W /Index /Filter /DecodeParms /Length")
_CATALOG = _keys("/Type /Pages /Lang /ViewerPreferences /Extensions")
_PAGE_TREE = _keys("/Type /Kids /Count /Parent")
_PAGE = _keys("/Type /Parent /MediaBox /Resources /Contents /Rotate")
_FONT = _keys(
    "/Type /Subtype /BaseFont /Encoding /DescendantFonts /ToUnicode /CIDSystemInfo"
    " /FontDescriptor /DW /W /CIDToGIDMap"
)
_DESCRIPTOR = _keys(
    "/Type /FontName /Flags /FontBBox /ItalicAngle /Ascent /Descent /CapHeight /StemV /FontFile2"
)
_STREAM = _keys("/Length /Length1 /Filter /DecodeParms")
# What may stand in a dictionary, by the key under which it stands: a file need not name its type.
_ALLOWED = {
    "/Root": (_CATALOG, "目録"),
    "/Pages": (_PAGE_TREE, "ページの一覧"),
    "/Kids": (_PAGE, "ページ"),
    "/Parent": (_PAGE_TREE, "ページの一覧"),
    "/Resources": (_keys("/Font /ProcSet"), "ページ"),
    "/Font": (_FONT, "書体"),
    "/DescendantFonts": (_FONT, "書体"),
    "/FontDescriptor": (_DESCRIPTOR, "書体"),
    "/CIDSystemInfo": (_keys("/Registry /Ordering /Supplement"), "書体"),
    "/ViewerPreferences": (_keys("/PrintScaling"), "表示の設定"),
    "/Extensions": (_keys("/ADBE"), "目録"),
    "/ADBE": (_keys("/BaseVersion /ExtensionLevel"), "目録"),
}
_STRINGS = frozenset({"ja", "Adobe", "Identity"})
# Text is placed and shown, and nothing is drawn; Tr (invisible text) and colours are absent.
_OPERATORS = _keys("BT ET Tm Tf TL Tz Tj T* cm")
_A4_POINTS = (0.0, 0.0, 595.28, 841.89)
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


def open_file(pdf: bytes, password: str) -> pikepdf.Pdf:
    """Open a label PDF, with its password if it has one; it closes at the end of a `with`.

    Args:
        pdf: the file's bytes.
        password: the print password, "" for a plain file.

    Raises:
        OutputError: when the file is damaged or the password is wrong.
    """
    try:
        return pikepdf.open(io.BytesIO(pdf), password=password)
    except (pikepdf.PdfError, pikepdf.PasswordError):
        raise OutputError(UNOPENED) from None


def find_foreign_structure(pdf: bytes, password: str = "") -> list[str]:
    """Find every kind of object that a label PDF does not need.

    Args:
        pdf: the file's bytes.
        password: the print password with which the file must be encrypted; "" for a plain file.

    Returns:
        One Japanese sentence per kind, without content; empty when the file is clean.

    Raises:
        OutputError: when the file cannot be opened.
    """
    with open_file(pdf, password) as document:
        found = [
            *_list_leftovers(pdf),
            *_inspect_lock(document, password),
            *_list_foreign_keys(document.trailer, _TRAILER, "末尾"),
            *_inspect_tree(document.Root),
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


def _inspect_lock(document: pikepdf.Pdf, password: str) -> Iterator[str]:
    # A plain file opens with any password, and one without a user's password for everybody.
    own = document.user_password_matched and not document.owner_password_matched
    if password and not (document.is_encrypted and document.encryption.R == 6 and own):
        yield "印刷用パスワードで暗号化されていません"


def _inspect_tree(root: Any) -> Iterator[str]:
    # Viewers count the pages in one of two ways, by the list or by its number.
    kids = root.Pages.get("/Kids", [])
    if root.Pages.get("/Count") != len(kids) or any("/Kids" in kid for kid in kids):
        yield "ページの数が、ページの一覧と合いません"
    if len({kid.objgen for kid in kids}) != len(kids):
        yield "一つのページが二度印刷されます"
    if root.get("/ViewerPreferences", {}).get("/PrintScaling") != "/None":
        yield "印刷のとき、実際のサイズにする指定がありません"


def _inspect_pages(document: pikepdf.Pdf) -> Iterator[str]:
    for page in document.pages:
        sides = zip(page.mediabox, _A4_POINTS, strict=True)
        if any(abs(float(side) - wanted) > 1 for side, wanted in sides):
            yield "ページの大きさがA4ではありません"
        if int(page.obj.get("/Rotate", 0)) != 0:
            yield "ページが回転しています"
        for instruction in pikepdf.parse_content_stream(page):
            if str(instruction.operator) not in _OPERATORS:
                yield "文字を置く以外の命令（図形・画像・色・見えない文字など）があります"
                break


def _inspect_objects(document: pikepdf.Pdf) -> Iterator[str]:
    reachable: set[tuple[int, int]] = set()
    yield from _inspect_reachable(document, reachable)
    for thing in document.objects:
        if isinstance(thing, pikepdf.Stream) and thing.get("/Type") in ("/ObjStm", "/XRef"):
            continue
        if isinstance(thing, pikepdf.Object) and thing.objgen not in reachable:
            yield "どこからも使われていないデータが残っています"


def _inspect_reachable(document: pikepdf.Pdf, reached: set[tuple[int, int]]) -> Iterator[str]:
    waiting: list[tuple[str, Any]] = [("/Root", document.Root)]
    if "/Encrypt" in document.trailer:
        reached.add(document.trailer.Encrypt.objgen)
    while waiting:
        key, thing = waiting.pop()
        if not isinstance(thing, pikepdf.Object):
            continue
        if thing.is_indirect:
            if thing.objgen in reached:
                continue
            reached.add(thing.objgen)
        if isinstance(thing, pikepdf.Stream):
            yield from _list_foreign_keys(thing, _STREAM, "データの束")
        elif isinstance(thing, pikepdf.Array):
            waiting += [(key, item) for item in thing]
        elif isinstance(thing, pikepdf.String):
            if str(thing) not in _STRINGS:
                yield "決められたもののほかに文字の記録があります"
        elif isinstance(thing, pikepdf.Dictionary):
            if key == "/Font":
                waiting += [("/DescendantFonts", font) for _, font in thing.items()]
                continue
            yield from _list_foreign_keys(thing, *_ALLOWED.get(key, (frozenset(), "ファイル")))
            if key == "/DescendantFonts" and not _is_embedded(thing):
                yield "埋め込まれていない書体があります"
        if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            waiting += [(name, value) for name, value in thing.items()]


def _is_embedded(font: Any) -> bool:
    if font.get("/Subtype") == "/CIDFontType2":
        return "/FontFile2" in font.get("/FontDescriptor", {})
    return bool(font.get("/Subtype") == "/Type0")
