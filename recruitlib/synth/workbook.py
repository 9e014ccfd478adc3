"""Workbooks that are the same bytes on every run and machine."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import canonicalize

from openpyxl import Workbook

_STAMP = datetime(2026, 5, 18, 9, 0, 0)
_MODIFIED = re.compile(r"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_workbook(workbook: Workbook, path: Path) -> None:
    """Write a workbook without any trace of the clock or the machine.

    openpyxl stamps the moment of saving and writes otherwise where lxml is installed; an archive
    holds times, the kind of machine, and bytes of whichever compressor is at hand. So the parts
    are put into canonical form, the stamps are fixed, and nothing is compressed.

    Args:
        workbook: What is to be written.
        path: Where to.
    """
    workbook.properties.creator = "recruitlib"
    workbook.properties.created = _STAMP
    saved = io.BytesIO()
    workbook.save(saved)
    stamp = _STAMP.strftime("%Y-%m-%dT%H:%M:%SZ")
    plain = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(plain, "w") as target:
        for name in sorted(source.namelist()):
            content = canonicalize(source.read(name).decode("utf-8"))
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rf"\g<1>{stamp}\g<2>", content)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 0
            entry.external_attr = 0o600 << 16
            part = (_DECLARATION + content).encode("utf-8")
            target.writestr(entry, part, compress_type=zipfile.ZIP_STORED)
    path.write_bytes(plain.getvalue())
