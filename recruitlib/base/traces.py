"""Traces of people: what must never stand in the record, and the scan that looks for it."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from recruitlib.base.audit import append_entry
from recruitlib.base.vault import PRIVATE, RunKey, read_private, write_private

_ID = re.compile(r"(?<![0-9A-Za-z])\d{8,}(?![0-9A-Za-z])")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_TAG = re.compile(r"<[^<>]*>")
_VARIANT = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Shorter pieces of text (a one-letter surname and given name) stand in ordinary sentences as well.
_SHORTEST_TERM = 3


def remember_terms(folder: Path, key: RunKey, stage: str, people: pd.DataFrame) -> None:
    """Remember, encrypted, what must never stand in the record: names, addresses and ids.

    Args:
        people: any of the columns full_name, address, addressee_id, application_id, phone.
    """
    columns = [
        name
        for name in ("full_name", "address", "addressee_id", "application_id", "phone")
        if name in people.columns
    ]
    name = f"terms_{stage}"
    known = set(_read_terms(folder, key, name))
    known.update(
        text for column in columns for text in people[column] if text and _is_personal(column, text)
    )
    digest = write_private(folder, key, name, json.dumps(sorted(known)).encode())
    append_entry(folder, stage, "remembered", files={f"{PRIVATE}/{name}.age": digest})


def _is_personal(column: str, text: str) -> bool:
    """Whether a text points at somebody; an address does so only with the number of its lot.

    Anybody may write the ward's own name into the public form, and it stands in every record.
    """
    return column != "address" or any(sign.isdecimal() for sign in text)


def _read_terms(folder: Path, key: RunKey, name: str) -> list[str]:
    if not (folder / PRIVATE / f"{name}.age").exists():
        return []
    return list(json.loads(read_private(folder, key, name, "")))


def read_all_terms(folder: Path, key: RunKey, stage: str = "*") -> list[str]:
    """Read every term of the run, or those of one stage, in the forms in which it could be written."""
    terms: set[str] = set()
    for path in sorted((folder / PRIVATE).glob(f"terms_{stage}.age")):
        terms.update(_read_terms(folder, key, path.name.removesuffix(".age")))
    for term in list(terms):
        terms.add("".join(term.split()))
        terms.add(unicodedata.normalize("NFKC", term))
    return sorted(term for term in terms if len(term) >= _SHORTEST_TERM)


def fold_text(text: str) -> str:
    """Undo the ways of writing one text differently: entities, escapes, width, variant selectors."""
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), html.unescape(text))
    whole = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _VARIANT.sub("", unicodedata.normalize("NFKC", whole))


def fold_whole(text: str) -> str:
    """Fold a text and take every space out of it."""
    return "".join(fold_text(text).split())


def find_terms(text: str, terms: Iterable[str]) -> int:
    """Count the terms that stand in a text, however written; ids count only as whole numbers."""
    folded = fold_text(text)
    # Without leading zeros, which an id loses where somebody makes a number of it.
    numbers = {number.lstrip("0") for number in _ID.findall(folded)}
    # Without tags as well: surname and given name may stand in cells of their own.
    joined = ["".join(form.split()) for form in (folded, _TAG.sub("", folded))]
    whole = "\n".join((text, *joined))
    # Most terms begin like nothing in the text, and need no search through the whole of it.
    starts = {whole[at : at + _SHORTEST_TERM] for at in range(len(whole))}
    hits = 0
    for term in terms:
        key = fold_whole(term)
        if key.isdecimal():
            hits += key.lstrip("0") in numbers
        else:
            hits += any(form[:_SHORTEST_TERM] in starts and form in whole for form in (term, key))
    return hits


def read_text(path: Path) -> str:
    """Read all text of a record file as a person would see it, pictures left out."""
    if path.suffix == ".pdf":
        return _read_pdf(path)
    content = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".ipynb", ".jsonl"):
        lines = content.splitlines() if path.suffix == ".jsonl" else [content]
        return "\n".join(text for line in lines if line for text in _list_strings(json.loads(line)))
    if path.suffix == ".html":
        content = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=\s]+", "", content)
        return html.unescape(content)
    return content


def _read_pdf(path: Path) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def _list_strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name != "image/png":
                yield str(name)
                yield from _list_strings(item)
    elif isinstance(value, Sequence):
        if all(isinstance(item, str) for item in value):
            yield "".join(value)
        for item in value:
            yield from _list_strings(item)
    elif isinstance(value, int):
        yield str(value)
