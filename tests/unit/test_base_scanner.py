"""The scanner: a person's value is found in every form, and a clean text holds none.

Right values: zlib, gzip, base64, html, json, urllib and struct as independent writers of the forms.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import quopri
import struct
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pikepdf
import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from recruitlib.base.audit import append_entry, read_entries
from recruitlib.base.errors import IntegrityError
from recruitlib.base.record import ask_traces
from recruitlib.base.scanner import Scanner
from recruitlib.base.traces import find_days, make_traces, read_traces, remember_terms
from recruitlib.base.vault import PRIVATE, RunKey, read_private
from recruitlib.base.verification import verify_record

STEADY = settings(deadline=None, derandomize=True)
NAME, KANA, ADDRESS, ID = (
    "架空野　花子",
    "カクウノ　ハナコ",
    "西新宿六丁目１４番２０号",
    "0048545432",
)
WIDE_ID = "００４８５４５４３２"
PHONE, BIRTH = "090-0000-1000", "2008-06-03"
PEOPLE = pd.DataFrame(
    {
        "full_name": [NAME, "辻\U000e0100　知江子"],
        "full_name_kana": [KANA, "ツジ　チエコ"],
        "birth_date": [BIRTH, "2004-12-31"],
        "address": [ADDRESS, "東京都新宿区上落合三丁目２１番５号　見本荘１０７号室"],
        "addressee_id": [ID, "0064725769"],
        "phone": [PHONE, ""],
    }
)
SCANNER = Scanner(make_traces(PEOPLE))
TEXT = f"担当の控え: {NAME}（電話 03-0000-0000）\n"


def make_png(*chunks: tuple[bytes, bytes], picture: bytes = zlib.compress(b"\0\0")) -> bytes:
    """Make a picture of one dot with further chunks."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", picture)] if picture else []
    written = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*parts, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + written


def make_pdf(text: str, title: str = "") -> bytes:
    content = io.BytesIO()
    canvas = Canvas(content)
    canvas.drawString(50, 700, text)
    canvas.setTitle(title)
    canvas.save()
    return content.getvalue()


def attach(text: str) -> bytes:
    """Make a PDF with an attached file."""
    with pikepdf.new() as book:
        book.add_blank_page()
        book.attachments["note.txt"] = pikepdf.AttachedFileSpec(book, text.encode())
        content = io.BytesIO()
        book.save(content)
    return content.getvalue()


