"""What holds for every test: torch's threads do not spin, Ctrl-C stops, no garbage of other tests is searched."""

from __future__ import annotations

import gc
import os
import signal

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a script's `pytest &` starts it: tests send it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def _frozen_heap() -> None:
    """A collection of garbage looks only at what this module makes: over all that is loaded it can take a second."""
    gc.collect()
    gc.freeze()
