"""What holds for every test: no thread spins, Ctrl-C stops, no example has a deadline, no garbage is searched."""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a script's `pytest &` starts it: tests send it
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # wall time
settings.load_profile("any machine")


@pytest.fixture(autouse=True, scope="module")
def _frozen_heap() -> None:
    """A collection of garbage looks only at what this module makes: over all that is loaded it can take a second."""
    gc.collect()
    gc.freeze()