def zip_up(text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("note.txt", text)
    return content.getvalue()


def deflate(content: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(content) + squeeze.flush()


def write_b64(content: bytes) -> bytes:
    return base64.b64encode(content)


# The twelve leaks of the issue: what leaks, and in which form.
PLANTED: dict[str, bytes] = {
    "name": TEXT.encode(),
    "kana": "ﾌﾘｶﾞﾅ ｶｸｳﾉ ﾊﾅｺ 様".encode(),
    "address": "送付先 西新宿6-14-20 宛".encode(),
    "birth date with a name": "花子さん 平成20年6月3日生".encode(),
    "phone": "連絡先（０９０）００００−１０００".encode(),
    "id": f"宛名番号 {ID} の行".encode(),
    "normalised": "氏名: 架空野 花子".encode(),
    "HTML-escaped": "".join(f"&#x{ord(letter):x};" for letter in NAME).encode(),
    "JSON-escaped": json.dumps({"氏名": NAME}).encode(),
    "base64": b'{"image": "' + write_b64(TEXT.encode()) + b'"}',
    "compressed": zlib.compress(TEXT.encode()),
    "PNG metadata": make_png((b"zTXt", b"Comment\0\0" + zlib.compress(TEXT.encode()))),
}


@pytest.fixture
def key() -> RunKey:
    return RunKey(str(pyrage.x25519.Identity.generate()), b"0" * 32)


@pytest.mark.parametrize("form", PLANTED)
def test_each_of_twelve_planted_leaks_is_found_and_its_file_moved(
    form: str, tmp_path: Path, key: RunKey
) -> None:
    append_entry(tmp_path, "01", "begun", files={})
    remember_terms(tmp_path, key, "01", PEOPLE)
    path = tmp_path / "notes/left.bin"
    path.parent.mkdir()
    path.write_bytes(PLANTED[form])
    with pytest.raises(IntegrityError, match=r"record\.no_personal_data") as caught:
        ask_traces(tmp_path, key, path, Scanner(read_traces(tmp_path, key)))
    assert not path.parent.exists()
    assert read_private(tmp_path, key, "trace_left.bin", "") == PLANTED[form]
    assert read_entries(tmp_path)[-2]["facts"]["answer"] == "no"
    shown = str(caught.value) + (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
    assert not any(value in shown for value in (NAME, "花子", "ハナコ", ID, PHONE, BIRTH))
    assert verify_record(tmp_path) == []


CLEAN: dict[str, str | bytes] = {
    "name": "担当の控え: 別野　太郎（電話 03-0000-0000）",
    "kana": "プリンターのパラメーターとファイル、アツジチエコウ",
    "address": "西新宿六丁目14番2号、西新宿六丁目14番200号、西新宿六丁目",
    "birth date alone": "範囲 2008-06-03/2009-04-01",
    "birth date in another line": "2008-06-03\n花子",
    "phone": "090-0000-1001 と 0900000100",
    "id": f"1{ID} と {ID}9",
    "picture": make_png(),
}


@pytest.mark.parametrize("form", CLEAN)
def test_what_is_near_a_trace_is_none(form: str) -> None:
    assert SCANNER.count(CLEAN[form]) == 0


FOUND = [
    "架空野\n花子", "架空野|花子", '"架空野", "花子"', "架空野,花子", "<td>架空野</td><td>花子</td>",
    "架空野\u200b花子", "かくうのはなこ", "カクウノハナコサン", "カクウノ・ハナコ", "ﾂｼﾞ ﾁｴｺ", "つじ　ちえこ。",
    "辻知江子", "西新宿６丁目１４の２０", "西新宿6丁目14番地20", "西新宿6－14－20－412", "西新宿六丁目　１４ 番 ２０ 号", "上落合3-21-5",
    "<tr><td>花子</td>\n<td>2008/6/3</td></tr>", "20080603 架空野", "H20.6.3 かくうの", "420080603,ハナコ",
    "4200603 架空野", "平成二十年ではなく 平成20年06月03日 花子", "+81-90-0000-1000", "090 0000 1000",
    "09000001000", "0048-545-432", "48545432", "０４８の次 ００４８５４５４３２。", "\x1b[31m架空野\x1b[0m花子",
]  # fmt: skip


@pytest.mark.parametrize("text", FOUND)
def test_each_way_of_writing_a_value_is_found(text: str) -> None:
    assert SCANNER.count(f"メモ {text} 以上") >= 1


SPELT = [
    "架空野_花子", "架空野-花子", "架空野.花子", "架空野/花子", "花子　架空野", "架空野:花子", "架空野+花子", "架・空・野・花・子",
    '{"sei": "架空野", "mei": "花子"}', '{"姓": "架空野", "名": "花子"}', "<td>架空野</td><td>12</td><td>花子</td>",
    "カクウノ_ハナコ", "西新宿六丁目十四番二十号", "西新宿6丁目14番地之20", "西新宿6〜14〜20", "見本ハイツ１０７号室", "見本ハイツ107",
    "〇九〇 〇〇〇〇 一〇〇〇", "9000001000", "090（0000）1000", "0081-90-0000-1000", "090の0000の1000", "090:0000:1000",
    "花子 二〇〇八年六月三日", "花子 平成二十年六月三日", "x_0048545432", "0048545432a", "〇〇四八五四五四三二",
]  # fmt: skip


@pytest.mark.parametrize("text", SPELT)
def test_each_way_in_which_a_value_spells_itself_by_accident_is_found(text: str) -> None:
    people = PEOPLE.assign(building=["", "見本ハイツ１０７号室"])
    assert Scanner(make_traces(people)).count(f"メモ {text} 以上") >= 1


@pytest.mark.parametrize(
    "text",
    [
        "架空野_太郎", "花子　別野", '{"sei": "架空野", "mei": "一郎"}', "西新宿六丁目十四番二号", "見本ハイツ１０８号室", "見本ハイツ",
        "〇九〇 〇〇〇〇 一〇〇一", "9000001001", "0081-90-0000-1001", "花子 二〇〇八年六月四日", "x_0048545433",
        "西新宿6丁目 14.20", "<td>西新宿６丁目</td><td>14</td><td>20</td>",
    ],
)  # fmt: skip
def test_what_is_near_such_a_spelling_is_none(text: str) -> None:
    people = PEOPLE.assign(building=["", "見本ハイツ１０７号室"])
    assert Scanner(make_traces(people)).count(f"メモ {text} 以上") == 0


@pytest.mark.parametrize(
    ("chunks", "found"),
    [
        ([(b"IDAT", zlib.compress(b"\0\0"))], 0),
        ([(b"IDAT", zlib.compress(b"\0\0")[:4]), (b"IDAT", zlib.compress(b"\0\0")[4:])], 0),
        ([(b"IDAT", b"no picture")], 1),
        ([(b"IDAT", zlib.compress(b"\0\0\0"))], 1),
        ([(b"IDAT", zlib.compress(b"\0\0") + b"more")], 1),
        ([], 1),
    ],
)
def test_a_picture_is_one_stream_of_the_size_that_it_tells(
    chunks: list[tuple[bytes, bytes]], found: int
) -> None:
    content = make_png(*chunks, picture=b"")
    assert SCANNER.count(content) == found
    assert SCANNER.count(write_b64(content)) == found
    said = make_png((b"IDAT", TEXT.encode()), picture=b"")
    assert SCANNER.count(said) == 2


def test_a_surname_of_one_town_or_one_letter_is_no_trace_beside_a_birth_date() -> None:
    people = pd.DataFrame({"full_name": ["林　一"], "birth_date": [BIRTH]})
    assert Scanner(make_traces(people)).count("林 2008-06-03 一人") == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("東五軒町10番", 1),
        ("東五軒町 10番地", 1),
        ("東五軒町１０", 1),
        ("東五軒町\n10未満", 0),
        ("<td>東五軒町</td><td>10</td>", 0),
        ("東五軒町,10", 0),
        ("大久保一丁目10", 1),
        ("大久保1丁目 10番", 1),
        ("大久保1丁目\n10未満\n", 0),
        ("<td>大久保１丁目</td>\n<td>10</td>", 0),
    ],
)
def test_a_count_beside_a_town_is_no_lot(text: str, found: int) -> None:
    assert look_for({"address": ["東五軒町１０番", "大久保一丁目１０番地"]}, text) == found


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2008-06-03", {"2008-06-03"}),
        ("2008/6/3、2004.12.31", {"2008-06-03", "2004-12-31"}),
        ("２００８年６月３日", {"2008-06-03"}),
        ("20080603", {"2008-06-03"}),
        ("平成元年1月8日", {"1989-01-08"}),
        ("令和8年4月1日", {"2026-04-01"}),
        ("H20.6.3 と 420080603", {"2008-06-03"}),
        ("2008-13-03 と 2008-02-30", set()),
        ("120080603123", set()),
        ("件数 1,500", set()),
    ],
)
def test_days_are_found_in_either_calendar(text: str, days: set[str]) -> None:
    assert find_days(text) == days


