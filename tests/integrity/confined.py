"""Walls around a command: an ordinary user without any right and without a network.

Nothing is writable but what is named. The kernel builds them (namespaces of Linux), so that they
hold for every process a command starts, whatever it is written in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

# In a mount namespace of its own: all that is mounted becomes read-only, but for the folders named.
# Then the user changes to nobody's number, who holds no capability, in a network without an interface.
_WALLS = """
set -e
kept=
while [ "$1" != -- ]; do mount --bind "$1" "$1"; kept="$kept$1
"; shift; done
shift
cut -d ' ' -f 2 /proc/self/mounts | while read -r place; do
  case "$place" in /proc|/proc/*|/sys|/sys/*) continue;; esac
  printf %s "$kept" | grep -qxF "$place" || mount -o remount,bind,ro "$place" || true
done
cd "$1"; shift
exec unshare --user --map-user=65534 --map-group=65534 --net "$@"
"""


def confine(command: list[str], *writable: Path) -> list[str]:
    """Put walls around a command.

    Args:
        command: what is started.
        writable: the folders that it may write to; it is started in the first.
    """
    places = [str(place.resolve()) for place in writable]
    walls = ["unshare", "--mount", "--user", "--map-root-user", "sh", "-c", _WALLS, "sh"]
    return [*walls, *places, "--", places[0], *command]


@cache
def can_confine() -> bool:
    """Say whether this kernel lets its users build such walls (a container may forbid it)."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(confine(["true"], Path("/dev/shm")), capture_output=True).returncode == 0
