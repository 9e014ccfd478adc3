"""Orders (発注): which runs a fleet does, checked together before the first one begins.

An order is all that a worker is told of a run: where its files are, its name and the stages. It
holds no secret and nothing of a person, since it passes through the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from recruitlib.base.errors import ParameterError, RecruitError, raise_problems
from recruitlib.base.parameters import STAGES, find_root, read_parameters
from recruitlib.base.run import locate_run


class Order(NamedTuple):
    """One run of a fleet, by its place in it; ``size`` is the number of lines of its registry."""

    number: int
    file: str
    root: str
    folder: str
    run_id: str
    municipality_code: str
    municipality: str
    is_demonstration: bool
    size: int
    stages: tuple[str, ...]
    secrets: str


def plan_orders(
    files: Iterable[Path], first: str, last: str, secrets: Path | None = None
) -> list[Order]:
    """Plan the runs of parameter files; one project folder belongs to one run of the fleet.

    A register lies in each project folder, and two runs at work would share it.

    Args:
        files: the parameter files.
        first: the stage to begin with.
        last: the stage to end with.
        secrets: the folder with a file of secrets for each municipality, as the workers see it.

    Raises:
        ParameterError: any file is wrong, or two do not go together; all of it at once.
    """
    if first > last:
        raise ParameterError(
            f"始める段階 {first} が、止める段階 {last} より後です。--from と --through を直してください。"
        )
    stages = STAGES[STAGES.index(first) : STAGES.index(last) + 1]
    place = str(secrets.absolute()) if secrets else ""
    orders: list[Order] = []
    problems = []
    for file in files:
        try:
            orders.append(_plan_order(len(orders), file, stages, place))
        except RecruitError as error:
            problems.append(f"{file}: {error}")
    problems += _list_shared(orders)
    raise_problems(ParameterError, problems, "fleet は、まだ何も始めていません")
    return orders


def _plan_order(number: int, file: Path, stages: tuple[str, ...], secrets: str) -> Order:
    file = file.resolve()
    parameters = read_parameters(file)
    root = find_root(file.parent)
    return Order(
        number, str(file), str(root), str(locate_run(root, parameters)), parameters["run_id"],
        parameters["municipality_code"], parameters["municipality"],
        parameters["run_kind"] == "demonstration", parameters["registry_total"], stages, secrets,
    )  # fmt: skip


def _list_shared(orders: Sequence[Order]) -> list[str]:
    """Say which files name one run, and which lie in one project folder."""
    problems = []
    seen: dict[str, Order] = {}
    for order in orders:
        other = seen.setdefault(order.root, order)
        if other is order:
            continue
        told = f"{order.file} は、{Path(other.file).name} と"
        if other.folder == order.folder:
            problems.append(f"{told}同じ実行です（{order.run_id}）。一つにしてください。")
        elif other.municipality_code != order.municipality_code:
            problems.append(
                f"{told}別の市区町村ですが、同じフォルダにあります。受付簿（register）が一つになるので、"
                "市区町村ごとにフォルダを分けてください。"
            )
        else:
            problems.append(
                f"{told}同じフォルダの実行です。受付簿（register）が一つなので、一度に一つにしてください。"
            )
    return problems
