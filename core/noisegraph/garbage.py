"""Python's search for cyclic garbage, held back while a large graph is built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search() -> Iterator[None]:
    """Without this each full search walks all that is built so far, and 100,000 nodes cost twice as much a node."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def nothing_built_searched() -> Iterator[None]:
    """What is built by now is not searched: a large plan stays as it is for as long as it runs."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