WRAPPED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda content: content.decode().encode("utf-16-be"),
    "EUC": lambda content: content.decode().encode("euc_jp", "ignore"),
    "JIS of a mail": lambda content: content.decode().encode("iso2022_jp", "ignore"),
    "hex": lambda content: content.hex().encode(),
    "hex in pairs": lambda content: content.hex(" ").encode(),
    "octal": lambda content: "".join(f"\\{byte:03o}" for byte in content).encode(),
    "quoted-printable": quopri.encodestring,
    "Shift JIS": lambda content: content.decode().encode("cp932", "ignore"),
    "entities": lambda content: html.escape(content.decode()).encode("ascii", "xmlcharrefreplace"),
    "JSON": lambda content: json.dumps(content.decode()).encode(),
    "JSON in JSON": lambda content: json.dumps(json.dumps(content.decode())).encode(),
    "percent": lambda content: urllib.parse.quote(content).encode(),
    "repr of bytes": lambda content: repr(content).encode(),
    "ascii of text": lambda content: ascii(content.decode()).encode(),
    "base64": write_b64,
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64 of a mail": base64.encodebytes,
    "base64 twice": lambda content: write_b64(write_b64(content)),
    "base64 behind a letter": lambda content: b"x" + write_b64(content),
    "base64 behind two": lambda content: b"xy" + write_b64(content),
    "base64 behind three": lambda content: b"xyz" + write_b64(content),
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "deflate": deflate,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: zip_up(content.decode()),
    "zlib in base64": lambda content: write_b64(zlib.compress(content)),
    "deflate in base64": lambda content: write_b64(deflate(content)),
    "repr of gzip": lambda content: repr(gzip.compress(content)).encode(),
    "zlib behind other bytes": lambda content: b"\xff\x00\x80" * 9 + zlib.compress(content),
    "PNG tEXt": lambda content: make_png((b"tEXt", b"Title\0" + content)),
    "PNG iTXt": lambda content: make_png((b"iTXt", b"a\0\1\0ja\0\0" + zlib.compress(content))),
    "PNG eXIf": lambda content: make_png((b"eXIf", b"MM\0*" + content)),
    "PNG behind its end": lambda content: make_png() + content,
    "PNG in base64": lambda content: write_b64(make_png((b"tEXt", b"Title\0" + content))),
    "PDF attachment": lambda content: attach(content.decode()),
    "PDF title": lambda content: make_pdf("page", content.decode()),
}


