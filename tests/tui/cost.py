"""What something costs in CPU, so measured that a slow or busy machine and a large process tell the same of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage() -> Iterator[None]:
    """To look for garbage takes as long as all is large that other tests have left: not what is measured."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def least(do: Callable[[], object], times: int = 5) -> float:
    """The CPU seconds of the quickest of several times: what hinders a machine only ever adds."""
    spent = []
    with no_garbage():
        for _ in range(times):
            began = time.process_time()
            do()
            spent.append(time.process_time() - began)
    return min(spent)
