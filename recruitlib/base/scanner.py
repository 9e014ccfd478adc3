"""The scanner: whether a file says anything that points at somebody, however it is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from recruitlib.base.dates import write_arabic
from recruitlib.base.layers import Layers, TooMuchError, join_lines
from recruitlib.base.traces import GAP, Traces, find_days, fold_gaps, fold_lots, fold_text

_TAG = re.compile(r"<[^<>]*>|\x1b\[[0-9;]*m")
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{8,}(?![0-9A-Za-z])")
# A number with signs between its parts; not a date, which an id of eight figures can look like.
_PARTED = re.compile(r"(?<![0-9A-Za-z])[0-9]+(?:[-‐‑‒–—―−ー_.][0-9]+)+(?![0-9A-Za-z])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE = re.compile(
    r"(?:\+81|(?<![0-9])0081|(?<![0-9])0)[-‐‑‒–—―−ー()./:,~〜の・ ]*[0-9]"
    r"(?:[-‐‑‒–—―−ー()./:,~〜の・ ]{0,2}[0-9]){7,12}"
)
_ABROAD = re.compile(r"\+81|0081")
# An id within letters, or in groups of three; a digest is no number.
_LONG_NUMBER = re.compile("[0-9]{10,}")
_THOUSANDS = re.compile("(?<![0-9,])[0-9]{1,3}(?:,[0-9]{3}){3,}(?![0-9,])")
_DIGEST = re.compile("(?<![0-9A-Fa-f])[0-9a-f]{64}(?![0-9A-Fa-f])")
_KANJI_NUMBER = re.compile(
    r"[〇零一二三四五六七八九](?:[-‐‑‒–—―−ー() ]?[〇零一二三四五六七八九]){7,}"
)
_KANJI_FIGURES = str.maketrans("〇零一二三四五六七八九", "00123456789")
_KANJI_DAY = re.compile("[〇一二三四五六七八九十元]+(?=[年月日])")
# What stands between the parts of a name in file names, fields and cells; a form without any ASCII.
_SEPARATORS = re.compile(r"[-_./:;+=*#()\[\]{}「」・\u241f]+")
_SIGNS = re.compile(rf"[\x00-\x7f{GAP}]+(?:(?:姓|名|氏名?)[\x00-\x7f{GAP}]+)*")
_ASCII = re.compile(r"[\x00-\x7f]+")
_LONG_NAME = 4
_FEW = 100
_LOT = re.compile(rf"{GAP}?[0-9]+(?:{GAP}?-{GAP}?[0-9]+)*(?:{GAP}?-)?")
_LONGEST_TOWN = 60
_TAIL = re.compile(r"(.*?)([0-9]+(?:-[0-9]+)*)", re.DOTALL)
_APART = "\u241e"
_KATAKANA_TO_HIRAGANA = {code: chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
# Shorter readings stand inside other words, so that they count only where the script changes.
_LONG_READING = 6
_BEGIN = 3  # letters of a term by which it is found
_NOTHING = Traces()


class Scanner:
    """Looks for the traces of a run's people in one file after the other."""

    def __init__(self, traces: Traces = _NOTHING) -> None:
        self.size = sum(map(len, traces[:5]))
        self._phones, self._births = traces.phones, traces.births
        self._numbers = {one for one in traces.numbers if one.isdecimal()}
        self._bare = {one.lstrip("0") for one in self._numbers}
        self._words = traces.numbers - self._numbers
        self._lots: dict[str, set[str]] = {}
        self._readings = {
            form for one in traces.kana for form in (one, one.translate(_KATAKANA_TO_HIRAGANA))
        }
        whole = set()
        for address in traces.addresses:
            tail = _TAIL.fullmatch(address)
            if tail and tail[1]:
                self._lots.setdefault(tail[2], set()).add(tail[1])
            else:
                whole.add(address)
        self._town_ends = {town[-1] for towns in self._lots.values() for town in towns}
        self._short = {one for one in self._readings if len(one) < _LONG_READING}
        called = {_SEPARATORS.sub("", one) for one in (*traces.names, *self._readings)}
        latin = {one for one in called if any(map(str.isascii, one))}
        self._names = _list_beginnings(called - latin)
        self._long = _list_beginnings(one for one in traces.names if len(one) >= _LONG_NAME)
        self._terms = _list_beginnings((*self._words, *whole, *latin))

    def count(self, *contents: str | bytes) -> int:
        """Count the traces in a file, its name and what else belongs to it.

        Returns:
            how many are found, each once; what cannot be searched as a whole counts as one more.
        """
        layers = Layers()
        texts: list[str] = []
        unread = 0
        try:
            for content in contents:
                texts.extend(layers.unfold(content))
            for text in list(texts):
                for lines in join_lines(text) if text.lstrip()[:1] in ("{", "[") else ():
                    texts.extend(layers.unfold(lines))
        except TooMuchError:
            unread = 1
        return len(self._find(texts)) + unread

    def _find(self, texts: Iterable[str]) -> set[str]:
        """Find every trace once, however often it stands there."""
        whole = _APART.join(dict.fromkeys(texts))
        rows = _ROW.sub(lambda row: f"\n{' '.join(row[0].split())}\n", whole)
        bare = _TAG.sub(" ", rows)
        forms = list(dict.fromkeys(map(fold_gaps, (whole, bare))))
        spaced = unicodedata.normalize("NFKC", whole if bare == whole else f"{whole}{_APART}{bare}")
        found = {
            term
            for form in forms
            for term in (
                *(_find_terms(form.replace(GAP, ""), self._terms) if self._terms else ()),
                *_find_terms(_ASCII.sub(_APART, _SEPARATORS.sub("", form)), self._names),
            )
            if self._stands_alone(term, spaced)
        }
        found.update(_find_terms(_SIGNS.sub("", forms[-1]), self._long))
        found.update(place for form in forms for place in self._find_places(fold_lots(form)))
        found.update(self._find_numbers(spaced))
        found.update(self._find_births(bare))
        return found

    def _stands_alone(self, term: str, text: str) -> bool:
        """Whether a short reading, or an id with letters, is more than a piece of another word."""
        if term not in self._short and term not in self._words:
            return True
        letters = "0-9A-Za-z"
        if term in self._short:
            letters = "ァ-ヺー" if term[0] > "゠" else "ぁ-ゖー"
        between = r"[-\s・_./:;+=]*" if term in self._short else ""
        written = between.join(map(re.escape, term))
        return re.search(rf"(?<![{letters}]){written}(?![{letters}])", text, re.I) is not None

    def _find_places(self, text: str) -> Iterator[str]:
        for found in _LOT.finditer(text):
            before = text[max(found.start() - _LONGEST_TOWN, 0) : found.start()]
            place = before.replace(GAP, "")
            if place[-1:] not in self._town_ends:  # most numbers are no lot
                continue
            parts = found[0].split("-")
            numbers = [part.strip(GAP) for part in parts]
            for last in range(len(parts)):
                lot = "-".join(numbers[: last + 1])
                # Behind a gap stands the count of the next column, unless 番 or 号 follows.
                if lot in self._lots and (parts[last][0] != GAP or last + 1 < len(parts)):
                    yield from (town + lot for town in self._lots[lot] if place.endswith(town))

    def _find_numbers(self, text: str) -> Iterator[str]:
        kanji = (found.translate(_KANJI_FIGURES) for found in _KANJI_NUMBER.findall(text))
        text = _APART.join([_DIGEST.sub(" ", text), *kanji])
        # Without leading zeros, which an id loses where somebody makes a number of it.
        for number in _NUMBER.findall(text):
            if number.lstrip("0") in self._bare:
                yield number.lstrip("0")
            yield from {number, f"0{number}"} & self._phones
        for number in _LONG_NUMBER.findall(text):
            if number in self._numbers:
                yield number.lstrip("0")
        for parted in _THOUSANDS.findall(text):
            number = parted.replace(",", "").lstrip("0")
            if number in self._bare:
                yield number
        for parted in _PARTED.findall(text):
            number = "".join(filter(str.isdecimal, parted))
            if number in self._numbers and not _DATE.fullmatch(parted):
                yield number.lstrip("0")
        for phone in _PHONE.findall(text):
            number = "".join(filter(str.isdecimal, _ABROAD.sub("0", phone, count=1)))
            number = f"0{number.lstrip('0')}"
            for length in (10, 11):
                if number[:length] in self._phones:
                    yield number[:length]

    def _find_births(self, text: str) -> Iterator[str]:
        for line in re.split(rf"[\n\r{_APART}]", text):
            line = _KANJI_DAY.sub(lambda found: write_arabic(found[0]), line)
            days = find_days(line) & self._births.keys() if any(map(str.isdigit, line)) else set()
            for day in days:
                key = fold_text(line)
                if any(self._names_part(part, key) for part in self._births[day]):
                    yield day

    def _names_part(self, part: str, key: str) -> bool:
        forms = (part, part.translate(_KATAKANA_TO_HIRAGANA))
        return any(form in key for form in forms)


def _list_beginnings(terms: Iterable[str]) -> dict[str, list[str]]:
    """List terms by the letters with which they begin."""
    found: dict[str, list[str]] = {}
    for term in terms:
        found.setdefault(term[:_BEGIN], []).append(term)
    return found


def _find_terms(text: str, terms: Mapping[str, list[str]]) -> Iterator[str]:
    begins: Iterable[str] = terms
    if len(terms) > _FEW:  # else one look for each is less work
        begins = {text[at : at + _BEGIN] for at in range(len(text))} & terms.keys()
    for begin in begins:
        for term in terms[begin]:
            if term in text:
                yield term
