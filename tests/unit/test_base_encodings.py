"""Encodings: decided by proof over the whole file, or refused with the byte; never guessed.

Right values: Python's codecs as an independent reader, and the inputs of formats.md §1.5 and §8
(numbers as there).
"""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recruitlib.base import encodings
from recruitlib.base.encodings import decode_file, iterate_text, prove_encoding
from recruitlib.base.errors import FormError

STEADY = settings(deadline=None, derandomize=True)


@pytest.fixture(autouse=True, params=[7, 1 << 23], ids=["tiny", "whole"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    # With pieces of a few bytes every character and line end crosses a seam.
    monkeypatch.setattr(encodings, "_CHUNK", request.param)
    return int(request.param)


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    return path


def refuse(path: Path) -> str:
    with pytest.raises(FormError) as caught:
        decode_file(path)
    assert "people.csv" in str(caught.value) and "架空" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("codec", "encoding", "mark"),
    [
        ("utf-8", "utf-8", 0),
        ("utf-8-sig", "utf-8", 3),
        ("cp932", "cp932", 0),
        ("utf-16", "utf-16-le", 2),
    ],
)
def test_each_encoding_gives_the_same_text_and_says_how_it_was_known(
    tmp_path: Path, codec: str, encoding: str, mark: int
) -> None:
    text = "宛名番号,氏名\r\n0000012,架空　太郎\r\n"
    path = write(tmp_path, text.encode(codec))
    proof = prove_encoding(path)
    assert (proof.encoding, proof.mark) == (encoding, mark)
    assert proof.how.endswith("。") and ("BOM" in proof.how) is (mark > 0)
    assert decode_file(path) == text
    assert proof.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_big_endian_mark_is_believed(tmp_path: Path) -> None:
    path = write(tmp_path, codecs.BOM_UTF16_BE + "氏名".encode("utf-16-be"))
    assert (decode_file(path), prove_encoding(path).encoding) == ("氏名", "utf-16-be")


@pytest.mark.parametrize("marks", [2, 3])
def test_a_mark_in_front_of_a_mark_is_no_text(tmp_path: Path, marks: int) -> None:
    path = write(tmp_path, codecs.BOM_UTF8 * marks + "氏名".encode())
    assert (decode_file(path), prove_encoding(path).mark) == ("氏名", 3 * marks)
    assert prove_encoding(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_windows_characters_survive(tmp_path: Path) -> None:  # 5: shift_jis lacks all of these
    text = "髙﨑Ⅲ㎝①㈱～∥－￢纊ⅰ￤ﾊﾝｶｸ"
    with pytest.raises(UnicodeDecodeError):
        text.encode("cp932").decode("shift_jis")
    assert decode_file(write(tmp_path, text.encode("cp932"))) == text


@pytest.mark.parametrize("header", ["処理区分,件数", "点検連番,型式", "髙﨑", "ｶﾅ,ﾒｲ"])  # 6
def test_short_headers_in_cp932_are_not_taken_for_another_codec(
    tmp_path: Path, header: str
) -> None:
    path = write(tmp_path, header.encode("cp932"))
    assert (decode_file(path), prove_encoding(path).encoding) == (header, "cp932")


def test_both_codes_of_a_duplicated_character_are_the_same_character(tmp_path: Path) -> None:  # 7
    assert decode_file(write(tmp_path, b"\xee\xe0\xfb\xfc")) == "髙髙"


def test_characters_that_a_vendor_added_survive(tmp_path: Path) -> None:
    assert decode_file(write(tmp_path, b"\xf0\x40\xf9\xfc")) == "\ue000\ue757"


def test_a_file_of_no_encoding_is_refused_with_the_offset_and_the_line(tmp_path: Path) -> None:
    content = "架空架空ab\n".encode() + b"\xe6\xb0" + b"cd\x81\xff"
    with pytest.raises(UnicodeDecodeError) as reference:
        content.decode("utf-8")
    with pytest.raises(UnicodeDecodeError) as windows:
        content.decode("cp932")
    message = refuse(write(tmp_path, content))
    assert f"UTF-8としては{reference.value.start}バイト目（2行目付近）" in message
    assert f"CP932としては{windows.value.start}バイト目" in message


@pytest.mark.parametrize("size", [0, 3, 20_000])
def test_one_bad_byte_far_in_is_found_at_its_place(tmp_path: Path, size: int) -> None:
    content = b"\xe3\x81\x82" + b"a,b\n" * size + b"\xff" + b"a,b\n"
    message = refuse(write(tmp_path, content))
    assert f"UTF-8としては{3 + 4 * size}バイト目（{size + 1}行目付近）" in message


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfabc\xff",
        b"\xff\xfea",  # half a unit of UTF-16
        b"\xff\xfe" + "架空".encode("utf-16-le")[:-1],
        b"\xff\xfe\x00\xd8a\x00",  # half of a pair
        "氏名".encode("euc_jp") + b"\xa0",
        b"a\x80b",
        "氏名".encode("utf-16-le") + b"\x00",
        b"\xed\xa0\x80",  # a surrogate in UTF-8
        b"\xc0\x80",  # overlong
        b"\xf4\x90\x80\x80",  # above U+10FFFF
    ],
)
def test_bytes_that_only_nearly_fit_an_encoding_are_refused(tmp_path: Path, content: bytes) -> None:
    refuse(write(tmp_path, content))


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"PK\x03\x04\x14\x00", "ブック（.xlsx）か圧縮ファイル"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "古い形のブック"),
        (b"%PDF-1.7\n", "PDF"),
        ("氏名".encode("utf-32"), "UTF-32"),
        ("a,b".encode("utf-16-le"), "ヌル文字"),
    ],
)
def test_a_file_that_is_no_text_is_called_what_it_is(
    tmp_path: Path, start: bytes, told: str
) -> None:
    assert told in refuse(write(tmp_path, start + b"\x00\xff" * 20))


