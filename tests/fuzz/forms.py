"""The files that the package reads, as a fuzzer needs them: right ones, and what reads them.

A form is one kind of file; a reader is a group of forms that are fuzzed together. ``FORMS`` names
each form once, in an order that is kept: its place is the first byte of a case.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recruitlib.base.audit import AUDIT_NAME, digest_bytes
from recruitlib.base.choices import DECISIONS, list_decisions
from recruitlib.base.decisions import read_decisions, summarize_decisions, tell_decision
from recruitlib.base.exports import render_workbook
from recruitlib.base.officers import (
    DEMONSTRATION_OFFICERS,
    Officer,
    Signer,
    name_officer,
    read_officers,
    sign_content,
)
from recruitlib.base.parameters import read_parameters
from recruitlib.base.profiles import read_profile
from recruitlib.base.scope import check_written, read_scope
from recruitlib.base.signatures import (
    CONFIRMED,
    DECIDED,
    SignedRun,
    describe_approval,
    describe_decision,
    describe_file,
)
from recruitlib.base.signed_files import SIGNATURES, sign_file
from recruitlib.base.verification import verify_record
from recruitlib.closing.attestation import read_attestation
from recruitlib.handover.attestations import read_attestations
from recruitlib.handover.checklists import read_checklists
from recruitlib.handover.receipt import read_receipt
from recruitlib.inspection.report import inspect_file, read_profiles
from recruitlib.labels.coverage import read_labels
from recruitlib.labels.fonts import LabelFont
from recruitlib.labels.sheets import find_sheet_name, read_sheet
from recruitlib.optouts.applications import read_applications
from recruitlib.optouts.towns import read_towns
from recruitlib.registry.extract import read_extract
from recruitlib.registry.protections import read_protections
from recruitlib.review.approval import (
    Content,
    Tick,
    Workers,
    check_approval,
    read_approval,
    read_checklist,
)
from recruitlib.review.case_workbook import SHEET, tabulate_forms
from recruitlib.review.panels import read_cases, read_views
from recruitlib.review.recipients import check_whole_records
from recruitlib.review.workbook_choices import read_choices
from tests.conftest import ROOT
from tests.fuzz.damage import (
    Damage,
    damage_csv,
    damage_font,
    damage_workbook,
    damage_yaml,
    dump,
    turn_bytes,
    turn_nodes,
)
from tests.unit.extracts import PROFILE, RANGES, TODAY, VENDOR, list_vendor_cells, read_cells
from tests.unit.small_fonts import build_font, collect_fonts, make_variable
from tests.unit.stages import KEY, make_situation, make_stage, store

SEEDS = Path(__file__).parent / "seeds"
PARAMS = ROOT / "params"
_RUN = ("test_ward", True)


class Form(NamedTuple):
    """One kind of file.

    ``name`` is where the file lies below a folder of its own; ``seeds`` gives right files;
    ``read`` reads it and gives the texts that are shown or handed on; ``private`` says whether its
    cells are people's.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    damage: Damage
    read: Callable[[Path], object]
    private: bool = False


def _profile(name: str) -> Any:
    return read_profile(PARAMS / f"profiles/{name}.yaml")


_COUNTER, _LOGO, _STANDARD = map(
    _profile, ("counter_workbook", "form_logo", "protections_standard")
)
_KNOWN = read_profiles(PARAMS / "profiles")[0]