@pytest.mark.parametrize("form", WRAPPED)
def test_a_text_is_found_in_every_wrapping(form: str) -> None:
    assert SCANNER.count(WRAPPED[form](TEXT.encode())) >= 1
    assert SCANNER.count(WRAPPED[form]("件数 1,500、西新宿六丁目".encode())) == 0


def test_what_a_page_of_a_pdf_shows_is_found() -> None:
    assert SCANNER.count(make_pdf(f"No. {ID}")) == 1
    assert SCANNER.count(make_pdf("No. 0048545433")) == 0


def test_what_cannot_be_unfolded_counts() -> None:
    assert SCANNER.count(b"%PDF-1.4 broken") == 1
    assert SCANNER.count(gzip.compress(bytes(150_000_000))) == 1


# The second person's name carries a variant that Shift JIS cannot write.
people = st.sampled_from([NAME, "見本　一郎太", "Smith　John", "辻　知江子"])


@STEADY
@given(
    people, st.sampled_from(sorted(WRAPPED)), st.text("架空野あ12 <>&,/\\\n", max_size=40),
    st.text("子花い34 <>&;/\\\n", max_size=40),
)  # fmt: skip
def test_any_name_in_any_form_at_any_place_is_found(
    name: str, form: str, before: str, after: str
) -> None:
    scanner = Scanner(make_traces(pd.DataFrame({"full_name": [name]})))
    content = f"{before} {name} {after}".encode()
    assert scanner.count(WRAPPED[form](content)) == 1


# What is read of text alone, or as the outermost wrapping alone.
OUTERMOST = {
    "PDF title", "deflate", "EUC", "JIS of a mail", "hex", "hex in pairs", "octal",
    "quoted-printable",
}  # fmt: skip


