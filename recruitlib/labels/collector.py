"""The collector of cyclic garbage, which a large print run must not keep busy."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_collector() -> Iterator[None]:
    """Pause Python's search for cyclic garbage, as a context or on a function.

    A run of 70,000 labels makes a million small objects, none of them in a cycle; searching them
    again and again takes longer than fitting them. What is no longer used is freed all the same.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
