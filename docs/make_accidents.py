"""Make docs/accidents.md: every accident of the tests, and what gets through without each guard.

Run by a developer: ``python -m docs.make_accidents``. A test compares the file with the suite.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.incidents.accident import Accident, read_list
from tests.incidents.accidents import ACCIDENTS
from tests.incidents.guards_off import PAIRS, Pair

PAGE = Path(__file__).with_name("accidents.md")
_BEGIN = """\
<!-- Made by docs/make_accidents.py from the tests; edit those. -->

# Accidents

Offices have published accidents of this kind of work: shifted rows, wrong ranges, stale lists, lost
applications, ignored warnings, reprints. `tests/incidents/accidents.csv` lists {published} of them.
Each happens to a run once more: the fault is planted into real files of a project, and the real
notebooks run on it, started by the real command. A stop must be the named one, with its exit code;
it must say what to do and nobody's value, leave no PDF and nothing that looks finished, and stand in
a record that is whole. A row whose fault must not stop a run asserts what must hold instead.

```sh
python -m pytest tests/incidents                  # every accident, and a sample of the guards
python -m pytest tests/incidents -m soak          # the clean twins, and every guard switched off
python -m docs.make_accidents                     # writes this page
```

One of them runs alone by its name: `python -m pytest tests/incidents -k A09-range_two_years_off`.

## What happens, and what stops it

{accidents} accidents of {rows} rows. Rows with G are planted for guards that no published accident
needs, or none needs alone.
"""
_GUARDS = """
## What gets through without a guard

For each of the {guards} guards, the accident that it stops also runs with a copy of the package in
which that guard always says yes, and then gets through: its stage completes. The package itself has no
such switch. Where another guard stands behind and would stop the same fault, both are switched off.
"""


def render() -> str:
    """Write the page."""
    published = {row["id"]: row for row in read_list()}
    rows = {accident.row for accident in ACCIDENTS}
    begin = _BEGIN.format(published=len(published), accidents=len(ACCIDENTS), rows=len(rows))
    accidents = [_describe(accident, published.get(accident.row, {})) for accident in ACCIDENTS]
    heads = (
        "Row",
        "Published accident",
        "Planted fault",
        "Must be stopped by",
        "Stopped by",
        "Must end",
        "Test",
    )
    guards = _GUARDS.format(guards=len(PAIRS))
    pairs = [_describe_pair(pair) for pair in PAIRS]
    return "\n".join(
        [
            begin, *_draw(heads, accidents), guards,
            *_draw(("Guard", "Gets through without it", "Also switched off"), pairs), "",
        ]
    )  # fmt: skip


def _describe(accident: Accident, published: dict[str, str]) -> Sequence[str]:
    stop = accident.stop
    told = " ".join(
        (inspect.getdoc(accident.plant) or "").removeprefix(f"{accident.row}: ").split()
    )
    if stop is None:
        by, state = "—", "goes on, and what must hold is asserted"
    else:
        by = f"`{accident.guard}`" if accident.guard else f"`{stop.__name__}`, before any guard"
        state = f"stops with exit code {stop.exit_code}"
    return (
        accident.row,
        published.get("published_accident", "none: a guard's own"),
        told[:1].upper() + told[1:],
        published.get("stopped_by", by),
        by,
        state,
        f"`{accident.label}`",
    )


def _describe_pair(pair: Pair) -> Sequence[str]:
    acts = "; then an officer approves what the screen shows" if pair.acts else ""
    behind = ", ".join(f"`{name}`" for name in pair.behind) or "—"
    return f"`{pair.guard}`", f"`{pair.accident}`{acts}", behind


def _draw(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