def test_an_encoding_that_the_profile_does_not_allow_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "氏名".encode("cp932"))
    assert prove_encoding(path, ["cp932"]).encoding == "cp932"
    with pytest.raises(FormError) as caught:
        prove_encoding(path, ["utf-8"])
    assert "様式の文字コード（UTF-8）と違います" in str(caught.value)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_the_lines_of_an_old_macintosh_end_like_all_others(tmp_path: Path, codec: str) -> None:
    text = '宛名番号,備考\r1,"a\nb\r\nc\rd"\r2,x\r'
    path = write(tmp_path, text.encode(codec))
    assert decode_file(path) == '宛名番号,備考\n1,"a\nb\nc\nd"\n2,x\n'


@pytest.mark.parametrize(
    "text", ["a\r\nb\rc\r\n", "a\nb\rc\n", '"a\rb",c\r\nd,e\r\n', "a\r", "\r\na\r", "a"]
)
def test_other_lone_returns_stay(tmp_path: Path, text: str) -> None:
    assert decode_file(write(tmp_path, text.encode())) == text


def test_the_pieces_are_the_text_and_the_last_one_says_so(tmp_path: Path, chunk: int) -> None:
    text = "宛名番号,氏名\r\n" + "0000012,架空　太郎\r\n" * 20
    path = write(tmp_path, text.encode("cp932"))
    pieces = list(iterate_text(path, prove_encoding(path)))
    assert b"".join(piece for piece, _ in pieces).decode() == text
    assert [final for _, final in pieces] == [False] * (len(pieces) - 1) + [True]
    assert (len(pieces) > 20) is (chunk == 7)


def test_an_empty_file_is_one_empty_piece(tmp_path: Path) -> None:
    path = write(tmp_path, b"")
    assert list(iterate_text(path, prove_encoding(path))) == [(b"", True)]


@STEADY
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\ufeff\r\x00")))
def test_any_utf8_text_is_read_as_itself(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("d") / "a.txt"
    path.write_bytes(text.encode("utf-8"))
    if not text.startswith(("PK\x03\x04", "%PDF")):
        assert (decode_file(path), prove_encoding(path).encoding) == (text, "utf-8")


@STEADY
@given(st.binary(max_size=40), st.sampled_from([3, 8, 1 << 20]))
def test_any_bytes_are_judged_as_pythons_codecs_judge_them(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, size: int
) -> None:
    """Apart from the bytes that Windows never writes, which cp932 lets pass."""
    path = tmp_path_factory.mktemp("b") / "a.txt"
    path.write_bytes(content)
    codec = next((codec for mark, codec in MARKS if content.startswith(mark)), "")
    expected = next((name for name in ([codec] if codec else ["utf-8", "cp932"])
                     if fits(content, name)), None)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_CHUNK", size)
        try:
            proof = prove_encoding(path)
        except FormError:
            assert expected is None or b"\x00" in content or content.startswith(OTHERS)
            return
    assert proof.encoding == expected


OTHERS = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0")
MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def fits(content: bytes, codec: str) -> bool:
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        return False
    return codec != "cp932" or not any(
        "\x80" <= mark <= "\xa0" or "\uf8f0" <= mark <= "\uf8f3" for mark in text
    )
