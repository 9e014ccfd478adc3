"""The cluster: hands the orders of a fleet out to workers, one run to each at a time.

By default the workers are processes of this computer, which talk among themselves encrypted and
take no call from outside. An existing scheduler is asked with the certificates of distributed's own
settings, and never in the clear.
"""

from __future__ import annotations

import logging
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import dask
from distributed import Client, LocalCluster, Security, WorkerPlugin, as_completed, get_worker

from recruitlib.base.errors import ParameterError, UnforeseenError
from recruitlib.base.status import STOPPED, Event, make_event
from recruitlib.fleet.board import Board
from recruitlib.fleet.errand import AGAIN, BROKEN_OFF, Result, run_municipality, stop_errands
from recruitlib.fleet.orders import Order

LOOPBACK = "127.0.0.1"
_TLS = "tls://"
_CERTIFICATES = ("ca-file", "client.cert")  # the key may stand in the file of the certificate
_PATIENCE = 30  # seconds
Tell = Callable[[int, Event], None]  # with the number of the order


class _Undisturbed(WorkerPlugin):
    """Keeps the workers of this terminal through Ctrl+C, which the client passes on to their runs."""

    name = "recruitlib-undisturbed"

    def setup(self, worker: Any) -> None:
        # A function, and not "ignore", which the runs would inherit.
        signal.signal(signal.SIGINT, lambda *_: None)


@contextmanager
def open_cluster(workers: int, say: Callable[[str], None]) -> Iterator[Client]:
    """Open a cluster of processes on this computer, encrypted and closed to the outside.

    Args:
        workers: how many.
        say: where the address of the dashboard goes, if there is one.
    """
    address = f"{LOOPBACK}:0" if find_spec("bokeh") else None
    with (
        tempfile.TemporaryDirectory(prefix="rl", ignore_cleanup_errors=True) as scratch,
        dask.config.set(temporary_directory=scratch),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host=LOOPBACK,
            protocol=_TLS, security=Security.temporary(), dashboard_address=address,
            memory_limit=0, local_directory=scratch, silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        client.register_plugin(_Undisturbed())
        if address:
            say(f"進み具合の画面（この PC の中だけ）: {cluster.dashboard_link}")
        yield client


@contextmanager
def open_scheduler(address: str) -> Iterator[Client]:
    """Open an existing scheduler with the certificates that distributed is set up with.

    Raises:
        ParameterError: the address is not encrypted, there are no certificates, or nobody answers.
    """
    if not address.startswith(_TLS):
        raise ParameterError(
            "--scheduler: 暗号化した tls:// のアドレスだけを使えます（例 tls://10.0.0.1:8786）。書き直してください。"
        )
    security = Security(require_encryption=True)
    if not all(dask.config.get(f"distributed.comm.tls.{name}") for name in _CERTIFICATES):
        raise ParameterError(
            "--scheduler: TLS の証明書の設定がありません。distributed の設定（distributed.comm.tls の ca-file と "
            "client の cert・key）に書いてください。"
        )
    try:
        client = Client(address, security=security, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ParameterError(
            f"--scheduler: つながりません（{type(error).__name__}）。アドレス、証明書、スケジューラが動いているかを確かめて"
            "ください。"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise ParameterError(
                "--scheduler: 作業するワーカーがいません。ワーカーを起動してから、もう一度実行してください。"
            ) from None
        yield client


def run_fleet(
    client: Client, orders: Sequence[Order], board: Board, tell: Tell
) -> tuple[list[Result], bool]:
    """Run orders on the workers, the largest first, and wait for the last one.

    Args:
        client: of the cluster.
        orders: the runs.
        board: is shown each change.
        tell: where each event goes.

    Returns:
        the results, and whether a person has stopped the fleet before its end.
    """
    topic = f"recruitlib-fleet-{uuid.uuid4()}"

    def take(event: tuple[float, dict[str, Any]]) -> None:
        number, told = event[1]["number"], event[1]["event"]
        board.take_event(number, told)
        tell(number, told)

    client.subscribe_topic(topic, take)
    waiting = sorted(orders, key=lambda order: -order.size)
    handed: dict[Any, Order] = {}
    results: list[Result] = []
    done = as_completed(raise_errors=False)

    def hand_out() -> None:
        room = max(sum(client.nthreads().values()), 1)
        while waiting and len(handed) < room:
            order = waiting.pop(0)
            future = client.submit(
                _do_order, order, topic, pure=False,
                key=f"{order.municipality_code}-{order.run_id}-{order.number}-{topic}",
            )  # fmt: skip
            handed[future] = order
            done.add(future)

    def take_result(future: Any) -> None:
        result = _read_result(future, handed.pop(future), tell)
        results.append(result)
        board.take_result(result)

    try:
        hand_out()
        for future in done:
            take_result(future)
            hand_out()
    except KeyboardInterrupt:
        client.run(stop_errands, topic)
        for future in list(handed):
            take_result(future)
        return results, True
    return results, False


def _do_order(order: Order, topic: str) -> Result:
    """Do an order on a worker, whose events go to the client by way of the scheduler."""
    worker = get_worker()
    return run_municipality(
        order,
        topic,
        lambda event: worker.log_event(topic, {"number": order.number, "event": event}),
    )


def _read_result(future: Any, order: Order, tell: Tell) -> Result:
    """Read the result of an order; where its workers were lost again and again there is none."""
    error = future.exception()
    if error is None:
        return Result(*future.result())
    # Its text may hold anything; its type says enough.
    stopped = UnforeseenError(
        f"作業する PC が続けて失われました（{type(error).__name__}）。{AGAIN}"
    )
    event = make_event(
        order.run_id, order.municipality_code, STOPPED, exit_code=stopped.exit_code,
        error=type(stopped).__name__, message=str(stopped),
    )  # fmt: skip
    tell(order.number, event)
    return Result(
        order.number, BROKEN_OFF, "", stopped.exit_code, 0.0, type(stopped).__name__, str(stopped),
        "同じコマンドをもう一度",
    )  # fmt: skip
