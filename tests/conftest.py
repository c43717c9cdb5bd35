"""What holds for every test: torch's threads do not spin while they wait, no garbage of other tests is searched."""

from __future__ import annotations

import gc
import os

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported


@pytest.fixture(autouse=True, scope="module")
def _frozen_heap() -> None:
    """A collection of garbage looks only at what this module makes: over all that is loaded it can take a second."""
    gc.collect()
    gc.freeze()