def _seed(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [(SEEDS / name).read_bytes() for name in names]


def _params(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [(PARAMS / name).read_bytes() for name in names]


# ---- Delimited texts


def _list_registries() -> list[bytes]:
    content = (SEEDS / "registry.csv").read_bytes()
    text = content.decode("utf-8-sig")
    quoted = "".join(
        f'"{line.replace(",", chr(34) + "," + chr(34))}"\r\n' for line in text.splitlines()
    )
    return [content, text.replace("\r\n", "\n").encode("utf-16"), quoted.encode()]


def _list_vendors() -> list[bytes]:
    rows = list_vendor_cells(read_cells(SEEDS / "registry.csv", "utf-8-sig"))
    return ["\r\n".join(map(",".join, rows)).encode("cp932", "replace")]


def _read_registry(path: Path) -> object:
    extract = read_extract(path, PROFILE, RANGES, TODAY)
    people = extract.records[extract.records["is_latest"]].drop_duplicates("addressee_id")
    return extract.records, extract.source.headers, check_whole_records(people, path, PROFILE)


def _inspect(path: Path) -> object:
    found = inspect_file(path, _KNOWN, drafting=True)
    return found.lines, yaml.safe_load(found.draft) if found.draft else ""


def _list_labels() -> list[bytes]:
    text = "id,full_name,postal_code,address,building\n1,架空　花子,1600023,東京都新宿区西新宿二丁目８番１号,\n"
    return [text.encode(), text.replace("架空　花子", '"架空　""花""子"').encode("utf-8-sig")]


# ---- Workbooks


def _list_counters() -> list[bytes]:
    """Give the receipt book as an invented ward writes it, and as a spreadsheet saves it again."""
    content = (SEEDS / "counter.xlsx").read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet.merge_cells("A1:C1")
    sheet["O5"] = "=A5"
    saved = io.BytesIO()
    book.save(saved)
    return [content, saved.getvalue()]


@cache
def _make_paper() -> tuple[Any, ...]:
    with TemporaryDirectory() as folder:
        stage = make_stage(Path(folder), "03")
        store(stage, **make_situation())
        table, form = tabulate_forms(stage.folder, KEY, "03")
        views = {view.case["case"]: view for view in read_views(stage.folder, KEY)}
        cases = read_cases(stage.folder, KEY)[0]
    return cases, views, table, render_workbook(table, SHEET, ["見本"], form)


def _read_paper(path: Path) -> object:
    cases, views, table, _ = _make_paper()
    return read_choices(path, cases, views, table)


# ---- What officers write and sign


def _make_signer(staff_id: str, title: str, secret: int) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(bytes([secret]) * 32)
    public = key.public_key().public_bytes_raw()
    return Signer(Officer(staff_id, title, "", base64.b64encode(public).decode()), key)


SIGNERS = {
    f"見本{letter}": _make_signer(f"見本{letter}", f"担当者{letter}（見本）", place)
    for place, letter in enumerate("ABC", start=1)
}
OFFICERS = {name: signer.officer for name, signer in SIGNERS.items()}


def sign_again(content: bytes) -> bytes:
    """Sign a file of officers anew, as whoever wrote the fault into it could have."""
    told = yaml.safe_load(content)
    run = SignedRun(*_RUN)
    if isinstance(told.get("cases"), list):
        for case in told["cases"]:
            for names, by, signature in (
                (DECIDED, "decided_by", "decided_signature"),
                (CONFIRMED, "confirmed_by", "confirmed_signature"),
            ):
                if by in case:
                    signer = SIGNERS[case[by]]
                    case[signature] = sign_content(signer, describe_decision(case, run, names))
    elif "approved_by" in told:
        own = {
            name: told[name] for name in ("ticked", "approved_by", "approved_on") if name in told
        }
        own |= {"digest": told.get("approved_digest"), "parts": told.get("content")}
        described = describe_approval(own, run)
        told["signature"] = sign_content(SIGNERS[told["approved_by"]], described)
    else:
        said = {name: value for name, value in told.items() if name != SIGNATURES}
        told[SIGNATURES] = {
            name: sign_content(signer, describe_file(said)) for name, signer in SIGNERS.items()
        }
    return dump(told)


def damage_signed(content: bytes, random: Random) -> bytes:
    """Damage a signed file; in two of three cases it is signed anew."""
    if random.random() < 0.34:
        return damage_yaml(content, random)
    try:
        return sign_again(turn_nodes(content, random))
    except Exception:
        return damage_yaml(content, random)


def _signed(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [sign_again((PARAMS / name).read_bytes()) for name in names]


def _invent_case(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Invent the case that a right entry decides."""
    kind = next(
        kind
        for kind in DECISIONS
        if entry["decision"] in list_decisions(kind, 2)
        and entry["reason"] in DECISIONS[kind][entry["decision"]]
    )
    return {
        "case": entry["case"],
        "digest": entry["digest"].ljust(64, "0"),
        "kind": kind,
        "choices": 2,
    }


@cache
def _list_cases() -> list[dict[str, Any]]:
    entries = yaml.safe_load((PARAMS / "test_ward/decisions.yaml").read_text(encoding="utf-8"))
    return [_invent_case(entry) for entry in entries["cases"]]


def _read_decided(path: Path) -> object:
    decisions, cases = read_decisions(path, *_RUN, OFFICERS), _list_cases()
    told = [tell_decision(case, decisions) for case in cases]
    return told, summarize_decisions(pd.DataFrame(cases), decisions, "03")


@cache
def _find_approved() -> tuple[Content, list[Tick]]:
    told = yaml.safe_load((PARAMS / "test_ward/approval.yaml").read_text(encoding="utf-8"))
    ticks = [Tick(code, text) for code, text in told["ticked"].items()]
    return Content(told["approved_digest"], told["content"]), ticks


def _read_approved(path: Path) -> object:
    approval = read_approval(path, *_RUN)
    return check_approval(approval, *_find_approved(), OFFICERS, Workers(["見本A"], []), _RUN)


def _read_listed(path: Path) -> object:
    root = path.parents[1]
    officers = read_officers(root, demonstration=True)
    return [name_officer(officers, staff_id) for staff_id in officers]


def _list_officers() -> list[bytes]:
    entries = []
    for signer in SIGNERS.values():
        own = {"purpose": "officer", **signer.officer._asdict()}
        locked = {"locked_key": "YWdl", "signature": sign_content(signer, own)}
        entries.append({**signer.officer._asdict(), **locked})
    return [(PARAMS / "demonstration_officers.yaml").read_bytes(), dump({"officers": entries})]


def _sign(path: Path) -> object:
    sign_file(path, SIGNERS["見本A"])
    return yaml.safe_load(path.read_text(encoding="utf-8-sig"))


# ---- Sheets and fonts


def _read_sheets(path: Path) -> object:
    return find_sheet_name(path, "28382"), read_sheet(path, "a4_12_86x42")


def _list_fonts() -> list[bytes]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        clusters = ["亜", "葛", "葛\U000e0100", "様", " ", "1"]
        plain = build_font(place / "a.ttf", clusters)
        fonts = [plain, build_font(place / "b.ttf", clusters, named_glyphs=False)]
        fonts.append(collect_fonts(place / "c.ttc", *fonts))
        fonts.append(make_variable(build_font(place / "d.ttf", clusters), 400))
        return [own.read_bytes() for own in fonts]


def _read_font(path: Path) -> object:
    font = LabelFont(path, None)
    reasons = [
        font.explain_refusal(cluster) for cluster in ("亜", "葛", "葛\U000e0100", "様", "1", "辻")
    ]
    return font.name, font.metrics, reasons


def _read_face(path: Path) -> object:
    return LabelFont(path, 1).name


# ---- The record


def _verify(path: Path) -> object:
    return verify_record(path.parent)


def link_again(content: bytes) -> bytes:
    """Link the lines of a record anew: their digests need no key."""
    previous, lines = "0" * 64, []
    for number, line in enumerate(filter(None, content.split(b"\n")), start=1):
        entry = {**json.loads(line), "previous": previous, "seq": number}
        entry.pop("hash", None)
        body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        entry["hash"] = previous = digest_bytes(body.encode())
        lines.append(json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return "".join(f"{line}\n" for line in lines).encode()


def damage_record(content: bytes, random: Random) -> bytes:
    """Damage an entry of a record and link its lines anew, or damage its bytes."""
    if random.random() < 0.15:
        return turn_bytes(content, random)
    try:
        lines = [line for line in content.split(b"\n") if line]
        at = random.randrange(len(lines))
        entry = yaml.safe_load(turn_nodes(lines[at], random))
        lines[at] = json.dumps(entry, ensure_ascii=False, default=str).encode()
        if random.random() < 0.2:
            lines.insert(random.randrange(len(lines)), random.choice(lines))
        return link_again(b"\n".join(lines))
    except Exception:
        return turn_bytes(content, random)


FORMS: dict[str, Form] = {
    "registry": Form("registry.csv", _list_registries, damage_csv, _read_registry, True),
    "vendor": Form(
        "registry.csv", _list_vendors, damage_csv,
        lambda path: read_extract(path, VENDOR, RANGES, TODAY).records, True,
    ),
    "protections": Form(
        "protections.csv", _seed("protections.csv"), damage_csv,
        lambda path: read_protections(path, _STANDARD), True,
    ),
    "applications": Form(
        "form.csv", _seed("form.csv"), damage_csv, lambda path: read_applications(path, _LOGO)[0], True,
    ),
    "towns": Form("towns.csv", _params("towns/131041.csv"), damage_csv, read_towns),
    "labels": Form("labels.csv", _list_labels, damage_csv, read_labels, True),
    "inspected": Form(
        "a.csv", lambda: [*_list_registries(), *_list_vendors(), *_seed("form.csv")()], damage_csv, _inspect, True,
    ),
    "counter": Form(
        "counter.xlsx", _list_counters, damage_workbook,
        lambda path: read_applications(path, _COUNTER)[0], True,
    ),
    "inspected_book": Form("a.xlsx", _list_counters, damage_workbook, _inspect, True),
    "cases": Form("cases.xlsx", lambda: [_make_paper()[3]], damage_workbook, _read_paper, True),
    "parameters": Form("a.yaml", _params("test_ward.yaml"), damage_yaml, read_parameters),
    "scope": Form(
        "a.yaml", _params("scope/demo.yaml"), damage_yaml, lambda path: check_written(read_scope(path))
    ),
    "profile": Form(
        "a.yaml", _params("profiles/form_logo.yaml", "profiles/registry_vendor.yaml"), damage_yaml, read_profile,
    ),
    "sheets": Form("a.yaml", _params("label_sheets.yaml"), damage_yaml, _read_sheets),
    "officers": Form(DEMONSTRATION_OFFICERS, _list_officers, damage_yaml, _read_listed),
    "checklist": Form(
        "a.yaml", _params("checklists/connection_ward.yaml"), damage_yaml,
        lambda path: read_checklists([path]),
    ),
    "ticks": Form("a.yaml", _params("checklists/review.yaml"), damage_yaml, read_checklist),
    "decisions": Form("decisions.yaml", _signed("test_ward/decisions.yaml"), damage_signed, _read_decided),
    "approval": Form("approval.yaml", _signed("test_ward/approval.yaml"), damage_signed, _read_approved),
    "handover": Form(
        "handover.yaml", _signed("test_ward/handover.yaml"), damage_signed,
        lambda path: read_receipt(path, *_RUN, OFFICERS),
    ),
    "disposal": Form(
        "disposal.yaml", _signed("test_ward/disposal.yaml"), damage_signed,
        lambda path: read_attestation(path, *_RUN, OFFICERS),
    ),
    "attestations": Form(
        "attestations.yaml", _signed("attestations/demo.yaml"), damage_signed,
        lambda path: read_attestations(path, OFFICERS, True),
    ),
    "signing": Form(
        "a.yaml", _signed("test_ward/handover.yaml", "test_ward/disposal.yaml"), damage_yaml, _sign
    ),
    "font": Form("font.ttf", _list_fonts, damage_font, _read_font),
    "face": Form("font.ttc", _list_fonts, damage_font, _read_face),
    "record": Form(f"run/{AUDIT_NAME}", _seed("audit.jsonl"), damage_record, _verify),
}  # fmt: skip
READERS: dict[str, tuple[str, ...]] = {
    "csv": ("registry", "vendor", "protections", "applications", "towns", "labels", "inspected"),
    "workbook": ("counter", "inspected_book", "cases"),
    "yaml": ("parameters", "scope", "profile", "sheets", "officers", "checklist", "ticks"),
    "decisions": ("decisions",),
    "approvals": ("approval", "handover", "disposal", "attestations", "signing"),
    "fonts": ("font", "face"),
    "record": ("record",),
}