@STEADY
@given(
    st.lists(
        st.sampled_from(sorted(set(WRAPPED) - OUTERMOST)),
        min_size=2,
        max_size=3,
        unique=True,
    )
)
def test_a_name_is_found_beneath_several_wrappings(forms: list[str]) -> None:
    content = TEXT.encode()
    for form in forms:
        try:
            content = WRAPPED[form](content)
        except UnicodeDecodeError:
            content = WRAPPED[form](write_b64(content))
    assert SCANNER.count(content) >= 1


@STEADY
@given(st.binary(max_size=3000))
def test_noise_holds_nothing_and_breaks_nothing(content: bytes) -> None:
    assert SCANNER.count(content) == 0
    assert SCANNER.count(write_b64(content)) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ID, True),
        (f"番号{ID}号", True),
        (f'"{ID}",', True),
        (f"({ID})", True),
        (ID.lstrip("0"), True),
        (f"1{ID}", False),
        (f"{ID}0", False),
        (f"a{ID}", True),
        (f"sha256 {ID}f", True),
        (f"x_{ID}_y", True),
        ("0,048,545,432", True),
        ("1,048,545,432", False),
        (f"a{ID[1:]}f", False),
        (f"{'0' * 54}{ID}", False),
        (f"1{WIDE_ID}", False),
        (f"{ID[:5]} {ID[5:]}", False),
        (f"<td>{ID[:5]}</td><td>{ID[5:]}</td>", False),
    ],
)
def test_an_id_counts_only_as_a_whole_number(text: str, found: bool) -> None:
    assert look_for({"addressee_id": [ID]}, text) == int(found)


def look_for(values: dict[str, list[str]], text: str) -> int:
    return Scanner(make_traces(pd.DataFrame(values))).count(text)


@STEADY
@given(st.text("あいうえお件数1234567890,.%<>/td \n", max_size=200))
def test_a_text_without_any_letter_of_a_name_or_town_holds_none(text: str) -> None:
    assert look_for({"full_name": [NAME], "address": [ADDRESS]}, text) == 0


def test_hostile_values_break_no_scan() -> None:
    hostile = ["\0\0\0", r"\u0000\ud800", "&#0;&#xD800;", "<b></b>", "   ", "0000000000", "\u241e"]
    values = {"full_name": hostile, "address": hostile, "phone": hostile, "addressee_id": hostile}
    assert look_for(values, "件数 1,500") == 0
    assert look_for(values, "") == look_for({"full_name": []}, NAME) == 0
    assert look_for({"full_name": ["山\u241e田太郎"]}, "田太郎") == 1


def test_each_value_counts_once_however_often_it_stands_there() -> None:
    values = {"full_name": [NAME, "別野　太郎"], "address": [ADDRESS, ADDRESS]}
    assert look_for(values, f"{NAME}と{NAME} {ADDRESS}") == 2


def test_traces_grow_are_encrypted_and_leave_out_what_is_too_short(
    tmp_path: Path, key: RunKey
) -> None:
    append_entry(tmp_path, "01", "begun", files={})
    remember_terms(tmp_path, key, "01", PEOPLE)
    more = pd.DataFrame({"full_name": ["別野　太郎", "林一", ""], "remarks": ["備考に書いた"] * 3})
    remember_terms(tmp_path, key, "01", more)
    traces = read_traces(tmp_path, key)
    assert traces.names == {
        "架空野花子", "別野太郎", "辻知江子", "花子架空野", "太郎別野", "知江子辻",
    }  # fmt: skip
    assert traces.numbers == {ID, "0064725769"} and traces.phones == {"09000001000"}
    assert traces.births[BIRTH] == {"架空野", "花子", "カクウノ", "ハナコ"}
    assert "太郎".encode() not in (tmp_path / PRIVATE / "terms_01.age").read_bytes()
    assert "花子" not in repr(traces)
    assert verify_record(tmp_path) == []
