"""An existing scheduler: only who has a certificate of the office's own authority is let in."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dask
import distributed
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recruitlib.base.errors import ParameterError
from recruitlib.fleet import cluster
from recruitlib.fleet.board import Board
from recruitlib.fleet.cluster import open_scheduler, run_fleet
from recruitlib.fleet.errand import DONE_BEFORE, HALTED
from recruitlib.fleet.orders import plan_orders
from tests.conftest import ROOT
from tests.fleet.conftest import Place, plant_fault

PATIENCE = 60.0


def make_certificates(folder: Path, name: str) -> dict[str, str]:
    """Make an authority and a certificate of it with its key; give the settings of distributed."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {which}")])
        for which in ("authority", "machine")
    ]
    now = datetime.now(UTC)
    pems = []
    for key, subject, is_authority in zip(keys, names, (True, False), strict=True):
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(names[0]).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .sign(keys[0], hashes.SHA256())
        )  # fmt: skip
        pems.append(certificate.public_bytes(serialization.Encoding.PEM))
    pems.append(
        keys[1].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    settings = {}
    for part, content in zip(("ca-file", "cert", "key"), pems, strict=True):
        path = folder / f"{name}_{part}.pem"
        path.write_bytes(content)
        settings[part] = str(path)
    return settings


def set_client(own: dict[str, str]) -> dask.config.set:
    prefix = "distributed.comm.tls"
    return dask.config.set({
        f"{prefix}.ca-file": own["ca-file"], f"{prefix}.client.cert": own["cert"],
        f"{prefix}.client.key": own["key"],
    })  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make_certificates(tmp_path_factory.mktemp("own"), "own")


@pytest.fixture(scope="module")
def address(
    certificates: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Start a scheduler and a worker as an office would, each a process of its own."""
    base = tmp_path_factory.mktemp("scheduler")
    tls = ["--tls-ca-file", certificates["ca-file"], "--tls-cert", certificates["cert"],
           "--tls-key", certificates["key"]]  # fmt: skip
    meeting = base / "scheduler.json"
    options = {
        "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": base,
        "env": {**os.environ, "PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(base)},
    }  # fmt: skip
    dask_command = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*dask_command, "scheduler", *tls, "--host", "127.0.0.1", "--protocol", "tls", "--port",
         "0", "--no-dashboard", "--scheduler-file", str(meeting)], **options,
    )  # fmt: skip
    worker = None
    try:
        until = time.monotonic() + PATIENCE
        while not meeting.exists() or not meeting.read_text(encoding="utf-8"):
            assert time.monotonic() < until and scheduler.poll() is None
            time.sleep(0.1)
        found = json.loads(meeting.read_text(encoding="utf-8"))["address"]
        worker = subprocess.Popen(
            [*dask_command, "worker", found, *tls, "--host", "127.0.0.1", "--protocol", "tls",
             "--nthreads", "1", "--no-nanny", "--no-dashboard"], **options,
        )  # fmt: skip
        yield found
    finally:
        for process in filter(None, (worker, scheduler)):
            process.kill()
            process.wait()


@pytest.mark.soak
def test_runs_are_done_on_the_workers_of_an_existing_scheduler(
    address: str, certificates: dict[str, str], place: Place
) -> None:
    files = [plant_fault(place("far_a", "ward")), place("far_b", "loaded")]
    orders = plan_orders(files, "01", "01")
    told: list[str] = []
    with set_client(certificates), open_scheduler(address) as client:
        results, was_stopped = run_fleet(
            client, orders, Board(orders, told.append, io.StringIO()), lambda number, event: None
        )
    assert [result.state for result in sorted(results)] == [HALTED, DONE_BEFORE]
    assert not was_stopped
    assert "131041 新宿区 test_ward: 01 取込 開始" in told


def test_a_client_of_another_authority_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 2)
    with (
        set_client(make_certificates(tmp_path, "other")),
        pytest.raises(ParameterError, match="つながりません"),
        open_scheduler(address),
    ):
        raise AssertionError("it was let in")


def test_a_client_without_a_certificate_is_refused(
    address: str, certificates: dict[str, str]
) -> None:
    security = distributed.Security(require_encryption=True, tls_ca_file=certificates["ca-file"])
    with pytest.raises((OSError, TypeError)):
        distributed.Client(address, security=security, timeout=2)


def test_without_settings_for_tls_nobody_is_asked() -> None:
    with (
        pytest.raises(ParameterError, match="証明書の設定がありません"),
        open_scheduler("tls://127.0.0.1:1"),
    ):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "ucx://127.0.0.1:1"])
def test_an_address_in_the_clear_is_refused(address: str) -> None:
    with pytest.raises(ParameterError, match="tls://"), open_scheduler(address):
        pass
