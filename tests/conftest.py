"""What holds for every test: torch's threads do not wait by spinning, so that other processes may run beside them."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported
