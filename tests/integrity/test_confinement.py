"""The walls in which the demonstration runs are there: what they forbid fails inside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integrity.confined import can_confine, confine

pytestmark = pytest.mark.skipif(not can_confine(), reason="this kernel forbids such walls")

# Nobody's address (TEST-NET-1 of RFC 5737) and that of this computer itself.
TRY = """
import errno, json, os, re, socket, sys
def attempt(work):
    try:
        work()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
write = lambda folder: lambda: open(os.path.join(folder, "a"), "w")
status = open("/proc/self/status").read()
print(json.dumps({
    "user": os.getuid(), "rights": re.findall(r"Cap(?:Prm|Eff|Inh|Amb):\\t0*(.*)", status),
    "written": {folder: attempt(write(folder)) for folder in sys.argv[1:]},
    "interfaces": [name for _, name in socket.if_nameindex()],
    "far": attempt(lambda: socket.create_connection(("192.0.2.1", 443), 1)),
    "near": attempt(lambda: socket.create_connection(("127.0.0.1", 443), 1)),
    "locked": attempt(lambda: open("locked").read()),
}))
"""


def test_what_the_walls_forbid_fails_and_what_they_allow_works(tmp_path: Path) -> None:
    own, other, outside = (tmp_path / name for name in ("own", "other", "outside"))
    for folder in (own, other, outside):
        folder.mkdir()
    (own / "locked").write_text("x")
    (own / "locked").chmod(0)
    places = [own, other, outside, ROOT, Path.home(), Path("/tmp"), Path("/dev/shm")]
    done = subprocess.run(
        confine([sys.executable, "-c", TRY, *map(str, places)], own, other),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    assert (seen["user"], seen["rights"]) == (65534, ["", "", "", ""])
    assert [seen["written"][str(place)] for place in places] == ["done"] * 2 + ["EROFS"] * 5
    assert seen["interfaces"] == ["lo"]
    assert (seen["far"], seen["near"], seen["locked"]) == ("ENETUNREACH", "ENETUNREACH", "EACCES")
